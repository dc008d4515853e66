"""What differs between the two databases: how one is written out, loaded beside the one in use, and put in its place."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from config.backups import BackupRefused

HEADS = "SELECT compartment_id, position, hash FROM audit_log ORDER BY compartment_id"
APPLIED = "SELECT app, name FROM django_migrations ORDER BY app, name"
SESSIONS = "django_session"  # keys to the house: never in a backup


class Engine:
    vendor = ""
    file = ""

    def dump(self, path: Path) -> tuple[list[Any], list[Any]]:
        """Write the database out as of one instant. Returns the heads of its logs and its migrations at that instant."""
        raise NotImplementedError

    def refuse_company(self) -> None:
        """Nobody else may be at work in the database that is to be replaced."""
        raise NotImplementedError

    def load(self, path: Path, stamp: str) -> str:
        """Load it beside the one in use. Returns its name."""
        raise NotImplementedError

    def adopt(self, name: str, stamp: str, *, keep: bool) -> str:
        """Put it in the place of the one in use. Returns under which name that one is kept, if it is."""
        raise NotImplementedError

    def drop(self, name: str) -> None:
        raise NotImplementedError

    def holds_data(self) -> bool:
        tables = set(connection.introspection.table_names())
        with connection.cursor() as cursor:
            for table in {"access_party", "access_organisation", "audit_event"} & tables:
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608  one of the three names above
                if cursor.fetchone()[0]:
                    return True
        return False

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """Within, this process's connection leads to the database of that name."""
        in_use = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = in_use


class SQLite(Engine):
    vendor = "sqlite"
    file = "database.sqlite3"

    @property
    def path(self) -> Path:
        return Path(str(connection.settings_dict["NAME"]))

    def dump(self, path: Path) -> tuple[list[Any], list[Any]]:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(path)])
        with closing(sqlite3.connect(path)) as copy:
            copy.execute(f"DELETE FROM {SESSIONS}")  # noqa: S608  our own table
            copy.commit()
            copy.execute("VACUUM")  # what was deleted is not left in free pages
            heads = [(UUID(pk), position, digest) for pk, position, digest in copy.execute(HEADS)]
            return heads, list(copy.execute(APPLIED))

    def refuse_company(self) -> None:
        """Leaving WAL needs the file for oneself: it fails while any other process has it open."""
        connection.close()
        if not self.path.exists():
            return
        with closing(sqlite3.connect(self.path, timeout=1)) as alone:
            try:
                alone.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.OperationalError:
                raise BackupRefused(f"Something works with {self.path}. Stop Homeward first.") from None

    def load(self, path: Path, stamp: str) -> str:
        beside = self.path.with_name(f"{self.path.name}.restoring-{stamp}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, beside)
        beside.chmod(0o600)
        with closing(sqlite3.connect(beside)) as loaded:
            try:
                fault = loaded.execute("PRAGMA integrity_check(1)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                fault = str(error)
        if fault != "ok":
            self.drop(str(beside))
            raise BackupRefused(f"The dump is damaged: SQLite says “{fault}”. Nothing was restored.")
        return str(beside)

    def adopt(self, name: str, stamp: str, *, keep: bool) -> str:
        self.refuse_company()
        kept = self.path.with_name(f"{self.path.name}.before-restore-{stamp}")
        if keep and self.path.exists():
            os.link(self.path, kept)
        Path(name).replace(self.path)
        return str(kept) if keep else ""

    def drop(self, name: str) -> None:
        connection.close()
        for end in ("", "-wal", "-shm"):
            Path(name + end).unlink(missing_ok=True)


class PostgreSQL(Engine):
    vendor = "postgresql"
    file = "database.dump"

    def dump(self, path: Path) -> tuple[list[Any], list[Any]]:
        """The heads are read in the snapshot that pg_dump writes out."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            self._run(
                "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--exclude-table-data=public.{SESSIONS}",
                f"--snapshot={snapshot}", f"--file={path}",
            )  # fmt: skip
            cursor.execute(HEADS)
            heads = cursor.fetchall()
            cursor.execute(APPLIED)
            return heads, cursor.fetchall()

    def _run(self, tool: str, *arguments: str, database: str = "") -> None:
        """The password stays in the environment: an argument is read by everybody on the machine."""
        given = connection.settings_dict
        parts = {
            "PGHOST": given["HOST"], "PGPORT": str(given["PORT"] or ""), "PGUSER": given["USER"],
            "PGPASSWORD": given["PASSWORD"], "PGDATABASE": database or given["NAME"],
            "PGSSLMODE": given.get("OPTIONS", {}).get("sslmode", ""),
            "PGSSLROOTCERT": given.get("OPTIONS", {}).get("sslrootcert", ""),
        }  # fmt: skip
        environment = os.environ | {name: str(value) for name, value in parts.items() if value}
        try:
            done = subprocess.run([tool, "--no-password", *arguments], env=environment, capture_output=True, text=True)  # noqa: S603
        except FileNotFoundError:
            raise BackupRefused(
                f"{tool} is not installed here. Install PostgreSQL's client of the server's version or newer "
                "(Debian: postgresql-client); the image of docker-compose.yml has it."
            ) from None
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no message"])[0]
            raise BackupRefused(f"{tool} failed: {said}")

    def refuse_company(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            others = cursor.fetchone()[0]
        if others:
            raise BackupRefused(
                f"{others} other connections work with this database. Stop web, workers and beat first."
            )

    def load(self, path: Path, stamp: str) -> str:
        name = f"{connection.settings_dict['NAME'][:30]}_restoring_{stamp}"
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT datcollate, datctype FROM pg_database WHERE datname = current_database()")
                collate, ctype = cursor.fetchone()
                cursor.execute(
                    f"CREATE DATABASE {_quoted(name)} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE %s LC_CTYPE %s",
                    [collate, ctype],
                )
        except DatabaseError as error:
            said = str(error).splitlines()[0]
            raise BackupRefused(
                f"Cannot make a database beside the one in use: {said}. The role in DATABASE_URL needs CREATEDB."
            ) from None
        try:
            self._run(
                "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                f"--dbname={name}", str(path), database=name,
            )  # fmt: skip
        except BackupRefused as refused:
            self.drop(name)
            raise BackupRefused(f"The dump cannot be loaded. {refused} Nothing was restored.") from None
        return name

    def adopt(self, name: str, stamp: str, *, keep: bool) -> str:
        in_use = connection.settings_dict["NAME"]
        kept = f"{in_use[:30]}_before_restore_{stamp}"
        self.refuse_company()
        connection.close()
        try:
            with self._elsewhere() as cursor:  # both or neither: two statements sent as one are one transaction
                cursor.execute(
                    f"ALTER DATABASE {_quoted(in_use)} RENAME TO {_quoted(kept)}; "
                    f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(in_use)}"
                )
        except DatabaseError as error:
            raise BackupRefused(f"Cannot put the restored database in place: {str(error).splitlines()[0]}.") from None
        if not keep:
            self.drop(kept)
        return kept if keep else ""

    def drop(self, name: str) -> None:
        connection.close()
        with self._elsewhere() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(name)}")

    def _elsewhere(self) -> Any:
        """In the maintenance database: nobody renames or drops the one they are in."""
        return connection._nodb_cursor()


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


def engine() -> Engine:
    return PostgreSQL() if connection.vendor == "postgresql" else SQLite()
