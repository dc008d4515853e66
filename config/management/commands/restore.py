"""Bring a backup back into quarantine, check that one could be, or end the quarantine."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from config.backups import BackupRefused, quarantine
from config.backups.restoring import check_only, restore


class Command(BaseCommand):
    help = "Restore the backup DIR, with the application's own check of every log; then --release, once it has been looked at."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, nargs="?")
        parser.add_argument("--replace", action="store_true", help="put aside the data that are here")
        parser.add_argument(
            "--check", action="store_true", help="load and check it beside what is in use, change nothing"
        )
        parser.add_argument("--manifest", metavar="SHA256", help="refuse unless this is the SHA-256 of its manifest")
        parser.add_argument("--keep-keys", action="store_true", help="keep the programs' keys: none was revoked since")
        parser.add_argument("--release", action="store_true", help="end the quarantine: mails leave, tranches can go")
        parser.add_argument(
            "--send-held", action="store_true", help="with --release: send also what was due in the backup"
        )

    def handle(self, *, folder: Path | None, release: bool, check: bool, **options: Any) -> None:
        if (folder is None) != release:
            raise CommandError("Name a backup to restore, or say --release alone to end the quarantine.")
        if options["send_held"] and not release:
            raise CommandError("--send-held belongs to --release.")
        try:
            if folder is None:
                self.release(send_held=options["send_held"])
            elif check:
                check_only(folder.absolute(), digest=options["manifest"], say=self.stdout.write)
            else:
                restore(
                    folder.absolute(), digest=options["manifest"], replace=options["replace"],
                    keep_keys=options["keep_keys"], say=self.stdout.write,
                )  # fmt: skip
        except BackupRefused as refused:
            raise CommandError(str(refused)) from None
        except OSError as error:
            raise CommandError(f"Cannot use {error.filename or folder} ({error.strerror}).") from None
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}.") from None

    def release(self, *, send_held: bool) -> None:
        count = quarantine.release(send_held=send_held)
        if count is None:
            raise CommandError("Nothing is in quarantine here.")
        done = (
            "leave now"
            if send_held
            else "were given up, since they may have left before; their recipients have them in the inbox"
        )
        self.stdout.write(f"Released. {count} deliveries that were due in the backup {done}.")
