"""Three participants in a ring: three directions, three pairs, three finals, three gos, three statements."""

import pytest

from core.errors import InputRefused
from exchanges.lists import lines_from_rows
from exchanges.models import Entry, Go, LockAgreement
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import tranche as tranches
from tests import factories, scenes
from tests.checks import refused
from tests.keeping import kept


@pytest.fixture
def talks(cast):
    return scenes.three(cast)


def negotiating(talks, *routes):
    exchange = exchanges.propose(scenes.drafted(talks, *routes), actor=talks.cast.north.negotiator)
    for side in (talks.cast.south, talks.east_side):
        exchange = exchanges.accept(exchange, formula_version=1, actor=side.negotiator)
    return exchange


def planned(talks, exchange, count=2):
    entries = factories.agreed_entries(talks, exchange, count)
    return tranches.plan_tranche(exchange, actor=talks.cast.north.negotiator, entries=entries)


def ring(talks):
    north, south, east = talks.north, talks.south, talks.east
    return negotiating(talks, (north, south, 2), (south, east, 2), (east, north, 2))


def locked_by(talks, tranche, *sides):
    for side in sides:
        for who in (side.head, side.deputy):
            tranche = tranches.lock(tranche, actor=who)
    return tranche


def staged(talks, tranche):
    locked_by(talks, tranche, *talks.sides)
    tranches.take_step(tranche, "start_sign_off", actor=talks.cast.north.head)
    for side in talks.sides:
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)
        lists.clear(tranche, actor=side.head)
    return tranches.take_step(tranche, "stage", actor=talks.cast.north.handover)


def test_lock_waits_for_three_pairs(talks):
    tranche = planned(talks, ring(talks))

    assert locked_by(talks, tranche, talks.cast.north, talks.cast.south).status == "planned"
    assert locked_by(talks, tranche, talks.east_side).status == "locked"
    assert LockAgreement.objects.unscoped("test").count() == 3


def test_tranche_waits_for_three_finals(talks):
    tranche = locked_by(talks, planned(talks, ring(talks)), *talks.sides)
    tranches.take_step(tranche, "start_sign_off", actor=talks.cast.north.head)
    for side in talks.sides:
        factories.sign(tranche, side, side.head)

    for side, status in zip(
        talks.sides, ("awaiting_final_sign_off", "awaiting_final_sign_off", "signed_off"), strict=True
    ):
        factories.sign(tranche, side, side.president, final=True)
        assert scenes.again(tranche).status == status


def test_it_goes_with_the_third_go(talks):
    tranche = staged(talks, planned(talks, ring(talks)))

    statuses = [tranches.take_step(tranche, "go", actor=side.handover).status for side in talks.sides]

    assert statuses == ["staged", "staged", "gone"]
    assert Go.objects.unscoped("test").count() == 3


def test_ring_goes_its_whole_way(talks):
    exchange = ring(talks)
    tranche = staged(talks, planned(talks, exchange))
    for side in talks.sides:
        tranches.take_step(tranche, "go", actor=side.handover)
    for side in talks.sides:
        own = tranche.entries.filter(direction__receiver__party=side.party)
        outcomes = [{"entry": entry.pk, "outcome": "received"} for entry in own]
        tranches.record_receipts(tranche, outcomes=outcomes, actor=side.handover)
    for side in talks.sides:
        tranche = tranches.settle(tranche, presented=2, actor=side.head)
    assert tranche.status == "received"

    for side in talks.sides:
        exchange = exchanges.settle_counts(exchange, promised=2, presented=2, received=2, actor=side.head)

    assert exchange.status == "completed"


# One holder, two receivers; one receiver, two holders


@pytest.fixture
@kept
def fan(talks):
    """North holds for both others and receives from both."""
    north, south, east = talks.north, talks.south, talks.east
    exchange = negotiating(talks, (north, south, 2), (north, east, 2), (south, north, 2), (east, north, 2))
    tranche = staged(talks, planned(talks, exchange))
    for side in talks.sides:
        tranche = tranches.take_step(tranche, "go", actor=side.handover)
    return tranche


def test_holder_states_a_number_for_each_direction(talks, fan):
    to_south, to_east, *_rest = factories.directions(fan.exchange)
    with refused("North → South, North → East", error=InputRefused):
        tranches.settle(fan, presented=4, actor=talks.cast.north.head)

    tranches.settle(fan, presented={str(to_south.pk): 2, str(to_east.pk): 1}, actor=talks.cast.north.head)

    stated = fan.count_statements.order_by("direction__number").values_list("direction__number", "presented")
    assert list(stated) == [(1, 2), (2, 1)]


def test_number_that_two_lines_bear_names_neither(talks, fan):
    with refused("not on the manifest of those your side receives"):
        tranches.record_receipts(
            fan, outcomes=[{"entry": "#1", "outcome": "received"}], actor=talks.cast.north.handover
        )  # fmt: skip

    tranches.record_receipts(fan, outcomes=[{"entry": "#1", "outcome": "received"}], actor=talks.cast.south.handover)


def test_side_that_has_no_part_in_a_direction_corrects_no_line_of_it(talks):
    tranche = locked_by(talks, planned(talks, ring(talks)), *talks.sides)
    line = Entry.objects.unscoped("test").filter(tranche=tranche, direction__number=1).first()

    with refused("Only North and South work on this list."):
        tranches.correct_entry(
            tranche, entry=line.pk, changes={"given": "S"}, source="letter", actor=talks.east_side.head
        )  # fmt: skip


def test_third_side_submits_nothing_between_two(talks):
    exchange = ring(talks)
    first = factories.directions(exchange)[0]

    with refused("Only North and South work on this list."):
        lists.submit(
            first, lines=lines_from_rows(factories.rows(1)), message="m", base=0, actor=talks.east_side.negotiator
        )  # fmt: skip
