"""Tranches: the plan, every step, clearances, manifests and receipts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from access.doors import Body, DetailDoor, Door, Filters, ListDoor, named
from access.roles import May
from accounts.doors import ChangingDoor, CollectionDoor, FromVersion, PartDoor, StepDoor
from core.input import Count, Ids, Strict, Text, several
from core.paging import by, newest_first
from core.shapes import Slug
from exchanges.api.bodies import StepBody, circumstances
from exchanges.models import Exchange, Manifest, Outcome, Receipt, Tranche, TrancheStatus
from exchanges.operations import list as list_operations
from exchanges.operations import tranche as operations
from exchanges.presentation.rows import (
    ManifestDetail,
    ManifestRow,
    ReceiptRow,
    TrancheDetail,
    TrancheRow,
    manifest_detail,
    manifest_row,
    receipt_row,
    tranche_detail,
    tranche_rows,
)
from exchanges.transitions.tranche import TRANSITIONS


class PlanBody(Strict):
    exchange = serializers.UUIDField()
    planned_on = serializers.DateField(required=False, allow_null=True)
    place = Text(160)
    time_zone = Text(40)
    entries = Ids(required=False)


class ChangePlanBody(FromVersion):
    planned_on = serializers.DateField(required=False, allow_null=True)
    place = Text(160)
    time_zone = Text(40)
    add = Ids(required=False, help_text="Entries to put in.")
    remove = Ids(required=False, help_text="Entries to take out.")
    conspicuous = serializers.DictField(
        child=serializers.BooleanField(), required=False, help_text="By entry id: whether the frame names this person."
    )


class LockBody(StepBody):
    imbalance_confirmed = serializers.BooleanField(required=False)
    explanation = Text(300, help_text="Why somebody home or dead by your own record stands on the list all the same.")


class OutcomeBody(Strict):
    entry = Text(40, required=True, help_text="The entry's id, or its number as `#417`.")
    outcome = Slug(Outcome)
    note = Text(300)


class ReceiptsBody(StepBody):
    outcomes = several(OutcomeBody, 10_000)


HOW_MANY = {"type": "integer", "minimum": 0}


@extend_schema_field({"oneOf": [HOW_MANY, {"type": "object", "additionalProperties": HOW_MANY}, {"type": "null"}]})
class Presented(serializers.Field):  # type: ignore[type-arg]
    """One number, or one by direction id where a side hands over in several."""

    def to_internal_value(self, value: Any) -> Any:
        field = serializers.DictField(child=Count()) if isinstance(value, Mapping) else Count()
        return field.run_validation(value)


class SettleBody(StepBody):
    presented = Presented(required=False, allow_null=True, help_text="How many your side presented.")


class CorrectionBody(Strict):
    family = Text(80)
    given = Text(80)
    patronymic = Text(80)
    birth_date = Text(10)
    rank = Text(80)
    service_number = Text(40)
    latin_name = Text(200)


class CorrectEntryBody(StepBody):
    entry = serializers.UUIDField()
    changes = CorrectionBody()
    source: Any = Text(300, required=True)


class TrancheDoor(Door):
    access = May.READ
    plural = "tranches"

    def visible(self) -> "QuerySet[Tranche]":
        rows: QuerySet[Tranche] = Tranche.objects.visible_to(self.viewer)
        return rows.select_related("exchange")

    def reread(self, tranche: Tranche) -> TrancheDetail:
        return tranche_detail(self.visible().get(pk=tranche.pk), self.viewer)


class TrancheFilters(Filters):
    exchange = serializers.UUIDField(required=False)
    status = Slug(TrancheStatus, required=False)


class Tranches(TrancheDoor, CollectionDoor):
    """What is locked, signed, handed over and received together. POST plans one."""

    order = by("exchange_id", "number")
    filters = TrancheFilters
    shape = TrancheRow
    detail = TrancheDetail
    body = PlanBody

    def present(self, rows: Sequence[Tranche]) -> Sequence[TrancheRow]:
        return tranche_rows(rows)

    def create(self, given: dict[str, Any]) -> TrancheDetail:
        exchange = named(Exchange.objects.visible_to(self.viewer), given.pop("exchange"), "exchange")
        return self.reread(operations.plan_tranche(exchange, actor=self.viewer, **given))


class TrancheOne(TrancheDoor, ChangingDoor):
    """One tranche. PATCH changes its plan while it is planned."""

    shape = TrancheDetail
    body = ChangePlanBody

    def present_one(self, row: Tranche) -> TrancheDetail:
        return tranche_detail(row, self.viewer)

    def change(self, row: Tranche, given: dict[str, Any], version: int | None) -> Tranche:
        changed = operations.change_plan(row, actor=self.viewer, version=version, **given)
        return self.visible().get(pk=changed.pk)


class TrancheStep(TrancheDoor, StepDoor):
    """A step of the tranche's life cycle. *lock* and *correct_entry* take two people: the first asks, the second does it."""

    shape = TrancheDetail
    bodies: ClassVar[Mapping[str, Body]] = dict.fromkeys(TRANSITIONS, StepBody) | {
        "lock": LockBody, "record_receipts": ReceiptsBody, "settle": SettleBody, "correct_entry": CorrectEntryBody,
    }  # fmt: skip

    def act(self, row: Tranche, given: dict[str, Any], version: int | None) -> TrancheDetail:
        take: Callable[..., Tranche] | None = _WITH_MORE.get(self.step)
        about = circumstances(given, version)
        if take is None:
            return self.reread(operations.take_step(row, self.step, actor=self.viewer, **about))
        return self.reread(take(row, actor=self.viewer, **about))


_WITH_MORE: dict[str, Callable[..., Tranche]] = {
    "lock": operations.lock,
    "record_receipts": operations.record_receipts,
    "settle": operations.settle,
    "correct_entry": operations.correct_entry,
}


class ClearancesBody(FromVersion):
    entries = Ids(required=False, help_text="Left out: every entry of the tranche.")


class Clearances(TrancheDoor, PartDoor):
    """Say yes, and only yes, for your side: these entries of the tranche are cleared."""

    part = "clear"
    shape = TrancheDetail
    body = ClearancesBody

    def act(self, row: Tranche, given: dict[str, Any], version: int | None) -> TrancheDetail:
        list_operations.clear(row, actor=self.viewer, entries=given.get("entries"), version=version)
        return self.reread(row)


# Manifests


class ManifestFilters(Filters):
    tranche = serializers.UUIDField(required=False)
    exchange = serializers.UUIDField(required=False)

    paths = {"exchange": "tranche__exchange"}


class ManifestDoor(Door):
    access = May.READ_NAMES
    plural = "manifests"

    def visible(self) -> "QuerySet[Manifest]":
        rows: QuerySet[Manifest] = Manifest.objects.visible_to(self.viewer)
        return rows


class Manifests(ManifestDoor, ListDoor):
    """What was locked, version by version; final lists are open to a neutral intermediary too."""

    order = newest_first("tranche_id", "lock_number", "version")
    filters = ManifestFilters
    shape = ManifestRow

    def visible(self) -> "QuerySet[Manifest]":
        return super().visible().defer("frame")

    def present(self, rows: Sequence[Manifest]) -> Sequence[ManifestRow]:
        return [manifest_row(manifest) for manifest in rows]


class ManifestOne(ManifestDoor, DetailDoor):
    """One manifest whole: its frame and every line, as they were signed."""

    shape = ManifestDetail

    def present_one(self, row: Manifest) -> ManifestDetail:
        return manifest_detail(row, self.viewer)


# Receipts


class ReceiptFilters(Filters):
    tranche = serializers.UUIDField(required=False)
    exchange = serializers.UUIDField(required=False)
    entry = serializers.UUIDField(required=False)
    outcome = Slug(Outcome, required=False)

    paths = {"exchange": "tranche__exchange"}


class ReceiptDoor(Door):
    access = May.READ_NAMES
    plural = "receipts"
    shape = ReceiptRow

    def visible(self) -> "QuerySet[Receipt]":
        rows: QuerySet[Receipt] = Receipt.objects.visible_to(self.viewer)
        return rows


class Receipts(ReceiptDoor, ListDoor):
    """Outcomes at the line, as the receiver recorded them; the latest of an entry counts."""

    order = by("entry_id", "sequence")
    filters = ReceiptFilters

    def present(self, rows: Sequence[Receipt]) -> Sequence[ReceiptRow]:
        return [receipt_row(receipt) for receipt in rows]


class ReceiptOne(ReceiptDoor, DetailDoor):
    """One receipt."""

    def present_one(self, row: Receipt) -> ReceiptRow:
        return receipt_row(row)
