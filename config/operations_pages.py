"""For whoever keeps the server: is it alive, is it ready, how much does it carry. No case data, no names."""

import ipaddress

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from access.declared import public
from config import health


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, triggers, broker, beat and both workers are as they should be; else 503 with what is not."""
    found = health.standing()
    return JsonResponse(found, status=200 if all(word == health.OK for word in found.values()) else 503)


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """Text for a scraper on this host: what waits, nothing about whom. To everybody else, and behind the proxy, it does not
    exist: how much is done here would tell one side when the other is at work."""
    if not _is_near(request):
        raise Http404
    return HttpResponse(health.metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_near(request: HttpRequest) -> bool:
    """From this host or, where the application runs in a container, from its private network; through no proxy."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_private
