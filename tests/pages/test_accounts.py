"""Sign-in, sign-out and one's own account."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.operations import create_user, system_user
from tests.cast import PASSWORD

SIGN_IN = reverse("accounts:sign_in")


def sign_in(client, **given):
    return client.post(SIGN_IN, {"username": "north-head", "password": PASSWORD, **given})


def test_right_password_opens_home_with_a_session_that_has_begun(client, cast):
    response = sign_in(client)

    assert response.url == "/"
    assert client.get("/").status_code == 200
    assert client.session["started_at"]


def test_sign_in_goes_on_to_the_page_that_was_asked_for(client, cast):
    asked = client.get("/exchanges/")

    assert asked.url == "/sign-in/?next=/exchanges/"
    assert sign_in(client, next="/exchanges/").url == "/exchanges/"


def test_sign_in_goes_nowhere_else(client, cast):
    assert sign_in(client, next="https://elsewhere.example/").url == "/"


def body_without_tokens(response):
    return re.sub(rb'(value|content)="\w{64}"', b"", response.content)


def test_unknown_name_wrong_password_and_closed_account_answer_alike(cast, settings):
    settings.DEMO = False  # the demonstration lists its accounts on this page
    closed = create_user("closed", label="x", organisation=cast.north.hq, password=PASSWORD, actor=system_user())
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    attempts = [("nobody", "x" * 12), ("north-head", "x" * 12), ("closed", PASSWORD)]
    bodies = []
    for username, password in attempts:
        response = sign_in(Client(), username=username, password=password)
        assert response.status_code == 400
        bodies.append(body_without_tokens(response).replace(username.encode(), b""))

    assert len(set(bodies)) == 1


def test_sign_out_ends_the_session_and_clears_the_browser(browser, cast):
    client = browser(cast.north.head)

    response = client.post("/sign-out/")

    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/").url.startswith("/sign-in/")


def test_language_and_time_zone_are_ones_own_to_choose(browser, cast):
    client = browser(cast.north.head)

    client.post("/account/", {"form": "preferences", "language": "uk", "time_zone": "Europe/Kyiv"})

    cast.north.head.refresh_from_db()
    assert (cast.north.head.language, cast.north.head.time_zone) == ("uk", "Europe/Kyiv")
    assert 'lang="uk"' in client.get("/account/").content.decode()


def test_password_changes_with_the_old_one(browser, cast):
    client = browser(cast.north.head)
    typed = {
        "form": "password",
        "old_password": PASSWORD,
        "password": "correct horse battery",
        "again": "correct horse battery",
    }

    assert client.post("/account/", typed).status_code == 302

    cast.north.head.refresh_from_db()
    assert cast.north.head.check_password("correct horse battery")
    assert client.get("/account/").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"old_password": "not this one"}, {"again": "another one entirely"}, {"password": "short", "again": "short"}],
)
def test_password_stays_where_something_is_wrong(browser, cast, wrong):
    client = browser(cast.north.head)
    typed = {
        "form": "password",
        "old_password": PASSWORD,
        "password": "correct horse battery",
        "again": "correct horse battery",
    }

    assert client.post("/account/", typed | wrong).status_code == 400

    cast.north.head.refresh_from_db()
    assert cast.north.head.check_password(PASSWORD)


def test_demo_accounts_stand_on_the_sign_in_page_of_the_demonstration_only(client, cast, settings):
    assert b"north-head" in client.get(SIGN_IN).content

    settings.DEMO = False

    assert b"north-head" not in client.get(SIGN_IN).content


def test_cookie_is_named_by_the_setting(client, cast):
    sign_in(client)

    assert settings.SESSION_COOKIE_NAME in client.cookies
