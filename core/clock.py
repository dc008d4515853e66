"""The time of case facts: real time plus an offset fixed when a training or demo database is made.

Sessions, keys, grants and retries use `django.utils.timezone.now()`, never this.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

YEARS = range(1900, 2201)  # of an instant that somebody types: no zone carries these beyond what a date can hold
TOLERATED_LEAD = timedelta(minutes=5)  # another clock may run this far ahead of ours
TOLD_AT_ONCE = timedelta(minutes=5)  # what is older than this when it is entered was recorded afterwards


class Clock:
    """The offset is read once a process, from the setting or from `stored_offset` (set by the app that keeps it)."""

    def __init__(self) -> None:
        self.offset: timedelta | None = None
        self.stored_offset: Callable[[], timedelta] = timedelta

    def now(self) -> datetime:
        if self.offset is None:
            self.offset = self._offset()
        return timezone.now() + self.offset

    def _offset(self) -> timedelta:
        if start := parse_datetime(settings.HOMEWARD_CLOCK):
            return (start if start.tzinfo else start.replace(tzinfo=timezone.get_default_timezone())) - timezone.now()
        return self.stored_offset()


clock = Clock()
now = clock.now


def was_recorded_afterwards(happened_at: datetime, recorded_at: datetime) -> bool:
    return recorded_at - happened_at > TOLD_AT_ONCE
