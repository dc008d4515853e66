"""The column *told* of RULES section 1: who hears of what, and never the one who did it."""

import pytest

from access.roles import Role
from accounts.operations import give_grant
from alerts.routing import is_routed
from alerts.wording import headline
from core.errors import RecordedRefusal
from exchanges.lists import lines_from_rows
from exchanges.models import TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from tests import factories, scenes
from tests.checks import last_event, told
from tests.keeping import kept

T = TrancheStatus
PARTIES = {f"{side}-{role}" for side in ("north", "south") for role in ("head", "deputy", "negotiator", "handover")}
ALL = PARTIES | {"mediator"} | {f"{s}-{r}" for s in ("north", "south") for r in ("president", "secretary", "registrar")}


def final(scene, tranche, side=None):
    return factories.step_of(tranche, side or scene.cast.north, final=True)


def one_go(scene):
    tranche = factories.tranche_at(scene, T.STAGED)
    tranches.take_step(tranche, "go", actor=scene.cast.north.handover)


# What to bring about, the event, who is told (without who did it)
STORIES = {
    "propose": (lambda s: factories.exchange_at(s, "proposed"), "exchange.proposed", ALL - {"north-negotiator"}),
    "counter": (
        lambda s: factories.exchange_at(s, "countered"), "exchange.countered",
        (PARTIES | {"mediator"}) - {"south-negotiator"},
    ),
    "accept": (lambda s: factories.exchange_at(s, "negotiating"), "exchange.accepted", ALL - {"south-negotiator"}),
    "decline": (lambda s: factories.exchange_at(s, "declined"), "exchange.declined", ALL - {"south-head"}),
    "cancel": (lambda s: factories.exchange_at(s, "cancelled"), "exchange.cancelled", ALL - {"north-head"}),
    "end short": (lambda s: factories.exchange_at(s, "ended_short"), "exchange.ended_short", ALL - {"north-head"}),
    "counts": (lambda s: factories.exchange_at(s, "completed"), "exchange.counts_settled", ALL - {"south-head"}),
    "plan": (lambda s: factories.tranche_at(s, T.PLANNED), "tranche.planned", PARTIES - {"north-negotiator"}),
    "lock agreed": (lambda s: factories.tranche_at(s, T.LOCKED), "tranche.lock_agreed", PARTIES - {"south-deputy"}),
    "lock": (lambda s: factories.tranche_at(s, T.LOCKED), "tranche.locked", ALL - {"south-deputy"}),
    "reading": (
        lambda s: factories.tranche_at(s, T.AWAITING_FINAL), "tranche.status_changed", ALL - {"south-head"}
    ),
    "stage": (lambda s: factories.tranche_at(s, T.STAGED), "tranche.staged", ALL - {"north-handover"}),
    "go": (one_go, "tranche.go_given", PARTIES - {"north-handover"}),
    "gone": (lambda s: factories.tranche_at(s, T.GONE), "tranche.gone", ALL - {"south-handover"}),
    "receipts": (lambda s: factories.tranche_at(s, T.RECEIVED), "receipt.recorded", PARTIES - {"south-handover"}),
    "settle": (lambda s: factories.tranche_at(s, T.RECEIVED), "tranche.settled", ALL - {"south-head"}),
    "abort": (lambda s: factories.tranche_at(s, T.ABORTED), "tranche.aborted", ALL - {"north-head"}),
    "list": (
        lambda s: factories.tranche_at(s, T.PLANNED), "list.submitted", (PARTIES | {"mediator"}) - {"north-negotiator"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_told(scene, story):
    happens, kind, expected = STORIES[story]

    happens(scene)

    assert told(kind) == expected


@pytest.mark.parametrize("stop", ["postpone", "suspend"])
def test_stopping_and_resuming_is_told_to_all(scene, stop):
    exchange = factories.exchange_at(scene, "negotiating")
    exchanges.take_step(exchange, stop, actor=scene.cast.south.head, reason="fog")
    exchanges.take_step(exchange, "resume", actor=scene.cast.south.head)

    assert told({"postpone": "exchange.postponed", "suspend": "exchange.suspended"}[stop]) == ALL - {"south-head"}
    assert told("exchange.resumed") == ALL - {"south-head"}


def test_unlock_is_told_to_all_and_to_whoever_signed(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    tranches.take_step(tranche, "unlock", actor=scene.cast.south.head, reason="a name")

    assert told("tranche.unlocked") == ALL - {"south-head"}


def test_hold_and_release_are_told_to_all(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)
    tranches.take_step(tranche, "hold", actor=scene.cast.south.medic)
    tranches.take_step(tranche, "release_hold", actor=scene.cast.south.medic, reason="well")

    assert told("tranche.held") == ALL
    assert told("tranche.hold_released") == ALL


def test_correction_is_told_to_the_parties_and_to_who_signed_every_name(scene):
    """The presidents signed the frame: they are not asked again."""
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    entry = tranche.entries.first()

    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.correct_entry(tranche, entry=entry.pk, changes={"given": "S"}, source="letter", actor=who)

    assert told("entry.corrected") == PARTIES - {"north-deputy"}


def test_lapse_of_a_final_is_told_to_its_holders_and_all_also_where_the_tranche_stays(scene):
    """RULES row 33. The headline is true for whoever reads it: only the office is asked to sign again."""
    for side in (scene.cast.north, scene.cast.south):
        steps = [{"office": side.office, "scope": "names", "is_final": True}]
        sign_offs.set_policy(scene.negotiation, steps=steps, actor=side.head)
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)
    factories.sign(tranche, scene.cast.north, scene.cast.north.president, final=True)

    for who in (scene.cast.south.head, scene.cast.south.deputy):
        tranches.correct_entry(
            tranche, entry=tranche.entries.first().pk, changes={"given": "S"}, source="letter", actor=who
        )

    lapse = last_event("sign_off.status_changed")
    assert factories.reread(tranche).status == T.AWAITING_FINAL
    assert told("sign_off.status_changed") == ALL - {"south-deputy"}
    assert headline(lapse) == "TLK-1/1: a sign-off has lapsed"


def test_first_of_two_calls_the_second_of_the_own_side(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)

    tranches.lock(tranche, actor=scene.cast.north.head)

    assert told("tranche.lock_asked", shared=False) == {"north-deputy"}


def test_pending_step_tells_its_own_office(scene):
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)
    assert told("sign_off.status_changed", shared=False) <= {
        "north-head", "north-deputy", "south-head", "south-deputy",
    }  # fmt: skip

    factories.sign(tranche, scene.cast.north, scene.cast.north.head)

    assert told("sign_off.status_changed") == {"north-president", "north-secretary", "north-registrar"}


def test_refusal_of_an_internal_step_stays_in_its_party(scene):
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)

    sign_offs.refuse(factories.step_of(tranche, scene.cast.north), reason="no", actor=scene.cast.north.head)

    heard = told("sign_off.refused", shared=False)
    assert heard == {name for name in ALL if name.startswith("north-")} - {"north-head"}


def test_refusal_of_a_final_is_told_to_all(scene):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)

    sign_offs.refuse(final(scene, tranche), reason="no", actor=scene.cast.north.president)

    assert told("sign_off.refused") == ALL - {"north-president"}


def test_withdrawal_of_a_final_is_told_to_all_who_were_told(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    sign_offs.withdraw(final(scene, tranche), reason="no", actor=scene.cast.north.president)

    assert told("sign_off.withdrawn") == ALL - {"north-president"}


def test_withdrawal_that_came_too_late_is_told(scene):
    tranche = factories.tranche_at(scene, T.GONE)

    with pytest.raises(RecordedRefusal):
        sign_offs.withdraw(final(scene, tranche), reason="no", actor=scene.cast.north.president)

    assert told("sign_off.withdrawal_too_late") == ALL - {"north-president"}


def test_draft_is_told_to_nobody(scene):
    factories.draft(scene)

    assert not is_routed(last_event("exchange.drafted", shared=False))


@pytest.fixture
@kept
def with_neutral(scene):
    exchange = factories.exchange_at(scene, "negotiating")
    give_grant(
        exchange.compartment, organisation=scene.cast.neutral_organisation, roles=[Role.NEUTRAL], reason="receives lists",
        actor=scene.cast.north.head,
    )  # fmt: skip
    return exchange


def test_neutral_hears_of_a_signed_off_tranche_and_of_nothing_before(scene, with_neutral):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL, exchange=with_neutral)
    assert "neutral" not in told("tranche.status_changed")
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.president, final=True)

    assert "neutral" in told("tranche.status_changed")
    assert "neutral" not in told("exchange.status_changed")


def test_neutral_hears_that_it_is_signed_off_no_more(scene, with_neutral):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF, exchange=with_neutral)

    sign_offs.withdraw(final(scene, tranche), reason="no", actor=scene.cast.north.president)

    assert "neutral" in told("tranche.status_changed")


def test_outsiders_and_observers_of_nothing_hear_nothing(scene):
    exchange = factories.exchange_at(scene, "negotiating")
    direction = factories.directions(exchange)[0]
    lists.submit(
        direction, lines=lines_from_rows(factories.rows(1)), message="m", base=0, actor=scene.cast.south.negotiator
    )

    assert {"west-head", "ngo", "operator", "auditor"}.isdisjoint(told("list.submitted"))
    assert scenes.again(exchange).status == "negotiating"
