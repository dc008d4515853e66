"""Pages by key: whole, in order, both ways, within the viewer's scope, at a fixed number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.fields import empty

import config.api_urls  # noqa: F401  names every list
from access.doors import Filters
from people.operations import create_persons_bulk
from tests import factories
from tests.keeping import kept


def walked(caller, path: str, **query) -> list[dict]:
    found, page = [], caller.get(path, **query).json()
    while True:
        assert set(page) == {"next", "previous", "results"}
        found += page["results"]
        if page["next"] is None:
            return found
        page = caller.get(page["next"]).json()


def queries(caller, path: str, **query) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert caller.get(path, **query).status_code == 200
    return len(captured)


@pytest.fixture
@kept
def listed(scene):
    exchange = factories.exchange_at(scene, "negotiating", count=12)
    factories.agreed_entries(scene, exchange, 12)
    return exchange


def test_pages_join_without_gap_or_double(listed, scene, api):
    caller = api(scene.cast.north.head)

    found = walked(caller, "entries/", page_size=5, exchange=listed.pk)

    assert len({row["id"] for row in found}) == len(found) == 24
    assert [(row["direction"], row["number"]) for row in found] == sorted(
        (row["direction"], row["number"]) for row in found
    )


def test_the_previous_page_is_the_one_before(listed, scene, api):
    caller = api(scene.cast.north.head)
    first = caller.get("entries/", page_size=10).json()
    second = caller.get(first["next"]).json()
    third = caller.get(second["next"]).json()

    assert (first["previous"], third["next"]) == (None, None)
    assert caller.get(third["previous"]).json()["results"] == second["results"]
    assert caller.get(second["previous"]).json()["results"] == first["results"]


def test_newest_first_lists_page_too(scene, api):
    for _ in range(7):
        factories.draft(scene)
    caller = api(scene.cast.north.head)

    found = walked(caller, "exchanges/", page_size=2)

    assert len({row["id"] for row in found}) == 7
    since = [row["status_since"] for row in found]
    assert since == sorted(since, reverse=True)
    assert walked(caller, "events/", page_size=3) == walked(caller, "events/", page_size=200)


def test_persons_come_by_name_in_any_script(scene, api):
    north = scene.cast.north
    spelt = ["Яковенко", "Abel", "Бойко", "عباس", "Ćosić"] * 3
    create_persons_bulk(north.home, [{"names": [{"family": name}]} for name in spelt], actor=north.clerk)

    found = walked(api(north.clerk), "persons/", page_size=4)

    assert len({row["id"] for row in found}) == 15
    assert found == walked(api(north.clerk), "persons/", page_size=200)
    assert len(walked(api(north.clerk), "persons/", q="бойко")) == 3
    assert walked(api(scene.cast.south.clerk), "persons/") == []


@pytest.mark.parametrize("cursor", ["x", "!!!", "WzAsMV0", "AAAA", "WzAsIngiLCJ5Il0"])
def test_a_cursor_that_is_none_of_ours_is_400(cursor, listed, scene, api):
    answer = api(scene.cast.north.head).get("entries/", cursor=cursor)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"cursor"}


@pytest.mark.parametrize("size", ["0", "201", "x"])
def test_page_sizes_have_bounds(size, listed, scene, api):
    assert api(scene.cast.north.head).get("entries/", page_size=size).status_code == 400


LISTS = {
    "negotiations/": 3, "exchanges/": 2, "directions/": 4, "entries/": 3, "answers/": 2, "revisions/": 2,
    "tranches/": 3, "manifests/": 2, "sign-offs/": 5, "receipts/": 2, "persons/": 2, "names/": 2, "claims/": 2,
    "events/": 3, "organisations/": 3, "compartments/": 3, "policies/": 3,
}  # fmt: skip


def test_queries_do_not_grow_with_rows(scene, api, monkeypatch):
    monkeypatch.setattr("accounts.middleware.NOTED_EVERY", timedelta(days=1))  # however long this takes
    north = scene.cast.north
    clerk = north.clerk
    factories.tranche_at(scene, "received", count=2)
    create_persons_bulk(
        north.home, [{"names": [{"family": "One"}], "claims": [{"kind": "missing", "source": "us"}]}], actor=clerk
    )
    caller = api(north.head)
    few = {path: len(caller.get(path, page_size=200).json()["results"]) for path in LISTS}
    before = {path: queries(caller, path, page_size=200) for path in LISTS}
    factories.tranche_at(scene, "received", count=3)
    factories.exchange_at(scene, "countered")
    more = [{"names": [{"family": "Two"}], "claims": [{"kind": "missing", "source": "us"}]}] * 3
    create_persons_bulk(north.home, more, actor=clerk)

    after = {path: queries(caller, path, page_size=200) for path in LISTS}

    grew = {path for path in LISTS if len(caller.get(path, page_size=200).json()["results"]) > few[path]}
    assert set(LISTS) - grew <= {"negotiations/", "organisations/", "policies/"}
    assert after == before
    session_and_user = 2
    assert {path: asked for path, asked in before.items() if asked - session_and_user > LISTS[path]} == {}


def test_every_filter_may_be_left_out():
    def kinds(of: type[Filters]) -> list[type[Filters]]:
        return [of, *(found for kind in of.__subclasses__() for found in kinds(kind))]

    for kind in kinds(Filters):
        for name, field in kind().fields.items():
            assert not field.required, f"{kind.__name__}.{name}"
            assert field.default is empty, f"{kind.__name__}.{name}"
