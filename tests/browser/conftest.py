"""One Chromium and one served world for the tests of a file; a world with every state is made once for all of them."""

import os
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
    demo = Demo(tmp_path_factory.mktemp("istanbul"))
    demo.start()
    yield demo
    demo.stop()


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A world with an exchange and a tranche in every state."""
    yield from serving("states", tmp_path_factory.mktemp("states"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A clerk's registry of some hundreds of persons."""
    yield from serving("registry", tmp_path_factory.mktemp("registry"))


def serving(world: str, folder: Path) -> Iterator[Demo]:
    demo = Demo(folder)
    environment = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "DJANGO_SETTINGS_MODULE")}
    environment["DATABASE_URL"] = f"sqlite:///{folder / 'demo.sqlite3'}"
    made = subprocess.run(
        [sys.executable, "-m", "tests.browser.worlds", world], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    demo.start()
    yield demo
    demo.stop()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong in any page of the test: nothing may."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def visit(chromium: Any, faults: list[str]) -> Iterator[Callable[..., Visitor]]:
    """Signs somebody in, in a browser context of their own, closed when the test ends."""
    visitors: list[Visitor] = []

    def visiting(demo: Demo, username: str, as_one: type[Visitor] = Visitor, **context: Any) -> Visitor:
        visitor = as_one(chromium, f"http://127.0.0.1:{demo.port}", username, DEMO_PASSWORD, faults, **context)
        visitors.append(visitor)
        return visitor

    yield visiting
    for visitor in visitors:
        visitor.close()
