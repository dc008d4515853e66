"""Draw the life cycles into docs/life-cycles.md from the tables; a test holds the file against them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from core.lifecycle import mermaid
from exchanges.transitions import exchange, sign_off, tranche

FILE = settings.BASE_DIR / "docs" / "life-cycles.md"
OPENING = """# Life cycles

Generated from `exchanges/transitions/` by `manage.py diagrams`; a test fails when this file is older than the tables.
Steps in brackets are readings: nobody takes them.
"""


def document() -> str:
    parts = [OPENING]
    with translation.override("en"):
        for title, table in (("Exchange", exchange), ("Tranche", tranche), ("Sign-off step", sign_off)):
            picture = mermaid(title, table.TRANSITIONS.values(), table.READINGS)
            parts.append(f"## {title}\n\n```mermaid\n{picture}```\n\n{_table(table.TRANSITIONS.values())}")
    return "\n".join(parts)


def _table(transitions: Any) -> str:
    lines = ["| step | shown as | from | capability | event | told |", "|---|---|---|---|---|---|"]
    for row in transitions:
        sources, may = ", ".join(sorted(row.sources)), ", ".join(row.may)
        lines.append(f"| {row.step} | {row.label} | {sources} | {may} | {row.event} | {row.told.replace('_', ' ')} |")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    help = "Write docs/life-cycles.md; --check only compares."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options: Any) -> None:
        path: Path = FILE
        if check:
            stale = not path.exists() or path.read_text() != document()
            self.stdout.write("stale" if stale else "current")
            return
        path.write_text(document())
