"""Exchange, its directions and formula."""

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from access.roles import May
from access.scoping import compartments_where
from access.versioned import Versioned
from core.text import from_to
from negotiations.models import ALSO_VISIBLE, Negotiation, Participant
from people.models import Category


class ExchangeStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    PROPOSED = "proposed", _("proposed")
    COUNTERED = "countered", _("countered")
    NEGOTIATING = "negotiating", _("negotiating")
    PREPARING = "preparing", _("preparing")
    AWAITING_FINAL = "awaiting_final_sign_off", _("awaiting final sign-off")
    SIGNED_OFF = "signed_off", _("signed off")
    UNDER_WAY = "under_way", _("under way")
    COMPLETED = "completed", _("completed")
    ENDED_SHORT = "ended_short", _("ended short")
    DECLINED = "declined", _("declined")
    CANCELLED = "cancelled", _("cancelled")


class ExchangeHold(models.TextChoices):
    NONE = "none", _("no hold")
    POSTPONED = "postponed", _("postponed")
    SUSPENDED = "suspended", _("suspended")


class Exchange(Versioned):
    """A draft lives in its author's party compartment; `propose` makes the table and moves it there once."""

    negotiation = models.ForeignKey(Negotiation, on_delete=models.PROTECT, related_name="exchanges")
    author = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(_("reference"), max_length=20, blank=True)
    title = models.CharField(_("title"), max_length=160)
    status = models.CharField(max_length=24, choices=ExchangeStatus, default=ExchangeStatus.DRAFT)
    status_since = models.DateTimeField()
    hold = models.CharField(max_length=10, choices=ExchangeHold, default=ExchangeHold.NONE)
    hold_beneath = models.CharField(max_length=10, choices=ExchangeHold, default=ExchangeHold.NONE)
    hold_by = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    hold_beneath_by = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    formula_version = models.PositiveIntegerField(default=1)
    formula_by = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    last_happened_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-status_since", "-id"]
        verbose_name = _("exchange")
        verbose_name_plural = _("exchanges")
        indexes = [models.Index(fields=["compartment", "-status_since", "-id"])]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ExchangeStatus.values), name="exchange_status_known"),
            models.CheckConstraint(condition=Q(hold__in=ExchangeHold.values), name="exchange_hold_known"),
            models.CheckConstraint(
                condition=Q(hold="none", hold_by__isnull=True) | (~Q(hold="none") & Q(hold_by__isnull=False)),
                name="exchange_hold_has_author",
            ),
            models.CheckConstraint(
                condition=Q(hold_beneath="none") | Q(hold="suspended"), name="exchange_beneath_only_suspension"
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | ~Q(reference="") | Q(status="cancelled"),
                name="exchange_disclosed_has_reference",
            ),
            models.UniqueConstraint(
                fields=["negotiation", "reference"], condition=~Q(reference=""), name="exchange_reference_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}".strip()

    @property
    def is_draft(self) -> bool:
        return self.status == ExchangeStatus.DRAFT

    @property
    def is_suspended(self) -> bool:
        return self.hold == ExchangeHold.SUSPENDED


class Direction(Versioned):
    """From a holder to a receiver; an exchange has any number of them and symmetry is never assumed."""

    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="directions")
    number = models.PositiveSmallIntegerField()
    holder = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    next_entry_number = models.PositiveIntegerField(default=1)
    latest_revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["number"]
        verbose_name = _("direction")
        verbose_name_plural = _("directions")
        constraints = [
            models.UniqueConstraint(fields=["exchange", "number"], name="direction_number_once"),
            models.UniqueConstraint(
                fields=["exchange", "holder", "receiver"],
                name="direction_once",
                violation_error_message=_("This direction stands twice."),
            ),
            models.CheckConstraint(
                condition=~Q(holder=models.F("receiver")),
                name="direction_between_two",
                violation_error_message=_("Holder and receiver are the same side."),
            ),
        ]

    def __str__(self) -> str:
        return from_to(self.holder, self.receiver)


class FormulaLine(Versioned):
    """So many of a category in one direction; `counter` writes a new version, `accept` names one."""

    direction = models.ForeignKey(Direction, on_delete=models.PROTECT, related_name="formula_lines")
    formula_version = models.PositiveIntegerField(default=1)
    category = models.CharField(_("category"), max_length=20, choices=Category, blank=True)
    count = models.PositiveIntegerField(_("count"))

    class Meta:
        ordering = ["category"]
        verbose_name = _("formula line")
        verbose_name_plural = _("formula lines")
        constraints = [
            models.UniqueConstraint(
                fields=["direction", "formula_version", "category"],
                name="formula_line_once",
                violation_error_message=_("This category stands twice in the direction."),
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="formula_line_positive"),
        ]

    def __str__(self) -> str:
        of = self.get_category_display() or _("persons")
        return f"{self.count} {of}"


class Acceptance(Versioned):
    """One participant's acceptance of one version of the formula."""

    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="acceptances")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    formula_version = models.PositiveIntegerField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    append_only = True

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["exchange", "participant", "formula_version"], name="acceptance_once")
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} v{self.formula_version}"


class CountStatement(Versioned):
    """What one participant says was promised, presented and received: kept apart, never reconciled by us."""

    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="count_statements")
    tranche = models.ForeignKey(
        "exchanges.Tranche", on_delete=models.PROTECT, null=True, blank=True, related_name="count_statements"
    )
    direction = models.ForeignKey(Direction, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    promised = models.PositiveIntegerField(_("promised"), null=True, blank=True)
    presented = models.PositiveIntegerField(_("presented"), null=True, blank=True)
    received = models.PositiveIntegerField(_("received"), null=True, blank=True)
    at = models.DateTimeField()

    append_only = True

    class Meta:
        ordering = ["at"]
        verbose_name = _("statement of counts")
        verbose_name_plural = _("statements of counts")

    def __str__(self) -> str:
        return f"{self.participant_id}: {self.promised}/{self.presented}/{self.received}"


def participants_of_visible_tables(viewer: "User | AnonymousUser") -> Q:
    """A table shows its participants to whoever sees it, also without the channel (RULES section 8)."""
    tables = Exchange.objects.filter(
        compartment_id__in=compartments_where(viewer, May.READ, May.READ_FINAL_LISTS), compartment__kind="table"
    )
    return Q(negotiation_id__in=tables.values("negotiation_id"))


ALSO_VISIBLE.append(participants_of_visible_tables)
