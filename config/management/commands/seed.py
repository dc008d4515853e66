"""Deterministic worlds to try, show and test Homeward with."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from access.models import Party
from config.scenarios import history, istanbul, rooms
from core.record_files import RecordRefused

SCENARIOS: dict[str, Callable[[], None]] = {"istanbul-2025": istanbul.seed, "rooms": rooms.seed}
HISTORY = "history"


class Command(BaseCommand):
    help = f"Fill an empty database with a scenario ({', '.join(SCENARIOS)}), or any database with the public record ({HISTORY})."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted([*SCENARIOS, HISTORY]))

    def handle(self, *, name: str, **options: Any) -> None:
        if name == HISTORY:
            self.stdout.write(self.fill_public_record())
        else:
            self.stdout.write(self.seed_scenario(name))

    def seed_scenario(self, name: str) -> str:
        if Party.objects.unscoped("seeding needs an empty database").exists():
            raise CommandError("This database holds parties already: seed an empty one.")
        with transaction.atomic():
            SCENARIOS[name]()
        return f"Seeded {name}."

    def fill_public_record(self) -> str:
        """The files of the project are the record: what they say replaces what the tables said before."""
        try:
            return history.seed()
        except RecordRefused as refused:
            raise CommandError("Nothing was changed.\n" + "\n".join(refused.faults)) from None
