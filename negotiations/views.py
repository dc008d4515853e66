from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from access.admin import faults_moved
from access.declared import needs, signed_in
from access.forms import answer_status, attempt
from access.models import User
from access.requests import viewer_of
from access.roles import May
from access.scoping import capabilities_anywhere
from audit.models import Event
from audit.presentation import timeline
from negotiations.forms import (
    AgendaFormSet,
    NegotiationForm,
    OfNegotiation,
    ProposalForm,
    RecordFilter,
    RoundForm,
    StatementForm,
    WordForm,
)
from negotiations.models import Negotiation, Round
from negotiations.operations import add_proposal, add_statement, create_negotiation, record_round, record_word
from negotiations.presentation import page_of, why_not, window_of_negotiations
from negotiations.public_record import choices_of_talks, talks_of_record, talks_page

EVENTS_SHOWN = 100

# What upper apps show on the page of a negotiation: each answers with a template and its context, or nothing.
SECTIONS: list[Callable[[User, Negotiation], tuple[str, dict[str, Any]] | None]] = []


@needs(May.READ)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    window = window_of_negotiations(
        viewer_of(request),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    may_open = May.NEGOTIATE in capabilities_anywhere(request.user)
    return render(request, "negotiations/negotiation_list.html", {"window": window, "may_open": may_open})


@needs(May.NEGOTIATE)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = NegotiationForm(request.POST if request.method == "POST" else None, viewer=viewer_of(request))
    if form.is_valid():
        opened = attempt(form, partial(_open, form, viewer_of(request)))
        if opened is not None:
            messages.success(
                request, _("The negotiation is open. Next: set the sign-off policy, then draft an exchange.")
            )
            return redirect("negotiations:detail", pk=opened.pk)
    context = {"form": form, "why_not": "" if form.own else why_not(frozenset(), May.NEGOTIATE)}
    return render(request, "negotiations/negotiation_new.html", context, status=answer_status(form))


def _open(form: NegotiationForm, actor: User) -> Negotiation:
    with faults_moved({"participants": ("participants", form.filled())}):
        return create_negotiation(actor=actor, **form.given)


@needs(May.READ)
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    negotiation = _negotiation(request, pk)
    viewer = viewer_of(request)
    events = (
        Event.objects.visible_to(viewer).filter(compartment=negotiation.compartment_id).newest_first()[:EVENTS_SHOWN]
    )
    sections = [section for show in SECTIONS if (section := show(viewer, negotiation))]
    context = {
        "negotiation": negotiation, "page": page_of(negotiation, viewer), "days": timeline(events, viewer),
        "sections": [render_to_string(template, inside, request) for template, inside in sections],
    }  # fmt: skip
    return render(request, "negotiations/negotiation_detail.html", context)


@needs(May.RECORD_TALKS)
@require_http_methods(["GET", "HEAD", "POST"])
def round_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    negotiation = _negotiation(request, pk)
    posted = request.POST if request.method == "POST" else None
    form = RoundForm(posted, negotiation=negotiation, viewer=viewer_of(request))
    agenda = AgendaFormSet(posted, prefix="agenda")
    if form.is_valid() and agenda.is_valid():
        items = [(item["title"], item["outcome"], item["note"]) for item in agenda.cleaned_data if item.get("title")]
        recording = partial(record_round, negotiation, actor=viewer_of(request), agenda=items, **form.cleaned_data)
        if attempt(form, recording) is not None:
            messages.success(request, _("The round is recorded."))
            return redirect("negotiations:detail", pk=pk)
    return _form_page(request, negotiation, form, title=_("Record a round"), capability=May.RECORD_TALKS, agenda=agenda)


@needs(May.RECORD_TALKS)
@require_http_methods(["GET", "HEAD", "POST"])
def statement_new(request: HttpRequest, pk: UUID, round_pk: UUID) -> HttpResponse:
    negotiation = _negotiation(request, pk)
    talks = get_object_or_404(Round.objects.visible_to(request.user).filter(negotiation=negotiation), pk=round_pk)
    return _recorded(
        request, negotiation, StatementForm, partial(add_statement, talks), title=_("Add a statement"),
        capability=May.RECORD_TALKS, about=talks.title, done=_("The statement is recorded."),
    )  # fmt: skip


@needs(May.RECORD_TALKS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    negotiation = _negotiation(request, pk)
    return _recorded(
        request, negotiation, ProposalForm, partial(add_proposal, negotiation), title=_("Record a proposal"),
        capability=May.RECORD_TALKS, done=_("The proposal is recorded."),
    )  # fmt: skip


@needs(May.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def word_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    negotiation = _negotiation(request, pk)
    return _recorded(
        request, negotiation, WordForm, record_word, title=_("Record their word"), capability=May.DECIDE,
        done=_("Their word is recorded."),
    )  # fmt: skip


@signed_in
@require_safe
def public_talks(request: HttpRequest) -> HttpResponse:
    rows = talks_of_record(viewer_of(request))
    form = RecordFilter(request.GET, choices=choices_of_talks(rows))
    context = {"form": form, "asked": form.asked, "page": talks_page(rows, form.asked), "is_filled": bool(rows)}
    return render(request, "negotiations/public_talks.html", context, status=200 if form.is_valid() else 400)


def _negotiation(request: HttpRequest, pk: UUID) -> Negotiation:
    return get_object_or_404(Negotiation.objects.visible_to(request.user).select_related("mediator"), pk=pk)


def _recorded(
    request: HttpRequest,
    negotiation: Negotiation,
    form_class: type[OfNegotiation],
    operation: Callable[..., Any],
    *,
    title: str,
    capability: str,
    done: str,
    about: str = "",
) -> HttpResponse:
    """Show the form, or record what it holds and go back to the negotiation."""
    posted = request.POST if request.method == "POST" else None
    form = form_class(posted, negotiation=negotiation, viewer=viewer_of(request))
    if form.is_valid() and attempt(form, partial(operation, actor=viewer_of(request), **form.cleaned_data)) is not None:
        messages.success(request, done)
        return redirect("negotiations:detail", pk=negotiation.pk)
    return _form_page(request, negotiation, form, title=title, capability=capability, about=about)


def _form_page(
    request: HttpRequest, negotiation: Negotiation, form: OfNegotiation, *, title: str, capability: str, **context: Any
) -> HttpResponse:
    may = viewer_of(request).capabilities_in(negotiation.compartment_id)
    context |= {"negotiation": negotiation, "form": form, "title": title, "why_not": why_not(may, capability)}
    return render(request, "negotiations/talks_form.html", context, status=answer_status(form))
