"""Two tranches, one came home, the rest stopped: ended short, with a correction afterwards."""

import pytest

from exchanges.lists import lines_from_rows
from exchanges.models import Receipt, TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from tests import factories, scenes
from tests.checks import kinds, refused

T = TrancheStatus


@pytest.fixture
def first(scene):
    """Three each way came home: the first tranche."""
    return factories.tranche_at(scene, T.RECEIVED)


@pytest.fixture
def second(scene, first):
    """One more from the south, beyond the formula, which both sides confirm: signed off."""
    direction = factories.directions(first.exchange)[0]
    rows = [{"number": number} for number in (1, 2, 3)] + factories.rows(1, first=800)
    lists.submit(direction, lines=lines_from_rows(rows), message="one more", base=1, actor=scene.cast.south.negotiator)
    more = direction.entries.filter(number=4)
    lists.answer(first.exchange, entries=more, stance="agreed", actor=scene.cast.north.negotiator)
    tranche = tranches.plan_tranche(first.exchange, actor=scene.cast.north.negotiator, entries=more)
    sides = (scene.cast.north, scene.cast.south)
    for side in sides:
        for who in (side.head, side.deputy):
            tranche = tranches.lock(tranche, actor=who, imbalance_confirmed=True)
    tranches.take_step(tranche, "start_sign_off", actor=scene.cast.north.head)
    for side in sides:
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)
    return scenes.again(tranche)


def test_later_tranche_tells_its_own_story(first, second):
    assert (second.status, scenes.again(first.exchange).status) == ("signed_off", "under_way")


def test_exchange_ends_short_and_aborts_the_rest(scene, first, second):
    exchange = exchanges.take_step(first.exchange, "end_short", actor=scene.cast.south.head, reason="shelling")

    assert (exchange.status, scenes.again(second).status, scenes.again(first).status) == (
        "ended_short", "aborted", "received",
    )  # fmt: skip
    assert kinds(exchange)[-1] == "exchange.ended_short"


def test_nothing_moves_afterwards_but_corrections(scene, first, second):
    exchange = exchanges.take_step(first.exchange, "end_short", actor=scene.cast.south.head, reason="shelling")
    with refused("not possible while this is ended short"):
        exchanges.settle_counts(exchange, promised=3, presented=3, received=3, actor=scene.cast.north.head)
    with refused("not possible while this is aborted"):
        tranches.take_step(second, "stage", actor=scene.cast.north.handover)
    with refused("not in sign-off"):
        sign_offs.withdraw(
            factories.step_of(second, scene.cast.north, final=True), reason="r", actor=scene.cast.north.president
        )

    entry = first.entries.filter(direction__receiver__party=scene.cast.north.party).first()
    outcomes = [{"entry": entry.pk, "outcome": "evacuated", "note": "to a hospital"}]
    tranches.record_receipts(first, outcomes=outcomes, actor=scene.cast.north.handover)

    assert Receipt.objects.unscoped("test").filter(entry=entry).count() == 2
    assert scenes.again(exchange).status == "ended_short"


def test_entry_of_an_aborted_tranche_may_travel_in_another(scene, first, second):
    tranches.take_step(second, "abort", actor=scene.cast.north.head, reason="shelling")

    third = tranches.plan_tranche(
        first.exchange, actor=scene.cast.north.negotiator, entries=list(second.entries.all())
    )  # fmt: skip

    assert (third.number, third.entries.count()) == (3, 1)
