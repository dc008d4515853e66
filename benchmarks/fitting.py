"""The table of `people.matching.weights`, counted anew: `python -m benchmarks.fitting` prints it.

On persons and rows that are measured nowhere: the names of people/seeding, seeds of their own, the shares `FITTED`.
"""

import sys
from collections import Counter, defaultdict
from random import Random

from benchmarks.invented_lists import FITTED, ours, world
from people.matching.comparison import TELLS_RARITY, Comparer, Usual
from people.matching.reconciling import read_line, record_of_row
from people.matching.record import Lexicon, read
from people.matching.weights import WEIGHTS

SEEDS = (901, 902, 903)
PERSONS, ROWS = 20_000, 4_000
BY_CHANCE_FOR_A_ROW = 20
NAMES = ("family", "given", "father")
SEEN_HALF_A_TIME = 0.5  # a level that was never seen is rare, not impossible


def fitted() -> dict[str, dict[str, tuple[float, float]]]:
    agreed: dict[str, Counter[str]] = defaultdict(Counter)
    by_chance: dict[str, Counter[str]] = defaultdict(Counter)
    for seed in SEEDS:
        _count(seed, agreed, by_chance)
    return {field: _shares(field, agreed[field], by_chance[field]) for field in WEIGHTS}


def _count(seed: int, agreed: dict[str, Counter[str]], by_chance: dict[str, Counter[str]]) -> None:
    made = world(PERSONS, ROWS, seed=seed, names=ours, shares=FITTED)
    rng, lexicon, comparer = Random(seed), Lexicon(), Comparer(Usual())
    held = {line[0]: read_line(line, lexicon, with_number=True) for line in made.registry}
    everybody = list(held.values())
    for row in made.rows:
        sought = read(record_of_row(row), lexicon, as_sought=True)
        strangers = [rng.choice(everybody) for _time in range(BY_CHANCE_FOR_A_ROW)]
        for counted, persons in ((agreed, [held[made.answers[row[0]]]]), (by_chance, strangers)):
            for person in persons:
                fields = comparer.compare(sought, person).fields
                for one in fields:
                    counted[one.field][one.level] += 1
                if not any(one.field == "order" for one in fields):
                    counted["order"]["straight"] += 1


def _shares(field: str, agreed: Counter[str], by_chance: Counter[str]) -> dict[str, tuple[float, float]]:
    """Of `same` and `script` chance is the name's rarity, which the comparison multiplies: here it is the whole."""
    found, levels = {}, WEIGHTS[field]
    for level in levels:
        m = (agreed[level] + SEEN_HALF_A_TIME) / (agreed.total() + SEEN_HALF_A_TIME * len(levels))
        u = (by_chance[level] + SEEN_HALF_A_TIME) / (by_chance.total() + SEEN_HALF_A_TIME * len(levels))
        is_rarity = level in TELLS_RARITY and field in NAMES
        found[level] = (round(m, 4), 1.0 if is_rarity else float(f"{u:.2g}"))
    return found


if __name__ == "__main__":
    for field, levels in fitted().items():
        sys.stdout.write(f'    "{field}": {{\n')
        for level, (m, u) in levels.items():
            sys.stdout.write(f'        "{level}": ({m}, {u}),\n')
        sys.stdout.write("    },\n")
