"""Cells of a workbook whose formula left no value: its result was never saved, or it is an error. The library that reads the
values takes both for empty cells, and what was meant would be lost without a word. No Django here: it runs in the child.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.parsers import expat

from core.sheets.limits import MOST_COLUMNS, Refused

BLOCK = 256 * 1024
UNSAVED_SEEN_AS = "=?"  # what the cell is taken to hold: its formula says nothing outside its own sheet
ERROR = re.compile(
    # As the programs of these countries write them; Err:502 is LibreOffice's.
    r"#(?:N/A|Н/Д|YOK|GETTING_DATA|[^\W\d_][\w./]*[!?])|(?:Err|Ошибка|Помилка):\d{3}", re.IGNORECASE
)  # fmt: skip
MOST_ERROR = 40  # characters
FORMULA = re.compile(rb"<f[\s/>]")
PREFIXED_FORMULA = re.compile(rb":f[\s/>]")
OVERLAP = 4
_PLACE = re.compile(r"([A-Za-z]{1,7})(\d{1,9})")

Attributes = Mapping[str, str]


class Unread:
    """By row, the cells that a formula left without a value, and what each is taken to hold."""

    def __init__(self) -> None:
        self.cells: dict[int, dict[int, str]] = {}
        self.spilling: dict[int, list[tuple[int, int, int]]] = {}  # by first row: columns from and to, the last row
        self._running: dict[int, int] = {}  # by column: until which row

    def __bool__(self) -> bool:
        return bool(self.cells)

    def put_into(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        """The rows from the first, and those behind the last that hold nothing else."""
        number = -1
        for number, row in enumerate(rows):
            yield self._put(number, row)
        for behind in range(number + 1, max(self.cells, default=-1) + 1):
            yield self._put(behind, [])

    def _put(self, number: int, row: list[str]) -> list[str]:
        for left, right, bottom in self.spilling.get(number, ()):
            self._running |= dict.fromkeys(range(left, right + 1), bottom)
        of_row = dict(self.cells.get(number, {}))
        if any(row):  # how far down a formula reaches that was never worked out, nobody knows
            empty = (at for at, bottom in self._running.items() if number <= bottom and not "".join(row[at : at + 1]))
            of_row = dict.fromkeys(empty, UNSAVED_SEEN_AS) | of_row
        row += [""] * (max(of_row, default=-1) + 1 - len(row))
        for column, seen_as in of_row.items():
            row[column] = seen_as
        return row


def unread_cells(path: Path, sheet: str) -> Unread:
    """Of the parts of this workbook, which are checked already. Raises Refused for one that is no XML."""
    scan = _Scan()
    try:
        with zipfile.ZipFile(path) as packed:
            part = _part_of(packed, sheet)
            if part and _may_hold_any(packed, part):
                with packed.open(part) as stream:
                    scan.parser.ParseFile(stream)
    except (expat.ExpatError, ValueError, LookupError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused("cut") from error
    return scan.unread


def _may_hold_any(packed: zipfile.ZipFile, part: str) -> bool:
    """Nearly every list holds neither formulas nor errors, and looking at each of its cells would take long."""
    tail = b""
    with packed.open(part) as stream:
        while block := stream.read(BLOCK):
            text = tail + block
            if b'"e"' in text or b"'e'" in text or FORMULA.search(text) or PREFIXED_FORMULA.search(text):
                return True
            tail = block[-OVERLAP:]
    return False


def _part_of(packed: zipfile.ZipFile, sheet: str) -> str:
    """Which part holds the rows of this sheet; empty where nothing says so."""
    names = {name.lower(): name for name in packed.namelist()}
    ids = {told["name"]: _id_of(told) for told in _elements(packed, names.get("xl/workbook.xml"), "sheet")}
    told = _elements(packed, names.get("xl/_rels/workbook.xml.rels"), "Relationship")
    target = {one.get("Id", ""): one.get("Target", "") for one in told}.get(ids.get(sheet, ""), "").lstrip("/")
    return names.get((target if target.startswith("xl/") else f"xl/{target}").lower(), "")


def _id_of(told: Attributes) -> str:
    return next((value for name, value in told.items() if name.endswith(":id")), "")


def _elements(packed: zipfile.ZipFile, part: str | None, named: str) -> list[Attributes]:
    found: list[Attributes] = []

    def begin(name: str, attributes: Attributes) -> None:
        if _local(name) == named:
            found.append(attributes)

    if part:
        with packed.open(part) as stream:
            _parser(begin).ParseFile(stream)
    return found


def _parser(begin: Callable[[str, Attributes], None]) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    return parser


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Scan:
    """Goes through a sheet, and listens closely in cells with a formula or an error alone."""

    def __init__(self) -> None:
        self.unread = Unread()
        self.parser = _parser(self._begin)
        self.row = -1
        self.place, self.since = "", -1  # the last cell that says where it is, and how many came after it
        self.kind = self.text = self.reach = ""
        self.is_in_cell = self.has_formula = self.has_value = False

    def _begin(self, name: str, attributes: Attributes) -> None:
        match name if ":" not in name else _local(name):
            case "c":
                self._begin_cell(attributes)
            case "v" | "is":
                if self.parser.EndElementHandler:
                    self.has_value = True
                    self.parser.CharacterDataHandler = self._hear
            case "row":
                self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
                self.place, self.since, self.is_in_cell = "", -1, False
            case "f" if self.is_in_cell:
                self.has_formula = True
                self.reach = attributes.get("ref", "") if attributes.get("t") in ("array", "dataTable") else ""
                self.parser.EndElementHandler = self._end
            case _ if not self.parser.EndElementHandler:
                self.is_in_cell = False  # beneath the rows stand formulas of other things

    def _begin_cell(self, attributes: Attributes) -> None:
        self.kind = attributes.get("t", "")
        self.is_in_cell, self.has_formula, self.has_value, self.text, self.reach = True, False, False, "", ""
        if "r" in attributes:
            self.place, self.since = attributes["r"], 0
        else:
            self.since += 1
        if self.kind == "e":
            self.parser.EndElementHandler = self._end

    def _hear(self, text: str) -> None:
        if len(self.text) <= MOST_ERROR:
            self.text += text

    def _end(self, name: str) -> None:
        self.parser.CharacterDataHandler = None
        if _local(name) == "c":
            self.parser.EndElementHandler = None
            self._end_cell()

    def _end_cell(self) -> None:
        text = self.text.strip()
        if self.kind == "e" and text:
            self._note(text[:MOST_ERROR])
        elif self.has_formula and not text and not (self.kind == "str" and self.has_value):  # "" is a result
            row, column = self._note(UNSAVED_SEEN_AS)
            if self.reach:
                bottom, right = _place(self.reach.rpartition(":")[2])
                self.unread.spilling.setdefault(row, []).append((column, right, bottom))

    def _note(self, seen_as: str) -> tuple[int, int]:
        row, column = _place(self.place) if self.place else (self.row, 0)
        column = min(column + self.since, MOST_COLUMNS)  # one more than may be: the row is refused for it
        self.unread.cells.setdefault(row, {})[column] = seen_as
        return row, column


def _place(named: str) -> tuple[int, int]:
    """AB12 as row and column, from 0. Raises ValueError."""
    found = _PLACE.fullmatch(named.replace("$", ""))
    if found is None:
        raise ValueError(named)
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]) - 1, min(column - 1, MOST_COLUMNS)
