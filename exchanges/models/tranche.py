"""Tranches: what is locked, signed, handed over and received together."""

from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from access.roles import May
from access.scoping import Compartmented, ScopedQuerySet, compartments_where
from access.versioned import Versioned
from core.text import check_time_zone
from exchanges.models.entry import Entry, Identity
from exchanges.models.exchange import Exchange
from negotiations.models import Participant


class TrancheStatus(models.TextChoices):
    PLANNED = "planned", _("planned")
    LOCKED = "locked", _("locked")
    IN_SIGN_OFF = "in_sign_off", _("in sign-off")
    AWAITING_FINAL = "awaiting_final_sign_off", _("awaiting final sign-off")
    SIGNED_OFF = "signed_off", _("signed off")
    STAGED = "staged", _("staged")
    GONE = "gone", _("gone")
    RECEIVED = "received", _("received")
    ONE_SIDED = "one_sided", _("one-sided")
    DISPUTED = "disputed", _("disputed")
    ABORTED = "aborted", _("aborted")


# Statuses as the guards group them.
OPEN_LOCKED = (TrancheStatus.LOCKED, TrancheStatus.IN_SIGN_OFF, TrancheStatus.AWAITING_FINAL,
               TrancheStatus.SIGNED_OFF, TrancheStatus.STAGED)  # fmt: skip
AFTER_GO = (TrancheStatus.GONE, TrancheStatus.RECEIVED, TrancheStatus.ONE_SIDED, TrancheStatus.DISPUTED)
SETTLED = (TrancheStatus.RECEIVED, TrancheStatus.ONE_SIDED, TrancheStatus.DISPUTED)


class Tranche(Versioned):
    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="tranches")
    number = models.PositiveSmallIntegerField(_("number"))
    status = models.CharField(max_length=24, choices=TrancheStatus, default=TrancheStatus.PLANNED)
    status_since = models.DateTimeField()
    planned_on = models.DateField(_("date"), null=True, blank=True)
    place = models.CharField(_("place"), max_length=160, blank=True)
    time_zone = models.CharField(
        _("time zone of the place"), max_length=40, default="UTC", validators=[check_time_zone]
    )
    lock_number = models.PositiveIntegerField(default=0)
    plan_number = models.PositiveIntegerField(default=0)  # raised by every change of the plan
    # Raised by staging, hold, postponement and suspension: a Go given under another value does not count.
    readiness = models.PositiveIntegerField(default=0)
    last_happened_at = models.DateTimeField()

    class Meta:
        ordering = ["exchange", "number"]
        verbose_name = _("tranche")
        verbose_name_plural = _("tranches")
        constraints = [
            models.UniqueConstraint(fields=["exchange", "number"], name="tranche_number_once"),
            models.CheckConstraint(condition=Q(status__in=TrancheStatus.values), name="tranche_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=["planned", "aborted"]) | Q(lock_number__gte=1), name="tranche_locked_has_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange.reference}/{self.number}"

    @property
    def reference(self) -> str:
        return f"{self.exchange.reference}/{self.number}"

    @property
    def is_open_locked(self) -> bool:
        return self.status in OPEN_LOCKED


class ManifestQuerySet(ScopedQuerySet["Manifest"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        """Names, or the final lists once the tranche is signed off (RULES section 8)."""
        final = (TrancheStatus.SIGNED_OFF, TrancheStatus.STAGED, *AFTER_GO)
        return Q(compartment_id__in=compartments_where(viewer, May.READ_NAMES)) | Q(
            compartment_id__in=compartments_where(viewer, May.READ_FINAL_LISTS), tranche__status__in=final,
            lock_number=F("tranche__lock_number"),  # what an earlier lock held was never final
        )  # fmt: skip


class Manifest(Compartmented):
    """A tranche's locked content, version by version."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="manifests")
    lock_number = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    frame_digest = models.CharField(max_length=64)
    names_digest = models.CharField(max_length=64)
    frame = models.JSONField()
    change = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    append_only = True
    objects: ClassVar[Any] = ManifestQuerySet.as_manager()

    class Meta:
        ordering = ["tranche", "-lock_number", "-version"]
        verbose_name = _("manifest")
        verbose_name_plural = _("manifests")
        constraints = [
            models.UniqueConstraint(fields=["tranche", "lock_number", "version"], name="manifest_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.tranche_id} {self.lock_number}.{self.version}"


class ManifestLineQuerySet(ScopedQuerySet["ManifestLine"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        return Q(manifest__in=Manifest.objects.visible_to(viewer).values("pk"))


class ManifestLine(Identity, Compartmented):
    """An entry frozen at the lock, with its digest."""

    manifest = models.ForeignKey(Manifest, on_delete=models.PROTECT, related_name="lines")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    is_humanitarian = models.BooleanField(default=False)
    line_digest = models.CharField(max_length=64)

    append_only = True
    objects: ClassVar[Any] = ManifestLineQuerySet.as_manager()

    class Meta:
        ordering = ["manifest", "number"]
        constraints = [models.UniqueConstraint(fields=["manifest", "entry"], name="manifest_line_once")]

    def __str__(self) -> str:
        return f"#{self.number}"


class LockAgreement(Compartmented):
    """One participant's two people agree to lock this very content; with the last participant's the tranche is locked."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="lock_agreements")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    one_pair_of_eyes = models.BooleanField(default=False)
    at = models.DateTimeField()

    append_only = True

    class Meta:
        ordering = ["at"]
        verbose_name = _("agreement to lock")
        verbose_name_plural = _("agreements to lock")
        constraints = [models.UniqueConstraint(fields=["tranche", "participant", "digest"], name="lock_agreement_once")]

    def __str__(self) -> str:
        return f"{self.participant_id} {self.digest[:8]}"


class LockExplanation(Compartmented):
    """Why this side locks somebody who is home or dead by its own record. Private; the newest for a content counts."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    text = models.TextField()
    at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.tranche_id} {self.digest[:8]}"


class Hold(Versioned):
    """Stops one tranche until its own participant releases it."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="holds")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    release_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["placed_at"]
        verbose_name = _("hold")
        verbose_name_plural = _("holds")

    def __str__(self) -> str:
        return f"{self.tranche_id} held"


class IdentityCheck(Compartmented):
    """At the line: is the person presented the one on the manifest?"""

    class Result(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        NOT_CONFIRMED = "not_confirmed", _("not confirmed")

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="identity_checks")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    result = models.CharField(_("result"), max_length=14, choices=Result)
    method = models.CharField(_("how"), max_length=160, blank=True)
    at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        ordering = ["at"]
        verbose_name = _("identity check")
        verbose_name_plural = _("identity checks")

    def __str__(self) -> str:
        return self.result


class Go(Compartmented):
    """One participant's go. It counts while the tranche has since stayed staged and without hold."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="gos")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    readiness = models.PositiveIntegerField()
    at = models.DateTimeField()

    append_only = True

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["tranche", "participant", "readiness"], name="go_once")]

    def __str__(self) -> str:
        return f"{self.participant_id} go"


class Outcome(models.TextChoices):
    RECEIVED = "received", _("received")
    NOT_TRAVELLING = "not_travelling", _("not travelling")
    NOT_PRESENTED = "not_presented", _("not presented")
    SUBSTITUTED = "substituted", _("substituted")
    DIED = "died", _("died")
    EVACUATED = "evacuated", _("evacuated")


class Receipt(Compartmented):
    """The receiving participant's outcome for one line; a correction appends, the latest counts."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="receipts")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="receipts")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=14, choices=Outcome)
    note = models.CharField(_("note"), max_length=300, blank=True)
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        ordering = ["entry", "sequence"]
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(fields=["entry", "sequence"], name="receipt_sequence_once"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="receipt_outcome_known"),
        ]

    def __str__(self) -> str:
        return self.outcome
