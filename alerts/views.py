"""One's own alerts, and in the demonstration one's own mail."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.declared import signed_in
from alerts.models import Delivery
from alerts.operations import mark_all_read, mark_read
from alerts.presentation import address_of, inbox_window, mails_to


@signed_in
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    if request.htmx and request.GET.get("part") == "count":  # type: ignore[attr-defined]
        unread = Delivery.objects.visible_to(request.user).inbox().unread().count()
        return render(request, "components/unread.html", {"unread": unread})
    window = inbox_window(request.user, after=request.GET.get("after", ""))  # type: ignore[arg-type]
    template = "alerts/inbox.html#inbox" if request.htmx else "alerts/inbox.html"  # type: ignore[attr-defined]
    return render(request, template, {"window": window, "after": request.GET.get("after", "")})


@signed_in
@require_http_methods(["POST"])
def open_delivery(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To open an alert is to have read it."""
    delivery = Delivery.objects.visible_to(request.user).inbox().filter(pk=pk).select_related("event").first()
    if delivery is None:
        raise Http404
    mark_read(delivery, actor=request.user)  # type: ignore[arg-type]
    return redirect(address_of(delivery, request.user))  # type: ignore[arg-type]


@signed_in
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    mark_all_read(actor=request.user)  # type: ignore[arg-type]
    messages.success(request, _("Every alert is marked as read."))
    return redirect("alerts:inbox")


@signed_in
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    if not settings.SHOWS_OUTBOX:
        raise Http404
    return render(request, "alerts/outbox.html", {"mails": mails_to(request.user)})  # type: ignore[arg-type]
