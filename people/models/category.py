"""Categories: a person has several, each with its own evidence and date, since age and health change."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.roles import May
from access.scoping import Compartmented
from core.partial_dates import PartialDateField
from people.models.person import OfPersonQuerySet, Person


class Category(models.TextChoices):
    PRISONER_OF_WAR = "prisoner_of_war", _("prisoner of war")
    CIVILIAN = "civilian", _("civilian deprived of liberty")
    SERIOUSLY_WOUNDED = "seriously_wounded", _("seriously wounded or sick")
    UNDER_25 = "under_25", _("under 25")
    WOMAN = "woman", _("woman")
    LONG_HELD = "long_held", _("long held")
    CONVICTED = "convicted", _("convicted")
    FOREIGN_NATIONAL = "foreign_national", _("foreign national")
    CHILD = "child", _("child")


class CategoryAssignment(Compartmented):
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="categories")
    category = models.CharField(_("category"), max_length=20, choices=Category)
    evidence = models.CharField(_("evidence"), max_length=300)
    as_of = PartialDateField(_("as of"))
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

    class Meta:
        ordering = ["category", "as_of"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return str(self.get_category_display())
