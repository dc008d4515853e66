"""On a dossier: how often the person was asked for, what was answered, and where the person stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from core.together import Later, Together
from exchanges.models import Answer, Entry, EntryLink, Receipt, Stance
from exchanges.presentation.times import day
from exchanges.presentation.tones import Pill
from people.models import Person

ANSWERS = frozenset({Stance.AGREED, Stance.REFUSED, Stance.NEEDS_INFORMATION})


@dataclass(frozen=True)
class AnswerLine:
    on: str
    who: str
    what: Pill
    reason: str
    note: str
    exchange: str
    url: str
    is_word: bool


@dataclass(frozen=True)
class Standing:
    """One line of a list that this dossier is meant by."""

    number: str
    exchange: str
    direction: str
    tranche: str
    state: Pill
    url: str


@dataclass(frozen=True)
class OfPerson:
    summary: str
    answers: list[AnswerLine]
    lists: list[Standing]


def of_person(person: Person, viewer: User, together: Together) -> Callable[[], tuple[str, dict[str, Any]] | None]:
    """Asked together with the dossier; nothing for somebody who stands on no list."""
    dossiers = Person.objects.visible_to(viewer).joined(person).order_by().values("pk")
    own = EntryLink.objects.visible_to(viewer).filter(person__in=dossiers, compartment=person.compartment_id)
    meant = own.order_by().values("entry")
    entries = together.later(
        Entry.objects.visible_to(viewer).filter(pk__in=meant)
        .select_related("direction__holder", "direction__receiver", "direction__exchange__negotiation", "tranche")
        .order_by("-disclosed_at", "-pk")
    )  # fmt: skip
    answers = together.later(
        Answer.objects.visible_to(viewer)
        .filter(entry__in=meant)
        .select_related("participant")
        .order_by(Coalesce("happened_at", "at").desc(), "-at", "-sequence")
    )
    received = together.later(Receipt.objects.visible_to(viewer).filter(entry__in=meant).order_by("at"))
    return lambda: _shown(entries, answers, received)


def _shown(
    entries: Later[Entry], answers: Later[Answer], received: Later[Receipt]
) -> tuple[str, dict[str, Any]] | None:
    if not entries.rows:
        return None
    by_id = {entry.pk: entry for entry in entries.rows}
    given = [
        answer for answer in answers.rows if answer.entry_id in by_id and _is_answer(answer, by_id[answer.entry_id])
    ]
    asked = sum(
        answer.stance == Stance.ASKED_FOR and answer.participant_id == by_id[answer.entry_id].direction.receiver_id
        for answer in answers.rows
        if answer.entry_id in by_id
    )
    outcomes = {receipt.entry_id: receipt for receipt in received.rows}
    shown = OfPerson(
        summary=_summary(asked, given),
        answers=[_line(answer, by_id[answer.entry_id]) for answer in given],
        lists=[_standing(entry, outcomes.get(entry.pk)) for entry in entries.rows],
    )
    return "exchanges/of_person.html", {"of_person": shown}


def _is_answer(answer: Answer, entry: Entry) -> bool:
    """What the holder said when asked; also a first word with a reason, such as *says not held*."""
    return answer.participant_id == entry.direction.holder_id and (answer.stance in ANSWERS or bool(answer.reason))


def _summary(asked: int, given: list[Answer]) -> str:
    """`Asked for 14 times, last answer: says not held, 3 May 2025`."""
    times = ngettext("Asked for once", "Asked for %(n)d times", asked) % {"n": asked}
    if not given:
        return (
            _("%(times)s, no answer yet.") % {"times": times} if asked else _("Nobody asked and nobody answered yet.")
        )
    return _("%(times)s, last answer: %(answer)s, %(date)s.") % {
        "times": times, "answer": given[0].get_reason_display() if given[0].reason else given[0].get_stance_display(),
        "date": day(given[0].said_at),
    }  # fmt: skip


def _line(answer: Answer, entry: Entry) -> AnswerLine:
    tone = {"agreed": "done", "refused": "stopped", "needs_information": "caution"}.get(answer.stance, "quiet")
    reason = answer.get_reason_display() if answer.reason else ""
    return AnswerLine(
        on=day(answer.said_at), who=str(answer.participant), what=Pill(answer.get_stance_display(), tone),
        reason=f"{reason}: {answer.field}" if answer.field else reason, note=answer.note,
        exchange=str(entry.direction.exchange), url=reverse("exchanges:entry", args=[entry.pk]),
        is_word=not answer.participant.works_here,
    )  # fmt: skip


def _standing(entry: Entry, receipt: Receipt | None) -> Standing:
    tranche = entry.tranche
    return Standing(
        number=f"#{entry.number}", exchange=str(entry.direction.exchange), direction=str(entry.direction),
        tranche=_("Tranche %(number)s") % {"number": tranche.number} if tranche else "",
        state=_state(entry, receipt), url=reverse("exchanges:entry", args=[entry.pk]),
    )  # fmt: skip


def _state(entry: Entry, receipt: Receipt | None) -> Pill:
    if receipt is not None:
        return Pill(receipt.get_outcome_display(), "done" if receipt.outcome == "received" else "caution")
    if Stance.WITHDRAWN in (entry.holder_stance, entry.receiver_stance):
        return Pill(_("withdrawn"), "quiet")
    if entry.tranche is not None and entry.tranche.is_open_locked:
        return Pill(_("locked"), "done")
    return Pill(_("agreed"), "done") if entry.is_agreed else Pill(_("not agreed"), "caution")
