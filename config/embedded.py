"""Celery's worker and beat as threads of this process, for the broker that lives in this process's memory.

The messages die with the process. What must not be lost is a row, which the next sweep finds.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from celery import beat
from celery.worker import WorkController, state

from config.celery import app

# A worker to each queue: however long the first is, the sweep is not behind it.
THREADS_BY_QUEUE = {"celery": 4, "sweep": 1}


@dataclass
class Embedded:
    schedule: beat.Service
    threads: list[threading.Thread]

    def stop(self, within: float = 5.0) -> bool:
        """Let running tasks finish; False if some have not after `within` seconds. Those end with the process.

        An idle worker looks up every two seconds.
        """
        state.should_stop = 0  # an exit code; how Celery tells all consumers of a process to end
        self.schedule.stop()
        deadline = time.monotonic() + within
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads)


def start() -> Embedded:
    """Start what `celery worker` and `celery beat` would, without signal handlers: the main thread has its own."""
    state.should_stop = None
    schedule = beat.Service(app, scheduler_cls=beat.Scheduler, max_interval=1)  # seconds: how long a stop may take
    for entry in schedule.scheduler.schedule.values():
        schedule.scheduler.apply_entry(entry)  # what an earlier process left behind need not wait for the first tick
    threads = [_start_worker(queue, size) for queue, size in THREADS_BY_QUEUE.items()]
    return Embedded(schedule, [*threads, _daemon(schedule.start)])


def _start_worker(queue: str, size: int) -> threading.Thread:
    ready = threading.Event()
    worker = WorkController(
        app=app,
        hostname=f"{queue}@homeward",
        pool_cls="threads",
        concurrency=size,
        queues=[queue],
        ready_callback=lambda consumer: ready.set(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    thread = _daemon(worker.start)
    # The app has one choice of queues, read when a worker begins to consume: the next worker must not change it before.
    if not ready.wait(timeout=20):
        raise RuntimeError(f"The worker of the queue {queue} did not start.")
    return thread


def _daemon(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread
