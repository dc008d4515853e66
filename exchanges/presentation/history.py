"""The log as a timeline: what happened to an exchange and to everything in it, newest first, in windows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from audit.counterparts import told_once
from audit.models import Event, subject_of
from audit.presentation import EventsAsked, EventView, day_by_day
from core.together import Together
from exchanges.models import Exchange, SignOffStep, Tranche
from exchanges.presentation.times import instant
from exchanges.standing import Parties

WINDOW = 50
StepOfTranche = tuple[UUID, UUID]


@dataclass(frozen=True)
class Subject:
    """How an event's subject is called on this page, and where it stands."""

    label: str = ""
    url: str = ""


@dataclass(frozen=True)
class EventLine:
    iso: str
    time: str
    sentence: str
    who: str
    url: str
    is_new: bool
    mark: str
    recorded_afterwards: bool
    rules_then: str
    recorded_at: str
    according_to: str
    private: bool


@dataclass(frozen=True)
class DayLines:
    label: str
    events: list[EventLine]


@dataclass(frozen=True)
class History:
    days: list[DayLines]
    older: str  # the event after which the next window begins; empty at the end


def subjects_of(
    exchange: Exchange, tranches: "list[Tranche]", parties: Parties, steps: Iterable[StepOfTranche]
) -> dict[str, Subject]:
    """The exchange, its directions, its tranches and every step of theirs that the viewer may see."""
    subjects = {subject_of(exchange): Subject()}
    for direction in parties.directions:
        subjects[subject_of(direction)] = Subject(str(direction))
    return subjects | subjects_of_tranches(tranches, steps)


def steps_of_every_lock(viewer: User, **where: Any) -> "QuerySet[Any, StepOfTranche]":
    """Also those of earlier locks, which the log still tells of."""
    steps = SignOffStep.objects.visible_to(viewer).filter(**where)
    return steps.order_by().values_list("pk", "tranche_id")


def subjects_of_tranches(
    tranches: "list[Tranche]", steps: Iterable[StepOfTranche], *, named: bool = True
) -> dict[str, Subject]:
    subjects = {}
    for tranche in tranches:
        label = _("Tranche %(number)s") % {"number": tranche.number} if named else ""
        url = reverse("exchanges:tranche", args=[tranche.pk]) if named else ""
        subjects[subject_of(tranche)] = Subject(label, url)
    for pk, tranche_id in steps:
        subjects[f"signoffstep:{pk}"] = subjects[f"tranche:{tranche_id}"]
    return subjects


def events_about(subjects: Mapping[str, Subject], viewer: User) -> "QuerySet[Event]":
    """Each thing done once: the private counterpart of a shared event repeats it."""
    visible: QuerySet[Event] = Event.objects.visible_to(viewer)
    return told_once(visible.filter(subject__in=subjects)).newest_first()  # type: ignore[attr-defined,no-any-return]


class HistoryAsked:
    """One window of the log, to be read with what else a page shows; `before` is the event after which it begins.

    Where one headquarters is alone nothing is marked as private: everything is.
    """

    def __init__(
        self, subjects: Mapping[str, Subject], viewer: User, together: Together, *, before: str = "",
        ours_alone: bool = False,
    ) -> None:  # fmt: skip
        self.subjects, self.viewer, self.ours_alone = subjects, viewer, ours_alone
        events = events_about(subjects, viewer)
        if place := _place(events, before):
            events = events.filter(place)
        self._events = EventsAsked(events[: WINDOW + 1], viewer, together)

    def history(self) -> History:
        views = self._events.views()
        last_here = self.viewer.previous_visit_at
        marked = _first_known(views, last_here)
        days = [
            DayLines(day.label, [self._line(view, is_marked=view.id == marked) for view in day.events])
            for day in day_by_day(views[:WINDOW])
        ]
        return History(days, views[WINDOW - 1].id if len(views) > WINDOW else "")

    def _line(self, view: EventView, *, is_marked: bool) -> EventLine:
        subject, last_here = self.subjects.get(view.subject, Subject()), self.viewer.previous_visit_at
        mark = _("You were last here %(at)s") % {"at": instant(last_here)} if is_marked else ""
        return EventLine(
            iso=view.iso,
            time=view.time,
            sentence=f"{subject.label}: {view.sentence}" if subject.label else view.sentence,
            who=", ".join(filter(None, (view.person, view.who))),
            url=subject.url,
            is_new=last_here is not None and view.at > last_here,
            mark=mark,
            recorded_afterwards=view.recorded_afterwards,
            rules_then=view.rules_then,
            recorded_at=_happened(view),
            according_to=view.according_to,
            private=view.private and not self.ours_alone,
        )


def _place(events: "QuerySet[Event]", name: str) -> Q | None:
    """Everything older than the named event; nothing for a name that is none of these."""
    compartment, _colon, position = name.partition(":")
    try:
        found = events.filter(compartment_id=UUID(compartment), position=int(position)).first()
    except ValueError:
        return None
    if found is None:
        return None
    same_instant = Q(at=found.at)
    return (
        Q(at__lt=found.at)
        | same_instant & Q(compartment_id__lt=found.compartment_id)
        | same_instant & Q(compartment_id=found.compartment_id, position__lt=found.position)
    )


def _first_known(views: list[EventView], last_here: datetime | None) -> str:
    """The newest event that the viewer had seen, where something is newer."""
    if last_here is None or not views or views[0].at <= last_here:
        return ""
    return next((view.id for view in views if view.at <= last_here), "")


def _happened(view: EventView) -> str:
    if not view.happened_at:
        return ""
    return _("happened %(at)s") % {"at": instant(datetime.fromisoformat(view.happened_at))}
