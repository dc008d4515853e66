"""Whatever single byte of an exported log is changed or lost, the verifier says so, and never with a traceback."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verify_log
from audit.export import lines_of
from exchanges.models import TrancheStatus
from tests import factories


@pytest.fixture
def exported(scene) -> bytes:
    """The table's log of a tranche brought to gone."""
    tranche = factories.tranche_at(scene, TrancheStatus.GONE)
    return b"".join(lines_of(tranche.compartment))


def verdict(log: bytes) -> str:
    try:
        return f"whole: {verify_log.verify(log.decode().splitlines(keepends=True))}"
    except UnicodeDecodeError:
        return "broken: not text"
    except verify_log.Broken as broken:
        return f"broken: {broken}"


def says_the_same(before: bytes, after: bytes) -> bool:
    """White space between two values, or `A` written as an escape, is no part of what a row says."""
    try:
        return [json.loads(line) for line in before.splitlines()] == [json.loads(line) for line in after.splitlines()]
    except ValueError:
        return False


def test_untouched_log_is_whole(exported):
    assert verdict(exported) == f"whole: {len(exported.splitlines()) - 1}"


def test_any_changed_byte_is_noticed(exported):
    @settings(max_examples=150, deadline=None)
    @given(st.integers(0, len(exported) - 1), st.integers(0, 255))
    def changed(place, byte):
        log = exported[:place] + bytes([byte]) + exported[place + 1 :]
        assert verdict(log).startswith("broken") or says_the_same(exported, log)

    changed()


def test_any_lost_byte_is_noticed(exported):
    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, len(exported) - 1))
    def lost(place):
        log = exported[:place] + exported[place + 1 :]
        assert verdict(log).startswith("broken") or says_the_same(exported, log)

    lost()
