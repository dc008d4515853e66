"""The short exchange: one page, one save, two people."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from access.acting import NotAllowed
from access.declared import needs
from access.forms import answer_status
from access.models import User
from access.requests import viewer_of
from access.roles import May
from core.errors import DomainError
from exchanges.models import Exchange, SignOff
from exchanges.operations.short import deciding_seat, record_short_exchange
from exchanges.short_form import ShortForm
from exchanges.two_people import second_person
from exchanges.views.taking import REFUSED, tried
from negotiations.models import Negotiation, Participant

MOST_TALKS = 100


@needs("decide")
@sensitive_post_parameters("own_password", "second_password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def short(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    talks = _talks(viewer)
    why_not = "" if talks else _why_not(viewer)
    form = ShortForm(request.POST if request.method == "POST" else None, talks=talks, viewer=viewer)
    if not why_not and form.is_valid():
        exchange = tried(form, partial(_save, request, form))
        if exchange is not REFUSED:
            messages.success(request, _("The exchange is recorded, every step of it."))
            return redirect("exchanges:detail", pk=exchange.pk)
    context = {"form": form, "why_not": why_not, "all_here": _all_here(viewer), "has_talks": bool(talks)}
    return render(request, "exchanges/exchange_short.html", context, status=200 if why_not else answer_status(form))


def _talks(viewer: User) -> list[tuple[str, str]]:
    """The sides that do not work here, in negotiations where the viewer decides: the newest first."""
    mine = Negotiation.objects.where(viewer, May.DECIDE)
    absent = Participant.objects.visible_to(viewer).filter(negotiation__in=mine, works_here=False)
    rows = absent.select_related("negotiation").order_by("-negotiation__created_at", "letter")[:MOST_TALKS]
    return [(str(side.pk), f"{side.negotiation}: {side}") for side in rows]


def _all_here(viewer: User) -> list[Negotiation]:
    """Negotiations in which the other side signs for itself: they take the ordinary way."""
    mine = Negotiation.objects.where(viewer, May.DECIDE)
    absent = Participant.objects.visible_to(viewer).filter(works_here=False)
    return list(mine.exclude(pk__in=absent.values("negotiation_id")).order_by("-created_at")[:MOST_TALKS])


def _why_not(viewer: User) -> str:
    """Empty for whoever may at least open a negotiation of their own here."""
    try:
        deciding_seat(viewer)
    except NotAllowed as refused:
        return refused.sentence
    return ""


def _save(request: HttpRequest, form: ShortForm) -> Exchange:
    """Raises DomainError."""
    viewer, typed = viewer_of(request), form.cleaned_data
    signs = typed["manner"] == SignOff.Manner.SIGNED
    second = second_person(
        request, viewer, other=form.other, own_password=typed["own_password"] if signs else None,
        username=typed["second_username"], password=typed["second_password"],
    )  # fmt: skip
    now = timezone.now()
    told = form.told(stepped_up_at=now if signs else None)
    try:
        return record_short_exchange(
            told, actor=viewer, second=second, second_stepped_up_at=now, form=typed["form"]
        )  # fmt: skip
    except DomainError as refused:
        if form.take_faults(refused.errors):
            refused.errors = {"form": []}  # every fault stands at its line already
        raise
