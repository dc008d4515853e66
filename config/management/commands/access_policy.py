"""Who may open which address."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.doors import doors


class Command(BaseCommand):
    help = "List every address with the access its view declares; --json for machines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        rows = [
            {
                "url_name": door.url_name,
                "pattern": door.pattern,
                "methods": list(door.methods),
                "access": door.access,
                "capability": door.capability or None,
            }
            for door in doors()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=1))
            return
        for row in rows:
            self.stdout.write(f"{row['capability'] or row['access']:<12} {row['pattern']}")
