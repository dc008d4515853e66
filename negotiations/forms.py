from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import Compartment, Organisation, Party, User
from access.roles import May
from access.scoping import compartments_where
from negotiations.models import AgendaItem, Delegation, Negotiation, Participant, Proposal, Round, WorksHere
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


class NegotiationForm(forms.Form):
    """A negotiation to be: what it is called, who works here, the viewer's own side and the others."""

    OTHERS = 4
    SIDE = ("name", "letter", "organisations")

    title = forms.CharField(label=_("Title"), max_length=160)
    works_here = forms.ChoiceField(
        label=_("Who works here"), choices=WorksHere.choices, initial=WorksHere.US, widget=forms.RadioSelect,
        help_text=_("Whoever does not work here needs no account: you enter what they say as their word."),
    )  # fmt: skip
    mediator = forms.ModelChoiceField(
        Organisation.objects.none(), label=_("Mediator"), required=False, empty_label=_("nobody"),
        help_text=_("An organisation that an operator introduced to yours."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A form's own `prefix` is another thing, so this field is declared beside it.
        self.fields["prefix"] = forms.CharField(
            label=_("Reference prefix"), max_length=8, help_text=_("Exchanges are numbered with it: IST gives IST-1.")
        )
        known = Organisation.objects.visible_to(viewer)
        own = list(Party.objects.visible_to(viewer).filter(pk__in=_parties_negotiated_for(viewer)).order_by("name"))
        self.own = {str(party.pk): party for party in own}
        bodies = (
            known.filter(kind=Organisation.Kind.BODY).exclude(party__in=own).select_related("party").order_by("name")
        )
        self.knows_others = bodies.exists()
        self.fields["mediator"].queryset = known.filter(kind=Organisation.Kind.MEDIATOR)  # type: ignore[attr-defined]
        self.fields["participants.0.party"] = forms.ChoiceField(
            label=_("Your side"),
            choices=[(pk, party.name) for pk, party in self.own.items()],
            initial=next(iter(self.own), None),
        )
        for index in range(self.OTHERS + 1):
            self._add_side(index, own[0].name if own and index == 0 else "", bodies)

    def _add_side(self, index: int, name: str, bodies: Any) -> None:
        self.fields[f"participants.{index}.name"] = forms.CharField(
            label=_("Name"), max_length=120, required=index < 2, initial=name
        )
        self.fields[f"participants.{index}.letter"] = forms.CharField(
            label=_("Letter"), max_length=1, required=False, initial="ABCDEFGHIJ"[index],
            widget=forms.TextInput(attrs={"size": 2}),
        )  # fmt: skip
        if index and self.knows_others:
            self.fields[f"participants.{index}.organisations"] = forms.ModelMultipleChoiceField(
                bodies, label=_("Works here through"), required=False, widget=forms.CheckboxSelectMultiple,
                help_text=_("Nobody ticked: this side does not work here."),
            )  # fmt: skip

    def general(self) -> list[Any]:
        return [self[name] for name in ("title", "prefix", "works_here", "mediator")]

    def only_party(self) -> str:
        """Whoever negotiates for one party alone is not asked which."""
        return self["participants.0.party"].as_hidden()

    def own_side(self) -> list[Any]:
        names = ("party", "name", "letter") if len(self.own) > 1 else ("name", "letter")
        return [self[f"participants.0.{name}"] for name in names]

    def other_sides(self) -> list[tuple[int, list[Any]]]:
        return [
            (
                index,
                [
                    self[f"participants.{index}.{name}"]
                    for name in self.SIDE
                    if f"participants.{index}.{name}" in self.fields
                ],
            )
            for index in range(1, self.OTHERS + 1)
        ]

    def filled(self) -> list[int]:
        """The places of the sides that were named, in the order in which the operation gets them."""
        return [0] + [
            index for index in range(1, self.OTHERS + 1)
            if self.cleaned_data.get(f"participants.{index}.name") or self._sitting(index)
        ]  # fmt: skip

    def _sitting(self, index: int) -> list[Organisation]:
        return list(self.cleaned_data.get(f"participants.{index}.organisations") or ())

    @property
    def given(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {name: typed[name] for name in ("title", "prefix", "works_here", "mediator")} | {
            "participants": [self._side(index) for index in self.filled()]
        }

    def _side(self, index: int) -> dict[str, Any]:
        sitting = self._sitting(index)
        party = sitting[0].party if sitting else None
        if index == 0:
            party = self.own[self.cleaned_data["participants.0.party"]]
        return {
            "name": self.cleaned_data[f"participants.{index}.name"], "party": party, "organisations": sitting,
            "letter": self.cleaned_data[f"participants.{index}.letter"],
        }  # fmt: skip


def _parties_negotiated_for(viewer: User) -> Any:
    homes = Compartment.objects.visible_to(viewer).filter(
        kind=Compartment.Kind.PARTY, pk__in=compartments_where(viewer, May.NEGOTIATE)
    )
    return homes.values("party_id")
