"""Work for two at once: one thread makes the next item while the other still uses the last."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(items: Iterator[T]) -> Generator[T]:
    """The same items in their order. `items` runs in a thread of its own, so it may not ask the database.

    To be closed where it is not read to its end: it waits for the item that is being made.
    """
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = beside.submit(next, items, None)
            yield item
