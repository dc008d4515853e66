"""The exchange's page, first window of its names, over raw SQL + orjson of all its names with both sides' answers."""

from collections.abc import Callable
from typing import Any

import orjson
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from benchmarks.callers import browser
from benchmarks.database import head, plain_connection
from benchmarks.measuring import Bench, Figure, median, percentile, turn_by_turn
from exchanges.models import Exchange

NAME = "exchange_page"
ABOUT = "exchange page with 2,000 entries, first window, over raw SQL + orjson of all rows <= 1; queries <= 10"
NEEDS: tuple[str, ...] = ()
GOAL = 1.0
MOST_QUERIES = 10

ALL_NAMES = """
SELECT e.id, e.version, e.direction_id, e.number, e.family, e.given, e.patronymic, e.birth_date, e.rank, e.service_number,
       e.category, e.latin_name, e.is_humanitarian, e.is_conspicuous, e.tranche_id, e.holder_stance, e.receiver_stance,
       e.replaces_id, e.entered_by_id, e.disclosed_at,
       a.participant_id, a.stance, a.reason, a.field, a.note, a.source, a.at
FROM exchanges_entry e
JOIN exchanges_direction d ON d.id = e.direction_id
LEFT JOIN exchanges_answer a ON a.entry_id = e.id
WHERE d.exchange_id = {mark}
ORDER BY e.direction_id, e.number, a.sequence
"""
OF_ENTRY = 20


def measure(bench: Bench) -> list[Figure]:
    viewer = head()
    counted = Exchange.objects.visible_to(viewer).annotate(size=Count("directions__entries")).order_by("-size", "pk")
    exchange = counted[0]
    client, plain = browser(viewer), plain_connection()
    url = f"/exchanges/{exchange.pk}/"

    def page() -> None:
        assert client.get(url).status_code == 200

    page()
    with CaptureQueriesContext(connection) as captured:
        page()
    queries = len(captured)  # the next request forgets them
    peer = all_names(plain, exchange.pk)
    ours, theirs = turn_by_turn(bench.sizes.runs, page, peer)
    plain.close()
    return [
        Figure(
            "exchange page, first window", "ms", median(ours), median(theirs), "raw SQL + orjson of all names",
            bench.sizes.runs, exchange.size, GOAL,
            more={"queries": queries, "most_queries": MOST_QUERIES, "p95": round(percentile(ours, 95), 3)},
        )
    ]  # fmt: skip


def all_names(plain: Any, exchange_id: Any) -> Callable[[], bytes]:
    """Every line with its answers nested."""
    is_sqlite = connection.vendor == "sqlite"
    sql = ALL_NAMES.format(mark="?" if is_sqlite else "%s")
    wanted = exchange_id.hex if is_sqlite else str(exchange_id)

    def read() -> bytes:
        cursor = plain.cursor()
        cursor.execute(sql, [wanted])
        lines: dict[Any, list[Any]] = {}
        for row in cursor.fetchall():
            line = lines.get(row[0])
            if line is None:
                line = lines[row[0]] = [*row[:OF_ENTRY], []]
            line[OF_ENTRY].append(row[OF_ENTRY:])
        cursor.close()
        return orjson.dumps(list(lines.values()))

    return read
