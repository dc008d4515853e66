"""What is owed for people and not done yet, to those who may record that it was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers

from access.doors import DetailDoor, Door, Filters, ListDoor
from access.roles import May
from core.shapes import Slug, address
from people.duties.presentation import ORDER, days_over, open_deadlines
from people.models import Deadline, HeldBy
from people.operations.watching import note_rows


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """`agency`: a person we hold of whom the Central Agency was not told (GC III 70, 122; GC IV 138); else what a death in
    custody asks for (GC III 120–122). `since` is empty where nobody wrote since when the person is held."""

    id: UUID
    url: str
    version: int
    compartment: UUID
    person: UUID
    kind: Annotated[str, Deadline.Kind]
    owed_by: Annotated[str, HeldBy]
    since: str
    due_on: str
    days_over: int


def deadline_row(row: Deadline) -> DeadlineRow:
    return DeadlineRow(
        row.pk, address("duties", row.pk), 1, row.compartment_id, row.person.merged_into_id or row.person_id, row.kind,
        row.owed_by, row.since, row.due_on.isoformat(), days_over(row),
    )  # fmt: skip


class DutyFilters(Filters):
    compartment = serializers.UUIDField(required=False)
    kind = Slug(Deadline.Kind, required=False)


class DutyDoor(Door):
    access = May.WRITE_PERSON
    plural = "duties"
    shape = DeadlineRow

    def visible(self) -> "QuerySet[Deadline]":
        return open_deadlines(self.viewer).select_related("person")


class Duties(DutyDoor, ListDoor):
    """Open duties by the day they are due, the longest overdue first. What was done is no longer here."""

    order = ORDER
    filters = DutyFilters

    def present(self, rows: Sequence[Deadline]) -> Sequence[DeadlineRow]:
        note_rows((row.compartment_id for row in rows), actor=self.viewer)
        return [deadline_row(row) for row in rows]


class DutyOne(DutyDoor, DetailDoor):
    """One open duty."""

    def present_one(self, row: Deadline) -> DeadlineRow:
        return deadline_row(row)
