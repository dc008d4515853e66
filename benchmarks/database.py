"""The benchmarks' own database, made and seeded on first use, and plain connections to it that know nothing of Django."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from access.models import Installation, User
from benchmarks.measuring import FULL, Sizes

NAME = "homeward_bench"


def use_own_database(sizes: Sizes, tell: Callable[[str], object]) -> None:
    """Leave the configured database alone: from here on this process works on another one of the same kind."""
    name = NAME if sizes == FULL else f"{NAME}_tiny"
    if connection.vendor == "sqlite":
        name = str(Path(connection.settings_dict["NAME"]).with_name(f"{name}.sqlite3"))
    else:
        _create(name)
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = address()  # for the processes that a benchmark starts
    call_command("migrate", verbosity=0)
    if not Installation.objects.filter(seeded_with="scale").exists():
        tell(f"making the database {Path(name).name}, once")
        call_command("seed", "scale", persons=sizes.persons, exchanges=sizes.exchanges, entries=sizes.entries)


def _create(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}")


def address() -> str:
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    who = quote(given["USER"] or "", safe="") + (f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else "")
    port = f":{given['PORT']}" if given["PORT"] else ""
    return f"postgres://{who}@{quote(given['HOST'] or '', safe='')}{port}/{given['NAME']}"


def plain_connection() -> Any:
    """As psycopg2 or sqlite3 give it."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        import sqlite3

        return sqlite3.connect(given["NAME"])
    import psycopg2  # type: ignore[import-untyped,unused-ignore]

    plain = psycopg2.connect(
        dbname=given["NAME"], user=given["USER"] or None, password=given["PASSWORD"] or None, host=given["HOST"] or None,
        port=given["PORT"] or None, options="-c timezone=UTC",
    )  # fmt: skip
    plain.autocommit = True
    return plain


def head(side: str = "north") -> User:
    found: User = User.objects.get(username=f"scale-{side}-head")
    return found
