"""Sign-off policies of the viewer's own side, as ladders."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May
from access.scoping import compartments_where
from exchanges.models import PolicyStep, SignOffPolicy
from negotiations.models import Negotiation, Participant
from negotiations.presentation import parties_of


@dataclass(frozen=True)
class PolicyRung:
    office: str
    office_id: Any
    quorum: int
    scope: str
    scope_label: str
    is_final: bool


@dataclass(frozen=True)
class PolicyView:
    version: int
    rungs: list[PolicyRung] = field(default_factory=list)
    pairs_waived: bool = False
    authors_may_sign: bool = False

    @property
    def notes(self) -> list[str]:
        notes = []
        if self.pairs_waived:
            notes.append(
                _("One pair of eyes suffices: what otherwise takes two people, one does alone, and the log says so.")
            )
        if self.authors_may_sign:
            notes.append(_("Whoever submitted a list of the tranche may sign it."))
        return notes


@dataclass(frozen=True)
class PolicyOfNegotiation:
    title: str
    url: str
    edit_url: str
    may_set: bool
    policy: PolicyView


NONE = PolicyView(0)


def policy_of(negotiation: Negotiation, viewer: User) -> PolicyView:
    found = _policies(viewer).filter(negotiation=negotiation).first()
    return _view(found) if found else NONE


def own_policies(viewer: User) -> list[PolicyOfNegotiation]:
    """Every negotiation in which the viewer's side takes part, with the policy it has. Four queries."""
    policies = {policy.negotiation_id: policy for policy in _policies(viewer)}
    ours = Participant.objects.visible_to(viewer).filter(party__in=parties_of(viewer)).values("negotiation_id")
    deciding = set(
        Negotiation.objects.visible_to(viewer)
        .filter(compartment_id__in=compartments_where(viewer, May.DECIDE))
        .values_list("pk", flat=True)
    )
    rows = Negotiation.objects.visible_to(viewer).filter(pk__in=ours).order_by("-created_at", "id")
    return [
        PolicyOfNegotiation(
            row.title, reverse("negotiations:detail", args=[row.pk]), reverse("exchanges:policy", args=[row.pk]),
            row.pk in deciding, _view(policies[row.pk]) if row.pk in policies else NONE,
        )
        for row in rows
    ]  # fmt: skip


def _policies(viewer: User) -> Any:
    steps = Prefetch("steps", PolicyStep.objects.visible_to(viewer).order_by("order"))
    return SignOffPolicy.objects.visible_to(viewer).prefetch_related(steps)


def _view(policy: SignOffPolicy) -> PolicyView:
    rungs = [
        PolicyRung(
            step.office_name, step.office_id, step.quorum, step.scope, str(step.get_scope_display()), step.is_final
        )
        for step in policy.steps.all()
    ]
    return PolicyView(policy.version, rungs, policy.pairs_waived, policy.authors_may_sign)
