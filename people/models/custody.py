"""What we owe for the people we hold, and what a death in custody asks of whoever held them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented
from core.partial_dates import PartialDateField
from people.models.claim import Claim, DeathBasis, HeldBy
from people.models.person import OfPersonQuerySet, Person
from people.models.restricted import ERASED_WITH_PERSON


class AgencyNotice(Compartmented):
    """The Central Agency was told (GC III 70, 122; GC IV 138): which change, when, under which reference."""

    class About(models.TextChoices):
        CAPTIVITY = "captivity", _("captivity")
        TRANSFER = "transfer", _("transfer")
        HOSPITAL = "hospital", _("admission to a hospital")
        RELEASE = "release", _("release or repatriation")
        DEATH = "death", _("death")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="agency_notices")
    about = models.CharField(_("about"), max_length=10, choices=About, default=About.CAPTIVITY)
    sent_on = models.DateField(_("sent on"))
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    recorded_at = models.DateTimeField(editable=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()
    append_only = True
    erasable_where = ERASED_WITH_PERSON

    class Meta:
        ordering = ["sent_on", "recorded_at"]
        verbose_name = _("notice to the Central Agency")
        verbose_name_plural = _("notices to the Central Agency")

    def __str__(self) -> str:
        return str(self.get_about_display())


class DeathFinding(Compartmented):
    """A death that one person asks to establish and a second one confirms (DESIGN rule 7). Confirmed, it is a claim."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="death_findings")
    basis = models.CharField(_("established by"), max_length=12, choices=DeathBasis)
    source = models.CharField(_("according to"), max_length=160)
    happened_on = PartialDateField(_("died on"))
    in_custody_of = models.CharField(_("in the hands of"), max_length=6, choices=HeldBy, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, null=True, blank=True, related_name="finding")

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at"]
        verbose_name = _("finding of a death")
        verbose_name_plural = _("findings of deaths")
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(closed_at__isnull=True), name="death_finding_one_open"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")), name="death_finding_is_two"
            ),
            models.CheckConstraint(
                condition=Q(claim__isnull=True, confirmed_by__isnull=True)
                | Q(claim__isnull=False, confirmed_by__isnull=False, closed_at__isnull=False),
                name="death_finding_confirmed_whole",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.get_basis_display())


class DeathDuty(Compartmented):
    """One thing that a death in custody asks of the power that held the person (GC III 120–122)."""

    class Kind(models.TextChoices):
        CERTIFICATE = "certificate", _("death certificate (GC III 120)")
        ENQUIRY = "enquiry", _("official enquiry (GC III 121)")
        GRAVE = "grave", _("burial, and where the grave is (GC III 120)")
        BELONGINGS = "belongings", _("belongings and will forwarded (GC III 120, 122)")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="death_duties")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="duties")
    kind = models.CharField(_("duty"), max_length=12, choices=Kind)
    owed_by = models.CharField(_("owed by"), max_length=6, choices=HeldBy)
    opened_at = models.DateTimeField()
    done_on = PartialDateField(_("done on"))
    reference = models.CharField(_("document, or where it is"), max_length=200, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(null=True, blank=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "kind"]
        verbose_name = _("duty after a death in custody")
        verbose_name_plural = _("duties after a death in custody")
        constraints = [
            models.UniqueConstraint(fields=["claim", "kind"], name="death_duty_once"),
            models.CheckConstraint(
                condition=Q(done_by__isnull=True, recorded_at__isnull=True)
                | Q(done_by__isnull=False, recorded_at__isnull=False),
                name="death_duty_done_whole",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def is_done(self) -> bool:
        return self.recorded_at is not None


class Deadline(Compartmented):
    """Something owed for one person and not done yet, with the last day that is in time: a reading of claims, notices and
    duties, kept by the operations on them so that lists and reminders can ask for it. Done, it is gone.
    """

    class Kind(models.TextChoices):
        AGENCY = "agency", _("notice to the Central Agency")
        CERTIFICATE = "certificate", _("death certificate")
        ENQUIRY = "enquiry", _("official enquiry into a death")
        GRAVE = "grave", _("burial, and where the grave is")
        BELONGINGS = "belongings", _("belongings and will forwarded")

    class Stage(models.IntegerChoices):
        OPEN = 0
        REMINDED = 1
        ESCALATED = 2

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    duty = models.OneToOneField(DeathDuty, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(_("what is owed"), max_length=12, choices=Kind)
    owed_by = models.CharField(_("owed by"), max_length=6, choices=HeldBy)
    since = PartialDateField(_("since"))
    due_on = models.DateField(_("due on"))
    stage = models.PositiveSmallIntegerField(choices=Stage, default=Stage.OPEN)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("deadline")
        verbose_name_plural = _("deadlines")
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(duty__isnull=True), name="deadline_one_notice"),
            models.CheckConstraint(
                condition=Q(kind="agency", duty__isnull=True)
                | Q(kind__in=("certificate", "enquiry", "grave", "belongings"), duty__isnull=False),
                name="deadline_of_a_duty_or_a_notice",
            ),
        ]
        indexes = [
            models.Index(fields=["compartment", "due_on", "id"]),
            models.Index(fields=["due_on"], condition=Q(stage__lt=2), name="deadline_to_be_told"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
