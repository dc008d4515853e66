"""Blocking keys: two records that share none are never compared.

Nine a person, and one for each further number of theirs, each made of what typos, scripts and gaps leave alone together: the
family name's consonants alone, with the first name, with the father's, with the year; the two other names with the year; for a
family name that is misspelt, its beginning or its end with the two other names; the birth date, its day and month in either
order; the service number; any other number with its kind.
"""

import hashlib
import unicodedata
from collections.abc import Iterator

from people.matching.record import Day, Parts, Read

MOST_HOLDERS = 1_500  # a key that more persons hold finds nobody
HALF = 3  # consonants


def keys_of(person: Read) -> set[str]:
    """As stored for a person, and as sought for a row: whoever is read in two ways has the keys of both."""
    keys = set(_keys_without_name(person))
    for parts, _swapped in person.names:
        keys.update(keys_of_name(parts, person.born))
    return keys


def keys_of_name(parts: Parts, born: Day) -> Iterator[str]:
    family, given, patronymic = parts
    g = given.given_key if given is not None and not given.is_initial else ""
    p = patronymic.father if patronymic is not None else ""
    year = born[0]
    if g and p and year:
        yield f"gp|{g}|{p}|{year}"
    if family is None or family.is_initial:
        return
    for bones in family.bones:
        yield f"f|{bones}"
        if g:
            yield f"fg|{bones}|{g}"
        if p:
            yield f"fp|{bones}|{p}"
        if year:
            yield f"fy|{bones}|{year}"
        if g and p:
            yield f"a|{bones[:HALF]}|{g}|{p}"
            yield f"z|{bones[-HALF:]}|{g}|{p}"


def birth_key(born: Day) -> str:
    """The whole date, which finds without a name; empty unless it is whole."""
    year, month, day = born
    return f"d|{year}.{min(day, month)}.{max(day, month)}" if day else ""


def digits_of(number: str) -> str:
    """Its digits, as 0 to 9 whatever the script."""
    digits = "".join(filter(str.isdecimal, number))
    return digits if digits.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in digits)


def _keys_without_name(person: Read) -> Iterator[str]:
    if key := birth_key(person.born):
        yield key
    if len(digits := digits_of(person.number)) > 3:
        yield f"n|{digits}"
    for kind, number in person.numbers:
        yield f"i|{kind}|{number}"


def hashed(key: str) -> int:
    """As the database keeps it: 63 bits, so that both kinds of database can."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") >> 1
