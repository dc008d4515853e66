"""Dossiers by their operations: who may, what is refused, what the log says."""

import json
import time
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from access.acting import NotAllowed
from access.models import Grant
from access.roles import Role
from accounts.operations import add_membership, end_membership, system_user
from audit import recording
from audit.models import Event
from core.clock import clock
from core.errors import DomainError, InputRefused, StaleVersion
from people.fate import fate_of
from people.models import CategoryAssignment, Claim, CustodyPlace, Name, Person
from people.operations import (
    DeathNeedsTwo,
    add_claim,
    add_name,
    assign_category,
    change_name,
    change_person,
    create_person,
    create_persons_bulk,
    open_places,
    prefer_name,
    script_of,
)
from tests.keeping import kept
from tests.people.test_import_cells import GENUINE

CYRILLIC = {"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}
LATIN = {"family": "Koval", "given": "Ivan", "kind": Name.Kind.TRANSLITERATION}


@pytest.fixture
@kept
def person(cast) -> Person:
    return create_person(actor=cast.north.clerk, names=[LATIN, CYRILLIC], rank="private")


def kinds(subject) -> list[str]:
    return [event.kind for event in Event.objects.unscoped("test").about(subject)]


def last_content(subject) -> dict:
    event = Event.objects.unscoped("test").about(subject).last()
    return json.loads(event.content.json)


# Writing a dossier


ODD = [
    ({"names": [{"family": "Кoваль"}]}, "names.0.family", "“Кoваль” holds letters of two alphabets"),  # a Latin o
    ({"names": [CYRILLIC], "mother_maiden_name": "Iваненко"}, "mother_maiden_name", "two alphabets"),
    ({"names": [CYRILLIC], "birth_date": "2031"}, "birth_date", "This day has not come yet: 2031."),
    ({"names": [CYRILLIC], "birth_date": "2031-01-01"}, "birth_date", "has not come yet"),
]


@pytest.mark.parametrize(("dossier", "field", "sentence"), ODD)
def test_what_no_list_is_taken_with_nobody_enters_by_hand(cast, dossier, field, sentence):
    with pytest.raises(InputRefused, match=sentence) as refused:
        create_person(actor=cast.north.clerk, **dossier)
    with pytest.raises(InputRefused, match="Some rows") as of_many:
        create_persons_bulk(cast.north.home, [dossier], actor=cast.north.clerk)

    assert list(refused.value.errors) == [field]
    assert list(of_many.value.errors) == [f"rows.0.{field}"]
    assert not Person.objects.unscoped("test").exists()


def test_no_change_makes_a_name_or_a_birth_date_odd(person, cast):
    clerk, name = cast.north.clerk, person.names.get(family="Коваль")
    Name.objects.unscoped("test").filter(pk=name.pk).update(given="Iван")  # from before

    for change in (
        lambda: add_name(person, actor=clerk, family="Кoваль"), lambda: change_name(name, actor=clerk, family="Кoваль"),
        lambda: change_person(person, actor=clerk, birth_date="2031"),
        lambda: change_person(person, actor=clerk, father_name="Пeтро"),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=r"two alphabets|not come yet"):
            change()

    assert kinds(person) == ["person.created"]
    change_name(name, actor=clerk, source="passport")  # what is not touched is not asked again


@pytest.mark.parametrize("text", GENUINE)
def test_a_genuine_name_is_entered_by_hand_too(cast, text):
    person = create_person(actor=cast.north.clerk, names=[{"given": text}], father_name=text)

    assert (person.names.get().given, person.father_name) == (text, text)


def test_a_dossier_lives_in_its_writers_own_half(cast):
    person = create_person(actor=cast.north.clerk, names=[CYRILLIC])

    assert person.compartment == cast.north.home
    assert not Person.objects.visible_to(cast.south.head).exists()


def test_the_official_name_is_preferred_and_shown(person):
    assert person.label == "Коваль Іван Петрович"
    assert [(str(name), name.is_preferred, name.script) for name in person.names.all()] == [
        ("Коваль Іван Петрович", True, "cyrl"),
        ("Koval Ivan", False, "latn"),
    ]


def test_a_chosen_name_is_preferred(cast):
    person = create_person(actor=cast.north.clerk, names=[CYRILLIC, {**LATIN, "is_preferred": True}])

    assert person.label == "Koval Ivan"


def test_text_is_tidied(cast):
    person = create_person(actor=cast.north.clerk, names=[{"family": "  Кова\u0438\u0306 ", "given": "Іван  Ян"}])

    assert person.label == "Ковай Іван Ян"


def test_everything_wrong_is_named_at_once(cast):
    with pytest.raises(InputRefused) as refused:
        create_person(
            actor=cast.north.clerk,
            names=[CYRILLIC, {}, {"family": "Koval\u202e"}],
            categories=[{"category": "hostage", "evidence": ""}],
            claims=[{"kind": "missing", "source": "", "happened_on": "2999"}],
            birth_date="1990-13",
        )

    assert sorted(refused.value.errors) == [
        "birth_date", "categories.0.category", "categories.0.evidence", "claims.0.happened_on", "names.1",
        "names.2.family",
    ]  # fmt: skip
    assert not Person.objects.unscoped("test").exists()
    assert not Event.objects.unscoped("test").filter(kind="person.created").exists()


def test_a_dossier_needs_a_name(cast):
    with pytest.raises(InputRefused) as refused:
        create_person(actor=cast.north.clerk, names=[])

    assert refused.value.errors == {"names": ["Write at least one name."]}


def test_two_preferred_names_are_refused(cast):
    preferred = {"is_preferred": True}

    with pytest.raises(InputRefused) as refused:
        create_person(actor=cast.north.clerk, names=[CYRILLIC | preferred, LATIN | preferred])

    assert list(refused.value.errors) == ["names"]


@pytest.mark.parametrize("role", ["president", "secretary", "medic", "handover"])
def test_who_does_not_write_dossiers_is_told_who_does(cast, role):
    with pytest.raises(NotAllowed, match="data-entry clerk"):
        create_person(actor=getattr(cast.north, role), names=[CYRILLIC])

    assert not Person.objects.unscoped("test").exists()


def test_nobody_writes_into_the_other_half(cast):
    with pytest.raises(NotAllowed):
        create_person(actor=cast.north.clerk, names=[CYRILLIC], compartment=cast.south.home)


def test_an_ngo_keeps_dossiers_of_its_own(cast):
    person = create_person(actor=cast.ngo, names=[CYRILLIC])

    assert person.compartment == cast.ngo_organisation.home


def test_whoever_writes_for_two_says_for_which(cast):
    add_membership(cast.north.clerk, cast.south.hq, Role.CLERK, actor=system_user())

    with pytest.raises(InputRefused) as refused:
        create_person(actor=cast.north.clerk, names=[CYRILLIC])

    assert list(refused.value.errors) == ["compartment"]


def test_a_shared_table_holds_no_dossier(scene):
    with pytest.raises(DomainError, match="own half"):
        create_person(
            actor=scene.cast.north.clerk, names=[CYRILLIC], compartment=scene.negotiation.compartment
        )  # fmt: skip

    assert not Person.objects.unscoped("test").exists()


def test_names_stand_only_in_the_erasable_part_of_the_log(person):
    event = Event.objects.unscoped("test").about(person).get()

    assert event.content.is_personal
    assert "Коваль" in event.content.json
    assert "Коваль" not in f"{event.kind}{event.actor}{event.subject}"


def test_without_its_event_there_is_no_dossier(cast, monkeypatch):
    class Broken(Exception):
        pass

    def broken(*args, **kwargs):
        raise Broken

    monkeypatch.setattr(recording.Event.objects, "create", broken)

    with pytest.raises(Broken):
        create_person(actor=cast.north.clerk, names=[CYRILLIC])

    assert not Person.objects.unscoped("test").exists()


# Changing it


def test_a_change_raises_the_version_and_tells_both_values(cast, person):
    changed = change_person(person, rank="sergeant", unit="", version=1, actor=cast.north.clerk)

    assert (changed.rank, changed.version) == ("sergeant", 2)
    assert last_content(person)["before"] == {"rank": "private"}
    assert last_content(person)["after"] == {"rank": "sergeant"}


def test_a_change_of_nothing_leaves_no_event(cast, person):
    change_person(person, rank=" private ", actor=cast.north.clerk)

    assert kinds(person) == ["person.created"]


def test_who_comes_second_overwrites_nothing(cast, person):
    change_person(person, rank="sergeant", version=1, actor=cast.north.clerk)

    with pytest.raises(StaleVersion):
        change_person(person, rank="captain", version=1, actor=cast.north.negotiator)

    assert Person.objects.visible_to(cast.north.clerk).get().rank == "sergeant"
    assert kinds(person) == ["person.created", "person.changed"]


def test_a_dossier_of_the_other_side_does_not_exist(cast, person):
    for attempt in (
        lambda: change_person(person, rank="x", actor=cast.south.head),
        lambda: add_name(person, family="X", actor=cast.south.head),
        lambda: add_claim(person, kind="home", source="x", actor=cast.south.head),
        lambda: assign_category(person, category="woman", evidence="x", actor=cast.south.head),
        lambda: open_places(person, actor=cast.south.handover),
    ):
        with pytest.raises(Person.DoesNotExist):
            attempt()

    assert kinds(person) == ["person.created"]


def test_a_reader_is_told_who_writes(cast, person):
    with pytest.raises(NotAllowed, match="data-entry clerk, negotiator, head of delegation"):
        change_person(person, rank="x", actor=cast.north.medic)

    assert kinds(person) == ["person.created"]


def test_an_ended_membership_writes_no_more(cast, person):
    end_membership(cast.north.clerk.memberships.get(), actor=cast.north.head)

    with pytest.raises(Person.DoesNotExist):
        change_person(person, rank="x", actor=cast.north.clerk)


# Names


def test_another_name_can_become_the_preferred_one(cast, person):
    latin = Name.objects.visible_to(cast.north.clerk).get(script="latn")

    prefer_name(latin, actor=cast.north.clerk)

    person.refresh_from_db()
    assert (person.label, person.version) == ("Koval Ivan", 2)
    assert Name.objects.visible_to(cast.north.clerk).get(is_preferred=True) == latin
    assert kinds(person)[-1] == "name.preferred"


def test_the_preferred_name_is_not_preferred_twice(cast, person):
    with pytest.raises(DomainError, match="preferred one already"):
        prefer_name(person.names.get(is_preferred=True), actor=cast.north.clerk)

    assert kinds(person) == ["person.created"]


def test_a_new_preferred_name_replaces_the_label(cast, person):
    add_name(person, actor=cast.north.clerk, family="Ковальчук", is_preferred=True)

    assert Person.objects.visible_to(cast.north.clerk).get().label == "Ковальчук"
    assert Name.objects.visible_to(cast.north.clerk).filter(is_preferred=True).count() == 1


def test_a_spelling_is_corrected_and_the_label_with_it(cast, person):
    name = person.names.get(is_preferred=True)

    change_name(name, actor=cast.north.clerk, family="Ковал")

    assert Person.objects.visible_to(cast.north.clerk).get().label == "Ковал Іван Петрович"
    assert last_content(person)["before"] == "Коваль Іван Петрович"


def test_an_empty_name_is_refused(cast, person):
    with pytest.raises(InputRefused, match="at least one part"):
        add_name(person, actor=cast.north.clerk, family="", script="latn")

    assert Name.objects.unscoped("test").count() == 2


@pytest.mark.parametrize(
    ("text", "script"), [("Коваль", "cyrl"), ("Koval", "latn"), ("محمد", "arab"), ("李", "zyyy"), ("—", "zyyy")]
)
def test_the_script_is_read_from_the_letters(text, script):
    assert script_of(text) == script


# Claims and categories


def test_claims_are_added_and_the_latest_is_the_fate(cast, person):
    add_claim(person, kind="missing", happened_on="2022-05", source="his unit", actor=cast.north.clerk)
    add_claim(person, kind="confirmed_by_agency", happened_on="2022-07-03", source="the Agency", actor=cast.north.clerk)

    fate = fate_of(person.claims.all())
    assert (fate.kind, fate.reason) == ("confirmed_by_agency", "according to the Agency, 3 July 2022")
    assert kinds(person)[1:] == ["claim.added", "claim.added"]


def test_a_claim_about_a_day_to_come_is_refused(cast, person):
    clock.offset = datetime(2025, 5, 23, 12, tzinfo=UTC) - timezone.now()

    with pytest.raises(InputRefused) as refused:
        add_claim(person, kind="home", happened_on="2025-05-25", source="x", actor=cast.north.clerk)

    assert list(refused.value.errors) == ["happened_on"]
    assert not Claim.objects.unscoped("test").exists()


@pytest.mark.parametrize("second", [None, "clerk", "medic"])
def test_nobody_establishes_a_death_alone(cast, person, second):
    with pytest.raises(DeathNeedsTwo):
        add_claim(
            person, kind="death_established", source="a court", basis="court", actor=cast.north.clerk,
            second=second and getattr(cast.north, second),
        )  # fmt: skip

    assert not Claim.objects.unscoped("test").exists()
    assert kinds(person) == ["person.created"]


def test_two_people_establish_a_death(cast, person):
    add_claim(
        person, kind="death_established", source="a court", basis="court", actor=cast.north.clerk,
        second=cast.north.negotiator,
    )  # fmt: skip

    assert fate_of(person.claims.all()).kind == "death_established"
    assert last_content(person)["second"] == f"user:{cast.north.negotiator.pk}"


def test_a_holders_word_needs_no_second_and_makes_no_death(cast, person):
    add_claim(person, kind="reported_dead_by_holder", source="the holder", actor=cast.north.clerk)

    assert not fate_of(person.claims.all()).bars_locking


def test_a_place_of_detention_is_kept_apart_and_reading_it_is_recorded(cast, person):
    add_claim(person, kind="moved", source="a returnee", place="Town", actor=cast.north.clerk)

    assert not CustodyPlace.objects.visible_to(cast.north.clerk).exists()
    assert "Town" not in json.dumps(last_content(person))
    assert [held.place for held in open_places(person, actor=cast.north.handover)] == ["Town"]
    assert kinds(person)[-1] == "read.location"


def test_places_open_only_to_who_may_read_them(cast, person):
    with pytest.raises(NotAllowed, match="handover officer"):
        open_places(person, actor=cast.north.head)

    assert kinds(person) == ["person.created"]


def test_a_category_has_evidence_and_is_assigned_once_a_date(cast, person):
    assign_category(person, category="under_25", evidence="passport", as_of="2025", actor=cast.north.clerk)

    with pytest.raises(InputRefused):
        assign_category(person, category="under_25", evidence="again", as_of="2025", actor=cast.north.clerk)

    assert CategoryAssignment.objects.visible_to(cast.north.clerk).get().evidence == "passport"


# Many at once


def rows(count):
    return (
        {
            "names": [
                {"family": f"Прізвище{n}", "given": "Іван"},
                {"family": f"Surname{n}", "kind": "transliteration"},
            ],
            "categories": [{"category": "prisoner_of_war", "evidence": "list"}],
            "claims": [{"kind": "confirmed_by_holder", "source": "the holder", "happened_on": "2022-05"}],
            "birth_date": "1990-05-01",
        }
        for n in range(count)
    )


def test_many_dossiers_come_in_chunks_with_one_event_each(cast):
    persons = create_persons_bulk(cast.north.home, rows(25), actor=cast.north.clerk, chunk=10)

    events = Event.objects.unscoped("test").filter(kind="persons.created")
    contents = [json.loads(event.content.json) for event in events]
    assert [person.label for person in persons[:2]] == ["Прізвище0 Іван", "Прізвище1 Іван"]
    assert [content["count"] for content in contents] == [10, 10, 5]
    assert len({content["digest"] for content in contents}) == 3
    assert "Прізвище" not in "".join(event.content.json for event in events)
    assert (Name.objects.unscoped("test").count(), Claim.objects.unscoped("test").count()) == (50, 25)


def test_a_faulty_row_refuses_its_chunk_and_names_every_fault(cast):
    bad = [*rows(12), {"names": [{"family": "A\u202e"}]}, {"names": []}]

    with pytest.raises(InputRefused) as refused:
        create_persons_bulk(cast.north.home, bad, actor=cast.north.clerk, chunk=10)

    assert sorted(refused.value.errors) == ["rows.12.names.0.family", "rows.13.names"]
    assert Person.objects.unscoped("test").count() == 10
    assert Event.objects.unscoped("test").filter(kind="persons.created").count() == 1


def test_a_thousand_dossiers_take_less_than_a_query_for_ten(cast, django_assert_max_num_queries):
    with django_assert_max_num_queries(100):
        create_persons_bulk(cast.north.home, rows(1000), actor=cast.north.clerk)


@pytest.mark.slow
def test_two_thousand_dossiers_take_seconds(cast):
    begun = time.monotonic()

    create_persons_bulk(cast.north.home, rows(2000), actor=cast.north.clerk)

    assert time.monotonic() - begun < 10  # about one second; the rest is for a busy machine


def test_bulk_is_no_way_around_the_right_to_write(cast):
    with pytest.raises(NotAllowed):
        create_persons_bulk(cast.south.home, rows(1), actor=cast.north.clerk)

    assert not Person.objects.unscoped("test").exists()
    assert Grant.objects.unscoped("test").filter(compartment=cast.south.home, organisation=cast.north.hq).count() == 0
