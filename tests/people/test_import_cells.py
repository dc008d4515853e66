"""What cells say, and where a fault stands. What is accepted here is held against the models' own fields."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people.imports import words
from people.imports.cells import FAULTS, Reader, fault_sentence, split_name
from people.imports.columns import Column, guess, meaning_of
from people.models import Category, Name, Person

TODAY = date(2026, 11, 26)


def told(value: str, column: str, **options):
    options = {"month_first": False, "given_name_first": False} | options
    return Reader({0: "family", 1: column}, last_day=TODAY, **options).read(["Коваль", value])


GENUINE = [
    "О'Коннор", "Кузьменко-Lee", "Д’Артаньян", "Mar'yana", "Знамʼянка", "Nur\u200cali", "Я", "O", "Ng", "İbrahim",
    "Ó Súilleabháin", "عبد الرحمن", "محمد\u200cعلي", "Šķēle", "Đặng", "Іван II", "van der Berg",
    "Jean-Luc", "Γιώργος", "王", "Գևորգ", "Łukasz",
]  # fmt: skip


@pytest.mark.parametrize("name", GENUINE)
def test_no_genuine_name_is_refused(name):
    read = Reader({0: "given"}, month_first=False, given_name_first=False, last_day=TODAY).read([name])

    assert read.faults == []
    assert read.values == {"given": name}


@pytest.mark.parametrize(
    ("column", "text", "values"),
    [
        *((column, "NULL", {"family": "NULL"}) for column in ("family", "full_name", "other_name")),
        ("call_sign", "null", {"call_sign": "null"}), ("given", "NULL", {}), ("unit", "NULL", {}),
        *(("family", sign, {}) for sign in ("-", "—", "?", "n/a", "н/д", "невідомо", "لا يوجد")),
    ],
)  # fmt: skip
def test_who_is_called_null_keeps_the_name(column, text, values):
    read = Reader({0: column}, month_first=False, given_name_first=False, last_day=TODAY).read([text])

    assert read.values == values


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("given", "Iван", "two_alphabets"), ("given", "Іv\u0430n", "two_alphabets"), ("given", "Ali\u202e", "invisible"),
        ("given", "Ali\u2066x", "invisible"), ("given", "Iv\u2400an", "invisible"), ("given", "A\u200bli", "invisible"),
        ("given", "x" * 81, "too_long"), ("birth_date", "01.01.2031", "not_yet"), ("birth_date", "2031", "not_yet"),
        ("birth_date", "31.02.1987", "no_such_date"), ("birth_date", "1.2.87", "two_digit_year"),
        ("birth_date", "soon", "unreadable_date"), ("birth_date", "12.12.1700", "odd_year"), ("sex", "x", "unknown_sex"),
        ("captured_on", "2031", "not_yet"), ("missing_since", "soon", "unreadable_date"), ("category", "x", "unknown_category"),
        ("category", "жінка, спортсмен", "unknown_category"), ("status", "fine", "unknown_status"),
        ("status", "Загинув", "death_by_list"), ("status", "متوفى", "death_by_list"),
        *((str(column), "=?", "unsaved_formula") for column in Column if column != Column.FAMILY),
        *((str(column), "'=?", "unsaved_formula") for column in ("given", "rank")),
        *((str(column), "#REF!", "error_value") for column in Column if column != Column.FAMILY),
        *(("rank", error, "error_value") for error in (
            "#N/A", "#DIV/0!", "#NAME?", "#VALUE!", "#Н/Д", "#ССЫЛКА!", "#ДЕЛ/0!", "#YOK", "#SAYI/0!", "Err:502", "Помилка:508",
        )),
    ],
)  # fmt: skip
def test_a_fault_stands_at_its_cell_with_a_sentence(column, value, code):
    ((place, found, what),) = told(value, column).faults

    assert (place, found) == (1, code)
    assert fault_sentence(code, what).endswith(".")
    assert code in FAULTS


@pytest.mark.parametrize("text", ["#1", "№ 5", "#5!", "Err", "Ерр", "# !", "=", "Емін", "#12/A"])
def test_what_begins_like_an_error_is_none(text):
    assert told(text, "rank").values["rank"] == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("23.04.1987", "1987-04-23"), ("23/4/1987", "1987-04-23"), ("4/23/1987", "1987-04-23"), ("1987-04-23", "1987-04-23"),
        ("1987-04-23 00:00", "1987-04-23"), ("1987", "1987"), ("04.1987", "1987-04"), ("00.00.1987", "1987"),
        ("??.04.1987", "1987-04"), ("23 квітня 1987 р.", "1987-04-23"), ("апрель 1987", "1987-04"),
        ("23 Nisan 1987", "1987-04-23"),
        ("April 23, 1987", "1987-04-23"), ("٢٣/٠٤/١٩٨٧", "1987-04-23"), ("31890", "1987-04-23"), ("1987 г.р.", "1987"),
        ("", None), ("невідомо", None),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text, value):
    assert told(text, "birth_date").values.get("birth_date") == value


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("category", "Военнопленный", "prisoner_of_war"), ("category", "Цивільна особа / жінка", "civilian,woman"),
        ("category", "prisoner_of_war", "prisoner_of_war"), ("category", "ağır yaralı", "seriously_wounded"),
        ("category", "أسير حرب", "prisoner_of_war"), ("category", "Child; child", "child"), ("category", "-", None),
        ("status", "В ПОЛОНІ", "reported_captured"), ("status", "Пропал без вести", "missing"), ("status", "kayıp", "missing"),
        ("status", "confirmed by ICRC", "confirmed_by_agency"), ("status", "مفقود", "missing"), ("status", "вдома", "home"),
        ("captured_on", "04.2022", "2022-04"),
    ],
)  # fmt: skip
def test_categories_and_fates_are_known_by_the_words_of_lists(column, text, value):
    read = told(text, column)

    assert (read.values.get(column), read.faults) == (value, [])


def test_a_word_stands_for_one_category_and_one_fate():
    for listed in (words._CATEGORIES, words._FATES | {"dead": words._DEATHS}):
        said = [word for some in listed.values() for word in words._split(some)]
        assert len(said) == len(set(said))
    assert set(words._CATEGORIES) == set(Category)


def test_month_first_is_said_once_for_the_file():
    assert told("04/05/1987", "birth_date").values["birth_date"] == "1987-05-04"
    assert told("04/05/1987", "birth_date", month_first=True).values["birth_date"] == "1987-04-05"


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Коваленко Олександр Іванович", ("Коваленко", "Олександр", "Іванович")),
        ("Олександр Іванович Коваленко", ("Коваленко", "Олександр", "Іванович")),
        ("Kovalenko, Oleksandr Ivanovych", ("Kovalenko", "Oleksandr", "Ivanovych")),
        ("Мамедов Али Вели оглы", ("Мамедов", "Али Вели оглы", "")), ("Коваль", ("Коваль", "", "")),
        ("محمد عبد الله الكوفالينكو", ("الكوفالينكو", "محمد", "عبد الله")),
    ],
)  # fmt: skip
def test_a_name_in_one_cell_is_taken_apart(whole, parts):
    assert tuple(split_name(whole, given_name_first=False).values()) == parts


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (["№", "ПІБ", "Дата народження (дд.мм.рррр)", "В/Ч"], [None, "full_name", "birth_date", "unit"]),
        (["ФИО", "Звание", "Личный номер"], ["full_name", "rank", "service_number"]),
        (["Name", "Surname", "Date of birth", "Father's name"], ["given", "family", "birth_date", "father_name"]),
        (["Adı", "Soyadı", "Doğum Tarihi", "Rütbe"], ["given", "family", "birth_date", "rank"]),
        (["الاسم", "اللقب", "تاريخ الميلاد", "الرتبة"], ["given", "family", "birth_date", "rank"]),
    ],
)  # fmt: skip
def test_headings_in_five_languages_and_not_in_the_first_row(headings, columns):
    found = guess([(1, ["List no. 7"]), (2, ["of 3 May"]), (4, headings), (5, ["x"])], {})

    assert found.heading_row == 4
    assert [found.columns.get(place) for place in range(len(headings))] == columns


def test_forty_columns_named_alike_are_one_name_and_the_rest_unsaid():
    found = guess([(1, ["Name"] * 40), (2, ["Koval"] * 40)], {})

    assert found.columns == {0: "full_name"}
    assert meaning_of("Name") == "full_name"


@pytest.mark.parametrize(
    ("remembered", "columns"),
    [
        ({"name": ["family", "given"]}, {0: "family", 1: "given", 3: "birth_date"}),
        ({"name": ["", "full_name", "other_name"]}, {1: "full_name", 2: "other_name", 3: "birth_date"}),
        ({"name": "given"}, {0: "given", 3: "birth_date"}), ({"name": "", "born": [""]}, {}),
    ],
)  # fmt: skip
def test_columns_named_alike_mean_what_each_meant_before(remembered, columns):
    assert guess([(1, ["Name", "Name", "NAME", "Born"]), (2, ["x"])], remembered).columns == columns


FIELDS = {column: Person._meta.get_field(column) for column in Column if hasattr(Person, column)} | {
    column: Name._meta.get_field(column) for column in (Column.FAMILY, Column.GIVEN, Column.PATRONYMIC)
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=100))
def test_what_is_accepted_here_the_models_accept(column, text):
    """Imports write past the forms: this is what holds them to the same rules."""
    read = Reader({0: column}, month_first=False, given_name_first=False, last_day=TODAY).read([text])
    value = read.values.get(column, "")

    FIELDS[column].clean(value, None)
    assert value == value.strip()
