"""Whom the words of the box find, best first, in the compartments where the viewer reads names.

Each pass is a bounded stretch of the index. The next one is asked only where those before found few: whole words, then
beginnings, then consonants alone; and where they found nobody, beginnings with a letter wrong.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet
from rapidfuzz.distance import OSA

from access import kept
from access.models import Compartment, User
from access.roles import May
from access.scoping import compartments_where
from people.models import Person, SearchKey
from people.search.words import (
    BONES,
    CALL_SIGN,
    EARLY,
    END,
    FAMILY,
    Sought,
    Word,
    bones_of,
    early_slips,
    has_slipped,
    sought_in,
)

ENOUGH = 20
MOST = 400  # rows of a pass
SLIPPED_ROWS = 5_000  # that begin alike, of which those are kept that differ by a letter
FREQUENT = 10_000  # beyond that it does not matter which of two words is rarer

Row = tuple[str, int, uuid.UUID]  # key, place, person


@dataclass(frozen=True, slots=True)
class Found:
    person: uuid.UUID
    score: float


def find(viewer: User, text: str, *, most: int = MOST) -> list[uuid.UUID]:
    """Ids of persons, each once and under the dossier where they are read."""
    sought = sought_in(text)
    if not sought:
        return []
    best: dict[uuid.UUID, tuple[float, str]] = {}
    for compartment in _compartments(viewer):
        rows = SearchKey.objects.unscoped("of a compartment where the viewer reads names").filter(
            compartment=compartment
        )
        for key, place, person in _candidates(rows, sought, most):
            rated = (-_score(key, place, sought), key)
            if person not in best or rated < best[person]:
                best[person] = rated
    ordered = sorted(best, key=lambda person: (*best[person], person))[:most]
    return _read_as(ordered)


def _compartments(viewer: User) -> list[uuid.UUID]:
    """One by one, so that each stretch is read in the order of the index."""
    return [pk for (pk,) in kept.read("halves to search", _halves, viewer, {})]


def _halves(viewer: User, _told: Mapping[str, Any]) -> "QuerySet[Any, Any]":
    halves = Compartment.objects.filter(
        pk__in=compartments_where(viewer, May.READ_NAMES),
        kind__in=(Compartment.Kind.PARTY, Compartment.Kind.ORGANISATION),
    )
    return halves.order_by("pk").values_list("pk")


def _read_as(ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    rows = Person.objects.unscoped("of a compartment where the viewer reads names").filter(pk__in=ids)
    holders = dict(rows.filter(merged_into__isnull=False).order_by().values_list("pk", "merged_into_id"))
    return list(dict.fromkeys(holders.get(pk, pk) for pk in ids))


def _candidates(rows: "QuerySet[SearchKey]", sought: Sought, most: int) -> list[Row]:
    stretch = rows.order_by("key", "person_id").values_list("key", "place", "person_id")
    found: dict[tuple[str, uuid.UUID], Row] = {}
    for condition in _passes(rows, sought):
        found |= {(row[0], row[2]): row for row in stretch.filter(condition)[:most]}
        if len({person for _key, person in found}) >= ENOUGH:
            return list(found.values())
    if not found and not sought.is_bare:
        return _past_a_slip(rows, stretch, sought, most)
    return list(found.values())


def _passes(rows: "QuerySet[SearchKey]", sought: Sought) -> Iterator[Q]:
    if not sought.words:
        yield _born(sought) & Q(place=FAMILY) & ~_from(BONES)
        return
    if sought.is_bare:
        yield from _by_bones(sought)
    anchor = _rarest(rows, sought.words)
    others = [word for word in sought.words if word is not anchor]
    whole = _all([_whole_word_of(word) if word is not sought.words[-1] else _some_word_of(word) for word in others])
    yield _begins_whole(anchor) & whole & _born(sought)
    yield _begins(anchor) & _all([_some_word_of(word) for word in others]) & _born(sought)
    if not sought.is_bare:
        yield from _by_bones(sought)


def _rarest(rows: "QuerySet[SearchKey]", words: Sequence[Word]) -> Word:
    """The word with the shortest stretch; of frequent ones rather not a first name."""
    if len(words) == 1:
        return words[0]
    counts = {word: rows.filter(_begins(word))[:FREQUENT].count() for word in words}
    return min(words, key=lambda word: (counts[word], word.is_a_first_name, -len(word.spellings[0])))


def _by_bones(sought: Sought) -> Iterator[Q]:
    """Each word may be the family name, if it has consonants enough to tell one."""
    fewest = 1 if sought.is_bare else 2
    able = [word for word in sought.words if word.bones and len(word.bones[0]) >= fewest]
    ways = [
        _any([_from(BONES + bone) for bone in word.bones])
        & _all(
            [_any([Q(key__contains=f" {bone}") for bone in _all_bones(one)]) for one in sought.words if one is not word]
        )
        for word in able
    ]
    if ways:
        yield _any(ways) & _born(sought)


def _all_bones(word: Word) -> list[str]:
    return [bone for bone in dict.fromkeys((*word.bones, *map(bones_of, word.forms))) if bone]


def _past_a_slip(rows: "QuerySet[SearchKey]", stretch: Any, sought: Sought, most: int) -> list[Row]:
    """One word with a letter wrong, the others as they begin: first the word that nothing begins with."""
    able = [word for word in sought.words if early_slips(word.spellings[0])]
    known = {word: rows.filter(_begins(word))[:1].count() for word in able}
    for word in sorted(able, key=lambda word: known[word]):
        typed = word.spellings[0]
        others = _all([_some_word_of(other) for other in sought.words if other is not word]) & _born(sought)
        late = [
            row for row in stretch.filter(_from(typed[:EARLY]) & others)[:SLIPPED_ROWS] if has_slipped(typed, row[0])
        ]
        if late:
            return late[:most]
        early = stretch.filter(Q(BeginsWithAny(early_slips(typed))) & others)[:most]
        if found := [row for row in early if has_slipped(typed, row[0])]:
            return found
    return []


class BeginsWithAny(Func):
    """One of so many stretches that putting each together as a condition took most of the time."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, starts: Sequence[str]) -> None:
        super().__init__(F("key"))
        self.starts = starts

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, _params = compiler.compile(self.source_expressions[0])
        stretches = " OR ".join([f"({column} >= %s AND {column} < %s)"] * len(self.starts))
        return f"({stretches})", [bound for start in self.starts for bound in (start, start + END)]


def _from(start: str) -> Q:
    return Q(key__gte=start, key__lt=start + END)


def _begins(word: Word) -> Q:
    return _any([*map(_from, word.spellings), *(_from(f"{form} ") for form in word.forms)])


def _begins_whole(word: Word) -> Q:
    return _any([_from(f"{one} ") | Q(key=one) for one in (*word.spellings, *word.forms)])


def _some_word_of(word: Word) -> Q:
    return _any([Q(key__contains=f" {one}") for one in (*word.spellings, *word.forms)])


def _whole_word_of(word: Word) -> Q:
    return _any([Q(key__contains=f" {one} ") | Q(key__endswith=f" {one}") for one in (*word.spellings, *word.forms)])


def _born(sought: Sought) -> Q:
    return _any([Q(key__endswith=f" {year}") for year in sought.years]) if sought.years else Q()


def _any(ways: Sequence[Q]) -> Q:
    together = Q()
    for way in ways:
        together |= way
    return together


def _all(conditions: Sequence[Q]) -> Q:
    together = Q()
    for condition in conditions:
        together &= condition
    return together


# Which of those found comes first

WHOLE, FORM, BEGINS, SLIPPED, SAME_BONES = 1.0, 0.9, 0.75, 0.6, 0.5
OF_PLACE = {FAMILY: 0.05, CALL_SIGN: 0.05}


def _score(key: str, place: int, sought: Sought) -> float:
    if key.startswith(BONES):
        held = key[1:].split()
        return SAME_BONES * sum(any(bone in held for bone in _all_bones(word)) for word in sought.words)
    held = key.split()
    return sum(_agreement(word, held) for word in sought.words) + OF_PLACE.get(place, 0.0)


def _agreement(word: Word, held: Sequence[str]) -> float:
    typed = word.spellings[0]
    if any(one in held for one in word.spellings):
        return WHOLE
    if any(one in held for one in word.forms):
        return FORM
    begun = [len(typed) / len(one) for one in held if any(one.startswith(spelt) for spelt in word.spellings)]
    if begun:
        return BEGINS + (FORM - BEGINS) * max(begun)
    if any(OSA.distance(one[: len(typed) + 1], typed, score_cutoff=2) <= 2 for one in held):
        return SLIPPED
    return 0.0


def narrowed(persons: Any, text: str, viewer: User) -> Any:
    """Those of `persons` whose names or number hold every word, in their own order: for lists and pickers."""
    sought = sought_in(text)
    if not text.strip():
        return persons
    if not sought:
        return persons.none()
    ways = [_born(sought) & Q(place=FAMILY)] if not sought.words else list(_narrowing(sought))
    keys = SearchKey.objects.visible_to(viewer).filter(_any(ways))
    found = keys.order_by().values("person_id")
    merged = Person.objects.visible_to(viewer).filter(pk__in=found, merged_into__isnull=False)
    return persons.filter(Q(pk__in=found) | Q(pk__in=merged.order_by().values("merged_into")))


def _narrowing(sought: Sought) -> Iterator[Q]:
    anchor = max(sought.words, key=lambda word: (not word.is_a_first_name, len(word.spellings[0])))
    others = [word for word in sought.words if word is not anchor]
    yield _begins(anchor) & _all([_some_word_of(word) for word in others]) & _born(sought)
    yield from _by_bones(sought)
