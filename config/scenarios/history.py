"""The public record: exchanges and talks as the press reported them, from the files of the project."""

from django.db import transaction

from exchanges.public_record import read_exchanges
from negotiations.public_record import read_talks, replace_public_record


@transaction.atomic
def seed() -> str:
    """Any number of times, into any database. Raises RecordRefused, naming lines and columns, before anything changes."""
    exchanges, talks = read_exchanges(), read_talks()
    changed = [replace_public_record(exchanges), replace_public_record(talks)]
    said = f"The public record: {len(exchanges)} exchanges, {len(talks)} rounds of talks"
    return f"{said}." if any(changed) else f"{said}, unchanged."
