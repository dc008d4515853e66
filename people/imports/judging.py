"""What each row is, beside what the registry holds: new, an update, nothing new, to be settled, or not to be taken."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models.functions import Coalesce

from access.models import Compartment
from core.folding import seen_as
from people.erasure import asked, hashed
from people.fate import fate_of
from people.imports.cells import Fault, Reader, split_name
from people.imports.columns import heading
from people.imports.registry import (
    Held,
    Likeness,
    Likenesses,
    Registry,
    asked_for,
    position_of,
    spelt_names,
    telling_keys,
)
from people.matching.record import Lexicon, Read, number_as_read
from people.models import CategoryAssignment, Claim, ClaimKind, ErasedKey, Name, Person, RowVerdict
from people.operations import IDENTITY

Row = tuple[int, list[str]]
V = RowVerdict

# Upper apps say who of these was exchanged already; people knows of no exchange.
exchanged_already: list[Callable[[Compartment, set[uuid.UUID]], set[uuid.UUID]]] = []

HOME = (ClaimKind.HOME, ClaimKind.RELEASED)
DEAD = (ClaimKind.DEATH_ESTABLISHED, ClaimKind.REPORTED_DEAD_BY_HOLDER)
NAME_PARTS = ("family", "given", "patronymic")
IN_A_QUERY = 10_000
STATED = frozenset(("category", "missing_since", "captured_on", "status"))


@dataclass
class Judged:
    number: int
    cells: list[str]
    told: dict[str, str]
    faults: list[Fault]
    key: str
    verdict: str = V.NEW
    differences: dict[str, list[str]] = field(default_factory=dict)
    candidates: list[Any] = field(default_factory=list)
    person_id: uuid.UUID | None = None
    repeats: int | None = None
    keys: Sequence[int] = ()  # by which the registry is asked for them; of a row that can be read
    marks: Sequence[str] = ()  # by which a row that comes again is known
    held: list[Held] | None = None  # the dossiers that share some key; none of a row that comes again
    asked_at: int = 0  # the position of the log before they were asked for


class CellReader:
    """What the cells of rows say and what they are sought by, without a query: made and called with values of JSON, since
    `core.beside` calls it. `corrected`: by row and place, what is right where something else stands.
    """

    def __init__(
        self,
        columns: Mapping[str, str],
        corrected: Mapping[str, Mapping[str, str]],
        last_day: str,
        month_first: bool,
        given_name_first: bool,
    ) -> None:
        self.reader = Reader(
            {int(place): column for place, column in columns.items()}, month_first=month_first,
            given_name_first=given_name_first, last_day=date.fromisoformat(last_day),
        )  # fmt: skip
        self.corrected = {
            int(number): {int(place): value for place, value in right.items()} for number, right in corrected.items()
        }
        self.lexicon = Lexicon()

    def __call__(self, rows: Iterable[Row], ends_open_at: int = 0) -> list[Any]:
        """`ends_open_at`: the last row of a file that ends without a line's end. Of each row, what `Judged` begins with."""
        return [self._read(number, cells, ends_open_at) for number, cells in rows]

    def _read(self, number: int, cells: list[str], ends_open_at: int) -> tuple[Any, ...]:
        right = self.corrected.get(number)
        told = self.reader.read(cells if right is None else with_right(cells, right))
        if number == ends_open_at and right is None and len(cells) < len(self.reader.columns):
            told.faults.append((max(len(cells) - 1, 0), "cut_row", ""))
        keys, marks = ((), ()) if told.faults else sought_by(told.values, self.lexicon)
        return number, cells, told.values, told.faults, told.key, keys, marks


def judged(read: Iterable[Sequence[Any]]) -> list[Judged]:
    """What a CellReader told, ready to be judged."""
    return [
        Judged(number, cells, told, faults, key, V.INVALID if faults else V.NEW, keys=keys, marks=marks)
        for number, cells, told, faults, key, keys, marks in read
    ]


def sought_by(told: Mapping[str, str], lexicon: Lexicon) -> tuple[list[int], list[str]]:
    """The keys and the marks of one row."""
    asked = asked_for(told, lexicon)
    return telling_keys(asked), _marks(told, asked)


class Judge:
    """Judges the rows of one import in their order. What it has seen of the file so far tells what comes again."""

    def __init__(
        self,
        compartment: Compartment,
        earlier: Mapping[str, uuid.UUID],
        *,
        source: str,
    ) -> None:
        self.compartment = compartment
        self.source = source
        self.registry, self.likenesses, self.lexicon = Registry(compartment), Likenesses(), Lexicon()
        self._position = position_of(compartment.pk)
        self.earlier = earlier  # rows of earlier imports from this sender, by their key: whose they became
        self._seen: dict[str, int] = {}

    def judge(self, rows: list[Judged]) -> list[Judged]:
        return self.settle(self.compare(self.ask(rows)))

    def ask(self, rows: list[Judged]) -> list[Judged]:
        """First: whom they may mean at all. To be called in the order of the rows."""
        fresh = [row for row in rows if row.verdict != V.INVALID and not self._again(row)]
        self._ask(fresh)
        return rows

    def _ask(self, rows: list[Judged]) -> None:
        for row, held in zip(rows, self.registry.holders([row.keys for row in rows]), strict=True):
            row.held, row.asked_at = held, self._position

    def compare(self, rows: list[Judged]) -> list[Judged]:
        """Then: whom of them. Or let a Likenesses elsewhere find what it is to be given, and `say` that."""
        return self.say(rows, self.likenesses(*self.to_compare(rows)))

    def to_compare(
        self, rows: Iterable[Judged]
    ) -> tuple[list[tuple[dict[str, str], list[str]]], dict[str, Sequence[Any]]]:
        held = [(row.told, row.held) for row in rows if row.held]
        dossiers = {pk: record for _told, of_row in held for pk, record in of_row}
        return [(told, [pk for pk, _record in of_row]) for told, of_row in held], dossiers

    def say(self, rows: list[Judged], alike: Iterable[list[Likeness]]) -> list[Judged]:
        """`alike`: of each row that is compared with somebody."""
        found = iter(alike)
        for row in rows:
            if row.held is not None:
                self._say(row, next(found) if row.held else [])
        return rows

    def settle(self, rows: list[Judged]) -> list[Judged]:
        """At last: what that dossier holds already, as it stands now."""
        self._ask_again_where_somebody_wrote([row for row in rows if row.held is not None])
        self._ask_again_for_those_gone(rows)
        self._compare_with_registry([row for row in rows if row.verdict == V.UPDATE])
        self._ask_of_erasures([row for row in rows if row.verdict == V.NEW])
        return rows

    def remember(self, rows: Iterable[tuple[int, Mapping[str, str]]]) -> None:
        """Rows that were judged before this process began."""
        for number, told in rows:
            for mark in sought_by(told, self.lexicon)[1]:
                self._seen.setdefault(mark, number)

    def _again(self, row: Judged) -> bool:
        """The same person a second time in one file, in whatever script: by number and name, or by names and whole date."""
        first = next((self._seen[mark] for mark in row.marks if mark in self._seen), None)
        for mark in row.marks:
            self._seen.setdefault(mark, row.number)
        if first is None:
            return False
        row.verdict, row.repeats = V.REPEATED, first
        return True

    def _ask_again_where_somebody_wrote(self, rows: list[Judged]) -> None:
        """They were asked for while others still worked: whom they mean may be merged, taken apart or erased by now."""
        position = position_of(self.compartment.pk)
        if position != self._position:
            self._position = position
            self.registry.forget()
        if stale := [row for row in rows if row.asked_at != position]:
            for row in stale:
                row.verdict, row.person_id, row.candidates = V.NEW, None, []
            self._ask(stale)
            self.compare(stale)

    def _ask_again_for_those_gone(self, rows: list[Judged]) -> None:
        """Whose dossier of an earlier import is there no more: they may be in another by now."""
        known = [row for row in rows if row.verdict == V.UPDATE and row.key in self.earlier]
        persons = Person.objects.unscoped("the half that is written to").filter(compartment=self.compartment)
        there = (
            set(persons.real().filter(pk__in={row.person_id for row in known}).values_list("pk", flat=True))
            if known
            else set()
        )
        for row in known:
            if row.person_id not in there:
                row.verdict, row.person_id = V.NEW, None
                self._choose(row, next(iter(self.likenesses(*self.to_compare([row]))), []))

    def _say(self, row: Judged, alike: list[Likeness]) -> None:
        if (same := self.earlier.get(row.key)) is not None:
            row.verdict, row.person_id = V.UPDATE, same
        else:
            self._choose(row, alike)

    def _choose(self, row: Judged, alike: list[Likeness]) -> None:
        certain = [kept for kept, is_certain in alike if is_certain]
        if len(certain) == 1:
            row.verdict, row.person_id = V.UPDATE, uuid.UUID(certain[0][0])
        elif alike:
            row.verdict, row.candidates = V.AMBIGUOUS, [kept for kept, _is_certain in alike]
        else:
            row.person_id = uuid.uuid4()

    def _compare_with_registry(self, rows: list[Judged]) -> None:
        """What an update would change; and whether the registry holds this person for home, dead or exchanged."""
        if not rows:
            return
        pks = {row.person_id for row in rows if row.person_id is not None}
        of_half = Person.objects.unscoped("the half that is written to").filter(compartment=self.compartment)
        persons = of_half.real().in_bulk(pks)
        names = spelt_names(self.compartment, pks)
        stated = stated_about(self.compartment, pks, self.source) if any(states(row.told) for row in rows) else {}
        known = _verdicts_by_fate(self.compartment, pks)
        for row in rows:
            person = persons.get(row.person_id)
            if person is None:  # gone a moment ago
                row.verdict, row.person_id = V.NEW, uuid.uuid4()
                continue
            row.differences = differences(person, names[person.pk], row.told, stated.get(person.pk))
            row.verdict = known.get(person.pk) or (V.UPDATE if row.differences else V.SAME)

    def _ask_of_erasures(self, rows: list[Judged]) -> None:
        for place in erased_before(self.compartment, [row.told for row in rows]):
            rows[place].verdict = V.ERASED


def erased_before(compartment: Compartment, rows: Sequence[Mapping[str, str]]) -> set[int]:
    """Which of these are known again as somebody whose data were erased here, under any name that the row tells."""
    keys = ErasedKey.objects.unscoped("yes or no, in the half that is written to").filter(compartment=compartment)
    if not rows or not keys.exists():
        return set()
    places: dict[str, set[int]] = {}
    for place, told in enumerate(rows):
        names = [spelling.parts for spelling in spellings(told)]
        for kind, text in asked(names, told.get("birth_date", ""), [told.get("service_number", "")]):
            for _key_id, digest in hashed(kind, text):
                places.setdefault(digest, set()).add(place)
    found: set[int] = set()
    digests = list(places)
    for first in range(0, len(digests), IN_A_QUERY):
        some = keys.filter(hash__in=digests[first : first + IN_A_QUERY])
        found = found.union(*(places[digest] for digest in some.values_list("hash", flat=True)))
    return found


@dataclass
class Stated:
    """What a dossier holds already of what lists say: claims of one source, categories of whomever."""

    claims: set[tuple[str, str]] = field(default_factory=set)  # kind, date
    categories: set[str] = field(default_factory=set)

    def holds(self, kind: str, on: str) -> bool:
        """This source said so before, for the same day or more exactly."""
        return any(kind == held and day.startswith(on) for held, day in self.claims)


def stated_about(compartment: Compartment, pks: Iterable[uuid.UUID], source: str) -> dict[uuid.UUID, Stated]:
    found: dict[uuid.UUID, Stated] = defaultdict(Stated)
    for model in (Claim, CategoryAssignment):
        rows = model.objects.unscoped("the half that is written to").filter(compartment=compartment).of(*pks)
        for holder, of_holder in rows.by_holder().items():
            for row in of_holder:
                if isinstance(row, CategoryAssignment):
                    found[holder].categories.add(row.category)
                elif heading(row.source) == heading(source):
                    found[holder].claims.add((row.kind, row.happened_on))
    return found


def states(told: Mapping[str, str]) -> bool:
    return not STATED.isdisjoint(told)


def claims_told(told: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The column, what it claims, and of which day. A status that a dated column says as well is no further claim."""
    found = [
        (column, str(kind), told[column])
        for column, kind in (("missing_since", ClaimKind.MISSING), ("captured_on", ClaimKind.REPORTED_CAPTURED))
        if told.get(column)
    ]
    status = told.get("status", "")
    if status and status not in [kind for _column, kind, _on in found]:
        found.append(("status", status, ""))
    return found


def categories_told(told: Mapping[str, str]) -> list[str]:
    return told["category"].split(",") if told.get("category") else []


def differences(
    person: Person,
    names: Iterable[tuple[str, str, str]],
    told: Mapping[str, str],
    stated: Stated | None = None,
) -> dict[str, list[str]]:
    """What the row says and the dossier does not: field → [before, after]. An empty cell says nothing."""
    found = {
        name: [getattr(person, name), told[name]]
        for name in IDENTITY
        if told.get(name) and told[name] != getattr(person, name)
        and not (name == "birth_date" and getattr(person, name).startswith(told[name]))  # less exact than what is known
        and not (name == "service_number" and _looks(getattr(person, name)) == _looks(told[name]))
    }  # fmt: skip
    held = set(names)
    for spelling in spellings(told):
        if not _holds(held, spelling.parts):
            found[spelling.told_as] = ["", " ".join(filter(None, spelling.parts))]
    stated = stated or Stated()
    for column, kind, on in claims_told(told):
        if not stated.holds(kind, on):
            found[column] = ["", told[column]]
    if fresh := [one for one in categories_told(told) if one not in stated.categories]:
        found["category"] = ["", ",".join(fresh)]
    return found


def _looks(number: str) -> tuple[str, str]:
    return seen_as("".join(filter(str.isalnum, number)))


@dataclass(frozen=True)
class Spelling:
    """One name that a row tells."""

    told_as: str
    kind: str
    parts: tuple[str, str, str]


def spellings(told: Mapping[str, str]) -> list[Spelling]:
    """The name, the name in another script, the call sign: the first is the one to be preferred."""
    parts = (told.get("family", ""), told.get("given", ""), told.get("patronymic", ""))
    found = [Spelling("name", Name.Kind.OFFICIAL, parts)] if any(parts) else []
    if other := told.get("other_name"):
        split = split_name(other, given_name_first=False)
        found.append(Spelling("other_name", Name.Kind.TRANSLITERATION, tuple(split[part] for part in NAME_PARTS)))  # type: ignore[arg-type]
    if sign := told.get("call_sign"):
        found.append(Spelling("call_sign", Name.Kind.CALL_SIGN, ("", sign, "")))
    return found


def _holds(names: Iterable[tuple[str, str, str]], parts: tuple[str, str, str]) -> bool:
    """The dossier has the name so, or has more of it."""
    return any(all(not part or part == held for part, held in zip(parts, name, strict=True)) for name in names)


def with_right(cells: Sequence[str], right: Mapping[int, str]) -> list[str]:
    width = max([len(cells), *(place + 1 for place in right)])
    return [right.get(place, cells[place] if place < len(cells) else "") for place in range(width)]


def _marks(told: Mapping[str, str], read: Read) -> list[str]:
    """What makes two rows of one file the same person. The names as they sound, so that the script is no matter."""
    (family, given, patronymic), _swapped = read.names[0] if read.names else ((None, None, None), False)
    sounds = [
        family.bones[0] if family else "",
        given.given_key if given else "",
        patronymic.father if patronymic else "",
    ]
    number = told.get("service_number", "")
    numbers = [read.number] if number.isascii() else [read.number, number_as_read(number)]
    marks = [f"n|{one}|{sounds[0]}" for one in numbers if one]
    if read.born[2] and given:
        marks.append(f"d|{'|'.join(sounds)}|{read.born}")
    return marks or [f"a|{sorted(told.items())}"]


def _verdicts_by_fate(compartment: Compartment, pks: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """By what is said of these dossiers and of those that are read as a part of them."""
    claims = Claim.objects.unscoped("the half that is written to").filter(compartment=compartment)
    found: dict[uuid.UUID, str] = {}
    for pk, of_person in claims.of(*pks).by_holder().items():
        kind = fate_of(of_person).kind
        if kind in HOME or kind in DEAD:
            found[pk] = V.HOME if kind in HOME else V.DEAD
    left = Person.objects.unscoped("the same").filter(compartment=compartment).joined(*(pks - found.keys()))
    holders = dict(left.order_by().values_list("pk", Coalesce("merged_into", "pk")))
    for ask in exchanged_already:
        found |= dict.fromkeys((holders[pk] for pk in ask(compartment, set(holders))), V.EXCHANGED.value)
    return found
