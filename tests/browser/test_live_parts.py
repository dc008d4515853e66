"""In Chromium, on a stopped clock: when a part of an open page fetches itself again. The stream and the server are the test's."""

import re
from pathlib import Path

import django_htmx
import pytest
from django.conf import settings

from tests.browser.visiting import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install the package chromium to run it"),
]

PART = '<p id="part" hx-get="/part" hx-trigger="live" hx-swap="outerHTML" data-live-compartment="*">{}</p>'
PAGE = f"""<!doctype html><title>A page</title><script src="/htmx.js"></script><script type="module" src="/live.js"></script>
<body data-live>{PART.format("as it was")}"""
SCRIPTS = {
    "/htmx.js": Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js",
    "/live.js": settings.BASE_DIR / "static/js/live.js",
}
STREAM = "window.EventSource = class extends EventTarget { constructor() { super(); window.stream = this } close() {} }"
CHANGE = """() => stream.dispatchEvent(new MessageEvent("message", { data: '{"compartment": "any"}' }))"""


class Part:
    """The page of one part, whose fetches wait until they are answered."""

    def __init__(self, page):
        self.page, self.fetches = page, []
        page.clock.install()
        page.add_init_script(STREAM)
        page.route("**/*", self._serve)
        page.goto("http://127.0.0.1/")
        page.clock.pause_at("2100-01-01")

    def _serve(self, route):
        path = re.sub("^.*127.0.0.1", "", route.request.url)
        if path == "/part":
            self.fetches.append(route)
        elif path in SCRIPTS:
            route.fulfill(path=SCRIPTS[path], content_type="text/javascript")
        else:
            route.fulfill(body=PAGE if path == "/" else "", content_type="text/html")

    def change(self):
        self.page.evaluate(CHANGE)

    def answer(self, text):
        self.fetches[-1].fulfill(body=PART.format(text), content_type="text/html")
        self.page.get_by_text(text).wait_for()

    def fetched_after(self, milliseconds):
        self.page.clock.run_for(milliseconds)
        self.page.evaluate("() => fetch('/told')")  # what was sent before it has been sent
        return len(self.fetches)


@pytest.fixture
def part(chromium):
    page = chromium.new_page()
    yield Part(page)
    page.close()


def test_changes_at_one_time_are_fetched_once(part):
    part.change()
    part.change()

    assert part.fetched_after(240) == 0
    assert part.fetched_after(20) == 1
    part.answer("changed")
    assert part.fetched_after(60_000) == 1


def test_what_changes_while_an_answer_is_awaited_is_fetched_after_it(part):
    part.change()
    assert part.fetched_after(250) == 1
    part.change()
    part.change()
    assert part.fetched_after(60_000) == 1

    part.answer("changed")
    assert part.fetched_after(60_000) == 2
    part.answer("changed once more")
    assert part.fetched_after(60_000) == 2


def test_a_slow_answer_is_followed_by_patience_and_a_quick_one_ends_it(part):
    part.change()
    part.fetched_after(250)
    assert part.fetched_after(1_000) == 1
    part.answer("after a second")

    part.change()
    assert part.fetched_after(1_900) == 1
    assert part.fetched_after(200) == 2
    part.answer("at once")

    part.change()
    assert part.fetched_after(260) == 3


def test_patience_ends_after_five_seconds(part):
    part.change()
    part.fetched_after(250)
    part.fetched_after(60_000)
    part.answer("after a minute")

    part.change()
    assert part.fetched_after(4_900) == 1
    assert part.fetched_after(200) == 2
