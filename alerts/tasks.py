"""Celery only executes: a message wakes a task, the rows say what is to be done."""

import logging
from collections.abc import Callable
from datetime import datetime

from celery import shared_task

from accounts.operations import drop_old_answers
from alerts import operations
from exchanges.operations.sign_off import record_expiries
from people.operations.deadlines import tell_of_passed_deadlines
from people.operations.watching import forget_lookups

log = logging.getLogger(__name__)


@shared_task(name="alerts.route_events")
def route_events(compartment_id: str) -> None:
    for delivery_id in operations.route(compartment_id):
        _nudge(str(delivery_id))


@shared_task(name="alerts.send_delivery")
def send_delivery(delivery_id: str) -> None:
    operations.send(delivery_id)


@shared_task(name="alerts.sweep")
def sweep() -> None:
    """Every 20 s: what a lost message left behind, retries that are due, expiries that have passed."""
    chores: list[Callable[[], object]] = [
        record_expiries,
        drop_old_answers,
        forget_lookups,
        tell_of_passed_deadlines,
    ]
    failures = [error for chore in chores if (error := _failure_of(chore))]
    for compartment_id in operations.missed():
        for delivery_id in operations.route(compartment_id):
            operations.send(delivery_id)
    for delivery_id in operations.due_mails():
        operations.send(delivery_id)
    if failures:
        raise failures[0]
    operations.beat("sweep")  # last: a sweep that fails is none


@shared_task(name="alerts.heartbeat")
def heartbeat(process: str, placed_at: str) -> None:
    """A worker asks itself, through its queue, whether it lives."""
    operations.beat(process, at=datetime.fromisoformat(placed_at))


def _failure_of(chore: Callable[[], object]) -> Exception | None:
    """No chore that fails holds an alert back; the sweep fails with it afterwards."""
    try:
        chore()
    except Exception as error:
        log.error("a chore of the sweep failed: %s, %s", getattr(chore, "__name__", chore), type(error).__name__)
        return error
    return None


def _nudge(delivery_id: str) -> None:
    try:
        send_delivery.delay(delivery_id)
    except Exception as error:  # a dead broker: the sweep will send it
        log.warning("no broker for delivery %s: %s", delivery_id, type(error).__name__)


def wake_routing(compartment_id: str) -> None:
    """After commit. A dead broker is logged and never raised: the event is the outbox."""
    try:
        route_events.apply_async((compartment_id,), retry=False)
    except Exception as error:
        log.warning("no broker for the log of %s: %s", compartment_id, type(error).__name__)
