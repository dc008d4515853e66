"""What a backup says of itself, so that what comes back is what was taken."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from config.backups import BackupRefused

FORMAT = "homeward backup 1"
NAME = "manifest.json"
CHUNK = 1 << 20  # bytes


@dataclass
class Manifest:
    made_at: str
    engine: str
    database: str
    migrations: dict[str, list[str]]
    logs: dict[str, list[Any]]
    files: dict[str, list[Any]] = field(default_factory=dict)  # path: size, SHA-256
    format: str = FORMAT

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    def refuse_nonsense(self) -> None:
        """Raises ValueError or TypeError where this is not what `write` wrote."""
        if self.format == FORMAT and self.database not in self.files:
            raise ValueError("the dump is not counted")
        if not datetime.fromisoformat(self.made_at).tzinfo:
            raise ValueError("a time without a zone")
        for _name, (_size, _digest) in (*self.files.items(), *self.logs.items()):
            pass
        for names in self.migrations.values():
            if not isinstance(names, list):
                raise TypeError("migrations are lists")

    def write(self, folder: Path) -> str:
        """Returns its own SHA-256: whoever keeps that elsewhere knows this backup again."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"
        (folder / NAME).write_text(text, encoding="utf-8")
        (folder / NAME).chmod(0o600)
        return hashlib.sha256(text.encode()).hexdigest()


def read(folder: Path) -> Manifest:
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        manifest = Manifest(**found)
        manifest.refuse_nonsense()
    except FileNotFoundError:
        raise BackupRefused(f"{folder} is no backup: it holds no {NAME}.") from None
    except OSError as error:
        raise BackupRefused(f"Cannot read {folder / NAME} ({error.strerror}).") from None
    except (ValueError, TypeError, AttributeError):
        raise BackupRefused(f"{folder / NAME} is damaged: it is not what a backup writes.") from None
    if manifest.format != FORMAT:
        raise BackupRefused(f"{folder} is a backup of another form ({manifest.format}); this is “{FORMAT}”.")
    return manifest


def refuse_changed_files(folder: Path, manifest: Manifest) -> None:
    """Every file as it was written, none lost, none added."""
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()} - {NAME}
    for what, names in (
        ("missing", set(manifest.files) - present),
        ("not of this backup", present - set(manifest.files)),
    ):
        if names:
            raise BackupRefused(f"The backup was changed: {sorted(names)[0]} is {what}. Nothing was restored.")
    for name, (size, digest) in sorted(manifest.files.items()):
        if (folder / name).is_symlink() or [size, digest] != sized_digest(folder / name):
            raise BackupRefused(
                f"The backup was changed: {name} is not what the manifest counts. Nothing was restored."
            )


def sized_digest(path: Path) -> list[Any]:
    running, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            running.update(piece)
            size += len(piece)
    return [size, running.hexdigest()]
