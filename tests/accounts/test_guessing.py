"""Wrong passwords slow the next try down, alike for names that exist and names that do not, and lock nobody out."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.guessing import FREE_TRIES
from tests.cast import PASSWORD


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()
    yield
    cache.clear()


def attempt(username: str, password: str, address: str = "192.0.2.1"):
    return Client(REMOTE_ADDR=address).post("/sign-in/", {"username": username, "password": password})


@pytest.mark.parametrize("username", ["north-head", "nobody"])
def test_sixth_try_has_to_wait(cast, username):
    with time_machine.travel(timezone.now(), tick=False):
        for _try in range(FREE_TRIES["name"]):
            assert "do not open an account" in attempt(username, "wrong password").content.decode()

        assert "try again in 1 second" in attempt(username, PASSWORD).content.decode()


def test_waiting_is_enough(cast):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        for _try in range(FREE_TRIES["name"]):
            attempt("north-head", "wrong password")
    with time_machine.travel(start + timedelta(seconds=2), tick=False):
        assert attempt("north-head", PASSWORD).status_code == 302


def test_another_address_is_not_slowed(cast):
    for _try in range(FREE_TRIES["name"]):
        attempt("north-head", "wrong password")

    assert attempt("north-head", PASSWORD, address="192.0.2.2").status_code == 302


@pytest.mark.slow
def test_one_address_cannot_try_many_names(cast):
    with time_machine.travel(timezone.now(), tick=False):
        for number in range(FREE_TRIES["address"]):
            attempt(f"name-{number}", "wrong password")

        assert "try again in 1 second" in attempt("north-head", PASSWORD).content.decode()
