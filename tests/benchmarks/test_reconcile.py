"""What reconciling is measured with: rows spoilt as told, answers that are right, figures that are counted as they say."""

from random import Random

import pytest

from benchmarks.invented_lists import FITTED, MEASURED, PERSON, ROW, ours, world
from benchmarks.reconcile import f1, interval, judged
from benchmarks.reconcile_peers import is_installed, peers
from benchmarks.romanising import RUSSIAN, UKRAINIAN
from people.matching.reconciling import reconcile
from people.matching.weights import WEIGHTS


def test_the_standards_write_as_their_tables_say():
    rng = Random(1)

    assert UKRAINIAN["KMU 2010"]("Згурський", rng) == "Zghurskyi"
    assert UKRAINIAN["KMU 2010"]("Юхим", rng) == "Yukhym"
    assert UKRAINIAN["BGN/PCGN"]("Щербак", rng) == "Shcherbak"
    assert RUSSIAN["BGN/PCGN"]("Елена", rng) == "Yelena"
    assert RUSSIAN["ISO 9"]("Чайкин", rng) == "Čajkin"
    assert RUSSIAN["passport 2013"]("Юрий", rng) == "Iurii"
    assert UKRAINIAN["Turkish"]("Шевченко", rng) == "Şevçenko"
    assert UKRAINIAN["Arabic"]("Бондар", rng)[0] == "ب"


def test_a_world_is_made_the_same_again_and_its_answers_are_in_it():
    made, again = (world(60, 40, seed=3, names=ours) for _time in range(2))
    ids = {person[0] for person in made.registry}
    present = [answer for answer in made.answers.values() if answer]

    assert made == again != world(60, 40, seed=4, names=ours)
    assert {len(person) for person in made.registry} == {len(PERSON)}
    assert {len(row) for row in made.rows} == {len(ROW)}
    assert set(present) <= ids
    assert 20 < len(present) < 40
    assert MEASURED != FITTED


def test_the_engine_finds_most_of_a_small_world():
    made = world(400, 60, seed=5, names=ours)
    found = {}
    for one in reconcile(made.rows, lambda: iter(made.registry)):
        found.setdefault(one.row_id, []).append((one.score, one.candidate_id))

    assert judged(found, made.answers).recall_at_5 > 0.9


def test_quality_is_counted_on_the_half_that_chose_no_threshold():
    answers = {f"r{number}": f"p{number}" if number % 4 else "" for number in range(80)}
    right = {row: [(9.0 if answer else 1.0, answer or "p0")] for row, answer in answers.items()}
    wrong = {row: [(9.0, "nobody")] for row in answers}

    assert judged(right, answers).f1 == judged(right, answers).recall_at_5 == 1.0
    assert judged(wrong, answers).f1 == judged({}, answers).f1 == 0.0
    assert judged(right, answers).hits.count((True, False, True)) == sum(hit[2] for hit in judged(right, answers).hits)
    assert f1([(True, False, True), (False, True, True)]) == pytest.approx(0.5)
    low, high = interval([(True, False, True), (False, True, True)] * 20)
    assert 0.2 < low < 0.5 < high < 0.8


def test_an_absent_peer_is_none():
    assert {name for name, peer in peers().items() if peer is None} >= (
        {"splink"} if not is_installed("splink") else set()
    )


def test_the_weights_speak_for_and_against_where_they_should():
    for field, levels in WEIGHTS.items():
        order = list(levels)
        assert levels[order[0]][0] > levels[order[-1]][0], field
        assert all(0 < m <= 1 and 0 < u <= 1 for m, u in levels.values()), field
    assert all(m < u for m, u in (WEIGHTS[field]["differs"] for field in WEIGHTS if field != "order"))
