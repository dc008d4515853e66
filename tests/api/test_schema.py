"""The description says what the API does, without a warning."""

import json
from functools import cache
from io import StringIO

from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver, reverse

from tests import factories


@cache
def schema() -> dict:
    response = Client().get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    return json.loads(response.content)


def test_it_is_made_without_a_warning():
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=StringIO())


def test_it_is_open_to_all_and_speaks_of_3_1(db):
    described = schema()

    assert described["openapi"] == "3.1.0"
    assert set(described["components"]["securitySchemes"]) == {"key", "session"}


def test_every_address_is_described_but_itself(db):
    described = set(schema()["paths"])
    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "namespace", "") == "api")
    routes = {
        "/api/v1/" + str(pattern.pattern).replace("<str:id>", "{id}")
        for pattern in resolver.url_patterns
    } - {"/api/v1/schema/", "/api/v1/docs/", "/api/v1/<path:rest>"}  # fmt: skip

    assert routes == described


def test_every_view_declares_its_access():
    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "namespace", "") == "api")

    assert all(isinstance(pattern.callback.cls.access, str) for pattern in resolver.url_patterns)


def test_answers_are_what_is_described(scene, api, db):
    from jsonschema import Draft202012Validator

    tranche = factories.tranche_at(scene, "received", count=2)
    described = schema()
    caller = api(scene.cast.north.head)
    checked = 0
    for path, methods in described["paths"].items():
        if "get" not in methods or "{" in path:
            continue
        answer = caller.get(path)
        shape = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**shape, "components": described["components"]}).validate(answer.json())
        for row in answer.json().get("results", [])[:3]:
            one = described["paths"][f"{path}{{id}}/"]["get"]["responses"]["200"]["content"]["application/json"][
                "schema"
            ]
            detail = caller.get(row["url"])
            assert detail.status_code == 200, row["url"]
            Draft202012Validator({**one, "components": described["components"]}).validate(detail.json())
            checked += 1
    assert tranche.pk
    assert checked > 30


def test_the_documentation_page_has_nothing_inline(db):
    page = Client().get("/api/v1/docs/")
    script = Client().get("/api/v1/docs/?script=")

    assert page.status_code == script.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert text.count("<script") == text.count("<script src=")
    assert "style=" not in text
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert script["Content-Type"].startswith("application/javascript")
    assert reverse("api:schema") == "/api/v1/schema/"
