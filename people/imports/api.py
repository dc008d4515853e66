"""Imports: a list sent in as base64, its columns, its rows with their verdicts, and the steps that follow."""

import binascii
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from access.doors import Body, DetailDoor, Door, Filters, ListDoor, named_or_none
from access.models import User
from access.roles import May
from accounts.doors import CollectionDoor, FromVersion, StepDoor
from core.errors import InputRefused
from core.input import Count, Strict, Text, several
from core.paging import by, newest_first
from core.shapes import Slug, address
from core.sheets.limits import MOST_CELL
from people.imports.cells import fault_sentence
from people.imports.columns import Column
from people.imports.presentation import fault_of, note_rows_read, verdict_counts
from people.imports.registry import weights_kept
from people.matching import explained
from people.models import Decision, Import, ImportRow, ImportStatus, Outcome, Person, RowCorrection, RowVerdict
from people.operations import imports as operations
from people.operations.corrections import correct_row

MOST_DECISIONS = 1_000
MOST_TEXT = 5_000_000  # characters of base64: a body is no larger


@dataclass(frozen=True, slots=True)
class ImportApiRow:
    id: UUID
    url: str
    version: int
    compartment: UUID
    sender: str
    status: Annotated[str, ImportStatus]
    sha256: str
    rows: int
    done_rows: int
    work_rows: int
    fault: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ImportDetail(ImportApiRow):
    """`columns`: what each column holds, by its number from 0; `verdicts`: how many rows are what."""

    heading_row: int
    headings: list[str]
    columns: dict[str, str]
    verdicts: dict[str, int]


def import_row(of: Import) -> ImportApiRow:
    return ImportApiRow(
        id=of.pk, url=address("imports", of.pk), version=of.version, compartment=of.compartment_id, sender=of.sender,
        status=of.status, sha256=of.sha256, rows=of.rows, done_rows=of.done_rows, work_rows=of.work_rows,
        fault=str(fault_of(of)), created_at=of.created_at,
    )  # fmt: skip


class ImportBody(Strict):
    compartment = serializers.UUIDField(required=False, help_text="Whose half, where you import for several owners.")
    sender = Text(120, required=True)
    content = Text(MOST_TEXT, required=True, help_text="The file, CSV or XLSX, in base64. Larger ones go by the page.")


class CheckBody(FromVersion):
    columns = serializers.DictField(
        child=Slug(Column), required=False, help_text="By the number of the column; left out: as guessed."
    )
    month_first = serializers.BooleanField(required=False)
    given_name_first = serializers.BooleanField(required=False)


class CommitBody(FromVersion):
    verdicts = serializers.ListField(child=Slug(RowVerdict), required=False, help_text="Left out: new and update.")


class DecisionBody(Strict):
    row = Count(help_text="Its number.")
    decision = Slug(Decision, allow_blank=True, help_text="Empty: as judged.")
    person = serializers.UUIDField(required=False, allow_null=True, help_text="Whose dossier, for `update`.")


class DecideBody(FromVersion):
    decisions = several(DecisionBody, MOST_DECISIONS)


class CorrectBody(FromVersion):
    row = Count(help_text="Its number.")
    cells = serializers.DictField(child=Text(MOST_CELL), help_text="What is right, by the number of the column.")


class ImportFilters(Filters):
    status = Slug(ImportStatus, required=False)


class ImportDoor(Door):
    access = May.IMPORT_PEOPLE
    plural = "imports"

    def visible(self) -> "QuerySet[Import]":
        rows: QuerySet[Import] = Import.objects.visible_to(self.viewer)
        return rows

    def detail_of(self, of: Import) -> ImportDetail:
        row = import_row(of)
        every, _left = verdict_counts(of, self.viewer, "")
        counts = {one.verdict: one.count for one in every}
        return ImportDetail(
            **{name: getattr(row, name) for name in ImportApiRow.__slots__}, heading_row=of.heading_row,
            headings=of.headings, columns=of.columns, verdicts=counts,
        )  # fmt: skip


class Imports(ImportDoor, CollectionDoor):
    """Lists that were sent in, the newest first. POST sends one in; it is read in the background."""

    order = newest_first("created_at", "id")
    filters = ImportFilters
    shape = ImportApiRow
    detail = ImportDetail
    body = ImportBody

    def present(self, rows: Sequence[Import]) -> Sequence[ImportApiRow]:
        return [import_row(of) for of in rows]

    def create(self, given: dict[str, Any]) -> ImportDetail:
        half = named_or_none(operations.halves_imported_to(self.viewer), given.pop("compartment", None), "compartment")
        content = decoded(given["content"])
        of = operations.begin_import([content], sender=given["sender"], compartment=half, actor=self.viewer)
        return self.detail_of(of)


def decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        sentence = _("This is not base64.")
        raise InputRefused(sentence, errors={"content": [sentence]}) from error


class ImportOne(ImportDoor, DetailDoor):
    """One import: where it stands, what its columns hold, how many rows are what."""

    shape = ImportDetail

    def present_one(self, row: Import) -> ImportDetail:
        return self.detail_of(row)


class ImportStep(ImportDoor, StepDoor):
    """Check the rows by the columns, decide on some, set right one that is faulty, take in what is ticked, undo it as a whole,
    lay it aside, read its file again."""

    shape = ImportDetail
    bodies: ClassVar[Mapping[str, Body]] = {
        "check": CheckBody, "commit": CommitBody, "undo": FromVersion, "discard": FromVersion,
        "read": FromVersion, "decide_rows": DecideBody, "correct_row": CorrectBody,
    }  # fmt: skip

    def act(self, row: Import, given: dict[str, Any], version: int | None) -> ImportDetail:
        acting: Any = {"actor": self.viewer, "version": version}
        match self.step:
            case "check":
                operations.map_columns(
                    row, columns=columns_said(row, given), month_first=given.get("month_first", False),
                    given_name_first=given.get("given_name_first", False), **acting,
                )  # fmt: skip
            case "commit":
                verdicts = given.get("verdicts", list(operations.TAKEN_UNLESS_TOLD))
                operations.commit_import(row, verdicts=verdicts, **acting)
            case "undo":
                operations.undo_import(row, **acting)
            case "read":
                operations.read_again(row, **acting)
            case "decide_rows":
                decide(row, given["decisions"], acting)
            case "correct_row":
                correct(row, given["row"], given["cells"], acting)
            case _:
                operations.discard_import(row, **acting)
        return self.detail_of(self.visible().get(pk=row.pk))


def decide(of: Import, said: Sequence[Mapping[str, Any]], acting: Mapping[str, Any]) -> None:
    places: dict[int, int] = {}
    for place, one in enumerate(said):
        if places.setdefault(one["row"], place) != place:
            raise _odd(f"decisions.{place}.row", _("Say this once."))
    names = {f"row_{number}": f"decisions.{place}" for number, place in places.items()}
    with at_fields(lambda field: names.get(field, field)):
        decisions = {one["row"]: (one["decision"], one.get("person")) for one in said}
        operations.decide_rows(of, decisions=decisions, **acting)


def correct(of: Import, number: int, said: Mapping[str, str], acting: Mapping[str, Any]) -> None:
    if not ImportRow.objects.visible_to(acting["actor"]).filter(of_import=of, number=number).exists():
        raise _odd("row", _("No row is like that."))
    with at_fields(lambda field: field.replace("cell_", "cells.", 1)):
        correct_row(of, number=number, cells=by_place(of, said, "cells"), **acting)


@contextmanager
def at_fields(named_here: Callable[[str], str]) -> Iterator[None]:
    """A fault stands at what the body calls it; the operation calls it as the page's form does."""
    try:
        yield
    except InputRefused as refused:
        refused.errors = {named_here(field): told for field, told in refused.errors.items()}
        raise


def columns_said(of: Import, given: Mapping[str, Any]) -> dict[int, str]:
    return by_place(of, given.get("columns", of.columns), "columns")


def by_place(of: Import, said: Mapping[str, str], field: str) -> dict[int, str]:
    places = {str(place): place for place in range(len(of.headings))}
    for name in said:
        if name not in places:
            raise _odd(f"{field}.{name}", _("There is no such column."))
    return {places[name]: value for name, value in said.items()}


def _odd(field: str, sentence: str) -> InputRefused:
    return InputRefused(sentence, errors={field: [sentence]})


# Rows


@dataclass(frozen=True, slots=True)
class ImportFault:
    column: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ImportCandidate:
    """A dossier that a row may mean, in bits, with what speaks for it and against it."""

    person: UUID
    label: str
    score: int
    why: list[str]


@dataclass(frozen=True, slots=True)
class ImportRowShape:
    """`cells`: as they came; `corrected`: what is right instead, by the number of the column. `differences`: of a dossier's
    fields, what stands there and what would. `version`: of the import, for its steps."""

    id: UUID
    url: str
    version: int
    compartment: UUID
    of_import: UUID
    number: int
    cells: list[str]
    corrected: dict[str, str]
    told: dict[str, str]
    faults: list[ImportFault]
    verdict: Annotated[str, RowVerdict]
    differences: dict[str, list[str]]
    candidates: list[ImportCandidate]
    repeats: int | None
    person: UUID | None
    decision: Annotated[str, Decision]
    outcome: Annotated[str, Outcome]


class RowFilters(Filters):
    of_import = serializers.UUIDField(required=False)
    verdict = Slug(RowVerdict, required=False)
    outcome = Slug(Outcome, required=False)


class RowDoor(Door):
    access = May.IMPORT_PEOPLE
    plural = "import-rows"
    shape = ImportRowShape

    def visible(self) -> "QuerySet[ImportRow]":
        rows: QuerySet[ImportRow] = ImportRow.objects.visible_to(self.viewer)
        return rows.select_related("of_import")

    def shaped(self, rows: Sequence[ImportRow]) -> list[ImportRowShape]:
        """Two queries, whatever the number of rows."""
        for of, count in Counter(row.of_import for row in rows).items():
            note_rows_read(of, count, self.viewer)
        whom = {pk for row in rows for pk in (*_ids_of_candidates(row), row.chosen_id or row.person_id) if pk}
        labels = dict(Person.objects.visible_to(self.viewer).filter(pk__in=whom).values_list("pk", "label"))
        right = _corrected(rows, self.viewer)
        return [_row_shape(row, labels, right.get((row.of_import_id, row.number), {})) for row in rows]


class ImportRows(RowDoor, ListDoor):
    """The rows of a list, in their order."""

    order = by("of_import_id", "number")
    filters = RowFilters

    def present(self, rows: Sequence[ImportRow]) -> Sequence[ImportRowShape]:
        return self.shaped(rows)


class ImportRowOne(RowDoor, DetailDoor):
    """One row: what came, what it is, whom it may mean, what was decided."""

    def present_one(self, row: ImportRow) -> ImportRowShape:
        return self.shaped([row])[0]


def _row_shape(row: ImportRow, labels: Mapping[UUID, str], right: dict[str, str]) -> ImportRowShape:
    weighed = zip(_ids_of_candidates(row), row.candidates, strict=True)
    means = row.chosen_id or row.person_id
    return ImportRowShape(
        id=row.pk, url=address("import-rows", row.pk), version=row.of_import.version, compartment=row.compartment_id,
        of_import=row.of_import_id, number=row.number, cells=row.cells, corrected=right, told=row.told,
        faults=[ImportFault(place, code, fault_sentence(code, what)) for place, code, what in row.faults],
        verdict=row.verdict, differences=row.differences,
        candidates=[
            ImportCandidate(pk, labels[pk], round(score), explained(weights_kept(fields)))
            for pk, (_pk, score, fields) in weighed
            if pk in labels
        ],
        repeats=row.repeats, person=means if means in labels else None, decision=row.decision, outcome=row.outcome,
    )  # fmt: skip


def _ids_of_candidates(row: ImportRow) -> list[UUID]:
    return [UUID(candidate[0]) for candidate in row.candidates]


def _corrected(rows: Sequence[ImportRow], viewer: User) -> dict[tuple[UUID, int], dict[str, str]]:
    found: dict[tuple[UUID, int], dict[str, str]] = {}
    made = RowCorrection.objects.visible_to(viewer).filter(
        of_import__in={row.of_import_id for row in rows}, number__in={row.number for row in rows}
    )
    for of, number, place, value in made.values_list("of_import_id", "number", "place", "value"):
        found.setdefault((of, number), {})[str(place)] = value
    return found


__all__ = ["ImportOne", "ImportRowOne", "ImportRows", "ImportStep", "Imports"]
