"""A dossier, in its owner's compartment."""

import uuid
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented, ScopedQuerySet
from core.partial_dates import PartialDateField
from core.text import check_name_text

M = TypeVar("M", bound=models.Model)
LABEL_LENGTH = 240


class PersonQuerySet(ScopedQuerySet["Person"]):
    def unmerged(self) -> Self:
        """Each person once: dossiers that are read as a part of another are left out."""
        return self.filter(merged_into=None)

    def joined(self, *persons: "Person | uuid.UUID") -> Self:
        """These dossiers and those that are read as a part of them."""
        ids = [getattr(person, "pk", person) for person in persons]
        if len(ids) == 1:  # also in a statement that is kept, whose value is a slot
            return self.filter(Q(pk=ids[0]) | Q(merged_into=ids[0]))
        return self.filter(Q(pk__in=ids) | Q(merged_into__in=ids))

    def real(self) -> Self:
        """Without decoys: what is put on lists, exported, matched or counted is asked for through this."""
        from people.models.watch import Decoy

        return self.exclude(pk__in=Decoy.objects.unscoped("left out for everybody alike").values("person_id"))


class Person(Compartmented):
    """Identity as the Conventions ask for it: GC III art. 17 and 122, GC IV art. 138. Unknown is empty, never guessed."""

    class Sex(models.TextChoices):
        FEMALE = "f", _("female")
        MALE = "m", _("male")
        UNKNOWN = "", _("not recorded")

    label = models.CharField(_("name"), max_length=LABEL_LENGTH, editable=False, default="")
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, blank=True, default="")
    birth_date = PartialDateField(_("born"))
    birth_place = models.CharField(_("place of birth"), max_length=160, blank=True)
    father_name = models.CharField(_("father's first name"), max_length=80, blank=True, validators=[check_name_text])
    mother_maiden_name = models.CharField(
        _("mother's maiden name"), max_length=80, blank=True, validators=[check_name_text]
    )
    rank = models.CharField(_("rank"), max_length=80, blank=True)
    service_number = models.CharField(_("service number"), max_length=40, blank=True)
    unit = models.CharField(_("unit"), max_length=120, blank=True)
    nationality = models.CharField(_("nationality"), max_length=80, blank=True)
    power_depended_on = models.CharField(_("power depended on"), max_length=80, blank=True)
    last_residence = models.CharField(_("last residence"), max_length=200, blank=True)
    distinguishing_marks = models.CharField(_("distinguishing marks"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    # Follows from the merges in force: the dossier under which this one is read, never one that is merged itself.
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="absorbed", editable=False
    )

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["label", "id"]
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        indexes = [models.Index(fields=["compartment", "label", "id"])]

    def __str__(self) -> str:
        return self.label or str(_("no name recorded"))

    @property
    def read_as(self) -> "Person":
        """The dossier under which this one is read: its own unless it was merged into another."""
        return self.merged_into or self


class OfPersonQuerySet(ScopedQuerySet[M]):
    """Rows that hang on a dossier. Merged dossiers are read as one, while each row stays where it was written."""

    def of(self, *persons: "Person | uuid.UUID") -> Self:
        """Of these persons, whichever of their dossiers the row hangs on."""
        narrowed = Person.objects.unscoped("narrows a queryset that is scoped already").joined(*persons)
        return self.filter(person__in=narrowed.order_by().values("pk"))

    def by_holder(self) -> dict[uuid.UUID, list[M]]:
        """The rows by the dossier under which each is read."""
        found: dict[uuid.UUID, list[M]] = {}
        rows: Any = self.annotate(holder_id=Coalesce(F("person__merged_into_id"), F("person_id")))
        for row in rows:
            found.setdefault(row.holder_id, []).append(row)
        return found


class PersonToBeInformed(Compartmented):
    """Whom to tell (GC III art. 122): family data, behind its own capability."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="persons_to_be_informed")
    name = models.CharField(_("name"), max_length=160, validators=[check_name_text])
    relation = models.CharField(_("relation"), max_length=80, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_FAMILY,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("person to be informed")
        verbose_name_plural = _("persons to be informed")

    def __str__(self) -> str:
        return self.name
