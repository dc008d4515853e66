"""Canonical bytes and hashes of a log (RULES section 2). `verify_log.py` says the same once more, on its own."""

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Any

FORMAT = "homeward event 1"
EXPORT_FORMAT = "homeward log 1"
FIRST_PREVIOUS = "0" * 64
SALT_BYTES = 16


def canonical(value: Any) -> bytes:
    """RFC 8785 for what events hold: text, whole numbers, booleans, null, lists and objects with ASCII keys."""
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("events hold no floats: their text differs between languages")
    if isinstance(value, dict):
        for key, item in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise TypeError(f"event keys are ASCII text, not {key!r}")
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_salt() -> str:
    return secrets.token_hex(SALT_BYTES)


def commitment(salt_hex: str, content: bytes) -> str:
    return hashlib.sha256(bytes.fromhex(salt_hex) + content).hexdigest()


def event_hash(
    *, compartment: str, position: int, kind: str, at: str, actor: str, subject: str, previous: str, commitment: str
) -> str:
    fields = [FORMAT, compartment, position, kind, at, actor, subject, previous, commitment]
    return hashlib.sha256(canonical(fields)).hexdigest()
