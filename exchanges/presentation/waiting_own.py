"""What the rows of "Waiting for you" are made from: the viewer's sides and offices, and the tranches under way."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May, roles_with
from access.scoping import compartments_where, memberships_of
from exchanges.models import (
    SETTLED,
    Direction,
    Exchange,
    ExchangeHold,
    ExchangeStatus,
    SecondPair,
    Tranche,
    TrancheStatus,
)
from exchanges.presentation.facts import TrancheFacts, facts_of
from exchanges.presentation.times import age, day
from exchanges.presentation.tranche_page import PAIR_STEPS
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY
from negotiations.models import Participant

MOST = 50  # of each kind: who has more waiting than that works down the board


@dataclass(frozen=True)
class WaitingRow:
    reference: str
    what: str
    note: str
    since: str
    at: datetime
    due: str
    late: bool
    url: str
    action: str


class Own:
    """The viewer's sides, offices and where they may do what."""

    def __init__(self, viewer: User) -> None:
        self.viewer = viewer

    @cached_property
    def memberships(self) -> list[Any]:
        return list(memberships_of(self.viewer).select_related("organisation"))

    @cached_property
    def _parties(self) -> set[int]:
        return {row.organisation.party_id for row in self.memberships if row.organisation.party_id}

    @cached_property
    def _participants(self) -> list[Participant]:
        """Those that the viewer speaks for, and those that do not work here: read together."""
        if not self._parties:
            return []
        rows = Participant.objects.visible_to(self.viewer)
        return list(rows.filter(Q(party__in=self._parties) | Q(works_here=False)))

    @cached_property
    def sides(self) -> set[UUID]:
        """The participants that the viewer speaks for."""
        return {one.pk for one in self._participants if one.party_id in self._parties}

    @cached_property
    def absent(self) -> dict[UUID, Participant]:
        """The participants that do not work here: whatever they do is recorded as their word."""
        return {one.pk: one for one in self._participants if not one.works_here}

    @cached_property
    def offices(self) -> set[UUID]:
        signing = set(roles_with(May.SIGN, May.RECORD_SIGN_OFF))
        return {row.organisation_id for row in self.memberships if row.role in signing}

    @cached_property
    def roles(self) -> set[str]:
        return {row.role for row in self.memberships}

    def holds(self, *capabilities: str) -> bool:
        """Whether any role of theirs could give one of these: else nothing need be asked of the database."""
        return not self.roles.isdisjoint(roles_with(*capabilities))

    def where(self, *capabilities: str) -> Any:
        return compartments_where(self.viewer, *capabilities)

    @cached_property
    def running(self) -> list[TrancheFacts]:
        rows = Tranche.objects.visible_to(self.viewer).exclude(status=TrancheStatus.ABORTED)
        rows = rows.filter(exchange__status__in=NEGOTIATING_TO_UNDER_WAY, exchange__hold=ExchangeHold.NONE)
        rows = rows.filter(takes_part(self.sides, "exchange__"))
        tranches = list(rows.select_related("exchange").order_by("-status_since")[:MOST])
        return list(facts_of(tranches, self.viewer).values())

    @cached_property
    def directions(self) -> dict[UUID, list[Direction]]:
        """Of the exchanges of running tranches: one query for them all."""
        found: dict[UUID, list[Direction]] = {}
        wanted = {facts.tranche.exchange_id for facts in self.running}
        for direction in Direction.objects.visible_to(self.viewer).filter(exchange__in=wanted):
            found.setdefault(direction.exchange_id, []).append(direction)
        return found

    @cached_property
    def pairs(self) -> list[SecondPair]:
        """Questions for a second person of the viewer's side, their own among them."""
        if not self.holds(*PAIR_STEPS.values()):
            return []
        rows = SecondPair.objects.visible_to(self.viewer).filter(confirmed_by=None, step__in=PAIR_STEPS)
        rows = rows.filter(compartment_id__in=self.where(*PAIR_STEPS.values()))
        return list(rows.select_related("asked_by").order_by("asked_at")[: 2 * MOST])

    def allowed(self, *capabilities: str) -> set[UUID]:
        """Compartments of running tranches where the viewer holds one of these."""
        wanted = {facts.tranche.compartment_id for facts in self.running}
        held = Exchange.objects.where(self.viewer, *capabilities).filter(compartment_id__in=wanted)
        return set(held.values_list("compartment_id", flat=True)) if wanted and self.holds(*capabilities) else set()


def takes_part(sides: set[UUID], prefix: str = "") -> Q:
    directions = Direction.objects.unscoped("narrows a queryset that is scoped already").filter(
        Q(holder__in=sides) | Q(receiver__in=sides)
    )
    return Q(**{f"{prefix}pk__in" if prefix else "pk__in": directions.values("exchange_id")})


def settled_exchanges(own: Own) -> "QuerySet[Exchange]":
    """Whose every tranche is settled, so that the counts of the whole are to be stated."""
    tranches = Tranche.objects.unscoped("of exchanges in scope").filter(exchange=OuterRef("pk"))
    unsettled = tranches.exclude(status__in=(*SETTLED, TrancheStatus.ABORTED))
    rows: QuerySet[Exchange] = Exchange.objects.where(own.viewer, May.DECIDE)
    return rows.filter(~Exists(unsettled), takes_part(own.sides), status=ExchangeStatus.UNDER_WAY)


def row_of(reference: str, what: str, at: datetime, url: str, action: str, note: str = "") -> WaitingRow:
    return WaitingRow(reference, what, note, age(at), at, "", False, url, action)


def overdue_row(what: str, due_on: date, url: str) -> WaitingRow:
    """Of several things owed, the first of which was due on this day."""
    at = datetime.combine(due_on, time.max, UTC)
    return WaitingRow("", what, "", "", at, day(due_on), True, url, _("Open"))
