"""Under which of their seats somebody acts, and the check of what they typed."""

import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from access.models import Compartment, User
from access.roles import holders_spelt
from access.scoping import Seat, seats_of
from core import clock
from core.errors import DomainError, InputRefused, StaleVersion
from core.text import clean_text

M = TypeVar("M", bound=models.Model)


class NotAllowed(DomainError):
    """The row is visible, the capability is missing: a sentence that says who could do it."""

    code = "not_allowed"


def seat_with(actor: User, compartment: Compartment | uuid.UUID, *capabilities: str) -> Seat:
    """The seat under which `actor` holds one of `capabilities` in this compartment. Raises NotAllowed."""
    for seat in seats_of(actor, compartment):
        if not seat.capabilities.isdisjoint(capabilities):
            return seat
    raise NotAllowed(_("This is for %(who)s.") % {"who": holders_spelt(capabilities)})


def checked(row: M, *, exclude: Iterable[str] = ()) -> M:
    """`row` after its own validation. Raises InputRefused with every field's faults."""
    _refuse_odd_years(row)
    try:
        row.full_clean(exclude=set(exclude))
    except ValidationError as error:
        raise input_refused(error) from error
    return row


def _refuse_odd_years(row: models.Model) -> None:
    """An instant at the edge of what a date can hold has no counterpart in another zone: the database could not keep it."""
    instants = [field.name for field in row._meta.concrete_fields if isinstance(field, models.DateTimeField)]
    wrong = [name for name in instants if (at := row.__dict__.get(name)) is not None and at.year not in clock.YEARS]
    if wrong:
        sentence = forms.DateTimeField.default_error_messages["invalid"]
        raise InputRefused(sentence, errors={name: [sentence] for name in wrong})


def input_refused(error: ValidationError) -> InputRefused:
    faults = {field if field != "__all__" else "": messages for field, messages in error.message_dict.items()}
    first = next(iter(faults.values()))[0]
    return InputRefused(first, errors=faults)


def filled(row: M, values: Mapping[str, object], *, only: Iterable[str]) -> M:
    """`row` with these values, text tidied. Raises TypeError for a field that is not among `only`."""
    if unknown := set(values) - set(only):
        raise TypeError(f"{type(row).__name__} does not take {', '.join(sorted(unknown))}")
    for field, value in values.items():
        if isinstance(value, str):
            is_long = isinstance(row._meta.get_field(field), models.TextField)
            value = unicodedata.normalize("NFC", value).strip() if is_long else clean_text(value)
        setattr(row, field, value)
    return row


@contextmanager
def faults_at(place: str) -> Iterator[None]:
    """Faults of a part of a larger input are named `place.field`, such as `names.0.family`."""
    try:
        yield
    except InputRefused as refused:
        errors = {f"{place}.{field}".rstrip("."): faults for field, faults in refused.errors.items()}
        raise InputRefused(refused.sentence, errors=errors or {place: [refused.sentence]}) from refused


def refuse_stale(present: int, version: int | None) -> None:
    """Raises StaleVersion unless the caller worked from the present state; None: the caller does not say."""
    if version is not None and version != present:
        raise StaleVersion(_("Somebody else saved this meanwhile. Load the page again and repeat your change."))
