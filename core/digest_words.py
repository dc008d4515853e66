"""Digests in words, to be compared aloud and on paper.

The lists are a promise: a word moved or replaced changes what a digest already printed reads as.
"""

import re
from functools import cache
from pathlib import Path

WORD_LISTS = Path(__file__).parent / "words"
LANGUAGES = ("en", "uk", "ar")
WORDS_IN_A_DIGEST = 8


def words(digest_hex: str, language: str = "en") -> list[str]:
    """Return a word for each of the first 8 bytes; English unless we have the language. Raise ValueError."""
    if not re.fullmatch("[0-9a-fA-F]{64}", digest_hex):
        raise ValueError("A digest is 64 hexadecimal digits.")
    main_language = language.lower().partition("-")[0]
    listed = _listed(WORD_LISTS / f"{main_language if main_language in LANGUAGES else 'en'}.txt")
    return [listed[byte] for byte in bytes.fromhex(digest_hex)[:WORDS_IN_A_DIGEST]]


@cache
def _listed(path: Path) -> tuple[str, ...]:
    """Return the file's words, or raise RuntimeError: with a word missing or double, two digests may read alike."""
    listed = tuple(path.read_text(encoding="utf-8").splitlines())
    distinct = {word.casefold() for word in listed if word and word == word.strip()}
    if len(listed) != 256 or len(distinct) != 256:
        raise RuntimeError(
            f"{path} must hold 256 distinct words, one a line: "
            f"it has {len(listed)} lines, {len(distinct)} distinct words."
        )
    return listed
