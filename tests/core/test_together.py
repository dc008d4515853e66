"""Several questions in one statement: the same rows, in the same order, as each would have brought alone."""

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core.together import Together
from exchanges.models import Answer, Direction, Entry, Manifest, SignOffStep, Tranche, TrancheStatus
from tests import factories


@pytest.fixture
def viewer(scene):
    factories.tranche_at(scene, TrancheStatus.IN_SIGN_OFF, count=15)
    return scene.cast.north.head


def questions(viewer):
    return [
        Tranche.objects.visible_to(viewer).select_related("exchange__negotiation", "exchange__hold_by"),
        Entry.objects.visible_to(viewer).select_related("replaces").order_by("-number")[:5],
        Direction.objects.visible_to(viewer).order_by("-number"),
        Direction.objects.none(),
        Answer.objects.visible_to(viewer).filter(stance="no such stance"),
        Answer.objects.visible_to(viewer).order_by("-at", "pk").values_list("entry_id", "participant_id", "at"),
        SignOffStep.objects.visible_to(viewer).order_by("pk").values_list("pk", flat=True),
        Event.objects.visible_to(viewer).order_by("-position", "compartment_id").select_related("compartment"),
        Entry.objects.order_by("direction_id")
        .values_list("direction_id", "is_humanitarian")
        .annotate(size=Count("pk")),
    ]


def values(row):
    return {name: value for name, value in vars(row).items() if name != "_state"} if hasattr(row, "_state") else row


def test_the_rows_are_those_that_each_question_brings_alone(viewer):
    alone = [list(question) for question in questions(viewer)]
    together = Together()
    asked = [together.later(question) for question in questions(viewer)]

    with CaptureQueriesContext(connection) as captured:
        found = [one.rows for one in asked]

    assert len(captured) == 1
    assert [[values(row) for row in rows] for rows in found] == [[values(row) for row in rows] for rows in alone]
    assert any(rows for rows in found)


def test_rows_bring_what_was_selected_beside_them(viewer):
    together = Together()
    tranches = together.later(Tranche.objects.visible_to(viewer).select_related("exchange__negotiation"))
    (tranche,) = tranches.rows

    with CaptureQueriesContext(connection) as captured:
        assert tranche.exchange.negotiation.title

    assert len(captured) == 0


def test_what_is_asked_later_is_read_later(viewer):
    together = Together()
    first = together.later(Tranche.objects.visible_to(viewer))
    assert len(first.rows) == 1
    second = together.later(Direction.objects.visible_to(viewer))

    with CaptureQueriesContext(connection) as captured:
        assert len(second.rows) == 2
        assert len(first.rows) == 1

    assert len(captured) == 1


def test_a_kind_of_column_that_nobody_tried_is_refused(viewer):
    together = Together()
    together.later(Manifest.objects.visible_to(viewer))

    with pytest.raises(KeyError):
        together.read()
