"""Steps as a page offers them: one primary, and those that an absent side took by its word."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May
from core import clock
from core.lifecycle import Transition
from exchanges.models import Direction, Exchange, Tranche
from exchanges.operations.taking import Circumstances, prepare
from exchanges.presentation.steps import StepView, exchange_steps, tranche_steps
from exchanges.standing import Parties, Standing, TwoSides, Word, standing_of
from exchanges.transitions import direction as direction_table
from exchanges.transitions import exchange as exchange_table
from exchanges.transitions import tranche as tranche_table
from negotiations.models import Participant

EXCHANGE_FIRST = ("propose", "accept", "resume", "settle_counts")
TRANCHE_FIRST = ("lock", "start_sign_off", "stage", "go", "record_receipts", "settle")


@dataclass(frozen=True)
class WordStep:
    """A step of an absent side that the viewer may record as its word."""

    label: str
    participant: str
    url: str


def standing_of_viewer(exchange: Exchange, viewer: User, parties: Parties) -> Standing:
    """Whoever belongs to two sides of a table acts for neither."""
    try:
        return standing_of(viewer, exchange.compartment_id, parties, (May.NEGOTIATE, May.HOLD))
    except TwoSides:
        return Standing(viewer, None, None)


def may_anywhere(viewer: User, exchange: Exchange, parties: Parties) -> frozenset[str]:
    """Over all seats at this table: what a section may be shown by."""
    seats = parties.seats_of(viewer, exchange.compartment_id)
    return frozenset[str]().union(*(seat.capabilities for seat in seats))


def steps_of_exchange(exchange: Exchange, viewer: User, parties: Parties) -> list[StepView]:
    try:
        steps = with_primary(exchange_steps(exchange, viewer, parties), EXCHANGE_FIRST)
    except TwoSides:
        return []
    return [_as_sent(step) for step in steps] if parties.ours_alone else steps


def _as_sent(step: StepView) -> StepView:
    """Nobody reads a proposal here but those who wrote it: they record that it went out."""
    return replace(step, label=_("Record as sent to them")) if step.step == "propose" else step


def steps_of_tranche(tranche: Tranche, viewer: User, parties: Parties) -> list[StepView]:
    try:
        return with_primary(tranche_steps(tranche, viewer, parties), TRANCHE_FIRST)
    except TwoSides:
        return []


def with_primary(steps: Iterable[StepView], order: Iterable[str]) -> list[StepView]:
    """The first in `order` that is allowed becomes the one primary action."""
    steps = list(steps)
    allowed = {step.step for step in steps if step.allowed}
    first = next((name for name in order if name in allowed), None)
    return [replace(step, primary=step.step == first) for step in steps]


def words_for_exchange(exchange: Exchange, viewer: User, parties: Parties) -> list[WordStep]:
    found = _words(exchange_table.TRANSITIONS.values(), exchange, exchange, viewer, parties, "exchanges:step")
    submit = direction_table.TRANSITIONS["submit"]
    for direction in parties.directions:
        url = reverse("exchanges:direction_step", args=[direction.pk, "submit"])
        given = {"direction": direction}
        label = _("The list they sent") if parties.ours_alone else submit.label
        found += [
            WordStep(
                f"{label}: {direction}",
                str(side),
                _with_word(url, side),
            )
            for side in (direction.holder, direction.receiver)
            if may_bring(submit, exchange, exchange, viewer, parties, side, given=given)
        ]
    return found


def words_for_tranche(tranche: Tranche, viewer: User, parties: Parties) -> list[WordStep]:
    rows = tranche_table.TRANSITIONS.values()
    return _words(rows, tranche, tranche.exchange, viewer, parties, "exchanges:tranche_step")


def _words(
    rows: Iterable[Transition], subject: Any, exchange: Exchange, viewer: User, parties: Parties, route: str
) -> list[WordStep]:
    return [
        WordStep(str(row.label), str(side), _with_word(reverse(route, args=[subject.pk, row.step]), side))
        for side in parties.all
        for row in rows
        if may_bring(row, subject, exchange, viewer, parties, side)
    ]


def may_bring(
    row: Transition, subject: Any, exchange: Exchange, viewer: User, parties: Parties, side: Participant, *,
    given: dict[str, Any] | None = None, compartment: object = None,
) -> bool:  # fmt: skip
    """Whether the viewer may record that `side`, which does not work here, has taken this step."""
    if side.works_here or not row.takes_word:
        return False
    word = Word(side.pk, "", "", clock.now(), "", "")
    try:
        attempt, _standing, _participant = prepare(
            row, subject, exchange, parties, actor=viewer, circumstances=Circumstances(word=word), given=given,
            compartment=compartment, asks_only=True,
        )  # fmt: skip
    except TwoSides:
        return False
    return not row.refusal(attempt)


def may_answer(direction: Direction, exchange: Exchange, viewer: User, parties: Parties) -> str:
    """Why the viewer's side cannot answer lines of this direction now; empty when it can."""
    row = direction_table.TRANSITIONS["submit"]
    try:
        attempt, _standing, _participant = prepare(
            row, exchange, exchange, parties, actor=viewer, given={"direction": direction}, asks_only=True
        )
    except TwoSides as refused:
        return refused.sentence
    return row.refusal(attempt)


def _with_word(url: str, side: Participant) -> str:
    return f"{url}?{urlencode({'word': side.pk})}"
