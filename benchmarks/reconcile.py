"""Reconciling 1,000 rows with 100,000 and 1,000,000 persons: how good, how fast, and beside what else could do it.

Names come from the lists in faker and mimesis, spellings from the standards' own tables (`benchmarks.romanising`), and
neither from the engine's; the weights were fitted on other names and other seeds. Whatever has a threshold gets it from one
half of the rows and is judged on the other.
"""

import csv
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from django.conf import settings

from benchmarks.invented_lists import PERSON, ROW, World, world
from benchmarks.measuring import AT_LEAST, Bench, Figure
from benchmarks.reconcile_peers import Found, peers

NAME = "reconcile"
ABOUT = "reconciling a list: F1 >= .95 / .94, recall@5 >= .97 / .96, rows/s >= splink's, at 100,000 / 1,000,000 persons"
NEEDS: tuple[str, ...] = ("faker and mimesis",)
SEEDS = (11, 12, 13)
FIVE = 5
GOALS = {"F1": (0.95, 0.94), "recall@5": (0.97, 0.96)}
DRAWS = 500  # of the bootstrap
MOST_MEMORY = 2_048  # MB, of the whole command
Hit = tuple[bool, bool, bool]  # right and taken, wrong and taken, had an answer


@dataclass
class Judged:
    """`f1` on the half of the rows that chose no threshold."""

    f1: float
    recall_at_5: float
    top_1: float
    hits: list[Hit]  # of that half


Beside = dict[str, tuple[Judged, dict[str, float]]]  # a peer's answers, and what they took


def measure(bench: Bench) -> list[Figure]:
    figures = []
    for place, persons in enumerate(bench.sizes.reconciled):
        seeds = SEEDS if place == 0 else SEEDS[: bench.sizes.large_seeds]
        figures += _at(persons, bench.sizes.reconciled_rows, seeds, min(place, 1), bench)
    return figures


def _at(persons: int, rows: int, seeds: Sequence[int], place: int, bench: Bench) -> list[Figure]:
    ours: list[Judged] = []
    seconds: list[float] = []
    beside: Beside = {}
    memory = 0
    for number, seed in enumerate(seeds):
        made = world(persons, rows, seed=seed)
        with _files(made) as (registry, listed):
            found, taken, most = _ours(registry, listed)
            memory = max(memory, most)
            ours.append(judged(found, made.answers))
            seconds.append(taken)
            bench.tell(f"{persons:,} persons, seed {seed}: F1 {ours[-1].f1:.3f}, {rows / taken:,.0f} rows/s")
            if number == 0:  # the peers once: they take their time
                for name, peer in peers().items():
                    if peer is None:
                        bench.tell(f"{name}: absent (requirements-peers.txt; pg_trgm wants PostgreSQL)")
                        continue
                    theirs, told = peer(registry, listed)
                    asked = (
                        {row: answer for row, answer in made.answers.items() if row in theirs}
                        if "rows" in told
                        else made.answers
                    )
                    beside[name] = (judged(theirs, asked), told)
                    bench.tell(f"{name}: F1 {beside[name][0].f1:.3f}, {len(asked) / told['seconds']:,.0f} rows/s")
    return [
        *_quality(persons, rows, ours, beside, place), _speed(persons, rows, seconds, beside),
        Figure(f"reconcile memory, {persons:,} persons", "MB", memory, MOST_MEMORY, "the limit", len(seeds), rows, 1.0),
    ]  # fmt: skip


def _quality(persons: int, rows: int, ours: list[Judged], beside: Beside, place: int) -> list[Figure]:
    figures = []
    for name, of in (("F1", attrgetter("f1")), ("recall@5", attrgetter("recall_at_5"))):
        goal, values = GOALS[name][place], [of(one) for one in ours]
        more = {"seeds": [round(value, 4) for value in values]}
        more |= {f"beside {peer}": round(of(told[0]), 4) for peer, told in beside.items()}
        if name == "F1":
            more["interval"] = interval([hit for one in ours for hit in one.hits])
        figures.append(
            Figure(f"reconcile {name}, {persons:,} persons", "share", statistics.mean(values), goal, "the goal", len(ours),
                   rows, 1.0, AT_LEAST, more)
        )  # fmt: skip
    return figures


def _speed(persons: int, rows: int, seconds: list[float], beside: Beside) -> Figure:
    """Both from the files to the last answer, one after the other on the first seed. Ours is a process with its own start."""
    more = {
        f"rows/s of {name}": round(told[1].get("rows", rows) / told[1]["seconds"], 1) for name, told in beside.items()
    }
    splink = rows / beside["splink"][1]["seconds"] if "splink" in beside else 0.0
    if splink:
        more["rows/s of splink without its training"] = round(rows / beside["splink"][1]["seconds_without_training"], 1)
    return Figure(
        f"reconcile rows/s, {persons:,} persons", "rows/s", rows / seconds[0], splink,
        "splink" if splink else "splink is absent", len(seconds), rows, 1.0 if splink else None, AT_LEAST,
        more | {"seeds": [round(rows / one, 1) for one in seconds]},
    )  # fmt: skip


@contextmanager
def _files(made: World) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "registry.csv", Path(folder) / "list.csv"
        for path, columns, lines in zip(paths, (PERSON, ROW), (made.registry, made.rows), strict=True):
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([columns, *lines])
        yield paths


def _ours(registry: Path, listed: Path) -> tuple[Found, float, int]:
    """The command as anybody starts it; with the most memory it had, in MB."""
    out = registry.with_name("out.csv")
    words: list[str | Path] = [
        sys.executable,
        "manage.py",
        "reconcile",
        "--registry",
        registry,
        "--list",
        listed,
        "--out",
        out,
    ]
    began = time.perf_counter()
    process = subprocess.Popen(words, cwd=settings.BASE_DIR)
    most = 0
    while process.poll() is None:
        most = max(most, _memory(process.pid))
        time.sleep(0.05)
    taken = time.perf_counter() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    found: Found = {}
    with out.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            found.setdefault(line["row_id"], []).append((float(line["score"]), line["candidate_id"]))
    return found, taken, most


def _memory(pid: int) -> int:
    """Of this process and its children, in MB; 0 where the system does not tell."""
    try:
        folder = Path("/proc") / str(pid)
        own = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS"))
        children = (folder / "task" / str(pid) / "children").read_text().split()
    except (OSError, StopIteration):
        return 0
    return int(own.split()[1]) // 1024 + sum(_memory(int(child)) for child in children)


def judged(found: Found, answers: dict[str, str]) -> Judged:
    rows = sorted(answers)
    random.Random(1).shuffle(rows)
    half = len(rows) // 2
    best = {row: max(persons) for row, persons in found.items() if persons}
    levels = sorted({round(score, 2) for score, _person in best.values()}) or [0.0]
    threshold = max(levels, key=lambda level: f1(_hits(rows[:half], best, answers, level)))
    hits = _hits(rows[half:], best, answers, threshold)
    present = [row for row in rows if answers[row]]
    first = sum(row in best and best[row][1] == answers[row] for row in present)
    among = sum(
        answers[row] in [pk for _score, pk in sorted(found.get(row, ()), reverse=True)[:FIVE]] for row in present
    )
    return Judged(f1(hits), among / max(len(present), 1), first / max(len(present), 1), hits)


def _hits(
    rows: Sequence[str], best: dict[str, tuple[float, str]], answers: dict[str, str], threshold: float
) -> list[Hit]:
    hits = []
    for row in rows:
        is_taken = row in best and best[row][0] >= threshold
        is_right = is_taken and best[row][1] == answers[row]
        hits.append((is_right, is_taken and not is_right, bool(answers[row])))
    return hits


def f1(hits: Sequence[Hit]) -> float:
    right, wrong, answered = (sum(column) for column in zip(*hits, strict=True)) if hits else (0, 0, 0)
    return 2 * right / (right + wrong + answered) if right else 0.0


def interval(hits: Sequence[Hit]) -> list[float]:
    """95 % of the F1 of as many rows drawn again and again."""
    rng = random.Random(2)
    drawn = sorted(f1(rng.choices(hits, k=len(hits))) for _draw in range(DRAWS)) if hits else [0.0]
    return [round(drawn[len(drawn) * 25 // 1000], 4), round(drawn[min(len(drawn) - 1, len(drawn) * 975 // 1000)], 4)]
