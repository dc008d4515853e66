"""Parties, organisations, accounts, memberships and grants. They record, so their admin stands above `audit`."""

import zoneinfo
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as django_gettext  # words of Django's own catalogue
from django.utils.translation import gettext_lazy as _

from access.acting import NotAllowed
from access.admin import OperationAdmin, OperationForm, OperationFormSet, ScopedFilter
from access.models import Compartment, Grant, Membership, Organisation, Party, User, is_operator
from access.requests import viewer_of
from access.roles import May, Role
from access.scoping import compartments_where
from accounts.keeping import organisations_kept_by
from accounts.models import Invitation
from accounts.operations import (
    add_membership,
    change_user,
    create_organisation,
    create_party,
    end_grant,
    end_membership,
    give_grant,
)
from accounts.operations.invitations import end_invitation, invite_member
from accounts.presentation.opening import given_to, with_persons_known_to

ZONES = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]


class KeptAdmin(OperationAdmin):
    """Rows of no compartment: kept by operators and, for their own people, by heads."""

    may_view: ClassVar[tuple[str, ...]] = (May.MANAGE_MEMBERS, May.SHARE, May.ADMINISTER)
    may_write: ClassVar[tuple[str, ...]] = (May.MANAGE_MEMBERS, May.ADMINISTER)
    only_operators = False
    changes = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user) if self.only_operators else super().has_add_permission(request, obj)


class ByHandle(ChangeList):
    def url_for_result(self, result: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[result.handle])


class NamedByHandle(KeptAdmin):
    """Rows counted through for everybody: their number would tell how many there are elsewhere, so a handle stands for it."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ByHandle

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return next((row for row in self.get_queryset(request) if row.handle == object_id), None)

    @admin.display(description=mark_safe('<input type="checkbox" id="action-toggle">'))
    def action_checkbox(self, obj: Any) -> SafeString:
        label = format_html(django_gettext("Select this object for an action - {}"), str(obj))
        ticked = forms.CheckboxInput({"class": "action-select", "aria-label": label}, lambda value: False)
        return ticked.render(ACTION_CHECKBOX_NAME, obj.handle)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> Any:
        if IS_POPUP_VAR in request.POST:
            raise Http404
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.handle])
        return super().response_add(request, obj, post_url_continue or url)

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **more: Any) -> Any:
        handles, sent = set(request.POST.getlist(ACTION_CHECKBOX_NAME)), request.POST.copy()
        sent.setlist(ACTION_CHECKBOX_NAME, [str(row.pk) for row in queryset if row.handle in handles])
        request.POST = sent  # type: ignore[assignment]
        return super().response_action(request, queryset, *args, **more)


@admin.register(Party)
class PartyAdmin(KeptAdmin):
    only_operators = True
    fields = ("name",)
    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        return create_party(form.values["name"], actor=viewer_of(request))


@admin.register(Organisation)
class OrganisationAdmin(KeptAdmin):
    only_operators = True
    fields = ("name", "kind", "party")
    list_display = ("name", "kind", "party")
    list_filter: ClassVar[Any] = ("kind", ("party", ScopedFilter))
    list_select_related: ClassVar[Any] = ("party",)
    search_fields = ("name",)
    ordering = ("name",)

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        return create_organisation(actor=viewer_of(request), **form.values)


class UserForm(OperationForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=ZONES, initial="UTC")

    class Meta:
        model = User
        fields = ("label", "email", "language", "time_zone", "is_active")


@admin.register(User)
class UserAdmin(KeptAdmin):
    """Accounts come to be when an invitation is accepted: only the invited person chooses a user name."""

    adds = False
    changes = True
    form = UserForm
    list_display = ("label", "username", "email", "is_active")
    search_fields = ("label", "username")
    ordering = ("username",)
    fields = UserForm.Meta.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_change_permission(request, obj) or (obj is not None and obj.is_system):
            return False
        return obj is None or is_operator(request.user) or self._kept_organisation(request, obj) is not None

    def change_row(self, request: HttpRequest, row: Any, form: Any) -> Model:
        if not form.changes:
            return row  # type: ignore[no-any-return]
        organisation = self._kept_organisation(request, row)
        if organisation is None:
            raise NotAllowed(_("This account belongs to another organisation."))
        return change_user(row, organisation=organisation, actor=viewer_of(request), **form.changes)

    def _kept_organisation(self, request: HttpRequest, user: User) -> Organisation | None:
        return organisations_kept_by(viewer_of(request)).filter(memberships__user=user).first()


class InvitationForm(OperationForm):
    roles = forms.MultipleChoiceField(label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Invitation
        fields = ("organisation", "email", "language")


@admin.register(Invitation)
class InvitationAdmin(KeptAdmin):
    form = InvitationForm
    list_display = ("email", "organisation", "invited_at", "expires_at", "accepted_at", "ended_at")
    list_filter: ClassVar[Any] = (("organisation", ScopedFilter),)
    list_select_related: ClassVar[Any] = ("organisation",)
    search_fields = ("email",)
    ordering = ("-invited_at",)
    actions = ("end",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ["organisation", "email", "language", "invited_at", "expires_at", "accepted_at", "ended_at"]
        return ["organisation", "email", "roles", "language"] if obj is None else shown

    def choices_for(self, db_field: Any, request: HttpRequest) -> Any:
        return organisations_kept_by(viewer_of(request))

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        return invite_member(actor=viewer_of(request), **form.values)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.may_write)

    @admin.action(description=_("End these invitations"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: Any) -> None:
        self.run_on_each(request, queryset, end_invitation, _("Invitations ended"))


@admin.register(Membership)
class MembershipAdmin(NamedByHandle):
    fields = ("user", "organisation", "role", "starts_at", "ends_at")
    list_display = ("user", "organisation", "role", "starts_at", "ends_at")
    list_filter: ClassVar[Any] = (("organisation", ScopedFilter), "role")
    list_select_related: ClassVar[Any] = ("user", "organisation")
    search_fields = ("user__label", "user__username")
    ordering = ("organisation__name", "user__username", "role")
    actions = ("end",)

    def choices_for(self, db_field: Any, request: HttpRequest) -> Any:
        if db_field.name == "organisation":
            return organisations_kept_by(viewer_of(request))
        return super().choices_for(db_field, request).filter(is_system=False)

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        return add_membership(actor=viewer_of(request), **form.values)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.may_write)

    @admin.action(description=_("End these memberships now"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: Any) -> None:
        self.run_on_each(request, queryset, end_membership, _("Memberships ended"))


class GrantForm(OperationForm):
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple, help_text=_("What is admitted.")
    )

    class Meta:
        model = Grant
        fields = ("compartment", "organisation", "user", "ends_at", "reason")


@admin.register(Grant)
class GrantAdmin(NamedByHandle):
    form = GrantForm
    may_view: ClassVar[tuple[str, ...]] = (May.SHARE,)
    may_write: ClassVar[tuple[str, ...]] = (May.SHARE,)
    list_display = ("compartment", "given_to", "roles_admitted", "starts_at", "ends_at")
    list_filter: ClassVar[Any] = (("compartment", ScopedFilter), ("organisation", ScopedFilter))
    list_select_related: ClassVar[Any] = ("compartment", "organisation", "user")
    ordering = ("compartment__name", "organisation__name", "id")
    actions = ("end",)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = with_persons_known_to(viewer_of(request), super().get_queryset(request))
        return rows.prefetch_related("roles")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["compartment", "organisation", "user", "roles", "ends_at", "reason"]
        return ["compartment", "given_to", "roles_admitted", "starts_at", "ends_at", "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("given_to", "roles_admitted", "starts_at") if obj is not None else ()

    @admin.display(description=_("To whom"), ordering="organisation__name")
    def given_to(self, grant: Grant) -> str:
        return given_to(grant)

    @admin.display(description=_("roles"))
    def roles_admitted(self, grant: Grant) -> str:
        return ", ".join(str(row) for row in grant.roles.all())

    def choices_for(self, db_field: Any, request: HttpRequest) -> Any:
        if db_field.name == "compartment":
            return Compartment.objects.visible_to(request.user).filter(
                pk__in=compartments_where(request.user, May.SHARE)
            )
        rows = super().choices_for(db_field, request)
        return rows.filter(is_system=False) if db_field.name == "user" else rows

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        return give_grant(actor=viewer_of(request), roles=form.cleaned_data["roles"], **form.values)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.may_write)

    @admin.action(description=_("End these grants now"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: Any) -> None:
        self.run_on_each(request, queryset, end_grant, _("Grants ended"))
