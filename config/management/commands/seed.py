"""Deterministic worlds to try, show and test Homeward with."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from access.models import Party
from config.scenarios import headquarters, history, istanbul, rooms, scale
from core.record_files import RecordRefused

SCENARIOS: dict[str, Callable[[], None]] = {
    "istanbul-2025": istanbul.seed,
    "headquarters": headquarters.seed,
    "rooms": rooms.seed,
}
HISTORY = "history"
SCALE = "scale"


class Command(BaseCommand):
    help = f"Fill an empty database with a scenario ({', '.join(SCENARIOS)}), or any database with the public record ({HISTORY})."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted([*SCENARIOS, HISTORY, SCALE]))
        for what, usual in (("persons", 20_000), ("exchanges", 100), ("entries", 100_000)):
            told = f"how many {what}, for {SCALE} alone; {usual:,} unless told"
            parser.add_argument(f"--{what}", type=int, metavar="N", help=told, default=usual)

    def handle(self, *, name: str, **options: Any) -> None:
        if name == HISTORY:
            self.stdout.write(self.fill_public_record())
        elif name == SCALE:
            self.stdout.write(self.seed_scale(*(options[what] for what in ("persons", "exchanges", "entries"))))
        else:
            self.stdout.write(self.seed_scenario(name))

    def seed_scenario(self, name: str) -> str:
        self.refuse_a_database_in_use()
        with transaction.atomic():
            SCENARIOS[name]()
        return f"Seeded {name}."

    def seed_scale(self, persons: int, exchanges: int, entries: int) -> str:
        """All or nothing, with a line now and then: a million rows take minutes."""
        self.refuse_a_database_in_use()
        wanted = scale.Scale(persons, exchanges, entries)
        if why := wanted.refusal():
            raise CommandError(why)
        with transaction.atomic():
            scale.seed(wanted, self.stdout.write)
        return f"Seeded {SCALE}: {persons:,} persons, {exchanges:,} exchanges, {entries:,} entries."

    def refuse_a_database_in_use(self) -> None:
        if Party.objects.unscoped("seeding needs an empty database").exists():
            raise CommandError("This database holds parties already: seed an empty one.")

    def fill_public_record(self) -> str:
        """The files of the project are the record: what they say replaces what the tables said before."""
        try:
            return history.seed()
        except RecordRefused as refused:
            raise CommandError("Nothing was changed.\n" + "\n".join(refused.faults)) from None
