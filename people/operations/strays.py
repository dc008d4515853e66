"""Files that no row speaks of: of a process that died between the file and its row, or between the row's end and the file's."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from access.models import Installation
from people.models import Attachment, Import, ImportStatus

LEFT_ALONE = timedelta(days=1)  # longer than any request or turn takes
PART = ".part"
AT_ONCE = 500

S = ImportStatus
# What an import laid aside, refused for its file or touched by an erasure had is removed; an error of ours keeps it.
KEEPS_ITS_FILE = (
    Q(status=S.READING)
    | Q(status=S.REFUSED, fault="gave_up")
    | (~Q(status__in=(S.REFUSED, S.DISCARDED)) & ~Q(top_rows=[]))
)


def remove_strays() -> int:
    """Returns how many went. None while a restored installation waits: which rows will count is not said yet."""
    if Installation.is_quarantined():
        return 0
    old, removed = list(_old_files()), 0
    for first in range(0, len(old), AT_ONCE):
        some = old[first : first + AT_ONCE]
        claimed = _claimed({pk for pk, _path in some})
        for pk, path in some:
            if pk not in claimed or path.suffix == PART:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _old_files() -> Iterator[tuple[UUID, Path]]:
    """Ours by their names; whatever else somebody keeps there is theirs."""
    folder = Path(settings.FILES_DIR)
    before = time.time() - LEFT_ALONE.total_seconds()
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            pk = UUID(path.name.removesuffix(PART))
            if path.is_file() and path.stat().st_mtime < before:
                yield pk, path
        except (ValueError, FileNotFoundError):  # another name, or gone this moment
            continue


def _claimed(pks: set[UUID]) -> set[UUID]:
    attached = Attachment.objects.unscoped("a sweep").filter(pk__in=pks).values_list("pk", flat=True)
    sent = Import.objects.unscoped("a sweep").filter(KEEPS_ITS_FILE, pk__in=pks).values_list("pk", flat=True)
    return {*attached, *sent}
