"""The life of an import: what people do with it. What a worker does then follows (`operations.imports.work_on`)."""

from django.utils.translation import gettext_lazy as _

from access.roles import May
from core.lifecycle import Attempt, Reading, Text, Transition
from people.models import ImportStatus

S = ImportStatus


def somebody_is_to_be_taken(attempt: Attempt) -> Text:
    return "" if attempt.asks_only or attempt.known else _("No row is ticked that could be taken in.")


def the_file_is_kept(attempt: Attempt) -> Text:
    """A file that was refused for what it is was removed; one that could not be read for our own fault is here."""
    return "" if attempt.subject.fault == "gave_up" else _("The file was not kept: send in another one.")


def _step(
    row: int, step: str, label: Text, sources: set[str], target: str, event: str, *, guards: tuple = (), asks_first: bool = False  # type: ignore[type-arg]
) -> Transition:  # fmt: skip
    return Transition(
        row, step, label, frozenset(map(str, sources)), str(target), (str(May.IMPORT_PEOPLE),), event, "own side", guards,
        asks_first=asks_first,
    )  # fmt: skip


TRANSITIONS = {
    one.step: one
    for one in (
        _step(1, "check", _("Check the rows"), {S.MAPPING, S.PREVIEW, S.UNDONE}, S.CHECKING, "import.mapped"),
        _step(2, "commit", _("Take in what is ticked"), {S.PREVIEW, S.COMMITTED}, S.COMMITTING, "import.commit_begun",
              guards=(somebody_is_to_be_taken,)),
        _step(3, "undo", _("Undo this import"), {S.COMMITTED}, S.UNDOING, "import.undo_begun", asks_first=True),
        _step(4, "discard", _("Lay this import aside"), {S.REFUSED, S.MAPPING, S.PREVIEW, S.UNDONE}, S.DISCARDED,
              "import.discarded", asks_first=True),
        _step(9, "read", _("Read the file again"), {S.REFUSED}, S.READING, "import.read_again", guards=(the_file_is_kept,)),
    )
}  # fmt: skip

READINGS = (
    Reading(5, "the file is read", (S.READING,), (S.MAPPING, S.REFUSED)),
    Reading(6, "every row is checked", (S.CHECKING,), (S.PREVIEW, S.MAPPING)),
    Reading(7, "every ticked row is taken in", (S.COMMITTING,), (S.COMMITTED, S.PREVIEW)),
    Reading(8, "every row is undone", (S.UNDOING,), (S.UNDONE, S.COMMITTED)),
)
