"""The exchange page for one viewer, section by section: a live refresh builds only the section that it asks for."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from access.roles import May, holders_spelt
from core.text import from_to
from core.together import Later, Together
from exchanges.models import (
    SETTLED,
    CountStatement,
    Direction,
    Exchange,
    ExchangeHold,
    ExchangeStatus,
    FinalOffice,
    FormulaLine,
    Revision,
    Tranche,
    TrancheStatus,
)
from exchanges.presentation.actions import (
    WordStep,
    may_answer,
    may_anywhere,
    standing_of_viewer,
    steps_of_exchange,
    words_for_exchange,
)
from exchanges.presentation.facts import FactsAsked, TrancheFacts, Wait, waits_of
from exchanges.presentation.history import History, HistoryAsked, StepOfTranche, steps_of_every_lock, subjects_of
from exchanges.presentation.ladders import LadderView, small_ladders
from exchanges.presentation.names_window import Asked, NamesAsked, NamesWindow
from exchanges.presentation.steps import StepView
from exchanges.presentation.tally import DirectionView, Group, StatedDirection, Tally, counted, direction_view
from exchanges.presentation.times import age, count, day, instant
from exchanges.presentation.tones import Pill, pill
from exchanges.standing import Parties
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY
from negotiations.models import Participant, TheirWord

S = ExchangeStatus
ADVANCED = (
    TrancheStatus.GONE, TrancheStatus.STAGED, TrancheStatus.SIGNED_OFF, TrancheStatus.AWAITING_FINAL,
    TrancheStatus.IN_SIGN_OFF, TrancheStatus.LOCKED, TrancheStatus.PLANNED,
)  # fmt: skip


@dataclass(frozen=True)
class Head:
    pk: Any
    reference: str
    title: str
    status: Pill
    since: str
    hold: str
    negotiation: str
    negotiation_url: str
    compartment: Any
    is_private: bool
    is_ours_alone: bool
    waits: list[Wait]
    waits_about: str
    formula_note: str


@dataclass(frozen=True)
class TrancheLine:
    url: str
    reference: str
    number: int
    status: Pill
    since: str
    planned_on: str
    place: str
    counts: list[str]
    ladders: list[LadderView]
    waits: list[Wait]
    held: bool


@dataclass(frozen=True)
class RevisionLine:
    direction: str
    number: int
    who: str
    at: str
    message: str
    size: str
    added: str
    left_out: str
    digest: str


@dataclass(frozen=True)
class WordLine:
    participant: str
    step: str
    who: str
    to_whom: str
    happened_at: str
    source: str
    according_to: str


@dataclass(frozen=True)
class CountLine:
    participant: str
    about: str
    promised: str
    presented: str
    received: str
    at: str


@dataclass(frozen=True)
class FinalLine:
    participant: str
    office: str
    form_url: str


def _stated(number: int | None) -> str:
    return "" if number is None else count(number)


class ExchangePage:
    """`exchange` was fetched with `visible_to(viewer)`.

    What can be asked at one time is read in one statement: first whatever hangs on the exchange, then the window of
    names and the log, which are chosen by it. `parts` are the sections that will be shown.
    """

    def __init__(
        self, exchange: Exchange, viewer: User, parts: Collection[str] = (), *, asked: Asked | None = None, before: str = ""
    ) -> None:  # fmt: skip
        self.exchange, self.viewer, self.parts = exchange, viewer, parts
        self._asked, self._before = asked or Asked(), before
        self.together = Together()
        self.parties = Parties(exchange, self.together, viewer)
        self._tranches = self.together.later(
            Tranche.objects.visible_to(viewer).filter(exchange=exchange).order_by("number")
        )
        self._facts = FactsAsked(viewer, self.together, tranche__exchange=exchange)
        self._counted = self.together.later(counted(exchange))
        self._statements = self.together.later(
            CountStatement.objects.visible_to(viewer)
            .filter(exchange=exchange)
            .select_related("participant", "tranche")
            .order_by("tranche__number", "at")
        )
        for part in parts:
            getattr(self, f"_{part}_asked", None)  # what only this section shows

    @cached_property
    def ours(self) -> Participant | None:
        return standing_of_viewer(self.exchange, self.viewer, self.parties).participant

    @cached_property
    def may(self) -> frozenset[str]:
        return may_anywhere(self.viewer, self.exchange, self.parties)

    @cached_property
    def tally(self) -> Tally:
        return Tally(Group(*row) for row in self._counted.rows)

    @cached_property
    def tranche_rows(self) -> list[Tranche]:
        for tranche in self._tranches.rows:
            tranche.exchange = self.exchange
        return self._tranches.rows

    @cached_property
    def facts(self) -> dict[UUID, TrancheFacts]:
        return self._facts.of(self.tranche_rows)

    # What single sections ask for

    @cached_property
    def _revisions_asked(self) -> Later[Revision]:
        rows = Revision.objects.visible_to(self.viewer).filter(direction__exchange=self.exchange)
        return self.together.later(rows.select_related("participant").order_by("-at")[:20])

    @cached_property
    def _words_asked(self) -> Later[TheirWord]:
        rows = TheirWord.objects.visible_to(self.viewer).filter(compartment=self.exchange.compartment_id)
        return self.together.later(rows.select_related("participant").order_by("-recorded_at")[:20])

    @cached_property
    def _finals_asked(self) -> Later[FinalOffice]:
        return self.together.later(FinalOffice.objects.visible_to(self.viewer).filter(exchange=self.exchange))

    @cached_property
    def _timeline_asked(self) -> Later[StepOfTranche]:
        return self.together.later(steps_of_every_lock(self.viewer, tranche__exchange=self.exchange))

    @cached_property
    def _names(self) -> NamesAsked:
        return NamesAsked(
            self.exchange, self.parties.directions, self.tally, self.tranche_rows, viewer=self.viewer, ours=self.ours,
            asked=self._asked, together=self.together,
        )  # fmt: skip

    @cached_property
    def _history(self) -> HistoryAsked:
        subjects = subjects_of(self.exchange, self.tranche_rows, self.parties, self._timeline_asked.rows)
        return HistoryAsked(
            subjects, self.viewer, self.together, before=self._before, ours_alone=self.parties.ours_alone
        )

    @cached_property
    def _reads_names(self) -> bool:
        return bool(self.parties.directions) and May.READ_NAMES in self.may

    @cached_property
    def _chosen(self) -> tuple[NamesAsked | None, HistoryAsked | None]:
        """Both are asked for before either is read, so that they come together."""
        names = self._names if "names" in self.parts and self._reads_names else None
        return names, self._history if "timeline" in self.parts else None

    # Sections

    def head(self) -> Head:
        exchange = self.exchange
        about, waits = self._waits()
        return Head(
            pk=exchange.pk, reference=exchange.reference or _("Draft"), title=exchange.title,
            status=pill(exchange.status, exchange.get_status_display()), since=age(exchange.status_since),
            hold=self._hold(), negotiation=str(exchange.negotiation),
            negotiation_url=reverse("negotiations:detail", args=[exchange.negotiation_id]),
            compartment=exchange.compartment_id, waits=waits,
            is_private=not exchange.compartment.is_shared and not self.parties.ours_alone,
            is_ours_alone=self.parties.ours_alone,
            waits_about=about, formula_note=self._formula_note(),
        )  # fmt: skip

    def _formula_note(self) -> str:
        exchange = self.exchange
        told = {"version": exchange.formula_version, "who": exchange.formula_by}
        if not self.parties.ours_alone:
            return _("version %(version)s, written by %(who)s") % told
        if exchange.status == S.DRAFT:
            return _("our draft")
        if exchange.formula_by_id == (self.ours.pk if self.ours else None):
            return _("version %(version)s: what we sent") % told
        return _("version %(version)s: what they sent") % told

    def _hold(self) -> str:
        if self.exchange.hold == ExchangeHold.NONE:
            return ""
        return _("%(hold)s by %(who)s") % {"hold": self.exchange.get_hold_display(), "who": self.exchange.hold_by}

    def _waits(self) -> tuple[str, list[Wait]]:
        """What about, and for whom, as far as the viewer sees it."""
        exchange = self.exchange
        if exchange.hold != ExchangeHold.NONE:
            return "", [Wait(str(exchange.hold_by), _("to resume"), exchange.hold_by_id)]
        if exchange.status == S.DRAFT:
            return "", [Wait(str(exchange.author), _("to propose it"), exchange.author_id)]
        if exchange.status in (S.PROPOSED, S.COUNTERED):
            return "", self._answers_to_the_formula()
        if exchange.status not in NEGOTIATING_TO_UNDER_WAY:
            return "", []
        return self._most_advanced() or ("", self._names_or_counts())

    def _answers_to_the_formula(self) -> list[Wait]:
        exchange = self.exchange
        accepted = self.parties.accepted | {exchange.formula_by_id}
        wanted = _("to accept or counter version %(version)s") % {"version": exchange.formula_version}
        return [Wait(str(one), wanted, one.pk) for one in self.parties.all if one.pk not in accepted]

    def _most_advanced(self) -> tuple[str, list[Wait]] | None:
        running = [tranche for tranche in self.tranche_rows if tranche.status in ADVANCED]
        if not any(tranche.status != TrancheStatus.PLANNED or self.facts[tranche.pk].agreed for tranche in running):
            return None
        first = min(running, key=lambda tranche: (ADVANCED.index(tranche.status), tranche.number))
        about = _("tranche %(number)s of %(all)s") % {"number": first.number, "all": len(self.tranche_rows)}
        return about, waits_of(self.facts[first.pk], self.parties)

    def _names_or_counts(self) -> list[Wait]:
        settled = (*SETTLED, TrancheStatus.ABORTED)
        rows = self.tranche_rows
        if self.exchange.status == S.UNDER_WAY and all(tranche.status in settled for tranche in rows):
            done = self.parties.settled
            return [Wait(str(one), _("to state its counts"), one.pk) for one in self.parties.all if one.pk not in done]
        waits = []
        for participant in self.parties.all:
            names = sum(self.tally.unanswered_by(one, participant.pk) for one in self.parties.directions)
            if names:
                wanted = ngettext("%(n)s name to answer", "%(n)s names to answer", names) % {"n": count(names)}
                waits.append(Wait(str(participant), wanted, participant.pk))
        return waits or [Wait(_("the participants"), _("to plan and lock a tranche"))]

    def steps(self) -> list[StepView]:
        return self._steps

    @cached_property
    def _steps(self) -> list[StepView]:
        return steps_of_exchange(self.exchange, self.viewer, self.parties)

    def open_tranche(self) -> TrancheLine | None:
        """The one to look at, where no step of the exchange itself comes first."""
        running = [tranche for tranche in self.tranche_rows if tranche.status in ADVANCED[:-1]]
        if not running or any(step.primary for step in self.steps()):
            return None
        return self._tranche_line(min(running, key=lambda tranche: (ADVANCED.index(tranche.status), tranche.number)))

    def word_steps(self) -> list[WordStep]:
        if all(participant.works_here for participant in self.parties.all):
            return []
        return words_for_exchange(self.exchange, self.viewer, self.parties)

    def directions(self) -> list[DirectionView]:
        return [direction_view(one, self.tally, lines) for one, lines in self.formula()]

    def formula(self) -> list[tuple[Direction, list[FormulaLine]]]:
        return [(one, self.parties.formula.get(one.pk, [])) for one in self.parties.directions]

    def stated_directions(self) -> list[StatedDirection]:
        """What the draft says, for the form that changes it."""
        return [
            StatedDirection(one.holder_id, one.receiver_id, [(line.category, line.count) for line in lines])
            for one, lines in self.formula()
        ]

    def may_change_draft(self) -> bool:
        return self.exchange.is_draft and May.NEGOTIATE in self.may

    def why_no_draft(self) -> str:
        """Why the viewer cannot change it; empty while they can, and once it is proposed: the operation says that."""
        if May.NEGOTIATE in self.may:
            return ""
        return _("This is for %(who)s.") % {"who": holders_spelt((May.NEGOTIATE,))}

    def names(self, ticked: frozenset[str] = frozenset()) -> NamesWindow | None:
        if not self._reads_names:
            return None
        return (self._chosen[0] or self._names).window(ticked)

    def why_no_names(self) -> str:
        return _("The names are open to: %(who)s.") % {"who": holders_spelt((May.READ_NAMES,))}

    def why_no_answer(self, window: NamesWindow | None) -> str:
        return may_answer(window.direction, self.exchange, self.viewer, self.parties) if window else ""

    def absent_sides(self, window: NamesWindow | None) -> list[Participant]:
        """Sides of this direction whose word the viewer may bring."""
        if window is None or May.DECIDE not in self.may:
            return []
        return [one for one in (window.direction.holder, window.direction.receiver) if not one.works_here]

    def tranches(self) -> list[TrancheLine]:
        return [self._tranche_line(tranche) for tranche in self.tranche_rows]

    def _tranche_line(self, tranche: Tranche) -> TrancheLine:
        facts = self.facts[tranche.pk]
        counts = []
        for direction in self.parties.directions:
            size = self.tally.within(direction).of(lambda group: group.tranche == tranche.pk)
            if size:
                counts.append(f"{count(size)} {from_to(direction.holder.letter, direction.receiver.letter)}")
        return TrancheLine(
            url=reverse("exchanges:tranche", args=[tranche.pk]), reference=tranche.reference, number=tranche.number,
            status=pill(tranche.status, tranche.get_status_display()), since=age(tranche.status_since),
            planned_on=day(tranche.planned_on), place=tranche.place, counts=counts,
            ladders=small_ladders(facts, self.parties), waits=waits_of(facts, self.parties), held=bool(facts.holds),
        )  # fmt: skip

    def may_plan(self) -> bool:
        return (
            May.NEGOTIATE in self.may and self.ours is not None and self.exchange.status in NEGOTIATING_TO_UNDER_WAY
            and not self.exchange.is_suspended
        )  # fmt: skip

    def submit_links(self) -> list[tuple[str, str]]:
        """The lists that the viewer may submit on: label and address."""
        label = _("Record the list we sent: %(list)s") if self.parties.ours_alone else _("Submit the list %(list)s")
        return [
            (label % {"list": direction}, reverse("exchanges:direction_step", args=[direction.pk, "submit"]))
            for direction in self.parties.directions
            if not may_answer(direction, self.exchange, self.viewer, self.parties)
        ]

    def revisions(self) -> list[RevisionLine]:
        names = {direction.pk: str(direction) for direction in self.parties.directions}
        sides = self._senders()
        return [
            RevisionLine(
                names[row.direction_id], row.number, sides.get(row.participant_id, str(row.participant)),
                instant(row.at), row.message, count(row.size), count(row.added), count(row.left_out), row.digest[:16],
            )
            for row in self._revisions_asked.rows
        ]  # fmt: skip

    def _senders(self) -> dict[Any, str]:
        if not self.parties.ours_alone or self.ours is None:
            return {}
        theirs = {one.pk: _("%(who)s: what they sent") % {"who": one} for one in self.parties.all if one != self.ours}
        return theirs | {self.ours.pk: _("what we sent")}

    def words(self) -> list[WordLine]:
        return [
            WordLine(
                str(row.participant), row.step.replace("_", " "), row.who, row.to_whom, instant(row.happened_at),
                row.source, row.according_to,
            )
            for row in self._words_asked.rows
        ]  # fmt: skip

    def statements(self) -> list[CountLine]:
        return [
            CountLine(
                str(row.participant),
                _("tranche %(number)s") % {"number": row.tranche.number} if row.tranche else _("the whole exchange"),
                _stated(row.promised), _stated(row.presented), _stated(row.received),
                instant(row.at),
            )
            for row in self._statements.rows
        ]  # fmt: skip

    def finals(self) -> list[FinalLine]:
        """Whose final sign-off this exchange needs, until the first lock settles it."""
        if self.exchange.status not in NEGOTIATING_TO_UNDER_WAY:
            return []
        named = {row.participant_id: row.office_name for row in self._finals_asked.rows}
        is_settled = any(tranche.lock_number for tranche in self.tranche_rows)
        pk = self.exchange.pk
        return [
            FinalLine(
                str(one),
                named.get(one.pk, ""),
                reverse("exchanges:finals", args=[pk, one.pk]) if self._may_name(one) and not is_settled else "",
            )
            for one in self.parties.all
        ]

    def _may_name(self, participant: Participant) -> bool:
        return May.DECIDE in self.may and (not participant.works_here or participant == self.ours)

    def history(self) -> History:
        return (self._chosen[1] or self._history).history()
