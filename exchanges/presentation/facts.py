"""What one viewer sees of several tranches at once: read in a handful of queries whatever their number."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from core.together import Together
from exchanges.models import (
    AFTER_GO,
    CountStatement,
    Go,
    Hold,
    LadderProgress,
    LockAgreement,
    ManifestLine,
    Receipt,
    SignOffStep,
    StepStatus,
    Tranche,
    TrancheStatus,
)
from exchanges.presentation.times import count
from exchanges.standing import Parties
from negotiations.models import Participant


@dataclass(frozen=True)
class Wait:
    """Somebody whose move it is, and what is wanted of them."""

    who: str
    what: str
    participant: UUID | None = None
    office: UUID | None = None


@dataclass
class TrancheFacts:
    tranche: Tranche
    steps: list[SignOffStep] = field(default_factory=list)
    progress: list[LadderProgress] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    gos: set[UUID] = field(default_factory=set)
    agreed: set[UUID] = field(default_factory=set)
    silent: dict[UUID, int] = field(default_factory=dict)
    stated: set[UUID] = field(default_factory=set)

    def steps_of(self, participant_id: UUID) -> list[SignOffStep]:
        return [step for step in self.steps if step.participant_id == participant_id]

    def progress_of(self, participant_id: UUID) -> LadderProgress | None:
        return next((progress for progress in self.progress if progress.participant_id == participant_id), None)


def facts_of(tranches: Iterable[Tranche], viewer: User) -> dict[UUID, TrancheFacts]:
    """One query."""
    tranches = list(tranches)
    return FactsAsked(viewer, Together(), tranche__in=[tranche.pk for tranche in tranches]).of(tranches)


class FactsAsked:
    """What tells how far tranches have come, to be read with what else a page shows. `where` says which, seen from a row
    that has a `tranche`; each question is about the statuses in which it matters."""

    def __init__(self, viewer: User, together: Together, **where: Any) -> None:
        # Given before the last unlocking, an agreement was about other content.
        self.agreements = together.later(
            LockAgreement.objects.visible_to(viewer)
            .filter(**where, tranche__status=TrancheStatus.PLANNED, at__gte=F("tranche__status_since"))
            .values_list("tranche_id", "participant_id")
        )
        locked = where | {"tranche__lock_number__gt": 0}
        current = {"lock_number": F("tranche__lock_number")}
        self.steps = together.later(
            SignOffStep.objects.visible_to(viewer)
            .filter(**locked, **current)
            .exclude(tranche__status=TrancheStatus.ABORTED)
            .select_related("compartment", "participant")
            .order_by("participant__letter", "order")
        )
        self.progress = together.later(
            LadderProgress.objects.visible_to(viewer)
            .filter(**locked, **current)
            .exclude(tranche__status=TrancheStatus.ABORTED)
        )
        self.holds = together.later(
            Hold.objects.visible_to(viewer)
            .filter(**locked, released_at=None)
            .exclude(tranche__status=TrancheStatus.ABORTED)
            .select_related("participant")
        )
        self.gos = together.later(
            Go.objects.visible_to(viewer)
            .filter(**where, tranche__status=TrancheStatus.STAGED, readiness=F("tranche__readiness"))
            .values_list("tranche_id", "participant_id")
        )
        self.silent = together.later(_silent({f"manifest__{path}": value for path, value in where.items()}))
        self.stated = together.later(
            CountStatement.objects.visible_to(viewer)
            .filter(**where, tranche__status__in=AFTER_GO, presented__isnull=False)
            .values_list("tranche_id", "participant_id")
        )

    def of(self, tranches: Iterable[Tranche]) -> dict[UUID, TrancheFacts]:
        facts = {tranche.pk: TrancheFacts(tranche) for tranche in tranches}
        for name in ("steps", "progress", "holds"):
            for row in getattr(self, name).rows:
                getattr(facts[row.tranche_id], name).append(row)
        for tranche_id, participant_id in self.agreements.rows:
            facts[tranche_id].agreed.add(participant_id)
        for tranche_id, participant_id in self.gos.rows:
            facts[tranche_id].gos.add(participant_id)
        for tranche_id, receiver_id, lines in self.silent.rows:
            facts[tranche_id].silent[receiver_id] = lines
        for tranche_id, participant_id in self.stated.rows:
            facts[tranche_id].stated.add(participant_id)
        return facts


def _silent(where: dict[str, Any]) -> "QuerySet[Any, tuple[UUID, UUID, int]]":
    """By tranche and receiver, how many lines that went have no outcome yet."""
    told = Receipt.objects.unscoped("only whether there is one").filter(
        entry=OuterRef("entry_id"), tranche=OuterRef("manifest__tranche_id")
    )
    return (
        ManifestLine.objects.unscoped("counts are open to whoever reads the table")
        .filter(
            ~Exists(told), **where, manifest__tranche__status__in=AFTER_GO,
            manifest__lock_number=F("manifest__tranche__lock_number"),
        )
        .order_by()
        .values_list("manifest__tranche_id", "entry__direction__receiver_id")
        .annotate(lines=Count("entry_id", distinct=True))
    )  # fmt: skip


def waits_of(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    """Whom this tranche waits for, as far as the viewer sees it."""
    if facts.holds:
        return [Wait(str(hold.participant), _("who holds it"), hold.participant_id) for hold in facts.holds]
    waits: list[Wait] = _WAITS.get(facts.tranche.status, _nobody)(facts, parties)
    return waits


def _nobody(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    return []


def _to_lock(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    return [_wait(one, _("to agree to the lock")) for one in parties.here if one.pk not in facts.agreed]


def _to_start(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    return [Wait(_("a head of delegation"), _("to start sign-off"))]


def _internal_steps(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    waits = []
    for participant in parties.here:
        own = [step for step in facts.steps_of(participant.pk) if not step.is_final]
        waits += [
            Wait(step.office_name, _("sign-off"), participant.pk, step.office_id)
            for step in own
            if step.status in (StepStatus.PENDING, StepStatus.REFUSED)
        ]
        progress = facts.progress_of(participant.pk)
        if not own and progress and progress.approved < progress.steps:
            done = _("internal sign-off, %(k)d of %(n)d") % {"k": progress.approved, "n": progress.steps}
            waits.append(_wait(participant, done))
    return waits


def _finals(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    names = {participant.pk: str(participant) for participant in parties.all}
    return [
        Wait(_of(step.office_name, names.get(step.participant_id, "")), _("final sign-off"), step.participant_id, step.office_id)
        for step in facts.steps
        if step.is_final and step.status != StepStatus.APPROVED
    ]  # fmt: skip


def _of(office: str, participant: str) -> str:
    return office if participant in office else f"{office} ({participant})"


def _to_stage(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    return [Wait(_("a handover officer"), _("to stage it"))]


def _to_go(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    return [_wait(one, _("go")) for one in parties.all if one.pk not in facts.gos]


def _to_settle(facts: TrancheFacts, parties: Parties) -> list[Wait]:
    if facts.tranche.status in (TrancheStatus.RECEIVED, TrancheStatus.ONE_SIDED):
        return []
    waits = []
    for participant in parties.all:
        if lines := facts.silent.get(participant.pk):
            receipts = ngettext("receipt of %(n)s line", "receipts of %(n)s lines", lines) % {"n": count(lines)}
            waits.append(_wait(participant, receipts))
    holders = {direction.holder_id for direction in parties.directions}
    waits += [
        _wait(one, _("how many it presented"))
        for one in parties.all
        if one.pk in holders and one.pk not in facts.stated
    ]
    return waits


def _wait(participant: Participant, what: str) -> Wait:
    return Wait(str(participant), what, participant.pk)


_WAITS: dict[str, Any] = {
    TrancheStatus.PLANNED: _to_lock,
    TrancheStatus.LOCKED: _to_start,
    TrancheStatus.IN_SIGN_OFF: _internal_steps,
    TrancheStatus.AWAITING_FINAL: _finals,
    TrancheStatus.SIGNED_OFF: _to_stage,
    TrancheStatus.STAGED: _to_go,
    TrancheStatus.GONE: _to_settle,
    TrancheStatus.RECEIVED: _nobody,
    TrancheStatus.ONE_SIDED: _nobody,
    TrancheStatus.DISPUTED: _to_settle,
}
