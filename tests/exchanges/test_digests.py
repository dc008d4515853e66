"""RULES section 2: what a digest covers, and that nothing else moves it."""

import hashlib
import json
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exchanges.content import content_of
from exchanges.digests import frame_digest, line_digest, list_digest, names_digest
from exchanges.models import TrancheStatus
from exchanges.operations import tranche as tranches
from exchanges.standing import Parties
from tests import factories

FIELDS = ("family", "given", "patronymic", "birth_date", "rank", "service_number", "category")
IDS = {
    "entry_id": "11111111-1111-4111-8111-111111111111",
    "number": 7,
    "direction_id": "22222222-2222-4222-8222-222222222222",
}
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
lines = st.fixed_dictionaries(dict.fromkeys(FIELDS, text))
hexes = st.binary(min_size=32, max_size=32).map(bytes.hex)
few = settings(max_examples=40, deadline=None)


def digest(values, **ids):
    return line_digest(SimpleNamespace(**values), **{**IDS, **ids})


def test_line_is_the_array_the_rules_write_down():
    values = dict(zip(FIELDS, ("Шевченко", "Олег", "", "1990-05", "", "12", "prisoner_of_war"), strict=True))
    array = [
        IDS["entry_id"], 7, IDS["direction_id"], "Шевченко", "Олег", None, "1990-05", None, "12", "prisoner_of_war"
    ]  # fmt: skip
    written = json.dumps(array, ensure_ascii=False, separators=(",", ":")).encode()

    assert digest(values) == hashlib.sha256(b"homeward line 1\n" + written).hexdigest()


def test_composed_and_decomposed_text_are_the_same_line():
    values = dict.fromkeys(FIELDS, "")

    assert digest(values | {"family": "Kovaře"}) == digest(values | {"family": "Kovar\u030ce"})


@few
@given(lines, st.sampled_from(FIELDS), text)
def test_any_field_moves_the_digest(values, field, other):
    assume(unicodedata.normalize("NFC", other) != unicodedata.normalize("NFC", values[field]))

    assert digest(values | {field: other}) != digest(values)


@few
@given(lines, text)
def test_text_does_not_slide_from_one_field_into_the_next(values, tail):
    assume(tail)
    left = values | {"family": values["family"] + tail}
    right = values | {"given": tail + values["given"]}

    assert digest(left) != digest(right) or left == right


@pytest.mark.parametrize("change", [{"entry_id": "x"}, {"number": 8}, {"direction_id": "x"}])
def test_place_on_the_list_moves_the_digest(change):
    values = dict.fromkeys(FIELDS, "")

    assert digest(values, **change) != digest(values)


@few
@given(st.dictionaries(hexes, hexes, min_size=1, max_size=8), st.randoms())
def test_order_of_lines_does_not_matter(rows, order):
    pairs = list(rows.items())
    shuffled = pairs.copy()
    order.shuffle(shuffled)

    assert names_digest("f" * 64, shuffled) == names_digest("f" * 64, pairs)
    assert list_digest(shuffled) == list_digest(pairs)


@few
@given(st.dictionaries(hexes, hexes, min_size=1, max_size=8), hexes)
def test_any_line_moves_the_names(rows, other):
    first = next(iter(rows))
    assume(rows[first] != other)

    assert names_digest("f" * 64, (rows | {first: other}).items()) != names_digest("f" * 64, rows.items())
    assert names_digest("e" * 64, rows.items()) != names_digest("f" * 64, rows.items())
    assert names_digest("f" * 64, list(rows.items())[1:]) != names_digest("f" * 64, rows.items())


json_values = st.recursive(
    st.none() | st.integers(-1000, 1000) | text, lambda inner: st.lists(inner, max_size=4), max_leaves=12
)


@few
@given(json_values, json_values)
def test_different_frames_differ(one, other):
    assume(json.dumps(one) != json.dumps(other))

    assert frame_digest([one]) != frame_digest([other])


# The frame of a real tranche


@pytest.fixture
def planned(scene):
    return factories.tranche_at(scene, TrancheStatus.PLANNED)


def frame(tranche):
    tranche = factories.reread(tranche)
    return content_of(tranche, Parties(tranche.exchange), lock_number=tranche.lock_number + 1)


def test_frame_is_the_array_the_rules_write_down(scene, planned):
    south_holds, north_holds = factories.directions(planned.exchange)
    office = {"A": str(scene.cast.north.office.pk), "B": str(scene.cast.south.office.pk)}

    assert frame(planned).frame == [
        str(planned.pk), 1,
        sorted(
            [str(d.pk), str(d.holder_id), str(d.receiver_id), [["prisoner_of_war", 3]]] for d in (south_holds, north_holds)
        ),
        "2025-05-23", "the border", [],
        sorted([str(p.pk), office[p.letter], 1, "frame"] for p in (scene.north, scene.south)),
    ]  # fmt: skip


def entries(tranche):
    return list(tranche.entries.order_by("direction__number", "number"))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: {"place": "elsewhere"},
        lambda t: {"planned_on": None},
        lambda t: {"remove": entries(t)[:1]},
        lambda t: {"conspicuous": {entries(t)[0].pk: True}},
    ],
    ids=["place", "date", "count", "conspicuous"],
)
def test_frame_moves_with(scene, planned, change):
    before = frame(planned)

    tranches.change_plan(planned, actor=scene.cast.north.negotiator, **change(planned))

    assert frame(planned).frame_digest != before.frame_digest
    assert frame(planned).names_digest != before.names_digest


def test_frame_does_not_move_with_the_spelling_of_a_name(scene, planned):
    before = frame(planned)
    type(entries(planned)[0]).objects.unscoped("test").filter(tranche=planned, number=1).update(given="Samuel")

    assert frame(planned).frame_digest == before.frame_digest
    assert frame(planned).names_digest != before.names_digest


def test_same_content_under_another_lock_is_another_frame(scene, planned):
    before = frame(planned)
    factories.lock(scene, planned)
    tranches.take_step(planned, "unlock", actor=scene.cast.north.head, reason="a name")

    assert frame(planned).frame_digest != before.frame_digest
    assert frame(planned).line_digests == before.line_digests


def test_manifest_stores_what_was_agreed(scene, planned):
    agreed = frame(planned)

    manifest = factories.lock(scene, planned).manifests.get()

    assert (manifest.frame_digest, manifest.names_digest) == (agreed.frame_digest, agreed.names_digest)
    assert dict(manifest.lines.values_list("entry_id", "line_digest")) == agreed.line_digests
