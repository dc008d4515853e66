"""Take the README's screenshots from a running, fresh demonstration, and with them walk the story of signing.

    python3 manage.py demo --fresh --logins logins.json
    .venv/bin/python docs/make_screenshots.py http://127.0.0.1:8000 logins.json

Needs an installed Chromium (its path in CHROMIUM, by default /usr/bin/chromium).
"""

import json
import os
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent / "screenshots"
LAPTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


class Visitor:
    """One account in a browser of its own."""

    def __init__(self, browser: Browser, address: str, username: str, password: str, **context: object) -> None:
        self.address = address
        self.page: Page = browser.new_context(viewport=LAPTOP, **context).new_page()  # type: ignore[arg-type]
        self.open("/sign-in/")
        self.page.fill("input[name=username]:not([type=hidden])", username)
        self.page.fill("input[name=password]:not([type=hidden])", password)
        self.page.press("input[name=password]:not([type=hidden])", "Enter")
        self.page.wait_for_url(f"{address}/")
        self.password = password

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def find(self, pattern: str) -> str:
        """The first link of the page that looks like this."""
        links = self.page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
        return str(next(link for link in links if re.fullmatch(pattern, link)))

    def shoot(self, name: str, *, whole: bool = False) -> None:
        self.page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)


def main(address: str, logins: Path) -> None:
    passwords = {account["username"]: account["password"] for account in json.loads(logins.read_text())}
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
        )

        def visitor(username: str, **context: object) -> Visitor:
            return Visitor(browser, address, username, passwords[username], **context)

        tranche = walk(visitor("kyiv-head"), visitor("kyiv-president"))
        phone = visitor("kyiv-president", color_scheme="dark")
        phone.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        phone.open("/")
        phone.shoot("home-phone-dark")
        find_somebody(visitor("kyiv-clerk"))
        officer = visitor("kyiv-handover")
        officer.open("/record/exchanges/")
        officer.shoot("record")
        officer.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        officer.open(f"{tranche}line/")
        officer.shoot("line-phone")
        browser.close()


def walk(head: Visitor, president: Visitor) -> str:
    """Kyiv's head signs; in the president's office the open inbox tells of it without a reload. The tranche's path."""
    head.shoot("home")
    head.open("/exchanges/")
    exchange = head.find(r"/exchanges/[0-9a-f-]{36}/")
    head.open(exchange)
    head.shoot("exchange")
    tranche = head.find(r"/tranches/[0-9a-f-]{36}/")
    head.open(tranche)
    head.shoot("tranche")
    president.open("/inbox/")
    president.page.wait_for_timeout(1500)  # the stream is open
    awaited = president.page.get_by_text("awaiting final sign-off")
    assert awaited.count() == 0
    head.open(f"{tranche}sign/")
    head.shoot("sign", whole=True)
    head.page.fill("input[name=password]", head.password)
    head.page.press("input[name=password]", "Enter")
    awaited.first.wait_for(timeout=15_000)
    president.shoot("inbox-live")
    return tranche


def find_somebody(clerk: Visitor) -> None:
    """A call sign typed in another script, and the dossier that tells most."""
    clerk.open("/people/?q=Sokil")
    clerk.shoot("people")
    clerk.open(clerk.find(r"/people/[0-9a-f-]{36}/"))
    clerk.shoot("dossier")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
