"""Pairs of dossiers that may be of one person, from the newest dossier back, so many looked through at a time."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log2
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from access.models import User
from people.matching import Comparison
from people.matching.comparison import Comparer, Usual
from people.matching.index import as_read
from people.matching.record import Lexicon
from people.matching.registry import SUPPOSED
from people.models import Identifier, MatchKey, Name, Person, SamePersonJudgement, Verdict
from people.operations.merging import current_judgements

LOOKED_THROUGH = 200  # dossiers of one page
LIKELY = 10.0  # bits: below that a namesake is as likely
RARE = 40  # a key that more hold says little
COMPARED = 6  # others of one dossier that are compared in full
KEYS_IN_A_QUERY = 900

Pair = frozenset[uuid.UUID]


@dataclass(frozen=True)
class Suggestion:
    """The older dossier first: it is the one that would be kept."""

    kept: Person
    other: Person
    comparison: Comparison
    is_put_off: bool


@dataclass(frozen=True)
class Suggested:
    pairs: list[Suggestion]
    looked_through: int
    next_after: uuid.UUID | None


def suggested_pairs(viewer: User, after: Person | None = None) -> Suggested:
    """The number of queries does not depend on what is found."""
    rows = Person.objects.visible_to(viewer).unmerged().order_by("-created_at", "-id")
    if after is not None:
        rows = rows.filter(Q(created_at__lt=after.created_at) | Q(created_at=after.created_at, id__lt=after.pk))
    looked = list(rows[: LOOKED_THROUGH + 1])
    goes_on, looked = len(looked) > LOOKED_THROUGH, looked[:LOOKED_THROUGH]
    pairs = _sharing_keys([person.pk for person in looked], viewer)
    found = _compared(pairs, viewer, Person.objects.visible_to(viewer).real())
    judged = judged_pairs({pk for pair in pairs for pk in pair}, viewer)
    kept = [
        Suggestion(*_older_first(found.persons[one], found.persons[other]), comparison, judged.get(pair) == Verdict.UNDECIDED)
        for pair, comparison in found.comparisons.items()
        for one, other in [sorted(pair)]
        if comparison.score >= LIKELY and judged.get(pair) != Verdict.NOT_SAME
    ]  # fmt: skip
    kept.sort(key=lambda one: (one.is_put_off, -one.comparison.score, one.kept.pk))
    return Suggested(kept, len(looked), looked[-1].pk if goes_on else None)


def judged_pairs(ids: Iterable[uuid.UUID], viewer: User) -> dict[Pair, str]:
    """The latest judgement of each pair among these, by the dossiers under which the two are read now."""
    rows = current_judgements(SamePersonJudgement.objects.visible_to(viewer))
    holder = {side: Coalesce(F(f"{side}__merged_into_id"), F(f"{side}_id")) for side in ("one", "other")}
    of_them = rows.annotate(left=holder["one"], right=holder["other"]).filter(left__in=list(ids)).order_by("at")
    found: dict[Pair, str] = {}
    for left, right, verdict in of_them.values_list("left", "right", "verdict"):
        pair = frozenset((left, right))
        if found.get(pair) != Verdict.NOT_SAME:  # of several dossiers of the two, one told apart tells all apart
            found[pair] = verdict
    return found


def _sharing_keys(ids: Sequence[uuid.UUID], viewer: User) -> list[Pair]:
    """The pairs that share the rarest keys, so many of each dossier."""
    rows = MatchKey.objects.visible_to(viewer)
    holder = Coalesce(F("person__merged_into_id"), F("person_id"))
    own = rows.filter(person__in=Person.objects.visible_to(viewer).joined(*ids).order_by().values("pk")).order_by()
    keys: dict[int, set[uuid.UUID]] = defaultdict(set)
    for key, person in own.values_list("key", holder):
        keys[key].add(person)
    held: dict[int, set[uuid.UUID]] = defaultdict(set)
    numbers = sorted(keys)
    for first in range(0, len(numbers), KEYS_IN_A_QUERY):
        some = rows.filter(key__in=numbers[first : first + KEYS_IN_A_QUERY]).order_by()
        for key, person in some.values_list("key", holder):
            held[key].add(person)
    return _rarest(_worth(keys, held), set(ids))


def _worth(keys: Mapping[int, set[uuid.UUID]], held: Mapping[int, set[uuid.UUID]]) -> dict[Pair, float]:
    """Of each pair, what the keys are worth that both hold."""
    worth: dict[Pair, float] = defaultdict(float)
    for key, persons in held.items():
        if 1 < len(persons) <= RARE:
            for pair in {frozenset((person, other)) for person in keys[key] for other in persons - {person}}:
                worth[pair] += log2(SUPPOSED / len(persons))
    return worth


def _rarest(worth: Mapping[Pair, float], wanted: Collection[uuid.UUID]) -> list[Pair]:
    taken: Counter[uuid.UUID] = Counter()
    kept = []
    for pair in sorted(worth, key=lambda pair: (-worth[pair], sorted(pair))):
        counted = [person for person in pair if person in wanted]
        if any(taken[person] < COMPARED for person in counted):
            taken.update(counted)
            kept.append(pair)
    return kept


@dataclass
class _Compared:
    persons: dict[uuid.UUID, Person]
    comparisons: dict[Pair, Comparison]


def _compared(pairs: Sequence[Pair], viewer: User, rows: "QuerySet[Person]") -> _Compared:
    ids = {pk for pair in pairs for pk in pair}
    persons = rows.in_bulk(ids)
    names = Name.objects.visible_to(viewer).of(*ids).by_holder()
    numbers = Identifier.objects.visible_to(viewer).of(*ids).by_holder()
    lexicon, comparer = Lexicon(), Comparer(Usual())
    read = {pk: as_read(person, names.get(pk, ()), lexicon, numbers.get(pk, ())) for pk, person in persons.items()}
    found = _Compared(persons, {})
    for pair in pairs:
        one, other = sorted(pair)
        if one in read and other in read:
            found.comparisons[pair] = comparer.compare(read[one], read[other])
    return found


def compared(one: Person, other: Person, viewer: User) -> Comparison:
    """Two dossiers, with every name of whatever is merged into them."""
    pair = frozenset((one.pk, other.pk))
    return _compared([pair], viewer, Person.objects.visible_to(viewer)).comparisons[pair]


def is_suggested(one: Person, other: Person, viewer: User) -> bool:
    """Whether the two are alike enough to be."""
    return compared(one, other, viewer).score >= LIKELY


def _older_first(one: Person, other: Person) -> tuple[Person, Person]:
    return (one, other) if _age(one) <= _age(other) else (other, one)


def _age(person: Person) -> tuple[datetime, Any]:
    return person.created_at, person.pk
