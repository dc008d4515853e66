import pytest

from accounts.middleware import begin


@pytest.fixture
def as_user(client):
    """The client, signed in as somebody, with a session that counts as begun."""

    def sign_in(user):
        client.force_login(user)
        session = client.session
        begin(session)
        session.save()
        return client

    return sign_in
