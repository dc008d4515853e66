"""A shared event and its private counterpart tell of one act: shown once, with the person named to their own side."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from access.models import User
from audit.models import Counterpart, Event


def told_once(events: "QuerySet[Event]") -> "QuerySet[Event]":
    """Without the counterparts: each repeats a shared event that the viewer sees as well."""
    return events.filter(~Exists(Counterpart.objects.filter(event=OuterRef("pk"))))


def actors_behind(shared: "QuerySet[Any]", viewer: User) -> "QuerySet[Any, tuple[int, str]]":
    """Of these shared events, who did them as their own log says it, where the viewer sees that log."""
    rows = Counterpart.objects.filter(shared__in=shared, event__in=Event.objects.visible_to(viewer))
    return rows.values_list("shared_id", "event__actor")
