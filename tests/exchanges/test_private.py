"""RULES section 8: what stays in a party's half, and what each onlooker of the table sees."""

import pytest
from django.contrib.auth.models import AnonymousUser

from access.roles import Role
from accounts.operations import add_membership, end_grant, give_grant, system_user
from audit.models import Event, EventData
from exchanges.models import (
    Answer,
    Author,
    Brief,
    Clearance,
    Cleared,
    CountStatement,
    Entry,
    EntryLink,
    Exchange,
    Go,
    Hold,
    LadderProgress,
    LockAgreement,
    Manifest,
    ManifestLine,
    Placement,
    PolicyStep,
    Receipt,
    Revision,
    SecondPair,
    SignOff,
    SignOffPaper,
    SignOffPolicy,
    SignOffStep,
    Tranche,
    TrancheStatus,
)
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.operations.exchange import take_step
from exchanges.standing import TwoSides
from people.models import Person
from tests import factories, scenes
from tests.cast import PASSWORD, member
from tests.checks import refused
from tests.exchanges.test_lock import first_entry, link, person
from tests.keeping import kept

T = TrancheStatus
PRIVATE = (
    Author, Brief, Clearance, EntryLink, Person, Placement, PolicyStep, SecondPair, SignOffPaper, SignOffPolicy,
)  # fmt: skip
NAMED = (Answer, Cleared, Entry, Receipt, Revision)
OPEN_TO_READERS = (CountStatement, Exchange, Go, LadderProgress, LockAgreement, Tranche)


@pytest.fixture
@kept
def story(scene):
    """A tranche received, with a row of every private kind on the north's side, seen also by neutral, NGO and observer."""
    cast, north = scene.cast, scene.cast.north
    tranche = factories.tranche_at(scene, T.PLANNED)
    entry = first_entry(tranche)
    link(scene, north, entry, person(north))
    lists.write_brief(entry, actor=north.negotiator, priority=1, note="the minister's nephew")
    lists.check_clearance(entry, kind="identity", is_passed=True, actor=north.head)
    factories.lock(scene, tranche)
    tranches.take_step(tranche, "start_sign_off", actor=north.head)
    for side in (north, cast.south):
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)
        lists.clear(tranche, actor=side.head)
    tranches.take_step(tranche, "stage", actor=north.handover)
    for side in (north, cast.south):
        tranches.take_step(tranche, "go", actor=side.handover)
    for organisation, role in (
        (cast.neutral_organisation, Role.NEUTRAL), (cast.ngo_organisation, Role.CASEWORKER),
        (cast.mediator_organisation, Role.OBSERVER),
    ):  # fmt: skip
        give_grant(tranche.compartment, organisation=organisation, roles=[role], reason="r", actor=north.head)
    return factories.settled(scene, scenes.again(tranche), T.RECEIVED, 3)


def count(model, viewer):
    return model.objects.visible_to(viewer).count()


def test_private_rows_are_seen_by_their_own_side_alone(scene, story):
    strangers = (
        scene.cast.south.head, scene.cast.mediator, scene.cast.neutral, scene.cast.ngo, scene.cast.outsider,
        scene.cast.operator, AnonymousUser(),
    )  # fmt: skip
    for model in PRIVATE:
        own = model.objects.unscoped("test").filter(compartment=scene.cast.north.home)
        assert own.exists(), model

        for viewer in strangers:
            assert not model.objects.visible_to(viewer).filter(pk__in=own).exists(), (model, viewer)


def test_private_rows_are_seen_by_their_own_side(scene, story):
    for model in set(PRIVATE) - {Author, SecondPair}:
        own = model.objects.unscoped("test").filter(compartment=scene.cast.north.home).count()

        assert model.objects.visible_to(scene.cast.north.head).count() == own, model


def test_internal_steps_and_their_sign_offs_are_their_party_s(scene, story):
    for model, path in ((SignOffStep, "is_final"), (SignOff, "step__is_final")):
        internal = model.objects.unscoped("test").filter(**{path: False}, compartment=scene.cast.north.home)
        assert internal.count() == 1
        for viewer in (scene.cast.south.head, scene.cast.mediator, scene.cast.neutral, scene.cast.ngo):
            assert not model.objects.visible_to(viewer).filter(pk__in=internal).exists()


def test_finals_are_seen_by_both_sides(scene, story):
    for viewer in (scene.cast.north.clerk, scene.cast.south.clerk, scene.cast.mediator):
        assert SignOffStep.objects.visible_to(viewer).filter(tranche=story, is_final=True).count() == 2


def test_names_are_not_for_observers_caseworkers_and_neutrals(scene, story):
    strangers = (scene.cast.ngo, scene.cast.neutral, scene.cast.auditor, scene.cast.operator, scene.cast.outsider)
    for model in NAMED:
        assert count(model, scene.cast.south.clerk) == model.objects.unscoped("test").count() > 0, model

        for viewer in strangers:
            assert count(model, viewer) == 0, (model, viewer)


def test_status_and_counts_are_open_to_readers_and_not_to_neutrals(scene, story):
    readers = (scene.cast.north.clerk, scene.cast.south.medic, scene.cast.mediator, scene.cast.ngo)
    strangers = (scene.cast.neutral, scene.cast.operator, scene.cast.outsider, AnonymousUser())
    for model in OPEN_TO_READERS:
        everyone = model.objects.unscoped("test").count()

        for viewer in readers:
            assert count(model, viewer) == everyone > 0, (model, viewer)
        for viewer in strangers:
            assert count(model, viewer) == 0, (model, viewer)


# The neutral intermediary


@pytest.mark.parametrize(
    "status", [T.LOCKED, T.IN_SIGN_OFF, T.AWAITING_FINAL, T.SIGNED_OFF, T.STAGED, T.GONE, T.RECEIVED]
)
def test_neutral_sees_the_manifest_from_signed_off(scene, status):
    tranche = factories.tranche_at(scene, status)
    give_grant(
        tranche.compartment, organisation=scene.cast.neutral_organisation, roles=[Role.NEUTRAL], reason="r",
        actor=scene.cast.north.head,
    )  # fmt: skip

    final = status in (T.SIGNED_OFF, T.STAGED, T.GONE, T.RECEIVED)
    assert count(Manifest, scene.cast.neutral) == (1 if final else 0)
    assert count(ManifestLine, scene.cast.neutral) == (6 if final else 0)


def test_neutral_loses_the_manifest_with_the_sign_off_and_never_sees_an_earlier_lock(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)
    give_grant(
        tranche.compartment, organisation=scene.cast.neutral_organisation, roles=[Role.NEUTRAL], reason="r",
        actor=scene.cast.north.head,
    )  # fmt: skip
    tranches.take_step(tranche, "unlock", actor=scene.cast.north.head, reason="one stays")
    assert count(Manifest, scene.cast.neutral) == 0
    tranches.change_plan(tranche, actor=scene.cast.north.negotiator, remove=[first_entry(tranche)])
    factories.lock(scene, tranche)
    tranches.take_step(tranche, "start_sign_off", actor=scene.cast.north.head)
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)

    assert count(ManifestLine, scene.cast.neutral) == 5


def test_observer_never_sees_a_manifest(scene, story):
    assert count(Manifest, scene.cast.ngo) == 0


# The log


def test_shared_log_names_no_person(scene, story):
    people = [f"user:{user.pk}" for user in (*scene.cast.north.users.values(), *scene.cast.south.users.values())]

    assert not Event.objects.unscoped("test").filter(compartment=story.compartment, actor__in=people).exists()


def test_own_log_is_not_the_other_side_s(scene, story):
    assert not Event.objects.visible_to(scene.cast.south.head).filter(compartment=scene.cast.north.home).exists()
    assert not EventData.objects.visible_to(scene.cast.south.head).filter(
        event__compartment=scene.cast.north.home
    ).exists()  # fmt: skip


def test_auditor_reads_the_own_log_and_no_content_of_the_case(scene, story):
    assert Event.objects.visible_to(scene.cast.auditor).filter(compartment=scene.cast.north.home).exists()
    assert count(Entry, scene.cast.auditor) == count(Exchange, scene.cast.auditor) == 0


def test_neutral_and_outsider_read_no_log_of_the_table(scene, story):
    for viewer in (scene.cast.neutral, scene.cast.outsider):
        assert not Event.objects.visible_to(viewer).filter(compartment=story.compartment).exists()


# Hidden equals missing, inside operations


def test_outsider_cannot_tell_hidden_from_missing(scene, story):
    outsider, exchange = scene.cast.outsider, story.exchange
    for call in (
        lambda: tranches.take_step(story, "hold", actor=outsider),
        lambda: lists.clear(story, actor=outsider),
    ):
        with refused(error=Tranche.DoesNotExist):
            call()
    with refused(error=Exchange.DoesNotExist):
        take_step(exchange, "suspend", actor=outsider, reason="r")


def test_other_side_cannot_tell_our_internal_step_from_none(scene):
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)
    step = factories.step_of(tranche, scene.cast.north)

    with refused(error=SignOffStep.DoesNotExist):
        sign_offs.approve(
            step, digest=factories.digest_of(step), password=PASSWORD, actor=scene.cast.south.head
        )  # fmt: skip


def test_member_of_a_closed_grant_sees_the_table_no_more(scene, story):
    assert count(Exchange, scene.cast.ngo) == 1

    end_grant(story.compartment.grants.get(organisation=scene.cast.ngo_organisation), actor=scene.cast.north.head)

    assert count(Exchange, scene.cast.ngo) == 0


# One person on two sides


@pytest.fixture
@kept
def double(scene):
    """The south's clerk, secretly a head at the north's headquarters and a member of both presidents' offices."""
    who = scene.cast.south.clerk
    for organisation, role in (
        (scene.cast.south.hq, Role.HEAD), (scene.cast.north.hq, Role.HEAD), (scene.cast.north.hq, Role.SIGNATORY),
    ):  # fmt: skip
        add_membership(who, organisation, role, actor=system_user())
    return who


@pytest.mark.parametrize(
    "call",
    [
        lambda t, who: tranches.take_step(t, "hold", actor=who),
        lambda t, who: tranches.take_step(t, "unlock", actor=who, reason="r"),
        lambda t, who: lists.clear(t, actor=who),
        lambda t, who: sign_offs.refuse(
            t.sign_off_steps.get(is_final=False, participant__letter="A"), reason="r", actor=who
        ),
    ],
)
def test_whoever_sits_on_both_sides_acts_for_none(scene, double, call):
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)

    with refused("two participants of this table", error=TwoSides):
        call(tranche, double)


def test_roles_of_one_organisation_do_not_count_for_another_s_grant(scene, story):
    """A caseworker of the NGO at the table is head of some other body that is not granted there."""
    add_membership(scene.cast.ngo, scene.cast.outsider_side.hq, Role.HEAD, actor=system_user())

    assert count(Entry, scene.cast.ngo) == 0
    assert count(Exchange, scene.cast.ngo) == 1


def test_new_member_sees_what_the_role_allows(scene, story):
    newcomer = member("newcomer", scene.cast.north.hq, Role.OBSERVER)

    assert (count(Exchange, newcomer), count(Entry, newcomer), count(Hold, newcomer)) == (1, 0, 0)
