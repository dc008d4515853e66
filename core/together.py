"""Several questions in one statement: whatever a page can ask at one time costs it one way to the database.

    together = Together()
    revisions = together.later(Revision.objects.visible_to(viewer)...)
    words = together.later(TheirWord.objects.visible_to(viewer)...)
    revisions.rows  # reads both

Each question keeps its own scope, order and limit; the database hands its rows over as JSON, and Django makes of them
what it would have made of them otherwise.
"""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

T = TypeVar("T")
Row = list[Any]


class Subselect(models.Expression):
    """A subquery of one column whose text was built before. Questions that are read together share the one of the same key:
    it is written, planned and answered once for them all."""

    def __init__(
        self, key: Hashable, sql: str, params: tuple[Any, ...], output_field: "models.Field[Any, Any]"
    ) -> None:
        super().__init__(output_field=output_field)
        self.key, self.sql, self.params = key, sql, params

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        shared = _shared.get()
        if shared is None:
            return f"({self.sql})", self.params
        name, _first = shared.setdefault(self.key, (f"shared{len(shared)}", self))
        return f"(SELECT given FROM {name})", ()


_shared: ContextVar[dict[Hashable, tuple[str, Subselect]] | None] = ContextVar("shared", default=None)


class Later(Generic[T]):
    """Rows that come together with others, as soon as any of them is looked at."""

    def __init__(self, together: "Together", queryset: "models.QuerySet[Any, T]") -> None:
        self.queryset = queryset
        self._together = together
        self._rows: list[T] | None = None

    @property
    def rows(self) -> list[T]:
        if self._rows is None:
            self._together.read()
        assert self._rows is not None
        return self._rows

    def fill(self, rows: list[T]) -> None:
        self._rows = rows


class Together:
    def __init__(self) -> None:
        self._waiting: list[Later[Any]] = []

    def later(self, queryset: "models.QuerySet[Any, T]") -> Later[T]:
        """Rows of models or of `values_list`, without JSON columns."""
        asked = Later(self, queryset)
        self._waiting.append(asked)
        return asked

    def read(self) -> None:
        """Everything that was asked for and not read yet, in one statement."""
        waiting, self._waiting = self._waiting, []
        shared: dict[Hashable, tuple[str, Subselect]] = {}
        within = _shared.set(shared)
        try:
            questions = [(asked, _Question.about(asked.queryset)) for asked in waiting]
        finally:
            _shared.reset(within)
        answered = iter(_answers([question for _asked, question in questions if question.sql], shared))
        for asked, question in questions:
            asked.fill(question.rows(asked.queryset, next(answered) if question.sql else []))


class _Question:
    """A queryset's statement, and the way from its columns to its rows."""

    def __init__(self, compiler: "_Read") -> None:
        self.compiler = compiler
        self.sql = ""
        self.params: tuple[Any, ...] = ()
        try:
            self.sql, self.params = compiler.as_sql(with_col_aliases=True)
        except EmptyResultSet:
            return
        columns = compiler.select[: compiler.col_count]
        self.columns = [compiler.quote_name_unless_alias(alias) for _column, _sql, alias in columns]
        self.readers = [(place, read) for place, (column, _, _) in enumerate(columns) if (read := _reader(column))]

    @classmethod
    def about(cls, queryset: "models.QuerySet[Any, Any]") -> "_Question":
        return cls(_Read(queryset.query.chain(), connections[queryset.db], queryset.db))

    def rows(self, queryset: "models.QuerySet[Any, T]", rows: list[Row]) -> list[T]:
        if not self.sql or not rows:
            return []
        if self.compiler.connection.vendor != "sqlite":  # there Django's own converters read text
            for row in rows:
                for place, read in self.readers:
                    if row[place] is not None:
                        row[place] = read(row[place])
        self.compiler.found = rows
        query: Any = self.compiler.query.chain(_Answered)
        query.known = self.compiler
        answered: Any = queryset.all()
        answered._query = query  # the public setter would make dictionaries of a `values_list`
        return list(answered)


class _Read(SQLCompiler):
    """A compiler whose rows are known already."""

    found: list[Row] = []

    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        return [self.found]


class _Answered(Query):
    known: _Read

    def get_compiler(self, *args: Any, **kwargs: Any) -> _Read:
        return self.known


def _answers(questions: list[_Question], shared: dict[Hashable, tuple[str, Subselect]]) -> list[list[Row]]:
    if not questions:
        return []
    connection = questions[0].compiler.connection
    part = _PARTS[connection.vendor]
    sql = ", ".join(
        part.format(columns=", ".join(f"t.{name}" for name in one.columns), sql=one.sql) for one in questions
    )
    named = ", ".join(f"{name}(given) AS MATERIALIZED ({one.sql})" for name, one in shared.values())
    before = f"WITH {named} " if named else ""
    params = [param for _name, one in shared.values() for param in one.params]
    with connection.cursor() as cursor:
        cursor.execute(f"{before}SELECT {sql}", [*params, *(param for one in questions for param in one.params)])
        return [orjson.loads(told) if told else [] for told in cursor.fetchone()]


_PARTS = {
    "postgresql": "(SELECT json_agg(json_build_array({columns}))::text FROM ({sql}) t)",
    "sqlite": "(SELECT json_group_array(json_array({columns})) FROM ({sql}) t)",
}

_AS_THEY_ARE = (
    "CharField", "TextField", "EmailField", "BooleanField", "AutoField", "BigAutoField", "IntegerField", "BigIntegerField",
    "SmallIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField",
)  # fmt: skip
_READERS: dict[str, Callable[[Any], Any] | None] = {
    "UUIDField": UUID,
    "DateTimeField": datetime.fromisoformat,
    "DateField": date.fromisoformat,
    **dict.fromkeys(_AS_THEY_ARE),
}


def _reader(column: Any) -> Callable[[Any], Any] | None:
    field = column.output_field
    while field.is_relation:
        field = field.target_field
    return _READERS[field.get_internal_type()]  # a kind of column whose JSON nobody has looked at yet is a KeyError
