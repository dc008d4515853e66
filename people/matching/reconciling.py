"""A list beside a registry too large to hold: the list's keys are kept, the registry streams past them once.

Of the registry only those persons stay in memory who share a key with a row, and of each of them its line alone. A long
list is taken in parts, so that memory grows with neither file.
"""

import heapq
import multiprocessing
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import log2
from multiprocessing.connection import Connection
from typing import Any

from core.errors import DomainError
from people.matching.comparison import Comparer
from people.matching.keys import HALF, MOST_HOLDERS, birth_key, digits_of, keys_of
from people.matching.record import Lexicon, Part, Read, Record, day_of, number_of, read

ROWS_AT_A_TIME = 2_000
COMPARED = 32  # of those who share a key, the likeliest so many are compared in full
ALWAYS_COMPARED, NEAR_THE_BEST = 8, 0.4  # beyond the first eight only whose keys are worth so much of the first one's
SPARE = 4  # more of them where the registry is shared out
GIVEN = 10  # candidates a row
SUPPOSED = 100_000_000  # persons: a key that one of them holds is worth most

ALONE, UNKNOWN, GIVEN_IS, FATHER_IS = "", "-", "g ", "f "  # no year is written so
RegistryLine = Sequence[str]  # id, family_name, given_name, patronymic, birth_date, rank, unit, service_number
ListLine = Sequence[str]  # row_id, name, then the same


@dataclass(frozen=True, slots=True)
class Found:
    row_id: str
    candidate_id: str
    score: float


def reconcile(
    rows: Iterable[ListLine], registry: Callable[[], Iterator[RegistryLine]], *, processes: int = 1
) -> Iterator[Found]:
    """The likeliest persons of each row, likeliest first; a row that nobody resembles has none.

    With several `processes` each watches its share of the registry; they tell each other how common names and keys are.
    """
    counted: Counted | None = None
    remaining = iter(rows)
    while part := list(islice(remaining, ROWS_AT_A_TIME)):
        passing = Passing(part, counted)
        if processes > 1:
            found = apart(passing, registry, processes)
        else:
            passing.watch(registry())
            found = passing.judged(passing.known())
        counted = passing.counted
        for row_id, persons in zip(passing.row_ids, found, strict=True):
            yield from (Found(row_id, person, score) for score, person in heapq.nlargest(GIVEN, persons))


@dataclass(slots=True)
class Counted:
    """How common the names of this registry are."""

    persons: int = 0
    families: Counter[str] = field(default_factory=Counter)
    given_names: Counter[str] = field(default_factory=Counter)
    fathers: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counted") -> None:
        self.persons += other.persons
        self.families.update(other.families)
        self.given_names.update(other.given_names)
        self.fathers.update(other.fathers)

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
        self.families: dict[str, Branch] = {}
        self.pairs: dict[tuple[str, str], Branch] = {}
        for key in keys:
            holders = self.holders[key] = array("I")
            match key.split("|"):
                case "f", bones:
                    self.families.setdefault(bones, {})[ALONE] = holders
                case "fy", bones, year:
                    self.families.setdefault(bones, {})[year] = holders
                case "fg", bones, given:
                    self.families.setdefault(bones, {})[GIVEN_IS + given] = holders
                case "fp", bones, father:
                    self.families.setdefault(bones, {})[FATHER_IS + father] = holders
                case "gp", given, father, year:
                    self.pairs.setdefault((given, father), {})[year] = holders
                case "a" | "z" as half, bones, given, father:
                    self.pairs.setdefault((given, father), {})[half + bones] = holders


@dataclass(slots=True)
class FamilyName:
    """One spelling of the registry: how often it passed, which branches begin with it, its beginnings and ends."""

    times: int
    bones: str
    branches: list[Branch]
    halves: list[tuple[str, str]]


@dataclass(slots=True)
class OtherName:
    times: int
    key: str
    asks: str  # of a family name's branch


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
        self.compared = COMPARED

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
            found: list[Holders[int] | None] = [birth.holders]
            for branch in named.branches:
                found += (branch.get(ALONE), branch.get(called.asks), branch.get(child_of.asks), branch.get(birth.year))
            if (pair := pairs.get((called.key, child_of.key))) is not None:
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
        branches = [branch for one in bones if (branch := sought.families.get(one))]
        halves = [(f"a{one[:HALF]}", f"z{one[-HALF:]}") for one in bones]
        found = FamilyName(0, part.bones[0], branches, halves)
        known[text] = found
        return found

    def _given(self, known: dict[str, OtherName], text: str) -> OtherName:
        part = self.lexicon.part(text)
        key = part.given_key if part is not None and not part.is_initial else ""
        found = known[text] = OtherName(0, key, GIVEN_IS + key)
        return found

    def _patronymic(self, known: dict[str, OtherName], text: str) -> OtherName:
        part = self.lexicon.part(text)
        key = part.father if part is not None else ""
        found = known[text] = OtherName(0, key, FATHER_IS + key)
        return found

    def _birth(self, known: dict[str, Birth], text: str) -> Birth:
        day = day_of(text)
        found = known[text] = Birth(str(day[0] or UNKNOWN), self.sought.holders.get(birth_key(day)))
        return found

    def known(self) -> "Known":
        """What this share of the registry knows of how common things are."""
        return Known(self.counted or Counted(), [len(holders) for holders in self.sought.holders.values()])

    def judged(self, known: "Known") -> Iterator[list[tuple[float, str]]]:
        """For each row its likeliest of this share, where `known` is of the whole registry."""
        self.counted = known.counted
        comparer = Comparer(known.counted)
        held_by = dict(zip(self.sought.holders, known.holders, strict=True))
        for row, keys in zip(self.rows, self.keys, strict=True):
            scored = []
            for number in self._likeliest(keys, held_by):
                line = self.lines[number]
                held = read_line(line, self.lexicon, with_number=bool(row.number))
                scored.append((comparer.compare(row, held).score, line[0]))
            yield heapq.nlargest(GIVEN, scored)

    def _likeliest(self, keys: Sequence[str], held_by: Mapping[str, int]) -> list[int]:
        """By the keys shared, each worth its rarity."""
        worth: dict[int, float] = {}
        for key in keys:
            if 0 < held_by[key] <= MOST_HOLDERS:
                bits = -log2(held_by[key] / SUPPOSED)
                for number in self.sought.holders[key]:
                    worth[number] = worth.get(number, 0.0) + bits
        first = heapq.nlargest(self.compared, worth, key=worth.__getitem__)
        least = NEAR_THE_BEST * worth[first[0]] if first else 0.0
        return [number for place, number in enumerate(first) if place < ALWAYS_COMPARED or worth[number] >= least]


@dataclass(slots=True)
class Known:
    """How common the names are, and how many hold each key, in the order of the keys."""

    counted: Counted
    holders: list[int]

    def add(self, other: "Known") -> None:
        self.counted.add(other.counted)
        self.holders = [one + more for one, more in zip(self.holders, other.holders, strict=True)]


def apart(
    passing: Passing, registry: Callable[[], Iterator[RegistryLine]], processes: int
) -> Iterator[list[tuple[float, str]]]:
    """Each process takes every so many-th person, and judges whom it kept once it knows what all of them counted."""
    context = multiprocessing.get_context("fork")  # the list is there already, and nothing of it need be sent
    was_counted = passing.counted
    passing.compared = COMPARED // processes + SPARE
    workers = []
    try:
        for number in range(processes):
            here, there = context.Pipe()
            worker = context.Process(target=_work, args=(there, passing, registry, number, processes), daemon=True)
            worker.start()
            there.close()
            workers.append((worker, here))
        known, *others = (_told(here) for _worker, here in workers)
        for other in others:
            known.add(other)
        passing.counted = known.counted = was_counted or known.counted
        for _worker, here in workers:
            here.send(known)
        shares = [_told(here) for _worker, here in workers]
    finally:
        for worker, here in workers:
            here.close()
            worker.terminate()
            worker.join()
    return ([person for share in of_row for person in share] for of_row in zip(*shares, strict=True))


def _work(
    there: Connection, passing: Passing, registry: Callable[[], Iterator[RegistryLine]], number: int, processes: int
) -> None:
    try:
        passing.watch(islice(registry(), number, None, processes))
        there.send(passing.known())
        there.send(list(passing.judged(there.recv())))
    except DomainError as refused:
        there.send(refused)


def _told(here: Connection) -> Any:
    try:
        told = here.recv()
    except EOFError as error:
        raise DomainError("A part of the work was ended from outside.") from error
    if isinstance(told, DomainError):
        raise told
    return told


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
