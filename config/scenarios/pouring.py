"""Rows by the million, past the ORM's single inserts: COPY on PostgreSQL, bulk inserts elsewhere.

For seeding alone: nothing is validated and no signal is sent. The database's own constraints hold all the same.
"""

import io
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)
CHUNK = 5_000
UNKNOWN = "\\N"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def pour(model: type[M], rows: Iterable[M]) -> int:
    """Write the rows in their order; those whose key the database counts must bring it. Returns how many."""
    written = 0
    remaining = iter(rows)
    while batch := list(islice(remaining, CHUNK)):
        if connection.vendor == "postgresql":
            _copy(model, batch)
        else:
            model._base_manager.bulk_create(batch, batch_size=500)
        written += len(batch)
    return written


def first_free_id(model: type[models.Model]) -> int:
    highest = model._base_manager.aggregate(highest=models.Max("pk"))["highest"]
    return int(highest or 0) + 1


def count_on(*models_with_counted_ids: type[models.Model]) -> None:
    """After rows that brought their own ids: the next one that the database counts is free."""
    from django.core.management.color import no_style

    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models_with_counted_ids)):
            cursor.execute(statement)


def analyse() -> None:
    """Tell the planner how many rows there are now; after a load it would guess for a while."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _copy(model: type[models.Model], rows: list[Any]) -> None:
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    text = io.StringIO("".join(_lines(rows, names)))
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", text)


def _lines(rows: Iterable[Any], names: list[str]) -> Iterator[str]:
    for row in rows:
        yield "\t".join(_text(getattr(row, name)) for name in names) + "\n"


def _text(value: Any) -> str:
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "t" if value else "f"
        case str():
            return str(value).translate(ESCAPES)
        case datetime() | date():
            return value.isoformat()
        case list() | dict():
            return json.dumps(value).translate(ESCAPES)
    return str(value)
