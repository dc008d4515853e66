"""Imports: a list sent in as base64, its columns, its verdicts by number, and the steps that follow."""

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from access.doors import Body, DetailDoor, Door, Filters, named_or_none
from access.roles import May
from accounts.doors import CollectionDoor, FromVersion, StepDoor
from core.errors import InputRefused
from core.input import Strict, Text
from core.paging import newest_first
from core.shapes import Slug, address
from people.imports.columns import Column
from people.imports.presentation import fault_of, verdict_counts
from people.models import Import, ImportStatus, RowVerdict
from people.operations import imports as operations

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
    """Check the rows by the columns, take in what is ticked, undo it as a whole, lay it aside, read its file again."""

    shape = ImportDetail
    bodies: ClassVar[Mapping[str, Body]] = {
        "check": CheckBody, "commit": CommitBody, "undo": FromVersion, "discard": FromVersion,
        "read": FromVersion,
    }  # fmt: skip

    def act(self, row: Import, given: dict[str, Any], version: int | None) -> ImportDetail:
        match self.step:
            case "check":
                of = operations.map_columns(
                    row, actor=self.viewer, columns=columns_said(row, given), month_first=given.get("month_first", False),
                    given_name_first=given.get("given_name_first", False),
                )  # fmt: skip
            case "commit":
                verdicts = given.get("verdicts", list(operations.TAKEN_UNLESS_TOLD))
                of = operations.commit_import(row, actor=self.viewer, verdicts=verdicts)
            case "undo":
                of = operations.undo_import(row, actor=self.viewer)
            case "read":
                of = operations.read_again(row, actor=self.viewer)
            case _:
                of = operations.discard_import(row, actor=self.viewer)
        return self.detail_of(of)


def columns_said(of: Import, given: Mapping[str, Any]) -> dict[int, str]:
    said = given.get("columns", of.columns)
    if odd := [place for place in said if not (place.isascii() and place.isdigit() and int(place) < len(of.headings))]:
        raise InputRefused(
            _("There is no such column."), errors={"columns": [_("There is no such column.") for _one in odd]}
        )
    return {int(place): column for place, column in said.items()}


__all__ = ["ImportOne", "ImportStep", "Imports"]
