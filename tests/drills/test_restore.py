"""Backup and restore by their two commands, on each database: what comes back, what is refused, and what must wait after it."""

import json
import re
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from config.backups.manifest import sized_digest
from tests.drills.processes import Database, database, environment, python, stage

pytestmark = [pytest.mark.real, pytest.mark.slow]


@dataclass
class House:
    database: Database
    folder: Path
    env: dict[str, str]
    ids: dict[str, str]
    backup: Path

    def manage(self, *arguments: str, code: int = 0, **more: str) -> str:
        """What the command said."""
        done = python("manage.py", *arguments, env=self.env | more)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def counts(self) -> dict[str, int]:
        tables = (
            "audit_event", "audit_eventdata", "access_user", "exchanges_entry", "exchanges_signoff", "exchanges_manifest",
            "exchanges_cleared", "people_person",
        )  # fmt: skip
        return {table: self.database.one(f"SELECT count(*) FROM {table}") for table in tables}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request, tmp_path_factory):
    """A house with a staged tranche, two files, a session and a key, of which a backup was taken."""
    folder = tmp_path_factory.mktemp("house")
    with database(request.param, folder) as own:
        env = environment(own, folder)
        ids = stage("staged", env)
        (folder / "files/ab").mkdir(parents=True)
        (folder / "files/ab/one").write_bytes(b"a scan")
        (folder / "files/two").write_bytes(b"")
        (folder / "files/.before-restore-1").mkdir()
        (folder / "files/.before-restore-1/old").write_bytes(b"left out")
        made = House(own, folder, env, ids, folder / "backups/today")
        said = made.manage("backup", str(made.backup))
        assert sized_digest(made.backup / "manifest.json")[1] in said
        yield made


@pytest.fixture
def empty(house, tmp_path):
    """Another house, with nothing in it."""
    with database(house.database.vendor, tmp_path) as own:
        yield House(own, tmp_path, environment(own, tmp_path), house.ids, house.backup)


def tampered(house: House, folder: Path, statement: str) -> Path:
    """The backup with `statement` run in its dump, triggers off, and a manifest that fits again."""
    copy = folder / "tampered"
    subprocess.run(["cp", "-r", str(house.backup), str(copy)], check=True)
    if house.database.vendor == "sqlite":
        with closing(sqlite3.connect(copy / "database.sqlite3")) as dump:
            triggers = dump.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _sql in triggers:
                dump.execute(f'DROP TRIGGER "{name}"')
            dump.execute(statement)
            for _name, sql in triggers:
                dump.execute(sql)
            dump.commit()
    else:
        with database("postgresql", folder) as workshop:
            dump = str(copy / "database.dump")
            subprocess.run(["pg_restore", "--no-owner", "-d", workshop.url, dump], check=True)
            with closing(psycopg2.connect(workshop.url)) as dumped, dumped, dumped.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
                cursor.execute(statement)
            subprocess.run(["pg_dump", "-Fc", "-d", workshop.url, "-f", dump], check=True)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"] = {name: sized_digest(copy / name) for name in manifest["files"]}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def id_in(house: House, pk: str) -> str:
    return pk.replace("-", "") if house.database.vendor == "sqlite" else pk


def test_backup_is_private_whole_and_holds_no_session(house, tmp_path):
    names = sorted(str(path.relative_to(house.backup)) for path in house.backup.rglob("*") if path.is_file())
    dump = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}[house.database.vendor]

    assert names == [dump, "files/ab/one", "files/two", "manifest.json"]
    assert house.backup.stat().st_mode & 0o077 == 0
    assert all((house.backup / name).stat().st_mode & 0o077 == 0 for name in names)
    assert [path.name for path in house.backup.parent.iterdir()] == ["today"]  # nothing unfinished is left
    assert house.database.one("SELECT count(*) FROM django_session") == 1


def test_backup_never_writes_over_anything(house):
    before = (house.backup / "manifest.json").read_bytes()

    assert "is there already" in house.manage("backup", str(house.backup), code=1)
    assert (house.backup / "manifest.json").read_bytes() == before


def test_it_comes_back_whole_and_waits_in_quarantine(house, empty):
    said = empty.manage("restore", str(house.backup))

    before, after = house.counts(), empty.counts()
    logs = int(re.search(r"(\d+) logs with (\d+) events are whole", said)[1])
    assert "Every append-only table has its triggers." in said
    # A line in each log says that it was restored, another that the key was revoked; nothing else differs.
    assert after.pop("audit_event") == before.pop("audit_event") + logs + 1
    assert after.pop("audit_eventdata") == before.pop("audit_eventdata") + logs + 1
    assert after == before
    assert (empty.folder / "files/ab/one").read_bytes() == b"a scan"
    assert empty.database.one("SELECT count(*) FROM django_session") == 0
    assert empty.database.one("SELECT count(*) FROM accounts_apikey WHERE revoked_at IS NULL") == 0

    # What was due is held: sweeps send nothing, and nobody goes.
    owed = empty.database.one("SELECT count(*) FROM alerts_delivery WHERE channel = 'mail' AND state = 'due'")
    assert owed > 0
    assert f"{owed} deliveries are held" in said
    empty.manage("shell", "-c", "from alerts.tasks import sweep; sweep()")
    assert empty.database.one("SELECT count(*) FROM alerts_delivery WHERE state = 'due'") == owed
    assert "outbound: held since a restore" in empty.manage("alerts_check", code=1)
    assert "restored from a backup and has not been released yet" in empty.manage("shell", "-c", GO, code=1)
    empty.manage("export_log", house.ids["table"], str(empty.folder / "log"))
    assert python("verify_log.py", str(empty.folder / "log")).stdout.startswith("WHOLE")

    # Released: what may have left before is not sent again, and whoever may goes.
    assert f"Released. {owed} deliveries" in empty.manage("restore", "--release")
    assert empty.database.one("SELECT count(*) FROM alerts_delivery WHERE state = 'due'") == 0
    assert empty.database.one("SELECT count(*) FROM alerts_delivery WHERE channel = 'mail' AND state = 'sent'") == 0
    assert "given" in empty.manage("shell", "-c", GO)
    assert "Nothing is in quarantine" in empty.manage("restore", "--release", code=1)


GO = """
import sys
from access.models import User
from core.errors import DomainError
from exchanges.models import Tranche
from exchanges.operations.tranche import take_step
try:
    take_step(Tranche.objects.unscoped("drill").get(), "go", actor=User.objects.get(username="north-handover"))
except DomainError as refused:
    sys.exit(refused.sentence)
sys.stdout.write("given")
"""


def test_nothing_is_backed_up_before_there_is_something(empty):
    assert "run manage.py migrate first" in empty.manage("backup", str(empty.folder / "b"), code=1)
    assert not (empty.folder / "b").exists()


def test_data_are_replaced_only_when_told_and_then_kept_aside(house, empty):
    empty.manage("restore", str(house.backup), "--keep-keys")
    assert empty.database.one("SELECT count(*) FROM accounts_apikey WHERE revoked_at IS NULL") == 1
    (empty.folder / "files/three").write_bytes(b"came later")
    events = empty.counts()["audit_event"]

    assert "holds data already" in empty.manage("restore", str(house.backup), code=1)
    assert empty.counts()["audit_event"] == events

    kept = re.search(r"is kept as (\S+);", empty.manage("restore", str(house.backup), "--replace"))[1]
    old = Database(f"sqlite:///{kept}" if kept.startswith("/") else f"{empty.database.url.rpartition('/')[0]}/{kept}",
                   empty.database.vendor)  # fmt: skip
    assert old.one("SELECT count(*) FROM audit_event") == events
    assert not (empty.folder / "files/three").exists()
    assert [path.read_bytes() for path in (empty.folder / "files").glob(".before-restore-*/three")] == [b"came later"]


def test_the_weekly_drill_changes_nothing(house):
    before, databases = house.counts(), names_beside(house)
    digest = sized_digest(house.backup / "manifest.json")[1]

    said = house.manage("restore", str(house.backup), "--check", "--manifest", digest)

    assert said.endswith("This backup can be restored. Nothing was changed.\n")
    assert (house.counts(), names_beside(house)) == (before, databases)


def names_beside(house: House) -> list[str]:
    if house.database.vendor == "sqlite":
        return sorted(
            path.name
            for path in house.folder.glob("drill.sqlite3*")
            if path.suffix not in (".sqlite3-wal", ".sqlite3-shm")
        )
    name = house.database.url.rpartition("/")[2]
    return [row[0] for row in house.database.ask(f"SELECT datname FROM pg_database WHERE datname LIKE '{name}%'")]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit_event SET kind = 'tranche.aborted' WHERE position = 3 AND compartment_id = '{table}'",
         "log {log}: row 3: hash does not fit the row"),
        ("UPDATE audit_eventdata SET json = '{{}}' WHERE event_id IN "
         "(SELECT id FROM audit_event WHERE position = 2 AND compartment_id = '{table}')",
         "log {log}: row 2: data do not fit the commitment"),
        ("UPDATE audit_eventdata SET json = '{{' WHERE event_id IN "
         "(SELECT id FROM audit_event WHERE position = 2 AND compartment_id = '{table}')",
         "log {log}: row 2: not readable"),
        ("UPDATE audit_log SET position = 4 WHERE compartment_id = '{table}'", "log {log}: header: head is not the hash"),
    ],
    ids=["event", "content", "no JSON", "head"],
)  # fmt: skip
def test_a_tampered_dump_is_refused_with_the_row_named(house, tmp_path, statement, told):
    table = house.ids["table"]
    copy = tampered(house, tmp_path, statement.format(table=id_in(house, table)))
    databases = names_beside(house)

    said = house.manage("restore", str(copy), "--check", code=1)

    assert told.format(log=table) in said
    assert "Nothing was restored." in said
    assert names_beside(house) == databases


def test_a_changed_lost_or_added_file_is_refused(house, tmp_path):
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(house.backup), str(copy)], check=True)
    (copy / "files/ab/one").write_bytes(b"a scam")
    assert "files/ab/one is not what the manifest counts" in house.manage("restore", str(copy), "--check", code=1)

    (copy / "files/ab/one").unlink()
    assert "files/ab/one is missing" in house.manage("restore", str(copy), "--check", code=1)

    assert "another" in house.manage("restore", str(house.backup), "--check", "--manifest", "0" * 64, code=1)
    assert "is no backup" in house.manage("restore", str(tmp_path), "--check", code=1)


def test_nobody_is_replaced_while_at_work(house, tmp_path):
    opened = (
        psycopg2.connect(house.database.url)
        if house.database.vendor == "postgresql"
        else sqlite3.connect(house.database.place)
    )
    with closing(opened):
        opened.cursor().execute("SELECT count(*) FROM audit_event")

        assert "first." in house.manage("restore", str(house.backup), "--replace", code=1)


def test_without_the_tools_it_says_what_to_install(house, tmp_path):
    if house.database.vendor == "sqlite":
        pytest.skip("SQLite needs none")

    assert "pg_dump is not installed here" in house.manage("backup", str(tmp_path / "b"), code=1, PATH="/nowhere")
    assert list(tmp_path.iterdir()) == []
