"""In Chromium: Kyiv's head signs, and the president's office sees it arrive in the open inbox without reloading."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.demo import DEMO_PASSWORD
from tests.demo import Demo

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install the package chromium to run it"),
]
SWITCHES = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


def sign_in(browser: Any, demo: Demo, username: str, faults: list[str], **context: Any) -> Any:
    page = browser.new_context(**context).new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(f"http://127.0.0.1:{demo.port}/sign-in/")
    page.fill("input[name=username]:not([type=hidden])", username)
    page.fill("input[name=password]:not([type=hidden])", DEMO_PASSWORD)
    page.press("input[name=password]:not([type=hidden])", "Enter")
    page.get_by_role("heading", name="Home").wait_for()
    return page


def test_final_sign_off_arrives_in_the_open_inbox(demo, chromium):
    faults: list[str] = []
    president = sign_in(chromium, demo, "kyiv-president", faults)
    president.goto(f"http://127.0.0.1:{demo.port}/inbox/")
    president.wait_for_timeout(1500)  # until the stream is open
    awaited = president.get_by_text("awaiting final sign-off")
    assert awaited.count() == 0

    head = sign_in(chromium, demo, "kyiv-head", faults, java_script_enabled=False)
    head.get_by_role("link", name="Read and sign").click()
    head.fill("input[name=password]", DEMO_PASSWORD)
    head.press("input[name=password]", "Enter")

    awaited.first.wait_for(timeout=20_000)
    assert faults == []
