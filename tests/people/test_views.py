"""The pages of the dossiers: what is shown to whom, and in how many queries."""

import pytest
from django.urls import reverse

from audit.models import Event
from people.models import Claim
from people.operations import add_claim, create_person, create_persons_bulk
from tests.cast import PASSWORD
from tests.keeping import kept

INDEX = reverse("people:index")
LIST_QUERIES = 10
DETAIL_QUERIES = 7
FIRST_LOOK = 3  # that a dossier was looked up is written once a day, in a transaction of its own


@pytest.fixture
@kept
def person(cast):
    return create_person(
        actor=cast.north.clerk,
        names=[{"family": "Коваль", "given": "Іван"}, {"family": "Koval", "given": "Ivan", "kind": "transliteration"}],
        categories=[{"category": "prisoner_of_war", "evidence": "uniform"}],
        claims=[{"kind": "moved", "source": "a returnee", "happened_on": "2023-02", "place": "Hidden Town"}],
        service_number="AB-77",
        birth_date="1990-04",
    )


def page(name, person):
    return reverse(f"people:{name}", args=[person.pk])


def crowd(cast, count):
    rows = ({"names": [{"family": f"Person {number:03}"}]} for number in range(count))
    return create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)


def test_the_list_shows_both_scripts_fate_and_categories(cast, as_user, person):
    text = as_user(cast.north.clerk).get(INDEX).text

    for shown in ("Коваль Іван", "Koval Ivan", "April 1990", "AB-77", "prisoner of war", "according to a returnee"):
        assert shown in text


@pytest.mark.parametrize("sought", ["коваль", "КОВАЛЬ іван", "koval", "ab-77", "ivan Коваль"])
def test_a_person_is_found_by_any_name_or_number(cast, as_user, person, sought):
    crowd(cast, 3)

    window = as_user(cast.north.clerk).get(INDEX, {"q": sought}).context["page"]

    assert [line.label for line in window.persons] == ["Коваль Іван"]


def test_a_search_without_result_says_so(cast, as_user, person):
    assert "Nobody is found" in as_user(cast.north.clerk).get(INDEX, {"q": "xyz"}).text


def test_windows_of_fifty_lead_forth_and_back(cast, as_user):
    crowd(cast, 120)
    client = as_user(cast.north.clerk)
    first = client.get(INDEX).context["page"]
    second = client.get(first.next_url).context["page"]
    third = client.get(second.next_url).context["page"]
    back = client.get(third.previous_url).context["page"]

    assert [len(window.persons) for window in (first, second, third)] == [50, 50, 20]
    assert (first.previous_url, third.next_url) == ("", "")
    assert back.persons == second.persons
    assert client.get(back.previous_url).context["page"].persons == first.persons


def test_a_hidden_place_in_the_list_is_the_beginning(cast, as_user, person):
    crowd(cast, 2)
    hidden = create_person(actor=cast.south.clerk, names=[{"family": "Z"}])
    client = as_user(cast.north.clerk)

    answers = [client.get(INDEX, {"after": key}).context["page"] for key in (hidden.pk, "no-id", "")]

    assert answers[0] == answers[1] == answers[2]


def test_the_other_side_sees_an_empty_list(cast, as_user, person):
    client = as_user(cast.south.clerk)

    assert "No dossiers yet" in client.get(INDEX).text
    assert client.get(INDEX, {"q": "Коваль"}).context["page"].persons == []


@pytest.mark.parametrize("name", ["detail", "claim_new", "places"])
def test_a_hidden_dossier_is_a_missing_one(cast, as_user, person, name):
    client = as_user(cast.south.head)

    hidden = client.get(page(name, person))
    missing = client.get(reverse(f"people:{name}", args=["5b1f2c0e-0000-4000-8000-000000000000"]))

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.content == missing.content


@pytest.mark.parametrize("name", ["detail", "claim_new", "places"])
def test_a_stranger_signs_in_first(client, cast, person, name):
    assert client.get(page(name, person)).status_code == 302


def test_the_dossier_keeps_the_place_closed(cast, as_user, person):
    for reader in (cast.north.clerk, cast.north.handover):
        assert "Hidden Town" not in as_user(reader).get(page("detail", person)).text


def test_the_place_opens_to_who_may_and_that_is_recorded(cast, as_user, person):
    assert "Hidden Town" in as_user(cast.north.handover).get(page("places", person)).text
    assert Event.objects.unscoped("test").get(kind="read.location").subject == f"person:{person.pk}"


def test_a_claim_is_added_from_the_page(cast, as_user, person):
    asked = {"kind": "home", "happened_on": "2025-05-23", "source": "the border", "confidence": "high"}

    answer = as_user(cast.north.clerk).post(page("claim_new", person), asked)

    assert answer.headers["Location"] == page("detail", person)
    assert Claim.objects.visible_to(cast.north.clerk).filter(kind="home").get().source == "the border"


def test_a_fault_stands_at_its_field(cast, as_user, person):
    asked = {"kind": "home", "happened_on": "2025-15", "source": "the border", "confidence": "high"}

    answer = as_user(cast.north.clerk).post(page("claim_new", person), asked)

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["happened_on"]
    assert Claim.objects.visible_to(cast.north.clerk).count() == 1


@pytest.mark.parametrize(("password", "status", "deaths"), [("not this one", 400, 0), (PASSWORD, 302, 1)])
def test_a_second_person_establishes_the_death_with_a_password(cast, as_user, person, password, status, deaths):
    asked = {
        "kind": "death_established", "source": "a court", "confidence": "high", "basis": "court",
        "second_username": cast.north.negotiator.username, "second_password": password,
    }  # fmt: skip

    answer = as_user(cast.north.clerk).post(page("claim_new", person), asked)

    assert answer.status_code == status
    assert Claim.objects.visible_to(cast.north.clerk).filter(kind="death_established").count() == deaths
    assert password not in answer.text


def test_who_only_reads_is_told_who_adds_claims(cast, as_user, person):
    text = as_user(cast.north.medic).get(page("detail", person)).text

    assert "This is for data-entry clerk, negotiator, head of delegation." in text


def test_the_pages_ask_the_same_whatever_there_is(cast, as_user, person, django_assert_num_queries):
    client = as_user(cast.north.clerk)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(INDEX)
    with django_assert_num_queries(DETAIL_QUERIES + FIRST_LOOK):
        client.get(page("detail", person))
    crowd(cast, 80)
    for _ in range(5):
        add_claim(person, actor=cast.north.clerk, kind="moved", source="x", happened_on="2024", place="y")

    with django_assert_num_queries(LIST_QUERIES):
        client.get(INDEX)
    with django_assert_num_queries(DETAIL_QUERIES):
        client.get(page("detail", person))
