"""From events to deliveries and out of the house. Every function can run twice without harm."""

import logging
import random
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from access.models import User
from accounts.operations.invitations import is_good
from alerts.delivery import mail
from alerts.models import Channel, Delivery, DeliveryState, Heartbeat, Reader
from alerts.routing import URGENT, compartments_behind, invitation_of, is_routed, may_see, recipients
from audit.models import Event
from core.pouring import pour

log = logging.getLogger(__name__)
CHUNK = 200  # events read under one lock
LEASE = timedelta(seconds=60)  # longer than a mail server may take to answer
LONGEST_WAIT = timedelta(hours=4)
GIVES_UP_AFTER = 30  # attempts: about four days


def route(compartment_id: Any) -> list[Any]:
    """Turn every event after the reader's place into deliveries. Returns the ids of mails that are due."""
    due: list[Any] = []
    while True:
        more, ids = _route_chunk(compartment_id)
        due.extend(ids)
        if not more:
            return due


@transaction.atomic
def _route_chunk(compartment_id: Any) -> tuple[bool, list[Any]]:
    Reader.objects.get_or_create(pk=compartment_id)
    reader = Reader.objects.select_for_update(no_key=True).get(pk=compartment_id)
    events = list(
        Event.objects.unscoped("routing reads every log")
        .filter(compartment_id=compartment_id, position__gt=reader.position)
        .order_by("position")[:CHUNK]
    )
    if not events:
        return False, []
    owed = _not_yet([delivery for event in events if is_routed(event) for delivery in _owed(event)])
    pour(Delivery, owed)
    reader.position = events[-1].position
    reader.save(update_fields=["position"])
    return len(events) == CHUNK, [delivery.pk for delivery in owed if delivery.channel == Channel.MAIL]


def _not_yet(owed: list[Delivery]) -> list[Delivery]:
    """Without those that were made before, if a log is read a second time. Nobody else makes any: the reader is under lock."""
    known = Delivery.objects.unscoped("routing").filter(event__in={delivery.event_id for delivery in owed})
    made = set(known.order_by().values_list("event_id", "recipient_id", "invitation_id", "channel"))
    return [one for one in owed if (one.event_id, one.recipient_id, one.invitation_id, one.channel) not in made]


def _owed(event: Event) -> list[Delivery]:
    now = timezone.now()
    owed = []
    if invitation := invitation_of(event):
        owed.append(Delivery(channel=Channel.MAIL, event=event, invitation=invitation, due_at=now))
    for user in recipients(event):
        facts: dict[str, Any] = {"event": event, "recipient": user, "due_at": now, "is_urgent": event.kind in URGENT}
        owed.append(Delivery(channel=Channel.INBOX, state=DeliveryState.SENT, sent_at=now, **facts))
        if user.email:
            owed.append(Delivery(channel=Channel.MAIL, **facts))
    return owed


def send(delivery_id: Any) -> bool:
    """Send one due mail. True when it left now; a second caller within the lease finds nothing to do."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return False
    if not _is_wanted(delivery):
        _close(delivery, DeliveryState.DROPPED)
        return False
    try:
        mail.send(delivery)
    except Exception as error:  # whatever a mail server does, the delivery stays due
        log.warning("delivery %s failed: %s", delivery.pk, type(error).__name__)
        _fail(delivery, type(error).__name__)
        return False
    _close(delivery, DeliveryState.SENT)
    return True


def _is_wanted(delivery: Delivery) -> bool:
    """Asked again when sending: a removed member hears nothing more, an ended invitation is not sent."""
    if delivery.invitation is not None:
        return is_good(delivery.invitation)
    return delivery.recipient is not None and may_see(delivery.recipient, delivery.event)


@transaction.atomic
def _claim(delivery_id: Any) -> Delivery | None:
    now = timezone.now()
    rows = Delivery.objects.unscoped("sending").leaving_now().filter(pk=delivery_id)
    delivery = (
        rows.locked().select_related("recipient", "event", "invitation__organisation", "invitation__invited_by").first()
    )
    if delivery is None:
        return None
    delivery.attempts += 1
    delivery.due_at = now + LEASE
    delivery.save(update_fields=["attempts", "due_at"])
    return delivery


def _close(delivery: Delivery, state: str) -> None:
    delivery.state, delivery.sent_at, delivery.fault = state, timezone.now(), ""
    delivery.save(update_fields=["state", "sent_at", "fault"])


def _fail(delivery: Delivery, fault: str) -> None:
    wait = min(LONGEST_WAIT, timedelta(seconds=15 * 2 ** min(delivery.attempts, 12)))
    delivery.due_at = timezone.now() + wait * random.uniform(0.8, 1.2)  # noqa: S311
    delivery.fault = fault
    if delivery.attempts >= GIVES_UP_AFTER:
        delivery.state = DeliveryState.FAILED
    delivery.save(update_fields=["due_at", "fault", "state"])


def due_mails() -> list[Any]:
    rows = Delivery.objects.unscoped("sweep").leaving_now()
    return list(rows.order_by("due_at").values_list("pk", flat=True)[:1000])


def retry_failed() -> int:
    """Give up on nothing: every failed mail is due again, with all its attempts before it."""
    failed = Delivery.objects.unscoped("for the server's keepers").filter(state=DeliveryState.FAILED)
    return failed.update(state=DeliveryState.DUE, attempts=0, due_at=timezone.now())


def missed() -> list[Any]:
    return compartments_behind()


def beat(process: str, at: datetime | None = None) -> None:
    Heartbeat.objects.update_or_create(process=process, defaults={"at": at or timezone.now()})


@transaction.atomic
def mark_read(delivery: Delivery, *, actor: User) -> Delivery:
    """One's own alert; raises Delivery.DoesNotExist for anybody else's."""
    delivery = Delivery.objects.visible_to(actor).inbox().get(pk=delivery.pk)
    if delivery.read_at is None:
        delivery.read_at = timezone.now()
        delivery.save(update_fields=["read_at"])
    return delivery


@transaction.atomic
def mark_all_read(*, actor: User) -> int:
    return Delivery.objects.visible_to(actor).inbox().unread().update(read_at=timezone.now())
