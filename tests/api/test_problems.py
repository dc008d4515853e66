"""Every refusal in one shape; a hidden row and a missing one in the same bytes."""

from uuid import uuid4

import pytest

from access.doors import PerCaller
from access.roles import Role
from accounts.operations import add_membership, give_grant
from audit.models import Event
from exchanges.models import Exchange
from exchanges.operations.tranche import take_step
from tests import factories
from tests.api.conftest import Caller


@pytest.fixture
def proposed(scene) -> Exchange:
    return factories.exchange_at(scene, "proposed")


def problem(response, status: int) -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == status
    return body


def same(one, other) -> bool:
    ours = [(r.status_code, r.content, dict(r.headers)) for r in (one, other)]
    return ours[0] == ours[1]


def test_nobody_signed_in_is_401(db):
    response = Caller().get("exchanges/")

    assert problem(response, 401)["code"] == "not_signed_in"
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_wrong_key_is_401(db):
    problem(Caller(Authorization="Bearer hwd_00000000_nothing").get("exchanges/"), 401)


def test_an_outsider_cannot_tell_a_hidden_row_from_a_missing_one(scene, api):
    tranche = factories.tranche_at(scene, "signed_off")
    outsider = api(scene.cast.outsider)
    rung = factories.step_of(tranche, scene.cast.north)
    entry = tranche.entries.first()
    hidden = {
        "negotiations": scene.negotiation.pk, "exchanges": tranche.exchange_id, "tranches": tranche.pk,
        "directions": entry.direction_id, "entries": entry.pk, "sign-offs": rung.pk,
        "answers": entry.answers.first().pk, "revisions": entry.direction.revisions.first().pk,
        "manifests": tranche.manifests.first().pk, "compartments": tranche.compartment_id,
        "events": f"{tranche.compartment_id}:1",
    }  # fmt: skip

    for plural, pk in hidden.items():
        missing = outsider.get(f"{plural}/{uuid4()}/")
        problem(missing, 404)
        assert same(outsider.get(f"{plural}/{pk}/"), missing), plural
        assert same(outsider.get(f"{plural}/nonsense/"), missing), plural
        listed = {row["id"] for row in outsider.get(f"{plural}/", page_size=200).json()["results"]}
        assert str(pk) not in listed, plural
        assert not listed or plural in ("compartments", "events"), plural


def test_a_step_on_a_hidden_row_is_404_whatever_its_body(proposed, scene, api):
    outsider = api(scene.cast.outsider)
    missing = outsider.step("exchanges", uuid4(), "accept", formula_version=1)

    assert same(outsider.step("exchanges", proposed.pk, "accept", formula_version=1), missing)
    assert same(outsider.step("exchanges", proposed.pk, "accept", nonsense=1), missing)
    assert same(outsider.step("exchanges", proposed.pk, "nonsense"), outsider.step("exchanges", uuid4(), "nonsense"))


def test_a_filter_by_a_hidden_row_is_an_empty_list(proposed, scene, api):
    found = api(scene.cast.outsider).get("directions/", exchange=proposed.pk)

    assert found.json() == api(scene.cast.outsider).get("directions/", exchange=uuid4()).json()


def test_an_unknown_step_of_a_visible_row_is_404(proposed, scene, api):
    problem(api(scene.cast.north.head).step("exchanges", proposed.pk, "celebrate"), 404)


def test_an_unknown_address_is_like_a_missing_row(scene, api):
    caller = api(scene.cast.north.head)

    assert problem(caller.get("prisoners/"), 404) == problem(caller.get(f"exchanges/{uuid4()}/"), 404)
    problem(Caller().get("prisoners/"), 401)


def test_a_missing_capability_on_a_visible_row_is_409_with_the_sentence(proposed, scene, api):
    before = Event.objects.unscoped("test").count()

    body = problem(api(scene.cast.south.clerk).step("exchanges", proposed.pk, "accept", formula_version=1), 409)

    assert "negotiator" in body["detail"]
    assert Event.objects.unscoped("test").count() == before


def test_a_step_that_the_table_refuses_is_409(proposed, scene, api):
    body = problem(api(scene.cast.south.head).step("exchanges", proposed.pk, "postpone", reason="rain"), 409)

    assert body["code"] == "refused"


def test_unknown_keys_are_named(proposed, scene, api):
    caller = api(scene.cast.south.head)

    assert set(problem(caller.step("exchanges", proposed.pk, "decline", raeson="no"), 400)["errors"]) == {"raeson"}
    assert set(problem(caller.get("exchanges/", colour="red"), 400)["errors"]) == {"colour"}
    body = {"negotiation": str(scene.negotiation.pk), "title": "x", "directions": [{"holdre": 1}]}
    errors = problem(caller.post("exchanges/", body), 400)["errors"]
    assert set(errors) == {"directions.0.holdre"}


@pytest.mark.parametrize(
    "raw", [b"{", b"[1]", b"null", b"NaN", b"[" * 100_000, b'{"reason": "\xff"}', b'{"reason": "\\u0000"}']
)
def test_malformed_bodies_are_400(raw, proposed, scene, api):
    client = api(scene.cast.south.head).client

    response = client.post(f"/api/v1/exchanges/{proposed.pk}/steps/decline/", raw, content_type="application/json")

    problem(response, 400)


def test_another_media_type_is_415(proposed, scene, api):
    client = api(scene.cast.south.head).client

    problem(client.post(f"/api/v1/exchanges/{proposed.pk}/steps/decline/", {"reason": "no"}), 415)


def test_another_method_is_405(proposed, scene, api):
    problem(api(scene.cast.south.head).client.delete(f"/api/v1/exchanges/{proposed.pk}/"), 405)


def test_times_name_their_zone(proposed, scene, api):
    answer = api(scene.cast.south.head).step(
        "exchanges", proposed.pk, "decline", reason="no", happened_at="2025-05-23T10:00:00"
    )

    assert set(problem(answer, 400)["errors"]) == {"happened_at"}


def test_a_stale_version_is_412_by_header_and_by_body(proposed, scene, api):
    caller = api(scene.cast.south.negotiator)
    path = f"exchanges/{proposed.pk}/steps/accept/"
    etag = caller.get(f"exchanges/{proposed.pk}/")["ETag"]

    assert etag == f'"{proposed.version}"'
    problem(caller.post(path, {"formula_version": 1}, If_Match='"1"'), 412)
    problem(caller.post(path, {"formula_version": 1, "version": 1}), 412)
    assert caller.post(path, {"formula_version": 1}, If_Match=etag).status_code == 200


def test_a_stale_plan_is_412(planned, scene, api):
    caller = api(scene.cast.north.negotiator)
    etag = caller.get(f"tranches/{planned.pk}/")["ETag"]

    assert caller.patch(f"tranches/{planned.pk}/", {"place": "the bridge"}, If_Match=etag).status_code == 200
    problem(caller.patch(f"tranches/{planned.pk}/", {"place": "the river"}, If_Match=etag), 412)


def test_naming_a_final_and_clearing_from_a_stale_state_are_412_too(planned, scene, api):
    head, north = api(scene.cast.north.head), scene.cast.north
    final = {"participant": str(scene.north.pk), "office": str(north.office.pk)}
    address = f"exchanges/{planned.exchange_id}/final-offices/"
    version = head.get(f"exchanges/{planned.exchange_id}/").json()["version"]

    problem(head.post(address, final | {"version": version - 1}), 412)
    problem(head.post(f"tranches/{planned.pk}/clearances/", {"version": 0}), 412)

    assert head.post(address, final | {"version": version}).status_code == 201


def test_who_is_conspicuous_is_named_by_ids(planned, scene, api):
    answer = api(scene.cast.north.negotiator).patch(f"tranches/{planned.pk}/", {"conspicuous": {"Abel": True}})

    assert set(problem(answer, 400)["errors"]) == {"conspicuous"}


def test_a_zone_that_is_none_is_refused(planned, scene, api):
    answer = api(scene.cast.north.negotiator).patch(f"tranches/{planned.pk}/", {"time_zone": "Mars/Utopia"})

    assert set(problem(answer, 400)["errors"]) == {"time_zone"}


def test_a_faulty_list_names_each_line_and_stores_nothing(scene, api):
    exchange = factories.exchange_at(scene, "negotiating")
    direction = factories.directions(exchange)[0]
    lines = [{"family_name": "Abel", "category": "prisoner_of_war"}, {"family_name": "Baker"}, {"category": "civilian"}]

    answer = api(scene.cast.south.negotiator).step(
        "directions", direction.pk, "submit", lines=lines, message="first", base=0
    )

    assert set(problem(answer, 400)["errors"]) == {"lines.2.category", "lines.3.family_name"}
    assert not direction.entries.exists()


def test_too_many_calls_are_429_with_a_time_to_wait(scene, api, monkeypatch):
    monkeypatch.setattr(PerCaller, "most", 2)
    caller = api(scene.cast.north.head)
    answers = [caller.get("exchanges/") for _ in range(3)]

    problem(answers[-1], 429)
    assert 1 <= int(answers[-1]["Retry-After"]) <= 61


def test_a_withdrawal_after_the_go_is_recorded_and_refused(scene, api):
    tranche = factories.tranche_at(scene, "gone")
    final = factories.step_of(tranche, scene.cast.north, final=True)
    caller = api(scene.cast.north.president)

    for number in (1, 2):
        answer = caller.post(
            f"sign-offs/{final.pk}/steps/withdraw/", {"reason": "he changed his mind"}, Idempotency_Key="one"
        )
        problem(answer, 409)
        told = Event.objects.unscoped("test").filter(
            kind="sign_off.withdrawal_too_late", compartment=tranche.compartment
        )
        assert told.count() == number


def test_csrf_is_asked_of_sessions(proposed, scene):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.cast.south.head)
    from accounts.middleware import begin

    session = client.session
    begin(session)
    session.save()

    response = client.post(
        f"/api/v1/exchanges/{proposed.pk}/steps/decline/", {"reason": "no"}, content_type="application/json"
    )

    problem(response, 403)


def test_a_neutral_reads_final_lists_of_the_present_lock_and_nothing_else(scene, api):
    cast = scene.cast
    tranche = factories.tranche_at(scene, "locked")
    give_grant(
        tranche.compartment, organisation=cast.neutral_organisation, roles=[Role.NEUTRAL], reason="the line",
        actor=cast.north.head,
    )  # fmt: skip
    neutral = api(cast.neutral)
    earlier = tranche.manifests.get()
    assert neutral.get("manifests/").json()["results"] == []

    take_step(tranche, "unlock", actor=cast.north.head, reason="the date")
    factories.lock(scene, tranche)
    take_step(tranche, "start_sign_off", actor=cast.north.head)
    for side in (cast.north, cast.south):
        factories.sign(tranche, side, side.head)
        factories.sign(tranche, side, side.president, final=True)

    (shown,) = neutral.get("manifests/").json()["results"]
    assert shown["lock_number"] == 2
    assert len(neutral.get(shown["url"]).json()["lines"]) == 6
    problem(neutral.get(f"manifests/{earlier.pk}/"), 404)
    problem(neutral.get(f"tranches/{tranche.pk}/"), 404)
    assert neutral.get("entries/").json()["results"] == []


def test_whoever_sits_on_both_sides_may_look_but_not_act(proposed, scene, api):
    cast = scene.cast
    add_membership(cast.south.head, cast.north.hq, Role.HEAD, actor=cast.north.head)

    shown = api(cast.south.head).get(f"exchanges/{proposed.pk}/")

    assert shown.status_code == 200
    assert not any(step["allowed"] for step in shown.json()["next_steps"])
    problem(api(cast.south.head).step("exchanges", proposed.pk, "decline", reason="no"), 409)


def test_a_draft_is_changed_by_patch_until_it_is_proposed(scene, api):
    draft = factories.draft(scene)
    north, address = api(scene.cast.north.negotiator), f"exchanges/{draft.pk}/"
    lines = [{"category": None, "count": 5}]
    both = [{"holder": str(scene.south.pk), "receiver": str(scene.north.pk), "lines": lines}]

    changed = north.patch(address, {"title": "5 for nobody", "directions": both}, If_Match=f'"{draft.version}"')

    assert changed.status_code == 200
    shown = changed.json()
    assert (shown["title"], shown["version"], len(shown["directions"])) == ("5 for nobody", draft.version + 1, 1)
    assert changed["ETag"] == f'"{draft.version + 1}"'
    problem(north.patch(address, {"title": "Stale", "version": draft.version}), 412)
    problem(north.patch(address, {"title": "Stale"}, If_Match=f'"{draft.version}"'), 412)
    half = problem(north.patch(address, {"directions": [{"holder": str(scene.south.pk), "lines": [{}]}]}), 400)
    assert set(half["errors"]) == {"directions.0.receiver", "directions.0.lines.0.count"}
    assert set(problem(north.patch(address, {"title": ""}), 400)["errors"]) == {"title"}
    assert set(problem(north.patch(address, {"status": "proposed"}), 400)["errors"]) == {"status"}
    problem(api(scene.cast.south.head).patch(address, {"title": "Theirs"}), 404)
    assert north.step("exchanges", draft.pk, "propose").status_code == 200
    late = problem(north.patch(address, {"title": "Late"}), 409)
    assert late["detail"].startswith("Only a draft can be changed.")
    assert north.get(address).json()["title"] == "5 for nobody"
