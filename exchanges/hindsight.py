"""What the rules would have said when an act that is recorded afterwards really happened (RULES section 5).

Read from what the log tells of that time: each event stands at the time it happened, as far as anybody told it. Nothing is
refused here; the answer is kept with the event. It speaks only of what stands at the table.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from audit.models import Event, EventData, subject_of
from core.lifecycle import Transition
from exchanges.models import Cleared, Exchange, ExchangeHold, ExchangeStatus, StepStatus, Tranche, TrancheStatus
from exchanges.models.tranche import ManifestLine
from exchanges.standing import Parties
from exchanges.transitions import tranche as tranche_table

Objection = dict[str, Any]  # {"rule": …} and what it was then; made into a sentence for each reader

FIRST_STATUS = {Exchange: ExchangeStatus.DRAFT, Tranche: TrancheStatus.PLANNED}
HOLDS = {
    "exchange.postponed": ExchangeHold.POSTPONED,
    "exchange.suspended": ExchangeHold.SUSPENDED,
}


def objections_then(transition: Transition, subject: Any, exchange: Exchange, at: datetime) -> list[Objection]:
    """What stood against this step at that instant; empty where nothing did."""
    found: list[Objection] = []
    status = status_at(subject, at)
    if status not in transition.sources:
        found.append({"rule": "status", "status": status})
    hold = hold_at(exchange, at)
    if hold == ExchangeHold.SUSPENDED and not transition.even_suspended:
        found.append({"rule": "hold", "hold": str(hold)})
    if tranche_table.has_no_hold in transition.guards:
        if hold == ExchangeHold.POSTPONED:
            found.append({"rule": "hold", "hold": str(hold)})
        found += [{"rule": "held", "participant": letter} for letter in sorted(holders_at(subject, at))]
    if tranche_table.entries_are_cleared in transition.guards and (missing := uncleared_at(subject, at)):
        found.append({"rule": "clearances", "missing": missing})
    return found


def status_at(subject: Any, at: datetime) -> str:
    """A row stands as it was made until its events say otherwise; one that no event ever moved stands as it does now."""
    if not any(content.get("after") for _at, _position, _kind, content in _told(subject)):
        return str(subject.status)
    status = str(FIRST_STATUS.get(type(subject), StepStatus.WAITING))
    for _kind, content in _told_until(subject, at):
        status = str(content.get("after") or status)
    return status


def hold_at(exchange: Exchange, at: datetime) -> str:
    """A suspension keeps a postponement beneath it."""
    holds: list[str] = []
    for kind, _content in _told_until(exchange, at):
        if kind in HOLDS:
            holds.append(HOLDS[kind])
        elif kind == "exchange.resumed" and holds:
            holds.pop()
    return holds[-1] if holds else ExchangeHold.NONE


def holders_at(tranche: Tranche, at: datetime) -> set[str]:
    """Letters of the participants whose hold was open."""
    holding: set[str] = set()
    for kind, content in _told_until(tranche, at):
        if kind == "tranche.held":
            holding.add(str(content.get("participant", "")))
        elif kind == "tranche.hold_released":
            holding.discard(str(content.get("participant", "")))
    return holding


def uncleared_at(tranche: Tranche, at: datetime) -> int:
    """How many clearances of holders and receivers who work here were still missing. Two queries for each direction."""
    lines = ManifestLine.objects.unscoped("own tranche").filter(
        manifest__tranche=tranche, manifest__lock_number=tranche.lock_number, manifest__version=1
    )
    missing = 0
    for direction in Parties(tranche.exchange).directions:
        entries = lines.filter(entry__direction=direction)
        total = entries.count()
        for participant in {direction.holder, direction.receiver}:
            if participant.works_here:
                given = Cleared.objects.unscoped("own tranche").filter(
                    participant=participant, entry__in=entries.values("entry_id"), at__lte=at
                )
                missing += total - given.count()
    return missing


def _told_until(subject: Any, at: datetime) -> list[tuple[str, Mapping[str, Any]]]:
    """The subject's events that had happened by then, in the order in which they happened."""
    happened = sorted((row for row in _told(subject) if row[0] <= at), key=lambda row: row[:2])
    return [(kind, content) for _at, _position, kind, content in happened]


def _told(subject: Any) -> list[tuple[datetime, int, str, Mapping[str, Any]]]:
    """When it happened, its place in the log, its kind and its content, for every event of the subject."""
    events = Event.objects.unscoped("the log of the reread subject").filter(
        compartment_id=subject.compartment_id, subject=subject_of(subject)
    )
    contents = EventData.objects.unscoped("the log of the reread subject").filter(event__in=events)
    told = []
    for row in contents.select_related("event"):
        content = json.loads(row.json)
        happened_at = parse_datetime(content.get("happened_at", "")) or row.event.at
        told.append((happened_at, row.event.position, row.event.kind, content))
    return told
