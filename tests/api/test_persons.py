"""Dossiers through the API: written in one's own half, read by nobody else."""

import pytest

from access.models import Compartment
from access.roles import Role
from accounts.middleware import begin
from audit.models import Event
from people.models import Person
from people.operations import add_claim
from people.operations.parts import add_identifier
from tests.cast import member

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


def test_a_family_is_told_and_reading_that_is_recorded(person, cast, api):
    caseworker = member("north-caseworker", cast.north.hq, Role.CASEWORKER)
    told = {
        "person": person["id"],
        "told": "his mother",
        "about": "held",
        "told_on": "2024-03",
        "told_by": "the bureau",
    }

    added = api(cast.north.clerk).post("notifications/", told)
    assert added.status_code == 201, added.content
    assert api(cast.north.clerk).get("notifications/").json()["results"] == []
    assert api(cast.south.head).get(added.json()["url"]).status_code == 404
    assert not Event.objects.unscoped("test").filter(kind="read.family").exists()

    listed = api(caseworker).get(f"notifications/?person={person['id']}").json()["results"]

    assert listed == [added.json()]
    assert api(caseworker).get(added.json()["url"]).json() == added.json()
    assert api(caseworker).get(f"persons/{person['id']}/").status_code == 200
    subjects = Event.objects.unscoped("test").filter(kind="read.family").values_list("subject", flat=True)
    assert list(subjects) == [f"person:{person['id']}"] * 2


def test_custody_numbers_and_duties_are_read_with_the_dossier(person, cast, api):
    row = Person.objects.unscoped("test").get(pk=person["id"])
    clerk = api(cast.north.clerk)
    sent = {"person": person["id"], "kind": "reported_captured", "source": "a unit", "happened_on": "2024-02-02",
            "held_by": "us", "stated_by": "us"}  # fmt: skip
    claim = clerk.post("claims/", sent).json()
    assert (claim["held_by"], claim["stated_by"], claim["basis"]) == ("us", "us", None)
    assert clerk.post("claims/", sent | {"basis": "court"}).status_code == 400
    add_identifier(row, actor=cast.north.clerk, kind="identity_tag", value="77")

    shown = clerk.get(person["url"]).json()
    assert shown["custody"] == {
        "is_held": True, "held_by": "us", "since": "2024-02-02", "was_home_before": False, "agency_notified": False,
    }  # fmt: skip
    assert shown["identifiers"] == [{"kind": "identity_tag", "value": "77", "source": ""}]

    add_claim(
        row,
        actor=cast.north.clerk,
        second=cast.north.head,
        kind="death_established",
        basis="certificate",
        source="act 3",
    )
    dead = clerk.get(person["url"]).json()
    assert {(duty["owed_by"], duty["is_done"]) for duty in dead["death_duties"]} == {("us", False)}
    assert len(dead["death_duties"]) == 4
    assert dead["custody"]["is_held"] is False


def test_a_program_enters_no_date_ahead_and_no_letters_of_two_alphabets(cast, api):
    sent = {"names": [{"family": "Кoваль"}], "birth_date": "2031-01-01"}

    refused = api(cast.north.clerk).post("persons/", sent)

    assert (refused.status_code, sorted(refused.json()["errors"])) == (400, ["birth_date", "names.0.family"])


def test_dossiers_opened_by_a_program_are_looked_up_too(person, cast, api, settings):
    settings.ALARM_UNASSIGNED_AN_HOUR = 1

    api(cast.north.negotiator).get(person["url"])

    assert Event.objects.unscoped("test").filter(kind="alarm.unassigned_reads").count() == 1


def test_a_list_is_sent_in_checked_taken_and_undone(scene, client, django_capture_on_commit_callbacks):
    """The same operations as the pages; what the background does is awaited here."""
    from base64 import b64encode

    client.force_login(scene.cast.north.clerk)
    session = client.session
    begin(session)
    session.save()

    def post(path, **body):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(path, body, content_type="application/json")

    content = b64encode(b"Surname,Name,Born\nKoval,Ivan,23.04.1987\n").decode()
    sent = post("/api/v1/imports/", sender="South", content=content)
    url = sent.json()["url"]
    assert (sent.status_code, client.get(url).json()["columns"]) == (
        201,
        {"0": "family", "1": "given", "2": "birth_date"},
    )
    assert post(f"{url}steps/check/", columns={"9": "family"}).status_code == 400
    assert post(f"{url}steps/check/").json()["status"] == "checking"
    assert client.get(url).json()["verdicts"] == {"new": 1}
    assert post(f"{url}steps/commit/").status_code == 200
    assert [one["label"] for one in client.get("/api/v1/persons/").json()["results"]] == ["Koval Ivan"]
    assert post(f"{url}steps/undo/").status_code == 200
    assert client.get(url).json()["status"] == "undone"
    assert client.get("/api/v1/persons/").json()["results"] == []
    assert post("/api/v1/imports/", sender="South", content="?").json()["errors"] == {
        "content": ["This is not base64."]
    }


def test_two_dossiers_are_judged_merged_and_taken_apart(person, cast, api):
    call = api(cast.north.clerk)
    other = call.post(
        "persons/", {"names": [{"family": "Kovalenko", "given": "Aleksandr"}], "unit": "4th brigade"}
    ).json()
    theirs = api(cast.south.clerk).post("persons/", BODY).json()
    steps = f"persons/{person['id']}/steps"

    for step, name in (("judge_same", "other"), ("merge", "absorbed")):
        assert call.post(f"{steps}/{step}/", {name: theirs["id"]}).status_code == 400
        assert api(cast.south.clerk).post(f"{steps}/{step}/", {name: theirs["id"]}).status_code == 404
    assert call.post(f"{steps}/judge_not_same/", {"other": other["id"], "reason": "two men"}).status_code == 200
    refused = call.post(f"{steps}/merge/", {"absorbed": other["id"]})
    assert refused.status_code == 409
    assert "north clerk judged" in refused.json()["detail"]
    assert call.post(f"{steps}/leave_undecided/", {"other": other["id"]}).status_code == 200
    assert call.post(f"{steps}/merge/", {"absorbed": other["id"], "take": ["owner"]}).status_code == 400
    merged = call.post(f"{steps}/merge/", {"absorbed": other["id"], "take": ["unit"], "version": 1}).json()
    assert (merged["unit"], merged["version"], len(merged["names"])) == ("4th brigade", 2, 3)
    assert call.get(other["url"]).json()["merged_into"] == person["id"]
    assert [row["id"] for row in call.get("persons/?q=الكسندر كوفالينكو").json()["results"]] == [person["id"]]

    apart = call.post(f"persons/{other['id']}/steps/unmerge/", {"reason": "another photograph"}).json()

    assert (apart["merged_into"], apart["unit"]) == (None, "4th brigade")
    assert call.get(person["url"]).json()["unit"] == ""
