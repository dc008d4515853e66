"""An entry's own page for one viewer: what stands at the table, and beside it what their side alone keeps of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import Compartment, User
from access.roles import May
from access.scoping import capabilities_in
from core.partial_dates import spelt
from exchanges.models import Answer, Brief, Clearance, Cleared, Entry, EntryLink, IdentityCheck, Receipt
from exchanges.operations.list import CHECKED_BY, why_link_stays
from exchanges.presentation.actions import may_answer, may_anywhere, may_bring, standing_of_viewer
from exchanges.presentation.dossiers import DossierTick, dossiers_to_tick
from exchanges.presentation.names_window import scripts
from exchanges.presentation.times import instant
from exchanges.presentation.tones import Pill
from exchanges.standing import Parties, Standing
from exchanges.transitions.direction import ANSWERING
from negotiations.models import Participant

Kind = Clearance.Kind
READ_BY = {
    Kind.IDENTITY: May.READ_NAMES, Kind.CONSENT: May.READ_NAMES, Kind.LEGAL: May.READ_LEGAL, Kind.FITNESS: May.READ_HEALTH,
}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True)
class EntryHead:
    pk: UUID
    number: int
    name: str
    other_script: str
    direction: str
    exchange: str
    exchange_url: str
    names_url: str
    tranche: str
    tranche_url: str
    state: Pill
    facts: list[Fact]
    is_humanitarian: bool
    is_conspicuous: bool
    replaces: tuple[str, str] | None
    replaced_by: tuple[str, str] | None


@dataclass(frozen=True)
class Said:
    """One thing that stands at the table about this entry, newest first."""

    at: str
    iso: str
    who: str
    what: Pill
    reason: str = ""
    note: str = ""
    source: str = ""
    is_word: bool = False


@dataclass(frozen=True)
class CheckLine:
    """One check of our private list; only those that the viewer may read or make are here."""

    kind: str
    label: str
    state: Pill
    note: str
    at: str
    may_make: bool


@dataclass(frozen=True)
class OwnHalf:
    """What only the viewer's own side sees."""

    priority: str
    fallback: str
    note: str
    may_write: bool
    dossier: str
    dossier_url: str
    why_dossier_stays: str
    checks: list[CheckLine]


class EntryPage:
    """`entry` was fetched with `visible_to(viewer)`, its direction, exchange and tranche beside it."""

    def __init__(self, entry: Entry, viewer: User) -> None:
        self.entry, self.viewer = entry, viewer
        self.direction, self.exchange = entry.direction, entry.direction.exchange
        self.parties = Parties(self.exchange)

    @cached_property
    def standing(self) -> Standing:
        return standing_of_viewer(self.exchange, self.viewer, self.parties)

    @property
    def ours(self) -> Participant | None:
        return self.standing.participant

    @cached_property
    def may(self) -> frozenset[str]:
        return may_anywhere(self.viewer, self.exchange, self.parties)

    @property
    def home(self) -> Compartment | None:
        """The private half of the viewer's side; none for whoever takes no side."""
        return self.standing.home if self.ours else None

    def head(self) -> EntryHead:
        entry, tranche = self.entry, self.entry.tranche
        name, other_script = scripts(entry)
        facts = [
            Fact(_("Born"), spelt(entry.birth_date)), Fact(_("Rank"), entry.rank),
            Fact(_("Service number"), entry.service_number), Fact(_("Category"), str(entry.get_category_display())),
        ]  # fmt: skip
        after = Entry.objects.visible_to(self.viewer).filter(replaces=entry).first()
        names = reverse("exchanges:names", args=[self.exchange.pk])
        return EntryHead(
            pk=entry.pk, number=entry.number, name=name, other_script=other_script, direction=str(self.direction),
            exchange=str(self.exchange), exchange_url=reverse("exchanges:detail", args=[self.exchange.pk]),
            names_url=f"{names}?direction={self.direction.number}",
            tranche=_("Tranche %(number)s") % {"number": tranche.number} if tranche else "",
            tranche_url=reverse("exchanges:tranche", args=[tranche.pk]) if tranche else "", state=self._state(),
            facts=[fact for fact in facts if fact.value], is_humanitarian=entry.is_humanitarian,
            is_conspicuous=entry.is_conspicuous, replaces=_link(entry.replaces), replaced_by=_link(after),
        )  # fmt: skip

    def _state(self) -> Pill:
        entry = self.entry
        if "withdrawn" in (entry.holder_stance, entry.receiver_stance):
            return Pill(_("withdrawn"), "quiet")
        if entry.tranche is not None and entry.tranche.is_open_locked:
            return Pill(_("locked"), "done")
        return Pill(_("agreed"), "done") if entry.is_agreed else Pill(_("not agreed"), "caution")

    def said(self) -> list[Said]:
        """Every answer with its reason, who cleared it, identity checks and outcomes. Four queries."""
        told = [*self._answers(), *self._others()]
        return [said for _at, said in sorted(told, key=lambda pair: pair[0], reverse=True)]

    def _answers(self) -> Iterable[tuple[datetime, Said]]:
        rows = Answer.objects.visible_to(self.viewer).filter(entry=self.entry).select_related("participant")
        for answer in rows:
            tone = {"agreed": "done", "refused": "stopped", "needs_information": "caution"}.get(answer.stance, "quiet")
            reason = answer.get_reason_display() if answer.reason else ""
            yield (
                answer.said_at,
                _said(
                    answer.said_at, answer.participant, Pill(answer.get_stance_display(), tone),
                    reason=f"{reason}: {answer.field}" if answer.field else reason, note=answer.note, source=answer.source,
                ),
            )  # fmt: skip

    def _others(self) -> Iterable[tuple[datetime, Said]]:
        about: dict[str, Any] = {"entry": self.entry}
        for row in Cleared.objects.visible_to(self.viewer).filter(**about).select_related("participant"):
            yield row.at, _said(row.at, row.participant, Pill(_("cleared"), "done"))
        for check in IdentityCheck.objects.visible_to(self.viewer).filter(**about).select_related("participant"):
            tone = "done" if check.result == IdentityCheck.Result.CONFIRMED else "stopped"
            what = Pill(_("identity %(result)s") % {"result": check.get_result_display()}, tone)
            yield check.at, _said(check.at, check.participant, what, note=check.method)
        for receipt in Receipt.objects.visible_to(self.viewer).filter(**about).select_related("participant"):
            tone = "done" if receipt.outcome == "received" else "caution"
            what = Pill(receipt.get_outcome_display(), tone)
            yield receipt.at, _said(receipt.at, receipt.participant, what, note=receipt.note)

    def why_no_answer(self) -> str:
        return may_answer(self.direction, self.exchange, self.viewer, self.parties)

    def absent_sides(self) -> list[Participant]:
        """Sides that do not work here and whose word the viewer may bring."""
        given = {"direction": self.direction}
        return [
            side
            for side in (self.direction.holder, self.direction.receiver)
            if may_bring(ANSWERING, self.exchange, self.exchange, self.viewer, self.parties, side, given=given)
        ]

    # Our own half

    def own_half(self) -> OwnHalf | None:
        """None for whoever takes no side: for them there is no such thing."""
        if self.home is None:
            return None
        brief = self.brief
        link = self.link
        return OwnHalf(
            priority=str(brief.priority or "") if brief else "", fallback=brief.fallback if brief else "",
            note=brief.note if brief else "", may_write=May.EDIT_LIST in self.may, checks=self._checks(self.home),
            dossier=str(link.person.read_as) if link else "",
            dossier_url=reverse("people:detail", args=[link.person.read_as.pk]) if link else "",
            why_dossier_stays=why_link_stays(self.entry),
        )  # fmt: skip

    @cached_property
    def brief(self) -> Brief | None:
        rows = Brief.objects.visible_to(self.viewer).filter(compartment=self.home, entry=self.entry)
        found: Brief | None = rows.first()
        return found

    @cached_property
    def link(self) -> EntryLink | None:
        rows = EntryLink.objects.visible_to(self.viewer).filter(compartment=self.home, entry=self.entry)
        found: EntryLink | None = rows.select_related("person__merged_into").first()
        return found

    def _checks(self, home: Compartment) -> list[CheckLine]:
        reads = capabilities_in(self.viewer, home)
        rows = Clearance.objects.visible_to(self.viewer).filter(compartment=home, entry=self.entry)
        made = {row.kind: row for row in rows}
        return [
            self._check(kind, made.get(kind)) for kind in Kind if READ_BY[kind] in reads or CHECKED_BY[kind] in self.may
        ]

    def _check(self, kind: Clearance.Kind, row: Clearance | None) -> CheckLine:
        state = Pill(_("not checked yet"), "quiet")
        if row is not None:
            state = Pill(_("passed"), "done") if row.is_passed else Pill(_("did not pass"), "stopped")
        return CheckLine(
            kind=kind.value, label=str(kind.label), state=state, note=row.note if row else "",
            at=instant(row.at) if row else "", may_make=CHECKED_BY[kind] in self.may,
        )  # fmt: skip

    def dossiers(self, sought: str | None) -> tuple[str, list[DossierTick]]:
        """Own dossiers that it may mean: by the name that was sought, else by the family name on the list."""
        if self.home is None or May.EDIT_LIST not in self.may:
            return "", []
        text = self.entry.family if sought is None else sought
        link = self.link
        ticked = frozenset({str(link.person.read_as.pk)} if link else ())
        return text, dossiers_to_tick(self.home, self.viewer, sought=text, ticked=ticked)[:20]


def _link(entry: Entry | None) -> tuple[str, str] | None:
    return (f"#{entry.number}", reverse("exchanges:entry", args=[entry.pk])) if entry else None


def _said(at: datetime, who: Participant, what: Pill, **more: str) -> Said:
    return Said(at=instant(at), iso=at.isoformat(), who=str(who), what=what, is_word=not who.works_here, **more)
