"""A dossier, in its owner's compartment."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented
from core.partial_dates import PartialDateField
from core.text import check_name_text


class Person(Compartmented):
    """Identity as the Conventions ask for it: GC III art. 17 and 122, GC IV art. 138. Unknown is empty, never guessed."""

    class Sex(models.TextChoices):
        FEMALE = "f", _("female")
        MALE = "m", _("male")
        UNKNOWN = "", _("not recorded")

    label = models.CharField(_("name"), max_length=240, editable=False, default="")
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

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        ordering = ["label", "id"]
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        indexes = [models.Index(fields=["compartment", "label", "id"])]

    def __str__(self) -> str:
        return self.label or str(_("no name recorded"))


class PersonToBeInformed(Compartmented):
    """Whom to tell (GC III art. 122): family data, behind its own capability."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="persons_to_be_informed")
    name = models.CharField(_("name"), max_length=160, validators=[check_name_text])
    relation = models.CharField(_("relation"), max_length=80, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_FAMILY,)

    class Meta:
        verbose_name = _("person to be informed")
        verbose_name_plural = _("persons to be informed")

    def __str__(self) -> str:
        return self.name
