"""Home, inbox and outbox: each person's own, computed from what stands."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alerts.models import Delivery
from alerts.operations import route
from alerts.routing import compartments_behind
from core import clock
from exchanges.models import ExchangeStatus, TrancheStatus
from exchanges.operations import sign_off as sign_off_operations
from exchanges.operations import tranche as tranche_operations
from exchanges.presentation.waiting import waiting_for
from tests import factories

S, T = ExchangeStatus, TrancheStatus
INBOX_QUERIES = 11


def whats(user):
    return [row.what for row in waiting_for(user)]


def drain():
    for compartment in compartments_behind():
        route(compartment)


def test_draft_waits_for_its_negotiators(scene):
    factories.draft(scene)

    assert whats(scene.cast.north.negotiator) == ["your side's draft: 3 for 3"]
    assert whats(scene.cast.south.negotiator) == []


def test_formula_waits_for_who_did_not_write_it(scene):
    factories.exchange_at(scene, S.PROPOSED)

    assert whats(scene.cast.south.negotiator) == ["accept or counter version 1 of the formula"]
    assert whats(scene.cast.north.negotiator) == []
    assert whats(scene.cast.south.president) == []


def test_names_wait_for_the_side_that_has_not_answered(scene):
    from exchanges.lists import lines_from_rows
    from exchanges.operations.list import submit

    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    direction = factories.directions(exchange)[0]
    submit(direction, lines=lines_from_rows(factories.rows(2)), message="x", base=0, actor=scene.cast.south.negotiator)

    assert whats(scene.cast.north.negotiator) == ["2 names to answer"]
    assert whats(scene.cast.south.negotiator) == []


def test_second_person_is_asked_and_the_first_is_not(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    tranche_operations.lock(tranche, actor=scene.cast.north.head)

    assert whats(scene.cast.north.deputy) == ["second person: agree to the lock"]
    assert whats(scene.cast.north.head) == []
    assert whats(scene.cast.south.head) == []


def test_lock_waits_for_the_other_side_once_one_agrees(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    tranche_operations.lock(tranche, actor=scene.cast.north.head)
    tranche_operations.lock(tranche, actor=scene.cast.north.deputy)

    assert whats(scene.cast.south.head) == ["agree to the lock"]
    assert whats(scene.cast.north.head) == []


@pytest.mark.parametrize(
    ("status", "role", "expected"),
    [
        (T.LOCKED, "head", ["start sign-off"]),
        (T.IN_SIGN_OFF, "head", ["sign-off: North headquarters"]),
        (T.IN_SIGN_OFF, "president", []),
        (T.AWAITING_FINAL, "president", ["final sign-off: Office of the President of North"]),
        (T.AWAITING_FINAL, "secretary", ["final sign-off: Office of the President of North"]),
        (T.SIGNED_OFF, "handover", ["stage it"]),
        (T.STAGED, "handover", ["give the go"]),
        (T.GONE, "handover", ["receipts of 3 lines"]),
        (T.RECEIVED, "head", ["state the counts"]),
    ],
)
def test_tranche_waits_for_whom_its_status_names(scene, status, role, expected):
    factories.tranche_at(scene, status)

    assert whats(getattr(scene.cast.north, role)) == expected


def test_recorded_final_asks_the_second_person_once_and_tells_the_first(scene):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    final = factories.step_of(tranche, scene.cast.north, final=True)
    north = scene.cast.north
    sign_off_operations.approve(
        final, digest=factories.digest_of(final), manner="recorded", actor=north.secretary, papers=factories.papers()
    )

    assert whats(north.registrar) == ["second person: confirm a recorded sign-off"]
    (row,) = waiting_for(north.secretary)
    assert (row.note, row.action) == ("You recorded it. It waits for a second person of your office.", "Open")
    assert [row.action for row in waiting_for(north.president)] == ["Read and sign"]


def test_nothing_waits_for_who_only_looks_on(scene):
    factories.tranche_at(scene, T.STAGED)

    assert whats(scene.cast.mediator) == whats(scene.cast.outsider_side.head) == whats(scene.cast.neutral) == []


@pytest.mark.parametrize(
    ("who", "places"),
    [
        (("north", "clerk"), ["People", "Add a person", "Negotiations", "Data entry"]),
        (("north", "president"), ["Sign-off"]),
        (("mediator",), ["Negotiations", "Data entry"]),
        (("neutral",), ["Final lists"]),
        (("ngo",), ["People", "Add a person", "Data entry", "Keys for your own systems", "How the API is called"]),
        (("operator",), ["Organisations and accounts", "Data entry"]),
        (("auditor",), ["The log"]),
    ],
)
def test_empty_home_leads_everybody_to_their_work(cast, browser, who, places):
    user = cast
    for name in who:
        user = getattr(user, name)
    client = browser(user)

    response = client.get("/")

    assert [place.label for place in response.context["places"]] == places
    content = response.content.decode()
    assert [place.what for place in response.context["places"] if place.what not in content] == []
    for place in response.context["places"]:
        assert not place.url or client.get(place.url).status_code == 200
    assert ("/admin/" in content) == ("Data entry" in places)


def test_busy_home_keeps_the_way_to_data_entry(scene, browser):
    factories.draft(scene)

    content = browser(scene.cast.north.clerk).get("/").content.decode()

    assert '<a class="button" href="/admin/people/person/add/">Add a person</a>' in content
    assert "Where your work is" not in content


def test_home_shows_every_exchange_by_status(scene, browser):
    factories.exchange_at(scene, S.PROPOSED)
    client = browser(scene.cast.north.head)
    content = client.get("/").content.decode()

    assert "TLK-1" in content
    assert "first visit" in content
    assert "first visit" not in client.get("/").content.decode()
    assert "TLK-1" not in browser(scene.cast.outsider_side.head).get("/").content.decode()


def test_news_since_the_last_visit_are_told_once(scene, browser):
    user = scene.cast.north.head
    user.last_visit_at = clock.now() - timedelta(hours=2)
    user.save(update_fields=["last_visit_at"])
    factories.exchange_at(scene, S.PROPOSED)

    content = browser(user).get("/").content.decode()

    assert content.count("<p>Proposed.</p>") == 1
    assert "north negotiator" in content  # the person, to their own side
    user.refresh_from_db()
    assert user.previous_visit_at is not None


def test_news_name_the_other_sides_organisation_only(scene, browser):
    user = scene.cast.south.head
    user.last_visit_at = clock.now() - timedelta(hours=2)
    user.save(update_fields=["last_visit_at"])
    factories.exchange_at(scene, S.PROPOSED)

    content = browser(user).get("/").content.decode()

    assert "North headquarters (negotiator)" in content
    assert "north negotiator" not in content


def test_same_visit_within_half_an_hour_keeps_the_previous_one(scene, browser):
    user = scene.cast.north.head
    before = clock.now() - timedelta(hours=2)
    user.previous_visit_at, user.last_visit_at = before, clock.now() - timedelta(minutes=10)
    user.save(update_fields=["previous_visit_at", "last_visit_at"])

    browser(user).get("/")

    user.refresh_from_db()
    assert user.previous_visit_at == before


def test_inbox_shows_ones_own_and_opening_reads_it(scene, browser):
    exchange = factories.exchange_at(scene, S.PROPOSED)
    drain()
    client = browser(scene.cast.south.head)
    delivery = Delivery.objects.visible_to(scene.cast.south.head).inbox().get()

    assert "TLK-1" in client.get("/inbox/").content.decode()
    assert client.post(reverse("alerts:open", args=[delivery.pk])).url == reverse(
        "exchanges:detail", args=[exchange.pk]
    )

    delivery.refresh_from_db()
    assert delivery.read_at is not None


def test_other_peoples_alerts_do_not_exist(scene, browser):
    factories.exchange_at(scene, S.PROPOSED)
    drain()
    delivery = Delivery.objects.visible_to(scene.cast.south.head).inbox().get()

    assert browser(scene.cast.north.head).post(reverse("alerts:open", args=[delivery.pk])).status_code == 404


def test_all_are_read_by_one_button(scene, browser):
    factories.tranche_at(scene, T.LOCKED)
    drain()
    client = browser(scene.cast.south.head)

    client.post("/inbox/read/")

    assert not Delivery.objects.visible_to(scene.cast.south.head).inbox().unread().exists()


def test_open_inbox_refreshes_by_itself(scene, browser):
    content = browser(scene.cast.north.head).get("/inbox/", headers={"HX-Request": "true"}).content.decode()

    assert '<section id="inbox" hx-get="/inbox/" hx-trigger="live"' in content
    assert "<html" not in content


def test_inbox_asks_as_often_for_many_as_for_few(scene, browser):
    client = browser(scene.cast.south.head)
    factories.tranche_at(scene, T.IN_SIGN_OFF)
    drain()
    counted = []
    for _round in range(2):
        client.get("/inbox/")  # the session's use is noted here, if at all
        with CaptureQueriesContext(connection) as captured:
            client.get("/inbox/")
        counted.append(len(captured))
        factories.tranche_at(scene, T.SIGNED_OFF)
        drain()

    assert counted == [INBOX_QUERIES, INBOX_QUERIES]


def test_outbox_shows_mail_to_ones_own_address_only(scene, browser, settings):
    settings.SHOWS_OUTBOX = True
    settings.EMAIL_FILE_PATH.mkdir(parents=True)
    backend = EmailBackend(file_path=settings.EMAIL_FILE_PATH)
    for address in ("north-head@example.org", "south-head@example.org"):
        backend.send_messages([EmailMessage(f"For {address}", "Read more", "homeward@localhost", [address])])

    content = browser(scene.cast.north.head).get("/outbox/").content.decode()

    assert "For north-head@example.org" in content
    assert "south-head" not in content


def test_outbox_does_not_exist_where_mail_is_really_sent(scene, browser, settings):
    settings.SHOWS_OUTBOX = False

    assert browser(scene.cast.north.head).get("/outbox/").status_code == 404


def test_count_on_the_rail_refreshes_by_itself(scene, browser):
    factories.exchange_at(scene, S.PROPOSED)
    drain()

    response = browser(scene.cast.south.head).get("/inbox/?part=count", headers={"HX-Request": "true"})

    assert response.content.decode().startswith('<span id="unread" class="count"')
