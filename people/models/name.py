"""Names: a person has several, each in a script, of a kind, from a source."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.roles import May
from access.scoping import Compartmented
from core.text import check_name_text
from people.models.person import LABEL_LENGTH, OfPersonQuerySet, Person


class Name(Compartmented):
    class Script(models.TextChoices):
        CYRILLIC = "cyrl", _("Cyrillic")
        LATIN = "latn", _("Latin")
        ARABIC = "arab", _("Arabic")
        OTHER = "zyyy", _("other")

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("official name")
        TRANSLITERATION = "transliteration", _("transliteration")
        ALIAS = "alias", _("alias")
        CALL_SIGN = "call_sign", _("call sign")
        BIRTH = "birth", _("name at birth")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="names")
    script = models.CharField(_("script"), max_length=4, choices=Script)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.OFFICIAL)
    family = models.CharField(_("family name"), max_length=80, blank=True, validators=[check_name_text])
    given = models.CharField(_("first names"), max_length=80, blank=True, validators=[check_name_text])
    patronymic = models.CharField(_("patronymic"), max_length=80, blank=True, validators=[check_name_text])
    scheme = models.CharField(_("transliteration scheme"), max_length=40, blank=True)
    source = models.CharField(_("source"), max_length=160, blank=True)
    is_preferred = models.BooleanField(_("preferred"), default=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = OfPersonQuerySet.as_manager()

    class Meta:
        ordering = ["-is_preferred", "script", "family"]
        verbose_name = _("name")
        verbose_name_plural = _("names")
        constraints = [
            models.CheckConstraint(
                condition=~Q(family="", given="", patronymic=""),
                name="name_not_empty",
                violation_error_message=_("Write at least one part of the name."),
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(is_preferred=True),
                name="name_one_preferred",
                violation_error_message=_("Mark one name of this person as preferred, not two."),
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.family, self.given, self.patronymic)))

    @property
    def label(self) -> str:
        """As its person is called in lists when this name is the one shown."""
        return str(self)[:LABEL_LENGTH]


def shown_name(names: Iterable[Name], person: Person) -> Name | None:
    """The name under which lists show the person. Of merged dossiers it may be another's than the one the values stand in."""
    ordered = sorted(names, key=lambda name: (name.person_id != person.pk, not name.is_preferred))
    return next((name for name in ordered if name.label == person.label), ordered[0] if ordered else None)
