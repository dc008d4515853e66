"""Files that people send: under random names in FILES_DIR, each with its digest; what they were called stays with the sender."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

MOST_RECEIVED = 52 * 1024 * 1024  # bytes of files in one request, whatever they are for
PRIVATE = 0o600


class FileTooLarge(Exception):
    """More came than may be kept; nothing was."""


@dataclass(frozen=True)
class KeptFile:
    id: uuid.UUID
    sha256: str
    size: int


def keep(chunks: Iterable[bytes], *, most: int) -> KeptFile:
    """Write what comes. Raises FileTooLarge, and leaves nothing behind then."""
    pk = uuid.uuid4()
    path = path_of(pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            path.chmod(PRIVATE)
            for chunk in chunks:
                size += len(chunk)
                if size > most:
                    raise FileTooLarge
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return KeptFile(pk, digest.hexdigest(), size)


def path_of(pk: uuid.UUID) -> Path:
    return Path(settings.FILES_DIR) / str(pk)


def remove(pk: uuid.UUID) -> None:
    path_of(pk).unlink(missing_ok=True)


class Limited(FileUploadHandler):
    """Stops taking in what is larger than any file here may be; the rest of the request is read and thrown away.

    The form then has no file, and `upload_was_too_large` says why.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._received += len(raw_data)
        if self._received > MOST_RECEIVED:
            self.request.upload_was_too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None  # the next handler makes the file
