"""The whole table of RULES section 1: every step × role without a database, every status × step × (may, may not) with it.

A cell that is refused leaves nothing: no event, no status, no row. A cell that succeeds is written down here by hand.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from access.models import User
from access.roles import Role, capabilities_of
from audit.models import Event
from core.errors import DomainError
from core.lifecycle import Attempt
from exchanges.lists import lines_from_rows
from exchanges.models import Entry, Exchange, ExchangeStatus, SignOffStep, StepStatus, Tranche, TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.transitions import direction as direction_table
from exchanges.transitions import exchange as exchange_table
from exchanges.transitions import sign_off as sign_off_table
from exchanges.transitions import tranche as tranche_table
from tests import factories
from tests.cast import PASSWORD

S, T = ExchangeStatus, TrancheStatus
TABLES = {
    "exchange": exchange_table.TRANSITIONS,
    "tranche": tranche_table.TRANSITIONS,
    "sign_off": sign_off_table.TRANSITIONS,
    "direction": direction_table.TRANSITIONS,
}
ROWS = [pytest.param(row, id=f"{name}-{row.step}") for name, table in TABLES.items() for row in table.values()]


# Step × role, pure


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("row", ROWS)
def test_capability_decides_without_a_database(row, role):
    for status in row.sources:
        subject = SimpleNamespace(status=status)
        held = capabilities_of([role])
        needed = row.may_in.get(status, row.may)
        refused = str(row.refusal_by_capability(Attempt(subject=subject, capabilities=held)))
        assert bool(refused) == held.isdisjoint(needed)


@pytest.mark.parametrize("row", ROWS)
def test_every_other_status_is_refused_in_a_sentence(row):
    for status in {*S.values, *T.values, *StepStatus.values} - row.sources:
        sentence = str(row.refusal_by_status(status))
        assert sentence.endswith(".")
        assert str(row.label) in sentence


@pytest.mark.parametrize("row", ROWS)
def test_suspension_stops_all_but_the_rows_named(row):
    refused = bool(row.refusal_by_suspension(SimpleNamespace(suspended=True)))

    assert refused == (row.row not in {8, 9, 10, 21, 22, 25, 26, 27, 34})


@pytest.mark.parametrize("row", ROWS)
def test_word_of_the_absent_needs_decide_and_is_taken_only_where_the_rules_say(row):
    subject = SimpleNamespace(status=next(iter(row.sources)))
    may = Attempt(subject=subject, capabilities=frozenset({"decide"}), by_word=True)

    accepts = row.step in {
        "propose", "counter", "accept", "decline", "postpone", "suspend", "resume", "submit", "approve", "refuse",
        "withdraw", "go", "record_receipts", "settle", "settle_counts",
    }  # fmt: skip
    assert bool(row.refusal_by_capability(may)) != accepts


# Status × step × (one who may, one who may not), on the database


def _exchange_call(scene: factories.Talks, exchange: Exchange, step: str, actor: User) -> Any:
    match step:
        case "propose":
            return exchanges.propose(exchange, actor=actor)
        case "counter":
            return exchanges.counter(exchange, lines={}, actor=actor)
        case "accept":
            return exchanges.accept(exchange, formula_version=exchange.formula_version, actor=actor)
        case "settle_counts":
            return exchanges.settle_counts(exchange, promised=3, presented=3, received=3, actor=actor)
    return exchanges.take_step(exchange, step, actor=actor, reason="a reason")


# Statuses in which the one who may (the south for answers to the north's formula, else the north) succeeds.
RUNNING = {S.NEGOTIATING, S.PREPARING, S.AWAITING_FINAL, S.SIGNED_OFF, S.UNDER_WAY}
EXCHANGE_SUCCEEDS = {
    "propose": {S.DRAFT},
    "counter": {S.PROPOSED},  # in COUNTERED the version is the south's own
    "accept": {S.PROPOSED},
    "decline": {S.PROPOSED, S.COUNTERED},
    "postpone": RUNNING,
    "suspend": RUNNING,
    "resume": set(),  # nothing holds it
    "cancel": {S.DRAFT, S.PROPOSED, S.COUNTERED, *RUNNING} - {S.UNDER_WAY},
    "end_short": set(),  # the tranche that went has no receipts yet
    "settle_counts": set(),  # and is not settled
}
BY_SOUTH = {"counter", "accept"}


@pytest.mark.slow
@pytest.mark.parametrize("status", S.values)
def test_exchange_cells(scene, status):
    exchange = factories.exchange_at(scene, status)
    side = scene.cast.north
    for step in exchange_table.TRANSITIONS:
        may = scene.cast.south.head if step in BY_SOUTH else side.head
        assert _attempt(exchange, lambda step=step, may=may: _exchange_call(scene, exchange, step, may)) == (
            status in EXCHANGE_SUCCEEDS[step]
        ), (status, step)  # fmt: skip
        for may_not in (side.clerk, scene.cast.mediator, scene.cast.outsider):
            assert not _attempt(
                exchange, lambda step=step, who=may_not: _exchange_call(scene, exchange, step, who)
            ), (status, step, may_not)  # fmt: skip


def _tranche_call(tranche: Tranche, step: str, actor: User) -> Any:
    match step:
        case "lock":
            return tranches.lock(tranche, actor=actor)
        case "record_receipts":
            entry = Entry.objects.unscoped("test").filter(
                tranche=tranche, direction__receiver__party__name="North"
            ).first()  # fmt: skip
            return tranches.record_receipts(tranche, outcomes=[{"entry": entry.pk, "outcome": "received"}], actor=actor)
        case "settle":
            return tranches.settle(tranche, presented=3, actor=actor)
        case "correct_entry":
            entry = Entry.objects.unscoped("test").filter(tranche=tranche).first()
            return tranches.correct_entry(
                tranche, entry=entry.pk, changes={"given": "Samuel"}, source="letter", actor=actor
            )
    return tranches.take_step(tranche, step, actor=actor, reason="a reason")


LOCKED = {T.LOCKED, T.IN_SIGN_OFF, T.AWAITING_FINAL, T.SIGNED_OFF, T.STAGED}
GONE = {T.GONE, T.RECEIVED, T.ONE_SIDED, T.DISPUTED}
TRANCHE_SUCCEEDS = {
    "lock": {T.PLANNED},
    "unlock": LOCKED,
    "start_sign_off": {T.LOCKED},
    "stage": {T.SIGNED_OFF},
    "hold": LOCKED,
    "release_hold": set(),  # nothing is held
    "go": {T.STAGED},
    "record_receipts": GONE,
    "settle": GONE,
    "abort": LOCKED | {T.PLANNED},
    "correct_entry": LOCKED,
}


@pytest.mark.slow
@pytest.mark.parametrize("status", T.values)
def test_tranche_cells(scene, status):
    tranche = factories.tranche_at(scene, status)
    side = scene.cast.north
    for step in tranche_table.TRANSITIONS:
        assert _attempt(tranche, lambda step=step: _tranche_call(tranche, step, side.head)) == (
            status in TRANCHE_SUCCEEDS[step]
        ), (status, step)
        for may_not in (side.clerk, scene.cast.mediator, scene.cast.outsider):
            assert not _attempt(tranche, lambda step=step, who=may_not: _tranche_call(tranche, step, who)), (
                status, step, may_not,
            )  # fmt: skip


def _sign_off_call(step: SignOffStep, name: str, actor: User) -> Any:
    match name:
        case "approve":
            return sign_offs.approve(step, digest=factories.digest_of(step), password=PASSWORD, actor=actor)
        case "refuse":
            return sign_offs.refuse(step, reason="a reason", actor=actor)
    return sign_offs.withdraw(step, reason="a reason", actor=actor)


# The north's final step, by the tranche's status: (step's status there, what its president succeeds with).
FINAL_STEP = {
    T.LOCKED: (StepStatus.WAITING, set()),
    T.IN_SIGN_OFF: (StepStatus.WAITING, set()),
    T.AWAITING_FINAL: (StepStatus.PENDING, {"approve", "refuse"}),
    T.SIGNED_OFF: (StepStatus.APPROVED, {"withdraw"}),
    T.STAGED: (StepStatus.APPROVED, {"withdraw"}),
    T.GONE: (StepStatus.APPROVED, set()),
    T.RECEIVED: (StepStatus.APPROVED, set()),
}


@pytest.mark.slow
@pytest.mark.parametrize("status", FINAL_STEP)
def test_sign_off_cells(scene, status):
    tranche = factories.tranche_at(scene, status)
    step = factories.step_of(tranche, scene.cast.north, final=True)
    expected, succeeds = FINAL_STEP[status]
    assert step.status == expected
    for name in sign_off_table.TRANSITIONS:
        late = name == "withdraw" and status in GONE
        assert _attempt(
            step, lambda name=name: _sign_off_call(step, name, scene.cast.north.president), leaves_event=late
        ) == (name in succeeds), (status, name)  # fmt: skip
        for may_not in (scene.cast.north.clerk, scene.cast.south.president, scene.cast.outsider, scene.cast.mediator):
            assert not _attempt(step, lambda name=name, who=may_not: _sign_off_call(step, name, who)), (status, name)


def test_refused_final_can_approve_later(scene):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    step = factories.step_of(tranche, scene.cast.north, final=True)
    sign_offs.refuse(step, reason="not yet", actor=scene.cast.north.president)
    assert factories.step_of(tranche, scene.cast.north, final=True).status == StepStatus.REFUSED

    factories.sign(tranche, scene.cast.north, scene.cast.north.president, final=True)

    assert factories.step_of(tranche, scene.cast.north, final=True).status == StepStatus.APPROVED


SUBMIT_SUCCEEDS = RUNNING


@pytest.mark.parametrize("status", S.values)
def test_submit_cells(scene, status):
    exchange = factories.exchange_at(scene, status)
    direction = factories.directions(exchange)[1]  # the north holds
    lines = [{"number": n} for n in range(1, direction.next_entry_number)] + factories.rows(1, first=700)

    def submit(actor):
        return lists.submit(
            direction, lines=lines_from_rows(lines), message="one more", base=direction.latest_revision, actor=actor
        )

    assert _attempt(direction, lambda: submit(scene.cast.north.negotiator)) == (status in SUBMIT_SUCCEEDS)
    for may_not in (scene.cast.north.clerk, scene.cast.mediator, scene.cast.outsider):
        assert not _attempt(direction, lambda who=may_not: submit(who))


def _attempt(subject: Any, call: Any, *, leaves_event: bool = False) -> bool:
    """Whether the call succeeds. Refused, it must leave no event and an unchanged row; either way nothing stays."""
    before = (Event.objects.unscoped("test").count(), _facts(subject))
    savepoint = transaction.savepoint()
    try:
        call()
    except DomainError as refused:
        assert refused.sentence.strip()
        after = (Event.objects.unscoped("test").count(), _facts(subject))
        if not leaves_event:
            assert after == before
        return False
    except (Exchange.DoesNotExist, Tranche.DoesNotExist, SignOffStep.DoesNotExist, type(subject).DoesNotExist):
        assert (Event.objects.unscoped("test").count(), _facts(subject)) == before
        return False
    else:
        return True
    finally:
        transaction.savepoint_rollback(savepoint)


def _facts(subject: Any) -> dict[str, Any]:
    return type(subject).objects.unscoped("test").filter(pk=subject.pk).values().get()
