"""September 2022: fifteen asked for, five agreed, for fifty-five; refusals with reasons; by operations alone."""

import pytest

from exchanges.lists import lines_from_rows
from exchanges.models import Answer, CountStatement, Entry
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import tranche as tranches
from tests import factories, scenes
from tests.keeping import kept

REASONS = ["legal_bar", "says_not_held", "no_record", "status_disputed", "refused"]


@pytest.fixture
@kept
def agreed(scene):
    """The formula five for fifty-five, found after a counter-offer; the lists argued to their end."""
    north, south = scene.cast.north, scene.cast.south
    exchange = scenes.drafted(scene, (scene.south, scene.north, 15), (scene.north, scene.south, 55))
    exchange = exchanges.propose(exchange, actor=north.negotiator)
    they_hold, we_hold = factories.directions(exchange)
    exchanges.counter(exchange, lines={str(they_hold.pk): [{"category": "", "count": 5}]}, actor=south.negotiator)
    exchange = exchanges.accept(exchange, formula_version=2, actor=north.negotiator)
    asked = factories.rows(15)
    lists.submit(they_hold, lines=lines_from_rows(asked), message="whom we ask for", base=0, actor=north.negotiator)
    wanted = list(they_hold.entries.order_by("number"))
    lists.answer(exchange, entries=wanted[:5], stance="agreed", actor=south.negotiator)
    for index, entry in enumerate(wanted[5:]):
        reason = REASONS[index % len(REASONS)]
        lists.answer(exchange, entries=[entry], stance="refused", reason=reason, actor=south.negotiator)
    offered = factories.rows(55, first=100)
    lists.submit(we_hold, lines=lines_from_rows(offered), message="whom we offer", base=0, actor=north.negotiator)
    lists.answer(exchange, entries=we_hold.entries.all(), stance="agreed", actor=south.negotiator)
    return exchange


def test_ten_of_fifteen_are_refused_each_with_its_reason(agreed):
    refused = Answer.objects.unscoped("test").filter(stance="refused")

    assert refused.count() == 10
    assert {reason: refused.filter(reason=reason).count() for reason in REASONS} == dict.fromkeys(REASONS, 2)


def test_five_for_fifty_five_goes_its_whole_way(scene, agreed):
    sides = (scene.cast.north, scene.cast.south)
    entries = [e for e in Entry.objects.unscoped("test").filter(direction__exchange=agreed) if e.is_agreed]
    tranche = tranches.plan_tranche(agreed, actor=scene.cast.north.negotiator, place="the border", entries=entries)
    tranche = factories.lock(scene, tranche)
    tranches.take_step(tranche, "start_sign_off", actor=scene.cast.north.head)
    for side in sides:
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)
        lists.clear(tranche, actor=side.head)
    tranches.take_step(tranche, "stage", actor=scene.cast.south.handover)
    for side in sides:
        tranches.take_step(tranche, "go", actor=side.handover)
    for side, came in ((sides[0], 5), (sides[1], 55)):
        outcomes = [
            {"entry": entry.pk, "outcome": "received"}
            for entry in entries
            if entry.direction.receiver.party == side.party
        ]
        assert len(outcomes) == came
        tranches.record_receipts(tranche, outcomes=outcomes, actor=side.handover)
    tranches.settle(tranche, presented=55, actor=sides[0].head)
    assert tranches.settle(tranche, presented=5, actor=sides[1].head).status == "received"

    exchanges.settle_counts(agreed, promised=15, presented=55, received=5, actor=sides[0].head)
    exchange = exchanges.settle_counts(agreed, promised=5, presented=5, received=55, actor=sides[1].head)

    assert exchange.status == "completed"
    told = CountStatement.objects.unscoped("test").filter(exchange=exchange, tranche=None)
    assert sorted((row.promised, row.received) for row in told) == [(5, 55), (15, 5)]


def test_those_refused_cannot_be_locked_in(scene, agreed):
    refused = Entry.objects.unscoped("test").filter(direction__exchange=agreed, holder_stance="refused")

    assert not any(entry.is_agreed for entry in refused)
    assert refused.count() == 10
