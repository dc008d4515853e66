"""What one side does inside its own house reaches the other as k of n and a status, and no further."""

import json

import pytest

from access.models import Membership
from accounts.operations import add_membership, end_grant, end_membership
from alerts import operations as alerts
from alerts.routing import compartments_behind
from audit.models import Event, EventData
from core.errors import DomainError
from exchanges.models import Clearance, ExchangeStatus, SignOffStep, StepStatus, TrancheStatus
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.presentation.rows import tranche_detail
from exchanges.presentation.tranche_page import TranchePage
from tests import factories
from tests.checks import refused

SECRET = "our general objects"


def visible_text(viewer) -> str:
    contents = EventData.objects.visible_to(viewer).values_list("json", flat=True)
    steps = SignOffStep.objects.visible_to(viewer).values_list("lapsed_because", "refused_because")
    return json.dumps([list(contents), [list(row) for row in steps]], ensure_ascii=False)


def test_reason_of_an_internal_withdrawal_stays_inside(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.SIGNED_OFF)
    step = factories.step_of(tranche, scene.cast.north)
    sign_offs.withdraw(step, reason=SECRET, actor=scene.cast.north.head)

    assert factories.reread(tranche).status == TrancheStatus.IN_SIGN_OFF
    assert SECRET in visible_text(scene.cast.north.head)
    for other in (scene.cast.south.head, scene.cast.mediator):
        assert SECRET not in visible_text(other)


def test_reason_of_a_final_withdrawal_is_told_to_all(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.SIGNED_OFF)
    final = factories.step_of(tranche, scene.cast.north, final=True)
    sign_offs.withdraw(final, reason=SECRET, actor=scene.cast.north.president)

    assert SECRET in visible_text(scene.cast.south.head)


def test_readings_on_the_table_name_no_internal_office(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.AWAITING_FINAL)
    shared = Event.objects.unscoped("test").filter(
        compartment=tranche.compartment_id, kind__endswith=".status_changed", subject__startswith="signoffstep"
    )

    assert set(shared.values_list("actor", flat=True)) == {"system"}


def test_old_question_dies_with_a_withdrawal(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.AWAITING_FINAL)
    north = scene.cast.north
    step = factories.step_of(tranche, north, final=True)
    asked = {"digest": factories.digest_of(step), "manner": "recorded"}
    sign_offs.approve(step, actor=north.secretary, papers=factories.papers(), **asked)
    factories.sign(tranche, north, north.president, final=True)
    sign_offs.withdraw(step, reason="stop everything", actor=north.president)

    with refused("document number"):
        sign_offs.approve(step, actor=north.registrar, **asked)

    assert factories.step_of(tranche, north, final=True).status == StepStatus.PENDING


def test_question_of_a_removed_member_cannot_be_confirmed(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    north = scene.cast.north
    tranches.lock(tranche, actor=north.deputy)
    end_membership(Membership.objects.get(user=north.deputy), actor=north.head)

    tranches.lock(tranche, actor=north.head)

    assert factories.reread(tranche).lock_agreements.count() == 0


def test_undone_change_revives_no_agreement_to_lock(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    north, south = scene.cast.north, scene.cast.south
    for user in (north.head, north.deputy):
        tranches.lock(tranche, actor=user)
    for place in ("elsewhere", "the border"):
        tranches.change_plan(tranche, place=place, actor=south.negotiator)
    for user in (south.head, south.deputy):
        tranches.lock(tranche, actor=user)

    assert factories.reread(tranche).status == TrancheStatus.PLANNED


def test_failed_check_stops_the_go_and_tells_the_other_side_only_that_one_is_missing(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.STAGED)
    north, south = scene.cast.north, scene.cast.south
    entry = tranche.entries.order_by("number").first()
    lists.check_clearance(entry, kind=Clearance.Kind.FITNESS, is_passed=False, note="dying", actor=north.medic)

    with refused(f"A check of yours did not pass: #{entry.number}."):
        tranches.take_step(tranche, "go", actor=north.handover)
    with refused(exactly="1 clearance is missing."):
        tranches.take_step(tranche, "go", actor=south.handover)


def test_every_page_counts_what_is_missing_as_the_refused_go_does(scene):
    """Else a count of nothing beside a go that is refused would say that a check failed."""
    tranche = factories.tranche_at(scene, TrancheStatus.STAGED)
    north, south = scene.cast.north, scene.cast.south
    entries = tranche.entries.order_by("direction__number", "number")
    for entry in (entries.first(), entries.last()):
        for kind in ("identity", "consent"):
            lists.check_clearance(entry, kind=kind, is_passed=False, actor=north.head)

    with refused(exactly="2 clearances are missing."):
        tranches.take_step(tranche, "go", actor=south.handover)
    for viewer in (south.head, north.head, scene.cast.mediator):
        assert TranchePage(factories.reread(tranche), viewer).head().uncleared == "2"
        assert tranche_detail(factories.reread(tranche), viewer).clearances_missing == 2


def test_failed_check_of_a_line_not_cleared_yet_changes_no_number(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.SIGNED_OFF)
    south = scene.cast.south
    lists.clear(tranche, actor=south.head)
    tranche = tranches.take_step(tranche, "stage", actor=south.handover)
    with refused(exactly="6 clearances are missing."):
        tranches.take_step(tranche, "go", actor=south.handover)
    for kind in ("identity", "consent"):
        lists.check_clearance(tranche.entries.first(), kind=kind, is_passed=False, actor=scene.cast.north.head)

    with refused(exactly="6 clearances are missing."):
        tranches.take_step(tranche, "go", actor=south.handover)


def test_fitness_is_for_medical_officers(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    north = scene.cast.north
    lists.check_clearance(tranche.entries.first(), kind="fitness", is_passed=False, note="dying", actor=north.medic)

    assert Clearance.objects.visible_to(north.medic).count() == 1
    assert Clearance.objects.visible_to(north.clerk).count() == 0
    assert "dying" not in visible_text(north.clerk)


@pytest.mark.parametrize("whose", ["south", "mediator"])
def test_nobody_removes_another_side_from_the_table(scene, whose):
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    organisation = scene.cast.south.hq if whose == "south" else scene.cast.mediator_organisation
    grant = exchange.compartment.grants.get(organisation=organisation)

    with refused("only its own side can give it up"):
        end_grant(grant, actor=scene.cast.north.head)


@pytest.mark.parametrize("role", ["head_of_delegation", "clerk"])
def test_operator_opens_no_headquarters_that_has_a_head(cast, role):
    with pytest.raises(DomainError, match=r"first head|no role"):
        add_membership(cast.outsider, cast.north.hq, role, actor=cast.operator)
    with pytest.raises(DomainError, match="no role elsewhere"):
        add_membership(cast.operator, cast.north.hq, role, actor=cast.operator)


def test_neutral_reads_its_alert_in_the_inbox(scene, client):
    from accounts.middleware import begin
    from accounts.operations import give_grant

    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    give_grant(
        exchange.compartment, organisation=scene.cast.neutral_organisation, roles=["neutral_intermediary"],
        reason="final lists", actor=scene.cast.north.head,
    )  # fmt: skip
    factories.tranche_at(scene, TrancheStatus.SIGNED_OFF, exchange=exchange)
    for compartment in compartments_behind():
        alerts.route(compartment)
    client.force_login(scene.cast.neutral)
    session = client.session
    begin(session)
    session.save()

    assert "TLK-1/1 is signed off." in client.get("/inbox/").text
