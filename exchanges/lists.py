"""A submitted list as text: CSV or JSON into lines, with every line's faults named. Nothing here is stored."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.errors import InputRefused
from core.partial_dates import check_partial_date
from core.text import check_name_text, clean_text
from people.models import Category

COLUMNS = (
    "number", "family_name", "given_name", "patronymic", "birth_date", "rank", "service_number", "category",
    "latin_name", "humanitarian", "person",
)  # fmt: skip
LONGEST = {
    "family_name": 80, "given_name": 80, "patronymic": 80, "birth_date": 10, "rank": 80, "service_number": 40,
    "latin_name": 200,
}  # fmt: skip
DELIMITERS = ",;\t|"
PASTED = ("family_name", "given_name", "patronymic", "birth_date", "category")  # cells of a line without a header
MOST_LINES = 20_000
TRUE = {"1", "true", "yes", "x", "так", "да", "نعم"}
FALSE = {"", "0", "false", "no", "ні", "нет", "لا"}


@dataclass(frozen=True)
class Line:
    """One line as submitted. `number` names an entry that stands already; `person` an own dossier (kept private)."""

    number: int | None = None
    family_name: str = ""
    given_name: str = ""
    patronymic: str = ""
    birth_date: str = ""
    rank: str = ""
    service_number: str = ""
    category: str = ""
    latin_name: str = ""
    humanitarian: bool = False
    person: str = ""
    given: frozenset[str] = field(default_factory=frozenset, compare=False)


class ListRefused(InputRefused):
    """Faults by line, `lines.3.birth_date`; nothing was stored."""


def lines_from_text(text: str, *, assumed: Sequence[str] = (), category: str = "") -> list[Line]:
    """JSON or CSV, whichever it is. `assumed`: the columns of a CSV without a header; `category`: of new lines that
    name none. Raises ListRefused."""
    if text.lstrip().startswith(("[", "{")):
        return lines_from_json(text, category=category)
    return lines_from_csv(text, assumed=assumed, category=category)


def lines_from_csv(text: str, *, assumed: Sequence[str] = (), category: str = "") -> list[Line]:
    """Lines of a CSV with a header row of COLUMNS names in any order. Raises ListRefused."""
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise ListRefused(_("This is not a text file."), errors={"file": [_("The file holds NUL characters.")]})
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    faults: dict[str, list[str]] = {}
    lines: list[dict[str, Any]] = []
    try:
        first = next(rows, [])
        header, found = _header_of(first, assumed)
        for row in chain(found, rows):
            if not any(cell.strip() for cell in row):
                continue
            if found and len(row) < len(header):  # without a header, what comes last may be left out
                row.extend([""] * (len(header) - len(row)))
            if len(row) != len(header):
                faults[f"lines.{len(lines) + 1}"] = [
                    _("Line %(line)s has %(found)s cells where the header has %(wanted)s.")
                    % {"line": rows.line_num, "found": len(row), "wanted": len(header)}
                ]
            lines.append(dict(zip(header, row, strict=False)))
    except csv.Error as error:
        sentence = _("Line %(line)s cannot be read: %(fault)s.") % {"line": rows.line_num, "fault": error}
        raise ListRefused(sentence, errors={f"lines.{len(lines) + 1}": [sentence]}) from error
    return lines_from_rows([_with_category(line, category) for line in lines], faults=faults)


def _header_of(first: list[str], assumed: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """The columns, and the first row again where it is no header but a line."""
    header = [cell.strip().lower() for cell in first]
    if assumed and any(header) and not set(header) & set(COLUMNS):
        return list(assumed), [first]
    _check_header(header)
    return header, []


def _with_category(row: Any, category: str) -> Any:
    is_new = isinstance(row, Mapping) and not any(str(row.get(name) or "").strip() for name in ("number", "person"))
    if not category or not is_new or str(row.get("category") or "").strip():
        return row
    return {**row, "category": category}


def _delimiter(text: str) -> str:
    """What the header is parted by; a spreadsheet writes a semicolon where the comma is a decimal sign."""
    header = (text.splitlines() or [""])[0]
    return max(DELIMITERS, key=header.count)


def _check_header(header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    if not header:
        raise ListRefused(_("The list is empty."), errors={"file": [_("The list is empty.")]})
    if unknown or twice:
        wrong = ", ".join(f"“{name}”" for name in unknown or twice)
        sentence = (
            _("Unknown column %(wrong)s: the columns are %(columns)s.")
            if unknown
            else _("Column %(wrong)s stands twice.")
        ) % {"wrong": wrong, "columns": ", ".join(COLUMNS)}
        raise ListRefused(sentence, errors={"file": [sentence]})


def lines_from_json(text: str, *, category: str = "") -> list[Line]:
    """Lines of a JSON list of objects. Raises ListRefused."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        sentence = _("This is not JSON: %(fault)s.") % {"fault": error}
        raise ListRefused(sentence, errors={"file": [sentence]}) from error
    if not isinstance(rows, list):
        raise ListRefused(_("The JSON has to be a list of lines."), errors={"file": [_("Not a list.")]})
    return lines_from_rows([_with_category(row, category) for row in rows])


def lines_from_rows(rows: Iterable[Any], *, faults: dict[str, list[str]] | None = None) -> list[Line]:
    """Check every row; raises ListRefused with all faults of all lines, or returns the lines in order."""
    faults = dict(faults or {})
    lines = []
    for number, row in enumerate(rows, start=1):
        if number > MOST_LINES:
            sentence = _("A list has at most %(most)s lines.") % {"most": MOST_LINES}
            raise ListRefused(sentence, errors={"lines": [sentence]})
        line, wrong = _line(row)
        faults |= {f"lines.{number}.{name}".rstrip("."): messages for name, messages in wrong.items()}
        lines.append(line)
    faults |= lines_that_stand_twice(lines)
    if faults:
        where, messages = next(iter(faults.items()))
        first = _("Line %(line)s: %(fault)s") % {
            "line": where.split(".")[1] if "." in where else where,
            "fault": messages[0],
        }
        raise ListRefused(first, errors=faults)
    return lines


def _line(row: Any) -> tuple[Line, dict[str, list[str]]]:
    if not isinstance(row, Mapping):
        return Line(), {"": [_("A line is an object with the columns as keys.")]}
    wrong: dict[str, list[str]] = {
        str(name): [_("Unknown column.")] for name in row if name not in COLUMNS
    }  # fmt: skip
    values: dict[str, Any] = {}
    for column in fields(Line):
        if column.name == "given":
            continue
        value = row.get(column.name)
        try:
            values[column.name] = _READERS.get(column.name, _text)(column.name, value)
        except ValidationError as error:
            wrong[column.name] = error.messages
    line = Line(**values, given=frozenset(name for name in row if str(row.get(name) or "").strip()))
    if line.number is None and not line.person and not wrong:
        wrong |= _missing(line)
    return line, wrong


def _missing(line: Line) -> dict[str, list[str]]:
    missing = {}
    if not (line.family_name or line.given_name or line.patronymic):
        missing["family_name"] = [_("A new line needs a name.")]
    if not line.category:
        missing["category"] = [_("A new line needs a category.")]
    return missing


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | list | dict | float):
        raise ValidationError(_("Write this as text."))
    text = clean_text(str(value))
    check_name_text(text)
    if len(text) > LONGEST.get(name, 200):
        raise ValidationError(_("Longer than %(longest)s characters."), params={"longest": LONGEST.get(name, 200)})
    return text


def _number(name: str, value: Any) -> int | None:
    text = str(value).strip().lstrip("#") if value is not None else ""
    if not text:
        return None
    if isinstance(value, bool) or len(text) > 9 or not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ValidationError(_("“%(value)s” is no number of an entry."), params={"value": text[:20]})
    return int(text)


def _date(name: str, value: Any) -> str:
    text = _text(name, value)
    if text:
        check_partial_date(text)
    return text


def _category(name: str, value: Any) -> str:
    """A category by its name in the API, or as the reader's language calls it."""
    text = _text(name, value)
    spelt = {str(label).casefold(): str(slug) for slug, label in Category.choices}
    text = spelt.get(text.casefold(), text)
    if text and text not in Category.values:
        raise ValidationError(
            _("There is no category “%(value)s”: use %(known)s."),
            params={"value": text[:40], "known": ", ".join(Category.values)},
        )
    return text


def _yes_no(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = "" if value is None else str(value).strip().lower()
    if text not in TRUE | FALSE:
        raise ValidationError(_("Write yes or no."))
    return text in TRUE


def lines_that_stand_twice(lines: Sequence[Line]) -> dict[str, list[str]]:
    seen: dict[object, int] = {}
    faults = {}
    for index, line in enumerate(lines, start=1):
        key: object = line.number if line.number is not None else (
            line.person or (line.family_name, line.given_name, line.patronymic, line.birth_date, line.service_number)
        )  # fmt: skip
        if key in seen:
            faults[f"lines.{index}"] = [_("The same as line %(line)s.") % {"line": seen[key]}]
        seen.setdefault(key, index)
    return faults


_READERS: dict[str, Any] = {
    "number": _number, "birth_date": _date, "category": _category, "humanitarian": _yes_no,
}  # fmt: skip
