"""Names: the window with its answers, and the submission of a whole list."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from access.declared import needs
from access.forms import answer_status
from access.requests import viewer_of
from exchanges.forms import AnswerForm, SubmitForm
from exchanges.models import OPEN, Direction, Entry
from exchanges.operations.list import answer, submit
from exchanges.presentation.actions import standing_of_viewer
from exchanges.presentation.dossiers import dossiers_to_tick
from exchanges.presentation.exchange_page import ExchangePage
from exchanges.presentation.steps import direction_steps
from exchanges.presentation.times import count
from exchanges.standing import Parties
from exchanges.transitions.direction import TRANSITIONS
from exchanges.views.answering import names_context, side_answering
from exchanges.views.exchange import asked_part, context_of
from exchanges.views.finding import exchange_page, find_direction, find_exchange
from exchanges.views.taking import REFUSED, StepPage, take, transition_in, tried, word_of
from people.models import Person

SHOWN_FAULTS = 100


@needs("read_names")
@require_http_methods(["GET", "HEAD", "POST"])
def names(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET: a window of 50. POST: one answer for the lines that are ticked."""
    exchange = find_exchange(request, pk)
    form = None
    if request.method == "POST":
        form, answered = _answer(exchange_page(request, exchange), request)
        if answered:
            return redirect(_window_url(request))
    page = exchange_page(request, exchange, ("names",))
    if asked_part(request, ("names",)):
        return render(request, "exchanges/exchange_detail.html#names", _context(page, request, form))
    context = _context(page, request, form)
    return render(request, "exchanges/exchange_detail.html", context, status=answer_status(form) if form else 200)


def _context(page: ExchangePage, request: HttpRequest, form: AnswerForm | None) -> dict[str, Any]:
    context = context_of(page, request, ("names",), section="names", submit_links=page.submit_links())
    if form is not None:
        shown = names_context(page, request, frozenset(request.POST.getlist("entries")))
        context |= shown | {"answer_form": form}
    return context


def _answer(page: ExchangePage, request: HttpRequest) -> tuple[AnswerForm, bool]:
    window = page.names()
    absent = page.absent_sides(window)
    number = request.POST.get("direction", "")
    direction = next((one for one in page.parties.directions if str(one.number) == number), page.parties.directions[0])
    form = AnswerForm(request.POST, direction=direction, side=side_answering(page, request, absent))
    if not form.is_valid():
        return form, False
    told = tried(
        form,
        lambda: answer(
            page.exchange, entries=request.POST.getlist("entries"), actor=viewer_of(request), **form.given()
        ),
    )  # fmt: skip
    if told is REFUSED:
        return form, False
    sentence = ngettext("%(n)s line answered.", "%(n)s lines answered.", len(told)) % {"n": count(len(told))}
    messages.success(request, sentence)
    return form, True


def _window_url(request: HttpRequest) -> str:
    return request.get_full_path()


@needs("edit_list")
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    direction = find_direction(request, pk)
    transition = transition_in(TRANSITIONS, step)
    exchange, viewer = direction.exchange, viewer_of(request)
    parties = Parties(exchange)
    side = word_of(request, parties, transition)
    form = _submit_form(request, direction, side)
    sought = request.GET.get("q", "")
    detail_url = reverse("exchanges:detail", args=[exchange.pk])
    page = StepPage(
        heading=_heading(parties, side) % {"direction": direction}, about=exchange.reference, back_url=detail_url,
        back_label=str(exchange), breadcrumbs=[(_("Exchanges"), reverse("exchanges:board")), (str(exchange), detail_url)],
        step=direction_steps(direction, viewer, parties)[0], word_of=side, template="exchanges/list_submit.html",
    )  # fmt: skip
    ticked = frozenset(request.POST.getlist("persons"))
    home = None if side else standing_of_viewer(exchange, viewer, parties).home
    persons = dossiers_to_tick(home, viewer, sought=sought, ticked=ticked)
    context = {"direction": direction, "persons": persons, "sought": sought, "is_ours_alone": parties.ours_alone}
    taken = partial(_submit, direction, form, viewer)
    answer = take(request, page, form, taken, said=_said, context=context)
    return answer if answer.status_code < 400 else _with_faults(request, page, form, context, answer.status_code)


def _heading(parties: Parties, side: Any) -> str:
    if not parties.ours_alone:
        return _("Submit the list %(direction)s")
    return _("Record the list they sent: %(direction)s") if side else _("Record the list we sent: %(direction)s")


def _submit(direction: Direction, form: SubmitForm, viewer: Any) -> Any:
    return submit(direction, actor=viewer, **form.given(), **form.circumstances())


def _submit_form(request: HttpRequest, direction: Direction, side: Any) -> SubmitForm:
    standing = Entry.objects.visible_to(request.user).filter(OPEN, direction=direction).order_by("number")
    present = {"base": direction.latest_revision}
    own = Person.objects.visible_to(request.user).filter(pk__in=_uuids(request.POST.getlist("persons")))
    return SubmitForm(
        request.POST if request.method == "POST" else None, request.FILES or None, transition=TRANSITIONS["submit"],
        word=side, initial=present, present=present, standing=standing.values_list("number", flat=True),
        persons=[str(pk) for pk in own.values_list("pk", flat=True)],
    )  # fmt: skip


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _said(revision: Any) -> str:
    return _("Revision %(number)s is submitted: %(added)s new, %(left_out)s left out.") % {
        "number": revision.number, "added": count(revision.added), "left_out": count(revision.left_out),
    }  # fmt: skip


def _with_faults(
    request: HttpRequest, page: StepPage, form: SubmitForm, context: dict[str, Any], status: int
) -> HttpResponse:
    """Each line's fault by itself; a stale base is brought up to date, so that the next attempt can pass."""
    refused = getattr(form, "refusal", None)
    faults = [
        (place, "; ".join(sentences))
        for place, sentences in (refused.errors.items() if refused else ())
        if place.startswith("lines.")
    ]
    form.bring_up_to_date()
    shown = context | {
        "page": page, "form": form, "faults": [(_place(place), text) for place, text in faults[:SHOWN_FAULTS]],
        "more_faults": max(0, len(faults) - SHOWN_FAULTS),
    }  # fmt: skip
    return render(request, page.template, shown, status=status)


def _place(place: str) -> str:
    """`lines.3.birth_date` as `Line 3, birth_date`."""
    _lines, number, *field = place.split(".")
    line = _("Line %(number)s") % {"number": number}
    return f"{line}, {field[0]}" if field else line
