"""The same call under the same key is carried out once and answered alike."""

import pytest

from access.roles import Role
from accounts.models import IdempotencyKey
from accounts.operations import add_membership, end_membership, system_user
from audit.models import Event
from exchanges.models import Exchange
from tests import factories


@pytest.fixture
def accept(scene, api):
    exchange = factories.exchange_at(scene, "proposed")
    path = f"exchanges/{exchange.pk}/steps/accept/"

    def call(user=scene.cast.south.negotiator, key="once", **body):
        return api(user).post(path, {"formula_version": 1} | body, Idempotency_Key=key)

    return call


def events() -> int:
    return Event.objects.unscoped("test").count()


def test_a_second_call_repeats_the_first_answer(accept):
    first = accept()
    told = events()

    second = accept()

    assert (first.status_code, second.status_code) == (200, 200)
    assert (second.content, second["ETag"]) == (first.content, first["ETag"])
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert events() == told


def test_an_answer_is_repeated_though_the_version_has_moved_on(scene, api):
    exchange = factories.exchange_at(scene, "proposed")
    caller, path = api(scene.cast.south.negotiator), f"exchanges/{exchange.pk}/steps/accept/"
    headers = {"Idempotency_Key": "k", "If_Match": f'"{exchange.version}"'}

    first, second = (caller.post(path, {"formula_version": 1}, **headers) for _ in range(2))

    assert second.content == first.content
    assert second.status_code == 200


def test_another_body_under_the_same_key_is_422(accept):
    accept()

    answer = accept(reason="another")

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"


def test_keys_belong_to_their_caller(accept, scene):
    accept()

    assert accept(user=scene.cast.south.head).status_code == 409


def test_a_refusal_is_not_kept(accept):
    refused = accept(formula_version=7)

    assert refused.status_code == 409
    assert not IdempotencyKey.objects.exists()
    assert accept().status_code == 200


def test_what_is_created_is_created_once(scene, api):
    body = {
        "negotiation": str(scene.negotiation.pk), "title": "1 for 0",
        "directions": [{"holder": str(scene.south.pk), "receiver": str(scene.north.pk), "lines": [{"count": 1}]}],
    }  # fmt: skip
    caller = api(scene.cast.north.negotiator)

    first, second = (caller.post("exchanges/", body, Idempotency_Key="draft") for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert second["Location"] == first["Location"] == first.json()["url"]
    assert Exchange.objects.unscoped("test").count() == 1


def test_a_key_of_another_shape_is_400(accept):
    assert accept(key="x" * 256).status_code == 400


def one_for_none(scene):
    return {
        "negotiation": str(scene.negotiation.pk), "title": "1 for 0",
        "directions": [{"holder": str(scene.south.pk), "receiver": str(scene.north.pk), "lines": [{"count": 1}]}],
    }  # fmt: skip


def test_a_removed_member_is_not_told_again(scene, api):
    """Neither what they made nor what they did: as anybody, they find nothing."""
    north = scene.cast.north
    caller, exchange = api(north.negotiator), factories.exchange_at(scene, "draft")
    calls = [
        lambda: caller.post("exchanges/", one_for_none(scene), Idempotency_Key="draft"),
        lambda: caller.post(f"exchanges/{exchange.pk}/steps/propose/", {}, Idempotency_Key="step"),
    ]
    assert [call().status_code for call in calls] == [201, 200]

    # Still somebody elsewhere, so that their session goes on.
    add_membership(north.negotiator, scene.cast.ngo_organisation, Role.OBSERVER, actor=system_user())
    end_membership(north.negotiator.memberships.get(organisation=north.hq), actor=north.head)

    assert [call().status_code for call in calls] == [404, 404]

    end_membership(
        north.negotiator.memberships.get(organisation=scene.cast.ngo_organisation), actor=scene.cast.operator
    )

    assert [call().status_code for call in calls] == [401, 401]


def test_a_key_of_a_removed_member_is_not_told_again(scene, keyed):
    caller = keyed(scene.cast.north.negotiator)
    assert caller.post("exchanges/", one_for_none(scene), Idempotency_Key="draft").status_code == 201

    end_membership(scene.cast.north.negotiator.memberships.get(), actor=scene.cast.north.head)

    assert caller.post("exchanges/", one_for_none(scene), Idempotency_Key="draft").status_code == 401


def test_an_answer_given_under_another_role_is_not_repeated(scene, api):
    """What the first role saw may be more than the present one sees."""
    north = scene.cast.north
    caller = api(north.negotiator)
    caller.post("exchanges/", one_for_none(scene), Idempotency_Key="draft")
    add_membership(north.negotiator, north.hq, Role.OBSERVER, actor=north.head)
    end_membership(north.negotiator.memberships.get(role=Role.NEGOTIATOR), actor=north.head)

    answer = caller.post("exchanges/", one_for_none(scene), Idempotency_Key="draft")

    assert answer.status_code == 409
    assert answer.json()["code"] == "roles_changed"
    assert "1 for 0" not in answer.text
