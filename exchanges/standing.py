"""Where somebody stands at an exchange: their seat, the participant they speak for, and the word they may bring."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from access.models import Compartment, User
from access.roles import May
from access.scoping import Seat, seats_of
from core.errors import DomainError, InputRefused
from exchanges.models import Direction, Exchange
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
    """The participants of one exchange: those its directions name. Read once, inside an operation or a page."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._seats: dict[tuple[UUID, UUID], list[Seat]] = {}

    @cached_property
    def directions(self) -> list[Direction]:
        rows = Direction.objects.unscoped("the operation has reread the exchange in scope")
        return list(rows.filter(exchange=self.exchange).select_related("holder", "receiver").order_by("number"))

    @cached_property
    def all(self) -> list[Participant]:
        found = {p.pk: p for d in self.directions for p in (d.holder, d.receiver)}
        return sorted(found.values(), key=lambda participant: participant.letter)

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
            self._seats[actor.pk, pk] = seats_of(actor, pk)
        return self._seats[actor.pk, pk]

    def of_party(self, party_id: UUID | None) -> Participant | None:
        return next((p for p in self.all if party_id and p.party_id == party_id), None)


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
