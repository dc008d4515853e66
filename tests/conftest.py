"""Fast hashing, eager Celery, captured commits, triggers lifted around the flush, and the cast."""

import gc
import pickle
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

from access.models import Party
from audit import append_only
from core.clock import clock
from tests import factories, keeping
from tests.cast import Cast, assemble
from tests.checks import nobody_left_to_tell

gc.set_threshold(200_000, 20, 100)

_flush = TransactionTestCase._fixture_teardown


def _flush_without_triggers(self: TransactionTestCase) -> None:
    with append_only.lifted():
        _flush(self)


TransactionTestCase._fixture_teardown = _flush_without_triggers  # type: ignore[method-assign]

# The scene is built once for each test database and copied for each test; a flush removes it, then it is built anew.
_built: list[bytes] = []


def _build() -> bytes:
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=FAST_HASHERS):
        clock.offset = timedelta()
        made = factories.talks(assemble())
    nobody_left_to_tell()
    return pickle.dumps(made)


FAST_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# The modules that take a minute or more, the longest first, so that no core waits for another at the end.
LONGEST = (
    "browser/test_every_page", "browser/test_istanbul", "architecture/test_hostile_bodies", "drills/test_kills",
    "architecture/test_two_worlds", "drills/test_restore", "drills/test_import_kills", "drills/test_races",
    "browser/test_registry",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Then what starts processes of its own; the others fill the time beside them."""
    items.sort(key=lambda item: (_place(item), item.get_closest_marker("real") is None))


def _place(item: pytest.Item) -> int:
    module = str(item.path.relative_to(Path(__file__).parent).with_suffix(""))
    return LONGEST.index(module) if module in LONGEST else len(LONGEST)


@pytest.fixture(autouse=True)
def quiet_settings(settings, tmp_path: Path) -> Iterator[None]:
    settings.PASSWORD_HASHERS = FAST_HASHERS
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.FILES_DIR = tmp_path / "files"
    # A cache of its own for each test, also where several processes share one Redis.
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    settings.CACHES = {"default": local}
    clock.offset = timedelta()
    from config.celery import app

    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker) -> Iterator[None]:
    """A test database whenever one is asked for. pytest-django's own makes none where no test is marked, and then a drill
    that commits and flushes would do so in the database of DATABASE_URL."""
    from config.celery import app

    # On SQLite the tables are made from the models, which is quicker; the demonstration's tests migrate there.
    connection.settings_dict["TEST"]["MIGRATE"] = connection.vendor != "sqlite"
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
        app.conf.task_always_eager = True
        _built[:] = [_build()]
        app.conf.task_always_eager = False
    yield
    with django_db_blocker.unblock(), suppress(DatabaseError):  # somebody still connected: the next run makes it anew
        teardown_databases(made, verbosity=0)


@pytest.fixture
def scene(db) -> Iterator[factories.Talks]:
    """North and South at the table of a negotiation, with a sign-off policy each."""
    copy: factories.Talks = pickle.loads(_built[0])
    if not Party.objects.unscoped("was the database flushed?").filter(pk=copy.cast.north.party.pk).exists():
        _built[:] = [_build()]
        copy = pickle.loads(_built[0])
        keeping.forget()
        connection.check_constraints()  # PostgreSQL empties no table whose deferred checks are still to come
    with keeping.watched():
        yield copy


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries, monkeypatch: pytest.MonkeyPatch) -> Any:
    """However long a test takes, what it counts has no note of the session's use among it."""
    monkeypatch.setattr("accounts.middleware.NOTED_EVERY", timedelta(days=1))
    return django_assert_num_queries


@pytest.fixture
def cast(scene: factories.Talks) -> Cast:
    return scene.cast
