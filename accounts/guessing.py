"""Wrong passwords slow the next try down. Nobody is locked out: a flood before a deadline must not keep an approver away.

Counted by user name and network address together and by address alone, whether or not the name exists. Kept in the cache:
where that is gone, signing in works.
"""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

FREE_TRIES = {"name": 5, "address": 50}
REMEMBERED = timedelta(minutes=15)
LONGEST_WAIT = 30  # seconds


def seconds_to_wait(request: HttpRequest, username: str) -> int:
    """How long before the next try counts; 0 when it may be made now."""
    now = timezone.now().timestamp()
    waits = [_wait(kind, cache.get(key), now) for kind, key in _keys(request, username)]
    return max(0, *waits)


def note_failure(request: HttpRequest, username: str) -> None:
    now = timezone.now().timestamp()
    for _kind, key in _keys(request, username):
        failures, _at = cache.get(key) or (0, now)
        cache.set(key, (failures + 1, now), REMEMBERED.total_seconds())


def forget(request: HttpRequest, username: str) -> None:
    """After the right password; what the address did to other names stays."""
    cache.delete(dict(_keys(request, username))["name"])


def _wait(kind: str, found: tuple[int, float] | None, now: float) -> int:
    failures, at = found or (0, now)
    beyond = failures - FREE_TRIES[kind]
    if beyond < 0:
        return 0
    longest = min(LONGEST_WAIT, 1 << min(beyond, 10))
    return round(at + longest - now)


def _keys(request: HttpRequest, username: str) -> list[tuple[str, str]]:
    address = request.META.get("REMOTE_ADDR", "")
    if settings.IS_SECURE:  # behind the TLS proxy, which appends the caller's address
        address = request.headers.get("X-Forwarded-For", address).split(",")[-1].strip()
    named = hashlib.sha256(f"{username.casefold()}\n{address}".encode()).hexdigest()
    return [("name", f"guess-{named}"), ("address", f"guess-from-{hashlib.sha256(address.encode()).hexdigest()}")]
