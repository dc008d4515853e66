"""Every page that anybody can reach, in any state. axe-core finds nothing in light, dark, Arabic and with a refused form open.
On a phone, in both directions, and at 200 % nothing scrolls sideways or is clipped, fingers hit, the focus shows."""

import json
import subprocess
import sys

import pytest

from tests.browser.axe import CONTRAST, axe_faults
from tests.browser.every_page import STARTS, TWINS, Seen, matches, pages_of
from tests.browser.looking import PHONE, ZOOMED, focus_faults, look_faults
from tests.browser.visiting import CHROMIUM, DESK
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
MEASURED = {"bypass_csp": True}

# The admin's links take their time to change colour.
COLOURS_ARE_THERE = "() => document.getAnimations().forEach(one => one instanceof CSSTransition && one.finish())"


def is_ours(page):
    return not page.shape.startswith(("/admin/", "/api/"))  # which are laid out by Django and by Swagger


def named(visitor, page):
    return f"{visitor.username or 'nobody'} at {page.shape}"


def in_light_and_dark(visitor, page):
    what = named(visitor, page)
    visitor.open(page.path)
    found = axe_faults(visitor.page, what, without=NOT_OURS)
    visitor.page.emulate_media(color_scheme="dark")
    visitor.page.evaluate(COLOURS_ARE_THERE)
    found += axe_faults(visitor.page, f"{what}, dark", only=CONTRAST, without=NOT_OURS)
    visitor.page.emulate_media(color_scheme="light")
    return [fault for fault in found if not is_left_to_django(page, fault)]


def in_arabic(visitor, page):
    """Its colours are those of the other languages."""
    what = f"{named(visitor, page)}, Arabic"
    visitor.speak("ar")
    visitor.open(page.path)
    direction = visitor.page.get_attribute("html", "dir")
    found = [] if direction == "rtl" else [f"{what}: dir={direction}"]
    found += axe_faults(visitor.page, what, but=CONTRAST, without=NOT_OURS)
    return [fault for fault in found if not is_left_to_django(page, fault)]


def on_a_phone(visitor, page, language):
    visitor.speak(language)
    visitor.hold(PHONE)
    visitor.open(page.path)
    return look_faults(visitor.page, f"{named(visitor, page)} (phone, {language})", touch=True)


def zoomed(visitor, page):
    visitor.speak("uk")
    visitor.hold(ZOOMED)
    visitor.open(page.path)
    what = f"{named(visitor, page)} (200 %)"
    return look_faults(visitor.page, what) + focus_faults(visitor.page, what)


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


def every_page(states, visit):
    """Who looks, at which page, and whether it is the first of its shape."""
    seen, shapes = Seen(), set()
    for number, username in enumerate(("", *VIEWERS)):
        visitor = visit(states, username, **MEASURED)
        starts = STARTS if username else ("/sign-in/",)
        for page in pages_of(visitor, seen, twins=TWINS if number == 1 else 3, starts=starts):
            yield visitor, page, page.shape not in shapes
            shapes.add(page.shape)
        visitor.close()


def test_axe_reports_nothing_on_any_page(states, visit):
    shapes, found = set(), []
    for visitor, page, is_first in every_page(states, visit):
        shapes.add(page.shape)
        found += in_light_and_dark(visitor, page)
        if is_first and is_ours(page):
            found += refuse(visitor, page)

    unreached = [
        row["pattern"] for row in addresses()
        if row["url_name"] not in NO_PAGE and not any(part in row["url_name"] for part in REFUSED_IN_ADMIN)
        and not any(map(matches(row["pattern"]), shapes))
    ]  # fmt: skip
    assert not found, "\n".join(found)
    assert unreached == []


def test_every_page_fits_and_reads_from_the_right(states, visit):
    found = []
    for visitor, page, is_first in every_page(states, visit):
        if is_first and not page.shape.startswith("/api/"):  # which is for developers, in English
            found += in_arabic(visitor, page)
        if is_ours(page):
            found += on_a_phone(visitor, page, "en") + on_a_phone(visitor, page, "ar") + zoomed(visitor, page)
        visitor.hold(DESK)
        visitor.speak("en")

    assert not found, "\n".join(found)


LONG = 15_000  # characters; shorter pages have nothing of the names and are looked at above


def test_axe_reports_nothing_with_two_thousand_names(istanbul, visit):
    visitor = visit(istanbul, "kyiv-head", **MEASURED)
    looked_at, found = set(), []
    for page in pages_of(visitor, Seen(), twins=1, starts=("/",)):
        if is_ours(page) and page.size > LONG:
            looked_at.add(page.shape)
            found += in_light_and_dark(visitor, page)

    assert not found, "\n".join(found)
    assert {"/exchanges/*/names/", "/tranches/*/manifest/", "/tranches/*/sign/", "/people/"} <= looked_at
