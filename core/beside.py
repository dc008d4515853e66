"""Work in Python that asks no database, done beside ours: a little of it by a thread, much of it by a process.

Threads take turns at one core; a process has a core of its own, but takes most of a second to begin. Both call the same code
with the same values.
"""

import logging
import subprocess
import sys
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import orjson

CHILD = Path(__file__).with_name("beside_child.py")
# For its beginning and for each piece, which takes tenths of one: then it ends, and whoever waits goes on.
MOST_SECONDS = 60
T = TypeVar("T")
U = TypeVar("U")

log = logging.getLogger(__name__)


class BrokeBeside(Exception):
    """The process ended, or failed: what it was given is not done. The log says in which lines, without a value."""


class Beside:
    """One worker that does its pieces of work in their order.

    `maker`, as "module:class", is called with `given`, and what that makes is called with each piece. All of these, and what
    comes back, are values of JSON: of a tuple a list may come back.
    """

    def __init__(self, maker: str, *given: Any, in_process: bool) -> None:
        self._process = _started(maker, given) if in_process else None
        self._work = None if in_process else made_by(maker, given)
        self._turns = ThreadPoolExecutor(1)

    def begin(self, *piece: Any) -> "Future[Any]":
        """Its result raises whatever the work raised, or BrokeBeside."""
        return self._turns.submit(self._told if self._work is None else self._work, *piece)

    def _told(self, *piece: Any) -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(orjson.dumps(piece) + b"\n")
            process.stdin.flush()
            answer = orjson.loads(process.stdout.readline())
        except (OSError, ValueError) as error:  # no whole line: it ended, or was ended
            raise BrokeBeside from error
        if "failed" in answer:
            log.error("work beside failed: %s", answer["failed"])
            raise BrokeBeside
        return answer["made"]

    def close(self) -> None:
        """What is not begun is never done."""
        if self._process is not None:
            self._process.kill()
        self._turns.shutdown(cancel_futures=True)
        if self._process is not None:
            self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self.close()


def one_ahead(begun: Iterable[tuple["Future[T]", U]]) -> Generator[tuple[T, U]]:
    """What was begun, once it is done, in its order; each only after the next was begun."""
    coming: tuple[Future[T], U] | None = None
    for one in begun:
        if coming:
            yield coming[0].result(), coming[1]
        coming = one
    if coming:
        yield coming[0].result(), coming[1]


def made_by(maker: str, given: Iterable[Any]) -> Any:
    module, _, name = maker.partition(":")
    return getattr(import_module(module), name)(*given)


def _started(maker: str, given: tuple[Any, ...]) -> "subprocess.Popen[bytes]":
    """Its own session: a key pressed in the terminal ends the program that waits for it, not the work under way."""
    told = orjson.dumps(given) + b"\n"
    process = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-I", str(CHILD), maker, str(MOST_SECONDS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it ended already: whoever wants its work is told
        process.stdin.write(told)
        process.stdin.flush()
    return process
