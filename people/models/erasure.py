"""What is left of somebody whose data were erased on a decision: that it was decided, and keys that know them again."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented


class PersonErasure(Compartmented):
    """The decision. `person_id` names nobody any more; triggers let append-only rows of that person go because of it."""

    person_id = models.UUIDField(editable=False)
    decided_on = models.DateField(_("decided on"))
    reason = models.CharField(_("decision"), max_length=300)
    erased_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        ordering = ["-at"]
        verbose_name = _("erasure of a person")
        verbose_name_plural = _("erasures of persons")
        constraints = [models.UniqueConstraint(fields=["person_id"], name="person_erased_once")]

    def __str__(self) -> str:
        return str(self.person_id)


class ErasedKey(Compartmented):
    """A keyed hash of what would bring the person back. Without the key it tells nothing, with it only yes or no."""

    class Kind(models.TextChoices):
        NUMBER = "number", _("the same number")
        NAME_AND_DATE = "name_and_date", _("the same name and birth date")
        NAME = "name", _("the same name")

    erasure = models.ForeignKey(PersonErasure, on_delete=models.PROTECT, related_name="keys")
    kind = models.CharField(max_length=14, choices=Kind)
    key_id = models.CharField(max_length=16)
    hash = models.CharField(max_length=64)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    append_only = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["erasure", "kind", "hash"], name="erased_key_once")]
        indexes = [models.Index(fields=["compartment", "hash"])]

    def __str__(self) -> str:
        return self.kind
