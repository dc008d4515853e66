"""The line in the browser: marks with one tap, heads each way, the next person, and what may not be marked."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exchanges.models import Entry, IdentityCheck, Receipt, TrancheStatus
from tests import factories

T = TrancheStatus
LINE_QUERIES = 38


def line(tranche):
    return reverse("exchanges:line", args=[tranche.pk])


def received_by(tranche, participant):
    rows = Entry.objects.unscoped("test").filter(tranche=tranche, direction__receiver=participant)
    return list(rows.order_by("number"))


def outcomes():
    return list(Receipt.objects.unscoped("test").order_by("sequence", "at").values_list("outcome", flat=True))


def test_one_tap_checks_an_identity_and_comes_back_to_the_person(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)
    entry = received_by(tranche, scene.north)[1]
    client = browser(scene.cast.north.handover)

    response = client.post(f"{line(tranche)}?direction=1", {"mark": f"confirmed:{entry.pk}"})

    assert response.url == f"{line(tranche)}?direction=1#e-{entry.pk}"
    assert IdentityCheck.objects.unscoped("test").get().entry == entry
    page = client.get(f"{line(tranche)}?direction=1").content.decode()
    assert f'value="confirmed:{entry.pk}" aria-pressed="true"' in page
    assert "checked by North: <strong>1</strong>" in page
    assert "North: confirmed" in browser(scene.cast.south.handover).get(f"{line(tranche)}?direction=1").content.decode()


def test_swapped_in_place_the_row_comes_with_the_heads(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)
    entry = received_by(tranche, scene.north)[0]
    client = browser(scene.cast.north.handover)

    part = client.post(line(tranche), {"mark": f"not_confirmed:{entry.pk}"}, headers={"HX-Request": "true"})

    content = part.content.decode()
    assert content.startswith(f'<li class="line-row" id="e-{entry.pk}">')
    assert 'id="heads" hx-swap-oob="true"' in content
    assert "not confirmed: 1" in content
    assert 'id="line-filters" hx-swap-oob="true"' in content
    assert 'not checked by us <span class="tally">2</span>' in content


def test_with_the_last_mark_the_line_no_longer_waits_for_this_side(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    client = browser(scene.cast.north.handover)
    received = received_by(tranche, scene.north)

    told = [
        client.post(line(tranche), {"mark": f"received:{entry.pk}"}, headers={"HX-Request": "true"}).content.decode()
        for entry in received
    ]

    waits = "<strong><bdi>North</bdi></strong> – receipt"
    assert [waits in content for content in told] == [*[True] * (len(received) - 1), False]


def test_one_at_a_time_goes_on_to_who_is_left(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    first, second, third = received_by(tranche, scene.north)
    client = browser(scene.cast.north.handover)
    assert "?direction=1&amp;one=next#lines" in client.get(line(tranche)).content.decode()
    assert f'value="received:{first.pk}"' in client.get(f"{line(tranche)}?direction=1&one=next").content.decode()

    url = client.post(f"{line(tranche)}?direction=1&one=1", {"mark": f"received:{first.pk}", "method": "walks"}).url
    assert url == f"{line(tranche)}?direction=1&one=2"
    url = client.post(f"{line(tranche)}?direction=1&one=3", {"mark": f"not_presented:{third.pk}"}).url
    assert url == f"{line(tranche)}?direction=1&one=2"
    url = client.post(f"{line(tranche)}?direction=1&one=2", {"mark": f"received:{second.pk}"}).url

    assert url == f"{line(tranche)}?direction=1"
    assert Receipt.objects.unscoped("test").get(entry=first).note == "walks"
    page = client.get(line(tranche)).content.decode()
    assert '<span class="heads">2 <small>/ 3</small></span>' in page
    assert "Nobody here." in client.get(f"{line(tranche)}?direction=1&show=left").content.decode()


def test_second_tap_on_the_same_mark_says_nothing_new_and_another_corrects(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    entry = received_by(tranche, scene.north)[0]
    client = browser(scene.cast.north.handover)

    for mark in ("received", "received", "evacuated"):
        client.post(line(tranche), {"mark": f"{mark}:{entry.pk}"})

    assert outcomes() == ["received", "evacuated"]


@pytest.mark.parametrize(
    "mark", ["", "received", "received:nonsense", "perhaps:{entry}", "received:{other}", "received:{foreign}"]
)
def test_mark_that_is_none_is_said_and_leaves_nothing(scene, browser, mark):
    tranche = factories.tranche_at(scene, T.GONE)
    entry, other = received_by(tranche, scene.north)[0], received_by(tranche, scene.south)[0]
    sent = mark.format(entry=entry.pk, other=other.pk, foreign=scene.north.pk)

    response = browser(scene.cast.north.handover).post(line(tranche), {"mark": sent}, follow=True)

    assert response.status_code == 200
    assert "message-error" in response.content.decode()
    assert outcomes() == []


@pytest.mark.parametrize(
    ("who", "status", "why"),
    [
        ("clerk", T.STAGED, "Identity checks are for the participants&#x27; handover officers."),
        ("handover", T.PLANNED, "Identities are checked once the tranche is locked"),
    ],
)
def test_who_may_not_mark_reads_why(scene, browser, who, status, why):
    tranche = factories.tranche_at(scene, status)

    page = browser(getattr(scene.cast.north, who)).get(line(tranche)).content.decode()

    assert why in page
    assert 'name="mark"' not in page


def test_go_opens_its_page_and_its_refusal_stands_here(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)
    client = browser(scene.cast.north.handover)
    go = reverse("exchanges:tranche_step", args=[tranche.pk, "go"])
    assert f'href="{go}?at=line"' in client.get(line(tranche)).content.decode()

    client.post(go)

    page = client.get(line(tranche)).content.decode()
    assert "Your side has given its go." in page
    assert f'href="{go}' not in page


def test_number_of_queries_does_not_grow_with_the_people(scene, browser):
    few = factories.tranche_at(scene, T.STAGED, count=3)
    many = factories.tranche_at(scene, T.STAGED, count=51)
    client = browser(scene.cast.north.handover)
    client.get(line(few))
    counted = []
    for tranche in (few, many):
        with CaptureQueriesContext(connection) as captured:
            page = client.get(line(tranche)).content.decode()
        counted.append(len(captured))

    assert counted == [LINE_QUERIES, LINE_QUERIES]
    assert page.count('class="line-row"') == 50
    assert "from=50" in page


def test_steps_pressed_at_the_line_come_back_to_the_line(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)
    client = browser(scene.cast.north.handover)
    steps = reverse("exchanges:tranche", args=[tranche.pk]) + "steps/"
    assert f'action="{steps}hold/?at=line"' in client.get(line(tranche)).content.decode()

    assert client.post(f"{steps}hold/?at=line").url == line(tranche)
    page = client.get(line(tranche)).content.decode()
    assert "Held. Nothing moves until your side releases it." in page
    assert f'href="{steps}release_hold/?at=line"' in page
    assert (
        f'href="{line(tranche)}">Back without doing it' in client.get(f"{steps}release_hold/?at=line").content.decode()
    )
    assert client.post(f"{steps}release_hold/?at=line", {"reason": "he is well"}).url == line(tranche)
    assert client.post(f"{steps}hold/").url == reverse("exchanges:tranche", args=[tranche.pk])


def test_hold_placed_twice_by_one_side_names_it_once(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)
    client = browser(scene.cast.north.handover)
    for _tap in range(2):
        client.post(reverse("exchanges:tranche_step", args=[tranche.pk, "hold"]))

    page = client.get(line(tranche)).content.decode()

    assert "held by North" in page
    assert "North, North" not in page


def test_after_the_go_nothing_says_that_it_cannot_be_given(scene, browser):
    gone = factories.tranche_at(scene, T.GONE)

    assert "Give the go" not in browser(scene.cast.north.handover).get(line(gone)).content.decode()
