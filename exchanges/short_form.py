"""The one page of the short exchange: what is typed, as the operation takes it. A form parses; the operation decides."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from exchanges.forms import moment, numbers
from exchanges.lists import (
    COLUMNS,
    PASTED,
    Line,
    ListRefused,
    lines_from_rows,
    lines_from_text,
    lines_that_stand_twice,
)
from exchanges.models import Outcome, SignOff
from exchanges.operations.short import SECOND, Counts, Moments, OneWay, OurFinal, ShortExchange, TheirWord
from people.models import Category

ROWS, MORE_ROWS, MOST_ROWS = 3, 3, 30
WAYS = ("incoming", "outgoing")
NEW = "new"
MOMENTS = ("agreed_at", "our_final_at", "their_final_at", "gone_at", "received_at")
PAPERS = ("decided_by", "reached_office_how", "document_number")
COUNTED = ("promised", "presented", "received")
ROW_LABELS = {
    "family_name": gettext_lazy("Family name"), "given_name": gettext_lazy("First names"),
    "patronymic": gettext_lazy("Patronymic"), "birth_date": gettext_lazy("Born"),
    "category": gettext_lazy("Category"), "outcome": gettext_lazy("Outcome"),
}  # fmt: skip
WAY_LABELS = {
    "incoming": gettext_lazy("Whom they handed over to us"), "outgoing": gettext_lazy("Whom we handed over to them"),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    number: int
    fields: list[forms.BoundField]


@dataclass(frozen=True)
class WayFields:
    """One direction as the page draws it."""

    name: str
    label: str
    rows: list[Row]
    pasted: list[forms.BoundField]
    has_more: bool
    is_pasted: bool


class ShortForm(forms.Form):
    """Fields are named as the operation names its faults."""

    form = forms.CharField(widget=forms.HiddenInput, max_length=36, required=False)
    talks = forms.ChoiceField(label=gettext_lazy("In which negotiation"))
    other_name = forms.CharField(
        label=gettext_lazy("The other side"), max_length=120, required=False,
        help_text=gettext_lazy("Its name, for a new negotiation that your headquarters keeps alone."),
    )  # fmt: skip
    reference_prefix = forms.CharField(
        label=gettext_lazy("Reference prefix"), max_length=8, required=False,
        help_text=gettext_lazy("Exchanges are numbered with it: IST gives IST-1."),
    )  # fmt: skip
    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=160, required=False, help_text=gettext_lazy("Left blank: “3 for 2”.")
    )
    gone_at = moment(gettext_lazy("When they were handed over"), required=True)
    place = forms.CharField(label=gettext_lazy("Place"), max_length=160, required=False)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone of the place"), required=False)
    agreed_at = moment(gettext_lazy("When it was agreed, names and all"))
    received_at = moment(gettext_lazy("When the last one was received"))
    manner = forms.ChoiceField(
        label=gettext_lazy("How our side approved"), widget=forms.RadioSelect, initial=SignOff.Manner.SIGNED,
        choices=[
            (SignOff.Manner.SIGNED.value, gettext_lazy("I sign it, with my password")),
            (SECOND, gettext_lazy("The second person signs it, with theirs")),
            (SignOff.Manner.RECORDED.value, gettext_lazy("Recorded by us two on the authority of our office, from the papers")),
        ],
    )  # fmt: skip
    our_final_at = moment(gettext_lazy("When our side approved"))
    own_password = forms.CharField(
        label=gettext_lazy("Your password"), required=False, strip=False, max_length=200,
        help_text=gettext_lazy("Only where you sign."),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    decided_by = forms.CharField(label=gettext_lazy("Who decided"), max_length=160, required=False)
    reached_office_how = forms.CharField(
        label=gettext_lazy("How the decision reached the office"), max_length=300, required=False
    )
    document_number = forms.CharField(label=gettext_lazy("Document number"), max_length=80, required=False)
    their_office = forms.CharField(
        label=gettext_lazy("Who approved on their side"), max_length=160,
        help_text=gettext_lazy("The office, or whoever gave the word there."),
    )  # fmt: skip
    their_final_at = moment(gettext_lazy("When their side approved"))
    who = forms.CharField(label=gettext_lazy("Who told us so"), max_length=160)
    to_whom = forms.CharField(label=gettext_lazy("To whom"), max_length=160)
    source = forms.CharField(
        label=gettext_lazy("How it reached us"), max_length=300,
        help_text=gettext_lazy("A call, a letter with its number, a mediator."),
    )  # fmt: skip
    according_to = forms.CharField(label=gettext_lazy("According to"), max_length=160)
    second_username = forms.CharField(
        label=gettext_lazy("User name of the second person"), max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )  # fmt: skip
    second_password = forms.CharField(
        label=gettext_lazy("Password of the second person"), strip=False, max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, typed: QueryDict | None = None, *, talks: list[tuple[str, str]], viewer: User) -> None:
        """`typed` with the button for more rows is shown again as it stands, unchecked."""
        self.typed = typed or QueryDict()
        self.asks_for_more = self.typed.get("more", "")
        initial = {
            "talks": talks[0][0] if talks else NEW, "to_whom": viewer.label, "according_to": viewer.label,
            "form": str(uuid4()), "time_zone": timezone.get_current_timezone_name(),
        }  # fmt: skip
        if self.asks_for_more:
            super().__init__(initial=initial | self.typed.dict())
        else:
            super().__init__(typed, initial=initial)
        self.fields["talks"].choices = [*talks, (NEW, _("a new one"))]  # type: ignore[attr-defined]
        zones = [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]
        for name in ("agreed_at", "our_final_at", "their_final_at", "received_at"):
            self.fields[name].help_text = _("Left blank: when they were handed over.")
        self.sizes = {way: self._size(way) for way in WAYS}
        for way in WAYS:
            self._add_way(way)
        for side, label in (("our", _("by us")), ("their", _("by them"))):
            self._add_counts(side, label)

    def _size(self, way: str) -> int:
        """How many rows the page shows; the button that asks for more sends the form back with everything typed."""
        typed = self.typed.get(f"{way}-rows", "")
        size = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else ROWS
        return min(max(size, ROWS) + (MORE_ROWS if self.asks_for_more == way else 0), MOST_ROWS)

    def _add_way(self, way: str) -> None:
        for number in range(1, self.sizes[way] + 1):
            for column, label in ROW_LABELS.items():
                about = {"field": label, "number": number, "way": WAY_LABELS[way]}
                self.fields[f"{way}-{number}-{column}"] = self._cell(
                    column, _("%(field)s, row %(number)s: %(way)s") % about
                )
        self.fields[way] = forms.CharField(
            label=_("Or paste lines"), required=False, strip=False, max_length=200_000,
            help_text=_(
                "One person a line: family name, first names, patronymic, born, category; parted by comma, semicolon or"
                " tab. With a header row the columns may come in any order: %(columns)s."
            ) % {"columns": ", ".join(name for name in COLUMNS if name not in ("number", "person"))},
            widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "dir": "auto"}),
        )  # fmt: skip
        self.fields[f"{way}-category"] = forms.ChoiceField(
            label=_("Category of pasted lines that name none"), choices=Category.choices, required=False
        )
        self.fields[f"{way}-absent"] = forms.CharField(
            label=_("Pasted lines of people who did not come"), required=False, max_length=400,
            help_text=_("Their numbers: 2, 4-6. Left blank: everybody came."),
        )  # fmt: skip
        self.fields[f"{way}-absent-outcome"] = forms.ChoiceField(
            label=_("What became of them"), required=False, initial=Outcome.NOT_PRESENTED,
            choices=[choice for choice in Outcome.choices if choice[0] != Outcome.RECEIVED],
        )  # fmt: skip

    def _cell(self, column: str, label: str) -> forms.Field:
        if column == "category":
            return forms.ChoiceField(label=label, choices=Category.choices, required=False)
        if column == "outcome":
            return forms.ChoiceField(label=label, choices=Outcome.choices, required=False)
        longest = 10 if column == "birth_date" else 80
        attrs = {"placeholder": "1987-04-23", "dir": "ltr"} if column == "birth_date" else {"dir": "auto"}
        return forms.CharField(label=label, required=False, max_length=longest, widget=forms.TextInput(attrs=attrs))

    def _add_counts(self, side: str, label: str) -> None:
        names = {
            "promised": _("Promised %(whose)s"),
            "presented": _("Presented %(whose)s"),
            "received": _("Received %(whose)s"),
        }
        for name, text in names.items():
            self.fields[f"{side}_{name}"] = forms.IntegerField(
                label=text % {"whose": label}, min_value=0, required=False,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip

    # What the page draws

    def ways(self) -> list[WayFields]:
        return [
            WayFields(
                name=way, label=str(WAY_LABELS[way]),
                rows=[
                    Row(number, [self[f"{way}-{number}-{column}"] for column in ROW_LABELS])
                    for number in range(1, self.sizes[way] + 1)
                ],
                pasted=[self[name] for name in (way, f"{way}-category", f"{way}-absent", f"{way}-absent-outcome")],
                has_more=self.sizes[way] < MOST_ROWS,
                is_pasted=bool(self[way].value() or self[way].errors or self[f"{way}-absent"].errors),
            )
            for way in WAYS
        ]  # fmt: skip

    def row_labels(self) -> list[str]:
        return [str(label) for label in ROW_LABELS.values()]

    def counts(self) -> list[forms.BoundField]:
        return [self[f"{side}_{name}"] for side in ("our", "their") for name in COUNTED]

    # What was typed

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("talks") == NEW and not self.cleaned_data.get("other_name"):
            self.add_error("other_name", _("Name the other side."))
        if self.cleaned_data.get("talks") not in (None, NEW) and self.cleaned_data.get("other_name"):
            self.add_error("other_name", _("Leave this blank, or choose a new negotiation to name another side."))
        self.typed_ways = {way: self._way(way) for way in WAYS}
        if not any(typed.lines for typed in self.typed_ways.values()) and not self.errors:
            self.add_error(
                "incoming-1-family_name", _("Name at least one person who was to come home, or to be handed over.")
            )
        needed = {SignOff.Manner.RECORDED.value: PAPERS, SignOff.Manner.SIGNED.value: ("own_password",)}
        for name in needed.get(self.cleaned_data.get("manner", ""), ()):
            if not self.cleaned_data.get(name):
                self.add_error(name, _("Fill this in."))
        return self.cleaned_data

    def _way(self, way: str) -> OneWay:
        rows, numbers_of_rows = self._rows(way)
        pasted = self._pasted(way)
        faults = lines_that_stand_twice([*rows, *pasted])
        self.places = getattr(self, "places", {}) | {
            way: [*(f"row {n}" for n in numbers_of_rows), *range(1, len(pasted) + 1)]
        }
        self.take_faults({f"{way}.{place}": [_("The same person stands here twice.")] for place in faults})
        outcomes = [self.cleaned_data.get(f"{way}-{n}-outcome") or Outcome.RECEIVED.value for n in numbers_of_rows]
        return OneWay([*rows, *pasted], [*outcomes, *self._outcomes_of_pasted(way, len(pasted))])

    def _rows(self, way: str) -> tuple[list[Line], list[int]]:
        """The rows with anything typed in them, and their numbers on the page."""
        typed = {
            number: {column: self.cleaned_data.get(f"{way}-{number}-{column}", "") for column in PASTED}
            for number in range(1, self.sizes[way] + 1)
        }
        filled = {n: row for n, row in typed.items() if any(row[c] for c in PASTED if c != "category")}
        filled = {n: row | {"category": row["category"] or Category.PRISONER_OF_WAR.value} for n, row in filled.items()}
        lines = []
        for number, row in filled.items():
            try:
                lines += lines_from_rows([row])
            except ListRefused as refused:
                for place, said in refused.errors.items():
                    column = place.rpartition(".")[2]
                    self.add_error(f"{way}-{number}-{column if column in ROW_LABELS else 'family_name'}", list(said))
                lines.append(Line(family_name=f"\x00{number}"))  # keeps its place among the others
        return lines, list(filled)

    def _pasted(self, way: str) -> list[Line]:
        text = str(self.cleaned_data.get(way) or "")
        if not text.strip():
            return []
        try:
            category = self.cleaned_data.get(f"{way}-category") or Category.PRISONER_OF_WAR.value
            return lines_from_text(text, assumed=PASTED, category=category)
        except ListRefused as refused:
            for place, said in refused.errors.items():
                self.add_error(way, [_spelt(place, sentence) for sentence in said])
            return []

    def _outcomes_of_pasted(self, way: str, size: int) -> list[str]:
        try:
            absent = set(numbers(self.cleaned_data.get(f"{way}-absent") or ""))
            if beyond := sorted(absent - set(range(1, size + 1))):
                raise ValidationError(_("There is no pasted line %(number)s."), params={"number": beyond[0]})
        except ValidationError as fault:
            self.add_error(f"{way}-absent", fault)
            return [Outcome.RECEIVED.value] * size
        other = self.cleaned_data.get(f"{way}-absent-outcome") or Outcome.NOT_PRESENTED.value
        return [other if number in absent else Outcome.RECEIVED.value for number in range(1, size + 1)]

    def take_faults(self, errors: Mapping[str, Any]) -> bool:
        """Faults of lines by their place among all of one way, each put at its row or at the pasted text."""
        taken = False
        for place, said in errors.items():
            found = re.fullmatch(r"(incoming|outgoing)\.lines\.(\d+)(?:\.(\w+))?", place)
            if found is None:
                continue
            taken, way = True, found[1]
            where = self.places[way][int(found[2]) - 1]
            if isinstance(where, int):
                column = f".{found[3]}" if found[3] else ""
                self.add_error(way, [_spelt(f"lines.{where}{column}", sentence) for sentence in said])
            else:
                column = found[3] if found[3] in ROW_LABELS else "family_name"
                self.add_error(f"{way}-{where.removeprefix('row ')}-{column}", list(said))
        return taken

    def told(self, *, stepped_up_at: datetime | None) -> ShortExchange:
        """What was typed, as the operation takes it."""
        typed = self.cleaned_data
        gone_at = typed["gone_at"]
        return ShortExchange(
            incoming=self.typed_ways["incoming"], outgoing=self.typed_ways["outgoing"],
            moments=Moments(**{name: typed.get(name) or gone_at for name in MOMENTS}),
            our_final=OurFinal(typed["manner"], stepped_up_at, *(typed.get(name, "") for name in PAPERS)),
            their_word=TheirWord(*(typed[name] for name in ("their_office", "who", "to_whom", "source", "according_to"))),
            other=self.other, other_name=typed["other_name"], reference_prefix=typed["reference_prefix"], title=typed["title"],
            place=typed["place"], time_zone=typed["time_zone"] or "UTC",
            our_counts=Counts(*(typed[f"our_{name}"] for name in COUNTED)),
            their_counts=Counts(*(typed[f"their_{name}"] for name in COUNTED)),
        )  # fmt: skip

    @property
    def other(self) -> UUID | None:
        return None if self.cleaned_data["talks"] == NEW else UUID(self.cleaned_data["talks"])


def _spelt(place: str, sentence: Any) -> str:
    """`lines.3.birth_date` as `Line 3, birth_date: …`."""
    if not place.startswith("lines."):
        return str(sentence)
    _lines, number, *column = place.split(".")
    line = _("Line %(number)s") % {"number": number}
    return f"{line}, {column[0]}: {sentence}" if column else f"{line}: {sentence}"
