"""Access given by a head, with the sentence of what it opens; API keys in the browser."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.acting import NotAllowed
from access.models import Grant
from accounts.models import ApiKey
from accounts.operations import create_key, end_grant, give_grant
from tests.checks import refused
from tests.keeping import kept

GRANTS, NEW, KEYS = "/organisation/grants/", "/organisation/grants/new/", "/organisation/keys/"
GRANT_QUERIES = 9
KEY_QUERIES = 7


@pytest.fixture
@kept
def asked(scene):
    return {
        "compartment": scene.negotiation.compartment.pk, "organisation": scene.cast.mediator_organisation.pk,
        "roles": ["observer"], "ends_at": "", "reason": "to look on",
    }  # fmt: skip


def seen_in(answer):
    return re.search(r'name="seen" value="(\w+)"', answer.text)[1]


def test_nobody_makes_a_key_that_acts_as_another(scene):
    """It would confirm as the deputy what the head asked for: one pair of eyes for two."""
    head, deputy = scene.cast.north.head, scene.cast.north.deputy

    with refused("Everybody keeps their own account.", error=NotAllowed):
        create_key(deputy.memberships.get(), label="the deputy's", actor=head)


def test_a_grant_is_given_by_who_has_read_what_it_opens(scene, as_user, asked):
    client = as_user(scene.cast.north.head)
    before = Grant.objects.unscoped("test").count()

    shown = client.post(NEW, asked)
    assert "will see in “Talks”: the talks: rounds, statements and proposals." in shown.text
    assert Grant.objects.unscoped("test").count() == before

    other = client.post(NEW, asked | {"roles": ["mediator"], "seen": seen_in(shown)})
    assert "names and identities" in other.text
    assert Grant.objects.unscoped("test").count() == before  # what was read was another sentence

    assert client.post(NEW, asked | {"seen": seen_in(shown)}).url == GRANTS
    given = Grant.objects.visible_to(scene.cast.north.head).get(reason="to look on")
    assert (given.organisation, given.role_names) == (scene.cast.mediator_organisation, ["observer"])


def test_a_grant_to_one_person_is_ended_by_their_own_side_alone(scene):
    """Both sides share the channel."""
    north, south = scene.cast.north, scene.cast.south
    grant = give_grant(
        scene.negotiation.compartment, user=north.clerk, roles=["clerk"], reason="archive", actor=north.head
    )

    with refused("North headquarters has a place of its own here"):
        end_grant(grant, actor=south.head)

    assert end_grant(grant, actor=north.deputy).ends_at


def test_the_private_half_is_opened_with_a_warning(scene, as_user, asked):
    shown = as_user(scene.cast.north.head).post(NEW, asked | {"compartment": scene.cast.north.home.pk})

    assert "This is private" in shown.text
    assert "your side&#x27;s own drafts" in shown.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"roles": ["neutral_intermediary"]}, "roles"), ({"roles": []}, "roles"), ({"reason": ""}, "reason"),
        ({"ends_at": "2020-01-01T00:00"}, "ends_at"),
    ],
)  # fmt: skip
def test_a_grant_that_cannot_be_is_refused_at_its_field(scene, as_user, asked, changes, field):
    client = as_user(scene.cast.north.head)
    answer = client.post(NEW, asked | changes)
    if answer.status_code == 200:
        answer = client.post(NEW, asked | changes | {"seen": seen_in(answer)})

    assert list(answer.context["form"].errors) == [field]
    assert not Grant.objects.unscoped("test").filter(reason="to look on").exists()


def test_what_one_may_not_share_or_does_not_know_is_no_choice(scene, as_user, asked):
    client = as_user(scene.cast.north.head)
    for changes in (
        {"compartment": scene.cast.south.home.pk}, {"organisation": scene.cast.outsider_side.hq.pk},
        {"compartment": "5b1f2c0e-0000-4000-8000-000000000000"},
    ):  # fmt: skip
        assert set(client.post(NEW, asked | changes).context["form"].errors) == set(changes)
    assert "Nothing of yours can be opened" in as_user(scene.cast.north.clerk).get(NEW).text


def test_who_has_access_stands_on_the_page_and_only_what_may_end_has_a_button(
    scene, as_user, django_assert_num_queries
):
    client = as_user(scene.cast.north.head)
    client.get(GRANTS)
    with django_assert_num_queries(GRANT_QUERIES):
        page = client.get(GRANTS)

    (talks,) = (room for room in page.context["compartments"] if room.name == "Talks")
    reasons = {grant.who: grant.why_not for grant in talks.grants}
    assert reasons.pop("Office of the President of North") == ""
    assert "stays" in reasons.pop("North headquarters")
    assert all("place of its own" in why for why in reasons.values())
    assert "South" not in {room.name for room in page.context["compartments"]}
    for grant in talks.grants:
        assert not re.search(r"/\d+/", grant.end_url)


def test_a_grant_is_ended_by_who_may_and_missing_to_everybody_else(scene, as_user):
    north, channel = scene.cast.north, scene.negotiation.compartment
    grant = give_grant(
        channel, organisation=scene.cast.mediator_organisation, roles=["observer"], reason="x", actor=north.head
    )
    office = channel.grants.get(organisation=north.office)
    ends = [f"{GRANTS}{one.handle}/steps/end/" for one in (office, grant)]

    for user in (north.clerk, scene.cast.outsider, scene.cast.operator, scene.cast.mediator):
        assert {as_user(user).post(end).status_code for end in ends} == {404}
    assert as_user(north.head).post(ends[1]).status_code == 409  # the mediator's place is its own
    assert as_user(north.head).post(ends[0]).url == GRANTS
    office.refresh_from_db()
    assert office.ends_at <= timezone.now()


def test_the_page_and_the_operation_agree_on_what_may_end(scene):
    from accounts.operations import end_grant
    from accounts.presentation.opening import grant_by_handle, opened_by

    head = scene.cast.south.head
    for room in opened_by(head):
        for line in room.grants:
            if line.why_not:
                handle = line.end_url.split("/")[3]
                with refused(line.why_not):
                    end_grant(grant_by_handle(head, handle), actor=head)


# Keys


def test_a_key_is_made_shown_once_and_ended(cast, as_user):
    client = as_user(cast.north.clerk)
    made = client.post(KEYS, {"label": "feed", "membership": f"{cast.north.hq.pk}:clerk", "expires_on": ""})

    token = re.search(r"hwd_\w{8}_[\w-]+", made.text)[0]
    bearer = Client(headers={"Authorization": f"Bearer {token}"})
    assert made.status_code == 201
    assert made["Cache-Control"].find("no-store") >= 0
    assert bearer.get("/api/v1/account/").json()["memberships"][0]["role"] == "clerk"
    assert token not in client.get(KEYS).text

    key = ApiKey.objects.unscoped("test").get()
    assert client.post(f"{KEYS}{key.pk}/steps/end/").url == KEYS
    assert bearer.get("/api/v1/account/").status_code == 401
    assert client.post(f"{KEYS}{key.pk}/steps/end/").status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": ""}, "label"), ({"membership": "x"}, "membership"), ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "soon"}, "expires_on"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused_at_its_field(cast, as_user, changes, field):
    asked = {"label": "feed", "membership": f"{cast.north.hq.pk}:clerk", "expires_on": ""} | changes
    answer = as_user(cast.north.clerk).post(KEYS, asked)

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    assert not ApiKey.objects.unscoped("test").exists()


def test_another_s_membership_is_no_choice(cast, as_user):
    asked = {"label": "feed", "membership": f"{cast.south.hq.pk}:head_of_delegation"}

    assert list(as_user(cast.north.head).post(KEYS, asked).context["form"].errors) == ["membership"]


def test_a_key_lasts_through_its_last_day(cast, as_user):
    day = timezone.localdate() + timedelta(days=3)
    asked = {"label": "feed", "membership": f"{cast.north.hq.pk}:clerk", "expires_on": day.isoformat()}
    as_user(cast.north.clerk).post(KEYS, asked)

    assert ApiKey.objects.unscoped("test").get().expires_at.date() == day + timedelta(days=1)


def test_heads_see_and_end_their_members_keys_and_nobody_else_does(cast, as_user, django_assert_num_queries):
    key, _token = create_key(cast.north.clerk.memberships.get(), label="the clerk's feed", actor=cast.north.clerk)
    path = f"{KEYS}{key.pk}/steps/end/"

    for user in (cast.north.medic, cast.north.president, cast.south.head, cast.operator, cast.outsider):
        client = as_user(user)
        assert "clerk&#x27;s feed" not in client.get(KEYS).text
        assert client.post(path).status_code == 404
    client = as_user(cast.north.head)
    client.get(KEYS)
    with django_assert_num_queries(KEY_QUERIES):
        assert "clerk&#x27;s feed" in client.get(KEYS).text
    assert client.post(path).status_code == 302


def test_a_person_to_whom_a_table_is_opened_is_named_to_their_own_side_alone(scene, as_user):
    north, south, channel = scene.cast.north, scene.cast.south, scene.negotiation.compartment
    grant = give_grant(channel, user=north.medic, roles=["medical_officer"], reason="to look on", actor=north.head)
    pages = (GRANTS, "/admin/access/grant/", reverse("admin:access_grant_change", args=[grant.handle]))

    for page in pages:
        assert north.medic.label in as_user(north.head).get(page).text
        seen = as_user(south.head).get(page)
        assert seen.status_code == 200
        assert "to look on" in seen.text or page == "/admin/access/grant/"
        assert north.medic.label not in seen.text
