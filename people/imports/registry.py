"""Whom the rows of an import may mean among the dossiers of one half, by the matcher that every page uses.

The dossiers are asked for by the keys of many rows at once, never row by row; outside this half nobody is looked at.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce

from access.models import Compartment
from people.matching import Comparison, FieldWeight, Record
from people.matching.comparison import Comparer, Usual
from people.matching.keys import MOST_HOLDERS, hashed, keys_of
from people.matching.record import Lexicon, Read, Spelt, read
from people.matching.registry import likeliest
from people.models import MatchKey, Name, Person

MAY_BE = 11.0  # bits: the same two names and nothing that contradicts; a namesake with another birth date scores less
MOST_SHOWN = 5
MOST_COMPARED = 12
AGREES = ("same", "script")
Held = tuple[uuid.UUID, Read]


@dataclass(frozen=True)
class Likeness:
    """One dossier that a row may mean, and why."""

    person_id: uuid.UUID
    comparison: Comparison
    is_certain: bool

    def kept(self) -> list[Any]:
        fields = [[one.field, one.level, round(one.weight, 2)] for one in self.comparison.fields]
        return [str(self.person_id), round(self.comparison.score, 2), fields]


def weights_kept(fields: Iterable[Sequence[Any]]) -> Comparison:
    """What `kept` wrote, to be explained in the reader's language."""
    found = [FieldWeight(str(field), str(level), float(weight)) for field, level, weight in fields]
    return Comparison(sum(one.weight for one in found), found)


def record_of(told: Mapping[str, str]) -> Record:
    return Record(
        family=told.get("family", ""), given=told.get("given", ""), patronymic=told.get("patronymic", ""),
        birth_date=told.get("birth_date", ""), rank=told.get("rank", ""), unit=told.get("unit", ""),
        service_number=told.get("service_number", ""),
    )  # fmt: skip


class IsAmong(models.Func):
    """One of these numbers, told to the database as one value: thousands of parameters took two fifths of the checking."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, numbers: Sequence[int]) -> None:
        super().__init__(F(column))
        self.numbers = list(numbers)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s::bigint[])", [*params, self.numbers]
        among = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608  a column of our own
        return among, [*params, orjson.dumps(self.numbers).decode()]


class Registry:
    """The dossiers of one half, as far as the rows of an import ask for them."""

    MOST_KEPT = 200_000

    def __init__(self, compartment: Compartment) -> None:
        self.compartment = compartment
        self.lexicon = Lexicon()
        self.comparer = Comparer(Usual())
        self._held: dict[uuid.UUID, Read] = {}

    def asked(self, told: Mapping[str, str]) -> Read:
        return read(record_of(told), self.lexicon, as_sought=True)

    def holders(self, rows: Sequence[Sequence[int]]) -> list[list[Held]]:
        """For each row, given by its keys, the dossiers that share some."""
        found = self._holders(set().union(*rows))
        wanted = [likeliest((found[key] for key in of_row if key in found), MOST_COMPARED) for of_row in rows]
        held = self._read_held({pk for pks in wanted for pk in pks})
        return [[(pk, held[pk]) for pk in pks if pk in held] for pks in wanted]

    def alike(self, row: Read, held: Iterable[Held]) -> list[Likeness]:
        """Whom of these it may mean, the likeliest first. Without a query."""
        found = []
        for pk, person in held:
            comparison = self.comparer.compare(row, person)
            levels = {one.field: one.level for one in comparison.fields}
            if comparison.score >= MAY_BE or levels.get("service_number") == "same":
                found.append(Likeness(pk, comparison, _is_certain(levels)))
        found.sort(key=lambda one: (-one.comparison.score, one.person_id))
        return found[:MOST_SHOWN]

    def _holders(self, keys: set[int]) -> dict[int, list[uuid.UUID]]:
        """As `people.matching.registry.holders`, in one query: there are thousands of keys, and nearly all find nobody."""
        rows = MatchKey.objects.unscoped("the half that is written to").filter(compartment=self.compartment)
        found: dict[int, list[uuid.UUID]] = defaultdict(list)
        holder = Coalesce(F("person__merged_into_id"), F("person_id"))
        some = rows.filter(IsAmong("key", sorted(keys))).order_by()
        for key, pk in some.values_list("key", holder).iterator(chunk_size=10_000):
            if len(of_key := found[key]) <= MOST_HOLDERS:
                of_key.append(pk)
        return {key: pks for key, pks in found.items() if len(pks) <= MOST_HOLDERS}

    def _read_held(self, pks: set[uuid.UUID]) -> dict[uuid.UUID, Read]:
        if len(self._held) > self.MOST_KEPT:
            self._held.clear()
        self._held |= dict(self._records(pks - self._held.keys()))
        return {pk: self._held[pk] for pk in pks if pk in self._held}

    def _records(self, pks: set[uuid.UUID]) -> Iterable[tuple[uuid.UUID, Read]]:
        if not pks:
            return
        persons = Person.objects.unscoped("the half that is written to").filter(compartment=self.compartment)
        spelt = spelt_names(self.compartment, pks)
        columns = ("id", "birth_date", "rank", "unit", "service_number")
        rows = persons.unmerged().real().filter(pk__in=pks).order_by().values_list(*columns)
        for pk, birth_date, rank, unit, number in rows:
            record = Record(
                birth_date=birth_date, rank=rank, unit=unit, service_number=number, other_names=tuple(spelt.get(pk, ()))
            )
            yield pk, read(record, self.lexicon)


def telling_keys(row: Read) -> list[int]:
    """Without those that many share and that never suffice alone: the family name, the family name with the year."""
    return [hashed(key) for key in keys_of(row) if not key.startswith(("f|", "fy|"))]


def match_keys(told: Mapping[str, str], names: Iterable[Spelt], lexicon: Lexicon) -> list[int]:
    """What a new dossier is found by, as `people.matching.index` would keep it."""
    spelt = tuple(dict.fromkeys((one[0], one[1], one[2] or told.get("father_name", "")) for one in names))
    family, given, patronymic = spelt[0]
    record = Record(
        family, given, patronymic, told.get("birth_date", ""), service_number=told.get("service_number", ""),
        other_names=spelt[1:],
    )  # fmt: skip
    return sorted(map(hashed, keys_of(read(record, lexicon))))


def _is_certain(levels: Mapping[str, str]) -> bool:
    """Sure enough to be an update, which a person still ticks: the number with a name, or all names with the whole date."""
    family, given = levels.get("family", ""), levels.get("given", "")
    if levels.get("father") == "differs":
        return False
    if levels.get("service_number") == "same":
        return family in ("same", "script", "part", "near") and given != "differs"
    is_born = levels.get("birth_date") == "same" and levels.get("service_number") != "differs"
    return is_born and family in AGREES and given in AGREES


def spelt_names(compartment: Compartment, pks: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[Spelt]]:
    """Every spelling that these dossiers hold, those merged into them included."""
    found: dict[uuid.UUID, set[Spelt]] = defaultdict(set)
    names = Name.objects.unscoped("of the half that is written to").filter(compartment=compartment).of(*pks)
    columns = ("person_id", "person__merged_into_id", "family", "given", "patronymic")
    for pk, holder, *parts in names.order_by().values_list(*columns):
        found[holder or pk].add((parts[0], parts[1], parts[2]))
    return found
