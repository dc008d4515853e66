"""The index of the search box: derived from dossiers, kept by the operations on them, rebuilt by `rebuild_search`."""

from typing import ClassVar

from django.db import models

from access.roles import May
from access.scoping import Compartmented
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
        indexes = [models.Index(fields=["compartment", "key", "person"], name="search_key_by_beginning")]

    def __str__(self) -> str:
        return str(self.pk)
