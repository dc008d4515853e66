"""The line: each POST gives one person one mark, and answers with the next thing to look at."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from access.declared import needs
from access.requests import viewer_of
from core.errors import DomainError, InputRefused
from exchanges.models import Entry, IdentityCheck, Outcome, Receipt
from exchanges.operations.line import check_identities
from exchanges.operations.tranche import record_receipts
from exchanges.presentation.line_page import LineAsked, LinePage
from exchanges.presentation.tranche_page import TranchePage
from exchanges.views.exchange import asked_part
from exchanges.views.finding import find_tranche

STEPS = ("stage", "release_hold", "go", "record_receipts", "settle")


@needs("read_names")
@require_http_methods(["GET", "HEAD", "POST"])
def line(request: HttpRequest, pk: UUID) -> HttpResponse:
    page = TranchePage(find_tranche(request, pk), viewer_of(request))
    asked = LineAsked.read(request.GET)
    if request.method == "POST":
        return _mark(request, page, asked)
    shown = LinePage(page, asked)
    if asked_part(request, ("heads",)):
        return render(request, "exchanges/tranche_line.html#heads", {"head": page.head(), "heads": shown.heads()})
    return render(request, "exchanges/tranche_line.html", _context(page, shown))


def _context(page: TranchePage, shown: LinePage) -> dict[str, Any]:
    steps = [step for step in page.steps() if step.step in STEPS]
    return {
        "head": page.head(), "hold_step": page.hold_step(), "heads": shown.heads(), "gos": page.gos(),
        "word_steps": page.word_steps(),
        "steps": [step for step in steps if step.allowed],
        "refusals": [step for step in steps if not step.allowed and step.step == "go" and page.tranche.is_open_locked],
        "window": shown.window(), "why_no_names": page.why_no_names(),
    }  # fmt: skip


def _mark(request: HttpRequest, page: TranchePage, asked: LineAsked) -> HttpResponse:
    value, _colon, entry_id = request.POST.get("mark", "").partition(":")
    entry = _entry(request, page, entry_id)
    refused = ""
    try:
        _give(request, page, value, entry)
    except DomainError as refusal:
        refused = refusal.sentence
    if request.htmx and entry and not asked.one:  # type: ignore[attr-defined]
        page = TranchePage(page.tranche, page.viewer)
        shown = LinePage(page, asked)
        context = {
            "head": page.head(), "heads": shown.heads(), "person": shown.one(entry), "refused": refused,
            "filters": shown.filters(), "begin_url": shown.begin_url(),
        }  # fmt: skip
        return render(request, "exchanges/line_marked.html", context)
    if refused:
        messages.error(request, refused)
        return redirect(request.get_full_path())
    return redirect(f"{request.path}{_next_url(page, asked, entry)}")


def _entry(request: HttpRequest, page: TranchePage, pk: str) -> Entry | None:
    try:
        rows = Entry.objects.visible_to(request.user).filter(tranche=page.tranche, pk=UUID(pk))
    except ValueError:
        return None
    found: Entry | None = rows.select_related("direction").first()
    return found


def _give(request: HttpRequest, page: TranchePage, value: str, entry: Entry | None) -> None:
    """Raises DomainError. A second tap on what stands already says nothing new."""
    if entry is None:
        raise InputRefused(_("This entry is not in this tranche."))
    viewer, method = viewer_of(request), request.POST.get("method", "")[:160]
    if value in IdentityCheck.Result.values:
        checks = [{"entry": entry.pk, "result": value, "method": method}]
        check_identities(page.tranche, checks=checks, actor=viewer)
        return
    if value not in Outcome.values:
        raise InputRefused(_("There is no such mark."))
    told = Receipt.objects.visible_to(viewer).filter(tranche=page.tranche, entry=entry).order_by("sequence").last()
    if told is None or told.outcome != value:
        outcomes = [{"entry": entry.pk, "outcome": value, "note": method}]
        record_receipts(page.tranche, outcomes=outcomes, actor=viewer)


def _next_url(page: TranchePage, asked: LineAsked, entry: Entry | None) -> str:
    """Back to the same place of the list; one at a time, on to who is left."""
    shown = LinePage(TranchePage(page.tranche, page.viewer), asked)
    if not asked.one:
        place = {"from": asked.after} if asked.after else {"before": asked.before} if asked.before else {}
        return f"{shown.url(**place)}#e-{entry.pk}" if entry else shown.url(**place)
    following = shown.following(asked.one)
    return shown.url(one=following) if following else shown.url()
