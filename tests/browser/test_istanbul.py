"""In Chromium: the exchange of Istanbul from the last internal signature to completed, by both sides, the mediator and the
offices at once; and a shorter story in Arabic, without JavaScript, and by keyboard alone."""

import re

import pytest

from tests.browser.axe import axe_faults
from tests.browser.visiting import CHROMIUM, ByKeyboard, Visitor
from tests.browser.worlds import STORIES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install the package chromium to run it"),
]

STATUS = "#state .pill"
PAPERS = {
    "decided_by": "The President of Ukraine", "reached_office_how": "by courier, sealed",
    "reached_office_at": "2025-05-22T17:55", "document_number": "No. 417/2025",
}  # fmt: skip


STAYING = ("kyiv-president", "kyiv-registrar", "ankara-mediator")  # who watch, or have begun to write


class Table:
    """Everybody at the table of one exchange, each signed in when first needed. Whoever has had their turn closes the page."""

    def __init__(self, visit, demo):
        self.visit, self.demo, self.visitors = visit, demo, {}

    def __getitem__(self, username):
        for other, visitor in self.visitors.items():
            if other not in (username, *STAYING):
                visitor.leave()
        if username not in self.visitors:
            self.visitors[username] = self.visit(self.demo, username)
        return self.visitors[username]


@pytest.fixture
def table(visit, istanbul):
    return Table(visit, istanbul)


def status_at(visitor, path, status):
    """Open the page of an exchange or tranche and read where it stands."""
    visitor.open(path)
    assert visitor.page.locator(STATUS).first.inner_text() == status


def arrives(visitor, selector, text):
    """Wait until it stands in the page that is open: nobody reloads."""
    visitor.page.locator(selector).filter(has_text=text).first.wait_for()


def take(visitor, path, step, **fields):
    """Take a step from the page that offers it: one tap, a reason under the button, or a page that asks first."""
    visitor.open(path)
    found = visitor.page.locator(f'main [action$="/steps/{step}/"], main [href$="/steps/{step}/"]').first
    if found.evaluate("element => element.tagName") == "A":
        with visitor.page.expect_navigation():
            visitor.activate(found)
        found = visitor.page.locator("main form.form").first
    elif found.evaluate("form => Boolean(form.closest('details.step'))"):
        visitor.activate(found.locator("xpath=preceding-sibling::summary"))
    for name, value in fields.items():
        field = found.locator(f"[name={name}]")
        visitor.tick(field) if value is True else visitor.write(field, str(value))
    with visitor.page.expect_navigation():
        visitor.activate(found.locator("button").last)


def refusal_of(visitor, path, step):
    """Why the page of this step says it cannot be taken."""
    visitor.open(f"{path}steps/{step}/")
    return visitor.refusal()


def sheet_of(visitor, path):
    """From the tranche to the sheet of the office of this visitor."""
    visitor.open(path)
    with visitor.page.expect_navigation():
        visitor.activate(visitor.page.locator("#steps a.button-primary[href*='/sign/']").first)


def sign(visitor, path, password=None):
    sheet_of(visitor, path)
    form = visitor.page.locator("form:has(input[name=manner][value=signed])")
    visitor.write(form.locator("input[name=password]"), password or visitor.password)
    with visitor.page.expect_navigation():
        visitor.activate(form.locator("button.button-primary"))


def record(visitor, path, papers=None):
    """Record the decision on the authority of the office; the second person types nothing."""
    visitor.open(f"{path}sign/")
    form = visitor.page.locator("form:has(input[name=manner][value=recorded])")
    for name, value in (papers or {}).items():
        form.locator(f"[name={name}]").fill(value)
    with visitor.page.expect_navigation():
        form.locator("button").last.click()


def begin_to_withdraw(visitor, path, reason):
    visitor.open(f"{path}sign/")
    step = visitor.page.locator("details.step:has(form[action$='/steps/withdraw/'])")
    step.locator("summary").click()
    step.locator("textarea").fill(reason)


def withdraw(visitor, path, reason):
    begin_to_withdraw(visitor, path, reason)
    with visitor.page.expect_navigation():
        visitor.page.locator("form[action$='/steps/withdraw/'] button").click()


def paths(visitor):
    """The exchange's path and those of its three tranches."""
    visitor.open("/exchanges/")
    exchange = visitor.page.locator("main a[href^='/exchanges/']").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    exchange = next(path for path in exchange if re.fullmatch(r"/exchanges/[0-9a-f-]{36}/", path))
    visitor.open(exchange)
    tranches = visitor.page.locator("#tranches .tranche-line .name a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    return exchange, tranches


def lock_and_sign_internally(table, tranche):
    for username in ("kyiv-head", "kyiv-deputy", "moscow-head", "moscow-deputy"):
        take(table[username], tranche, "lock")
    for username in ("kyiv-head", "moscow-head"):
        table[username].open(tranche)
        table[username].press("Say that all our entries are cleared")
    take(table["moscow-head"], tranche, "start_sign_off")
    for username in ("kyiv-joint-centre", "moscow-contact-group", "kyiv-head"):
        sign(table[username], tranche)
    status_at(table["ankara-mediator"], tranche, "awaiting final sign-off")


def hand_over(table, tranche, heads):
    """Both sides give the go, record who came and state what they presented."""
    take(table["kyiv-handover"], tranche, "go")
    assert "Your side has given its go" in refusal_of(table["kyiv-handover"], tranche, "go")
    take(table["moscow-handover"], tranche, "go")
    status_at(table["ankara-mediator"], tranche, "gone")
    for side in ("kyiv", "moscow"):
        take(table[f"{side}-handover"], tranche, "record_receipts", all_received=True)
    for side in ("kyiv", "moscow"):
        take(table[f"{side}-head"], tranche, "settle", presented=heads)
    status_at(table["ankara-mediator"], tranche, "received")


@pytest.mark.survey  # minutes of two cores
def test_from_the_last_internal_signature_to_completed(table):
    head, president, mediator = table["kyiv-head"], table["kyiv-president"], table["ankara-mediator"]
    exchange, (first, second, third) = paths(head)
    president.open("/inbox/")
    mediator.open(exchange)
    president.page.wait_for_timeout(1500)  # until the streams are open
    assert president.page.get_by_text("awaiting final sign-off").count() == 0

    # Signed: refused at the field, then with the right password; both open pages learn of it without a reload.
    sign(head, first, password="not my password")
    assert "This is not your password." in head.refusal()
    assert axe_faults(head.page, "the sheet, refused") == []
    sign(head, first)
    arrives(president, "#inbox", "awaiting final sign-off")
    arrives(mediator, "#state", "awaiting final sign-off")

    # Kyiv's final recorded on authority by a pair; the first person alone is not enough.
    secretary, registrar = table["kyiv-secretary"], table["kyiv-registrar"]
    record(secretary, first, {**PAPERS, "reached_office_at": "2030-01-01T12:00"})
    assert "This lies in the future." in secretary.refusal()
    assert secretary.page.input_value("[name=document_number]") == PAPERS["document_number"]
    record(secretary, first, PAPERS)
    assert "A second person of your office has to confirm it from the papers." in secretary.page.inner_text("main")
    status_at(mediator, first, "awaiting final sign-off")
    record(registrar, first)
    assert "The step is approved." in registrar.page.inner_text("main")

    # Moscow's final signed; then Kyiv's withdrawn and recorded again.
    mediator.open(first)
    mediator.page.wait_for_timeout(1500)
    sign(table["moscow-president"], first)
    arrives(mediator, "#state", "signed off")
    withdraw(registrar, first, "news from the front")
    arrives(mediator, "#state", "awaiting final sign-off")
    record(registrar, first, {**PAPERS, "document_number": "No. 418/2025"})
    record(secretary, first)
    arrives(mediator, "#state", "signed off")

    # Held by Moscow: nothing moves until Moscow releases it.
    take(table["moscow-handover"], first, "hold")
    arrives(mediator, "#state", "held by Russia")
    assert "Russia holds this tranche" in refusal_of(table["kyiv-handover"], first, "stage")
    take(table["moscow-head"], first, "release_hold", reason="the road is open again")
    take(table["kyiv-handover"], first, "stage")
    # A reason half written while the go is given comes too late: that is recorded, and said.
    begin_to_withdraw(registrar, first, "second thoughts")
    hand_over(table, first, heads=390)
    status_at(mediator, exchange, "under way")
    with registrar.page.expect_navigation():
        registrar.page.locator("form[action$='/steps/withdraw/'] button").click()
    assert "The tranche has gone: there is nothing left to withdraw. Your attempt was recorded." in registrar.refusal()

    for tranche, heads in ((second, 307), (third, 303)):
        lock_and_sign_internally(table, tranche)
        for office in ("kyiv-president", "moscow-president"):
            sign(table[office], tranche)
        take(table["moscow-handover"], tranche, "stage")
        hand_over(table, tranche, heads)

    mediator.open(exchange)
    mediator.page.wait_for_timeout(1500)
    counts = {"promised": 1000, "presented": 1000, "received": 1000}
    take(head, exchange, "settle_counts", **counts)
    take(table["moscow-head"], exchange, "settle_counts", **counts)
    arrives(mediator, "#state", "completed")
    for name in ("kyiv-head", "ankara-mediator"):
        table[name].open(exchange)
        assert axe_faults(table[name].page, f"{name}, completed") == []


# The shorter story: sign, final, hold, release, go. Each way of working has a tranche of its own in the world of states.

NAMES = re.compile(r"(Office of the President of )?(North|South)( headquarters)?|TLK-[0-9/]+|Homeward", re.IGNORECASE)
LATIN = """() => {
  const found = [], frame = '.rail, .top-line, .breadcrumbs, .state-line, .actions';
  for (const part of document.querySelectorAll(frame + ', h1, h2, legend, label, summary, button, thead')) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (text.parentElement.closest('bdi, code, kbd, .reference, .brand, .languages, option, strong')) continue;
      if (/[A-Za-z]{3}/.test(text.data)) found.push(text.data.trim());
    }
  }
  return found;
}"""


def short_story(visit, demo, story, as_one, check=lambda visitor: None, **context):
    """Sign, both finals, hold and release, stage, go of both: every step the north's own, taken in this way."""

    def other(username):
        return visit(demo, username)

    def enter(username):
        visitor = visit(demo, username, as_one, **context)
        if context.get("locale") == "ar":
            visitor.speak("ar")
        return visitor

    mediator, head = other("mediator"), enter("north-head")
    tranche = waiting_tranche(head, story)
    sign(head, tranche)
    check(head)
    status_at(mediator, tranche, "awaiting final sign-off")
    president = enter("north-president")
    sign(president, tranche)
    check(president)
    sign(other("south-president"), tranche)
    status_at(mediator, tranche, "signed off")
    officer = enter("north-handover")
    take(officer, tranche, "hold")
    check(officer)
    mediator.open(tranche)
    assert "held by North" in mediator.page.inner_text("#state")
    take(head, tranche, "release_hold", reason="the road is open")
    check(head)
    take(officer, tranche, "stage")
    take(officer, tranche, "go")
    check(officer)
    take(other("south-handover"), tranche, "go")
    status_at(mediator, tranche, "gone")


def waiting_tranche(head, story):
    """The path of the tranche that the world holds for this story, found by the title of its exchange."""
    head.open("/exchanges/")
    link = head.page.locator("main a[href^='/exchanges/']").filter(has_text=f"{STORIES[story]} for {STORIES[story]}")
    head.open(link.first.get_attribute("href"))
    return head.page.locator("#tranches .tranche-line .name a").get_attribute("href")


def test_short_story_in_arabic(visit, states):
    def reads_arabic(visitor):
        html = visitor.page.locator("html")
        assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("ar", "rtl")
        assert [text for text in visitor.page.evaluate(LATIN) if re.search("[A-Za-z]{3}", NAMES.sub("", text))] == []

    short_story(visit, states, "arabic", Visitor, check=reads_arabic, locale="ar")


def test_short_story_without_javascript(visit, states):
    short_story(visit, states, "no script", Visitor, java_script_enabled=False)


def test_short_story_by_keyboard_alone(visit, states):
    short_story(visit, states, "keyboard", ByKeyboard)
