"""Take a backup while everything runs."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from config.backups import BackupRefused
from config.backups.engines import engine
from config.backups.manifest import Manifest, sized_digest

FILES = "files"


def take(target: Path, *, say: Callable[[str], None]) -> str:
    """Write the backup into a new folder. Returns the SHA-256 of its manifest.

    It is made beside and renamed when it is whole: a folder of this name is a backup, or there is none.
    """
    refuse_full(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(
            tempfile.mkdtemp(prefix=f"{target.name}.unfinished-", dir=target.parent)
        )  # for its owner alone
    except OSError as error:
        raise BackupRefused(f"Cannot write to {target.parent} ({error.strerror}).") from None
    try:
        digest = fill(unfinished, say=say)
        if target.exists():
            target.rmdir()
        unfinished.rename(target)
    except OSError as error:
        raise BackupRefused(f"Cannot write the backup to {target} ({error.strerror}).") from None
    except (DatabaseError, sqlite3.Error) as error:
        raise BackupRefused(f"The database cannot be read: {str(error).splitlines()[0]}.") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return digest


def refuse_full(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupRefused(f"{target} is there already. Name a new folder, or an empty one.")
    if target.resolve().is_relative_to(settings.FILES_DIR.resolve()):
        raise BackupRefused(f"{target} lies in FILES_DIR, which is what is backed up. Name another folder.")


def fill(folder: Path, *, say: Callable[[str], None]) -> str:
    using, made_at = engine(), timezone.now()
    if "audit_log" not in connection.introspection.table_names():
        raise BackupRefused("There is no Homeward in this database yet: run manage.py migrate first.")
    say("Writing the database ...")
    heads, applied = using.dump(folder / using.file)
    migrations: dict[str, list[str]] = {}
    for app, name in applied:
        migrations.setdefault(app, []).append(name)
    manifest = Manifest(
        made_at=made_at.isoformat(), engine=using.vendor, database=using.file, migrations=migrations,
        logs={str(UUID(str(pk))): [position, digest] for pk, position, digest in heads},
    )  # fmt: skip
    # After the database: whatever a row names lies there by now, and no file is ever changed.
    copied = copy_files(settings.FILES_DIR, folder / FILES)
    say(f"Copied {copied} files.")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.chmod(0o600)
            manifest.files[str(path.relative_to(folder))] = sized_digest(path)
            _settle(path)
    return manifest.write(folder)


def copy_files(source: Path, target: Path) -> int:
    """Everything but what a restore has put aside there, whose name begins with a point."""
    target.mkdir(mode=0o700, exist_ok=True)
    copied = 0
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        inside = path.relative_to(source)
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in inside.parts):
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(path, target / inside)
            except FileNotFoundError:  # removed meanwhile; one that a row asks for is missed when the backup is checked
                (target / inside).unlink(missing_ok=True)
                continue
            copied += 1
    return copied


def _settle(path: Path) -> None:
    """On the disk, not only on its way there."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
