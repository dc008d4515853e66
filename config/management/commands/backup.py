"""A backup of database and files, as one folder. Everything may go on running."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from config.backups import BackupRefused
from config.backups.taking import take


class Command(BaseCommand):
    help = "Write database and files into the new folder DIR: no sessions, no settings, no secrets of the server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *, folder: Path, **options: Any) -> None:
        try:
            digest = take(folder.absolute(), say=self.stdout.write)
        except BackupRefused as refused:
            raise CommandError(str(refused)) from None
        except OSError as error:
            raise CommandError(f"Cannot use {error.filename or folder} ({error.strerror}).") from None
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}.") from None
        self.stdout.write(f"Backed up to {folder}. SHA-256 of its manifest, to be kept elsewhere:\n{digest}")
