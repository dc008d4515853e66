"""Parties, organisations, accounts, memberships and grants: kept by operators, and by heads for their own."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from access.models import Grant, Membership, Organisation, Party, User
from access.roles import Role
from accounts.models import Invitation
from audit.models import Event

INVITE = reverse("admin:accounts_invitation_add")


def url(model, page="changelist", *args):
    return reverse(f"admin:access_{model}_{page}", args=args)


def kinds(compartment):
    return [event.kind for event in Event.objects.unscoped("test").filter(compartment=compartment)]


def invitation(organisation, **changes):
    return {
        "organisation": organisation.pk, "roles": ["clerk"], "email": "new@example.org", "language": "uk",
    } | changes  # fmt: skip


def test_an_operator_founds_parties_and_organisations(cast, as_user):
    client = as_user(cast.operator)
    client.post(url("party", "add"), {"name": "East"})
    east = Party.objects.visible_to(cast.operator).get(name="East")
    client.post(url("organisation", "add"), {"name": "East headquarters", "kind": "body", "party": east.pk})

    assert Organisation.objects.visible_to(cast.operator).get(name="East headquarters").party == east
    assert kinds(cast.operator_organisation.home)[-2:] == ["party.created", "organisation.created"]
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("model", ["party", "organisation"])
def test_a_head_founds_nothing(cast, as_user, model):
    assert as_user(cast.north.head).post(url(model, "add"), {"name": "East"}).status_code == 403


def test_a_refusal_of_the_operation_stands_at_its_field(cast, as_user):
    answer = as_user(cast.operator).post(
        url("organisation", "add"), {"name": "East headquarters", "kind": "body", "party": ""}
    )

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not Organisation.objects.visible_to(cast.operator).filter(name="East headquarters").exists()


def test_a_head_invites_and_makes_no_account(cast, as_user):
    """Only the invited person chooses a user name: nobody learns here which ones there are."""
    client = as_user(cast.north.head)
    answer = client.post(INVITE, invitation(cast.north.hq))

    sent = Invitation.objects.visible_to(cast.north.head).get()
    assert answer.status_code == 302
    assert (sent.organisation, sent.roles, sent.language) == (cast.north.hq, ["clerk"], "uk")
    assert kinds(cast.north.home)[-1] == "member.invited"
    assert client.get(url("user", "add")).status_code == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"email": "nowhere"}, "email"), ({"roles": ["mediator"]}, "roles"), ({"roles": []}, "roles")],
)
def test_an_invitation_that_cannot_be_is_refused_at_its_field(cast, as_user, changes, field):
    before = Event.objects.unscoped("test").count()

    answer = as_user(cast.north.head).post(INVITE, invitation(cast.north.hq, **changes))

    assert list(answer.context["adminform"].form.errors) == [field]
    assert not Invitation.objects.unscoped("test").exists()
    assert Event.objects.unscoped("test").count() == before


def test_a_head_invites_nobody_elsewhere(cast, as_user):
    for organisation in (cast.south.hq, cast.mediator_organisation, cast.north.office):
        answer = as_user(cast.north.head).post(INVITE, invitation(organisation))
        assert list(answer.context["adminform"].form.errors) == ["organisation"]

    assert not Invitation.objects.unscoped("test").exists()


def test_an_account_is_changed_by_who_keeps_it(cast, as_user):
    page = url("user", "change", cast.north.clerk.pk)
    changed = {"label": "Renamed", "email": "", "language": "en", "time_zone": "UTC", "is_active": "on"}

    assert as_user(cast.north.head).post(page, changed).status_code == 302
    assert as_user(cast.south.head).post(page, changed | {"label": "Theirs"}).status_code in (302, 403)

    assert User.objects.unscoped("test").get(pk=cast.north.clerk.pk).label == "Renamed"
    assert kinds(cast.north.home)[-1] == "member.changed"


def test_lists_choices_and_filters_end_at_the_side(cast, as_user):
    client = as_user(cast.north.head)

    for page in (url("user"), url("membership"), url("membership", "add"), INVITE, url("grant", "add")):
        text = client.get(page).text
        assert "south clerk" not in text
        assert "West headquarters" not in text
    assert "north clerk" in client.get(url("membership")).text
    assert client.get(url("user"), {"q": "south"}).context["cl"].result_count == 0


def test_a_hidden_account_is_a_missing_one(cast, as_user):
    client = as_user(cast.north.head)
    answers = [
        client.get(url("user", "change", pk))
        for pk in (cast.south.clerk.pk, "5b1f2c0e-0000-4000-8000-000000000000", "x")
    ]

    assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {(302, reverse("admin:index"))}


def test_a_clerk_keeps_nobody(cast, as_user):
    client = as_user(cast.north.clerk)

    assert [client.get(url(model)).status_code for model in ("user", "membership", "grant", "party")] == [403] * 4
    assert "Memberships" not in client.get(reverse("admin:index")).text


def test_a_role_is_given_and_ended(cast, as_user):
    client = as_user(cast.north.head)
    given = {
        "user": cast.north.medic.pk, "organisation": cast.north.hq.pk, "role": "legal_officer",
        "starts_at_0": timezone.now().date(), "starts_at_1": "00:00:00",
    }  # fmt: skip
    client.post(url("membership", "add"), given)
    membership = Membership.objects.visible_to(cast.north.head).get(role=Role.LEGAL_OFFICER)
    ticked = {"action": "end", "_selected_action": [membership.handle]}
    client.post(url("membership"), ticked)
    again = client.post(url("membership"), ticked, follow=True)

    membership.refresh_from_db()
    assert membership.ends_at is not None
    assert "This membership has ended already." in again.text
    assert kinds(cast.north.home)[-2:] == ["member.role_given", "member.role_ended"]


def test_a_role_that_ends_before_it_starts_is_refused_at_its_end(cast, as_user):
    given = {
        "user": cast.north.clerk.pk, "organisation": cast.north.hq.pk, "role": Role.LEGAL_OFFICER,
        "starts_at_0": "2025-05-02", "starts_at_1": "10:00", "ends_at_0": "2025-05-01", "ends_at_1": "10:00",
    }  # fmt: skip

    answer = as_user(cast.north.head).post(url("membership", "add"), given)

    assert answer.context["adminform"].form.errors == {"ends_at": ["This lies before the start."]}
    assert 'value="2025-05-01"' in answer.text
    assert not Membership.objects.filter(role=Role.LEGAL_OFFICER).exists()


def test_a_membership_is_not_edited(cast, as_user):
    membership = cast.north.clerk.memberships.get()

    answer = as_user(cast.north.head).post(
        url("membership", "change", membership.handle), {"role": "head_of_delegation"}
    )

    membership.refresh_from_db()
    assert (answer.status_code, membership.role) == (403, "clerk")


def test_a_grant_is_given_by_who_may_share_and_ended(cast, scene, as_user):
    client = as_user(cast.north.head)
    channel = scene.negotiation.compartment
    until = timezone.now() + timedelta(days=3)
    asked = {
        "compartment": channel.pk, "organisation": cast.north.office.pk, "user": "", "roles": ["observer"],
        "ends_at_0": until.date(), "ends_at_1": "12:00:00", "reason": "to look on",
    }  # fmt: skip
    answer = client.post(url("grant", "add"), asked | {"_continue": "1"})
    grant = Grant.objects.visible_to(cast.north.head).get(reason="to look on")
    assert answer.url == url("grant", "change", grant.handle)
    client.post(url("grant"), {"action": "end", "_selected_action": [grant.handle]})

    grant.refresh_from_db()
    assert (grant.compartment, grant.role_names) == (channel, ["observer"])
    assert grant.ends_at <= timezone.now()
    assert kinds(channel)[-2:] == ["grant.given", "grant.ended"]


@pytest.mark.parametrize("model", ["membership", "grant"])
def test_no_number_of_a_row_stands_on_a_page(cast, scene, as_user, model):
    """It would tell how many members and grants there are elsewhere."""
    client = as_user(cast.north.head)
    page = client.get(url(model)).text
    (row, *_more) = {"membership": Membership, "grant": Grant}[model].objects.visible_to(cast.north.head)

    assert client.get(url(model, "change", row.handle)).status_code == 200
    assert client.get(url(model, "change", row.pk)).status_code == 302  # as for a row that is not there
    assert not re.search(r'(/\d+/change|name="_selected_action" value="\d+")', page)


def test_a_grant_to_two_is_refused_on_the_form(cast, scene, as_user):
    asked = {
        "compartment": scene.negotiation.compartment.pk, "organisation": cast.mediator_organisation.pk,
        "user": cast.north.clerk.pk, "roles": ["observer"], "reason": "x",
    }  # fmt: skip
    before = Grant.objects.unscoped("test").count()

    answer = as_user(cast.north.head).post(url("grant", "add"), asked)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert Grant.objects.unscoped("test").count() == before


def test_every_page_of_the_admin_keeps_to_the_policy(cast, as_user):
    """No inline script or style: the strict policy would stop it."""
    client = as_user(cast.north.head)
    pages = [reverse("admin:index")] + [
        reverse(f"admin:{model}_{page}")
        for model in (
            "accounts_invitation", "access_membership", "access_grant", "people_person", "negotiations_round",
            "negotiations_delegation",
        )
        for page in ("changelist", "add")
    ]  # fmt: skip

    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        for inline in ("<script>", "<style", " style=", " onclick=", " onload=", "javascript:"):
            assert inline not in answer.text, (page, inline)
