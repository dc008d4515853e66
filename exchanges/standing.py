"""Where somebody stands at an exchange: their seat, the participant they speak for, and the word they may bring."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from access.models import Compartment, User
from access.roles import May
from access.scoping import Seat, memberships_seated, seats_from
from core.errors import DomainError, InputRefused
from core.together import Later, Together
from exchanges.models import (
    AFTER_GO,
    Acceptance,
    CountStatement,
    Direction,
    Exchange,
    FormulaLine,
    ManifestLine,
    Receipt,
    Tranche,
)
from negotiations.models import Participant


class TwoSides(DomainError):
    """One user may not act for two participants of one table (RULES section 8)."""


@dataclass(frozen=True)
class Word:
    """An absent participant's act as somebody told it to us."""

    participant: UUID
    who: str
    to_whom: str
    happened_at: datetime
    source: str
    according_to: str

    @classmethod
    def checked(cls, given: Mapping[str, Any]) -> "Word":
        """Raise InputRefused naming every missing part."""
        missing = {field.name: [_("Fill this in.")] for field in fields(cls) if not given.get(field.name)}
        if missing:
            raise InputRefused(_("Their word needs every part: who told whom, when, how."), errors=missing)
        return cls(**{field.name: given[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Standing:
    """`seat` is None for somebody who merely sees; `participant` is None for a mediator or an observer."""

    actor: User
    seat: Seat | None
    participant: Participant | None

    @property
    def capabilities(self) -> frozenset[str]:
        return self.seat.capabilities if self.seat else frozenset()

    @property
    def home(self) -> Compartment | None:
        return self.seat.organisation.home if self.seat else None


class Parties:
    """The participants of one exchange, those its directions name, and how far each has come with the exchange as a whole.

    Each is read once, inside an operation or a page. A page gives `together`: then everything is read with what else the
    page shows.
    """

    def __init__(self, exchange: Exchange, together: Together | None = None, viewer: User | None = None) -> None:
        self.exchange = exchange
        self._seats: dict[tuple[UUID, UUID], list[Seat]] = {}
        self._later: dict[str, Later[Any]] = {}
        self._seated: Later[Any] | None = None
        self._viewer = viewer
        if together is not None:
            self._later = {name: together.later(ask(exchange)) for name, ask in _ASKED.items()}
        if together is not None and viewer is not None:
            self._seated = together.later(memberships_seated(viewer, exchange.compartment_id))

    def _read(self, name: str) -> list[Any]:
        return self._later[name].rows if name in self._later else list(_ASKED[name](self.exchange))

    @cached_property
    def directions(self) -> list[Direction]:
        return self._read("directions")

    @cached_property
    def formula(self) -> dict[UUID, list[FormulaLine]]:
        """The lines of the current version, by direction."""
        lines: dict[UUID, list[FormulaLine]] = {}
        for line in self._read("formula"):
            lines.setdefault(line.direction_id, []).append(line)
        return lines

    @cached_property
    def accepted(self) -> set[UUID]:
        """The participants that accepted the current version."""
        return set(self._read("accepted"))

    @cached_property
    def settled(self) -> set[UUID]:
        """The participants that stated their counts of the whole exchange."""
        return set(self._read("settled"))

    @cached_property
    def tranche_statuses(self) -> list[str]:
        return self._read("tranche_statuses")

    @cached_property
    def gone_without_outcome(self) -> list[int]:
        """The numbers of the tranches that have gone and of which a line has no outcome yet."""
        return self._read("gone_without_outcome")

    @cached_property
    def all(self) -> list[Participant]:
        found = {p.pk: p for d in self.directions for p in (d.holder, d.receiver)}
        return sorted(found.values(), key=lambda participant: participant.letter)

    @property
    def ours_alone(self) -> bool:
        return self.exchange.negotiation.is_ours_alone

    @property
    def here(self) -> list[Participant]:
        return [participant for participant in self.all if participant.works_here]

    def by_id(self, pk: UUID | str) -> Participant:
        for participant in self.all:
            if str(participant.pk) == str(pk):
                return participant
        raise InputRefused(_("This is no participant of the exchange."), errors={"participant": [_("Unknown.")]})

    def seats_of(self, actor: User, compartment: Compartment | UUID) -> list[Seat]:
        """Read once for each compartment: a page asks for every step it draws."""
        pk = compartment.pk if isinstance(compartment, Compartment) else compartment
        if (actor.pk, pk) not in self._seats:
            is_expected = self._viewer == actor and pk == self.exchange.compartment_id
            seated = self._seated.rows if self._seated and is_expected else memberships_seated(actor, pk)
            self._seats[actor.pk, pk] = seats_from(seated, actor)
        return self._seats[actor.pk, pk]

    def of_party(self, party_id: UUID | None) -> Participant | None:
        return next((p for p in self.all if party_id and p.party_id == party_id), None)


def _directions(exchange: Exchange) -> "QuerySet[Direction]":
    rows = Direction.objects.unscoped("the exchange was read in scope").filter(exchange=exchange)
    return rows.select_related("holder", "receiver").order_by("number")


def _formula(exchange: Exchange) -> "QuerySet[FormulaLine]":
    rows = FormulaLine.objects.unscoped("the exchange was read in scope").filter(direction__exchange=exchange)
    return rows.filter(formula_version=exchange.formula_version).order_by("category")


def _accepted(exchange: Exchange) -> "QuerySet[Any, UUID]":
    rows = Acceptance.objects.unscoped("the exchange was read in scope").filter(exchange=exchange)
    rows = rows.filter(formula_version=exchange.formula_version).order_by()
    return rows.values_list("participant_id", flat=True)


def _settled(exchange: Exchange) -> "QuerySet[Any, UUID]":
    rows = CountStatement.objects.unscoped("the exchange was read in scope").filter(exchange=exchange, tranche=None)
    return rows.order_by().values_list("participant_id", flat=True)


def _tranche_statuses(exchange: Exchange) -> "QuerySet[Any, str]":
    rows = Tranche.objects.unscoped("the exchange was read in scope").filter(exchange=exchange)
    return rows.order_by("number").values_list("status", flat=True)


def _gone_without_outcome(exchange: Exchange) -> "QuerySet[Any, int]":
    told = Receipt.objects.unscoped("the exchange was read in scope").filter(
        entry=OuterRef("entry_id"), tranche=OuterRef("manifest__tranche_id")
    )
    lines = ManifestLine.objects.unscoped("the exchange was read in scope").filter(
        ~Exists(told), manifest__tranche__exchange=exchange, manifest__tranche__status__in=AFTER_GO,
        manifest__lock_number=F("manifest__tranche__lock_number"),
    )  # fmt: skip
    numbers = lines.order_by("manifest__tranche__number").values_list("manifest__tranche__number", flat=True)
    return numbers.distinct()


_ASKED: dict[str, Callable[[Exchange], "QuerySet[Any, Any]"]] = {
    "directions": _directions,
    "formula": _formula,
    "accepted": _accepted,
    "settled": _settled,
    "tranche_statuses": _tranche_statuses,
    "gone_without_outcome": _gone_without_outcome,
}


def standing_of(
    actor: User, compartment: Compartment | UUID, parties: Parties, capabilities: Iterable[str] = ()
) -> Standing:
    """Their standing, preferring the seat that holds one of `capabilities`. Raises TwoSides."""
    seats = parties.seats_of(actor, compartment)
    sides = {side.pk for seat in seats if (side := parties.of_party(seat.party_id))}
    if len(sides) > 1:
        raise TwoSides(_("You belong to two participants of this table: act from an account that belongs to one."))
    wanted = frozenset(capabilities)
    seat = next((seat for seat in seats if not seat.capabilities.isdisjoint(wanted)), seats[0] if seats else None)
    return Standing(actor, seat, parties.of_party(seat.party_id) if seat else None)


def may_bring_word(standing: Standing) -> bool:
    return May.DECIDE in standing.capabilities
