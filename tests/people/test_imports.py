"""A list from its file to the dossiers, and back."""

import io

from audit.models import Event
from people.models import Claim, Import, ImportRow, ImportStatus, Name, Person, SearchKey
from people.operations import create_person, intake
from people.operations import imports as operations

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
    models = (Person, Name, Claim)
    rows = {model.__name__: list(model.objects.unscoped("test").order_by("pk").values()) for model in models}
    keys = SearchKey.objects.unscoped("test").order_by("person", "key").values_list("person", "key", "place")
    return rows | {"SearchKey": list(keys)}


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


def commit_or_nothing(of: Import, actor) -> Import:
    chosen = list(operations.TAKEABLE)
    return commit(of, actor, chosen) if operations.to_be_taken(of, chosen).exists() else of


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
