"""Sign-off: policy, the ladder copied from it at each lock, and what was signed.

An internal step lives in its party's compartment, a final one on the table. The person behind a final sign-off, and the
papers of a recorded one, stay in the party's compartment (`SignOffPaper`).
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from access.scoping import Compartmented
from access.versioned import Versioned
from exchanges.models.exchange import Exchange
from exchanges.models.tranche import Tranche
from negotiations.models import Negotiation, Participant


class Scope(models.TextChoices):
    FRAME = "frame", _("the frame")
    NAMES = "names", _("every name")


class SignOffPolicy(Versioned):
    """A party's ladder for a negotiation: a template, copied when a tranche is locked (DESIGN rule 10)."""

    negotiation = models.ForeignKey(Negotiation, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    pairs_waived = models.BooleanField(_("one pair of eyes suffices"), default=False)
    authors_may_sign = models.BooleanField(_("authors may sign"), default=False)

    class Meta:
        verbose_name = _("sign-off policy")
        verbose_name_plural = _("sign-off policies")
        constraints = [models.UniqueConstraint(fields=["compartment", "participant"], name="policy_once")]

    def __str__(self) -> str:
        return f"{self.participant_id}"


class OfficeMixin(models.Model):
    """An office is an organisation here, or only a name where its side is absent."""

    office = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    office_name = models.CharField(_("office"), max_length=160)

    class Meta:
        abstract = True


class PolicyStep(OfficeMixin, Versioned):
    policy = models.ForeignKey(SignOffPolicy, on_delete=models.PROTECT, related_name="steps")
    order = models.PositiveSmallIntegerField(_("order"))
    quorum = models.PositiveSmallIntegerField(_("quorum"), default=1)
    scope = models.CharField(_("signs"), max_length=6, choices=Scope, default=Scope.NAMES)
    is_final = models.BooleanField(_("final sign-off"), default=False)

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["policy", "order"], name="policy_step_order_once")]

    def __str__(self) -> str:
        return f"{self.order}. {self.office_name}"


class FinalOffice(OfficeMixin, Versioned):
    """Whose final sign-off an exchange needs, named at the table before the first lock (RULES section 2)."""

    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="final_offices")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    quorum = models.PositiveSmallIntegerField(default=1)
    scope = models.CharField(max_length=6, choices=Scope, default=Scope.FRAME)

    class Meta:
        ordering = ["participant__letter"]
        constraints = [models.UniqueConstraint(fields=["exchange", "participant"], name="final_office_once")]

    def __str__(self) -> str:
        return self.office_name


class StepStatus(models.TextChoices):
    WAITING = "waiting", _("waiting for its turn")
    PENDING = "pending", _("pending")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")


class SignOffStep(OfficeMixin, Versioned):
    """One rung of the ladder of one lock."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="sign_off_steps")
    lock_number = models.PositiveIntegerField()
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    order = models.PositiveSmallIntegerField()
    quorum = models.PositiveSmallIntegerField(default=1)
    scope = models.CharField(max_length=6, choices=Scope)
    is_final = models.BooleanField(default=False)
    authors_may_sign = models.BooleanField(default=False)
    pairs_waived = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=StepStatus, default=StepStatus.WAITING)
    status_since = models.DateTimeField()
    refused_because = models.CharField(max_length=300, blank=True)
    lapsed_because = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["tranche", "participant__letter", "order"]
        verbose_name = _("sign-off step")
        verbose_name_plural = _("sign-off steps")
        constraints = [
            models.UniqueConstraint(
                fields=["tranche", "lock_number", "participant", "order"], name="sign_off_step_order_once"
            ),
            models.CheckConstraint(condition=Q(status__in=StepStatus.values), name="sign_off_step_status_known"),
            models.CheckConstraint(condition=Q(quorum__gte=1), name="sign_off_step_quorum_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.order}. {self.office_name}"


class SignOff(Compartmented):
    """One approval, bound to the digest of what was signed. Valid, lapsed, withdrawn and expired are read, not stored."""

    class Manner(models.TextChoices):
        SIGNED = "signed", _("signed")
        RECORDED = "recorded", _("recorded on the authority of")
        WORD = "word", _("their word")

    step = models.ForeignKey(SignOffStep, on_delete=models.PROTECT, related_name="sign_offs")
    manner = models.CharField(max_length=8, choices=Manner)
    digest = models.CharField(max_length=64)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField()
    expires_at = models.DateTimeField(_("holds until"), null=True, blank=True)

    append_only = True

    class Meta:
        ordering = ["at"]
        verbose_name = _("sign-off")
        verbose_name_plural = _("sign-offs")
        constraints = [
            models.CheckConstraint(condition=Q(manner__in=["signed", "recorded", "word"]), name="sign_off_manner_known"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.step_id} {self.manner}"


class SignOffPaper(Compartmented):
    """The private half of a sign-off: who signed, or who recorded it on whose decision."""

    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_by = models.CharField(_("who decided"), max_length=160, blank=True)
    reached_office_how = models.CharField(_("how the decision reached the office"), max_length=300, blank=True)
    reached_office_at = models.DateTimeField(_("when it reached the office"), null=True, blank=True)
    document_number = models.CharField(_("document number"), max_length=80, blank=True)

    append_only = True

    def __str__(self) -> str:
        return str(self.sign_off_id)


class Withdrawal(Compartmented):
    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="withdrawal")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()

    append_only = True

    def __str__(self) -> str:
        return str(self.sign_off_id)


class Expiry(Compartmented):
    """The moment a sign-off's written expiry was noticed and told; it had stopped counting at that instant already."""

    sign_off = models.OneToOneField(SignOff, on_delete=models.PROTECT, related_name="expiry")
    at = models.DateTimeField()

    append_only = True

    def __str__(self) -> str:
        return str(self.sign_off_id)


class LadderProgress(Versioned):
    """k of n for one participant's internal ladder: all that the table learns of it."""

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="ladder_progress")
    lock_number = models.PositiveIntegerField()
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    approved = models.PositiveSmallIntegerField()
    steps = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["participant__letter"]
        constraints = [
            models.UniqueConstraint(fields=["tranche", "lock_number", "participant"], name="ladder_progress_once"),
            models.CheckConstraint(condition=Q(approved__lte=models.F("steps")), name="ladder_progress_within"),
        ]

    def __str__(self) -> str:
        return f"{self.approved} of {self.steps}"


class SecondPair(Versioned):
    """Two people for one act: the first asks, a second of the same capability confirms by doing it (RULES section 3)."""

    subject = models.CharField(max_length=120, db_index=True)
    step = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    details = models.JSONField(default=dict)  # what the first of the two typed, for the second to read and confirm
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="second_pair_confirmed_whole",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("asked_by")), name="second_pair_is_two"
            ),
            models.UniqueConstraint(
                fields=["compartment", "subject", "step"], condition=Q(confirmed_by__isnull=True),
                name="second_pair_one_open",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.subject} {self.step}"
