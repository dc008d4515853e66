"""What the index keeps of a dossier, and what the box was asked. Pure: no model, no database.

A key is the whole of one name, folded, beginning with each of its words in turn: `kovalenko oleksandr ivanovič 1985`,
`oleksandr kovalenko ivanovič 1985`. So the first letters of any word are a stretch of the index, and whether the other
words fit is seen on the same row. A key that begins with `=` keeps consonants alone, which is what Arabic writes of a name
and what a wrong vowel leaves; it begins with the family name.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import OSA

from core.folding import fold, seen_as, spellings, tokens
from people.matching.given_names import CLASSES, skeleton

KEY_LENGTH = 200
BONES = "="
FAMILY, GIVEN, PATRONYMIC, NUMBER, CALL_SIGN = 1, 2, 3, 4, 5

MOST_WORDS = 6
PARTICLES = {"al", "el", "ibn", "bin"}  # written apart, joined or not at all
FEWEST_LETTERS_OF_A_FORM = 3  # typed of a first name before its other forms are thought of
FEWEST_LETTERS_TO_SLIP = 4
EARLY = 3  # letters; past a slip further back they are a stretch of their own
LETTERS = "abcdefgijklmnoprstuvwz"

_PLAIN = str.maketrans({"š": "w", "č": "c", "ž": "j"})  # letters that no fold has
_YEAR = re.compile(r"(?<!\d)(19\d\d|20\d\d)(?!\d)")
_DATE = re.compile(r"\d{1,4}([./-]\d{1,4}){1,2}")
_FORMS = sorted((form.translate(_PLAIN), name.translate(_PLAIN)) for form, name in CLASSES.items())
_CLASS_OF = dict(_FORMS)


@dataclass(frozen=True, slots=True)
class Spelt:
    """One name as a dossier has it."""

    family: str = ""
    given: str = ""
    patronymic: str = ""
    is_call_sign: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One field of a name: its words, and those it would have if a letter were meant otherwise."""

    words: tuple[str, ...]
    others: tuple[str, ...]


class Reader:
    """Remembers what fields say for as long as its owner works: among many persons the same names come again and again."""

    MOST = 200_000

    def __init__(self) -> None:
        self._read: dict[str, Reading] = {"": Reading((), ())}
        self._bones: dict[str, str] = {}

    def read(self, text: str) -> Reading:
        found = self._read.get(text)
        if found is None:
            if len(self._read) >= self.MOST:
                self.__init__()  # type: ignore[misc]
            words = tuple(map(_plain, tokens(text)))
            others = (word for one in spellings(text) for word in map(_plain, one.split()) if word not in words)
            found = self._read[text] = Reading(words, tuple(dict.fromkeys(others)))
        return found

    def bones(self, word: str) -> str:
        found = self._bones.get(word)
        if found is None:
            found = self._bones[word] = bones_of(word)
        return found

    def keys_of(self, names: Iterable[Spelt], birth_date: str = "", *numbers: str) -> dict[str, int]:
        """Each key with the part of the name that it begins with; `numbers`: the service number and any other."""
        found: dict[str, int] = {}
        year = birth_date[:4]
        told: list[dict[str, int]] = []
        for parts in sorted(map(self._parts, names), key=len, reverse=True):
            if any(parts.keys() <= fuller.keys() for fuller in told):
                continue  # the same in another script, or less of it
            told.append(parts)
            for key, place in (*_turned(list(parts.items()), year), *self._by_bones(parts, year)):
                found.setdefault(key[:KEY_LENGTH], place)
        rest = (*(told[0] if told else ()), year)
        for number in filter(None, map(_number, numbers)):
            found.setdefault(" ".join((number, *rest)).strip()[:KEY_LENGTH], NUMBER)
            digits, letters = "".join(filter(str.isdigit, number)), "".join(filter(str.isalpha, number))
            if letters and len(digits) >= FEWEST_LETTERS_TO_SLIP:  # typed without its letters, or apart from them
                found.setdefault(" ".join((digits, letters, *rest)).strip()[:KEY_LENGTH], NUMBER)
        return found

    def _parts(self, name: Spelt) -> dict[str, int]:
        """The words of a name, each with what it is; then other readings of them, as the box reads them too."""
        fields = (
            (self.read(name.family), FAMILY),
            (self.read(name.given), GIVEN),
            (self.read(name.patronymic), PATRONYMIC),
        )
        parts: dict[str, int] = {}
        for kind in ("words", "others"):
            for reading, place in fields:
                for word in getattr(reading, kind):
                    parts.setdefault(word, CALL_SIGN if name.is_call_sign else place)
        for word in fields[1][0].words:
            parts.setdefault(_CLASS_OF.get(word, word), GIVEN)
        return parts

    def _by_bones(self, parts: Mapping[str, int], year: str) -> Iterator[tuple[str, int]]:
        bones = [(self.bones(word), place) for word, place in parts.items()]
        rest = dict.fromkeys(bone for bone, place in bones if place in (GIVEN, PATRONYMIC) and bone)
        for bone, place in bones:
            if bone and place in (FAMILY, CALL_SIGN):
                yield BONES + " ".join((bone, *rest, year)).strip(), place


def _turned(parts: Sequence[tuple[str, int]], year: str) -> Iterator[tuple[str, int]]:
    words = [word for word, _place in parts]
    for number, (word, place) in enumerate(parts):
        rest = words[:number] + words[number + 1 :]
        yield " ".join((word, *rest, year)).strip(), place


def _words(text: str) -> list[str]:
    return list(map(_plain, tokens(text))) if text else []


def _number(text: str) -> str:
    return _plain("".join(tokens(text)))


def _plain(folded: str) -> str:
    """In ASCII: a stretch of keys begins and ends alike in every database."""
    return "".join(filter(str.isascii, folded.translate(_PLAIN)))


def bones_of(plain: str) -> str:
    return skeleton(plain.replace("w", "š").replace("c", "č").replace("j", "ž")).translate(_PLAIN)


# What was asked


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the box: how it may be spelt, and the first names that it may be a form of."""

    spellings: tuple[str, ...]
    forms: tuple[str, ...]
    bones: tuple[str, ...]

    @property
    def is_a_first_name(self) -> bool:
        return any(one in _CLASS_OF for one in self.spellings)

    @property
    def is_a_number(self) -> bool:
        return any(map(str.isdigit, self.spellings[0]))


@dataclass(frozen=True, slots=True)
class Sought:
    words: tuple[Word, ...]
    years: tuple[str, ...]
    is_bare: bool  # written without its vowels, in Arabic letters

    def __bool__(self) -> bool:
        return bool(self.words or self.years)


def sought_in(text: str) -> Sought:
    """Words in any script and order, years of birth, a service number."""
    words: list[Word] = []
    years: list[str] = []
    chunks = [chunk for chunk in text.split() if any(map(str.isalnum, chunk))]
    for place, chunk in enumerate(chunks):
        if year := _year_in(chunk):
            years.append(year)
        elif any(map(str.isdigit, chunk)):
            words += [_word(_numbers_seen(chunk))]
        elif len(found := _words_sought(chunk)) == 1 and any(map(_is_number, chunks[max(place - 1, 0) : place + 2])):
            words += [_with_look_alikes(found[0], chunk)]
        else:
            words += found
    told = [word for word in words if word.spellings[0]]
    kept = tuple([word for word in told if word.spellings[0] not in PARTICLES] or told)[:MOST_WORDS]
    return Sought(kept, tuple(years[:2]), any("\u0600" <= letter <= "\u06ff" for letter in text))


def _year_in(chunk: str) -> str:
    found = _YEAR.search(chunk) if _DATE.fullmatch(chunk) or _YEAR.fullmatch(chunk) else None
    return found[1] if found else ""


def _is_number(chunk: str) -> bool:
    return any(map(str.isdigit, chunk)) and not _year_in(chunk)


def _numbers_seen(chunk: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_number, (chunk, *seen_as(chunk)))))


def _with_look_alikes(word: Word, chunk: str) -> Word:
    """Beside a number: its letters may be written apart from it."""
    return replace(word, spellings=tuple(dict.fromkeys((*word.spellings, *_numbers_seen(chunk)))))


def _words_sought(chunk: str) -> list[Word]:
    found = _words(chunk)
    if len(found) == 1:
        return [_word(tuple(dict.fromkeys(_plain(one.replace(" ", "")) for one in spellings(chunk))))]
    return [_word((word,)) for word in found]


def _word(spelt: tuple[str, ...]) -> Word:
    forms = dict.fromkeys(form for one in spelt for form in _forms(one) if form not in spelt)
    bones = dict.fromkeys(bones_of(one) for one in spelt if one.isalpha())
    bones.pop("", None)
    return Word(spelt, tuple(forms), tuple(bones))


def _forms(typed: str) -> Iterator[str]:
    """The names of which a form begins like this."""
    if len(typed) < FEWEST_LETTERS_OF_A_FORM:
        return
    for place in range(bisect_left(_FORMS, (typed, "")), len(_FORMS)):
        form, name = _FORMS[place]
        if not form.startswith(typed):
            return
        yield name


def early_slips(word: str) -> list[str]:
    """Beginnings that differ by a letter among the first ones: wrong, missing, too many, or exchanged with the next."""
    if len(word) < FEWEST_LETTERS_TO_SLIP or not word.isalpha():
        return []
    start = word[: EARLY + 2]
    found = {start[:i] + start[i + 1 :] for i in range(EARLY)}
    found |= {start[:i] + start[i + 1] + start[i] + start[i + 2 :] for i in range(EARLY)}
    found |= {start[:i] + letter + start[i + 1 :] for i in range(EARLY) for letter in LETTERS}
    found |= {start[:i] + letter + start[i:] for i in range(EARLY) for letter in LETTERS}
    return sorted(found - {start})


def has_slipped(word: str, key: str) -> bool:
    """Whether the key's first word begins like this one but for a letter."""
    held = key.split(" ", 1)[0]
    lengths = range(max(len(word) - 1, 1), len(word) + 2)
    return any(OSA.distance(held[:length], word, score_cutoff=1) <= 1 for length in lengths)


def folded(text: str) -> str:
    return _plain(fold(text))
