"""What else could reconcile two lists, each at its best known setting; read from the same files, romanised for them first.

They are optional (requirements-peers.txt); a peer that is not installed is said to be absent.
"""

import csv
import heapq
import importlib.util
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection

Found = dict[str, list[tuple[float, str]]]
Table = list[dict[str, str]]
FIELDS = ("family_name", "given_name", "patronymic", "birth_date", "unit", "service_number")
GIVEN = 10
BLOCK = 4  # letters of the family name
TRGM_ROWS = 100  # it takes its time


def is_installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


def splink(registry: Path, rows: Path) -> tuple[Found, dict[str, float]]:
    """Comparisons and training as its documentation advises for persons: u by sampling, m by EM over two blocks."""
    import pyarrow
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink import comparison_library as cl

    began = time.perf_counter()
    api = DuckDBAPI()
    tables = [
        api.register(pyarrow.Table.from_pylist(_for_peers(path)), table_name=name)
        for path, name in ((rows, "a_list"), (registry, "b_registry"))
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.NameComparison("family_name"), cl.NameComparison("given_name"),
            cl.JaroWinklerAtThresholds("patronymic", [0.92, 0.8]), cl.LevenshteinAtThresholds("birth_date", [1, 2]),
            cl.ExactMatch("unit"), cl.LevenshteinAtThresholds("service_number", [1]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("family_name"), block_on("birth_date"), block_on("service_number"),
            block_on("substr(family_name, 1, 4)", "substr(given_name, 1, 2)"),
        ],
    )  # fmt: skip
    linker = Linker(tables, settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(
        [block_on("family_name", "given_name", "birth_date")], recall=0.4
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("birth_date"), block_on("family_name", "given_name")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    trained = time.perf_counter()
    pairs = linker.inference.predict(threshold_match_weight=-10).as_record_list()
    found: Found = defaultdict(list)
    for pair in pairs:
        found[pair["unique_id_l"]].append((pair["match_weight"], pair["unique_id_r"]))
    ended = time.perf_counter()
    return _best(found), {"seconds": ended - began, "seconds_without_training": ended - trained}


def rapidfuzz_blocked(registry: Path, rows: Path) -> tuple[Found, dict[str, float]]:
    from rapidfuzz import fuzz, process

    began = time.perf_counter()
    blocks: dict[str, dict[str, str]] = defaultdict(dict)
    born: dict[str, str] = {}
    for person in _for_peers(registry):
        blocks[person["family_name"][:BLOCK]][person["unique_id"]] = _whole(person)
        born[person["unique_id"]] = person["birth_date"]
    found: Found = {}
    for row in _for_peers(rows):
        near = process.extract(
            _whole(row), blocks.get(row["family_name"][:BLOCK], {}), scorer=fuzz.token_sort_ratio, limit=50
        )
        found[row["unique_id"]] = [
            (score + 20 * (bool(row["birth_date"]) and row["birth_date"] == born[pk]), pk) for _name, score, pk in near
        ]
    return _best(found), {"seconds": time.perf_counter() - began}


def pg_trgm(registry: Path, rows: Path) -> tuple[Found, dict[str, float]]:
    """A GIN index over the romanised name, the likeliest by similarity; a birth date that agrees counts on top."""
    found: Found = {}
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("CREATE TEMPORARY TABLE reconcile_peer (id text, name text, born text) ON COMMIT PRESERVE ROWS")
        persons = iter(_for_peers(registry))
        while some := list(islice(persons, 1_000)):
            values = [value for one in some for value in (one["unique_id"], _whole(one), one["birth_date"])]
            cursor.execute(f"INSERT INTO reconcile_peer VALUES {', '.join(['(%s, %s, %s)'] * len(some))}", values)
        cursor.execute("CREATE INDEX ON reconcile_peer USING gin (name gin_trgm_ops)")
        cursor.execute("ANALYZE reconcile_peer")
        began = time.perf_counter()
        for row in _for_peers(rows)[:TRGM_ROWS]:
            cursor.execute(
                "SELECT similarity(name, %s) + CASE WHEN born <> '' AND born = %s THEN 0.4 ELSE 0 END AS score, id"
                " FROM reconcile_peer WHERE name %% %s ORDER BY score DESC LIMIT 10",
                [_whole(row), row["birth_date"], _whole(row)],
            )
            found[row["unique_id"]] = [(float(score), pk) for score, pk in cursor.fetchall()]
        taken = time.perf_counter() - began
        cursor.execute("DROP TABLE reconcile_peer")
    return found, {"seconds": taken, "rows": len(found)}


def peers() -> dict[str, Callable[[Path, Path], tuple[Found, dict[str, float]]] | None]:
    """By name; None for one that is absent here."""
    return {
        "splink": splink if is_installed("splink", "duckdb", "pyarrow", "anyascii") else None,
        "rapidfuzz, blocked": rapidfuzz_blocked if is_installed("anyascii") else None,
        "pg_trgm": pg_trgm if connection.vendor == "postgresql" and is_installed("anyascii") else None,
    }


def _for_peers(path: Path) -> Table:
    """Small letters of the Latin alphabet; a whole name in its parts, the family name first."""
    from anyascii import anyascii

    with path.open(encoding="utf-8", newline="") as file:
        return [_romanised(row, anyascii) for row in csv.DictReader(file)]


def _romanised(row: dict[str, str], anyascii: Callable[[str], str]) -> dict[str, Any]:
    if row.get("name") and not row["family_name"]:
        words = [*row["name"].split(), "", "", ""]
        row |= dict(zip(("family_name", "given_name", "patronymic"), words, strict=False))
    told: dict[str, Any] = {name: anyascii(row[name]).lower().strip() or None for name in FIELDS}
    return told | {"unique_id": row.get("id") or row["row_id"]} | {"birth_date": row["birth_date"] or ""}


def _whole(row: dict[str, Any]) -> str:
    return " ".join(filter(None, (row["family_name"], row["given_name"], row["patronymic"])))


def _best(found: Found) -> Found:
    return {row: heapq.nlargest(GIVEN, persons) for row, persons in found.items()}
