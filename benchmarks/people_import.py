"""A list of 100,000 persons, from its file to the dossiers, over COPY of the same rows into the final tables."""

import csv
import io
import time
import uuid
from collections.abc import Iterator
from typing import Any

from django.db import connection, models, transaction

from benchmarks.database import head
from benchmarks.measuring import MILLI, Bench, Figure
from core.pouring import READ_AT_ONCE, _text
from people.models import Import, ImportRow, ImportStatus, MatchKey, Name, Person, SearchKey
from people.operations import imports as operations
from people.operations import intake
from people.seeding.generator import InventedPerson, invented_persons

NAME = "people_import"
ABOUT = "import of 100,000 rows with validation, duplicate keys and events over COPY into the final tables <= 2"
NEEDS: tuple[str, ...] = ("postgresql",)
GOAL = 2.0
HEADINGS = ("Прізвище", "Ім'я", "По батькові", "Дата народження", "Звання", "Особистий номер", "Частина", "Стать")
FINAL: tuple[Any, ...] = (Person, Name, SearchKey, MatchKey)


def measure(bench: Bench) -> list[Figure]:
    rows = bench.sizes.import_rows
    actor = head()
    content = _file(rows)
    phases: dict[str, float] = {}
    of = _timed(phases, "received", lambda: operations.begin_import([content], sender="Bench", actor=actor))
    _timed(phases, "read", lambda: _work(of))
    operations.map_columns(of, actor=actor, columns={int(place): one for place, one in of.columns.items()})
    _timed(phases, "checked", lambda: _work(of))
    operations.commit_import(of, actor=actor)
    _timed(phases, "written", lambda: _work(of))
    assert of.status == ImportStatus.COMMITTED, of.status
    written = _texts(of)
    operations.undo_import(of, actor=actor)
    _timed(phases, "undone", lambda: _work(of))
    copied = _copied(written)
    ours = sum(phases[name] for name in ("received", "read", "checked", "written"))
    more = {name: round(taken, 1) for name, taken in phases.items()} | {
        "tables": [model._meta.db_table for model in FINAL]
    }
    bench.tell(
        ", ".join(f"{name} {taken / MILLI:.1f} s" for name, taken in phases.items()) + f", COPY {copied / MILLI:.1f} s"
    )
    return [
        Figure("import, file to dossiers", "ms", ours, copied, "COPY", 1, rows, GOAL, more=more),
        Figure("import, checked rows to dossiers", "ms", phases["written"], copied, "COPY", 1, rows),
    ]


def _timed(phases: dict[str, float], name: str, act: Any) -> Any:
    started = time.perf_counter()
    result = act()
    phases[name] = (time.perf_counter() - started) * MILLI
    return result


def _work(of: Import) -> None:
    while intake.work_on(of.pk):
        pass
    of.refresh_from_db()


def _file(rows: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(HEADINGS)
    writer.writerows(_cells(person) for person in _persons(rows))
    return text.getvalue().encode()


def _persons(rows: int) -> Iterator[InventedPerson]:
    half = rows // 2
    yield from invented_persons(half, nation="ukrainian", seed=77, civilians=half // 8)
    yield from invented_persons(rows - half, nation="russian", seed=78, civilians=half // 8)


def _cells(person: InventedPerson) -> list[str]:
    day = ".".join(reversed(person.birth_date.split("-")))
    return [
        person.family_name, person.given_name, person.patronymic, day, person.rank, person.service_number, person.unit,
        person.sex,
    ]  # fmt: skip


def _texts(of: Import) -> dict[Any, str]:
    """The rows that the import wrote, as COPY reads them, with other ids."""
    found = {}
    ids = ImportRow.objects.unscoped("bench").filter(of_import=of).values("person_id")
    fresh: dict[Any, uuid.UUID] = {}
    for model in FINAL:
        columns = [field.attname for field in _sent(model)]
        mine = model.objects.unscoped("bench").filter(**{"pk__in" if model is Person else "person__in": ids})
        lines = []
        for row in mine.values_list(*columns).iterator():
            told = dict(zip(columns, row, strict=True))
            if model in (Person, Name):
                told["id"] = fresh.setdefault(told["id"], uuid.uuid4())
            if "person_id" in told:
                told["person_id"] = fresh[told["person_id"]]
            lines.append("\t".join(_text(told[name]) for name in columns) + "\n")
        found[model] = "".join(lines)
    return found


def _sent(model: Any) -> list[Any]:
    """The columns, but for an id that the database counts."""
    return [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]


def _copied(texts: dict[Any, str]) -> float:
    """One COPY a table, all in one transaction; then it is taken back."""
    with transaction.atomic(), connection.cursor() as cursor:
        started = time.perf_counter()
        for model, text in texts.items():
            columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in _sent(model))
            cursor.copy_expert(f"COPY {model._meta.db_table} ({columns}) FROM STDIN", io.StringIO(text), READ_AT_ONCE)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        taken = (time.perf_counter() - started) * MILLI
        transaction.set_rollback(True)
    return taken
