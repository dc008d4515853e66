"""Who of the viewer's dossiers a record may mean. Nothing outside the viewer's compartments is read, or counted.

Rarity comes from the fixed table, never from what a registry holds, so that a weight tells nobody how many there are.
"""

import heapq
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import log2
from typing import TypeVar

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce

from access.models import User
from people.matching.comparison import Comparer, Comparison, Usual
from people.matching.index import as_read, record_of
from people.matching.keys import MOST_HOLDERS, hashed, keys_of
from people.matching.record import Lexicon, Read, Record, read
from people.models import Identifier, MatchKey, Name, Person, SamePersonJudgement, Verdict

COMPARED = 32  # of those who share a key, the likeliest so many are compared in full
SUSPICIOUS = 0.0  # bits: less speaks rather against its being the same person
KEYS_IN_A_QUERY = 900
Id = TypeVar("Id", uuid.UUID, str)
SUPPOSED = 1_000_000  # persons: what a key that one of them holds is worth


@dataclass(frozen=True, slots=True)
class Candidate:
    person: Person
    comparison: Comparison


def candidates(record: Record, viewer: User, limit: int = 5, *, without: Collection[uuid.UUID] = ()) -> list[Candidate]:
    """The likeliest dossiers, likeliest first; merged ones as the one they are read as. Five queries, however many there are.

    `without`: dossiers that nobody wants to hear of.
    """
    lexicon = Lexicon()
    sought = read(record, lexicon, as_sought=True)
    return _candidates(sought, viewer, limit, without, lexicon)


def doubles_of(person: Person, viewer: User, limit: int = 5) -> list[Candidate]:
    """Other dossiers of what may be the same person, but for those of whom somebody judged that they are not."""
    names = Name.objects.visible_to(viewer).of(person)
    numbers = Identifier.objects.visible_to(viewer).of(person)
    lexicon = Lexicon()
    sought = read(record_of(person, names, numbers), lexicon)
    return _candidates(sought, viewer, limit, {person.pk, *told_apart(person, viewer)}, lexicon)


def told_apart(person: Person, viewer: User) -> set[uuid.UUID]:
    """Whom the latest judgement calls another person, as far as the viewer may read it."""
    of_person = Q(one=person) | Q(other=person) | Q(one__merged_into=person) | Q(other__merged_into=person)
    rows = SamePersonJudgement.objects.visible_to(viewer).filter(of_person).order_by("number")
    latest = {frozenset(pair): verdict for *pair, verdict in rows.values_list("one", "other", "verdict")}
    return {pk for pair, verdict in latest.items() if verdict == Verdict.NOT_SAME for pk in pair} - {person.pk}


def holders(rows: "QuerySet[MatchKey]", keys: Collection[str]) -> dict[str, list[uuid.UUID]]:
    """Who of these rows' persons holds each key: the dossier under which they are read. A key of too many finds nobody.

    Two queries for up to 900 keys; an import asks with those of many rows at once.
    """
    by_hash = {hashed(key): key for key in keys}
    found: dict[str, list[uuid.UUID]] = defaultdict(list)
    numbers = sorted(by_hash)
    for first in range(0, len(numbers), KEYS_IN_A_QUERY):
        some = rows.filter(key__in=numbers[first : first + KEYS_IN_A_QUERY])
        counts = some.order_by().values("key").annotate(times=Count("pk")).filter(times__lte=MOST_HOLDERS)
        useful = list(counts.values_list("key", flat=True))
        holder = Coalesce(F("person__merged_into_id"), F("person_id"))
        for key, person_id in some.filter(key__in=useful).order_by().values_list("key", holder):
            found[by_hash[key]].append(person_id)
    return dict(found)


def likeliest(holders: Iterable[Sequence[Id]], most: int = COMPARED) -> list[Id]:
    """By the keys shared, each worth its rarity."""
    worth: dict[Id, float] = defaultdict(float)
    for persons in holders:
        for person_id in persons:
            worth[person_id] += log2(SUPPOSED / len(persons))
    return heapq.nsmallest(most, worth, key=lambda pk: (-worth[pk], pk))


def _candidates(
    sought: Read, viewer: User, limit: int, without: Collection[uuid.UUID], lexicon: Lexicon
) -> list[Candidate]:
    found = holders(MatchKey.objects.visible_to(viewer), keys_of(sought))
    unwanted = set(without)
    wanted = likeliest([pk for pk in persons if pk not in unwanted] for persons in found.values() if persons)
    persons = Person.objects.visible_to(viewer).real().in_bulk(wanted)
    names = Name.objects.visible_to(viewer).of(*wanted).by_holder()
    numbers = Identifier.objects.visible_to(viewer).of(*wanted).by_holder()
    comparer = Comparer(Usual())
    compared = [
        Candidate(person, comparer.compare(sought, as_read(person, names.get(pk, ()), lexicon, numbers.get(pk, ()))))
        for pk, person in persons.items()
    ]
    likely = [one for one in compared if one.comparison.score > SUSPICIOUS]
    return heapq.nsmallest(limit, likely, key=lambda one: (-one.comparison.score, one.person.pk))
