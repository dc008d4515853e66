"""XLSX as rows of text, after a look into its parts. No Django here: it runs in the child."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from core.sheets.formulas import unread_cells
from core.sheets.limits import (
    MEGABYTE,
    MOST_CELL,
    MOST_PARTS,
    MOST_RATIO,
    MOST_UNPACKED,
    RATIO_COUNTS_FROM,
    Refused,
)

BLOCK = 256 * 1024
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MACROS = re.compile(r"(^|/)(vbaproject\.bin|vbadata\.xml|macrosheets/|dialogsheets/|intlmacrosheets/)", re.IGNORECASE)
LINKS = re.compile(r"(^|/)(externallinks/|connections\.xml|querytables/)", re.IGNORECASE)
OBJECTS = re.compile(r"(^|/)(embeddings/|activex/|ctrlprops/)", re.IGNORECASE)
# In UTF-8 and, since XML may come in it, in both orders of UTF-16.
DOCTYPES = [mark.encode(code) for mark in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be")]
OVERLAP = max(map(len, DOCTYPES))
MACRO_TYPE = re.compile(rb"macroEnabled|vbaProject", re.IGNORECASE)
EXTERNAL = re.compile(rb"<Relationship\b[^>]*\bTargetMode\s*=\s*[\"']External[\"'][^>]*>", re.IGNORECASE)


def is_zip(start: bytes) -> bool:
    return start.startswith(ZIP_SIGNATURES)


def check_parts(path: Path) -> None:
    """Raises Refused for a workbook that swells, points outside itself or holds programs. What a header says is not believed."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS:
                raise Refused("too_many_parts", count=len(parts), most=MOST_PARTS)
            _check_names([part.filename for part in parts])
            unpacked = 0
            for part in parts:
                unpacked = _check_part(packed, part, unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise Refused("cut") from error


def _check_names(names: list[str]) -> None:
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise Refused("odd_names", part=_shown(name))
        for pattern, fault in ((MACROS, "macros"), (LINKS, "external_links"), (OBJECTS, "embedded")):
            if pattern.search(name):
                raise Refused(fault, part=_shown(name))
    if "xl/workbook.xml" not in names and not any(name.endswith("workbook.xml") for name in names):
        raise Refused("other_office")


def _check_part(packed: zipfile.ZipFile, part: zipfile.ZipInfo, unpacked: int) -> int:
    """The sum of what is unpacked so far, this part included."""
    size, tail = 0, b""
    name = part.filename.lower()
    is_markup = name.endswith((".xml", ".rels", ".vml"))
    with packed.open(part) as stream:
        while block := stream.read(BLOCK):
            size += len(block)
            too_dense = size > RATIO_COUNTS_FROM and size > MOST_RATIO * max(part.compress_size, 1)
            if unpacked + size > MOST_UNPACKED or too_dense:
                raise Refused("swells", most=MOST_UNPACKED // MEGABYTE, ratio=MOST_RATIO)
            if is_markup:
                _check_markup(tail + block, name)
                tail = block[-OVERLAP:]
    return unpacked + size


def _check_markup(text: bytes, name: str) -> None:
    if any(mark in text for mark in DOCTYPES):
        raise Refused("doctype", part=_shown(name))
    if name.endswith("[content_types].xml") and MACRO_TYPE.search(text):
        raise Refused("macros", part=_shown(name))
    if name.endswith(".rels") and any(b"/hyperlink" not in found for found in EXTERNAL.findall(text)):
        raise Refused("external_links", part=_shown(name))


def _shown(name: str) -> str:
    return re.sub(r"[^\w./\[\]-]", "?", name)[:80]


def sheet_names(path: Path) -> list[str]:
    book = _opened(path)
    return [sheet.name for sheet in book.sheets_metadata if "work" in str(sheet.typ).lower()]


def rows_of(path: Path, sheet: str) -> Iterator[list[str]]:
    """Every row from the first of the sheet; a merged cell's value stands in each of its rows, and what a formula left without
    a value is seen as such.
    """
    book = _opened(path)
    try:
        found = book.get_sheet_by_name(sheet)
    except Exception as error:
        raise Refused("no_sheet") from error
    rows, unread = _rows(found), unread_cells(path, sheet)
    return _with_merged(unread.put_into(rows) if unread else rows, found)


def _opened(path: Path) -> Any:
    from python_calamine import CalamineWorkbook

    try:
        return CalamineWorkbook.from_path(str(path))
    except Exception as error:  # the library has an error of its own for each way of being broken
        raise Refused("cut") from error


def _rows(sheet: Any) -> Iterator[list[str]]:
    yield from ([text_of(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False))


def _with_merged(rows: Iterator[list[str]], sheet: Any) -> Iterator[list[str]]:
    starting: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        if bottom > top:
            starting.setdefault(top, []).append((left, bottom))
    running: dict[int, tuple[int, str]] = {}  # by column: until which row, and what
    for number, row in enumerate(rows):
        running |= {left: (bottom, row[left]) for left, bottom in starting.get(number, ()) if left < len(row)}
        for left, (bottom, value) in running.items():
            if number <= bottom and left < len(row) and not row[left]:
                row[left] = value
        yield row


def text_of(cell: Any) -> str:
    """As a person would read it: whole numbers without a point, a date as 1987-04-23."""
    match cell:
        case str():
            return cell if len(cell) <= MOST_CELL else cell[: MOST_CELL + 1]
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(sep=" ", timespec="minutes")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return "" if cell is None else str(cell)
