"""What a caller may send to the API, checked for shape alone: an unknown key is refused, an instant names its zone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework import serializers

from core import clock

MOST_NUMBER = 2_147_483_647
MOST_IDS = 10_000


class Strict(serializers.Serializer[Any]):
    """A body or a query whose every key is known."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := [key for key in data if key not in self.fields]):
            raise serializers.ValidationError({str(key): [_("Unknown key.")] for key in unknown})
        return super().to_internal_value(data)


class Instant(serializers.DateTimeField):
    """ISO 8601 with its zone: a time without one means another instant to everybody who reads it."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            moment = parse_datetime(value) if isinstance(value, str) else None
            if moment is not None and moment.tzinfo is not None and moment.year in clock.YEARS:
                return moment.astimezone(UTC)
        except ValueError:
            pass
        raise serializers.ValidationError(_("Write the time as 2025-05-23T10:00:00Z, with its zone."))


class Count(serializers.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MOST_NUMBER, **options})


class Ids(serializers.ListField):
    """Ids of rows; whether they exist for the caller is the operation's question."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.UUIDField(), max_length=MOST_IDS, **options)


def several(body: type[Strict], most: int, **options: Any) -> Any:
    """A list of at most so many of these."""
    return body(many=True, **{"max_length": most, **options})


class Text(serializers.CharField):
    """A text that may be left out or empty unless it is required."""

    def __init__(self, longest: int, *, required: bool = False, **options: Any) -> None:
        super().__init__(max_length=longest, required=required, allow_blank=not required, **options)
