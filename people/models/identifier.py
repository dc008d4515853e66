"""Numbers by which somebody is known: each with its kind and its source."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.roles import May
from access.scoping import Compartmented
from core.text import check_name_text
from people.models.person import OfPersonQuerySet, Person


class Identifier(Compartmented):
    class Kind(models.TextChoices):
        PERSONAL_NUMBER = "personal_number", _("personal number of the state")
        PASSPORT = "passport", _("passport")
        MILITARY_CARD = "military_card", _("military card")
        IDENTITY_TAG = "identity_tag", _("identity tag")
        INTERNMENT_NUMBER = "internment_number", _("internment number")
        AGENCY_NUMBER = "agency_number", _("number with the Central Agency")
        DNA_SAMPLE = "dna_sample", _("number of a DNA sample")
        OTHER = "other", _("other")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identifiers")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    value = models.CharField(_("number"), max_length=80, validators=[check_name_text])
    source = models.CharField(_("source"), max_length=160, blank=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "value"]
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints = [
            models.UniqueConstraint(fields=["person", "kind", "value"], name="identifier_once"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=(
                        "personal_number", "passport", "military_card", "identity_tag", "internment_number", "agency_number",
                        "dna_sample", "other",
                    )
                ),
                name="identifier_kind_known",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.value
