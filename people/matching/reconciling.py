"""A list beside a registry too large to hold: the list's keys are kept, the registry streams past them once.

Of the registry only those persons stay in memory who share a key with a row, and of each of them its line alone. A long
list is taken in parts, so that memory grows with neither file.
"""

import heapq
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import log2

from people.matching.comparison import Comparer
from people.matching.keys import HALF, MOST_HOLDERS, birth_key, digits_of, keys_of
from people.matching.record import Lexicon, Part, Read, Record, day_of, number_of, read

ROWS_AT_A_TIME = 2_000
COMPARED = 32  # of those who share a key, the likeliest so many are compared in full
GIVEN = 10  # candidates a row

ALONE, UNKNOWN = "", "-"  # no year is written so
RegistryLine = Sequence[str]  # id, family_name, given_name, patronymic, birth_date, rank, unit, service_number
ListLine = Sequence[str]  # row_id, name, then the same


@dataclass(frozen=True, slots=True)
class Found:
    row_id: str
    candidate_id: str
    score: float


def reconcile(rows: Iterable[ListLine], registry: Callable[[], Iterator[RegistryLine]]) -> Iterator[Found]:
    """The likeliest persons of each row, likeliest first; a row that nobody resembles has none."""
    counted: Counted | None = None
    remaining = iter(rows)
    while part := list(islice(remaining, ROWS_AT_A_TIME)):
        passing = Passing(part, counted)
        passing.watch(registry())
        counted = passing.counted
        yield from passing.judged()


@dataclass(slots=True)
class Counted:
    """How common the names of this registry are."""

    persons: int = 0
    families: Counter[str] = field(default_factory=Counter)
    given_names: Counter[str] = field(default_factory=Counter)
    fathers: Counter[str] = field(default_factory=Counter)

    def family(self, bones: str) -> float:
        return self.families[bones] / self.persons if self.persons else 0.0

    def given(self, name: str) -> float:
        return self.given_names[name] / self.persons if self.persons else 0.0

    def father(self, name: str) -> float:
        return self.fathers[name] / self.persons if self.persons else 0.0


Holders = array  # of the numbers of those who hold a key, in the order they passed
Branch = dict[str, "Holders[int]"]


class Sought:
    """The keys of the list as a tree: a passing person follows it down, and hardly a key has to be spelt.

    It says again what `keys_of` says; a test holds the two together.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self.holders: dict[str, Holders[int]] = {}
        self.with_given: dict[str, Branch] = {}
        self.with_father: dict[str, Branch] = {}
        self.with_year: dict[str, Branch] = {}
        self.pairs: dict[tuple[str, str], Branch] = {}
        for key in keys:
            holders = self.holders[key] = array("I")
            match key.split("|"):
                case "f", bones:
                    self.with_year.setdefault(bones, {})[ALONE] = holders
                case "fy", bones, year:
                    self.with_year.setdefault(bones, {})[year] = holders
                case "fg", bones, given:
                    self.with_given.setdefault(bones, {})[given] = holders
                case "fp", bones, father:
                    self.with_father.setdefault(bones, {})[father] = holders
                case "gp", given, father, year:
                    self.pairs.setdefault((given, father), {})[year] = holders
                case "a" | "z" as half, bones, given, father:
                    self.pairs.setdefault((given, father), {})[half + bones] = holders


@dataclass(slots=True)
class FamilyName:
    """One spelling of the registry: how often it passed, which branches begin with it, its beginnings and ends."""

    times: int
    bones: str
    branches: list[tuple[Branch, Branch, Branch]]
    halves: list[tuple[str, str]]


@dataclass(slots=True)
class OtherName:
    times: int
    key: str


@dataclass(slots=True)
class Birth:
    year: str
    holders: "Holders[int] | None"


class Passing:
    """One part of the list while the registry passes."""

    def __init__(self, rows: Sequence[ListLine], counted: Counted | None) -> None:
        self.lexicon = Lexicon()
        self.row_ids = [line[0] for line in rows]
        self.rows = [read(record_of_row(line), self.lexicon, as_sought=True) for line in rows]
        self.keys = [sorted(keys_of(one)) for one in self.rows]
        self.sought = Sought(key for keys in self.keys for key in keys)
        self.lines: list[RegistryLine] = []
        self.counted = counted

    def watch(self, registry: Iterable[RegistryLine]) -> None:
        """Keep who shares a key with a row."""
        families: dict[str, FamilyName] = {}
        given_names: dict[str, OtherName] = {}
        patronymics: dict[str, OtherName] = {}
        births: dict[str, Birth] = {}
        pairs, holders_of = self.sought.pairs, self.sought.holders
        kept = self.lines
        asks_for_numbers = any(key.startswith("n|") for key in holders_of)
        persons = 0
        for persons, line in enumerate(registry, start=1):  # noqa: B007
            _id, family, given, patronymic, born, _rank, _unit, number = line
            named = families.get(family) or self._family(families, family)
            called = given_names.get(given) or self._given(given_names, given)
            child_of = patronymics.get(patronymic) or self._patronymic(patronymics, patronymic)
            birth = births.get(born) or self._birth(births, born)
            named.times += 1
            called.times += 1
            child_of.times += 1
            g, p = called.key, child_of.key
            found: list[Holders[int] | None] = [birth.holders]
            for with_given, with_father, with_year in named.branches:
                found += (with_given.get(g), with_father.get(p), with_year.get(ALONE), with_year.get(birth.year))
            if (pair := pairs.get((g, p))) is not None:
                found.append(pair.get(birth.year))
                for beginning, end in named.halves:
                    found += (pair.get(beginning), pair.get(end))
            if number and asks_for_numbers:
                found.append(holders_of.get(f"n|{digits_of(number)}"))
            is_held = False
            for holders in found:
                if holders is not None and len(holders) <= MOST_HOLDERS:
                    holders.append(len(kept))
                    is_held = True
            if is_held:
                kept.append(line)
        if self.counted is None:
            self.counted = _counted(persons, families.values(), given_names.values(), patronymics.values())

    def _family(self, known: dict[str, FamilyName], text: str) -> FamilyName:
        part, sought = Part(text), self.sought
        bones = () if part.is_initial or not part.fold else part.bones
        nothing: Branch = {}
        branches = [
            (
                sought.with_given.get(one, nothing),
                sought.with_father.get(one, nothing),
                sought.with_year.get(one, nothing),
            )
            for one in bones
        ]
        halves = [(f"a{one[:HALF]}", f"z{one[-HALF:]}") for one in bones]
        found = FamilyName(0, part.bones[0], [one for one in branches if any(one)], halves)
        known[text] = found
        return found

    def _given(self, known: dict[str, OtherName], text: str) -> OtherName:
        part = self.lexicon.part(text)
        found = known[text] = OtherName(0, part.given_key if part is not None and not part.is_initial else "")
        return found

    def _patronymic(self, known: dict[str, OtherName], text: str) -> OtherName:
        part = self.lexicon.part(text)
        found = known[text] = OtherName(0, part.father if part is not None else "")
        return found

    def _birth(self, known: dict[str, Birth], text: str) -> Birth:
        day = day_of(text)
        found = known[text] = Birth(str(day[0] or UNKNOWN), self.sought.holders.get(birth_key(day)))
        return found

    def judged(self) -> Iterator[Found]:
        assert self.counted is not None
        comparer = Comparer(self.counted)
        for row_id, row, keys in zip(self.row_ids, self.rows, self.keys, strict=True):
            scored = []
            for number in self._likeliest(keys, self.counted.persons):
                line = self.lines[number]
                held = read_line(line, self.lexicon, with_number=bool(row.number))
                scored.append((comparer.compare(row, held).score, line[0]))
            for score, candidate in heapq.nlargest(GIVEN, scored):
                yield Found(row_id, candidate, score)

    def _likeliest(self, keys: Sequence[str], persons: int) -> list[int]:
        """By the keys shared, each worth its rarity."""
        worth: dict[int, float] = {}
        for key in keys:
            holders = self.sought.holders[key]
            if 0 < len(holders) <= MOST_HOLDERS:
                bits = log2(persons / len(holders)) + 1
                for number in holders:
                    worth[number] = worth.get(number, 0.0) + bits
        if len(worth) <= COMPARED:
            return list(worth)
        return heapq.nlargest(COMPARED, worth, key=worth.__getitem__)


def _counted(
    persons: int, families: Iterable[FamilyName], given_names: Iterable[OtherName], patronymics: Iterable[OtherName]
) -> Counted:
    counted = Counted(persons)
    for one in families:
        counted.families[one.bones] += one.times
    for other in given_names:
        counted.given_names[other.key] += other.times
    for other in patronymics:
        counted.fathers[other.key] += other.times
    return counted


def read_line(line: RegistryLine, lexicon: Lexicon, *, with_number: bool) -> Read:
    """As `read` does, without a record in between."""
    _id, family, given, patronymic, born, rank, unit, number = line
    parts = (lexicon.part(family), lexicon.part(given), lexicon.part(patronymic))
    return Read(
        [(parts, False)],
        lexicon.day(born),
        number_of(number) if with_number else "",
        lexicon.unit(unit),
        lexicon.rank(rank),
    )


def record_of_row(line: ListLine) -> Record:
    _id, name, family, given, patronymic, born, rank, unit, number = line
    return Record(family, given, patronymic, born, rank, unit, number, name=name)
