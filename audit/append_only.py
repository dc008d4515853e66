"""Triggers that refuse UPDATE, DELETE and TRUNCATE on every model with `append_only = True`.

They are installed after every migration, since SQLite drops a table's triggers when it rebuilds the table.
The content of an event may be deleted where an Erasure names the event.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

ERASABLE = "audit_eventdata"
ERASURES = "audit_erasure"


def guarded_tables() -> list[str]:
    return sorted(model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False))


def _names(table: str) -> dict[str, str]:
    return {act: f"{table}_no_{act}" for act in ("update", "delete", "truncate")}


def _install_postgresql(table: str) -> list[str]:
    names = _names(table)
    # The names come from our own models, not from anybody's input.
    return [
        f'CREATE OR REPLACE TRIGGER "{names["update"]}" BEFORE UPDATE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION homeward_append_only()",
        f'CREATE OR REPLACE TRIGGER "{names["delete"]}" BEFORE DELETE ON "{table}" '
        f"FOR EACH ROW EXECUTE FUNCTION {'homeward_only_erased' if table == ERASABLE else 'homeward_append_only'}()",
        f'CREATE OR REPLACE TRIGGER "{names["truncate"]}" BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION homeward_append_only()",
    ]


POSTGRESQL_FUNCTIONS = [
    "CREATE OR REPLACE FUNCTION homeward_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION 'append-only table %', TG_TABLE_NAME; END $$",
    "CREATE OR REPLACE FUNCTION homeward_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$ "
    f"BEGIN IF EXISTS (SELECT 1 FROM {ERASURES} WHERE event_id = OLD.event_id) THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'append-only table %', TG_TABLE_NAME; END $$",
]


def _install_sqlite(table: str) -> list[str]:
    names = _names(table)
    unless = f"WHEN NOT EXISTS (SELECT 1 FROM {ERASURES} WHERE event_id = OLD.event_id) " if table == ERASABLE else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, 'append-only table {table}'); END"
    return [
        f'CREATE TRIGGER IF NOT EXISTS "{names["update"]}" BEFORE UPDATE ON "{table}" {refuse}',
        f'CREATE TRIGGER IF NOT EXISTS "{names["delete"]}" BEFORE DELETE ON "{table}" {unless}{refuse}',
    ]


def install(**kwargs: Any) -> None:
    """Put every trigger in place; safe to run again."""
    existing = set(connection.introspection.table_names())
    tables = [table for table in guarded_tables() if table in existing]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            if ERASURES not in existing:
                return
            for statement in POSTGRESQL_FUNCTIONS:
                cursor.execute(statement)
        build = _install_postgresql if connection.vendor == "postgresql" else _install_sqlite
        for table in tables:
            for statement in build(table):
                cursor.execute(statement)


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
