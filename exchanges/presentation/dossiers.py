"""Own dossiers that could be put on a list: the first 50 that fit."""

from dataclasses import dataclass
from uuid import UUID

from access.models import Compartment, User
from core.partial_dates import spelt
from people.models import Person
from people.search.finding import narrowed

WINDOW = 50


@dataclass(frozen=True)
class DossierTick:
    pk: UUID
    label: str
    born: str
    rank: str
    is_ticked: bool


def dossiers_to_tick(
    home: Compartment | None, viewer: User, *, sought: str, ticked: frozenset[str]
) -> list[DossierTick]:
    if home is None:
        return []
    persons = narrowed(
        Person.objects.visible_to(viewer).real().unmerged().filter(compartment=home), sought, viewer
    ).order_by("label", "id")
    return [
        DossierTick(person.pk, str(person), spelt(person.birth_date), person.rank, str(person.pk) in ticked)
        for person in persons[:WINDOW]
    ]
