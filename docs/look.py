"""Look at every page: phone, laptop, wide screen, zoomed, dark, right-to-left and on paper; and list what a machine can tell.

    DATABASE_URL=sqlite:////tmp/world.sqlite3 .venv/bin/python -m tests.browser.worlds      # or look at the demonstration
    DATABASE_URL=sqlite:////tmp/world.sqlite3 python3 manage.py demo --port 8100 --logins /tmp/logins.json
    .venv/bin/python docs/look.py http://127.0.0.1:8100 /tmp/logins.json /tmp/pictures north-head north-president

Each picture is named by page and manner. Then sit down and ask of each: where does it stand, whom does it wait for, what can
I do? `--only REGEX` looks at some pages alone. Ends with 1 if a fault was found.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser.every_page import STARTS, Page, Seen, pages_of
from tests.browser.looking import PHONE, ZOOMED, focus_faults, look_faults
from tests.browser.visiting import Visitor, chromium_running

LAPTOP = {"viewport": {"width": 1280, "height": 860}}
WIDE = {"viewport": {"width": 1920, "height": 1080}}
MANNERS: dict[str, tuple[dict[str, Any], str]] = {
    "phone": (PHONE, "en"),
    "phone-ar-dark": ({**PHONE, "color_scheme": "dark"}, "ar"),
    "laptop": (LAPTOP, "en"),
    "laptop-dark": ({**LAPTOP, "color_scheme": "dark"}, "en"),
    "laptop-ar": (LAPTOP, "ar"),
    "wide-uk": (WIDE, "uk"),
    "zoomed": (ZOOMED, "en"),
}
PAPER = {"width": 718, "height": 1000}  # A4 within its margins


def main() -> int:
    asked = arguments()
    passwords = {account["username"]: account["password"] for account in json.loads(asked.logins.read_text())}
    asked.folder.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    with chromium_running() as browser:
        for username in asked.usernames:
            look_through(browser, asked, username, passwords[username], faults)
    for fault in faults:
        print(fault)  # noqa: T201  the report of this tool
    return 1 if faults else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("logins", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("usernames", nargs="+")
    parser.add_argument("--only", type=re.compile, default=re.compile(""), metavar="REGEX")
    parser.add_argument("--manners", nargs="+", choices=MANNERS, default=list(MANNERS))
    parser.add_argument("--start", nargs="+", default=list(STARTS), help="addresses to begin at")
    parser.add_argument("--twins", type=int, default=3, help="pages of one kind to look into")
    return parser.parse_args()


def look_through(browser: Any, asked: argparse.Namespace, username: str, password: str, faults: list[str]) -> None:
    address = asked.address.rstrip("/")
    guide = Visitor(browser, address, username, password, faults)
    found = pages_of(guide, Seen(), twins=asked.twins, starts=tuple(asked.start))
    pages = [page for page in found if asked.only.search(page.shape)]
    for manner in asked.manners:
        context, language = MANNERS[manner]
        visitor = Visitor(browser, address, username, password, faults, **context)
        visitor.speak(language)
        for number, page in enumerate(pages):
            picture = asked.folder / f"{name_of(page, number)}-{username}-{manner}.png"
            faults += look_at(visitor, page, f"{username} at {page.shape} ({manner})", picture)
            if manner == "laptop":
                on_paper(visitor, picture.with_name(picture.name.replace("laptop", "paper")))
        visitor.close()
    guide.close()


def look_at(visitor: Visitor, page: Page, what: str, picture: Path) -> list[str]:
    visitor.open(page.path)
    visitor.page.screenshot(path=picture, full_page=True)
    is_ours = not page.shape.startswith(("/admin/", "/api/"))  # Django's admin and Swagger are laid out by others
    found = look_faults(visitor.page, what, touch="phone" in picture.name) if is_ours else []
    return found + focus_faults(visitor.page, what)


def on_paper(visitor: Visitor, picture: Path) -> None:
    visitor.page.emulate_media(media="print")
    visitor.page.set_viewport_size(PAPER)  # type: ignore[arg-type,unused-ignore]
    visitor.page.screenshot(path=picture, full_page=True)
    visitor.page.emulate_media(media="screen")
    visitor.page.set_viewport_size(LAPTOP["viewport"])  # type: ignore[arg-type,unused-ignore]


def name_of(page: Page, number: int) -> str:
    return f"{number:03d}" + page.shape.replace("/", "_").replace("*", "x").rstrip("_")


if __name__ == "__main__":
    sys.exit(main())
