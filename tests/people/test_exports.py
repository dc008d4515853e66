"""Dossiers that leave: who may, what leaves, what is recorded, and that nothing in a cell is ever a formula."""

import io
import json
from xml.etree import ElementTree

import openpyxl
import pytest
from django.utils import translation
from msoffcrypto import OfficeFile

from audit.models import Event
from people.exports.formats import written
from people.operations import create_person
from people.operations.exports import export_persons

PFIF = "{http://zesty.ca/pfif/1.4}"


@pytest.fixture
def abel(cast):
    return create_person(
        actor=cast.north.clerk, birth_date="1987-04", service_number="=1+1", unit="@home", sex="m",
        names=[{"family": "Коваль", "given": "Іван"}, {"family": "Koval", "given": "Ivan", "kind": "transliteration"}],
        claims=[{"kind": "reported_captured", "source": "family", "happened_on": "2024-05", "place": "Secret camp"},
                {"kind": "reported_dead_by_holder", "source": "South", "happened_on": "2024-06"}],
    )  # fmt: skip


def exported(viewer, kind, **given) -> bytes:
    ids = export_persons(actor=viewer, kind=kind, purpose="For the families", sought=given.pop("sought", ""))
    return b"".join(written(kind, ids, viewer, **given)[2])


def test_every_format_says_the_same_and_no_cell_is_a_formula(cast, abel):
    head = cast.north.head

    as_csv = exported(head, "csv").decode()
    row = as_csv.splitlines()[1].split(",")
    assert as_csv.startswith("\ufeff")
    assert row[:5] == [str(abel.pk), "Коваль", "Іван", "", "Koval Ivan"]
    assert {"'=1+1", "'@home", "1987-04", "male", "reported dead by holder"} <= set(row)

    with translation.override("ar"):
        sheet = openpyxl.load_workbook(io.BytesIO(exported(head, "xlsx"))).active
    cells = [cell for cells in sheet.iter_rows() for cell in cells if cell.value]
    assert sheet.sheet_view.rightToLeft
    assert {cell.data_type for cell in cells} == {"s"}
    assert "'=1+1" in [cell.value for cell in cells]

    (told,) = json.loads(exported(head, "json"))
    assert (told["id"], told["fate"], told["identity"]["service_number"]) == (
        str(abel.pk), "reported_dead_by_holder", "=1+1",
    )  # fmt: skip

    person = ElementTree.fromstring(exported(head, "pfif")).find(f"{PFIF}person")
    assert person.findtext(f"{PFIF}full_name") == "Коваль Іван"
    assert person.findtext(f"{PFIF}alternate_names") == "Koval Ivan"
    assert person.findtext(f"{PFIF}date_of_birth") == "1987-04"
    # A holder's word is no death, and PFIF has no word for captured.
    assert [note.findtext(f"{PFIF}status") for note in person.findall(f"{PFIF}note")] == [None, None]
    assert "Secret camp" not in as_csv + json.dumps(told) + ElementTree.tostring(person, encoding="unicode")


def test_a_password_locks_the_workbook(cast, abel):
    locked = OfficeFile(io.BytesIO(exported(cast.north.head, "xlsx", password="correct horse battery")))
    opened = io.BytesIO()

    locked.load_key(password="correct horse battery")
    locked.decrypt(opened)

    assert openpyxl.load_workbook(opened).active["B2"].value == "Коваль"


def test_who_exports_is_recorded_with_the_purpose_and_without_names(cast, abel):
    exported(cast.north.negotiator, "csv")

    event = Event.objects.unscoped("test").get(kind="export.made")
    content = json.loads(event.content.json)
    assert event.compartment == cast.north.home
    assert (content["purpose"], content["format"], content["count"]) == ("For the families", "csv", 1)
    assert "Коваль" not in event.content.json


def test_a_clerk_exports_nothing_and_nobody_exports_what_they_do_not_see(cast, abel, as_user):
    for who in (cast.north.clerk, cast.south.head, cast.ngo, cast.mediator):
        with pytest.raises(Exception, match="nobody here whom you may export"):
            export_persons(actor=who, kind="csv", purpose="x")
    client = as_user(cast.north.clerk)
    page = client.post("/people/export/", {"format": "csv", "purpose": "x", "q": ""})

    assert "This is for negotiator" in page.content.decode()
    assert not Event.objects.unscoped("test").filter(kind="export.made").exists()


def test_the_page_asks_what_for_and_keeps_what_was_typed(cast, abel, as_user):
    client = as_user(cast.north.head)

    refused = client.post("/people/export/", {"format": "csv", "purpose": " ", "q": "Koval", "password": "short"})
    sent = client.post("/people/export/", {"format": "csv", "purpose": "For the families", "q": "Koval"})
    nobody = client.post("/people/export/", {"format": "csv", "purpose": "For the families", "q": "Zzyzx"})

    assert refused.status_code == 400
    assert set(refused.context["form"].errors) == {"purpose", "password"}
    assert 'value="Koval"' in refused.content.decode()
    assert sent.headers["Content-Disposition"] == 'attachment; filename="persons.csv"'
    assert "Коваль" in b"".join(sent.streaming_content).decode()
    assert "nobody here" in nobody.content.decode()
