"""Identity checks at the line: who may say so, of whom, and what stands in the log."""

from uuid import uuid4

import pytest

from exchanges.models import Entry, IdentityCheck, TrancheStatus
from exchanges.operations.line import check_identities
from tests import factories
from tests.checks import data_of, kinds, last_event, refused

T = TrancheStatus


def checks(tranche, *results):
    entries = Entry.objects.unscoped("test").filter(tranche=tranche).order_by("direction__number", "number")
    return [{"entry": entry.pk, "result": result} for entry, result in zip(entries, results, strict=False)]


def results(participant):
    rows = IdentityCheck.objects.unscoped("test").filter(participant=participant).order_by("at", "entry__number")
    return list(rows.values_list("result", flat=True))


def test_holder_and_receiver_each_say_for_themselves(scene):
    tranche = factories.tranche_at(scene, T.STAGED)

    check_identities(tranche, checks=checks(tranche, "confirmed", "not_confirmed"), actor=scene.cast.north.handover)
    check_identities(tranche, checks=checks(tranche, "confirmed"), actor=scene.cast.south.handover)

    assert (results(scene.north), results(scene.south)) == (["confirmed", "not_confirmed"], ["confirmed"])
    assert data_of(last_event("identity.checked")) == {"participant": "B", "counts": {"confirmed": 1}, "numbers": [1]}
    assert kinds(tranche).count("identity.checked") == 2


def test_later_check_stands_beside_the_first_and_a_repetition_is_not_written(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)
    for result in ("not_confirmed", "not_confirmed", "confirmed"):
        check_identities(tranche, checks=checks(tranche, result), actor=scene.cast.north.handover)

    assert results(scene.north) == ["not_confirmed", "confirmed"]
    assert kinds(tranche).count("identity.checked") == 2


@pytest.mark.parametrize("who", ["negotiator", "clerk", "medic", "president"])
def test_only_who_runs_the_handover_checks(scene, who):
    tranche = factories.tranche_at(scene, T.STAGED)

    with refused("Identity checks are for the participants' handover officers."):
        check_identities(tranche, checks=checks(tranche, "confirmed"), actor=getattr(scene.cast.north, who))


def test_nobody_is_checked_before_the_lock(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)

    with refused("Identities are checked once the tranche is locked"):
        check_identities(tranche, checks=checks(tranche, "confirmed"), actor=scene.cast.north.handover)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"entry": uuid4(), "result": "confirmed"}, "not on the manifest"),
        ({"entry": "nonsense", "result": "confirmed"}, "not on the manifest"),
        ({"result": "perhaps"}, "There is no result “perhaps”."),
    ],
)
def test_unknown_line_or_result_is_refused_with_all_the_rest(scene, given, sentence):
    tranche = factories.tranche_at(scene, T.STAGED)
    (good,) = checks(tranche, "confirmed")

    with refused(sentence):
        check_identities(tranche, checks=[good, {**good, **given}], actor=scene.cast.north.handover)
