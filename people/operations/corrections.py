"""A row that cannot be taken, set right at its cells: what came stays as it came, the right value stands beside it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.utils.translation import gettext as _

from access.acting import refuse_stale
from access.models import User
from audit.recording import record
from core import clock
from core.errors import InputRefused, TransitionRefused
from core.sheets.limits import MOST_CELL
from people.imports.cells import fault_sentence
from people.imports.columns import Column
from people.imports.judging import CellReader, Judge, Judged, judged
from people.matching.record import number_of
from people.models import Decision, Import, ImportRow, ImportStatus, Outcome, RowCorrection, RowVerdict
from people.operations.imports import importer, keep_judged
from people.operations.intake import earlier_rows, reader_of

JUDGED = ("told", "faults", "key", "verdict", "differences", "candidates", "repeats", "person_id")
SETTLED_IN = (ImportStatus.PREVIEW, ImportStatus.COMMITTED)


@transaction.atomic
def correct_row(
    of: Import, *, actor: User, number: int, cells: Mapping[int, str], version: int | None = None
) -> ImportRow:
    """By the place of each cell, what is right there. The row is checked again; raises InputRefused while a fault is left."""
    of = Import.objects.visible_to(actor).locked().get(pk=of.pk)
    seat = importer(actor, of.compartment)
    refuse_stale(of.version, version)
    row: ImportRow = ImportRow.objects.visible_to(actor).locked().get(of_import=of, number=number)
    made = {one.place: one for one in corrections_of(of, number)}
    if not can_be_corrected(of, row, bool(made)):
        raise TransitionRefused(_("Only a row that cannot be taken, and is not taken in, is corrected."))
    changed = {place: value for place, value in cells.items() if value != _now(row, made, place)}
    _refuse_odd_cells(of, changed)
    found = _checked(of, row, {place: one.value for place, one in made.items()} | changed)
    _refuse_faults(found)
    for place, value in changed.items():
        told = {"value": value, "corrected_by": actor, "corrected_at": clock.now()}
        RowCorrection.objects.update_or_create(
            {**told, "compartment_id": of.compartment_id}, of_import=of, number=number, place=place
        )
    for name in JUDGED:
        setattr(row, name, getattr(found, name))
    row.decision, row.chosen_id, row.outcome = Decision.AS_JUDGED, None, Outcome.NONE
    row.save(update_fields=[*JUDGED, "decision", "chosen_id", "outcome"])
    event = record(
        "import.row_corrected", subject=of, actor=actor, seat=seat, personal=True,
        data={"sender": of.sender, "row": number, "columns": sorted(of.columns[str(place)] for place in changed)},
    )  # fmt: skip
    keep_judged(of, event)
    of.version += 1
    of.save(update_fields=["judged_at_position", "version"])
    return row


def corrections_of(of: Import, number: int) -> "QuerySet[RowCorrection]":
    rows: QuerySet[RowCorrection] = RowCorrection.objects.unscoped("of one import that was found in scope").filter(
        of_import=of, number=number
    )
    return rows.select_related("corrected_by").order_by("place")


def can_be_corrected(of: Import, row: ImportRow, is_corrected: bool) -> bool:
    is_open = of.status in SETTLED_IN and row.outcome in (Outcome.NONE, Outcome.REFUSED)
    return is_open and (row.verdict == RowVerdict.INVALID or is_corrected)


def cell_name(place: int) -> str:
    """What a form and an answer call the cell."""
    return f"cell_{place}"


def _now(row: ImportRow, made: Mapping[int, RowCorrection], place: int) -> str:
    if place in made:
        return made[place].value
    return str(row.cells[place]) if place < len(row.cells) else ""


def _refuse_odd_cells(of: Import, cells: Mapping[int, str]) -> None:
    errors = {}
    for place, value in cells.items():
        if str(place) not in of.columns:
            errors[cell_name(place)] = [_("This column is not read.")]
        elif len(value) > MOST_CELL:
            errors[cell_name(place)] = [fault_sentence("too_long", str(MOST_CELL))]
    if errors:
        raise InputRefused(next(iter(errors.values()))[0], errors=errors)


def _refuse_faults(judged: Judged) -> None:
    errors: dict[str, list[str]] = {}
    for place, code, what in judged.faults:
        errors.setdefault(cell_name(place), []).append(fault_sentence(code, what))
    if errors:
        raise InputRefused(next(iter(errors.values()))[0], errors=errors)


def _checked(of: Import, row: ImportRow, corrected: Mapping[int, str]) -> Judged:
    """As the check of the whole file would, with the rows of it that may be the same person."""
    judge = Judge(of.compartment, earlier_rows(of), source=of.sender)
    (read,) = judged(CellReader(*reader_of(of, {row.number: corrected}))([(row.number, row.cells)]))
    judge.remember(_perhaps_the_same(of, row.number, read))
    (found,) = judge.judge([read])
    return found


def _perhaps_the_same(of: Import, number: int, read: Judged) -> list[tuple[int, Any]]:
    """Rows of this file with the same number, birth date or words: `Judge` compares them more closely."""
    others = ImportRow.objects.unscoped("of one locked import").filter(of_import=of).exclude(number=number)
    others = others.exclude(verdict=RowVerdict.INVALID).order_by("number")
    alike = Q(key=read.key)
    if born := read.told.get(Column.BIRTH_DATE.value):
        alike |= Q(told__birth_date=born)
    if own := number_of(read.told.get(Column.SERVICE_NUMBER.value, "")):
        numbers = others.annotate(said=KT("told__service_number")).values_list("number", "said")
        alike |= Q(number__in=[place for place, said in numbers if said and number_of(said) == own])
    return list(others.filter(alike).values_list("number", "told"))
