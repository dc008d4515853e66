"""The engine alone: who is thought the same, in any script, and the words it gives for it."""

from hypothesis import given
from hypothesis import strategies as st

from people.matching import Record, compare, explained
from people.matching.comparison import birth_level
from people.matching.given_names import father_class, given_class
from people.matching.keys import hashed, keys_of
from people.matching.record import Lexicon, day_of, read
from people.seeding.generator import NATIONS

KOVALENKO = Record("Коваленко", "Олександр", "Іванович", "1987-12-03", service_number="AB-123456")
ARABIC = "الكسندر كوفالينكو"


def keys(record, *, as_sought=False):
    return keys_of(read(record, Lexicon(), as_sought=as_sought))


def test_every_script_and_order_of_a_name_shares_keys_and_scores_above_a_namesake():
    namesake = Record("Коваленко", "Олег", "Петрович", "1971-05-09")
    ways = [
        Record("Kovalenko", "Oleksandr"), Record("Kovalenko", "Aleksandr", "Ivanovich"), Record("Oleksandr", "Kovalenko"),
        Record("Коваленко", "Александр Иванович"), Record(name="KOVALENKO Oleksandr Ivanovych"),
        Record(name="Олександр Коваленко"), Record(name="Alexander Ivanovich Kovalenko"),
        Record("كوفالينكو", "أولكسندر"),
        Record(name=ARABIC),
        Record("Kovalenko", "İvanoviç", "Aleksandr"), Record(family="Коваленко Олександр Іванович"),
    ]  # fmt: skip

    for way in ways:
        assert keys(way, as_sought=True) & keys(KOVALENKO), way
        assert compare(way, KOVALENKO).score > 5 > compare(way, namesake).score, way


def test_a_slip_in_the_family_name_leaves_keys_in_common():
    for family in ("Ковалнко", "Кваленко", "Коваленго", "Комаленко", "Кавалекно"):
        row = Record(family, "Олександр", "Іванович")
        assert keys(row, as_sought=True) & keys(KOVALENKO), family
        assert compare(row, KOVALENKO).score > 5, family


def test_dates_have_levels():
    whole = (1987, 12, 3)
    levels = {
        "1987-12-03": "same", "1987-03-12": "swapped", "1987-12": "month", "1987": "year", "1987-12-08": "digit",
        "1978-12-03": "digit", "1987-07-21": "same_year", "1960-12-03": "day_month", "1988": "near_year", "1971-02-28": "differs",
    }  # fmt: skip

    assert {text: birth_level(day_of(text), whole) for text in levels} == levels


def test_dates_are_read_as_people_write_them():
    same = (
        "1987-04-23",
        "23.04.1987",
        "1987/04/23",
        "23/4/1987",
        "04/23/1987",
        "23.04.87",
        "19870423",
        "23.04.1987 г.р.",
    )

    assert {day_of(text) for text in same} == {(1987, 4, 23)}
    assert [day_of(text) for text in ("", "unknown", "13", "1987-04", "04.1987", "1987")] == [
        (0, 0, 0), (0, 0, 0), (0, 0, 0), (1987, 4, 0), (1987, 4, 0), (1987, 0, 0),
    ]  # fmt: skip


def test_a_given_name_is_known_in_every_form():
    for forms in (
        "Олександр Александр Oleksandr Aleksandr Alexander Oleksander Aleksandır الكسندر أولكسندر",
        "Микола Николай Mykola Nikolai Nikolay ميكولا نيكولاي",
        "Михайло Михаил Mykhailo Mikhail Mihail Michael ميخائيل",
        "Дмитро Дмитрий Dmytro Dmitriy Dmitry دميترو",
        "Сергій Сергей Serhii Serhiy Sergey Sergei سيرغي",
    ):
        assert len({given_class(keyed) for keyed in map(folded, forms.split())}) == 1, forms


def test_a_patronymic_names_the_father_in_both_languages():
    for nation in NATIONS.values():
        for father in nation.men:
            for sex in "mf":
                patronymic = nation.patronymic(father, sex)
                for spelt in (patronymic, nation.latin(patronymic)):
                    assert father_class(folded(spelt)) == given_class(folded(father)), spelt


def test_the_weights_are_told_in_words_heaviest_first():
    row = Record("Kovalenko", "Aleksandr", "Ivanoviç", "1987-03-12", service_number="654321")
    comparison = compare(row, KOVALENKO)
    sentences = explained(comparison)

    assert sentences[0].startswith("same family name +")
    assert {text.rsplit(" ", 1)[0] for text in sentences} == {
        "same family name", "same first name in another form", "same father's name",
        "birth date with day and month exchanged", "another service number",
    }  # fmt: skip
    assert [text for text in sentences if "another service number −" in text]
    assert comparison.score == sum(one.weight for one in comparison.fields)


def test_nothing_told_is_nothing_for_or_against():
    assert compare(Record(), KOVALENKO).score == 0
    assert compare(KOVALENKO, Record()).fields == []
    assert keys(Record(name=" '-. \u200f")) == set()


def test_another_spelling_on_file_is_compared_too():
    married = Record("Мельник", "Олена", "Петрівна", "1990-01-02", other_names=(("Гончар", "Олена", "Петрівна"),))

    assert compare(Record("Honchar", "Olena"), married).score > 5
    assert keys(Record("Honchar", "Olena"), as_sought=True) & keys(married)


@given(st.builds(Record, *(st.text(max_size=20) for _field in range(7)), name=st.text(max_size=30)))
def test_no_text_breaks_it(record):
    told = keys(record, as_sought=True)

    assert all(0 <= number < 2**63 for number in map(hashed, told))
    compare(record, KOVALENKO)
    compare(KOVALENKO, record)


def folded(text):
    from core.folding import fold

    return fold(text)
