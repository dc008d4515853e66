"""What is signed, as bytes (RULES section 2): fixed arrays, NFC text, null for unknown, UTF-8, no spaces."""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson


class Identified(Protocol):
    """What a line digest covers; a blank field is unknown."""

    family: str
    given: str
    patronymic: str
    birth_date: str
    rank: str
    service_number: str
    category: str


def _text(value: str) -> str | None:
    return unicodedata.normalize("NFC", value) or None


def line_digest(line: Identified, *, entry_id: object, number: int, direction_id: object) -> str:
    """Hex SHA-256 of one line of a list or manifest."""
    array = [
        str(entry_id), number, str(direction_id), _text(line.family), _text(line.given), _text(line.patronymic),
        _text(line.birth_date), _text(line.rank), _text(line.service_number), _text(line.category),
    ]  # fmt: skip
    return hashlib.sha256(b"homeward line 1\n" + orjson.dumps(array)).hexdigest()


def frame_digest(frame: Sequence[Any]) -> str:
    """Hex SHA-256 of the frame: counts, categories, date, place, conspicuous entries and the finals' offices."""
    return hashlib.sha256(b"homeward frame 1\n" + orjson.dumps(frame)).hexdigest()


def names_digest(frame_hex: str, lines: Iterable[tuple[str, str]]) -> str:
    """Hex SHA-256 of the frame and of every line, `(entry id, line digest)`, in the order of the entry ids."""
    ordered = "".join(digest for _, digest in sorted(lines))
    return hashlib.sha256(b"homeward names 1\n" + frame_hex.encode() + ordered.encode()).hexdigest()


def list_digest(lines: Iterable[tuple[str, str]]) -> str:
    """Hex SHA-256 of a revision: its line digests in the order of the entry ids."""
    ordered = "".join(digest for _, digest in sorted(lines))
    return hashlib.sha256(b"homeward list 1\n" + ordered.encode()).hexdigest()
