"""Who works on whose case, who looked whom up, and dossiers that stand there to be looked up."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented
from people.models.person import OfPersonQuerySet, Person


class CaseAssignment(Compartmented):
    """Whoever is assigned a person looks them up without standing out."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="assignments")
    user = models.ForeignKey(User, verbose_name=_("who works on it"), on_delete=models.PROTECT, related_name="+")
    assigned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()

    class Meta:
        ordering = ["assigned_at"]
        verbose_name = _("assignment of a case")
        verbose_name_plural = _("assignments of cases")
        constraints = [models.UniqueConstraint(fields=["person", "user"], name="case_assignment_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.user_id}"


class Lookup(Compartmented):
    """One person looked up by one reader on one day. Kept for as long as the thresholds look back, for heads alone."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="lookups")
    reader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    at = models.DateTimeField()
    is_assigned = models.BooleanField()
    is_beside = models.BooleanField(default=False, db_default=False)  # shown with a double that counts for the two

    read_capability: ClassVar[tuple[str, ...]] = (May.MANAGE_MEMBERS,)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["reader", "person", "day"], name="lookup_once_a_day")]
        indexes = [models.Index(fields=["reader", "at"]), models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.reader_id} {self.person_id}"


class RowsRead(Compartmented):
    """How many rows of persons one reader was shown on one day. Kept for as long as look-ups are, for heads alone."""

    reader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    rows = models.PositiveIntegerField(default=0)

    read_capability: ClassVar[tuple[str, ...]] = (May.MANAGE_MEMBERS,)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["reader", "compartment", "day"], name="rows_read_once_a_day")]
        indexes = [models.Index(fields=["day"])]

    def __str__(self) -> str:
        return f"{self.reader_id} {self.day}"


class Decoy(Compartmented):
    """Nobody: a dossier that only somebody who should not be looking finds. Heads alone know which it is."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="decoy")
    marked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.MANAGE_MEMBERS,)

    class Meta:
        verbose_name = _("decoy")
        verbose_name_plural = _("decoys")

    def __str__(self) -> str:
        return str(self.person_id)
