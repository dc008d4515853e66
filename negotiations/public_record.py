"""The public record: files of the project, read into rows that every signed-in account may see and no door changes.

Here stand what its two pages share (mediators, filter, windows, sources) and the talks; `exchanges` adds the exchanges.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from core.partial_dates import spelt
from core.record_files import RecordLine, read_record
from negotiations.models import PublicTalks

R = TypeVar("R")
M = TypeVar("M", bound=models.Model)

TALKS_FILE = Path(__file__).parent / "data" / "talks.csv"
TALKS_COLUMNS = (
    "date", "venue", "format", "facilitator", "head_of_delegation_a", "head_of_delegation_b", "outcome", "source_url",
)  # fmt: skip
WINDOW = 50
NONE_NAMED = "none"

# Who mediates, by the words that sources use for them.
MEDIATORS: tuple[tuple[str, Any, str], ...] = (
    ("uae", gettext_lazy("United Arab Emirates"), r"\bUAE\b"),
    ("turkiye", gettext_lazy("Türkiye"), r"\bTurki|\bTürki|\bTurkish\b"),
    ("usa", gettext_lazy("United States"), r"\bUSA\b"),
    ("un", gettext_lazy("United Nations"), r"\bUN\b"),
    ("icrc", gettext_lazy("ICRC"), r"\bICRC\b"),
    ("osce", gettext_lazy("OSCE"), r"\bOSCE\b"),
    ("saudi_arabia", gettext_lazy("Saudi Arabia"), r"\bSaudi Arabia\b"),
    ("qatar", gettext_lazy("Qatar"), r"\bQatar\b"),
    ("egypt", gettext_lazy("Egypt"), r"\bEgypt\b"),
    ("jordan", gettext_lazy("Jordan"), r"\bJordan\b"),
    ("oman", gettext_lazy("Oman"), r"\bOman\b"),
    ("switzerland", gettext_lazy("Switzerland"), r"\bSwitzerland\b"),
    ("france", gettext_lazy("France"), r"\bMacron\b"),
    ("germany", gettext_lazy("Germany"), r"\bMerkel\b"),
    ("holy_see", gettext_lazy("Holy See"), r"\bHoly See\b"),
    ("russian_orthodox_church", gettext_lazy("Russian Orthodox Church"), r"\bRussian Orthodox Church\b"),
)


def mediators_in(text: str) -> list[str]:
    """The slugs of those whom the source names; `none` where it names nobody; empty for somebody we have no word for."""
    if not text:
        return [NONE_NAMED]
    return [slug for slug, _label, words in MEDIATORS if re.search(words, text)]


# Filling


def read_talks(file: Path | None = None) -> list[PublicTalks]:
    return read_record(file or TALKS_FILE, TALKS_COLUMNS, _talks)


def _talks(line: RecordLine) -> PublicTalks:
    return PublicTalks(
        line=line.number, held_on=line.partial_date("date"), venue=line.text("venue", 160, required=True),
        format=line.text("format", 200), facilitator=mediator_in(line, "facilitator", 200),
        head_of_delegation_a=line.text("head_of_delegation_a", 200),
        head_of_delegation_b=line.text("head_of_delegation_b", 200), outcome=line.text("outcome", 500),
        sources=line.sources("source_url"),
    )  # fmt: skip


def mediator_in(line: RecordLine, column: str, longest: int) -> str:
    """The cell as the source has it; a fault where the filter would not find it."""
    text = line.text(column, longest)
    if not mediators_in(text):
        line.fault(column, f"“{text}” names nobody of MEDIATORS in negotiations/public_record.py: add them there")
    return text


@transaction.atomic
def replace_public_record(rows: Sequence[M]) -> bool:
    """Make the table hold exactly these rows. False where it did already."""
    model = type(rows[0])
    columns = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    kept = model.objects.unscoped("the file is the record: a line that it no longer holds goes")  # type: ignore[attr-defined]
    held = list(kept.order_by("line").values_list(*columns))
    if held == [tuple(getattr(row, column) for column in columns) for row in rows]:
        return False
    kept.delete()
    kept.bulk_create(rows)
    return True


# Reading


@dataclass(frozen=True)
class Source:
    url: str
    label: str


def sources_of(text: str) -> list[Source]:
    """Each address under the name of its site; a second one of the same site is numbered."""
    seen: dict[str, int] = {}
    found = []
    for url in text.splitlines():
        site = (urlsplit(url).hostname or url).removeprefix("www.")
        seen[site] = seen.get(site, 0) + 1
        found.append(Source(url, site if seen[site] == 1 else f"{site} ({seen[site]})"))
    return found


@dataclass(frozen=True)
class RecordChoices:
    """What the filter offers: only what the record holds."""

    years: list[str]
    mediators: list[tuple[str, str]]

    @classmethod
    def of(cls, dates: Iterable[str], mediators: Iterable[str]) -> "RecordChoices":
        named = {slug for text in mediators for slug in mediators_in(text)}
        known = [(slug, str(label)) for slug, label, _words in MEDIATORS if slug in named]
        if NONE_NAMED in named:
            known.append((NONE_NAMED, _("nobody named")))
        return cls(sorted({date[:4] for date in dates}, reverse=True), known)


@dataclass(frozen=True)
class Asked:
    """Which part of the record is wanted: empty for all of it."""

    year: str = ""
    mediator: str = ""
    start: int = 0

    def wants(self, held_on: str, mediator: str) -> bool:
        of_year = not self.year or held_on.startswith(self.year)
        return of_year and (not self.mediator or self.mediator in mediators_in(mediator))

    @property
    def is_narrow(self) -> bool:
        return bool(self.year or self.mediator)

    def url(self, start: int) -> str:
        query = {"year": self.year, "mediator": self.mediator, "from": str(start) if start else ""}
        return f"?{urlencode({name: value for name, value in query.items() if value})}#rows"


@dataclass(frozen=True)
class RecordWindow:
    size: int
    first: int
    last: int
    total: int
    previous_url: str
    next_url: str


def window_of(rows: Sequence[R], asked: Asked) -> tuple[list[R], RecordWindow]:
    """50 of the rows. A place beyond the last row is the beginning."""
    start = asked.start if asked.start < len(rows) else 0
    shown = list(rows[start : start + WINDOW])
    return shown, RecordWindow(
        size=WINDOW, first=start + 1 if shown else 0, last=start + len(shown), total=len(rows),
        previous_url=asked.url(max(start - WINDOW, 0)) if start else "",
        next_url=asked.url(start + WINDOW) if start + WINDOW < len(rows) else "",
    )  # fmt: skip


@dataclass(frozen=True)
class TalksLine:
    date: str
    venue: str
    format: str
    facilitator: str
    head_a: str
    head_b: str
    outcome: str
    sources: list[Source]


@dataclass(frozen=True)
class TalksPage:
    lines: list[TalksLine]
    window: RecordWindow


def talks_of_record(viewer: User) -> list[PublicTalks]:
    return list(PublicTalks.objects.visible_to(viewer).order_by("-line"))


def talks_page(rows: Sequence[PublicTalks], asked: Asked) -> TalksPage:
    wanted = [row for row in rows if asked.wants(row.held_on, row.facilitator)]
    shown, window = window_of(wanted, asked)
    return TalksPage([_talks_line(row) for row in shown], window)


def _talks_line(row: PublicTalks) -> TalksLine:
    return TalksLine(
        date=spelt(row.held_on), venue=row.venue, format=row.format, facilitator=row.facilitator,
        head_a=row.head_of_delegation_a, head_b=row.head_of_delegation_b, outcome=row.outcome,
        sources=sources_of(row.sources),
    )  # fmt: skip


def choices_of_talks(rows: Sequence[PublicTalks]) -> RecordChoices:
    return RecordChoices.of([row.held_on for row in rows], [row.facilitator for row in rows])
