"""Find every page that a viewer can reach, by following links and forms from the first page, so that new pages are found too."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from tests.browser.visiting import PATIENCE, Visitor

ID = re.compile(r"(?<=/)([0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d+)(?=/)")
STARTS = ("/", "/admin/", "/api/v1/docs/")
NOT_FOLLOWED = re.compile(
    r"^/(sign-out|language|live|static|api/v1/(?!docs/)|healthz|readyz|metrics|inbox/[^?]+/|admin/(logout|jsi18n))"
)
IN_EVERY_STATE = re.compile(r"/(exchanges|tranches)/\*/(sign/)?")  # these look different in each: many are looked into
DOSSIERS = "/people/*/"  # to each viewer another part of one here and there
TWINS, OTHER_TWINS = 40, 2


class Outline(HTMLParser):
    """What a page is made of, and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.add(f"{tag}.{found.get('class') or ''}")
        # A step's address shows the form that it needs, so the forms of a page are links too.
        leads = found.get("href") if tag == "a" else found.get("action") if tag == "form" else None
        if leads:
            self.links.append(leads)


@dataclass(frozen=True)
class Page:
    path: str
    shape: str  # the path with a star for each id
    size: int  # characters


@dataclass
class Seen:
    """What was looked at so far: of each shape of address, the elements that some page of it had."""

    elements: dict[str, set[str]] = field(default_factory=dict)

    def is_new(self, shape: str, outline: Outline) -> bool:
        known = self.elements.setdefault(shape, set())
        news = outline.elements - known
        known |= outline.elements
        return bool(news)


def shape_of(path: str) -> str:
    return ID.sub("*", urlsplit(path).path)


def pages_of(visitor: Visitor, seen: Seen, *, twins: int = TWINS, starts: tuple[str, ...] = STARTS) -> Iterator[Page]:
    """Each page this visitor can reach that shows something no page of its shape has shown before."""
    counted: dict[str, int] = {}
    waiting, known = list(starts), set(starts)
    while waiting:
        path = waiting.pop(0)
        shape = shape_of(path)
        if counted.get(shape, 0) >= _most(shape, twins):
            continue
        html = html_at(visitor, path)
        if html is None:
            continue
        counted[shape] = counted.get(shape, 0) + 1
        outline = Outline(html)
        if seen.is_new(shape, outline):
            yield Page(path, shape, len(html))
        for link in outline.links:
            where = urlsplit(urljoin(visitor.address + path, link))
            further = where.path + (f"?{where.query}" if where.query else "")
            if where.hostname == "127.0.0.1" and further not in known and not NOT_FOLLOWED.match(further):
                known.add(further)
                waiting.append(further)


def _most(shape: str, twins: int) -> int:
    if shape == DOSSIERS:
        return TWINS
    return twins if IN_EVERY_STATE.fullmatch(shape) else OTHER_TWINS


def html_at(visitor: Visitor, path: str) -> str | None:
    """The page; None where there is none: some addresses only take a POST, or lead on."""
    answer = visitor.context.request.get(visitor.address + path, max_redirects=0, max_retries=3, timeout=PATIENCE)
    try:
        is_page = answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html")
        return answer.text() if is_page else None
    finally:
        answer.dispose()


def matches(pattern: str) -> Callable[[str], bool]:
    """Whether the shape of an address is an instance of this pattern of `list_urls`."""
    parts = re.split(r"(<[^>]+>|\(\?P<\w+>[^)]*\))", pattern)
    text = "".join("[^/]+" if part.startswith(("<", "(?P")) else re.escape(part) for part in parts)
    compiled = re.compile(text)
    return lambda shape: compiled.fullmatch(shape) is not None
