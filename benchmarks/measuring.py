"""How figures are taken: one's own and the peer's turn by turn, since the machine is never quiet; medians; ratios."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection

AT_MOST, AT_LEAST = "at most", "at least"
MILLI = 1_000.0


@dataclass(frozen=True)
class Sizes:
    """Of the scale database, and how often is measured."""

    persons: int
    exchanges: int
    entries: int
    deep_row: int
    runs: int
    digest_lines: int
    clients: int
    rounds: int
    seconds: float
    alerts: int
    recipients: int  # of one event
    import_rows: int
    typing: int  # persons among whom one is sought as somebody types
    typed: int  # of them sought
    reconciled: tuple[int, ...]  # persons
    reconciled_rows: int
    large_seeds: int  # of the larger registries


FULL = Sizes(
    persons=20_000, exchanges=100, entries=120_000, deep_row=100_000, runs=40, digest_lines=10_000, clients=16, rounds=5,
    seconds=2.0, alerts=60, recipients=10_000, import_rows=100_000, typing=1_000_000,
    typed=240,
    reconciled=(100_000, 1_000_000), reconciled_rows=1_000, large_seeds=3,
)  # fmt: skip
TINY = Sizes(
    persons=20,
    exchanges=3,
    entries=120,
    deep_row=60,
    runs=2,
    digest_lines=100,
    clients=2,
    rounds=1,
    seconds=0.2,
    alerts=2,
    recipients=30,
    import_rows=40,
    typing=500,
    typed=12,
    reconciled=(300, 600),
    reconciled_rows=40,
    large_seeds=1,
)


@dataclass(frozen=True)
class Bench:
    sizes: Sizes
    tell: Callable[[str], object] = print


@dataclass(frozen=True)
class Figure:
    """`ratio` is figure over peer; `meets` is None where there is no goal."""

    name: str
    unit: str
    figure: float
    peer: float
    peer_name: str
    runs: int
    rows: int
    goal: float | None = None
    goal_is: str = AT_MOST
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.figure / self.peer if self.peer else 0.0

    @property
    def meets(self) -> bool | None:
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.goal_is == AT_MOST else self.ratio >= self.goal

    def told(self) -> dict[str, Any]:
        row = asdict(self) | {"ratio": round(self.ratio, 3), "meets": self.meets, "database": database_name()}
        return row | {"figure": round(self.figure, 3), "peer": round(self.peer, 3)}


def turn_by_turn(runs: int, *asked: Callable[[], object]) -> list[list[float]]:
    """Milliseconds of each, alternating and beginning with another one each round; two rounds to warm up are left out."""
    times: list[list[float]] = [[] for _one in asked]
    for number in range(-2, runs):
        order = range(len(asked))
        for place in [*order[number % len(asked) :], *order[: number % len(asked)]]:
            started = time.perf_counter()
            asked[place]()
            taken = (time.perf_counter() - started) * MILLI
            if number >= 0:
                times[place].append(taken)
    return times


def median(times: Sequence[float]) -> float:
    return statistics.median(times)


def percentile(times: Sequence[float], hundredth: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * hundredth // 100)]


def database_name() -> str:
    if connection.vendor == "sqlite":
        import sqlite3

        return f"SQLite {sqlite3.sqlite_version}"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"


def machine() -> dict[str, Any]:
    """What the figures depend on and what names nobody's host."""
    load = os.getloadavg()
    return {
        "cores": os.cpu_count(), "architecture": platform.machine(), "system": platform.system(),
        "python": platform.python_version(), "load_1_min": round(load[0], 1), "load_15_min": round(load[2], 1),
    }  # fmt: skip
