"""The file that came, once more, as it was set right, with a last column that says why a row was not taken. It can be mended
and sent in again.
"""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from access.models import User
from core.sheets.writing import CSV_TYPE, XLSX_TYPE, csv_blocks, xlsx_blocks
from people.imports.cells import fault_sentence
from people.imports.judging import with_right
from people.imports.presentation import note_rows_read
from people.models import Import, ImportRow, Outcome, RowVerdict
from people.operations.intake import corrected_cells

TAKEN = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)


def faults_file(of: Import, viewer: User) -> tuple[str, str, Iterator[bytes]]:
    """Its type, its name and its bytes. The name says nothing of the list."""
    note_rows_read(of, ImportRow.objects.visible_to(viewer).filter(of_import=of).count(), viewer)
    rows = _rows(of, viewer)
    if of.kind == "xlsx":
        return XLSX_TYPE, "rows.xlsx", xlsx_blocks(rows)
    return CSV_TYPE, "rows.csv", csv_blocks(rows, delimiter=of.delimiter or ",")


def _rows(of: Import, viewer: User) -> Iterator[list[str]]:
    width = len(of.headings)
    if of.heading_row:
        yield [*of.headings, _("Why")]
    right = corrected_cells(of)
    places: dict[int, int] = {}  # blank rows and titles are not in this file, so its rows are numbered anew
    rows = ImportRow.objects.visible_to(viewer).filter(of_import=of).order_by("number").iterator(chunk_size=1000)
    for place, row in enumerate(rows, start=2 if of.heading_row else 1):
        places[row.number] = place
        cells = [str(cell) for cell in with_right(row.cells, right.get(row.number, {}))]
        yield [*cells, *[""] * (width - len(cells)), why(of, row, places)]


def why(of: Import, row: ImportRow, places: Mapping[int, int]) -> str:
    """Empty for a row that was taken or that says nothing new. Other rows are called by their place in this file."""
    if row.outcome in TAKEN or row.verdict == RowVerdict.SAME:
        return ""
    if row.faults:
        return "; ".join(_at_cell(of, *fault) for fault in row.faults)
    if row.outcome == Outcome.REFUSED:
        return str(Outcome.REFUSED.label)
    if row.repeats:
        return _("the same person stands in row %(number)s") % {"number": places.get(row.repeats, row.repeats)}
    if row.verdict in (RowVerdict.NEW, RowVerdict.UPDATE) and not row.decision:
        return ""
    return str(row.get_decision_display() if row.decision else row.get_verdict_display())


def _at_cell(of: Import, place: int, code: str, what: str) -> str:
    heading = of.headings[place] if place < len(of.headings) else ""
    column = heading or _("Column %(number)s") % {"number": place + 1}
    return f"{column}: {fault_sentence(code, what)}"
