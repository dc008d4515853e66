"""Home: what waits for you, what happened since you were last here, and every exchange by status."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access.declared import signed_in
from access.models import User
from access.requests import viewer_of
from access.roles import May
from access.scoping import capabilities_anywhere
from config.places import places_for
from core import clock
from exchanges.models import Manifest, Tranche
from exchanges.presentation.board import board
from exchanges.presentation.news import news_since
from exchanges.presentation.waiting import waiting_for
from negotiations.models import Negotiation

NEW_VISIT_AFTER = timedelta(minutes=30)
NOTED_EVERY = timedelta(minutes=1)
FINAL_LISTS = 20


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    part = request.GET.get("part", "")
    if request.htmx and part == "waiting":  # type: ignore[attr-defined]
        return render(request, "home.html#waiting", {"waiting": waiting_for(viewer)})
    is_first_visit = note_visit(viewer)
    capabilities = capabilities_anywhere(viewer)
    context = {
        "waiting": waiting_for(viewer),
        "is_first_visit": is_first_visit,
        "news": news_since(None if is_first_visit else viewer.previous_visit_at, viewer),
        "columns": board(viewer),
        "final_lists": final_lists(viewer),
        "may_draft": May.NEGOTIATE in capabilities and Negotiation.objects.where(viewer, May.NEGOTIATE).exists(),
        "places": places_for(capabilities),
    }
    return render(request, "home.html", context)


def note_visit(viewer: User) -> bool:
    """Whether they were never here before. A visit that begins half an hour after the last one makes that one the
    previous; what happens while the first one lasts is told from its beginning on. By the clock of case facts, since it
    is compared with events."""
    now, last = clock.now(), viewer.last_visit_at
    if last is not None and timedelta() <= now - last < NOTED_EVERY:
        return False
    if last is None or not timedelta() <= now - last < NEW_VISIT_AFTER:
        viewer.previous_visit_at = last or now
    viewer.last_visit_at = now
    viewer.save(update_fields=["last_visit_at", "previous_visit_at"])
    return last is None


def final_lists(viewer: User) -> list[Manifest]:
    """Of tranches that the viewer cannot open: all that the neutral intermediary sees of an exchange."""
    rows = Manifest.objects.visible_to(viewer).exclude(tranche__in=Tranche.objects.visible_to(viewer))
    newest: dict[object, Manifest] = {}
    for row in rows.select_related("tranche__exchange").order_by("-at")[: FINAL_LISTS * 5]:
        newest.setdefault(row.tranche_id, row)
    return list(newest.values())[:FINAL_LISTS]
