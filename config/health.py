"""How the installation stands: each part in a word, and what waits in figures. Counts and times, never about whom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from access.models import Installation
from alerts.models import Channel, Delivery, DeliveryState, Heartbeat, Reader
from audit.append_only import missing
from audit.models import Event, Log
from config.heartbeats import PROCESS_OF_QUEUE
from core import clock

OK, UNKNOWN, SILENT = "ok", "unknown", "silent"
SILENT_AFTER = timedelta(seconds=90)
PROCESSES = ("beat", *PROCESS_OF_QUEUE.values())
Row = tuple[str, str, str, Mapping[str, float]]  # name, kind, help, values by label
REASON = "counts for the server's keepers, no case data"


def standing() -> dict[str, str]:
    """A word for each part: "ok", or what is not. What the web itself needs comes first."""
    if (database := _database()) != OK:
        behind_it = ("triggers", *PROCESSES, "outbound")
        return {"database": database, "broker": _broker(), **dict.fromkeys(behind_it, UNKNOWN)}
    return {
        "database": database, "triggers": "missing" if missing() else OK, "broker": _broker(),
        **_processes(ages()), "outbound": _outbound(),
    }  # fmt: skip


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        Heartbeat.objects.exists()
    except DatabaseError:
        return "does not answer"
    return OK


def _broker() -> str:
    if not settings.REDIS_URL:
        return OK  # inside this process
    import redis

    try:
        with _redis() as client:
            client.ping()
    except redis.RedisError:
        return "does not answer"
    return OK


def _redis() -> Any:
    import redis

    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)


def ages() -> dict[str, float]:
    """Seconds since each process was heard of, and since a sweep ended; infinite for those never heard of."""
    heard = dict(Heartbeat.objects.values_list("process", "at"))
    return {name: seconds_since(heard.get(name)) for name in (*PROCESSES, "sweep")}


def seconds_since(moment: datetime | None, *, now: datetime | None = None) -> float:
    return max(0.0, ((now or timezone.now()) - moment).total_seconds()) if moment else float("inf")


def _processes(age: dict[str, float]) -> dict[str, str]:
    silent = {name for name in age if age[name] > SILENT_AFTER.total_seconds()}
    words = {name: SILENT if name in silent else OK for name in PROCESSES}
    if "sweep" in silent and not {"beat", "sweeper"} & silent:
        words["sweeper"] = "does not finish its sweeps"
    return words


def _outbound() -> str:
    return "held since a restore" if Installation.is_quarantined() else OK


@dataclass(frozen=True)
class Waiting:
    """What has not left yet. A delivery is overdue from the instant it was due, an event from when it was recorded."""

    due: dict[str, int]
    failed: dict[str, int]
    overdue_seconds: float
    logs_behind: int
    events: int
    events_unrouted: int
    unrouted_seconds: float
    queues: dict[str, int]


def waiting() -> Waiting:
    oldest = leaving().filter(state=DeliveryState.DUE).aggregate(at=Min("due_at"))["at"]
    read = dict(Reader.objects.values_list("pk", "position"))
    written = dict(Log.objects.unscoped(REASON).values_list("pk", "position"))
    behind = {pk: position - read.get(pk, 0) for pk, position in written.items() if position > read.get(pk, 0)}
    return Waiting(
        due=_by_channel(DeliveryState.DUE),
        failed=_by_channel(DeliveryState.FAILED),
        overdue_seconds=seconds_since(oldest) if oldest else 0.0,
        logs_behind=len(behind),
        events=sum(written.values()),
        events_unrouted=sum(behind.values()),
        unrouted_seconds=max((_age_of(pk, read.get(pk, 0) + 1) for pk in behind), default=0.0),
        queues=_queues(),
    )


def leaving() -> "QuerySet[Delivery]":
    """Deliveries that go out of the house: in the inbox each arrives by being written."""
    return Delivery.objects.unscoped(REASON).exclude(channel=Channel.INBOX)


def _by_channel(state: str) -> dict[str, int]:
    found = dict(leaving().filter(state=state).order_by().values_list("channel").annotate(Count("pk")))
    return {channel: found.get(channel, 0) for channel in Channel.values if channel != Channel.INBOX}


def _age_of(compartment_id: Any, position: int) -> float:
    """Of one event; it tells the time of the clock of case facts."""
    events = Event.objects.unscoped(REASON).filter(compartment=compartment_id, position=position)
    at = events.values_list("at", flat=True).first()
    return seconds_since(at, now=clock.now()) if at else 0.0


def _queues() -> dict[str, int]:
    """Messages in each queue of a broker outside this process; empty when it does not answer."""
    if not settings.REDIS_URL:
        return {}
    import redis

    try:
        with _redis() as client:
            return {queue: int(client.llen(queue)) for queue in PROCESS_OF_QUEUE}
    except redis.RedisError:
        return {}


def as_prometheus(rows: Iterable[Row]) -> str:
    """The text format of Prometheus, version 0.0.4: name, kind, help and, by label (or none), value."""
    lines: list[str] = []
    for name, kind, told, values in rows:
        lines += [f"# HELP homeward_{name} {told}", f"# TYPE homeward_{name} {kind}"]
        lines += [f"homeward_{name}{label} {_number(value)}" for label, value in values.items()]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return "+Inf" if value == float("inf") else f"{value:.3f}".rstrip("0").rstrip(".")


def metrics() -> str:
    words = standing()
    rows: list[Row] = [
        (
            "part_ok",
            "gauge",
            "1: this part is as it should be.",
            _labelled("part", {k: w == OK for k, w in words.items()}),
        )
    ]
    if words["database"] == OK:
        rows += _figures(waiting())
    return as_prometheus(row for row in rows if row[3])


def _figures(now: Waiting) -> list[Row]:
    return [
        ("heartbeat_age_seconds", "gauge",
         "Since the beat ticked, a worker handled a heartbeat placed in its queue, a sweep ended.",
         _labelled("process", ages())),
        ("queue_messages", "gauge", "Messages that wait in a queue of the broker.", _labelled("queue", now.queues)),
        ("deliveries_due", "gauge", "Alerts that have not left yet.", _labelled("channel", now.due)),
        ("deliveries_failed", "gauge", "Alerts given up after the last attempt.", _labelled("channel", now.failed)),
        ("deliveries_overdue_seconds", "gauge", "How long ago the oldest due one should have left.",
         {"": now.overdue_seconds}),
        ("logs_behind", "gauge", "Logs with events that no alert was made of yet.", {"": now.logs_behind}),
        ("events_unrouted", "gauge", "Those events.", {"": now.events_unrouted}),
        ("events_unrouted_seconds", "gauge", "The age of the oldest of them.", {"": now.unrouted_seconds}),
        ("events_total", "counter", "Events in all logs.", {"": now.events}),
    ]  # fmt: skip


def _labelled(label: str, values: Mapping[str, float]) -> dict[str, float]:
    return {f'{{{label}="{name}"}}': float(value) for name, value in values.items()}
