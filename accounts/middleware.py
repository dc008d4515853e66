"""Sessions end after 15 minutes without use and after 12 hours in any case; times are shown in the viewer's zone."""

import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

STARTED_AT, SEEN_AT = "started_at", "seen_at"
NOTED_EVERY = timedelta(seconds=30)  # the session row is not written for every click


class SessionLimits:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if is_over(request.session):
                logout(request)
            else:
                note_use(request.session)
        return self.get_response(request)


def begin(session: object) -> None:
    now = timezone.now().timestamp()
    session[STARTED_AT] = now  # type: ignore[index]
    session[SEEN_AT] = now  # type: ignore[index]


def is_over(session: object) -> bool:
    """Whether the session ran out, by `SESSION_IDLE` or by `SESSION_ABSOLUTE`."""
    now = timezone.now()
    seen, started = (_instant(session.get(key)) for key in (SEEN_AT, STARTED_AT))  # type: ignore[attr-defined]
    if seen is None or started is None:
        return True
    return now - seen > settings.SESSION_IDLE or now - started > settings.SESSION_ABSOLUTE


def note_use(session: object) -> None:
    seen = _instant(session.get(SEEN_AT))  # type: ignore[attr-defined]
    now = timezone.now()
    if seen is None or now - seen > NOTED_EVERY:
        session[SEEN_AT] = now.timestamp()  # type: ignore[index]


def _instant(stamp: float | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


class ViewerTimeZone:
    """The signed-in viewer's time zone and, unless the language form chose another, language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(zoneinfo.ZoneInfo(request.user.time_zone)):
            return self.get_response(request)
