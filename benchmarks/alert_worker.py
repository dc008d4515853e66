"""The worker of the alert's benchmark: the product's own, which also says when something has arrived."""

import os
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import redis  # noqa: E402
from celery.signals import task_postrun  # noqa: E402
from django.conf import settings  # noqa: E402

from config.celery import app  # noqa: E402

ARRIVED = "benchmark:arrived:{of}"
_broker = redis.Redis.from_url(settings.REDIS_URL) if settings.REDIS_URL else None


@app.task(name="benchmarks.received", ignore_result=True)  # type: ignore[untyped-decorator,unused-ignore]
def received(token: str) -> None:
    _note(token)


@task_postrun.connect  # type: ignore[untyped-decorator,unused-ignore]
def _routed(task: Any = None, args: Any = None, **kwargs: Any) -> None:
    if task is not None and task.name == "alerts.route_events":
        _note(args[0])


def _note(name: str) -> None:
    assert _broker is not None
    place, now = ARRIVED.format(of=name), time.time()
    _broker.rpush(place, now)
    _broker.expire(place, 600)
