"""The forms of a dossier's parts. They parse; the operations validate."""

from typing import Any

from django import forms
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.admin import OperationForm, VersionedForm
from access.models import User
from people.models import (
    AgencyNotice,
    Attachment,
    CategoryAssignment,
    ConsentRecord,
    DeathDuty,
    HealthNote,
    Identifier,
    IllTreatmentStep,
    Name,
    Notification,
    Person,
    PersonToBeInformed,
)
from people.operations import IDENTITY
from people.operations.parts import FIELDS

AS_KNOWN = _("1987, 1987-04 or 1987-04-23: as much as is known.")
DATES = ("birth_date", "as_of", "asked_on", "told_on", "on", "done_on")


class PartForm(OperationForm):
    """Long notes get room, dates say how much of them may be known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name in DATES and not field.help_text:
                field.help_text = AS_KNOWN
            if name in ("note", "evidence", "address"):
                field.widget = forms.Textarea(attrs={"rows": 2, "maxlength": field.widget.attrs.get("maxlength", "")})


def form_for(model: type[Model], *fields: str, optional: tuple[str, ...] = ()) -> type[PartForm]:
    """A form of these fields; `optional` may be left out though the row has to have them."""

    class Form(PartForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for name in optional:
                self.fields[name].required = False

    made: Any = forms.modelform_factory(model, form=Form, fields=fields)
    return made  # type: ignore[no-any-return]


class IdentityForm(VersionedForm, PartForm):
    class Meta:
        model = Person
        fields = IDENTITY


NAME_FIELDS = ("family", "given", "patronymic", "script", "kind", "scheme", "source")
NewNameForm = form_for(Name, *NAME_FIELDS, "is_preferred", optional=("script",))
NameForm = form_for(Name, *NAME_FIELDS)
CategoryForm = form_for(CategoryAssignment, "category", "evidence", "as_of")
IdentifierForm = form_for(Identifier, "kind", "value", "source")
AgencyForm = form_for(AgencyNotice, "about", "sent_on", "reference")
DutyForm = form_for(DeathDuty, "done_on", "reference")
CARD_FORMS: dict[str, type[PartForm]] = {
    name: form_for(model, *FIELDS[model])
    for name, model in (
        ("health", HealthNote), ("consent", ConsentRecord), ("notification", Notification), ("contact", PersonToBeInformed),
        ("ill_treatment", IllTreatmentStep),
    )
}  # fmt: skip
CARD_BUTTONS: dict[str, str | Promise] = {
    "health": _("Note it"), "consent": _("Record the answer"), "notification": _("Record who was told"),
    "contact": _("Add a contact"), "ill_treatment": _("Record the step"),
}  # fmt: skip


class AttachmentForm(forms.Form):
    title = forms.CharField(label=_("What it is"), max_length=160)
    holds = forms.ChoiceField(
        label=_("It tells of"), choices=Attachment.Holds.choices, initial=Attachment.Holds.ORDINARY,
        help_text=_("Decides who may open it. What tells of several things: the closest kept one."),
    )  # fmt: skip
    source = forms.CharField(label=_("Source"), max_length=160, required=False)
    file = forms.FileField(
        label=_("File"), help_text=_("A PDF, a JPEG or a PNG. Place, time and camera are taken out of pictures.")
    )


class AssignmentForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.none(), label=_("Who works on it"))

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = User.objects.visible_to(viewer).filter(is_active=True, is_system=False).order_by("label")
        self.fields["user"].queryset = members  # type: ignore[attr-defined]


class ErasureForm(forms.Form):
    decided_on = forms.DateField(label=_("Decided on"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(
        label=_("Decision"), max_length=300, help_text=_("Who decided and under which number. No name of the person.")
    )
    is_sure = forms.BooleanField(label=_("Everything of this person goes, and there is no way back."))


class FindingForm(forms.Form):
    """The second person's word."""

    reason = forms.CharField(label=_("Why it does not hold"), max_length=300, required=False)
