"""A browser for each of the cast."""

import pytest
from django.test import Client

from accounts.middleware import begin


@pytest.fixture
def browser():
    """`browser(user)`: signed in, with a session that has just begun."""

    def signed_in(user):
        client = Client()
        client.force_login(user)
        session = client.session
        begin(session)
        session.save()
        return client

    return signed_in
