"""Who is the same person as whom: what somebody said about two dossiers, and which dossiers are read as one since."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented
from people.models.person import Person


class Verdict(models.TextChoices):
    SAME = "same", _("the same person")
    NOT_SAME = "not_same", _("not the same person")
    UNDECIDED = "undecided", _("left for later")


class SamePersonJudgement(Compartmented):
    """What somebody holds about two dossiers. The latest about a pair counts; an earlier one stays to be read."""

    one = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # counted within the pair: two in one instant have an order too
    verdict = models.CharField(_("judgement"), max_length=9, choices=Verdict)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    of_import = models.ForeignKey(
        "people.Import", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True
    erasable_where = (
        "SELECT 1 FROM people_personerasure WHERE person_id IN (OLD.one_id, OLD.other_id) "
        "UNION ALL SELECT 1 FROM people_import WHERE id = OLD.of_import_id AND status = 'undoing'"
    )

    class Meta:
        ordering = ["one", "other", "number"]
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        constraints = [
            models.UniqueConstraint(fields=["one", "other", "number"], name="judgement_number_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="judgement_pair_in_order"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="judgement_verdict_known"),
        ]

    def __str__(self) -> str:
        return str(self.get_verdict_display())


class Merge(Compartmented):
    """One dossier read as a part of another. No row that points at either is changed, so that undoing it restores each.

    It waits for a second person until `merged_at` where one of them stands on an open list.
    """

    absorbed = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    survivor = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(default=0)  # once merged, counted within the survivor: which came later
    taken = models.JSONField(default=list)  # the fields whose value comes from the absorbed dossier
    replaced = models.JSONField(default=dict)  # of those: [what the survivor held, what it holds since]
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    merged_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        ordering = ["asked_at", "id"]
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"], condition=Q(ended_at__isnull=True), name="merge_one_open_per_absorbed"
            ),
            models.CheckConstraint(condition=~Q(absorbed=F("survivor")), name="merge_of_two"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")), name="merge_confirmed_by_another"
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True, ended_at__isnull=True)
                | Q(ended_by__isnull=False, ended_at__isnull=False),
                name="merge_ended_whole",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.absorbed_id} in {self.survivor_id}"

    @property
    def waits(self) -> bool:
        return self.merged_at is None and self.ended_at is None
