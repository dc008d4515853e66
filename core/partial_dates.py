"""Dates known in part: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, kept as text so that nothing is invented."""

import re
from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import formats
from django.utils.translation import gettext_lazy as _

PATTERN = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$", re.ASCII)


def check_partial_date(value: str) -> None:
    """Raise ValidationError unless `value` is a real year, month or day between 1850 and 2200."""
    found = PATTERN.match(value)
    if found is None:
        raise ValidationError(_("Write the date as 1987, 1987-04 or 1987-04-23."))
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        date(year, month, day)
    except ValueError as error:
        raise ValidationError(_("There is no such date: %(value)s."), params={"value": value}) from error
    if not 1850 <= year <= 2200:
        raise ValidationError(_("The year %(year)s cannot be right."), params={"year": year})


def spelt(value: str) -> str:
    """`23 April 1987`, `April 1987` or `1987` in the reader's language; empty for an unknown date."""
    found = PATTERN.match(value)
    if found is None:
        return value
    year, month, day = found.groups()
    if day:
        return str(formats.date_format(date(int(year), int(month), int(day)), "j E Y", use_l10n=False))
    if month:
        return str(formats.date_format(date(int(year), int(month), 1), "F Y", use_l10n=False))
    return year


class PartialDateField(models.CharField):  # type: ignore[type-arg]
    """A CharField that validates as a partial date."""

    default_validators = [check_partial_date]

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 10)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
