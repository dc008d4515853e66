"""What a viewer may not see does not exist: at every address, a hidden id and an invented one answer the same bytes."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from access.models import User
from accounts.middleware import begin
from accounts.operations import create_key
from accounts.operations.invitations import accept_invitation, invite_member
from alerts.models import Delivery
from alerts.operations import route
from audit.models import Event
from config.doors import Door, doors
from exchanges.models import (
    Answer,
    Direction,
    Entry,
    Manifest,
    Receipt,
    Revision,
    SignOffPolicy,
    SignOffStep,
    TrancheStatus,
)
from negotiations.operations import add_proposal, add_statement, record_round
from people.models import Claim, Deadline, ImportRow, Name, Notification
from people.operations import create_person
from people.operations.imports import begin_import
from people.operations.parts import add_to_part
from tests import factories

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Addresses whose parameter names no row of a case.
NO_ROW = ("/api/v1/<path:rest>", "/admin/", "/static/")
STEPS = {
    "people": "commit",
    "imports": "commit",
    "exchanges": "accept",
    "tranches": "hold",
    "sign-offs": "approve",
    "directions": "submit",
}


@pytest.fixture
def hidden(scene) -> dict[str, Any]:
    """One real row for every kind of id, none of which the outsider may see."""
    north, tranche = scene.cast.north, factories.tranche_at(scene, TrancheStatus.RECEIVED)
    person = create_person(
        actor=north.clerk,
        names=[{"script": "latn", "family": "Abel"}],
        claims=[
            {"kind": "missing", "source": "family"},
            {"kind": "confirmed_by_holder", "source": "camp", "held_by": "us"},
        ],
    )
    notification = add_to_part(
        person, Notification, actor=north.clerk, told="his mother", about="held", told_by="the bureau"
    )
    talks = record_round(scene.negotiation, title="First", held_on=tranche.planned_on, actor=north.clerk)
    statement = add_statement(talks, speaker="North", text="Yes.", source="own", actor=north.clerk)
    proposal = add_proposal(scene.negotiation, kind="offer", text="Three for three", actor=north.negotiator)
    key, _token = create_key(north.head.memberships.first(), label="program", actor=north.head)
    of = begin_import([b"Name\nAbel\n"], sender="South", actor=north.clerk)
    line = ImportRow.objects.create(compartment=north.home, of_import=of, number=2, cells=["Abel"], verdict="new")
    asked, used = (
        invite_member(north.hq, email=f"{name}@example.org", roles=["clerk"], actor=north.head)
        for name in ("one", "two")
    )
    accept_invitation(used.token, actor=scene.cast.mediator)
    route(tranche.compartment_id)

    def first(model: Any, **facts: Any) -> Any:
        return model.objects.unscoped("test").filter(**facts).first()

    return {
        "exchanges": tranche.exchange_id, "tranches": tranche.pk, "negotiations": scene.negotiation.pk,
        "sign-offs": first(SignOffStep).pk, "directions": first(Direction).pk, "entries": first(Entry).pk,
        "answers": first(Answer).pk, "revisions": first(Revision).pk, "manifests": first(Manifest).pk,
        "receipts": first(Receipt).pk, "people": person.pk, "persons": person.pk, "names": first(Name, person=person).pk,
        "claims": first(Claim, person=person).pk, "notifications": notification.pk,
        "duties": first(Deadline, person=person).pk,
        "rounds": talks.pk, "statements": statement.pk, "proposals": proposal.pk,
        "policies": first(SignOffPolicy, participant=scene.north).pk, "keys": key.pk, "inbox": first(Delivery).pk,
        "round_pk": talks.pk, "import_pk": of.pk, "imports": of.pk, "number": 2, "import-rows": line.pk,
        "compartments": tranche.compartment_id, "organisations": north.hq.pk, "parties": north.party.pk,
        "member": north.clerk.pk, "key": key.pk, "invitation": asked.pk, "token": used.token,
        "grant": scene.negotiation.compartment.grants.first().handle,
        "events": first(Event).name, "alerts": first(Delivery).pk,
    }  # fmt: skip


def with_parameters() -> list[Door]:
    return [door for door in doors() if "<" in door.pattern and not door.pattern.startswith(NO_ROW)]


def address(door: Door, ids: dict[str, Any]) -> str:
    plural = door.pattern.removeprefix("/api/v1/").strip("/").split("/")[0]

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name == "step":
            return STEPS[plural]
        return str(ids[name] if name in ids else ids[plural])

    return PARAMETER.sub(fill, door.pattern)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    begin(session)
    session.save()
    return client


def answer(client: Client, method: str, path: str) -> tuple[int, bytes, dict[str, str]]:
    sent = {"data": b"{}", "content_type": "application/json"} if path.startswith("/api/") else {}
    response = client.generic(method, path, **sent)
    headers = {name: value for name, value in response.headers.items() if name not in ("Set-Cookie", "Content-Length")}
    return response.status_code, response.content, headers


def missing_like(ids: dict[str, Any]) -> dict[str, Any]:
    invented = {name: uuid4() for name in ids}
    return invented | {"events": f"{uuid4()}:1"}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_outsider_cannot_tell_a_hidden_row_from_a_missing_one(scene, hidden, method):
    client = signed_in(scene.cast.outsider)
    told = {}
    for door in with_parameters():
        if method in door.methods:
            there = answer(client, method, address(door, hidden))
            nowhere = answer(client, method, address(door, missing_like(hidden)))
            if there != nowhere or there[0] not in (404, 405):
                told[door.pattern] = (there, nowhere)

    assert told == {}


def test_other_party_cannot_tell_that_a_private_row_exists(scene, hidden):
    """A draft, a dossier, an internal step, a policy: the south guesses the north's ids."""
    draft = factories.draft(scene)
    step = factories.step_of(factories.reread(scene_tranche(hidden)), scene.cast.north)
    private = hidden | {"exchanges": draft.pk, "directions": factories.directions(draft)[0].pk, "sign-offs": step.pk}
    client = signed_in(scene.cast.south.head)
    told = {}
    for door in with_parameters():
        plural = door.pattern.removeprefix("/api/v1/").strip("/").split("/")[0]
        if plural in (
            "exchanges",
            "directions",
            "sign-offs",
            "people",
            "persons",
            "names",
            "claims",
            "duties",
            "imports",
            "import-rows",
            "policies",
            "keys",
        ):
            there = answer(client, "GET", address(door, private))
            nowhere = answer(client, "GET", address(door, missing_like(private)))
            if there != nowhere:
                told[door.pattern] = (there, nowhere)

    assert told == {}


def scene_tranche(hidden: dict[str, Any]) -> Any:
    from exchanges.models import Tranche

    return Tranche.objects.unscoped("test").get(pk=hidden["tranches"])
