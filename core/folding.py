"""One spelling for a name whatever the script: Ukrainian and Russian Cyrillic, every usual romanisation, Turkish, Arabic.

A fold is for finding, never for showing: it forgets on purpose what scripts and standards cannot agree on. Г, ґ, х, h, kh
and g become one letter, so do и, і, ы, й, y and j; soft signs, doubled letters and apostrophes go. Its own letters are
a b d e f g i k l m n o p r s t u v z and š č ž, and a fold of a fold is itself.

Sources of the tables: resolution 55 of the Cabinet of Ministers of Ukraine (2010), BGN/PCGN for Ukrainian and Russian,
ISO 9:1995, ICAO Doc 9303 as in Russian passports since 2013, the spelling of Turkish newspapers, UNGEGN for Arabic.
"""

import re
import unicodedata
from collections.abc import Mapping

APOSTROPHES = "'’‘‛ʼʹʺʻʽˈ´`′″\"ꞌ＇"

_CYRILLIC = dict(zip("абвгґдезиійклмнопрстуфхы", "abvggdeziiiklmnoprstufgi", strict=True)) | {
    "ё": "e", "є": "e", "э": "e", "ѐ": "e", "ж": "ž", "ї": "i", "ѝ": "i", "ц": "ts", "ч": "č", "ш": "š", "щ": "š",
    "ъ": "", "ь": "", "ю": "iu", "я": "ia", "ў": "u", "ј": "i", "љ": "l", "њ": "n", "џ": "dž", "ђ": "dž", "ћ": "č",
    "ѓ": "g", "ќ": "k", "ѕ": "dz", "ә": "a", "ө": "o", "ү": "u", "ұ": "u", "қ": "k", "ғ": "g", "ң": "n", "һ": "g",
    "җ": "dž", "ѣ": "e", "ѳ": "f", "ӏ": "", "ҳ": "g", "ҷ": "dž", "ӣ": "i", "ӯ": "u",
}  # fmt: skip
# Vowels that Arabic writes at all are written loosely: only consonants are to be trusted (see `people.matching`).
_ARABIC = {
    "ا": "a", "أ": "a", "آ": "a", "ٱ": "a", "إ": "i", "ب": "b", "پ": "p", "ت": "t", "ة": "a", "ث": "s", "ج": "ž",
    "ح": "g", "خ": "g", "چ": "č", "د": "d", "ذ": "z", "ر": "r", "ز": "z", "ژ": "ž", "س": "s", "ش": "š", "ص": "s",
    "ض": "d", "ط": "t", "ظ": "z", "ع": "a", "غ": "g", "ف": "f", "ڤ": "v", "ڥ": "v", "ق": "k", "ك": "k", "ک": "k",
    "گ": "g", "ل": "l", "م": "m", "ن": "n", "ه": "g", "ھ": "g", "ہ": "g", "و": "o", "ؤ": "o", "ي": "i", "ی": "i",
    "ى": "i", "ئ": "i", "ء": "", "ـ": "",
}  # fmt: skip
# Letters whose mark matters; from the others the mark is simply taken. ISO 9 has â for я and û for ю.
_MARKED_LATIN = {
    "ž": "ž", "š": "š", "č": "č", "ŝ": "š", "ş": "š", "ș": "š", "ç": "č", "ć": "č", "ċ": "č", "ź": "z", "ż": "ž",
    "ě": "e", "ë": "e", "è": "e", "ê": "e", "â": "ia", "û": "iu", "ț": "ts", "ţ": "ts", "ł": "l", "ø": "o", "æ": "e",
    "œ": "e", "ß": "s", "ı": "i", "đ": "dž", "ð": "d", "þ": "t", "ə": "a", "ŋ": "n", "ģ": "g",
}  # fmt: skip
_LETTERS = str.maketrans(_CYRILLIC | _ARABIC | _MARKED_LATIN | dict.fromkeys(APOSTROPHES, ""))

_CLUSTERS: Mapping[str, str] = {
    "schtsch": "š", "shch": "š", "szcz": "š", "tsch": "č", "tch": "č", "sch": "š", "sh": "š", "sz": "š", "šč": "š",
    "chr": "kr", "ch": "č", "cz": "č", "tš": "č", "kh": "g", "gh": "g", "zh": "ž", "ph": "f", "th": "t", "ck": "k",
    "tz": "ts", "h": "g", "x": "ks", "q": "k", "w": "v", "c": "ts", "ou": "u", "y": "i", "j": "i",
}  # fmt: skip
_CLUSTER = re.compile("|".join(sorted(_CLUSTERS, key=len, reverse=True)).replace("|c|", "|(c(?=[aoutklr]))|c|"))
_I_BEFORE_E = re.compile("i+e")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_FEMININE_ADJECTIVE = re.compile(r"aia\b")  # -ская as in Ukrainian -ська
# Letters of our own in which no rule finds anything more to do; whatever else, `_once` says when it is done.
_SETTLED = re.compile(
    r"(?!.*(?:šč|tš|sz|tz|ou|ie|aia\b|([^\W\d_])\1))[abdefgik-pr-vzžšč0-9]+(?: [abdefgik-pr-vzžšč0-9]+)*"
)
_SEPARATOR = re.compile(r"[\W_]+")

# What is typed for a Cyrillic letter on a Latin keyboard because it looks the same, and the reverse.
_LOOKS_CYRILLIC = str.maketrans("ABCEHIKMOPTXYaceiopxy", "АВСЕНІКМОРТХУасеіорху")
_LOOKS_LATIN = str.maketrans("АВСЕНІКМОРТХУасеіорху", "ABCEHIKMOPTXYaceiopxy")
_CYRILLIC_LETTER, _LATIN_LETTER = re.compile("[\u0400-\u052f]"), re.compile("[A-Za-z]")
_WORD = re.compile(r"\w+")


# Letters of our own, and what has no look of its own: joiners, marks of direction, soft hyphens, NUL and the like.
_FOREIGN = re.compile("[^\x00-\x7fšžč]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)

MOST_SPELLINGS = 6
_READ_DIFFERENTLY = (
    (re.compile("[jJ]"), ("ž",)),
    (re.compile("(?<![tTsS])[cC](?![hHkKzZ])"), ("k", "dž")),
    (re.compile("ج"), ("g",)),
    (re.compile(r"(?<!\w)و(?=\w\w)"), ("v",)),
    (re.compile(r"(?<!\w)ال(?=\w\w\w)"), ("",)),
)


def fold(text: str) -> str:
    """The one spelling, words separated by single spaces; empty when no letter or digit is left."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if _CYRILLIC_LETTER.search(text) and _LATIN_LETTER.search(text):
        text = _WORD.sub(_without_look_alikes, text)
    # What a rule leaves may begin another one.
    while not _SETTLED.fullmatch(text) and (folded := _once(text)) != text:
        text = folded
    return text


def tokens(text: str) -> list[str]:
    """The words of the fold: a double-barrelled name gives two."""
    return fold(text).split()


def spellings(word: str) -> tuple[str, ...]:
    """The fold, then those it would have if a letter that is read differently here and there were meant otherwise.

    J is й in ISO 9 and ж in Turkish newspapers; ج stands for ж, дж and г; و, Turkish c and an article have two readings too.
    """
    readings = [word]
    for letter, others in _READ_DIFFERENTLY:
        if letter.search(word):
            readings += [letter.sub(other, reading) for reading in readings for other in others]
    return tuple(dict.fromkeys(filter(None, map(fold, readings[:MOST_SPELLINGS]))))


def seen_as(number: str) -> tuple[str, str]:
    """With those of its letters in Latin, and in Cyrillic, that look alike in both: nobody sees which a document has."""
    number = number.upper()
    return number.translate(_LOOKS_LATIN), number.translate(_LOOKS_CYRILLIC)


def _once(text: str) -> str:
    if text.isascii():
        text = text.lower().translate(_LETTERS)
    else:
        text = unicodedata.normalize("NFC", text.casefold()).translate(_LETTERS)
        text = _FOREIGN.sub(_without_marks, text)
    text = _SEPARATOR.sub(" ", text).strip()
    text = _CLUSTER.sub(_sound, text)
    text = _DOUBLED.sub(r"\1", _I_BEFORE_E.sub("e", text))
    return _FEMININE_ADJECTIVE.sub("a", text)


def _sound(found: re.Match[str]) -> str:
    return "k" if found[1] else _CLUSTERS[found[0]]


def _without_marks(found: re.Match[str]) -> str:
    letter = found[0]
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


def _without_look_alikes(found: re.Match[str]) -> str:
    """A word of two alphabets is a word of the one it has more of."""
    word = found[0]
    cyrillic, latin = len(_CYRILLIC_LETTER.findall(word)), len(_LATIN_LETTER.findall(word))
    if not (cyrillic and latin):
        return word
    return word.translate(_LOOKS_CYRILLIC if cyrillic >= latin else _LOOKS_LATIN)
