"""Blocking keys: two records that share none are never compared.

About ten a person, each made of what typos, scripts and gaps leave alone together: the family name's consonants with the
first name, with the father's, with the year, with day and month in either order; the birth date alone; the service
number; and for a family name that is misspelt, its beginning or its end with the two other names, or those with the date.
"""

import hashlib
from collections.abc import Iterable, Iterator

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
    year, month, day = born
    g = given.given_key if given is not None and not given.is_initial else ""
    p = patronymic.father if patronymic is not None and not patronymic.is_initial else ""
    when = (f"m{min(day, month)}.{max(day, month)}" if day else "", f"y{year}" if year else "")
    if g and p:
        yield from (f"gp|{g}|{p}|{one}" for one in when if one)
    if family is None or family.is_initial:
        return
    for bones in family.bones:
        yield f"f|{bones}"
        if g:
            yield f"fg|{bones}|{g}"
        if p:
            yield f"fp|{bones}|{p}"
        if g and p:
            yield f"a|{bones[:HALF]}|{g}|{p}"
            yield f"z|{bones[-HALF:]}|{g}|{p}"
        yield from (f"f|{bones}|{one}" for one in when if one)


def _keys_without_name(person: Read) -> Iterator[str]:
    year, month, day = person.born
    if day:
        yield f"d|{year}.{min(day, month)}.{max(day, month)}"
    if len(digits := "".join(filter(str.isdigit, person.number))) > 3:
        yield f"n|{digits}"


def hashed(keys: Iterable[str]) -> list[int]:
    """As the database keeps them: 63 bits, so that both kinds of database can."""
    return sorted(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") >> 1 for key in keys)
