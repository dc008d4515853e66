"""Who of a registry stands on a list: two CSV files in, one out, no database."""

import csv
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from people.matching.csv_files import FOUND, LIST, REGISTRY, lines
from people.matching.reconciling import Found, reconcile

WORTH_SHARING = 2_000_000  # bytes
MOST_PROCESSES = 4


class Command(BaseCommand):
    help = "Write the likeliest persons of --registry for each row of --list to --out, with scores; higher is likelier."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--registry", type=Path, required=True, metavar="CSV", help=", ".join(REGISTRY))
        parser.add_argument("--list", type=Path, required=True, metavar="CSV", help=", ".join(LIST))
        parser.add_argument("--out", type=Path, required=True, metavar="CSV", help=", ".join(FOUND))

    def handle(self, *, registry: Path, out: Path, **options: Any) -> None:
        rows = lines(options["list"], LIST)
        try:
            write(out, reconcile(rows, lambda: lines(registry, REGISTRY), processes=processes_for(registry)))
        except DomainError as refused:
            raise CommandError(f"{refused} Nothing was written.") from None
        except OSError as error:
            raise CommandError(f"Cannot write {out}: {error.strerror}.") from error


def processes_for(registry: Path) -> int:
    """As many as there are cores for a registry that is worth sharing out, where processes can be forked."""
    if "fork" not in multiprocessing.get_all_start_methods() or sys.platform == "darwin":
        return 1
    try:
        is_large = registry.stat().st_size > WORTH_SHARING
    except OSError:
        return 1  # whoever reads it will say so
    return min(os.cpu_count() or 1, MOST_PROCESSES) if is_large else 1


def write(out: Path, found: Iterable[Found]) -> None:
    """The whole file or none: what stood there stays until the last row is known."""
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(FOUND)
            writer.writerows((one.row_id, one.candidate_id, f"{one.score:.3f}") for one in found)
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
