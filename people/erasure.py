"""Whom to know again after an erasure: keyed hashes of numbers and names, which tell nothing without the key.

`was_erased(record, compartment)` is asked by whatever brings people in. Its answer is a question for a person, never a
refusal: a namesake has the same name.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from django.conf import settings
from django.utils.encoding import force_bytes

from access.models import Compartment
from core.folding import tokens
from people.models import ErasedKey

Kind = ErasedKey.Kind
PURPOSE = b"homeward erased person 1"


class Known(Protocol):
    """What is known of somebody who comes in: as `people.matching.Record` has it."""

    @property
    def family(self) -> str: ...
    @property
    def given(self) -> str: ...
    @property
    def patronymic(self) -> str: ...
    @property
    def birth_date(self) -> str: ...
    @property
    def service_number(self) -> str: ...
    @property
    def other_names(self) -> Iterable[tuple[str, str, str]]: ...


def was_erased(record: Known, compartment: Compartment) -> list[str]:
    """In which ways this is somebody whose data were erased here, the surest first; empty for everybody else.

    `number` and `name_and_date` are as good as certain, `name` alone may be a namesake's.
    """
    said = list(asked(_names(record), record.birth_date, [record.service_number]))
    hashes = {digest: kind for kind, text in said for _key_id, digest in hashed(kind, text)}
    rows = ErasedKey.objects.unscoped("yes or no, in the compartment that is written to").filter(
        compartment=compartment, hash__in=hashes
    )
    found = {hashes[digest] for digest in rows.values_list("hash", flat=True)}
    return [kind for kind in Kind.values if kind in found]


def phrases(names: Iterable[tuple[str, ...]], birth_date: str, numbers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each number, and each name with the birth date and without."""
    for number in numbers:
        if plain := "".join(plain_words(number)):
            yield Kind.NUMBER, plain
    for name in _called(names):
        if birth_date:
            yield Kind.NAME_AND_DATE, f"{name} {birth_date}"
        yield Kind.NAME, name


def kept(names: Sequence[tuple[str, ...]], birth_date: str, numbers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What the keys are made of: also how the date may be told less exactly, and that there was none."""
    yield from phrases(names, birth_date, numbers)
    for name in _called(names):
        for less in _less_exact(birth_date):
            yield Kind.NAME_AND_DATE, f"{name} within {less}"
        if not birth_date:
            yield Kind.NAME, f"{name} undated"


def asked(names: Sequence[tuple[str, ...]], birth_date: str, numbers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """By what somebody who comes in may be known: dates that may be the same day count, a name alone where one has no date."""
    for kind, text in phrases(names, birth_date, numbers):
        if kind != Kind.NAME or not birth_date:
            yield kind, text
    if not birth_date:
        return
    for name in _called(names):
        yield Kind.NAME_AND_DATE, f"{name} within {birth_date}"
        for less in _less_exact(birth_date):
            yield Kind.NAME_AND_DATE, f"{name} {less}"
        yield Kind.NAME, f"{name} undated"


def _less_exact(birth_date: str) -> list[str]:
    return [birth_date[:length] for length in (4, 7) if length < len(birth_date)]


def _called(names: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for parts in names:
        # As written, and as it sounds in any script; should folding ever change, the first still knows them.
        for words in (plain_words, tokens):
            said = sorted(word for part in parts[:2] for word in words(part))
            if len(said) < 2:
                continue  # one word alone is nobody's name
            yield f"{words.__name__} {' '.join(said)}"


def hashed(kind: str, text: str) -> list[tuple[str, str]]:
    """Under each key that is configured, the one for new hashes first: which key, and the hash."""
    return [
        (hashlib.sha256(PURPOSE + key).hexdigest()[:16],
         hmac.new(key, PURPOSE + b"\0" + f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest())
        for key in keys()
    ]  # fmt: skip


def keys() -> list[bytes]:
    """FIELD_KEYS, else the secret key. A key once used has to stay in the list: nothing can be hashed anew."""
    return [force_bytes(key) for key in settings.FIELD_KEYS or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]]


def keys_lost() -> bool:
    """Whether somebody was erased under a key that is not configured any more: they would come back unnoticed."""
    present = {hashlib.sha256(PURPOSE + key).hexdigest()[:16] for key in keys()}
    return ErasedKey.objects.unscoped("which keys, of nobody").exclude(key_id__in=present).exists()


def plain_words(text: str) -> list[str]:
    """Words without case, accents and signs, in their own script."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in bare).split()


def _names(record: Known) -> list[tuple[Any, ...]]:
    return [(record.family, record.given, record.patronymic), *record.other_names]
