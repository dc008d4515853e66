"""The digest of a list of 10,000 lines over bare SHA-256 of the same lines as ready bytes."""

import hashlib
from typing import Any

import orjson

from benchmarks.database import head
from benchmarks.measuring import Bench, Figure, median, turn_by_turn
from exchanges.digests import line_digest, list_digest
from exchanges.models import Entry

NAME = "list_digest"
ABOUT = "list digest of 10,000 entries over bare SHA-256 <= 5"
NEEDS: tuple[str, ...] = ()
GOAL = 5.0


def measure(bench: Bench) -> list[Figure]:
    entries = list(Entry.objects.visible_to(head()).order_by("pk")[: bench.sizes.digest_lines])
    stored = [(str(entry.pk), _digest(entry)) for entry in entries]
    ready = orjson.dumps([_array(entry) for entry in entries])
    runs = bench.sizes.runs
    from_stored, from_entries, bare = turn_by_turn(
        runs,
        lambda: list_digest(stored),
        lambda: list_digest([(str(entry.pk), _digest(entry)) for entry in entries]),
        lambda: hashlib.sha256(ready).hexdigest(),
    )
    return [
        Figure("list digest from stored lines", "ms", median(from_stored), median(bare), "SHA-256", runs, len(entries), GOAL),
        Figure("list digest, every line anew", "ms", median(from_entries), median(bare), "SHA-256", runs, len(entries)),
    ]  # fmt: skip


def _digest(entry: Entry) -> str:
    return line_digest(entry, entry_id=entry.pk, number=entry.number, direction_id=entry.direction_id)


def _array(entry: Entry) -> list[Any]:
    return [
        str(entry.pk), entry.number, str(entry.direction_id), entry.family, entry.given, entry.patronymic, entry.birth_date,
        entry.rank, entry.service_number, entry.category,
    ]  # fmt: skip
