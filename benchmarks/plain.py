"""The peers of the API's lists: the same rows and the same content by hand-written SQL and orjson, outside Django.

The scope is asked for as the product asks for it, of every table that is read: who may see what is part of the question,
and so is who asks, which both find by the key of the call. Columns stand in the order of
the answer's keys; what a database writes otherwise than JSON wants it is turned by `tidy`.
"""

import hashlib
import hmac
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

WHO_ASKS = """
SELECT k.secret_hash, m.id, u.id FROM accounts_apikey k
JOIN access_membership m ON m.id = k.membership_id JOIN access_user u ON u.id = m.user_id
WHERE k.prefix = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > CURRENT_TIMESTAMP)
AND m.starts_at <= CURRENT_TIMESTAMP AND (m.ends_at IS NULL OR m.ends_at > CURRENT_TIMESTAMP) AND u.is_active
"""


class PlainKey:
    """The look-up of a call's key."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.sql = WHO_ASKS
        if connection.vendor == "sqlite":  # where CURRENT_TIMESTAMP knows whole seconds, and a right began in this one
            self.sql = WHO_ASKS.replace("%s", "?").replace("CURRENT_TIMESTAMP", "strftime('%Y-%m-%d %H:%M:%f', 'now')")

    def __call__(self, cursor: Any) -> None:
        _scheme, prefix, secret = self.token.split("_", 2)
        cursor.execute(self.sql, [prefix])
        ((stored, _membership, _user),) = cursor.fetchall()
        assert hmac.compare_digest(stored, hashlib.sha256(secret.encode()).hexdigest())


def scope_of(viewer: User, *capabilities: str) -> tuple[str, list[Any]]:
    scope = compartments_where(viewer, *capabilities)
    return scope.sql, list(scope.params)


class PlainList:
    """One page of 50 of `plural`, first page unless `place` says after which row."""

    def __init__(
        self, plain: Any, plural: str, *, table: str, columns: Sequence[tuple[str, str]], order: Sequence[str],
        viewer: User, capability: Sequence[str], newest_first: bool = False, join: str = "", joined: Sequence[Any] = (),
        finish: Callable[[Any, list[Row]], None] | None = None, uuids: Sequence[str] = (), instants: Sequence[str] = (),
        booleans: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.plain, self.plural, self.finish = plain, plural, finish
        self.names = [name for name, _sql in columns]
        self.uuids, self.instants, self.booleans = uuids, instants, booleans
        scope, params = scope_of(viewer, *capability)
        self.params = [*joined, *params]
        self.key: PlainKey | None = None
        direction = " DESC" if newest_first else ""
        self.sql = (
            f"SELECT {', '.join(sql for _name, sql in columns)} FROM {table} t {join} "
            f"WHERE t.compartment_id IN ({scope}) "
            f"ORDER BY {', '.join(column + direction for column in order)} LIMIT 51"
        )
        if connection.vendor == "sqlite":
            self.sql = self.sql.replace("%s", "?")

    def __call__(self) -> bytes:
        cursor = self.plain.cursor()
        if self.key:
            self.key(cursor)
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
