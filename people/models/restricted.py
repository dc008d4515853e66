"""What a dossier keeps closed: each part behind a capability of its own, each opening an event of the reader's log.

Rows are added, never changed: what turned out otherwise is another row.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.roles import May
from access.scoping import Compartmented
from core.partial_dates import PartialDateField
from core.text import check_name_text
from people.models.person import OfPersonQuerySet, Person

ERASED_WITH_PERSON = "SELECT 1 FROM people_personerasure WHERE person_id = OLD.person_id"


class HealthNote(Compartmented):
    class State(models.TextChoices):
        GOOD = "good", _("good")
        IMPAIRED = "impaired", _("impaired")
        SERIOUS = "serious", _("seriously wounded or sick (GC III 109–110)")
        RECOVERED = "recovered", _("recovered")
        UNKNOWN = "unknown", _("not known")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="health_notes")
    state = models.CharField(_("state of health"), max_length=12, choices=State)
    as_of = PartialDateField(_("as of"))
    source = models.CharField(_("according to"), max_length=160)
    note = models.CharField(_("note"), max_length=500, blank=True)
    recorded_at = models.DateTimeField(editable=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_HEALTH,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()
    append_only = True
    erasable_where = ERASED_WITH_PERSON

    class Meta:
        ordering = ["-recorded_at"]
        verbose_name = _("health note")
        verbose_name_plural = _("health notes")

    def __str__(self) -> str:
        return str(self.get_state_display())


class ConsentRecord(Compartmented):
    """Whether somebody wants to go, asked privately (DESIGN rule 4): to others they are only *not travelling*."""

    class AskedBy(models.TextChoices):
        NEUTRAL = "neutral", _("the neutral intermediary")
        RECEIVER = "receiver", _("the receiver")
        HOLDER = "holder", _("the holder")

    class Answer(models.TextChoices):
        YES = "yes", _("wants to go")
        NO = "no", _("does not want to go")
        UNDECIDED = "undecided", _("undecided")
        NOT_ASKED = "not_asked", _("could not be asked before the line: ask there")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consents")
    answer = models.CharField(_("answer"), max_length=10, choices=Answer)
    asked_by = models.CharField(_("asked by"), max_length=10, choices=AskedBy)
    asked_on = PartialDateField(_("asked on"))
    destination = models.CharField(_("where to"), max_length=160, blank=True)
    fears_persecution = models.BooleanField(_("fears persecution there (GC IV 45)"), default=False)
    source = models.CharField(_("according to"), max_length=160)
    recorded_at = models.DateTimeField(editable=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_LEGAL,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()
    append_only = True
    erasable_where = ERASED_WITH_PERSON

    class Meta:
        ordering = ["-recorded_at"]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")

    def __str__(self) -> str:
        return str(self.get_answer_display())


class Notification(Compartmented):
    """Who of the family was told what, when, by whom."""

    class About(models.TextChoices):
        MISSING = "missing", _("missing")
        HELD = "held", _("held")
        MOVED = "moved", _("moved")
        HEALTH = "health", _("state of health")
        ASKED_FOR = "asked_for", _("asked for on a list")
        REFUSED = "refused", _("refused by the holder")
        COMING_HOME = "coming_home", _("is coming home")
        HOME = "home", _("is home")
        REPORTED_DEAD = "reported_dead", _("reported dead by the holder")
        DEATH = "death", _("death established")
        OTHER = "other", _("other")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="notifications")
    told = models.CharField(_("who was told"), max_length=160, validators=[check_name_text])
    about = models.CharField(_("what was told"), max_length=16, choices=About)
    told_on = PartialDateField(_("when"))
    told_by = models.CharField(_("by whom"), max_length=160)
    note = models.CharField(_("note"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(editable=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_FAMILY,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()
    append_only = True
    erasable_where = ERASED_WITH_PERSON

    class Meta:
        ordering = ["-told_on", "-recorded_at"]
        verbose_name = _("notification of a family")
        verbose_name_plural = _("notifications of families")

    def __str__(self) -> str:
        return str(self.get_about_display())


class IllTreatmentStep(Compartmented):
    """Documentation of ill-treatment: offered, accepted, referred. What happened is told elsewhere, to whom it is referred."""

    class Step(models.TextChoices):
        OFFERED = "offered", _("offered")
        ACCEPTED = "accepted", _("accepted")
        REFERRED = "referred", _("referred")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="ill_treatment_steps")
    step = models.CharField(_("step"), max_length=10, choices=Step)
    on = PartialDateField(_("on"))
    referred_to = models.CharField(_("referred to"), max_length=160, blank=True)
    recorded_at = models.DateTimeField(editable=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_WITNESS,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()
    append_only = True
    erasable_where = ERASED_WITH_PERSON

    class Meta:
        ordering = ["-recorded_at"]
        verbose_name = _("documentation of ill-treatment")
        verbose_name_plural = _("documentation of ill-treatment")
        constraints = [
            models.CheckConstraint(
                condition=Q(step="referred") | Q(referred_to=""), name="ill_treatment_refers_when_referred"
            )
        ]

    def __str__(self) -> str:
        return str(self.get_step_display())
