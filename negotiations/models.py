"""Negotiations and talks, in the channel that the participants share."""

from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import Organisation, Party, PublicRecordQuerySet, User
from access.roles import May
from access.scoping import Compartmented, ScopedQuerySet, compartments_where
from access.versioned import Versioned
from core.partial_dates import PartialDateField
from core.text import check_name_text


class WorksHere(models.TextChoices):
    US = "us", _("one headquarters alone")
    US_AND_MEDIATOR = "us_and_mediator", _("one headquarters and the mediator")
    ALL = "all", _("all")


class Negotiation(Versioned):
    title = models.CharField(_("title"), max_length=160)
    prefix = models.CharField(
        _("reference prefix"), max_length=8, help_text=_("Exchanges are numbered with it: IST gives IST-1.")
    )
    works_here = models.CharField(_("who works here"), max_length=16, choices=WorksHere, default=WorksHere.ALL)
    mediator = models.ForeignKey(
        Organisation, verbose_name=_("mediator"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    next_number = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("negotiation")
        verbose_name_plural = _("negotiations")
        constraints = [
            models.CheckConstraint(condition=Q(works_here__in=WorksHere.values), name="negotiation_works_here_known"),
            models.UniqueConstraint(fields=["compartment", "prefix"], name="negotiation_prefix_once"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_ours_alone(self) -> bool:
        """One headquarters keeps it by itself: nothing is shared with anybody, so the pages speak of ours and theirs."""
        return self.works_here == WorksHere.US


class ParticipantQuerySet(ScopedQuerySet["Participant"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        """Whoever sees the channel; `exchanges` opens it to whoever sees only a table, through `also_visible`."""
        seen = Q(compartment_id__in=compartments_where(viewer, May.READ, May.READ_FINAL_LISTS))
        for also in ALSO_VISIBLE:
            seen |= also(viewer)
        return seen


ALSO_VISIBLE: list[Any] = []


class Participant(Compartmented):
    """A side of a negotiation. An absent side has neither party nor account here; its acts are recorded as its word."""

    negotiation = models.ForeignKey(Negotiation, on_delete=models.PROTECT, related_name="participants")
    name = models.CharField(_("name"), max_length=120, validators=[check_name_text])
    letter = models.CharField(_("letter"), max_length=1)
    party = models.ForeignKey(Party, verbose_name=_("party"), on_delete=models.PROTECT, null=True, blank=True)
    works_here = models.BooleanField(_("works here"), default=True)

    objects: ClassVar[Any] = ParticipantQuerySet.as_manager()

    class Meta:
        ordering = ["letter"]
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(fields=["negotiation", "letter"], name="participant_letter_once"),
            models.UniqueConstraint(fields=["negotiation", "party"], name="participant_party_once"),
            models.CheckConstraint(
                condition=Q(works_here=False) | Q(party__isnull=False), name="participant_here_has_party"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Delegation(Versioned):
    negotiation = models.ForeignKey(Negotiation, on_delete=models.PROTECT, related_name="delegations")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="delegations")
    name = models.CharField(_("name"), max_length=160)

    class Meta:
        ordering = ["participant__letter", "name"]
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")

    def __str__(self) -> str:
        return self.name


class DelegationMember(Versioned):
    """A delegate, named as in the public record; membership of a delegation grants nothing."""

    delegation = models.ForeignKey(Delegation, on_delete=models.PROTECT, related_name="members")
    name = models.CharField(_("name"), max_length=160, validators=[check_name_text])
    function = models.CharField(_("function"), max_length=160, blank=True)
    is_head = models.BooleanField(_("heads the delegation"), default=False)
    from_on = models.DateField(_("from"), null=True, blank=True)
    until_on = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        ordering = ["-is_head", "name"]
        verbose_name = _("member of a delegation")
        verbose_name_plural = _("members of delegations")
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(from_on__isnull=True) | Q(until_on__gte=models.F("from_on")),
                name="member_until_after_from",
                violation_error_message=_("The last day lies before the first."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The constraint says so too, but at no field."""
        if self.from_on and self.until_on and self.until_on < self.from_on:
            raise ValidationError({"until_on": _("The last day lies before the first.")})


class Round(Versioned):
    """A round of talks; a meeting beside it is a round of kind *side meeting*."""

    class Kind(models.TextChoices):
        ROUND = "round", _("round of talks")
        SIDE_MEETING = "side_meeting", _("side meeting")
        CALL = "call", _("call")

    negotiation = models.ForeignKey(Negotiation, on_delete=models.PROTECT, related_name="rounds")
    kind = models.CharField(_("kind"), max_length=14, choices=Kind, default=Kind.ROUND)
    beside = models.ForeignKey(
        "self", verbose_name=_("beside"), on_delete=models.PROTECT, null=True, blank=True, related_name="side_meetings"
    )
    title = models.CharField(_("title"), max_length=160)
    held_on = models.DateField(_("held on"))
    venue = models.CharField(_("venue"), max_length=160, blank=True)
    format = models.CharField(_("format"), max_length=160, blank=True)
    facilitators = models.CharField(_("facilitated by"), max_length=200, blank=True)
    duration = models.CharField(
        _("duration"), max_length=60, blank=True, help_text=_("As reported: “under two hours”.")
    )
    source = models.CharField(_("source"), max_length=500, blank=True)

    class Meta:
        ordering = ["-held_on", "kind", "id"]
        verbose_name = _("round of talks")
        verbose_name_plural = _("rounds of talks")

    def __str__(self) -> str:
        return self.title


class Attendance(Versioned):
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="attendances")
    delegation = models.ForeignKey(
        Delegation, verbose_name=_("delegation"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    who = models.CharField(_("who"), max_length=160, validators=[check_name_text])

    class Meta:
        ordering = ["who"]
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")

    def __str__(self) -> str:
        return self.who


class AgendaItem(Versioned):
    class Outcome(models.TextChoices):
        AGREED = "agreed", _("agreed")
        DISCUSSED = "discussed", _("discussed")
        REFUSED = "refused", _("refused")
        DEFERRED = "deferred", _("deferred")
        UNKNOWN = "", _("not known")

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="agenda_items")
    number = models.PositiveSmallIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=200)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True, default="")
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        ordering = ["number"]
        verbose_name = _("agenda item")
        verbose_name_plural = _("agenda items")
        constraints = [models.UniqueConstraint(fields=["round", "number"], name="agenda_item_number_once")]

    def __str__(self) -> str:
        return self.title


class Statement(Versioned):
    """What one side said about a round, with where it was said. Two sides' statements may contradict each other."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="statements")
    participant = models.ForeignKey(
        Participant, verbose_name=_("side"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    speaker = models.CharField(_("said by"), max_length=160)
    text = models.TextField(_("statement"), max_length=2000)
    source = models.CharField(_("source"), max_length=500)
    said_on = models.DateField(_("said on"), null=True, blank=True)

    class Meta:
        ordering = ["said_on", "speaker"]
        verbose_name = _("statement")
        verbose_name_plural = _("statements")

    def __str__(self) -> str:
        return self.text[:60]


class Proposal(Versioned):
    """One contribution to the thread of offers that leads to a formula."""

    class Kind(models.TextChoices):
        OFFER = "offer", _("offer")
        COUNTER_OFFER = "counter_offer", _("counter-offer")
        FORMULA = "formula", _("formula")

    negotiation = models.ForeignKey(Negotiation, on_delete=models.PROTECT, related_name="proposals")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answers = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="answered_by")
    kind = models.CharField(_("kind"), max_length=14, choices=Kind)
    text = models.TextField(_("text"), max_length=2000)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        ordering = ["made_at", "id"]
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")

    def __str__(self) -> str:
        return self.text[:60]


class TheirWord(Compartmented):
    """An absent participant's act as it was told to us. Never their signature (RULES section 4)."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="words")
    subject = models.CharField(max_length=120, db_index=True)
    step = models.CharField(max_length=40)
    who = models.CharField(_("who said so"), max_length=160)
    to_whom = models.CharField(_("to whom"), max_length=160)
    happened_at = models.DateTimeField(_("when"))
    source = models.CharField(_("how it reached us"), max_length=300)
    according_to = models.CharField(_("according to"), max_length=160)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")

    read_capability: ClassVar[tuple[str, ...]] = (May.READ,)
    append_only = True

    class Meta:
        ordering = ["recorded_at"]
        verbose_name = _("their word")
        verbose_name_plural = _("their words")

    def __str__(self) -> str:
        return f"{self.participant_id}: {self.step}"


class PublicTalks(models.Model):
    """A round of talks of the public record, of whatever conflict. Filled from `negotiations/data/` alone."""

    line = models.PositiveIntegerField(unique=True)  # where it stands in the file
    held_on = PartialDateField()
    venue = models.CharField(max_length=160)
    format = models.CharField(max_length=200, blank=True)
    facilitator = models.CharField(max_length=200, blank=True)
    head_of_delegation_a = models.CharField(max_length=200, blank=True)
    head_of_delegation_b = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=500, blank=True)
    sources = models.TextField()  # web addresses, one a line

    objects: ClassVar[Any] = PublicRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-line"]
        verbose_name = _("talks of the public record")
        verbose_name_plural = _("talks of the public record")

    def __str__(self) -> str:
        return f"{self.held_on} {self.venue}"
