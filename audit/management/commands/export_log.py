"""Write one compartment's log as JSON Lines. For operators of the server: who reads it offline checks it with verify_log.py."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.models import Compartment
from audit.export import lines_of
from audit.models import Log


class Command(BaseCommand):
    help = "Export a compartment's log to FILE; --list names the compartments, one a line, id first."

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
        try:
            found = Compartment.objects.unscoped("a command of the server's operators").get(pk=compartment)
        except (Compartment.DoesNotExist, ValidationError, ValueError) as error:
            raise CommandError(f"There is no compartment {compartment}.") from error
        try:
            with file.open("wb") as out:
                out.writelines(lines_of(found))
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error.strerror}.") from error

    def _list(self) -> None:
        positions = dict(Log.objects.unscoped("a command of the server's operators").values_list("pk", "position"))
        for row in Compartment.objects.unscoped("a command of the server's operators").order_by("kind", "name", "pk"):
            self.stdout.write(f"{row.pk}  {row.kind:<15}  {positions.get(row.pk, 0):>6}  {row.name}")
