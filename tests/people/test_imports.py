"""A list from its file to the dossiers, and back."""

import io
import json
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from access.models import User
from accounts.operations import end_membership
from audit.models import Event
from core.errors import InputRefused, TransitionRefused
from core.sheets.faults import FileRefused
from exchanges.presentation.waiting import waiting_for
from people.imports.judging import Judge, sought_by
from people.imports.registry import Registry
from people.matching.record import Lexicon
from people.models import (
    AT_WORK,
    CategoryAssignment,
    Claim,
    Deadline,
    Import,
    ImportRow,
    ImportStatus,
    MatchKey,
    Name,
    Person,
    RowCorrection,
    SamePersonJudgement,
    SearchKey,
    SenderColumns,
)
from people.operations import IDENTITY, add_claim, change_person, create_person, intake
from people.operations import imports as operations
from people.operations.corrections import correct_row
from people.operations.deadlines import tell_of_passed_deadlines
from people.operations.erasing import erase_person
from people.operations.merging import NotTheSame, judge_not_same, merge_persons, unmerge
from people.same.suggesting import suggested_pairs

HEADINGS = ["№", "Прізвище", "Ім'я", "По батькові", "Дата народження", "Особистий номер", "Звання"]
KOVAL = ["1", "Коваль", "Іван", "Петрович", "23.04.1987", "U-1000001", "солдат"]
MELNYK = ["2", "Мельник", "Олег", "", "1990", "", ""]


def csv_of(*rows: list[str], encoding: str = "utf-8", delimiter: str = ";") -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in rows).encode(encoding)


def taken(actor, content: bytes, sender: str = "Headquarters of the South") -> Import:
    """Read and checked, nothing taken yet."""
    of = operations.begin_import([content], sender=sender, actor=actor)
    intake.work_on(of.pk)
    of.refresh_from_db()
    if of.status == ImportStatus.MAPPING:
        operations.map_columns(of, columns={int(place): one for place, one in of.columns.items()}, actor=actor)
        intake.work_on(of.pk)
        of.refresh_from_db()
    return of


def commit(of: Import, actor, verdicts=operations.TAKEN_UNLESS_TOLD) -> Import:
    operations.commit_import(of, verdicts=verdicts, actor=actor)
    while intake.work_on(of.pk):
        pass
    of.refresh_from_db()
    return of


def undo(of: Import, actor) -> Import:
    operations.undo_import(of, actor=actor)
    while intake.work_on(of.pk):
        pass
    of.refresh_from_db()
    return of


def verdicts(of: Import) -> dict[int, str]:
    return dict(ImportRow.objects.unscoped("test").filter(of_import=of).values_list("number", "verdict"))


def everything() -> dict[str, list]:
    """Every row of every table that holds something of a person."""
    models = (Person, Name, Claim, CategoryAssignment, SamePersonJudgement)
    rows = {model.__name__: list(model.objects.unscoped("test").order_by("pk").values()) for model in models}
    keys = SearchKey.objects.unscoped("test").order_by("person", "key").values_list("person", "key", "place")
    matched = MatchKey.objects.unscoped("test").order_by("person", "key").values_list("person", "key")
    return rows | {"SearchKey": list(keys), "MatchKey": list(matched)}


def test_a_list_becomes_dossiers(cast):
    clerk = cast.north.clerk
    of = taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK))

    assert (of.status, of.rows, of.delimiter, of.heading_row) == (ImportStatus.PREVIEW, 2, ";", 1)
    assert verdicts(of) == {2: "new", 3: "new"}
    assert not Person.objects.unscoped("test").exists()

    commit(of, clerk)
    koval, melnyk = Person.objects.visible_to(clerk).order_by("label")

    assert (koval.label, koval.birth_date, koval.service_number, koval.rank) == (
        "Коваль Іван Петрович", "1987-04-23", "U-1000001", "солдат",
    )  # fmt: skip
    assert (melnyk.label, melnyk.birth_date, melnyk.compartment) == ("Мельник Олег", "1990", cast.north.home)
    assert [(name.script, name.source, name.is_preferred) for name in koval.names.all()] == [
        ("cyrl", "Headquarters of the South", True)
    ]
    assert of.status == ImportStatus.COMMITTED
    kinds = Event.objects.unscoped("test").about(of).order_by("position").values_list("kind", flat=True)
    assert list(kinds) == ["import.received", "import.mapped", "import.commit_begun", "import.committed"]


def test_import_then_undo_is_the_identity(cast):
    clerk = cast.north.clerk
    create_person(
        actor=clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}], birth_date="1987-04-23"
    )
    before = everything()

    of = commit(taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK)), clerk)

    assert verdicts(of) == {2: "update", 3: "new"}
    assert everything() != before

    undo(of, clerk)

    assert of.status == ImportStatus.UNDONE
    assert everything() == before


def test_the_same_list_twice_is_the_same_as_once(cast):
    clerk = cast.north.clerk
    content = csv_of(HEADINGS, KOVAL, MELNYK)
    commit(taken(clerk, content), clerk)
    before = everything()

    again = commit_or_nothing(taken(clerk, content), clerk)

    assert verdicts(again) == {2: "same", 3: "same"}
    assert everything() == before


def say_they_are_others(of: Import, actor) -> None:
    rows = ImportRow.objects.unscoped("test").filter(of_import=of, verdict__in=("ambiguous", "update", "home"))
    decisions = dict.fromkeys(rows.values_list("number", flat=True), ("create", None))
    operations.decide_rows(of, decisions=decisions, actor=actor)


def commit_or_nothing(of: Import, actor) -> Import:
    chosen = list(operations.TAKEABLE)
    return commit(of, actor, chosen) if operations.to_be_taken(of, chosen).exists() else of


def judged() -> list[tuple]:
    rows = SamePersonJudgement.objects.unscoped("test").order_by("at", "pk")
    return [({row.one, row.other}, row.verdict, row.by) for row in rows.select_related("one", "other", "by")]


def a_namesake(actor) -> Person:
    names = [{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}]
    return create_person(actor=actor, names=names, birth_date="1987", unit="72")


def test_a_new_dossier_for_a_row_is_not_of_whom_it_might_have_meant(cast):
    clerk, head = cast.north.clerk, cast.north.head
    there = a_namesake(head)
    before = everything()
    of = taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK))
    assert verdicts(of) == {2: "ambiguous", 3: "new"}
    say_they_are_others(of, clerk)
    commit(of, head)
    koval = Person.objects.unscoped("test").exclude(pk=there.pk).get(birth_date="1987-04-23")
    event = Event.objects.unscoped("test").about(of).get(kind="import.committed")

    assert judged() == [({there, koval}, "not_same", clerk)]
    assert json.loads(event.content.json)["told_apart"] == 1
    assert suggested_pairs(clerk).pairs == []
    with pytest.raises(NotTheSame, match="north clerk judged"):
        merge_persons(there, koval, actor=head)

    undo(of, clerk)
    assert everything() == before


def test_rows_as_judged_and_rows_put_into_a_dossier_tell_nobody_apart(cast):
    clerk = cast.north.clerk
    there = a_namesake(clerk)
    of = taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK))
    operations.decide_rows(of, decisions={2: ("update", there.pk), 3: ("create", None)}, actor=clerk)

    commit(of, clerk)

    assert Person.objects.unscoped("test").count() == 2
    assert judged() == []


def test_telling_apart_asks_the_same_however_many_there_are(cast):
    clerk, asked = cast.north.clerk, []
    a_namesake(clerk)
    for count in (1, 4):
        rows = [["", "Коваль", "Іван", "Петрович", f"1{place}.04.1987", "", ""] for place in range(count)]
        of = taken(clerk, csv_of(HEADINGS, *rows), sender=f"List {count}")
        say_they_are_others(of, clerk)
        operations.commit_import(of, actor=clerk)
        with CaptureQueriesContext(connection) as queries:
            intake.work_on(of.pk)
        asked.append(len(queries))

    assert len(judged()) > 4
    assert asked[0] == asked[1]


def test_whom_a_later_list_told_apart_is_not_taken_away(cast):
    clerk = cast.north.clerk
    first = commit(taken(clerk, csv_of(HEADINGS, [*KOVAL[:4], "1987", "", ""])), clerk)
    second = taken(clerk, csv_of(HEADINGS, KOVAL), sender="Another")
    say_they_are_others(second, clerk)
    commit(second, clerk)
    assert len(judged()) == 1

    with pytest.raises(operations.SomebodyBuiltOnIt):
        operations.undo_import(first, actor=clerk)
    undo(second, clerk)
    undo(first, clerk)

    assert not Person.objects.unscoped("test").exists()


def ivan(actor, **facts) -> Person:
    return create_person(actor=actor, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}], **facts)


@pytest.mark.parametrize("chunk", [1000, 1])
def test_two_rows_that_wrote_into_one_dossier_are_undone_the_latest_first(cast, monkeypatch, chunk):
    monkeypatch.setattr(intake, "CHUNK", chunk)
    clerk = cast.north.clerk
    ivan(clerk, birth_date="1987-04-23", service_number="U-1000001")
    before = everything()
    private = ["1", "Коваль", "Іван", "Петрович", "", "U-1000001", "солдат"]
    of = taken(clerk, csv_of(HEADINGS, private, ["2", "Коваль", "Іван", "Петрович", "23.04.1987", "", "сержант"]))
    assert verdicts(of) == {2: "update", 3: "update"}

    commit(of, clerk)
    assert Person.objects.unscoped("test").get().rank == "сержант"
    undo(of, clerk)

    assert (of.status, everything()) == (ImportStatus.UNDONE, before)


def test_a_row_that_was_held_back_is_nobody_the_next_time(cast):
    clerk = cast.north.clerk
    of = taken(clerk, csv_of(HEADINGS, KOVAL))
    ivan(clerk, birth_date="1987-04-23")
    commit(of, clerk)

    again = taken(clerk, csv_of(HEADINGS, KOVAL))

    assert verdicts(again) == {2: "update"}
    commit(again, clerk)
    assert Person.objects.unscoped("test").count() == 1


@pytest.mark.parametrize("is_chosen", [False, True])
def test_what_a_list_adds_goes_to_the_dossier_that_the_person_is_read_as(cast, is_chosen):
    clerk = cast.north.clerk
    absorbed = ivan(clerk, birth_date="1987-04-23")
    survivor = create_person(actor=clerk, names=[{"family": "Ковальов", "given": "Іван"}])
    of = taken(clerk, csv_of(HEADINGS, KOVAL))
    merge_persons(survivor, absorbed, actor=clerk)
    if is_chosen:
        operations.decide_rows(of, decisions={2: ("update", absorbed.pk)}, actor=clerk)
    before = everything()

    commit(of, clerk)

    survivor.refresh_from_db()
    absorbed.refresh_from_db()
    assert (survivor.rank, survivor.service_number, absorbed.rank) == ("солдат", "U-1000001", "")
    undo(of, clerk)
    assert everything() == before


def test_a_list_that_comes_again_after_a_merge_changes_nothing(cast):
    clerk = cast.north.clerk
    commit(taken(clerk, csv_of(HEADINGS, KOVAL)), clerk)
    absorbed = Person.objects.unscoped("test").get()
    survivor = ivan(clerk, birth_date="1987-04-23", rank="солдат", service_number="U-1000001")
    merge_persons(survivor, absorbed, actor=clerk)

    assert verdicts(taken(clerk, csv_of(HEADINGS, KOVAL))) == {2: "same"}


def test_what_a_list_wrote_is_not_taken_back_from_a_dossier_that_was_merged_since(cast):
    clerk = cast.north.clerk
    absorbed = ivan(clerk, birth_date="1987-04-23")
    survivor = create_person(actor=clerk, names=[{"family": "Ковальов", "given": "Іван"}])
    of = commit(taken(clerk, csv_of(HEADINGS, KOVAL)), clerk)
    merge_persons(survivor, absorbed, actor=clerk, take=["rank"])

    with pytest.raises(operations.SomebodyBuiltOnIt, match="Коваль"):
        operations.undo_import(of, actor=clerk)


def test_who_is_home_by_a_dossier_that_was_merged_is_home(cast):
    clerk = cast.north.clerk
    survivor = ivan(clerk, birth_date="1987-04-23")
    absorbed = create_person(actor=clerk, names=[{"family": "Ковальов", "given": "Іван"}])
    add_claim(absorbed, actor=clerk, kind="home", source="us", happened_on="2025-01-01")
    merge_persons(survivor, absorbed, actor=clerk)

    assert verdicts(taken(clerk, csv_of(HEADINGS, KOVAL))) == {2: "home"}


@pytest.mark.parametrize("chunk", [1000, 1])
def test_a_repeated_row_that_somebody_takes_for_another_person_is_told_apart(cast, monkeypatch, chunk):
    monkeypatch.setattr(intake, "CHUNK", chunk)
    clerk = cast.north.clerk
    before = everything()
    of = taken(clerk, csv_of(HEADINGS, KOVAL, ["2", *KOVAL[1:]]))
    assert verdicts(of) == {2: "new", 3: "repeated"}
    operations.decide_rows(of, decisions={3: ("create", None)}, actor=clerk)

    commit(of, clerk)

    assert Person.objects.unscoped("test").count() == 2
    assert suggested_pairs(clerk).pairs == []
    undo(of, clerk)
    assert everything() == before


@pytest.mark.parametrize("act", [judge_not_same, merge_persons])
def test_whom_somebody_judged_since_is_not_taken_away(cast, act):
    """The log names but one of a pair, and here it is the other."""
    clerk = cast.north.clerk
    of = taken(clerk, csv_of(HEADINGS, KOVAL))
    last = UUID(int=2**128 - 1)
    ImportRow.objects.unscoped("test").update(person_id=last)
    commit(of, clerk)

    act(create_person(actor=clerk, names=[{"family": "Мельник"}]), Person.objects.get(pk=last), actor=clerk)

    with pytest.raises(operations.SomebodyBuiltOnIt, match="Коваль"):
        operations.undo_import(of, actor=clerk)


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (["Name", "Name", "Born"], {"0": "family", "1": "given", "2": "birth_date"}),
        (["Name"] * 40, {"0": "full_name"}),
        (["Name", "Remark", "Remark"], {"0": "full_name", "1": "unit"}),
    ],
)
def test_a_senders_columns_are_named_once_though_headings_are_alike(cast, headings, columns):
    clerk = cast.north.clerk
    content = csv_of(headings, ["x"] * len(headings))
    first = operations.begin_import([content], sender="South", actor=clerk)
    intake.work_on(first.pk)
    operations.map_columns(first, columns={int(place): one for place, one in columns.items()}, actor=clerk)

    again = operations.begin_import([content], sender=" SOUTH", actor=clerk)
    intake.work_on(again.pk)
    again.refresh_from_db()

    assert (again.heading_row, again.columns) == (1, columns)


# Pages


def settled(client, of: Import) -> dict[str, int]:
    return {
        path: client.get(path).status_code for path in (f"/people/imports/{of.pk}/", f"/people/imports/{of.pk}/faults/")
    }


def test_a_clerk_takes_a_list_in_by_the_pages_alone(cast, as_user, django_capture_on_commit_callbacks):
    client = as_user(cast.north.clerk)
    create_person(actor=cast.north.clerk, names=[{"family": "Мельник", "given": "Олег"}])
    file = io.BytesIO(csv_of(HEADINGS, KOVAL, MELNYK, ["3", "", "", "", "", "", ""]))
    file.name = "list.csv"

    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post("/people/imports/new/", {"sender": "South", "file": file})

    columns = client.get(sent.url, follow=True)
    choices = {field.html_name: field.value() for field, _sample in columns.context["columns"]}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{sent.url}columns/", choices | {"heading_row": 1, "headed": 1})
    preview = client.get(sent.url)

    assert choices["column_1"] == "family"
    assert choices["column_0"] == ""
    assert [(count.verdict, count.count) for count in preview.context["counts"]] == [
        ("new", 1), ("ambiguous", 1), ("invalid", 1),
    ]  # fmt: skip
    assert "There is no name in this row." in preview.content.decode()

    row = client.get(preview.context["settle_url"])
    (candidate,) = row.context["candidates"]
    assert "same family name" in " ".join(candidate.why)
    client.post(preview.context["settle_url"], {"choice": candidate.id})
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{sent.url}steps/commit/", {"verdicts": ["new", "update"]})
    done = client.get(sent.url)

    assert done.context["of"].status == ImportStatus.COMMITTED
    assert done.context["of"].taken == 2
    assert sorted(Person.objects.unscoped("test").values_list("label", "birth_date")) == [
        ("Коваль Іван Петрович", "1987-04-23"), ("Мельник Олег", "1990"),
    ]  # fmt: skip
    faults = b"".join(client.get(f"{sent.url}faults/").streaming_content).decode("utf-8-sig").splitlines()
    assert faults[0].endswith(";Why")
    assert [line.rpartition(";")[2] for line in faults[1:]] == ["", "", "Прізвище: There is no name in this row."]

    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{sent.url}steps/undo/")
    assert list(Person.objects.unscoped("test").values_list("label", "birth_date")) == [("Мельник Олег", "")]
    assert Import.objects.get().status == ImportStatus.UNDONE


def two_sheets() -> bytes:
    book, file = Workbook(), io.BytesIO()
    for title, family in (("A", "Koval"), ("B", "Abel")):
        sheet = book.create_sheet(title)
        sheet.append(["surname", "first name"])
        sheet.append([family, "Ivan"])
    book.remove(book.worksheets[0])
    book.save(file)
    return file.getvalue()


def test_of_another_sheet_nothing_is_left_of_the_first(cast):
    clerk = cast.north.clerk
    of = taken(clerk, two_sheets())
    assert (of.sheet, verdicts(of)) == ("A", {2: "new"})

    operations.choose_table(of, actor=clerk, sheet="B")
    intake.work_on(of.pk)
    of.refresh_from_db()

    assert (of.sheet, of.status, verdicts(of)) == ("B", ImportStatus.MAPPING, {})


@pytest.mark.parametrize("ends", [None, FileRefused("too_heavy"), InputRefused("no")])
def test_a_turn_that_read_the_sheet_before_says_nothing_of_the_next(cast, monkeypatch, ends):
    clerk, read = cast.north.clerk, intake.reading
    of = operations.begin_import([two_sheets()], sender="South", actor=clerk)

    @contextmanager
    def slowly(*args, **options):
        with read(*args, **options) as table:
            yield table
            monkeypatch.setattr(intake, "reading", read)
            intake.work_on(of.pk)  # the sweep thought the first turn dead
            operations.choose_table(of, actor=clerk, sheet="B")
            if ends:
                raise ends

    monkeypatch.setattr(intake, "reading", slowly)
    intake.work_on(of.pk)
    of.refresh_from_db()

    assert (of.status, of.sheet, of.fault, of.columns) == (ImportStatus.READING, "B", "", {})
    intake.work_on(of.pk)
    of.refresh_from_db()
    assert (of.status, of.sheet, of.top_rows[1]) == (ImportStatus.MAPPING, "B", [2, ["Abel", "Ivan"]])


@pytest.mark.parametrize("number", ["²", "٢", "x", "", "99999999"])
def test_what_is_no_number_names_no_row(cast, as_user, number):
    client = as_user(cast.north.clerk)
    of = taken(cast.north.clerk, csv_of(HEADINGS, KOVAL))

    answer = client.post(f"/people/imports/{of.pk}/rows/", {f"row_{number}": "leave"}, follow=True)
    mapped = client.get(f"/people/imports/{of.pk}/columns/", {"heading": number})

    assert "Nothing was chosen." in answer.text
    assert mapped.context["heading_row"] == 1
    assert not ImportRow.objects.unscoped("test").exclude(decision="").exists()


# What may go wrong


def many(count: int) -> bytes:
    return csv_of(
        HEADINGS,
        *(
            [str(n), f"Тест{chr(1072 + n)}енко", "Іван", "", f"0{n}.01.199{n}", f"U-{n:07}", ""]
            for n in range(1, count)
        ),
    )


def test_killed_in_the_middle_it_goes_on_where_it_was(cast, monkeypatch):
    """Each chunk is whole or not there at all; the next turn begins behind the last one."""
    clerk = cast.north.clerk
    monkeypatch.setattr(intake, "CHUNK", 2)
    of = taken(clerk, many(8))
    operations.commit_import(of, actor=clerk)
    advance, calls = intake._advance, []

    def killed(*args):
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit
        advance(*args)

    monkeypatch.setattr(intake, "_advance", killed)
    with pytest.raises(SystemExit):
        intake.work_on(of.pk)
    of.refresh_from_db()

    assert (of.status, of.done_rows, Person.objects.unscoped("test").count()) == (ImportStatus.COMMITTING, 2, 2)
    assert intake.unfinished() == []  # somebody worked on it a moment ago
    Import.objects.unscoped("test").update(worked_at=None)
    assert intake.unfinished() == [of.pk]

    intake.work_on(of.pk)
    of.refresh_from_db()
    chunks = Event.objects.unscoped("test").about(of).filter(kind="import.committed").count()

    assert (of.status, of.done_rows, chunks) == (ImportStatus.COMMITTED, 7, 4)
    assert (
        Person.objects.unscoped("test").count()
        == Person.objects.unscoped("test").values("label").distinct().count()
        == 7
    )


def turns(of: Import) -> int:
    """How many the sweep begins until nobody asks for another."""
    begun = 0
    while Import.objects.unscoped("test").filter(pk=of.pk, status__in=AT_WORK).exists():
        assert begun < 10
        intake.work_on(of.pk)
        begun += 1
    of.refresh_from_db()
    return begun


def spoil(of: Import, number: int) -> dict:
    """A row that no code foresaw; returns what it told before."""
    row = ImportRow.objects.unscoped("test").get(of_import=of, number=number)
    told, row.told = row.told, row.told | {"service_number": 7}
    row.save(update_fields=["told"])
    return told


def kinds_about(of: Import) -> list[str]:
    return list(Event.objects.unscoped("test").about(of).order_by("position").values_list("kind", flat=True))


def test_a_commit_that_always_fails_rests_and_goes_on_once_the_cause_is_gone(
    cast, as_user, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    clerk, client = cast.north.clerk, as_user(cast.north.clerk)
    monkeypatch.setattr(intake, "CHUNK", 2)
    of = taken(clerk, many(6))
    told = spoil(of, 4)
    operations.commit_import(of, actor=clerk)

    assert turns(of) == 4  # the first did a chunk, three did nothing
    page = client.get(f"/people/imports/{of.pk}/").content.decode()
    states = list(ImportRow.objects.unscoped("test").filter(of_import=of).values_list("number", "outcome"))

    assert (of.status, of.fault, of.fault_given) == (ImportStatus.COMMITTED, "gave_up", {"at": "committing"})
    assert states == [(2, "created"), (3, "created"), (4, ""), (5, ""), (6, "")]
    assert Person.objects.unscoped("test").count() == 2
    assert "The rows that are taken in stay and can be undone" in page
    assert "Something went wrong with a list from Headquarters of the South" in page
    assert kinds_about(of)[-3:] == ["import.commit_begun", "import.committed", "import.gave_up"]
    assert "try 3 of committing failed: " in caplog.text
    assert "енко" not in caplog.text

    ImportRow.objects.unscoped("test").filter(of_import=of, number=4).update(told=told)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/people/imports/{of.pk}/steps/commit/", {"verdicts": ["new"]})
    of.refresh_from_db()

    assert (of.status, of.fault) == (ImportStatus.COMMITTED, "")
    assert Person.objects.unscoped("test").count() == 5


def test_a_turn_that_ends_with_its_process_counts_as_a_try(cast, monkeypatch):
    of = taken(cast.north.clerk, many(3))
    operations.commit_import(of, actor=cast.north.clerk)

    def killed(*args):
        raise SystemExit

    monkeypatch.setattr(intake, "_advance", killed)
    for _try in range(intake.MOST_TRIES):
        with pytest.raises(SystemExit):
            intake.work_on(of.pk)

    assert turns(of) == 1
    assert (of.status, of.fault) == (ImportStatus.PREVIEW, "gave_up")
    assert not Person.objects.unscoped("test").exists()


def test_who_reads_a_long_file_is_not_thought_dead(cast, monkeypatch):
    """A minute passes with every row."""
    of = operations.begin_import([many(5)], sender="South", actor=cast.north.clerk)
    reading, left = intake.reading, []

    def slow(batches):
        for row in (row for batch in batches for row in batch):
            Import.objects.unscoped("test").update(worked_at=timezone.now() - 2 * intake.SILENT_FOR)
            yield [row]
            left.append(intake.unfinished())

    @contextmanager
    def slowly(*args, **options):
        with reading(*args, **options) as table:
            yield replace(table, batches=slow(table.batches))

    monkeypatch.setattr(intake, "reading", slowly)
    monkeypatch.setattr(intake, "TELLS_EVERY", 0.0, raising=False)
    intake.work_on(of.pk)
    of.refresh_from_db()

    assert left == [[]] * 5
    assert (of.status, of.rows, of.tries) == (ImportStatus.MAPPING, 4, 0)


@pytest.mark.slow
def test_reading_and_checking_that_always_fail_can_be_asked_for_again(
    cast, as_user, django_capture_on_commit_callbacks
):
    clerk, client = cast.north.clerk, as_user(cast.north.clerk)
    sender = operations.sender_as_compared("South")
    known = SenderColumns.objects.create(compartment=cast.north.home, sender=sender, meanings=["no code foresaw"])
    of = operations.begin_import([csv_of(HEADINGS, KOVAL)], sender="South", actor=clerk)

    assert turns(of) == intake.MOST_TRIES
    assert (of.status, of.fault_given) == (ImportStatus.REFUSED, {"at": "reading"})
    page = client.get(f"/people/imports/{of.pk}/").content.decode()
    assert "It is kept and nothing is written." in page
    assert f"/people/imports/{of.pk}/steps/read/" in page

    known.delete()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/people/imports/{of.pk}/steps/read/")
    of.refresh_from_db()
    assert of.status == ImportStatus.MAPPING

    operations.map_columns(of, columns={1: "family", 2: "given"}, actor=clerk)
    ImportRow.objects.create(
        compartment=cast.north.home, of_import=of, number=1, cells=[], told={"family": 7}, verdict="new"
    )
    assert turns(of) == intake.MOST_TRIES
    assert (of.status, of.fault_given) == (ImportStatus.MAPPING, {"at": "checking"})
    assert "Check them again" in client.get(f"/people/imports/{of.pk}/").content.decode()

    operations.map_columns(of, columns={1: "family", 2: "given"}, actor=clerk)
    turns(of)
    assert verdicts(of) == {2: "new"}


@pytest.mark.slow
def test_an_undoing_that_always_fails_keeps_the_rest_to_be_undone(cast, monkeypatch):
    clerk = cast.north.clerk
    before = everything()
    of = commit(taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK)), clerk)
    monkeypatch.setattr(intake, "CHUNK", 1)
    row = ImportRow.objects.unscoped("test").get(of_import=of, number=3)
    ImportRow.objects.unscoped("test").filter(pk=row.pk).update(outcome="updated", undo=None)
    operations.undo_import(of, actor=clerk)

    assert turns(of) == 4
    assert (of.status, of.fault_given) == (ImportStatus.COMMITTED, {"at": "undoing"})
    assert [str(person) for person in Person.objects.unscoped("test")] == ["Мельник Олег"]

    ImportRow.objects.unscoped("test").filter(pk=row.pk).update(outcome="created")
    undo(of, clerk)

    assert (of.status, of.fault) == (ImportStatus.UNDONE, "")
    assert everything() == before


def test_who_may_import_no_longer_stops_the_work_and_is_told(cast):
    of = taken(cast.north.clerk, csv_of(HEADINGS, KOVAL))
    operations.commit_import(of, actor=cast.north.clerk)
    end_membership(cast.north.clerk.memberships.get(), actor=cast.north.head)

    intake.work_on(of.pk)
    of.refresh_from_db()

    assert (of.status, of.fault) == (ImportStatus.PREVIEW, "stopped")
    assert not Person.objects.unscoped("test").exists()


def test_what_others_built_on_is_not_taken_away(cast):
    clerk = cast.north.clerk
    of = commit(taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK)), clerk)
    change_person(Person.objects.get(label="Мельник Олег"), rank="sergeant", actor=cast.north.negotiator)
    before = everything()

    with pytest.raises(operations.SomebodyBuiltOnIt, match="Мельник Олег"):
        operations.undo_import(of, actor=clerk)

    of.refresh_from_db()
    assert of.status == ImportStatus.COMMITTED
    assert everything() == before


def test_a_person_entered_since_the_preview_is_not_doubled(cast):
    clerk = cast.north.clerk
    of = taken(clerk, csv_of(HEADINGS, KOVAL))
    create_person(
        actor=clerk, names=[{"family": "Koval", "given": "Ivan", "patronymic": "Petrovych"}], birth_date="1987-04-23"
    )

    commit(of, clerk)

    row = ImportRow.objects.unscoped("test").get()
    assert (row.outcome, row.verdict) == ("refused", "ambiguous")
    assert Person.objects.unscoped("test").count() == 1

    operations.decide_rows(of, decisions={2: ("create", None)}, actor=clerk)
    assert kinds_about(of)[-1] == "import.rows_decided"
    commit(of, clerk, ())

    row.refresh_from_db()
    assert row.outcome == "created"
    assert Person.objects.unscoped("test").count() == 2
    with pytest.raises(InputRefused, match="Row 2 is taken in already"):
        operations.decide_rows(of, decisions={2: ("leave", None)}, actor=clerk)


def test_a_person_entered_while_the_rows_are_checked_is_not_doubled(cast, monkeypatch):
    """The registry was asked before, and is asked again since somebody wrote there after that."""
    clerk = cast.north.clerk
    settle = Judge.settle

    def slowly(judge, rows):
        found = settle(judge, rows)
        create_person(
            actor=clerk,
            names=[{"family": "Koval", "given": "Ivan", "patronymic": "Petrovych"}],
            birth_date="1987-04-23",
        )
        return found

    monkeypatch.setattr(Judge, "settle", slowly)
    of = taken(clerk, csv_of(HEADINGS, KOVAL))
    monkeypatch.undo()

    assert verdicts(of) == {2: "new"}
    commit(of, clerk)
    assert ImportRow.objects.unscoped("test").get().verdict == "ambiguous"
    assert Person.objects.unscoped("test").count() == 1


def taken_while(clerk, monkeypatch, act, *rows: list[str]) -> Import:
    """Checked row by row; somebody acts as soon as the first is checked."""
    check = intake._check_chunk

    def then_act(of, judge, chunk, *args, **options):
        has_gone_on = check(of, judge, chunk, *args, **options)
        if chunk[0].number == 2:
            act()
        return has_gone_on

    with monkeypatch.context() as patched:
        patched.setattr(intake, "CHUNK", 1)
        patched.setattr(intake, "_check_chunk", then_act)
        return taken(clerk, csv_of(HEADINGS, *rows))


OTHERS = [["", family, "Олег", "", "", "", ""] for family in ("Авдієнко", "Бондар", "Вербицький")]


@pytest.mark.parametrize("between", [[], OTHERS])
def test_a_dossier_taken_apart_while_the_rows_are_checked_is_not_updated_for_the_other(cast, monkeypatch, between):
    """Whatever the registry said before is asked anew, also where a chunk was asked for already."""
    clerk = cast.north.clerk
    koval = create_person(actor=clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}])
    other = create_person(actor=clerk, names=[{"family": "Мельник", "given": "Степан"}], birth_date="1987-04-23")
    merge_persons(other, koval, actor=clerk)

    of = taken_while(
        clerk, monkeypatch, lambda: unmerge(koval, actor=clerk),
        ["", "Коваль", "Іван", "Петрович", "", "", ""], *between, KOVAL,
    )  # fmt: skip

    last = ImportRow.objects.unscoped("test").filter(of_import=of).last()
    assert (last.verdict, [pk for pk, *_why in last.candidates]) == ("ambiguous", [str(koval.pk)])


@pytest.mark.parametrize("between", [[], OTHERS])
def test_whoever_is_erased_while_the_rows_are_checked_is_known_again(cast, monkeypatch, between):
    koval = create_person(
        actor=cast.north.clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}]
    )
    row = ["", "Коваль", "Іван", "Петрович", "", "", ""]

    of = taken_while(
        cast.north.clerk, monkeypatch,
        lambda: erase_person(koval, decided_on=date(2026, 1, 1), reason="asked", actor=cast.north.head),
        row, *between, [*row[:-1], "капітан"],
    )  # fmt: skip

    last = ImportRow.objects.unscoped("test").filter(of_import=of).last()
    assert (last.verdict, last.candidates) == ("erased", [])


def test_what_the_registry_keeps_is_counted_by_the_dossiers_that_hold_a_key(cast, monkeypatch):
    """One key may find 1,500 of them."""
    monkeypatch.setattr(Registry, "MOST_FOUND", 12)
    for _namesake in range(9):
        create_person(actor=cast.north.clerk, names=[{"family": "Коваль", "given": "Іван"}], birth_date="1987")
    registry, lexicon = Registry(cast.north.home), Lexicon()
    namesakes = sought_by({"family": "Коваль", "given": "Іван", "birth_date": "1987"}, lexicon)[0]

    for family in ("Авдієнко", "Бондар", "Вербицький", "Гнатюк"):
        others = sought_by({"family": family, "given": "Олег"}, lexicon)[0]
        assert [len(held) for held in registry.holders([namesakes, others])] == [9, 0]
        assert registry._found.keys() == {*namesakes, *others}


@pytest.mark.parametrize("is_chosen", [False, True])
def test_a_dossier_taken_apart_since_the_preview_is_not_updated_for_the_other(cast, is_chosen):
    """Unless a person chose it."""
    clerk = cast.north.clerk
    koval = create_person(actor=clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}])
    other = create_person(actor=clerk, names=[{"family": "Мельник", "given": "Степан"}], birth_date="1987-04-23")
    merge_persons(other, koval, actor=clerk)
    of = taken(clerk, csv_of(HEADINGS, KOVAL, ["", "Бондар", "Олег", "", "", "", ""]))
    assert verdicts(of) == {2: "update", 3: "new"}
    unmerge(koval, actor=clerk)
    if is_chosen:
        operations.decide_rows(of, decisions={2: ("update", other.pk)}, actor=clerk)

    commit(of, clerk)

    row = ImportRow.objects.unscoped("test").get(of_import=of, number=2)
    families = [name.family for name in other.names.order_by("family")]
    if is_chosen:
        assert (row.outcome, families) == ("updated", ["Коваль", "Мельник"])
    else:
        assert (row.outcome, row.verdict, row.person_id, families) == ("refused", "ambiguous", None, ["Мельник"])
        assert [pk for pk, *_why in row.candidates] == [str(koval.pk)]
        assert Person.objects.unscoped("test").filter(label="Бондар Олег").count() == 1
        operations.decide_rows(of, decisions={2: ("update", koval.pk)}, actor=clerk)
        commit(of, clerk, ())
        koval.refresh_from_db()
        assert (koval.service_number, koval.birth_date) == ("U-1000001", "1987-04-23")


def test_each_row_gets_its_verdict(cast):
    clerk = cast.north.clerk
    names = {"given": "Іван", "patronymic": "Петрович"}
    home, dead = (
        create_person(actor=clerk, names=[{"family": family, **names}], birth_date=born)
        for family, born in (("Вернигора", "1990-01-02"), ("Загинський", "1971-11-30"))
    )
    add_claim(home, kind="home", source="us", happened_on="2025", actor=clerk)
    add_claim(dead, kind="reported_dead_by_holder", source="South", happened_on="2025", actor=clerk)
    gone = create_person(actor=clerk, names=[{"family": "Забутий", **names}], birth_date="1955-06-07")
    erase_person(gone, decided_on=date(2026, 1, 1), reason="asked", actor=cast.north.head)
    create_person(actor=clerk, names=[{"family": "Мельник", "given": "Олег"}])
    rows = [
        KOVAL, ["", "Вернигора", "Іван", "Петрович", "02.01.1990", "", "капітан"],
        ["", "Загинський", *KOVAL[2:4], "30.11.1971", "", ""],
        ["", "Забутий", *KOVAL[2:4], "07.06.1955", "", ""], MELNYK, ["", "Koval", "Ivan", "Petrovych", "1987-04-23", "", ""],
        ["", "Тест", "Iван", "", "2031", "", ""],
    ]  # fmt: skip

    of = taken(clerk, csv_of(HEADINGS, *rows))

    assert list(verdicts(of).values()) == ["new", "home", "dead", "erased", "ambiguous", "repeated", "invalid"]
    last = ImportRow.objects.unscoped("test").get(of_import=of, number=8)
    assert last.faults == [[2, "two_alphabets", "Iван"], [4, "not_yet", "2031"]]
    assert ImportRow.objects.unscoped("test").get(of_import=of, number=7).repeats == 2


def test_files_that_cannot_be_read_leave_a_sentence_and_nothing_else(
    cast, as_user, tmp_path, django_capture_on_commit_callbacks
):
    client = as_user(cast.north.clerk)
    for content, sentence in (
        (b"PK\x03\x04junk", "cut off or damaged"),
        (b"", "empty"),
        (b'a,b\n"x', "middle of a quoted cell"),
    ):
        file = io.BytesIO(content)
        file.name = "list.xlsx"
        with django_capture_on_commit_callbacks(execute=True):
            sent = client.post("/people/imports/new/", {"sender": "South", "file": file})
        page = client.get(sent.url).content.decode() if sent.status_code == 302 else sent.content.decode()

        assert sentence in page, sentence
    assert not ImportRow.objects.unscoped("test").exists()
    assert list((tmp_path / "files").iterdir()) == []


def test_a_file_larger_than_any_may_be_is_answered_at_its_field(cast, as_user, monkeypatch):
    client = as_user(cast.north.clerk)
    monkeypatch.setattr("core.uploads.MOST_RECEIVED", 1000)
    file = io.BytesIO(b"x" * 200_000)
    file.name = "list.csv"

    sent = client.post("/people/imports/new/", {"sender": "South", "file": file})

    assert sent.status_code == 400
    assert sent.context["form"].errors == {
        "file": ["The file is larger than 50 MB. Split it, or save it without pictures."]
    }
    assert sent.context["form"]["sender"].value() == "South"
    assert not Import.objects.unscoped("test").exists()


def test_the_other_sides_clerk_learns_nothing_of_our_registry(cast, as_user, django_assert_num_queries):
    """The same list, whether or not our registry holds the man: the same verdicts, bytes and number of queries."""
    south = cast.south.clerk
    told = []
    for number in range(2):
        if number:
            create_person(
                actor=cast.north.clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}],
                birth_date="1987-04-23", service_number="U-1000001",
            )  # fmt: skip
        of = taken(south, csv_of(HEADINGS, KOVAL), sender=f"List {number}")
        client = as_user(south)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"/people/imports/{of.pk}/")
        body = re.sub(rf"{of.pk}|csrf[^>]+>|List \d|<time[^<]*|received [^<]*", "", page.content.decode())
        rows = list(
            ImportRow.objects.unscoped("test")
            .filter(of_import=of)
            .values("verdict", "told", "candidates", "differences")
        )
        told.append((len(asked), body, rows, of.rows))
        operations.discard_import(of, actor=south)

    assert told[0] == told[1]
    assert as_user(cast.north.head).get(f"/people/imports/{of.pk}/").status_code == 404


def test_settled_rows_and_the_pages_cost_the_same_whatever_there_is(cast, as_user):
    clerk = cast.north.clerk
    client = as_user(clerk)
    asked = []
    for count in (2, 9):
        of = taken(clerk, many(count), sender=f"List {count}")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/people/imports/{of.pk}/")
        asked.append(len(queries))

    assert asked == [12, 12]


ROW = st.tuples(
    st.sampled_from(["Коваль", "Koval", "Мельник", "О'Коннор", "Iван", ""]), st.sampled_from(["Іван", "Ivan", "Олег", ""]),
    st.sampled_from(["", "Петрович"]), st.sampled_from(["", "1987", "23.04.1987", "2031", "01.02.1990"]),
    st.sampled_from(["", "U-1", "U-2000001", "=1+1"]), st.sampled_from(["", "civilian", "woman, child", "nobody"]),
    st.sampled_from(["", "2022", "04.2022"]),
)  # fmt: skip


def test_a_long_list_is_read_and_made_by_processes_as_a_short_one_is_by_threads(cast, monkeypatch):
    clerk = cast.north.clerk
    names = [{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}]
    create_person(actor=clerk, names=names, birth_date="1987-04-23")
    create_person(actor=clerk, names=[{"family": "Іваненко", "given": "Олег"}], birth_date="1990", unit="72")
    rows = [
        KOVAL,
        MELNYK,
        ["", "Іваненко", "Олег", "", "1990", "", ""],
        ["", "Koval", "Ivan", "Petrovych", "1987-04-23", "", ""],
        ["", "Тест", "Iван", "", "2031", "", ""],
    ]
    content, found = csv_of(HEADINGS, *rows), []
    of_name = ("family", "given", "patronymic", "script", "kind", "is_preferred", "source")

    for many in (intake.MANY, 0):
        monkeypatch.setattr(intake, "MANY", many)
        of = taken(clerk, content)
        staged = ImportRow.objects.unscoped("test").filter(of_import=of).order_by("number")
        columns = ("number", "cells", "told", "faults", "key", "verdict", "differences", "candidates", "repeats")
        told = list(staged.values(*columns))
        commit(of, clerk)
        told += Person.objects.unscoped("test").order_by("label").values("label", *IDENTITY)
        told += Name.objects.unscoped("test").order_by("person__label").values("person__label", *of_name)
        for model, of_key in ((SearchKey, ("key", "place")), (MatchKey, ("key",))):
            told += model.objects.unscoped("test").order_by("person__label", "key").values("person__label", *of_key)
        found.append(told)
        undo(of, clerk)

    assert [row["verdict"] for row in found[0][:5]] == ["update", "new", "ambiguous", "repeated", "invalid"]
    assert found[0] == found[1]


def test_what_stands_in_a_faulty_cell_keeps_its_direction_in_any_language(cast, as_user):
    clerk = cast.north.clerk
    of = taken(clerk, csv_of(HEADINGS, ["", "Коваль", "Іван", "", "#REF!", "", ""]))
    client = as_user(clerk)
    client.cookies["django_language"] = "ar"
    User.objects.unscoped("test").filter(pk=clerk.pk).update(language="ar")

    for url in (f"/people/imports/{of.pk}/", f"/people/imports/{of.pk}/rows/2/"):
        with override("en"):  # a request leaves its language behind
            text = client.get(url).text
        assert 'dir="rtl"' in text
        assert "\u2068#REF!\u2069" in text
        assert "<strong><bdi>Дата народження</bdi>:</strong>" in text


def test_rows_that_lie_far_apart_are_taken_in_in_their_order(cast, monkeypatch):
    """They are read by stretches of numbers, which grow where there is little to find."""
    monkeypatch.setattr(intake, "CHUNK", 2)
    clerk = cast.north.clerk
    empty = [""] * len(HEADINGS)
    families = ["Авдієнко", "Бондар", "Вербицький", "Гнатюк", "Дорошенко", "Євтушенко"]
    gaps = [0, 40, 0, 700, 1, 3]
    rows = [
        row
        for gap, family in zip(gaps, families, strict=True)
        for row in [*[empty] * gap, ["", family, "Іван", "", "", "", ""]]
    ]

    of = commit(taken(clerk, csv_of(HEADINGS, *rows)), clerk)

    assert of.status == ImportStatus.COMMITTED
    staged = ImportRow.objects.unscoped("test").filter(of_import=of).order_by("number")
    assert [(row.number, row.cells[1], row.outcome) for row in staged] == [
        (number, family, "created") for number, family in zip([2, 43, 44, 745, 747, 751], families, strict=True)
    ]
    events = Event.objects.unscoped("test").about(of).filter(kind="import.committed").select_related("content")
    assert sum(json.loads(event.content.json)["created"] for event in events) == len(families)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=8), st.lists(ROW, max_size=3), st.booleans())
def test_whatever_a_list_holds_it_can_be_undone_and_taken_twice(cast, rows, there, are_others):
    """Whether or not somebody says of every row that may mean a dossier that it means another person."""
    clerk = cast.north.clerk
    with transaction.atomic():
        for family, given_name, _patronymic, _born, number, *_stated in there:
            if family and family != "Iван":
                create_person(actor=clerk, names=[{"family": family, "given": given_name}], service_number=number)
        headings = [*HEADINGS[:6], "Категорія", "Дата полону"]
        content = csv_of(headings, *(["", *row] for row in rows))
        before = everything()
        of = taken(clerk, content)
        if are_others:
            say_they_are_others(of, clerk)
        if operations.to_be_taken(of, operations.TAKEABLE).exists():
            commit(of, clerk, operations.TAKEABLE)
            once = everything()
            again = commit_or_nothing(taken(clerk, content), clerk)
            assert everything() == once
            if operations.taken_in(again).exists():
                undo(again, clerk)
            undo(of, clerk)
        assert everything() == before
        transaction.set_rollback(True)


# What waits, on home


def waits(user) -> list[tuple[str, str]]:
    return [(row.what, row.note) for row in waiting_for(user)]


def test_home_tells_who_may_import_which_lists_wait(cast, as_user):
    clerk = cast.north.clerk
    create_person(actor=clerk, names=[{"family": "Мельник", "given": "Олег"}])
    mapping = operations.begin_import([csv_of(HEADINGS, KOVAL)], sender="A", actor=clerk)
    intake.work_on(mapping.pk)
    preview = taken(clerk, csv_of(HEADINGS, MELNYK), sender="B")
    stopped = commit(taken(clerk, csv_of(HEADINGS, KOVAL), sender="C"), clerk)
    taken(clerk, b"%PDF-1.7", sender="D")
    commit(taken(clerk, csv_of(HEADINGS, KOVAL[:2]), sender="E"), clerk)
    operations.discard_import(taken(clerk, csv_of(HEADINGS, MELNYK), sender="F"), actor=clerk)
    Import.objects.unscoped("test").filter(pk=stopped.pk).update(fault="gave_up", fault_given={"at": "undoing"})

    assert waits(clerk) == [
        ("List from A: columns to be confirmed", ""),
        ("List from B: checked, nothing taken yet", "1 row is to be settled"),
        ("Something went wrong with a list from C, and the work on it rests.", ""),
        ("List from D: not readable", ""),
    ]
    assert waits(cast.north.negotiator) == waits(clerk)
    assert f'href="/people/imports/{preview.pk}/"' in as_user(clerk).get("/").text

    operations.decide_rows(preview, decisions={2: ("leave", None)}, actor=clerk)
    assert waits(clerk)[1] == ("List from B: checked, nothing taken yet", "")
    assert [waits(one) for one in (cast.north.medic, cast.south.clerk, cast.mediator, cast.ngo)] == [[]] * 4


def test_a_list_taken_in_waits_on_home_until_its_last_row_is_settled(cast):
    clerk = cast.north.clerk
    create_person(actor=clerk, names=[{"family": "Мельник", "given": "Олег"}])
    of = taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK), sender="A")
    create_person(actor=clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}])
    commit(of, clerk)
    states = ImportRow.objects.unscoped("test").order_by("number").values_list("verdict", "outcome")

    assert list(states) == [("ambiguous", "refused"), ("ambiguous", "")]
    assert waits(clerk) == [("List from A: taken in", "2 rows are to be settled")]
    assert waits(cast.south.clerk) == []

    operations.decide_rows(of, decisions={2: ("leave", None)}, actor=clerk)
    assert waits(clerk) == [("List from A: taken in", "1 row is to be settled")]
    operations.decide_rows(of, decisions={3: ("leave", None)}, actor=clerk)
    assert waits(clerk) == []


def test_a_list_taken_in_waits_on_home_until_what_was_decided_on_since_is_taken_in(cast):
    clerk = cast.north.clerk
    person = create_person(actor=clerk, names=[{"family": "Мельник", "given": "Олег"}])
    of = commit(taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK, ["3", *MELNYK[1:4], "1991"]), sender="A"), clerk)
    assert waits(clerk) == [("List from A: taken in", "2 rows are to be settled")]

    operations.decide_rows(of, decisions={3: ("update", person.pk)}, actor=clerk)
    settled_and_decided = "1 row is to be settled; 1 row is decided on and not yet taken in"
    assert waits(clerk) == waits(cast.north.negotiator) == [("List from A: taken in", settled_and_decided)]
    operations.decide_rows(of, decisions={4: ("create", None)}, actor=clerk)
    assert waits(clerk) == [("List from A: taken in", "2 rows are decided on and not yet taken in")]
    assert [waits(one) for one in (cast.north.medic, cast.south.clerk, cast.mediator)] == [[]] * 3

    commit(of, clerk)
    assert waits(clerk) == []
    undo(of, clerk)
    assert waits(clerk) == []


def test_lists_with_rows_decided_on_cost_home_the_same_however_many(cast):
    clerk, asked = cast.north.clerk, []
    create_person(actor=clerk, names=[{"family": "Мельник", "given": "Олег"}])
    for number in range(3):
        rows = csv_of(HEADINGS, ["1", f"Коваль{'абв'[number]}", "Іван", "", "", "", ""], MELNYK)
        of = commit(taken(clerk, rows, sender=f"{number}"), clerk)
        operations.decide_rows(of, decisions={3: ("create", None)}, actor=clerk)
        with CaptureQueriesContext(connection) as queries:
            rows = waits(clerk)
        asked.append(len(queries))

    assert asked == [7] * 3
    assert {note for _what, note in rows} == {"1 row is decided on and not yet taken in"}


def test_of_many_lists_that_wait_home_names_the_first_and_asks_no_more(cast):
    clerk, asked = cast.north.clerk, []
    create_person(actor=clerk, names=[{"family": "Мельник", "given": "Олег"}])
    for number in range(8):
        taken(clerk, csv_of(HEADINGS, KOVAL, MELNYK), sender=f"List {number}")
        with CaptureQueriesContext(connection) as queries:
            rows = waiting_for(clerk)
        asked.append(len(queries))

    assert asked == [6] * 8
    assert [row.what.partition(":")[0] for row in rows] == [
        *[f"List from List {number}" for number in range(5)], "3 more lists that came in",
    ]  # fmt: skip
    assert {row.note for row in rows[:5]} == {"1 row is to be settled"}
    assert rows[5].url == "/people/imports/"


# Categories, and what the sender says of captivity

STATED = ["Прізвище", "Ім'я", "Дата народження", "Категорія", "Дата полону", "Зник безвісти", "Статус"]
BONDAR = [
    "Бондар",
    "Семен",
    "02.05.1988",
    "військовополонений / тяжкопоранений",
    "04.2022",
    "03.2022",
    "підтверджено МКЧХ",
]


def stated(actor) -> tuple[list, list]:
    claims = (
        Claim.objects.visible_to(actor).order_by("kind").values_list("person__label", "kind", "happened_on", "source")
    )
    categories = CategoryAssignment.objects.visible_to(actor).order_by("category")
    return list(claims), list(categories.values_list("person__label", "category", "evidence"))


def test_what_a_list_says_of_captivity_becomes_claims_of_its_sender(cast, as_user):
    clerk, before = cast.north.clerk, everything()
    of = taken(clerk, csv_of(STATED, BONDAR), sender="Red Crescent")
    values = dict(as_user(clerk).get(f"/people/imports/{of.pk}/").context["window"].rows[0].values)
    commit(of, clerk)
    claims, categories = stated(clerk)
    once = everything()
    again = commit_or_nothing(taken(clerk, csv_of(STATED, BONDAR), sender="red crescent"), clerk)

    assert of.columns == dict(
        enumerate_as_text(["family", "given", "birth_date", "category", "captured_on", "missing_since", "status"])
    )
    assert values["captured on"] == "April 2022"
    assert values["category"] == "prisoner of war, seriously wounded or sick"
    assert claims == [
        ("Бондар Семен", "confirmed_by_agency", "", "Red Crescent"), ("Бондар Семен", "missing", "2022-03", "Red Crescent"),
        ("Бондар Семен", "reported_captured", "2022-04", "Red Crescent"),
    ]  # fmt: skip
    assert [one[1:] for one in categories] == [
        ("prisoner_of_war", "Red Crescent"), ("seriously_wounded", "Red Crescent"),
    ]  # fmt: skip
    assert verdicts(again) == {2: "same"}
    assert everything() == once

    undo(of, clerk)
    assert everything() == before


def enumerate_as_text(columns):
    return ((str(place), column) for place, column in enumerate(columns))


def test_a_list_adds_to_a_dossier_what_its_sender_has_not_said_before(cast, as_user):
    clerk = cast.north.clerk
    person = create_person(
        actor=clerk, names=[{"family": "Бондар", "given": "Семен"}], birth_date="1988-05-02",
        categories=[{"category": "prisoner_of_war", "evidence": "uniform"}],
        claims=[
            {"kind": "reported_captured", "happened_on": "2022-04-07", "source": "Red Crescent"},
            {"kind": "missing", "happened_on": "2022-03", "source": "the family"},
        ],
    )  # fmt: skip
    before, said = everything(), stated(clerk)
    of = taken(clerk, csv_of(STATED, BONDAR), sender="Red Crescent")
    row = as_user(clerk).get(f"/people/imports/{of.pk}/").context["window"].rows[0]

    assert {(one.label, one.after) for one in row.differences} == {
        ("missing since", "March 2022, according to Red Crescent"),
        ("what is known of them", "confirmed by the Agency, according to Red Crescent"),
        ("category", "seriously wounded or sick, according to Red Crescent"),
    }
    commit(of, clerk)
    claims, categories = stated(clerk)
    assert {one[1:] for one in claims} - {one[1:] for one in said[0]} == {
        ("missing", "2022-03", "Red Crescent"), ("confirmed_by_agency", "", "Red Crescent"),
    }  # fmt: skip
    assert len(claims) == 4
    assert [one[1:] for one in categories] == [("prisoner_of_war", "uniform"), ("seriously_wounded", "Red Crescent")]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Claim.objects.unscoped("test").filter(of_import=of)._raw_delete("default")

    undo(of, clerk)
    assert everything() == before
    assert Person.objects.get().version == person.version


def test_a_list_that_says_civilian_moves_what_is_owed_for_whom_we_hold_until_it_is_undone(cast):
    clerk = cast.north.clerk
    held = {"kind": "reported_captured", "happened_on": "2022-04-07", "source": "us", "held_by": "us"}
    create_person(actor=clerk, names=[{"family": "Бондар", "given": "Семен"}], birth_date="1988-05-02", claims=[held])
    owed = Deadline.objects.unscoped("test").values_list("kind", "due_on", "since")
    before = list(owed.all())
    of = commit(taken(clerk, csv_of([*STATED[:3], "Категорія"], [*BONDAR[:3], "цивільна"])), clerk)

    assert before == [("agency", date(2022, 4, 14), "2022-04-07")]
    assert list(owed.all()) == [("agency", date(2022, 4, 21), "2022-04-07")]
    tell_of_passed_deadlines()  # nobody built on it
    undo(of, clerk)
    assert list(owed.all()) == before


def test_what_a_later_list_built_on_is_undone_first(cast):
    clerk = cast.north.clerk
    first = commit(taken(clerk, csv_of(STATED[:3], BONDAR[:3]), sender="A"), clerk)
    between = everything()
    second = commit(taken(clerk, csv_of(STATED, BONDAR), sender="B"), clerk)
    both = everything()

    with pytest.raises(operations.SomebodyBuiltOnIt, match="Бондар Семен"):
        operations.undo_import(first, actor=clerk)
    assert everything() == both

    undo(second, clerk)
    assert everything() == between
    undo(first, clerk)
    assert not Person.objects.unscoped("test").exists()


# Cells set right in the page


def test_a_clerk_corrects_a_cell_and_the_row_gets_its_verdict(cast, as_user):
    clerk, client = cast.north.clerk, as_user(cast.north.clerk)
    of = taken(clerk, csv_of(HEADINGS, KOVAL, ["2", "Мельник", "Oлег", "", "31.02.1990", "", ""]))
    page = f"/people/imports/{of.pk}/rows/3/"
    shown = client.get(page)
    half_right = {"correct": "1"} | {field.html_name: field.value() for field in shown.context["correction"]}

    refused = client.post(page, half_right | {"cell_2": "Олег"})

    assert verdicts(of) == {2: "new", 3: "invalid"}
    assert refused.status_code == 400
    assert refused.context["correction"].errors == {"cell_4": ["There is no such date: 31.02.1990."]}
    assert refused.context["correction"]["cell_2"].value() == "Олег"
    assert not RowCorrection.objects.unscoped("test").exists()

    done = client.post(page, half_right | {"cell_2": "Олег", "cell_4": "28.02.1990"})
    row = ImportRow.objects.unscoped("test").get(of_import=of, number=3)

    assert (done.status_code, done.url) == (302, page)
    assert (row.verdict, row.faults, row.told["birth_date"], row.told["given"]) == ("new", [], "1990-02-28", "Олег")
    assert row.cells == ["2", "Мельник", "Oлег", "", "31.02.1990"]
    made = RowCorrection.objects.visible_to(clerk).order_by("place")
    assert [(one.place, one.value, one.corrected_by) for one in made] == [
        (2, "Олег", clerk), (4, "28.02.1990", clerk),
    ]  # fmt: skip
    body = client.get(page).content.decode()
    assert "<del><bdi>31.02.1990</bdi></del> <ins><bdi>28.02.1990</bdi></ins>" in body
    assert kinds_about(of)[-1] == "import.row_corrected"

    operations.map_columns(of, columns={int(place): one for place, one in of.columns.items()}, actor=clerk)
    intake.work_on(of.pk)
    assert verdicts(of) == {2: "new", 3: "new"}
    commit(of, clerk)
    assert Person.objects.visible_to(clerk).get(label="Мельник Олег").birth_date == "1990-02-28"
    assert client.get(page).context["correction"] is None


def test_a_corrected_row_is_judged_by_its_file_and_by_the_registry(cast):
    clerk = cast.north.clerk
    person = create_person(actor=clerk, names=[{"family": "Мельник", "given": "Олег"}])
    rows = [KOVAL, ["2", "Ковальx", *KOVAL[2:]], ["3", "Мельник", "Oлег", "", "", "", ""]]
    of = taken(clerk, csv_of(HEADINGS, *rows))
    assert verdicts(of) == {2: "new", 3: "invalid", 4: "invalid"}

    again = correct_row(of, number=3, cells={1: "Коваль"}, actor=clerk)
    meant = correct_row(of, number=4, cells={2: "Олег"}, actor=clerk)

    assert (again.verdict, again.repeats) == ("repeated", 2)
    assert (meant.verdict, [one[0] for one in meant.candidates]) == ("ambiguous", [str(person.pk)])


def test_the_same_number_in_letters_of_the_other_alphabet_is_nothing_new(cast):
    clerk = cast.north.clerk
    create_person(
        actor=clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}], birth_date="1987-04-23",
        rank="солдат", service_number="АВ-1000001",
    )  # fmt: skip
    told = [[*KOVAL[:5], number, "солдат"] for number in ("AB-1000001", "AB-2000002")]

    first, second = (taken(clerk, csv_of(HEADINGS, row)) for row in told)

    assert (verdicts(first), verdicts(second)) == ({2: "same"}, {2: "ambiguous"})


@pytest.mark.parametrize("number", ["НС 123456", "НС-77", "HC77"])
def test_a_number_is_the_same_however_its_letters_are_typed_and_stand(cast, number):
    clerk = cast.north.clerk
    create_person(
        actor=clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}], service_number=number
    )
    digits = number.strip("HCНС -")
    told = [f"{letters}{apart}{digits}" for letters in ("HC", "НС", "HС", "hc") for apart in ("", " ", "-")]

    for one in told:
        rows = [["1", "Коваль", "Іван", "Петрович", "", one, ""], ["2", "Мельник", "Олег", "", "", f"{one}88", ""],
                *(["3", "Мельник", "Олег", "", "", f"{other}88", ""] for other in told if other != one)]  # fmt: skip
        assert list(verdicts(taken(clerk, csv_of(HEADINGS, *rows))).values()) == ["same", "new", *["repeated"] * 11], (
            one
        )


def test_the_file_with_the_reasons_says_what_is_right_by_now(cast, as_user):
    clerk = cast.north.clerk
    of = taken(clerk, csv_of(HEADINGS, KOVAL, ["2", "Мельник", "Oлег"], ["3", "Бондар", "Oлег"]))
    correct_row(of, number=3, cells={2: "Олег", 4: "1990"}, actor=clerk)

    sent = as_user(clerk).get(f"/people/imports/{of.pk}/faults/")
    rows = b"".join(sent.streaming_content).decode("utf-8-sig").splitlines()

    assert rows[1:3] == [";".join([*KOVAL, ""]), "2;Мельник;Олег;;1990;;;"]
    assert rows[3].startswith("3;Бондар;Oлег;;;;;Ім'я: “Oлег” holds letters")


def test_a_formula_without_a_result_and_an_error_are_said_at_their_cells(cast, as_user):
    clerk, client, book, file = cast.north.clerk, as_user(cast.north.clerk), Workbook(), io.BytesIO()
    for row in (
        ["№", "Прізвище", "Ім'я", "Звання"], ["=ROW()", "=UPPER(F2)", "Іван", "солдат"], ["=ROW()", "Мельник", "Олег", "#N/A"],
        ["=ROW()", "Бондар", "Семен", ""],
    ):  # fmt: skip
        book.active.append(row)
    book.save(file)
    of = taken(clerk, file.getvalue())
    said = [
        ("Прізвище", "This cell holds a formula whose result was not saved: open the file in a spreadsheet program, save it "
         "again, or type the value.", "=?"),
        ("Звання", "“#N/A” is an error that a formula gave: type the value, or leave the cell empty.", "#N/A"),
    ]  # fmt: skip

    assert verdicts(of) == {2: "invalid", 3: "invalid", 4: "new"}
    pages = [client.get(f"/people/imports/{of.pk}/{part}").content.decode() for part in ("", "rows/2/", "rows/3/")]
    on_pages = [(heading, told.replace("#N/A", "\u2068#N/A\u2069"), cell) for heading, told, cell in said]
    for heading, sentence, cell in on_pages:
        assert all(text in pages[0] for text in (heading, sentence, cell))
    assert [sentence in page for (_heading, sentence, _cell), page in zip(on_pages, pages[1:], strict=True)] == [
        True,
        True,
    ]

    back = b"".join(client.get(f"/people/imports/{of.pk}/faults/").streaming_content)
    again = taken(clerk, back, sender="South once more")
    rows = ImportRow.objects.unscoped("test").filter(of_import=again).order_by("number")

    assert [row.cells[-1] for row in rows[:2]] == [f"{heading}: {sentence}" for heading, sentence, _cell in said]
    assert [row.faults for row in rows] == [[[1, "unsaved_formula", ""]], [[3, "error_value", "#N/A"]], []]

    correct_row(of, number=2, cells={1: "Коваль"}, actor=clerk)
    correct_row(of, number=3, cells={3: ""}, actor=clerk)
    assert verdicts(of) == {2: "new", 3: "new", 4: "new"}


def test_only_what_cannot_be_taken_is_corrected_and_only_by_who_imports(cast, as_user):
    clerk = cast.north.clerk
    of = taken(clerk, csv_of(HEADINGS, KOVAL, ["2", "Мельник", "Oлег", "", "", "", ""]))
    before = list(ImportRow.objects.unscoped("test").order_by("number").values())

    with pytest.raises(TransitionRefused):
        correct_row(of, number=2, cells={1: "Шевченко"}, actor=clerk)
    with pytest.raises(InputRefused) as refused:
        correct_row(of, number=3, cells={2: "Олег", 40: "x"}, actor=clerk)
    with pytest.raises(Import.DoesNotExist):
        correct_row(of, number=3, cells={2: "Олег"}, actor=cast.south.clerk)
    posted = as_user(cast.south.clerk).post(f"/people/imports/{of.pk}/rows/3/", {"correct": "1", "cell_2": "Олег"})

    assert list(refused.value.errors) == ["cell_40"]
    assert posted.status_code == 404
    assert list(ImportRow.objects.unscoped("test").order_by("number").values()) == before
    assert not RowCorrection.objects.unscoped("test").exists()

    correct_row(of, number=3, cells={2: "Олег"}, actor=clerk)
    operations.discard_import(of, actor=clerk)
    assert not RowCorrection.objects.unscoped("test").exists()
