"""A person erased on a decision: nothing is left to be read, the log still verifies, and they do not come back unnoticed."""

import json
import subprocess
import sys
from datetime import date

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from access.acting import NotAllowed
from accounts.models import IdempotencyKey
from audit.models import Erasure, Event, EventData
from core.errors import DomainError, InputRefused
from exchanges.models import Brief, Clearance, Entry, EntryLink, ManifestLine, TrancheStatus
from exchanges.operations import list as lists
from exchanges.operations import tranche as tranches
from people.erasure import keys_lost, was_erased
from people.matching import Record
from people.models import Claim, ErasedKey, HealthNote, Import, ImportRow, Name, Person, PersonErasure, SavedSearch
from people.operations import add_claim, add_name, create_person, intake, open_places
from people.operations import imports as operations
from people.operations.attachments import attach
from people.operations.corrections import correct_row
from people.operations.erasing import erase_person
from people.operations.merging import judge_not_same, merge_persons
from people.operations.parts import add_identifier, add_to_part, note_agency_notice, open_part
from people.operations.searches import save_search
from people.operations.watching import assign_case
from tests import factories
from tests.people.test_imports import HEADINGS, KOVAL, MELNYK, commit, csv_of, taken, verdicts

SECRET = "Quillfeather"
PDF = b"%PDF-1.7 Quillfeather"
DECISION = {"decided_on": date(2025, 5, 1), "reason": "decision 7"}


@pytest.fixture
def person(cast) -> Person:
    """Somebody with one of everything."""
    north = cast.north
    person = create_person(
        actor=north.clerk, names=[{"family": SECRET, "given": "Anna"}, {"family": "Квіллфезер", "given": "Анна"}],
        birth_date="1990-04-23", service_number="AB-77", rank=SECRET,
        categories=[{"category": "woman", "evidence": SECRET}],
        claims=[{"kind": "moved", "source": SECRET, "place": SECRET, "happened_on": "2024"}],
    )  # fmt: skip
    add_identifier(person, actor=north.clerk, kind="passport", value="XY 123", source=SECRET)
    add_to_part(person, HealthNote, actor=north.clerk, state="good", source=SECRET)
    note_agency_notice(person, actor=north.clerk, about="captivity", sent_on=date(2024, 1, 1))
    attach(person, actor=north.clerk, content=PDF, title=SECRET)
    add_claim(person, actor=north.clerk, second=north.head, kind="death_established", basis="court", source=SECRET)
    assign_case(person, north.negotiator, actor=north.head)
    open_places(person, actor=north.handover)
    open_part(person, HealthNote, actor=north.medic)
    return person


def everything_stored() -> str:
    """Every value of every table."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


def verified(compartment, tmp_path) -> str:
    file = tmp_path / "log.jsonl"
    call_command("export_log", str(compartment.pk), str(file))
    checked = subprocess.run(
        [sys.executable, "verify_log.py", str(file)], cwd=django_settings.BASE_DIR, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return file.read_text()


def test_nothing_is_left_and_the_log_is_whole(
    cast, as_user, person, settings, tmp_path, django_capture_on_commit_callbacks
):
    other = create_person(actor=cast.north.clerk, names=[{"family": "Stays"}])
    judge_not_same(person, other, actor=cast.north.clerk, reason=SECRET)
    as_user(cast.north.negotiator).get(reverse("people:detail", args=[person.pk]))
    IdempotencyKey.objects.create(
        caller="x", key="k", request_hash="", standing="", status=201, body=json.dumps({"id": str(person.pk), "label": SECRET}),
        created_at="2025-05-01T00:00:00Z",
    )  # fmt: skip
    events = list(
        Event.objects.unscoped("test").about(person).exclude(kind="judgement.made")
    )  # about either of the two
    assert SECRET in everything_stored()

    with django_capture_on_commit_callbacks(execute=True):
        answer = as_user(cast.north.head).post(
            reverse("people:erasure", args=[person.pk]),
            {"decided_on": "2025-05-01", "reason": "decision 7", "is_sure": "1"},
        )

    assert answer.status_code == 302
    stored = everything_stored()
    assert SECRET not in stored
    assert "Квіллфезер" not in stored
    assert "XY 123" not in stored
    assert list(settings.FILES_DIR.iterdir()) == []
    assert Person.objects.unscoped("test").get() == other
    assert not EventData.objects.unscoped("test").filter(event__in=events).exists()
    assert Erasure.objects.filter(event__in=events).count() == len(events) == 9
    recorded = Event.objects.unscoped("test").get(kind="erasure.recorded", compartment=cast.north.home)
    assert set(json.loads(recorded.content.json)["erased"]) >= {event.position for event in events}
    assert SECRET not in verified(cast.north.home, tmp_path)
    assert as_user(cast.north.head).get(reverse("people:detail", args=[person.pk])).status_code == 404


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (Record(family="quillfeather", given="ANNA", birth_date="1990-04-23"), ["name_and_date"]),
        (Record(family="Quillfeather", given="Anna", birth_date="1990"), ["name_and_date"]),
        (Record(family="Quillfeather", given="Anna", birth_date="1990-04"), ["name_and_date"]),
        (Record(family="Quillfeather", given="Anna", birth_date="1990-05"), []),
        (Record(family="Anna", given="Quillfeather"), ["name"]),
        (Record(family="Абель", other_names=(("Квиллфезер", "Анна", ""),)), ["name"]),
        (Record(family="Somebody", given="Else", service_number="ab 77"), ["number"]),
        (Record(family="Somebody", given="Else", service_number="xy-123"), ["number"]),
        (Record(family="Quillfeather"), []),
        (Record(family="Quillfeather", given="Bertha", birth_date="1990-04-23"), []),
    ],
)
def test_who_was_erased_is_known_again(cast, person, record, found):
    assert was_erased(record, cast.north.home) == []
    erase_person(person, actor=cast.north.head, **DECISION)

    assert was_erased(record, cast.north.home) == found
    assert was_erased(record, cast.south.home) == []


@pytest.mark.parametrize(
    ("erased", "told", "is_known"),
    [
        ("1987-04-23", "1987", True), ("1987-04-23", "1987-04", True), ("1987-04-23", "", True), ("1987", "1987-04-23", True),
        ("1987-04", "1987-04-23", True), ("", "1987-04-23", True), ("", "1987", True), ("1987", "", True),
        ("1987-04-23", "1988", False), ("1987-04-23", "1987-05", False), ("1987-04-23", "1987-04-24", False),
        ("1987-04", "1987-05-01", False), ("1987", "1988-04-23", False),
    ],
)  # fmt: skip
def test_dates_that_may_be_the_same_day_bring_nobody_back_unasked(cast, erased, told, is_known):
    names = [{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}]
    person = create_person(actor=cast.north.clerk, names=names, birth_date=erased)
    erase_person(person, actor=cast.north.head, **DECISION)

    taken(cast.north.clerk, csv_of(["surname", "first name", "born"], ["Koval", "Ivan", told]))

    assert ImportRow.objects.unscoped("test").get().verdict == ("erased" if is_known else "new")


def test_a_name_in_another_script_is_asked_after_too(cast):
    names = [{"family": "Коваль", "given": "Іван"}]
    person = create_person(actor=cast.north.clerk, names=names, birth_date="1987-04-23")
    erase_person(person, actor=cast.north.head, **DECISION)

    taken(cast.north.clerk, csv_of(["name", "name in Latin", "born"], ["Каваль Ян", "Koval Ivan", "1987-04-23"]))

    assert ImportRow.objects.unscoped("test").get().verdict == "erased"


def test_a_changed_key_is_asked_as_long_as_it_is_kept(cast, person, settings):
    record, home = Record(family=SECRET, given="Anna"), cast.north.home
    erase_person(person, actor=cast.north.head, **DECISION)
    assert not keys_lost()

    old, settings.SECRET_KEY = settings.SECRET_KEY, "x" * 60
    assert (was_erased(record, home), keys_lost()) == ([], True)
    settings.FIELD_KEYS = ["y" * 60, old]
    assert (was_erased(record, home), keys_lost()) == (["name"], False)
    assert {len(key.hash) for key in ErasedKey.objects.unscoped("test")} == {64}


def test_merged_dossiers_go_together(cast, person, tmp_path):
    other = create_person(actor=cast.north.clerk, names=[{"family": f"{SECRET}s"}])
    merge_persons(person, other, actor=cast.north.clerk)

    erase_person(other, actor=cast.north.head, **DECISION)

    assert SECRET not in everything_stored()
    assert PersonErasure.objects.visible_to(cast.north.head).count() == 2
    verified(cast.north.home, tmp_path)


def test_who_travels_is_not_erased_and_what_was_disclosed_stays(scene, cast, tmp_path):
    north = cast.north
    person = create_person(actor=north.clerk, names=[{"family": "Zahara"}])
    planned = factories.tranche_at(scene, TrancheStatus.PLANNED)
    entry = Entry.objects.unscoped("test").filter(tranche=planned, direction__receiver=scene.north).first()
    lists.link_entries(planned.exchange, links={entry.pk: person.pk}, actor=north.negotiator)
    lists.write_brief(entry, actor=north.negotiator, note=SECRET)
    lists.check_clearance(entry, kind="fitness", is_passed=True, note=SECRET, actor=north.medic)
    for side in (north, cast.south):
        for head in (side.head, side.deputy):
            tranches.lock(planned, actor=head)
    lines = list(ManifestLine.objects.unscoped("test").values_list("line_digest", flat=True))
    with pytest.raises(DomainError, match=planned.reference):
        erase_person(person, actor=north.head, **DECISION)
    tranches.take_step(planned, "unlock", actor=north.head, reason="the list changes")

    erase_person(person, actor=north.head, **DECISION)

    assert SECRET not in everything_stored()
    for model in (EntryLink, Brief, Clearance):
        assert not model.objects.unscoped("test").filter(compartment=north.home, entry=entry).exists()
    assert Entry.objects.visible_to(north.clerk).get(pk=entry.pk).family == entry.family
    assert list(ManifestLine.objects.unscoped("test").values_list("line_digest", flat=True)) == lines
    verified(north.home, tmp_path)
    verified(planned.compartment, tmp_path)


def test_only_a_head_erases_and_only_what_was_decided(cast, as_user, person):
    for actor in (cast.north.negotiator, cast.north.clerk):
        with pytest.raises(NotAllowed):
            erase_person(person, actor=actor, **DECISION)
    with pytest.raises(Person.DoesNotExist):
        erase_person(person, actor=cast.south.head, **DECISION)
    with pytest.raises(InputRefused) as refused:
        erase_person(person, actor=cast.north.head, decided_on=date(2199, 1, 1), reason="x")
    assert list(refused.value.errors) == ["decided_on"]
    with pytest.raises(InputRefused):
        erase_person(person, actor=cast.north.head, decided_on=date(2025, 5, 1), reason=" ")
    unsure = as_user(cast.north.head).post(
        reverse("people:erasure", args=[person.pk]), {"decided_on": "2025-05-01", "reason": "decision 7"}
    )

    assert (unsure.status_code, list(unsure.context["form"].errors)) == (400, ["is_sure"])
    assert Person.objects.visible_to(cast.north.clerk).get() == person


def test_without_a_decision_no_claim_can_be_deleted(cast, person):
    add_name(person, actor=cast.north.clerk, family="x")
    for rows in (Claim.objects.unscoped("test"), HealthNote.objects.unscoped("test")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.all()._raw_delete("default")

    Name.objects.unscoped("test").filter(person=person).first().delete()  # names are no statements


def test_what_an_import_brought_goes_too_and_it_does_not_come_back_unnoticed(
    cast, settings, tmp_path, django_capture_on_commit_callbacks
):
    clerk, sent = cast.north.clerk, csv_of(HEADINGS, KOVAL, MELNYK)
    of = commit(taken(clerk, sent), clerk)
    koval = Person.objects.visible_to(clerk).get(label__startswith="Коваль")
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(koval, actor=cast.north.head, **DECISION)

    stored = everything_stored()
    assert "Коваль" not in stored
    assert "U-1000001" not in stored
    assert "Мельник" in stored
    assert list(settings.FILES_DIR.iterdir()) == []
    verified(cast.north.home, tmp_path)
    assert verdicts(taken(clerk, sent)) == {2: "erased", 3: "same"}
    assert of.top_rows  # as it was read before


def test_rows_of_lists_that_name_the_person_go_however_they_were_judged(
    cast, settings, tmp_path, django_capture_on_commit_callbacks
):
    clerk = cast.north.clerk
    koval = create_person(
        actor=clerk, names=[{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}], birth_date="1987-04-23",
        service_number="U-1000001",
    )  # fmt: skip
    other = create_person(actor=clerk, names=[{"family": "Шевченко", "given": "Олег"}], birth_date="1990-01-02")
    rows = [
        KOVAL, ["", "Koval", "Ivan", "Petrovych", "1987", "", "рядовий"], [*KOVAL[:2], "Івaн", *KOVAL[3:]],
        ["", "Коваль", "Іван", "Петрович", "23.04.1987", "", "капрал"], ["", "Тест", "Інший", "", "", "u 1000001", "майор"],
        MELNYK, ["", "Шевченко", "Олег", "", "02.01.1990", "", "сержант"],
    ]  # fmt: skip
    of = taken(clerk, csv_of(HEADINGS, *rows))
    correct_row(of, number=4, cells={2: "Іван"}, actor=clerk)
    left = taken(clerk, csv_of(HEADINGS, [*KOVAL[:2], "Івaн", "", "", "U-7", "лейтенант"]), sender="Another")
    assert verdicts(of) == {
        2: "update",
        3: "ambiguous",
        4: "repeated",
        5: "repeated",
        6: "ambiguous",
        7: "new",
        8: "update",
    }

    with django_capture_on_commit_callbacks(execute=True):
        erase_person(koval, actor=cast.north.head, **DECISION)

    assert verdicts(of) == {7: "new", 8: "update"}
    assert verdicts(left) == {}
    stored = everything_stored()
    for word in ("Коваль", "Koval", "Івaн", "1000001", "капрал", "майор", "лейтенант"):
        assert word not in stored
    assert "Шевченко" in stored
    assert list(settings.FILES_DIR.iterdir()) == []
    assert Person.objects.visible_to(clerk).get() == other
    verified(cast.north.home, tmp_path)


def test_rows_that_were_settled_on_somebody_else_stay_theirs(cast):
    clerk = cast.north.clerk
    first = create_person(actor=clerk, names=[{"family": "Коваль", "given": "Іван"}])
    of = taken(clerk, csv_of(HEADINGS, KOVAL))
    operations.decide_rows(of, decisions={2: ("create", None)}, actor=clerk)
    commit(of, clerk)
    erase_person(first, actor=cast.north.head, **DECISION)

    assert verdicts(of) == {2: "ambiguous"}
    operations.undo_import(of, actor=clerk)
    while intake.work_on(of.pk):
        pass
    assert not Person.objects.unscoped("test").exists()


def test_searches_for_the_person_go_whoever_keeps_them_on_that_side(cast, person):
    for actor, label, sought in (
        (cast.north.clerk, "mine", f"{SECRET} anna"), (cast.north.negotiator, "Квіллфезер Анна", ""),
        (cast.north.clerk, "by number", "ab-77"), (cast.north.clerk, "others", "Anna"), (cast.south.clerk, "theirs", SECRET),
    ):  # fmt: skip
        save_search(actor=actor, label=label, asked={"q": sought})

    erase_person(person, actor=cast.north.head, **DECISION)

    assert sorted(SavedSearch.objects.unscoped("test").values_list("label", flat=True)) == ["others", "theirs"]


def test_a_sentence_that_named_the_person_goes(cast, person):
    of = taken(cast.north.clerk, csv_of(HEADINGS, KOVAL))
    why = {"why": f"Others have worked on dossiers: {person.label}."}
    Import.objects.unscoped("test").filter(pk=of.pk).update(fault="stopped", fault_given=why)

    erase_person(person, actor=cast.north.head, **DECISION)

    assert SECRET not in everything_stored()
