"""A shared event and its private counterpart tell of one act: shown once, with the person named to their own side."""

from django.db.models import Exists, OuterRef, QuerySet

from audit.models import Counterpart, Event


def told_once(events: "QuerySet[Event]") -> "QuerySet[Event]":
    """Without the counterparts: each repeats a shared event that the viewer sees as well."""
    return events.filter(~Exists(Counterpart.objects.filter(event=OuterRef("pk"))))
