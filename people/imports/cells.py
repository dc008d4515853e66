"""What the cells of a row say: each read by what its column holds, each fault at its cell.

A fault is a code; its sentence is said in the reader's language when it is shown. No query and no model instance: a list has
100,000 rows. A test holds what is accepted here against the fields of the models.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.lifecycle import Text
from core.partial_dates import check_partial_date
from core.sheets.delimited import NUL_SEEN_AS
from core.sheets.formulas import ERROR, UNSAVED_SEEN_AS
from core.text import JOINERS
from people.identity import SENTENCES, date_fault, name_fault
from people.imports.columns import Column
from people.imports.words import categories_in, fate_in, says_dead

Fault = tuple[int, str, str]  # the column, the code, what was there

FAULTS: dict[str, Text] = SENTENCES | {
    "no_name": _("There is no name in this row."),
    "too_long": _("This is longer than {what} characters."),
    "invisible": _("There is an invisible character here ({what}): type it again."),
    "unreadable_date": _("“{what}” is no date: write 1987, 04.1987 or 23.04.1987."),
    "no_such_date": _("There is no such date: {what}."),
    "two_digit_year": _("Write the year of “{what}” with four digits."),
    "odd_year": _("The year {what} cannot be right."),
    "unknown_sex": _("“{what}” is read neither as female nor as male."),
    "unknown_category": _("“{what}” is no category that is known here: write prisoner of war, civilian, convicted or the like."),
    "unknown_status": _("“{what}” is not understood: write captured, missing, released, home or the like."),
    "death_by_list": _("“{what}”: no list can say that somebody died. Leave this cell out and record the word on the dossier."),
    "unsaved_formula": _(
        "This cell holds a formula whose result was not saved: open the file in a spreadsheet program, save it again, or type "
        "the value."
    ),
    "error_value": _("“{what}” is an error that a formula gave: type the value, or leave the cell empty."),
    "cut_row": _("The file ends here, in the middle of a row: it may be cut off."),
}  # fmt: skip


def fault_sentence(code: str, what: str) -> str:
    """In the language of who reads it now."""
    return str(FAULTS[code]).format(what=what) if code in FAULTS else code


LONGEST = {
    Column.FAMILY: 80, Column.GIVEN: 80, Column.PATRONYMIC: 80, Column.FULL_NAME: 240, Column.OTHER_NAME: 240,
    Column.CALL_SIGN: 80, Column.BIRTH_PLACE: 160, Column.FATHER_NAME: 80, Column.MOTHER_MAIDEN_NAME: 80, Column.RANK: 80,
    Column.SERVICE_NUMBER: 40, Column.UNIT: 120, Column.NATIONALITY: 80, Column.POWER_DEPENDED_ON: 80,
    Column.LAST_RESIDENCE: 200, Column.DISTINGUISHING_MARKS: 300,
}  # fmt: skip
NAMES = {
    Column.FAMILY, Column.GIVEN, Column.PATRONYMIC, Column.FULL_NAME, Column.OTHER_NAME, Column.CALL_SIGN,
    Column.FATHER_NAME, Column.MOTHER_MAIDEN_NAME,
}  # fmt: skip
FAMILY_COLUMNS = {
    Column.FAMILY, Column.FULL_NAME, Column.OTHER_NAME, Column.CALL_SIGN, Column.MOTHER_MAIDEN_NAME,
}  # fmt: skip
DATES = (Column.BIRTH_DATE, Column.CAPTURED_ON, Column.MISSING_SINCE)
MOST_QUOTED = 60
NAME_PARTS = ("family", "given", "patronymic")
FIRST_OF_ERRORS = "#EeОоПп"
UNSAFE_FIRST = "=+-@\t\r\x00＝＋－＠"


@dataclass
class Told:
    """What one row says."""

    values: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The same for rows that say the same, in whatever file. Without a hint of what they say to who cannot guess it."""
        said = "\x1f".join(f"{name}={self.values[name]}" for name in sorted(self.values))
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


class Reader:
    """Reads the rows of one import."""

    def __init__(
        self, columns: Mapping[int, str], *, month_first: bool, given_name_first: bool, last_day: date
    ) -> None:
        self.columns = [(place, Column(column)) for place, column in sorted(columns.items())]
        self.given_name_first = given_name_first
        # Dates repeat within a list: read each once.
        self._date: Callable[[str], tuple[str, str]] = lru_cache(maxsize=50_000)(
            lambda text: _date(text, month_first=month_first, last_day=last_day)
        )

    def read(self, cells: Sequence[str]) -> Told:
        told = Told()
        values, width = told.values, len(cells)
        for place, column in self.columns:
            if place >= width:
                continue
            text = tidy(cells[place])
            if not text or (text in EMPTY and not (text in FAMILIES and column in FAMILY_COLUMNS)):
                continue
            value, code, what = self._value(column, text)
            if code:
                told.faults.append((place, code, what))
            elif value:
                values[column.value] = value
        self._names(told)
        return told

    def _value(self, column: Column, text: str) -> tuple[str, str, str]:
        if text == UNSAVED_SEEN_AS:
            return "", "unsaved_formula", ""
        if text[0] in FIRST_OF_ERRORS and ERROR.fullmatch(text):
            return "", "error_value", text
        if column in DATES:
            value, code = self._date(text)
            return value, code, text
        if column == Column.SEX:
            value = _SEXES.get(text.casefold().rstrip("."), "")
            return value, "" if value else "unknown_sex", text
        if column == Column.CATEGORY:
            categories = ",".join(categories_in(text))
            return categories, "" if categories else "unknown_category", text[:MOST_QUOTED]
        if column == Column.STATUS:
            fate = fate_in(text)
            code = "" if fate else "death_by_list" if says_dead(text) else "unknown_status"
            return fate, code, text[:MOST_QUOTED]
        most = LONGEST[column]
        if len(text) > most:
            return "", "too_long", str(most)
        code, what = _text_fault(text, is_name=column in NAMES)
        return text, code, what

    def _names(self, told: Told) -> None:
        values = told.values
        if whole := values.pop(Column.FULL_NAME.value, ""):
            for part, text in split_name(whole, given_name_first=self.given_name_first).items():
                if text and len(text) <= LONGEST[Column.FAMILY]:
                    values.setdefault(part, text)
                elif text:
                    told.faults.append((self._place_of_name(), "too_long", str(LONGEST[Column.FAMILY])))
        if not any(part in values for part in NAME_PARTS):
            if other := values.pop(Column.OTHER_NAME.value, ""):
                values |= {
                    part: text
                    for part, text in split_name(other, given_name_first=self.given_name_first).items()
                    if text
                }
            elif Column.CALL_SIGN.value not in values and not any(
                place in self._name_places for place, *_x in told.faults
            ):
                told.faults.append((self._place_of_name(), "no_name", ""))

    @property
    def _name_places(self) -> set[int]:
        return {place for place, column in self.columns if column in NAMES}

    def _place_of_name(self) -> int:
        return next((place for place, column in self.columns if column in NAMES), 0)


# What people write where they know nothing.
EMPTY = frozenset(
    (
        "-", "—", "–", "?", "n/a", "N/A", "null", "NULL", "нд", "н/д", "невідомо", "неизвестно", "unknown",
        "bilinmiyor", "غير معروف", "لا يوجد",
    )
)  # fmt: skip
FAMILIES = frozenset(("null", "NULL"))  # of these, what people are called too
_MALE = (
    "m", "male", "man", "м", "муж", "мужской", "мужчина", "ч", "чол", "чоловіча", "чоловік", "чоловічий", "e", "erkek", "bay",
    "ذكر",
)  # fmt: skip
_FEMALE = (
    "f", "female", "woman", "w", "ж", "жен", "женский", "женщина", "жін", "жіноча", "жінка", "жіночий", "k", "kadın", "kadin",
    "bayan", "أنثى", "انثى",
)  # fmt: skip
_SEXES = dict.fromkeys(_MALE, "m") | dict.fromkeys(_FEMALE, "f")


def tidy(text: str) -> str:
    """NFC, single spaces, without the mark that our own exports put before a formula."""
    if text[:1] == "'" and text[1:2] and text[1] in UNSAFE_FIRST:
        text = text[1:]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def _text_fault(text: str, *, is_name: bool) -> tuple[str, str]:
    if NUL_SEEN_AS in text:
        return "invisible", "U+0000"
    if not text.isprintable():
        for character in text:
            if character not in JOINERS and unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs"):
                return "invisible", f"U+{ord(character):04X}"
    return name_fault(text) if is_name else ("", "")


# Names in one cell

_PATRONYMIC = re.compile(
    r"(?:ович|евич|йович|ьич|ич|івна|ївна|овна|евна|ична|инична|ovych|yovych|ovich|evich|evych|ivna|yivna|ovna|evna|ichna)$",
    re.IGNORECASE,
)
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_JOINED_TO_NEXT = {"عبد", "أبو", "ابو", "بن", "ابن", "آل", "bin", "ibn", "abu", "abd", "van", "von", "de", "al", "el"}


def split_name(whole: str, *, given_name_first: bool) -> dict[str, str]:
    """Family, first names and patronymic of a name in one cell; what a comma or an ending says goes before the usual order."""
    if "," in whole:
        family, _comma, rest = whole.partition(",")
        given, patronymic = _first_and_patronymic(rest.split())
        return {"family": family.strip(), "given": given, "patronymic": patronymic}
    words = _compound_words(whole.split())
    if len(words) == 1:
        return {"family": words[0], "given": "", "patronymic": ""}
    if _ARABIC.search(whole):
        return {"family": words[-1], "given": words[0], "patronymic": " ".join(words[1:-1])}
    if len(words) == 3 and _PATRONYMIC.search(words[1]) and not _PATRONYMIC.search(words[2]):
        given_name_first = True
    elif len(words) >= 3 and _PATRONYMIC.search(words[-1]):
        given_name_first = False
    if given_name_first:
        given, patronymic = _first_and_patronymic(words[:-1])
        return {"family": words[-1], "given": given, "patronymic": patronymic}
    given, patronymic = _first_and_patronymic(words[1:])
    return {"family": words[0], "given": given, "patronymic": patronymic}


_SON_OR_DAUGHTER = ("оглу", "огли", "кизи", "кызы", "oglu", "oğlu", "kizi", "qizi", "kyzy")


def _first_and_patronymic(words: Sequence[str]) -> tuple[str, str]:
    if len(words) >= 2 and (_PATRONYMIC.search(words[-1]) or words[-1].casefold() in _SON_OR_DAUGHTER):
        return words[0], " ".join(words[1:])
    return " ".join(words), ""


def _compound_words(words: Iterable[str]) -> list[str]:
    joined: list[str] = []
    waiting = ""
    for word in words:
        if word.casefold() in _JOINED_TO_NEXT:
            waiting += f"{word} "
            continue
        joined.append(waiting + word)
        waiting = ""
    return joined + ([waiting.strip()] if waiting else [])


# Dates

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_PARTS = re.compile(
    r"^(\d{1,4}|\?{1,2}|х{1,2}|x{1,2})[./\-\s](\d{1,2}|\?{1,2}|х{1,2}|x{1,2})[./\-\s](\d{1,4})$", re.IGNORECASE
)
_MONTH_YEAR = re.compile(r"^(\d{1,2})[./\-](\d{4})$|^(\d{4})[./\-](\d{1,2})$")
_ISO = re.compile(r"^\d{4}(-\d\d(-\d\d)?)?$")
_WRITTEN = re.compile(r"^(?:(\d{1,2})\s+)?([^\W\d_]+)\.?,?\s+(\d{4})$|^([^\W\d_]+)\.?\s+(\d{1,2}),?\s+(\d{4})$")
_ENDING = re.compile(
    r"\s*(?:р\.?\s?н?\.?|року(?: народження)?|г\.?\s?р?\.?|года(?: рождения)?|рік|год|م)$", re.IGNORECASE
)
_TIME = re.compile(r"[T ]\d{1,2}:\d\d(:\d\d)?$")
_SERIAL = re.compile(r"^\d{5}$")
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_MONTHS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "січня січень января январь january jan ocak يناير كانون",
            "лютого лютий февраля февраль february feb şubat فبراير شباط",
            "березня березень марта март march mar mart مارس آذار",
            "квітня квітень апреля апрель april apr nisan أبريل ابريل نيسان",
            "травня травень мая май may mayıs مايو أيار",
            "червня червень июня июнь june jun haziran يونيو حزيران",
            "липня липень июля июль july jul temmuz يوليو تموز",
            "серпня серпень августа август august aug ağustos أغسطس اغسطس آب",
            "вересня вересень сентября сентябрь september sep sept eylül سبتمبر أيلول",
            "жовтня жовтень октября октябрь october oct ekim أكتوبر اكتوبر",
            "листопада листопад ноября ноябрь november nov kasım نوفمبر",
            "грудня грудень декабря декабрь december dec aralık ديسمبر",
        ),
        start=1,
    )
    for word in words.split()
}


def _date(text: str, *, month_first: bool, last_day: date) -> tuple[str, str]:
    """The date as 1987, 1987-04 or 1987-04-23, and the code of what is wrong with it."""
    value, code = _date_parts(_ENDING.sub("", text.translate(_DIGITS).strip()), month_first=month_first)
    if code:
        return "", code
    try:
        check_partial_date(value)
    except ValidationError:
        year = int(value[:4])
        return "", "no_such_date" if 1850 <= year <= 2200 else "odd_year"
    code = date_fault(value, last_day)
    return "" if code else value, code


def _date_parts(text: str, *, month_first: bool) -> tuple[str, str]:
    text = _TIME.sub("", text)
    if _ISO.match(text):
        return _without_zeros(text), ""
    if found := _PARTS.match(text):
        return _ordered(*found.groups(), month_first=month_first)
    if found := _MONTH_YEAR.match(text):
        month, year = (found[1], found[2]) if found[2] else (found[4], found[3])
        return _without_zeros(f"{year}-{int(month):02}"), ""
    if found := _WRITTEN.match(text):
        day, word, year = (found[1], found[2], found[3]) if found[3] else (found[5], found[4], found[6])
        if number := _MONTHS.get(word.casefold()):
            return f"{year}-{number:02}" + (f"-{int(day):02}" if day else ""), ""
    if (
        _SERIAL.match(text) and 3_000 < int(text) < 60_000
    ):  # a day as Excel counts them, in a cell that says nothing of dates
        return (_EXCEL_DAY_ZERO + timedelta(days=int(text))).isoformat(), ""
    return "", "unreadable_date"


def _ordered(first: str, second: str, third: str, *, month_first: bool) -> tuple[str, str]:
    if len(first) == 4:
        year, month, day = first, second, third
    else:
        year = third
        day, month = (second, first) if month_first else (first, second)
        if month.isdigit() and day.isdigit() and int(month) > 12 >= int(day):
            day, month = month, day  # only one way to read it
    if len(year) < 4:
        return "", "two_digit_year"
    month, day = (part if part.isdigit() else "0" for part in (month, day))
    return _without_zeros(f"{year}-{int(month):02}-{int(day):02}"), ""


def _without_zeros(text: str) -> str:
    """00 is how lists write what nobody knows."""
    if text[5:7] == "00":
        return text[:4]
    return text[:7] if text[8:10] == "00" else text


def shown_values(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is told, with the label of each field, in the order of the columns."""
    return [(str(column.label), str(values[column.value])) for column in Column if values.get(column.value)]
