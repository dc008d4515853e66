"""Rows 28 to 34: who signs what, in which order, with whom, and what makes a sign-off count no more."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.models import Membership
from access.roles import Role
from accounts.operations import add_membership, end_membership, system_user
from alerts.tasks import sweep
from core import clock
from core.errors import InputRefused, RecordedRefusal
from exchanges.lists import lines_from_rows
from exchanges.models import (
    Expiry,
    LadderProgress,
    SecondPair,
    SignOff,
    SignOffPaper,
    SignOffStep,
    StepStatus,
    TrancheStatus,
    Withdrawal,
)
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.presentation.facts import facts_of
from exchanges.presentation.ladders import ladders_of
from exchanges.presentation.rows import sign_off_rows
from exchanges.standing import Parties
from tests import factories, scenes
from tests.cast import PASSWORD, member
from tests.checks import data_of, kinds, last_event, nobody_left_to_tell, refused
from tests.keeping import kept

T, P = TrancheStatus, StepStatus


@pytest.fixture
def awaiting(scene):
    return factories.tranche_at(scene, T.AWAITING_FINAL)


@pytest.fixture
def in_sign_off(scene):
    return factories.tranche_at(scene, T.IN_SIGN_OFF)


def final_of(scene, tranche, side=None):
    return factories.step_of(tranche, side or scene.cast.north, final=True)


def internal_of(scene, tranche, side=None):
    return factories.step_of(tranche, side or scene.cast.north)


def approve(step, who, **facts):
    return sign_offs.approve(
        scenes.again(step), actor=who, **{"digest": factories.digest_of(step), "password": PASSWORD, **facts}
    )


def tranche_with(scene, **options):
    """In sign-off, under a policy of the north with these options."""
    scenes.policy(scene.negotiation, scene.cast.north, **options)
    return factories.tranche_at(scene, T.IN_SIGN_OFF)


# Turn


def test_only_the_lowest_step_of_each_side_is_pending(scene, in_sign_off):
    steps = SignOffStep.objects.unscoped("test").filter(tranche=in_sign_off)

    assert {(step.participant.letter, step.is_final, step.status) for step in steps} == {
        ("A", False, P.PENDING), ("A", True, P.WAITING), ("B", False, P.PENDING), ("B", True, P.WAITING),
    }  # fmt: skip


def test_final_becomes_pending_when_its_own_side_is_through(scene, in_sign_off):
    factories.sign(in_sign_off, scene.cast.north, scene.cast.north.head)

    assert final_of(scene, in_sign_off).status == P.PENDING
    assert final_of(scene, in_sign_off, scene.cast.south).status == P.WAITING
    assert scenes.again(in_sign_off).status == T.IN_SIGN_OFF


def test_tranche_awaits_finals_when_every_side_is_through(scene, in_sign_off):
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(in_sign_off, side, side.head)

    assert scenes.again(in_sign_off).status == T.AWAITING_FINAL
    assert kinds(in_sign_off)[-1] == "tranche.status_changed"


def test_step_waiting_for_its_turn_cannot_be_signed(scene, in_sign_off):
    with refused("is not possible while this is waiting for its turn"):
        approve(final_of(scene, in_sign_off), scene.cast.north.president)


def test_table_learns_k_of_n(scene, in_sign_off):
    factories.sign(in_sign_off, scene.cast.north, scene.cast.north.head)

    progress = LadderProgress.objects.unscoped("test").filter(tranche=in_sign_off)
    assert [(row.participant.letter, row.approved, row.steps) for row in progress] == [("A", 1, 1), ("B", 0, 1)]


def test_without_internal_steps_start_awaits_finals_at_once(scene):
    for side in (scene.cast.north, scene.cast.south):
        scenes.policy(scene.negotiation, side, steps=[{"office": side.office, "scope": "frame", "is_final": True}])
    tranche = factories.tranche_at(scene, T.LOCKED)

    tranche = tranches.take_step(tranche, "start_sign_off", actor=scene.cast.north.head)

    assert tranche.status == T.AWAITING_FINAL


def test_finals_of_all_sign_the_tranche_off(scene, awaiting):
    factories.sign(awaiting, scene.cast.north, scene.cast.north.president, final=True)
    assert scenes.again(awaiting).status == T.AWAITING_FINAL

    factories.sign(awaiting, scene.cast.south, scene.cast.south.president, final=True)

    assert scenes.again(awaiting).status == T.SIGNED_OFF


# Signing oneself


def test_signing_needs_the_password(scene, awaiting):
    with refused("Signing needs your password again."):
        approve(final_of(scene, awaiting), scene.cast.north.president, password="wrong")


@pytest.mark.parametrize(("minutes", "counts"), [(4, True), (6, False), (-1, False)])
def test_step_up_lasts_five_minutes(scene, awaiting, minutes, counts):
    when = timezone.now() - timedelta(minutes=minutes)
    step = final_of(scene, awaiting)

    if counts:
        assert approve(step, scene.cast.north.president, password="", stepped_up_at=when).status == P.APPROVED
    else:
        with refused("password again"):
            approve(step, scene.cast.north.president, password="", stepped_up_at=when)


def test_stale_digest_is_refused(scene, awaiting):
    with refused("no longer what would be signed"):
        approve(final_of(scene, awaiting), scene.cast.north.president, digest="0" * 64)


def test_frame_step_does_not_take_the_names_digest(scene, awaiting):
    with refused("no longer what would be signed"):
        approve(
            final_of(scene, awaiting), scene.cast.north.president,
            digest=factories.digest_of(internal_of(scene, awaiting)),
        )  # fmt: skip


def test_sign_off_names_office_and_role_and_its_paper_the_person(scene, awaiting):
    approve(final_of(scene, awaiting), scene.cast.north.president)

    sign_off = SignOff.objects.unscoped("test").get(step=final_of(scene, awaiting))
    assert (sign_off.organisation, sign_off.role, sign_off.manner) == (scene.cast.north.office, "signatory", "signed")
    paper = SignOffPaper.objects.unscoped("test").get(sign_off=sign_off)
    assert (paper.user, paper.compartment) == (scene.cast.north.president, scene.cast.north.home)


def test_clerk_of_an_office_does_not_sign_for_it(scene, awaiting):
    messenger = member("messenger", scene.cast.north.office, Role.CLERK)

    with refused("“Approve” is for"):
        approve(final_of(scene, awaiting), messenger)


def test_signatory_of_another_office_does_not_sign(scene, awaiting):
    with refused("This step is for Office of the President of North."):
        approve(final_of(scene, awaiting), scene.cast.north.head)


def both_offices(scene):
    """A head of headquarters who is a mere clerk in the president's office."""
    add_membership(scene.cast.north.head, scene.cast.north.office, Role.CLERK, actor=system_user())
    return scene.cast.north.head


def test_capability_of_another_office_does_not_sign_here(scene, awaiting):
    who = both_offices(scene)

    with refused("This step is for Office of the President of North."):
        approve(final_of(scene, awaiting), who)


@pytest.mark.parametrize("act", [sign_offs.refuse, sign_offs.withdraw])
def test_capability_of_another_office_neither_refuses_nor_withdraws_here(scene, awaiting, act):
    step, who = final_of(scene, awaiting), both_offices(scene)
    if act is sign_offs.withdraw:
        approve(step, scene.cast.north.president)

    with refused("This step is for Office of the President of North."):
        act(scenes.again(step), reason="no", actor=who)


def test_log_names_the_office_that_was_signed_for(scene, awaiting):
    add_membership(scene.cast.north.head, scene.cast.north.office, Role.SIGNATORY, actor=system_user())

    approve(final_of(scene, awaiting), scene.cast.north.head)

    office = scene.cast.north.office.pk
    assert last_event("sign_off.approved").actor == f"organisation:{office}:signatory"


def test_former_signatory_cannot_sign(scene, awaiting):
    membership = Membership.objects.get(user=scene.cast.north.president, role=Role.SIGNATORY)
    end_membership(membership, actor=scene.cast.operator)

    with refused(error=SignOffStep.DoesNotExist):
        approve(final_of(scene, awaiting), scene.cast.north.president)


def test_sign_off_outlasts_the_office_of_its_signatory(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    end_membership(
        Membership.objects.get(user=scene.cast.north.president, role=Role.SIGNATORY), actor=scene.cast.operator
    )

    tranche = tranches.take_step(tranche, "stage", actor=scene.cast.north.handover)

    assert tranche.status == T.STAGED


def test_later_holder_of_the_office_withdraws(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    end_membership(
        Membership.objects.get(user=scene.cast.north.president, role=Role.SIGNATORY), actor=scene.cast.operator
    )
    successor = member("successor", scene.cast.north.office, Role.SIGNATORY)

    sign_offs.withdraw(final_of(scene, tranche), reason="I decide otherwise", actor=successor)

    assert scenes.again(tranche).status == T.AWAITING_FINAL


# Quorum


@pytest.fixture
@kept
def two_needed(scene):
    """The north's internal step wants two signatures."""
    office, hq = scene.cast.north.office, scene.cast.north.hq
    return tranche_with(
        scene, steps=[{"office": hq, "quorum": 2}, {"office": office, "scope": "frame", "is_final": True}]
    )


def test_one_signature_of_two_leaves_the_step_pending(scene, two_needed):
    assert approve(internal_of(scene, two_needed), scene.cast.north.head).status == P.PENDING


def test_second_signature_approves(scene, two_needed):
    approve(internal_of(scene, two_needed), scene.cast.north.head)
    colleague = member("colleague", scene.cast.north.hq, Role.SIGNATORY)

    assert approve(internal_of(scene, two_needed), colleague).status == P.APPROVED


def test_one_person_signs_a_step_once(scene, two_needed):
    approve(internal_of(scene, two_needed), scene.cast.north.head)

    with refused("You have signed this step already."):
        approve(internal_of(scene, two_needed), scene.cast.north.head)


def test_valid_signature_below_quorum_can_be_withdrawn(scene, two_needed):
    approve(internal_of(scene, two_needed), scene.cast.north.head)

    sign_offs.withdraw(internal_of(scene, two_needed), reason="too early", actor=scene.cast.north.head)

    assert Withdrawal.objects.unscoped("test").count() == 1


def test_withdrawing_takes_back_every_signature_of_the_step(scene, two_needed):
    approve(internal_of(scene, two_needed), scene.cast.north.head)
    colleague = member("colleague", scene.cast.north.hq, Role.SIGNATORY)
    approve(internal_of(scene, two_needed), colleague)

    sign_offs.withdraw(internal_of(scene, two_needed), reason="too early", actor=colleague)

    assert Withdrawal.objects.unscoped("test").count() == 2
    assert internal_of(scene, two_needed).status == P.PENDING


# Authors


@pytest.fixture
@kept
def author(scene):
    """A negotiator of the north's headquarters who may also sign there."""
    add_membership(scene.cast.north.negotiator, scene.cast.north.hq, Role.SIGNATORY, actor=system_user())
    return scene.cast.north.negotiator


def test_author_of_a_list_does_not_sign_it(scene, author, in_sign_off):
    with refused("You submitted a list with lines of this tranche"):
        approve(internal_of(scene, in_sign_off), author)


def test_policy_may_let_authors_sign(scene, author):
    tranche = tranche_with(scene, authors_may_sign=True)

    assert approve(internal_of(scene, tranche), author).status == P.APPROVED


def test_resubmitting_the_same_lines_makes_one_an_author(scene, in_sign_off):
    direction = factories.directions(in_sign_off.exchange)[1]
    rows = [{"number": n} for n in (1, 2, 3)] + factories.rows(1, first=900)
    lists.submit(direction, lines=lines_from_rows(rows), message="one more", base=1, actor=scene.cast.north.head)

    with refused("You submitted a list"):
        approve(internal_of(scene, in_sign_off), scene.cast.north.head)


def test_locking_makes_nobody_an_author(scene, in_sign_off):
    assert approve(internal_of(scene, in_sign_off), scene.cast.north.head).status == P.APPROVED


# Recorded on the authority of the office


def record(step, who, **facts):
    return sign_offs.approve(
        scenes.again(step), digest=factories.digest_of(step), manner="recorded", actor=who,
        **{"papers": factories.papers(), **facts},
    )  # fmt: skip


def test_first_of_two_recorders_only_asks(scene, awaiting):
    step = record(final_of(scene, awaiting), scene.cast.north.secretary)

    assert step.status == P.PENDING
    assert SignOff.objects.unscoped("test").filter(step=step).count() == 0
    assert last_event("sign_off.approval_asked", shared=False).compartment == scene.cast.north.home


def test_second_recorder_confirms_what_the_first_typed(scene, awaiting):
    step = final_of(scene, awaiting)
    record(step, scene.cast.north.secretary)

    record(step, scene.cast.north.registrar, papers=None)

    paper = SignOffPaper.objects.unscoped("test").get(sign_off__step=step)
    assert (paper.user, paper.confirmed_by) == (scene.cast.north.secretary, scene.cast.north.registrar)
    assert (paper.decided_by, paper.document_number) == ("The President", "D-1")
    assert final_of(scene, awaiting).status == P.APPROVED


def test_recorder_does_not_confirm_oneself(scene, awaiting):
    record(final_of(scene, awaiting), scene.cast.north.secretary)

    with refused("a second person of your side"):
        record(final_of(scene, awaiting), scene.cast.north.secretary, papers=None)


def test_papers_that_differ_are_refused(scene, awaiting):
    record(final_of(scene, awaiting), scene.cast.north.secretary)

    with refused("compare the papers"):
        record(final_of(scene, awaiting), scene.cast.north.registrar, papers=factories.papers("D-2"))


@pytest.mark.parametrize("left_out", ["decided_by", "reached_office_how", "reached_office_at", "document_number"])
def test_papers_are_whole_or_refused(scene, awaiting, left_out):
    with refused("Say who decided"):
        record(final_of(scene, awaiting), scene.cast.north.secretary, papers=factories.papers() | {left_out: ""})


def test_paper_too_long_is_refused_at_its_field(scene, awaiting):
    with refused(error=InputRefused):
        record(
            final_of(scene, awaiting), scene.cast.north.secretary, papers=factories.papers() | {"decided_by": "x" * 161}
        )


def test_signatory_does_not_record(scene, awaiting):
    with refused("for the office it was made in"):
        record(final_of(scene, awaiting), scene.cast.north.president)


def test_recorder_does_not_sign(scene, awaiting):
    with refused("Signing is for a signatory"):
        approve(final_of(scene, awaiting), scene.cast.north.secretary)


@pytest.mark.slow
def test_content_changed_between_two_recorders_asks_anew(scene):
    """The final signs every name; a name was corrected in between."""
    steps = [{"office": scene.cast.north.hq}, {"office": scene.cast.north.office, "scope": "names", "is_final": True}]
    scenes.policy(scene.negotiation, scene.cast.north, steps=steps)
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    record(final_of(scene, tranche), scene.cast.north.secretary)
    correct(scene, tranche, "Samuel")
    approve(internal_of(scene, tranche), scene.cast.north.head)

    record(final_of(scene, tranche), scene.cast.north.registrar, papers=factories.papers("D-2"))

    assert SignOff.objects.unscoped("test").filter(step=final_of(scene, tranche)).count() == 0
    assert SecondPair.objects.unscoped("test").get(step="approve").asked_by == scene.cast.north.registrar


def test_expiry_typed_by_the_first_recorder_stands(scene, awaiting):
    until = clock.now() + timedelta(hours=2)
    record(final_of(scene, awaiting), scene.cast.north.secretary, expires_at=until)

    record(final_of(scene, awaiting), scene.cast.north.registrar, papers=None)

    assert SignOff.objects.unscoped("test").get(step=final_of(scene, awaiting)).expires_at == until


def test_second_recorder_with_another_expiry_is_refused(scene, awaiting):
    record(final_of(scene, awaiting), scene.cast.north.secretary, expires_at=clock.now() + timedelta(hours=2))

    with refused("compare the papers"):
        record(
            final_of(scene, awaiting),
            scene.cast.north.registrar,
            papers=None,
            expires_at=clock.now() + timedelta(days=9),
        )


def test_waived_pair_records_with_one_and_says_so(scene):
    scenes.policy(scene.negotiation, scene.cast.north, pairs_waived=True)
    tranche = factories.tranche_at(scene, T.PLANNED)
    tranches.lock(tranche, actor=scene.cast.north.head)
    for who in (scene.cast.south.head, scene.cast.south.deputy):
        tranches.lock(tranche, actor=who)
    tranches.take_step(tranche, "start_sign_off", actor=scene.cast.north.head)
    approve(internal_of(scene, tranche), scene.cast.north.head)

    record(final_of(scene, tranche), scene.cast.north.secretary)

    assert final_of(scene, tranche).status == P.APPROVED
    assert data_of(last_event("sign_off.approved"))["one_pair_of_eyes"] is True


@pytest.fixture
@kept
def two_decisions(scene):
    steps = [{"office": scene.cast.north.hq}, {"office": scene.cast.north.office, "quorum": 2, "is_final": True}]
    scenes.policy(scene.negotiation, scene.cast.north, steps=steps)
    return factories.tranche_at(scene, T.IN_SIGN_OFF)


def record_by_two(scene, tranche, decided_by):
    papers = factories.papers() | {"decided_by": decided_by}
    record(final_of(scene, tranche), scene.cast.north.secretary, papers=papers)
    return record(final_of(scene, tranche), scene.cast.north.registrar, papers=papers)


def through_to_final(scene, tranche):
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.head)


# Refusing


def test_refusal_needs_a_reason(scene, awaiting):
    with refused("Give the reason."):
        sign_offs.refuse(final_of(scene, awaiting), reason=" ", actor=scene.cast.north.president)


def test_refused_step_says_why_and_keeps_the_tranche_waiting(scene, awaiting):
    sign_offs.refuse(final_of(scene, awaiting), reason="not these names", actor=scene.cast.north.president)

    step = final_of(scene, awaiting)
    assert (step.status, step.refused_because) == (P.REFUSED, "not these names")
    assert scenes.again(awaiting).status == T.AWAITING_FINAL


def test_refused_step_is_not_approved_out_of_turn(scene, awaiting):
    sign_offs.refuse(final_of(scene, awaiting), reason="not yet", actor=scene.cast.north.president)
    sign_offs.withdraw(internal_of(scene, awaiting), reason="a mistake", actor=scene.cast.north.head)

    with refused("The steps before this one do not count"):
        approve(final_of(scene, awaiting), scene.cast.north.president)


# Withdrawing


@pytest.mark.parametrize("status", [T.SIGNED_OFF, T.STAGED])
def test_final_withdrawn_takes_the_tranche_back_at_once(scene, status):
    tranche = factories.tranche_at(scene, status)

    sign_offs.withdraw(final_of(scene, tranche), reason="I was misled", actor=scene.cast.north.president)

    assert scenes.again(tranche).status == T.AWAITING_FINAL
    assert scenes.again(tranche.exchange).status == "awaiting_final_sign_off"


def test_secretary_withdraws_alone(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    sign_offs.withdraw(final_of(scene, tranche), reason="he said so", actor=scene.cast.north.secretary)

    assert scenes.again(tranche).status == T.AWAITING_FINAL


def test_withdrawal_works_while_suspended(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    exchanges.take_step(tranche.exchange, "suspend", actor=scene.cast.south.head, reason="shelling")

    sign_offs.withdraw(final_of(scene, tranche), reason="no", actor=scene.cast.north.president)

    assert scenes.again(tranche).status == T.AWAITING_FINAL


def test_other_side_does_not_withdraw_ours(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    with refused("This step is for Office of the President of North."):
        sign_offs.withdraw(final_of(scene, tranche), reason="no", actor=scene.cast.south.president)


def test_earlier_step_withdrawn_leaves_the_final_stored_but_not_counting(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    sign_offs.withdraw(internal_of(scene, tranche), reason="a mistake", actor=scene.cast.north.head)

    final = final_of(scene, tranche)
    assert final.status == P.WAITING
    assert SignOff.objects.unscoped("test").filter(step=final, withdrawal__isnull=True).count() == 1
    assert scenes.again(tranche).status == T.IN_SIGN_OFF


def test_final_counts_again_when_the_earlier_step_does(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    sign_offs.withdraw(internal_of(scene, tranche), reason="a mistake", actor=scene.cast.north.head)

    approve(internal_of(scene, tranche), scene.cast.north.head)

    assert final_of(scene, tranche).status == P.APPROVED
    assert scenes.again(tranche).status == T.SIGNED_OFF


def test_stored_final_that_does_not_count_can_still_be_withdrawn(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    sign_offs.withdraw(internal_of(scene, tranche), reason="a mistake", actor=scene.cast.north.head)
    sign_offs.withdraw(final_of(scene, tranche), reason="me too", actor=scene.cast.north.president)

    approve(internal_of(scene, tranche), scene.cast.north.head)

    assert scenes.again(tranche).status == T.AWAITING_FINAL


def test_withdrawal_after_go_is_recorded_and_changes_nothing(scene):
    tranche = factories.tranche_at(scene, T.GONE)

    with pytest.raises(RecordedRefusal, match="The tranche has gone") as caught:
        sign_offs.withdraw(final_of(scene, tranche), reason="stop", actor=scene.cast.north.president)

    assert caught.value.status == 409
    assert kinds(final_of(scene, tranche))[-1] == "sign_off.withdrawal_too_late"
    assert Withdrawal.objects.unscoped("test").count() == 0
    assert scenes.again(tranche).status == T.GONE


def test_aborted_tranche_has_nothing_to_withdraw(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    tranches.take_step(tranche, "abort", actor=scene.cast.south.head, reason="off")

    with refused("not in sign-off"):
        sign_offs.withdraw(final_of(scene, tranche), reason="no", actor=scene.cast.north.president)


# Expiring


@pytest.fixture
def expiring(scene, awaiting):
    """Signed off, the north's final holding for one hour; the hour passes with `pass_hour()`."""
    approve(final_of(scene, awaiting), scene.cast.north.president, expires_at=clock.now() + timedelta(hours=1))
    factories.sign(awaiting, scene.cast.south, scene.cast.south.president, final=True)

    nobody_left_to_tell()

    def pass_hours(hours=2):
        clock.clock.offset = timedelta(hours=hours)

    return scenes.again(awaiting), pass_hours


def test_expiry_in_the_past_is_refused(scene, awaiting):
    with refused("has passed already"):
        approve(final_of(scene, awaiting), scene.cast.north.president, expires_at=scenes.ago(minutes=1))


def test_expired_sign_off_stops_staging_before_anybody_noticed(scene, expiring):
    tranche, pass_hours = expiring
    pass_hours()

    with refused("Not every final sign-off counts at this moment."):
        tranches.take_step(tranche, "stage", actor=scene.cast.north.handover)


@pytest.mark.slow
def test_sweep_tells_of_an_expiry_once(scene, expiring):
    tranche, pass_hours = expiring
    sweep()
    assert Expiry.objects.unscoped("test").count() == 0
    pass_hours()

    sweep()
    sweep()

    assert Expiry.objects.unscoped("test").count() == 1
    assert kinds(final_of(scene, tranche)).count("sign_off.expired") == 1
    assert scenes.again(tranche).status == T.AWAITING_FINAL
    assert last_event("sign_off.expired").actor == "system"


@pytest.mark.slow
def test_expired_step_is_signed_anew(scene, expiring):
    tranche, pass_hours = expiring
    pass_hours()
    sweep()

    approve(final_of(scene, tranche), scene.cast.north.president)

    assert scenes.again(tranche).status == T.SIGNED_OFF


@pytest.mark.slow
def test_expiry_after_go_is_nobodys_matter(scene, expiring):
    tranche, pass_hours = expiring
    for side in (scene.cast.north, scene.cast.south):
        lists.clear(tranche, actor=side.head)
    tranches.take_step(tranche, "stage", actor=scene.cast.north.handover)
    for side in (scene.cast.north, scene.cast.south):
        tranches.take_step(tranche, "go", actor=side.handover)
    pass_hours()

    sweep()

    assert Expiry.objects.unscoped("test").count() == 0


# Unlocking and correcting


def correct(scene, tranche, given, side=None, who=None, field="given"):
    side = side or scene.cast.north
    entry = tranche.entries.order_by("direction__number", "number").first()
    for person in who or (side.head, side.deputy):
        tranche = tranches.correct_entry(
            tranche, entry=entry.pk, changes={field: given}, source="his passport", actor=person
        )
    return tranche


def test_unlock_lapses_every_sign_off_and_names_the_change(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    tranche = tranches.take_step(tranche, "unlock", actor=scene.cast.south.head, reason="the date moves")

    steps = SignOffStep.objects.unscoped("test").filter(tranche=tranche)
    assert tranche.status == T.PLANNED
    assert {(step.status, step.lapsed_because) for step in steps} == {(P.WAITING, "the date moves")}
    assert kinds(final_of(scene, tranche))[-1] == "sign_off.lapsed"


def test_unlock_needs_the_change_as_its_reason(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("Give the reason."):
        tranches.take_step(tranche, "unlock", actor=scene.cast.north.head)


def test_undone_change_revives_nothing(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    earlier = factories.digest_of(final_of(scene, tranche))
    tranches.take_step(tranche, "unlock", actor=scene.cast.south.head, reason="the date moves")
    factories.lock(scene, tranche)

    tranche = tranches.take_step(tranche, "start_sign_off", actor=scene.cast.north.head)

    assert tranche.status == T.IN_SIGN_OFF
    assert factories.digest_of(final_of(scene, tranche)) != earlier


def test_step_of_an_earlier_lock_cannot_be_signed(scene):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    old = final_of(scene, tranche)
    tranches.take_step(tranche, "unlock", actor=scene.cast.south.head, reason="the date moves")
    factories.lock(scene, tranche)
    SignOffStep.objects.unscoped("test").filter(pk=old.pk).update(status=P.PENDING)

    with refused("belongs to an earlier lock"):
        approve(old, scene.cast.north.president)


def test_correction_reasks_names_and_keeps_the_frame(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    correct(scene, tranche, "Samuel")

    assert internal_of(scene, tranche).status == P.PENDING
    assert internal_of(scene, tranche).lapsed_because == "#1 was corrected"
    versions = tranche.manifests.order_by("version")
    assert len({manifest.frame_digest for manifest in versions}) == 1
    assert len({manifest.names_digest for manifest in versions}) == 2
    assert SignOff.objects.unscoped("test").filter(step=final_of(scene, tranche)).count() == 1


def test_frame_signers_count_again_once_the_names_are_signed(scene):
    tranche = factories.tranche_at(scene, T.STAGED)
    correct(scene, tranche, "Samuel")
    assert scenes.again(tranche).status == T.IN_SIGN_OFF

    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.head)

    assert scenes.again(tranche).status == T.SIGNED_OFF


def test_correction_that_is_undone_revives_no_sign_off(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    correct(scene, tranche, "Samuel")

    correct(scene, tranche, "Sam")

    first, _second, third = tranche.manifests.order_by("version")
    assert first.names_digest == third.names_digest
    assert internal_of(scene, tranche).status == P.PENDING
    assert scenes.again(tranche).status == T.IN_SIGN_OFF


def test_undone_correction_shows_no_sign_off_as_counting(scene):
    """The page's ladder and the API say of each what the approval query says."""
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    correct(scene, tranche, "Samuel")
    correct(scene, tranche, "Sam")
    rung, head = internal_of(scene, tranche), scene.cast.north.head

    (part,) = sign_off_rows([rung], head)[0].sign_offs
    assert part.state == "lapsed"
    fresh = scenes.again(tranche)
    facts = facts_of([fresh], head)[fresh.pk]
    ladder = next(ladder for ladder in ladders_of(facts, Parties(fresh.exchange), head) if ladder.private)
    assert [(view.counts, view.standing) for rung in ladder.rungs if not rung.final for view in rung.sign_offs] == [
        (False, "lapsed")
    ]


def test_after_an_undone_correction_the_names_can_be_signed_again(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    correct(scene, tranche, "Samuel")
    correct(scene, tranche, "Sam")

    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.head)

    assert scenes.again(tranche).status == T.SIGNED_OFF


def test_correction_takes_two_people(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    correct(scene, tranche, "Samuel", who=[scene.cast.north.head])
    assert tranche.manifests.count() == 1

    with refused("a second person of your side"):
        correct(scene, tranche, "Samuel", who=[scene.cast.north.head])


def test_two_people_who_correct_differently_have_not_agreed(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)
    correct(scene, tranche, "Samuel", who=[scene.cast.north.head])

    correct(scene, tranche, "Samson", who=[scene.cast.north.deputy])

    assert tranche.manifests.count() == 1


def test_waived_correction_says_one_pair_of_eyes(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)
    scenes.policy(scene.negotiation, scene.cast.north, pairs_waived=True)

    correct(scene, tranche, "Samuel", who=[scene.cast.north.head])

    assert data_of(last_event("entry.corrected"))["one_pair_of_eyes"] is True


def test_correction_never_changes_the_category(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("Correct at least one of"):
        correct(scene, tranche, "civilian", field="category", who=[scene.cast.north.head])


def test_correction_that_changes_nothing_is_refused(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("The entry says so already."):
        correct(scene, tranche, "Sam", who=[scene.cast.north.head])


def test_correction_event_tells_no_name(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    correct(scene, tranche, "Samuel")

    assert "Samuel" not in str(data_of(last_event("entry.corrected")))


def test_two_decisions_recorded_by_the_same_two_people_meet_a_quorum_of_two(scene, two_decisions):
    through_to_final(scene, two_decisions)
    record_by_two(scene, two_decisions, "The President")
    assert final_of(scene, two_decisions).status == P.PENDING

    record_by_two(scene, two_decisions, "The Prime Minister")

    assert final_of(scene, two_decisions).status == P.APPROVED


def test_one_decision_recorded_twice_does_not_meet_a_quorum_of_two(scene, two_decisions):
    through_to_final(scene, two_decisions)
    record_by_two(scene, two_decisions, "The President")

    with refused("is recorded at this step already"):
        record_by_two(scene, two_decisions, "the president")
