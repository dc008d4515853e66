"""Lists by program: rows are read, settled and set right as on the page."""

import io
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook

from people.imports.cells import fault_sentence
from people.models import ImportRow, Person, RowCorrection
from people.operations import create_person, intake
from people.operations import imports as operations

COLUMNS = {0: "family", 1: "given", 2: "birth_date"}
FILE = "Surname,Name,Born\nМельник,Олег,\nKoval,Ivan,23.04.1987\nBondar,Semen,31.02.1988\n"


@pytest.fixture
def there(cast):
    return create_person(actor=cast.north.clerk, names=[{"family": "Мельник", "given": "Олег"}])


@pytest.fixture
def of(there, cast):
    return checked(cast.north.clerk)


def checked(actor, file: bytes = FILE.encode()):
    of = operations.begin_import([file], sender="South", actor=actor)
    intake.work_on(of.pk)
    operations.map_columns(of, columns=COLUMNS, actor=actor)
    intake.work_on(of.pk)
    of.refresh_from_db()
    return of


def rows_of(call, of) -> dict[int, dict]:
    return {row["number"]: row for row in call.get("import-rows/", of_import=of.pk).json()["results"]}


def stored() -> list[tuple]:
    rows = ImportRow.objects.unscoped("test").order_by("number")
    return list(rows.values_list("number", "decision", "chosen_id", "verdict", "decided_by"))


def test_a_program_settles_sets_right_and_takes_in(of, there, cast, api, django_capture_on_commit_callbacks):
    call, head = api(cast.north.clerk), api(cast.north.head)
    rows = rows_of(call, of)
    (candidate,) = rows[2]["candidates"]

    assert [row["verdict"] for row in rows.values()] == ["ambiguous", "new", "invalid"]
    assert (candidate["person"], candidate["label"]) == (str(there.pk), "Мельник Олег")
    assert [(one["column"], one["code"]) for one in rows[4]["faults"]] == [(2, "no_such_date")]
    assert call.get(rows[4]["url"]).json() == rows[4]

    decided = call.step("imports", of.pk, "decide_rows", decisions=[{"row": 2, "decision": "create"}])
    assert (decided.status_code, decided.json()["version"]) == (200, of.version + 1)
    right = head.step("imports", of.pk, "correct_row", row=4, cells={"2": "28.02.1988"})
    assert right.json()["verdicts"] == {"new": 2, "ambiguous": 1}
    row = rows_of(call, of)[4]
    assert (row["cells"][2], row["corrected"], row["faults"]) == ("31.02.1988", {"2": "28.02.1988"}, [])

    with django_capture_on_commit_callbacks(execute=True):
        call.step("imports", of.pk, "commit")

    assert [row["outcome"] for row in rows_of(call, of).values()] == ["created"] * 3
    assert sorted(Person.objects.unscoped("test").values_list("label", flat=True)) == [
        "Bondar Semen", "Koval Ivan", "Мельник Олег", "Мельник Олег",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("decisions", "errors"),
    [
        ([{"row": 3, "decision": "leave"}, {"row": 9, "decision": "leave"}], {"decisions.1": ["No row is like that."]}),
        ([{"row": 3, "decision": "leave"}, {"row": 3, "decision": ""}], {"decisions.1.row": ["Say this once."]}),
        ([{"row": 2, "decision": "update"}], {"decisions.0": ["Choose whose dossier row 2 belongs to."]}),
        (
            [{"row": 4, "decision": "create"}],
            {"decisions.0": ["Row 4 cannot be taken before its faults are corrected."]},
        ),
        ([{"row": 3, "decision": "perhaps"}], {"decisions.0.decision": ['"perhaps" is not a valid choice.']}),
        ([{"row": 3, "decision": "leave", "why": "x"}], {"decisions.0.why": ["Unknown key."]}),
    ],
)
def test_a_decision_that_cannot_be_is_refused_at_its_row_and_none_is_kept(of, cast, api, decisions, errors):
    before = stored()

    refused = api(cast.north.clerk).step("imports", of.pk, "decide_rows", decisions=decisions)

    assert (refused.status_code, refused.json()["errors"]) == (400, errors)
    assert stored() == before


@pytest.mark.parametrize(
    ("row", "cells", "errors"),
    [
        (4, {"2": "30.02.1988"}, {"cells.2": ["There is no such date: 30.02.1988."]}),
        (4, {"7": "x"}, {"cells.7": ["There is no such column."]}),
        (4, {"02": "1988"}, {"cells.02": ["There is no such column."]}),
        (4, {"2": "x" * 4001}, {"cells.2": ["Ensure this field has no more than 4000 characters."]}),
        (9, {"2": "1988"}, {"row": ["No row is like that."]}),
    ],
)
def test_a_cell_that_stays_faulty_is_refused_where_it_stands(of, cast, api, row, cells, errors):
    refused = api(cast.north.clerk).step("imports", of.pk, "correct_row", row=row, cells=cells)

    assert (refused.status_code, refused.json()["errors"]) == (400, errors)
    assert not RowCorrection.objects.unscoped("test").exists()
    assert [verdict for *_row, verdict, _by in stored()] == ["ambiguous", "new", "invalid"]


def test_a_formula_without_its_result_is_told_at_its_cell(cast, api):
    book, file = Workbook(), io.BytesIO()
    for row in (
        ["Surname", "Name", "Born", "Age"],
        ["Koval", "Ivan", "=A1", "=2026-C2"],
        ["Bondar", "Semen", "1988", "=2026-C3"],
    ):
        book.active.append(row)
    book.save(file)

    rows = rows_of(api(cast.north.clerk), checked(cast.north.clerk, file.getvalue()))

    assert [(row["verdict"], row["cells"]) for row in rows.values()] == [
        ("invalid", ["Koval", "Ivan", "=?", "=?"]), ("new", ["Bondar", "Semen", "1988", "=?"]),
    ]  # fmt: skip
    assert rows[2]["faults"] == [
        {"column": 2, "code": "unsaved_formula", "sentence": fault_sentence("unsaved_formula", "")}
    ]


def test_a_row_that_can_be_taken_is_not_corrected(of, cast, api):
    refused = api(cast.north.clerk).step("imports", of.pk, "correct_row", row=3, cells={"2": "1988"})

    assert (refused.status_code, refused.json()["code"]) == (409, "refused")


def test_the_other_sides_rows_and_dossiers_are_as_if_there_were_none(of, cast, api):
    theirs, call = checked(cast.south.clerk), api(cast.south.clerk)
    hidden = Person.objects.get()
    row = ImportRow.objects.unscoped("test").get(of_import=of, number=2)
    body = {"decisions": [{"row": 2, "decision": "leave"}]}

    def named(pk) -> bytes:
        decisions = [{"row": 2, "decision": "update", "person": str(pk)}]
        refused = call.step("imports", theirs.pk, "decide_rows", decisions=decisions)
        assert refused.status_code == 400
        return refused.content

    assert named(hidden.pk) == named(uuid4())
    for path, sent in (
        ("imports/{}/steps/decide_rows/", body),
        ("imports/{}/steps/correct_row/", {"row": 2, "cells": {"2": "1988"}}),
    ):
        there, nowhere = (call.post(path.format(pk), sent) for pk in (of.pk, uuid4()))
        assert (there.status_code, there.content) == (404, nowhere.content)
    assert call.get(f"import-rows/{row.pk}/").content == call.get(f"import-rows/{uuid4()}/").content
    assert rows_of(call, of) == {}
    assert {one["of_import"] for one in call.get("import-rows/").json()["results"]} == {str(theirs.pk)}
    assert all(one["candidates"] == [] for one in rows_of(call, theirs).values())
    assert api(cast.north.medic).get("import-rows/").json()["results"] == []


def test_the_same_call_again_is_done_once(of, cast, api):
    call, path = api(cast.north.clerk), f"imports/{of.pk}/steps/decide_rows/"
    body = {"decisions": [{"row": 2, "decision": "create"}], "version": of.version}
    first = call.post(path, body, Idempotency_Key="once")
    after = stored()
    again = call.post(path, body, Idempotency_Key="once")
    corrected = [
        call.post(f"imports/{of.pk}/steps/correct_row/", {"row": 4, "cells": {"2": "1988"}}, Idempotency_Key="two")
        for _call in range(2)
    ]

    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert [row[:3] for row in stored()] == [row[:3] for row in after]
    assert corrected[0].content == corrected[1].content
    assert corrected[1].json()["version"] == of.version + 2
    assert call.post(path, {"decisions": []}, Idempotency_Key="once").status_code == 422


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("decide_rows", {"decisions": [{"row": 2, "decision": "leave"}]}),
        ("correct_row", {"row": 4, "cells": {"2": "1988"}}),
        ("check", {}),
        ("commit", {}),
        ("discard", {}),
    ],
)
def test_whoever_read_an_older_state_is_told(of, cast, api, step, body):
    call, path = api(cast.north.clerk), f"imports/{of.pk}/steps/{step}/"
    etag = call.get(f"imports/{of.pk}/")["ETag"]
    operations.decide_rows(of, decisions={3: ("create", None)}, actor=cast.north.head)
    before = stored()

    assert call.post(path, body, If_Match=etag).status_code == 412
    assert call.post(path, body | {"version": of.version}).status_code == 412
    assert stored() == before
    assert call.post(path, body | {"version": of.version + 1}).status_code == 200


def test_rows_cost_the_same_however_many_there_are(cast, api):
    call, asked = api(cast.north.clerk), []
    for name in ("Олег", "Іван"):
        create_person(actor=cast.north.clerk, names=[{"family": "Мельник", "given": name}])
        of = checked(cast.north.clerk, (FILE + f"Мельник,{name},\n" * len(asked)).encode())
        call.get("import-rows/")
        with CaptureQueriesContext(connection) as queries:
            found = rows_of(call, of)
        asked.append((len(found), len(queries)))

    assert asked == [(3, 5), (4, 5)]
