"""The steps of a life cycle for one viewer: what may be taken now, and why the rest may not."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from access.models import User
from core.lifecycle import Transition
from exchanges.models import Direction, Exchange, SignOffStep, Tranche
from exchanges.operations.sign_off import office_seat
from exchanges.operations.taking import prepare
from exchanges.standing import Parties, TwoSides
from exchanges.transitions import direction as direction_table
from exchanges.transitions import exchange as exchange_table
from exchanges.transitions import sign_off as sign_off_table
from exchanges.transitions import tranche as tranche_table


@dataclass(frozen=True)
class StepView:
    step: str
    label: str
    allowed: bool
    why_not: str
    url: str
    has_own_form: bool
    needs_reason: bool
    takes_word: bool
    stops: bool
    primary: bool = False


def exchange_steps(exchange: Exchange, viewer: User, parties: Parties | None = None) -> list[StepView]:
    parties = parties or Parties(exchange)
    return [
        _view(row, exchange, exchange, parties, viewer, reverse("exchanges:step", args=[exchange.pk, row.step]))
        for row in exchange_table.TRANSITIONS.values()
    ]


def tranche_steps(tranche: Tranche, viewer: User, parties: Parties | None = None) -> list[StepView]:
    parties = parties or Parties(tranche.exchange)
    return [
        _view(row, tranche, tranche.exchange, parties, viewer, reverse("exchanges:tranche_step", args=[tranche.pk, row.step]))
        for row in tranche_table.TRANSITIONS.values()
    ]  # fmt: skip


def sign_off_steps(step: SignOffStep, viewer: User, parties: Parties | None = None) -> list[StepView]:
    exchange = step.tranche.exchange
    parties = parties or Parties(exchange)
    given = {"seat": office_seat(step, viewer)}
    return [
        _view(
            row, step, exchange, parties, viewer, reverse("exchanges:sign_off_step", args=[step.pk, row.step]), given=given,
            compartment=step.compartment_id,
        )
        for row in sign_off_table.TRANSITIONS.values()
    ]  # fmt: skip


def direction_steps(direction: Direction, viewer: User, parties: Parties | None = None) -> list[StepView]:
    exchange = direction.exchange
    parties = parties or Parties(exchange)
    row = direction_table.TRANSITIONS["submit"]
    url = reverse("exchanges:direction_step", args=[direction.pk, row.step])
    return [_view(row, exchange, exchange, parties, viewer, url, given={"direction": direction})]


def _view(
    row: Transition, subject: Any, exchange: Exchange, parties: Parties, viewer: User, url: str,
    given: dict[str, Any] | None = None, compartment: object = None,
) -> StepView:  # fmt: skip
    try:
        attempt, _standing, _participant = prepare(
            row, subject, exchange, parties, actor=viewer, given=given, compartment=compartment, asks_only=True
        )
        why_not = row.refusal(attempt)
    except TwoSides as refused:  # whoever sits on both sides may look, not act
        why_not = refused.sentence
    return StepView(
        step=row.step, label=str(row.label), allowed=not why_not, why_not=why_not, url=url,
        has_own_form=row.has_own_form or row.asks_first, needs_reason=row.needs_reason, takes_word=row.takes_word,
        stops=row.stops,
    )  # fmt: skip
