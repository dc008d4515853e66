"""The rows of an import as dossiers, many at once: written by COPY where the database has it, and taken back again."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Cast, Coalesce

from access.models import User
from core.beside import Beside
from core.pouring import Ready, pour_ready, ready, take_out
from people.imports.judging import (
    Spelling,
    Stated,
    categories_told,
    claims_told,
    differences,
    spellings,
    stated_about,
    states,
)
from people.imports.registry import match_keys, spelt_names
from people.matching.record import Lexicon
from people.models import (
    CategoryAssignment,
    Claim,
    Decision,
    Import,
    ImportRow,
    Lookup,
    MatchKey,
    Name,
    Outcome,
    Person,
    RowVerdict,
    SamePersonJudgement,
    SearchKey,
)
from people.models.person import LABEL_LENGTH
from people.operations import IDENTITY, save_stated, script_of
from people.operations.deadlines import reread_notices
from people.search.index import index_again
from people.search.words import Reader, Spelt

PERSON_COLUMNS = ("id", "label", *IDENTITY)
NAME_COLUMNS = ("id", "person_id", "script", "kind", "family", "given", "patronymic", "is_preferred")
FINAL: tuple[tuple[type[models.Model], tuple[str, ...]], ...] = (
    (Person, PERSON_COLUMNS), (Name, NAME_COLUMNS), (SearchKey, ("person_id", "key", "place")),
    (MatchKey, ("person_id", "key")),
)  # fmt: skip
TAKEN_COLUMNS = (
    "pk", "number", "told_text", "verdict", "candidates_text", "repeats", "person_id", "decision", "decided_by_id",
    "chosen_id",
)  # fmt: skip


@dataclass(slots=True)
class Taken:
    """A row that is being taken in: what of it is needed for that, without the weight of a model."""

    pk: uuid.UUID
    number: int
    told: dict[str, str]
    verdict: str
    candidates: list[Any]
    repeats: int | None
    judged_id: uuid.UUID | None  # whom it means as it was judged, or who was to be made of it
    decision: str
    decided_by_id: uuid.UUID | None
    chosen_id: uuid.UUID | None
    person_id: uuid.UUID | None = None
    outcome: str = ""
    undo: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.person_id = self.chosen_id or self.judged_id

    @property
    def creates(self) -> bool:
        if self.decision:
            return self.decision == Decision.CREATE
        return self.verdict in (RowVerdict.NEW, RowVerdict.ERASED)

    @property
    def refused(self) -> set[uuid.UUID]:
        """The dossiers that stood beside a row when a person chose a new one for it."""
        return {*(uuid.UUID(candidate[0]) for candidate in self.candidates), *filter(None, [self.judged_id])}


def taken(rows: "QuerySet[ImportRow]") -> list[Taken]:
    texts = {f"{name}_text": Cast(name, models.TextField()) for name in ("told", "candidates")}
    found = rows.annotate(**texts).values_list(*TAKEN_COLUMNS)
    return [
        Taken(pk, number, orjson.loads(told), verdict, orjson.loads(candidates), *others)
        for pk, number, told, verdict, candidates, *others in found
    ]


class Fresh(NamedTuple):
    """A row of which a dossier is made. One that was read anew is equal to it unless it has changed since."""

    number: int
    person_id: uuid.UUID | None
    told: Mapping[str, str]


def fresh_of(rows: Iterable[Taken]) -> list[Fresh]:
    return [Fresh(row.number, row.person_id, row.told) for row in rows]


class Maker:
    """The rows of new dossiers, and what they are found by, as the tables of FINAL take them. Made and called with values of
    JSON, since `core.beside` calls it. In a list the same names come again and again: each is read once a turn.
    """

    def __init__(self) -> None:
        self.reader, self.lexicon = Reader(), Lexicon()

    def __call__(self, rows: Iterable[tuple[str, Mapping[str, str]]]) -> list[Ready]:
        persons, names, searched, matched = [], [], [], []
        for pk, told in rows:
            spelt = spellings(told)
            texts = [" ".join(filter(None, one.parts)) for one in spelt]
            persons.append((pk, texts[0][:LABEL_LENGTH], *[told.get(name, "") for name in IDENTITY]))
            for place, (one, text) in enumerate(zip(spelt, texts, strict=True)):
                names.append((str(uuid.uuid4()), pk, script_of(text), one.kind, *one.parts, not place))
            searched += [(pk, key, place) for key, place in self._search_keys(told, spelt).items()]
            matched += [(pk, key) for key in match_keys(told, [one.parts for one in spelt], self.lexicon)]
        return [ready(persons), ready(names), ready(searched), ready(matched)]

    def _search_keys(self, told: Mapping[str, str], spelt: Iterable[Spelling]) -> dict[str, int]:
        names = [Spelt(*one.parts, is_call_sign=one.kind == Name.Kind.CALL_SIGN) for one in spelt]
        return self.reader.keys_of(names, told.get("birth_date", ""), told.get("service_number", ""))


class Dossiers:
    """What a Maker makes of rows, begun while the database takes those before them."""

    def __init__(self, maker: Beside) -> None:
        self._beside = maker
        self._coming: list[tuple[list[Fresh], Future[list[Ready]]]] = []

    def expect(self, rows: list[Fresh]) -> None:
        """Begin with these, unless that was begun."""
        if rows and all(rows != begun for begun, _future in self._coming):
            self._coming.append((rows, self._beside.begin([(str(row.person_id), row.told) for row in rows])))

    def write(self, rows: list[Fresh], always: Sequence[Mapping[str, Any]]) -> None:
        """Those expected first; what was expected instead of them is forgotten. `always`: of each table, what is the same in
        every row."""
        self.expect(rows)
        while rows and self._coming:
            begun, future = self._coming.pop(0)
            made = future.result()
            if begun == rows:
                for (model, columns), of_table, same in zip(FINAL, made, always, strict=True):
                    pour_ready(model, columns, of_table, same)
                return


class Writer:
    """Writes the rows of one chunk for one actor at one instant."""

    def __init__(self, of: Import, actor: User, now: datetime, dossiers: Dossiers) -> None:
        self.of, self.actor, self.now, self.dossiers = of, actor, now, dossiers
        self.source = of.sender

    def lock(self, pks: Sequence[uuid.UUID]) -> dict[uuid.UUID, Person]:
        """Those dossiers, with the ones under which they are read."""
        persons = Person.objects.unscoped("of the import's own half").filter(compartment=self.of.compartment)
        some = persons.filter(Q(pk__in=pks) | Q(pk__in=persons.filter(pk__in=pks).order_by().values("merged_into")))
        return {person.pk: person for person in some.real().locked().order_by("pk")}

    def create(self, rows: Sequence[Taken]) -> None:
        half, pk = {"compartment_id": self.of.compartment_id}, self.of.compartment_id
        always = (
            _rest(Person, PERSON_COLUMNS, compartment_id=pk, created_by_id=self.actor.pk, created_at=self.now),
            _rest(Name, NAME_COLUMNS, compartment_id=pk, source=self.source), half, half,
        )  # fmt: skip
        self.dossiers.write(fresh_of(rows), always)
        for row in rows:
            row.outcome = Outcome.CREATED
        self._state(
            (Person(pk=row.person_id, compartment_id=pk), claims_told(row.told), categories_told(row.told))
            for row in rows
            if states(row.told)
        )

    def update(self, rows: Sequence[Taken], persons: dict[uuid.UUID, Person]) -> None:
        """`persons` are under lock. What the dossier says by now decides what there is to change."""
        names = spelt_names(self.of.compartment, persons)
        stated = self._stated(rows, persons)
        said = []
        changed: set[str] = set()
        new_names: list[Name] = []
        touched: dict[uuid.UUID, Person] = {}
        for row in rows:
            person = read_as(persons, row.person_id)
            if person is None:
                row.outcome = Outcome.REFUSED
                continue
            row.person_id = person.pk
            held = stated[person.pk]
            found = differences(person, names[person.pk], row.told, held)
            if not found:
                row.outcome = Outcome.UNCHANGED
                continue
            before = {name: before for name, (before, _after) in found.items() if name in IDENTITY}
            for name, (_before, after) in found.items():
                if name in IDENTITY:
                    setattr(person, name, after)
                    changed.add(name)
            added = [self._name(person, spelling) for spelling in spellings(row.told) if spelling.told_as in found]
            names[person.pk] |= {(name.family, name.given, name.patronymic) for name in added}
            new_names += added
            claims = [one for one in claims_told(row.told) if one[0] in found]
            categories = found["category"][1].split(",") if "category" in found else []
            held.claims |= {(kind, on) for _column, kind, on in claims}
            held.categories |= set(categories)
            said.append((person, claims, categories))
            person.version += 1
            touched[person.pk] = person
            row.undo = {"before": before, "names": [str(name.pk) for name in added], "version": person.version}
            row.outcome = Outcome.UPDATED
        Name.objects.bulk_create(new_names, batch_size=500)
        if touched:
            Person.objects.unscoped("locked above").bulk_update(
                touched.values(), [*sorted(changed), "version"], batch_size=200
            )
            index_again(*touched.values())
        self._state(said)
        if asked := {person.merged_into_id or person.pk for person, claims, categories in said if claims or categories}:
            reread_notices(*(persons[pk] for pk in sorted(asked) if pk in persons))

    def _stated(self, rows: Sequence[Taken], persons: Iterable[uuid.UUID]) -> dict[uuid.UUID, Stated]:
        found: dict[uuid.UUID, Stated] = defaultdict(Stated)
        if any(states(row.told) for row in rows):
            found |= stated_about(self.of.compartment, persons, self.source)
        return found

    def _state(self, said: Iterable[tuple[Person, Sequence[tuple[str, str, str]], Sequence[str]]]) -> None:
        """As single entry would: who sent the list is the source, and the day it came is what a category is as of."""
        as_of = self.of.created_at.date().isoformat()
        save_stated(
            (
                (
                    person,
                    [{"kind": kind, "happened_on": on, "source": self.source} for _column, kind, on in claims],
                    [{"category": one, "evidence": self.source, "as_of": as_of} for one in categories],
                )
                for person, claims, categories in said
            ),
            now=self.now,
            of_import=self.of.pk,
        )

    def _name(self, person: Person, spelling: Any) -> Name:
        family, given, patronymic = spelling.parts
        return Name(
            person=person, compartment_id=person.compartment_id, script=script_of(" ".join(filter(None, spelling.parts))),
            kind=spelling.kind, family=family, given=given, patronymic=patronymic, source=self.source[:160],
        )  # fmt: skip

    def write_outcomes(self, rows: Sequence[Taken]) -> None:
        """Those that went as judged all at once; the others, with what they say, one by one."""
        every = ImportRow.objects.unscoped("of one locked import").filter(of_import=self.of)
        alike: dict[str, list[int]] = {}
        others = []
        for row in rows:
            if row.outcome in (Outcome.CREATED, Outcome.UNCHANGED) and row.person_id == row.judged_id:
                alike.setdefault(row.outcome, []).append(row.number)
            else:
                others.append(row)
        for outcome, numbers in alike.items():
            between = every.filter(number__gte=numbers[0], number__lte=numbers[-1])
            is_whole = len(numbers) == len(rows)
            (
                between
                if is_whole and numbers[-1] - numbers[0] + 1 == len(numbers)
                else every.filter(number__in=numbers)
            ).update(outcome=outcome)
        columns = ["outcome", "undo", "person_id", "verdict", "candidates"]
        changed = [ImportRow(pk=row.pk, **{name: getattr(row, name) for name in columns}) for row in others]
        ImportRow.objects.unscoped("the same").bulk_update(changed, columns, batch_size=200)


def read_as(persons: Mapping[uuid.UUID, Person], pk: uuid.UUID | None) -> Person | None:
    """Of those under lock. Whoever was merged since the row was judged is read as another."""
    person = persons.get(pk) if pk else None
    return persons.get(person.merged_into_id) if person and person.merged_into_id else person


def _rest(model: type[models.Model], told: Iterable[str], **given: Any) -> dict[str, Any]:
    """Every other column as a new row has it."""
    rest: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.attname not in told:
            rest[field.attname] = given.pop(field.attname) if field.attname in given else field.get_default()
    assert not given
    return rest


def take_back(of: Import, rows: Sequence[ImportRow]) -> None:
    """What these rows wrote; `operations` has refused where others built on it."""
    written = [row.person_id for row in rows if row.person_id]
    unsaid: set[uuid.UUID] = set()
    for model in (Claim, CategoryAssignment):  # the triggers let go what an import wrote while it is being undone
        stated = model.objects.unscoped("of one locked import").filter(of_import=of, person__in=written)
        unsaid |= set(stated.order_by().values_list("person_id", flat=True))
        stated.delete()
    created = [row.person_id for row in rows if row.outcome == Outcome.CREATED and row.person_id]
    apart = SamePersonJudgement.objects.unscoped("of one locked import").filter(of_import=of)
    apart.filter(Q(one__in=created) | Q(other__in=created)).delete()
    for of_person in (SearchKey, MatchKey, Lookup, Name):
        take_out(of_person, "person_id", created)
    take_out(Person, "id", created)
    _restore(of, [row for row in rows if row.outcome == Outcome.UPDATED])
    _reread_notices(of, unsaid - set(created))
    numbers = [row.number for row in rows]
    ImportRow.objects.unscoped("of one locked import").filter(of_import=of, number__in=numbers).update(
        outcome=Outcome.NONE, undo=None
    )


def _reread_notices(of: Import, pks: set[uuid.UUID]) -> None:
    persons = Person.objects.unscoped("of one locked import").filter(compartment=of.compartment)
    read_as = persons.filter(pk__in=pks).order_by().values(whom=Coalesce("merged_into", "pk"))
    if pks:
        reread_notices(*persons.filter(pk__in=read_as).locked().order_by("pk"))


def _restore(of: Import, rows: Sequence[ImportRow]) -> None:
    """What stood there before each of them, the latest first: several may have written into one dossier."""
    every = Person.objects.unscoped("the same").filter(compartment=of.compartment)
    persons = {one.pk: one for one in every.filter(pk__in={row.person_id for row in rows}).locked().order_by("pk")}
    Name.objects.unscoped("of one locked import").filter(
        pk__in=[pk for row in rows for pk in row.undo["names"]], compartment=of.compartment
    ).delete()
    changed: set[str] = set()
    for row in sorted(rows, key=lambda row: (row.undo.get("version", 0), row.number), reverse=True):
        if row.person_id in persons:
            person = persons[row.person_id]
            for name, value in row.undo["before"].items():
                setattr(person, name, value)
                changed.add(name)
            person.version -= 1
    if persons:
        Person.objects.unscoped("the same").bulk_update(persons.values(), [*sorted(changed), "version"], batch_size=200)
        index_again(*persons.values())
