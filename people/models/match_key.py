"""The index of the matcher: derived from dossiers, kept by the operations on them, rebuilt by `rebuild_search`."""

from typing import ClassVar

from django.db import models

from access.roles import May
from access.scoping import Compartmented
from people.models.person import Person


class MatchKey(Compartmented):
    """What a dossier shares with whoever may be the same person (`people.matching.keys`), hashed."""

    id = models.BigAutoField(primary_key=True)  # type: ignore[assignment]  # internal: it never leaves
    compartment = models.ForeignKey(
        "access.Compartment", on_delete=models.PROTECT, related_name="+", db_index=False
    )  # the index below begins with it
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    key = models.BigIntegerField()

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)

    class Meta:
        indexes = [models.Index(fields=["compartment", "key", "person"], name="match_key_by_key")]

    def __str__(self) -> str:
        return str(self.pk)
