"""What people type into the steps of an exchange. A form parses; the operation behind it decides."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from access.models import Organisation
from core import clock
from core.errors import InputRefused
from core.lifecycle import Transition
from exchanges.lists import Line, lines_from_rows, lines_from_text
from exchanges.models import AnswerReason, Direction, Outcome, Scope, Stance
from exchanges.presentation.tally import StatedDirection
from exchanges.standing import Word
from negotiations.models import Participant
from people.models import Category

FORMULA_LINES = 4  # per direction on one page; a page shows those that stand and one more
CATEGORIES = [("", gettext_lazy("of any category")), *Category.choices]
CORRECTED_FIELDS = ("family", "given", "patronymic", "birth_date", "rank", "service_number", "latin_name")
WORD_FIELDS = ("who", "to_whom", "happened_at", "source", "according_to")


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, *, to_the_second: bool = False) -> None:
        if to_the_second:
            super().__init__(format="%Y-%m-%dT%H:%M:%S", attrs={"step": "1"})
        else:
            super().__init__(format="%Y-%m-%dT%H:%M")


class MomentField(forms.DateTimeField):
    """To the minute, as people type it. The present minute means now: it does not lie before what was just done."""

    def to_python(self, value: Any) -> datetime | None:
        typed, now = super().to_python(value), clock.now()
        if typed and typed.year not in clock.YEARS:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return now if typed and typed == now.replace(second=0, microsecond=0) else typed


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def moment(label: Any, *, required: bool = False, help_text: Any = "") -> forms.DateTimeField:
    return MomentField(label=label, required=required, help_text=help_text, widget=MomentInput())


def just_now() -> datetime:
    """A word is most often recorded as it comes in. The next whole second: nothing just done lies after it."""
    return clock.now().replace(microsecond=0) + timedelta(seconds=1)


def long_text(label: Any, *, required: bool = False, help_text: Any = "", rows: int = 3) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=required, help_text=help_text, max_length=300, widget=widget)


def send_again(form: forms.BaseForm, values: Mapping[str, Any]) -> None:
    """A form that comes back sends these the next time, whatever it came with."""
    typed = QueryDict(mutable=True)
    typed.update(form.data)
    for name, value in values.items():
        typed[name] = str(value)
    form.data = typed


class StepForm(forms.Form):
    """What any step may come with: why, when it really happened, and on whose word."""

    aside: tuple[str, ...] = ("happened_at", "source")  # drawn folded: most steps happen when they are entered

    def __init__(
        self, *args: Any, transition: Transition, word: Participant | None = None,
        present: Mapping[str, Any] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.transition, self.word_of, self.present = transition, word, dict(present or {})
        super().__init__(*args, **kwargs)
        if transition.needs_reason:
            self.fields["reason"] = long_text(_("Reason"), required=True)
        elif transition.step == "hold":
            self.fields["reason"] = long_text(_("Reason"), help_text=_("It can follow later."))
        if word:
            self._add_word()
        else:
            self._add_when()

    def _add_when(self) -> None:
        self.fields["happened_at"] = moment(
            _("When it happened"), help_text=_("Only if it was earlier: it is then marked as recorded afterwards.")
        )
        self.fields["source"] = forms.CharField(label=_("Source"), required=False, max_length=300)

    def _add_word(self) -> None:
        self.fields["who"] = forms.CharField(label=_("Who said so"), max_length=160)
        self.fields["to_whom"] = forms.CharField(label=_("To whom"), max_length=160)
        self.fields["happened_at"] = MomentField(
            label=_("When"), initial=just_now, widget=MomentInput(to_the_second=True)
        )
        self.fields["source"] = forms.CharField(
            label=_("How it reached us"), max_length=300, help_text=_("A call, a letter with its number, a mediator.")
        )
        self.fields["according_to"] = forms.CharField(label=_("According to"), max_length=160)

    def circumstances(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.word_of is None:
            return {name: given.get(name) or default for name, default in _DEFAULTS.items()}
        word = Word.checked({"participant": self.word_of.pk, **{name: given.get(name) for name in WORD_FIELDS}})
        return {"reason": given.get("reason", ""), "word": word}

    def given(self) -> dict[str, Any]:
        """What this step's operation takes beside its circumstances."""
        return {}

    def bring_up_to_date(self) -> None:
        """A form that comes back shows the present version of what it is about, and sends that the next time."""
        if self.is_bound and self.present:
            send_again(self, self.present)

    def faults_at_fields(self) -> AbstractContextManager[None]:
        """Around the operation: what it refuses is named as the fields here are."""
        return nullcontext()

    def main_fields(self) -> list[forms.BoundField]:
        asides = () if self.word_of else self.aside
        return [field for field in self.visible_fields() if field.name not in (*asides, *self.drawn_apart())]

    def aside_fields(self) -> list[forms.BoundField]:
        return [] if self.word_of else [self[name] for name in self.aside if name in self.fields]

    def aside_is_open(self) -> bool:
        """What was typed there, or is wrong there, is not folded away."""
        return self.is_bound and any(field.errors or field.value() for field in self.aside_fields())

    def drawn_apart(self) -> Iterable[str]:
        """Names of fields that the page draws in its own way."""
        return ()


_DEFAULTS: dict[str, Any] = {"reason": "", "happened_at": None, "source": ""}


class AcceptForm(StepForm):
    formula_version = forms.IntegerField(widget=forms.HiddenInput)

    def given(self) -> dict[str, Any]:
        return {"formula_version": self.cleaned_data["formula_version"]}


class CountsForm(StepForm):
    promised = forms.IntegerField(label=gettext_lazy("Promised"), min_value=0)
    presented = forms.IntegerField(label=gettext_lazy("Presented"), min_value=0)
    received = forms.IntegerField(label=gettext_lazy("Received"), min_value=0)
    field_order = ("promised", "presented", "received")

    def given(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in ("promised", "presented", "received")}


class LockForm(StepForm):
    imbalance_confirmed = forms.BooleanField(
        label=gettext_lazy("The imbalance is meant"), required=False,
        help_text=gettext_lazy("Only where the tranche goes beyond the formula."),
    )  # fmt: skip
    explanation = long_text(
        gettext_lazy("Why they stand on the list"),
        help_text=gettext_lazy("Only where somebody is home or dead by your own record: two people say why."),
    )

    def given(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("imbalance_confirmed", "explanation")}


class SettleForm(StepForm):
    """A holder's own count in each of its directions; whoever hands nobody over states none."""

    def __init__(self, *args: Any, own: Iterable[Direction], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own = list(own)
        for direction in self.own:
            self.fields[self._name(direction)] = forms.IntegerField(
                label=self._label(direction), min_value=0, help_text=_("Your own count, whatever the others say."),
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
        self.order_fields([self._name(direction) for direction in self.own])

    def _name(self, direction: Direction) -> str:
        """As the operation names its faults."""
        return "presented" if len(self.own) == 1 else f"presented.{direction.pk}"

    def _label(self, direction: Direction) -> str:
        if self.word_of:
            return _("How many people %(who)s presented, %(direction)s") % {"who": self.word_of, "direction": direction}
        return _("How many people your side presented, %(direction)s") % {"direction": direction}

    def given(self) -> dict[str, Any]:
        if not self.own:
            return {"presented": None}
        stated = {str(one.pk): self.cleaned_data[self._name(one)] for one in self.own}
        return {"presented": stated if len(self.own) > 1 else stated[str(self.own[0].pk)]}


class CorrectForm(StepForm):
    """The same person, spelt or numbered rightly. What is left blank stays."""

    entry = forms.UUIDField(label=gettext_lazy("Entry"), widget=forms.Select)
    family = forms.CharField(label=gettext_lazy("Family name"), required=False, max_length=80)
    given_names = forms.CharField(label=gettext_lazy("First names"), required=False, max_length=80)
    patronymic = forms.CharField(label=gettext_lazy("Patronymic"), required=False, max_length=80)
    birth_date = forms.CharField(label=gettext_lazy("Born"), required=False, max_length=10)
    rank = forms.CharField(label=gettext_lazy("Rank"), required=False, max_length=80)
    service_number = forms.CharField(label=gettext_lazy("Service number"), required=False, max_length=40)
    latin_name = forms.CharField(label=gettext_lazy("Name in Latin script"), required=False, max_length=200)
    aside = ("happened_at",)

    def __init__(self, *args: Any, entries: Iterable[tuple[Any, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entry"].widget.choices = [("", "–"), *entries]
        self.fields["source"].required = True

    def given(self) -> dict[str, Any]:
        typed = {("given" if name == "given_names" else name): value for name, value in self.cleaned_data.items()}
        return {
            "entry": typed["entry"], "changes": {name: typed[name] for name in CORRECTED_FIELDS if typed.get(name)},
        }  # fmt: skip


@dataclass(frozen=True)
class FormulaField:
    category: forms.BoundField
    count: forms.BoundField


@dataclass(frozen=True)
class FormulaGroup:
    """One direction with the fields of its formula."""

    label: str
    lines: list[FormulaField]
    holder: forms.BoundField | None = None
    receiver: forms.BoundField | None = None


class FormulaMixin:
    """Fields named as the operation names their faults: `directions.0.lines.1` and its category."""

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]
    add_error: Any

    def clean(self) -> dict[str, Any]:
        """A category without a number is a line half written, not one left out."""
        for name, category in list(self.cleaned_data.items()):
            line = name.removesuffix(".category")
            if line != name and category and line in self.cleaned_data and not self.cleaned_data[line]:
                _directions, direction, _lines, number = line.split(".")
                place = {"direction": int(direction) + 1, "line": int(number) + 1}
                sentence = _("Direction %(direction)s, line %(line)s: write how many, or leave the category blank too.")
                self.add_error(line, sentence % place)
        return self.cleaned_data

    def add_lines(self, direction: int, stated: Iterable[tuple[str, int]] = ()) -> None:
        known = list(stated)
        for index in range(max(FORMULA_LINES, len(known) + 1)):
            category, number = known[index] if index < len(known) else ("", None)
            name = f"directions.{direction}.lines.{index}"
            self.fields[name] = forms.IntegerField(
                label=_("How many"), min_value=1, required=False, initial=number,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
            self.fields[f"{name}.category"] = forms.ChoiceField(
                label=_("Category"), choices=CATEGORIES, required=False, initial=category
            )

    def lines_of(self, direction: int) -> list[dict[str, Any]]:
        return [
            {"category": self.cleaned_data.get(f"{name}.category", ""), "count": self.cleaned_data[name]}
            for name in self.stated_lines(direction)
        ]

    def stated_lines(self, direction: int) -> list[str]:
        """The names of the fields that state a line, in the order in which the operation is given the lines."""
        return [name for name in self._line_names(direction) if self.cleaned_data.get(name)]

    def _line_names(self, direction: int) -> list[str]:
        return [name for name in self.fields if re.fullmatch(rf"directions\.{direction}\.lines\.\d+", name)]

    def drawn_lines(self, direction: int) -> list[FormulaField]:
        return [FormulaField(self[f"{name}.category"], self[name]) for name in self._line_names(direction)]  # type: ignore[index]

    def direction_given_as(self, place: int) -> int:
        """The direction of the page that the operation was given in this place."""
        return place

    @contextmanager
    def faults_at_fields(self) -> Iterator[None]:
        """The operation numbers what it was given; here blank directions and lines stand between."""
        try:
            yield
        except InputRefused as refused:
            errors = {self._field_of(place): faults for place, faults in refused.errors.items()}
            raise InputRefused(refused.sentence, errors=errors) from refused

    def _field_of(self, place: str) -> str:
        """`directions.0.lines.1.category` of the operation as the name of the field that is meant."""
        if not (found := re.fullmatch(r"directions\.(\d+)(?:\.lines\.(\d+))?(?:\.(\w+))?", place)):
            return place
        index = self.direction_given_as(int(found[1]))
        at = f"directions.{index}" if found[2] is None else self.stated_lines(index)[int(found[2])]
        exact = f"{at}.{found[3]}"
        return exact if exact in self.fields else at


class CounterForm(FormulaMixin, StepForm):
    def __init__(
        self, *args: Any, directions: Iterable[Direction], stated: Mapping[Any, list[Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.directions = list(directions)
        for direction in self.directions:
            lines = [(line.category, line.count) for line in stated.get(direction.pk, [])]
            self.add_lines(direction.number - 1, lines)

    def given(self) -> dict[str, Any]:
        return {"lines": {str(one.pk): self.lines_of(one.number - 1) for one in self.directions}}

    def groups(self) -> list[FormulaGroup]:
        return [FormulaGroup(str(one), self.drawn_lines(one.number - 1)) for one in self.directions]

    def drawn_apart(self) -> Iterable[str]:
        return [name for name in self.fields if name.startswith("directions.")]


class DraftForm(FormulaMixin, forms.Form):
    """An exchange of one negotiation before it is proposed: a title, directions and how many of whom."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=160, help_text=gettext_lazy("“1,000 for 1,000”"))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, participants: Iterable[Participant], stated: Iterable[StatedDirection] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        sides, known = list(participants), list(stated)
        choices = [("", "–"), *((str(side.pk), str(side)) for side in sides)]
        routes: list[tuple[Any, Any]] = [(one.pk, other.pk) for one in sides for other in sides if one != other]
        self.size = max(2, min(len(routes), 6), len(known))
        given = {(one.holder, one.receiver) for one in known}
        # Between two sides there is nothing to choose: the second direction is the other way round.
        spare = iter([route for route in routes if route not in given] if len(sides) == 2 else ())
        for index in range(self.size):
            one = known[index] if index < len(known) else StatedDirection(*next(spare, ("", "")))
            self.fields[f"directions.{index}"] = forms.ChoiceField(
                label=_("Held by"), choices=choices, required=False, initial=one.holder
            )
            self.fields[f"directions.{index}.receiver"] = forms.ChoiceField(
                label=_("Handed over to"), choices=choices, required=False, initial=one.receiver
            )
            self.add_lines(index, one.lines)

    def groups(self) -> list[FormulaGroup]:
        return [
            FormulaGroup(
                _("Direction %(number)s") % {"number": index + 1}, self.drawn_lines(index),
                self[f"directions.{index}"], self[f"directions.{index}.receiver"],
            )
            for index in range(self.size)
        ]  # fmt: skip

    def directions(self) -> list[dict[str, Any]]:
        """Those with a line; the operation says what else is missing."""
        return [
            {
                "holder": self.cleaned_data.get(f"directions.{index}"),
                "receiver": self.cleaned_data.get(f"directions.{index}.receiver"), "lines": self.lines_of(index),
            }
            for index in self._stated_directions()
        ]  # fmt: skip

    def _stated_directions(self) -> list[int]:
        return [index for index in range(self.size) if self.stated_lines(index)]

    def direction_given_as(self, place: int) -> int:
        return self._stated_directions()[place]


class AnswerForm(forms.Form):
    """One stance on the lines that are ticked in the table above it."""

    stance = forms.ChoiceField(label=gettext_lazy("Answer"))
    reason = forms.ChoiceField(
        label=gettext_lazy("Because"),
        choices=[("", "–"), *AnswerReason.choices],
        required=False,
        help_text=gettext_lazy("A refusal needs it."),
    )
    field = forms.CharField(label=gettext_lazy("Which field is wrong"), required=False, max_length=40)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=500)

    def __init__(self, *args: Any, direction: Direction, side: Participant | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = Stance.OFFERED if side and side.pk == direction.holder_id else Stance.ASKED_FOR
        stances = (Stance.AGREED, Stance.REFUSED, Stance.NEEDS_INFORMATION, first, Stance.WITHDRAWN)
        self.fields["stance"].choices = [(stance.value, stance.label) for stance in stances]  # type: ignore[attr-defined]
        self.word_of = side if side is not None and not side.works_here else None
        if self.word_of:
            StepForm._add_word(self)  # type: ignore[arg-type]

    def given(self) -> dict[str, Any]:
        typed = self.cleaned_data
        told: dict[str, Any] = {name: typed[name] for name in ("stance", "reason", "field", "note")}
        if self.word_of:
            told["word"] = Word.checked(
                {"participant": self.word_of.pk, **{name: typed.get(name) for name in WORD_FIELDS}}
            )
        return told


class BriefForm(forms.Form):
    """What one's own side thinks of an entry."""

    priority = forms.IntegerField(
        label=gettext_lazy("Priority"),
        min_value=1,
        max_value=999,
        required=False,
        help_text=gettext_lazy("1 comes first."),
    )
    fallback = forms.CharField(
        label=gettext_lazy("Fallback"), max_length=300, required=False,
        help_text=gettext_lazy("Whom or what we take instead."),
    )  # fmt: skip
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class LinkForm(forms.Form):
    person = forms.UUIDField(
        label=gettext_lazy("Own dossier"), error_messages={"required": gettext_lazy("Choose a dossier.")}
    )


class UnlinkForm(forms.Form):
    """Nothing is typed: no dossier is meant any more."""


class CheckForm(forms.Form):
    """One check of one's own side before the go."""

    kind = forms.CharField(widget=forms.HiddenInput, max_length=10)
    result = forms.ChoiceField(
        label=gettext_lazy("Result"), widget=forms.RadioSelect,
        choices=[("passed", gettext_lazy("passed")), ("failed", gettext_lazy("did not pass"))],
    )  # fmt: skip
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)


class SubmitForm(StepForm):
    """A direction's whole list: a file, pasted text, or own dossiers that are ticked."""

    base = forms.IntegerField(widget=forms.HiddenInput)
    message = forms.CharField(label=gettext_lazy("What changed"), max_length=300)
    file = forms.FileField(
        label=gettext_lazy("File"), required=False, help_text=gettext_lazy("CSV with a header row, or JSON."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.json,text/csv,application/json"}),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("Or paste the lines"), required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "dir": "auto"}),
    )  # fmt: skip
    keep = forms.BooleanField(
        label=gettext_lazy("Keep every line that stands and add these"), required=False, initial=True,
        help_text=gettext_lazy("Otherwise this is the whole list: a line left out of it is withdrawn by your side."),
    )  # fmt: skip

    def __init__(self, *args: Any, standing: Iterable[int], persons: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.standing, self.persons = list(standing), list(persons)

    def given(self) -> dict[str, Any]:
        return {
            "lines": self.lines(), "message": self.cleaned_data["message"], "base": self.cleaned_data["base"],
        }  # fmt: skip

    def lines(self) -> list[Line]:
        """Raises ListRefused naming every line's faults."""
        text = self._text()
        typed = lines_from_text(text) if text.strip() else []
        named = {line.number for line in typed}
        rows: list[dict[str, Any]] = [{"person": pk} for pk in self.persons]
        if self.cleaned_data["keep"]:
            rows = [{"number": number} for number in self.standing if number not in named] + rows
        return [*typed, *lines_from_rows(rows)]

    def _text(self) -> str:
        file = self.cleaned_data.get("file")
        if file is None:
            return str(self.cleaned_data.get("text") or "")
        try:
            return bytes(file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            return "\x00"  # refused as no text file, in the words of the list's own reader


class ReceiptsForm(StepForm):
    """Everybody received but for the exceptions: by their numbers, or line by line. All of one direction."""

    def __init__(
        self, *args: Any, lines: Iterable[Any], silent: Iterable[Any], numbered: Mapping[int, Any],
        is_sought: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        """`lines` are those on the page; `silent` the entries without an outcome, `numbered` all of the direction."""
        super().__init__(*args, **kwargs)
        self.lines, self.silent, self.numbered = list(lines), list(silent), numbered
        self.is_sought = is_sought
        if self.silent:
            everybody = ngettext(
                "Received: the %(n)s line that has no outcome and is not named below",
                "Received: all %(n)s lines that have no outcome, but for those named below", len(self.silent),
            )  # fmt: skip
            label = everybody % {"n": number_format(len(self.silent), force_grouping=True)}
            self.fields["all_received"] = forms.BooleanField(label=label, required=False)
        for outcome in EXCEPTIONS:
            self.fields[f"numbers-{outcome}"] = forms.CharField(
                label=outcome.label, required=False, max_length=2000, widget=forms.TextInput(attrs={"dir": "ltr"})
            )
        for line in self.lines:
            self.fields[f"outcome-{line.pk}"] = forms.ChoiceField(
                label=_("Outcome of #%(number)s") % {"number": line.number}, choices=[("", "–"), *Outcome.choices],
                required=False,
            )  # fmt: skip
            self.fields[f"note-{line.pk}"] = forms.CharField(
                label=_("Note on #%(number)s") % {"number": line.number}, max_length=300, required=False
            )

    def clean(self) -> dict[str, Any]:
        marked = {line.pk for line in self.lines if self.cleaned_data.get(f"outcome-{line.pk}")}
        for outcome in EXCEPTIONS:
            name = f"numbers-{outcome}"
            try:
                self.cleaned_data[name] = found = self._entries(self.cleaned_data.get(name, ""), marked)
                marked |= set(found)
            except ValidationError as error:
                self.add_error(name, error)
        for line in self.lines:
            if self.cleaned_data.get(f"note-{line.pk}") and not self.cleaned_data.get(f"outcome-{line.pk}"):
                self.add_error(f"outcome-{line.pk}", _("Say what became of #%(number)s.") % {"number": line.number})
        return self.cleaned_data

    def _entries(self, text: str, marked: Container[Any]) -> list[Any]:
        """The entries with these numbers. Raises ValidationError for one that is not there, or is named above."""
        wanted = numbers(text)
        if missing := [number for number in wanted if number not in self.numbered]:
            raise ValidationError(_("There is no #%(number)s on this list.") % {"number": missing[0]})
        twice = [number for number in wanted if self.numbered[number] in marked or wanted.count(number) > 1]
        if twice:
            raise ValidationError(_("#%(number)s is named twice: one outcome a line.") % {"number": twice[0]})
        return [self.numbered[number] for number in wanted]

    def lines_are_open(self) -> bool:
        """Few lines, or those that were asked for or written in, are not folded away."""
        written = (
            any(outcome.value() or note.value() for _line, outcome, note in self.rows()) if self.is_bound else False
        )
        return self.is_sought or written or len(self.numbered) <= FEW_LINES

    def exceptions(self) -> list[forms.BoundField]:
        return [self[f"numbers-{outcome}"] for outcome in EXCEPTIONS]

    def drawn_apart(self) -> Iterable[str]:
        return [name for name in self.fields if name.startswith(("outcome-", "note-", "numbers-"))]

    def rows(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        return [(line, self[f"outcome-{line.pk}"], self[f"note-{line.pk}"]) for line in self.lines]

    def given(self) -> dict[str, Any]:
        told = {
            line.pk: {
                "entry": line.pk, "outcome": self.cleaned_data[f"outcome-{line.pk}"],
                "note": self.cleaned_data.get(f"note-{line.pk}", ""),
            }
            for line in self.lines
            if self.cleaned_data.get(f"outcome-{line.pk}")
        }  # fmt: skip
        for outcome in EXCEPTIONS:
            told |= {pk: _told(pk, outcome) for pk in self.cleaned_data[f"numbers-{outcome}"]}
        if self.cleaned_data.get("all_received"):
            told = {pk: _told(pk, Outcome.RECEIVED) for pk in self.silent} | told
        return {"outcomes": list(told.values())}


FEW_LINES = 12
EXCEPTIONS = [outcome for outcome in Outcome if outcome != Outcome.RECEIVED]


def _told(entry: Any, outcome: Outcome) -> dict[str, Any]:
    return {"entry": entry, "outcome": outcome.value, "note": ""}


class SignForm(StepForm):
    """Signed by oneself, with the password again."""

    manner = forms.CharField(widget=forms.HiddenInput, initial="signed")
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    password = forms.CharField(
        label=gettext_lazy("Your password"), required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    expires_at = moment(
        gettext_lazy("Holds until"), help_text=gettext_lazy("Leave blank unless it is to end by itself.")
    )
    aside = ("expires_at", "happened_at", "source")

    def __init__(self, *args: Any, stepped_up: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].required = not stepped_up

    def given(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in ("digest", "manner", "expires_at")}


class RecordForm(StepForm):
    """Recorded on the authority of the office, by two people."""

    manner = forms.CharField(widget=forms.HiddenInput, initial="recorded")
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    decided_by = forms.CharField(label=gettext_lazy("Who decided"), required=False, max_length=160)
    reached_office_how = forms.CharField(
        label=gettext_lazy("How the decision reached the office"), required=False, max_length=300
    )
    reached_office_at = moment(gettext_lazy("When it reached the office"))
    document_number = forms.CharField(label=gettext_lazy("Document number"), required=False, max_length=80)
    expires_at = moment(
        gettext_lazy("Holds until"), help_text=gettext_lazy("Leave blank unless it is to end by itself.")
    )
    aside = ("expires_at", "happened_at", "source")
    papers = ("decided_by", "reached_office_how", "reached_office_at", "document_number")

    def __init__(self, *args: Any, confirms: bool = False, **kwargs: Any) -> None:
        """The second of the two confirms what the first typed and types nothing."""
        super().__init__(*args, **kwargs)
        self.fields["reached_office_at"].initial = clock.now
        for name in self.papers:
            self.fields[name].required = not confirms

    def given(self) -> dict[str, Any]:
        told = {name: self.cleaned_data.get(name) for name in ("digest", "manner", "expires_at")}
        return told | {"papers": {name: self.cleaned_data.get(name) for name in self.papers}}


class SignWordForm(StepForm):
    """The final sign-off of a side that does not work here, as its word."""

    manner = forms.CharField(widget=forms.HiddenInput, initial="word")
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def given(self) -> dict[str, Any]:
        return {"digest": self.cleaned_data["digest"], "manner": "word"}


class FinalOfficeForm(forms.Form):
    """Whose final sign-off a participant gives: an office of one's own side, or the name of an absent one."""

    office = forms.ModelChoiceField(label=gettext_lazy("Office"), queryset=Organisation.objects.none(), required=False)
    office_name = forms.CharField(label=gettext_lazy("Office"), max_length=160, required=False)
    quorum = forms.IntegerField(label=gettext_lazy("How many of them sign"), min_value=1, max_value=20, initial=1)
    scope = forms.ChoiceField(label=gettext_lazy("They sign"), choices=Scope.choices, initial=Scope.FRAME)

    def __init__(self, *args: Any, participant: Participant, offices: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.participant = participant
        if participant.works_here:
            self.fields["office"].queryset = offices  # type: ignore[attr-defined]
            self.fields["office"].required = True
            del self.fields["office_name"]
        else:
            self.fields["office_name"].required = True
            del self.fields["office"]


def numbers(text: str) -> list[int]:
    """`1-390, 395` as numbers. Raises ValidationError."""
    found: list[int] = []
    for part in re.split(r"[,;\s]+", text.replace("–", "-").replace("#", "").strip()):
        if not part:
            continue
        span = re.fullmatch(r"(\d{1,7})(?:-(\d{1,7}))?", part, re.ASCII)
        if span is None:
            raise ValidationError(
                _("Write numbers and ranges: 1-390, 395. “%(part)s” is neither.") % {"part": part[:20]}
            )
        first, last = int(span[1]), int(span[2] or span[1])
        if last < first or last - first > 20_000:
            raise ValidationError(_("The range “%(part)s” does not rise, or is too long.") % {"part": part})
        found.extend(range(first, last + 1))
    return found


class PlanForm(forms.Form):
    """When and where, and which entries by their numbers in each direction's list."""

    planned_on = forms.DateField(label=gettext_lazy("Date"), required=False, widget=DayInput())
    place = forms.CharField(label=gettext_lazy("Place"), required=False, max_length=160)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone of the place"), required=False)

    def __init__(self, *args: Any, directions: Iterable[Direction], is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.directions, self.is_new = list(directions), is_new
        zones = [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]
        self.fields["time_zone"].initial = self.initial.get("time_zone") or timezone.get_current_timezone_name()
        for direction in self.directions:
            self._add_numbers(direction)
        if is_new:
            self.fields["nobody_yet"] = forms.BooleanField(
                label=_("Plan it with nobody in it: names are put in later"), required=False, widget=forms.HiddenInput
            )

    def nobody_is_meant(self) -> bool:
        return bool(self.cleaned_data["nobody_yet"])

    def ask_about_nobody(self) -> None:
        """The box to tick stands on the page only once it is needed."""
        self.fields["nobody_yet"].widget = forms.CheckboxInput()

    def _add_numbers(self, direction: Direction) -> None:
        about = {"direction": direction}
        self.fields[f"add-{direction.number}"] = forms.CharField(
            label=_("Put in, %(direction)s") % about, required=False, max_length=2000,
            help_text=_("Numbers of the list: 1-390, 395"),
        )  # fmt: skip
        if self.is_new:
            self.fields[f"all-{direction.number}"] = forms.BooleanField(
                label=_("All agreed and not yet in a tranche, %(direction)s") % about, required=False
            )
        else:
            self.fields[f"remove-{direction.number}"] = forms.CharField(
                label=_("Take out, %(direction)s") % about, required=False, max_length=2000
            )
            self.fields[f"conspicuous-{direction.number}"] = forms.CharField(
                label=_("Conspicuous, %(direction)s") % about, required=False, max_length=2000,
                help_text=_("Named in the frame, so that the finals see whom they sign for."),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        for name in list(self.cleaned_data):
            if name.startswith(("add-", "remove-", "conspicuous-")):
                try:
                    self.cleaned_data[name] = numbers(self.cleaned_data[name])
                except ValidationError as error:
                    self.add_error(name, error)
        return self.cleaned_data

    def of(self, kind: str, direction: Direction) -> Any:
        return self.cleaned_data.get(f"{kind}-{direction.number}")

    def plan(self) -> dict[str, Any]:
        return {
            "planned_on": self.cleaned_data["planned_on"], "place": self.cleaned_data["place"],
            "time_zone": self.cleaned_data["time_zone"] or "UTC",
        }  # fmt: skip


class PolicyForm(forms.Form):
    """A ladder of offices, the last of which gives the final sign-off. Rows left empty do not count."""

    SIZE = 6

    pairs_waived = forms.BooleanField(
        label=gettext_lazy("One pair of eyes suffices"), required=False,
        help_text=gettext_lazy("For a headquarters of a few people. The log says so each time."),
    )  # fmt: skip
    authors_may_sign = forms.BooleanField(
        label=gettext_lazy("Authors may sign"), required=False,
        help_text=gettext_lazy("Whoever submitted a list of the tranche may also sign it."),
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, offices: Any, present: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "pairs_waived": present.pairs_waived, "authors_may_sign": present.authors_may_sign, "version": present.version,
        }  # fmt: skip
        super().__init__(*args, **kwargs)
        self.size = max(self.SIZE, len(present.rungs) + 1)
        for index in range(self.size):
            rung = present.rungs[index] if index < len(present.rungs) else None
            self.fields[f"steps.{index}.office"] = forms.ModelChoiceField(
                offices, label=_("Office"), required=False, initial=rung and rung.office_id, empty_label="–"
            )
            self.fields[f"steps.{index}.quorum"] = forms.IntegerField(
                label=_("How many of them sign"),
                min_value=1,
                max_value=20,
                required=False,
                initial=rung.quorum if rung else 1,
            )
            self.fields[f"steps.{index}.scope"] = forms.ChoiceField(
                label=_("They sign"), choices=Scope.choices, required=False, initial=rung.scope if rung else Scope.NAMES
            )

    def rows(self) -> list[tuple[int, list[Any]]]:
        return [
            (index + 1, [self[f"steps.{index}.{name}"] for name in ("office", "quorum", "scope")])
            for index in range(self.size)
        ]

    def flags(self) -> list[Any]:
        return [self[name] for name in ("pairs_waived", "authors_may_sign", "version")]

    def clean(self) -> dict[str, Any]:
        if not self._filled():
            self.add_error("steps.0.office", _("Name at least the office that gives the final sign-off."))
        return self.cleaned_data

    def _filled(self) -> list[int]:
        return [index for index in range(self.size) if self.cleaned_data.get(f"steps.{index}.office")]

    @property
    def given(self) -> dict[str, Any]:
        typed, filled = self.cleaned_data, self._filled()
        steps = [
            {
                "office": typed[f"steps.{index}.office"], "quorum": typed.get(f"steps.{index}.quorum") or 1,
                "scope": typed.get(f"steps.{index}.scope") or Scope.NAMES, "is_final": index == filled[-1],
            }
            for index in filled
        ]  # fmt: skip
        flags = {name: typed[name] for name in ("pairs_waived", "authors_may_sign")}
        return {"steps": steps, "version": typed.get("version"), **flags}
