"""Bring a backup back: loaded beside what is in use, checked there, and put in its place only when it is whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from audit.append_only import missing
from audit.checking import check_every_log, heads
from config.backups import BackupRefused, manifest, quarantine
from config.backups.engines import engine
from config.backups.manifest import Manifest
from config.backups.taking import FILES

Say = Callable[[str], None]


def restore(folder: Path, *, replace: bool, keep_keys: bool, say: Say, digest: str | None = None) -> None:
    found, using = opened(folder, digest, say=say), engine()
    has_data = using.holds_data()
    if has_data and not replace:
        raise BackupRefused("This database holds data already. Restore into an empty one, or say --replace.")
    if files_present() and not replace:
        raise BackupRefused(f"{settings.FILES_DIR} holds files already. Empty it, or say --replace.")
    using.refuse_company()
    stamp = new_stamp()
    name = using.load(folder / found.database, stamp)
    try:
        with using.at(name):
            check(found, say=say)
            entered = quarantine.enter(found.moment, keep_keys=keep_keys)
        put_files(folder / FILES, stamp, aside=False)
        kept = using.adopt(name, stamp, keep=has_data)
    except BaseException:
        using.drop(name)
        raise
    put_files(folder / FILES, stamp, aside=True)
    say(f"Restored the backup of {found.made_at}.")
    if kept:
        say(f"What was there before is kept as {kept}; drop it when you are sure.")
    say(
        f"In quarantine: {entered.deliveries_held} deliveries are held, no tranche can go, {entered.keys_revoked} keys for "
        "programs were revoked, everybody signs in anew. Start Homeward, compare the heads of the logs with the "
        "parties' copies, then run manage.py restore --release."
    )


def check_only(folder: Path, *, say: Say, digest: str | None = None) -> None:
    """The weekly drill: all of it but the last step. What is in use is not touched."""
    found, using = opened(folder, digest, say=say), engine()
    name = using.load(folder / found.database, new_stamp())
    try:
        with using.at(name):
            check(found, say=say)
    finally:
        using.drop(name)
    say("This backup can be restored. Nothing was changed.")


def opened(folder: Path, digest: str | None, *, say: Say) -> Manifest:
    """Nothing of a dump is run before it is known to be the one that was taken."""
    found = manifest.read(folder)
    if digest and manifest.sized_digest(folder / manifest.NAME)[1] != digest.strip().lower():
        raise BackupRefused("This is not the backup you named: the SHA-256 of its manifest is another.")
    if found.engine != engine().vendor:
        raise BackupRefused(f"This backup is of {found.engine}, the database here is {engine().vendor}.")
    say(f"Comparing {len(found.files)} files with the manifest ...")
    try:
        manifest.refuse_changed_files(folder, found)
    except OSError as error:
        raise BackupRefused(f"Cannot read the backup: {error.filename} ({error.strerror}).") from None
    refuse_newer(found)
    say("Loading the database beside the one in use ...")
    return found


def new_stamp() -> str:
    return timezone.now().strftime("%Y%m%d%H%M%S")


def refuse_newer(found: Manifest) -> None:
    known = set(MigrationLoader(None).disk_migrations)
    for app, names in sorted(found.migrations.items()):
        for name in names:
            if (app, name) not in known:
                raise BackupRefused(
                    f"This backup is of a newer Homeward: its {app} has {name}, which this one does not know. "
                    "Install that version first."
                )


def check(found: Manifest, *, say: Say) -> None:
    """The application's own check, in the loaded database. Raises BackupRefused naming the first faulty row of each log."""
    lost = sorted(missing_triggers())
    try:
        call_command("migrate", verbosity=0, interactive=False)
        faults = log_faults(found, say=say)
    except DatabaseError as error:
        raise BackupRefused(f"The loaded database cannot be read: {str(error).splitlines()[0]}.") from None
    if faults:
        raise BackupRefused("The logs are not what they were:\n  " + "\n  ".join(faults) + "\nNothing was restored.")
    if lost:
        say(f"Put back {len(lost)} triggers that the backup lacked: {', '.join(lost)}. Find out who removed them.")
    else:
        say("Every append-only table has its triggers.")


def missing_triggers() -> set[str]:
    """Of tables that the backup has; those that a newer Homeward adds come with its migrations."""
    tables = connection.introspection.table_names()
    return {name for name in missing() if any(name.startswith(f"{table}_no_") for table in tables)}


def log_faults(found: Manifest, *, say: Say) -> list[str]:
    faults, events, logs = [], 0, 0
    for checked in check_every_log():
        logs, events = logs + 1, events + checked.events
        if checked.fault:
            faults.append(f"log {checked.compartment.pk}: {checked.fault}")
    present = heads()
    for pk in sorted({*found.logs, *present}):
        if found.logs.get(pk) != present.get(pk):
            faults.append(f"log {pk}: its head is not the one in the manifest")
    if not faults:
        say(f"{logs} logs with {events} events are whole, and end as the manifest says.")
    return faults


def files_present() -> list[Path]:
    """What a restore has put aside there does not count."""
    folder = settings.FILES_DIR
    return [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []


def put_files(source: Path, stamp: str, *, aside: bool) -> None:
    """Before the database changes places its files are added; afterwards those it does not know are put aside.

    Within the folder, which may be a volume of its own. Names are never used twice, so nothing is written over.
    """
    wanted = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    settings.FILES_DIR.mkdir(parents=True, exist_ok=True)
    if not aside:
        for name in sorted(wanted):
            target = settings.FILES_DIR / name
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.{stamp}")
            shutil.copyfile(source / name, part)
            part.replace(target)
        return
    for path in files_present():
        for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
            inside = file.relative_to(settings.FILES_DIR)
            if str(inside) not in wanted:
                target = settings.FILES_DIR / f".before-restore-{stamp}" / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
