"""Whatever a text holds, it comes out of the table as it went in."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from core.pouring import pour_values, take_out
from people.models import ImportRow, MatchKey, Name, Person, SearchKey
from people.operations import create_person
from people.operations import imports as operations

ODD = ["\\", "\\N", "\\.", "a\tb", "a\nb", "a\rb", '"', "{}", "", "Дж'ейн"]


@pytest.mark.django_db
@pytest.mark.parametrize("repeats", [None, 7])
def test_odd_texts_are_poured_as_they_are(cast, repeats):
    of = operations.begin_import([b"x"], sender="S", actor=cast.north.clerk)
    always = {
        "of_import_id": of.pk, "compartment_id": of.compartment_id, "faults": [], "key": "", "verdict": "new",
        "differences": {}, "candidates": [], "person_id": None, "chosen_id": None, "decided_by_id": None, "outcome": "",
        "undo": None,
    }  # fmt: skip
    rows = [(uuid.uuid4(), number, [text], {"family": text}, repeats, text[:8]) for number, text in enumerate(ODD)]

    pour_values(ImportRow, ("id", "number", "cells", "told", "repeats", "decision"), rows, always)

    found = ImportRow.objects.unscoped("test").order_by("number")
    assert [(row.cells, row.told, row.repeats, row.decision) for row in found] == [
        ([text], {"family": text}, repeats, text[:8]) for text in ODD
    ]


@pytest.mark.django_db
def test_rows_are_taken_out_by_any_column_and_no_others(cast):
    one, other = (create_person(actor=cast.north.clerk, names=[{"family": name}]) for name in ("Коваль", "Мельник"))

    for model in (SearchKey, MatchKey, Name):
        take_out(model, "person_id", [one.pk])
    take_out(Person, "id", [one.pk, uuid.uuid4()])
    take_out(Person, "id", [])
    connection.check_constraints()

    assert list(Person.objects.unscoped("test")) == [other]
    assert set(Name.objects.unscoped("test").values_list("person", flat=True)) == {other.pk}


@pytest.mark.django_db
def test_nothing_that_others_refer_to_is_taken_out_unseen(cast):
    person = create_person(actor=cast.north.clerk, names=[{"family": "Коваль"}])

    with pytest.raises(IntegrityError), transaction.atomic():
        take_out(Person, "id", [person.pk])
        connection.check_constraints()

    assert Person.objects.unscoped("test").exists()
