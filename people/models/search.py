"""The index of the search box, and what somebody looks for again.

The index is derived: kept by the operations on dossiers, rebuilt by `manage.py rebuild_search`.
"""

from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented, ScopedQuerySet
from core.text import PlainTextField
from people.models.person import Person


class SearchKey(Compartmented):
    """One name of a dossier, folded, beginning with one of its words (`people.search.words`)."""

    id = models.BigAutoField(primary_key=True)  # type: ignore[assignment]  # internal: it never leaves
    compartment = models.ForeignKey(
        "access.Compartment", on_delete=models.PROTECT, related_name="+", db_index=False
    )  # the index below begins with it
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    key = PlainTextField(max_length=200)
    place = models.PositiveSmallIntegerField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        # With the place, a stretch is read from the index alone.
        indexes = [models.Index(fields=["compartment", "key", "person", "place"], name="search_key_by_beginning")]

    def __str__(self) -> str:
        return str(self.pk)


class SavedSearchQuerySet(ScopedQuerySet["SavedSearch"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        """Whom somebody looks for is theirs alone."""
        return super().visibility(viewer) & Q(owner=viewer.pk)


class SavedSearch(Compartmented):
    """What one user looks for again and again in the list of persons."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    label = models.CharField(_("name"), max_length=60)
    asked = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = SavedSearchQuerySet.as_manager()

    class Meta:
        ordering = ["label", "id"]
        verbose_name = _("saved search")
        verbose_name_plural = _("saved searches")
        constraints = [models.UniqueConstraint(fields=["owner", "label"], name="saved_search_label_once")]

    def __str__(self) -> str:
        return self.label
