"""Keys: made from a session, shown once, acting as one membership, revoked."""

import pytest

from accounts.models import ApiKey
from tests import factories
from tests.api.conftest import Caller


@pytest.fixture
def made(cast, api) -> dict:
    body = {"label": "feed", "organisation": str(cast.north.hq.pk), "role": "head_of_delegation"}
    answer = api(cast.north.head).post("keys/", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def with_token(made: dict) -> Caller:
    return Caller(Authorization=f"Bearer {made['token']}")


def test_a_key_opens_what_its_membership_opens(made, cast):
    account = with_token(made).get("account/").json()

    assert account["username"] == "north-head"
    assert [seat["role"] for seat in account["memberships"]] == ["head_of_delegation"]


def test_the_token_is_shown_once(made, cast, api):
    shown = api(cast.north.head).get(made["url"])

    assert made["token"].encode() not in shown.content
    assert "token" not in shown.json()
    assert ApiKey.objects.unscoped("test").get().secret_hash not in shown.content.decode()


def test_a_revoked_key_opens_nothing(made, cast, api):
    assert api(cast.north.head).step("keys", made["id"], "revoke").status_code == 200

    assert with_token(made).get("account/").status_code == 401


def test_others_do_not_see_it(made, cast, api):
    assert api(cast.north.deputy).get("keys/").json()["results"] == []
    assert api(cast.north.deputy).step("keys", made["id"], "revoke").status_code == 404


def test_a_key_makes_no_keys_and_no_answer_with_a_token_is_kept(made, cast, api):
    body = {"label": "more", "organisation": str(cast.north.hq.pk), "role": "head_of_delegation"}

    assert with_token(made).post("keys/", body).status_code == 409
    assert api(cast.north.head).post("keys/", body, Idempotency_Key="k").status_code == 400


def test_a_membership_that_one_does_not_hold_is_400(cast, api):
    body = {"label": "x", "organisation": str(cast.south.hq.pk), "role": "clerk"}

    assert set(api(cast.north.head).post("keys/", body).json()["errors"]) == {"role"}


def test_a_key_cannot_sign(scene, api):
    tranche = factories.tranche_at(scene, "in_sign_off")
    rung = factories.step_of(tranche, scene.cast.north)
    body = {"label": "x", "organisation": str(scene.cast.north.hq.pk), "role": "signatory"}
    key = with_token(api(scene.cast.north.head).post("keys/", body).json())

    answer = key.step(
        "sign-offs", rung.pk, "approve", digest=factories.digest_of(rung), password="a long enough password"
    )

    assert answer.status_code == 409
