"""What every step may come with, and how a body becomes the circumstances of an operation."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.doors import FromVersion
from core.input import Count, Instant, Strict, Text
from core.shapes import Slug
from exchanges.standing import Word
from people.models import Category


class WordBody(Strict):
    """An absent participant's act as somebody told it to us; with it the actor needs *decide*."""

    participant = serializers.UUIDField()
    who = Text(160, required=True)
    to_whom = Text(160, required=True)
    happened_at = Instant()
    source: Any = Text(300, required=True)
    according_to = Text(160, required=True)


class ListCircumstances(FromVersion):
    """Where `reason` means something else."""

    happened_at = Instant(required=False, help_text="When it happened, if not now.")
    source: Any = Text(300)
    word = WordBody(required=False)


class StepBody(ListCircumstances):
    """Circumstances alone."""

    reason = Text(300)


class FormulaLineBody(Strict):
    category = Slug(Category, required=False, allow_null=True, help_text="Left out: persons of any category.")
    count = Count(min_value=1)


def circumstances(given: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    """The body as the keyword arguments that every operation takes beside its own."""
    named: dict[str, Any] = dict(given)
    if word := named.get("word"):
        named["word"] = Word(**word)
    return named | ({} if version is None else {"if_version": version})


def formula(lines: Any) -> list[dict[str, Any]]:
    return [{"category": line.get("category") or "", "count": line["count"]} for line in lines]
