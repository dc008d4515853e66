"""Persons as one viewer sees them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from access.models import User
from access.roles import May
from core.partial_dates import spelt
from people.fate import Fate, fate_of
from people.models import CategoryAssignment, Claim, ClaimKind, Name, Person, shown_name


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class PersonLine:
    url: str
    label: str
    other_names: list[str]
    born: str
    rank: str
    service_number: str
    fate: Fate
    tone: str
    categories: list[str]


def address_to_add(may: frozenset[str]) -> str:
    """Where a person is added; empty for who writes no dossiers anywhere."""
    return reverse("admin:people_person_add") if May.WRITE_PERSON in may else ""


@dataclass(frozen=True)
class Beside:
    """What hangs on some persons, by the dossier under which it is read."""

    names: dict[uuid.UUID, list[Name]]
    claims: dict[uuid.UUID, list[Claim]]
    categories: dict[uuid.UUID, list[CategoryAssignment]]

    def names_of(self, person: Person) -> list[Name]:
        """The one that is shown comes first."""
        names = self.names.get(person.pk, [])
        shown = shown_name(names, person)
        return [*([shown] if shown else []), *(name for name in names if name != shown)]

    def claims_of(self, person: Person) -> list[Claim]:
        return self.claims.get(person.pk, [])

    def categories_of(self, person: Person) -> list[CategoryAssignment]:
        return self.categories.get(person.pk, [])


def beside_persons(persons: Iterable[Person], viewer: User) -> Beside:
    """One query of each kind, whatever was merged."""
    ids = [person.pk for person in persons]
    return Beside(
        names=Name.objects.visible_to(viewer).of(*ids).by_holder(),
        claims=Claim.objects.visible_to(viewer).of(*ids).by_holder(),
        categories=CategoryAssignment.objects.visible_to(viewer).of(*ids).by_holder(),
    )


def person_line(person: Person, beside: Beside) -> PersonLine:
    fate = fate_of(beside.claims_of(person))
    return PersonLine(
        url=reverse("people:detail", args=[person.pk]),
        label=str(person),
        other_names=other_names(person, beside),
        born=spelt(person.birth_date),
        rank=person.rank,
        service_number=person.service_number,
        fate=fate,
        tone=tone_of(fate.kind),
        categories=_distinct(str(assignment) for assignment in beside.categories_of(person)),
    )


def other_names(person: Person, beside: Beside) -> list[str]:
    """What else this person is called."""
    return [name for name in _distinct(str(name) for name in beside.names_of(person)) if name != person.label]


def tone_of(kind: str) -> str:
    if kind in (ClaimKind.HOME, ClaimKind.RELEASED):
        return "done"
    if kind in (ClaimKind.DEATH_ESTABLISHED, ClaimKind.REPORTED_DEAD_BY_HOLDER):
        return "stopped"
    return "caution" if kind == ClaimKind.MISSING else "quiet"


def _distinct(labels: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(labels))
