"""Persons as one viewer sees them."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May, holders_spelt
from access.scoping import capabilities_anywhere
from core.partial_dates import spelt
from people.fate import Fate, fate_of
from people.models import CategoryAssignment, Claim, ClaimKind, CustodyPlace, Name, Person, shown_name
from people.search.finding import narrowed

WINDOW = 50


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


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


@dataclass(frozen=True)
class Window:
    """Up to 50 lines and the addresses of those before and after. No count: it would cost more than the page."""

    persons: list[PersonLine]
    sought: str
    size: int
    previous_url: str
    next_url: str


@dataclass(frozen=True)
class NameLine:
    text: str
    script: str
    kind: str
    source: str
    is_preferred: bool


@dataclass(frozen=True)
class CategoryLine:
    label: str
    evidence: str
    as_of: str


@dataclass(frozen=True)
class ClaimLine:
    label: str
    tone: str
    on: str
    source: str
    confidence: str
    note: str
    recorded_at: Any


@dataclass(frozen=True)
class RestrictedCard:
    """Something the dossier may hold that only some may open."""

    title: str
    why_not: str
    url: str


@dataclass(frozen=True)
class PlaceLine:
    place: str
    claim: str
    source: str
    on: str


@dataclass(frozen=True)
class Dossier:
    label: str
    fate: Fate
    tone: str
    names: list[NameLine]
    identity: list[Fact]
    unknown: str
    categories: list[CategoryLine]
    claims: list[ClaimLine]
    restricted: list[RestrictedCard]
    claim_url: str
    why_no_claim: str
    admin_url: str
    ids: list[uuid.UUID]  # its own and of whatever is merged into it


def address_to_add(viewer: User) -> str:
    """Where the viewer adds a person; empty where they write no dossiers."""
    return reverse("admin:people_person_add") if May.WRITE_PERSON in capabilities_anywhere(viewer) else ""


def window_of_persons(viewer: User, *, sought: str = "", after: str = "", before: str = "") -> Window:
    """The 50 persons that follow `after` or precede `before`, by name. An unknown id is the beginning."""
    visible = Person.objects.visible_to(viewer).unmerged()
    persons = narrowed(visible, sought, viewer).order_by("label", "id")
    start, end = _place(visible, after), _place(visible, before)
    if start:
        persons = persons.filter(_beyond("gt", start))
    elif end:
        persons = persons.filter(_beyond("lt", end)).reverse()
    found = list(persons[: WINDOW + 1])
    goes_on, rows = len(found) > WINDOW, found[:WINDOW]
    if end and not start:
        rows.reverse()
        has_previous, has_next = goes_on, bool(rows)
    else:
        has_previous, has_next = bool(start and rows), goes_on
    beside = beside_persons(rows, viewer)
    return Window(
        persons=[_line(person, beside) for person in rows],
        sought=sought,
        size=WINDOW,
        previous_url=_window_url(sought, before=rows[0].pk) if has_previous else "",
        next_url=_window_url(sought, after=rows[-1].pk) if has_next else "",
    )


def _place(persons: "QuerySet[Person]", key: str) -> Person | None:
    try:
        return persons.filter(pk=uuid.UUID(key)).first()
    except ValueError:
        return None


def _beyond(direction: str, person: Person) -> Q:
    further = Q(**{f"label__{direction}": person.label})
    return further | Q(**{"label": person.label, f"id__{direction}": person.pk})


def _window_url(sought: str, **place: Any) -> str:
    asked = {"q": sought, **place} if sought else place
    return f"{reverse('people:index')}?{urlencode(asked)}"


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


def _line(person: Person, beside: Beside) -> PersonLine:
    fate = fate_of(beside.claims_of(person))
    return PersonLine(
        url=reverse("people:detail", args=[person.pk]),
        label=str(person),
        other_names=_distinct(str(name) for name in beside.names_of(person)[1:]),
        born=spelt(person.birth_date),
        rank=person.rank,
        service_number=person.service_number,
        fate=fate,
        tone=_tone(fate.kind),
        categories=_distinct(str(assignment) for assignment in beside.categories_of(person)),
    )


def dossier_of(person: Person, viewer: User) -> Dossier:
    """`person` has been fetched with `visible_to(viewer)`."""
    beside = beside_persons([person], viewer)
    may = viewer.capabilities_in(person.compartment_id)
    claims = beside.claims_of(person)
    fate = fate_of(claims)
    identity = _identity(person)
    return Dossier(
        label=str(person),
        fate=fate,
        tone=_tone(fate.kind),
        names=[
            NameLine(
                str(name), name.get_script_display(), name.get_kind_display(), name.source or name.scheme, place == 0
            )
            for place, name in enumerate(beside.names_of(person))
        ],
        identity=[fact for fact in identity if fact.value],
        unknown=", ".join(fact.label for fact in identity if not fact.value),
        categories=[
            CategoryLine(str(row), row.evidence, spelt(row.as_of)) for row in beside.categories_of(person)
        ],
        claims=[_claim_line(claim) for claim in reversed(claims)],
        restricted=[_places_card(person, may)],
        claim_url=reverse("people:claim_new", args=[person.pk]),
        why_no_claim=_why_not(may, May.WRITE_PERSON),
        admin_url=reverse("admin:people_person_change", args=[person.pk]) if May.WRITE_PERSON in may else "",
        ids=sorted({person.pk, *(name.person_id for name in beside.names_of(person))}),
    )  # fmt: skip


def _identity(person: Person) -> list[Fact]:
    shown: dict[str, Callable[[], str]] = {
        "sex": person.get_sex_display if person.sex else str,
        "birth_date": lambda: spelt(person.birth_date),
    }
    fields = (
        "sex", "birth_date", "birth_place", "father_name", "mother_maiden_name", "rank", "service_number", "unit",
        "nationality", "power_depended_on", "last_residence", "distinguishing_marks",
    )  # fmt: skip
    return [
        Fact(
            str(Person._meta.get_field(name).verbose_name),  # type: ignore[union-attr]
            str(shown[name]() if name in shown else getattr(person, name)),
        )
        for name in fields
    ]


def _claim_line(claim: Claim) -> ClaimLine:
    return ClaimLine(
        label=str(claim), tone=_tone(claim.kind), on=spelt(claim.happened_on) or _("date unknown"), source=claim.source,
        confidence=claim.get_confidence_display(), note=claim.note, recorded_at=claim.recorded_at,
    )  # fmt: skip


def _places_card(person: Person, may: frozenset[str]) -> RestrictedCard:
    return RestrictedCard(
        title=_("Places of detention"),
        why_not=_why_not(may, May.READ_LOCATION),
        url=reverse("people:places", args=[person.pk]),
    )


def places_shown(places: "Iterable[CustodyPlace]") -> list[PlaceLine]:
    """What `open_places` opened."""
    return [PlaceLine(held.place, str(held.claim), held.claim.source, spelt(held.claim.happened_on)) for held in places]


def _why_not(may: frozenset[str], capability: str) -> str:
    return "" if capability in may else _("This is for %(who)s.") % {"who": holders_spelt((capability,))}


def _tone(kind: str) -> str:
    if kind in (ClaimKind.HOME, ClaimKind.RELEASED):
        return "done"
    if kind in (ClaimKind.DEATH_ESTABLISHED, ClaimKind.REPORTED_DEAD_BY_HOLDER):
        return "stopped"
    return "caution" if kind == ClaimKind.MISSING else "quiet"


def _distinct(labels: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(labels))
