"""One headquarters alone: the other side is a name, and its word carries it from proposed to completed."""

import pytest

from audit.models import Event
from exchanges.lists import lines_from_rows
from exchanges.models import Entry, SecondPair, SignOffStep
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from negotiations.models import TheirWord
from tests import factories, scenes
from tests.scenes import by_word


@pytest.fixture
def talks(cast):
    return scenes.alone(cast)


def test_their_word_carries_it_from_proposed_to_completed(talks):
    us = talks.cast.north

    # Proposed and accepted.
    exchange = scenes.drafted(talks, (talks.south, talks.north, 3), (talks.north, talks.south, 2))
    exchange = exchanges.propose(exchange, actor=us.negotiator)
    exchange = exchanges.accept(exchange, formula_version=1, actor=us.head, **by_word(talks.south))
    assert exchange.status == "negotiating"

    # Lists: they read theirs out, we offer ours.
    ours, theirs = factories.directions(exchange)
    lists.submit(
        ours, lines=lines_from_rows(factories.rows(3)), message="read out", base=0, actor=us.deputy, **word_now(talks)
    )
    lists.answer(exchange, entries=ours.entries.all(), stance="agreed", actor=us.negotiator)
    lists.submit(theirs, lines=lines_from_rows(factories.rows(2)), message="ours", base=0, actor=us.negotiator)
    lists.answer(exchange, entries=theirs.entries.all(), stance="agreed", actor=us.head, **word_now(talks))

    # Locked by our two people; signed by ours and, by word, by theirs.
    exchanges.name_final_office(exchange, participant=talks.south.pk, office_name="Their king", actor=us.head)
    entries = Entry.objects.unscoped("test").filter(direction__exchange=exchange)
    tranche = tranches.plan_tranche(exchange, actor=us.negotiator, entries=entries)
    for who in (us.head, us.deputy):
        tranche = tranches.lock(tranche, actor=who)
    tranches.take_step(tranche, "start_sign_off", actor=us.head)
    factories.sign(tranche, us, us.head)
    factories.sign(tranche, us, us.president, final=True)
    final = SignOffStep.objects.unscoped("test").get(tranche=tranche, participant=talks.south)
    sign_offs.approve(final, digest=factories.digest_of(final), actor=us.head, **word_now(talks))
    assert scenes.again(tranche).status == "signed_off"

    # Cleared by us alone; gone with both gos.
    assert lists.clear(tranche, actor=us.head) == 5
    tranches.take_step(tranche, "stage", actor=us.handover)
    tranches.take_step(tranche, "go", actor=us.handover)
    assert tranches.take_step(tranche, "go", actor=us.head, **word_now(talks)).status == "gone"

    # Received, settled, completed.
    receive(talks, tranche, ours, us.handover)
    receive(talks, tranche, theirs, us.head, **word_now(talks))
    tranches.settle(tranche, presented=2, actor=us.head)
    assert tranches.settle(tranche, presented=3, actor=us.head, **word_now(talks)).status == "received"
    exchanges.settle_counts(exchange, promised=2, presented=2, received=3, actor=us.head)
    exchange = exchanges.settle_counts(exchange, promised=3, presented=3, received=2, actor=us.head, **word_now(talks))

    assert exchange.status == "completed"
    words = TheirWord.objects.unscoped("test").order_by("recorded_at").values_list("step", flat=True)
    assert list(words) == [
        "accept", "submit", "answer", "approve", "go", "record_receipts", "settle", "settle_counts",
    ]  # fmt: skip
    assert set(SecondPair.objects.unscoped("test").values_list("compartment", flat=True)) == {us.home.pk}
    told = Event.objects.unscoped("test").filter(compartment=exchange.compartment)
    actors = {event.actor.split(":")[1] for event in told if event.actor != "system"}
    assert actors == {str(us.hq.pk), str(us.office.pk)}


def word_now(talks):
    return by_word(talks.south)


def receive(talks, tranche, direction, who, **word):
    outcomes = [{"entry": entry.pk, "outcome": "received"} for entry in direction.entries.all()]
    return tranches.record_receipts(tranche, outcomes=outcomes, actor=who, **word)
