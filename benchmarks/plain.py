"""The peers of the API's lists: the same rows and the same content by hand-written SQL and orjson, outside Django.

The scope is asked for as the product asks for it: who may see what is part of the question. Columns stand in the order of
the answer's keys; what a database writes otherwise than JSON wants it is turned by `tidy`.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection

from access.models import User
from access.scoping import compartments_where
from core.shapes import address

Row = dict[str, Any]


class PlainList:
    """One page of 50 of `plural`, first page unless `place` says after which row."""

    def __init__(
        self, plain: Any, plural: str, *, table: str, columns: Sequence[tuple[str, str]], order: Sequence[str],
        viewer: User, capability: Sequence[str], newest_first: bool = False, join: str = "", more: str = "",
        finish: Callable[[Any, list[Row]], None] | None = None, uuids: Sequence[str] = (), instants: Sequence[str] = (),
        booleans: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.plain, self.plural, self.finish = plain, plural, finish
        self.names = [name for name, _sql in columns]
        self.uuids, self.instants, self.booleans = uuids, instants, booleans
        scope = compartments_where(viewer, *capability)
        self.params = list(scope.params)
        direction = " DESC" if newest_first else ""
        self.sql = (
            f"SELECT {', '.join(sql for _name, sql in columns)} FROM {table} t {join} "
            f"WHERE t.compartment_id IN ({scope.sql}){more} "
            f"ORDER BY {', '.join(column + direction for column in order)} LIMIT 51"
        )
        if connection.vendor == "sqlite":
            self.sql = self.sql.replace("%s", "?")

    def __call__(self) -> bytes:
        cursor = self.plain.cursor()
        cursor.execute(self.sql, self.params)
        rows = [dict(zip(self.names, row, strict=True)) for row in cursor.fetchall()[:50]]
        if connection.vendor == "sqlite":
            self._tidy(rows)
        for row in rows:
            if "url" in row:
                row["url"] = address(self.plural, row["id"])
        if self.finish:
            self.finish(cursor, rows)
        cursor.close()
        return orjson.dumps({"results": rows}, option=orjson.OPT_UTC_Z)

    def _tidy(self, rows: list[Row]) -> None:
        for row in rows:
            for name in self.uuids:
                row[name] = row[name] and str(uuid.UUID(row[name]))
            for name in self.instants:
                row[name] = row[name] and datetime.fromisoformat(row[name]).replace(tzinfo=UTC)
            for name in self.booleans:
                row[name] = bool(row[name])
