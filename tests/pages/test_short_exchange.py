"""The one page of the short exchange: what was typed is kept, each fault stands at its place, guesses are slowed."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts.guessing import FREE_TRIES
from core import clock
from exchanges.models import Entry, Exchange, Receipt
from tests import scenes
from tests.cast import PASSWORD
from tests.exchanges.test_short import NEUTRAL

URL = reverse("exchanges:short")


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()
    yield
    cache.clear()


def local(**ago):
    return timezone.localtime(clock.now() - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M")


def typed(**facts):
    """A whole form: two come home, one of them in a row; one goes back, pasted."""
    return {
        "form": "e5b1a8de-0000-4000-8000-000000000001", "talks": "new", "other_name": "South", "gone_at": local(hours=3),
        "agreed_at": local(hours=9), "time_zone": "Europe/Kyiv", "place": "the bridge", "manner": "signed",
        "own_password": PASSWORD, "their_office": "Their council", "who": "their envoy", "to_whom": "our head",
        "source": "a call", "according_to": "our head", "second_username": "north-deputy", "second_password": PASSWORD,
        "incoming-rows": "3", "outgoing-rows": "3", "incoming-1-family_name": "Abel", "incoming-1-given_name": "Sam",
        "incoming-1-birth_date": "1990-05", "incoming-1-category": "civilian", "incoming-1-outcome": "received",
        "incoming-3-family_name": "Baker", "incoming-3-category": "prisoner_of_war", "incoming-3-outcome": "died",
        "outgoing": "Cole; Ann; ; 1985; woman\nDunn;Eve\n", "outgoing-category": "civilian", "outgoing-absent": "2",
        "outgoing-absent-outcome": "not_travelling",
    } | facts  # fmt: skip


def test_what_is_typed_becomes_a_completed_exchange(cast, browser):
    client = browser(cast.north.head)
    assert client.get(URL).status_code == 200

    response = client.post(URL, typed())

    exchange = Exchange.objects.unscoped("test").get()
    assert response.url == reverse("exchanges:detail", args=[exchange.pk])
    assert exchange.status == "completed"
    rows = Entry.objects.unscoped("test").order_by("direction__number", "number")
    assert [(row.full_name, row.birth_date, row.category) for row in rows] == [
        ("Abel Sam", "1990-05", "civilian"), ("Baker", "", "prisoner_of_war"), ("Cole Ann", "1985", "woman"),
        ("Dunn Eve", "", "civilian"),
    ]  # fmt: skip
    outcomes = Receipt.objects.unscoped("test").order_by("entry__direction__number", "entry__number")
    assert list(outcomes.values_list("outcome", flat=True)) == ["received", "died", "received", "not_travelling"]
    page = client.get(response.url).content.decode()
    assert "recorded afterwards" in page
    assert "according to our head" in page
    again = client.post(URL, typed())  # a double click, or the browser's back
    assert again.url == response.url


FAULTS = [
    ({"incoming-1-birth_date": "1990-13"}, "incoming-1-birth_date", "There is no such date: 1990-13."),
    ({"incoming": "Abel,Sam,,1990-05\nEllis,Tom,,yesterday\n"}, "incoming", "Line 2, birth_date: Write the date as"),
    ({"incoming": "Frost,Ida,,1970,nobody,x"}, "incoming", "Line 1: Line 1 has 6 cells where the header has 5."),
    ({"incoming": "Abel,Sam,,1990-05"}, "incoming", "Line 1: The same person stands here twice."),
    ({"incoming": "number\n7"}, "incoming", "Line 1, number: There is no #7 on this list."),
    ({"outgoing-absent": "2, 9"}, "outgoing-absent", "There is no pasted line 9."),
    ({"other_name": ""}, "other_name", "Name the other side."),
    ({"gone_at": ""}, "gone_at", "This field is required."),
    ({"our_final_at": "1999-01-01T10:00"}, "our_final_at", "This lies before the step that it follows."),
    ({"manner": "recorded"}, "decided_by", "Fill this in."),
    ({"own_password": "wrong"}, "own_password", "This is not your password."),
    ({"own_password": ""}, "own_password", "Fill this in."),
    ({"second_username": "north-head"}, "second_username", "a second person of your organisation confirms it."),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "field", "sentence"), FAULTS, ids=[next(iter(f[0])) for f in FAULTS])
def test_fault_stands_at_its_field_and_what_was_typed_is_kept(cast, browser, facts, field, sentence):
    response = browser(cast.north.head).post(URL, typed(**facts))

    assert response.status_code == 400
    assert any(sentence in said for said in response.context["form"].errors[field])
    page = response.content.decode()
    assert all(kept in page for kept in ('value="the bridge"', 'value="Baker"', "Cole; Ann;"))
    assert PASSWORD not in page
    assert Exchange.objects.unscoped("test").count() == 0


@pytest.mark.parametrize(
    ("name", "password"),
    [("nobody", PASSWORD), ("north-deputy", "wrong"), ("north-negotiator", PASSWORD), ("south-head", PASSWORD)],
)
def test_who_is_no_second_person_is_told_one_sentence(cast, browser, name, password):
    response = browser(cast.north.head).post(URL, typed(second_username=name, second_password=password))

    assert response.context["form"].errors == {"second_username": [NEUTRAL]}


@pytest.mark.parametrize("password", [PASSWORD, pytest.param("wrong", marks=pytest.mark.slow)])
def test_guessing_is_slowed_also_for_one_who_could_not_confirm(cast, browser, password):
    client = browser(cast.north.head)
    guess = typed(second_username="north-negotiator", second_password=password)
    with time_machine.travel(timezone.now(), tick=False):
        for _try in range(FREE_TRIES["name"]):
            client.post(URL, guess)

        assert "try again in" in client.post(URL, guess).context["form"].errors["second_username"][0]


def test_more_rows_keep_everything_typed_and_check_nothing(cast, browser):
    response = browser(cast.north.head).post(URL, typed(more="incoming", other_name="", gone_at=""))

    page = response.content.decode()
    assert response.status_code == 200
    assert all(kept in page for kept in ("incoming-6-", 'value="Baker"', "Cole; Ann;"))
    assert not any(name in page for name in ("incoming-7-", "outgoing-4-", "field-wrong", PASSWORD))


def test_sides_that_work_here_have_the_ordinary_way(cast, browser, scene):
    alone = scenes.alone(cast)

    page = browser(cast.north.head).get(URL).content.decode()

    assert f"{reverse('exchanges:new')}?negotiation={scene.negotiation.pk}" in page
    assert f'value="{alone.south.pk}"' in page
    assert f'value="{scene.south.pk}"' not in page


def test_side_chosen_by_hand_is_no_choice(cast, browser, scene):
    response = browser(cast.north.head).post(URL, typed(talks=str(scene.south.pk)))

    assert "talks" in response.context["form"].errors


def test_new_name_beside_a_standing_negotiation_is_asked_about(cast, browser):
    response = browser(cast.north.head).post(URL, typed(talks=str(scenes.alone(cast).south.pk)))

    assert response.context["form"].errors == {
        "other_name": ["Leave this blank, or choose a new negotiation to name another side."]
    }


@pytest.mark.parametrize("who", ["negotiator", "handover", "president"])
def test_who_does_not_decide_reads_why_not(cast, browser, who):
    client = browser(getattr(cast.north, who))

    assert "This is for head of delegation." in client.get(URL).content.decode()
    client.post(URL, typed())
    assert Exchange.objects.unscoped("test").count() == 0
