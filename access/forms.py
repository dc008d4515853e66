"""A form parses; the operation behind it decides. What it refuses stands at the field that is meant."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from django import forms

from core.errors import DomainError

T = TypeVar("T")


def attempt(form: forms.BaseForm, operation: Callable[[], T]) -> T | None:
    """What the operation returned, or None when it refused: the form then says why."""
    try:
        return operation()
    except DomainError as refused:
        show_refusal(form, refused.errors, refused.sentence)
        form.refused_with = refused.status  # type: ignore[attr-defined]
        return None


def show_refusal(form: forms.BaseForm, errors: Mapping[str, Iterable[object]], sentence: str) -> None:
    """Each fault at its field; the sentence above the form where no field of it is meant."""
    at_fields = {name: [str(fault) for fault in faults] for name, faults in errors.items() if name in form.fields}
    for name, faults in at_fields.items():
        form.add_error(name, faults)
    if not at_fields and sentence:
        form.add_error(None, sentence)


def answer_status(form: forms.BaseForm) -> int:
    """Of the page that shows this form: 200 when it is blank, else why it came back."""
    return getattr(form, "refused_with", 400) if form.is_bound else 200
