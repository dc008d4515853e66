"""Rows of the API as frozen dataclasses, described once: the serializer that documents a row is made from the row itself.

A serializer is never used to build an answer: the renderer writes dataclasses as they are.
"""

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from django.db.models import TextChoices
from rest_framework import serializers

ROOT = "/api/v1"


def address(plural: str, pk: object) -> str:
    """Where one object of the API stands."""
    return f"{ROOT}/{plural}/{pk}/"


class Slug(serializers.ChoiceField):  # type: ignore[misc,unused-ignore]
    """One of a list of slugs that has a name of its own in the description."""

    def __init__(self, listed: type[TextChoices], **options: Any) -> None:
        self.listed = listed
        super().__init__(choices=[choice for choice in listed.choices if choice[0]], **options)


@cache
def described(shape: type) -> type[serializers.Serializer[Any]]:
    """The serializer that describes a row: every field stands in every answer."""
    hints = get_type_hints(shape, include_extras=True)
    declared = {field.name: _field(hints[field.name]) for field in fields(shape)}
    return type(shape.__name__, (serializers.Serializer,), {**declared, "__doc__": shape.__doc__})


_PLAIN: dict[Any, type[serializers.Field[Any, Any, Any, Any]]] = {
    str: serializers.CharField,
    bool: serializers.BooleanField,
    int: serializers.IntegerField,
    UUID: serializers.UUIDField,
    datetime: serializers.DateTimeField,
    date: serializers.DateField,
    Any: serializers.JSONField,
}


def _field(hint: Any, **options: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType) and NoneType in inner:
        return _field(next(arg for arg in inner if arg is not NoneType), allow_null=True, **options)
    if origin is Annotated:
        listed = inner[1]
        return Slug(listed, allow_blank="" in listed.values, **options)
    if origin is list:
        if is_dataclass(inner[0]):
            return described(inner[0])(many=True, **options)  # type: ignore[arg-type]
        return serializers.ListField(child=_field(inner[0]), **options)
    if origin is dict:
        return serializers.DictField(child=_field(inner[1]), **options)
    if is_dataclass(hint):
        return described(hint)(**options)  # type: ignore[arg-type]
    if hint is str:
        options["allow_blank"] = True
    return _PLAIN[hint](**options)
