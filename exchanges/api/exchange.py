"""Exchanges: the draft, every step, whose final sign-off is needed, and a side's own policy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from access.doors import Body, DetailDoor, Door, Filters, named, named_or_none
from access.models import Organisation
from access.roles import May
from accounts.doors import ChangingDoor, CollectionDoor, FromVersion, PartDoor, StepDoor
from core.input import Count, Strict, Text, several
from core.paging import by, newest_first
from core.shapes import Slug
from exchanges.api.bodies import FormulaLineBody, StepBody, circumstances, formula
from exchanges.models import Exchange, ExchangeHold, ExchangeStatus, Scope, SignOffPolicy
from exchanges.operations import exchange as operations
from exchanges.operations.sign_off import set_policy
from exchanges.presentation.rows import (
    EXCHANGE_COLUMNS,
    ExchangeDetail,
    ExchangeRow,
    FinalOfficeRow,
    PolicyRow,
    exchange_detail,
    exchange_rows,
    final_office_row,
    policy_rows,
)
from exchanges.transitions.exchange import TRANSITIONS
from negotiations.models import Negotiation


class DirectionBody(Strict):
    holder = serializers.UUIDField(help_text="A participant of the negotiation.")
    receiver = serializers.UUIDField()
    lines = FormulaLineBody(many=True)


class DraftBody(Strict):
    negotiation = serializers.UUIDField()
    title = Text(160, required=True)
    directions = several(DirectionBody, 100)


class ChangedDraftBody(FromVersion):
    title = Text(160)
    directions = several(DirectionBody, 100, required=False, help_text="All of them, as for a new draft.")


class CounterBody(StepBody):
    lines = serializers.DictField(
        child=FormulaLineBody(many=True), help_text="By direction id; a direction left out keeps its lines."
    )


class AcceptBody(StepBody):
    formula_version = Count(help_text="The version that was read.")


class SettleCountsBody(StepBody):
    promised = Count()
    presented = Count()
    received = Count()


class ExchangeDoor(Door):
    access = May.READ
    plural = "exchanges"

    def visible(self) -> "QuerySet[Exchange]":
        rows: QuerySet[Exchange] = Exchange.objects.visible_to(self.viewer)
        return rows.select_related("author", "formula_by", "hold_by")

    def reread(self, exchange: Exchange) -> ExchangeDetail:
        return exchange_detail(self.visible().get(pk=exchange.pk), self.viewer)


class ExchangeFilters(Filters):
    negotiation = serializers.UUIDField(required=False)
    status = Slug(ExchangeStatus, required=False)
    hold = Slug(ExchangeHold, required=False)
    reference = Text(20)


class Exchanges(ExchangeDoor, CollectionDoor):
    """Exchanges, the latest change of status first. POST drafts one, seen by its author's side alone until it is proposed."""

    order = newest_first("status_since", "id")
    filters = ExchangeFilters
    model, columns = Exchange, EXCHANGE_COLUMNS
    shape = ExchangeRow
    detail = ExchangeDetail
    body = DraftBody

    def present(self, rows: Sequence[Any]) -> Sequence[ExchangeRow]:
        return exchange_rows(rows)

    def create(self, given: dict[str, Any]) -> ExchangeDetail:
        negotiation = named(Negotiation.objects.visible_to(self.viewer), given["negotiation"], "negotiation")
        drafted = operations.draft_exchange(
            negotiation, title=given["title"], directions=directions_of(given["directions"]), actor=self.viewer
        )
        return self.reread(drafted)


def directions_of(given: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [direction | {"lines": formula(direction["lines"])} for direction in given]


class ExchangeOne(ExchangeDoor, ChangingDoor):
    """One exchange with its directions, tranches and what can be done next. PATCH changes it while it is a draft."""

    shape = ExchangeDetail
    body = ChangedDraftBody

    def given(self, body: Body | None = None, *, partial: bool = False) -> dict[str, Any]:
        """What is left out stays, but a direction that is named is named whole."""
        return super().given(body)

    def change(self, row: Exchange, given: dict[str, Any], version: int | None) -> Exchange:
        if "directions" in given:
            given["directions"] = directions_of(given["directions"])
        changed = operations.change_draft(row, actor=self.viewer, version=version, **given)
        return self.visible().get(pk=changed.pk)

    def present_one(self, row: Exchange) -> ExchangeDetail:
        return exchange_detail(row, self.viewer)


class ExchangeStep(ExchangeDoor, StepDoor):
    """A step of the exchange's life cycle; refused with 409 and a sentence where the table does not allow it."""

    shape = ExchangeDetail
    bodies: ClassVar[Mapping[str, Body]] = dict.fromkeys(TRANSITIONS, StepBody) | {
        "counter": CounterBody, "accept": AcceptBody, "settle_counts": SettleCountsBody,
    }  # fmt: skip

    def act(self, row: Exchange, given: dict[str, Any], version: int | None) -> ExchangeDetail:
        if self.step == "counter":
            given["lines"] = {pk: formula(lines) for pk, lines in given["lines"].items()}
        take: Callable[..., Exchange] | None = _WITH_MORE.get(self.step)
        about = circumstances(given, version)
        if take is None:
            return self.reread(operations.take_step(row, self.step, actor=self.viewer, **about))
        return self.reread(take(row, actor=self.viewer, **about))


_WITH_MORE: dict[str, Callable[..., Exchange]] = {
    "propose": operations.propose,
    "counter": operations.counter,
    "accept": operations.accept,
    "settle_counts": operations.settle_counts,
}


class FinalOfficeBody(Strict):
    version = Count(required=False)
    participant = serializers.UUIDField()
    office = serializers.UUIDField(required=False, allow_null=True, help_text="An organisation here.")
    office_name = Text(160, help_text="Where its side is absent: how the office is called.")
    quorum = Count(min_value=1, max_value=100, required=False)
    scope = Slug(Scope, required=False)


class FinalOffices(ExchangeDoor, PartDoor):
    """Name at the table whose final sign-off a participant gives; before the first lock only."""

    part = "name_final_office"
    shape = FinalOfficeRow
    body = FinalOfficeBody

    def act(self, row: Exchange, given: dict[str, Any], version: int | None) -> FinalOfficeRow:
        given["office"] = named_or_none(Organisation.objects.visible_to(self.viewer), given.get("office"), "office")
        return final_office_row(operations.name_final_office(row, actor=self.viewer, version=version, **given))


# A side's own ladder


class PolicyStepBody(Strict):
    office = serializers.UUIDField(help_text="An organisation.")
    quorum = Count(min_value=1, max_value=100, required=False)
    scope = Slug(Scope, required=False)
    is_final = serializers.BooleanField(required=False)


class PolicyBody(Strict):
    negotiation = serializers.UUIDField()
    steps = several(PolicyStepBody, 50, help_text="In order; the final one last.")
    pairs_waived = serializers.BooleanField(required=False)
    authors_may_sign = serializers.BooleanField(required=False)


class PolicyFilters(Filters):
    negotiation = serializers.UUIDField(required=False)


class PolicyDoor(Door):
    access = May.READ
    plural = "policies"
    shape = PolicyRow

    def visible(self) -> "QuerySet[SignOffPolicy]":
        rows: QuerySet[SignOffPolicy] = SignOffPolicy.objects.visible_to(self.viewer)
        return rows.select_related("participant")


class Policies(PolicyDoor, CollectionDoor):
    """The viewer's side's sign-off policies. POST sets the one of a negotiation; running sign-offs keep their copy."""

    order = by("id")
    filters = PolicyFilters
    detail = PolicyRow
    body = PolicyBody

    def present(self, rows: Sequence[SignOffPolicy]) -> Sequence[PolicyRow]:
        return policy_rows(rows, self.viewer)

    def create(self, given: dict[str, Any]) -> PolicyRow:
        negotiation = named(Negotiation.objects.visible_to(self.viewer), given.pop("negotiation"), "negotiation")
        offices = Organisation.objects.visible_to(self.viewer)
        given["steps"] = [
            step | {"office": named(offices, step["office"], f"steps.{number}.office")}
            for number, step in enumerate(given["steps"])
        ]
        policy = set_policy(negotiation, actor=self.viewer, **given)
        (row,) = policy_rows([policy], self.viewer)
        return row


class PolicyOne(PolicyDoor, DetailDoor):
    """One policy with its steps."""

    def present_one(self, row: SignOffPolicy) -> PolicyRow:
        (found,) = policy_rows([row], self.viewer)
        return found
