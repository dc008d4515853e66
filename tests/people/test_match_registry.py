"""Candidates among dossiers: only the viewer's own, always the same number of queries, never whom somebody told apart."""

import pytest

from people.matching import Record, explained
from people.matching.index import record_of
from people.matching.keys import MOST_HOLDERS, keys_of
from people.matching.record import Lexicon, read
from people.matching.registry import candidates, doubles_of, holders, told_apart
from people.models import Identifier, MatchKey, Name, Person
from people.operations import add_name, change_name, change_person, create_person, create_persons_bulk
from people.operations.merging import judge_not_same, judge_same, merge_persons, unmerge
from people.operations.parts import add_identifier
from people.same.suggesting import suggested_pairs
from people.search.index import rebuilt

CROWD = [
    ("Коваленко", "Олександр", "Іванович", "1985-04-01"), ("Ковальчук", "Андрій", "Петрович", "1990-02-03"),
    ("Кузьменко", "Олександра", "Олегівна", "1985"), ("Петров", "Иван", "Сергеевич", "1979-11"),
    ("Коваленко", "Олександр", "Іванович", "1985-04-10"), ("Шевченко", "Юлія", "Анатоліївна", "1996-08-30"),
]  # fmt: skip


@pytest.fixture
def crowd(cast):
    rows = [
        {"names": [{"family": family, "given": given, "patronymic": patronymic}], "birth_date": born}
        for family, given, patronymic, born in CROWD
    ]
    return create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)


def labels(found):
    return [(one.person.label, one.person.birth_date) for one in found]


def kept():
    return set(MatchKey.objects.unscoped("test").values_list("person_id", "key"))


ROWS = [
    Record("Kovalenko", "Aleksandr", "Ivanoviç", "1985-04-01"), Record(name="الكسندر كوفالينكو", birth_date="1985-04-01"),
    Record("Олександр", "Коваленко", "", "1985-01-04"), Record("Ковалнко", "Олександр", "Іванович", "1985"),
]  # fmt: skip


def test_candidates_are_ranked_explained_and_cost_five_queries(cast, crowd, django_assert_num_queries):
    clerk = cast.north.clerk
    for row in ROWS:
        with django_assert_num_queries(5):
            found = candidates(row, clerk)
        assert labels(found)[0][0] == "Коваленко Олександр Іванович", row
        assert [one.comparison.score for one in found] == sorted((one.comparison.score for one in found), reverse=True)
    first, second = candidates(ROWS[0], clerk)
    assert (first.person, second.person) == (crowd[0], crowd[4])
    assert "same birth date" in {text.rsplit(" ", 1)[0] for text in explained(first.comparison)}
    assert len(candidates(ROWS[0], clerk, limit=1)) == 1
    assert labels(candidates(ROWS[0], clerk, without={crowd[0].pk})) == labels([second])
    assert candidates(Record(), clerk) == []
    assert labels(candidates(Record("Shevçenko", "Yulia"), clerk)) == [("Шевченко Юлія Анатоліївна", "1996-08-30")]


def test_another_sides_dossiers_change_nothing_not_even_a_weight(cast, crowd, django_assert_num_queries):
    south = cast.south.clerk
    mine = create_person(actor=south, names=[{"family": "Коваленко", "given": "Олег"}], birth_date="1985-04-01")
    before = [(one.person.pk, one.comparison) for one in candidates(ROWS[0], south)]
    assert [pk for pk, _comparison in before] == [mine.pk]
    rows = [{"names": [{"family": "Коваленко", "given": "Олександр"}]} for _number in range(MOST_HOLDERS + 1)]
    create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)

    with django_assert_num_queries(5):
        after = [(one.person.pk, one.comparison) for one in candidates(ROWS[0], south)]

    assert after == before
    assert candidates(ROWS[0], cast.outsider) == []
    # The key that too many of north's own hold finds none of them; the birth date still does.
    assert labels(candidates(Record("Коваленко", birth_date="1985-04-10"), cast.north.clerk))[0][1] == "1985-04-10"


def test_every_change_keeps_the_keys_that_a_rebuild_would_write(cast, crowd):
    clerk, person = cast.north.clerk, crowd[1]
    add_name(person, actor=clerk, family="Kovalczuk", given="Andrzej")
    change_name(person.names.get(family="Ковальчук"), actor=clerk, patronymic="Павлович")
    change_person(person, actor=clerk, birth_date="1991-03-02", service_number="AB-12345")
    create_person(actor=clerk, names=[{"family": "Нестор"}], father_name="Петро")
    add_identifier(person, actor=clerk, kind="passport", value="НС 123456")

    before = kept()
    assert {one for person in Person.objects.unscoped("test") for one in keys_as_read(person)} == before
    assert list(rebuilt(batch=4)) == [4, 7]
    assert kept() == before
    assert labels(candidates(Record(service_number="ab 12345"), clerk)) == [("Ковальчук Андрій Павлович", "1991-03-02")]


def keys_as_read(person):
    from people.matching.keys import hashed

    names = Name.objects.unscoped("test").filter(person=person)
    numbers = Identifier.objects.unscoped("test").filter(person=person)
    return {(person.pk, hashed(key)) for key in keys_of(read(record_of(person, names, numbers), Lexicon()))}


def test_an_equal_number_of_one_kind_finds_and_is_explained_and_another_speaks_against(cast, crowd):
    clerk, one = cast.north.clerk, crowd[2]
    other = create_person(actor=clerk, names=[{"family": "Бондар"}])
    add_identifier(one, actor=clerk, kind="passport", value="НС 123456")
    add_identifier(other, actor=clerk, kind="passport", value="нс-123456")
    assert [(double.person, explained(double.comparison)[0]) for double in doubles_of(one, clerk)] == [
        (other, "same passport +18.9")
    ]
    assert {pair.kept for pair in suggested_pairs(clerk).pairs} >= {one}

    add_identifier(one, actor=clerk, kind="personal_number", value="3012345678")
    add_identifier(other, actor=clerk, kind="personal_number", value="2987654321")
    (double,) = doubles_of(one, clerk)
    assert "another personal number of the state −4.6" in explained(double.comparison)
    add_identifier(other, actor=clerk, kind="personal_number", value="3012345679")
    assert "personal number of the state differs by one character +11.5" in explained(
        doubles_of(one, clerk)[0].comparison
    )

    add_identifier(one, actor=clerk, kind="military_card", value="ВК 77001")
    add_identifier(other, actor=clerk, kind="military_card", value="ВК 99123")  # renewed: it says nothing
    add_identifier(crowd[0], actor=clerk, kind="dna_sample", value="123456")  # of another kind
    (double,) = doubles_of(one, clerk)
    assert (double.person, "military" in " ".join(explained(double.comparison))) == (other, False)


def test_another_sides_numbers_find_nobody(cast, crowd):
    south = cast.south.clerk
    mine = create_person(actor=south, names=[{"family": "Нестор"}])
    add_identifier(mine, actor=south, kind="agency_number", value="UA-100200")
    before = doubles_of(mine, south)
    add_identifier(crowd[0], actor=cast.north.clerk, kind="agency_number", value="UA-100200")

    assert doubles_of(mine, south) == before == []
    assert doubles_of(crowd[0], cast.north.clerk)[0].person == crowd[4]  # whom the name finds


def test_whom_somebody_told_apart_is_not_suggested_again_until_judged_otherwise(cast, crowd, django_assert_num_queries):
    clerk, one, other = cast.north.clerk, crowd[0], crowd[4]
    assert labels(doubles_of(one, clerk)) == [(other.label, other.birth_date)]

    judge_not_same(other, one, actor=clerk)
    with django_assert_num_queries(5):
        assert doubles_of(one, clerk) == []
    assert (doubles_of(other, clerk), told_apart(one, clerk)) == ([], {other.pk})

    judge_same(one, other, actor=clerk)
    assert [double.person for double in doubles_of(other, clerk)] == [one]
    assert told_apart(one, cast.south.clerk) == set()


def test_merged_dossiers_are_one_candidate_with_all_their_names(cast, crowd):
    clerk, survivor, absorbed = cast.north.clerk, crowd[0], crowd[4]
    add_name(absorbed, actor=clerk, family="Бондар", given="Олександр")

    merge = merge_persons(survivor, absorbed, actor=clerk)
    assert [one.person for one in candidates(Record("Bondar", "Aleksandr"), clerk)] == [survivor]
    assert [one.person for one in candidates(ROWS[0], clerk)] == [survivor]
    assert doubles_of(survivor, clerk) == []

    unmerge(merge.absorbed, actor=clerk)
    assert [one.person for one in candidates(Record("Bondar", "Aleksandr"), clerk)] == [absorbed]


def test_many_rows_ask_at_once(cast, crowd, django_assert_num_queries):
    keys = {row: keys_of(read(row, Lexicon(), as_sought=True)) for row in ROWS}

    with django_assert_num_queries(2):
        found = holders(MatchKey.objects.visible_to(cast.north.clerk), set().union(*keys.values()))

    for row, of_row in keys.items():
        assert crowd[0].pk in {pk for key in of_row for pk in found.get(key, ())}, row
