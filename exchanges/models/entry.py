"""Lists: revisions, entries as disclosed, and the answers to them."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, User
from access.roles import May
from access.scoping import Compartmented, ScopedQuerySet, compartments_where
from access.versioned import Versioned
from core.partial_dates import PartialDateField
from core.text import check_name_text
from exchanges.models.exchange import Direction
from negotiations.models import Participant
from people.models import Category, Person


class Stance(models.TextChoices):
    ASKED_FOR = "asked_for", _("asked for")
    OFFERED = "offered", _("offered")
    AGREED = "agreed", _("agreed")
    REFUSED = "refused", _("refused")
    NEEDS_INFORMATION = "needs_information", _("needs information")
    WITHDRAWN = "withdrawn", _("withdrawn")


class AnswerReason(models.TextChoices):
    HELD = "held", _("held")
    SAYS_NOT_HELD = "says_not_held", _("says not held")
    NO_RECORD = "no_record", _("no record")
    MOVED = "moved", _("moved")
    RELEASED = "released", _("released")
    REPORTED_DEAD = "reported_dead", _("reported dead")
    FIELD_WRONG = "field_wrong", _("field wrong")
    NOT_IN_CATEGORY = "not_in_category", _("not in category")
    STATUS_DISPUTED = "status_disputed", _("status disputed")
    LEGAL_BAR = "legal_bar", _("legal bar")
    NOT_TRAVELLING = "not_travelling", _("not travelling")
    DUPLICATE_LINE = "duplicate_line", _("duplicate line")
    NEEDS_INFORMATION = "needs_information", _("needs information")
    REFUSED = "refused", _("refused")


class Identity(models.Model):
    """A person as disclosed on a list: a copy, never a link into anybody's private half."""

    family = models.CharField(_("family name"), max_length=80, blank=True, validators=[check_name_text])
    given = models.CharField(_("first names"), max_length=80, blank=True, validators=[check_name_text])
    patronymic = models.CharField(_("patronymic"), max_length=80, blank=True, validators=[check_name_text])
    birth_date = PartialDateField(_("born"))
    rank = models.CharField(_("rank"), max_length=80, blank=True)
    service_number = models.CharField(_("service number"), max_length=40, blank=True)
    category = models.CharField(_("category"), max_length=20, choices=Category)
    latin_name = models.CharField(_("name in Latin script"), max_length=200, blank=True, validators=[check_name_text])

    class Meta:
        abstract = True

    @property
    def full_name(self) -> str:
        return " ".join(filter(None, (self.family, self.given, self.patronymic)))


class Entry(Identity, Versioned):
    """One line of a direction's list. `holder_stance` and `receiver_stance` are readings of the answers."""

    direction = models.ForeignKey(Direction, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField(_("number"))
    is_humanitarian = models.BooleanField(_("on the humanitarian list"), default=False)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    entered_by = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    tranche = models.ForeignKey(
        "exchanges.Tranche", on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )
    is_conspicuous = models.BooleanField(_("conspicuous"), default=False)
    holder_stance = models.CharField(max_length=18, choices=Stance, blank=True)
    receiver_stance = models.CharField(max_length=18, choices=Stance, blank=True)
    disclosed_at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        ordering = ["direction", "number"]
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        indexes = [models.Index(fields=["compartment", "direction", "number"]), models.Index(fields=["tranche"])]
        constraints = [
            models.UniqueConstraint(fields=["direction", "number"], name="entry_number_once"),
            models.CheckConstraint(condition=Q(category__in=Category.values), name="entry_category_known"),
            models.CheckConstraint(condition=~Q(family="", given="", patronymic=""), name="entry_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def is_agreed(self) -> bool:
        return is_agreed(self.holder_stance, self.receiver_stance)


def is_agreed(holder_stance: str, receiver_stance: str) -> bool:
    """RULES section 6: offered or agreed by the holder, asked for or agreed by the receiver, one of them agreed."""
    return (
        holder_stance in (Stance.OFFERED, Stance.AGREED)
        and receiver_stance in (Stance.ASKED_FOR, Stance.AGREED)
        and Stance.AGREED in (holder_stance, receiver_stance)
    )


AGREED = Q(
    holder_stance__in=(Stance.OFFERED, Stance.AGREED), receiver_stance__in=(Stance.ASKED_FOR, Stance.AGREED)
) & ~Q(holder_stance=Stance.OFFERED, receiver_stance=Stance.ASKED_FOR)
OPEN = ~Q(holder_stance=Stance.WITHDRAWN) & ~Q(receiver_stance=Stance.WITHDRAWN)


class Answer(Compartmented):
    """A participant's stance on an entry, with its reason. The latest of each participant counts.

    `happened_at`: when it was said, where it was recorded afterwards.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="answers")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    stance = models.CharField(_("answer"), max_length=18, choices=Stance)
    reason = models.CharField(_("reason"), max_length=18, choices=AnswerReason, blank=True)
    field = models.CharField(_("which field"), max_length=40, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    source = models.CharField(_("source"), max_length=300, blank=True)
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    happened_at = models.DateTimeField(null=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        ordering = ["entry", "sequence"]
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(fields=["entry", "sequence"], name="answer_sequence_once"),
            models.CheckConstraint(condition=Q(stance__in=Stance.values), name="answer_stance_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *AnswerReason.values]), name="answer_reason_known"),
        ]

    def __str__(self) -> str:
        return self.stance

    @property
    def said_at(self) -> datetime:
        return self.happened_at or self.at


class Revision(Compartmented):
    """A direction's list as one participant submitted it: immutable, with digest, author, message and base."""

    direction = models.ForeignKey(Direction, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(_("number"))
    base = models.PositiveIntegerField(_("based on"))
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    message = models.CharField(_("message"), max_length=300)
    digest = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField()
    at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        ordering = ["direction", "-number"]
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        constraints = [
            models.UniqueConstraint(fields=["direction", "number"], name="revision_number_once"),
            models.CheckConstraint(condition=Q(number=models.F("base") + 1), name="revision_follows_base"),
        ]

    def __str__(self) -> str:
        return f"{self.direction_id} r{self.number}"


class RevisionLine(Compartmented):
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="lines")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    line_digest = models.CharField(max_length=64)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "entry"], name="revision_line_once")]

    def __str__(self) -> str:
        return f"{self.revision_id} {self.entry_id}"


class Author(Compartmented):
    """Which person submitted a revision: private to their party, asked by the policy's rule on authors."""

    revision = models.OneToOneField(Revision, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    append_only = True

    def __str__(self) -> str:
        return str(self.revision_id)


class EntryLink(Compartmented):
    """This party's judgement of which of its dossiers an entry means. Private: the table never points back."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="entry_links")
    at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["compartment", "entry"], name="entry_link_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} is {self.person_id}"


class Placement(Compartmented):
    """One of our people standing in an open locked tranche; the constraint is DESIGN rule 1."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="placements")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    tranche = models.ForeignKey("exchanges.Tranche", on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(released_at__isnull=True), name="placement_one_open_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.tranche_id}"


class Brief(Versioned):
    """What this party thinks of an entry: never on the table."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    priority = models.PositiveSmallIntegerField(_("priority"), null=True, blank=True)
    fallback = models.CharField(_("fallback"), max_length=300, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        verbose_name = _("brief")
        verbose_name_plural = _("briefs")
        constraints = [models.UniqueConstraint(fields=["compartment", "entry"], name="brief_once")]

    def __str__(self) -> str:
        return str(self.entry_id)


class ClearanceQuerySet(ScopedQuerySet["Clearance"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        """Identity and consent for whoever reads names; fitness and legal bars behind their own capabilities."""
        kinds = Clearance.Kind
        return (
            Q(compartment_id__in=compartments_where(viewer, May.READ_NAMES), kind__in=(kinds.IDENTITY, kinds.CONSENT))
            | Q(compartment_id__in=compartments_where(viewer, May.READ_HEALTH), kind=kinds.FITNESS)
            | Q(compartment_id__in=compartments_where(viewer, May.READ_LEGAL), kind=kinds.LEGAL)
        )


class Clearance(Versioned):
    """The private checklist behind a *cleared*: one row per check."""

    class Kind(models.TextChoices):
        IDENTITY = "identity", _("identity")
        LEGAL = "legal", _("legal")
        FITNESS = "fitness", _("fitness to travel")
        CONSENT = "consent", _("consent asked")

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("check"), max_length=10, choices=Kind)
    is_passed = models.BooleanField(_("passed"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    at = models.DateTimeField()

    objects: ClassVar[Any] = ClearanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("clearance check")
        verbose_name_plural = _("clearance checks")
        constraints = [models.UniqueConstraint(fields=["compartment", "entry", "kind"], name="clearance_check_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.is_passed}"


class Cleared(Versioned):
    """Shared, and says only yes: this participant has cleared this entry."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="cleared")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "participant"], name="cleared_once")]

    def __str__(self) -> str:
        return str(self.entry_id)
