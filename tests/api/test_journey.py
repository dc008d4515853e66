"""From a draft to *completed* through the API alone."""

import pytest

from core import clock
from tests import factories
from tests.cast import PASSWORD
from tests.factories import rows


@pytest.fixture
def stage(scene, api):
    """A small play: `act(user, plural, id, step)` insists on 200 and returns the object."""

    def act(user, plural, pk, step, **body):
        response = api(user).step(plural, pk, step, **body)
        assert response.status_code == 200, response.content
        return response.json()

    return act


def made(response) -> dict:
    assert response.status_code == 201, response.content
    assert response["Location"] == response.json()["url"]
    return response.json()


def drafted(scene, api, count=2) -> dict:
    north, south = scene.north, scene.south
    return made(
        api(scene.cast.north.negotiator).post(
            "exchanges/",
            {
                "negotiation": str(scene.negotiation.pk),
                "title": "2 for 2",
                "directions": [
                    {"holder": str(south.pk), "receiver": str(north.pk), "lines": [{"count": count}]},
                    {"holder": str(north.pk), "receiver": str(south.pk), "lines": [{"count": count}]},
                ],
            },
        )
    )


def sign(scene, api, stage, tranche, side, user, final=False):
    asked = {"tranche": tranche, "is_current": "true", "is_final": str(final).lower()}
    found = api(user).get("sign-offs/", **asked).json()["results"]
    (rung,) = [row for row in found if row["participant"]["name"].lower() == side.name]
    shown = api(user).get(rung["url"]).json()
    assert len(shown["digest_words"]) == 8
    return stage(user, "sign-offs", rung["id"], "approve", digest=shown["digest"], password=PASSWORD)


def locked_tranche(scene, api, stage) -> tuple[dict, dict]:
    cast = scene.cast
    north, south = cast.north, cast.south
    exchange = drafted(scene, api)
    assert api(south.negotiator).get(exchange["url"]).status_code == 404
    exchange = stage(north.negotiator, "exchanges", exchange["id"], "propose")
    assert (exchange["status"], exchange["reference"]) == ("proposed", "TLK-1")
    first = exchange["directions"][0]["id"]
    exchange = stage(south.negotiator, "exchanges", exchange["id"], "counter", lines={first: [{"count": 3}]})
    assert exchange["directions"][0]["formula"] == [{"category": None, "count": 3}]
    exchange = stage(north.negotiator, "exchanges", exchange["id"], "accept", formula_version=2)
    assert exchange["status"] == "negotiating"
    for direction in exchange["directions"]:
        holder, receiver = (north, south) if direction["holder"]["name"] == "North" else (south, north)
        stage(
            holder.negotiator, "directions", direction["id"], "submit",
            lines=rows(2, first=10 * direction["number"]), message="first list", base=0,
        )  # fmt: skip
        entries = api(receiver.negotiator).get("entries/", direction=direction["id"]).json()["results"]
        answered = api(receiver.negotiator).post(
            "answers/", {"exchange": exchange["id"], "entries": [e["id"] for e in entries], "stance": "agreed"}
        )
        assert answered.status_code == 201
        assert [answer["stance"] for answer in answered.json()["results"]] == ["agreed", "agreed"]
    agreed = api(north.negotiator).get("entries/", exchange=exchange["id"], agreed="true").json()["results"]
    assert len(agreed) == 4
    tranche = made(
        api(north.negotiator).post(
            "tranches/",
            {"exchange": exchange["id"], "place": "the border", "entries": [entry["id"] for entry in agreed]},
        )
    )
    changed = api(north.negotiator).patch(tranche["url"], {"planned_on": "2025-05-23"})
    assert changed.json()["planned_on"] == "2025-05-23"
    for side in (north, south):
        asked = stage(side.head, "tranches", tranche["id"], "lock")
        assert [pair["step"] for pair in asked["waiting_pairs"]] == ["lock"]
        tranche = stage(side.deputy, "tranches", tranche["id"], "lock")
    assert tranche["status"] == "locked"
    return exchange, tranche


def test_an_exchange_runs_from_draft_to_completed(scene, api, stage):
    north, south = scene.cast.north, scene.cast.south
    exchange, tranche = locked_tranche(scene, api, stage)

    stage(north.head, "tranches", tranche["id"], "start_sign_off")
    for side in (north, south):
        sign(scene, api, stage, tranche["id"], side, side.head)
    assert api(north.head).get(exchange["url"]).json()["status"] == "awaiting_final_sign_off"

    for side in (north, south):
        sign(scene, api, stage, tranche["id"], side, side.president, final=True)
    for side in (north, south):
        assert api(side.head).post(f"tranches/{tranche['id']}/clearances/").json()["clearances_missing"] in (0, 4)
    stage(north.handover, "tranches", tranche["id"], "stage")
    stage(south.medic, "tranches", tranche["id"], "hold")
    stage(south.head, "tranches", tranche["id"], "release_hold", reason="cleared up")
    for side in (north, south):
        tranche = stage(side.handover, "tranches", tranche["id"], "go")
    assert tranche["status"] == "gone"

    entries = api(north.head).get("entries/", tranche=tranche["id"]).json()["results"]
    directions = {row["id"]: row for row in exchange["directions"]}
    for side in (north, south):
        own = [e["id"] for e in entries if directions[e["direction"]]["receiver"]["name"].lower() == side.name]
        stage(
            side.handover, "tranches", tranche["id"], "record_receipts",
            outcomes=[{"entry": pk, "outcome": "received"} for pk in own],
        )  # fmt: skip
    for side in (north, south):
        tranche = stage(side.head, "tranches", tranche["id"], "settle", presented=2)
    assert tranche["status"] == "received"
    for side in (north, south):
        exchange = stage(side.head, "exchanges", exchange["id"], "settle_counts", promised=2, presented=2, received=2)
    assert exchange["status"] == "completed"
    assert len(api(north.head).get("receipts/", tranche=tranche["id"]).json()["results"]) == 4


def test_a_recorded_final_takes_two_people_and_the_same_papers(scene, api, stage):
    tranche = factories.tranche_at(scene, "awaiting_final_sign_off")
    north = scene.cast.north
    rung = api(north.secretary).get("sign-offs/", tranche=tranche.pk, is_final="true").json()["results"][0]
    shown = api(north.secretary).get(rung["url"]).json()
    papers = {"decided_by": "The President", "reached_office_how": "by courier", "document_number": "D-1"}
    papers["reached_office_at"] = clock.now().isoformat()

    asked = stage(
        north.secretary, "sign-offs", rung["id"], "approve", digest=shown["digest"], manner="recorded", **papers
    )
    assert asked["status"] == "pending"
    assert asked["waiting_pairs"][0]["details"]["document_number"] == "D-1"

    recorded = stage(north.registrar, "sign-offs", rung["id"], "approve", digest=shown["digest"], manner="recorded")
    assert recorded["status"] == "approved"
    assert [(part["manner"], part["state"]) for part in recorded["sign_offs"]] == [("recorded", "valid")]


def test_a_lapse_names_its_cause_and_a_withdrawal_takes_effect_at_once(scene, api, stage):
    tranche = factories.tranche_at(scene, "signed_off")
    north = scene.cast.north
    entry = tranche.entries.first()
    for user in (north.negotiator, north.deputy):
        stage(
            user, "tranches", tranche.pk, "correct_entry", entry=str(entry.pk), changes={"rank": "Sergeant"},
            source="their passport",
        )  # fmt: skip
    internal = factories.step_of(tranche, north)
    shown = api(north.head).get(f"sign-offs/{internal.pk}/").json()
    assert (shown["status"], shown["sign_offs"][0]["state"]) == ("pending", "lapsed")
    assert f"#{entry.number}" in shown["lapsed_because"]

    final = factories.step_of(tranche, north, final=True)
    withdrawn = stage(north.president, "sign-offs", final.pk, "withdraw", reason="he changed his mind")
    assert withdrawn["sign_offs"][0]["state"] == "withdrawn"


def test_their_word_needs_every_part(scene, api):
    exchange = factories.exchange_at(scene, "proposed")

    answer = api(scene.cast.north.head).step(
        "exchanges", exchange.pk, "decline", reason="no", word={"participant": str(scene.south.pk), "who": "somebody"}
    )

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {
        "word.to_whom", "word.happened_at", "word.source", "word.according_to",
    }  # fmt: skip


def test_final_offices_and_policies_are_set_through_the_api(scene, api):
    exchange = factories.exchange_at(scene, "negotiating")
    north = scene.cast.north

    named = api(north.head).post(
        f"exchanges/{exchange.pk}/final-offices/",
        {"participant": str(scene.north.pk), "office": str(north.office.pk), "scope": "names"},
    )
    policy = api(north.head).post(
        "policies/",
        {
            "negotiation": str(scene.negotiation.pk),
            "steps": [{"office": str(north.hq.pk)}, {"office": str(north.office.pk), "is_final": True}],
        },
    )

    assert named.json()["scope"] == "names"
    assert [step["is_final"] for step in made(policy)["steps"]] == [False, True]
    assert api(scene.cast.south.head).get(policy.json()["url"]).status_code == 404
