"""What a file may cost, and the walls around the process that reads it. No Django here: the child starts without it."""

import ctypes
import os
import resource
import sys
from contextlib import suppress
from typing import Any

MEGABYTE = 1024 * 1024
MOST_BYTES = 50 * MEGABYTE  # of the file as it is sent
MOST_UNPACKED = 400 * MEGABYTE
MOST_RATIO = 150  # how much larger a part may be than it is packed, beyond the first megabytes
RATIO_COUNTS_FROM = 16 * MEGABYTE
MOST_PARTS = 2_000
MOST_ROWS = 200_000
MOST_COLUMNS = 256
MOST_CELL = 4_000  # characters

MEMORY = 1536 * MEGABYTE
CPU_SECONDS = 60
OPEN_FILES = 32
WALL_SECONDS = 300

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000


class Refused(Exception):
    """The child's word for `FileRefused`."""

    def __init__(self, fault: str, **given: Any) -> None:
        super().__init__(fault)
        self.fault, self.given = fault, given


def close_in() -> None:
    """From here on this process takes so much memory and time, writes no file, starts no program and reaches no network."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):  # fmt: skip
        resource.setrlimit(limit, (most, most))
    with suppress(OSError, AttributeError):  # where the kernel lets us: a network of our own, with nothing in it
        libc = ctypes.CDLL(None, use_errno=True)
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    sys.addaudithook(_refuse)


FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.dlopen", "urllib.")


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    """Cannot be taken back once it is set."""
    if event.startswith(FORBIDDEN):
        raise PermissionError(event)
    if event == "open" and _writes(args):
        raise PermissionError(event)


def _writes(args: tuple[Any, ...]) -> bool:
    flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
