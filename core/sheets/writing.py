"""Tables that leave: CSV that Excel opens in every script, XLSX whose cells are text and never formulas."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOM = "\ufeff"
# What a spreadsheet program may take for a formula, in the full width of East Asian keyboards too.
UNSAFE_FIRST = frozenset("=+-@\t\r\n\x00＝＋－＠")
BLOCK = 64 * 1024
ROWS_A_BLOCK = 200


def safe(text: str) -> str:
    """With `'` before what would be read as a formula; reading takes it away again."""
    text = text.replace("\x00", "\u2400")
    return f"'{text}" if text[:1] in UNSAFE_FIRST else text


def csv_blocks(rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> Iterator[bytes]:
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe(cell) for cell in row])
        if number % ROWS_A_BLOCK == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def xlsx_blocks(rows: Iterable[Sequence[str]], *, right_to_left: bool = False, password: str = "") -> Iterator[bytes]:
    """Written to a file that has no name any more while it is read out."""
    with tempfile.TemporaryFile() as file:
        _write_workbook(rows, file, right_to_left=right_to_left)
        if not password:
            yield from _blocks(file)
            return
        with tempfile.TemporaryFile() as locked:
            _lock(file, locked, password)
            yield from _blocks(locked)


def _write_workbook(rows: Iterable[Sequence[str]], file: Any, *, right_to_left: bool) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    sheet.sheet_view.rightToLeft = right_to_left
    sheet.freeze_panes = "A2"
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=safe(without_controls(text)))
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    book.save(file)


def without_controls(text: str) -> str:
    """XML cannot hold them."""
    return text if text.isprintable() else "".join(c for c in text if c >= " " or c in "\t\n")


def _lock(file: Any, locked: Any, password: str) -> None:
    from msoffcrypto.format.ooxml import OOXMLFile

    file.seek(0)
    OOXMLFile(file).encrypt(password, locked)


def _blocks(file: Any) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK):
        yield block
