"""One log per compartment: its head, its events, and their contents, which alone can be erased."""

from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Compartment, User
from access.roles import May
from access.scoping import ScopedQuerySet, compartments_where, users_where
from audit.chain import FIRST_PREVIOUS

SYSTEM = "system"  # the actor of what follows from other rows and of sweeps
# Events that whoever they speak of must not see: for whoever keeps the members, and for auditors.
GUARDED = ("alarm.unassigned_reads", "alarm.bulk_reads", "alarm.decoy_opened", "decoy.marked", "decoy.unmarked")


class LogQuerySet(ScopedQuerySet["Log"]):
    pass


class Log(models.Model):
    """The head of a compartment's log. Its row lock orders the events; nothing refers to it."""

    compartment = models.OneToOneField(Compartment, on_delete=models.PROTECT, primary_key=True, related_name="log")
    position = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=FIRST_PREVIOUS)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ, May.READ_LOG)
    objects = LogQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.compartment_id}:{self.position}"


class EventQuerySet(ScopedQuerySet["Event"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        return super().visibility(viewer) & unguarded(viewer)

    def about(self, *subjects: models.Model) -> Self:
        return self.filter(subject__in=[subject_of(subject) for subject in subjects])

    def newest_first(self) -> Self:
        return self.order_by("-at", "-compartment_id", "-position")


def unguarded(viewer: "User | AnonymousUser", prefix: str = "") -> Q:
    keepers = compartments_where(viewer, May.MANAGE_MEMBERS, May.READ_LOG)
    return ~Q(**{f"{prefix}kind__in": GUARDED}) | Q(**{f"{prefix}compartment_id__in": keepers})


def readers_of(event: "Event") -> Q:
    """The users to whom `visible_to` would show this event."""
    readers = users_where(event.compartment_id, *Event.read_capability)
    if event.kind in GUARDED:
        readers &= users_where(event.compartment_id, May.MANAGE_MEMBERS, May.READ_LOG)
    return readers


class Event(models.Model):
    """What was done, when, under whose authority. Holds no personal value: those stand in EventData."""

    compartment = models.ForeignKey(Compartment, on_delete=models.PROTECT, related_name="events")
    position = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    subject = models.CharField(max_length=120)
    previous = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ, May.READ_LOG)
    append_only = True
    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["compartment", "position"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["compartment", "position"], name="event_position_once"),
            models.CheckConstraint(condition=Q(position__gte=1), name="event_position_from_one"),
        ]
        indexes = [models.Index(fields=["subject"]), models.Index(fields=["compartment", "-at"])]

    def __str__(self) -> str:
        return f"{self.name}: {self.kind}"

    @property
    def name(self) -> str:
        """The event's id in the API."""
        return name_of(self.compartment_id, self.position)


class EventDataQuerySet(models.QuerySet["EventData"]):
    def visible_to(self, viewer: "User | AnonymousUser") -> Self:
        """Contents of visible events; those with personal values only where names may be read."""
        named = compartments_where(viewer, May.READ_NAMES, May.EXPORT_LOG)
        return self.filter(
            Q(is_personal=False) | Q(event__compartment_id__in=named),
            unguarded(viewer, "event__"),
            event__compartment_id__in=compartments_where(viewer, *Event.read_capability),
        )

    def unscoped(self, reason: str) -> Self:
        assert reason
        return self.all()


class EventData(models.Model):
    """The salted content of an event; its erasure leaves the chain whole."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, primary_key=True, related_name="content")
    salt = models.CharField(max_length=32)
    json = models.TextField()
    is_personal = models.BooleanField(default=False)

    append_only = True
    erasable_where = "SELECT 1 FROM audit_erasure WHERE event_id = OLD.event_id"
    objects = EventDataQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.event_id)


class Counterpart(models.Model):
    """Ties the event in the actor's own log, which names the person, to the shared event it belongs to."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, primary_key=True, related_name="+")
    shared = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+")

    append_only = True

    def __str__(self) -> str:
        return f"{self.event_id} of {self.shared_id}"


class Erasure(models.Model):
    """A decision to erase the content of one event; the trigger lets EventData go only where such a row stands."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="erasure")
    decided_on = models.DateField()
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()

    append_only = True

    def __str__(self) -> str:
        return str(self.event_id)


def name_of(compartment_id: object, position: int) -> str:
    return f"{compartment_id}:{position}"


def subject_of(subject: models.Model) -> str:
    """`model:uuid`, as events name what they are about."""
    return f"{subject._meta.model_name}:{subject.pk}"
