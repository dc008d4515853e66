"""The search box: whom it finds in any script, in which order, and that it knows nothing of what its viewer may not see."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from core.clock import clock
from people.models import Person, SavedSearch, SearchKey
from people.operations import add_name, change_name, change_person, create_person, create_persons_bulk
from people.operations.merging import merge_persons
from people.operations.parts import add_identifier
from people.search import presentation
from people.search.finding import find, narrowed
from people.search.index import rebuilt
from people.search.words import Reader, Spelt, early_slips, has_slipped, sought_in

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


def test_any_number_finds_its_person_with_its_letters_or_without(cast, crowd):
    clerk, person = cast.north.clerk, crowd[0]
    add_identifier(person, actor=clerk, kind="passport", value="НС 123456")
    add_identifier(person, actor=clerk, kind="personal_number", value="3012345678")

    for typed in ("НС123456", "NS 123456", "123456", "1234", "30123", "123456 коваленко", "Kovalenko 3012345678"):
        assert found(clerk, typed) == ["Коваленко Олександр Іванович"], typed
        assert [one.pk for one in narrowed(Person.objects.visible_to(clerk), typed, clerk)] == [person.pk], typed
    assert found(clerk, "654321") == found(cast.south.clerk, "123456") == []
    before = sorted(SearchKey.objects.unscoped("test").values_list("person", "key"))
    list(rebuilt())
    assert sorted(SearchKey.objects.unscoped("test").values_list("person", "key")) == before


@pytest.mark.parametrize("number", ["АВ-123456", "AB-123456", "СН-123456", "CH-123456"])
def test_a_number_is_found_though_its_letters_are_of_the_other_alphabet(cast, crowd, number):
    clerk, person = cast.north.clerk, crowd[0]
    change_person(person, actor=clerk, service_number=number)
    other = number.translate(str.maketrans("АВСНABCH", "ABCHАВСН"))

    for typed in (number, other, other.lower(), other.replace("-", "")):
        assert found(clerk, typed) == ["Коваленко Олександр Іванович"], typed
        assert [one.pk for one in narrowed(Person.objects.visible_to(clerk), typed, clerk)] == [person.pk], typed
    assert found(clerk, other.replace("123", "124")) == []


@pytest.mark.parametrize("kept", ["НС 123456", "HC 123456", "НС-123456", "HC123456", "НC 123456"])
def test_a_number_is_found_however_its_letters_stand_apart_from_it(cast, crowd, kept):
    clerk, person = cast.north.clerk, crowd[0]
    change_person(person, actor=clerk, service_number=kept)

    for letters in ("HC", "НС", "hc", "нс", "HС"):
        for typed in (f"{letters}{apart}123456" for apart in ("", " ", "-", " - ", "- ")):
            assert found(clerk, typed) == ["Коваленко Олександр Іванович"], typed
            assert [one.pk for one in narrowed(Person.objects.visible_to(clerk), typed, clerk)] == [person.pk], typed
        for typed in (f"коваленко {letters} 1234", f"Kovalenko {letters} 123456", f"123456 {letters}"):
            assert found(clerk, typed) == ["Коваленко Олександр Іванович"], typed
            assert [one.pk for one in narrowed(Person.objects.visible_to(clerk), typed, clerk)] == [person.pk], typed
    assert found(clerk, "АВ 123456") == found(clerk, "HC 124456") == []


def test_letters_beside_a_year_are_a_word_alone():
    alone, beside = (sought_in(f"HC {number}").words[0].spellings for number in ("1985", "198577"))

    assert beside == (*alone, "ns")


def test_a_year_alone_finds_by_name(cast):
    rows = [{"names": [{"family": family}], "birth_date": "1971"} for family in ("Bond", "Arsen")]
    bond, arsen = create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)

    # Their consonants alone stand the other way round, and are no second pair of rows among the first so many.
    assert find(cast.north.clerk, "1971", most=2) == [arsen.pk, bond.pk]


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

    assert [word.spellings for word in sought.words] == [("kovalenko",), ("ab77", "av77")]
    assert sought.years == ("1985",)
    assert not sought.is_bare
    assert len(sought_in("а " * 500).words) == 6


def test_one_letter_may_be_wrong_anywhere():
    for typed in ("kobalenko", "kvoalenko", "kvalenko", "kowvalenko", "akovalenko"):
        assert any("kovalenko".startswith(start) for start in early_slips(typed)), typed
    for typed in ("kovalemko", "kovalneko", "kovaleko", "kovallenko", "kovalem"):
        assert has_slipped(typed, "kovalenko ivan"), typed
    assert not has_slipped("kovalcuk", "kovalenko ivan")
    assert early_slips("ab7") == early_slips("abc") == early_slips("12345") == []


# The page


@pytest.fixture
def held(cast):
    actor = cast.north.clerk
    facts = (
        ("Abel", "1980-02", "1st battalion", "2023-01", "prisoner_of_war", ""),
        ("Baker", "2001", "1st battalion", "2025-01-10", "prisoner_of_war", "home"),
        ("Cole", "2009-06-01", "2nd battalion", "2024", "child", ""),
        ("Dunn", "", "", "", "", ""),
    )
    for family, born, unit, captured, category, fate in facts:
        claims = [{"kind": "reported_captured", "source": "x", "happened_on": captured}] if captured else []
        claims += [{"kind": fate, "source": "y", "happened_on": "2025-04"}] if fate else []
        create_person(
            actor=actor, names=[{"family": family}], birth_date=born, unit=unit, claims=claims,
            categories=[{"category": category, "evidence": "e"}] if category else [],
        )  # fmt: skip


def labels(answer):
    return [line.label for line in answer.context["page"].persons]


def test_the_list_is_narrowed_by_facets_that_count_what_is_seen(cast, held, as_user):
    clock.offset = datetime(2025, 6, 1, tzinfo=UTC) - timezone.now()
    create_person(actor=cast.south.clerk, names=[{"family": "Eve"}], unit="1st battalion", birth_date="2001")
    client = as_user(cast.north.clerk)
    page = client.get(reverse("people:index")).context["page"]

    assert {facet.name: {o.value: o.count for o in facet.options} for facet in page.facets} == {
        "category": {"prisoner_of_war": 2, "child": 1},
        "fate": {"reported_captured": 2, "home": 1, "none": 1},
        "unit": {"1st battalion": 2, "2nd battalion": 1},
        "age": {"0-17": 1, "18-24": 1, "45-59": 1},
        "held": {"12-23": 1, "24-35": 1},
    }  # fmt: skip
    narrowed = {
        "category=child": ["Cole"], "fate=home": ["Baker"], "fate=reported_captured": ["Abel", "Cole"], "fate=none": ["Dunn"],
        "unit=1st+battalion": ["Abel", "Baker"], "age=18-24": ["Baker"], "held=24-35": ["Abel"],
        "age=7": ["Abel", "Baker", "Cole", "Dunn"],
        "unit=1st+battalion&fate=home": ["Baker"], "q=abel&fate=home": [], "q=baker&fate=home": ["Baker"],
    }  # fmt: skip
    for query, expected in narrowed.items():
        assert labels(client.get(f"{reverse('people:index')}?{query}")) == expected, query


@pytest.mark.parametrize(
    ("told", "held"),
    [
        ([("reported_captured", "2022-05-03", ""), ("home", "2023-05-03", ""), ("confirmed_by_holder", "2025-01-10", "")], "0-5"),
        ([("reported_captured", "2022-05-03", ""), ("home", "2023-05-03", ""), ("convicted", "2025-01-10", "")], ""),
        ([("hospitalised", "2025-01-10", "other")], "0-5"), ([("reported_captured", "2022-05-03", "nobody")], ""),
    ],
)  # fmt: skip
def test_months_held_are_those_of_the_present_captivity(cast, as_user, told, held):
    clock.offset = datetime(2025, 6, 1, tzinfo=UTC) - timezone.now()
    claims = [{"kind": kind, "source": "x", "happened_on": on, "held_by": hands} for kind, on, hands in told]
    create_person(actor=cast.north.clerk, names=[{"family": "Abel"}], claims=claims)
    client = as_user(cast.north.clerk)

    page = client.get(reverse("people:index")).context["page"]

    counted = {facet.name: {o.value: o.count for o in facet.options} for facet in page.facets}["held"]
    assert counted == ({held: 1} if held else {})
    for band in ("0-5", "36-"):
        assert labels(client.get(reverse("people:index"), {"held": band})) == (["Abel"] if band == held else [])


def test_windows_of_a_narrowed_list_go_on_past_those_who_do_not_fit(cast, as_user, monkeypatch):
    monkeypatch.setattr(presentation, "BASE", 60)
    rows = [
        {
            "names": [{"family": f"Person {number:03}"}],
            "claims": [{"kind": "missing", "source": "x", "happened_on": "2022"}]
            + ([{"kind": "home", "source": "x", "happened_on": "2023"}] if number < 100 else []),
        }
        for number in range(130)
    ]
    create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)
    client = as_user(cast.north.clerk)

    seen, url, pages = [], f"{reverse('people:index')}?fate=missing", 0
    while url:
        answer = client.get(url)
        seen += labels(answer)
        url, pages = answer.context["page"].next_url, pages + 1

    assert seen == [f"Person {number:03}" for number in range(100, 130)]
    assert pages == 3


def test_what_is_typed_is_answered_with_the_part_below_the_box(cast, crowd, as_user):
    client = as_user(cast.north.clerk)

    part = client.get(reverse("people:index"), {"q": "ковален"}, headers={"HX-Request": "true"})

    assert part.text.lstrip().startswith('<section id="found"')
    assert part.headers["Vary"].count("HX-Request") == 1
    assert "<bdi>Коваленко Олександр Іванович</bdi>" in part.text
    assert "1 person found." in part.text
    with CountedQueries() as few:
        client.get(reverse("people:index"), {"q": "ковален"}, headers={"HX-Request": "true"})
    create_persons_bulk(
        cast.north.home,
        [{"names": [{"family": "Коваленко", "given": f"А{n}"}]} for n in range(15)],
        actor=cast.north.clerk,
    )
    with CountedQueries() as many:
        client.get(reverse("people:index"), {"q": "ковален"}, headers={"HX-Request": "true"})
    assert len(few) == len(many)


def test_a_search_is_kept_for_its_owner_alone(cast, held, as_user):
    kept = {"label": "Home by now", "fate": "home", "q": "", "held": "nonsense"}
    answer = as_user(cast.north.clerk).post(reverse("people:search_save"), kept)
    saved = SavedSearch.objects.unscoped("test").get()
    forget = reverse("people:search_forget", args=[saved.pk])

    assert answer.headers["Location"] == f"{reverse('people:index')}?fate=home"
    assert (saved.asked, saved.owner) == ({"fate": "home"}, cast.north.clerk)
    own = as_user(cast.north.clerk).get(reverse("people:index"))
    assert [(one.label, one.url) for one in own.context["saved"]] == [("Home by now", answer.headers["Location"])]
    for other in (cast.north.negotiator, cast.south.clerk):
        assert as_user(other).get(reverse("people:index")).context["saved"] == []
        assert as_user(other).post(forget).status_code == 404
    assert as_user(cast.north.clerk).post(reverse("people:search_save"), {"label": "", "q": "x"}).status_code == 400
    assert (
        as_user(cast.north.clerk)
        .post(reverse("people:search_save"), {"label": "Home by now", "q": "Коваль"})
        .status_code
        == 302
    )
    assert SavedSearch.objects.unscoped("test").get().asked == {"q": "Коваль"}
    assert as_user(cast.north.clerk).post(forget).status_code == 302
    assert not SavedSearch.objects.unscoped("test").exists()
