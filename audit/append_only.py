"""Triggers that refuse UPDATE, DELETE and TRUNCATE on every model with `append_only = True`.

They are installed after every migration, since SQLite drops a table's triggers when it rebuilds the table.
A model with `erasable_where` lets a row be deleted where that query finds a decision to erase it: the content of an event
where an Erasure names the event, a claim where the erasure of its person is recorded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection


def guarded_tables() -> list[str]:
    return sorted(_erasable())


def _erasable() -> dict[str, str]:
    """Every append-only table, and the query that finds a decision to erase `OLD`; empty where nothing is erased."""
    return {
        model._meta.db_table: getattr(model, "erasable_where", "")
        for model in apps.get_models()
        if getattr(model, "append_only", False)
    }


def _names(table: str) -> dict[str, str]:
    return {act: f"{table}_no_{act}" for act in ("update", "delete", "truncate")}


def _install_postgresql(table: str) -> list[str]:
    names, where = _names(table), _erasable()[table]
    refuse = f"{table}_only_erased" if where else "homeward_append_only"
    # The names and queries come from our own models, not from anybody's input.
    erasing = [
        f'CREATE OR REPLACE FUNCTION "{refuse}"() RETURNS trigger LANGUAGE plpgsql AS $$ '
        f"BEGIN IF EXISTS ({where}) THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'append-only table %', TG_TABLE_NAME; END $$"
    ]
    return [
        *(erasing if where else []),
        f'CREATE OR REPLACE TRIGGER "{names["update"]}" BEFORE UPDATE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION homeward_append_only()",
        f'CREATE OR REPLACE TRIGGER "{names["delete"]}" BEFORE DELETE ON "{table}" '
        f'FOR EACH ROW EXECUTE FUNCTION "{refuse}"()',
        f'CREATE OR REPLACE TRIGGER "{names["truncate"]}" BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION homeward_append_only()",
    ]


POSTGRESQL_FUNCTIONS = [
    "CREATE OR REPLACE FUNCTION homeward_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION 'append-only table %', TG_TABLE_NAME; END $$",
]


def _install_sqlite(table: str) -> list[str]:
    names, where = _names(table), _erasable()[table]
    unless = f"WHEN NOT EXISTS ({where}) " if where else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, 'append-only table {table}'); END"
    return [
        f'CREATE TRIGGER IF NOT EXISTS "{names["update"]}" BEFORE UPDATE ON "{table}" {refuse}',
        f'DROP TRIGGER IF EXISTS "{names["delete"]}"',  # an older one may know of no erasure
        f'CREATE TRIGGER "{names["delete"]}" BEFORE DELETE ON "{table}" {unless}{refuse}',
    ]


def install(**kwargs: Any) -> None:
    """Put every trigger in place; safe to run again."""
    existing = set(connection.introspection.table_names())
    tables = [table for table in guarded_tables() if table in existing]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in POSTGRESQL_FUNCTIONS:
                cursor.execute(statement)
        build = _install_postgresql if connection.vendor == "postgresql" else _install_sqlite
        for table in tables:
            for statement in build(table):
                cursor.execute(statement)


def put_aside(**kwargs: Any) -> None:
    """Before a migration: SQLite renames no rebuilt table while a trigger of another one speaks of it."""
    if connection.vendor == "sqlite":
        _drop()


def missing() -> list[str]:
    """Names of the triggers that should stand in the database and do not."""
    acts = ("update", "delete", "truncate") if connection.vendor == "postgresql" else ("update", "delete")
    wanted = {_names(table)[act] for table in guarded_tables() for act in acts}
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return sorted(wanted - {row[0] for row in cursor.fetchall()})


@contextmanager
def lifted() -> Iterator[None]:
    """Without triggers, for the flush between tests; never used by the application."""
    _drop()
    try:
        yield
    finally:
        install()


def _drop() -> None:
    with connection.cursor() as cursor:
        for table in guarded_tables():
            for name in _names(table).values():
                on = f' ON "{table}"' if connection.vendor == "postgresql" else ""
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}')
