"""A page far down a list, over its first page: what a row's own values as cursor are for."""

from benchmarks.api_lists import page_of
from benchmarks.callers import api_client
from benchmarks.database import head
from benchmarks.measuring import Bench, Figure, median, turn_by_turn
from core.paging import FORWARDS, _write, by
from exchanges.models import Entry

NAME = "deep_page"
ABOUT = "page at row 100,000 over first page <= 3"
NEEDS: tuple[str, ...] = ()
GOAL = 3.0
ORDER = by("direction_id", "number")


def measure(bench: Bench) -> list[Figure]:
    viewer = head()
    rows = Entry.objects.visible_to(viewer).order_by(*ORDER.forwards)
    depth = bench.sizes.deep_row
    place = ORDER.place_of(rows[depth])
    client = api_client(viewer)
    first = page_of(client, "/api/v1/entries/")
    deep = page_of(client, f"/api/v1/entries/?cursor={_write(FORWARDS, place)}")
    ours, theirs = turn_by_turn(bench.sizes.runs, deep, first)
    return [Figure("page at depth", "ms", median(ours), median(theirs), "first page", bench.sizes.runs, depth, GOAL)]
