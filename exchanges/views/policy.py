"""A side's sign-off policies: one for each negotiation it takes part in."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from access.declared import needs
from access.forms import answer_status, attempt
from access.models import Organisation
from access.requests import viewer_of
from access.roles import May
from accounts.presentation.organisation import tabs
from exchanges.forms import PolicyForm
from exchanges.operations.sign_off import set_policy
from exchanges.presentation.policies import own_policies, policy_of
from negotiations.models import Negotiation, Participant
from negotiations.presentation import parties_of, why_not


@needs(May.READ)
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    context = {"policies": own_policies(viewer), "tabs": tabs(viewer, "policy")}
    return render(request, "exchanges/policy_list.html", context)


@needs(May.DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer = viewer_of(request)
    negotiation = get_object_or_404(Negotiation.objects.visible_to(viewer), pk=pk)
    own = _own_side(request, negotiation)
    present = policy_of(negotiation, viewer)
    offices = Organisation.objects.visible_to(viewer).filter(
        party=own.party_id if own else None, kind=Organisation.Kind.BODY
    )
    form = PolicyForm(request.POST if request.method == "POST" else None, offices=offices, present=present)
    if form.is_valid():
        setting = partial(set_policy, negotiation, actor=viewer, **form.given)
        if attempt(form, setting) is not None:
            messages.success(request, _("The policy is set. Sign-offs that are running keep the copy they began with."))
            return redirect("negotiations:detail", pk=pk)
    may = viewer.capabilities_in(negotiation.compartment_id)
    context: dict[str, Any] = {
        "negotiation": negotiation, "form": form, "present": present,
        "why_not": why_not(may, May.DECIDE) or ("" if own else _("Only a participant of the negotiation has a sign-off policy.")),
    }  # fmt: skip
    return render(request, "exchanges/policy.html", context, status=answer_status(form))


def _own_side(request: HttpRequest, negotiation: Negotiation) -> Participant | None:
    ours = parties_of(viewer_of(request))
    rows = Participant.objects.visible_to(request.user).filter(negotiation=negotiation, party__in=ours)
    return rows.first()
