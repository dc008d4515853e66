"""Whoever names in a body what they may not see is answered as if they had named nothing: byte for byte.

Every address that takes a body is sent two, alike but for one id: a row that the north keeps to itself, and one that nobody
has. Each call is taken back, so that all of them meet the same world.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import resolve
from rest_framework import serializers

from access.models import Membership
from access.roles import Role
from accounts.operations import create_key, create_organisation, end_membership, system_user
from accounts.operations.invitations import accept_invitation, invite_member
from config.doors import Door, doors
from core import clock
from core.input import Instant
from exchanges.models import Answer, Entry, Manifest, Receipt, Revision, SignOffPolicy, SignOffStep
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import tranche as tranches
from negotiations.operations import add_proposal, record_round
from people.models import Claim, Import, ImportRow, Name
from people.operations import create_person
from people.operations.imports import begin_import
from tests import cast as casting
from tests import factories, scenes
from tests.architecture.test_hidden_is_missing import NO_ROW, PARAMETER, signed_in
from tests.architecture.test_two_worlds import NONCE, STEPS, TIMED, one_instant  # noqa: F401  a fixture

LIKE_AN_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
WRITING = ("POST", "PATCH")
# Nobody's case: sign-in, the admin's own pages, files, and what is about the caller alone.
NOT_ABOUT_ROWS = (
    *NO_ROW, "/sign-in/", "/sign-out/", "/language/", "/account/", "/healthz", "/readyz", "/metrics", "/live/",
)  # fmt: skip
# How a body calls a row of which kind. A new name has to be entered here.
KIND_OF = {
    "absorbed": "persons", "survivor": "persons",
    "add": "entries", "answers": "proposals", "beside": "rounds", "compartment": "compartments", "conspicuous": "entries",
    "entries": "entries", "entry": "entries", "exchange": "exchanges", "holder": "participants", "lines": "directions",
    "mediator": "organisations", "negotiation": "negotiations", "office": "organisations", "organisation": "organisations",
    "organisations": "organisations", "other": "participants", "participant": "participants", "party": "parties",
    "person": "persons", "receiver": "participants", "remove": "entries", "round": "rounds", "delegation": "delegations",
}  # fmt: skip
BY_NUMBER = ("columns", "cells")  # of a file: no ids
# Fields of pages that take ids without offering any where there is nothing to offer.
ON_PAGES = {
    "exchanges:entry": {"person": "persons"}, "exchanges:names": {"entries": "entries"},
    "exchanges:direction_step": {"persons": "persons"}, "exchanges:line": {"mark": "entries"},
    "exchanges:step": {"word": "participants"}, "exchanges:tranche_step": {"word": "participants", "entry": "entries"},
    "exchanges:sign_off_step": {"word": "participants"}, "exchanges:short": {"talks": "participants"},
    "exchanges:finals": {"office": "organisations"}, "negotiations:word_new": {"participant": "participants"},
    "negotiations:new": {"mediator": "organisations"}, "negotiations:proposal_new": {"round": "rounds"},
    "accounts:grant_new": {"organisation": "organisations", "compartment": "compartments"},
}  # fmt: skip


@dataclass
class World:
    """Ids by kind: `seen` by the south, and `hidden` from it."""

    seen: dict[str, Any]
    hidden: dict[str, Any]
    gone: Any = None


@pytest.fixture
def world(scene: factories.Talks) -> World:
    """A shared table, and beside it a negotiation that the north keeps alone, with a list, a tranche and an own step."""
    planned = factories.tranche_at(scene, "planned")
    gone = factories.tranche_at(scene, "gone")
    return World(_seen(scene, planned), _hidden(scene), gone.pk)


def _seen(scene: factories.Talks, planned: Any) -> dict[str, Any]:
    south = scene.cast.south
    person = create_person(actor=south.clerk, names=[{"script": "latn", "family": "Own"}], claims=[CLAIM])
    talks = record_round(scene.negotiation, title="First", held_on=planned.planned_on, actor=south.clerk)
    proposal = add_proposal(scene.negotiation, kind="offer", text="Three for three", actor=south.negotiator)
    key, _token = create_key(south.negotiator.memberships.first(), label="own", actor=south.negotiator)
    return _of_table(planned) | _of_person(person) | {
        "rounds": talks.pk, "proposals": proposal.pk, "keys": key.pk, "negotiations": scene.negotiation.pk,
        "participants": scene.south.pk, "parties": south.party.pk, "organisations": south.hq.pk,
        "compartments": south.home.pk, "policies": _first(SignOffPolicy, participant=scene.south).pk,
        "delegations": uuid4(), "imports": _import(south),
    }  # fmt: skip


CLAIM = {"kind": "missing", "source": "family"}


def _hidden(scene: factories.Talks) -> dict[str, Any]:
    north = scene.cast.north
    alone = scenes.alone(scene.cast)
    exchange = scenes.drafted(alone, (alone.north, alone.south, 1), category="")
    exchange = exchanges.propose(exchange, actor=north.negotiator)
    exchanges.accept(exchange, formula_version=1, actor=north.head, **scenes.by_word(alone.south))
    (direction,) = factories.directions(exchange)
    lines = factories.lines_from_rows(factories.rows(1))
    lists.submit(direction, lines=lines, message="ours", base=0, actor=north.negotiator)
    entries = direction.entries.all()
    lists.answer(exchange, entries=entries, stance="agreed", actor=north.head, **scenes.by_word(alone.south))
    exchanges.name_final_office(exchange, participant=alone.south.pk, office_name="Theirs", actor=north.head)
    tranche = tranches.plan_tranche(exchange, actor=north.negotiator, entries=list(entries))
    for who in (north.head, north.deputy):
        tranche = tranches.lock(tranche, actor=who)
    person = create_person(actor=north.clerk, names=[{"script": "latn", "family": "Hidden"}], claims=[CLAIM])
    service = create_organisation("North service", kind="body", party=north.party, actor=system_user())
    talks = record_round(alone.negotiation, title="Inner", held_on=factories.date(2025, 5, 1), actor=north.clerk)
    proposal = add_proposal(alone.negotiation, kind="offer", text="One", actor=north.negotiator)
    key, _token = create_key(north.head.memberships.first(), label="theirs", actor=north.head)
    return _of_table(tranche) | _of_person(person) | {
        "rounds": talks.pk, "proposals": proposal.pk, "keys": key.pk, "negotiations": alone.negotiation.pk,
        "participants": alone.south.pk, "parties": scene.cast.outsider_side.party.pk, "organisations": service.pk,
        "compartments": north.home.pk, "policies": _first(SignOffPolicy, participant=alone.north).pk,
        "delegations": alone.north.pk, "imports": _import(north),
    }  # fmt: skip


def _import(side: casting.Side) -> UUID:
    """Checked, with a row to decide on whose number is what `Filling` writes."""
    of = begin_import([b"Name\nAbel\n"], sender="Other", actor=side.clerk)
    Import.objects.unscoped("test").filter(pk=of.pk).update(status="preview", headings=["Name"], columns={"0": "name"})
    told = {"cells": ["Abel"], "told": {"family": "Abel"}, "verdict": "ambiguous"}
    ImportRow.objects.create(compartment=side.home, of_import=of, number=1, **told)
    return of.pk


def _of_table(tranche: Any) -> dict[str, Any]:
    entry = _first(Entry, tranche=tranche)
    step = _first(SignOffStep, tranche=tranche) or _first(SignOffStep)
    return {
        "exchanges": tranche.exchange_id, "tranches": tranche.pk, "directions": entry.direction_id, "entries": entry.pk,
        "answers": _first(Answer, entry=entry).pk, "revisions": _first(Revision, direction=entry.direction).pk,
        "sign-offs": step.pk if step else uuid4(), "manifests": _pk(_first(Manifest, tranche=tranche)),
        "receipts": _pk(_first(Receipt, tranche=tranche)),
    }  # fmt: skip


def _of_person(person: Any) -> dict[str, Any]:
    return {
        "persons": person.pk, "people": person.pk, "names": _first(Name, person=person).pk,
        "claims": _first(Claim, person=person).pk,
    }  # fmt: skip


def _first(model: Any, **facts: Any) -> Any:
    return model.objects.unscoped("test").filter(**facts).order_by("pk").first()


def _pk(row: Any) -> Any:
    return row.pk if row else uuid4()


# Who asks


@pytest.fixture
def hostile(scene: factories.Talks) -> dict[str, Any]:
    south, west = scene.cast.south, scene.cast.outsider_side
    removed = casting.member("was-of-the-north", scene.cast.north.hq, Role.CLERK)
    end_membership(Membership.objects.get(user=removed), actor=scene.cast.north.head)
    invited = invite_member(west.hq, email="removed@example.org", roles=[Role.NEGOTIATOR], actor=west.head)
    accept_invitation(invited.token, actor=removed)
    return {
        "south's head": south.head, "south's negotiator": south.negotiator, "south's clerk": south.clerk,
        "who was of the north": removed,
    }  # fmt: skip


# What is sent


@dataclass
class Sent:
    """One address with a body, and where in it the id stands that is varied."""

    method: str
    path: str
    body: Any
    place: tuple[Any, ...]
    kind: str
    as_json: bool = True

    def named(self, pk: Any) -> Any:
        """The body with this id at its place: as it stands, or within what stands around it."""
        copy = orjson.loads(orjson.dumps(self.body))
        *way, last = self.place
        inner = copy
        for step in way:
            inner = inner[step]
        if isinstance(last, str) and last.startswith("{}"):
            inner = inner[last[2:]]
            (key,) = inner
            inner[str(pk)] = inner.pop(key)
        else:
            inner[last] = LIKE_AN_ID.sub(str(pk), inner[last]) if LIKE_AN_ID.search(str(inner[last])) else str(pk)
        return copy


def calls_of_the_api(world: World) -> Iterator[Sent]:
    for door in doors():
        if door.door != "api" or door.pattern.startswith(NOT_ABOUT_ROWS):
            continue
        for path in paths_of(door, world):
            found = resolve(path)
            made = found.func.cls(**found.func.initkwargs)  # type: ignore[attr-defined]
            for method in WRITING:
                body = made.takes(method) if method in door.methods else None
                if body is None:
                    continue
                for leave_out_word in (True, False):
                    filled, places = Filling(world, leave_out_word).of(body)
                    for place, kind in places:
                        if leave_out_word or "word" in place:
                            yield Sent(method, path, filled, place, kind)


def paths_of(door: Door, world: World) -> list[str]:
    plural = door.pattern.removeprefix("/api/v1/").strip("/").split("/")[0]
    if "<" not in door.pattern:
        return [door.pattern]
    ids = [world.seen.get(plural), *([world.gone] if plural == "tranches" else [])]
    return [PARAMETER.sub(str(pk), door.pattern) for pk in ids if pk]


class Filling:
    """A body that is whole as far as its shape goes, naming what the south may name, and where ids stand in it."""

    def __init__(self, world: World, leave_out_word: bool) -> None:
        self.world, self.leave_out_word = world, leave_out_word
        self.places: list[tuple[tuple[Any, ...], str]] = []

    def of(self, body: Any) -> tuple[Any, list[tuple[tuple[Any, ...], str]]]:
        return self._whole(body(), ()), self.places

    def _whole(self, body: Any, at: tuple[Any, ...]) -> Any:
        skipped = {"csv", "version", "cursor"} | ({"word"} if self.leave_out_word else set())
        skipped |= {name for name, one in body.fields.items() if isinstance(one, Instant) and not one.required}
        return {name: self._value(name, one, (*at, name)) for name, one in body.fields.items() if name not in skipped}

    def _value(self, name: str, one: Any, at: tuple[Any, ...]) -> Any:
        match one:
            case serializers.ListSerializer():
                return [self._whole(one.child, (*at, 0))]
            case serializers.Serializer():
                return self._whole(one, at)
            case serializers.UUIDField():
                return self._id(name, at)
            case serializers.DictField() if name in BY_NUMBER:
                return {"0": self._value(name, one.child, ())}
            case serializers.DictField():
                self.places.append(((*at[:-1], f"{{}}{name}"), KIND_OF[name]))
                inner = Filling(self.world, True)
                child = one.child
                value = inner._value(name, child, ()) if not isinstance(child, serializers.UUIDField) else True
                return {str(self.world.seen[KIND_OF[name]]): value}
            case serializers.ListField() if isinstance(one.child, serializers.UUIDField):
                return [self._id(name, (*at, 0))]
            case serializers.ListField():
                return []
            case serializers.JSONField():
                return [
                    {"family_name": "Abel", "category": "civilian", "person": self._id("person", (*at, 0, "person"))}
                ]
            case serializers.ChoiceField():
                return next(iter(one.choices))
            case serializers.DateTimeField():
                return clock.now().isoformat()
            case serializers.DateField():
                return "2025-05-23"
            case serializers.BooleanField():
                return True
            case serializers.IntegerField():
                return 1
        return {"time_zone": "UTC", "birth_date": "1990", "script": "latn", "held_on": "2025-05-23"}.get(name, "x")

    def _id(self, name: str, at: tuple[Any, ...]) -> str:
        kind = KIND_OF[name]
        self.places.append((at, kind))
        return str(self.world.seen[kind])


@dataclass
class Form:
    fields: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


class Forms(HTMLParser):
    """The forms of a page that are posted, each with what a browser would send, and which fields take ids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.form: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form() if given.get("method") == "post" and not given.get("action") else None
            self.found += [self.form] if self.form else []
        if self.form is None:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "select":
            self.select = name
            self.form.fields.setdefault(name, "")
        elif tag == "option" and self.select:
            self._take(self.select, value, chosen="selected" in given or not self.form.fields[self.select])
        elif tag in ("input", "textarea", "button") and name and name != "csrfmiddlewaretoken":
            if tag != "button":
                self._take(name, value or ("1" if given.get("type") == "number" else "x"), chosen=True)
            elif LIKE_AN_ID.search(value):
                self._take(name, value, chosen=True)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = ""

    def _take(self, name: str, value: str, *, chosen: bool) -> None:
        assert self.form is not None
        if chosen:
            self.form.fields[name] = value
        if LIKE_AN_ID.search(value):
            self.form.ids.add(name)


def calls_of_pages(world: World, client: Client) -> Iterator[Sent]:
    for door in doors():
        if door.door != "page" or "POST" not in door.methods or door.pattern.startswith(NOT_ABOUT_ROWS):
            continue
        for path in pages_of(door, world):
            yield from _calls_of_page(door, path, client)


def pages_of(door: Door, world: World) -> Iterator[str]:
    plural = door.pattern.strip("/").split("/")[0]
    names = PARAMETER.findall(door.pattern)
    own = {"participant": world.seen["participants"], "round_pk": world.seen["rounds"], "pk": world.seen.get(plural)}
    if not all(name == "step" or own.get(name) for name in names):
        return
    for step in STEPS.get(plural, {}) if "step" in names else ("",):
        for pk in [own["pk"], *([world.gone] if plural == "tranches" else [])]:
            ids = own | {"pk": pk, "step": step}
            yield PARAMETER.sub(lambda match, ids=ids: str(ids[match[1]]), door.pattern)


def _calls_of_page(door: Door, path: str, client: Client) -> Iterator[Sent]:
    shown = client.get(path)
    read = Forms()
    if shown.status_code == 200:
        read.feed(shown.content.decode())
    known = ON_PAGES.get(door.url_name, {})
    for form in read.found or [Form()]:
        for name in sorted({*form.ids, *known} - {"form"}):
            kind = known.get(name) or KIND_OF.get(name.split(".")[-1].split("-")[0], "persons")
            stands = form.fields.get(name, "")
            body = form.fields | {name: f"received:{uuid4()}" if name == "mark" else stands or str(uuid4())}
            body |= {"form": "link"} if door.url_name == "exchanges:entry" and name == "person" else {}
            yield Sent("POST", path, body, (name,), kind, as_json=False)


def answered(client: Client, sent: Sent, pk: Any) -> tuple[Any, ...]:
    """What came back, with the id that was sent taken out of it: a form shows what was typed."""
    cache.clear()
    body = sent.named(pk)
    with transaction.atomic():
        if sent.as_json:
            answer = client.generic(sent.method, sent.path, orjson.dumps(body), content_type="application/json")
        else:
            answer = client.post(sent.path, body)
        transaction.set_rollback(True)
    headers = {name: value for name, value in answer.headers.items() if name not in TIMED}
    text = NONCE.sub("", answer.content.decode()).replace(str(pk), "THE ID").replace(UUID(str(pk)).hex, "THE ID")
    return answer.status_code, str(headers).replace(str(pk), "THE ID"), text


def differing(client: Client, calls: Iterator[Sent], world: World) -> tuple[dict[Any, Any], set[str], int]:
    """Where the two answers differ, which names were refused by name, and how many calls were compared."""
    told: dict[Any, Any] = {}
    refused: set[str] = set()
    number = 0
    for sent in calls:
        number += 1
        hidden, missing = (answered(client, sent, pk) for pk in (world.hidden[sent.kind], uuid4()))
        if hidden != missing or hidden[0] >= 500:
            told[sent.method, sent.path, sent.place] = hidden, missing
        if sent.as_json and hidden[0] == 400:
            named = orjson.loads(hidden[2]).get("errors", {})
            place = ".".join(str(step) for step in sent.place)
            refused |= {
                name for name in KIND_OF if place.split(".")[-1] in (name, "0") and any(name in key for key in named)
            }
    return told, refused, number


@pytest.mark.slow
@pytest.mark.parametrize("who", ["south's head", "south's negotiator", "south's clerk", "who was of the north"])
def test_a_hidden_id_in_a_body_is_a_missing_one(scene, world, hostile, one_instant, who):  # noqa: F811
    client = signed_in(hostile[who])
    client.get("/")  # a first visit is greeted

    for calls, least in ((calls_of_the_api(world), 60), (calls_of_pages(world, client), 10)):
        told, refused, number = differing(client, calls, world)
        assert told == {}
        assert number >= least, number
        if who == "south's head" and refused:
            assert refused >= {"negotiation", "person", "entries", "participant", "exchange", "organisation"}


@pytest.mark.slow
def test_a_body_sent_to_a_hidden_row_is_sent_to_a_missing_one(scene, world, hostile, one_instant):  # noqa: F811
    """The body is whole: nothing of it is looked at before the row is found."""
    elsewhere = World({**world.seen, **world.hidden}, world.hidden, world.gone)
    for user in hostile.values():
        client = signed_in(user)
        told = {}
        for sent in calls_of_the_api(elsewhere):
            here = LIKE_AN_ID.search(sent.path)
            if here is None or here[0] == str(world.gone):
                continue
            answers = []
            for pk in (here[0], str(uuid4())):
                moved = Sent(sent.method, sent.path.replace(here[0], pk), sent.body, sent.place, sent.kind)
                status, headers, text = answered(client, moved, world.seen[sent.kind])
                answers.append((status, headers.replace(pk, "HERE"), text.replace(pk, "HERE")))
            if answers[0] != answers[1]:
                told[sent.method, sent.path] = answers
        assert told == {}
