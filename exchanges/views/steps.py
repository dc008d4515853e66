"""Steps of exchanges and tranches. POST takes the step; GET shows the form that it needs."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from access.declared import signed_in
from access.models import User
from access.requests import viewer_of
from audit.models import subject_of
from core.lifecycle import Transition
from exchanges.forms import (
    AcceptForm,
    CorrectForm,
    CounterForm,
    CountsForm,
    LockForm,
    ReceiptsForm,
    SettleForm,
    StepForm,
)
from exchanges.models import Entry, Exchange, ManifestLine, Receipt, SecondPair, Tranche, TrancheStatus
from exchanges.operations import exchange as exchange_operations
from exchanges.operations import tranche as tranche_operations
from exchanges.presentation.actions import steps_of_exchange, steps_of_tranche
from exchanges.presentation.consequences import of_exchange_step, of_tranche_step
from exchanges.presentation.exchange_page import ExchangePage
from exchanges.presentation.steps import StepView
from exchanges.presentation.tranche_page import LinesWindow, TranchePage
from exchanges.standing import Parties
from exchanges.transitions import exchange as exchange_table
from exchanges.transitions import tranche as tranche_table
from exchanges.transitions.tranche import directions_of
from exchanges.views import exchange as exchange_views
from exchanges.views import tranche as tranche_views
from exchanges.views.finding import find_exchange, find_tranche
from exchanges.views.taking import StepPage, take, transition_in, word_of
from negotiations.models import Participant

EXCHANGE_OPERATIONS: dict[str, Callable[..., Any]] = {
    "propose": exchange_operations.propose,
    "counter": exchange_operations.counter,
    "accept": exchange_operations.accept,
    "settle_counts": exchange_operations.settle_counts,
}
TRANCHE_OPERATIONS: dict[str, Callable[..., Any]] = {
    "lock": tranche_operations.lock,
    "record_receipts": tranche_operations.record_receipts,
    "settle": tranche_operations.settle,
    "correct_entry": tranche_operations.correct_entry,
}

SAID = {
    "stage": gettext_lazy("Staged. It goes when every side has given its go."),
    "hold": gettext_lazy("Held. Nothing moves until your side releases it."),
    "release_hold": gettext_lazy("The hold of your side is released."),
    "record_receipts": gettext_lazy("The receipts are recorded."),
    "settle": gettext_lazy("Your count is stated."),
}


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def exchange_step(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    transition = transition_in(exchange_table.TRANSITIONS, step)
    exchange, viewer = find_exchange(request, pk), viewer_of(request)
    parties = Parties(exchange)
    side = word_of(request, parties, transition)
    form = _exchange_form(request, exchange, transition, side, parties)
    url = reverse("exchanges:detail", args=[exchange.pk])
    page = StepPage(
        heading=_heading(transition, side), about=exchange.reference or _("Draft"), back_url=url, back_label=str(exchange),
        breadcrumbs=[(_("Exchanges"), reverse("exchanges:board")), (str(exchange), url)],
        step=_step_view(steps_of_exchange(exchange, viewer, parties), transition), word_of=side,
        template="exchanges/formula_step.html" if step in ("propose", "counter", "accept") else "exchanges/step.html",
    )  # fmt: skip
    operation = EXCHANGE_OPERATIONS.get(step) or _named_step(exchange_operations.take_step, step)
    reading = ExchangePage(exchange, viewer)
    context: dict[str, Any] = {"follows": of_exchange_step(step, reading, side or reading.ours)}
    if step in ("propose", "counter", "accept"):
        context |= {"formula": [(str(one), lines) for one, lines in reading.formula()], "exchange": exchange}
    taken = partial(_taken, operation, exchange, form, viewer)
    return take(request, page, form, taken, context=context, partial=_steps_section(request, "exchange", pk))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def tranche_step(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    transition = transition_in(tranche_table.TRANSITIONS, step)
    tranche, viewer = find_tranche(request, pk), viewer_of(request)
    reading = TranchePage(tranche, viewer)
    side = word_of(request, reading.parties, transition)
    form = _tranche_form(request, reading, transition, side)
    url, exchange_url = (
        reverse("exchanges:tranche", args=[tranche.pk]), reverse("exchanges:detail", args=[tranche.exchange_id]),
    )  # fmt: skip
    is_at_the_line = request.GET.get("at") == "line"  # whoever pressed it there stays there
    back = reverse("exchanges:line", args=[tranche.pk]) if is_at_the_line else url
    page = StepPage(
        heading=_heading(transition, side), about=tranche.reference, back_url=back, back_label=tranche.reference,
        breadcrumbs=[
            (_("Exchanges"), reverse("exchanges:board")), (str(tranche.exchange), exchange_url), (tranche.reference, url),
        ],
        step=_step_view(steps_of_tranche(tranche, viewer, reading.parties), transition), word_of=side,
        template="exchanges/receipts.html" if step == "record_receipts" else "exchanges/step.html",
    )  # fmt: skip
    operation = TRANCHE_OPERATIONS.get(step) or _named_step(tranche_operations.take_step, step)
    pairs = [pair for pair in reading.pairs() if f"/steps/{step}/" in pair.url]
    context = {
        "pairs": pairs, "counts": reading.counts() if step in ("lock", "go", "abort") else [], "tranche": tranche,
        "follows": of_tranche_step(step, reading, side or reading.ours), "is_ours_alone": reading.parties.ours_alone,
    }  # fmt: skip
    said = partial(_said_of_lock, reading) if step == "lock" else partial(_said_of_correction, reading, step)
    taken = partial(_taken, operation, tranche, form, viewer)
    goes_on = "next" in request.POST and getattr(form, "window", None)
    return take(
        request, page, form, taken, said=said, context=context, partial=_steps_section(request, "tranche", pk),
        done_url=request.path + form.window.next_url if goes_on and form.window.next_url else back,  # type: ignore[attr-defined]
    )  # fmt: skip


def _taken(operation: Callable[..., Any], subject: Any, form: StepForm, viewer: User) -> Any:
    with form.faults_at_fields():
        return operation(subject, actor=viewer, **form.given(), **form.circumstances())


def _named_step(operation: Callable[..., Any], step: str) -> Callable[..., Any]:
    def taken(subject: Any, **given: Any) -> Any:
        return operation(subject, step, **given)

    return taken


def _heading(transition: Transition, side: Participant | None) -> str:
    if side is None:
        return str(transition.label)
    return _("%(step)s: the word of %(who)s") % {"step": transition.label, "who": side}


def _step_view(steps: list[StepView], transition: Transition) -> StepView:
    for step in steps:
        if step.step == transition.step:
            return step
    why = _("You belong to two participants of this table: act from an account that belongs to one.")
    return StepView(transition.step, str(transition.label), False, why, "", True, False, False, False)


def _steps_section(request: HttpRequest, kind: str, pk: UUID) -> Callable[[], HttpResponse]:
    def section() -> HttpResponse:
        asked = request.GET.copy()
        asked["part"] = "steps"
        request.GET, request.method = asked, "GET"  # type: ignore[assignment]
        return (exchange_views.detail if kind == "exchange" else tranche_views.detail)(request, pk=pk)  # type: ignore[return-value]

    return section


def _exchange_form(
    request: HttpRequest, exchange: Exchange, transition: Transition, side: Participant | None, parties: Parties
) -> StepForm:
    posted = request.POST if request.method == "POST" else None
    common: dict[str, Any] = {"transition": transition, "word": side}
    match transition.step:
        case "accept":
            present = {"formula_version": exchange.formula_version}
            return AcceptForm(posted, initial=present, present=present, **common)
        case "counter":
            return CounterForm(posted, directions=parties.directions, stated=parties.formula, **common)
        case "settle_counts":
            return CountsForm(posted, **common)
    return StepForm(posted, **common)


def _tranche_form(
    request: HttpRequest, reading: TranchePage, transition: Transition, side: Participant | None
) -> StepForm:
    posted = request.POST if request.method == "POST" else None
    common: dict[str, Any] = {"transition": transition, "word": side}
    match transition.step:
        case "lock":
            return LockForm(posted, **common)
        case "settle":
            acting = side or reading.ours
            own = [one for one in directions_of(reading.tranche) if acting and one.holder_id == acting.pk]
            return SettleForm(posted, own=own, **common)
        case "correct_entry":
            return _correct_form(posted, reading, common, request)
        case "record_receipts":
            return _receipts_form(posted, request, reading, side or reading.ours, common)
    return StepForm(posted, **common)


def _correct_form(posted: Any, reading: TranchePage, common: dict[str, Any], request: HttpRequest) -> CorrectForm:
    """The second of two people finds what the first typed in the form, to compare it and send it again."""
    entries = Entry.objects.visible_to(request.user).filter(tranche=reading.tranche).order_by("direction", "number")
    choices = [(str(entry.pk), f"#{entry.number} {entry.full_name}") for entry in entries]
    return CorrectForm(posted, entries=choices, initial=_asked_correction(reading), **common)


def _asked_correction(reading: TranchePage) -> dict[str, Any]:
    rows = SecondPair.objects.visible_to(reading.viewer).filter(
        subject=subject_of(reading.tranche), step="correct_entry", confirmed_by=None
    )
    pair = rows.first()
    if pair is None:
        return {}
    changes = {
        ("given_names" if name == "given" else name): value for name, value in pair.details.get("changes", {}).items()
    }
    return {"entry": pair.details.get("entry"), "source": pair.details.get("source"), **changes}


def _receipts_form(
    posted: Any, request: HttpRequest, reading: TranchePage, receiver: Participant | None, common: dict[str, Any]
) -> ReceiptsForm:
    tranche = reading.tranche
    incoming = [one for one in directions_of(tranche) if receiver and one.receiver_id == receiver.pk]
    asked = request.GET.get("direction", "")
    direction = next((one for one in incoming if str(one.number) == asked), incoming[0] if incoming else None)
    lines = ManifestLine.objects.visible_to(request.user).filter(
        manifest__tranche=tranche, manifest__lock_number=tranche.lock_number, entry__direction=direction
    )
    told = Receipt.objects.visible_to(request.user).filter(tranche=tranche).values("entry_id")
    window = reading.lines(
        direction=str(direction.number), sought=request.GET.get("q", "").strip()[:120],
        after=_number(request.GET.get("from", "")), before=_number(request.GET.get("before", "")),
    ) if direction else None  # fmt: skip
    form = ReceiptsForm(
        posted, lines=window.lines if window else [], numbered=dict(lines.values_list("number", "entry_id")),
        silent=set(lines.exclude(entry_id__in=told).values_list("entry_id", flat=True)),
        is_sought=any(request.GET.get(name) for name in ("q", "from", "before")), **common,
    )  # fmt: skip
    word = common["word"]
    form.window, form.incoming = with_word(window, word) if window and word else window, incoming  # type: ignore[attr-defined]
    return form


def with_word(window: LinesWindow, word: Participant) -> LinesWindow:
    """The next lines too are told as the word of the absent side."""
    urls = {name: getattr(window, name) for name in ("previous_url", "next_url")}
    return replace(window, **{name: url and url.replace("?", f"?word={word.pk}&", 1) for name, url in urls.items()})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _said_of_lock(reading: TranchePage, tranche: Tranche) -> str:
    if tranche.status != TrancheStatus.PLANNED:
        return _("The tranche is locked.")
    after = TranchePage(tranche, reading.viewer)
    if after.ours and after.ours.pk in after.facts.agreed:
        return _("Your side agrees to the lock. It waits for the others.")
    return _("A second person of your side has to agree to the same content.")


def _said_of_correction(reading: TranchePage, step: str, tranche: Tranche) -> str:
    transition = tranche_table.TRANSITIONS[step]
    if step == "correct_entry" and _asked_correction(TranchePage(tranche, reading.viewer)):
        return _("A second person of your side has to confirm the correction.")
    if step == "go":
        gone = tranche.status == TrancheStatus.GONE
        return _("The tranche has gone.") if gone else _("Your go is given. It waits for the others.")
    if step in SAID:
        return str(SAID[step])
    return _("Done: %(step)s.") % {"step": transition.label}
