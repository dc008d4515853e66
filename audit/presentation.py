"""Events as sentences, for one viewer. Every kind ever written is rendered; apps register theirs in `sentences`."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from access.models import Organisation, User
from access.roles import Role
from audit.counterparts import actors_behind
from audit.models import SYSTEM, Event, EventData
from core.lifecycle import Text
from core.together import Together

Sentence = Callable[[Mapping[str, Any]], Text]
sentences: dict[str, Text | Sentence] = {}
objections: dict[
    str, Sentence
] = {}  # by rule: what stood against an act that was recorded afterwards, when it happened


@dataclass(frozen=True)
class EventView:
    id: str
    kind: str
    time: str
    at: datetime
    sentence: str
    who: str
    recorded_afterwards: bool = False
    rules_then: str = ""
    happened_at: str = ""
    according_to: str = ""
    private: bool = False
    subject: str = ""
    person: str = ""  # of a shared event, who did it: as far as the viewer sees the counterpart in their own log

    @property
    def iso(self) -> str:
        return self.at.isoformat()


@dataclass(frozen=True)
class Day:
    date: date
    label: str
    events: list[EventView]


def timeline(events: "QuerySet[Event]", viewer: User) -> list[Day]:
    """`events` day by day in the viewer's zone, in the order given."""
    return day_by_day(event_views(events, viewer))


def day_by_day(views: Iterable[EventView]) -> list[Day]:
    days: dict[date, list[EventView]] = {}
    for view in views:
        days.setdefault(timezone.localtime(view.at).date(), []).append(view)
    return [Day(day, date_format(day, "j E Y", use_l10n=False), views) for day, views in days.items()]


def event_views(events: "QuerySet[Event]", viewer: User) -> list[EventView]:
    """Two queries whatever their number."""
    return EventsAsked(events, viewer, Together()).views()


class EventsAsked:
    """Events with their contents and the persons behind them, to be read with what else a page shows."""

    def __init__(self, events: "QuerySet[Event]", viewer: User, together: Together) -> None:
        self.viewer = viewer
        wanted = events.values("pk")
        self._events = together.later(events.select_related("compartment"))
        self._contents = together.later(
            EventData.objects.visible_to(viewer).filter(event__in=wanted).values_list("event_id", "json")
        )
        self._counterparts = together.later(actors_behind(wanted, viewer))

    def views(self) -> list[EventView]:
        """One query more: who the actors are."""
        events = self._events.rows
        contents = {pk: json.loads(content) for pk, content in self._contents.rows}
        behind = {pk: actor for pk, actor in self._counterparts.rows if actor.startswith("user:")}
        actors = actors_named({event.actor for event in events} | set(behind.values()), self.viewer)
        return [
            _view(event, contents.get(event.pk, {}), actors, actors.get(behind.get(event.pk, ""), Actor()).known)
            for event in events
        ]


def _view(event: Event, content: Mapping[str, Any], actors: "Mapping[str, Actor]", person: str) -> EventView:
    happened = content.get("happened_at", "")
    return EventView(
        id=event.name,
        kind=event.kind,
        time=date_format(timezone.localtime(event.at), "H:i", use_l10n=False),
        at=event.at,
        sentence=sentence_of(event.kind, content),
        who=actors[event.actor].shown,
        recorded_afterwards=bool(content.get("recorded_afterwards")),
        rules_then=rules_then_in_words(content["rules_then"]) if "rules_then" in content else "",
        happened_at=happened,
        according_to=str(content.get("according_to", "")),
        private=not event.compartment.is_shared,
        subject=event.subject,
        person=person,
    )


def sentence_of(kind: str, content: Mapping[str, Any]) -> str:
    """The event in a sentence; a kind nobody registered is spelt from its name."""
    told = sentences.get(kind)
    text = str(told(content) if callable(told) else told or kind.replace("_", " ").replace(".", ": "))
    if reason := content.get("reason"):
        text = _("%(text)s Reason: %(reason)s") % {"text": text, "reason": reason}
    return text


def rules_then_in_words(found: Sequence[Mapping[str, Any]]) -> str:
    """What the rules would have said at the time of an act that was recorded afterwards."""
    if not found:
        return _("nothing stood against it then")
    told = "; ".join(
        str(objections[str(row["rule"])](row)) if row.get("rule") in objections else str(row.get("rule", ""))
        for row in found
    )
    return _("the rules would have refused it then: %(why)s") % {"why": told}


@dataclass(frozen=True)
class Actor:
    """`known` is empty where the viewer may not know more than that there was somebody."""

    shown: str = ""
    known: str = ""


def actors_named(names: set[str], viewer: User) -> dict[str, Actor]:
    """How each actor is shown: a person to their own party, organisation and role to everybody else. One query."""
    organisations = {name.split(":")[1] for name in names if name.startswith("organisation:") and len(name) > 40}
    users = {name.split(":")[1] for name in names if name.startswith("user:")}
    together = Together()
    bodies = together.later(
        Organisation.objects.visible_to(viewer).filter(pk__in=organisations).values_list("pk", "name")
    )
    people = together.later(User.objects.visible_to(viewer).filter(pk__in=users).values_list("pk", "label"))
    known = {str(pk): name for pk, name in (*bodies.rows, *people.rows)}
    return {name: _actor(name, known) for name in names}


def _actor(name: str, known: Mapping[str, str]) -> Actor:
    if name == SYSTEM:
        return Actor(_("Homeward"))
    kind, pk, *role = name.split(":")
    label = known.get(pk, "")
    if kind == "user":
        return Actor(label or _("somebody of this side"), label)
    organisation = label or _("an organisation")
    roles = dict(Role.choices)
    shown = f"{organisation} ({roles[role[0]]})" if role and role[0] in roles else str(organisation)
    return Actor(shown, label)
