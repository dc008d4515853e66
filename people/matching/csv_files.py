"""The two files that `manage.py reconcile` reads: CSV in UTF-8, the columns by their names, every fault at its line."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from core.errors import DomainError

PERSON = ("family_name", "given_name", "patronymic", "birth_date", "rank", "unit", "service_number")
REGISTRY = ("id", *PERSON)
LIST = ("row_id", "name", *PERSON)
FOUND = ("row_id", "candidate_id", "score")
LONGEST_FIELD = 10_000


class Reader(Protocol):
    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class FileRefused(DomainError):
    """What is wrong with the file, and where."""


def lines(path: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """The fields in the order of `columns`; other columns are left out. Raises FileRefused at the first fault."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_without_nul(path, file), strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            yield from _chosen(path, reader, header, columns)
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"{path}: not UTF-8 after line {_line(reader)}. Save it as “CSV UTF-8” and try again."
        ) from error
    except csv.Error as error:
        raise FileRefused(f"{path}, line {_line(reader)}: {error}. The file may be cut or damaged.") from error


def _chosen(path: Path, reader: Reader, header: list[str], columns: tuple[str, ...]) -> Iterator[list[str]]:
    if not header:
        raise FileRefused(f"{path} is empty: its first line has to name the columns {', '.join(columns)}.")
    if missing := [name for name in columns if name not in header]:
        raise FileRefused(f"{path}: missing column {', '.join(missing)}. There are: {', '.join(header)}.")
    if doubled := sorted({name for name in columns if header.count(name) > 1}):
        raise FileRefused(f"{path}: the column {', '.join(doubled)} is there twice.")
    places = [header.index(name) for name in columns]
    width, is_as_is = len(header), places == list(range(len(header)))
    for fields in reader:
        if len(fields) != width:
            if not fields:
                continue
            raise FileRefused(
                f"{path}, line {reader.line_num}: {len(fields)} fields where the header has {width}. "
                "The file may be cut or damaged."
            )
        if not fields[places[0]]:
            raise FileRefused(f"{path}, line {reader.line_num}: no {columns[0]}.")
        yield fields if is_as_is else [fields[place] for place in places]


def _without_nul(path: Path, file: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        if "\0" in line:
            raise FileRefused(f"{path}, line {number}: a NUL character. The file may be cut or damaged.")
        yield line


def _line(reader: Reader | None) -> int:
    return reader.line_num if reader is not None else 0
