"""People in front of Chromium: each in a browser context of their own, every fault of a page noted.

Used by the tests of this folder and by docs/look.py.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--font-render-hinting=none",
]  # fmt: skip
DESK = {"viewport": {"width": 1280, "height": 720}}  # Playwright's own
PATIENCE = 60_000  # milliseconds: the machine that runs the tests is shared
ANSWERED = "Failed to load resource: the server responded with a status"  # told by _answered, with the address


@contextmanager
def chromium_running() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


class Visitor:
    """One account in a browser of its own. `faults` gathers what no page may have."""

    def __init__(self, browser: Any, address: str, username: str, password: str, faults: list[str], **context: Any):
        self.address, self.username, self.password, self.faults = address, username, password, faults
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.devtools: Any = None
        self.held: dict[str, Any] = {}
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._fault(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)
        if username:
            self.sign_in()

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self.username or 'nobody'} at {self.path}: {what}")

    def _said(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith(ANSWERED):
            self._fault(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        host = urlsplit(request.url)
        if host.scheme in ("http", "https", "ws") and host.hostname != "127.0.0.1":
            self._fault(f"request leaves this machine: {request.url}")

    def _answered(self, response: Any) -> None:
        # A form that was refused answers 400, 409 or 422 on purpose.
        is_refusal = response.status in (400, 409, 422) and response.request.is_navigation_request()
        if response.status >= 400 and not is_refusal:
            self._fault(f"{response.status} from {response.url}")

    @property
    def path(self) -> str:
        where = urlsplit(str(self.page.url))
        return where.path + (f"?{where.query}" if where.query else "")

    def sign_in(self) -> None:
        self.open("/sign-in/")
        self.page.fill("input[name=username]:not([type=hidden])", self.username)
        self.page.fill("input[name=password]:not([type=hidden])", self.password)
        self.page.press("input[name=password]:not([type=hidden])", "Enter")
        self.page.wait_for_url(f"{self.address}/")

    def open(self, path: str) -> Any:
        """Go there; the answer of the server."""
        return self.page.goto(self.address + path if path.startswith("/") else path)

    def leave(self) -> None:
        if self.page.url != "about:blank":
            self.page.goto("about:blank")

    def speak(self, language: str) -> None:
        """From the next page on. The cookie is what the menu of languages sets."""
        self.context.add_cookies([{"name": "django_language", "value": language, "url": self.address}])

    def hold(self, device: dict[str, Any]) -> None:
        """Go on with the open page on another device, given as a context is, without loading it again."""
        if device == self.held:
            return
        self.held = device
        self.devtools = self.devtools or self.context.new_cdp_session(self.page)
        metrics = {
            **device["viewport"], "deviceScaleFactor": device.get("device_scale_factor", 1),
            "mobile": device.get("is_mobile", False),
        }  # fmt: skip
        self.devtools.send("Emulation.setDeviceMetricsOverride", metrics)
        self.devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": device.get("has_touch", False)})
        self.page.wait_for_function(
            "width => document.documentElement.clientWidth === width", arg=device["viewport"]["width"]
        )

    def press(self, name: str, *, within: str = "main", exact: bool = True) -> None:
        """Follow a link or press a button by its words, and wait for the page it leads to."""
        place = self.page.locator(within)
        button = place.get_by_role("button", name=name, exact=exact).or_(
            place.get_by_role("link", name=name, exact=exact)
        )
        with self.page.expect_navigation():
            self.activate(button.first)

    def activate(self, element: Any) -> None:
        element.click()

    def write(self, field: Any, text: str) -> None:
        field.fill(text)

    def tick(self, box: Any) -> None:
        box.check()

    def sees(self, text: str, *, within: str = "main", timeout: int = PATIENCE) -> None:
        self.page.locator(within).get_by_text(text).first.wait_for(timeout=timeout)

    def refusal(self) -> str:
        """The sentences of a refused form, as they stand where it happened."""
        found = self.page.locator(".form-errors, .refusal p, .message-error").all_inner_texts()
        return " ".join(" ".join(found).split())

    def close(self) -> None:
        self.context.close()


# Where the focus is, whether it shows, and whether it is in sight: whole where there is room for the whole.
STOP = """wanted => { const here = document.activeElement, style = getComputedStyle(here), box = here.getBoundingClientRect();
   const isWhole = box.top >= 0 && box.bottom <= innerHeight + 1;
   return {isWanted: here === wanted, isNone: here === document.body, what: here.outerHTML.slice(0, 120),
           isVisible: here.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
           isInSight: box.width > 0 && (isWhole || box.height > innerHeight / 2 && box.top < innerHeight && box.bottom > 0)} }"""


class ByKeyboard(Visitor):
    """Somebody without a pointer: Tab, arrows, Enter, Space and typing, and they see at every stop where they are."""

    def reach(self, element: Any, key: str = "Tab") -> None:
        """Press the key until it has the focus."""
        wanted = element.element_handle()
        for _stop in range(400):
            self.page.keyboard.press(key)
            stop = self.page.evaluate(STOP, wanted)
            if not stop["isNone"]:
                assert stop["isVisible"], f"the focus is not visible at {self.path} on {stop['what']}"
                assert stop["isInSight"], f"the focus is out of sight at {self.path} on {stop['what']}"
            if stop["isWanted"]:
                return
        raise AssertionError(f"{key} never reaches {element} at {self.path}")

    def activate(self, element: Any) -> None:
        self.reach(element)
        self.page.keyboard.press("Enter")

    def write(self, field: Any, text: str) -> None:
        self.reach(field)
        self.page.keyboard.type(text)

    def tick(self, box: Any) -> None:
        self.reach(box)
        self.page.keyboard.press("Space")

    def choose(self, option: Any) -> None:
        """Of radio buttons Tab reaches the first, the arrows the others."""
        self.reach(option.locator("xpath=ancestor::fieldset").get_by_role("radio").first)
        if not option.evaluate("option => option === document.activeElement"):
            self.reach(option, "ArrowDown")
