"""How the events on talks read in a timeline. A kind once written is rendered for ever."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.lifecycle import Text

Content = Mapping[str, Any]


def _of_side(sentence: Text, of_side: Text) -> Callable[[Content], Text]:
    """One sentence where the side is known, another where it is not."""

    def tell(content: Content) -> Text:
        side = content.get("participant")
        return str(of_side) % {"side": side} if side else sentence

    return tell


SENTENCES: dict[str, Text | Callable[[Content], Text]] = {
    "negotiation.created": gettext_lazy("The negotiation was opened."),
    "delegation.created": lambda c: _("A delegation was entered: %(name)s.") % {"name": c.get("name", "")},
    "delegation.changed": gettext_lazy("A delegation was changed."),
    "delegation.member_added": gettext_lazy("A member of a delegation was entered."),
    "delegation.member_changed": gettext_lazy("A member of a delegation was changed."),
    "round.recorded": lambda c: _("Talks were recorded: %(title)s.") % {"title": c.get("title", "")},
    "round.changed": lambda c: _("The record of talks was changed: %(title)s.") % {"title": c.get("title", "")},
    "round.agenda_item_added": gettext_lazy("An agenda item was added."),
    "round.agenda_item_changed": gettext_lazy("An agenda item was changed."),
    "round.attendance_added": gettext_lazy("Somebody's attendance was added."),
    "round.attendance_changed": gettext_lazy("Somebody's attendance was changed."),
    "statement.recorded": _of_side(
        gettext_lazy("A statement was recorded."), gettext_lazy("A statement of %(side)s was recorded.")
    ),
    "statement.changed": gettext_lazy("The record of a statement was corrected."),
    "proposal.recorded": _of_side(
        gettext_lazy("A proposal was recorded."), gettext_lazy("A proposal of %(side)s was recorded.")
    ),
    "word.recorded": _of_side(
        gettext_lazy("Their word was recorded."), gettext_lazy("The word of %(side)s was recorded.")
    ),
}
