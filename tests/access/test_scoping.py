"""Who sees and may do what: memberships, grants, roles, keys, each dated."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from access.models import Compartment, Grant, Membership, Organisation, Party, User
from access.roles import CAPABILITIES, May, Role, capabilities_of
from access.scoping import capabilities_in, compartments_where, seats_of
from accounts.operations import (
    add_membership,
    create_organisation,
    create_user,
    end_grant,
    end_membership,
    give_grant,
    system_user,
)
from exchanges.models import Exchange
from exchanges.operations import sign_off
from people.models import Person
from tests import factories
from tests.cast import PASSWORD, member
from tests.checks import refused

# RULES section 9, written down a second time.
SECTION_9 = {
    Role.CLERK: "read read_names write_person import_people record_talks",
    Role.NEGOTIATOR: "read read_names write_person import_people record_talks edit_list negotiate export hold",
    Role.HEAD: "read read_names write_person import_people record_talks edit_list negotiate export hold lock decide share "
    "manage_members record_sign_off run_handover",
    Role.SIGNATORY: "read read_names sign hold",
    Role.SIGNATORY_OFFICE: "read read_names record_sign_off hold",
    Role.MEDICAL_OFFICER: "read read_names read_health clear_fitness hold",
    Role.LEGAL_OFFICER: "read read_names read_legal read_witness clear_legal hold",
    Role.HANDOVER_OFFICER: "read read_names read_location run_handover hold",
    Role.MEDIATOR: "read read_names record_talks pass_on",
    Role.NEUTRAL: "read_final_lists confirm",
    Role.OBSERVER: "read",
    Role.CASEWORKER: "read read_family trace",
    Role.AUDITOR: "read_log export_log",
    Role.OPERATOR: "administer",
}


@pytest.fixture
def table(scene):
    return factories.exchange_at(scene, "negotiating").compartment


def open_to(compartments):
    return set(Compartment.objects.filter(pk__in=compartments).values_list("pk", flat=True))


@pytest.mark.parametrize("role", Role.values)
def test_role_holds_what_section_9_gives_it(role):
    assert CAPABILITIES[role] == set(SECTION_9[role].split())


def test_caseworker_reads_names_at_home_only():
    assert capabilities_of([Role.CASEWORKER], at_home=True) - CAPABILITIES[Role.CASEWORKER] == {
        May.READ_NAMES, May.WRITE_PERSON,
    }  # fmt: skip


def test_ngo_keeps_persons_in_its_own_half(cast):
    home = cast.ngo_organisation.home

    assert May.WRITE_PERSON in capabilities_in(cast.ngo, home)
    assert home.pk in open_to(compartments_where(cast.ngo, *Person.read_capability))


def test_what_one_may_do_is_the_roles_the_grant_admits(cast, table):
    """The handover officer's location data are not granted to this organisation at this table."""
    office = create_organisation("Police", kind="body", party=cast.north.party, actor=system_user())
    officer = member("officer", office, Role.HANDOVER_OFFICER, Role.OBSERVER)
    give_grant(table, organisation=office, roles=[Role.OBSERVER], reason="looks on", actor=cast.north.head)

    assert capabilities_in(officer, table) == {May.READ}


def test_grant_to_a_person_counts_their_roles_wherever_held(cast, table):
    give_grant(table, user=cast.outsider_side.clerk, roles=[Role.CLERK], reason="a translator", actor=cast.north.head)

    assert May.READ_NAMES in capabilities_in(cast.outsider_side.clerk, table)
    assert capabilities_in(cast.outsider_side.head, table) == frozenset()


def test_user_in_two_organisations_has_a_seat_in_each(cast, table):
    add_membership(cast.north.clerk, cast.north.office, Role.SIGNATORY, actor=system_user())

    seats = {seat.organisation: seat.roles for seat in seats_of(cast.north.clerk, table)}

    assert seats == {cast.north.hq: {Role.CLERK}, cast.north.office: {Role.SIGNATORY}}


def test_roles_of_one_organisation_do_not_count_for_the_other_s_grant(cast, table):
    """The mediator's man is also a head of the west, which is not at the table."""
    add_membership(cast.mediator, cast.outsider_side.hq, Role.HEAD, actor=system_user())

    assert May.DECIDE not in capabilities_in(cast.mediator, table)
    assert table.pk not in open_to(compartments_where(cast.mediator, May.DECIDE))


def test_ended_membership_opens_nothing(cast, table):
    end_membership(Membership.objects.get(user=cast.north.clerk), actor=cast.operator)

    assert capabilities_in(cast.north.clerk, table) == frozenset()
    assert not Exchange.objects.visible_to(cast.north.clerk).exists()


def test_ended_grant_opens_nothing(cast, table):
    end_grant(Grant.objects.get(compartment=table, organisation=cast.south.office), actor=cast.south.head)

    assert not Exchange.objects.visible_to(cast.south.president).exists()
    assert Exchange.objects.visible_to(cast.south.head).exists()


@pytest.mark.parametrize(("starts", "ends", "opens"), [(-2, -1, False), (-1, 1, True), (1, 2, False), (-1, None, True)])
def test_dates_of_a_membership(cast, table, starts, ends, opens):
    now = timezone.now()
    user = create_user("temp", label="temp", organisation=cast.north.hq, password=PASSWORD, actor=system_user())
    add_membership(
        user, cast.north.hq, Role.CLERK, actor=system_user(), starts_at=now + timedelta(hours=starts),
        ends_at=now + timedelta(hours=ends) if ends else None,
    )  # fmt: skip

    assert Exchange.objects.visible_to(user).exists() == opens
    assert bool(seats_of(user, table)) == opens


def test_deactivated_account_sees_nothing(cast, table):
    User.objects.filter(pk=cast.north.head.pk).update(is_active=False)
    head = User.objects.get(pk=cast.north.head.pk)

    assert not Exchange.objects.visible_to(head).exists()
    assert capabilities_in(head, table) == frozenset()


def test_anonymous_visitor_sees_nothing(cast, table):
    for model in (Exchange, Compartment, Organisation, Party, User, Membership, Grant):
        assert not model.objects.visible_to(AnonymousUser()).exists()


def test_operator_keeps_organisations_and_sees_no_case(cast, table):
    assert Organisation.objects.visible_to(cast.operator).count() == Organisation.objects.unscoped("test").count()
    assert not Exchange.objects.visible_to(cast.operator).exists()
    assert capabilities_in(cast.operator, table) == capabilities_in(cast.operator, cast.north.home) == frozenset()


# Keys


def by_key(user, **membership):
    """The user as a key presents them: acting as one membership."""
    user = User.objects.get(pk=user.pk)
    user.only_membership_id = Membership.objects.get(user=user, **membership).pk
    return user


def test_key_acts_as_its_membership_only(cast, table):
    caller = by_key(cast.north.head, role=Role.SIGNATORY)

    assert capabilities_in(caller, table) == {May.READ, May.READ_NAMES, May.HOLD}
    assert table.pk not in open_to(compartments_where(caller, May.DECIDE))


def test_key_cannot_sign(scene):
    tranche = factories.tranche_at(scene, "awaiting_final_sign_off")
    step = factories.step_of(tranche, scene.cast.north, final=True)
    caller = by_key(scene.cast.north.president)

    with refused("“Approve” is for"):
        sign_off.approve(step, digest=factories.digest_of(step), password=PASSWORD, actor=caller)


def test_key_of_an_ended_membership_opens_nothing(cast, table):
    caller = by_key(cast.north.clerk)
    end_membership(Membership.objects.get(user=cast.north.clerk), actor=cast.operator)

    assert not Exchange.objects.visible_to(caller).exists()


# Who knows of whom


def test_sides_at_one_table_know_each_other_s_organisations_and_no_persons(cast, table):
    organisations = set(Organisation.objects.visible_to(cast.south.clerk))

    assert {cast.north.hq, cast.north.office, cast.mediator_organisation} <= organisations
    assert cast.outsider_side.hq not in organisations
    assert not User.objects.visible_to(cast.south.clerk).filter(pk=cast.north.head.pk).exists()


def test_outsider_knows_of_nobody_at_the_table(cast, table):
    assert set(Party.objects.visible_to(cast.outsider)) == {cast.outsider_side.party}
    assert set(Compartment.objects.visible_to(cast.outsider)) == {cast.outsider_side.home}


def test_the_scope_of_one_viewer_is_never_that_of_another(scene, table):
    """The subquery's text is kept from one viewer to the next; the viewer is not."""
    cast = scene.cast
    for _time in range(2):
        assert table.pk in open_to(compartments_where(cast.north.head, May.DECIDE))
        assert table.pk not in open_to(compartments_where(cast.outsider_side.head, May.DECIDE))


def test_a_grant_that_has_run_out_closes_at_once(scene, table):
    assert table.pk in open_to(compartments_where(scene.cast.north.head, May.DECIDE))

    Grant.objects.filter(compartment=table).update(ends_at=timezone.now())

    assert table.pk not in open_to(compartments_where(scene.cast.north.head, May.DECIDE))


def test_a_capability_that_no_role_holds_opens_nothing(scene, table):
    assert open_to(compartments_where(scene.cast.north.head, "no such capability")) == set()
