"""OperationAdmin: Django's admin with our two doors. Reads are `visible_to`, writes are operations.

A save runs in one transaction. A refusal rolls it back and is shown on the form as it was typed: the form is built again
with the refusal among its errors, so that it cannot be saved then.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, models
from django.forms.models import BaseInlineFormSet, InlineForeignKeyField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as django_gettext  # words of Django's own catalogue
from django.utils.translation import gettext_lazy as _

from access.forms import show_refusal
from access.requests import viewer_of
from access.roles import May
from access.scoping import capabilities_anywhere, capabilities_in
from core.errors import DomainError, InputRefused

SEEN_VERSION = "seen_version"


def say_which(field: forms.Field) -> None:
    """For a screen reader: the label of a field that has no label element of its own."""
    widget: Any = getattr(field.widget, "widget", field.widget)  # within the wrapper that adds a link to a related row
    if widget.is_hidden or not field.label:
        return
    if isinstance(widget, forms.MultiWidget):
        for part, which in zip(widget.widgets, (django_gettext("Date:"), django_gettext("Time:")), strict=False):
            part.attrs.setdefault("aria-label", f"{field.label}, {which.rstrip(':')}")
    else:
        widget.attrs.setdefault("aria-label", str(field.label))


class OperationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Parses; the operation validates. `refusal` is what the operation said to this very input."""

    refusal: ClassVar[DomainError | None] = None
    is_said_at_a_row: ClassVar[bool] = False  # of an inline: it is not said a second time above the form

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # one label stands for date and time, and can be tied to neither
            if isinstance(field.widget, forms.MultiWidget):
                say_which(field)

    def _post_clean(self) -> None:
        """The row's own validation is the operation's, which tidies the text first and asks no other compartment."""
        if self.refusal is not None:
            show_refusal(self, self.refusal.errors, "" if self.is_said_at_a_row else self.refusal.sentence)

    @property
    def values(self) -> dict[str, Any]:
        """Everything that was typed, without what the form carries for itself."""
        return {name: value for name, value in self.cleaned_data.items() if self._is_stated(name)}

    @property
    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self.values.items() if name in self.changed_data}

    def _is_stated(self, name: str) -> bool:
        if isinstance(self.fields[name], InlineForeignKeyField):  # the parent
            return False
        return name in (self._meta.fields or ()) and name in {field.name for field in self._meta.model._meta.fields}


class SeenVersion(forms.IntegerField):
    """The version on the page; being out of date is not something typed."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class VersionedForm(OperationForm):
    """Carries the version that was on the page, so that a later save by somebody else is not overwritten."""

    seen_version = SeenVersion(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial[SEEN_VERSION] = self.instance.version


class OperationFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    refusal: ClassVar[DomainError | None] = None
    inline: "OperationInline"

    def full_clean(self) -> None:
        super().full_clean()
        if self.refusal is None:
            return
        for index, form in enumerate(self.forms):
            place = f"{self.prefix}.{index}"
            if place in self.refusal.errors:
                form.add_error(None, [str(fault) for fault in self.refusal.errors[place]])
            inside = {
                name.removeprefix(f"{place}."): faults
                for name, faults in self.refusal.errors.items()
                if name.startswith(f"{place}.")
            }
            if inside:
                show_refusal(form, inside, " ".join(str(fault) for faults in inside.values() for fault in faults))

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if (key := form.fields.get(form._meta.model._meta.pk.name)) is not None:
            key.queryset = self.queryset  # Django would accept any row there is, and so tell that it is there
        for field in form.fields.values():  # in a table of fields only the heading of the column says which is which
            say_which(field)

    def validate_unique(self) -> None:
        """Left to the operation."""

    def typed(self) -> Iterator[tuple[int, OperationForm]]:
        """The forms that say something new, with their places."""
        yield from ((index, form) for index, form in enumerate(self.forms) if form.has_changed())  # type: ignore[misc]


class ScopedFilter(admin.RelatedFieldListFilter):
    """Offers the related rows that the viewer sees, not all there are."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = field.remote_field.model._default_manager.visible_to(request.user)
        return [(row.pk, str(row)) for row in rows]


class CapabilityPermissions:
    """Django's permission questions, answered from capabilities. Superusers do not exist."""

    may_view: ClassVar[tuple[str, ...]] = (May.READ,)
    may_write: ClassVar[tuple[str, ...]] = ()
    adds: ClassVar[bool] = True
    changes: ClassVar[bool] = True

    def may(self, request: HttpRequest, capabilities: tuple[str, ...]) -> bool:
        """Whether the user holds any of these anywhere; asked once a request."""
        if "_capabilities_anywhere" not in request.__dict__:
            request.__dict__["_capabilities_anywhere"] = capabilities_anywhere(request.user)
        held: frozenset[str] = request.__dict__["_capabilities_anywhere"]
        return not held.isdisjoint(capabilities)

    def may_in(self, request: HttpRequest, row: Any, capabilities: tuple[str, ...]) -> bool:
        known: dict[Any, frozenset[str]] = request.__dict__.setdefault("_capabilities_in", {})
        if row.compartment_id not in known:
            known[row.compartment_id] = capabilities_in(request.user, row.compartment_id)  # type: ignore[arg-type]
        return not known[row.compartment_id].isdisjoint(capabilities)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, (*self.may_view, *self.may_write))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.adds and self.may(request, self.may_write)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not self.changes:
            return False
        if isinstance(obj, models.Model) and hasattr(obj, "compartment_id") and not obj._state.adding:
            return self.may_in(request, obj, self.may_write)
        return self.may(request, self.may_write)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class ScopedChoices:
    """A related field offers what the viewer sees; a hidden row is as invalid a choice as a missing one."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if "queryset" not in kwargs:
            kwargs["queryset"] = self.choices_for(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def choices_for(self, db_field: Any, request: HttpRequest) -> Any:
        return db_field.remote_field.model._default_manager.visible_to(request.user)


class OperationInline(CapabilityPermissions, ScopedChoices, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of the parent, each added or changed by its operation."""

    form = OperationForm
    formset = OperationFormSet
    formfield_overrides: ClassVar[Any] = {
        models.CharField: {"widget": forms.TextInput(attrs={"size": 18})},
        models.TextField: {"widget": forms.Textarea(attrs={"rows": 3, "cols": 40})},
    }
    extra = 1
    can_delete = False
    show_change_link = False
    add_row: Callable[..., Any]  # both are declared as staticmethod(operation)
    change_row: Callable[..., Any] | None = None
    parent: Any = None

    @property
    def changes(self) -> bool:  # type: ignore[override]
        return self.change_row is not None

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        self.parent = obj
        if _has_version(self.model) and type(self).form is OperationForm:
            kwargs.setdefault("form", VersionedForm)
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.refusal = refusal_of(request)
        formset.inline = self
        return formset

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        is_changed = _has_version(self.model) and self.has_change_permission(request, obj)
        return [*fields, SEEN_VERSION] if is_changed and SEEN_VERSION not in fields else fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return scoped(super().get_queryset(request), request)

    def save(self, request: HttpRequest, parent: Any, formset: OperationFormSet) -> None:
        """Call the operation of each row that says something new."""
        for index, form in formset.typed():
            with refused_at(f"{formset.prefix}.{index}"):
                if form.instance._state.adding:
                    self.add_row(parent, actor=viewer_of(request), **form.values)
                elif self.change_row is not None:
                    seen = {"version": form.cleaned_data[SEEN_VERSION]} if SEEN_VERSION in form.fields else {}
                    self.change_row(form.instance, actor=viewer_of(request), **seen, **form.changes)


class OperationAdmin(CapabilityPermissions, ScopedChoices, admin.ModelAdmin):  # type: ignore[type-arg]
    """A model whose rows are made by `create_row` and changed by `change_row`, both calling operations."""

    form = OperationForm
    show_full_result_count = False  # one count of what the viewer sees is enough
    list_per_page = 50
    list_select_related: ClassVar[Any] = False
    actions_on_bottom = False
    list_max_show_all = 50
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> models.Model:
        raise NotImplementedError

    def change_row(self, request: HttpRequest, row: Any, form: Any) -> models.Model:
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> Any:
        return scoped(super().get_queryset(request), request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if _has_version(self.model) and "form" not in kwargs and type(self).form is OperationForm:
            kwargs["form"] = VersionedForm
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = refusal_of(request)
        form.is_said_at_a_row = form.refusal is not None and self._names_a_row(form.refusal)
        return form

    def _names_a_row(self, refusal: DomainError) -> bool:
        prefixes = {relation.get_accessor_name() for relation in self.model._meta.related_objects}
        return any(name.partition(".")[0] in prefixes and "." in name for name in refusal.errors)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        is_changed = obj is not None and _has_version(self.model) and self.has_change_permission(request, obj)
        return [*fields, SEEN_VERSION] if is_changed and SEEN_VERSION not in fields else fields

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refused:
            refusal = refused
        except IntegrityError:  # two at once: the other was first
            refusal = DomainError(_("Somebody else saved the same at this moment. Look again before you repeat it."))
        except ObjectDoesNotExist:  # something went out of the viewer's sight between the page and the operation
            refusal = DomainError(_("What this is about is no longer there for you."))
        request.__dict__["_refusal"] = refusal
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: a row may need its inlines to come to be."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        by_prefix = {formset.prefix: formset for formset in formsets}
        if change:
            saved = self.change_row(request, form.instance, form)
            for formset in formsets:
                formset.inline.save(request, saved, formset)
        else:
            saved = self.create_row(request, form, by_prefix)
        form.instance.__dict__.update(saved.__dict__)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return []

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The operation has recorded it: the log is the only history."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """As for additions."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing is deleted here."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        raise Http404

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        raise Http404

    def run_on_each(self, request: HttpRequest, rows: Any, operation: Callable[..., Any], done: str | Promise) -> None:
        """An action: the operation on every row ticked; a refusal is told and stops none of the others."""
        count = 0
        for row in rows:
            try:
                operation(row, actor=request.user)
                count += 1
            except DomainError as refused:
                self.message_user(request, f"{row}: {refused.sentence}", level="error")
        if count:
            self.message_user(request, f"{done} ({count})")


def refusal_of(request: HttpRequest) -> DomainError | None:
    return request.__dict__.get("_refusal")


def scoped(rows: Any, request: HttpRequest) -> Any:
    return rows.visible_to(request.user)


@contextmanager
def refused_at(place: str) -> Iterator[None]:
    """A refusal inside is shown at this row of an inline."""
    try:
        yield
    except DomainError as refused:
        errors = {f"{place}.{field}".rstrip("."): faults for field, faults in refused.errors.items()}
        # Of the operation's own class: a stale version stays one.
        raise type(refused)(refused.sentence, errors=errors or {place: [refused.sentence]}) from refused


@contextmanager
def faults_moved(places: Mapping[str, tuple[str, list[int]]]) -> Iterator[None]:
    """An operation numbers the rows given to it, the page its forms: `{"agenda": ("agenda_items", [0, 2])}`."""
    try:
        yield
    except InputRefused as refused:
        errors = {_moved(name, places): faults for name, faults in refused.errors.items()}
        raise InputRefused(refused.sentence, errors=errors) from refused


def _moved(name: str, places: Mapping[str, tuple[str, list[int]]]) -> str:
    part, _dot, rest = name.partition(".")
    number, _dot, field = rest.partition(".")
    if part not in places or not number.isdigit():
        return name
    prefix, indexes = places[part]
    return f"{prefix}.{indexes[int(number)]}.{field}".rstrip(".")


def _has_version(model: type[models.Model]) -> bool:
    return any(field.name == "version" for field in model._meta.fields)
