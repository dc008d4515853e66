"""Rows by the thousand, past the ORM's single inserts: COPY on PostgreSQL, bulk inserts elsewhere.

For seeding, for imports whose every value was checked before, and for what is made of rows that stand already: nothing is
validated here and no signal is sent. The database's own constraints hold all the same.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
from django.db import connection, models

M = TypeVar("M", bound=models.Model)
Ready = str | list[Sequence[Any]]
CHUNK = 5_000
READ_AT_ONCE = 1_048_576  # characters: between two reads the database works and other threads may
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


def pour_values(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    always: Mapping[str, Any] | None = None,
) -> None:
    """Rows as plain values in the order of `columns`, and what is `always` the same; every other column must be there too."""
    pour_ready(model, columns, ready(rows), always or {})


def ready(rows: Iterable[Sequence[Any]]) -> Ready:
    """The rows as the database here takes them. It is not asked: this may be done in another process."""
    if connection.vendor == "postgresql":
        return "".join([_line(row) + "\n" for row in rows])
    return list(rows)


def pour_ready(model: type[models.Model], columns: Sequence[str], rows: Ready, always: Mapping[str, Any]) -> None:
    if isinstance(rows, str):
        ending = "".join("\t" + _text(value) for value in always.values()) + "\n"
        _copy_text(model, [*columns, *always], rows.replace("\n", ending))  # within a value it is escaped
    else:
        _insert(model, columns, rows, always)


def _insert(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], always: Mapping[str, Any]
) -> None:
    fields = [_field(model, name) for name in (*columns, *always)]
    last = tuple(always.values())
    table, quote = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name
    listed = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({listed}) VALUES ({places})",
            [
                [
                    field.get_db_prep_save(field.to_python(value), connection)
                    for field, value in zip(fields, (*row, *last), strict=True)
                ]
                for row in rows
            ],
        )


def take_out(model: type[models.Model], column: str, values: Iterable[Any]) -> None:
    """Delete the rows with one of these in that column, in one statement. Rows that refer to them are no more looked for than
    `pour` looks: the database refuses to leave one behind, at the end of the transaction.
    """
    table, field = connection.ops.quote_name(model._meta.db_table), _field(model, column)
    told = [field.get_db_prep_value(value, connection) for value in values]
    quoted = connection.ops.quote_name(str(field.column))
    if connection.vendor == "postgresql":
        among, given = f"= ANY(%s::{field.db_type(connection)}[])", "{" + ",".join(map(str, told)) + "}"
    else:
        among, given = "IN (SELECT value FROM json_each(%s))", orjson.dumps(told).decode()
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {quoted} {among}", [given])


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name.removesuffix("_id") if not _has_field(model, name) else name)


def _has_field(model: type[models.Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)


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
    names = [field.attname for field in model._meta.concrete_fields]
    text = "".join(["\t".join([_text(getattr(row, name)) for name in names]) + "\n" for row in rows])
    _copy_text(model, names, text)


def _copy_text(model: type[models.Model], names: Sequence[str], text: str) -> None:
    columns = ", ".join(connection.ops.quote_name(str(_field(model, name).column)) for name in names)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", io.StringIO(text), READ_AT_ONCE)


def _line(row: Sequence[Any]) -> str:
    """One row. Hardly any text holds what COPY reads otherwise: it is looked for in the whole line, not value by value."""
    line = "\t".join([value if type(value) is str else _told(value) for value in row])
    if "\n" in line or "\r" in line or line.count("\t") >= len(row) or _has_backslash(line, row):
        return "\t".join([_text(value) for value in row])
    return line


def _has_backslash(line: str, row: Sequence[Any]) -> bool:
    """But for those of what is unknown."""
    return "\\" in line and line.count("\\") > sum(value is None for value in row)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _escaped(str(value))
    return UNKNOWN if value is None else _escaped(_told(value))


def _told(value: Any) -> str:
    """Anything but text, as the database reads it, yet without the escapes of COPY."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list | dict | tuple):
        return orjson.dumps(value).decode() if value else "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def _escaped(text: str) -> str:
    """Looking for what hardly ever is there takes a twentieth of replacing it."""
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return text.translate(ESCAPES)
    return text
