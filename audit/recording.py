"""`record`: the one way an event comes to be, inside the transaction of the change it tells of."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, models, transaction

from access.models import Compartment, User
from access.scoping import Seat
from audit.chain import canonical, commitment, event_hash, instant, new_salt
from audit.models import SYSTEM, Counterpart, Event, EventData, Log, subject_of
from audit.signals import recorded
from core import clock


class NoTransaction(RuntimeError):
    """An event outside a transaction could outlive a change that was rolled back."""


def record(
    kind: str,
    *,
    subject: models.Model,
    actor: User,
    seat: Seat | None = None,
    compartment: Compartment | None = None,
    home: Compartment | None = None,
    data: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
    personal: bool = False,
    reading: bool = False,
    capability: str = "",
    happened_at: datetime | None = None,
) -> Event:
    """Append one event to the subject's compartment and, where that is shared, one to the actor's own.

    In a shared log the actor is organisation and role; the person stands only in the counterpart at home, with
    `private` beside the shared `data`. Raises NoTransaction outside a transaction. `personal`: the data hold names.
    `reading`: the event follows from other rows; in a shared log nobody is its actor.
    """
    if not connection.in_atomic_block:
        raise NoTransaction(kind)
    where: Compartment = compartment or subject.compartment  # type: ignore[attr-defined]
    at = clock.now()
    content = dict(data or {})
    if happened_at is not None and clock.was_recorded_afterwards(happened_at, at):
        content |= {"happened_at": instant(happened_at), "recorded_afterwards": True}
    own = None if actor.is_system else (home or (seat.organisation.home if seat else None))
    is_shared = where.is_shared or (own is not None and own.pk != where.pk)
    logs = _locked_logs({where.pk, own.pk} if is_shared and own else {where.pk})
    # A reading may follow from an internal step: whose it was is for its own side's log alone.
    in_shared_log = SYSTEM if reading else _actor_in_shared_log(actor, seat, capability)
    told = in_shared_log if is_shared else _person(actor)
    event = _append(logs[where.pk], kind, at, told, subject_of(subject), content, personal=personal)
    if is_shared and own:
        # A place in somebody's private log would tell an operator's house how much is done there.
        place = {"shared": event.name} if where.is_shared else {}
        counterpart = _append(
            logs[own.pk], kind, at, _person(actor), subject_of(subject), content | dict(private or {}) | place,
            personal=personal,
        )  # fmt: skip
        Counterpart.objects.create(event=counterpart, shared=event)
    return event


def _locked_logs(compartment_ids: set[Any]) -> dict[Any, Log]:
    """The heads under lock, in the order of their ids so that two operations cannot wait for each other."""
    ordered = sorted(compartment_ids)
    found = {log.pk: log for log in Log.objects.filter(pk__in=ordered).order_by("pk").select_for_update(no_key=True)}
    for missing in ordered:
        if missing not in found:
            Log.objects.get_or_create(pk=missing)
            found[missing] = Log.objects.select_for_update(no_key=True).get(pk=missing)
    return found


def _person(actor: User) -> str:
    return SYSTEM if actor.is_system else f"user:{actor.pk}"


def _actor_in_shared_log(actor: User, seat: Seat | None, capability: str) -> str:
    if actor.is_system or seat is None:
        return SYSTEM if actor.is_system else "organisation:unknown"
    role = seat.role_for(capability) or next(iter(sorted(seat.roles)), "")
    return f"organisation:{seat.organisation.pk}:{role}"


def _append(
    log: Log, kind: str, at: datetime, actor: str, subject: str, content: dict[str, Any], *, personal: bool
) -> Event:
    salt, body = new_salt(), canonical(content)
    fields = {
        "kind": kind,
        "actor": actor,
        "subject": subject,
        "previous": log.hash,
        "commitment": commitment(salt, body),
    }
    position = log.position + 1
    digest = event_hash(compartment=str(log.pk), position=position, at=instant(at), **fields)
    event = Event.objects.create(compartment_id=log.pk, position=position, at=at, hash=digest, **fields)
    EventData.objects.create(event=event, salt=salt, json=body.decode(), is_personal=personal)
    log.position, log.hash = position, digest
    log.save(update_fields=["position", "hash"])
    transaction.on_commit(partial(recorded.send, sender=Event, compartment_id=str(log.pk)), robust=True)
    return event
