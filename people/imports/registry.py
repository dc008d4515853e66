"""Whom the rows of an import may mean among the dossiers of one half, by the matcher that every page uses.

The dossiers are asked for by the keys of many rows at once, never row by row; outside this half nobody is looked at.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson
from django.db import models
from django.db.models import F
from django.db.models.functions import Cast

from access.models import Compartment
from audit.models import Log
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
Held = tuple[str, Sequence[Any]]  # the id of a dossier, and what of it is compared
# A dossier that a row may mean, as it is kept (its id, the score and the weights it is the sum of); and whether that is certain.
Likeness = tuple[list[Any], bool]


class Likenesses:
    """Whom of some dossiers each row may mean, the likeliest first. Without a query: made and called with values of JSON, since
    `core.beside` calls it.
    """

    def __init__(self) -> None:
        self.lexicon, self.comparer = Lexicon(), Comparer(Usual())

    def __call__(
        self, rows: Iterable[tuple[Mapping[str, str], Sequence[str]]], dossiers: Mapping[str, Sequence[Any]]
    ) -> list[list[Likeness]]:
        """Of each row what it tells, and the ids of those it is compared with."""
        held = {pk: read(_record_held(*values), self.lexicon) for pk, values in dossiers.items()}
        return [self._alike(asked_for(told, self.lexicon), [(pk, held[pk]) for pk in pks]) for told, pks in rows]

    def _alike(self, asked: Read, held: Iterable[tuple[str, Read]]) -> list[Likeness]:
        found = []
        for pk, person in held:
            comparison = self.comparer.compare(asked, person)
            levels = {one.field: one.level for one in comparison.fields}
            if comparison.score >= MAY_BE or levels.get("service_number") == "same":
                found.append((-comparison.score, pk, comparison, _is_certain(levels)))
        found.sort(key=itemgetter(0, 1))
        return [(_kept(pk, comparison), is_certain) for _score, pk, comparison, is_certain in found[:MOST_SHOWN]]


def _record_held(birth_date: str, rank: str, unit: str, number: str, names: Iterable[Spelt]) -> Record:
    return Record(birth_date=birth_date, rank=rank, unit=unit, service_number=number, other_names=tuple(names))


def _kept(pk: str, comparison: Comparison) -> list[Any]:
    fields = [[one.field, one.level, round(one.weight, 2)] for one in comparison.fields]
    return [pk, round(comparison.score, 2), fields]


def weights_kept(fields: Iterable[Sequence[Any]]) -> Comparison:
    """What is kept of a likeness, to be explained in the reader's language."""
    found = [FieldWeight(str(field), str(level), float(weight)) for field, level, weight in fields]
    return Comparison(sum(one.weight for one in found), found)


def record_of(told: Mapping[str, str]) -> Record:
    return Record(
        family=told.get("family", ""), given=told.get("given", ""), patronymic=told.get("patronymic", ""),
        birth_date=told.get("birth_date", ""), rank=told.get("rank", ""), unit=told.get("unit", ""),
        service_number=told.get("service_number", ""),
    )  # fmt: skip


class IsAmong(models.Func):
    """One of these numbers, told to the database as one text: reading and planning thousands of values takes it longer than
    looking for them."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, numbers: Sequence[int]) -> None:
        super().__init__(F(column))
        self.numbers = list(numbers)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "postgresql":
            among = f"{column} IN (SELECT unnest(%s::bigint[]))"
            return among, [*params, "{" + ",".join(map(str, self.numbers)) + "}"]
        among = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608  a column of our own
        return among, [*params, orjson.dumps(self.numbers).decode()]


class Registry:
    """The dossiers of one half, as far as the rows of an import ask for them: each is read, and each key asked for, once. To be
    told to forget that when somebody writes in this half.
    """

    MOST_KEPT = 200_000  # dossiers
    MOST_FOUND = 500_000  # keys, and the ids of who holds them: a hundred bytes each

    def __init__(self, compartment: Compartment) -> None:
        self.compartment = compartment
        self._held: dict[str, Held] = {}
        self._found: dict[int, Sequence[str]] = {}
        self._kept = 0
        self._read_as: dict[str, str] | None = None

    def forget(self) -> None:
        self._held, self._found, self._kept, self._read_as = {}, {}, 0, None

    def holders(self, rows: Sequence[Sequence[int]]) -> list[list[Held]]:
        """For each row, given by its keys, the dossiers that share some."""
        self._ask(set().union(*rows))
        found = self._found
        wanted = [likeliest([pks for key in of_row if (pks := found[key])], MOST_COMPARED) for of_row in rows]
        held = self._read_held({pk for pks in wanted for pk in pks})
        return [[held[pk] for pk in pks if pk in held] for pks in wanted]

    def _ask(self, keys: set[int]) -> None:
        """As `people.matching.registry.holders`, in one query: there are thousands of keys, and nearly all find nobody. The
        ids as the database writes them, since making objects of all of them takes longer than finding them.
        """
        if self._kept > self.MOST_FOUND:
            self._found = {key: pks for key, pks in self._found.items() if key in keys}
            self._kept = len(self._found) + sum(map(len, self._found.values()))
        asked = sorted(keys - self._found.keys())
        rows = MatchKey.objects.unscoped("the half that is written to").filter(compartment=self.compartment)
        some = rows.filter(IsAmong("key", asked)).order_by()
        found: dict[int, list[str]] = defaultdict(list)
        for key, pk in some.values_list("key", _text("person_id")).iterator(chunk_size=10_000):
            if len(of_key := found[key]) <= MOST_HOLDERS:
                of_key.append(pk)
        self._found |= dict.fromkeys(asked, ())
        self._kept += len(asked)
        read_as = self._merged()
        for key, pks in found.items():
            if len(pks) <= MOST_HOLDERS:
                self._found[key] = [read_as.get(pk, pk) for pk in pks]
                self._kept += len(pks)

    def _merged(self) -> dict[str, str]:
        """Who is read as another. They are few."""
        if self._read_as is None:
            merged = Person.objects.unscoped("the half that is written to").filter(
                compartment=self.compartment, merged_into__isnull=False
            )
            self._read_as = dict(merged.order_by().values_list(_text("pk"), _text("merged_into_id")))
        return self._read_as

    def _read_held(self, pks: set[str]) -> dict[str, Held]:
        if len(self._held) > self.MOST_KEPT:
            self._held.clear()
        asked = {uuid.UUID(pk): pk for pk in pks - self._held.keys()}
        self._held |= {asked[pk]: (str(pk), record) for pk, record in self._records(asked.keys())}
        return {pk: self._held[pk] for pk in pks if pk in self._held}

    def _records(self, pks: Collection[uuid.UUID]) -> Iterable[tuple[uuid.UUID, list[Any]]]:
        if not pks:
            return
        persons = Person.objects.unscoped("the half that is written to").filter(compartment=self.compartment)
        spelt = spelt_names(self.compartment, pks)
        columns = ("id", "birth_date", "rank", "unit", "service_number")
        rows = persons.unmerged().real().filter(pk__in=pks).order_by().values_list(*columns)
        for pk, *told in rows:
            yield pk, [*told, sorted(spelt.get(pk, ()))]


def position_of(compartment_id: uuid.UUID, *, lock: bool = False) -> int:
    """Of the log of this half: it moves with whatever anybody writes there."""
    logs = Log.objects.filter(pk=compartment_id)
    log = (logs.select_for_update(no_key=True) if lock else logs).first()
    return log.position if log else 0


def _text(name: str) -> Cast:
    return Cast(F(name), models.TextField())


def asked_for(told: Mapping[str, str], lexicon: Lexicon) -> Read:
    return read(record_of(told), lexicon, as_sought=True)


def telling_keys(row: Read) -> list[int]:
    """Without those that many share and that never suffice alone: the family name, the family name with the year."""
    return sorted(hashed(key) for key in keys_of(row) if not key.startswith(("f|", "fy|")))


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
