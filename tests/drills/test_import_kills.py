"""Whoever takes a list in is killed in the middle: after the restart it goes in as if nothing had been, and is undone whole.

The same list goes in twice: once in peace, once with SIGKILL between two chunks or inside one, wherever it falls; and the undoing
is killed as well. On SQLite with the demonstration's one process, and on PostgreSQL and Redis with every process of its own.
"""

import http.client
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.conf import settings

from tests.cast import PASSWORD
from tests.drills.processes import House, database, until
from tests.drills.test_kills import EVERY_PROCESS, ONE_PROCESS, Broker

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROWS = 6_000  # so many that a process beside the worker reads them and makes their dossiers
HEADINGS = "Прізвище;Ім'я;Дата народження;Особистий номер"
# What a list leaves behind, without the ids and times that differ from one import to the next.
LEFT = {
    "persons": "SELECT label, birth_date, service_number, version FROM people_person",
    "names": "SELECT p.service_number, n.family, n.given, n.script, n.kind, n.source, n.is_preferred FROM people_name n "
    "JOIN people_person p ON p.id = n.person_id",
    "sought by": "SELECT p.service_number, k.key, k.place FROM people_searchkey k JOIN people_person p ON p.id = k.person_id",
    "matched by": "SELECT p.service_number, k.key FROM people_matchkey k JOIN people_person p ON p.id = k.person_id",
}


@pytest.fixture(scope="module", params=["demo", "services"])
def house(request, worker_id, tmp_path_factory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp(request.param)
    more, commands, vendor = {}, ONE_PROCESS, "sqlite"
    if request.param == "services":
        if not settings.REDIS_URL:
            pytest.skip("needs Redis: set REDIS_URL")
        broker = Broker(worker_id)
        broker.flush()
        more, vendor = {"REDIS_URL": broker.url}, "postgresql"
        schedule = str(folder / "schedule")
        commands = {name: [part.replace("SCHEDULE", schedule) for part in one] for name, one in EVERY_PROCESS.items()}
    with database(vendor, folder) as own:
        made = House(own, folder, commands, **more)
        try:
            made.start()
            yield made
        finally:
            made.close()


class Clerk:
    """North's clerk, who sends lists in through the API."""

    def __init__(self, house: House) -> None:
        self.house = house
        with closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)) as connection:
            self.cookies = house._sign_in(connection, "north-clerk", PASSWORD)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "Cookie": self.cookies, "Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.house.port}",
            "X-CSRFToken": re.search(r"homeward-csrf=([^;]+)", self.cookies)[1],
        }  # fmt: skip
        with closing(http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=60)) as connection:
            connection.request("POST", f"/api/v1/imports/{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status in (200, 201), content
            return json.loads(content)

    def sends(self, content: bytes) -> str:
        """Checked, and nothing taken yet."""
        pk = self.post("", {"sender": "South", "content": b64encode(content).decode()})["id"]
        until(lambda: self.status(pk) == "mapping", "the file is read")
        self.post(f"{pk}/steps/check/", {})
        until(lambda: self.status(pk) == "preview", "the rows are checked", 120)
        return pk

    def status(self, pk: str) -> str:
        return self.house.database.one(f"SELECT status FROM people_import WHERE id = {self.spelt(pk)}")

    def done(self, pk: str) -> int:
        return self.house.database.one(f"SELECT done_rows FROM people_import WHERE id = {self.spelt(pk)}")

    def spelt(self, pk: str) -> str:
        return f"'{pk.replace('-', '') if self.house.database.vendor == 'sqlite' else pk}'"

    def in_peace(self, pk: str, step: str, ends: str) -> None:
        self.post(f"{pk}/steps/{step}/", {})
        until(lambda: self.status(pk) == ends, f"it is {ends}", 120)

    def killed_in_the_middle(self, pk: str, step: str, at_work: str, ends: str) -> None:
        self.post(f"{pk}/steps/{step}/", {})
        until(lambda: self.done(pk) > 0, "a part is done", 120, every=0.002)
        self.house.kill(*self.house.running)
        assert (self.status(pk), 0 < self.done(pk) < ROWS) == (at_work, True)

        zone = "+00" if self.house.database.vendor == "postgresql" else ""
        self.house.database.ask(f"UPDATE people_import SET worked_at = '2020-01-01 00:00:00{zone}'")  # a minute passes
        self.house.start()
        until(lambda: self.status(pk) == ends, f"the sweep has found it and it is {ends}", 240)


def left(house: House) -> dict[str, list[Any]]:
    return {what: sorted(house.database.ask(statement)) for what, statement in LEFT.items()}


def test_a_list_killed_in_the_middle_is_taken_in_and_undone_as_in_peace(house):
    clerk = Clerk(house)
    rows = (f"Тест{number % 97}енко;Іван;{1950 + number % 50};U-{number:07}" for number in range(ROWS))
    content = "\n".join((HEADINGS, *rows, "")).encode()
    before = left(house)
    undisturbed = clerk.sends(content)
    clerk.in_peace(undisturbed, "commit", "committed")
    in_peace = left(house)
    clerk.in_peace(undisturbed, "undo", "undone")
    assert len(in_peace["persons"]) == len(before["persons"]) + ROWS
    assert left(house) == before

    disturbed = clerk.sends(content)
    clerk.killed_in_the_middle(disturbed, "commit", "committing", "committed")

    assert left(house) == in_peace
    chunks = house.database.one("SELECT count(*) FROM audit_event WHERE kind = 'import.committed'")
    assert chunks == 2 * ROWS // 1000

    clerk.killed_in_the_middle(disturbed, "undo", "undoing", "undone")

    assert left(house) == before
