"""Whatever a text holds, it comes out of the table as it went in."""

import uuid

import pytest

from core.pouring import pour_values
from people.models import ImportRow
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
