"""Transitions per second with their events, over the same code with the event's write left out: 16 clients at 16 tables.

Every client is a process with a connection of its own and postpones and resumes one exchange. Nothing is woken after the
commit in either case: what alerts cost is another figure.
"""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from audit.models import Event
from audit.signals import recorded
from benchmarks.database import head
from benchmarks.measuring import AT_LEAST, Bench, Figure, median
from exchanges.models import Exchange, ExchangeHold
from exchanges.operations import reading, taking
from exchanges.operations.exchange import take_step

NAME = "transitions"
ABOUT = "transitions per second with their events over the same code without, 16 clients, PostgreSQL >= 0.6"
NEEDS = ("postgresql",)
GOAL = 0.6
PATIENCE = 120  # seconds for a client that does not answer


def measure(bench: Bench) -> list[Figure]:
    viewer = head()
    rows = Exchange.objects.visible_to(viewer).filter(status="negotiating").order_by("-status_since", "pk")
    tables = [exchange.pk for exchange in rows[: bench.sizes.clients]]
    _release(tables)
    before = Event.objects.unscoped("benchmark").count()
    connection.close()
    rates: dict[bool, list[float]] = {True: [], False: []}
    for number in range(bench.sizes.rounds):
        for with_events in (True, False) if number % 2 else (False, True):
            rates[with_events].append(_round(tables, viewer.pk, bench.sizes.seconds, with_events=with_events))
            bench.tell(f"round {number + 1}, {'with' if with_events else 'without'}: {rates[with_events][-1]:.0f}/s")
    _release(tables)
    assert Event.objects.unscoped("benchmark").count() > before
    clients = len(tables)
    return [
        Figure(
            "transitions with events", "per second", median(rates[True]), median(rates[False]), "the same without events",
            bench.sizes.rounds, clients, GOAL, AT_LEAST, {"clients": clients},
        )
    ]  # fmt: skip


def _release(tables: list[Any]) -> None:
    viewer = head()
    for exchange in Exchange.objects.visible_to(viewer).filter(pk__in=tables).exclude(hold=ExchangeHold.NONE):
        with _nothing_woken():
            take_step(exchange, "resume", actor=viewer)


def _round(tables: list[Any], viewer_id: Any, seconds: float, *, with_events: bool) -> float:
    """All clients begin together; the rate is of what all of them did in their own time."""
    context = multiprocessing.get_context("fork")
    start, done = context.Barrier(len(tables)), context.SimpleQueue()
    clients = [
        context.Process(target=_client, args=(table, viewer_id, seconds, with_events, start, done)) for table in tables
    ]
    for client in clients:
        client.start()
    rates = [done.get() for _client in clients]
    for client in clients:
        client.join(PATIENCE)
    if None in rates:
        raise RuntimeError("A client failed; its error stands above.")
    return float(sum(rates))


def _client(table: Any, viewer_id: Any, seconds: float, with_events: bool, start: Any, done: Any) -> None:
    rate = None
    try:
        with _nothing_woken(), _as_told(with_events):
            rate = _transitions(table, seconds, start)
    finally:
        done.put(rate)
        connection.close()


def _transitions(table: Any, seconds: float, start: Any) -> float:
    viewer = head()
    exchange = Exchange.objects.visible_to(viewer).get(pk=table)
    start.wait(PATIENCE)
    begun, taken = time.perf_counter(), 0
    while (spent := time.perf_counter() - begun) < seconds or taken % 2:
        take_step(exchange, "resume" if taken % 2 else "postpone", actor=viewer, reason="measured")
        taken += 1
    return taken / spent


@contextmanager
def _nothing_woken() -> Iterator[None]:
    receivers, recorded.receivers = recorded.receivers, []
    recorded.sender_receivers_cache.clear()
    try:
        yield
    finally:
        recorded.receivers = receivers
        recorded.sender_receivers_cache.clear()


@contextmanager
def _as_told(with_events: bool) -> Iterator[None]:
    if with_events:
        yield
        return
    modules: tuple[Any, ...] = (taking, reading)
    kept = [module.record for module in modules]
    for module in modules:
        module.record = _written_nowhere
    try:
        yield
    finally:
        for module, record in zip(modules, kept, strict=True):
            module.record = record


def _written_nowhere(*args: Any, **kwargs: Any) -> None:
    return None
