"""Files of the public record: CSV in which every fault is named by its line and its column."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from core.partial_dates import check_partial_date

T = TypeVar("T")

MOST_PEOPLE = 1_000_000
BETWEEN_SOURCES = "|"


class RecordRefused(ValueError):
    """The file is not taken: one sentence for each fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


class RecordLine:
    """One line of the file. What is wrong in it is noted; the reading goes on, so that all faults are told at once."""

    def __init__(self, file: str, number: int, cells: dict[str, str], faults: list[str]) -> None:
        self.number = number
        self._file, self._cells, self._faults = file, cells, faults

    def text(self, column: str, longest: int, *, required: bool = False) -> str:
        value = unicodedata.normalize("NFC", self._cells[column]).strip()
        if required and not value:
            self.fault(column, "fill this in")
        if len(value) > longest:
            self.fault(column, f"{len(value)} characters are more than {longest}")
        if any(unicodedata.category(character) == "Cc" for character in value):
            self.fault(column, "remove the control characters")
        return value

    def count(self, column: str) -> int | None:
        """None where the cell is blank: unknown, never zero."""
        value = self._cells[column].strip()
        if not value:
            return None
        if not (value.isascii() and value.isdigit()):
            self.fault(column, f"write a whole number, or leave it blank where it is unknown, not “{value}”")
            return None
        if int(value) > MOST_PEOPLE:
            self.fault(column, f"{value} people cannot be right")
            return None
        return int(value)

    def partial_date(self, column: str) -> str:
        value = self._cells[column].strip()
        try:
            check_partial_date(value)
        except ValidationError as error:
            self.fault(column, " ".join(error.messages))
        return value

    def sources(self, column: str) -> str:
        """Web addresses, one a line; at least one."""
        found = [part.strip() for part in self._cells[column].split(BETWEEN_SOURCES) if part.strip()]
        if not found:
            self.fault(column, "name at least one source")
        for address in found:
            if not is_web_address(address):
                self.fault(column, f"“{address}” is no web address")
        return "\n".join(found)

    def fault(self, column: str, what: str) -> None:
        self._faults.append(f"{self._file}, line {self.number}, column {column}: {what}.")


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(c.isspace() for c in text)


def read_record(path: Path, columns: Sequence[str], make: Callable[[RecordLine], T]) -> list[T]:
    """What `make` makes of each line, in the order of the file. Raises RecordRefused naming every fault."""
    faults: list[str] = []
    made = [make(line) for line in _lines(path, columns, faults)]
    if not made and not faults:
        faults.append(f"{path.name}: there is no line beneath the header.")
    if faults:
        raise RecordRefused(faults)
    return made


def _lines(path: Path, columns: Sequence[str], faults: list[str]) -> Iterable[RecordLine]:
    try:
        reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
    except (OSError, UnicodeDecodeError) as error:
        raise RecordRefused([f"{path.name} cannot be read as UTF-8 text: {error}."]) from error
    try:
        header = next(reader, [])
        if header != list(columns):
            raise RecordRefused([f"{path.name}, line 1: the columns must be {','.join(columns)}."])
        for cells in reader:
            if len(cells) == len(columns):
                yield RecordLine(path.name, reader.line_num, dict(zip(columns, cells, strict=True)), faults)
            elif cells:
                faults.append(f"{path.name}, line {reader.line_num}: {len(cells)} cells, not {len(columns)}.")
    except csv.Error as error:
        faults.append(f"{path.name}, line {reader.line_num}: {error}.")
