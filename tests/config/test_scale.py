"""Worlds to measure in: what cannot be seeded is said before anything is written."""

import pytest

from config.scenarios.scale import Scale
from core.pouring import _text


@pytest.mark.parametrize(
    "wanted", [Scale(-1, 1, 1), Scale(1, -1, 0), Scale(1, 1, -1), Scale(1, 1, 2_001), Scale(1, 0, 1)]
)
def test_impossible_numbers_are_refused_in_a_sentence(wanted):
    assert wanted.refusal().endswith(".")


@pytest.mark.parametrize("wanted", [Scale(0, 0, 0), Scale(1, 1, 2_000), Scale(1_000_000, 10_000, 1_000_000)])
def test_possible_ones_are_not(wanted):
    assert wanted.refusal() == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\\N"),
        (True, "t"),
        (False, "f"),
        ("a\tb\\c\nd", "a\\tb\\\\c\\nd"),
        ("", ""),
        (7, "7"),
        ({"a": 1}, '{"a":1}'),
    ],
)
def test_values_are_spelt_as_copy_reads_them(value, text):
    assert _text(value) == text
