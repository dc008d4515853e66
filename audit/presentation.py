"""Events as sentences, for one viewer. Every kind ever written is rendered; apps register theirs in `sentences`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from access.models import Organisation, User
from access.roles import Role
from audit.models import Event, EventData
from core.lifecycle import Text

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


@dataclass(frozen=True)
class Day:
    date: date
    label: str
    events: list[EventView]


def timeline(events: "QuerySet[Event]", viewer: User) -> list[Day]:
    """`events` day by day in the viewer's zone, in the order given. Three queries whatever their number."""
    days: dict[date, list[EventView]] = {}
    for view in event_views(events, viewer):
        days.setdefault(timezone.localtime(view.at).date(), []).append(view)
    return [Day(day, date_format(day, "j E Y", use_l10n=False), views) for day, views in days.items()]


def event_views(events: "QuerySet[Event]", viewer: User) -> list[EventView]:
    rows = list(events.select_related("compartment"))
    contents = {
        content.event_id: json.loads(content.json)
        for content in EventData.objects.visible_to(viewer).filter(event__in=[row.pk for row in rows])
    }
    actors = _actors({row.actor for row in rows}, viewer)
    return [_view(row, contents.get(row.pk, {}), actors) for row in rows]


def _view(event: Event, content: Mapping[str, Any], actors: Mapping[str, str]) -> EventView:
    happened = content.get("happened_at", "")
    return EventView(
        id=event.name,
        kind=event.kind,
        time=date_format(timezone.localtime(event.at), "H:i", use_l10n=False),
        at=event.at,
        sentence=sentence_of(event.kind, content),
        who=actors.get(event.actor, ""),
        recorded_afterwards=bool(content.get("recorded_afterwards")),
        rules_then=rules_then_in_words(content["rules_then"]) if "rules_then" in content else "",
        happened_at=happened,
        according_to=str(content.get("according_to", "")),
        private=not event.compartment.is_shared,
        subject=event.subject,
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


def _actors(names: set[str], viewer: User) -> dict[str, str]:
    """How each actor is shown: a person to their own party, organisation and role to everybody else."""
    organisations = {name.split(":")[1] for name in names if name.startswith("organisation:") and len(name) > 40}
    users = {name.split(":")[1] for name in names if name.startswith("user:")}
    named = Organisation.objects.visible_to(viewer).filter(pk__in=organisations).values_list("pk", "name")
    known = {str(pk): name for pk, name in named}
    people = dict(User.objects.visible_to(viewer).filter(pk__in=users).values_list("pk", "label"))
    labels = {str(pk): label for pk, label in people.items()}
    roles = dict(Role.choices)
    shown = {"system": _("Homeward")}
    for name in names - {"system"}:
        kind, pk, *role = name.split(":")
        if kind == "user":
            shown[name] = labels.get(pk, _("somebody of this side"))
        else:
            organisation = known.get(pk, _("an organisation"))
            shown[name] = f"{organisation} ({roles[role[0]]})" if role and role[0] in roles else str(organisation)
    return shown
