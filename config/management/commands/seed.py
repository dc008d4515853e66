"""Deterministic worlds to try, show and test Homeward with."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from access.models import Party
from config.scenarios import istanbul, rooms

SCENARIOS: dict[str, Callable[[], None]] = {"istanbul-2025": istanbul.seed, "rooms": rooms.seed}


class Command(BaseCommand):
    help = "Fill an empty database with a scenario: " + ", ".join(SCENARIOS) + "."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(SCENARIOS))

    def handle(self, *, name: str, **options: Any) -> None:
        if Party.objects.unscoped("seeding needs an empty database").exists():
            raise CommandError("This database holds parties already: seed an empty one.")
        with transaction.atomic():
            SCENARIOS[name]()
        self.stdout.write(f"Seeded {name}.")
