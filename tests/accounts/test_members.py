"""Members of one's organisation: roles changed, memberships ended, and what that closes at once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import Membership, User
from access.roles import ROLES_OF_KIND, Role
from accounts.operations import (
    add_membership,
    change_user,
    create_key,
    end_membership,
    set_password,
    system_user,
)
from accounts.operations.members import change_roles, end_member
from core.errors import DomainError, InputRefused
from tests.cast import member
from tests.checks import kinds, refused

LIST = "/organisation/members/"
LIST_QUERIES = 6


def page(user, organisation, name="member"):
    return f"{reverse(f'accounts:{name}', args=[user.pk])}?of={organisation.pk}"


def roles_of(user, organisation):
    return sorted(user.memberships.filter(organisation=organisation, ends_at=None).values_list("role", flat=True))


def test_members_stand_with_their_roles_in_few_queries(cast, as_user, django_assert_num_queries):
    client = as_user(cast.north.clerk)
    with django_assert_num_queries(LIST_QUERIES):
        text = client.get(LIST).text

    for shown in ("north head", "north-medic", "medical officer", "since"):
        assert shown in text
    for hidden in ("north president", "south", "Invite somebody"):
        assert hidden not in text


def test_each_organisation_of_a_person_has_its_section(cast, as_user):
    add_membership(cast.north.clerk, cast.mediator_organisation, Role.OBSERVER, actor=system_user())

    views = as_user(cast.north.clerk).get(LIST).context["organisations"]

    assert [view.name for view in views] == ["North headquarters", "The mediator"]
    assert [len(view.members) for view in views] == [7, 2]  # the auditor sits in the headquarters


def test_roles_are_changed_on_the_page(cast, as_user):
    answer = as_user(cast.north.head).post(page(cast.north.clerk, cast.north.hq), {"roles": ["negotiator", "observer"]})

    assert answer.url == LIST
    assert roles_of(cast.north.clerk, cast.north.hq) == ["negotiator", "observer"]
    assert kinds(cast.north.clerk, shared=False)[-3:] == ["member.role_given", "member.role_given", "member.role_ended"]


@pytest.mark.parametrize(("roles", "status"), [([], 400), (["mediator"], 400), (["operator"], 400)])
def test_roles_that_cannot_be_stay_unchanged(cast, as_user, roles, status):
    assert as_user(cast.north.head).post(page(cast.north.clerk, cast.north.hq), {"roles": roles}).status_code == status

    assert roles_of(cast.north.clerk, cast.north.hq) == ["clerk"]


def test_who_keeps_nobody_reads_why_and_changes_nothing(cast, as_user):
    client = as_user(cast.north.clerk)
    path = page(cast.north.medic, cast.north.hq)

    assert "This is for head of delegation." in client.get(path).text
    assert client.post(path, {"roles": ["clerk"]}).status_code == 409
    assert client.post(page(cast.north.medic, cast.north.hq, "member_end")).status_code == 409
    assert roles_of(cast.north.medic, cast.north.hq) == ["medical_officer"]


def test_other_heads_find_nobody(cast, as_user):
    """The other party's, and the same party's office's members seen from its headquarters."""
    for viewer, user, organisation in (
        (cast.south.head, cast.north.clerk, cast.north.hq), (cast.north.head, cast.north.president, cast.north.office),
        (cast.north.head, cast.north.clerk, cast.south.hq),
    ):  # fmt: skip
        client = as_user(viewer)
        assert client.get(page(user, organisation)).status_code == 404
        assert client.post(page(user, organisation), {"roles": ["clerk"]}).status_code == 404
        assert client.post(page(user, organisation, "member_end")).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(ROLES_OF_KIND))
def test_no_organisation_gives_a_role_of_another_kind(cast, kind):
    organisation = {
        "body": cast.north.hq, "mediator": cast.mediator_organisation, "neutral": cast.neutral_organisation,
        "ngo": cast.ngo_organisation, "operator": cast.operator_organisation,
    }[kind]  # fmt: skip
    for role in set(Role.values) - ROLES_OF_KIND[kind]:
        with refused("there is no", error=InputRefused):
            add_membership(cast.outsider, organisation, role, actor=system_user())


# Ending


def test_ending_closes_sessions_and_keys_at_once(cast, as_user):
    clerk = Client()
    clerk.force_login(cast.north.clerk)
    from accounts.middleware import begin

    session = clerk.session
    begin(session)
    session.save()
    _key, token = create_key(cast.north.clerk.memberships.get(), label="k", actor=cast.north.clerk)
    assert clerk.get(LIST).status_code == 200

    as_user(cast.north.head).post(page(cast.north.clerk, cast.north.hq, "member_end"))

    assert clerk.get(LIST).url.startswith("/sign-in/")
    assert Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/account/").status_code == 401


def test_who_holds_a_role_elsewhere_stays_signed_in(cast):
    add_membership(cast.north.clerk, cast.mediator_organisation, Role.OBSERVER, actor=system_user())
    before = cast.north.clerk.get_session_auth_hash()

    end_member(cast.north.clerk, cast.north.hq, actor=cast.north.head)

    assert User.objects.unscoped("test").get(pk=cast.north.clerk.pk).get_session_auth_hash() == before


def test_every_role_of_a_head_ends_though_they_end_them_themselves(cast):
    end_member(cast.north.head, cast.north.hq, actor=cast.north.head)

    assert roles_of(cast.north.head, cast.north.hq) == []


def test_the_last_head_names_another_first(cast):
    end_member(cast.north.deputy, cast.north.hq, actor=cast.north.head)

    for leaving in (
        lambda: end_member(cast.north.head, cast.north.hq, actor=cast.north.head),
        lambda: change_roles(cast.north.head, cast.north.hq, roles=["clerk"], actor=cast.north.head),
    ):
        with refused("name another head first"):
            leaving()

    change_roles(cast.north.clerk, cast.north.hq, roles=["head_of_delegation"], actor=cast.north.head)
    change_roles(cast.north.head, cast.north.hq, roles=["clerk"], actor=cast.north.head)
    assert roles_of(cast.north.head, cast.north.hq) == ["clerk"]


def test_the_last_operator_stays(cast):
    with refused("name another head first"):
        end_member(cast.operator, cast.operator_organisation, actor=cast.operator)


def test_an_operator_ends_no_head_who_may_sign_in(cast):
    """Else they could empty a headquarters and appoint a head of their own."""
    with refused("another head of the organisation"):
        end_membership(Membership.objects.get(user=cast.north.deputy), actor=cast.operator)


def test_an_operator_gives_themselves_nothing(cast):
    for act in (
        lambda: add_membership(cast.operator, cast.north.office, Role.HEAD, actor=cast.operator),
        lambda: change_roles(cast.north.clerk, cast.north.hq, roles=["head_of_delegation"], actor=cast.operator),
        lambda: set_password(cast.north.head, "a password of mine", actor=cast.operator),
    ):
        with pytest.raises(DomainError):
            act()


def test_an_operator_appoints_where_the_only_head_cannot_sign_in(cast):
    for head in (cast.north.head, cast.north.deputy):
        change_user(head, organisation=cast.north.hq, actor=cast.operator, is_active=False)

    add_membership(cast.north.clerk, cast.north.hq, Role.HEAD, actor=cast.operator)

    assert "head_of_delegation" in roles_of(cast.north.clerk, cast.north.hq)


def test_a_membership_that_begins_later_can_be_ended(cast):
    later = add_membership(
        member("later", cast.north.hq), cast.north.hq, Role.CLERK, actor=cast.north.head,
        starts_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip

    ended = end_membership(later, actor=cast.north.head)

    assert ended.ends_at == ended.starts_at


# Operators' page


def test_operators_enter_organisations_and_see_who_lacks_a_head(cast, as_user):
    client = as_user(cast.operator)
    entered = {"name": "East headquarters", "kind": "body", "party": "", "party_name": "East"}
    assert client.post("/organisations/new/", entered).url == "/organisations/"

    rows = {row.name: row for row in client.get("/organisations/").context["organisations"]}
    assert (rows["East headquarters"].party, rows["East headquarters"].has_head) == ("East", False)
    assert rows["North headquarters"].has_head

    invite = rows["East headquarters"].invite_url
    assert (
        client.post(invite, {"email": "e@example.org", "roles": ["head_of_delegation"], "language": "en"}).url
        == "/organisations/"
    )
    again = client.post(
        rows["North headquarters"].invite_url,
        {"email": "e2@example.org", "roles": ["head_of_delegation"], "language": "en"},
    )
    assert "first head" in again.text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "North headquarters"}, "name"), ({"party_name": ""}, "party"), ({"kind": "ngo"}, "party"),
        ({"party_name": "North"}, "party_name"), ({"name": ""}, "name"),
    ],
)  # fmt: skip
def test_an_organisation_that_cannot_be_is_refused_at_its_field(cast, as_user, given, field):
    asked = {"name": "East headquarters", "kind": "body", "party": "", "party_name": "East"} | given
    answer = as_user(cast.operator).post("/organisations/new/", asked)

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]


def test_to_everybody_else_the_operators_pages_are_not_there(cast, as_user):
    for user in (cast.north.head, cast.mediator):
        for path in ("/organisations/", "/organisations/new/", "/organisations/introductions/new/"):
            assert as_user(user).get(path).status_code == 404


def test_an_introduction_lets_two_name_each_other_and_shows_nothing(cast, as_user):
    from access.models import Compartment, Organisation, Party

    west = cast.outsider_side
    assert west.hq not in Organisation.objects.visible_to(cast.north.head)
    seen = set(Compartment.objects.visible_to(west.head))

    pair = {"one": west.hq.pk, "other": cast.north.hq.pk}
    assert as_user(cast.operator).post("/organisations/introductions/new/", pair).url == "/organisations/"

    assert west.hq in Organisation.objects.visible_to(cast.north.head)
    assert cast.north.party in Party.objects.visible_to(west.head)
    assert west.office not in Organisation.objects.visible_to(cast.north.head)
    assert set(Compartment.objects.visible_to(west.head)) == seen
    assert not User.objects.visible_to(west.head).filter(pk=cast.north.head.pk).exists()
    assert as_user(cast.operator).post("/organisations/introductions/new/", pair).status_code == 400
