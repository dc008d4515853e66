"""Claims: dated statements about custody or fate by a source. Append-only, and they may contradict each other."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.roles import May
from access.scoping import Compartmented
from core.partial_dates import PartialDateField
from people.models.person import OfPersonQuerySet, Person


class ClaimKind(models.TextChoices):
    MISSING = "missing", _("missing")
    REPORTED_CAPTURED = "reported_captured", _("reported captured")
    CONFIRMED_BY_HOLDER = "confirmed_by_holder", _("confirmed by holder")
    CONFIRMED_BY_AGENCY = "confirmed_by_agency", _("confirmed by the Agency")
    SEEN_BY_RETURNEE = "seen_by_returnee", _("seen by a returnee")
    MOVED = "moved", _("moved")
    HOSPITALISED = "hospitalised", _("hospitalised")
    CONVICTED = "convicted", _("convicted")
    REPORTED_DEAD_BY_HOLDER = "reported_dead_by_holder", _("reported dead by holder")
    DEATH_ESTABLISHED = "death_established", _("death established")
    RELEASED = "released", _("released")
    HOME = "home", _("home")


class StatedBy(models.TextChoices):
    """Whose word a claim is; `source` says more closely where it was read or heard."""

    US = "us", _("us")
    HOLDER = "holder", _("the holder")
    AGENCY = "agency", _("the Central Agency")
    RETURNEE = "returnee", _("a returnee")
    FAMILY = "family", _("the family")
    OTHER = "other", _("another source")


class HeldBy(models.TextChoices):
    US = "us", _("us")
    OTHER_SIDE = "other", _("the other side")
    THIRD = "third", _("a third party")
    NOBODY = "nobody", _("nobody: at liberty")


class DeathBasis(models.TextChoices):
    """What establishes a death (DESIGN rule 7); somebody's word is none of them."""

    BODY = "body", _("an identified body")
    COURT = "court", _("a court")
    CERTIFICATE = "certificate", _("a certificate")


# Kinds that say by themselves whose word they are.
WORD_OF = {
    ClaimKind.CONFIRMED_BY_HOLDER: StatedBy.HOLDER,
    ClaimKind.REPORTED_DEAD_BY_HOLDER: StatedBy.HOLDER,
    ClaimKind.CONFIRMED_BY_AGENCY: StatedBy.AGENCY,
    ClaimKind.SEEN_BY_RETURNEE: StatedBy.RETURNEE,
}


class Claim(Compartmented):
    class Confidence(models.TextChoices):
        HIGH = "high", _("high")
        MEDIUM = "medium", _("medium")
        LOW = "low", _("low")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="claims")
    kind = models.CharField(_("claim"), max_length=28, choices=ClaimKind)
    happened_on = PartialDateField(_("on"))
    source = models.CharField(_("according to"), max_length=160)
    confidence = models.CharField(_("confidence"), max_length=8, choices=Confidence, default=Confidence.MEDIUM)
    note = models.CharField(_("note"), max_length=500, blank=True)
    stated_by = models.CharField(_("whose word"), max_length=8, choices=StatedBy, blank=True)
    held_by = models.CharField(_("in the hands of"), max_length=6, choices=HeldBy, blank=True)
    basis = models.CharField(_("established by"), max_length=12, choices=DeathBasis, blank=True)
    recorded_at = models.DateTimeField(editable=False)
    of_import = models.ForeignKey(
        "people.Import",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
    )

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()
    append_only = True
    erasable_where = (
        "SELECT 1 FROM people_personerasure WHERE person_id = OLD.person_id "
        "UNION ALL SELECT 1 FROM people_import WHERE id = OLD.of_import_id AND status = 'undoing'"
    )

    class Meta:
        ordering = ["happened_on", "recorded_at"]
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ClaimKind.values), name="claim_kind_known"),
            models.CheckConstraint(
                condition=models.Q(basis="") | models.Q(kind="death_established"), name="claim_basis_of_a_death"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "happened_on", "recorded_at"]),
            models.Index(fields=["compartment", "person"], condition=models.Q(held_by="us"), name="claim_held_by_us"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def whose_word(self) -> str:
        """As it was said, else as the kind implies; empty where neither tells."""
        return self.stated_by or WORD_OF.get(ClaimKind(self.kind), "")


class CustodyPlace(Compartmented):
    """Where a claim says somebody is held; a capability of its own protects it."""

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, related_name="custody_place")
    place = models.CharField(_("place"), max_length=200)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_LOCATION,)
    append_only = True
    erasable_where = (
        "SELECT 1 FROM people_claim c JOIN people_personerasure e ON e.person_id = c.person_id "
        "WHERE c.id = OLD.claim_id"
    )

    class Meta:
        verbose_name = _("place of detention")
        verbose_name_plural = _("places of detention")

    def __str__(self) -> str:
        return self.place
