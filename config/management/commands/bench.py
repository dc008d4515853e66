"""Measure the figures of DESIGN section 10, each beside its limit or its peer."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

HOW_TO_GET = "set DATABASE_URL and REDIS_URL, install requirements-peers.txt."


class Command(BaseCommand):
    help = "Measure NAME, or everything that can be measured here, in a database of its own (docs/performance.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="one benchmark; see --list")
        parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
        parser.add_argument("--list", action="store_true", help="say what can be measured, and what it needs")
        parser.add_argument("--tiny", action="store_true", help="a few rows and runs: to try it, not to quote it")

    def handle(self, *, name: str | None, json: Path | None, tiny: bool, **options: Any) -> None:
        from benchmarks import all_benchmarks
        from benchmarks.database import use_own_database
        from benchmarks.measuring import FULL, TINY, Bench

        known = all_benchmarks()
        if options["list"]:
            for module in known.values():
                needs = f" (needs {' and '.join(module.NEEDS)})" if module.NEEDS else ""
                self.stdout.write(f"{module.NAME:<14} {module.ABOUT}{needs}")
            return
        if name is not None and name not in known:
            raise CommandError(f"There is no benchmark “{name}”. There are: {', '.join(known)}.")
        chosen = [known[name]] if name else [module for module in known.values() if not missing(module.NEEDS)]
        for module in chosen:
            if lacking := missing(module.NEEDS):
                raise CommandError(f"{module.NAME} needs {' and '.join(lacking)}: {HOW_TO_GET}")
        sizes = TINY if tiny else FULL
        use_own_database(sizes, self.stdout.write)
        figures = []
        for module in chosen:
            self.stdout.write(f"{module.NAME} …")
            figures += module.measure(Bench(sizes, lambda text: self.stdout.write(f"  {text}")))
        self.show(figures)
        if json is not None:
            write(json, figures, tiny=tiny)

    def show(self, figures: Any) -> None:
        self.stdout.write(f"\n{'figure':<34} {'ours':>10} {'peer':>10} {'ratio':>7}  goal")
        for one in figures:
            goal = "" if one.goal is None else f"{one.goal_is} {one.goal:g}: {'meets' if one.meets else 'MISSES'}"
            more = "".join(f", {key} {value}" for key, value in one.more.items() if key == "queries")
            self.stdout.write(f"{one.name:<34} {one.figure:>10.2f} {one.peer:>10.2f} {one.ratio:>7.2f}  {goal}{more}")


def missing(needs: tuple[str, ...]) -> list[str]:
    there = {
        "postgresql": connection.vendor == "postgresql", "redis": bool(settings.REDIS_URL),
        "faker and mimesis": bool(find_spec("faker") and find_spec("mimesis")),
    }  # fmt: skip
    return [need for need in needs if not there[need]]


def write(file: Path, figures: Any, *, tiny: bool) -> None:
    from benchmarks.measuring import machine

    told = {"tiny": tiny, "machine": machine(), "figures": [one.told() for one in figures]}
    try:
        file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CommandError(f"Cannot write {file}: {error.strerror}.") from error
