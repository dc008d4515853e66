"""Data entry of dossiers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from access.admin import (
    OperationAdmin,
    OperationForm,
    OperationFormSet,
    OperationInline,
    VersionedForm,
    faults_moved,
)
from access.models import Compartment
from access.requests import viewer_of
from access.roles import May
from people.models import CategoryAssignment, Claim, Name, Person
from people.operations import (
    IDENTITY,
    add_claim,
    add_name,
    assign_category,
    change_name,
    change_person,
    create_person,
    halves_written_by,
    prefer_name,
)
from people.operations.watching import note_opened
from people.search.finding import narrowed


class PersonForm(VersionedForm):
    """`compartment` is asked only of those who write for several owners."""

    compartment = forms.ModelChoiceField(Compartment.objects.none(), label=_("owner"), required=False)

    class Meta:
        model = Person
        fields = IDENTITY


class NewNames(OperationFormSet):
    """A dossier begins with a name."""

    def clean(self) -> None:
        super().clean()
        if self.instance._state.adding and not any(form.has_changed() for form in self.forms):
            raise forms.ValidationError(_("Write at least one name."))


class NameForm(OperationForm):
    class Meta:
        model = Name
        fields = ("script", "kind", "family", "given", "patronymic", "scheme", "source", "is_preferred")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["script"].required = False  # read from the letters where nobody chose


def _change_name(name: Name, *, actor: Any, is_preferred: bool | None = None, **changes: Any) -> Name:
    """Two operations behind one row of the form; to prefer another name, mark that one."""
    if changes:
        name = change_name(name, actor=actor, **changes)
    return prefer_name(name, actor=actor) if is_preferred else name


class NameInline(OperationInline):
    model = Name
    form = NameForm
    formset = NewNames
    may_view: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    may_write: ClassVar[tuple[str, ...]] = (May.WRITE_PERSON,)
    add_row = staticmethod(add_name)
    change_row = staticmethod(_change_name)


class CategoryInline(OperationInline):
    model = CategoryAssignment
    fields = ("category", "evidence", "as_of")
    may_view: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    may_write: ClassVar[tuple[str, ...]] = (May.WRITE_PERSON,)
    add_row = staticmethod(assign_category)


class ClaimInline(OperationInline):
    """Append-only: what was once claimed stays."""

    model = Claim
    fields = ("kind", "happened_on", "source", "confidence", "note")
    may_view: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    may_write: ClassVar[tuple[str, ...]] = (May.WRITE_PERSON,)
    add_row = staticmethod(add_claim)


@admin.register(Person)
class PersonAdmin(OperationAdmin):
    form = PersonForm
    inlines: ClassVar[list[Any]] = [NameInline, CategoryInline, ClaimInline]
    may_view: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    may_write: ClassVar[tuple[str, ...]] = (May.WRITE_PERSON,)
    list_display = ("label", "birth_date", "rank", "service_number", "unit")
    list_filter: ClassVar[Any] = ("sex",)
    search_fields = ("label",)  # opens the box; `get_search_results` does the work
    ordering = ("label", "id")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        person = super().get_object(request, object_id, from_field)
        if person is not None:
            note_opened(person, actor=viewer_of(request))
        return person

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["compartment", *IDENTITY] if len(halves_written_by(viewer_of(request))) > 1 else [*IDENTITY]
        return [*IDENTITY, "seen_version"] if self.has_change_permission(request, obj) else [*IDENTITY]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.base_fields["compartment"].queryset = halves_written_by(viewer_of(request))
        return form

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return narrowed(queryset, search_term, viewer_of(request)), False

    def create_row(self, request: HttpRequest, form: Any, formsets: Mapping[str, OperationFormSet]) -> Model:
        typed = {prefix: list(formset.typed()) for prefix, formset in formsets.items()}
        rows = {prefix: [row.values for _index, row in forms] for prefix, forms in typed.items()}
        places = {prefix: (prefix, [index for index, _row in forms]) for prefix, forms in typed.items()}
        with faults_moved(places):
            identity = {name: value for name, value in form.values.items() if name != "compartment"}
            return create_person(
                actor=viewer_of(request), compartment=form.cleaned_data.get("compartment"), **identity, **rows
            )  # fmt: skip

    def change_row(self, request: HttpRequest, row: Any, form: Any) -> Model:
        return change_person(row, actor=viewer_of(request), version=form.cleaned_data["seen_version"], **form.changes)
