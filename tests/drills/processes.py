"""Commands and databases of the drills: each drill has a database of its own, and ends what it started by its id."""

import http.client
import json
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from tests.cast import PASSWORD
from tests.demo import Demo
from tests.drills.smtp_sink import Sink

ROOT = Path(settings.BASE_DIR)
NOT_OURS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "EMAIL_URL", "HOMEWARD_CLOCK")


class Database:
    """A database of the drill's own, asked from outside the application."""

    def __init__(self, url: str, vendor: str) -> None:
        self.url = url
        self.vendor = vendor

    @property
    def place(self) -> str:
        return self.url.removeprefix("sqlite:///") if self.vendor == "sqlite" else self.url

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of one statement, committed."""
        if self.vendor == "sqlite":
            with closing(sqlite3.connect(self.place, timeout=30)) as asked:
                rows = asked.execute(statement).fetchall()
                asked.commit()
                return rows
        with closing(psycopg2.connect(self.url)) as asked:
            asked.autocommit = True
            with asked.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def one(self, statement: str) -> Any:
        return self.ask(statement)[0][0]


@contextmanager
def database(vendor: str, folder: Path) -> Iterator[Database]:
    """A new one; PostgreSQL only where the tests run on it."""
    if vendor == "sqlite":
        yield Database(f"sqlite:///{folder / 'drill.sqlite3'}", vendor)
        return
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL")
    given = connection.settings_dict
    name = f"homeward_drill_{secrets.token_hex(4)}"
    password = f":{given['PASSWORD']}" if given["PASSWORD"] else ""
    server = f"postgres://{given['USER']}{password}@{given['HOST']}:{given['PORT'] or 5432}"
    maintenance = Database(f"{server}/postgres", vendor)
    maintenance.ask(f"CREATE DATABASE {name}")
    try:
        yield Database(f"{server}/{name}", vendor)
    finally:
        for (left,) in maintenance.ask(f"SELECT datname FROM pg_database WHERE datname LIKE '{name}%'"):
            maintenance.ask(f'DROP DATABASE "{left}" WITH (FORCE)')


def environment(of: Database, folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return kept | {"DATABASE_URL": of.url, "FILES_DIR": str(folder / "files"), "PYTHONUNBUFFERED": "1", **more}


def python(*arguments: str, **given: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, **given)


def stage(status: str, env: dict[str, str]) -> dict[str, str]:
    """The cast and a tranche, in the drill's database."""
    done = python("-m", "tests.drills.stage", status, env=env)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


class House(Demo):
    """Processes on a database of the drill's own, with a mail server. Each is killed with all that it started."""

    def __init__(self, own: Database, folder: Path, commands: dict[str, list[str]], **more: str) -> None:
        super().__init__(folder)
        self.database = own
        self.sink = Sink()
        self.commands = commands
        public = f"http://127.0.0.1:{self.port}"
        self.env = environment(own, folder, EMAIL_URL=self.sink.url, PUBLIC_URL=public, **more)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.log = (folder / "processes.log").open("ab")
        self.ids = stage("staged", self.env)
        self.cookies = ""

    def start(self, *names: str) -> None:
        for name in names or self.commands:
            command = [part.replace("PORT", str(self.port)) for part in self.commands[name]]
            self.running[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.env,
                stdout=self.log,
                stderr=self.log,
                start_new_session=True,
            )
        if {"web", "demo"} & set(names or self.commands):
            until(self.answers, "the web answers", 120)

    def answers(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def signal(self, number: int, *names: str) -> None:
        for name in names:
            os.killpg(self.running[name].pid, number)

    def kill(self, *names: str) -> None:
        self.signal(signal.SIGKILL, *names)
        for name in names:
            self.running.pop(name).wait(timeout=20)

    def close(self) -> None:
        self.kill(*self.running)
        self.log.close()
        self.sink.shutdown()
        self.sink.server_close()

    # What people do

    def act(self, step: str, *, answered: bool = True) -> None:
        """Hold the tranche, or release the hold, through the API; the answer is lost with a process that is killed."""
        if not self.cookies:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
                self.cookies = self._sign_in(connection, "north-head", PASSWORD)
        headers = {
            "Cookie": self.cookies, "Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}",
            "X-CSRFToken": re.search(r"homeward-csrf=([^;]+)", self.cookies)[1],
        }  # fmt: skip
        path = f"/api/v1/tranches/{self.ids['tranche']}/steps/{step}/"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            try:
                connection.request("POST", path, json.dumps({"reason": "drill"}), headers)
                answer = connection.getresponse()
                assert answer.status == 200, answer.read()
            except (OSError, http.client.HTTPException):
                assert not answered

    def act_meanwhile(self, step: str) -> threading.Thread:
        thread = threading.Thread(target=self.act, args=(step,), kwargs={"answered": False}, daemon=True)
        thread.start()
        return thread

    # What is seen from outside

    def head(self) -> int:
        """The position of the table's log."""
        return int(self.database.one(f"SELECT position FROM audit_log WHERE compartment_id = {self.table}"))

    def read(self) -> int:
        """How far routing has read it."""
        rows = self.database.ask(f"SELECT position FROM alerts_reader WHERE compartment_id = {self.table}")
        return int(rows[0][0]) if rows else 0

    @property
    def table(self) -> str:
        return f"'{self.ids['table'].replace('-', '') if self.database.vendor == 'sqlite' else self.ids['table']}'"

    def deliveries(self, position: int, channel: str) -> list[tuple[str, str, str]]:
        """Id, address and state of what one event owes by one channel."""
        rows = self.database.ask(
            "SELECT d.id, u.email, d.state FROM alerts_delivery d JOIN audit_event e ON e.id = d.event_id "
            f"JOIN access_user u ON u.id = d.recipient_id WHERE e.compartment_id = {self.table} "
            f"AND e.position = {position} AND d.channel = '{channel}' ORDER BY u.email"
        )
        return [(str(UUID(str(pk))), email, state) for pk, email, state in rows]

    def let_the_lease_run_out(self) -> None:
        """A minute passes for mails that somebody had begun to send."""
        zone = "+00" if self.database.vendor == "postgresql" else ""
        self.database.ask(f"UPDATE alerts_delivery SET due_at = '2020-01-01 00:00:00{zone}' WHERE state = 'due'")


def until(holds: Any, what: str, seconds: float = 90, every: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(every)
    raise AssertionError(f"in {seconds} seconds it did not come about that {what}")
