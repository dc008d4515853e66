"""Tables that somebody sent, read in a child process: whatever the file does to it, this process lives."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from core.sheets.faults import FileRefused
from core.sheets.limits import WALL_SECONDS

CHILD = Path(__file__).with_name("child.py")
Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """What the file is, and its rows with their numbers; empty rows are left out, trailing empty cells too."""

    kind: str
    sheets: list[str]
    sheet: str
    encoding: str
    delimiter: str
    ends_open: bool
    batches: Iterator[list[Row]]

    @property
    def rows(self) -> Iterator[Row]:
        return (row for batch in self.batches for row in batch)


@contextmanager
def reading(path: Path, *, sheet: str = "", most: int = 0) -> Iterator[Table]:
    """The table in this file, at most so many rows. Raises FileRefused, also while the rows are read."""
    if not path.exists():
        raise FileRefused("gone")
    process = subprocess.Popen(  # noqa: S603  our own program, and a path that we gave the file
        [sys.executable, "-I", str(CHILD), str(path), sheet, str(most)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PATH": "", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    clock = threading.Timer(WALL_SECONDS, process.kill)
    clock.daemon = True
    clock.start()
    try:
        lines = _told(process)
        first = next(lines, None)
        if first is None:
            raise FileRefused("too_heavy")
        yield Table(
            kind=first["kind"], sheets=first["sheets"], sheet=first["sheet"], encoding=first.get("encoding", ""),
            delimiter=first.get("delimiter", ""), ends_open=first.get("ends_open", False), batches=_batches(lines),
        )  # fmt: skip
    finally:
        clock.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        assert process.stdout is not None
        process.stdout.close()
        process.wait()


def _told(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError as error:  # killed in the middle of a line
            raise FileRefused("too_heavy") from error
        if "refused" in told:
            raise FileRefused(told["refused"], told["given"])
        yield told


def _batches(lines: Iterator[dict[str, Any]]) -> Iterator[list[Row]]:
    """Without a last line the child was stopped: by its limits, or by a fault in a library."""
    for told in lines:
        if "end" in told:
            return
        yield [(number, cells) for number, cells in told["rows"]]
    raise FileRefused("too_heavy")
