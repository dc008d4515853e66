"""Text as it may enter the system: NFC, no control or direction-changing characters in names."""

import unicodedata
import zoneinfo
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# ZWNJ and ZWJ belong to the spelling of Persian and Arabic-script names and stay.
JOINERS = "\u200c\u200d"


def clean_text(value: str) -> str:
    """NFC with outer space removed and inner runs of space made one; without NUL, which PostgreSQL cannot keep."""
    return " ".join(unicodedata.normalize("NFC", value.replace("\x00", "")).split())


class PlainTextField(models.CharField):  # type: ignore[type-arg]
    """Compared letter by letter whatever the database's own order is: what begins alike stands together."""

    def db_parameters(self, connection: Any) -> Any:
        parameters = super().db_parameters(connection)
        return {**parameters, "collation": "C"} if connection.vendor == "postgresql" else parameters


def from_to(holder: object, receiver: object) -> str:
    """`holder → receiver`, read from left to right in any script: the arrow has no mirror image and must not turn round."""
    return f"\u2066\u2068{holder}\u2069 → \u2068{receiver}\u2069\u2069"


def check_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` names a zone of the tz database."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no time zone “%(value)s”."), params={"value": value})


def check_name_text(value: str) -> None:
    """Raise ValidationError for control, direction-changing or invisible characters (Unicode TR 36)."""
    for character in value:
        if character not in JOINERS and unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs"):
            raise ValidationError(
                _("The name holds an invisible character (U+%(code)04X): type it again."),
                params={"code": ord(character)},
            )
