"""Sign-offs: the rungs of a ladder with what was signed on them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.throttling import BaseThrottle

from access.doors import Body, DetailDoor, Door, Filters, ListDoor, PerCaller
from access.roles import May
from accounts.doors import StepDoor
from core.input import Instant, Text
from core.paging import by
from core.shapes import Slug
from exchanges.api.bodies import StepBody, circumstances
from exchanges.models import SignOffStep, StepStatus, TrancheStatus
from exchanges.operations import sign_off as operations
from exchanges.presentation.rows import SignOffDetail, SignOffRow, sign_off_detail, sign_off_rows

PAPERS = operations.PAPERS


class ApprovalManner(TextChoices):
    SIGNED = "signed", _("signed")
    RECORDED = "recorded", _("recorded on the authority of")


class ApproveBody(StepBody):
    """*signed* wants your password; *recorded* wants the papers, twice: the second of you two confirms them."""

    digest = Text(64, required=True, help_text="What you read and sign: `digest` of the rung.")
    manner = Slug(ApprovalManner, required=False)
    password = Text(128, trim_whitespace=False)
    expires_at = Instant(required=False, allow_null=True)
    decided_by = Text(160)
    reached_office_how = Text(300)
    reached_office_at = Instant(required=False, allow_null=True)
    document_number = Text(80)


class SignOffFilters(Filters):
    tranche = serializers.UUIDField(required=False)
    exchange = serializers.UUIDField(required=False)
    participant = serializers.UUIDField(required=False)
    status = Slug(StepStatus, required=False)
    is_final = serializers.BooleanField(required=False)
    is_current = serializers.BooleanField(required=False)

    paths = {"exchange": "tranche__exchange"}


class SignOffDoor(Door):
    access = May.READ
    plural = "sign-offs"

    def visible(self) -> "QuerySet[SignOffStep]":
        rows: QuerySet[SignOffStep] = SignOffStep.objects.visible_to(self.viewer)
        return rows.select_related("tranche__exchange", "participant")


class SignOffs(SignOffDoor, ListDoor):
    """The rungs the viewer may see: all finals, and the internal steps of their own side."""

    order = by("tranche_id", "lock_number", "participant__letter", "order")
    filters = SignOffFilters
    shape = SignOffRow

    def narrow(self, rows: "QuerySet[SignOffStep]", asked: Mapping[str, Any]) -> "QuerySet[SignOffStep]":
        asked = dict(asked)
        is_current = asked.pop("is_current", None)
        if is_current is not None:
            current = Q(lock_number=F("tranche__lock_number")) & ~Q(tranche__status=TrancheStatus.PLANNED)
            rows = rows.filter(current) if is_current else rows.exclude(current)
        return super().narrow(rows, asked)

    def present(self, rows: Sequence[SignOffStep]) -> Sequence[SignOffRow]:
        return sign_off_rows(rows, self.viewer)


class SignOffOne(SignOffDoor, DetailDoor):
    """One rung with the digest that would be signed now."""

    shape = SignOffDetail

    def present_one(self, row: SignOffStep) -> SignOffDetail:
        return sign_off_detail(row, self.viewer)


class Passwords(PerCaller):
    """A password is asked for here: nobody tries many."""

    purpose = "password"
    most = 30


class SignOffStepDoor(SignOffDoor, StepDoor):
    """Approve, refuse or withdraw. A withdrawal after the go is recorded and answered with 409."""

    shape = SignOffDetail
    bodies: ClassVar[Mapping[str, Body]] = {"approve": ApproveBody, "refuse": StepBody, "withdraw": StepBody}

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), *([Passwords()] if self.step == "approve" else [])]

    def act(self, row: SignOffStep, given: dict[str, Any], version: int | None) -> SignOffDetail:
        if self.step == "approve":
            given["papers"] = {name: given.pop(name) for name in PAPERS if name in given}
        take = _STEPS[self.step]
        taken = take(row, actor=self.viewer, **circumstances(given, version))
        return sign_off_detail(self.visible().get(pk=taken.pk), self.viewer)


_STEPS: dict[str, Callable[..., SignOffStep]] = {
    "approve": operations.approve,
    "refuse": operations.refuse,
    "withdraw": operations.withdraw,
}
