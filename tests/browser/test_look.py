"""Every page on a phone, zoomed to 200 % and right-to-left: nothing scrolls sideways or is clipped, fingers hit, focus shows."""

import pytest

from tests.browser.every_page import Seen, pages_of
from tests.browser.looking import PHONE, ZOOMED, focus_faults, look_faults
from tests.browser.visiting import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.survey,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install the package chromium to run it"),
]
VIEWERS = ("north-head", "north-secretary", "mediator")
STARTS = ("/", "/sign-in/")  # Django's admin and Swagger's page are laid out by others


@pytest.fixture(scope="module")
def pages(states, chromium):
    """Every page that these viewers reach, with who sees it."""
    from accounts.demo import DEMO_PASSWORD
    from tests.browser.visiting import Visitor

    seen, found = Seen(), []
    for number, username in enumerate(VIEWERS):
        visitor = Visitor(chromium, f"http://127.0.0.1:{states.port}", username, DEMO_PASSWORD, [])
        reached = pages_of(visitor, seen, twins=2 if number else 40, starts=STARTS)
        found += [(username, page) for page in reached if not page.shape.startswith(("/admin/", "/api/"))]
        visitor.close()
    return found


@pytest.mark.parametrize(
    ("manner", "language", "context"),
    [("phone", "en", PHONE), ("phone, Arabic", "ar", PHONE), ("200 %", "uk", ZOOMED)],
    ids=["phone", "phone right-to-left", "zoomed"],
)
def test_it_fits(states, pages, visit, manner, language, context):
    visitors, found = {}, []
    for username, page in pages:
        if username not in visitors:
            visitors[username] = visit(states, username, **context)
            visitors[username].speak(language)
        visitor = visitors[username]
        visitor.open(page.path)
        what = f"{username} at {page.shape} ({manner})"
        found += look_faults(visitor.page, what, touch=context is PHONE)
        if context is ZOOMED:
            found += focus_faults(visitor.page, what)

    assert not found, "\n".join(found)
