"""Data entry of talks: delegations with their members, rounds with what was on the agenda, said, and who was there."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from access.admin import OperationAdmin, OperationFormSet, OperationInline, ScopedFilter, faults_moved
from access.requests import viewer_of
from access.roles import May
from negotiations.models import AgendaItem, Attendance, Delegation, DelegationMember, Negotiation, Round, Statement
from negotiations.operations import (
    add_agenda_item,
    add_attendance,
    add_delegation_member,
    add_statement,
    change_agenda_item,
    change_attendance,
    change_delegation,
    change_delegation_member,
    change_round,
    change_statement,
    create_delegation,
    record_round,
)


class OfTalks:
    """Choices among the rows of negotiations whose talks the user records; of one, once the parent says which."""

    may_write: ClassVar[tuple[str, ...]] = (May.RECORD_TALKS,)
    parent: Any = None

    def choices_for(self, db_field: Any, request: HttpRequest) -> Any:
        model = db_field.remote_field.model
        rows = model.objects.where(request.user, May.RECORD_TALKS)
        if model is Negotiation:
            return rows
        if self.parent is not None:
            rows = rows.filter(negotiation=self.parent.negotiation_id)
        return rows.select_related("negotiation")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if self.parent is None and field is not None and db_field.remote_field.model is not Negotiation:
            field.label_from_instance = lambda row: f"{row} ({row.negotiation})"
        return field


class MemberInline(OfTalks, OperationInline):
    model = DelegationMember
    fields = ("name", "function", "is_head", "from_on", "until_on")
    add_row = staticmethod(add_delegation_member)
    change_row = staticmethod(change_delegation_member)


class AgendaInline(OfTalks, OperationInline):
    model = AgendaItem
    fields = ("title", "outcome", "note")
    extra = 3
    add_row = staticmethod(add_agenda_item)
    change_row = staticmethod(change_agenda_item)


class StatementInline(OfTalks, OperationInline):
    model = Statement
    fields = ("participant", "speaker", "text", "source", "said_on")
    add_row = staticmethod(add_statement)
    change_row = staticmethod(change_statement)


class AttendanceInline(OfTalks, OperationInline):
    model = Attendance
    fields = ("who", "delegation")
    add_row = staticmethod(add_attendance)
    change_row = staticmethod(change_attendance)


class TalksAdmin(OfTalks, OperationAdmin):
    list_filter: ClassVar[Any] = (("negotiation", ScopedFilter),)
    list_select_related: ClassVar[Any] = ("negotiation",)
    fixed: ClassVar[tuple[str, ...]] = ("negotiation",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fixed if obj is not None else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The admin is one object for all requests: what the parent is has to travel with this one.
        request.__dict__["_parent"] = obj
        return super().get_form(request, obj, change=change, **kwargs)

    def choices_for(self, db_field: Any, request: HttpRequest) -> Any:
        rows = super().choices_for(db_field, request)
        parent = request.__dict__.get("_parent")
        if parent is not None and db_field.remote_field.model is not Negotiation:
            return rows.filter(negotiation=parent.negotiation_id)
        return rows


@admin.register(Delegation)
class DelegationAdmin(TalksAdmin):
    fields = ("negotiation", "participant", "name")
    fixed: ClassVar[tuple[str, ...]] = ("negotiation", "participant")
    inlines: ClassVar[list[Any]] = [MemberInline]
    list_display = ("name", "participant", "negotiation")
    list_select_related: ClassVar[Any] = ("negotiation", "participant")
    search_fields = ("name",)
    ordering = ("name", "id")

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        members, places = rows_of(formsets, "members")
        with faults_moved({"members": ("members", places)}):
            return create_delegation(actor=viewer_of(request), members=members, **form.values)

    def change_row(self, request: HttpRequest, row: Any, form: Any) -> Model:
        return change_delegation(
            row, actor=viewer_of(request), version=form.cleaned_data["seen_version"], **form.changes
        )  # fmt: skip


@admin.register(Round)
class RoundAdmin(TalksAdmin):
    fields = (
        "negotiation", "kind", "beside", "title", "held_on", "venue", "format", "facilitators", "duration", "source",
    )  # fmt: skip
    inlines: ClassVar[list[Any]] = [AgendaInline, StatementInline, AttendanceInline]
    list_display = ("title", "held_on", "kind", "venue", "negotiation")
    list_filter: ClassVar[Any] = (("negotiation", ScopedFilter), "kind")
    search_fields = ("title", "venue")
    ordering = ("-held_on", "id")

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        items, item_places = rows_of(formsets, "agenda_items")
        statements, statement_places = rows_of(formsets, "statements")
        attendances, attendance_places = rows_of(formsets, "attendances")
        places = {
            "agenda": ("agenda_items", item_places),
            "statements": ("statements", statement_places),
            "attendances": ("attendances", attendance_places),
        }
        with faults_moved(places):
            return record_round(
                actor=viewer_of(request),
                agenda=[(item["title"], item["outcome"], item["note"]) for item in items],
                statements=statements,
                attendances=attendances,
                **form.values,
            )

    def change_row(self, request: HttpRequest, row: Any, form: Any) -> Model:
        return change_round(
            row, actor=viewer_of(request), version=form.cleaned_data["seen_version"], **form.changes
        )  # fmt: skip


def rows_of(formsets: Mapping[str, OperationFormSet], prefix: str) -> tuple[list[dict[str, Any]], list[int]]:
    """What an inline says that is new, and at which of its places."""
    typed = list(formsets[prefix].typed()) if prefix in formsets else []
    return [form.values for _index, form in typed], [index for index, _form in typed]
