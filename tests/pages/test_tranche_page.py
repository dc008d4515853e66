"""The tranche's pages: state, ladder, holds, go, receipts, settling; and what stays hidden of the other side."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exchanges.forms import SettleForm
from exchanges.models import Cleared, Entry, ExchangeStatus, Hold, Receipt, SecondPair, Tranche, TrancheStatus
from exchanges.operations import tranche as tranche_operations
from exchanges.presentation.tranche_page import LinesWindow
from exchanges.transitions.tranche import TRANSITIONS
from exchanges.views.steps import with_word
from tests import factories

S, T = ExchangeStatus, TrancheStatus
MISSING = "5b1f2c0e-0000-4000-8000-000000000000"
PAGES = ("tranche", "sign", "line", "manifest", "plan", "tranche_log")
PAGE_QUERIES = 27


def page(tranche, name="tranche"):
    return reverse(f"exchanges:{name}", args=[tranche.pk])


def step(tranche, name):
    return reverse("exchanges:tranche_step", args=[tranche.pk, name])


def reread(tranche):
    return Tranche.objects.unscoped("test").get(pk=tranche.pk)


@pytest.mark.parametrize("name", PAGES)
def test_outsider_cannot_tell_it_exists(scene, browser, name):
    tranche = factories.tranche_at(scene, T.LOCKED)
    outsider = browser(scene.cast.outsider_side.head)

    hidden = outsider.get(page(tranche, name))
    missing = outsider.get(reverse(f"exchanges:{name}", args=[MISSING]))

    assert (hidden.status_code, hidden.content) == (404, missing.content)


@pytest.mark.slow
@pytest.mark.parametrize("status", list(T))
def test_every_status_has_its_page(scene, browser, status):
    tranche = factories.tranche_at(scene, status)

    for user in (scene.cast.north.head, scene.cast.north.handover, scene.cast.south.president, scene.cast.mediator):
        client = browser(user)
        response = client.get(page(tranche))
        assert response.status_code == 200
        assert str(T(status).label) in response.content.decode()
        assert client.get(page(tranche, "line")).status_code == 200


@pytest.mark.parametrize("status", [T.PLANNED, T.IN_SIGN_OFF, T.GONE])
def test_every_step_has_its_page_or_says_why_not(scene, browser, status):
    tranche = factories.tranche_at(scene, status)
    client = browser(scene.cast.north.head)

    for name in TRANSITIONS:
        assert client.get(step(tranche, name)).status_code == 200


def test_other_sides_internal_steps_are_k_of_n(scene, browser):
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)
    factories.sign(tranche, scene.cast.south, scene.cast.south.head)

    content = browser(scene.cast.north.head).get(f"{page(tranche)}?part=ladder", headers={"HX-Request": "true"}).content
    ladder = content.decode()

    assert "1 of 2 signed" in ladder
    assert "North headquarters" in ladder
    assert "South headquarters" not in ladder
    assert "Office of the President of South" in ladder


def test_lock_takes_two_people_of_each_side(scene, browser):
    tranche = factories.tranche_at(scene, T.PLANNED)
    people = [scene.cast.north.head, scene.cast.north.deputy, scene.cast.south.head, scene.cast.south.deputy]

    for user in people[:3]:
        assert browser(user).post(step(tranche, "lock")).status_code == 302
        assert reread(tranche).status == T.PLANNED
    browser(people[3]).post(step(tranche, "lock"))

    assert reread(tranche).status == T.LOCKED


def test_second_person_reads_what_the_first_asked(scene, browser):
    tranche = factories.tranche_at(scene, T.PLANNED)
    tranche_operations.lock(tranche, actor=scene.cast.north.head)

    seen = browser(scene.cast.north.deputy).get(page(tranche)).content.decode()
    other = browser(scene.cast.south.head).get(page(tranche)).content.decode()

    assert "north head asks you to agree to the lock" in seen
    assert "north head" not in other
    assert SecondPair.objects.unscoped("test").count() == 1


def test_the_one_who_asked_cannot_confirm(scene, browser):
    tranche = factories.tranche_at(scene, T.PLANNED)
    client = browser(scene.cast.north.head)
    client.post(step(tranche, "lock"))

    response = client.post(step(tranche, "lock"))

    assert response.status_code == 409
    assert "a second person of your side has to confirm it" in response.content.decode()


def test_hold_is_one_tap_without_a_password(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)
    client = browser(scene.cast.south.medic)

    assert 'class="line-hold"' in client.get(page(tranche)).content.decode()
    assert 'class="line-hold"' in client.get(page(tranche, "line")).content.decode()
    assert client.post(step(tranche, "hold")).url == page(tranche)

    assert Hold.objects.unscoped("test").get().participant == scene.south
    assert "held by South" in client.get(page(tranche)).content.decode()


def test_hold_stands_in_no_corner_where_it_stops_nothing(scene, browser):
    tranche = factories.tranche_at(scene, T.PLANNED)

    assert 'class="line-hold"' not in browser(scene.cast.north.head).get(page(tranche)).content.decode()


def test_entries_are_cleared_by_one_button(scene, browser):
    tranche = factories.tranche_at(scene, T.LOCKED)

    assert browser(scene.cast.north.head).post(page(tranche, "clearance")).url == page(tranche)

    assert Cleared.objects.unscoped("test").filter(participant=scene.north).count() == 6


def test_go_of_both_sides_lets_it_go(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)

    browser(scene.cast.north.handover).post(step(tranche, "go"))
    assert reread(tranche).status == T.STAGED
    browser(scene.cast.south.handover).post(step(tranche, "go"))

    assert reread(tranche).status == T.GONE


def test_go_is_asked_with_heads_and_what_follows(scene, browser):
    tranche = factories.tranche_at(scene, T.STAGED)
    north, south = browser(scene.cast.north.handover), browser(scene.cast.south.handover)

    assert (
        f'<a class="button button-primary" href="{step(tranche, "go")}">' in north.get(page(tranche)).content.decode()
    )
    first = north.get(step(tranche, "go")).content.decode()
    north.post(step(tranche, "go"))
    last = south.get(step(tranche, "go")).content.decode()

    assert "After this one it still waits for: South." in first
    assert "This is the last go" not in first
    assert first.count("<strong>3</strong>") == last.count("<strong>3</strong>") == 2
    assert "This is the last go: with it the tranche has gone." in last
    assert "This cannot be undone." in last
    assert reread(tranche).status == T.STAGED


@pytest.mark.parametrize(
    ("name", "says"),
    [("abort", "The tranche does not go."), ("unlock", "4 steps that were approved lapse for good, with your reason.")],
)
def test_what_cannot_be_undone_says_what_follows(scene, browser, name, says):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    assert says in browser(scene.cast.north.head).get(step(tranche, name)).content.decode()


def test_receipts_line_by_line_and_all_the_others(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    first = (
        Entry.objects.unscoped("test").filter(tranche=tranche, direction__receiver=scene.north).order_by("number")[0]
    )
    typed = {"all_received": "on", f"outcome-{first.pk}": "not_presented", f"note-{first.pk}": "did not come"}

    assert browser(scene.cast.north.handover).post(step(tranche, "record_receipts"), typed).url == page(tranche)

    outcomes = Receipt.objects.unscoped("test").order_by("outcome").values_list("outcome", flat=True)
    assert list(outcomes) == ["not_presented", "received", "received"]


def test_exceptions_are_named_by_number_and_the_rest_received(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    client = browser(scene.cast.north.handover)
    wrong = {"all_received": "on", "numbers-died": "2, 9", "numbers-evacuated": "1-2"}

    refused = client.post(step(tranche, "record_receipts"), wrong)
    twice = client.post(step(tranche, "record_receipts"), wrong | {"numbers-died": "2"})

    assert refused.status_code == twice.status_code == 400
    assert refused.context["form"].errors == {"numbers-died": ["There is no #9 on this list."]}
    assert twice.context["form"].errors == {"numbers-evacuated": ["#2 is named twice: one outcome a line."]}
    assert 'value="1-2"' in twice.content.decode()
    assert not Receipt.objects.unscoped("test").exists()
    client.post(step(tranche, "record_receipts"), {"all_received": "on", "numbers-died": "2"})
    told = Receipt.objects.unscoped("test").order_by("entry__number").values_list("outcome", flat=True)
    assert list(told) == ["received", "died", "received"]


def test_receipts_can_go_on_from_window_to_window(scene, browser, monkeypatch):
    monkeypatch.setattr("exchanges.presentation.tranche_page.WINDOW", 2)
    tranche = factories.tranche_at(scene, T.GONE)
    client = browser(scene.cast.north.handover)
    first = client.get(step(tranche, "record_receipts")).context["form"].lines[0]

    response = client.post(step(tranche, "record_receipts"), {f"outcome-{first.pk}": "received", "next": "on"})

    assert response.url == f"{step(tranche, 'record_receipts')}?direction=1&from=2#lines"
    assert Receipt.objects.unscoped("test").count() == 1


def test_note_without_an_outcome_is_asked_what_became_of_the_line(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    client = browser(scene.cast.north.handover)
    first = client.get(step(tranche, "record_receipts")).context["form"].lines[0]

    response = client.post(step(tranche, "record_receipts"), {f"note-{first.pk}": "in hospital", "all_received": "on"})

    assert response.context["form"].errors == {f"outcome-{first.pk}": ["Say what became of #1."]}
    assert not Receipt.objects.unscoped("test").exists()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (T.GONE, ["North has not stated how many it presented; 3 were locked.", "3 lines have no outcome yet."]),
        (T.RECEIVED, ["South states that it presented 3 of the 3 who were locked.", "The two counts agree."]),
        (
            T.DISPUTED,
            [
                "North recorded 2 as received; besides: 1 not presented.",
                "The two differ by 1: South says it presented them, North did not receive them.",
                "North by recording the receipt of a line again (head of delegation, handover officer), South by stating",
            ],
        ),
        (T.ONE_SIDED, ["Nobody was received in this direction; in another somebody was.", "The two counts agree."]),
    ],
)
def test_how_it_ended_is_said_in_sentences(scene, browser, status, says):
    tranche = factories.tranche_at(scene, status)

    for user in (scene.cast.south.head, scene.cast.mediator):
        part = browser(user).get(f"{page(tranche)}?part=account", headers={"HX-Request": "true"}).content.decode()
        assert [sentence for sentence in says if sentence not in part] == []
    assert step(tranche, "settle") in browser(scene.cast.south.head).get(page(tranche)).content.decode()
    assert (
        "What your side said can be put right:" not in browser(scene.cast.mediator).get(page(tranche)).content.decode()
    )


def test_holder_has_to_state_its_count(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    head = browser(scene.cast.north.head)

    shown = head.get(step(tranche, "settle")).content.decode()
    response = head.post(step(tranche, "settle"), {"presented": ""})

    assert "How many people your side presented" in shown
    assert "(optional)" not in shown.split("presented, ")[1].split("</label>")[0]
    assert "It still waits for: North – receipts of 3 lines" not in shown
    assert "South – receipts of 3 lines" in shown
    assert response.context["form"].errors == {"presented": ["This field is required."]}


def test_holder_in_several_directions_is_asked_for_each(scene):
    first, second = factories.directions(factories.draft(scene))
    transition = TRANSITIONS["settle"]
    typed = {f"presented.{first.pk}": "2", f"presented.{second.pk}": ""}

    asked = SettleForm(typed, own=[first, second], transition=transition)
    whole = SettleForm(typed | {f"presented.{second.pk}": "0"}, own=[first, second], transition=transition)
    none = SettleForm({}, own=[], transition=transition)

    assert list(asked.errors) == [f"presented.{second.pk}"]
    assert whole.is_valid()
    assert whole.given() == {"presented": {str(first.pk): 2, str(second.pk): 0}}
    assert none.is_valid()
    assert none.given() == {"presented": None}


def test_next_lines_are_still_told_as_the_word_of_the_absent(scene):
    window = LinesWindow([], [], 50, 1, 50, "", "?direction=1&from=50#lines", "", 1, 90)

    told = with_word(window, scene.south)

    assert (told.previous_url, told.next_url) == ("", f"?word={scene.south.pk}&direction=1&from=50#lines")


def test_refused_form_takes_the_focus_and_opens_what_is_wrong(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    typed = {"presented": "3", "happened_at": "2999-01-01T10:00"}

    response = browser(scene.cast.north.head).post(step(tranche, "settle"), typed)

    content = response.content.decode()
    assert 'class="form-errors" role="alert" tabindex="-1" autofocus' in content
    assert '<details class="aside" open>' in content
    assert 'value="2999-01-01T10:00"' in content


def test_empty_receipts_are_refused_at_the_form(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)

    response = browser(scene.cast.north.handover).post(step(tranche, "record_receipts"), {})

    assert response.status_code == 400
    assert "Name at least one entry and its outcome." in response.content.decode()


def test_counts_of_each_side_stand_apart(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    for side in (scene.cast.north, scene.cast.south):
        browser(side.handover).post(step(tranche, "record_receipts"), {"all_received": "on"})

    browser(scene.cast.north.head).post(step(tranche, "settle"), {"presented": "4"})
    browser(scene.cast.south.head).post(step(tranche, "settle"), {"presented": "3"})

    assert reread(tranche).status == T.DISPUTED
    assert "disputed" in browser(scene.cast.north.head).get(page(tranche)).content.decode()


def test_unlocking_asks_for_the_change(scene, browser):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    client = browser(scene.cast.north.head)

    assert client.post(step(tranche, "unlock")).status_code == 400
    assert client.post(step(tranche, "unlock"), {"reason": "the date moved"}).status_code == 302

    assert reread(tranche).status == T.PLANNED


def test_a_tranche_of_nobody_is_planned_only_by_who_says_so(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    client, address = browser(scene.cast.north.negotiator), reverse("exchanges:tranches", args=[exchange.pk])
    asked = "Plan it with nobody in it"
    typed = {"planned_on": "2025-05-24", "place": "the border", "time_zone": "UTC", "all-1": "on"}
    assert asked not in client.get(address).text

    answer = client.post(address, typed)  # nothing is agreed, so "all" is nobody
    assert answer.status_code == 400
    assert asked in answer.text
    assert "Nobody would stand in this tranche." in answer.text
    assert 'value="the border"' in answer.text
    assert not Tranche.objects.unscoped("test").exists()

    planned = client.post(address, typed | {"nobody_yet": "on"}, follow=True)
    assert "Tranche 1 is planned. Nobody stands in it yet" in planned.text
    assert Tranche.objects.unscoped("test").get().place == "the border"


def test_plan_changes_by_numbers_until_the_lock(scene, browser):
    tranche = factories.tranche_at(scene, T.PLANNED)
    client = browser(scene.cast.north.negotiator)
    typed = {
        "planned_on": "2025-05-24",
        "place": "the bridge",
        "time_zone": "UTC",
        "remove-1": "1",
        "conspicuous-2": "2-3",
    }

    assert client.post(page(tranche, "plan"), typed).url == page(tranche)

    assert (reread(tranche).place, tranche.entries.count()) == ("the bridge", 5)
    assert tranche.entries.filter(is_conspicuous=True).count() == 2


def test_correction_is_confirmed_by_sending_the_same_again(scene, browser):
    tranche = factories.tranche_at(scene, T.LOCKED)
    entry = Entry.objects.unscoped("test").filter(tranche=tranche).order_by("number")[0]
    typed = {"entry": entry.pk, "family": "Righted", "source": "passport"}

    browser(scene.cast.north.head).post(step(tranche, "correct_entry"), typed)
    entry.refresh_from_db()
    assert entry.family != "Righted"
    second = browser(scene.cast.north.deputy)
    assert 'value="Righted"' in second.get(step(tranche, "correct_entry")).content.decode()
    second.post(step(tranche, "correct_entry"), typed)

    entry.refresh_from_db()
    assert entry.family == "Righted"


def test_manifest_is_all_that_the_neutral_intermediary_sees(scene, browser):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    neutral = browser(scene.cast.neutral)

    assert neutral.get(page(tranche)).status_code == 404
    assert neutral.get(page(tranche, "manifest")).status_code == 404


def test_number_of_queries_does_not_grow_with_the_rows(scene, browser):
    few = factories.tranche_at(scene, T.IN_SIGN_OFF, count=15)
    many = factories.tranche_at(scene, T.IN_SIGN_OFF, count=150)
    client = browser(scene.cast.north.head)
    client.get(page(few))
    counted = []
    for tranche in (few, many):
        with CaptureQueriesContext(connection) as captured:
            client.get(page(tranche))
        counted.append(len(captured))

    assert counted == [PAGE_QUERIES, PAGE_QUERIES]
