"""What an operation may refuse with: every message is a sentence that its reader may see. And what a log may say of an error that
is nobody's refusal.
"""

import traceback
from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A refusal in one sentence; the API answers 409, a page shows it at the form."""

    code = "refused"
    status = 409

    def __init__(self, sentence: object, *, errors: Mapping[str, Sequence[object]] | None = None) -> None:
        super().__init__(str(sentence))
        self.sentence = str(sentence)
        self.errors = {field: [str(message) for message in messages] for field, messages in (errors or {}).items()}


class TransitionRefused(DomainError):
    """The life cycle does not allow this step now, or not to this actor."""


class InputRefused(DomainError):
    """What was typed cannot be taken; `errors` names each field with its sentences."""

    code = "invalid_input"
    status = 400


class StaleVersion(DomainError):
    """The caller worked from an older state than the present one."""

    code = "stale_version"
    status = 412


class RecordedRefusal(DomainError):
    """A refusal that leaves an event on purpose: the operation commits before this is raised (RULES row 34)."""


PLACES_TOLD = 6


def place_of(error: BaseException) -> str:
    """For the operator: what it was and in which lines. Its words may hold what stands in a row."""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES_TOLD:]
    return " < ".join([type(error).__name__, *(f"{one.filename}:{one.lineno}" for one in reversed(frames))])
