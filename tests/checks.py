"""What many tests ask: that a refusal left nothing behind, and which events and readers there are."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps

from access.models import User
from alerts.models import Reader
from alerts.routing import recipients
from audit.models import Event, EventData, Log
from core.errors import DomainError
from exchanges.models import Entry, Exchange, Placement, SignOffStep, Tranche

# Directions stand in directional isolates, so that their arrow means the same in every script.
ISOLATES = re.compile("[\u2066-\u2069]")


@contextmanager
def refused(sentence: str = "", *, exactly: str = "", error: type[Exception] = DomainError) -> Iterator[Any]:
    """The block is refused, in a sentence that contains `sentence` or is `exactly` this; nothing whatever has changed."""
    before = everything()
    with pytest.raises(error) as caught:
        yield caught
    told = ISOLATES.sub("", str(caught.value))
    assert sentence in told
    assert not exactly or told == exactly
    assert everything() == before


def everything() -> dict[str, Any]:
    """How many rows there are of every model, and the rows that move."""
    counts = {model.__name__: model._default_manager.count() for model in apps.get_models() if model._meta.managed}
    moving = (Exchange, Tranche, SignOffStep, Entry, Placement)
    return counts | {f"{model.__name__} rows": list(model._default_manager.order_by("pk").values()) for model in moving}


def kinds(subject: Any, *, shared: bool = True) -> list[str]:
    """The kinds of the events about `subject`, in order; `shared`: only those of a shared log."""
    events = Event.objects.unscoped("test").about(subject).select_related("compartment").order_by("at", "pk")
    return [event.kind for event in events if event.compartment.is_shared == shared]


def last_event(kind: str, *, shared: bool = True) -> Event:
    events = Event.objects.unscoped("test").filter(kind=kind).select_related("compartment").order_by("-pk")
    return next(event for event in events if event.compartment.is_shared == shared)


def data_of(event: Event) -> dict[str, Any]:
    return dict(json.loads(EventData.objects.unscoped("test").get(event=event).json))


def told(kind: str, *, shared: bool = True) -> set[str]:
    """User names of those who hear of the latest event of this kind."""
    return {user.username for user in recipients(last_event(kind, shared=shared))}


def sees(viewer: User, row: Any) -> bool:
    found: bool = type(row).objects.visible_to(viewer).filter(pk=row.pk).exists()
    return found


def nobody_left_to_tell() -> None:
    """Whatever has happened so far is told; a sweep then speaks of what comes."""
    for log in Log.objects.unscoped("test").all():
        Reader.objects.update_or_create(pk=log.compartment_id, defaults={"position": log.position})
