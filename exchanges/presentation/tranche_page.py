"""The tranche page for one viewer, section by section."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from access.roles import May, holders_spelt
from access.scoping import compartments_where
from audit.models import subject_of
from core.partial_dates import spelt
from core.together import Together
from exchanges.models import (
    AFTER_GO,
    OPEN_LOCKED,
    CountStatement,
    Direction,
    Entry,
    Hold,
    Outcome,
    Receipt,
    SecondPair,
    SignOffStep,
    StepStatus,
    Tranche,
    TrancheStatus,
)
from exchanges.presentation.actions import (
    WordStep,
    may_anywhere,
    standing_of_viewer,
    steps_of_tranche,
    words_for_tranche,
)
from exchanges.presentation.facts import TrancheFacts, Wait, facts_of, waits_of
from exchanges.presentation.history import History, HistoryAsked, steps_of_every_lock, subjects_of_tranches
from exchanges.presentation.ladders import LadderView, ladders_of
from exchanges.presentation.names_window import Chip, matching, scripts
from exchanges.presentation.steps import StepView
from exchanges.presentation.times import age, count, day, instant
from exchanges.presentation.tones import Pill, pill
from exchanges.standing import Parties
from exchanges.transitions.tranche import clearances_missing
from negotiations.models import Participant, TheirWord
from people.models import Category

WINDOW = 50


@dataclass(frozen=True)
class TrancheHead:
    pk: Any
    reference: str
    number: int
    exchange: str
    exchange_url: str
    status: Pill
    since: str
    planned_on: str
    place: str
    hold: str
    exchange_hold: str
    compartment: Any
    is_ours_alone: bool
    waits: list[Wait]
    uncleared: str
    lock_number: int


@dataclass(frozen=True)
class CountRow:
    """One direction in one line: how many in all, and of whom."""

    direction: str
    total: str
    parts: list[str]


@dataclass(frozen=True)
class OutcomeRow:
    """What one direction was locked with and what became of it: separate counts, never reconciled by us."""

    direction: str
    locked: str
    presented: str
    received: str
    others: str
    silent: str


@dataclass(frozen=True)
class DirectionOutcome:
    """The numbers behind it."""

    direction: Direction
    locked: int
    presented: int | None
    received: int
    others: list[tuple[str, int]]
    silent: int


@dataclass(frozen=True)
class Account:
    """What each side says came of one direction, where the two differ, and who can put it right."""

    direction: str
    pill: Pill
    presented: str
    presented_according_to: str
    received: str
    received_according_to: str
    verdict: str
    remedy: str


@dataclass(frozen=True)
class HoldLine:
    who: str
    since: str
    reason: str
    released: str


@dataclass(frozen=True)
class PairLine:
    """A question that waits for a second person of one's own side."""

    what: str
    asked_by: str
    since: str
    url: str
    is_own: bool
    details: list[tuple[str, str]]


@dataclass(frozen=True)
class GoLine:
    participant: str
    pill: Pill


@dataclass(frozen=True)
class LineOfTranche:
    pk: UUID
    number: int
    name: str
    other_script: str
    born: str
    rank: str
    category: str
    is_humanitarian: bool
    is_conspicuous: bool
    state: Pill
    is_ours_to_receive: bool
    is_ours_to_present: bool


@dataclass(frozen=True)
class LinesWindow:
    directions: list[Chip]
    lines: list[LineOfTranche]
    size: int
    first: int
    last: int
    previous_url: str
    next_url: str
    sought: str
    direction: int
    number_of_lines: int


class TranchePage:
    """`tranche` was fetched with `visible_to(viewer)`, its exchange beside it."""

    def __init__(self, tranche: Tranche, viewer: User) -> None:
        self.tranche, self.viewer = tranche, viewer
        self.parties = Parties(tranche.exchange)

    @cached_property
    def ours(self) -> Participant | None:
        return standing_of_viewer(self.tranche.exchange, self.viewer, self.parties).participant

    @cached_property
    def may(self) -> frozenset[str]:
        return may_anywhere(self.viewer, self.tranche.exchange, self.parties)

    @cached_property
    def facts(self) -> TrancheFacts:
        return facts_of([self.tranche], self.viewer)[self.tranche.pk]

    @cached_property
    def sizes(self) -> list[tuple[UUID, str, bool, int]]:
        """Direction, category, humanitarian, how many."""
        rows = Entry.objects.unscoped("counts are open to whoever reads the table").filter(tranche=self.tranche)
        return list(
            rows.order_by().values_list("direction_id", "category", "is_humanitarian").annotate(size=Count("pk"))
        )

    # Sections

    def head(self) -> TrancheHead:
        tranche, exchange = self.tranche, self.tranche.exchange
        missing = clearances_missing(tranche) if tranche.status in OPEN_LOCKED else 0
        return TrancheHead(
            pk=tranche.pk, reference=tranche.reference, number=tranche.number, exchange=str(exchange),
            exchange_url=reverse("exchanges:detail", args=[exchange.pk]),
            status=pill(tranche.status, tranche.get_status_display()), since=age(tranche.status_since),
            planned_on=day(tranche.planned_on), place=tranche.place,
            hold=", ".join(dict.fromkeys(str(hold.participant) for hold in self.facts.holds)),
            exchange_hold=exchange.get_hold_display() if exchange.hold != "none" else "",
            compartment=tranche.compartment_id, is_ours_alone=self.parties.ours_alone, waits=waits_of(self.facts, self.parties),
            uncleared=count(missing) if missing else "", lock_number=tranche.lock_number,
        )  # fmt: skip

    def steps(self) -> list[StepView]:
        """Without the hold where it can be placed: that stands in its own corner."""
        return [step for step in self.all_steps if not (step.step == "hold" and step.allowed)]

    @cached_property
    def all_steps(self) -> list[StepView]:
        return steps_of_tranche(self.tranche, self.viewer, self.parties)

    def hold_step(self) -> StepView | None:
        return next((step for step in self.all_steps if step.step == "hold" and step.allowed), None)

    def word_steps(self) -> list[WordStep]:
        if all(participant.works_here for participant in self.parties.all):
            return []
        return self._finals_by_word() + words_for_tranche(self.tranche, self.viewer, self.parties)

    def _finals_by_word(self) -> list[WordStep]:
        """The sheets on which the final sign-off of an absent side is recorded."""
        absent = {one.pk: str(one) for one in self.parties.all if not one.works_here}
        if May.DECIDE not in self.may or self.tranche.status not in (
            TrancheStatus.IN_SIGN_OFF, TrancheStatus.AWAITING_FINAL,
        ):  # fmt: skip
            return []
        sheet = reverse("exchanges:sign", args=[self.tranche.pk])
        return [
            WordStep(_("Final sign-off"), absent[step.participant_id], f"{sheet}?step={step.pk}#decide")
            for step in self.facts.steps
            if step.participant_id in absent and step.status in (StepStatus.PENDING, StepStatus.REFUSED)
        ]

    def to_sign(self) -> list[tuple[str, str]]:
        """The steps that wait for an office of the viewer's: label and address of the sheet."""
        own = self.own_offices
        sheet = reverse("exchanges:sign", args=[self.tranche.pk])
        return [
            (step.office_name, f"{sheet}?step={step.pk}")
            for step in self.facts.steps
            if step.office_id in own and step.status in (StepStatus.PENDING, StepStatus.REFUSED)
        ]

    @cached_property
    def own_offices(self) -> set[UUID]:
        seats = self.parties.seats_of(self.viewer, self.tranche.compartment_id)
        signing = {May.SIGN, May.RECORD_SIGN_OFF}
        return {seat.organisation.pk for seat in seats if not seat.capabilities.isdisjoint(signing)}

    def counts(self) -> list[CountRow]:
        return [
            row
            for direction in self.parties.directions
            if (row := count_row(str(direction), [part[1:] for part in self.sizes if part[0] == direction.pk]))
        ]

    def ladders(self) -> list[LadderView]:
        return ladders_of(self.facts, self.parties, self.viewer)

    def agreements(self) -> list[GoLine]:
        if self.tranche.status != TrancheStatus.PLANNED or not self.facts.agreed:
            return []
        return [self._said(one, one.pk in self.facts.agreed, _("agrees to the lock")) for one in self.parties.here]

    def gos(self) -> list[GoLine]:
        if self.tranche.status != TrancheStatus.STAGED:
            return []
        return [self._said(one, one.pk in self.facts.gos, _("go given")) for one in self.parties.all]

    def _said(self, participant: Participant, has_said: bool, what: str) -> GoLine:
        return GoLine(str(participant), Pill(what, "done") if has_said else Pill(_("not yet"), "waits"))

    def holds(self) -> list[HoldLine]:
        rows = Hold.objects.visible_to(self.viewer).filter(tranche=self.tranche).select_related("participant")
        return [
            HoldLine(str(row.participant), instant(row.placed_at), row.reason, instant(row.released_at))
            for row in rows.order_by("-placed_at")[:10]
        ]

    def pairs(self) -> list[PairLine]:
        return open_pairs_of(self.tranche, self.facts.steps, self.viewer)

    @cached_property
    def told(self) -> list[DirectionOutcome]:
        """What came of each direction so far; empty before the tranche has gone."""
        if self.tranche.status not in AFTER_GO:
            return []
        outcomes = _outcome_counts(self.tranche)
        stated = CountStatement.objects.visible_to(self.viewer).filter(tranche=self.tranche, presented__isnull=False)
        presented = {row.direction_id: row.presented for row in stated.order_by("at")}
        found = []
        for direction in self.parties.directions:
            locked = sum(size for pk, _category, _list, size in self.sizes if pk == direction.pk)
            counts = {outcome: n for (pk, outcome), n in outcomes.items() if pk == direction.pk}
            if locked:
                others = sorted((outcome, n) for outcome, n in counts.items() if outcome != Outcome.RECEIVED)
                found.append(
                    DirectionOutcome(
                        direction, locked, presented.get(direction.pk), counts.get(Outcome.RECEIVED, 0), others,
                        locked - sum(counts.values()),
                    )
                )  # fmt: skip
        return found

    def outcomes(self) -> list[OutcomeRow]:
        return [
            OutcomeRow(
                str(one.direction), count(one.locked), _("not stated") if one.presented is None else count(one.presented),
                count(one.received), others_spelt(one), count(one.silent),
            )
            for one in self.told
        ]  # fmt: skip

    def accounts(self) -> list[Account]:
        if not self.told:
            return []
        words = self._words()
        is_one_sided = self.tranche.status == TrancheStatus.ONE_SIDED
        return [account_of(one, words, is_one_sided=is_one_sided) for one in self.told]

    def _words(self) -> dict[tuple[UUID, str], str]:
        """On whose word an absent side's statement or receipts rest, by side and step; the latest."""
        if all(participant.works_here for participant in self.parties.all):
            return {}
        rows = TheirWord.objects.visible_to(self.viewer).filter(
            subject=subject_of(self.tranche), step__in=("settle", "record_receipts")
        )
        return {(row.participant_id, row.step): row.according_to for row in rows.order_by("recorded_at")}

    def corrections(self) -> list[StepView]:
        """The steps by which the viewer can put right what their side said."""
        return [step for step in self.all_steps if step.allowed and step.step in ("record_receipts", "settle")]

    def may_read_names(self) -> bool:
        return May.READ_NAMES in self.may

    def why_no_names(self) -> str:
        return _("The names are open to: %(who)s.") % {"who": holders_spelt((May.READ_NAMES,))}

    def may_plan(self) -> bool:
        planned = self.tranche.status == TrancheStatus.PLANNED
        return planned and May.NEGOTIATE in self.may and self.ours is not None

    def may_clear(self) -> bool:
        return (
            May.LOCK in self.may
            and self.ours is not None
            and self.tranche.status in (TrancheStatus.PLANNED, *OPEN_LOCKED)
        )

    def lines(self, *, direction: str = "", sought: str = "", after: int = 0, before: int = 0) -> LinesWindow | None:
        if not self.may_read_names():
            return None
        sized: dict[UUID, int] = {}
        for pk, _category, _list, size in self.sizes:
            sized[pk] = sized.get(pk, 0) + size
        known = [one for one in self.parties.directions if one.pk in sized] or self.parties.directions
        current = next((one for one in known if str(one.number) == direction), known[0])
        rows: QuerySet[Entry] = Entry.objects.visible_to(self.viewer).filter(tranche=self.tranche, direction=current)
        rows = matching(rows, sought)
        found = list(
            rows.filter(number__lt=before).order_by("-number")[: WINDOW + 1]
            if before
            else rows.filter(number__gt=after).order_by("number")[: WINDOW + 1]
        )
        goes_on, shown = len(found) > WINDOW, found[:WINDOW][:: -1 if before else 1]
        url = _window_url(self.tranche, current, sought)
        return LinesWindow(
            directions=[
                Chip(str(one), count(sized.get(one.pk, 0)), f"?direction={one.number}#lines", one == current) for one in known
            ],
            lines=self._drawn(shown, current), size=WINDOW, sought=sought, direction=current.number,
            first=shown[0].number if shown else 0, last=shown[-1].number if shown else 0,
            previous_url=f"{url}&before={shown[0].number}#lines" if shown and (goes_on if before else after) else "",
            next_url=f"{url}&from={shown[-1].number}#lines" if shown and (before or goes_on) else "",
            number_of_lines=sized.get(current.pk, 0),
        )  # fmt: skip

    def _drawn(self, rows: list[Entry], direction: Direction) -> list[LineOfTranche]:
        outcomes: dict[UUID, Receipt] = {}
        if self.tranche.status in AFTER_GO and rows:
            receipts = Receipt.objects.visible_to(self.viewer).filter(
                tranche=self.tranche, entry__in=[r.pk for r in rows]
            )
            outcomes = {receipt.entry_id: receipt for receipt in receipts.order_by("sequence")}
        return [self._line(row, outcomes.get(row.pk), direction) for row in rows]

    def _line(self, entry: Entry, receipt: Receipt | None, direction: Direction) -> LineOfTranche:
        name, other_script = scripts(entry)
        ours = self.ours.pk if self.ours else None
        return LineOfTranche(
            pk=entry.pk, number=entry.number, name=name, other_script=other_script, born=spelt(entry.birth_date),
            rank=entry.rank, category=entry.get_category_display(), is_humanitarian=entry.is_humanitarian,
            is_conspicuous=entry.is_conspicuous, state=_state(entry, receipt, self.tranche),
            is_ours_to_receive=ours == direction.receiver_id, is_ours_to_present=ours == direction.holder_id,
        )  # fmt: skip

    def history(self, before: str = "") -> History:
        steps = steps_of_every_lock(self.viewer, tranche=self.tranche)
        subjects = subjects_of_tranches([self.tranche], steps, named=False)
        return HistoryAsked(
            subjects, self.viewer, Together(), before=before, ours_alone=self.parties.ours_alone
        ).history()


def others_spelt(one: DirectionOutcome) -> str:
    return ", ".join(f"{count(n)} {Outcome(outcome).label}" for outcome, n in one.others)


def account_of(one: DirectionOutcome, words: dict[tuple[UUID, str], str], *, is_one_sided: bool) -> Account:
    holder, receiver = one.direction.holder, one.direction.receiver
    pill, verdict = _verdict(one, is_one_sided=is_one_sided)
    return Account(
        direction=str(one.direction), pill=pill, presented=_presented(one), received=_received(one), verdict=verdict,
        presented_according_to=words.get((holder.pk, "settle"), "") if one.presented is not None else "",
        received_according_to=words.get((receiver.pk, "record_receipts"), "") if one.silent < one.locked else "",
        remedy=_remedy(one) if pill.tone == "stopped" else "",
    )  # fmt: skip


def _presented(one: DirectionOutcome) -> str:
    told = {"who": one.direction.holder, "n": count(one.presented or 0), "locked": count(one.locked)}
    if one.presented is None:
        return _("%(who)s has not stated how many it presented; %(locked)s were locked.") % told
    return _("%(who)s states that it presented %(n)s of the %(locked)s who were locked.") % told


def _received(one: DirectionOutcome) -> str:
    told = {
        "who": one.direction.receiver,
        "n": count(one.received),
        "others": others_spelt(one),
        "silent": count(one.silent),
    }
    sentence = (
        _("%(who)s recorded %(n)s as received; besides: %(others)s.") if one.others else _("%(who)s recorded %(n)s as received.")
    ) % told  # fmt: skip
    if not one.silent:
        return sentence
    missing = ngettext("%(n)s line has no outcome yet.", "%(n)s lines have no outcome yet.", one.silent)
    return f"{sentence} {missing % {'n': count(one.silent)}}"


def _verdict(one: DirectionOutcome, *, is_one_sided: bool) -> tuple[Pill, str]:
    if one.presented is None or one.silent:
        return Pill(_("not complete"), "waits"), ""
    if is_one_sided and not one.received:
        return Pill(_("nobody received"), "stopped"), _(
            "Nobody was received in this direction; in another somebody was."
        )
    difference = one.presented - one.received
    if not difference:
        return Pill(_("both agree"), "done"), _("The two counts agree.")
    told = {"n": count(abs(difference)), "holder": one.direction.holder, "receiver": one.direction.receiver}
    sentence = (
        _("The two differ by %(n)s: %(holder)s says it presented them, %(receiver)s did not receive them.")
        if difference > 0
        else _("The two differ by %(n)s: %(receiver)s received more than %(holder)s says it presented.")
    )
    return Pill(_("they differ"), "stopped"), sentence % told


def _remedy(one: DirectionOutcome) -> str:
    told = {
        "holder": one.direction.holder, "receiver": one.direction.receiver, "heads": holders_spelt((May.DECIDE,)),
        "officers": holders_spelt((May.RUN_HANDOVER,)),
    }  # fmt: skip
    return (
        _(
            "Whoever is wrong corrects it: %(receiver)s by recording the receipt of a line again (%(officers)s), %(holder)s by "
            "stating its count again with “Settle” (%(heads)s). How it ended is read anew when a holder states its count."
        )
        % told
    )


def count_row(direction: str, parts: list[tuple[str, bool, int]]) -> CountRow | None:
    """Largest category first; the humanitarian list, owed regardless of number, last."""
    if not parts:
        return None
    ordered = sorted(parts, key=lambda part: (part[1], -part[2]))
    spelt_out = [f"{_counted(category, is_humanitarian)} {count(size)}" for category, is_humanitarian, size in ordered]
    return CountRow(direction, count(sum(part[2] for part in parts)), spelt_out)


def _counted(category: str, is_humanitarian: bool) -> str:
    if category not in Category.values:
        return _("on the humanitarian list")
    label = str(Category(category).label)
    return _("humanitarian list: %(category)s") % {"category": label} if is_humanitarian else label


def _state(entry: Entry, receipt: Receipt | None, tranche: Tranche) -> Pill:
    if receipt:
        return Pill(receipt.get_outcome_display(), "done" if receipt.outcome == Outcome.RECEIVED else "caution")
    if tranche.status in AFTER_GO:
        return Pill(_("no outcome yet"), "waits")
    if tranche.status in OPEN_LOCKED:
        return Pill(_("locked"), "done")
    return Pill(_("agreed"), "done") if entry.is_agreed else Pill(_("not agreed"), "caution")


def _window_url(tranche: Tranche, direction: Direction, sought: str) -> str:
    asked = {"direction": direction.number} | ({"q": sought} if sought else {})
    return f"?{urlencode(asked)}"


def _outcome_counts(tranche: Tranche) -> dict[tuple[UUID, str], int]:
    """By direction and outcome, the latest receipt of each line."""
    receipts = Receipt.objects.unscoped("counts are open to whoever reads the table").filter(tranche=tranche)
    later = Receipt.objects.unscoped("the same").filter(entry=OuterRef("entry"), sequence__gt=OuterRef("sequence"))
    rows = receipts.filter(~Exists(later)).order_by().values_list("entry__direction_id", "outcome")
    return {(direction, outcome): n for direction, outcome, n in rows.annotate(n=Count("pk"))}


PAIR_STEPS = {"lock": May.LOCK, "approve": May.RECORD_SIGN_OFF, "correct_entry": May.EDIT_LIST}


def pair_label(step: str) -> str:
    return {
        "lock": _("agree to the lock"),
        "approve": _("confirm a recorded sign-off"),
        "correct_entry": _("confirm a correction"),
    }.get(step, step.replace("_", " "))


def open_pairs_of(tranche: Tranche, steps: list[SignOffStep], viewer: User) -> list[PairLine]:
    """Open questions of the viewer's own side about this tranche and its steps."""
    by_subject = {subject_of(step): step for step in steps}
    rows = SecondPair.objects.visible_to(viewer).filter(
        Q(subject=subject_of(tranche)) | Q(subject__in=by_subject), confirmed_by=None
    )
    rows = rows.filter(compartment_id__in=compartments_where(viewer, *PAIR_STEPS.values())).select_related("asked_by")
    return [
        PairLine(
            what=pair_label(row.step), asked_by=str(row.asked_by), since=age(row.asked_at),
            url=_pair_url(row.step, tranche, by_subject.get(row.subject)), is_own=row.asked_by_id == viewer.pk,
            details=pair_details(row.details),
        )
        for row in rows.order_by("asked_at")
    ]  # fmt: skip


def _pair_url(step: str, tranche: Tranche, sign_off_step: SignOffStep | None) -> str:
    if sign_off_step is not None:
        return f"{reverse('exchanges:sign', args=[tranche.pk])}?step={sign_off_step.pk}"
    return reverse("exchanges:tranche_step", args=[tranche.pk, step])


def pair_details(details: dict[str, Any]) -> list[tuple[str, str]]:
    """What the first of the two typed, for the second to read."""
    labels = {
        "decided_by": _("Who decided"), "reached_office_how": _("How it reached the office"),
        "reached_office_at": _("When it reached the office"), "document_number": _("Document number"),
        "explanation": _("Why they stand on the list"), "source": _("Source"), "changes": _("Changes"),
    }  # fmt: skip
    shown = []
    for name, label in labels.items():
        value = details.get(name)
        if not value:
            continue
        if name == "reached_office_at":
            value = instant(datetime.fromisoformat(value))
        elif isinstance(value, dict):
            value = ", ".join(f"{field}: {text}" for field, text in value.items())
        shown.append((label, str(value)))
    return shown
