"""For whoever keeps the server: is it alive, is it ready, how much does it carry. No case data, no names."""

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from access.declared import public
from alerts.models import Channel, Delivery, DeliveryState, Heartbeat
from alerts.routing import compartments_behind
from audit.append_only import missing

SILENT_AFTER = timedelta(seconds=90)


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, triggers, broker and worker are as they should be; else 503 with what is not."""
    found = {"database": _database(), "triggers": _triggers(), "broker": _broker(), "worker": _worker()}
    return JsonResponse(found, status=200 if all(word == "ok" for word in found.values()) else 503)


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """Text for a scraper on this host: what waits, nothing about whom. Behind the proxy it does not exist."""
    if "X-Forwarded-For" in request.headers:
        raise Http404
    due = Delivery.objects.unscoped("metrics").filter(channel=Channel.MAIL, state=DeliveryState.DUE).count()
    failed = Delivery.objects.unscoped("metrics").filter(state=DeliveryState.FAILED).count()
    lines = [
        f"homeward_mails_due {due}", f"homeward_mails_failed {failed}", f"homeward_logs_behind {len(compartments_behind())}",
    ]  # fmt: skip
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return "ok"


def _triggers() -> str:
    try:
        return "ok" if not missing() else "missing"
    except DatabaseError:
        return "unknown"


def _broker() -> str:
    if not settings.REDIS_URL:
        return "ok"  # inside this process
    import redis

    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2).ping()
    except redis.RedisError:
        return "does not answer"
    return "ok"


def _worker() -> str:
    try:
        beat = Heartbeat.objects.filter(process="worker").first()
    except DatabaseError:
        return "unknown"
    return "ok" if beat and timezone.now() - beat.at < SILENT_AFTER else "silent"
