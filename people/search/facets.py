"""By what the list of persons is narrowed: category, fate, unit, age, months held. Read from what the viewer sees alone."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from access.models import User
from core import clock
from core.lifecycle import Text
from people.fate import IN_CAPTIVITY, UNKNOWN, custody_of, fate_of
from people.models import Category, CategoryAssignment, Claim, ClaimKind, Person
from people.presentation import Beside

NOTHING = "none"  # in an address, where an empty value means that nothing is asked
MONTH = timedelta(days=30.4375)

# Years from and up to, months from and up to.
AGES: Mapping[str, tuple[int, int]] = {
    "0-17": (0, 17), "18-24": (18, 24), "25-34": (25, 34), "35-44": (35, 44), "45-59": (45, 59), "60-": (60, 150),
}  # fmt: skip
HELD: Mapping[str, tuple[int, int]] = {
    "0-5": (0, 5), "6-11": (6, 11), "12-23": (12, 23), "24-35": (24, 35), "36-": (36, 10_000),
}  # fmt: skip
LABELS: Mapping[str, Text] = {
    "0-17": _("under 18"), "18-24": _("18 to 24"), "25-34": _("25 to 34"), "35-44": _("35 to 44"), "45-59": _("45 to 59"),
    "60-": _("60 and older"), "0-5": _("under 6 months"), "6-11": _("6 to 11 months"), "12-23": _("1 to 2 years"),
    "24-35": _("2 to 3 years"), "36-": _("3 years and longer"),
}  # fmt: skip
TITLES: Mapping[str, Text] = {
    "category": _("Category"), "fate": _("Fate"), "unit": _("Unit"), "age": _("Age"), "held": _("Months held"),
}  # fmt: skip


@dataclass(frozen=True)
class Traits:
    """What one person is counted under."""

    category: frozenset[str]
    fate: frozenset[str]
    unit: frozenset[str]
    age: frozenset[str]
    held: frozenset[str]

    def fit(self, asked: Mapping[str, str]) -> bool:
        return all(value in getattr(self, facet) for facet, value in asked.items())


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    name: str
    title: str
    options: list[Option]


def asked_of(query: Mapping[str, str]) -> dict[str, str]:
    """The facets that an address names; what nobody could have chosen is left out."""
    known: dict[str, Callable[[str], bool]] = {
        "category": Category.values.__contains__, "fate": [NOTHING, *ClaimKind.values].__contains__,
        "unit": lambda unit: len(unit) <= 120, "age": AGES.__contains__, "held": HELD.__contains__,
    }  # fmt: skip
    given = {name: query.get(name, "").strip() for name in known}
    return {name: value for name, value in given.items() if value and known[name](value)}


def may_fit(persons: Any, asked: Mapping[str, str], viewer: User) -> Any:
    """Narrowed by the database as far as it can tell; `Traits.fit` has the last word on what is a reading."""
    today = clock.now().date()
    for name, value in asked.items():
        if name == "category":
            persons = persons.filter(pk__in=_holders(CategoryAssignment, viewer, category=value))
        elif name == "fate" and value != NOTHING:
            persons = persons.filter(pk__in=_holders(Claim, viewer, kind=value))
        elif name == "unit":
            persons = persons.filter(unit=value)
        elif name == "age":
            persons = persons.filter(_of_age(*AGES[value], today))
        elif name == "held":
            persons = persons.filter(pk__in=_holders(Claim, viewer, kind__in=IN_CAPTIVITY))
    return persons


def _holders(model: Any, viewer: User, **where: Any) -> Any:
    rows = model.objects.visible_to(viewer).filter(**where).order_by()
    return rows.values_list(Coalesce(F("person__merged_into_id"), F("person_id")))


def _of_age(youngest: int, oldest: int, today: date) -> Q:
    """Partial dates are text: a year alone counts as its first day."""
    return Q(birth_date__lte=_years_ago(today, youngest), birth_date__gt=_years_ago(today, oldest + 1))


def _years_ago(today: date, years: int) -> str:
    return f"{today.year - years:04}-{today:%m-%d}"


def traits_of(persons: Iterable[Person], beside: Beside) -> dict[uuid.UUID, Traits]:
    today = clock.now().date()
    return {person.pk: _traits(person, beside, today) for person in persons}


def _traits(person: Person, beside: Beside, today: date) -> Traits:
    claims = beside.claims_of(person)
    fate = fate_of(claims).kind
    held = months_held(claims, today)
    return Traits(
        category=frozenset(row.category for row in beside.categories_of(person)),
        fate=frozenset({fate if fate != UNKNOWN else NOTHING}),
        unit=frozenset({person.unit} if person.unit else ()),
        age=frozenset(_band(AGES, _age(person.birth_date, today))),
        held=frozenset(_band(HELD, held)),
    )


def _age(born: str, today: date) -> int | None:
    if not born:
        return None
    years = today.year - int(born[:4])
    return years - (born[4:] > f"-{today:%m-%d}")


def months_held(claims: Sequence[Claim], today: date) -> int | None:
    """Of the present captivity, counted from the first day that its date may mean; None where nobody holds the person."""
    since = custody_of(claims).since
    if not since:
        return None
    parts = [int(part) for part in since.split("-")]
    start = date(*(parts + [1] * (3 - len(parts))))
    return max(int((today - start) / MONTH), 0)


def _band(bands: Mapping[str, tuple[int, int]], number: int | None) -> list[str]:
    return [] if number is None else [name for name, (first, last) in bands.items() if first <= number <= last]


def counted(traits: Iterable[Traits], asked: Mapping[str, str]) -> list[Facet]:
    """Each facet with the options that occur, and the one that is chosen."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in TITLES}
    for one in traits:
        for name, counter in counts.items():
            counter.update(getattr(one, name))
    return [_facet(name, counts[name], asked.get(name, "")) for name in TITLES]


def _facet(name: str, counts: "Counter[str]", chosen: str) -> Facet:
    labels = _labels(name, [*counts, chosen])
    ordered = [value for value in labels if value and (counts[value] or value == chosen)]
    return Facet(
        name,
        str(TITLES[name]),
        [Option(value, str(labels[value]), counts[value], value == chosen) for value in ordered],
    )


def _labels(name: str, present: Sequence[str]) -> Mapping[str, Text]:
    """In the order in which they are offered."""
    match name:
        case "category":
            return dict(Category.choices)
        case "fate":
            return {**dict(ClaimKind.choices), NOTHING: _("nothing is known")}
        case "age":
            return {value: LABELS[value] for value in AGES}
        case "held":
            return {value: LABELS[value] for value in HELD}
    return {unit: unit for unit in sorted(set(present))}
