"""Statements that are kept hold nobody's values: each reading is its viewer's own, at its own time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.kept import read
from core.kept import Kept
from exchanges.models import Exchange
from people.models import Person
from tests import factories


def seen(viewer, **told) -> list:
    def build(viewer, told):
        return Exchange.objects.visible_to(viewer).filter(**told).values_list("pk", flat=True)

    return read("test", build, viewer, told)


@pytest.mark.slow
def test_one_text_answers_every_viewer_with_their_own_rows(scene):
    ours = factories.draft(scene)
    north, south = scene.cast.north.head, scene.cast.south.head

    for _again in range(2):
        assert seen(north, id=ours.pk) == [ours.pk]
        assert seen(south, id=ours.pk) == []


def test_a_right_that_has_ended_ends_for_what_is_kept(scene):
    ours = factories.draft(scene)
    head = scene.cast.north.head
    assert seen(head, id=ours.pk) == [ours.pk]

    now = timezone.now()
    head.memberships.update(starts_at=now - timedelta(hours=1), ends_at=now - timedelta(seconds=1))

    assert seen(head, id=ours.pk) == []


def test_behind_a_key_only_its_membership_counts(scene):
    ours = factories.draft(scene)
    head = scene.cast.north.head
    head.only_membership_id = scene.cast.south.head.memberships.first().pk

    assert seen(head, id=ours.pk) == []


def test_nobody_reads_after_being_made_inactive(scene):
    ours = factories.draft(scene)
    head = scene.cast.north.head
    head.is_active = False

    assert seen(head, id=ours.pk) == []


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [{"label": "Ann Lee"}, {"version": 7}, {"created_at__gt": timezone.now()}])
def test_a_value_of_one_reading_is_never_kept_for_all(asked):
    with pytest.raises(TypeError):
        Kept(Person.objects.unscoped("test").filter(**asked))
