"""The short exchange in one call: whole or not at all, each fault at its key, two people."""

from datetime import timedelta
from uuid import uuid4

from core import clock
from exchanges.models import Entry, Exchange, Receipt
from tests import scenes
from tests.cast import PASSWORD

URL = "short-exchanges/"


def body(**facts):
    """Two come home, one goes back."""
    return {
        "other_name": "South", "gone_at": (clock.now() - timedelta(hours=3)).isoformat(),
        "incoming": {"lines": [
            {"family_name": "Abel", "given_name": "Sam", "category": "civilian", "birth_date": "1990-05"},
            {"family_name": "Baker", "category": "prisoner_of_war", "outcome": "died"},
        ]},
        "outgoing": {"lines": [{"family_name": "Cole", "category": "prisoner_of_war", "outcome": "not_travelling"}]},
        "place": "the bridge", "time_zone": "Europe/Kyiv", "password": PASSWORD, "their_office": "Their council",
        "who": "their envoy", "to_whom": "our head", "source": "a call", "according_to": "our head",
        "second_username": "north-deputy", "second_password": PASSWORD,
    } | facts  # fmt: skip


def lines(*rows):
    return {"lines": list(rows)}


def test_one_call_records_all_of_it_once(cast, api):
    caller, key, told = api(cast.north.head), str(uuid4()), body()

    made = caller.post(URL, told, Idempotency_Key=key)
    again = caller.post(URL, told, Idempotency_Key=key)

    assert made.status_code == 201, made.json()
    exchange = Exchange.objects.unscoped("test").get()
    assert exchange.status == "completed"
    assert made.json()["id"] == again.json()["id"] == str(exchange.pk)
    assert made["Location"] == f"/api/v1/exchanges/{exchange.pk}/"
    assert again["Idempotency-Replayed"] == "true"
    rows = Entry.objects.unscoped("test").order_by("direction__number", "number")
    assert [row.full_name for row in rows] == ["Abel Sam", "Baker", "Cole"]
    outcomes = Receipt.objects.unscoped("test").order_by("entry__direction__number", "entry__number")
    assert list(outcomes.values_list("outcome", flat=True)) == ["received", "died", "not_travelling"]


def test_a_fault_stands_at_its_key_and_nothing_is_left(scene, api):
    """Of a side that works here and of one that is hidden or invented, each in its own words."""
    cast = scene.cast
    person = {"family_name": "Abel", "category": "civilian"}
    faults = [
        ({"incoming": lines(person, {"family_name": "Dunn", "category": "civilian", "birth_date": "1990-13"})},
         "incoming.lines.2.birth_date"),
        ({"incoming": lines(person | {"outcome": "vanished"})}, "incoming.lines.1.outcome"),
        ({"incoming": lines(person | {"outcome": ["received"]})}, "incoming.lines.1.outcome"),
        ({"outgoing": lines({"family_name": "Ellis"})}, "outgoing.lines.1.category"),
        ({"outgoing": lines("Ellis")}, "outgoing.lines.1"), ({"outgoing": {"lines": "Ellis"}}, "outgoing.lines"),
        ({"outgoing": lines(person | {"number": 7})}, "outgoing.lines.1.number"),
        ({"incoming": lines(), "outgoing": lines()}, "incoming"), ({"incoming": {"rows": []}}, "incoming.rows"),
        ({"gone_at": "2025-05-23T10:00:00"}, "gone_at"), ({"gone_at": None}, "gone_at"), ({"who": ""}, "who"),
        ({"agreed_at": clock.now().isoformat()}, "our_final_at"), ({"time_zone": "Nowhere/Else"}, "time_zone"),
        ({"other": str(scene.south.pk), "other_name": ""}, "other"), ({"other_name": ""}, "other_name"),
        ({"manner": "recorded"}, "decided_by"), ({"manner": "guessed"}, "manner"), ({"password": "wrong"}, "password"),
        ({"second_password": "wrong"}, "second_username"), ({"second_username": "north-head"}, "second_username"),
        ({"second_username": "south-head"}, "second_username"), ({"surprise": 1}, "surprise"),
    ]  # fmt: skip
    for changes, key in faults:
        answer = api(cast.north.head).post(URL, body(**changes))
        assert answer.status_code == 400, (changes, answer.json())
        assert answer["Content-Type"] == "application/problem+json"
        assert key in answer.json()["errors"], (changes, answer.json())
        assert PASSWORD not in answer.text

    hidden = scenes.three(cast).east  # of other talks, which the west has no part in
    west = cast.outsider_side
    told = body(other_name="", second_username=west.deputy.username)
    seen = [api(west.head).post(URL, told | {"other": str(pk)}) for pk in (hidden.pk, uuid4())]
    assert seen[0].content == seen[1].content
    assert seen[0].json()["errors"] == {"other": ["This is no side of a negotiation of yours."]}
    assert not Exchange.objects.unscoped("test").exists()


def test_who_may_not_decide_is_told_who_may(cast, api):
    for user in (cast.north.clerk, cast.mediator, cast.neutral, cast.operator):
        answer = api(user).post(URL, body())
        assert (answer.status_code, answer.json()["code"]) == (409, "not_allowed")
    assert not Exchange.objects.unscoped("test").exists()


def test_a_key_records_what_two_people_decided_and_signs_nothing(cast, keyed):
    caller = keyed(cast.north.deputy)
    papers = {"decided_by": "The president", "reached_office_how": "by courier", "document_number": "D-1"}
    asked = body(second_username="north-head")

    assert list(caller.post(URL, asked).json()["errors"]) == ["manner"]
    recorded = caller.post(URL, asked | {"manner": "recorded", **papers})
    assert recorded.status_code == 201, recorded.json()
