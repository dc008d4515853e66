"""How a Ukrainian or Russian name is written elsewhere, straight from each standard's own table; for measuring alone.

Written without a look at `core.folding`, which has to find these spellings the same: KMU 2010 (resolution 55), BGN/PCGN 1965
(Ukrainian) and 1947 (Russian), ISO 9:1995, ICAO Doc 9303 (Russian passports since 2013), Turkish newspapers, Arabic ones.
"""

from collections.abc import Callable, Mapping
from random import Random

VOWELS = set("аеєиіїоуюяёыэАЕЄИІЇОУЮЯЁЫЭ")


def _table(letters: str, latin: str) -> dict[str, str]:
    return dict(zip(letters, latin.split(), strict=True))


KMU = _table("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя'",
    "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch _ iu ia _")  # fmt: skip
KMU_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
BGN_UKRAINIAN = _table("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя'",
    "a b v h g d e ye zh z y i yi y k l m n o p r s t u f kh ts ch sh shch ’ yu ya ”")  # fmt: skip
BGN_RUSSIAN = _table("абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "a b v g d e ë zh z i y k l m n o p r s t u f kh ts ch sh shch ” y ’ e yu ya")  # fmt: skip
ISO_9 = _table("абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюя'",
    "a b v g g̀ d e ê ë ž z i ì ï j k l m n o p r s t u f h c č š ŝ ʺ y ʹ è û â ’")  # fmt: skip
PASSPORT = _table("абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y _ e iu ia")  # fmt: skip
NEWSPAPER = _table("абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюя'",
    "a b v g g d e ye yo zh z i i i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya _")  # fmt: skip
TURKISH = _table("абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюя'",
    "a b v g g d e ye yo j z i i i y k l m n o p r s t u f h ts ç ş şç _ ı _ e yu ya _")  # fmt: skip
ARABIC = _table("абвгґдежзийклмнопрстуфхцчшщыэіюяєїё",
    "ا ب ف غ غ د ي ج ز ي ي ك ل م ن و ب ر س ت و ف خ تس تش ش شتش ي ي ي يو يا ي ي يو")  # fmt: skip


def kmu_2010(text: str, _rng: Random) -> str:
    return _written(text.lower().replace("зг", "з\0"), KMU | {"\0": "gh"}, KMU_FIRST)


def bgn_ukrainian(text: str, rng: Random) -> str:
    return _without_marks(_written(text.lower(), BGN_UKRAINIAN), rng)


def bgn_russian(text: str, rng: Random) -> str:
    text, written, before = text.lower(), "", ""
    for letter in text:
        plain = BGN_RUSSIAN.get(letter, letter)
        if letter in "её" and (not before or before in VOWELS or before in "йъь"):
            plain = "y" + plain
        written, before = written + plain, letter
    return _without_marks(_titled(written), rng)


def iso_9(text: str, rng: Random) -> str:
    return _without_marks(_written(text.lower(), ISO_9), rng)


def passport_2013(text: str, _rng: Random) -> str:
    return _written(text.lower(), PASSPORT)


def newspaper(text: str, rng: Random) -> str:
    """As English papers do: -ий becomes -y, ё and й are taken lightly."""
    text = text.lower()
    if rng.random() < 0.6:
        text = text.removesuffix("ий").removesuffix("ый") + "ы" if text.endswith(("ий", "ый")) else text
    return _written(text, NEWSPAPER | {"ё": rng.choice(["yo", "e", "io"])})


def turkish(text: str, rng: Random) -> str:
    text = text.lower()
    if text.endswith(("ий", "ый")):
        text = text[:-2] + "и"
    latin = "".join(TURKISH.get(letter, letter).replace("_", "") for letter in text)
    if rng.random() < 0.5:
        latin = latin.replace("ı", "i")
    first = {"i": "İ", "ı": "I"}.get(latin[:1], latin[:1].upper())
    return first + latin[1:]


def arabic(text: str, rng: Random) -> str:
    """As Arabic newspapers do it: unstressed vowels come and go, г is غ, ج or ه, a name may begin with أ, إ or ا."""
    text = text.lower()
    written = ""
    for place, letter in enumerate(text):
        if letter in "ьъ'":
            continue
        if place == 0 and letter in "аоеиіеєэ":
            written += {"а": rng.choice("أا"), "о": rng.choice(["أو", "أ"])}.get(letter, rng.choice(["إي", "إ", "ي"]))
            continue
        if letter in "аеиіо" and 0 < place < len(text) - 1 and rng.random() < (0.45 if letter in "ео" else 0.25):
            continue
        if letter in "гґ":
            written += rng.choice(["غ", "غ", "ج", "ه"])
            continue
        written += ARABIC.get(letter, letter)
    return written


def _written(text: str, table: Mapping[str, str], at_word_start: Mapping[str, str] | None = None) -> str:
    latin = [table.get(letter, letter) for letter in text]
    if text and at_word_start:
        latin[0] = at_word_start.get(text[0], latin[0])
    return _titled("".join(latin).replace("_", ""))


def _titled(text: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in text.split("-"))


def _without_marks(text: str, rng: Random) -> str:
    """Soft and hard signs are left out as often as not."""
    return text if rng.random() < 0.5 else text.translate(str.maketrans("", "", "’”ʹʺ"))


Romaniser = Callable[[str, Random], str]
UKRAINIAN: Mapping[str, Romaniser] = {
    "KMU 2010": kmu_2010, "BGN/PCGN": bgn_ukrainian, "ISO 9": iso_9, "newspaper": newspaper, "Turkish": turkish,
    "Arabic": arabic,
}  # fmt: skip
RUSSIAN: Mapping[str, Romaniser] = {
    "passport 2013": passport_2013, "BGN/PCGN": bgn_russian, "ISO 9": iso_9, "newspaper": newspaper, "Turkish": turkish,
    "Arabic": arabic,
}  # fmt: skip
