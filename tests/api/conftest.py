"""Callers of the API: `api(user)` is signed in by session, `keyed(user, …)` calls with a key."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from access.models import User
from accounts.middleware import begin
from accounts.operations import create_key
from tests import factories


class Caller:
    def __init__(self, **headers: str) -> None:
        self.client = Client(headers=headers or None)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(full(path), query_params=query or None)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(full(path), body or {}, content_type="application/json", headers=named)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.patch(full(path), body, content_type="application/json", headers=named)

    def step(self, plural: str, pk: Any, step: str, **body: Any) -> Any:
        return self.post(f"{plural}/{pk}/steps/{step}/", body)


def full(path: str) -> str:
    return path if path.startswith("/") else f"/api/v1/{path}"


def signed_in(user: User) -> Caller:
    caller = Caller()
    caller.client.force_login(user)
    session = caller.client.session
    begin(session)
    session.save()
    return caller


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def api(db) -> Callable[[User], Caller]:
    made: dict[Any, Caller] = {}

    def of(user: User) -> Caller:
        return made.setdefault(user.pk, signed_in(user))

    return of


@pytest.fixture
def keyed(db) -> Callable[[User], Caller]:
    def of(user: User) -> Caller:
        _key, token = create_key(user.memberships.first(), label="test", actor=user)
        return Caller(Authorization=f"Bearer {token}")

    return of


@pytest.fixture
def planned(scene: factories.Talks) -> Any:
    return factories.tranche_at(scene, "planned")
