"""Whom the words of the box find, best first, in the compartments where the viewer reads names.

Each pass is a bounded stretch of the index. The next one is asked only where those before found few: whole words, then
beginnings, then consonants alone; and where they found nobody, beginnings with a letter wrong.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet
from rapidfuzz.distance import OSA

from access import kept
from access.models import Compartment, User
from access.roles import May
from access.scoping import compartments_where
from people.models import Person, SearchKey
from people.search import stretches
from people.search.stretches import END, Held, Row, Way, any_of, as_first_word, from_start
from people.search.words import (
    BONES,
    CALL_SIGN,
    EARLY,
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
FEWEST_SIGNS = 4  # of a number that few have
FREQUENT = 10_000  # beyond that it does not matter which of two words is rarer


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
        for key, place, person in _candidates(compartment, sought, most):
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


def _candidates(compartment: uuid.UUID, sought: Sought, most: int) -> list[Row]:
    found: dict[tuple[str, uuid.UUID], Row] = {}
    for ways in _passes(compartment, sought):
        found |= {(row[0], row[2]): row for row in stretches.read(compartment, ways, most)}
        if len({person for _key, person in found}) >= ENOUGH:
            return list(found.values())
    if not found and not sought.is_bare:
        return _past_a_slip(compartment, sought, most)
    return list(found.values())


def _passes(compartment: uuid.UUID, sought: Sought) -> Iterator[list[Way]]:
    if not sought.words:
        yield [_by_year(sought)]
        return
    if sought.is_bare:
        yield _by_bones(sought)
    anchor = _rarest(compartment, sought.words)
    others = [word for word in sought.words if word is not anchor]
    last = sought.words[-1]
    whole = [_some_word_of(word) if word is last else _whole_word_of(word) for word in others]
    yield _with(_begins_whole(anchor), *whole, *_born(sought))
    yield _with(_begins(anchor), *map(_some_word_of, others), *_born(sought))
    if not sought.is_bare:
        yield _by_bones(sought)


def _rarest(compartment: uuid.UUID, words: Sequence[Word]) -> Word:
    """A number, since the keys of names hold none; else the word with the shortest stretch, of frequent ones rather not a first
    name.
    """
    if len(words) == 1:
        return words[0]
    counts = stretches.sizes(compartment, [_begins(word) for word in words], FREQUENT)
    ranked = [
        (not word.is_a_number or count >= FREQUENT, min(count, FREQUENT), word.is_a_first_name, -len(word.spellings[0]))
        for count, word in zip(counts, words, strict=True)
    ]
    return words[ranked.index(min(ranked))]


def _by_bones(sought: Sought) -> list[Way]:
    """Each word may be the family name, if it has consonants enough to tell one."""
    fewest = 1 if sought.is_bare else 2
    able = [word for word in sought.words if word.bones and len(word.bones[0]) >= fewest]
    return [
        way
        for word in able
        for way in _with(
            [from_start(BONES + bone) for bone in word.bones],
            *(_some_bone_of(one) for one in sought.words if one is not word),
            *_born(sought),
        )
    ]


def _all_bones(word: Word) -> list[str]:
    return [bone for bone in dict.fromkeys((*word.bones, *map(bones_of, word.forms))) if bone]


def _past_a_slip(compartment: uuid.UUID, sought: Sought, most: int) -> list[Row]:
    """One word with a letter wrong, the others as they begin: first the word that nothing begins with."""
    able = [word for word in sought.words if early_slips(word.spellings[0])]
    known = stretches.sizes(compartment, [_begins(word) for word in able], 1)
    for _count, place in sorted((min(count, 1), place) for place, count in enumerate(known)):
        word = able[place]
        typed = word.spellings[0]
        others = (*(_some_word_of(other) for other in sought.words if other is not word), *_born(sought))
        begun = stretches.read(compartment, _with([from_start(typed[:EARLY])], *others), SLIPPED_ROWS)
        if late := [row for row in begun if has_slipped(typed, row[0])]:
            return late[:most]
        early = stretches.read_any(compartment, early_slips(typed), others, most)
        if found := [row for row in early if has_slipped(typed, row[0])]:
            return found
    return []


def _with(ways: Sequence[Way], *holds: tuple[Held, ...]) -> list[Way]:
    told = tuple(filter(None, holds))  # a number has no consonants, and asks for none
    return [replace(way, holds=told) for way in ways]


def _begins(word: Word) -> list[Way]:
    return [*map(from_start, word.spellings), *(from_start(f"{form} ") for form in word.forms)]


def _begins_whole(word: Word) -> list[Way]:
    return [as_first_word(one) for one in (*word.spellings, *word.forms)]


def _by_year(sought: Sought) -> Way:
    return Way("a", END, _born(sought), FAMILY)  # past numbers, and past the keys of bones


def _some_word_of(word: Word) -> tuple[Held, ...]:
    return tuple(("contains", f" {one}") for one in (*word.spellings, *word.forms))


def _whole_word_of(word: Word) -> tuple[Held, ...]:
    return tuple(
        held for one in (*word.spellings, *word.forms) for held in (("contains", f" {one} "), ("endswith", f" {one}"))
    )


def _some_bone_of(word: Word) -> tuple[Held, ...]:
    return tuple(("contains", f" {bone}") for bone in _all_bones(word))


def _born(sought: Sought) -> tuple[tuple[Held, ...], ...]:
    return (tuple(("endswith", f" {year}") for year in sought.years),) if sought.years else ()


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
    ways = _narrowing(sought) if sought.words else [_by_year(sought)]
    keys = SearchKey.objects.visible_to(viewer).filter(any_of(way.condition() for way in ways))
    found = keys.order_by().values("person_id")
    merged = Person.objects.visible_to(viewer).filter(pk__in=found, merged_into__isnull=False)
    return persons.filter(Q(pk__in=found) | Q(pk__in=merged.order_by().values("merged_into")))


def _tells(word: Word) -> tuple[bool, bool, int]:
    length = len(word.spellings[0])
    return word.is_a_number and length >= FEWEST_SIGNS, not word.is_a_first_name, length


def _narrowing(sought: Sought) -> list[Way]:
    anchor = max(sought.words, key=_tells)
    others = [word for word in sought.words if word is not anchor]
    return [*_with(_begins(anchor), *map(_some_word_of, others), *_born(sought)), *_by_bones(sought)]
