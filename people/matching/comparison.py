"""Two records beside each other, after Fellegi and Sunter: each field says how well it agrees, and what that is worth."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Protocol

from rapidfuzz.distance import OSA, JaroWinkler

from people.matching.record import Day, Lexicon, Numbered, Part, Parts, Read, Record, read
from people.matching.weights import FATHERS_OF_ALL, GIVEN_OF_ALL, NUMBERS, RARITY, WEIGHTS

FEWEST_LETTERS_TO_SLIP = 4
ALIKE = 0.86
SETTLED = 6.0  # bits


class Frequencies(Protocol):
    """How common a name is among those it is compared with; 0 when nothing is known of it."""

    def family(self, bones: str) -> float: ...

    def given(self, name: str) -> float: ...

    def father(self, name: str) -> float: ...


class Usual:
    """Fixed: of nobody's registry. A family name is as rare as most are, a first name as common as it usually is."""

    def family(self, bones: str) -> float:
        return RARITY["family"]

    def given(self, name: str) -> float:
        return GIVEN_OF_ALL.get(name, RARITY["given"])

    def father(self, name: str) -> float:
        return FATHERS_OF_ALL.get(name, RARITY["father"])


@dataclass(frozen=True, slots=True)
class FieldWeight:
    field: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`score` is the sum of the weights: bits for or against its being the same person."""

    score: float
    fields: list[FieldWeight]


def compare(one: Record, other: Record, frequencies: Frequencies | None = None) -> Comparison:
    """`one` as another house wrote it, `other` as the registry has it."""
    lexicon = Lexicon()
    comparer = Comparer(frequencies or Usual())
    return comparer.compare(read(one, lexicon, as_sought=True), read(other, lexicon))


class Comparer:
    """Remembers how pairs of parts compare: in a registry the same names come again and again."""

    MOST = 500_000

    def __init__(self, frequencies: Frequencies) -> None:
        self.frequencies = frequencies
        self._families: dict[tuple[Part, Part], FieldWeight] = {}
        self._given: dict[tuple[Part, Part], FieldWeight] = {}
        self._fathers: dict[tuple[Part, Part], FieldWeight] = {}

    def compare(self, sought: Read, held: Read) -> Comparison:
        best: tuple[float, list[FieldWeight]] = (float("-inf"), [])
        for ours, _swapped in held.names:
            for theirs, swapped in sought.names:
                found = self._names(theirs, ours)
                if swapped:
                    found.append(_SWAPPED)
                score = sum([one.weight for one in found])
                if score > best[0]:
                    best = (score, found)
                if score > SETTLED and not swapped:
                    break  # exchanging its parts would not fit better
        fields = best[1] + self._other_fields(sought, held)
        return Comparison(sum([one.weight for one in fields]), fields)

    def _names(self, theirs: Parts, ours: Parts) -> list[FieldWeight]:
        found = []
        if theirs[0] is not None and ours[0] is not None:
            found.append(self._kept(self._families, theirs[0], ours[0], self._family))
        if theirs[1] is not None and ours[1] is not None:
            found.append(self._kept(self._given, theirs[1], ours[1], self._given_name))
        if theirs[2] is not None and ours[2] is not None:
            found.append(self._kept(self._fathers, theirs[2], ours[2], self._father))
        return found

    def _kept(
        self, kept: dict[tuple[Part, Part], FieldWeight], a: Part, b: Part, compare: Callable[[Part, Part], FieldWeight]
    ) -> FieldWeight:
        try:
            return kept[a, b]
        except KeyError:
            if len(kept) >= self.MOST:
                kept.clear()
            found = kept[a, b] = compare(a, b)
            return found

    def _family(self, a: Part, b: Part) -> FieldWeight:
        level = family_level(a, b)
        return self._weighed("family", level, self.frequencies.family(b.bones[0]))

    def _given_name(self, a: Part, b: Part) -> FieldWeight:
        return self._weighed("given", given_level(a, b), self.frequencies.given(b.given_key))

    def _father(self, a: Part, b: Part) -> FieldWeight:
        return self._weighed("father", father_level(a, b), self.frequencies.father(b.father))

    def _weighed(self, field: str, level: str, frequency: float) -> FieldWeight:
        agreed, by_chance = WEIGHTS[field][level]
        if level in TELLS_RARITY:
            by_chance *= max(frequency or RARITY[field], LEAST_FREQUENCY)
        return FieldWeight(field, level, log2(agreed / by_chance))

    def _other_fields(self, sought: Read, held: Read) -> list[FieldWeight]:
        found = []
        if sought.born[0] and held.born[0]:
            found.append(_FIXED["birth_date", birth_level(sought.born, held.born)])
        if sought.number and held.number:
            found.append(_FIXED["service_number", number_level(sought.number, held.number)])
        if sought.unit and held.unit:
            found.append(_FIXED["unit", unit_level(sought.unit, held.unit)])
        if sought.rank and held.rank:
            found.append(_FIXED["rank", "same" if sought.rank == held.rank else "differs"])
        if sought.numbers and held.numbers:
            found += _numbers(sought.numbers, held.numbers)
        return found


TELLS_RARITY = frozenset({"same", "script"})
LEAST_FREQUENCY = 1e-7
_FIXED: Mapping[tuple[str, str], FieldWeight] = {
    (field, level): FieldWeight(field, level, log2(agreed / by_chance))
    for field, levels in {**WEIGHTS, **NUMBERS}.items()
    for level, (agreed, by_chance) in levels.items()
}
_SWAPPED = _FIXED["order", "swapped"]


def _numbers(theirs: Iterable[Numbered], ours: Sequence[Numbered]) -> Iterator[FieldWeight]:
    """Of each kind that both have, how well the two agree that agree best; nothing where another number says nothing."""
    best: dict[str, int] = {}
    for kind, number in theirs:
        for other_kind, other in ours:
            if kind == other_kind:
                level = BEST_FIRST.index(number_level(number, other))
                best[kind] = min(level, best.get(kind, level))
    for kind, place in best.items():
        if BEST_FIRST[place] in NUMBERS[kind]:
            yield _FIXED[kind, BEST_FIRST[place]]


BEST_FIRST = ("same", "near", "differs")


def family_level(a: Part, b: Part) -> str:
    if a.is_initial or b.is_initial:
        return "initial" if a.fold[0] == b.fold[0] else "differs"
    if not a.fold_set.isdisjoint(b.folds):
        return "same"
    if not a.bone_set.isdisjoint(b.bones):
        is_whole = not (a.words or b.words) and len(b.bones[0]) > 1
        return "script" if is_whole else "part"
    return _slip(a, b)


def given_level(a: Part, b: Part) -> str:
    if a.is_initial or b.is_initial:
        return "initial" if a.initials & b.initials else "differs"
    if not a.fold_set.isdisjoint(b.folds):
        return "same"
    if (a.given and a.given == b.given) or (a.bones[0] == b.bones[0] and len(a.bones[0]) > 1):
        return "script"
    return _slip(a, b)


def father_level(a: Part, b: Part) -> str:
    if a.is_initial or b.is_initial:
        return "initial" if a.initials & b.initials else "differs"
    if a.father == b.father:
        return "same"
    return "near" if _slip(a, b) == "near" else "differs"


def _slip(a: Part, b: Part) -> str:
    """One letter wrong, missing, too many or exchanged with the next; else much alike; else not."""
    one, other = a.fold, b.fold
    longest = max(len(one), len(other))
    if longest >= FEWEST_LETTERS_TO_SLIP and OSA.distance(one, other, score_cutoff=1) <= 1:
        return "near"
    bones, others = a.bones[0], b.bones[0]
    if len(bones) > 2 and len(others) > 2 and OSA.distance(bones, others, score_cutoff=1) <= 1:
        return "alike"
    return "alike" if JaroWinkler.similarity(one, other, score_cutoff=ALIKE) >= ALIKE else "differs"


def birth_level(a: Day, b: Day) -> str:
    (year, month, day), (other_year, other_month, other_day) = a, b
    is_whole = bool(day and other_day)
    if year == other_year:
        if is_whole:
            return _within_a_year(month, day, other_month, other_day)
        if month and other_month:
            return "month" if month == other_month else "same_year"
        return "year"
    if not is_whole:
        return "near_year" if abs(year - other_year) <= 1 else "differs"
    if _digits_wrong(a, b):
        return "digit"
    return "day_month" if (month, day) in ((other_month, other_day), (other_day, other_month)) else "differs"


def _within_a_year(month: int, day: int, other_month: int, other_day: int) -> str:
    if (month, day) == (other_month, other_day):
        return "same"
    if (month, day) == (other_day, other_month):
        return "swapped"
    return "digit" if _digits_wrong((0, month, day), (0, other_month, other_day)) else "same_year"


def _digits_wrong(a: Day, b: Day) -> bool:
    """One digit is another, or two neighbours are exchanged."""
    return OSA.distance(_written(a), _written(b), score_cutoff=1) <= 1


def _written(day: Day) -> str:
    return f"{day[0]:04}{day[1]:02}{day[2]:02}"


def number_level(a: str, b: str) -> str:
    if a == b:
        return "same"
    digits, others = "".join(filter(str.isdigit, a)), "".join(filter(str.isdigit, b))
    if digits == others and len(digits) > 3:
        return "same"
    return "near" if OSA.distance(a, b, score_cutoff=1) <= 1 else "differs"


def unit_level(a: frozenset[str], b: frozenset[str]) -> str:
    if a == b:
        return "same"
    numbers, others = set(filter(str.isdigit, a)), set(filter(str.isdigit, b))
    if numbers and others:
        return "alike" if numbers & others else "differs"
    return "alike" if 2 * len(a & b) >= min(len(a), len(b)) else "differs"
