from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import User
from negotiations.models import AgendaItem, Delegation, Negotiation, Participant, Proposal, Round
from negotiations.public_record import Asked, RecordChoices

AGENDA_ROWS = 6
NATIVE_DATE = {"type": "date"}
NATIVE_MOMENT = {"type": "datetime-local"}


class OfNegotiation(forms.Form):
    """A form whose choices are rows of one negotiation, as its viewer sees them."""

    def __init__(self, *args: Any, negotiation: Negotiation, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model in (
            ("participant", Participant), ("beside", Round), ("round", Round), ("answers", Proposal),
            ("delegation", Delegation),
        ):  # fmt: skip
            if name in self.fields:
                rows = model.objects.visible_to(viewer).filter(negotiation=negotiation)
                self.fields[name].queryset = self.choices(name, rows)  # type: ignore[attr-defined]

    def choices(self, name: str, rows: Any) -> Any:
        return rows


class RoundForm(OfNegotiation):
    kind = forms.ChoiceField(label=_("Kind"), choices=Round.Kind.choices)
    title = forms.CharField(label=_("Title"), max_length=160)
    held_on = forms.DateField(label=_("Held on"), widget=forms.DateInput(attrs=NATIVE_DATE))
    beside = forms.ModelChoiceField(
        Round.objects.none(), label=_("Beside the round"), required=False, help_text=_("For a side meeting or a call.")
    )
    venue = forms.CharField(label=_("Venue"), max_length=160, required=False)
    format = forms.CharField(label=_("Format"), max_length=160, required=False)
    facilitators = forms.CharField(label=_("Facilitated by"), max_length=200, required=False)
    duration = forms.CharField(
        label=_("Duration"), max_length=60, required=False, help_text=_("As reported: “under two hours”.")
    )
    source = forms.CharField(label=_("Source"), max_length=500, required=False)

    def choices(self, name: str, rows: Any) -> Any:
        return rows.filter(beside=None) if name == "beside" else rows


class AgendaForm(forms.Form):
    title = forms.CharField(label=_("Item"), max_length=200, required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=AgendaItem.Outcome.choices, required=False)
    note = forms.CharField(label=_("Note"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("note") and not self.cleaned_data.get("title"):
            self.add_error("title", _("Name the item that this note is about."))
        return self.cleaned_data


AgendaFormSet = forms.formset_factory(AgendaForm, extra=AGENDA_ROWS, max_num=AGENDA_ROWS, absolute_max=AGENDA_ROWS)


class StatementForm(OfNegotiation):
    participant = forms.ModelChoiceField(
        Participant.objects.none(), label=_("Side"), required=False, empty_label=_("none of the sides")
    )
    speaker = forms.CharField(label=_("Said by"), max_length=160)
    text = forms.CharField(label=_("Statement"), max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))
    source = forms.CharField(label=_("Source"), max_length=500)
    said_on = forms.DateField(label=_("Said on"), required=False, widget=forms.DateInput(attrs=NATIVE_DATE))


class ProposalForm(OfNegotiation):
    kind = forms.ChoiceField(label=_("Kind"), choices=Proposal.Kind.choices)
    participant = forms.ModelChoiceField(
        Participant.objects.none(), label=_("Made by"), required=False, empty_label=_("none of the sides")
    )
    text = forms.CharField(label=_("Text"), max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))
    answers = forms.ModelChoiceField(Proposal.objects.none(), label=_("In answer to"), required=False)
    round = forms.ModelChoiceField(Round.objects.none(), label=_("At the round"), required=False)
    made_at = forms.DateTimeField(
        label=_("Made at"), required=False, help_text=_("Empty: now."), widget=forms.DateTimeInput(attrs=NATIVE_MOMENT)
    )


class WordForm(OfNegotiation):
    participant = forms.ModelChoiceField(Participant.objects.none(), label=_("Side"))
    step = forms.CharField(label=_("What they said or did"), max_length=40)
    who = forms.CharField(label=_("Who said so"), max_length=160)
    to_whom = forms.CharField(label=_("To whom"), max_length=160)
    happened_at = forms.DateTimeField(label=_("When"), widget=forms.DateTimeInput(attrs=NATIVE_MOMENT))
    source = forms.CharField(label=_("How it reached us"), max_length=300)
    according_to = forms.CharField(label=_("According to"), max_length=160)

    def choices(self, name: str, rows: Any) -> Any:
        return rows.filter(works_here=False) if name == "participant" else rows


class RecordFilter(forms.Form):
    """Which part of the public record; what it does not hold is refused at the field."""

    year = forms.ChoiceField(
        label=_("Year"), required=False, error_messages={"invalid_choice": _("The record holds no year “%(value)s”.")}
    )
    mediator = forms.ChoiceField(
        label=_("Mediator"), required=False,
        error_messages={"invalid_choice": _("The record knows no mediator “%(value)s”.")},
    )  # fmt: skip

    def __init__(self, *args: Any, choices: RecordChoices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        years: Any = self.fields["year"]
        years.choices = [("", _("all years")), *((year, year) for year in choices.years)]
        mediators: Any = self.fields["mediator"]
        mediators.choices = [("", _("all mediators")), *choices.mediators]

    @property
    def asked(self) -> Asked:
        """Everything while the form is wrong: a mistyped address hides nothing."""
        start = self.data.get("from", "")
        place = int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 0
        if not self.is_valid():
            return Asked(start=place)
        return Asked(self.cleaned_data["year"], self.cleaned_data["mediator"], place)
