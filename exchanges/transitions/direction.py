"""List: row 35. A direction has no status of its own; its list is open as long as its exchange is."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from access.roles import May
from core.lifecycle import Attempt, Text, Transition
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY


def is_a_side_of_the_direction(attempt: Attempt) -> Text:
    direction = attempt.given.get("direction")
    if direction is None or attempt.participant is None:
        return _("This is for the participants of the exchange.")
    if attempt.participant.pk in (direction.holder_id, direction.receiver_id):
        return ""
    return _("Only %(holder)s and %(receiver)s work on this list.") % {
        "holder": direction.holder, "receiver": direction.receiver,
    }  # fmt: skip


def is_based_on_the_latest(attempt: Attempt) -> Text:
    direction = attempt.given["direction"]
    if attempt.asks_only or attempt.given.get("base") == direction.latest_revision:
        return ""
    return _("Revision %(latest)s came in meanwhile: look at what changed and submit on top of it.") % {
        "latest": direction.latest_revision
    }


def has_a_message(attempt: Attempt) -> Text:
    return "" if attempt.asks_only or attempt.given.get("message") else _("Say in a line what changed.")


TRANSITIONS = {
    "submit": Transition(
        35, "submit", _("Submit the list"), NEGOTIATING_TO_UNDER_WAY, lambda attempt: str(attempt.subject.status),
        (May.EDIT_LIST,), "list.submitted", "parties_and_mediator",
        (is_a_side_of_the_direction, is_based_on_the_latest, has_a_message), has_own_form=True, takes_word=True,
    )
}  # fmt: skip
# Answering is part of row 35 and asks for the same; their word for it is kept under its own name.
ANSWERING = replace(TRANSITIONS["submit"], step="answer", label=_("Answer"))
