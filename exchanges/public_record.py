"""The exchanges of the public record, from the project's file into rows."""

from pathlib import Path

from core.record_files import RecordLine, read_record
from exchanges.models import PublicExchange, PublicKind
from negotiations.public_record import mediator_in

FILE = Path(__file__).parent / "data" / "exchanges_ru_ua.csv"
COLUMNS = (
    "date", "returned_to_ukraine", "returned_to_russia", "civilians_if_known", "mediator", "place", "notes", "source_url",
)  # fmt: skip
COUNTS = ("returned_to_ukraine", "returned_to_russia", "civilians_if_known")

# How a note of the file begins where the line tells of no completed exchange.
KINDS = {"NOT an exchange:": PublicKind.NO_EXCHANGE, "DID NOT TAKE PLACE:": PublicKind.DID_NOT_TAKE_PLACE}


def read_exchanges(file: Path | None = None) -> list[PublicExchange]:
    return read_record(file or FILE, COLUMNS, _exchange)


def _exchange(line: RecordLine) -> PublicExchange:
    kind, notes = _kind(line.text("notes", 500))
    to_ukraine, to_russia, civilians = (line.count(column) for column in COUNTS)
    for column, number in zip(COUNTS, (to_ukraine, to_russia, civilians), strict=True):
        if kind != PublicKind.EXCHANGE and number is not None:
            line.fault(column, "nobody is counted where there was no exchange: leave it blank")
    if None not in (to_ukraine, to_russia, civilians) and civilians > max(to_ukraine, to_russia):  # type: ignore
        line.fault("civilians_if_known", "these are more civilians than people")
    return PublicExchange(
        line=line.number, kind=kind, held_on=line.partial_date("date"), returned_to_ukraine=to_ukraine,
        returned_to_russia=to_russia, civilians=civilians, mediator=mediator_in(line, "mediator", 160),
        place=line.text("place", 160), notes=notes, sources=line.sources("source_url"),
    )  # fmt: skip


def _kind(notes: str) -> tuple[str, str]:
    """The kind, and the note without the words that said so."""
    for words, kind in KINDS.items():
        if notes.startswith(words):
            rest = notes.removeprefix(words).strip()
            return kind, rest[:1].upper() + rest[1:]
    return PublicKind.EXCHANGE, notes
