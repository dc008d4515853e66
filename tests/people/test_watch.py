"""Look-ups that stand out alarm the heads of the owning side, and the reader sees nothing of it."""

import pytest
from django.core.cache import cache
from django.core.checks import run_checks
from django.urls import reverse

from access.acting import NotAllowed
from accounts.operations import give_grant
from alerts.models import Delivery
from alerts.operations import route
from audit.models import Event, EventData
from audit.presentation import event_views
from core.errors import DomainError, InputRefused
from exchanges.models import Entry, TrancheStatus
from exchanges.operations import list as lists
from exchanges.presentation.dossiers import dossiers_to_tick
from people.matching.registry import doubles_of
from people.models import Decoy, ImportRow, Lookup, Name, Person, RowsRead
from people.operations import create_person, create_persons_bulk
from people.operations.exports import export_persons
from people.operations.imports import decide_rows
from people.operations.merging import NotTheSame, merge_persons
from people.operations.watching import assign_case, forget_lookups, mark_decoy, note_rows, unmark_decoy
from people.same.suggesting import suggested_pairs
from tests import factories
from tests.people.test_imports import HEADINGS, KOVAL, commit, csv_of, taken


@pytest.fixture
def persons(cast):
    rows = ({"names": [{"family": f"Person {number}"}]} for number in range(6))
    return create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)


API_WAYS = {
    "names": "/api/v1/names/?person={person}", "claims": "/api/v1/claims/?person={person}",
    "notifications": "/api/v1/notifications/?person={person}", "one name": "/api/v1/names/{name}/",
    "one": "/api/v1/persons/{person}/", "a step": "",
}  # fmt: skip


def page(person):
    return reverse("people:detail", args=[person.pk])


def alarms(kind):
    return list(Event.objects.unscoped("test").filter(kind=kind).order_by("position"))


def told(event):
    route(event.compartment_id)
    rows = Delivery.objects.unscoped("test").filter(event=event, channel="inbox").select_related("recipient")
    return sorted(row.recipient.username for row in rows), {row.is_urgent for row in rows}


def test_many_look_ups_of_people_nobody_assigned_alarm_the_heads(cast, as_user, persons, settings):
    settings.ALARM_UNASSIGNED_AN_HOUR = 2
    north = cast.north
    assign_case(persons[0], north.negotiator, actor=north.head)
    client = as_user(north.negotiator)
    for person in (persons[0], persons[1], persons[1]):  # assigned, then one, then the same again
        client.get(page(person))
    assert alarms("alarm.unassigned_reads") == []

    client.get(page(persons[2]))
    [alarm] = alarms("alarm.unassigned_reads")
    assert (alarm.compartment, told(alarm)) == (north.home, (["north-deputy", "north-head"], {True}))
    for person in persons[3:5]:
        client.get(page(person))
    assert len(alarms("alarm.unassigned_reads")) == 2

    seen = Event.objects.visible_to(north.head).filter(pk=alarm.pk)
    [view] = event_views(seen, north.head)
    assert view.sentence == (
        "Look-ups that stand out: north negotiator opened 2 dossiers of people nobody assigned to them."
    )
    assert not Event.objects.visible_to(north.negotiator).filter(kind__startswith="alarm.").exists()
    assert not EventData.objects.visible_to(north.negotiator).filter(event=alarm).exists()
    assert Event.objects.visible_to(cast.auditor).filter(pk=alarm.pk).exists()
    assert "Look-ups that stand out" in as_user(north.head).get(reverse("alerts:inbox")).text


def test_whoever_opened_a_dossier_looks_it_up_as_often_as_they_like(cast, as_user, persons, settings):
    settings.ALARM_UNASSIGNED_AN_HOUR = 1

    for person in persons:
        as_user(cast.north.clerk).get(page(person))

    assert alarms("alarm.unassigned_reads") == []
    assert Lookup.objects.visible_to(cast.north.head).count() == 6
    assert not Lookup.objects.visible_to(cast.north.clerk).exists()


def test_a_reader_from_elsewhere_leaves_the_alarm_with_the_owner_alone(cast, as_user, persons, settings):
    settings.ALARM_UNASSIGNED_AN_HOUR = 1
    give_grant(
        cast.north.home, organisation=cast.mediator_organisation, roles=["mediator"], reason="x", actor=cast.north.head
    )

    assert as_user(cast.mediator).get(page(persons[0])).status_code == 200

    assert [alarm.compartment for alarm in alarms("alarm.unassigned_reads")] == [cast.north.home]


def test_reading_very_many_rows_alarms_once_at_each_multiple(cast, settings):
    settings.ALARM_ROWS_A_DAY = 100
    home = cast.north.home.pk

    for rows in (99, 2, 50, 60):
        note_rows([home] * rows, actor=cast.north.clerk)

    assert [alarm.compartment_id for alarm in alarms("alarm.bulk_reads")] == [home, home]
    assert told(alarms("alarm.bulk_reads")[0])[0] == ["north-deputy", "north-head"]


def test_rows_read_are_counted_past_a_restart_of_the_cache(cast, settings, django_assert_num_queries):
    settings.ALARM_ROWS_A_DAY = 100
    home, clerk = cast.north.home.pk, cast.north.clerk
    note_rows([home] * 64, actor=clerk)
    cache.clear()
    with django_assert_num_queries(0):
        note_rows([home] * 4, actor=clerk)
    note_rows([home] * 40, actor=clerk)

    assert RowsRead.objects.visible_to(cast.north.head).get().rows == 60 + 40
    assert not RowsRead.objects.visible_to(clerk).exists()
    assert len(alarms("alarm.bulk_reads")) == 1


@pytest.mark.parametrize("way", ["page", "file", "API"])
def test_rows_of_a_list_that_somebody_else_sent_in_are_rows_read(cast, as_user, settings, way):
    settings.ALARM_ROWS_A_DAY = 20
    north = cast.north
    rows = [
        ["1", f"Коваль{chr(1072 + place)}", "Іван", "Петрович", f"23.04.19{40 + place}", "", ""] for place in range(30)
    ]
    of = taken(north.clerk, csv_of(HEADINGS, *rows))
    url = {
        "page": reverse("people:import_detail", args=[of.pk]), "file": reverse("people:import_faults", args=[of.pk]),
        "API": f"/api/v1/import-rows/?of_import={of.pk}",
    }[way]  # fmt: skip

    assert as_user(north.clerk).get(url).status_code == 200
    assert alarms("alarm.bulk_reads") == []  # who sent it in knows it
    assert as_user(north.negotiator).get(url).status_code == 200

    [alarm] = alarms("alarm.bulk_reads")
    assert alarm.subject == f"user:{north.negotiator.pk}"
    assert RowsRead.objects.unscoped("test").get().rows == 30


def test_a_threshold_below_one_is_a_wrong_setting_and_fails_no_page(cast, as_user, persons, settings):
    settings.ALARM_UNASSIGNED_AN_HOUR = settings.ALARM_ROWS_A_DAY = 0
    client = as_user(cast.north.negotiator)

    assert [client.get(url).status_code for url in (page(persons[0]), reverse("people:index"))] == [200, 200]
    assert [len(alarms(kind)) for kind in ("alarm.unassigned_reads", "alarm.bulk_reads")] == [1, 1]
    assert [(one.id, one.msg.split()[0]) for one in run_checks(tags=["security"]) if one.id == "homeward.E006"] == [
        ("homeward.E006", "ALARM_UNASSIGNED_AN_HOUR"), ("homeward.E006", "ALARM_ROWS_A_DAY"),
    ]  # fmt: skip


def test_rows_are_counted_without_a_cache(cast, settings, monkeypatch):
    settings.ALARM_ROWS_A_DAY = 100
    monkeypatch.setattr("people.operations.watching.cache", None)
    for _twice in range(2):
        note_rows([cast.north.home.pk] * 51, actor=cast.north.clerk)

    assert RowsRead.objects.unscoped("test").get().rows == 102
    assert len(alarms("alarm.bulk_reads")) == 1


def test_nobody_but_who_decides_assigns_somebody_to_themselves(cast, persons):
    north = cast.north

    with pytest.raises(NotAllowed, match="head of delegation"):
        assign_case(persons[0], north.negotiator, actor=north.negotiator)
    with pytest.raises(NotAllowed):
        assign_case(persons[0], north.negotiator, actor=north.clerk)
    with pytest.raises(InputRefused):
        assign_case(persons[0], cast.south.clerk, actor=north.negotiator)
    assign_case(persons[0], north.clerk, actor=north.negotiator)
    assign_case(persons[0], north.head, actor=north.head)


def test_a_decoy_alarms_at_once_and_only_heads_know_it(cast, as_user, persons):
    north, decoy = cast.north, persons[0]
    before = as_user(north.negotiator).get(page(persons[1])).text
    with pytest.raises(NotAllowed):
        mark_decoy(decoy, actor=north.negotiator)
    assert as_user(north.head).post(reverse("people:decoy", args=[decoy.pk])).status_code == 302

    shown = as_user(north.negotiator).get(page(decoy)).text

    [alarm] = alarms("alarm.decoy_opened")
    assert (alarm.subject, told(alarm)) == (f"person:{decoy.pk}", (["north-deputy", "north-head"], {True}))
    assert "decoy" not in shown.lower().replace(str(decoy.pk), "")
    assert "decoy" not in before.lower()
    assert not Decoy.objects.visible_to(north.negotiator).exists()
    assert "decoy" in as_user(north.head).get(page(decoy)).text
    assert len(alarms("alarm.decoy_opened")) == 2  # a head opened it too
    delivery = Delivery.objects.unscoped("test").get(event=alarm, channel="inbox", recipient=north.head)
    opened = as_user(north.head).post(reverse("alerts:open", args=[delivery.pk]))
    assert opened.headers["Location"] == page(decoy)

    unmark_decoy(Decoy.objects.visible_to(north.head).get(), actor=north.head)
    assert "no decoy" in as_user(north.head).get(page(decoy)).text  # in the log, for heads
    assert "decoy" not in as_user(north.clerk).get(page(decoy)).text.lower()


DOSSIER_PAGES = (
    "doubles",
    "identity",
    "claim_new",
    "names_new",
    "attachment_new",
    "assignment_new",
    "erasure",
    "family",
)


@pytest.mark.parametrize("way", [*DOSSIER_PAGES, "pair", "name", "admin", *API_WAYS])
def test_whatever_shows_something_of_a_dossier_opens_it(cast, as_user, persons, way):
    head, decoy = cast.north.head, persons[0]
    mark_decoy(decoy, actor=head)
    name = Name.objects.unscoped("test").get(person=decoy)
    client = as_user(head)
    url = {
        "pair": reverse("people:pair", args=[persons[1].pk, decoy.pk]), "name": reverse("people:name", args=[decoy.pk, name.pk]),
        "admin": reverse("admin:people_person_change", args=[decoy.pk]),
    }  # fmt: skip
    asked = str(decoy.pk)

    if way == "a step":
        body = {"other": asked}
        answer = client.post(
            f"/api/v1/persons/{persons[1].pk}/steps/judge_same/", body, content_type="application/json"
        )
    elif way in API_WAYS:
        answer = client.get(API_WAYS[way].format(person=asked, name=name.pk))
    else:
        answer = client.get(url.get(way) or reverse(f"people:{way}", args=[decoy.pk]))

    assert answer.status_code == 200
    assert [alarm.subject for alarm in alarms("alarm.decoy_opened")] == [f"person:{decoy.pk}"]
    assert Lookup.objects.unscoped("test").filter(reader=head, person=decoy).count() == 1


def alike(cast, *names) -> list[Person]:
    rows = (
        {"names": [{"family": name, "given": "Іван", "patronymic": "Петрович"}], "birth_date": "1987-04-23"}
        for name in names
    )
    return create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)


def side_by_side(one, other):
    return reverse("people:pair", args=[one.pk, other.pk])


def counted(reader) -> int:
    return Lookup.objects.unscoped("test").filter(reader=reader, is_assigned=False, is_beside=False).count()


def test_a_pair_that_is_suggested_is_one_look_up_and_any_other_two(cast, as_user, persons, settings):
    settings.ALARM_UNASSIGNED_AN_HOUR = 4
    reader, client = cast.north.negotiator, as_user(cast.north.negotiator)
    doubles = alike(cast, "Коваль", "Коваль", "Коваль")
    told = []

    for url in (
        side_by_side(*doubles[:2]),
        side_by_side(*doubles[:2]),
        side_by_side(doubles[1], doubles[0]),  # one, however often
        side_by_side(doubles[0], doubles[2]),
        side_by_side(doubles[2], doubles[1]),  # the third is another
        page(doubles[0]),
        page(doubles[1]),
        page(doubles[1]),  # opened by itself
        side_by_side(*persons[:2]),
    ):
        assert client.get(url).status_code == 200
        told.append((counted(reader), len(alarms("alarm.unassigned_reads"))))

    assert told == [(1, 0)] * 3 + [(2, 0)] * 3 + [(3, 0)] * 2 + [(5, 1)]
    assert Lookup.objects.visible_to(cast.north.head).filter(reader=reader).count() == 5


def test_of_a_suggested_pair_the_one_that_nobody_assigned_counts(cast, as_user):
    reader, doubles = cast.north.negotiator, alike(cast, "Коваль", "Коваль")
    assign_case(doubles[0], reader, actor=cast.north.head)

    as_user(reader).get(side_by_side(*doubles))

    assert counted(reader) == 1
    as_user(cast.north.clerk).get(side_by_side(*doubles))
    assert counted(cast.north.clerk) == 0


@pytest.mark.parametrize("is_first", [True, False])
def test_a_decoy_alarms_on_either_side_of_a_pair_that_looks_suggested(cast, as_user, is_first):
    doubles = alike(cast, "Коваль", "Коваль")
    decoy = doubles[0 if is_first else 1]
    mark_decoy(decoy, actor=cast.north.head)

    for _twice in range(2):
        as_user(cast.north.negotiator).get(side_by_side(*doubles))

    assert [alarm.subject for alarm in alarms("alarm.decoy_opened")] == [f"person:{decoy.pk}"]


def test_a_step_that_is_refused_alarms_all_the_same(cast, as_user, persons):
    """Its answer names the decoy."""
    decoy = persons[0]
    mark_decoy(decoy, actor=cast.north.head)

    answer = as_user(cast.north.negotiator).post(
        f"/api/v1/persons/{persons[1].pk}/steps/merge/",
        {"absorbed": str(decoy.pk)},
        content_type="application/json",
        headers={"Idempotency-Key": "once"},
    )

    assert (answer.status_code, decoy.label in answer.text) == (409, True)
    assert [alarm.subject for alarm in alarms("alarm.decoy_opened")] == [f"person:{decoy.pk}"]


def test_a_decoy_stands_on_no_list_and_nobody_on_a_list_becomes_one(scene, cast, persons):
    north = cast.north
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    entry = Entry.objects.unscoped("test").filter(tranche=tranche, direction__receiver=scene.north).first()
    mark_decoy(persons[0], actor=north.head)

    ticks = dossiers_to_tick(north.home, north.negotiator, sought="Person", ticked=frozenset())
    assert [tick.pk for tick in ticks] == [person.pk for person in persons[1:]]
    with pytest.raises(InputRefused, match="no such entry or dossier"):
        lists.link_entries(tranche.exchange, links={entry.pk: persons[0].pk}, actor=north.negotiator)
    assert Person.objects.visible_to(north.clerk).real().count() == 5
    left = export_persons(actor=north.negotiator, kind="csv", purpose="to try")
    assert set(left) == {person.pk for person in persons[1:]}
    double = create_person(actor=north.clerk, names=[{"family": "Person", "given": "0"}])
    assert persons[0].pk not in {candidate.person.pk for candidate in doubles_of(double, north.clerk)}

    lists.link_entries(tranche.exchange, links={entry.pk: persons[1].pk}, actor=north.negotiator)
    with pytest.raises(DomainError, match="stands on a list"):
        mark_decoy(persons[1], actor=north.head)


def test_nobody_is_merged_with_a_decoy_as_with_a_namesake_told_apart(cast, as_user, persons):
    north, keys = cast.north, {"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}
    decoy = create_person(actor=north.head, names=[keys], birth_date="1987-04-23")
    mark_decoy(decoy, actor=north.head)
    real = create_person(actor=north.clerk, names=[keys], birth_date="1987-04-23")
    assert suggested_pairs(north.clerk).pairs == []

    answer = as_user(north.clerk).post(
        reverse("people:duplicates"), {f"pair:{decoy.pk}.{real.pk}": "same"}, follow=True
    )

    [said] = [str(message) for message in answer.context["messages"]]
    assert said.startswith(f"{north.head} judged on ")
    assert "not the same person" in said
    assert list(Person.objects.unscoped("test").exclude(merged_into=None)) == []
    for one, other in ((decoy, real), (real, decoy)):
        with pytest.raises(NotTheSame, match="not the same person"):
            merge_persons(one, other, actor=north.clerk)
    merge_persons(persons[0], persons[1], actor=north.clerk)
    for person in persons[:2]:
        with pytest.raises(DomainError, match="take them apart"):
            mark_decoy(person, actor=north.head)
    assert Decoy.objects.unscoped("test").get().person == decoy


def test_a_row_of_a_list_never_goes_into_a_decoy(cast):
    clerk, head = cast.north.clerk, cast.north.head
    names = [{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}]
    decoy = create_person(actor=head, names=names, birth_date="1987-04-23")
    mark_decoy(decoy, actor=head)
    of = taken(clerk, csv_of(HEADINGS, KOVAL))

    row = ImportRow.objects.unscoped("test").get()
    assert (row.verdict, row.candidates) == ("new", [])
    with pytest.raises(InputRefused, match="Choose whose dossier"):
        decide_rows(of, decisions={row.number: ("update", decoy.pk)}, actor=clerk)
    commit(of, clerk)

    row.refresh_from_db()
    assert (row.outcome, Person.objects.unscoped("test").get(pk=row.person_id).label) == (
        "created",
        "Коваль Іван Петрович",
    )
    assert row.person_id != decoy.pk


def test_a_row_whose_dossier_became_a_decoy_is_new_or_not_taken(cast):
    clerk, head = cast.north.clerk, cast.north.head
    names = [{"family": "Коваль", "given": "Іван", "patronymic": "Петрович"}]
    person = create_person(actor=head, names=names, birth_date="1987-04-23")
    first, second = taken(clerk, csv_of(HEADINGS, KOVAL)), taken(clerk, csv_of(HEADINGS, KOVAL))
    commit(first, clerk)
    mark_decoy(person, actor=head)

    commit(second, clerk)
    third = taken(clerk, csv_of(HEADINGS, KOVAL))

    found = {row.of_import_id: row for row in ImportRow.objects.unscoped("test")}
    assert [found[of.pk].verdict for of in (first, second, third)] == ["update", "update", "new"]
    assert [found[of.pk].outcome for of in (first, second)] == ["updated", "refused"]


def test_look_ups_are_forgotten_after_a_month(cast, persons, monkeypatch):
    from datetime import timedelta

    from django.utils import timezone

    for days, person in ((31, persons[0]), (29, persons[1])):
        at = timezone.now() - timedelta(days=days)
        Lookup.objects.create(
            compartment=cast.north.home, person=person, reader=cast.north.clerk, day=at.date(), at=at, is_assigned=False
        )
        RowsRead.objects.create(compartment=cast.north.home, reader=cast.north.clerk, day=at.date(), rows=days)

    forget_lookups()

    assert Lookup.objects.visible_to(cast.north.head).get().person == persons[1]
    assert RowsRead.objects.visible_to(cast.north.head).get().rows == 29
