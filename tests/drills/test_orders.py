"""Approve, unlock, withdraw, hold and go from three connections, in every order of every three of them.

Three people have read the staged tranche and stand before its lock; the test lets them through one after the other, each
waiting for the one before. Nobody goes home without all that a go needs, and whoever was told that they stopped it has
stopped it. On PostgreSQL.
"""

import itertools
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from access.models import Party
from audit import append_only
from audit.checking import check_every_log
from audit.models import Event
from config.backups.engines import PostgreSQL
from core.errors import DomainError
from exchanges.models import (
    Cleared,
    Entry,
    ExchangeHold,
    Go,
    Hold,
    Manifest,
    Scope,
    SignOff,
    SignOffStep,
    Tranche,
    TrancheStatus,
)  # fmt: skip
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from tests import conftest, factories
from tests.cast import PASSWORD

pytestmark = pytest.mark.slow

CALLS = ("go", "withdraw", "withdraw_other", "unlock", "hold", "approve")
STOPS = {"withdraw", "withdraw_other", "unlock", "hold"}
TRIPLES = list(itertools.combinations(CALLS, 3))
ORDERS = 6
Call = Callable[[], Any]


@pytest.fixture(scope="module")
def prepared(django_db_setup, django_db_blocker) -> Iterator[tuple[Any, list[Tranche], str]]:
    """A database with a tranche for each order of three, in which the north has given its go and the south's is the last.
    It is copied for every three calls."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite takes one writer at a time: nobody meets anybody")
    from config.celery import app

    app.conf.task_always_eager = False
    with django_db_blocker.unblock():
        if not Party.objects.unscoped("was the database flushed?").exists():
            conftest._built[:] = [conftest._build()]
        scene = pickle.loads(conftest._built[0])
        with pytest.MonkeyPatch.context() as patched, override_settings(PASSWORD_HASHERS=conftest.FAST_HASHERS):
            patched.setattr("alerts.tasks.wake_routing", lambda compartment_id: None)
            staged = [factories.tranche_at(scene, TrancheStatus.STAGED, count=1) for _order in range(ORDERS)]
            for tranche in staged:
                tranches.take_step(tranche, "go", actor=scene.cast.north.handover)
        connection.close()
        template = f"{connection.settings_dict['NAME']}_orders"
        PostgreSQL().drop(template)
        with PostgreSQL()._elsewhere() as cursor:  # what an earlier test's thread left open would be in the way
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [connection.settings_dict["NAME"]],
            )
            cursor.execute(f'CREATE DATABASE "{template}" TEMPLATE "{connection.settings_dict["NAME"]}"')
        yield scene, staged, template
        PostgreSQL().drop(template)
        with append_only.lifted():
            call_command("flush", verbosity=0, interactive=False)


def calls_of(scene: Any, tranche: Tranche) -> dict[str, Call]:
    north, south = scene.cast.north, scene.cast.south
    finals = {side.name: factories.step_of(tranche, side, final=True) for side in (north, south)}
    digest = factories.digest_of(finals["north"])
    return {
        "go": lambda: tranches.take_step(tranche, "go", actor=south.handover),
        "withdraw": lambda: sign_offs.withdraw(finals["north"], reason="stop", actor=north.president),
        "withdraw_other": lambda: sign_offs.withdraw(finals["south"], reason="stop", actor=south.president),
        "unlock": lambda: tranches.take_step(tranche, "unlock", actor=north.head, reason="a name"),
        "hold": lambda: tranches.take_step(tranche, "hold", actor=south.medic),
        "approve": lambda: sign_offs.approve(finals["north"], digest=digest, password=PASSWORD, actor=north.president),
    }


class Caller(threading.Thread):
    """One connection. It reads what it reads and stops before it locks the exchange, until it is let through; whoever is let
    through next then waits in the database for this one's lock."""

    def __init__(self, name: str, call: Call) -> None:
        super().__init__(daemon=True)
        self.name, self.call = name, call
        self.stands, self.may_lock, self.has_lock = (threading.Event() for _event in range(3))
        self.told = "not finished"

    def run(self) -> None:
        try:
            with connection.execute_wrapper(self.at_the_lock):
                self.call()
            self.told = ""
        except DomainError as refused:
            self.told = refused.sentence
        except Exception as error:
            self.told = f"broken: {error!r}"
        finally:
            connection.close()
            self.stands.set()
            self.has_lock.set()

    def at_the_lock(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "FOR NO KEY UPDATE" not in sql or self.stands.is_set():
            return execute(sql, params, many, context)
        assert '"exchanges_exchange"' in sql, f"the first lock is not the exchange's: {sql}"
        self.stands.set()
        assert self.may_lock.wait(timeout=120)
        found = execute(sql, params, many, context)
        self.has_lock.set()
        return found


def one_after_the_other(calls: list[tuple[str, Call]]) -> dict[str, str]:
    """What each was told: its refusal, or nothing. They get the lock in the order in which they are given."""
    callers = [Caller(name, call) for name, call in calls]
    for caller in callers:
        caller.start()
    for caller in callers:
        assert caller.stands.wait(timeout=120)
    for caller in callers:
        caller.may_lock.set()
        assert caller.has_lock.wait(timeout=120)
    for caller in callers:
        caller.join(timeout=120)
    told = {caller.name: caller.told for caller in callers}
    assert not [text for text in told.values() if text.startswith(("broken", "not finished"))], told
    return told


def assert_nobody_went_without(tranche: Tranche, told: dict[str, str]) -> None:
    """Read from the rows themselves, not by the query that the go asked."""
    now = Tranche.objects.unscoped("test").select_related("exchange").get(pk=tranche.pk)
    events = list(Event.objects.unscoped("test").filter(compartment=now.compartment_id).order_by("position"))
    kinds = [event.kind for event in events]
    assert kinds.count("tranche.gone") == (now.status == TrancheStatus.GONE)
    if "go" in told:
        assert (told["go"] == "") == (now.status == TrancheStatus.GONE)
    for name in STOPS & set(told):
        assert (told[name] == "") <= (now.status != TrancheStatus.GONE), name
    if told.get("hold") == "":
        assert Hold.objects.unscoped("test").filter(tranche=now, released_at=None).exists()
    if now.status == TrancheStatus.GONE:
        before = set(kinds[: kinds.index("tranche.gone")])
        assert before.isdisjoint({"tranche.held", "sign_off.withdrawn", "tranche.unlocked"})
        assert_all_that_a_go_needs(now)


def assert_all_that_a_go_needs(tranche: Tranche) -> None:
    manifest = Manifest.objects.unscoped("test").filter(tranche=tranche).order_by("-lock_number", "-version").first()
    steps = SignOffStep.objects.unscoped("test").filter(tranche=tranche, lock_number=manifest.lock_number)
    assert sorted(steps.filter(is_final=True).values_list("participant__letter", flat=True)) == ["A", "B"]
    for step in steps:
        digest = manifest.frame_digest if step.scope == Scope.FRAME else manifest.names_digest
        valid = SignOff.objects.unscoped("test").filter(step=step, digest=digest, withdrawal=None, expires_at=None)
        assert valid.count() >= step.quorum, step
    entries = Entry.objects.unscoped("test").filter(tranche=tranche)
    assert entries.count() == 2
    assert Cleared.objects.unscoped("test").filter(entry__in=entries).count() == 2 * entries.count()
    assert not Hold.objects.unscoped("test").filter(tranche=tranche, released_at=None).exists()
    assert tranche.exchange.hold == ExchangeHold.NONE
    assert sorted(Go.objects.unscoped("test").filter(tranche=tranche).values_list("participant__letter", flat=True)) == [
        "A", "B",
    ]  # fmt: skip


@pytest.mark.parametrize("three", TRIPLES, ids="-".join)
def test_in_every_order_nobody_goes_without(prepared, django_db_blocker, monkeypatch, three):
    scene, staged, template = prepared
    monkeypatch.setattr("alerts.tasks.wake_routing", lambda compartment_id: None)
    using, copied = PostgreSQL(), f"{template}_copy"
    outcomes: dict[tuple[str, ...], str] = {}
    with django_db_blocker.unblock():
        using.drop(copied)
        with using._elsewhere() as cursor:
            cursor.execute(f'CREATE DATABASE "{copied}" TEMPLATE "{template}"')
        try:
            with using.at(copied):
                for order, tranche in zip(itertools.permutations(three), staged, strict=True):
                    calls = calls_of(scene, tranche)
                    told = one_after_the_other([(name, calls[name]) for name in order])
                    assert_nobody_went_without(tranche, told)
                    outcomes[order] = Tranche.objects.unscoped("test").get(pk=tranche.pk).status
                assert [checked.fault for checked in check_every_log() if checked.fault] == []
        finally:
            using.drop(copied)

    assert len(outcomes) == ORDERS
    for order, status in outcomes.items():  # the go wins exactly when no stop came before it
        if "go" in order:
            assert (status == TrancheStatus.GONE) == STOPS.isdisjoint(order[: order.index("go")]), order


def test_there_were_at_least_a_hundred_orders():
    """Every three of the six calls, in all six orders."""
    assert len(TRIPLES) * ORDERS >= 100
    assert {name for three in TRIPLES for name in three} == set(CALLS)
