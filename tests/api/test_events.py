"""The change feed: nothing missed, nothing more than the viewer reads."""

from access.roles import Role
from audit.models import Event
from tests import factories
from tests.cast import member


def test_a_reader_follows_one_log_by_position(scene, api):
    exchange = factories.exchange_at(scene, "negotiating")
    caller = api(scene.cast.south.head)

    page = caller.get("events/", compartment=exchange.compartment_id, page_size=1).json()
    rest = caller.get("events/", compartment=exchange.compartment_id, after=1).json()["results"]

    (first,) = page["results"]
    assert (first["position"], first["kind"]) == (1, "exchange.proposed")
    assert first["id"] == f"{exchange.compartment_id}:1"
    assert caller.get(page["next"]).json()["results"][0] == rest[0]
    assert [event["position"] for event in rest] == list(range(2, 2 + len(rest)))
    assert caller.get(first["url"]).json() == first
    assert first["actor"].startswith(f"organisation:{scene.cast.north.hq.pk}:")


def test_a_private_half_is_not_in_it(scene, api):
    factories.draft(scene)
    north, south = scene.cast.north, scene.cast.south

    seen = api(south.head).get("events/", page_size=200).json()["results"]

    assert north.home.pk not in {event["compartment"] for event in seen}
    assert api(south.head).get("events/", compartment=north.home.pk).json()["results"] == []
    assert "exchange.drafted" in {event["kind"] for event in api(north.head).get("events/").json()["results"]}


def test_content_with_names_is_for_those_who_read_names(scene, api):
    north = scene.cast.north
    observer = member("north-observer", north.hq, Role.OBSERVER)
    from people.operations import create_person

    create_person(actor=north.clerk, names=[{"family": "Abel"}])
    told = Event.objects.unscoped("test").get(kind="person.created")

    assert api(north.clerk).get(f"events/{told.name}/").json()["data"]["label"] == "Abel"
    shown = api(observer).get(f"events/{told.name}/")
    assert (shown.status_code, shown.json()["data"]) == (200, None)
    assert b"Abel" not in shown.content


def test_a_position_wants_its_compartment(scene, api):
    answer = api(scene.cast.north.head).get("events/", after=3)

    assert set(answer.json()["errors"]) == {"compartment"}


def test_malformed_ids_are_missing(scene, api):
    caller = api(scene.cast.north.head)

    for name in ("x", f"{scene.cast.north.home.pk}:x", f"{scene.cast.north.home.pk}:", f"{scene.cast.north.home.pk}:²"):
        assert caller.get(f"events/{name}/").status_code == 404
