"""One sheet for signing, and the steps of a ladder: approve in two ways or by word, refuse, withdraw."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from access.declared import signed_in
from access.forms import answer_status
from access.requests import viewer_of
from accounts.forms import account_of
from exchanges.approval import current_manifest
from exchanges.forms import RecordForm, SignForm, SignWordForm, StepForm
from exchanges.models import SignOffStep, StepStatus
from exchanges.operations import sign_off as operations
from exchanges.presentation.sign_sheet import sheet_of, steps_to_read
from exchanges.presentation.steps import sign_off_steps
from exchanges.standing import Parties
from exchanges.transitions.sign_off import TRANSITIONS
from exchanges.views.finding import find_step, find_tranche
from exchanges.views.taking import REFUSED, StepPage, take, transition_in, tried

STEPPED_UP_AT = "stepped_up_at"
FORMS: Mapping[str, type[StepForm]] = {"signed": SignForm, "recorded": RecordForm, "word": SignWordForm}
NAMED = {"signed": "sign_form", "recorded": "record_form", "word": "word_form"}


@signed_in
@require_safe
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    tranche = find_tranche(request, pk)
    rows = SignOffStep.objects.visible_to(request.user).filter(tranche=tranche, lock_number=tranche.lock_number)
    steps = list(rows.select_related("compartment", "participant").order_by("participant__letter", "order"))
    if current_manifest(tranche) is None or not steps:
        messages.info(request, _("There is nothing to sign before the tranche is locked."))
        return redirect("exchanges:tranche", pk=pk)
    for step in steps:
        step.tranche = tranche
    asked = request.GET.get("step", "")
    ordered = steps_to_read(steps, viewer_of(request), Parties(tranche.exchange))
    step = next((one for one in ordered if str(one.pk) == asked), ordered[0])
    return _sheet(request, step, ordered)


def _sheet(
    request: HttpRequest, step: SignOffStep, steps: list[SignOffStep], posted: StepForm | None = None
) -> HttpResponse:
    manifest = current_manifest(step.tranche)
    if manifest is None:
        raise Http404
    parties = Parties(step.tranche.exchange)
    sheet = sheet_of(step, steps, manifest, viewer_of(request), parties)
    context: dict[str, Any] = {"sheet": sheet, "stepped_up": _stepped_up_at(request) is not None}
    side = next((one for one in parties.all if one.pk == sheet.word_from), None)
    for manner, form_class in FORMS.items():
        initial = {"digest": sheet.digest.full, "manner": manner}
        word = side if manner == "word" else None
        more = _more(request, manner, confirms=sheet.pair is not None)
        context[NAMED[manner]] = form_class(
            initial=initial, transition=TRANSITIONS["approve"], word=word, auto_id=f"{manner}-%s", **more
        )
    if posted is not None:
        posted.present = {"digest": sheet.digest.full}
        posted.bring_up_to_date()
        context[NAMED[posted.data.get("manner", "signed")]] = posted
        context["posted"] = posted
    return render(request, "exchanges/tranche_sign.html", context, status=answer_status(posted) if posted else 200)


@sensitive_post_parameters("password")
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    transition = transition_in(TRANSITIONS, step)
    found = find_step(request, pk)
    if step == "approve":
        return _approve(request, found)
    viewer, tranche = viewer_of(request), found.tranche
    parties = Parties(tranche.exchange)
    side = _absent_side(request, found, parties)
    posted = request.POST if request.method == "POST" else None
    form = StepForm(posted, transition=transition, word=side)
    url = reverse("exchanges:tranche", args=[tranche.pk])
    exchange_url = reverse("exchanges:detail", args=[tranche.exchange_id])
    page = StepPage(
        heading=f"{transition.label}: {found.office_name}", about=tranche.reference, back_url=url,
        back_label=tranche.reference,
        breadcrumbs=[
            (_("Exchanges"), reverse("exchanges:board")), (str(tranche.exchange), exchange_url), (tranche.reference, url),
        ],
        step=next(one for one in sign_off_steps(found, viewer, parties) if one.step == step), word_of=side,
    )  # fmt: skip
    operation = operations.refuse if step == "refuse" else operations.withdraw
    return take(request, page, form, lambda: operation(found, actor=viewer, **form.circumstances()))


def _absent_side(request: HttpRequest, step: SignOffStep, parties: Parties) -> Any:
    asked = request.GET.get("word") or request.POST.get("word")
    if not asked:
        return None
    if asked != str(step.participant_id) or step.participant.works_here:
        raise Http404
    return next(one for one in parties.all if one.pk == step.participant_id)


def _approve(request: HttpRequest, step: SignOffStep) -> HttpResponse:
    sheet_url = f"{reverse('exchanges:sign', args=[step.tranche_id])}?step={step.pk}"
    if request.method != "POST":
        return redirect(sheet_url)
    manner = request.POST.get("manner", "signed")
    if manner not in FORMS:
        raise Http404
    side = step.participant if manner == "word" and not step.participant.works_here else None
    more = _more(request, manner, confirms=operations.waiting_pair(step, viewer_of(request)) is not None)
    form = FORMS[manner](
        request.POST, transition=TRANSITIONS["approve"], word=side, auto_id=f"{manner}-%s", **more
    )  # fmt: skip
    if form.is_valid() and _password_holds(request, form, manner):
        taken = partial(_taken, request, step, form, manner)
        approved = tried(form, taken)
        if approved is not REFUSED:
            messages.success(request, _said(approved, manner))
            return redirect("exchanges:tranche", pk=step.tranche_id)
    rows = SignOffStep.objects.visible_to(request.user).filter(
        tranche=step.tranche, lock_number=step.tranche.lock_number
    )
    fresh = find_step(request, step.pk)
    return _sheet(request, fresh, list(rows.select_related("participant")), form)


def _more(request: HttpRequest, manner: str, *, confirms: bool) -> dict[str, Any]:
    """What a form asks less of: a password given just now, papers that the first of two typed."""
    known: dict[str, dict[str, Any]] = {
        "signed": {"stepped_up": _stepped_up_at(request) is not None},
        "recorded": {"confirms": confirms},
    }
    return known.get(manner, {})


def _taken(request: HttpRequest, step: SignOffStep, form: StepForm, manner: str) -> SignOffStep:
    given = form.given()
    if manner == "word":
        given.pop("manner")
    if manner == "signed":
        given["stepped_up_at"] = _stepped_up_at(request)
    return operations.approve(step, actor=viewer_of(request), **given, **form.circumstances())


def _password_holds(request: HttpRequest, form: StepForm, manner: str) -> bool:
    """A right password is a step-up that lasts five minutes; a wrong one is said at its field and slows the next try."""
    password, viewer = form.cleaned_data.get("password", ""), viewer_of(request)
    if manner != "signed" or not password:
        return True
    try:
        opened = account_of(request, viewer.username, password, fits=viewer.__eq__)
    except ValidationError as fault:
        form.add_error("password", fault)
        return False
    if opened is None:
        form.add_error("password", _("This is not your password."))
        return False
    request.session[STEPPED_UP_AT] = timezone.now().timestamp()
    return True


def _stepped_up_at(request: HttpRequest) -> datetime | None:
    stamp = request.session.get(STEPPED_UP_AT)
    at = datetime.fromtimestamp(stamp, UTC) if stamp else None
    return at if at and timezone.now() - at <= settings.STEP_UP_LASTS else None


def _said(step: SignOffStep, manner: str) -> str:
    if (
        manner == "recorded"
        and step.status != StepStatus.APPROVED
        and not step.sign_offs.filter(withdrawal=None).exists()
    ):
        return _("Recorded. A second person of your office has to confirm it from the papers.")
    if step.status == StepStatus.APPROVED:
        return _("The step is approved.")
    return _("Your sign-off stands. The step waits for others of the office.")
