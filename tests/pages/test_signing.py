"""The sheet: what is signed in words, the two ways to sign, and what a stale page is answered."""

from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.guessing import FREE_TRIES
from core import clock
from exchanges.models import SignOff, SignOffPaper, StepStatus, Tranche, TrancheStatus
from exchanges.operations import tranche as tranche_operations
from exchanges.operations.tranche import change_plan
from tests import factories
from tests.cast import PASSWORD

T = TrancheStatus


def sheet(tranche, step=None):
    url = reverse("exchanges:sign", args=[tranche.pk])
    return f"{url}?step={step.pk}" if step else url


def steps(step, name="approve"):
    return reverse("exchanges:sign_off_step", args=[step.pk, name])


def reread(tranche):
    return Tranche.objects.unscoped("test").get(pk=tranche.pk)


@pytest.fixture
def awaiting(scene):
    return factories.tranche_at(scene, T.AWAITING_FINAL)


@pytest.fixture
def final(scene, awaiting):
    return factories.step_of(awaiting, scene.cast.north, final=True)


def signed(step, **typed):
    return {"manner": "signed", "digest": factories.digest_of(step), "password": PASSWORD, **typed}


def recorded(step, **typed):
    return {
        "manner": "recorded", "digest": factories.digest_of(step), "decided_by": "The President",
        "reached_office_how": "by courier", "document_number": "D-1",
        "reached_office_at": clock.now().strftime("%Y-%m-%dT%H:%M"), **typed,
    }  # fmt: skip


def test_sheet_shows_the_digest_in_words_and_who_has_signed(scene, browser, awaiting, final):
    content = browser(scene.cast.north.president).get(sheet(awaiting)).content.decode()

    assert content.count('<span class="place">') == 8
    assert factories.digest_of(final) in content
    assert "Final sign-off" in content
    assert 'name="password"' in content
    assert 'name="decided_by"' not in content


def test_decision_is_taken_to_have_reached_the_office_now(scene, browser, awaiting, final):
    client = browser(scene.cast.north.secretary)
    with time_machine.travel(clock.now(), tick=False):
        content = client.get(sheet(awaiting)).content.decode()
        present = timezone.localtime(clock.now(), ZoneInfo(scene.cast.north.secretary.time_zone))

    assert f'value="{present:%Y-%m-%dT%H:%M}"' in content


def test_president_signs_with_the_password(scene, browser, awaiting, final):
    response = browser(scene.cast.north.president).post(steps(final), signed(final))

    final.refresh_from_db()
    assert response.url == reverse("exchanges:tranche", args=[awaiting.pk])
    assert final.status == StepStatus.APPROVED


@pytest.mark.parametrize("password", ["", "not my password"])
def test_without_the_password_nothing_is_signed(scene, browser, final, password):
    response = browser(scene.cast.north.president).post(steps(final), signed(final, password=password))

    assert response.status_code == 400
    assert not SignOff.objects.unscoped("test").filter(step=final).exists()


def test_guessing_the_password_of_an_open_session_is_slowed(scene, browser, final):
    client = browser(scene.cast.north.president)
    with time_machine.travel(timezone.now(), tick=False):
        for _try in range(FREE_TRIES["name"]):
            client.post(steps(final), signed(final, password="not my password"))
        answer = client.post(steps(final), signed(final))  # also the right one waits

    assert "try again in" in answer.content.decode()
    assert reread(final.tranche).status == "awaiting_final_sign_off"


def test_password_lasts_five_minutes(scene, browser, awaiting, final):
    client = browser(scene.cast.north.president)
    client.post(steps(final), signed(final))
    client.post(steps(final, "withdraw"), {"reason": "wait"})

    assert "less than five minutes ago" in client.get(sheet(awaiting)).content.decode()
    client.post(steps(final), signed(final, password=""))

    final.refresh_from_db()
    assert final.status == StepStatus.APPROVED


def test_stale_page_is_refused_and_comes_back_current(scene, browser, awaiting, final):
    stale = signed(final)
    tranche_operations.take_step(awaiting, "unlock", actor=scene.cast.south.head, reason="the date moved")
    change_plan(reread(awaiting), actor=scene.cast.south.negotiator, place="the bridge")
    factories.lock(scene, reread(awaiting))
    tranche_operations.take_step(reread(awaiting), "start_sign_off", actor=scene.cast.north.head)
    for side in (scene.cast.north, scene.cast.south):
        factories.sign(awaiting, side, side.head)
    fresh = factories.step_of(awaiting, scene.cast.north, final=True)

    response = browser(scene.cast.north.president).post(steps(fresh), stale)

    assert response.status_code == 409
    assert "What you read is no longer what would be signed" in response.content.decode()
    assert f'value="{factories.digest_of(fresh)}"' in response.content.decode()
    assert not SignOff.objects.unscoped("test").filter(step=fresh).exists()


def test_who_signed_before_reads_what_changed_since(scene, browser, awaiting, final):
    factories.sign(awaiting, scene.cast.north, scene.cast.north.president, final=True)
    tranche_operations.take_step(awaiting, "unlock", actor=scene.cast.south.head, reason="the place moved")
    change_plan(reread(awaiting), actor=scene.cast.south.negotiator, place="the bridge")
    factories.lock(scene, reread(awaiting))

    content = browser(scene.cast.north.president).get(sheet(awaiting)).content.decode()

    assert "What changed since this office last signed" in content
    assert "Place: the border, now the bridge" in content


def test_office_records_the_decision_with_two_people(scene, browser, final):
    first, second = browser(scene.cast.north.secretary), browser(scene.cast.north.registrar)

    assert first.post(steps(final), recorded(final)).status_code == 302
    assert not SignOff.objects.unscoped("test").filter(step=final).exists()
    page = second.get(sheet(final.tranche, final)).content.decode()
    assert "by courier" in page
    second.post(steps(final), {"manner": "recorded", "digest": factories.digest_of(final)})

    paper = SignOffPaper.objects.unscoped("test").get(sign_off__step=final)
    assert (paper.user, paper.confirmed_by) == (scene.cast.north.secretary, scene.cast.north.registrar)


def test_papers_are_asked_for_at_their_fields(scene, browser, final):
    response = browser(scene.cast.north.secretary).post(steps(final), recorded(final, document_number=""))

    assert response.status_code == 400
    assert 'id="recorded-document_number_error"' in response.content.decode()
    assert 'value="by courier"' in response.content.decode()


def test_refusal_and_withdrawal_give_a_reason(scene, browser, awaiting, final):
    client = browser(scene.cast.north.president)

    assert client.post(steps(final, "refuse")).status_code == 400
    assert client.post(steps(final, "refuse"), {"reason": "not these"}).status_code == 302
    assert client.post(steps(final), signed(final)).status_code == 302
    assert client.post(steps(final, "withdraw"), {"reason": "news"}).status_code == 302

    assert reread(awaiting).status == T.AWAITING_FINAL


def test_withdrawal_after_the_go_is_told_so(scene, browser):
    tranche = factories.tranche_at(scene, T.GONE)
    final = factories.step_of(tranche, scene.cast.north, final=True)

    response = browser(scene.cast.north.president).post(steps(final, "withdraw"), {"reason": "too late"})

    assert response.status_code == 409
    assert "there is nothing left to withdraw" in response.content.decode()


def test_other_side_cannot_sign_ours(scene, browser, awaiting, final):
    client = browser(scene.cast.south.president)

    assert client.get(sheet(awaiting, final)).status_code == 200
    response = client.post(steps(final), signed(final))

    assert response.status_code == 409
    assert "This step is for Office of the President of North." in response.content.decode()


def test_internal_step_of_the_other_side_does_not_exist(scene, browser):
    tranche = factories.tranche_at(scene, T.IN_SIGN_OFF)
    internal = factories.step_of(tranche, scene.cast.south)

    assert browser(scene.cast.north.head).post(steps(internal), signed(internal)).status_code == 404
