"""Work beside ours: a thread and a process give the same, and one that fails or ends says so without a name."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.beside import Beside, BrokeBeside, one_ahead

CELLS = "people.imports.judging:CellReader"
GIVEN = ({"0": "family", "1": "given", "2": "birth_date"}, {"3": {"1": "Олег"}}, "2026-01-01", False, False)
ROWS = [[2, ["Коваль", "Іван", "23.04.1987"]], [3, ["Мельник", "?"]], [4, ["Ко\tваль", "", "2031"]]]


def plain(told: object) -> object:
    return [plain(one) for one in told] if isinstance(told, list | tuple) else told


def test_a_thread_and_a_process_say_the_same_in_the_order_of_the_work():
    said = []
    for in_process in (False, True):
        with Beside(CELLS, *GIVEN, in_process=in_process) as beside:
            begun = [beside.begin(rows, 0) for rows in (ROWS, ROWS[1:], [])]
            said.append([plain(one.result(30)) for one in begun])

    assert said[0] == said[1]
    first, second, none = said[0]
    assert [row[2] for row in first[:2]] == [
        {"family": "Коваль", "given": "Іван", "birth_date": "1987-04-23"}, {"family": "Мельник", "given": "Олег"},
    ]  # fmt: skip
    assert [row[3] for row in first] == [[], [], [[2, "not_yet", "2031"]]]
    assert (second, none) == (first[1:], [])


@pytest.mark.parametrize("in_process", [False, True])
def test_what_fails_fails_where_the_result_is_wanted(in_process, caplog):
    with Beside(CELLS, *GIVEN, in_process=in_process) as beside, pytest.raises(BrokeBeside if in_process else KeyError):
        beside.begin([[2, {"Коваль": 1}]], 0).result(30)

    if in_process:
        assert "KeyError" in caplog.text
        assert "judging.py" in caplog.text
    assert "Коваль" not in caplog.text


def test_a_process_that_was_ended_is_told_of():
    with Beside(CELLS, *GIVEN, in_process=True) as beside:
        beside.begin([], 0).result(30)
        beside._process.kill()
        with pytest.raises(BrokeBeside):
            beside.begin(ROWS, 0).result(30)


def test_one_that_cannot_begin_is_told_of(caplog):
    with Beside("people.imports.judging:Nothing", in_process=True) as beside, pytest.raises(BrokeBeside):
        beside.begin().result(30)
    assert "AttributeError" in caplog.text


class Hangs:
    """Never done with anything."""

    def __init__(self, *, at_once: bool = False) -> None:
        while at_once:
            pass

    def __call__(self) -> None:
        while True:
            pass


def hangs_at_once() -> Hangs:
    return Hangs(at_once=True)


@pytest.mark.parametrize("maker", ["Hangs", "hangs_at_once"])
def test_one_that_hangs_is_ended(maker, monkeypatch):
    monkeypatch.setattr("core.beside.MOST_SECONDS", 3, raising=False)

    with Beside(f"{__name__}:{maker}", in_process=True) as hanging, pytest.raises(BrokeBeside):
        hanging.begin().result(30)


def test_one_that_waits_for_work_is_not_ended(monkeypatch):
    monkeypatch.setattr("core.beside.MOST_SECONDS", 3, raising=False)

    with Beside(CELLS, *GIVEN, in_process=True) as patient:
        patient.begin(ROWS, 0).result(30)
        time.sleep(3.5)
        assert len(patient.begin(ROWS, 0).result(30)) == 3


def test_what_is_no_json_begins_no_process(monkeypatch):
    begun = []
    monkeypatch.setattr("core.beside.subprocess.Popen", lambda *args, **options: begun.append(args))

    with pytest.raises(TypeError):
        Beside(CELLS, {"0": "\ud800"}, in_process=True)
    assert begun == []


def test_it_ends_with_whom_it_works_for():
    with Beside(CELLS, *GIVEN, in_process=True) as beside:
        pid = beside._process.pid
        assert is_alive(pid)
        waiting = [beside.begin(ROWS, 0) for _ in range(50)]
    assert not is_alive(pid)
    assert all(one.done() for one in waiting)


def test_it_does_not_outlive_a_worker_that_was_killed():
    program = f"""
import django; django.setup()
from core.beside import Beside
beside = Beside({CELLS!r}, *{GIVEN!r}, in_process=True)
beside.begin([], 0).result()
print(beside._process.pid, flush=True)
import time; time.sleep(60)
"""
    worker = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}, text=True,
    )  # fmt: skip
    pid = int(worker.stdout.readline())
    assert is_alive(pid)

    worker.send_signal(signal.SIGKILL)
    worker.communicate()

    until = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_each_is_wanted_only_after_the_next_was_begun():
    seen = []

    class Begun:
        def __init__(self, number: int) -> None:
            self.number = number
            seen.append(f"begun {number}")

        def result(self) -> int:
            return self.number

    for number, mark in one_ahead((Begun(number), number * 10) for number in range(3)):
        seen.append(f"used {number} {mark}")

    assert seen == ["begun 0", "begun 1", "used 0 0", "begun 2", "used 1 10", "used 2 20"]
