"""The process that reads one hostile file: `python child.py PATH SHEET FIRST MOST`. It answers in lines of JSON.

The first line says what the file is; each further one holds up to so many rows, `[number, [cells]]`; the last says how many there
were. A refusal is one line. It starts without Django, with an empty environment, and shuts the doors before it reads.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS_IN_A_LINE = 500
NO_TABLES = (
    b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\x7fELF", b"MZ\x90", b"{\\rtf",
)  # fmt: skip


def main() -> None:
    sys.path.insert(0, str(ROOT))
    import orjson

    from core.sheets import limits

    path, sheet, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    out = os.fdopen(os.dup(1), "wb")

    def say(told: Any) -> None:
        out.write(orjson.dumps(told) + b"\n")

    import charset_normalizer  # noqa: F401  loaded before the doors are shut
    import python_calamine  # noqa: F401

    limits.close_in()
    try:
        for told in read(path, sheet, most):
            say(told)
    except limits.Refused as refused:
        say({"refused": refused.fault, "given": refused.given})
    except MemoryError:
        say({"refused": "too_heavy", "given": {}})
    except BrokenPipeError:
        os._exit(1)
    out.flush()


def read(path: Path, sheet: str, most: int) -> Iterator[Any]:
    from core.sheets import delimited, workbook
    from core.sheets.limits import MEGABYTE, MOST_BYTES, Refused

    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Refused("too_large", most=MOST_BYTES // MEGABYTE)
    with path.open("rb") as file:
        start = file.read(8)
    if not start.strip():
        raise Refused("empty")
    if workbook.is_zip(start):
        workbook.check_parts(path)
        sheets = workbook.sheet_names(path)
        chosen = sheet or next(iter(sheets), "")
        yield {"kind": "xlsx", "sheets": sheets, "sheet": chosen}
        rows = workbook.rows_of(path, chosen)
    else:
        _refuse_other_kinds(start)
        text, encoding = delimited.decoded(path.read_bytes())
        delimiter, rows = delimited.rows_of(text)
        ends_open = not text.endswith(("\n", "\r"))
        yield {
            "kind": "csv",
            "encoding": encoding,
            "delimiter": delimiter,
            "sheets": [],
            "sheet": "",
            "ends_open": ends_open,
        }
    yield from _in_lines(rows, most)


def _refuse_other_kinds(start: bytes) -> None:
    from core.sheets import workbook
    from core.sheets.limits import Refused

    if start.startswith(workbook.OLE_SIGNATURE):
        raise Refused("old_excel")
    if start.startswith(NO_TABLES):
        raise Refused("not_a_table")


def _in_lines(rows: Iterator[list[str]], most: int) -> Iterator[Any]:
    from core.sheets.limits import MOST_CELL, MOST_COLUMNS, MOST_ROWS, Refused

    batch: list[Any] = []
    number = 0
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise Refused("too_many_rows", most=MOST_ROWS)
        if most and number > most:
            number -= 1
            break
        while row and not row[-1].strip():
            row.pop()
        if len(row) > MOST_COLUMNS:
            raise Refused("too_many_columns", count=len(row), most=MOST_COLUMNS)
        if not row:
            continue
        if any(len(cell) > MOST_CELL for cell in row):
            raise Refused("cell_too_long", line=number, most=MOST_CELL)
        batch.append([number, row])
        if len(batch) == ROWS_IN_A_LINE:
            yield {"rows": batch}
            batch = []
    if batch:
        yield {"rows": batch}
    yield {"end": number}


if __name__ == "__main__":
    main()
