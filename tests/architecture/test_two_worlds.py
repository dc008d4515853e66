"""Two worlds that differ only in what the north keeps to itself answer everybody else byte for byte alike."""

import re
from collections.abc import Callable, Iterator
from difflib import unified_diff
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from accounts.operations import add_membership, create_key, create_user, give_grant, system_user
from accounts.operations.invitations import invite_member
from alerts.operations import route
from alerts.routing import compartments_behind
from config.doors import doors
from core.lifecycle import Transition
from exchanges.models import Direction, Entry, Exchange, SignOffStep, Tranche, TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.transitions import direction, exchange, sign_off, tranche
from negotiations.models import Negotiation, Participant, Round
from negotiations.operations import create_negotiation, record_round
from people.operations import add_claim, create_person
from tests import cast as casting
from tests import factories
from tests.architecture.test_hidden_is_missing import PARAMETER, signed_in

SECRET = "Quillfeather"
STEPS: dict[str, dict[str, Transition]] = {
    "exchanges": exchange.TRANSITIONS, "tranches": tranche.TRANSITIONS, "sign-offs": sign_off.TRANSITIONS,
    "directions": direction.TRANSITIONS,
}  # fmt: skip
# What differs from one answer to the next, whoever asks; and figures of the whole house, for its keepers alone.
NONCE = re.compile(
    r'name="csrf-token" content="\w+"|name="csrfmiddlewaretoken" value="\w+"|X-CSRFToken[^}]*'
    r'|name="form" value="[\w-]+"|\d\d:\d\d:\d\d'
)
TIMED = ("Set-Cookie", "Content-Length", "Expires", "Last-Modified")
FOR_KEEPERS = ("/metrics", "/readyz")
READ_TWICE = ("/static/", "/admin/<", "/admin/(?P", "/live/")


def addresses() -> list[str]:
    """Every address that can be read, at every row of the table and the talks."""
    ids: dict[str, list[Any]] = {}
    for plural, model in (
        ("exchanges", Exchange), ("tranches", Tranche), ("sign-offs", SignOffStep), ("directions", Direction),
        ("negotiations", Negotiation), ("rounds", Round), ("organisations", Organisation), ("participant", Participant),
    ):  # fmt: skip
        ids[plural] = list(model.objects.unscoped("every row there is").order_by("pk").values_list("pk", flat=True))
    ids["entries"] = list(Entry.objects.unscoped("every row there is").filter(number=1).values_list("pk", flat=True))
    ids["round_pk"] = ids["rounds"]
    ids["compartments"] = list(Exchange.objects.unscoped("the same").values_list("compartment_id", flat=True))
    found: list[str] = []
    for door in doors():
        plural = door.pattern.removeprefix("/api/v1/").strip("/").split("/")[0]
        names = PARAMETER.findall(door.pattern)
        known = all(name in ids or name == "step" or plural in ids for name in names)
        if "GET" in door.methods and known and not door.pattern.startswith((*READ_TWICE, *FOR_KEEPERS)):
            found += _filled(door.pattern, plural, ids)
    feeds = [f"/api/v1/events/?compartment={pk}" for pk in ids["compartments"]]
    return [*found, *feeds, "/api/v1/events/?limit=200", "/people/?q=Quill", "/exchanges/?as=table"]


def _filled(pattern: str, plural: str, ids: dict[str, list[Any]]) -> Iterator[str]:
    match = PARAMETER.search(pattern)
    if match is None:
        yield pattern
        return
    values = STEPS[plural] if match[1] == "step" else ids[match[1] if match[1] in ids else plural]
    for value in values:
        yield from _filled(f"{pattern[: match.start()]}{value}{pattern[match.end() :]}", plural, ids)


def answers(client: Client, paths: list[str]) -> dict[str, tuple[Any, ...]]:
    told = {}
    for path in paths:
        answer = client.get(path)
        headers = {name: value for name, value in answer.headers.items() if name not in TIMED}
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        told[path] = answer.status_code, headers, NONCE.sub("", body.decode())
    return told


def keep_to_ourselves(scene: factories.Talks) -> None:
    """One of each thing that the north may do in its own half, each with the secret in every text."""
    north, said = scene.cast.north, {"note": SECRET}
    person = create_person(
        actor=north.clerk, names=[{"script": "latn", "family": SECRET, "given": SECRET}], rank=SECRET,
        service_number=SECRET, claims=[{"kind": "missing", "source": SECRET, "place": SECRET}],
    )  # fmt: skip
    add_claim(person, actor=north.clerk, kind="reported_captured", source=SECRET)
    for each in Tranche.objects.unscoped("test").order_by("number"):
        entry = each.entries.order_by("direction__number", "number").first()
        lists.write_brief(entry, priority=1, fallback=SECRET, actor=north.negotiator, **said)
        lists.check_clearance(entry, kind="identity", is_passed=False, actor=north.head, **said)
        lists.check_clearance(entry, kind="fitness", is_passed=False, actor=north.medic, **said)
        if each.status == TrancheStatus.PLANNED:
            lists.link_entries(each.exchange, links={entry.pk: person.pk}, actor=north.negotiator)
            tranches.lock(each, explanation=SECRET, actor=north.head)
    draft = factories.draft(scene)
    exchanges.change_draft(draft, title=SECRET, actor=north.negotiator)
    exchanges.take_step(factories.draft(scene), "cancel", reason=SECRET, actor=north.negotiator)
    steps = [{"office": north.hq, "scope": "names"}] * 2 + [
        {"office": north.office, "scope": "frame", "is_final": True}
    ]
    sign_offs.set_policy(scene.negotiation, steps=steps, pairs_waived=True, actor=north.head)
    final = SignOffStep.objects.unscoped("test").get(participant=scene.north, is_final=True)
    digest = factories.digest_of(final)
    sign_offs.approve(
        final, digest=digest, manner="recorded", actor=north.secretary, papers=factories.papers(SECRET)
    )  # fmt: skip
    member = create_user(
        SECRET, label=SECRET, organisation=north.hq, password=factories.PASSWORD, email=f"{SECRET}@example.org",
        actor=system_user(),
    )  # fmt: skip
    add_membership(member, north.hq, "clerk", actor=north.head)
    invite_member(north.hq, email=f"new-{SECRET}@example.org", roles=["clerk"], actor=north.head)
    create_key(north.head.memberships.first(), label=SECRET, actor=north.head)
    give_grant(north.home, organisation=scene.cast.neutral_organisation, roles=["observer"], reason=SECRET,
               actor=north.head)  # fmt: skip
    create_negotiation(
        title=SECRET, prefix="QUI", works_here="us", actor=north.head,
        participants=[
            {"name": "North", "letter": "A", "party": north.party, "organisations": [north.hq, north.office]},
            {"name": SECRET, "letter": "B"},
        ],
    )  # fmt: skip


@pytest.fixture
def others(scene: factories.Talks) -> dict[str, Callable[[], Client]]:
    """A tranche that is planned and one that awaits finals; who looks on, each with a way to look."""
    people = scene.cast
    planned = factories.tranche_at(scene, TrancheStatus.PLANNED)
    give_grant(
        planned.compartment, organisation=people.ngo_organisation, roles=["observer", "caseworker"], reason="to look on",
        actor=people.north.head,
    )  # fmt: skip
    factories.tranche_at(scene, TrancheStatus.AWAITING_FINAL)
    record_round(scene.negotiation, title="First", held_on=planned.planned_on, actor=people.south.clerk)
    auditor = casting.member("south-auditor", people.south.hq, "auditor")
    _key, token = create_key(
        people.south.negotiator.memberships.first(), label="program", actor=people.south.negotiator
    )
    users = {
        "south's head": people.south.head, "south's auditor": auditor, "the mediator": people.mediator, "an NGO": people.ngo,
        "an outsider": people.outsider,
    }  # fmt: skip
    clients = {who: (lambda user=user: signed_in(user)) for who, user in users.items()}
    return clients | {"south's key": lambda: Client(headers={"Authorization": f"Bearer {token}"})}


def routed() -> None:
    for compartment in compartments_behind():
        route(compartment)


def walk(clients: dict[str, Callable[[], Client]], paths: list[str]) -> dict[str, dict[str, tuple[Any, ...]]]:
    return {who: answers(begin(), paths) for who, begin in clients.items()}


def be_no_strangers(clients: dict[str, Callable[[], Client]]) -> None:
    """A first visit is greeted once: nobody's is among the answers that are compared."""
    for begin in clients.values():
        begin().get("/")


def check_alike(scene: factories.Talks, clients: dict[str, Callable[[], Client]], paths: list[str]) -> None:
    routed()
    be_no_strangers(clients)
    before = walk(clients, paths)
    keep_to_ourselves(scene)
    routed()
    after = walk(clients, paths)
    told = {
        (who, path): _difference(before[who][path], after[who][path])
        for who in clients
        for path in paths
        if before[who][path] != after[who][path] or SECRET.lower() in str(after[who][path]).lower()
    }

    assert told == {}


def _difference(then: tuple[Any, ...], now: tuple[Any, ...]) -> list[str]:
    lines = [[str(answer[:2]), *re.sub(r"([,>])", r"\1\n", answer[2]).split("\n")] for answer in (then, now)]
    return [line for line in unified_diff(*lines, n=0, lineterm="") if line.strip("+-@ ")][2:12]


@pytest.fixture
def one_instant(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Ages and defaults of forms do not move between the two walks; no page of the demonstration lists its accounts."""
    settings.DEMO = False
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    monkeypatch.setattr("access.doors.PerCaller.allow_request", lambda *_: True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "who", ["south's head", "south's auditor", "south's key", "the mediator", "an NGO", "an outsider"]
)
def test_private_acts_change_no_answer_to_anybody_else(scene, others, one_instant, who):
    check_alike(scene, {who: others[who]}, addresses())


def test_private_acts_change_nothing_on_the_other_heads_first_pages(scene, others, one_instant):
    (table,) = {tranche.exchange_id for tranche in Tranche.objects.unscoped("test").filter(status="planned")}
    paths = ["/", "/inbox/", "/exchanges/", f"/exchanges/{table}/", f"/exchanges/{table}/log/", "/api/v1/events/?limit=200",
             "/api/v1/tranches/", "/api/v1/sign-offs/"]  # fmt: skip

    check_alike(scene, {"south's head": others["south's head"]}, paths)


@pytest.fixture
def staged(scene: factories.Talks) -> Tranche:
    """Before the time stands still: access that is given begins with the next instant."""
    return factories.tranche_at(scene, TrancheStatus.STAGED)


@pytest.mark.slow
def test_a_failed_check_that_passes_later_leaves_no_trace_at_the_table(scene, staged, one_instant):
    """Of a line cleared before and of one cleared after: once nothing stands against the go, nothing tells that it did."""
    north, south = scene.cast.north, scene.cast.south
    tranche = staged
    clients = {
        "south's head": lambda: signed_in(south.head), "south's handover": lambda: signed_in(south.handover),
        "the mediator": lambda: signed_in(scene.cast.mediator),
    }  # fmt: skip
    paths = addresses()
    routed()
    be_no_strangers(clients)
    before = walk(clients, paths)

    entry = tranche.entries.order_by("direction__number", "number").first()
    for is_passed in (False, True):
        for kind, actor in (("identity", north.head), ("fitness", north.medic)):
            lists.check_clearance(entry, kind=kind, is_passed=is_passed, note=SECRET, actor=actor)
    routed()

    after = walk(clients, paths)
    assert {(who, path) for who in clients for path in paths if before[who][path] != after[who][path]} == set()
