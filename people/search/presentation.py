"""The list of persons: by name in windows, or whom the box finds, best first; narrowed by facets, counted from what is seen."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from access.models import User
from people.models import Person, SavedSearch
from people.operations.watching import note_rows
from people.presentation import Beside, PersonLine, beside_persons, person_line
from people.search.facets import Facet, Traits, asked_of, counted, may_fit, traits_of
from people.search.finding import find

WINDOW = 50
BASE = 1_000  # persons that the facets count, and that one page looks through for those that fit
SOUGHT_LENGTH = 120


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    sought: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        return cls(
            query.get("q", "").strip()[:SOUGHT_LENGTH], asked_of(query), query.get("after", ""), query.get("before", "")
        )  # fmt: skip

    @property
    def kept(self) -> dict[str, str]:
        """What is worth saving: without the place in the list."""
        return ({"q": self.sought} if self.sought else {}) | dict(self.facets)


@dataclass(frozen=True)
class SavedLine:
    label: str
    url: str
    forget_url: str


@dataclass(frozen=True)
class PeoplePage:
    persons: list[PersonLine]
    sought: str
    is_narrowed: bool
    size: int
    found: int  # of a search: how many fit; 0 in the whole list, which is not counted
    may_be_more: bool
    facets: list[Facet]
    counted: int  # persons that the facets' figures stand for
    counts_all: bool
    kept: list[tuple[str, str]]  # what a search to be saved asks
    previous_url: str = ""
    next_url: str = ""


def people_page(viewer: User, asked: Asked) -> PeoplePage:
    """What is shown is counted as read: many windows one after the other stand out."""
    return _sought(viewer, asked) if asked.sought else _listed(viewer, asked)


def saved_searches(viewer: User) -> list[SavedLine]:
    return [
        SavedLine(saved.label, _url(saved.asked), reverse("people:search_forget", args=[saved.pk]))
        for saved in SavedSearch.objects.visible_to(viewer)
    ]


def _sought(viewer: User, asked: Asked) -> PeoplePage:
    ranked = find(viewer, asked.sought, most=BASE if asked.facets else WINDOW * 4)
    rows = may_fit(Person.objects.visible_to(viewer).unmerged().filter(pk__in=ranked), asked.facets, viewer)
    found = {person.pk: person for person in rows}
    persons = [found[pk] for pk in ranked if pk in found]
    beside = beside_persons(persons, viewer)
    traits = traits_of(persons, beside)
    fitting = [person for person in persons if traits[person.pk].fit(asked.facets)]
    note_rows((person.compartment_id for person in fitting[:WINDOW]), actor=viewer)
    return PeoplePage(
        persons=[person_line(person, beside) for person in fitting[:WINDOW]], sought=asked.sought, is_narrowed=True,
        size=WINDOW, found=len(fitting), may_be_more=len(fitting) > WINDOW,
        facets=counted([traits[person.pk] for person in fitting], asked.facets), counted=len(fitting), counts_all=True,
        kept=list(asked.kept.items()),
    )  # fmt: skip


def _listed(viewer: User, asked: Asked) -> PeoplePage:
    """By name. What is a reading of claims is looked through in windows, so that a page takes as long whoever fits."""
    visible = Person.objects.visible_to(viewer).unmerged()
    start, end = _place(visible, asked.after), _place(visible, asked.before)
    rows = may_fit(visible, asked.facets, viewer).order_by("label", "id")
    if start:
        rows = rows.filter(_beyond("gt", start))
    elif end:
        rows = rows.filter(_beyond("lt", end)).reverse()
    is_whole = not (start or end)
    base = list(rows[: BASE if is_whole or asked.facets else WINDOW + 1])
    beside = beside_persons(base, viewer)
    traits = traits_of(base, beside)
    fitting = [person for person in base if traits[person.pk].fit(asked.facets)]
    shown, is_back = fitting[:WINDOW], bool(end and not start)
    is_cut = len(fitting) <= WINDOW and bool(asked.facets) and len(base) == BASE
    edge = shown[-1] if len(fitting) > WINDOW else base[-1] if is_cut else None
    if is_back:
        shown.reverse()
        previous, following = edge, (shown or [end])[-1]
    else:
        previous, following = (shown[0] if start and shown else None), edge
    note_rows((person.compartment_id for person in shown), actor=viewer)
    facets, counts_all, number = _facets_of_all(viewer, asked, base, traits, is_whole=is_whole)
    return PeoplePage(
        persons=[person_line(person, beside) for person in shown], sought="", is_narrowed=bool(asked.facets), size=WINDOW,
        found=0, may_be_more=is_cut, facets=facets, counted=number, counts_all=counts_all, kept=list(asked.kept.items()),
        previous_url=_url(asked.kept, before=previous.pk) if previous else "",
        next_url=_url(asked.kept, after=following.pk) if following else "",
    )  # fmt: skip


def _facets_of_all(
    viewer: User, asked: Asked, base: list[Person], traits: Mapping[uuid.UUID, Traits], *, is_whole: bool
) -> tuple[list[Facet], bool, int]:
    """Of the first so many by name: counting a whole registry would cost more than the page."""
    if not is_whole:
        rows = may_fit(Person.objects.visible_to(viewer).unmerged(), asked.facets, viewer)
        base = list(rows.order_by("label", "id")[:BASE])
        traits = traits_of(base, beside_persons(base, viewer))
    fitting = [one for one in traits.values() if one.fit(asked.facets)]
    return counted(fitting, asked.facets), len(base) < BASE, len(fitting)


def _place(persons: "QuerySet[Person]", key: str) -> Person | None:
    try:
        return persons.filter(pk=uuid.UUID(key)).first()
    except ValueError:
        return None


def _beyond(direction: str, person: Person) -> Q:
    further = Q(**{f"label__{direction}": person.label})
    return further | Q(**{"label": person.label, f"id__{direction}": person.pk})


def _url(asked: Mapping[str, Any], **place: Any) -> str:
    told = {**asked, **place}
    return f"{reverse('people:index')}?{urlencode(told)}" if told else reverse("people:index")


__all__ = ["Asked", "Beside", "PeoplePage", "people_page", "saved_searches"]
