"""Write one compartment's log as JSON Lines. For operators of the server: who reads it offline checks it with verify_log.py."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.models import Compartment
from audit.export import lines_of
from audit.models import Log


class Command(BaseCommand):
    help = "Export a compartment's log to FILE, by its id or its name; --list names them, one a line, id first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("compartment", nargs="?")
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--list", action="store_true", help="list the compartments, one a line, id first")

    def handle(self, *, compartment: str | None, file: Path | None, **options: Any) -> None:
        if options["list"]:
            self._list()
            return
        if compartment is None or file is None:
            raise CommandError("Name a compartment and a file, or ask with --list.")
        found = self._find(compartment)
        try:
            with file.open("wb") as out:
                out.writelines(lines_of(found))
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error.strerror}.") from error

    def _find(self, told: str) -> Compartment:
        rows = Compartment.objects.unscoped("a command of the server's operators")
        try:
            return rows.get(pk=told)
        except (Compartment.DoesNotExist, ValidationError, ValueError):
            pass
        named = list(rows.filter(name=told)[:2])
        if not named:
            raise CommandError(f"There is no compartment {told}.")
        if len(named) > 1:
            raise CommandError(f"Several compartments are called {told}. Name one by its id; --list shows them.")
        return named[0]

    def _list(self) -> None:
        positions = dict(Log.objects.unscoped("a command of the server's operators").values_list("pk", "position"))
        for row in Compartment.objects.unscoped("a command of the server's operators").order_by("kind", "name", "pk"):
            self.stdout.write(f"{row.pk}  {row.kind:<15}  {positions.get(row.pk, 0):>6}  {row.name}")
