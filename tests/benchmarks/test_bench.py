"""Every benchmark runs on a few rows and says what it measured. What the figures are is no matter here."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from benchmarks import all_benchmarks
from benchmarks.measuring import AT_LEAST, Figure, percentile, turn_by_turn
from config.management.commands import bench

ROOT = Path(settings.BASE_DIR)
SHAPE = {
    "name", "unit", "figure", "peer", "peer_name", "ratio", "goal", "goal_is", "meets", "rows", "database", "runs", "more",
}  # fmt: skip


def manage(*words, env):
    ran = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The services of this run, or a SQLite file of its own; either way the benchmarks make a database beside it."""
    given = dict(os.environ)
    if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        given["DATABASE_URL"] = f"sqlite:///{tmp_path_factory.mktemp('bench') / 'given.sqlite3'}"
    return given


@pytest.fixture(scope="module")
def told(environment, tmp_path_factory):
    file = tmp_path_factory.mktemp("figures") / "figures.json"
    return manage("bench", "--tiny", "--json", str(file), env=environment), json.loads(file.read_text())


@pytest.mark.slow
def test_everything_that_can_be_measured_here_is(told):
    printed, written = told
    names = {figure["name"] for figure in written["figures"]}

    assert {
        "api list: entries", "api list: events", "page at depth", "exchange page, first window", "dossier page, queries",
        "fan-out, event to deliveries",
    } <= names  # fmt: skip
    assert all(name in printed for name in names)


@pytest.mark.slow
def test_every_figure_stands_beside_its_peer(told):
    for figure in told[1]["figures"]:
        assert set(figure) == SHAPE
        assert figure["figure"] > 0
        assert figure["peer"] > 0
        assert figure["meets"] in (True, False) or figure["goal"] is None


@pytest.mark.slow
def test_no_host_is_named(told):
    assert platform.node() not in json.dumps(told[1])


@pytest.mark.slow
def test_the_pages_queries_are_told(told):
    figures = {figure["name"]: figure for figure in told[1]["figures"]}
    page, dossier = figures["exchange page, first window"], figures["dossier page, queries"]

    assert 0 < page["more"]["queries"] <= page["more"]["most_queries"]
    assert 0 < dossier["figure"] <= dossier["peer"] == 10


@pytest.mark.slow
def test_an_event_is_told_to_everybody(told):
    (figure,) = (figure for figure in told[1]["figures"] if figure["name"] == "fan-out, event to deliveries")

    assert figure["rows"] == 2 * figure["more"]["recipients"] > 60


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the file of the benchmarks' database is looked into")
def test_seeded_logs_can_be_verified(told, environment, tmp_path):
    file = environment["DATABASE_URL"].removeprefix("sqlite:///")
    own = environment | {"DATABASE_URL": f"sqlite:///{Path(file).with_name('homeward_bench_tiny.sqlite3')}"}
    compartments = [line.split()[0] for line in manage("export_log", "--list", env=own).splitlines()]

    assert len(compartments) > 3
    for compartment in compartments:
        exported = tmp_path / f"{compartment}.jsonl"
        manage("export_log", compartment, str(exported), env=own)
        checked = subprocess.run(
            [sys.executable, "verify_log.py", exported], cwd=ROOT, capture_output=True, check=False
        )
        assert checked.returncode == 0, checked.stdout


def test_a_database_in_use_is_left_alone(scene):
    with pytest.raises(CommandError, match="holds parties already"):
        call_command("seed", "scale", entries=10)


def test_list_names_every_benchmark_and_what_it_needs(capsys):
    call_command("bench", "--list")

    printed = capsys.readouterr().out
    assert all(module.NAME in printed and module.ABOUT in printed for module in all_benchmarks().values())
    assert "needs postgresql and redis" in printed


def test_an_unknown_name_is_told_with_those_there_are():
    with pytest.raises(CommandError, match="api_lists"):
        call_command("bench", "no_such_thing")


def test_what_is_missing_is_said_before_anything_is_made(settings, monkeypatch):
    settings.REDIS_URL = ""
    monkeypatch.setattr(bench, "missing", lambda needs: ["redis"] if "redis" in needs else [])

    with pytest.raises(CommandError, match="alert_latency needs redis"):
        call_command("bench", "alert_latency")


@pytest.mark.parametrize(
    ("figure", "peer", "goal", "goal_is", "meets"),
    [
        (3, 2, 1.5, "at most", True),
        (4, 2, 1.5, "at most", False),
        (6, 10, 0.6, AT_LEAST, True),
        (5, 10, 0.6, AT_LEAST, False),
    ],
)
def test_a_goal_is_met_from_its_own_side(figure, peer, goal, goal_is, meets):
    assert Figure("a", "ms", figure, peer, "b", 1, 1, goal, goal_is).meets is meets


def test_rounds_begin_with_each_in_turn():
    asked = []
    times = turn_by_turn(3, lambda: asked.append("a"), lambda: asked.append("b"))

    assert [len(of_one) for of_one in times] == [3, 3]
    assert asked == ["a", "b", "b", "a", "a", "b", "b", "a", "a", "b"]


def test_the_95th_of_a_hundred():
    assert percentile(range(100), 95) == 95
