"""What the matcher is told of a person, and how it reads that: folds, skeletons, names behind names, dates in parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.folding import fold, spellings
from people.matching.given_names import (
    CLASSES,
    INITIALS,
    father_class,
    father_stem,
    given_class,
    is_patronymic,
    skeleton,
)

Spelt = tuple[str, str, str]  # family, given, patronymic
Day = tuple[int, int, int]  # 0 where unknown


@dataclass(frozen=True, slots=True)
class Record:
    """`birth_date` as YYYY, YYYY-MM or YYYY-MM-DD; `name` is a whole name in one field, when the parts are not told."""

    family: str = ""
    given: str = ""
    patronymic: str = ""
    birth_date: str = ""
    rank: str = ""
    unit: str = ""
    service_number: str = ""
    other_names: tuple[Spelt, ...] = ()
    name: str = ""


class Part:
    """One field of a name. Its words stand joined in `folds`, and one by one in `words` when there are several."""

    __slots__ = ("bones", "father", "folds", "given", "is_initial", "is_patronymic", "shown_initials", "words")

    def __init__(self, text: str) -> None:
        words = fold(text).split()
        whole = "".join(words)
        self.folds: tuple[str, ...] = tuple(dict.fromkeys([whole, *(one.replace(" ", "") for one in spellings(text))]))
        self.words: tuple[str, ...] = tuple(word for word in words if len(word) > 2) if len(words) > 1 else ()
        self.bones: tuple[str, ...] = tuple(dict.fromkeys(map(skeleton, (*self.folds, *self.words))))
        self.is_initial = len(whole) == 1 or whole in ("iu", "ia", "ts")
        self.is_patronymic = not self.is_initial and is_patronymic(words[-1] if words else "")
        self.given = self.father = ""
        if not self.is_initial and words:
            self.given = given_class(whole) or next(filter(None, map(given_class, words if self.words else ())), "")
            self.father = father_class(words[-1]) or skeleton(father_stem(words[-1]))
        first = whole[:1]
        self.shown_initials = INITIALS.get(self.given, frozenset()) | {first}

    @property
    def fold(self) -> str:
        return self.folds[0]

    @property
    def is_known_given(self) -> bool:
        return any(one in CLASSES for one in self.folds)

    @property
    def given_key(self) -> str:
        """What stands for a given name in a key: the name it is a form of, else its own consonants."""
        return self.given or self.bones[0]


class Lexicon:
    """Parts by their text, for as long as its owner works: nothing of a real name outlives a request or a command."""

    MOST = 400_000

    def __init__(self) -> None:
        self._parts: dict[str, Part | None] = {}

    def part(self, text: str) -> Part | None:
        """None for a text without a letter or digit."""
        try:
            return self._parts[text]
        except KeyError:
            pass
        if len(self._parts) >= self.MOST:
            self._parts.clear()
        part: Part | None = Part(text)
        if part is not None and not part.fold:
            part = None
        self._parts[text] = part
        return part


Parts = tuple[Part | None, Part | None, Part | None]


@dataclass(slots=True)
class Read:
    """A record as it is compared. `names`: the ways to read it, with whether that exchanges what was declared."""

    names: list[tuple[Parts, bool]]
    born: Day
    number: str
    unit: frozenset[str]
    rank: str
    unit_numbers: frozenset[str] = field(default_factory=frozenset)


def read(record: Record, lexicon: Lexicon, *, as_sought: bool = False) -> Read:
    """`as_sought`: what another house wrote, where a family name may stand in the first name's place."""
    spelt = [(record.family, record.given, record.patronymic), *record.other_names]
    names: dict[Parts, bool] = {}
    for family, given, patronymic in spelt:
        for parts, swapped in _readings(family, given, patronymic, record.name, lexicon, as_sought):
            names.setdefault(parts, swapped)
    unit = unit_words(record.unit)
    return Read(
        list(names.items()), day_of(record.birth_date), number_of(record.service_number), unit, fold(record.rank),
        frozenset(word for word in unit if word.isdigit()),
    )  # fmt: skip


def _readings(
    family: str, given: str, patronymic: str, name: str, lexicon: Lexicon, as_sought: bool
) -> Iterator[tuple[Parts, bool]]:
    part = lexicon.part
    declared = (part(family), part(given), part(patronymic))
    if not as_sought:
        if any(declared):
            yield declared, False
        elif name:
            yield from _from_whole_name(name, lexicon)
        return
    if name and not (declared[0] and declared[1]):
        yield from _from_whole_name(name, lexicon)
    if not any(declared):
        return
    if sum(map(bool, declared)) == 1 and len(whole := (family + given + patronymic).split()) > 1:
        yield from _from_whole_name(" ".join(whole), lexicon)
        if len(whole) > 2:
            return
    first, second, third = declared
    if second is not None and third is None and second.is_patronymic and len(words := given.split()) > 1:
        second, third = part(" ".join(words[:-1])), part(words[-1])
        declared = (first, second, third)
    yield declared, False
    yield from _exchanged(first, second, third)


def _exchanged(first: Part | None, second: Part | None, third: Part | None) -> Iterator[tuple[Parts, bool]]:
    if third is None or third.is_patronymic:
        yield (second, first, third), True
    if second is not None and second.is_patronymic and not (third is not None and third.is_patronymic):
        yield (first, third, second), True
        yield (third, first, second), True
    elif first is not None and first.is_patronymic and not (third is not None and third.is_patronymic):
        yield (third, second, first), True
        yield (second, third, first), True
    elif third is not None and not third.is_patronymic:
        yield (second, first, third), True
        yield (third, first, second), True


def _from_whole_name(name: str, lexicon: Lexicon) -> Iterator[tuple[Parts, bool]]:
    """Family first or last; the patronymic is known by its ending, and follows the first name."""
    words = name.replace(",", " ").replace(".", ". ").split()
    parts = [one for one in map(lexicon.part, words) if one is not None]
    if len(parts) > 4:
        parts = [one for one in (lexicon.part(" ".join(words[:-2])), *parts[-2:]) if one is not None]
    match parts:
        case [one]:
            yield (one, None, None), False
            yield (None, one, None), False
        case [one, two]:
            yield (one, two, None), False
            yield (two, one, None), False
        case [one, two, three]:
            if two.is_patronymic and not three.is_patronymic:
                yield (three, one, two), False
            else:
                yield (one, two, three), False
                if not three.is_patronymic:
                    yield (three, one, two), False
                    yield (lexicon.part(" ".join(words[:2])), three, None), False
        case [_, _, three, four]:
            yield (lexicon.part(" ".join(words[:2])), three, four), False
            yield (four, parts[0], parts[1]), False


_DIGITS = re.compile(r"\d+")


def day_of(text: str) -> Day:
    """A partial date; also as people write it, 23.04.1987 or 1987/04/23. Zeros where it says nothing."""
    found = [(len(digits), int(digits)) for digits in _DIGITS.findall(text)]
    match found:
        case [(4, year)]:
            return year, 0, 0
        case [(8, whole)]:
            return whole // 10_000, whole // 100 % 100, whole % 100
        case [(4, year), (_, month)] if month <= 12:
            return year, month, 0
        case [(_, month), (4, year)] if month <= 12:
            return year, month, 0
        case [(4, year), (_, month), (_, day), *_]:
            return (year, month, day) if month <= 12 else (year, day, month)
        case [(_, day), (_, month), (4, year), *_]:
            return (year, month, day) if month <= 12 else (year, day, month)
        case [(_, day), (_, month), (2, year)] if month <= 12:
            return (1900 if year > 30 else 2000) + year, month, day
    return 0, 0, 0


def number_of(text: str) -> str:
    """A service number without what is only its dress."""
    return fold(text).replace(" ", "") if text else ""


def unit_words(text: str) -> frozenset[str]:
    return frozenset(fold(_BETWEEN_DIGIT_AND_LETTER.sub(" ", text)).split()) if text else frozenset()


_BETWEEN_DIGIT_AND_LETTER = re.compile(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")
