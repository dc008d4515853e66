"""Dossiers through the API: written in one's own half, read by nobody else."""

import pytest

from access.models import Compartment
from people.models import Person

BODY = {
    "names": [{"family": "Коваленко", "given": "Олександр"}, {"family": "Kovalenko", "given": "Oleksandr"}],
    "birth_date": "1987-04", "rank": "Sergeant", "categories": [{"category": "prisoner_of_war", "evidence": "his letter"}],
    "claims": [{"kind": "missing", "happened_on": "2024-02", "source": "his unit", "place": "nobody knows"}],
}  # fmt: skip


@pytest.fixture
def person(cast, api) -> dict:
    answer = api(cast.north.clerk).post("persons/", BODY)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_dossier_is_written_and_read_whole(person, cast, api):
    shown = api(cast.north.clerk).get(person["url"])

    assert shown.json() == person
    assert shown["ETag"] == '"1"'
    assert person["label"] == "Коваленко Олександр"
    assert [name["script"] for name in person["names"]] == ["cyrl", "latn"]
    assert (person["fate"]["kind"], person["birth_date"]) == ("missing", "1987-04")
    assert b"nobody knows" not in shown.content
    assert Person.objects.unscoped("test").get().compartment == cast.north.home


def test_the_other_side_sees_nothing(person, cast, api):
    caller = api(cast.south.head)

    assert caller.get(person["url"]).status_code == 404
    assert caller.get("names/").json()["results"] == caller.get("claims/").json()["results"] == []
    answer = caller.post("claims/", {"person": person["id"], "kind": "home", "source": "us"})
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"person"})


def test_a_field_is_changed_from_the_present_version_only(person, cast, api):
    caller = api(cast.north.clerk)

    changed = caller.patch(person["url"], {"rank": "Lieutenant"}, If_Match='"1"')
    stale = caller.patch(person["url"], {"rank": "Captain", "version": 1})

    assert (changed.json()["rank"], changed["ETag"], stale.status_code) == ("Lieutenant", '"2"', 412)


def test_names_are_added_corrected_and_preferred(person, cast, api):
    caller = api(cast.north.clerk)
    added = caller.post("names/", {"person": person["id"], "family": "كوفالينكو"}).json()

    corrected = caller.patch(added["url"], {"source": "Red Crescent"}, If_Match=f'"{added["version"]}"').json()
    preferred = caller.step("names", added["id"], "prefer")

    assert (added["script"], corrected["source"]) == ("arab", "Red Crescent")
    assert preferred.json()["is_preferred"]
    assert caller.patch(added["url"], {"source": "x"}, If_Match='"1"').status_code == 412


def test_a_death_takes_two_people(person, cast, api):
    answer = api(cast.north.clerk).post(
        "claims/", {"person": person["id"], "kind": "death_established", "source": "a court"}
    )

    assert answer.status_code == 409


def test_faults_are_named_by_place(cast, api):
    answer = api(cast.north.clerk).post(
        "persons/", {"names": [{"family": "A"}], "birth_date": "1987-13", "claims": [{"kind": "missing"}]}
    )

    assert set(answer.json()["errors"]) == {"claims.0.source"}
    answer = api(cast.north.clerk).post("persons/", {"names": [{"given": ""}], "birth_date": "1987-13"})
    assert set(answer.json()["errors"]) == {"birth_date", "names.0"}


def test_another_owners_half_cannot_be_named(cast, api):
    answer = api(cast.north.clerk).post("persons/", BODY | {"compartment": str(cast.south.home.pk)})

    assert set(answer.json()["errors"]) == {"compartment"}
    assert Compartment.objects.filter(pk=cast.south.home.pk).exists()
