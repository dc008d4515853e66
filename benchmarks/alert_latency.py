"""From commit to the recipient's inbox, over a bare task sent on commit, through Redis and a worker of our own.

Both are timed from the first moment after the commit. The bare task has arrived when it begins; an alert has arrived when
its deliveries are committed and stand in the inboxes.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction

from alerts.models import Delivery, Reader
from audit.models import Log
from benchmarks.alert_worker import ARRIVED, received
from benchmarks.database import head
from benchmarks.measuring import MILLI, Bench, Figure, median, percentile
from exchanges.models import Exchange, ExchangeHold
from exchanges.operations.exchange import take_step

NAME = "alert_latency"
ABOUT = "alert p95 (commit -> received) over bare on_commit(.delay) <= 1.5"
NEEDS = ("postgresql", "redis")
GOAL = 1.5
PATIENCE = 60  # seconds
BETWEEN = 0.05  # seconds from one to the next: 20 a second, as in the measurements of the design


def measure(bench: Bench) -> list[Figure]:
    broker = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2 * PATIENCE)
    viewer = head()
    exchange = Exchange.objects.visible_to(viewer).filter(status="negotiating").order_by("status_since", "pk")[0]
    _release(exchange, viewer)
    _forget_what_was_before()
    with _worker(broker):
        alerts: list[float] = []
        bare: list[float] = []
        for number in range(-2, bench.sizes.alerts):
            taken = _alert(broker, exchange, viewer, "resume" if number % 2 else "postpone"), _bare(broker)
            if number >= 0:
                alerts.append(taken[0])
                bare.append(taken[1])
            time.sleep(BETWEEN)
    _release(exchange, viewer)
    told = Delivery.objects.unscoped("benchmark").count()
    return [
        Figure(
            "alert, commit to inbox, p95", "ms", percentile(alerts, 95), percentile(bare, 95), "bare on_commit(.delay)",
            len(alerts), told, GOAL, more={"p50": round(median(alerts), 3), "peer_p50": round(median(bare), 3)},
        )
    ]  # fmt: skip


def _release(exchange: Exchange, viewer: Any) -> None:
    """A run that was stopped in the middle may have left it postponed."""
    if Exchange.objects.visible_to(viewer).get(pk=exchange.pk).hold != ExchangeHold.NONE:
        take_step(exchange, "resume", actor=viewer)


def _forget_what_was_before() -> None:
    """Every log counts as read up to its end: the seeded past is no news to anybody."""
    Reader.objects.all().delete()
    heads = Log.objects.unscoped("benchmark").values_list("pk", "position")
    Reader.objects.bulk_create((Reader(pk=pk, position=position) for pk, position in heads), batch_size=1000)


def _alert(broker: Any, exchange: Exchange, viewer: Any, step: str) -> float:
    committed: list[float] = []
    place = ARRIVED.format(of=exchange.compartment_id)
    broker.delete(place)
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.time()))
        take_step(exchange, step, actor=viewer, reason="measured")
    return _wait(broker, place) - committed[0] * MILLI


def _bare(broker: Any) -> float:
    committed: list[float] = []
    token = uuid.uuid4().hex
    with transaction.atomic(), connection.cursor() as cursor:
        transaction.on_commit(lambda: committed.append(time.time()))
        transaction.on_commit(lambda: received.delay(token))
        cursor.execute("UPDATE access_installation SET clock_offset = clock_offset")
    return _wait(broker, ARRIVED.format(of=token)) - committed[0] * MILLI


def _wait(broker: Any, place: str) -> float:
    found = broker.blpop([place], timeout=PATIENCE)
    if found is None:
        raise RuntimeError("Nothing arrived: is the worker alive?")
    return float(found[1]) * MILLI


@contextmanager
def _worker(broker: Any) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.alert_worker", "worker", "-c", "2", "-l", "ERROR"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-Q", "celery"]
    worker = subprocess.Popen(
        [*command, *quiet], cwd=settings.BASE_DIR, env=os.environ | {"REDIS_URL": settings.REDIS_URL}
    )
    try:
        received.delay("ready")
        _wait(broker, ARRIVED.format(of="ready"))
        yield
    finally:
        worker.terminate()
        worker.wait(PATIENCE)
