"""One Chromium and one served world for the tests of a file. Each world is made once in a run; a file serves a copy of it."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.demo import DEMO_PASSWORD
from tests.browser.visiting import Visitor, chromium_running
from tests.demo import ROOT, Demo


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # Not longer than one file: while Playwright runs, Django takes its event loop for ours and refuses to ask the database.
    with chromium_running() as browser:
        yield browser


@pytest.fixture(scope="module")
def istanbul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demonstration as it opens: 2,000 names, Kyiv's last internal step open."""
    yield from serving("istanbul", tmp_path_factory)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A world with an exchange and a tranche in every state."""
    yield from serving("states", tmp_path_factory)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A clerk's registry of some hundreds of persons."""
    yield from serving("registry", tmp_path_factory)


def serving(world: str, folders: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(folders.mktemp(world))
    for part in made(world, folders).glob("demo.sqlite3*"):
        shutil.copy(part, demo.folder)
    demo.start()
    yield demo
    demo.stop()


def made(world: str, folders: pytest.TempPathFactory) -> Path:
    """The folder of this world, made by whichever process of the run needs it first."""
    ours = folders.getbasetemp()
    of_all = ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours
    folder = of_all / f"world-{world}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            make(world, folder)
            (folder / "whole").touch()
    return folder


def make(world: str, folder: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "DJANGO_SETTINGS_MODULE")}
    environment["DATABASE_URL"] = f"sqlite:///{folder / 'demo.sqlite3'}"
    told = [sys.executable, "-m", "tests.browser.worlds", world]
    done = subprocess.run(told, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong in any page of the test: nothing may."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def visit(chromium: Any, faults: list[str]) -> Iterator[Callable[..., Visitor]]:
    """Signs somebody in, in a browser context of their own, closed when the test ends. What changed does not fade."""
    visitors: list[Visitor] = []

    def visiting(demo: Demo, username: str, as_one: type[Visitor] = Visitor, **context: Any) -> Visitor:
        context.setdefault("reduced_motion", "reduce")
        visitor = as_one(chromium, f"http://127.0.0.1:{demo.port}", username, DEMO_PASSWORD, faults, **context)
        visitors.append(visitor)
        return visitor

    yield visiting
    for visitor in visitors:
        visitor.close()
