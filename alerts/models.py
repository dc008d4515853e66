"""Readers of logs and what they owe to whom. The event is the outbox; a delivery is one event for one person by one way."""

import uuid
from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import Compartment, Installation, User
from access.roles import May
from access.scoping import compartments_where
from accounts.models import Invitation
from audit.models import Event


class Reader(models.Model):
    """How far routing has read one compartment's log."""

    compartment = models.OneToOneField(Compartment, on_delete=models.PROTECT, primary_key=True, related_name="+")
    position = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.compartment_id}:{self.position}"


class Heartbeat(models.Model):
    """When a background process last said that it lives (beat, worker, sweeper), and when a sweep last ended (sweep)."""

    process = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.process


class Channel(models.TextChoices):
    INBOX = "inbox", _("inbox")
    MAIL = "mail", _("e-mail")


class DeliveryState(models.TextChoices):
    DUE = "due", _("due")
    SENT = "sent", _("sent")
    DROPPED = "dropped", _("dropped: the recipient may no longer see it")
    FAILED = "failed", _("failed")


# Events that may tell the neutral intermediary that a final list is signed off, or is no more.
TELLS_OF_FINAL_LISTS = ("tranche.status_changed", "tranche.unlocked", "tranche.aborted")


def heard_by(viewer: "User | AnonymousUser") -> Q:
    """Deliveries of events the viewer sees. Whoever reads final lists only hears that a tranche is signed off, or no more."""
    final_lists = compartments_where(viewer, May.READ_FINAL_LISTS)
    return Q(event__in=Event.objects.visible_to(viewer)) | Q(
        event__kind__in=TELLS_OF_FINAL_LISTS, event__compartment__in=final_lists
    )


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, viewer: "User | AnonymousUser") -> Self:
        """The recipient's own, as long as they may hear of the event."""
        if not viewer.is_authenticated:
            return self.none()
        return self.filter(heard_by(viewer), recipient=viewer)

    def inbox(self) -> Self:
        return self.filter(channel=Channel.INBOX, state=DeliveryState.SENT)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def leaving_now(self) -> Self:
        """Mails that are due; none while an installation restored from a backup stands in quarantine."""
        quarantine = Installation.objects.filter(quarantined_at__isnull=False)
        due = self.filter(channel=Channel.MAIL, state=DeliveryState.DUE, due_at__lte=timezone.now())
        return due.filter(~Exists(quarantine))

    def locked(self) -> Self:
        return self.select_for_update(of=("self",), no_key=True, skip_locked=True)

    def unscoped(self, reason: str) -> Self:
        assert reason
        return self.all()


class Delivery(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="deliveries", null=True)
    # Instead of a recipient: somebody who has no account yet. Nobody finds this delivery through `visible_to`.
    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="deliveries", null=True)
    channel = models.CharField(max_length=8, choices=Channel)
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.DUE)
    is_urgent = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=200, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at", "-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["recipient", "channel", "-sent_at"]),
            models.Index(fields=["due_at"], condition=Q(state="due"), name="delivery_due"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "recipient", "channel"], name="delivery_once"),
            models.UniqueConstraint(
                fields=["event", "channel"], condition=Q(invitation__isnull=False), name="delivery_of_invitation_once"
            ),
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, invitation__isnull=True)
                | Q(recipient__isnull=True, invitation__isnull=False, channel="mail"),
                name="delivery_to_one",
            ),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_says_when"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.channel}"
