"""A submitted list as text: lines, or a refusal that names every faulty line; never another exception."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.lists import (
    COLUMNS,
    PASTED,
    Line,
    ListRefused,
    lines_from_csv,
    lines_from_json,
    lines_from_rows,
    lines_from_text,
)
from people.models import Category

many = settings(max_examples=150, deadline=None)
header = "family_name,given_name,birth_date,category"
cells = st.text(max_size=12)


def faults(read, given_text):
    with pytest.raises(ListRefused) as caught:
        read(given_text)
    return caught.value.errors


# Any text


@many
@given(st.text())
def test_any_text_as_csv_is_lines_or_a_refusal(text):
    _lines_or_refusal(lines_from_csv, text)


@many
@given(st.text())
def test_any_text_as_json_is_lines_or_a_refusal(text):
    _lines_or_refusal(lines_from_json, text)


@many
@given(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5), st.lists(st.lists(cells, max_size=6), max_size=4))
def test_any_table_is_lines_or_a_refusal(columns, rows):
    _lines_or_refusal(lines_from_csv, "\n".join([",".join(columns), *(",".join(row) for row in rows)]))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from(COLUMNS) | st.text(max_size=5), values, max_size=6)


@many
@given(st.lists(objects | values, max_size=5))
def test_any_json_is_lines_or_a_refusal(rows):
    _lines_or_refusal(lines_from_json, json.dumps(rows))


@many
@given(st.lists(objects | values, max_size=5))
def test_any_rows_are_lines_or_a_refusal(rows):
    _lines_or_refusal(lines_from_rows, rows)


def _lines_or_refusal(read, text):
    try:
        lines = read(text)
    except ListRefused as refused:
        assert refused.sentence.strip()
        assert refused.errors
    else:
        assert all(isinstance(line, Line) for line in lines)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "1" * 10_000, '[{"number": ' + "9" * 5000 + "}]"])
def test_hostile_json_is_a_refusal(text):
    assert faults(lines_from_json, text)


@pytest.mark.parametrize("digits", ["9" * 5000, "٣", "-1", "0", "1.5", "1e3", "½"])
def test_number_that_is_none_is_named(digits):
    assert list(faults(lines_from_csv, f"number,category\n{digits},civilian\n")) == ["lines.1.number"]


def test_cell_as_long_as_a_book_is_a_refusal():
    assert faults(lines_from_csv, f"{header}\n" + "x" * 200_000 + ",Sam,1990,civilian\n")


# What is read


def test_csv_of_every_column():
    (line,) = lines_from_csv(
        "number;family_name;given_name;patronymic;birth_date;rank;service_number;category;latin_name;humanitarian\n"
        "3;Шевченко; Олег  Іван ;;1990-05;;;civilian;Shevchenko;так\n"
    )

    assert line == Line(
        number=3, family_name="Шевченко", given_name="Олег Іван", birth_date="1990-05", category="civilian",
        latin_name="Shevchenko", humanitarian=True,
    )  # fmt: skip
    assert line.given == {"number", "family_name", "given_name", "birth_date", "category", "latin_name", "humanitarian"}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("comma", [",", ";", "\t", "|"])
def test_ways_of_writing_a_table(newline, mark, comma):
    rows = [header, "Abel,Sam,1990,civilian", "", "Baker,Tom,1991,civilian", ""]
    text = mark + newline.join(rows).replace(",", comma)

    assert [line.family_name for line in lines_from_csv(text)] == ["Abel", "Baker"]


def test_every_faulty_line_is_named_with_every_fault():
    text = f"{header}\nAbel,Sam,1990,civilian\nBaker,Sam,1990-13,nobody\n,,,civilian\nCole,Sam,1990\n"

    assert set(faults(lines_from_csv, text)) == {
        "lines.2.birth_date", "lines.2.category", "lines.3.family_name", "lines.4", "lines.4.category",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "file"), ("\n\n", "file"), ("surname,category\nA,civilian\n", "file"),
        ("family_name,family_name\nA,B\n", "file"), ("family_name\x00,category\n", "file"),
    ],
)  # fmt: skip
def test_file_that_is_no_list_is_named_as_a_whole(text, place):
    assert list(faults(lines_from_csv, text)) == [place]


@pytest.mark.parametrize("text", ["{}", "null", "3", '"x"', "nul", ""])
def test_json_that_is_no_list_is_named_as_a_whole(text):
    assert list(faults(lines_from_json, text)) == ["file"]


def test_invisible_characters_are_refused():
    row = {"family_name": "Abel\u202e", "category": "civilian"}

    assert list(faults(lines_from_rows, [row])) == ["lines.1.family_name"]


def test_same_line_twice_is_named():
    row = {"family_name": "Abel", "category": "civilian"}

    assert faults(lines_from_rows, [row, row]) == {"lines.2": ["The same as line 1."]}
    assert faults(lines_from_rows, [{"number": 1}, {"number": "#1"}]) == {"lines.2": ["The same as line 1."]}


def test_unknown_key_is_named():
    assert list(faults(lines_from_rows, [{"number": 1, "eye_colour": "green"}])) == ["lines.1.eye_colour"]


@pytest.mark.parametrize("category", Category.values)
def test_every_category_can_be_written(category):
    assert lines_from_rows([{"family_name": "Abel", "category": category}])[0].category == category


# Lines without a header, as they are pasted into the short way


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Abel, Sam, , 1990\nBaker", [("Abel", "Sam", "1990", "civilian"), ("Baker", "", "", "civilian")]),
        ("Abel;Sam;;1990;woman", [("Abel", "Sam", "1990", "woman")]),
        ("Abel\tSam\t\t1990\tPrisoner of war", [("Abel", "Sam", "1990", "prisoner_of_war")]),
        ("given_name,family_name\nSam,Abel", [("Abel", "Sam", "", "civilian")]),
        ('[{"family_name": "Abel"}]', [("Abel", "", "", "civilian")]),
    ],
)
def test_pasted_lines_need_no_header(text, names):
    lines = lines_from_text(text, assumed=PASTED, category="civilian")

    assert [(one.family_name, one.given_name, one.birth_date, one.category) for one in lines] == names


def test_submitted_file_needs_its_header():
    with pytest.raises(ListRefused) as refused:
        lines_from_text("Abel,Sam\nBaker,Ann")

    assert list(refused.value.errors) == ["file"]
