"""Inviting, its mail, and what the holder of the link can do: nobody learns whether an address or a name is known."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import User
from access.roles import Role
from accounts.models import Invitation
from accounts.operations import add_membership, end_membership, system_user
from accounts.operations.invitations import (
    InvitationGone,
    accept_as_newcomer,
    accept_invitation,
    end_invitation,
    invite_member,
)
from alerts.models import Delivery, DeliveryState
from alerts.operations import route, send
from audit.models import Event
from core.errors import DomainError, InputRefused
from tests.checks import data_of, kinds, last_event, refused
from tests.keeping import kept

PASSWORD = "correct horse battery"
GONE = "/invitations/no-such-token/"


@pytest.fixture
@kept
def invited(cast):
    return invite_member(cast.north.hq, email="new@example.org", roles=["clerk", "observer"], actor=cast.north.head)


def page(invitation):
    return reverse("accounts:invitation", args=[invitation.token])


def newcomer(**changes):
    return {
        "username": "newcomer", "label": "A newcomer", "password": PASSWORD, "again": PASSWORD, "language": "uk",
        "time_zone": "Europe/Kyiv",
    } | changes  # fmt: skip


def roles_of(user, organisation):
    return sorted(user.memberships.filter(organisation=organisation, ends_at=None).values_list("role", flat=True))


# Asking


def test_the_database_keeps_a_hash_and_the_log_no_address(invited):
    event = last_event("member.invited", shared=False)

    assert invited.token not in str(Invitation.objects.unscoped("test").values().get())
    assert "example" not in str(data_of(event)) + event.subject
    assert data_of(event)["roles"] == ["clerk", "observer"]


def test_the_mail_names_nobody_and_is_sent_once(invited, cast):
    due = route(cast.north.home.pk)

    assert [send(pk) for pk in (*due, *due)] == [True, False]
    (sent,) = mail.outbox
    assert sent.to == ["new@example.org"]
    assert sent.subject == "You are invited to Homeward"
    assert page(invited) in sent.body
    assert not re.search(r"North|headquarters|clerk|head", sent.subject + sent.body.replace("Homeward", ""))
    assert Delivery.objects.unscoped("test").get(invitation=invited).state == DeliveryState.SENT


def test_a_mail_sent_again_carries_the_same_link_and_message_id(invited, cast):
    (pk,) = route(cast.north.home.pk)
    send(pk)
    Delivery.objects.unscoped("test").filter(pk=pk).update(state=DeliveryState.DUE, due_at=timezone.now())
    send(pk)

    first, second = mail.outbox
    assert first.body == second.body
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_an_ended_invitation_is_not_mailed(invited, cast):
    (pk,) = route(cast.north.home.pk)
    end_invitation(invited, actor=cast.north.head)

    assert not send(pk)
    assert mail.outbox == []
    assert Delivery.objects.unscoped("test").get(pk=pk).state == DeliveryState.DROPPED


def test_a_known_address_is_invited_like_an_unknown_one(cast):
    with time_machine.travel(timezone.now(), tick=False):  # both mails tell until when, to the minute
        known, unknown = (
            invite_member(cast.north.hq, email=email, roles=["clerk"], actor=cast.north.head)
            for email in (cast.south.head.email, "nobody@example.org")
        )
        for pk in route(cast.north.home.pk):
            send(pk)

    one, other = (
        sent.body.replace(invitation.token, "") for sent, invitation in zip(mail.outbox, (known, unknown), strict=True)
    )
    assert one == other


@pytest.mark.parametrize(
    ("roles", "sentence"), [(["mediator"], "there is no mediator"), ([], "at least one"), (["king"], "Unknown")]
)
def test_roles_that_cannot_be_are_refused(cast, roles, sentence):
    with refused(sentence, error=InputRefused):
        invite_member(cast.north.hq, email="new@example.org", roles=roles, actor=cast.north.head)


def test_nobody_invites_elsewhere(cast):
    for actor, organisation in (
        (cast.north.head, cast.north.office), (cast.south.head, cast.north.hq), (cast.north.clerk, cast.north.hq),
        (cast.outsider, cast.mediator_organisation),
    ):  # fmt: skip
        with refused("keeps its members"):
            invite_member(organisation, email="new@example.org", roles=["head_of_delegation"], actor=actor)


def test_an_operator_invites_a_first_head_and_nobody_else(cast):
    for organisation, role in (
        (cast.north.hq, "head_of_delegation"),
        (cast.north.office, "signatory"),
        (cast.ngo_organisation, "caseworker"),
    ):
        with refused("first head"):
            invite_member(organisation, email="new@example.org", roles=[role], actor=cast.operator)

    asked = invite_member(cast.north.office, email="new@example.org", roles=["head_of_delegation"], actor=cast.operator)

    assert asked in Invitation.objects.visible_to(cast.operator)
    assert kinds(asked) == []  # nothing in a shared log
    assert set(Event.objects.unscoped("test").about(asked).values_list("compartment", flat=True)) == {
        cast.north.home.pk, cast.operator_organisation.home.pk,
    }  # fmt: skip
    with refused("yourself"):
        accept_invitation(asked.token, actor=cast.operator)


def test_an_operator_s_appointment_is_told_to_that_side_and_a_head_s_is_not(cast):
    invite_member(cast.north.office, email="new@example.org", roles=["head_of_delegation"], actor=cast.operator)
    invite_member(cast.north.hq, email="clerk@example.org", roles=["clerk"], actor=cast.north.head)
    due = route(cast.north.home.pk)

    told = Delivery.objects.unscoped("test").filter(channel="inbox").values_list("recipient__username", flat=True)
    assert sorted(told) == sorted({user.username for user in cast.north.users.values()} | {"auditor"})
    for pk in due:
        send(pk)
    warned = [sent for sent in mail.outbox if sent.to == ["north-clerk@example.org"]]
    assert [sent.subject for sent in warned] == ["An operator has invited a head for an organisation of your side"]
    assert sorted(sent.to[0] for sent in mail.outbox if "invited to" in sent.subject) == [
        "clerk@example.org", "new@example.org",
    ]  # fmt: skip


def test_only_who_keeps_the_organisation_sees_its_invitations(invited, cast):
    sees = {user.username for user in User.objects.unscoped("test") if invited in Invitation.objects.visible_to(user)}

    assert sees == {"north-head", "north-deputy"}


# Answering


def test_a_newcomer_chooses_a_name_and_is_signed_in(invited, cast, client):
    assert "North headquarters" in client.get(page(invited)).text

    answer = client.post(page(invited), newcomer())

    user = User.objects.visible_to(cast.north.head).get(username="newcomer")
    assert answer.url == "/"
    assert client.get("/").context["nav"].user_label == "A newcomer"
    assert (user.language, user.time_zone, user.email) == ("uk", "Europe/Kyiv", "new@example.org")
    assert roles_of(user, cast.north.hq) == ["clerk", "observer"]
    last = Event.objects.unscoped("test").filter(compartment=cast.north.home).order_by("-position")[:4]
    assert [event.kind for event in reversed(last)] == [
        "account.created", "member.joined", "member.role_given", "member.role_given",
    ]  # fmt: skip


def test_somebody_signed_in_accepts_for_themselves(invited, cast, as_user):
    client = as_user(cast.mediator)
    assert "the-mediator" not in client.get(page(invited)).text

    assert client.post(page(invited)).url == reverse("accounts:members")

    assert roles_of(cast.mediator, cast.north.hq) == ["clerk", "observer"]
    assert roles_of(cast.mediator, cast.mediator_organisation) == ["mediator"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "south-head"}, "username"), ({"username": "South-HEAD"}, "username"), ({"username": "a b"}, "username"),
        ({"password": "short", "again": "short"}, "password"), ({"again": "another"}, "again"), ({"label": "\u202e"}, "label"),
        ({"language": "xx"}, "language"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field_and_the_link_stays_good(invited, client, changes, field):
    answer = client.post(page(invited), newcomer(**changes))

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["username"].value() == changes.get("username", "newcomer")
    assert client.post(page(invited), newcomer()).status_code == 302


def test_a_taken_name_reads_like_a_malformed_one(invited):
    told = set()
    for username in ("south-head", "SOUTH-head", "no spaces", "system", ""):
        with pytest.raises(InputRefused) as caught:
            accept_as_newcomer(invited.token, username=username, label="x", password=PASSWORD)
        told.add(caught.value.sentence)

    assert len(told) == 1


def test_used_ended_expired_orphaned_and_unknown_links_answer_the_same_bytes(cast):
    head, deputy = cast.north.head, cast.north.deputy
    used, ended, expired, orphaned = (
        invite_member(cast.north.hq, email=f"{number}@example.org", roles=["clerk"], actor=actor)
        for number, actor in enumerate((head, head, head, deputy))
    )
    accept_invitation(used.token, actor=cast.mediator)
    end_invitation(ended, actor=cast.north.head)
    Invitation.objects.unscoped("test").filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    end_membership(cast.north.deputy.memberships.get(), actor=cast.north.head)

    for method in ("get", "post"):
        answers = [
            (answer.status_code, answer.content)
            for answer in (
                getattr(Client(), method)(path) for path in (*map(page, (used, ended, expired, orphaned)), GONE)
            )
        ]
        assert set(answers) == {answers[0]}
        assert answers[0][0] == 404


def test_a_link_opens_once(invited, cast):
    accept_invitation(invited.token, actor=cast.mediator)

    with pytest.raises(InvitationGone):
        accept_as_newcomer(invited.token, username="second", label="x", password=PASSWORD)
    assert not User.objects.unscoped("test").filter(username="second").exists()


def test_two_heads_are_not_appointed_by_one_operator(cast):
    first, second = (
        invite_member(cast.north.office, email=f"{n}@example.org", roles=["head_of_delegation"], actor=cast.operator)
        for n in range(2)
    )
    accept_as_newcomer(first.token, username="office-head", label="x", password=PASSWORD)

    with pytest.raises(InvitationGone):
        accept_as_newcomer(second.token, username="accomplice", label="x", password=PASSWORD)


def test_an_address_is_not_asked_twice_at_once(invited, cast):
    with refused("invited already"):
        invite_member(cast.north.hq, email="NEW@example.org", roles=["clerk"], actor=cast.north.head)


# The pages of who invites


def test_a_head_invites_on_the_page(cast, as_user):
    client = as_user(cast.north.head)
    new = reverse("accounts:invitation_new")

    assert (
        client.post(new, {"email": "new@example.org", "roles": ["clerk"], "language": "ar"}).url
        == "/organisation/members/"
    )
    asked = Invitation.objects.visible_to(cast.north.head).get()
    assert "new@example.org" in client.get("/organisation/members/").text
    assert "new@example.org" not in as_user(cast.north.clerk).get("/organisation/members/").text

    end = reverse("accounts:invitation_end", args=[asked.pk])
    assert as_user(cast.south.head).post(end).status_code == 404
    assert as_user(cast.north.clerk).post(end).status_code == 404
    assert as_user(cast.north.head).post(end).status_code == 302
    assert not Invitation.objects.unscoped("test").get().is_open


def test_another_organisation_s_form_is_a_missing_one(cast, as_user):
    new = reverse("accounts:invitation_new")
    answers = {
        as_user(cast.north.head).get(f"{new}?of={of}").content
        for of in (cast.south.hq.pk, cast.north.office.pk, "5b1f2c0e-0000-4000-8000-000000000000", "x")
    }

    assert len(answers) == 1
    assert "head of delegation" in as_user(cast.north.clerk).get(new).text


def test_a_person_who_chose_their_account_keeps_it(invited, cast):
    from accounts.operations import change_user

    user = accept_as_newcomer(invited.token, username="newcomer", label="x", password=PASSWORD)
    add_membership(cast.north.medic, cast.outsider_side.hq, Role.CLERK, actor=system_user())

    sentences = set()
    for member in (user, cast.north.medic):
        with pytest.raises(DomainError) as caught:
            change_user(member, organisation=cast.north.hq, actor=cast.north.head, email="elsewhere@example.org")
        sentences.add(str(caught.value))
    assert len(sentences) == 1
