"""Who says that they live: the beat by itself, each worker by a task that stands in line like any other.

A beat that is dead makes no worker look dead, and the reverse: a worker does not wait for the beat to be asked. Its
message carries when it was placed, so an old heartbeat also tells how long the queue has become.
"""

import logging
from typing import Any

from celery import bootsteps
from celery.signals import after_task_publish
from django.utils import timezone

EVERY = 20.0  # seconds
PROCESS_OF_QUEUE = {"celery": "worker", "sweep": "sweeper"}

log = logging.getLogger(__name__)


class PlaceHeartbeats(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts again with every connection to the broker, which ends all timers of the one before."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        for queue in consumer.task_consumer.queues:
            self.place(consumer.app, queue.name)
            consumer.timer.call_repeatedly(EVERY, self.place, (consumer.app, queue.name))

    def place(self, app: Any, queue: str) -> None:
        process = PROCESS_OF_QUEUE.get(queue, queue)
        try:
            app.send_task(
                "alerts.heartbeat", (process, timezone.now().isoformat()), queue=queue, expires=90, retry=False
            )
        except Exception as error:  # the broker is away: the heartbeat grows old, which is what it is for
            log.warning("no heartbeat of %s: %s", process, type(error).__name__)


@after_task_publish.connect(sender="alerts.sweep", weak=False, dispatch_uid="config.heartbeats")  # type: ignore[untyped-decorator]
def note_the_tick(**_sent: Any) -> None:
    """In the beat, which alone asks for sweeps: it ticked and the broker took the message."""
    from django.db import DatabaseError, close_old_connections, connection

    from alerts.operations import beat

    if not connection.in_atomic_block:
        close_old_connections()
    try:
        beat("beat")
    except DatabaseError as error:
        log.warning("no heartbeat of beat: %s", type(error).__name__)
