"""What is owed for people: the list of it, and the deadlines that remind once, escalate once and move nothing."""

import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from alerts.models import Delivery
from alerts.tasks import sweep
from audit.models import Event
from core.clock import clock
from exchanges.presentation.waiting import waiting_for
from people.models import Deadline
from people.operations import add_claim, assign_category, create_person, create_persons_bulk
from people.operations.duties import fulfil_duty
from people.operations.merging import merge_persons, unmerge
from people.operations.parts import note_agency_notice
from people.operations.watching import mark_decoy

DUTIES = "/people/duties/"


def held(cast, family="Abel", days=30, side="south", **more):
    since = (clock.now().date() - timedelta(days=days)).isoformat()
    claim = {"kind": "reported_captured", "source": "unit", "happened_on": since, "held_by": "us"} | more
    return create_person(actor=getattr(cast, side).clerk, names=[{"family": family}], claims=[claim])


def dead(cast, person, held_by=""):
    add_claim(person, kind="death_established", basis="body", source="act", held_by=held_by,
              actor=cast.south.clerk, second=cast.south.negotiator)  # fmt: skip


def notify(cast, person, **more):
    return note_agency_notice(person, **{"sent_on": clock.now().date(), "actor": cast.south.clerk} | more)


def deadlines(**where):
    return Deadline.objects.unscoped("test").filter(**where)


def due(person):
    return list(deadlines(person=person, duty=None).values_list("due_on", flat=True))


def in_days(number):
    return clock.now().date() + timedelta(days=number)


# What is owed, kept by the operations


def test_a_notice_is_owed_from_the_capture_until_the_agency_knows(cast):
    person = held(cast, days=3)
    assert due(person) == [in_days(4)]

    assign_category(person, category="civilian", evidence="papers", actor=cast.south.clerk)
    assert due(person) == [in_days(11)]
    notify(cast, person, sent_on=in_days(-4))  # before he was taken
    assert due(person) == [in_days(11)]
    notify(cast, person)
    assert due(person) == []


def test_a_notice_is_owed_again_for_another_captivity_and_not_for_whom_others_hold(cast):
    person, other = held(cast, days=90), held(cast, "Baker", held_by="other")
    notify(cast, person, sent_on=in_days(-89))
    add_claim(person, kind="home", source="x", happened_on=in_days(-60).isoformat(), actor=cast.south.clerk)
    assert (due(person), due(other)) == ([], [])

    add_claim(person, kind="reported_captured", source="unit", held_by="us", happened_on=in_days(-2).isoformat(),
              actor=cast.south.clerk)  # fmt: skip
    assert due(person) == [in_days(5)]
    add_claim(person, kind="released", source="x", actor=cast.south.clerk)
    assert due(person) == [in_days(5)]  # without a day it may have been before
    add_claim(person, kind="released", source="x", happened_on=in_days(0).isoformat(), actor=cast.south.clerk)
    assert due(person) == []


def test_of_a_date_known_in_part_the_last_day_counts_and_without_one_it_is_late(cast):
    assert due(held(cast, happened_on="2024-02")) == [date(2024, 3, 7)]
    assert due(held(cast, happened_on="")) == [in_days(-1)]


def test_a_death_opens_four_deadlines_and_ends_the_one_of_the_notice(cast):
    person = held(cast)
    dead(cast, person)
    duties = deadlines(person=person).select_related("duty")
    assert {(row.kind, row.owed_by, row.due_on) for row in duties} == {
        (kind, "us", in_days(30)) for kind in ("certificate", "enquiry", "grave", "belongings")
    }

    fulfil_duty(duties.get(kind="grave").duty, actor=cast.south.clerk, done_on="2026", reference="plot 4")

    assert set(duties.values_list("kind", flat=True)) == {"certificate", "enquiry", "belongings"}


def test_merged_dossiers_owe_once_and_each_its_own_when_taken_apart(cast):
    kept, absorbed = create_person(actor=cast.south.clerk, names=[{"family": "Abel"}]), held(cast)
    before = list(deadlines().values_list("person_id", "since", "due_on"))
    merge_persons(kept, absorbed, actor=cast.south.clerk)
    assert due(kept) == due(absorbed) == [in_days(-23)]
    (row,) = listed(cast.south.clerk)
    assert row["person"] == str(kept.pk)

    notify(cast, absorbed, sent_on=in_days(-1))
    assert listed(cast.south.clerk) == []
    unmerge(absorbed, actor=cast.south.clerk)

    assert due(absorbed) == []  # the notice was written there
    assert before == [(absorbed.pk, in_days(-30).isoformat(), in_days(-23))]


def listed(viewer):
    client = APIClient()
    client.force_authenticate(viewer)
    return client.get("/api/v1/duties/").json()["results"]


# The page, the API, home


def test_the_page_lists_the_longest_overdue_first_and_leads_to_what_is_to_be_done(cast, as_user):
    late, early, gone = held(cast, "Abel", days=30), held(cast, "Baker", days=2), held(cast, "Carter", days=40)
    dead(cast, gone, held_by="other")
    text = as_user(cast.south.clerk).get(DUTIES).text

    assert text.index("Abel") < text.index("Baker") < text.index("Carter")
    assert "23 days over" in text
    assert "5 days left" in text
    assert text.count("<td>the other side</td>") == 4
    assert text.count(reverse("people:agency_new", args=[late.pk])) == 1
    assert reverse("people:agency_new", args=[early.pk]) in text
    duty = deadlines(kind="grave").get()
    assert reverse("people:duty", args=[gone.pk, duty.duty_id]) in text
    assert "Carter" not in as_user(cast.south.clerk).get(DUTIES + "?owed=notices").text
    assert "Abel" not in as_user(cast.south.clerk).get(DUTIES + "?owed=deaths").text
    row = listed(cast.south.clerk)[0]
    assert (row["person"], row["kind"], row["days_over"], row["due_on"]) == (
        str(late.pk), "agency", 23, in_days(-23).isoformat(),
    )  # fmt: skip


def test_the_page_asks_as_often_for_many_as_for_one_and_goes_on_in_windows(cast, as_user, django_assert_num_queries):
    held(cast, "Only")
    client = as_user(cast.south.clerk)
    client.get(DUTIES)
    with CaptureQueriesContext(connection) as one:
        client.get(DUTIES)
    since = in_days(-20).isoformat()
    claims = [{"kind": "reported_captured", "source": "unit", "happened_on": since, "held_by": "us"}]
    rows = [{"names": [{"family": f"Person{number}"}], "claims": claims} for number in range(50)]
    create_persons_bulk(cast.south.home, rows, actor=cast.south.clerk)
    with django_assert_num_queries(len(one)):
        text = client.get(DUTIES).text

    assert text.count("13 days over") == 49
    assert text.count("23 days over") == 1
    following = client.get(text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")).text
    assert following.count("13 days over") == 1
    assert client.get(DUTIES + "?cursor=nonsense").status_code == 200


@pytest.mark.slow
def test_another_side_and_who_only_reads_get_the_same_bytes_whether_or_not_something_is_owed(cast, as_user):
    viewers = [cast.north.clerk, cast.south.medic, cast.mediator, cast.outsider, cast.ngo]
    pages = [lambda v=v: bare(as_user(v).get(DUTIES).text) for v in viewers]
    before, api = [page() for page in pages], [listed(v) for v in viewers]
    waiting = [waiting_for(v) for v in viewers]

    dead(cast, held(cast, "Quillfeather"))
    held(cast, "Quillfeather")

    assert [page() for page in pages] == before
    assert [listed(v) for v in viewers] == api == [[]] * 5
    assert [waiting_for(v) for v in viewers] == waiting


def bare(text):
    return re.sub(r'csrf-token" content="\w+"|csrfmiddlewaretoken" value="\w+"|X-CSRFToken[^}]*', "", text)


def test_home_tells_those_who_can_act_how_much_is_overdue(cast):
    held(cast, days=3)
    assert waiting_for(cast.south.clerk) == []
    held(cast, "Baker", days=9), held(cast, "Carter", days=30)
    (row,) = waiting_for(cast.south.clerk)

    assert row.what == "2 people held by us, not notified to the Central Agency"
    assert (row.late, row.url) == (True, f"{DUTIES}?owed=notices")
    assert waiting_for(cast.south.medic) == []


def test_of_a_decoy_nothing_is_owed(cast):
    decoy = held(cast)
    mark_decoy(decoy, actor=cast.south.head)
    sweep()

    assert (listed(cast.south.clerk), waiting_for(cast.south.clerk)) == ([], [])
    assert not told("deadline.passed")


# Deadlines remind and escalate


def told(kind):
    rows = Delivery.objects.unscoped("test").filter(event__kind=kind)
    return sorted(rows.values_list("recipient__username", "channel"))


WRITERS = ["south-clerk", "south-deputy", "south-head", "south-negotiator"]
HEADS = ["south-deputy", "south-head"]


def both(names):
    return sorted((name, channel) for name in names for channel in ("inbox", "mail"))


def test_a_passed_deadline_is_told_once_to_those_who_can_act_and_escalated_once(cast):
    person = held(cast, "Quillfeather", days=8)
    for _twice in range(2):
        sweep()

    assert told("deadline.passed") == both(WRITERS)
    assert told("deadline.escalated") == []
    event = Event.objects.unscoped("test").get(kind="deadline.passed")
    assert (event.compartment, event.subject, event.actor) == (cast.south.home, f"person:{person.pk}", "system")
    assert {message.subject for message in mail.outbox} == {"A deadline in your own registry has passed"}
    assert all(DUTIES in one.body and "Quill" not in one.body and str(person.pk) not in one.body for one in mail.outbox)


def test_escalation_comes_a_week_later_and_only_while_it_is_still_open(cast):
    open_one, done = held(cast, "Abel", days=15), held(cast, "Baker", days=15)
    sweep()
    assert told("deadline.passed") == both(WRITERS)  # one event for both
    assert told("deadline.escalated") == both(HEADS)
    sweep()
    assert Event.objects.unscoped("test").filter(kind__startswith="deadline.").count() == 2

    later = held(cast, "Carter", days=14)
    sweep()
    notify(cast, later), notify(cast, done)
    sweep()
    escalated = Event.objects.unscoped("test").filter(kind="deadline.escalated")
    assert escalated.count() == 1
    assert deadlines().get().person == open_one


def test_nothing_is_told_of_what_a_reading_no_longer_finds(cast):
    """The row may be older than what it was read from."""
    person = held(cast, days=30)
    notify(cast, person)
    stale = {"compartment": cast.south.home, "person": person, "kind": "agency", "owed_by": "us"}
    Deadline.objects.create(due_on=date(2000, 1, 1), **stale)
    held_now = held(cast, "Baker", days=2)
    deadlines(person=held_now).update(due_on=date(2000, 1, 1))

    sweep()

    assert told("deadline.passed") == []
    assert deadlines().values_list("person", "due_on").get() == (held_now.pk, in_days(5))


def test_an_overdue_duty_after_a_death_is_told_like_a_notice(cast):
    person = held(cast)
    dead(cast, person)
    deadlines().update(due_on=in_days(-1))
    sweep()

    assert told("deadline.passed") == both(WRITERS)
    (line,) = {delivery.event.subject for delivery in Delivery.objects.unscoped("test").select_related("event")}
    assert line == f"person:{person.pk}"


def test_an_alert_opens_the_list(cast, as_user):
    held(cast)
    sweep()
    client = as_user(cast.south.clerk)
    assert "The day has passed by which this was due: notice to the Central Agency" in client.get("/inbox/").text
    alert = Delivery.objects.visible_to(cast.south.clerk).inbox().get(event__kind="deadline.passed")

    answer = client.post(reverse("alerts:open", args=[alert.pk]))

    assert answer["Location"] == DUTIES
