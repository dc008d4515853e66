"""The indexes of the search box and of the matcher anew, for dossiers that were written past the operations."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from people.search.index import rebuilt


class Command(BaseCommand):
    help = "Write the indexes of the search box and of the matcher anew from the dossiers."

    def handle(self, **options: Any) -> None:
        done = 0
        with transaction.atomic():
            for done in rebuilt():
                if done % 50_000 == 0:
                    self.stdout.write(f"{done:,} dossiers")
        self.stdout.write(f"{done:,} dossiers can be found.")
