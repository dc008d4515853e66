"""A log as JSON Lines, for `verify_log.py` and for whoever holds a copy of its head."""

import json
from collections.abc import Iterator
from typing import Any

from access.models import Compartment
from audit.chain import EXPORT_FORMAT, FIRST_PREVIOUS, canonical, instant
from audit.models import Event, EventData, Log

CHUNK = 2000


def lines_of(compartment: Compartment) -> Iterator[bytes]:
    """The header and every event up to the head read first; what is appended meanwhile stays out."""
    log = Log.objects.unscoped("the caller was allowed to export").filter(pk=compartment.pk).first()
    size, head = (log.position, log.hash) if log else (0, FIRST_PREVIOUS)
    yield canonical({"format": EXPORT_FORMAT, "compartment": str(compartment.pk), "size": size, "head": head}) + b"\n"
    after = 0
    while after < size:
        events = list(_chunk(compartment, after, size))
        contents = {
            content.event_id: content
            for content in EventData.objects.unscoped("export").filter(event__in=[event.pk for event in events])
        }
        for event in events:
            yield _line(event, contents.get(event.pk))
        if not events:
            return
        after = events[-1].position


def _chunk(compartment: Compartment, after: int, size: int) -> "list[Event]":
    rows = Event.objects.unscoped("export").filter(compartment=compartment, position__gt=after, position__lte=size)
    return list(rows.order_by("position")[:CHUNK])


def _line(event: Event, content: EventData | None) -> bytes:
    row: dict[str, Any] = {
        "position": event.position, "kind": event.kind, "at": instant(event.at), "actor": event.actor,
        "subject": event.subject, "previous": event.previous, "commitment": event.commitment, "hash": event.hash,
        "salt": content.salt if content else None, "data": json.loads(content.json) if content else None,
    }  # fmt: skip
    return canonical(row) + b"\n"
