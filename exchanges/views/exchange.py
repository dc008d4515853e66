"""Pages of exchanges: the board, a new draft, one exchange in sections."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from access.declared import needs, signed_in
from access.forms import answer_status
from access.models import Organisation
from access.requests import viewer_of
from access.roles import May
from access.scoping import capabilities_anywhere
from core.errors import StaleVersion
from exchanges.forms import DraftForm, FinalOfficeForm, send_again
from exchanges.models import Exchange
from exchanges.operations.exchange import change_draft, draft_exchange, name_final_office
from exchanges.presentation import board as boards
from exchanges.presentation.exchange_page import ExchangePage
from exchanges.views.answering import names_context
from exchanges.views.finding import exchange_page, find_exchange
from exchanges.views.taking import REFUSED, tried
from negotiations.models import Negotiation, Participant

WHOLE_PAGE = ("steps", "directions", "names", "tranches", "revisions", "words", "statements", "finals", "timeline")
LIVE_PARTS = ("state", *WHOLE_PAGE)


@signed_in
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    as_table, may = request.GET.get("as") == "table", capabilities_anywhere(viewer)
    context: dict[str, Any] = {
        "as_table": as_table,
        "may_draft": _drafting(request).exists(),
        "may_enter": May.DECIDE in may,
    }
    if as_table:
        context["table"] = boards.table(viewer, after=request.GET.get("after", ""))
    else:
        context["columns"] = boards.board(viewer)
    return render(request, "exchanges/exchange_board.html", context)


@signed_in
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    exchange = find_exchange(request, pk)
    part = asked_part(request, LIVE_PARTS)
    parts = (part,) if part else WHOLE_PAGE
    page = exchange_page(request, exchange, parts)
    template = f"exchanges/exchange_detail.html#{part}" if part else "exchanges/exchange_detail.html"
    return render(request, template, context_of(page, request, parts))


@signed_in
@require_safe
def log(request: HttpRequest, pk: UUID) -> HttpResponse:
    page = exchange_page(request, find_exchange(request, pk), ("timeline",))
    return render(request, "exchanges/exchange_detail.html", context_of(page, request, ("timeline",), section="log"))


def asked_part(request: HttpRequest, known: tuple[str, ...]) -> str:
    """The section that a live refresh asks for; a person who opens the address gets the whole page."""
    part = request.GET.get("part", "")
    return part if request.htmx and part in known else ""  # type: ignore[attr-defined]


def context_of(
    page: ExchangePage, request: HttpRequest, parts: tuple[str, ...], *, section: str = "", **more: Any
) -> dict[str, Any]:
    """Only what these sections read is asked of the database."""
    context: dict[str, Any] = {"exchange": page.exchange, "parts": parts, "section": section, "is_live": not section}
    context["head"] = page.head()
    for part in parts:
        context |= _CONTEXTS.get(part, _nothing)(page, request)
    return context | more


def _nothing(page: ExchangePage, request: HttpRequest) -> dict[str, Any]:
    return {}


def _steps(page: ExchangePage, request: HttpRequest) -> dict[str, Any]:
    return {
        "steps": page.steps(), "word_steps": page.word_steps(), "open_tranche": page.open_tranche(),
        "may_change_draft": page.may_change_draft(),
    }  # fmt: skip


def _names(page: ExchangePage, request: HttpRequest) -> dict[str, Any]:
    return names_context(page, request)


def _tranches(page: ExchangePage, request: HttpRequest) -> dict[str, Any]:
    return {"tranches": page.tranches(), "may_plan": page.may_plan()}


def _timeline(page: ExchangePage, request: HttpRequest) -> dict[str, Any]:
    history = page.history()
    log_url = reverse("exchanges:log", args=[page.exchange.pk])
    return {"history": history, "older_url": f"{log_url}?before_event={history.older}" if history.older else ""}


_CONTEXTS: dict[str, Any] = {
    "steps": _steps,
    "directions": lambda page, request: {"directions": page.directions(), "submit_links": page.submit_links()},
    "names": _names,
    "tranches": _tranches,
    "revisions": lambda page, request: {"revisions": page.revisions()},
    "words": lambda page, request: {"words": page.words()},
    "statements": lambda page, request: {"statements": page.statements()},
    "finals": lambda page, request: {"finals": page.finals()},
    "timeline": _timeline,
}


def _drafting(request: HttpRequest) -> Any:
    return Negotiation.objects.where(request.user, May.NEGOTIATE).order_by("-created_at")


@needs("negotiate")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    choices = list(_drafting(request)[:50])
    asked = request.GET.get("negotiation", "")
    negotiation = next((one for one in choices if str(one.pk) == asked), choices[0] if len(choices) == 1 else None)
    if negotiation is None:
        return render(request, "exchanges/exchange_new.html", {"choices": choices})
    posted = request.POST if request.method == "POST" else None
    form = DraftForm(posted, participants=_sides_of(negotiation, request))
    if form.is_valid():
        drafted = tried(form, lambda: _draft(request, negotiation, form))
        if drafted is not REFUSED:
            messages.success(request, _drafted(negotiation))
            return redirect("exchanges:detail", pk=drafted.pk)
    context = {"form": form, "negotiation": negotiation}
    return render(request, "exchanges/exchange_new.html", context, status=answer_status(form))


def _drafted(negotiation: Negotiation) -> str:
    if negotiation.is_ours_alone:
        return _("It stays our draft until you record that it was sent.")
    return _("The draft is yours alone until you propose it.")


def _draft(request: HttpRequest, negotiation: Negotiation, form: DraftForm) -> Exchange:
    with form.faults_at_fields():
        return draft_exchange(
            negotiation, title=form.cleaned_data["title"], directions=form.directions(), actor=viewer_of(request)
        )


def _sides_of(negotiation: Negotiation, request: HttpRequest) -> Any:
    return Participant.objects.visible_to(request.user).filter(negotiation=negotiation).order_by("letter")


@needs("negotiate")
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Title, directions and formula, until it is proposed."""
    exchange = find_exchange(request, pk)
    page = exchange_page(request, exchange)
    if not exchange.is_draft and request.method != "POST":
        messages.info(
            request, _("Only a draft can be changed. Once it is proposed, a counter-offer changes the formula.")
        )
        return redirect("exchanges:detail", pk=pk)
    posted = request.POST if request.method == "POST" else None
    initial = {"title": exchange.title, "version": exchange.version}
    sides = _sides_of(exchange.negotiation, request)
    form = DraftForm(posted, initial=initial, participants=sides, stated=page.stated_directions())
    if form.is_valid() and tried(form, lambda: _change_draft(request, exchange, form)) is not REFUSED:
        messages.success(request, _("The draft is changed."))
        return redirect("exchanges:detail", pk=pk)
    context = {"form": form, "head": page.head(), "why_not": page.why_no_draft()}
    if getattr(form, "refused_with", 0) == StaleVersion.status:
        context["formula"] = [(str(one), lines) for one, lines in page.formula()]
        send_again(form, {"version": exchange.version})
    return render(request, "exchanges/exchange_draft.html", context, status=answer_status(form))


def _change_draft(request: HttpRequest, exchange: Exchange, form: DraftForm) -> Exchange:
    with form.faults_at_fields():
        return change_draft(
            exchange, title=form.cleaned_data["title"], directions=form.directions(),
            version=form.cleaned_data["version"], actor=viewer_of(request),
        )  # fmt: skip


@needs("decide")
@require_http_methods(["GET", "HEAD", "POST"])
def finals(request: HttpRequest, pk: UUID, participant: UUID) -> HttpResponse:
    exchange = find_exchange(request, pk)
    page = exchange_page(request, exchange)
    side = next((one for one in page.parties.all if one.pk == participant), None)
    if side is None:
        raise Http404
    offices = Organisation.objects.visible_to(request.user).filter(party=side.party_id, kind=Organisation.Kind.BODY)
    form = FinalOfficeForm(request.POST if request.method == "POST" else None, participant=side, offices=offices)
    if form.is_valid():
        named = partial(name_final_office, exchange, participant=side.pk, actor=viewer_of(request), **form.cleaned_data)
        if tried(form, named) is not REFUSED:
            messages.success(request, _("The final sign-off is named."))
            return redirect("exchanges:detail", pk=pk)
    context = {"form": form, "participant": side, "head": page.head()}
    return render(request, "exchanges/final_office.html", context, status=answer_status(form))
