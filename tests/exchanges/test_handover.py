"""Rows 20 to 27 and 9 to 11: staging, hold, go, receipts, settling, and how an exchange ends."""

import pytest

from access.roles import Role
from accounts.operations import give_grant
from core.errors import InputRefused
from exchanges.models import CountStatement, Go, Hold, Placement, Receipt, TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.transitions.tranche import received_by_direction
from tests import factories, scenes
from tests.checks import data_of, kinds, last_event, refused
from tests.exchanges.test_lock import first_entry, link, person

T = TrancheStatus


@pytest.fixture
def staged(scene):
    return factories.tranche_at(scene, T.STAGED)


@pytest.fixture
def gone(scene):
    return factories.tranche_at(scene, T.GONE)


def step(tranche, name, who, **facts):
    return tranches.take_step(tranche, name, actor=who, **facts)


def go(tranche, side, **facts):
    return step(tranche, "go", side.handover, **facts)


# Go


def test_one_go_leaves_the_tranche_staged(scene, staged):
    tranche = go(staged, scene.cast.north)

    assert tranche.status == T.STAGED
    assert kinds(staged)[-1] == "tranche.go_given"


def test_last_go_sets_it_going_and_the_exchange_under_way(scene, staged):
    go(staged, scene.cast.north)

    tranche = go(staged, scene.cast.south)

    assert tranche.status == T.GONE
    assert scenes.again(tranche.exchange).status == "under_way"
    assert kinds(staged)[-2:] == ["tranche.go_given", "tranche.gone"]
    assert data_of(last_event("tranche.gone")) == {"before": "staged", "after": "gone", "participant": "B"}


def test_side_gives_one_go(scene, staged):
    go(staged, scene.cast.north)

    with refused("Your side has given its go."):
        go(staged, scene.cast.north)


def test_go_wants_every_clearance_of_both_sides(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    lists.clear(tranche, actor=scene.cast.north.head)
    step(tranche, "stage", scene.cast.north.handover)

    with refused("6 clearances are missing."):
        go(tranche, scene.cast.north)


def test_go_reads_the_ladder_itself(scene, staged):
    """Even where a stored status were wrong."""
    sign_offs.withdraw(
        factories.step_of(staged, scene.cast.south, final=True), reason="no", actor=scene.cast.south.president
    )
    type(staged).objects.unscoped("test").filter(pk=staged.pk).update(status=T.STAGED)

    with refused("Not every final sign-off counts at this moment."):
        go(staged, scene.cast.north)


def test_stage_reads_the_ladder_itself(scene):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    type(tranche).objects.unscoped("test").filter(pk=tranche.pk).update(status=T.SIGNED_OFF)

    with refused("Not every final sign-off counts at this moment."):
        step(tranche, "stage", scene.cast.north.handover)


def test_withdrawal_makes_an_earlier_go_worthless(scene, staged):
    go(staged, scene.cast.north)
    final = factories.step_of(staged, scene.cast.south, final=True)
    sign_offs.withdraw(final, reason="wait", actor=scene.cast.south.president)
    factories.sign(staged, scene.cast.south, scene.cast.south.president, final=True)
    step(staged, "stage", scene.cast.north.handover)

    tranche = go(staged, scene.cast.south)

    assert tranche.status == T.STAGED


# Hold, postponement, suspension


@pytest.mark.parametrize("who", ["medic", "president", "secretary", "negotiator", "handover", "head"])
def test_any_officer_holds_with_one_tap(scene, staged, who):
    step(staged, "hold", getattr(scene.cast.north, who))

    assert Hold.objects.unscoped("test").get().participant == scene.north


def test_hold_voids_a_go_already_given(scene, staged):
    go(staged, scene.cast.north)
    step(staged, "hold", scene.cast.south.medic)
    step(staged, "release_hold", scene.cast.south.medic, reason="he is well")

    tranche = go(staged, scene.cast.south)

    assert tranche.status == T.STAGED
    assert go(staged, scene.cast.north).status == T.GONE


def test_open_hold_stops_go_and_staging(scene, staged):
    step(staged, "hold", scene.cast.south.medic)

    with refused("South holds this tranche."):
        go(staged, scene.cast.north)


def test_open_hold_stops_staging(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    step(tranche, "hold", scene.cast.south.medic)

    with refused("South holds this tranche."):
        step(tranche, "stage", scene.cast.north.handover)


def test_hold_outlasts_an_unlock(scene, staged):
    step(staged, "hold", scene.cast.south.medic)
    step(staged, "unlock", scene.cast.north.head, reason="a name")
    factories.lock(scene, staged)

    assert Hold.objects.unscoped("test").filter(released_at=None).count() == 1


def test_only_the_side_that_holds_releases(scene, staged):
    step(staged, "hold", scene.cast.south.medic)

    with refused("Your side has placed no hold here."):
        step(staged, "release_hold", scene.cast.north.head, reason="enough")


def test_release_needs_a_reason(scene, staged):
    step(staged, "hold", scene.cast.south.medic)

    with refused("Give the reason."):
        step(staged, "release_hold", scene.cast.south.medic)


def test_hold_and_release_work_while_suspended(scene, staged):
    exchanges.take_step(staged.exchange, "suspend", actor=scene.cast.north.head, reason="shelling")

    step(staged, "hold", scene.cast.south.medic)
    step(staged, "release_hold", scene.cast.south.head, reason="well")

    assert Hold.objects.unscoped("test").filter(released_at=None).count() == 0


@pytest.mark.parametrize("stop", ["postpone", "suspend"])
def test_postponement_and_suspension_void_gos(scene, staged, stop):
    go(staged, scene.cast.north)
    exchanges.take_step(staged.exchange, stop, actor=scene.cast.south.head, reason="fog")
    exchanges.take_step(staged.exchange, "resume", actor=scene.cast.south.head)

    tranche = go(staged, scene.cast.south)

    assert tranche.status == T.STAGED


def test_postponed_exchange_still_locks_and_signs_but_does_not_stage(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    exchanges.take_step(tranche.exchange, "postpone", actor=scene.cast.south.head, reason="fog")
    tranche = factories.lock(scene, tranche)
    step(tranche, "start_sign_off", scene.cast.north.head)
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)

    with refused("The exchange is postponed."):
        step(tranche, "stage", scene.cast.north.handover)


def test_suspension_lies_over_a_postponement(scene, staged):
    exchange = staged.exchange
    exchanges.take_step(exchange, "postpone", actor=scene.cast.north.head, reason="fog")
    exchanges.take_step(exchange, "suspend", actor=scene.cast.south.head, reason="shelling")

    exchange = exchanges.take_step(exchange, "resume", actor=scene.cast.south.head)

    assert (exchange.hold, exchange.hold_by) == ("postponed", scene.north)


def test_who_postponed_cannot_lift_the_suspension_above(scene, staged):
    exchanges.take_step(staged.exchange, "postpone", actor=scene.cast.north.head, reason="fog")
    exchanges.take_step(staged.exchange, "suspend", actor=scene.cast.south.head, reason="shelling")

    with refused("South placed it and resumes it."):
        exchanges.take_step(staged.exchange, "resume", actor=scene.cast.north.head)


@pytest.mark.parametrize("stop", ["postpone", "suspend"])
def test_stopping_twice_is_refused(scene, staged, stop):
    exchanges.take_step(staged.exchange, stop, actor=scene.cast.north.head, reason="fog")

    with refused("The exchange is"):
        exchanges.take_step(staged.exchange, stop, actor=scene.cast.south.head, reason="fog")


def test_nothing_to_resume(scene, staged):
    with refused("Nothing holds the exchange."):
        exchanges.take_step(staged.exchange, "resume", actor=scene.cast.north.head)


def test_suspended_exchange_changes_no_plan(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    exchanges.take_step(tranche.exchange, "suspend", actor=scene.cast.south.head, reason="shelling")

    with refused("suspended"):
        tranches.change_plan(tranche, actor=scene.cast.north.negotiator, place="elsewhere")
    with refused("A tranche can be planned"):
        tranches.plan_tranche(tranche.exchange, actor=scene.cast.north.negotiator)


# Planning


def test_entry_is_taken_out_of_its_own_tranche_only(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    other = tranches.plan_tranche(tranche.exchange, actor=scene.cast.north.negotiator)

    with refused("#1 is not in this tranche."):
        tranches.change_plan(other, actor=scene.cast.south.negotiator, remove=[first_entry(tranche)])


def test_entry_of_a_locked_tranche_is_not_moved(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("#1 stands in tranche 1, which is locked."):
        tranches.plan_tranche(tranche.exchange, actor=scene.cast.north.negotiator, entries=[first_entry(tranche)])


def test_locked_plan_does_not_change(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("unlock it first"):
        tranches.change_plan(tranche, actor=scene.cast.north.negotiator, place="elsewhere")


# Receipts


def lines_received_by(scene, tranche, side):
    return list(tranche.entries.filter(direction__receiver__party=side.party).order_by("number"))


def receive(scene, tranche, side, *outcomes, **facts):
    told = [
        {"entry": entry.pk, "outcome": outcome}
        for entry, outcome in zip(lines_received_by(scene, tranche, side), outcomes, strict=False)
    ]
    return tranches.record_receipts(tranche, outcomes=told, actor=side.handover, **facts)


def test_correction_of_a_receipt_appends_and_the_latest_counts(scene, gone):
    receive(scene, gone, scene.cast.north, "not_presented")
    receive(scene, gone, scene.cast.north, "received")

    receipts = Receipt.objects.unscoped("test").order_by("sequence")
    assert [(receipt.sequence, receipt.outcome) for receipt in receipts] == [(1, "not_presented"), (2, "received")]
    assert sum(received_by_direction(gone).values()) == 1


def test_side_records_only_those_it_receives(scene, gone):
    theirs = lines_received_by(scene, gone, scene.cast.south)

    with refused("not on the manifest of those your side receives"):
        tranches.record_receipts(
            gone, outcomes=[{"entry": theirs[0].pk, "outcome": "received"}], actor=scene.cast.north.handover
        )


def test_unknown_outcome_and_empty_call_are_refused(scene, gone):
    with refused("There is no outcome “eaten”."):
        receive(scene, gone, scene.cast.north, "eaten")
    with refused("at least one entry"):
        receive(scene, gone, scene.cast.north)


def test_one_outcome_a_line(scene, gone):
    entry = lines_received_by(scene, gone, scene.cast.north)[0]

    with refused("stands here twice"):
        tranches.record_receipts(
            gone, actor=scene.cast.north.handover,
            outcomes=[{"entry": entry.pk, "outcome": "received"}, {"entry": f"#{entry.number}", "outcome": "died"}],
        )  # fmt: skip


def test_receipts_may_be_corrected_after_the_exchange_ended(scene):
    exchange = factories.exchange_at(scene, "completed")
    tranche = exchange.tranches.get()

    receive(scene, tranche, scene.cast.north, "evacuated")

    assert scenes.again(exchange).status == "completed"
    assert scenes.again(tranche).status == T.RECEIVED


def test_receipts_and_settling_work_while_suspended(scene, gone):
    exchanges.take_step(gone.exchange, "suspend", actor=scene.cast.south.head, reason="shelling")

    receive(scene, gone, scene.cast.north, "received")
    tranche = tranches.settle(gone, presented=3, actor=scene.cast.north.head)

    assert tranche.status == T.GONE


# Settling


def settle_all(scene, tranche, north=3, south=3):
    tranches.settle(tranche, presented=north, actor=scene.cast.north.head)
    return tranches.settle(tranche, presented=south, actor=scene.cast.south.head)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("to_north", "to_south", "presented", "status"),
    [
        (3, 3, (3, 3), T.RECEIVED), (2, 3, (3, 2), T.RECEIVED), (3, 0, (0, 3), T.ONE_SIDED), (0, 0, (0, 0), T.RECEIVED),
        (2, 3, (3, 3), T.DISPUTED), (0, 0, (3, 3), T.DISPUTED), (0, 1, (1, 3), T.ONE_SIDED),
    ],
)  # fmt: skip
def test_settling_reads_what_was_presented_and_received(scene, gone, to_north, to_south, presented, status):
    """`presented` by the north (to the south) and by the south (to the north)."""
    for side, came in ((scene.cast.north, to_north), (scene.cast.south, to_south)):
        receive(scene, gone, side, *["received"] * came, *["not_presented"] * (3 - came))

    assert settle_all(scene, gone, *presented).status == status


def test_settling_waits_for_every_outcome(scene, gone):
    receive(scene, gone, scene.cast.north, "received", "received", "received")
    receive(scene, gone, scene.cast.south, "received", "received")

    assert settle_all(scene, gone).status == T.GONE


def test_settling_waits_for_every_holder(scene, gone):
    for side in (scene.cast.north, scene.cast.south):
        receive(scene, gone, side, *["received"] * 3)

    assert tranches.settle(gone, presented=3, actor=scene.cast.north.head).status == T.GONE


def test_holder_has_to_state_a_number(scene, gone):
    with refused("State how many people your side presented."):
        tranches.settle(gone, actor=scene.cast.north.head)


def test_settling_again_after_a_correction(scene):
    tranche = factories.tranche_at(scene, T.RECEIVED)
    receive(scene, tranche, scene.cast.north, "not_presented")
    assert scenes.again(tranche).status == T.RECEIVED

    tranche = tranches.settle(tranche, presented=3, actor=scene.cast.south.head)

    assert tranche.status == T.DISPUTED
    assert CountStatement.objects.unscoped("test").filter(tranche=tranche).count() == 3


def one_came_and_one_stayed(scene):
    """Two people of the north in a settled tranche."""
    tranche = factories.tranche_at(scene, T.PLANNED)
    came, stayed = (person(scene.cast.north, name) for name in ("Came", "Stayed"))
    link(scene, scene.cast.north, first_entry(tranche, 0), came)
    link(scene, scene.cast.north, first_entry(tranche, 1), stayed)
    factories.lock(scene, tranche)
    step(tranche, "start_sign_off", scene.cast.north.head)
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)
        lists.clear(tranche, actor=side.head)
    step(tranche, "stage", scene.cast.north.handover)
    for side in (scene.cast.north, scene.cast.south):
        go(tranche, side)
    receive(scene, tranche, scene.cast.north, "received", "not_presented", "received")
    receive(scene, tranche, scene.cast.south, *["received"] * 3)

    settle_all(scene, tranche)
    return came, stayed


def test_settling_frees_the_places_of_those_who_did_not_come(scene):
    _came, stayed = one_came_and_one_stayed(scene)

    free = Placement.objects.unscoped("test").filter(released_at__isnull=False)
    assert [row.person for row in free] == [stayed]


@pytest.mark.parametrize("ends", ["completed", "ended_short"])
def test_exchange_that_is_over_keeps_nobody_s_place(scene, ends):
    """Whoever came home through it may be captured again, and be exchanged again."""
    came, _stayed = one_came_and_one_stayed(scene)
    held = Placement.objects.unscoped("test").get(person=came)
    assert held.released_at is None

    if ends == "completed":
        for side in (scene.cast.north, scene.cast.south):
            state(scene, held.tranche.exchange, side)
    else:
        exchanges.take_step(held.tranche.exchange, "end_short", actor=scene.cast.north.head, reason="no more")

    assert scenes.again(held.tranche.exchange).status == ends
    assert scenes.again(held).released_at is not None


# How an exchange ends


def state(scene, exchange, side, **counts):
    return exchanges.settle_counts(
        exchange, actor=side.head, **{"promised": 3, "presented": 3, "received": 3, **counts}
    )


def test_exchange_completes_with_the_last_statement(scene):
    exchange = factories.tranche_at(scene, T.DISPUTED).exchange
    assert state(scene, exchange, scene.cast.north, received=2).status == "under_way"

    exchange = state(scene, exchange, scene.cast.south)

    assert exchange.status == "completed"
    told = CountStatement.objects.unscoped("test").filter(exchange=exchange, tranche=None)
    assert sorted(row.received for row in told) == [2, 3]


def test_side_states_its_counts_once_and_whole(scene):
    exchange = factories.tranche_at(scene, T.RECEIVED).exchange
    with refused("State your own counts"):
        state(scene, exchange, scene.cast.north, presented=None)
    state(scene, exchange, scene.cast.north)

    with refused("Your side has stated its counts already."):
        state(scene, exchange, scene.cast.north)


def test_counts_wait_for_every_tranche(scene):
    exchange = factories.tranche_at(scene, T.RECEIVED).exchange
    tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator)

    with refused("A tranche is not settled yet."):
        state(scene, exchange, scene.cast.north)


def test_ending_short_waits_for_receipts(scene, gone):
    with refused("Tranche 1 has gone and lines of it have no outcome yet."):
        exchanges.take_step(gone.exchange, "end_short", actor=scene.cast.north.head, reason="no more")


def test_ending_short_aborts_what_is_open(scene):
    exchange = factories.tranche_at(scene, T.RECEIVED).exchange
    second = tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator)

    exchange = exchanges.take_step(exchange, "end_short", actor=scene.cast.north.head, reason="no more")

    assert exchange.status == "ended_short"
    assert scenes.again(second).status == T.ABORTED
    assert kinds(second)[-1] == "tranche.aborted"


@pytest.mark.parametrize("status", ["preparing", "awaiting_final_sign_off", "signed_off"])
def test_cancelling_aborts_open_tranches_and_frees_places(scene, status):
    tranche = factories.tranche_at(scene, T.PLANNED)
    link(scene, scene.cast.north, first_entry(tranche), person(scene.cast.north))
    factories.lock(scene, tranche)
    if status != "preparing":
        step(tranche, "start_sign_off", scene.cast.north.head)
        for side in (scene.cast.north, scene.cast.south):
            factories.sign(tranche, side, side.head)
    if status == "signed_off":
        for side in (scene.cast.north, scene.cast.south):
            factories.sign(tranche, side, side.president, final=True)
    assert scenes.again(tranche.exchange).status == status

    exchange = exchanges.take_step(tranche.exchange, "cancel", actor=scene.cast.south.head, reason="off")

    assert (exchange.status, scenes.again(tranche).status) == ("cancelled", T.ABORTED)
    assert Placement.objects.unscoped("test").filter(released_at=None).count() == 0


@pytest.mark.parametrize("status", ["proposed", "countered", "negotiating"])
def test_cancelling_before_any_tranche(scene, status):
    exchange = factories.exchange_at(scene, status)

    assert exchanges.take_step(exchange, "cancel", actor=scene.cast.south.head, reason="off").status == "cancelled"


def test_negotiator_discards_a_draft_but_cancels_nothing_else(scene):
    draft, open_one = factories.draft(scene), factories.exchange_at(scene, "negotiating")

    assert exchanges.take_step(draft, "cancel", actor=scene.cast.north.negotiator, reason="no").status == "cancelled"
    with refused("“Cancel” is for head of delegation."):
        exchanges.take_step(open_one, "cancel", actor=scene.cast.north.negotiator, reason="no")


def test_nothing_is_cancelled_once_a_tranche_is_gone(scene, gone):
    with refused("not possible while this is under way"):
        exchanges.take_step(gone.exchange, "cancel", actor=scene.cast.north.head, reason="no")


@pytest.mark.parametrize("name", ["decline", "postpone", "suspend", "cancel"])
def test_stopping_needs_a_reason(scene, name):
    exchange = factories.exchange_at(scene, "proposed" if name == "decline" else "negotiating")

    with refused("Give the reason."):
        exchanges.take_step(exchange, name, actor=scene.cast.south.head, reason="  ")


def test_reason_too_long_is_refused_in_a_sentence(scene):
    exchange = factories.exchange_at(scene, "negotiating")

    with refused("at most 300 characters", error=InputRefused):
        exchanges.take_step(exchange, "cancel", actor=scene.cast.south.head, reason="x" * 301)


@pytest.mark.parametrize("name", ["propose", "counter", "accept", "settle_counts"])
def test_steps_that_write_more_are_not_taken_by_name_alone(scene, name):
    exchange = factories.draft(scene)

    with refused(error=KeyError):
        exchanges.take_step(exchange, name, actor=scene.cast.north.negotiator)


# The exchange reads its tranches


def test_exchange_reads_its_most_advanced_tranche(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    tranches.plan_tranche(tranche.exchange, actor=scene.cast.north.negotiator)
    assert scenes.again(tranche.exchange).status == "signed_off"

    step(tranche, "unlock", scene.cast.north.head, reason="a name")

    assert scenes.again(tranche.exchange).status == "negotiating"


def test_exchange_stays_under_way_whatever_later_tranches_do(scene):
    exchange = factories.tranche_at(scene, T.RECEIVED).exchange
    later = tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator)

    step(later, "abort", scene.cast.north.head, reason="off")

    assert scenes.again(exchange).status == "under_way"


def test_reading_that_does_not_change_leaves_no_event(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    step(tranche, "stage", scene.cast.north.handover)

    assert kinds(tranche.exchange)[-1] == "exchange.status_changed"
    assert data_of(last_event("exchange.status_changed"))["after"] == "signed_off"


# Clearance


def test_cleared_says_only_yes_and_once(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    assert lists.clear(tranche, actor=scene.cast.north.head) == 6
    assert lists.clear(tranche, actor=scene.cast.north.deputy) == 0


def test_failed_check_stops_our_clearance(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)
    entry = first_entry(tranche)
    lists.check_clearance(entry, kind="fitness", is_passed=False, actor=scene.cast.north.medic, note="feverish")

    with refused("A check of yours did not pass: #1."):
        lists.clear(tranche, actor=scene.cast.north.head)


def test_their_failed_check_does_not_show_in_our_clearance(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)
    lists.check_clearance(first_entry(tranche), kind="fitness", is_passed=False, actor=scene.cast.south.medic)

    assert lists.clear(tranche, actor=scene.cast.north.head) == 6


def test_clearing_is_for_whoever_may_lock(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("for heads of delegation"):
        lists.clear(tranche, actor=scene.cast.north.negotiator)


def test_check_of_another_office_is_refused(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("This check is for another office of your side."):
        lists.check_clearance(first_entry(tranche), kind="legal", is_passed=True, actor=scene.cast.north.medic)


def test_outsider_with_a_head_s_role_at_the_table_speaks_for_nobody(scene, staged):
    """An organisation of a party that takes no part, granted all the same."""
    west = scene.cast.outsider_side
    give_grant(
        staged.compartment, organisation=west.hq, roles=[Role.HEAD], reason="observes", actor=scene.cast.north.head
    )

    with refused("This is for the participants of the exchange."):
        step(staged, "go", west.head)
    assert Go.objects.unscoped("test").count() == 0
