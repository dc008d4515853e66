"""Pages by key: a page ends at a row's own values, so that page 2,000 costs what page 1 costs. Nothing is counted."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

import orjson
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext as _

from core.errors import InputRefused
from core.kept import Slot

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")

PAGE, MOST = 50, 200
FORWARDS, BACKWARDS = 0, 1
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Order:
    """Columns that together differ in every row, all in one direction: only then can an index be followed."""

    columns: tuple[str, ...]
    newest_first: bool = False

    @property
    def forwards(self) -> list[str]:
        return [f"-{column}" for column in self.columns] if self.newest_first else list(self.columns)

    @property
    def backwards(self) -> list[str]:
        return list(self.columns) if self.newest_first else [f"-{column}" for column in self.columns]

    def place_of(self, row: Any) -> list[Any]:
        return [attrgetter(column.replace("__", "."))(row) for column in self.columns]


def newest_first(*columns: str) -> Order:
    return Order(columns, newest_first=True)


def by(*columns: str) -> Order:
    return Order(columns)


@dataclass(frozen=True)
class Page(Generic[T]):
    rows: list[T]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class Window:
    """Which rows of a list are wanted: so many that follow or precede a place."""

    model: type[models.Model]
    order: Order
    going: int
    place: list[Any] | None
    size: int

    @classmethod
    def at(cls, model: type[models.Model], order: Order, cursor: str, size: int) -> "Window":
        """Raises InputRefused for a cursor that is none of ours."""
        going, place = _read(cursor, model, order) if cursor else (FORWARDS, None)
        return cls(model, order, going, place, size)

    def of(self, rows: "models.QuerySet[Any, T]", place: Sequence[Any] | None) -> "models.QuerySet[Any, T]":
        """One row more than wanted, to know whether others follow."""
        order, going = self.order, self.going
        if place is not None:
            rows = rows.filter(Beyond(self.model, order, place, downwards=order.newest_first == (going == FORWARDS)))
        return rows.order_by(*(order.forwards if going == FORWARDS else order.backwards))[: self.size + 1]

    def page(self, found: list[T]) -> "Page[T]":
        return _page(found, self.order, self.going, self.place, self.size)


def page_of(rows: "models.QuerySet[M]", order: Order, *, cursor: str = "", size: int = PAGE) -> Page[M]:
    """The rows that follow or precede the cursor's place. Raises InputRefused for a cursor that is none of ours."""
    window = Window.at(rows.model, order, cursor, size)
    return window.page(list(window.of(rows, window.place)))


def _page(found: list[T], order: Order, going: int, place: list[Any] | None, size: int) -> Page[T]:
    is_more, found = len(found) > size, found[:size]
    if going == BACKWARDS:
        found.reverse()
    has_next, has_previous = (is_more, place is not None) if going == FORWARDS else (True, is_more)
    return Page(
        found,
        _write(FORWARDS, order.place_of(found[-1])) if found and has_next else None,
        _write(BACKWARDS, order.place_of(found[0])) if found and has_previous else None,
    )


class Beyond(models.Func):
    """`(a, b) > (x, y)` as one comparison of rows; spelt with OR, neither database follows an index."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self, model: type[models.Model], order: Order, place: Sequence[Any], *, downwards: bool) -> None:
        values = [
            value if isinstance(value, Slot) else models.Value(value, output_field=column_field(model, column))
            for column, value in zip(order.columns, place, strict=True)
        ]
        super().__init__(*(models.F(column) for column in order.columns), *values)
        self.sign = "<" if downwards else ">"

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: Any, *args: Any, **kwargs: Any
    ) -> tuple[str, list[Any]]:
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        half = len(parts) // 2
        columns, values = (", ".join(sql for sql, _params in side) for side in (parts[:half], parts[half:]))
        return f"({columns}) {self.sign} ({values})", [param for _sql, params in parts for param in params]


def column_field(model: type[models.Model], column: str) -> Any:
    """The field at the end of a path such as `participant__letter`; of a foreign key, the field it points to."""
    *path, last = column.split("__")
    for name in path:
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]
    field: Any = model._meta.get_field(last)
    return field.target_field if field.is_relation else field


def _write(going: int, place: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([going, *place])).decode().rstrip("=")


def _read(cursor: str, model: type[models.Model], order: Order) -> tuple[int, list[Any]]:
    try:
        going, *place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if going not in (FORWARDS, BACKWARDS) or len(place) != len(order.columns):
            raise ValueError(cursor)
        return going, [_typed(model, column, value) for column, value in zip(order.columns, place, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error, ValidationError) as error:
        sentence = _("This cursor is none of ours: begin at the first page.")
        raise InputRefused(sentence, errors={"cursor": [sentence]}) from error


def _typed(model: type[models.Model], column: str, value: Any) -> Any:
    """The value as its column holds it. Raises ValueError, TypeError or ValidationError."""
    typed = column_field(model, column).to_python(value)
    if isinstance(typed, datetime):
        typed = typed.astimezone(UTC)
    if (
        typed is None
        or (isinstance(typed, int) and abs(typed) > LARGEST)
        or (isinstance(typed, str) and "\x00" in typed)
    ):
        raise ValueError(column)
    return typed
