from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import Compartment
from core.sheets.faults import sentence_of
from core.sheets.limits import MEGABYTE, MOST_BYTES, MOST_CELL
from people.imports.columns import Column
from people.imports.presentation import heading_at
from people.models import Decision, Import, RowVerdict
from people.operations.corrections import cell_name
from people.operations.imports import TAKEABLE, TAKEN_UNLESS_TOLD, halves_imported_to


class UploadForm(forms.Form):
    compartment = forms.ModelChoiceField(Compartment.objects.none(), label=_("For"), required=False)
    sender = forms.CharField(
        label=_("Sent by"),
        max_length=120,
        help_text=_("Who wrote this list. It becomes the source of every name in it."),
    )
    file = forms.FileField(
        label=_("File"), help_text=_("CSV or XLSX, at most 50 MB and 200,000 rows."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )  # fmt: skip

    def __init__(self, *args: Any, request: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        halves = halves_imported_to(request.user)
        self.fields["compartment"].queryset = halves  # type: ignore[attr-defined]
        if len(halves[:2]) < 2:
            del self.fields["compartment"]

    def clean(self) -> dict[str, Any]:
        if getattr(self.request, "upload_was_too_large", False):
            self.errors.pop("file", None)
            self.add_error("file", sentence_of("too_large", {"most": MOST_BYTES // MEGABYTE}))
        return self.cleaned_data


class ColumnsForm(forms.Form):
    """One choice for each column, beside what stands in it."""

    sheet = forms.ChoiceField(label=_("Worksheet"), required=False)
    heading_row = forms.IntegerField(
        label=_("Row with the headings"), min_value=0, help_text=_("0: there are none, the first row is a person.")
    )
    month_first = forms.BooleanField(label=_("Dates are written month first: 4/23/1987"), required=False)
    given_name_first = forms.BooleanField(label=_("Whole names begin with the first name: Ivan Koval"), required=False)

    def __init__(self, *args: Any, of: Import, headings: Sequence[str], columns: dict[int, str], **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {
                "sheet": of.sheet, "heading_row": of.heading_row, "month_first": of.month_first,
                "given_name_first": of.given_name_first,
            },
        )  # fmt: skip
        super().__init__(*args, **kwargs)
        if len(of.sheets) > 1:
            self.fields["sheet"].choices = [(name, name) for name in of.sheets]  # type: ignore[attr-defined]
            self.fields["sheet"].required = True
        else:
            del self.fields["sheet"]
        choices = [("", _("leave it out")), *Column.choices]
        for place, text in enumerate(headings):
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=text or _("Column %(number)s") % {"number": place + 1}, choices=choices, required=False,
                initial=columns.get(place, ""),
            )  # fmt: skip
        self.width = len(headings)

    @property
    def meanings(self) -> dict[int, str]:
        chosen = {place: self.cleaned_data.get(f"column_{place}", "") for place in range(self.width)}
        return {place: column for place, column in chosen.items() if column}

    @property
    def plain(self) -> list[Any]:
        return [
            self[name] for name in ("sheet", "heading_row", "month_first", "given_name_first") if name in self.fields
        ]


class CommitForm(forms.Form):
    verdicts = forms.MultipleChoiceField(
        label=_("Take in"), required=False, choices=[(one.value, one.label) for one in TAKEABLE],
        widget=forms.CheckboxSelectMultiple, initial=[str(one) for one in TAKEN_UNLESS_TOLD],
    )  # fmt: skip


class CorrectionForm(forms.Form):
    """The cells of one row that are read, as they stand now."""

    def __init__(self, *args: Any, of: Import, cells: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = sorted(map(int, of.columns))
        for place in self.places:
            self.fields[cell_name(place)] = forms.CharField(
                label=heading_at(of, place), required=False, max_length=MOST_CELL, initial=cells.get(place, "")
            )

    @property
    def cells(self) -> dict[int, str]:
        return {place: self.cleaned_data[cell_name(place)] for place in self.places}


class SettleForm(forms.Form):
    """Whom one row means."""

    choice = forms.ChoiceField(label=_("This row is"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, persons: Sequence[tuple[str, str]], verdict: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others: list[tuple[str, Any]] = [("create", _("somebody else: open a new dossier")), ("leave", _("left out"))]
        if verdict != RowVerdict.AMBIGUOUS:
            others.append(("judged", _("as judged: %(verdict)s") % {"verdict": RowVerdict(verdict).label}))
        self.fields["choice"].choices = [*persons, *others]  # type: ignore[attr-defined]

    @property
    def decision(self) -> tuple[str, str | None]:
        choice = self.cleaned_data["choice"]
        if choice in ("create", "leave"):
            return (Decision.CREATE if choice == "create" else Decision.LEAVE), None
        return (Decision.AS_JUDGED, None) if choice == "judged" else (Decision.UPDATE, choice)
