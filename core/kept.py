"""Statements compiled once and read many times: what a hot list asks differs from call to call in its values alone.

    kept = Kept(Answer.objects.filter(entry=slot_for("entry", pk)).values_list("id", "stance"))
    kept.rows({"entry": pk})

Building a queryset and compiling it takes several times what the database needs to answer it. The text that is kept is
Django's own; values are bound as parameters at every reading, never written into it.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

LENGTH_OF_HEX = 32  # an id as SQLite holds it


class Slot(models.Value):
    """The place of a value that every reading brings anew."""

    def __init__(self, name: str, output_field: "models.Field[Any, Any]") -> None:
        super().__init__(name, output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", [self]

    def sent(self, value: Any, connection: Any) -> Any:
        return self.output_field.get_db_prep_value(value, connection)


_FIELDS: "dict[type, models.Field[Any, Any]]" = {
    UUID: models.UUIDField(), str: models.CharField(), int: models.BigIntegerField(), datetime: models.DateTimeField(),
}  # fmt: skip


def slot_for(name: str, value: Any) -> Any:
    """A slot for values like this one. What shapes the text itself, such as true, false and null, stays what it is."""
    field = _FIELDS.get(type(value))
    return value if field is None else Slot(name, field)


def shape_of(told: Mapping[str, Any]) -> tuple[Any, ...]:
    """What two readings of one text have in common."""
    return tuple((name, type(value) if type(value) in _FIELDS else value) for name, value in told.items())


class Kept:
    """One queryset's statement. `rows` are what the queryset would give: models, tuples, named tuples."""

    def __init__(self, queryset: "models.QuerySet[Any, Any]") -> None:
        self.queryset = queryset
        self.compiler = _Bound(queryset.query.chain(), connections[queryset.db], queryset.db)
        self.sql = ""
        self.params: tuple[Any, ...] = ()
        try:
            self.sql, params = SQLCompiler.as_sql(self.compiler)
        except EmptyResultSet:
            return
        finally:
            del self.compiler.connection  # its thread's own, to be closed with it
        self.params = tuple(params)
        for param in self.params:
            if not isinstance(param, Slot):
                _check_constant(param)

    def rows(self, told: Mapping[str, Any]) -> list[Any]:
        if not self.sql:
            return []
        compiler = copy(self.compiler)
        connection = compiler.connection = connections[self.queryset.db]  # this thread's own
        params = tuple(
            param.sent(told[param.name], connection) if isinstance(param, Slot) else param for param in self.params
        )
        compiler.bound = self.sql, params
        query: Any = compiler.query.chain(_Asked)
        query.known = compiler
        asked: Any = self.queryset.all()
        asked._query = query  # the public setter would make dictionaries of a `values_list`
        return list(asked)


def _is_name(word: str) -> bool:
    """As the code names things: `not_same`, `alarm.decoy_opened`."""
    return all(part.isidentifier() for part in word.split("."))


def _check_constant(param: Any) -> None:
    """Only words of the code are kept with the text: a name, an id or an instant would be somebody's or some time's."""
    is_word = isinstance(param, str) and (not param or (_is_name(param) and len(param) < LENGTH_OF_HEX))
    if not (is_word or isinstance(param, bool)):
        raise TypeError(f"a value of one reading would be kept for all: {type(param).__name__}")


class _Bound(SQLCompiler):
    bound: tuple[str, tuple[Any, ...]]

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        return self.bound


class _Asked(Query):
    known: _Bound

    def get_compiler(self, *args: Any, **kwargs: Any) -> _Bound:
        return self.known


class Among(models.Func):
    """`column IN (…)` of values or slots."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, column: str, values: Sequence[Any]) -> None:
        super().__init__(models.F(column), *values)

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: Any, *args: Any, **kwargs: Any
    ) -> tuple[str, list[Any]]:
        (column, params), *values = (compiler.compile(expression) for expression in self.get_source_expressions())
        marks = ", ".join(sql for sql, _params in values)
        return f"{column} IN ({marks})", [*params, *(param for _sql, sent in values for param in sent)]
