"""RULES section 5: what is recorded afterwards keeps what the rules would have said when it happened."""

import pytest

from audit.presentation import event_views
from core import clock
from exchanges.models import TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from tests import factories
from tests.cast import PASSWORD
from tests.checks import data_of, kinds, last_event
from tests.scenes import again, ago

T = TrancheStatus


@pytest.fixture
def hours(time_machine):
    """Let hours pass."""
    time_machine.move_to(clock.now(), tick=False)
    return lambda number: time_machine.shift(number * 3600)


def go(scene, tranche, **facts):
    return tranches.take_step(tranche, "go", actor=scene.cast.north.handover, **facts)


def said_then(kind):
    return data_of(last_event(kind)).get("rules_then")


def test_what_is_told_at_once_keeps_nothing(scene):
    go(scene, factories.tranche_at(scene, T.STAGED))

    assert said_then("tranche.go_given") is None


def test_nothing_stood_against_it(scene, hours):
    tranche = factories.tranche_at(scene, T.STAGED)
    hours(2)

    go(scene, tranche, happened_at=ago(hours=1))

    assert said_then("tranche.go_given") == []


def test_go_during_a_postponement_would_have_been_refused(scene, hours):
    tranche = factories.tranche_at(scene, T.STAGED)
    exchanges.take_step(tranche.exchange, "postpone", actor=scene.cast.north.head, reason="fog")
    hours(2)
    exchanges.take_step(again(tranche.exchange), "resume", actor=scene.cast.north.head)

    go(scene, tranche, happened_at=ago(hours=1))

    assert said_then("tranche.go_given") == [{"rule": "hold", "hold": "postponed"}]


def test_go_before_the_clearances_would_have_been_refused(scene, hours):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    tranches.take_step(tranche, "stage", actor=scene.cast.north.handover)
    lists.clear(tranche, actor=scene.cast.south.head)
    hours(2)
    lists.clear(tranche, actor=scene.cast.north.head)

    go(scene, tranche, happened_at=ago(hours=1))

    assert said_then("tranche.go_given") == [{"rule": "clearances", "missing": 6}]


def test_staging_before_the_last_final_would_have_been_refused(scene, hours):
    """The president's signature was entered at once; the staging of an hour before only now."""
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    hours(2)
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.president, final=True)

    tranches.take_step(tranche, "stage", actor=scene.cast.north.handover, happened_at=ago(hours=1))

    assert said_then("tranche.staged") == [{"rule": "status", "status": "awaiting_final_sign_off"}]


def test_what_is_entered_later_in_its_order_was_in_order(scene, hours):
    """Signed at one, staged at two, entered at three: the reading stands where the signature does."""
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    hours(3)
    for side in (scene.cast.north, scene.cast.south):
        step = factories.step_of(tranche, side, final=True)
        sign_offs.approve(
            step, digest=factories.digest_of(step), password=PASSWORD, actor=side.president, happened_at=ago(hours=2)
        )

    tranches.take_step(tranche, "stage", actor=scene.cast.north.handover, happened_at=ago(hours=1))

    assert said_then("tranche.staged") == []


def test_step_under_a_suspension_of_that_time_would_have_been_refused(scene, hours):
    exchange = factories.exchange_at(scene, "negotiating")
    hours(1)
    exchanges.take_step(exchange, "postpone", actor=scene.cast.north.head, reason="fog")
    exchanges.take_step(again(exchange), "suspend", actor=scene.cast.north.head, reason="shelling")
    hours(2)
    exchanges.take_step(again(exchange), "resume", actor=scene.cast.north.head)
    tranche = factories.tranche_at(scene, T.PLANNED, exchange=again(exchange))
    hours(1)

    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(tranche, actor=who, happened_at=ago(minutes=30))

    assert said_then("tranche.lock_agreed") == []


def test_when_an_internal_step_was_really_signed_stays_with_its_side(scene, hours):
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)
    factories.sign(tranche, scene.cast.south, scene.cast.south.head)
    hours(2)
    step = factories.step_of(tranche, scene.cast.north)

    sign_offs.approve(
        step, digest=factories.digest_of(step), password=PASSWORD, actor=scene.cast.north.head, happened_at=ago(hours=1)
    )

    assert kinds(tranche)[-1] == "tranche.status_changed"
    assert "happened_at" not in data_of(last_event("tranche.status_changed"))
    assert data_of(last_event("sign_off.approved", shared=False))["rules_then"] == []


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([], "nothing stood against it then"),
        ([{"rule": "hold", "hold": "postponed"}], "the rules would have refused it then: the exchange was postponed"),
        ([{"rule": "held", "participant": "A"}], "the rules would have refused it then: A held the tranche"),
        (
            [{"rule": "status", "status": "planned"}, {"rule": "clearances", "missing": 2}],
            "the rules would have refused it then: it was planned; 2 clearances were missing",
        ),
    ],
)
def test_reader_is_told_in_a_sentence(found, sentence):
    from audit.presentation import rules_then_in_words

    assert rules_then_in_words(found) == sentence


def test_timeline_shows_it(scene, hours):
    tranche = factories.tranche_at(scene, T.STAGED)
    hours(2)
    go(scene, tranche, happened_at=ago(hours=1))
    event = last_event("tranche.go_given")

    (view,) = event_views(
        type(event).objects.visible_to(scene.cast.south.head).filter(pk=event.pk), scene.cast.south.head
    )

    assert view.rules_then == "nothing stood against it then"
