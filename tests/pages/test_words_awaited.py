"""What waits for the word of a side that does not work here, at the home of who may record it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchanges.lists import lines_from_rows
from exchanges.models import Entry, SignOffStep
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.presentation.waiting import waiting_for
from tests import factories, scenes
from tests.scenes import by_word


@pytest.fixture
def talks(cast):
    return scenes.alone(cast)


def proposed(talks):
    exchange = scenes.drafted(talks, (talks.south, talks.north, 2), (talks.north, talks.south, 1))
    return exchanges.propose(exchange, actor=talks.cast.north.negotiator)


def test_each_step_of_theirs_waits_for_who_decides_until_their_word_is_recorded(talks, browser):
    us = talks.cast.north
    client = browser(us.head)

    def awaited():
        """Of the head: what, and the page that it leads to. Nobody else is asked for it."""
        rows = [row for row in waiting_for(us.head) if row.action == "Record their word"]
        for user in (us.negotiator, us.handover, talks.cast.outsider, talks.cast.south.head):
            assert not [row for row in waiting_for(user) if row.action == "Record their word"]
        for row in rows:
            assert client.get(row.url).status_code == 200
        return [(row.reference, row.what) for row in rows]

    exchange = proposed(talks)
    assert awaited() == [("ALO-1", "their answer to version 1 of the formula: South")]
    exchange = exchanges.accept(exchange, formula_version=1, actor=us.head, **by_word(talks.south))
    assert awaited() == []

    ours, theirs = factories.directions(exchange)
    for direction, size in ((ours, 2), (theirs, 1)):
        lists.submit(
            direction, lines=lines_from_rows(factories.rows(size)), message="ours", base=0, actor=us.negotiator
        )
    assert awaited() == [
        ("ALO-1", "their answer to 2 names: South"), ("ALO-1", "their answer to 1 name: South"),
    ]  # fmt: skip
    for direction in (ours, theirs):
        lists.answer(exchange, entries=direction.entries.all(), stance="agreed", actor=us.head, **by_word(talks.south))
    assert awaited() == []

    exchanges.name_final_office(exchange, participant=talks.south.pk, office_name="Their king", actor=us.head)
    entries = Entry.objects.unscoped("test").filter(direction__exchange=exchange)
    tranche = tranches.plan_tranche(exchange, actor=us.negotiator, entries=entries)
    for who in (us.head, us.deputy):
        tranche = tranches.lock(tranche, actor=who)
    tranches.take_step(tranche, "start_sign_off", actor=us.head)
    assert awaited() == []  # our own step comes first
    factories.sign(tranche, us, us.head)
    assert awaited() == [("ALO-1/1", "their final sign-off: Their king")]
    factories.sign(tranche, us, us.president, final=True)
    final = SignOffStep.objects.unscoped("test").get(tranche=tranche, participant=talks.south)
    sign_offs.approve(final, digest=factories.digest_of(final), actor=us.head, **by_word(talks.south))
    lists.clear(tranche, actor=us.head)
    assert awaited() == []

    for stop, held in (("suspend", "suspended"), ("postpone", "postponed")):
        exchanges.take_step(exchange, stop, reason="fog", actor=us.head, **by_word(talks.south))
        assert awaited() == [("ALO-1", f"their word to resume, {held} by South")]
        exchanges.take_step(exchange, "resume", actor=us.head, **by_word(talks.south))
    exchanges.take_step(exchange, "postpone", reason="fog", actor=us.head)
    assert awaited() == []  # ours to resume
    exchanges.take_step(exchange, "resume", actor=us.head)

    tranches.take_step(tranche, "stage", actor=us.handover)
    assert awaited() == [("ALO-1/1", "their go: South")]
    for actor, given in ((us.handover, {}), (us.head, by_word(talks.south))):
        tranches.take_step(tranche, "go", actor=actor, **given)
    assert awaited() == [("ALO-1/1", "their receipt of 1 line: South"), ("ALO-1/1", "how many they presented: South")]
    for direction, actor, given in ((ours, us.handover, {}), (theirs, us.head, by_word(talks.south))):
        outcomes = [{"entry": entry.pk, "outcome": "received"} for entry in direction.entries.all()]
        tranches.record_receipts(tranche, outcomes=outcomes, actor=actor, **given)
    tranches.settle(tranche, presented=2, actor=us.head, **by_word(talks.south))
    assert awaited() == []
    tranches.settle(tranche, presented=1, actor=us.head)
    assert awaited() == [("ALO-1", "their counts: South")]
    counts = {"promised": 2, "presented": 2, "received": 1}
    exchanges.settle_counts(exchange, **counts, actor=us.head, **by_word(talks.south))
    assert awaited() == []


def test_home_asks_as_often_for_many_words_as_for_one(talks):
    head, counted = talks.cast.north.head, []
    for rows in (1, 3):
        proposed(talks)
        if rows > 1:
            proposed(talks)
        with CaptureQueriesContext(connection) as captured:
            assert len(waiting_for(head)) == rows
        counted.append(len(captured))

    assert counted[0] == counted[1]
