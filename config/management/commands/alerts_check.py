"""Is every alert on its way? For a timer or a person: one line for whatever is late or failed, exit code 0 or 1."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from alerts.models import DeliveryState
from alerts.operations import retry_failed
from config import health

LATE_AFTER = 120.0  # seconds: six sweeps
FAILED_LATELY = timedelta(days=7)
SHOWN = 20
REMEDY = {
    "beat": "start the beat: nothing asks for sweeps",
    "worker": "start the worker: mails leave by the sweep only, up to 20 seconds late",
    "sweeper": "start the worker of the queue sweep, or read its log: what a lost message left is not found",
    "broker": "start Redis: alerts leave by nothing until it answers",
    "triggers": "run manage.py migrate, then find out who removed them",
    "outbound": "mails are held until manage.py restore --release",
}


class Command(BaseCommand):
    help = "Say what is late or failed on the way of the alerts. Exit code 0: nothing; 1: something."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retry", action="store_true", help="first make every failed delivery due again")

    def handle(self, *, retry: bool, **options: Any) -> None:
        try:
            if retry:
                self.stdout.write(f"{retry_failed()} failed deliveries are due again.")
            faults = list(self.faults())
        except DatabaseError as error:
            raise CommandError(f"The database does not answer ({type(error).__name__}).") from error
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            sys.exit(1)
        self.stdout.write("Every alert has left or is on its way.")

    def faults(self) -> Iterator[str]:
        for part, word in health.standing().items():
            if word != health.OK:
                yield f"{part}: {word}" + (f" ({REMEDY[part]})" if part in REMEDY else "")
        now = health.waiting()
        if now.unrouted_seconds > LATE_AFTER:
            yield (
                f"late: {now.events_unrouted} events in {now.logs_behind} logs have told nobody yet, "
                f"the oldest for {span(now.unrouted_seconds)}"
            )
        if now.overdue_seconds > LATE_AFTER:
            due = ", ".join(f"{count} by {channel}" for channel, count in now.due.items() if count)
            yield f"late: of what is due ({due}) the oldest should have left {span(now.overdue_seconds)} ago"
        yield from self.failed()

    def failed(self) -> Iterator[str]:
        """By the delivery's id; what failed more than a week ago is counted by /metrics and reported no more."""
        rows = health.leaving().filter(state=DeliveryState.FAILED, due_at__gt=timezone.now() - FAILED_LATELY)
        found = list(rows.order_by("due_at").values_list("pk", "attempts", "fault")[: SHOWN + 1])
        for pk, attempts, fault in found[:SHOWN]:
            yield f"failed: delivery {pk} after {attempts} attempts ({fault})"
        if len(found) > SHOWN:
            yield f"failed: and {rows.count() - SHOWN} more; --retry makes them due again"


def span(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 180 else f"{seconds / 60:.0f} minutes"
