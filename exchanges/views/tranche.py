"""Pages of tranches: planning them, one tranche in sections, its line and its manifest."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.declared import needs, signed_in
from access.forms import answer_status
from access.requests import viewer_of
from core.errors import DomainError, InputRefused
from exchanges.forms import PlanForm
from exchanges.models import AGREED, Direction, Entry, Manifest, Tranche, TrancheStatus
from exchanges.operations.list import clear
from exchanges.operations.tranche import change_plan, plan_tranche
from exchanges.presentation.exchange_page import ExchangePage
from exchanges.presentation.manifest_page import manifest_page
from exchanges.presentation.times import count
from exchanges.presentation.tranche_page import TranchePage
from exchanges.views.exchange import asked_part, context_of
from exchanges.views.finding import exchange_page, find_exchange, find_tranche
from exchanges.views.taking import REFUSED, show_plain_refusal, tried

WHOLE_PAGE = ("steps", "account", "counts", "pairs", "ladder", "handover", "lines", "holds", "timeline")
LIVE_PARTS = ("state", *WHOLE_PAGE)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def tranches(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The tranches of an exchange, and the form that plans another."""
    exchange = find_exchange(request, pk)
    page = exchange_page(request, exchange)
    posted = request.POST if request.method == "POST" else None
    form = PlanForm(posted, directions=page.parties.directions, is_new=True)
    if form.is_valid():
        planned = tried(form, lambda: _plan(request, page, form))
        if planned is not REFUSED:
            messages.success(request, _planned(planned, request))
            return redirect("exchanges:tranche", pk=planned.pk)
    context = context_of(page, request, ("tranches",), section="tranches", plan_form=form)
    return render(request, "exchanges/exchange_detail.html", context, status=answer_status(form))


def _plan(request: HttpRequest, page: ExchangePage, form: PlanForm) -> Tranche:
    wanted = [pk for direction in page.parties.directions for pk in _chosen(request, form, direction)]
    if not wanted and not form.nobody_is_meant():
        form.ask_about_nobody()
        sentence = _("Nobody would stand in this tranche. Choose who does, or say that names are put in later.")
        raise InputRefused(sentence, errors={"nobody_yet": [sentence]})
    return plan_tranche(page.exchange, actor=viewer_of(request), entries=wanted, **form.plan())


def _planned(tranche: Tranche, request: HttpRequest) -> str:
    told = {"number": tranche.number}
    if Entry.objects.visible_to(request.user).filter(tranche=tranche).exists():
        return _("Tranche %(number)s is planned.") % told
    return _("Tranche %(number)s is planned. Nobody stands in it yet: it can be locked once somebody does.") % told


def _chosen(request: HttpRequest, form: PlanForm, direction: Direction) -> list[Any]:
    chosen = _numbered(request, direction, form.of("add", direction), f"add-{direction.number}")
    if form.of("all", direction):
        free = Q(tranche=None) | Q(tranche__status=TrancheStatus.ABORTED)
        rows = Entry.objects.visible_to(request.user).filter(AGREED, free, direction=direction)
        chosen += list(rows.values_list("pk", flat=True))
    return chosen


def _numbered(request: HttpRequest, direction: Direction, wanted: list[int], field: str) -> list[Any]:
    """The entries with these numbers. Raises InputRefused at the field, naming the first that are missing."""
    rows = Entry.objects.visible_to(request.user).filter(direction=direction, number__in=wanted)
    found = dict(rows.values_list("number", "pk"))
    missing = sorted(set(wanted) - found.keys())
    if missing:
        named = ", ".join(f"#{number}" for number in missing[:5])
        sentence = _("There is no %(numbers)s on the list %(direction)s.") % {"numbers": named, "direction": direction}
        raise InputRefused(sentence, errors={field: [sentence]})
    return list(found.values())


@signed_in
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    page = TranchePage(find_tranche(request, pk), viewer_of(request))
    part = asked_part(request, LIVE_PARTS)
    if part:
        return render(request, f"exchanges/tranche_detail.html#{part}", tranche_context(page, request, (part,)))
    return render(request, "exchanges/tranche_detail.html", tranche_context(page, request, WHOLE_PAGE))


@signed_in
@require_safe
def log(request: HttpRequest, pk: UUID) -> HttpResponse:
    page = TranchePage(find_tranche(request, pk), viewer_of(request))
    context = tranche_context(page, request, ("timeline",), section="log")
    return render(request, "exchanges/tranche_detail.html", context)


def tranche_context(
    page: TranchePage, request: HttpRequest, parts: tuple[str, ...], *, section: str = ""
) -> dict[str, Any]:
    context: dict[str, Any] = {
        "tranche": page.tranche, "parts": parts, "section": section, "is_live": not section, "head": page.head(),
        "hold_step": page.hold_step(),
    }  # fmt: skip
    for part in parts:
        if part in _CONTEXTS:
            context |= _CONTEXTS[part](page, request)
    return context


def _timeline(page: TranchePage, request: HttpRequest) -> dict[str, Any]:
    history = page.history(request.GET.get("before_event", ""))
    log_url = reverse("exchanges:tranche_log", args=[page.tranche.pk])
    return {"history": history, "older_url": f"{log_url}?before_event={history.older}" if history.older else ""}


def _lines(page: TranchePage, request: HttpRequest) -> dict[str, Any]:
    window = page.lines(
        direction=request.GET.get("direction", ""), sought=request.GET.get("q", "").strip()[:120],
        after=_number(request.GET.get("from", "")), before=_number(request.GET.get("before", "")),
    )  # fmt: skip
    return {"window": window, "why_no_names": "" if window else page.why_no_names(), "may_plan": page.may_plan()}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


_CONTEXTS: dict[str, Any] = {
    "steps": lambda page, request: {
        "steps": page.steps(), "word_steps": page.word_steps(), "to_sign": page.to_sign(), "may_clear": page.may_clear(),
    },
    "account": lambda page, request: {
        "accounts": page.accounts(), "corrections": page.corrections() if page.told else [],
    },
    "counts": lambda page, request: {"counts": page.counts(), "outcomes": page.outcomes()},
    "pairs": lambda page, request: {"pairs": page.pairs()},
    "ladder": lambda page, request: {"ladders": page.ladders()},
    "handover": lambda page, request: {"agreements": page.agreements(), "gos": page.gos()},
    "lines": _lines,
    "holds": lambda page, request: {"holds": page.holds()},
    "timeline": _timeline,
}  # fmt: skip


@needs("negotiate")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Date, place, entries and who is conspicuous, while planned."""
    tranche = find_tranche(request, pk)
    page = TranchePage(tranche, viewer_of(request))
    if tranche.status != TrancheStatus.PLANNED and request.method != "POST":
        messages.info(request, _("The tranche is locked: its plan changes after it is unlocked."))
        return redirect("exchanges:tranche", pk=pk)
    initial = {"planned_on": tranche.planned_on, "place": tranche.place, "time_zone": tranche.time_zone}
    posted = request.POST if request.method == "POST" else None
    form = PlanForm(posted, initial=initial, directions=page.parties.directions, is_new=False)
    if form.is_valid() and tried(form, lambda: _change_plan(request, page, form)) is not REFUSED:
        messages.success(request, _("The plan is changed."))
        return redirect("exchanges:tranche", pk=pk)
    context = {"form": form, "tranche": tranche, "head": page.head()}
    return render(request, "exchanges/tranche_plan.html", context, status=answer_status(form))


def _change_plan(request: HttpRequest, page: TranchePage, form: PlanForm) -> Tranche:
    chosen: dict[str, list[Any]] = {"add": [], "remove": [], "conspicuous": []}
    for direction in page.parties.directions:
        for kind, found in chosen.items():
            found += _numbered(request, direction, form.of(kind, direction) or [], f"{kind}-{direction.number}")
    marked = dict.fromkeys(chosen["conspicuous"], True)
    return change_plan(
        page.tranche, actor=viewer_of(request), add=chosen["add"], remove=chosen["remove"], conspicuous=marked,
        **form.plan(),
    )  # fmt: skip


@needs("lock")
@require_POST
def clearance(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say yes, and only yes, for one's own side: every entry of the tranche is cleared."""
    tranche = find_tranche(request, pk)
    url = reverse("exchanges:tranche", args=[pk])
    try:
        cleared = clear(tranche, actor=viewer_of(request))
    except DomainError as refused:
        return show_plain_refusal(request, refused, url)
    sentence = ngettext("%(n)s entry cleared.", "%(n)s entries cleared.", cleared) % {"n": count(cleared)}
    messages.success(request, sentence)
    return redirect(url)


@signed_in
@require_safe
def manifest(request: HttpRequest, pk: UUID) -> HttpResponse:
    """For paper. Also for those who see final lists alone: it is found by the manifest, not by the tranche."""
    rows = Manifest.objects.visible_to(request.user).filter(tranche=pk).select_related("tranche__exchange")
    found = rows.order_by("-lock_number", "-version").first()
    if found is None:
        raise Http404
    return render(request, "exchanges/tranche_manifest.html", {"manifest": manifest_page(found, viewer_of(request))})
