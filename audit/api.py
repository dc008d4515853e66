"""Events: the change feed of one compartment, or the newest of all that the viewer reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from access.doors import DetailDoor, Door, Filters, ListDoor, uuid_or_none
from access.kept import read
from access.models import User
from access.roles import May
from audit.models import Event, EventData, name_of
from audit.presentation import sentence_of
from core.errors import InputRefused
from core.input import Count, Text
from core.kept import Among
from core.paging import LARGEST, Order, by, newest_first
from core.shapes import address


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of a log. `data` is null where its content was erased or is not the viewer's to read."""

    id: str
    url: str
    version: int
    compartment: UUID
    position: int
    kind: str
    at: datetime
    actor: str
    subject: str
    sentence: str
    hash: str
    data: Any | None


COLUMNS = ("id", "compartment_id", "position", "kind", "at", "actor", "subject", "hash")


def event_rows(events: Sequence[Any], viewer: User) -> list[EventRow]:
    """Of events, or of rows of `COLUMNS`. One query more, whatever the number."""
    wanted = {f"event:{number}": event.id for number, event in enumerate(events)}
    contents = read("contents", _contents, viewer, wanted) if wanted else []
    told = {pk: orjson.loads(content) for pk, content in contents}
    return [
        EventRow(
            id=(name := name_of(event.compartment_id, event.position)),
            url=address("events", name),
            version=1,
            compartment=event.compartment_id,
            position=event.position,
            kind=event.kind,
            at=event.at,
            actor=event.actor,
            subject=event.subject,
            sentence=sentence_of(event.kind, told.get(event.id, {})),
            hash=event.hash,
            data=told.get(event.id),
        )
        for event in events
    ]


def _contents(viewer: User, events: Mapping[str, Any]) -> "QuerySet[Any, Any]":
    contents = EventData.objects.visible_to(viewer).filter(Among("event_id", list(events.values())))
    return contents.values_list("event_id", "json")


class EventFilters(Filters):
    compartment = serializers.UUIDField(required=False, help_text="One log, in the order of its positions.")
    after = Count(required=False, max_value=LARGEST, help_text="The last position that was read; wants `compartment`.")
    kind = Text(60)
    subject = Text(120, help_text="What they are about: `exchange:<uuid>`.")

    paths = {"after": "position__gt"}


class EventDoor(Door):
    access = May.READ
    plural = "events"
    shape = EventRow

    def visible(self) -> "QuerySet[Event]":
        rows: QuerySet[Event] = Event.objects.visible_to(self.viewer)
        return rows


class Events(EventDoor, ListDoor):
    """With `compartment`: its log from `after` on, nothing missed. Without: the newest of every log the viewer reads."""

    order = newest_first("at", "compartment_id", "position")
    filters = EventFilters
    model, columns = Event, COLUMNS

    def order_for(self, asked: Mapping[str, Any]) -> Order:
        if "compartment" in asked:
            return by("position")
        if "after" in asked:
            sentence = _("Positions belong to one log: say which compartment.")
            raise InputRefused(sentence, errors={"compartment": [sentence]})
        return self.order

    def present(self, rows: Sequence[Any]) -> Sequence[EventRow]:
        return event_rows(rows, self.viewer)


class EventOne(EventDoor, DetailDoor):
    """One event, `<compartment>:<position>`."""

    def one(self) -> Event:
        compartment, _colon, position = self.kwargs["id"].partition(":")
        pk = uuid_or_none(compartment)
        is_number = position.isascii() and position.isdigit() and len(position) < 19
        found = self.visible().filter(compartment=pk, position=int(position)).first() if pk and is_number else None
        if found is None:
            raise Http404
        return found

    def present_one(self, row: Event) -> EventRow:
        (found,) = event_rows([row], self.viewer)
        return found

    def parameters(self, method: str) -> list[Any]:
        return [OpenApiParameter("id", str, OpenApiParameter.PATH, description="<compartment>:<position>")]
