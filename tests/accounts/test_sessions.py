"""Sessions: fifteen minutes without use, twelve hours in any case, over at once for a closed account or changed password."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.operations import change_user, set_password
from tests.cast import PASSWORD


@pytest.fixture
def client(cast) -> Client:
    client = Client()
    client.post("/sign-in/", {"username": "north-head", "password": PASSWORD})
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def later(**span: int):
    return time_machine.travel(timezone.now() + timedelta(**span), tick=False)


def test_session_ends_after_fifteen_minutes_without_use(client):
    with later(minutes=14):
        assert is_signed_in(client)
    with later(minutes=30):
        assert not is_signed_in(client)


@pytest.mark.slow
def test_use_keeps_it_until_twelve_hours_have_passed(client):
    for minutes in range(14, 12 * 60, 14):
        with later(minutes=minutes):
            assert is_signed_in(client), minutes
    with later(hours=12, minutes=1):
        assert not is_signed_in(client)


def test_api_session_ends_too(client):
    with later(minutes=20):
        assert client.get("/api/v1/account/").status_code == 401


def test_closed_account_is_out_at_once(client, cast):
    change_user(cast.north.head, organisation=cast.north.hq, actor=cast.north.deputy, is_active=False)

    assert not is_signed_in(client)


def test_changed_password_ends_other_sessions(client, cast):
    set_password(cast.north.head, "another long password", actor=cast.north.head)

    assert not is_signed_in(client)


def test_session_key_changes_at_sign_in(cast):
    client = Client()
    client.get("/sign-in/")
    before = client.session.session_key
    client.post("/sign-in/", {"username": "north-head", "password": PASSWORD})

    assert client.session.session_key != before


def test_passwords_are_hashed_by_argon2_outside_the_tests():
    from config import settings as written

    assert written.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
    assert settings.SESSION_COOKIE_SAMESITE == "Strict"
    assert settings.SESSION_COOKIE_HTTPONLY
