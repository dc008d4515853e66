"""Who is told at once is whom `visible_to` would let see it one by one."""

import pytest

from access.models import Compartment, Membership, User
from access.roles import May, Role
from access.scoping import capabilities_in, users_where
from accounts.operations import add_membership, end_grant, end_membership, give_grant, system_user
from alerts.routing import TOLD, _actor_of, _told, _who_may_see, may_see, recipients
from audit.models import GUARDED, Event
from exchanges.models import TrancheStatus
from people.operations import create_person
from people.operations.watching import mark_decoy
from tests import factories


@pytest.fixture
def world(scene):
    """Rights of every kind: of an organisation, of a person, of a role at home, ended, and of somebody who may not sign in."""
    cast, tranche = scene.cast, factories.tranche_at(scene, TrancheStatus.SIGNED_OFF)
    person = create_person(actor=cast.north.clerk, names=[{"family": "Коваль"}])
    mark_decoy(person, actor=cast.north.head)
    home, table, head = cast.north.home, tranche.compartment, cast.north.head
    give_grant(home, user=cast.south.clerk, roles=[Role.CLERK], actor=head, reason="x")
    end_grant(give_grant(home, user=cast.south.negotiator, roles=[Role.NEGOTIATOR], actor=head, reason="x"), actor=head)
    add_membership(cast.south.negotiator, cast.north.hq, Role.CASEWORKER, actor=system_user())
    end_membership(cast.south.deputy.memberships.first(), actor=cast.south.head)
    User.objects.unscoped("test").filter(pk=cast.north.deputy.pk).update(is_active=False)
    return home, table


def everybody():
    return User.objects.filter(is_active=True, is_system=False).order_by("pk")


def test_those_with_a_right_are_those_who_each_have_it(world):
    compartments = Compartment.objects.unscoped("test")
    assert {one.kind for one in compartments} >= {"party", "organisation", "table"}
    held = 0
    for compartment in compartments:
        by_user = {user.pk: capabilities_in(user, compartment) for user in everybody()}
        for capability in May:
            found = set(everybody().filter(users_where(compartment.pk, capability)).values_list("pk", flat=True))
            assert found == {pk for pk, capabilities in by_user.items() if capability in capabilities}, capability
            held += len(found)
    assert held > 100


def test_those_who_may_see_an_event_are_those_who_each_may(world):
    events = Event.objects.unscoped("test")
    kinds = {}
    for event in events:
        kinds.setdefault((event.kind, event.compartment_id), event)
    assert GUARDED[3] in {kind for kind, _compartment in kinds}
    routed = 0
    for event in kinds.values():
        found = list(everybody().filter(_who_may_see(event)))
        assert found == [user for user in everybody() if may_see(user, event)], event.kind
        if event.kind in TOLD:
            told = set(_told(event)) - {_actor_of(event)}
            assert recipients(event) == [user for user in everybody() if user.pk in told and may_see(user, event)]
            routed += bool(told)
    assert routed > 5


@pytest.mark.parametrize("many", [1, 40])
def test_telling_many_asks_as_often_as_telling_one(scene, django_assert_num_queries, many):
    """The members of one side's headquarters; one statement for each thing that is asked."""
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    event = Event.objects.unscoped("test").filter(compartment=tranche.compartment_id, kind="tranche.planned").get()
    users = [User(username=f"many-{number}", label="x", email=f"m{number}@example.org") for number in range(many)]
    User.objects.bulk_create(users)
    Membership.objects.bulk_create(
        Membership(user=user, organisation=scene.cast.north.hq, role=Role.NEGOTIATOR) for user in users
    )

    with django_assert_num_queries(3):  # who holds a role that is told, who did it, who of them may see it
        found = recipients(event)
    assert {user.pk for user in users} <= {user.pk for user in found}
    assert all(may_see(user, event) for user in found)
