"""What the matcher is told of a person, and how it reads that: folds, skeletons, names behind names, dates in parts."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from core.folding import fold, seen_as, spellings
from people.matching.given_names import (
    INITIALS,
    father_class,
    father_stem,
    given_class,
    is_patronymic,
    skeleton,
)

Spelt = tuple[str, str, str]  # family, given, patronymic
Numbered = tuple[str, str]  # kind, number
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
    numbers: tuple[Numbered, ...] = ()


class Part:
    """One field of a name. Its words stand joined in `folds`, and one by one in `words` when there are several."""

    __slots__ = (
        "_father",
        "_given",
        "_initials",
        "bone_set",
        "bones",
        "fold",
        "fold_set",
        "folds",
        "is_initial",
        "is_patronymic",
        "last",
        "words",
    )

    def __init__(self, text: str) -> None:
        words = fold(text).split()
        self.fold = "".join(words)
        self.folds = tuple(dict.fromkeys([self.fold, *(one.replace(" ", "") for one in spellings(text))]))
        self.words = tuple(word for word in words if len(word) > 2) if len(words) > 1 else ()
        self.bones = tuple(dict.fromkeys(map(skeleton, (*self.folds, *self.words))))
        self.fold_set, self.bone_set = frozenset(self.folds), frozenset(self.bones)
        self.last = words[-1] if words else ""
        self.is_initial = len(self.fold) == 1 or self.fold in ("iu", "ia", "ts")
        self.is_patronymic = not self.is_initial and is_patronymic(self.last)
        self._given: str | None = None
        self._father: str | None = None
        self._initials: frozenset[str] | None = None

    # Found when first asked for: a family name is seldom asked whether it is a first name.

    @property
    def given(self) -> str:
        """The first name that this is a form of; empty when unknown."""
        if self._given is None:
            self._given = "" if self.is_initial else next(filter(None, map(given_class, (self.fold, *self.words))), "")
        return self._given

    @property
    def father(self) -> str:
        """The father's name behind a patronymic, or what stands for it; empty for an initial."""
        if self._father is None:
            self._father = "" if self.is_initial else father_class(self.last) or skeleton(father_stem(self.last))
        return self._father

    @property
    def initials(self) -> frozenset[str]:
        """What it may be shortened to: Олександр is А. in Russian."""
        if self._initials is None:
            self._initials = INITIALS.get(self.given, frozenset()) | {self.fold[:1]}
        return self._initials

    @property
    def given_key(self) -> str:
        """What stands for a given name in a key: the name it is a form of, else its own consonants."""
        return self.given or self.bones[0]


T = TypeVar("T")


class Lexicon:
    """What a text is read as, for as long as its owner works: nothing of a real name outlives a request or a command."""

    MOST = 400_000

    def __init__(self) -> None:
        self._parts: dict[str, Part | None] = {}
        self._days: dict[str, Day] = {}
        self._units: dict[str, frozenset[str]] = {}
        self._ranks: dict[str, str] = {}

    def part(self, text: str) -> Part | None:
        """None for a text without a letter or digit."""
        return self._kept(self._parts, text, part_of)

    def day(self, text: str) -> Day:
        return self._kept(self._days, text, day_of)

    def unit(self, text: str) -> frozenset[str]:
        return self._kept(self._units, text, unit_words)

    def rank(self, text: str) -> str:
        return self._kept(self._ranks, text, fold)

    def _kept(self, kept: dict[str, T], text: str, read: Callable[[str], T]) -> T:
        try:
            return kept[text]
        except KeyError:
            if len(kept) >= self.MOST:
                kept.clear()
            found = kept[text] = read(text)
            return found


def part_of(text: str) -> Part | None:
    part = Part(text)
    return part if part.fold else None


Parts = tuple[Part | None, Part | None, Part | None]


@dataclass(slots=True)
class Read:
    """A record as it is compared. `names`: the ways to read it, with whether that exchanges what was declared."""

    names: list[tuple[Parts, bool]]
    born: Day
    number: str
    unit: frozenset[str]
    rank: str
    numbers: tuple[Numbered, ...] = ()


def read(record: Record, lexicon: Lexicon, *, as_sought: bool = False) -> Read:
    """Every name as it stands. `as_sought`: what another house wrote, where names may stand in each other's place."""
    if as_sought:
        return _read(record, _names_of(record, lexicon), lexicon)
    names: dict[Parts, bool] = {}
    for family, given, patronymic in ((record.family, record.given, record.patronymic), *record.other_names):
        parts = (lexicon.part(family), lexicon.part(given), lexicon.part(patronymic))
        if any(parts):
            names[parts] = False
    return _read(record, names or _names_of(record, lexicon), lexicon)


def _names_of(record: Record, lexicon: Lexicon) -> dict[Parts, bool]:
    names: dict[Parts, bool] = {}
    for family, given, patronymic in ((record.family, record.given, record.patronymic), *record.other_names):
        for parts, swapped in _readings(family, given, patronymic, record.name, lexicon):
            names.setdefault(parts, swapped)
    return names


def _read(record: Record, names: dict[Parts, bool], lexicon: Lexicon) -> Read:
    return Read(
        list(names.items()), lexicon.day(record.birth_date), number_of(record.service_number),
        lexicon.unit(record.unit), lexicon.rank(record.rank), numbers_of(record.numbers) if record.numbers else (),
    )  # fmt: skip


def _readings(family: str, given: str, patronymic: str, name: str, lexicon: Lexicon) -> Iterator[tuple[Parts, bool]]:
    part = lexicon.part
    declared = (part(family), part(given), part(patronymic))
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


_DIGITS, _ISO = re.compile(r"\d+"), re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_of(text: str) -> Day:
    """A partial date; also as people write it, 23.04.1987 or 1987/04/23. Zeros where it says nothing."""
    if _ISO.fullmatch(text) and (month := int(text[5:7])) <= 12:  # by far the commonest
        return int(text[:4]), month, int(text[8:])
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
    """A service number without what is only its dress; letters that look alike in Latin and Cyrillic are the same."""
    return _without_dress(text if text.isascii() else seen_as(text)[0])


def number_as_read(text: str) -> str:
    """The same, but its letters by their sound."""
    return _without_dress(text)


def _without_dress(number: str) -> str:
    return fold(number).replace(" ", "") if number else ""


FEWEST_SIGNS = 4  # a shorter number is anybody's


def numbers_of(told: Iterable[Numbered]) -> tuple[Numbered, ...]:
    bare = dict.fromkeys((kind, number_as_read(number)) for kind, number in told)
    return tuple((kind, number) for kind, number in bare if len(number) >= FEWEST_SIGNS)


def unit_words(text: str) -> frozenset[str]:
    return frozenset(fold(_BETWEEN_DIGIT_AND_LETTER.sub(" ", text)).split()) if text else frozenset()


_BETWEEN_DIGIT_AND_LETTER = re.compile(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")
