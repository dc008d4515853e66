"""Whoever asks: a key of the API, a signed-in browser."""

from typing import Any

from django.test import Client

from access.models import User
from accounts.middleware import begin
from accounts.operations import create_key


def api_client(user: User) -> Client:
    """As a partner's program: every request carries a key."""
    return Client(headers={"authorization": f"Bearer {key_of(user)}"})


def key_of(user: User) -> str:
    membership = user.memberships.order_by("pk").first()
    assert membership is not None
    _key, token = create_key(membership, label="benchmark", actor=user)
    return token


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    session: Any = client.session
    begin(session)
    session.save()
    return client
