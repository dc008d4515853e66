"""Data entry of dossiers: scoped, by operations, with refusals on the form."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from access.roles import Role
from accounts.operations import add_membership, system_user
from audit.models import Event
from people.models import Claim, Name, Person
from people.operations import create_person, create_persons_bulk
from tests.keeping import kept

INDEX = reverse("admin:people_person_changelist")
NEW = reverse("admin:people_person_add")


def change_url(person):
    return reverse("admin:people_person_change", args=[person.pk])


def formset(prefix, rows=(), initial=0):
    posted = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        posted |= {f"{prefix}-{number}-{field}": value for field, value in row.items()}
    return posted


def posted(*, names=(), categories=(), claims=(), initial_names=0, initial_claims=0, **identity):
    return {
        **identity,
        **formset("names", names, initial_names),
        **formset("categories", categories),
        **formset("claims", claims, initial_claims),
    }


@pytest.fixture
@kept
def theirs(cast):
    return create_person(actor=cast.south.clerk, names=[{"family": "Hidden", "given": "Man"}])


@pytest.fixture
@kept
def ours(cast):
    return create_person(actor=cast.north.clerk, names=[{"family": "Коваль", "given": "Іван"}], rank="private")


def events():
    return Event.objects.unscoped("test").filter(kind__startswith="person").count()


def test_data_entry_takes_no_date_ahead_and_no_letters_of_two_alphabets(cast, as_user):
    odd = posted(birth_date="2031-01-01", names=[{"family": "Кoваль", "kind": "official"}])

    text = as_user(cast.north.clerk).post(NEW, odd).text

    assert ("This day has not come yet: 2031-01-01." in text, "letters of two alphabets" in text) == (True, True)
    assert not Person.objects.unscoped("test").exists()


def test_a_clerk_writes_a_dossier_with_names_categories_and_claims(cast, as_user):
    answer = as_user(cast.north.clerk).post(
        NEW,
        posted(
            rank="sergeant",
            birth_date="1990-04",
            names=[
                {"family": "Коваль", "given": "Іван", "kind": "official"},
                {"family": "", "kind": "official"},
                {"family": "Koval", "given": "Ivan", "kind": "transliteration"},
            ],
            categories=[{"category": "prisoner_of_war", "evidence": "uniform"}],
            claims=[{"kind": "missing", "source": "his unit", "happened_on": "2022-05", "confidence": "high"}],
        ),
    )

    person = Person.objects.visible_to(cast.north.clerk).get()
    assert answer.headers["Location"] == INDEX
    assert (person.label, person.rank, person.birth_date) == ("Коваль Іван", "sergeant", "1990-04")
    assert [name.script for name in person.names.all()] == ["cyrl", "latn"]
    assert person.categories.get().category == "prisoner_of_war"
    assert person.claims.get().source == "his unit"
    assert Event.objects.about(person).get().kind == "person.created"
    assert not LogEntry.objects.exists()


def test_faults_stand_at_their_fields_and_what_was_typed_is_kept(cast, as_user):
    answer = as_user(cast.north.clerk).post(
        NEW,
        posted(
            birth_date="1990-13",
            names=[
                {"family": "", "kind": "official"},
                {"family": "Koval\u202e", "given": "Ivan", "kind": "official"},
            ],
            claims=[{"kind": "missing", "source": "x", "happened_on": "3000", "confidence": "high"}],
        ),
    )

    context = answer.context
    names, _categories, claims = (inline.formset for inline in context["inline_admin_formsets"])
    assert answer.status_code == 200
    assert list(context["adminform"].form.errors) == ["birth_date"]
    assert names.forms[0].errors == {}
    assert list(names.forms[1].errors) == ["family"]
    assert list(claims.forms[0].errors) == ["happened_on"]
    assert 'value="1990-13"' in answer.text
    assert not Person.objects.visible_to(cast.north.clerk).exists()
    assert events() == 0


def test_a_dossier_without_a_name_is_refused(cast, as_user):
    answer = as_user(cast.north.clerk).post(NEW, posted(rank="private"))

    assert "Write at least one name." in answer.text
    assert not Person.objects.visible_to(cast.north.clerk).exists()


def test_a_change_writes_only_what_changed(cast, as_user, ours):
    name = ours.names.get()
    answer = as_user(cast.north.clerk).post(
        change_url(ours),
        posted(
            rank="sergeant",
            seen_version=1,
            names=[
                {
                    "id": name.pk, "person": ours.pk, "family": "Коваль", "given": "Іван", "kind": "official",
                    "script": "cyrl", "is_preferred": "on",
                },
                {"family": "Koval", "given": "Ivan", "kind": "transliteration"},
            ],
            initial_names=1,
        ),
    )  # fmt: skip

    assert answer.status_code == 302
    assert [event.kind for event in Event.objects.about(ours)] == ["person.created", "person.changed", "name.added"]
    assert Person.objects.visible_to(cast.north.clerk).get().rank == "sergeant"


def test_who_saves_second_reads_a_sentence_and_overwrites_nothing(cast, as_user, ours):
    client = as_user(cast.north.clerk)
    page = client.get(change_url(ours)).text
    version = re.search(r'name="seen_version" value="(\d+)"', page)[1]
    client.post(change_url(ours), posted(rank="sergeant", seen_version=version, initial_names=0))

    answer = client.post(change_url(ours), posted(rank="private", unit="4th", seen_version=version))

    person = Person.objects.visible_to(cast.north.clerk).get()
    assert "Somebody else saved this meanwhile." in answer.text
    assert (person.rank, person.unit) == ("sergeant", "")


def test_a_refusal_in_the_second_half_undoes_the_first(cast, as_user, ours):
    answer = as_user(cast.north.clerk).post(
        change_url(ours),
        posted(
            rank="sergeant",
            seen_version=1,
            claims=[{"kind": "death_established", "source": "x", "happened_on": "2024", "confidence": "high"}],
        ),
    )

    assert "A death is established by two people" in answer.text
    assert Person.objects.visible_to(cast.north.clerk).get().rank == "private"
    assert not Claim.objects.visible_to(cast.north.clerk).exists()
    assert Event.objects.about(ours).get().kind == "person.created"


def test_a_claim_is_not_changed(cast, as_user):
    person = create_person(
        actor=cast.north.clerk, names=[{"family": "A"}], claims=[{"kind": "missing", "source": "his unit"}]
    )
    claim = person.claims.get()
    row = {"id": claim.pk, "person": person.pk, "kind": "home", "source": "me", "confidence": "high"}

    as_user(cast.north.clerk).post(change_url(person), posted(seen_version=1, claims=[row], initial_claims=1))

    claim = Claim.objects.visible_to(cast.north.clerk).get()
    assert (claim.kind, claim.source) == ("missing", "his unit")


def test_nothing_of_the_other_side_is_seen(cast, as_user, ours, theirs):
    client = as_user(cast.north.clerk)

    assert "Коваль" in client.get(INDEX).text
    assert "Hidden" not in client.get(INDEX).text
    assert "Hidden" not in client.get(INDEX, {"q": "Hid"}).text.replace('value="Hidden"', "")
    assert client.get(INDEX, {"id__exact": theirs.pk}).context["cl"].result_count == 0
    assert client.get(INDEX, {"q": "Man"}).context["cl"].result_count == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_hidden_dossier_is_a_missing_one(cast, as_user, theirs, method):
    client = as_user(cast.north.clerk)
    missing = "5b1f2c0e-0000-4000-8000-000000000000"

    def answer(pk):
        told = getattr(client, method)(reverse("admin:people_person_change", args=[pk]), follow=True)
        return told.redirect_chain, told.text.replace(str(pk), "PK")

    def comparable(told):
        return told[0], re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", told[1])

    assert comparable(answer(theirs.pk)) == comparable(answer(missing))


@pytest.mark.parametrize("page", ["history", "delete"])
def test_history_and_deletion_do_not_exist(cast, as_user, ours, theirs, page):
    client = as_user(cast.north.head)

    answers = [client.get(reverse(f"admin:people_person_{page}", args=[row.pk])) for row in (ours, theirs)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_a_name_of_the_other_side_is_no_name_of_ours(cast, as_user, ours, theirs):
    stolen = theirs.names.get()
    row = {"id": stolen.pk, "person": ours.pk, "family": "Taken", "kind": "official", "script": "latn"}

    answer = as_user(cast.north.clerk).post(
        change_url(ours), posted(seen_version=1, rank="private", names=[row], initial_names=1)
    )

    assert answer.status_code in (200, 302)
    assert Name.objects.unscoped("test").get(pk=stolen.pk).family == "Hidden"
    assert Name.objects.visible_to(cast.north.clerk).get().family == "Коваль"


def test_autocomplete_offers_nothing_of_the_other_side(cast, as_user, theirs):
    asked = {"app_label": "people", "model_name": "claim", "field_name": "person", "term": "Hid"}

    answer = as_user(cast.north.clerk).get(reverse("admin:autocomplete"), asked)

    assert answer.json()["results"] == []


def test_who_only_reads_changes_nothing(cast, as_user, ours):
    client = as_user(cast.mediator)

    assert client.get(NEW).status_code == 403
    assert client.post(NEW, posted(names=[{"family": "X", "kind": "official"}])).status_code == 403
    assert events() == 1


def test_who_types_nothing_in_does_not_enter(cast, as_user):
    assert as_user(cast.north.medic).get(INDEX).status_code == 302


def test_whoever_writes_for_two_owners_says_for_which(cast, as_user):
    add_membership(cast.north.clerk, cast.south.hq, Role.CLERK, actor=system_user())
    client = as_user(cast.north.clerk)
    names = [{"family": "X", "kind": "official"}]

    refused = client.post(NEW, posted(names=names))
    client.post(NEW, posted(names=names, compartment=cast.south.home.pk))

    assert list(refused.context["adminform"].form.errors) == ["compartment"]
    assert Person.objects.unscoped("test").get().compartment == cast.south.home


def invented(count):
    return (
        {
            "names": [
                {"family": f"Прізвище{number}", "given": "Іван", "script": "cyrl"},
                {"family": f"Surname{number}", "given": "Ivan", "kind": "transliteration", "script": "latn"},
            ],
            "birth_date": "1990-05-01",
        }
        for number in range(count)
    )


@pytest.mark.parametrize("many", [600, pytest.param(20_000, marks=pytest.mark.slow)])
def test_the_list_asks_the_same_whatever_the_number_of_dossiers(cast, as_user, django_assert_num_queries, many):
    create_persons_bulk(cast.north.home, invented(60), actor=system_user())
    client = as_user(cast.north.clerk)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(INDEX)
    create_persons_bulk(cast.north.home, invented(many - 60), actor=system_user())
    client.get(INDEX)  # where the making took long, the session's use is noted once more

    with django_assert_num_queries(LIST_QUERIES):
        answer = client.get(INDEX)

    assert answer.context["cl"].result_count == many
    assert len(answer.context["cl"].result_list) == 50
    with django_assert_num_queries(LIST_QUERIES):
        found = client.get(INDEX, {"q": "прізвище19 іван"}).context["cl"]
    assert found.result_count == sum("19" in f"{number}"[:2] for number in range(many - 60)) + 1


LIST_QUERIES = 8
