"""axe-core finds nothing on any page that anybody can reach, in any state: light, dark, Arabic, a refused form open."""

import json
import subprocess
import sys

import pytest

from tests.browser.axe import CONTRAST, axe_faults
from tests.browser.every_page import Seen, matches, pages_of
from tests.browser.visiting import CHROMIUM
from tests.demo import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.survey,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install the package chromium to run it"),
]

# Whose eyes find everything: the first looks into every state, the others at what the first does not have.
VIEWERS = (
    "north-head", "north-negotiator", "north-secretary", "north-president", "north-handover", "mediator", "neutral", "ngo",
    "auditor", "operator", "west-head",
)  # fmt: skip
# Django's tables of inline forms have two columns without a heading: for the row's own name, and for its removal.
LEFT_TO_DJANGO = {"/admin/": ("empty-table-header",)}
# Swagger's own page, from its wheel: what it draws inside is not ours to mend; its frame is.
NOT_OURS = ["#swagger-ui"]
# Addresses that show no page of their own, each with its reason. `{url_name: why}`
NO_PAGE = {
    "healthz": "plain text", "readyz": "plain text", "metrics": "plain text",
    "set_language": "takes a POST", "people:attachment": "a file", "people:import_faults": "a file",
    "admin:access_user_add": "members are invited", "exchanges:tranche_log": "the tranche's page, further down its timeline",
    "accounts:invitation": "its address stands in a mail alone",
    "alerts:open": "leads on to what the alert is about",
    "admin:": "leads on", "admin:jsi18n": "a script", "admin:autocomplete": "JSON", "admin:login": "leads to the sign-in",
    "admin:logout": "signs out",
}  # fmt: skip
REFUSED_IN_ADMIN = ("_delete", "_history", "auth_group")  # nobody deletes, the log is the history, there are no groups


# axe puts style elements into the page it measures; that no page has any of its own is held by the other tests here.
MEASURED = {"bypass_csp": True, "reduced_motion": "reduce"}


def look(visitor, page, seen_in_arabic):
    """Every fault of the open page, in light, dark and Arabic."""
    what = f"{visitor.username or 'nobody'} at {page.shape}"
    visitor.open(page.path)
    found = axe_faults(visitor.page, what, without=NOT_OURS)
    visitor.page.emulate_media(color_scheme="dark")
    if page.shape.startswith("/admin/"):
        visitor.page.wait_for_timeout(300)  # the admin's links take their time to change colour
    found += axe_faults(visitor.page, f"{what}, dark", only=CONTRAST, without=NOT_OURS)
    visitor.page.emulate_media(color_scheme="light")
    if page.shape not in seen_in_arabic and not page.shape.startswith("/api/"):  # which is for developers, in English
        seen_in_arabic.add(page.shape)
        visitor.speak("ar")
        visitor.open(page.path)
        direction = visitor.page.get_attribute("html", "dir")
        if direction != "rtl":
            found.append(f"{what}, Arabic: dir={direction}")
        found += axe_faults(visitor.page, f"{what}, Arabic", without=NOT_OURS)
        visitor.speak("en")
    return [fault for fault in found if not is_left_to_django(page, fault)]


def is_left_to_django(page, fault):
    return any(
        page.shape.startswith(where) and f": {rule}: " in fault
        for where, rules in LEFT_TO_DJANGO.items()
        for rule in rules
    )


def refuse(visitor, page):
    """Send each form of the page that wants something without what it wants; the faults of what comes back."""
    wanting = visitor.page.locator("main form.form:has([required])")
    found = []
    for number in range(wanting.count()):
        visitor.open(page.path)
        what = f"{visitor.username or 'nobody'} at {page.shape}, refused"
        form = wanting.nth(number)
        form.evaluate(
            "form => { form.noValidate = true; for (const field of form.querySelectorAll('[required]')) field.value = '' }"
        )
        with visitor.page.expect_navigation() as answer:
            form.evaluate("form => form.requestSubmit()")
        status = answer.value.status
        if status not in (400, 409, 422):
            found.append(f"{what}: answered {status}")
        if not visitor.page.locator(".form-errors").count():
            found.append(f"{what}: says nothing")
        found += axe_faults(visitor.page, what)
    return found


def addresses():
    listed = subprocess.run(
        [sys.executable, "manage.py", "list_urls", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rows = json.loads(listed.stdout)
    return [row for row in rows if row["door"] in ("page", "admin") and "GET" in row["methods"]]


def test_axe_reports_nothing_on_any_page(states, visit):
    seen, in_arabic, shapes, found = Seen(), set(), set(), []
    nobody = visit(states, "", **MEASURED)
    for page in pages_of(nobody, seen, starts=("/sign-in/", "/missing/")):
        shapes.add(page.shape)
        found += look(nobody, page, in_arabic) + refuse(nobody, page)
    for number, username in enumerate(VIEWERS):
        visitor = visit(states, username, **MEASURED)
        for page in pages_of(visitor, seen, twins=3 if number else 40):
            is_first = page.shape not in shapes
            shapes.add(page.shape)
            found += look(visitor, page, in_arabic)
            if is_first and not page.shape.startswith(("/admin/", "/api/")):
                found += refuse(visitor, page)
        visitor.close()

    unreached = [
        row["pattern"] for row in addresses()
        if row["url_name"] not in NO_PAGE and not any(part in row["url_name"] for part in REFUSED_IN_ADMIN)
        and not any(map(matches(row["pattern"]), shapes))
    ]  # fmt: skip
    assert not found, "\n".join(found)
    assert unreached == []


def test_axe_reports_nothing_with_two_thousand_names(istanbul, visit):
    visitor = visit(istanbul, "kyiv-head", **MEASURED)
    found = []
    for page in pages_of(visitor, Seen(), twins=1, starts=("/",)):
        if not page.shape.startswith(("/admin/", "/api/")):
            found += look(visitor, page, set())

    assert not found, "\n".join(found)
