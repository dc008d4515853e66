"""The dossier's page: how many queries it takes, of a dossier with much in it and of one with little."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import User
from access.roles import Role
from accounts.operations import create_organisation, create_party, system_user
from benchmarks.callers import browser
from benchmarks.measuring import Bench, Figure, median, turn_by_turn
from config.scenarios.building import cast_member
from people.models import Person
from people.operations import create_person
from people.operations.parts import add_identifier

NAME = "dossier_page"
ABOUT = "dossier page: queries <= 10, whatever the dossier holds"
NEEDS: tuple[str, ...] = ()
MOST_QUERIES = 10
USERNAME = "scale-dossier-clerk"
MUCH = 40  # names, claims and numbers each: "asked fourteen times" is no rarity, and lists spell one name in many ways
FAMILY = "Переповнений"


def measure(bench: Bench) -> list[Figure]:
    viewer = _clerk()
    full, bare = _with_much(viewer, MUCH), _with_much(viewer, 1)
    client = browser(viewer)

    def page(person: Person) -> Any:
        answer = client.get(f"/people/{person.pk}/")
        assert answer.status_code == 200, answer.status_code
        return answer

    found = {}
    for name, person in (("full", full), ("bare", bare)):
        page(person)  # that somebody looked is written once a day
        page(person)
        with CaptureQueriesContext(connection) as captured:
            page(person)
        found[name] = len(captured)
    ours, theirs = turn_by_turn(bench.sizes.runs, lambda: page(full), lambda: page(bare))
    more = {"queries": max(found.values()), "of_one_with_little": found["bare"], "parts": 3 * MUCH}
    return [
        Figure("dossier page, queries", "queries", max(found.values()), MOST_QUERIES, "the limit", 1, 3 * MUCH, 1.0, more=more),
        Figure("dossier page, full over bare", "ms", median(ours), median(theirs), "a dossier with one of each",
               bench.sizes.runs, 3 * MUCH),
    ]  # fmt: skip


def _clerk() -> User:
    """Of a party of its own, so that the other benchmarks see none of these persons."""
    found: User | None = User.objects.unscoped("benchmark").filter(username=USERNAME).first()
    if found is None:
        party = create_party("Dossiers", actor=system_user())
        body = create_organisation("Dossiers headquarters", kind="body", party=party, actor=system_user())
        found = cast_member(USERNAME, "Dossier clerk", body, (Role.CLERK,), time_zone="UTC")
    return found


def _with_much(clerk: User, much: int) -> Person:
    """Made once, by operations."""
    known: Person | None = Person.objects.visible_to(clerk).filter(service_number=f"{much}").first()
    if known:
        return known
    person = create_person(
        actor=clerk, names=[{"family": f"{FAMILY} {number}", "given": "Іван"} for number in range(much)], birth_date="1987",
        claims=[{"kind": "moved", "source": f"source {number}", "happened_on": "2024"} for number in range(much)],
        service_number=str(much),
    )  # fmt: skip
    for number in range(much):
        add_identifier(person, actor=clerk, kind="other", value=f"{number:04}", source="benchmark")
    return person
