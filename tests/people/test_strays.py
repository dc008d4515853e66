"""Files that no row speaks of go after a day; every other stays."""

import os
import time
from uuid import uuid4

import pytest

from access.models import Installation
from core import uploads
from people.models import Attachment, Import
from people.operations import create_person, strays
from people.operations.attachments import attach
from people.operations.imports import begin_import, discard_import
from people.tasks import sweep_files


@pytest.fixture
def folder(cast, settings):
    """An attachment, imports of every kind, and files of nobody, all of them old."""
    clerk = cast.north.clerk
    person = create_person(actor=clerk, names=[{"family": "Koval"}])
    attach(person, actor=clerk, content=b"%PDF-1.7", title="letter", source="us")
    for status, fault, top_rows in (
        ("reading", "", []), ("mapping", "", [[1, ["a"]]]), ("committed", "", [[1, ["a"]]]), ("refused", "gave_up", []),
        ("refused", "cut", []), ("discarded", "", []), ("undone", "", []),
    ):  # fmt: skip
        of = begin_import([status.encode()], sender=f"{status}-{fault}-{bool(top_rows)}", actor=clerk)
        Import.objects.unscoped("test").filter(pk=of.pk).update(status=status, fault=fault, top_rows=top_rows)
    uploads.keep([b"of a process that died"], most=100)
    (settings.FILES_DIR / f"{uuid4()}.part").write_bytes(b"half")
    (settings.FILES_DIR / "README").write_bytes(b"somebody else's")
    (settings.FILES_DIR / ".before-restore-1").mkdir()
    grow_old(settings.FILES_DIR)
    return settings.FILES_DIR


def grow_old(folder, seconds: int = 90_000) -> None:
    for path in folder.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def present(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_only_what_nobody_speaks_of_goes(cast, folder):
    kept = {str(pk) for pk in Attachment.objects.unscoped("test").values_list("pk", flat=True)}
    senders = ("reading--False", "mapping--True", "committed--True", "refused-gave_up-False")
    kept |= {str(pk) for pk in Import.objects.unscoped("test").filter(sender__in=senders).values_list("pk", flat=True)}
    young = uploads.keep([b"its row comes in a moment"], most=100).id
    before = present(folder)

    sweep_files()

    assert len(kept) == 5
    assert present(folder) == kept | {str(young), "README", ".before-restore-1"}
    assert len(before) - len(present(folder)) == 5
    assert strays.remove_strays() == 0


def test_nothing_goes_while_a_restored_installation_waits(cast, folder):
    before = present(folder)
    Installation.objects.update_or_create(pk=1, defaults={"quarantined_at": "2025-05-01T00:00:00Z"})

    assert strays.remove_strays() == 0
    assert present(folder) == before


def test_what_a_killed_removal_left_goes(cast, settings):
    """The import is laid aside, and the process dies before its file is removed."""
    of = begin_import([b"a;b"], sender="South", actor=cast.north.clerk)
    Import.objects.unscoped("test").filter(pk=of.pk).update(status="mapping")
    discard_import(of, actor=cast.north.clerk)  # what follows the commit does not run here
    grow_old(settings.FILES_DIR)
    assert present(settings.FILES_DIR) == {str(of.pk)}

    assert strays.remove_strays() == 1
    assert present(settings.FILES_DIR) == set()
