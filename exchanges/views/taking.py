"""How a page takes a step: the form it needs, one operation, and the refusal as a sentence at the form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from access.forms import answer_status, show_refusal
from core.errors import DomainError
from core.lifecycle import Transition
from exchanges.forms import StepForm
from exchanges.presentation.steps import StepView
from exchanges.standing import Parties
from negotiations.models import Participant

T = TypeVar("T")
REFUSED = object()


@dataclass(frozen=True)
class StepPage:
    """What the page around a step's form says."""

    heading: str
    about: str
    back_url: str
    back_label: str
    breadcrumbs: list[tuple[str, str]]
    step: StepView
    word_of: Participant | None
    template: str = "exchanges/step.html"


def transition_in(table: dict[str, Transition], step: str) -> Transition:
    if step not in table:
        raise Http404
    return table[step]


def word_of(request: HttpRequest, parties: Parties, transition: Transition) -> Participant | None:
    """The absent participant whose word this is; None where the viewer acts for their own side."""
    given = request.GET.get("word") or request.POST.get("word")
    if not given or not transition.takes_word:
        return None
    try:
        side = next((one for one in parties.all if one.pk == UUID(given)), None)
    except ValueError:
        side = None
    if side is None or side.works_here:
        raise Http404
    return side


def tried(form: Any, operation: Callable[[], T]) -> T | Any:
    """What the operation returned, or REFUSED: the form then says why."""
    try:
        return operation()
    except DomainError as refused:
        show_refusal(form, refused.errors, refused.sentence)
        form.refused_with = refused.status
        form.refusal = refused
        return REFUSED


def take(
    request: HttpRequest, page: StepPage, form: StepForm, operation: Callable[[], Any], *,
    said: Callable[[Any], str] | None = None, context: dict[str, Any] | None = None,
    partial: Callable[[], HttpResponse] | None = None, done_url: str = "",
) -> HttpResponse:  # fmt: skip
    """GET shows the form; POST takes the step and goes back, or, asked by htmx, answers with the section."""
    if form.is_bound and form.is_valid():
        result = tried(form, operation)
        if result is not REFUSED:
            messages.success(request, said(result) if said else _("Done: %(step)s.") % {"step": page.step.label})
            return partial() if partial and request.htmx else redirect(done_url or page.back_url)  # type: ignore[attr-defined]
    form.bring_up_to_date()
    shown = {"page": page, "form": form} | (context or {})
    return render(request, page.template, shown, status=answer_status(form))


def show_plain_refusal(request: HttpRequest, refused: DomainError, url: str) -> HttpResponse:
    """For a POST without a form of its own: the sentence on the page it came from."""
    messages.error(request, refused.sentence)
    return redirect(url)
