"""A list of a thousand rows as such lists come: a workbook that nobody tidied, about persons of whom some are known already.

Titles merged across the columns stand above the headings, the headings are in three languages, dates are of Excel's kind and
text by turns, names come in other spellings, and a few rows can be taken by nobody.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import cycle
from random import Random

from openpyxl import Workbook

from people.seeding.generator import InventedPerson, invented_persons

HEADINGS = (
    "№ з/п", "Прізвище", "Имя", "По батькові", "Date of birth / дата народження", "В/звання", "Личный номер", "Підрозділ",
    "Примітка",
)  # fmt: skip
TITLES = ("СПИСОК осіб, про повернення яких клопочуть родини", "станом на 15.05.2025 · аркуш перевірено не повністю")
RUSSIAN = {
    "Олександр": "Александр", "Олексій": "Алексей", "Сергій": "Сергей", "Андрій": "Андрей", "Дмитро": "Дмитрий",
    "Володимир": "Владимир", "Микола": "Николай", "Михайло": "Михаил", "Василь": "Василий", "Євген": "Евгений",
    "Олег": "Олег", "Ігор": "Игорь", "Юрій": "Юрий", "Віктор": "Виктор", "Віталій": "Виталий", "Анатолій": "Анатолий",
    "Павло": "Павел", "Іван": "Иван", "Петро": "Пётр", "Максим": "Максим", "Роман": "Роман", "Артем": "Артём",
}  # fmt: skip
MONTHS = (
    "січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня", "листопада", "грудня",
)  # fmt: skip
SIZE, FIRST_ROW = 1000, 6
RESPELT, UNCERTAIN, REPEATED, BLANK = 150, 24, 20, 20
Cells = list[object]


def messy_list(known: Sequence[InventedPerson], gone: Sequence[InventedPerson], *, seed: int = 20250515) -> bytes:
    """`known` stand in the registry, of whom some are named here; so do `gone`, who are home, dead or exchanged."""
    rng = Random(seed)
    told = list(known)
    again, unsure, exact = told[:RESPELT], told[RESPELT : RESPELT + UNCERTAIN], told[RESPELT + UNCERTAIN :][:40]
    rows: list[Cells] = [_respelt(one, number) for number, one in enumerate((*again, *gone))]
    rows += [_uncertain(one, number) for number, one in enumerate(unsure)]
    rows += [_row(one) for one in exact]
    rows += _cannot_be_taken()
    fresh = invented_persons(SIZE - len(rows) - REPEATED - BLANK, nation="ukrainian", seed=seed, civilians=40)
    rows += [_row(one) for one in fresh]
    rng.shuffle(rows)
    rows += [_latin(one, number) for number, one in enumerate(fresh[:REPEATED])]
    for _blank in range(BLANK):
        rows.insert(rng.randrange(1, len(rows)), [])
    return _workbook(rows)


def _row(person: InventedPerson, born: object = None) -> Cells:
    return [
        person.family_name, person.given_name, person.patronymic,
        _born(person.birth_date) if born is None else born, person.rank, person.service_number, person.unit,
    ]  # fmt: skip


WAYS: tuple[Callable[[date], object], ...] = (
    lambda day: day, lambda day: day.strftime("%d.%m.%Y"), lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year} р.",
    date.isoformat, lambda day: day.strftime("%d/%m/%Y"),
)  # fmt: skip


def _born(text: str, number: int = 0) -> object:
    """Excel's date, 23.04.1987, 23 квітня 1987 р., 1987-04-23, 23/04/1987 by turns; a date that is not whole as it stands."""
    return WAYS[number % len(WAYS)](date.fromisoformat(text)) if len(text) == 10 else text


def _latin(person: InventedPerson, number: int) -> Cells:
    names: Cells = [person.family_name_latin.upper(), person.given_name_latin, person.patronymic_latin]
    return [*names, *_row(person, _born(person.birth_date, number))[3:]]


def _respelt(person: InventedPerson, number: int) -> Cells:
    """Somebody of the registry as another clerk would write them; the number is told, so there is no doubt."""
    if number % 3 == 0:
        return _latin(person, number)
    row = _row(person, _born(person.birth_date, number))
    if number % 3 == 1:
        row[:2] = [f"  {person.family_name.upper()} ", RUSSIAN.get(person.given_name, person.given_name)]
    return row


def _uncertain(person: InventedPerson, number: int) -> Cells:
    """The same names, and nothing that says for certain that it is they: no date, another date, or a year alone."""
    born: object = ("", person.birth_date[:4], "??.??." + person.birth_date[:4])[number % 3]
    return [*_row(person, born)[:4], "", "", ""]


def _cannot_be_taken() -> list[Cells]:
    names: Iterator[InventedPerson] = iter(invented_persons(12, nation="ukrainian", seed=5))
    wrong: list[Cells] = [
        _row(next(names), born) for born in ("03.08.2031", date(2031, 8, 3), "31.02.1990", "давно", "5.6.87")
    ]
    hidden, reversed_, mixed = (_row(next(names)) for _name in range(3))
    hidden[1] = f"{hidden[1]}\u200b"
    reversed_[0] = f"\u202e{reversed_[0]}\u202c"
    mixed[0] = "K" + "оваль"  # a Latin letter that looks like a Cyrillic one
    nameless = ["", "", "", *_row(next(names))[3:]]
    return [*wrong, hidden, reversed_, mixed, nameless]


def _workbook(rows: Sequence[Cells]) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "Список"
    for number, title in enumerate(TITLES, start=1):
        sheet.cell(number, 1, title)
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=len(HEADINGS))
    sheet.append([])
    sheet.append([])
    sheet.append(list(HEADINGS))
    notes = cycle(("", "родина", "", "", "див. лист № 14", ""))
    for number, row in enumerate(rows, start=1):
        sheet.append([number, *row, next(notes)] if row else [])
    for first in range(FIRST_ROW + 100, FIRST_ROW + 400, 100):  # a cell that stands for two rows
        sheet.merge_cells(start_row=first, start_column=9, end_row=first + 1, end_column=9)
    book.create_sheet("Довідка").append(["Заповнювати друкованими літерами"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
