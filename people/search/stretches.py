"""Bounded stretches of the index, several read in one statement.

Written by hand: the ORM cannot read so many rows of a stretch first and look at the rest of a key afterwards, and it makes
one condition of several stretches, for which PostgreSQL reads the table instead of the index and sorts what it finds.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models import Q

from people.models import SearchKey

END = "~"  # after every letter and digit of a key, which are ASCII
READ = 50_000  # rows of one stretch, of which those are kept that hold what they must

Row = tuple[str, int, uuid.UUID]  # key, place, person
Held = tuple[str, str]  # "contains" or "endswith", and what


@dataclass(frozen=True, slots=True)
class Way:
    """Keys from `start` until before `end` that hold one of each group of `holds`."""

    start: str
    end: str
    holds: tuple[tuple[Held, ...], ...] = ()
    place: int | None = None

    def condition(self) -> Q:
        """For a query that is asked otherwise."""
        found = Q(key__gte=self.start, key__lt=self.end)
        for group in self.holds:
            found &= any_of(Q(**{f"key__{how}": text}) for how, text in group)
        return found if self.place is None else found & Q(place=self.place)


def from_start(start: str) -> Way:
    return Way(start, start + END)


def as_first_word(word: str) -> Way:
    """Keys whose first word is this one, whole."""
    return Way(word, word + "!")  # what follows a blank and nothing else


def any_of(conditions: Iterable[Q]) -> Q:
    together = Q()
    for condition in conditions:
        together |= condition
    return together


_TABLE = SearchKey._meta.db_table


def read(compartment: uuid.UUID, ways: Sequence[Way], most: int) -> list[Row]:
    """In the order of the keys, of each way the first so many; a row that two ways find comes twice."""
    if not ways:
        return []
    half = _sent(compartment)
    parts, params = [], []
    for way in ways:
        part, of_part = _select(half, way, most)
        parts.append(part)
        params += of_part
    return _rows(f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS found ORDER BY 1, 3", params)  # noqa: S608


def read_any(
    compartment: uuid.UUID, starts: Sequence[str], holds: tuple[tuple[Held, ...], ...], most: int
) -> list[Row]:
    """The first so many that begin with any of these: there are dozens, and few or no keys in each."""
    stretches = " OR ".join(["(key >= %s AND key < %s)"] * len(starts))
    held, params = _held(holds)
    where = " AND ".join(["compartment_id = %s", f"({stretches})", *held])
    bounds = [bound for start in starts for bound in (start, start + END)]
    return _rows(
        f"SELECT key, place, person_id FROM {_TABLE} WHERE {where} ORDER BY 1, 3 LIMIT %s",  # noqa: S608
        [_sent(compartment), *bounds, *params, most],
    )


def sizes(compartment: uuid.UUID, of_words: Sequence[Sequence[Way]], most: int) -> list[int]:
    """How many keys lie in the stretches of each word, counted up to so many each."""
    half, parts, params = _sent(compartment), [], []
    for number, ways in enumerate(of_words):
        for way in ways:
            parts.append(
                f"SELECT %s AS word, count(*) AS keys FROM (SELECT 1 FROM {_TABLE} "  # noqa: S608
                "WHERE compartment_id = %s AND key >= %s AND key < %s LIMIT %s) AS stretch"
            )
            params += [number, half, way.start, way.end, most]
    found = [0] * len(of_words)
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), params)
            for word, keys in cursor.fetchall():
                found[int(word)] += keys
    return found


def _select(half: Any, way: Way, most: int) -> tuple[str, list[Any]]:
    held, params = _held(way.holds)
    if way.place is not None:
        held.append("place = %s")
        params.append(way.place)
    stretch = (
        f"SELECT key, place, person_id FROM {_TABLE} WHERE compartment_id = %s AND key >= %s AND key < %s "  # noqa: S608
        "ORDER BY key, person_id LIMIT %s"
    )
    within = [half, way.start, way.end]
    if not held:
        return f"SELECT * FROM ({stretch}) AS way", [*within, most]  # noqa: S608
    kept = f"SELECT * FROM ({stretch}) AS stretch WHERE {' AND '.join(held)} LIMIT %s"  # noqa: S608
    return f"SELECT * FROM ({kept}) AS way", [*within, READ, *params, most]  # noqa: S608


def _held(holds: tuple[tuple[Held, ...], ...]) -> tuple[list[str], list[Any]]:
    conditions = [f"({' OR '.join(['key LIKE %s'] * len(group))})" for group in holds]
    return conditions, [_pattern(how, text) for group in holds for how, text in group]


def _pattern(how: str, text: str) -> str:
    """Keys are letters, digits and blanks: nothing in them has a meaning of its own for LIKE."""
    return f"%{text}%" if how == "contains" else f"%{text}"


def _sent(compartment: uuid.UUID) -> Any:
    return models.UUIDField().get_db_prep_value(compartment, connection)


def _rows(sql: str, params: list[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(_read(cursor.fetchall()))


def _read(rows: Iterable[Sequence[Any]]) -> Iterator[Row]:
    for key, place, person in rows:
        yield key, place, person if isinstance(person, uuid.UUID) else uuid.UUID(person)
