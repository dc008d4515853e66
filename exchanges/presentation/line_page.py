"""The line: heads each way, and every person with the marks that the viewer may give, in windows or one at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from access.roles import May
from core.partial_dates import spelt
from exchanges.models import AFTER_GO, OPEN_LOCKED, Direction, Entry, IdentityCheck, Outcome, Receipt
from exchanges.presentation.names_window import Chip, matching, scripts
from exchanges.presentation.times import count
from exchanges.presentation.tones import Pill
from exchanges.presentation.tranche_page import TranchePage

WINDOW = 50
LEFT, NEXT = "left", -1
Result = IdentityCheck.Result


@dataclass(frozen=True)
class LineAsked:
    """What the address asks for: direction, everybody or who is left, a name, and the window or one person."""

    direction: str = ""
    show: str = ""
    sought: str = ""
    after: int = 0
    before: int = 0
    one: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "LineAsked":
        return cls(
            direction=query.get("direction", ""), show=query.get("show", ""), sought=query.get("q", "").strip()[:120],
            after=_number(query.get("from", "")), before=_number(query.get("before", "")),
            one=NEXT if query.get("one") == "next" else _number(query.get("one", "")),
        )  # fmt: skip


@dataclass(frozen=True)
class Heads:
    """One direction in numbers. What is not there yet is a nought, so that the eye finds the same number at its place."""

    label: str
    url: str
    is_current: bool
    expected: str
    checked: list[tuple[str, str]]
    not_them: str
    received: str
    has_gone: bool


@dataclass(frozen=True)
class Mark:
    """One large button: `value` is what it sends."""

    value: str
    label: str
    is_on: bool
    is_primary: bool = False


@dataclass(frozen=True)
class LinePerson:
    pk: UUID
    number: int
    name: str
    other_script: str
    facts: list[str]
    said: list[Pill]
    marks: list[Mark]
    more: list[Mark]
    one_url: str


@dataclass(frozen=True)
class LineWindow:
    people: list[LinePerson]
    filters: list[Chip]
    sought: str
    hidden: list[tuple[str, str]]
    size: int
    first: int
    last: int
    previous_url: str
    next_url: str
    is_one: bool
    list_url: str
    begin_url: str
    skip_url: str
    why_no_marks: str


class LinePage:
    def __init__(self, page: TranchePage, asked: LineAsked) -> None:
        self.page, self.asked, self.tranche, self.viewer = page, asked, page.tranche, page.viewer
        if asked.one == NEXT:
            self.asked = replace(asked, one=self.following(0))

    @cached_property
    def directions(self) -> list[Direction]:
        wanted = {pk for pk, _category, _list, _size in self.page.sizes}
        return [one for one in self.page.parties.directions if one.pk in wanted] or self.page.parties.directions

    @cached_property
    def direction(self) -> Direction:
        """The one that was asked for; else the one in which the viewer's side receives."""
        asked = [one for one in self.directions if str(one.number) == self.asked.direction]
        ours = [one for one in self.directions if self.page.ours and one.receiver_id == self.page.ours.pk]
        return [*asked, *ours, *self.directions][0]

    @property
    def has_gone(self) -> bool:
        return self.tranche.status in AFTER_GO

    @cached_property
    def marks_outcomes(self) -> bool:
        """Once it has gone, the receiving side says what became of each person."""
        side = self.page.ours
        return self.has_gone and self.may_mark and side is not None and side.pk == self.direction.receiver_id

    @cached_property
    def marks_identities(self) -> bool:
        side = self.page.ours
        own = side is not None and side.pk in (self.direction.holder_id, self.direction.receiver_id)
        return self.may_mark and own and not self.marks_outcomes and self.tranche.status in (*OPEN_LOCKED, *AFTER_GO)

    @property
    def may_mark(self) -> bool:
        return May.RUN_HANDOVER in self.page.may

    def heads(self) -> list[Heads]:
        """Counts are open to whoever reads the table. Three queries."""
        checked = self._counted_checks()
        received = _latest(Receipt.objects.unscoped(_COUNTS).filter(tranche=self.tranche), outcome=Outcome.RECEIVED)
        return [self._heads_of(one, checked, received) for one in self.directions]

    def _heads_of(self, direction: Direction, checked: Mapping[Any, int], received: Mapping[Any, int]) -> Heads:
        expected = sum(size for pk, _category, _list, size in self.page.sizes if pk == direction.pk)
        sides = (direction.holder, direction.receiver)
        wrong = max(checked.get((direction.pk, side.pk, Result.NOT_CONFIRMED), 0) for side in sides)
        return Heads(
            label=str(direction), url=f"?{urlencode({'direction': direction.number})}", is_current=direction == self.direction,
            expected=count(expected), received=count(received.get(direction.pk, 0)), has_gone=self.has_gone,
            checked=[
                (str(side), count(checked.get((direction.pk, side.pk, Result.CONFIRMED), 0)))
                for side in sides
                if side.works_here
            ],
            not_them=count(wrong) if wrong else "",
        )  # fmt: skip

    def _counted_checks(self) -> dict[tuple[Any, ...], int]:
        """By direction, side and result: the latest check of each side of each person."""
        rows = IdentityCheck.objects.unscoped(_COUNTS).filter(entry__tranche=self.tranche)
        later = IdentityCheck.objects.unscoped(_COUNTS).filter(
            entry=OuterRef("entry"), participant=OuterRef("participant"), at__gt=OuterRef("at")
        )
        columns = ("entry__direction_id", "participant_id", "result")
        counted = (
            rows.filter(~Exists(later)).order_by().values_list(*columns).annotate(n=Count("entry_id", distinct=True))
        )
        return {tuple(key): number for *key, number in counted}

    # The people

    def window(self) -> LineWindow | None:
        if not self.page.may_read_names():
            return None
        rows = matching(self._listed(), self.asked.sought)
        if self.asked.show == LEFT:
            rows = self._without_mark(rows)
        found, goes_on = self._found(rows)
        is_back = bool(self.asked.before)
        is_one = bool(self.asked.one)
        return LineWindow(
            people=self.drawn(found), filters=self.filters(), sought=self.asked.sought, size=WINDOW, is_one=is_one,
            hidden=[("direction", str(self.direction.number)), *([("show", LEFT)] if self.asked.show == LEFT else [])],
            first=found[0].number if found and not is_one else 0, last=found[-1].number if found and not is_one else 0,
            previous_url=self._previous(found, goes_on if is_back else bool(self.asked.after)),
            next_url=self._next(found, is_back or goes_on), list_url=self.url(), begin_url=self.begin_url(),
            why_no_marks=self.why_no_marks(), skip_url=self.skip_url(),
        )  # fmt: skip

    def _listed(self) -> "QuerySet[Entry]":
        rows: QuerySet[Entry] = Entry.objects.visible_to(self.viewer).filter(
            tranche=self.tranche, direction=self.direction
        )
        return rows

    def _without_mark(self, rows: "QuerySet[Entry]") -> "QuerySet[Entry]":
        """Who still waits for the viewer's side: an outcome where it receives after the go, else its check."""
        if self.marks_outcomes:
            told = Receipt.objects.unscoped(_COUNTS).filter(tranche=self.tranche, entry=OuterRef("pk"))
            return rows.filter(~Exists(told))
        said = IdentityCheck.objects.unscoped(_COUNTS).filter(entry=OuterRef("pk"), participant=self.page.ours)
        return rows.filter(~Exists(said))

    def _found(self, rows: "QuerySet[Entry]") -> tuple[list[Entry], bool]:
        if self.asked.one:
            return list(rows.filter(number=self.asked.one)), False
        if self.asked.before:
            found = list(rows.filter(number__lt=self.asked.before).order_by("-number")[: WINDOW + 1])
            return found[:WINDOW][::-1], len(found) > WINDOW
        found = list(rows.filter(number__gt=self.asked.after).order_by("number")[: WINDOW + 1])
        return found[:WINDOW], len(found) > WINDOW

    def _previous(self, found: list[Entry], is_more: bool) -> str:
        return f"{self.url(before=found[0].number)}#lines" if found and is_more and not self.asked.one else ""

    def _next(self, found: list[Entry], is_more: bool) -> str:
        return f"{self.url(**{'from': found[-1].number})}#lines" if found and is_more and not self.asked.one else ""

    def url(self, **place: Any) -> str:
        asked = {"direction": self.direction.number, "show": self.asked.show, "q": self.asked.sought} | place
        return f"?{urlencode({name: value for name, value in asked.items() if value})}"

    def begin_url(self) -> str:
        """One person at a time, from the first who is left when it is opened."""
        return self.url(one="next", show="", q="") if self.marks_identities or self.marks_outcomes else ""

    def skip_url(self) -> str:
        following = self.following(self.asked.one) if self.asked.one else 0
        return self.url(one=following, show="", q="") if following not in (0, self.asked.one) else ""

    def following(self, number: int) -> int:
        """The next on this list after `number` whom the viewer's side has not marked, else the first; 0 when nobody is."""
        left = self._without_mark(self._listed()).order_by("number").values_list("number", flat=True)
        found: int | None = left.filter(number__gt=number).first() or left.first()
        return found or 0

    def filters(self) -> list[Chip]:
        if not (self.marks_identities or self.marks_outcomes):
            return []
        everybody = sum(size for pk, _category, _list, size in self.page.sizes if pk == self.direction.pk)
        left = self._without_mark(self._listed()).count()
        words = _("without an outcome") if self.marks_outcomes else _("not checked by us")
        base = {"direction": self.direction.number}
        return [
            Chip(_("everybody"), count(everybody), f"?{urlencode(base)}#lines", self.asked.show != LEFT),
            Chip(words, count(left), f"?{urlencode(base | {'show': LEFT})}#lines", self.asked.show == LEFT),
        ]

    def why_no_marks(self) -> str:
        if self.marks_identities or self.marks_outcomes:
            return ""
        if self.tranche.status not in (*OPEN_LOCKED, *AFTER_GO):
            return _("Identities are checked once the tranche is locked: before that it has no manifest.")
        return _("Identity checks are for the participants' handover officers.")

    def one(self, entry: Entry) -> LinePerson:
        return self.drawn([entry])[0]

    def drawn(self, rows: list[Entry]) -> list[LinePerson]:
        """Two queries whatever the number of rows."""
        ids = [row.pk for row in rows]
        checks: dict[UUID, dict[UUID, IdentityCheck]] = {}
        said = IdentityCheck.objects.visible_to(self.viewer).filter(entry__in=ids).select_related("participant")
        for check in said.order_by("at") if ids else ():
            checks.setdefault(check.entry_id, {})[check.participant_id] = check
        receipts: dict[UUID, Receipt] = {}
        if self.has_gone and ids:
            told = Receipt.objects.visible_to(self.viewer).filter(tranche=self.tranche, entry__in=ids)
            receipts = {receipt.entry_id: receipt for receipt in told.order_by("sequence")}
        return [self._person(row, checks.get(row.pk, {}), receipts.get(row.pk)) for row in rows]

    def _person(self, entry: Entry, checks: Mapping[UUID, IdentityCheck], receipt: Receipt | None) -> LinePerson:
        name, other_script = scripts(entry)
        marks, more = self._marks(entry, checks, receipt)
        facts = [spelt(entry.birth_date), entry.rank, entry.service_number, str(entry.get_category_display())]
        if entry.is_humanitarian:
            facts.append(_("humanitarian list"))
        return LinePerson(
            pk=entry.pk, number=entry.number, name=name, other_script=other_script, facts=[fact for fact in facts if fact],
            said=[*(_said(check) for check in checks.values()), *([_outcome(receipt)] if receipt else [])],
            marks=marks, more=more, one_url=self.url(one=entry.number, show="", q=""),
        )  # fmt: skip

    def _marks(
        self, entry: Entry, checks: Mapping[UUID, IdentityCheck], receipt: Receipt | None
    ) -> tuple[list[Mark], list[Mark]]:
        if self.marks_outcomes:
            stands = receipt.outcome if receipt else ""
            marks = [Mark(f"{value}:{entry.pk}", str(label), value == stands) for value, label in Outcome.choices]
            first = [
                mark for mark in marks if mark.value.startswith((f"{Outcome.RECEIVED}:", f"{Outcome.NOT_PRESENTED}:"))
            ]
            return _with_primary(first), [mark for mark in marks if mark not in first]
        if not self.marks_identities:
            return [], []
        own = checks.get(self.page.ours.pk) if self.page.ours else None
        labels = [(Result.CONFIRMED.value, _("It is them")), (Result.NOT_CONFIRMED.value, _("Not them"))]
        marks = [Mark(f"{value}:{entry.pk}", label, own is not None and own.result == value) for value, label in labels]
        return _with_primary(marks), []


_COUNTS = "counts are open to whoever reads the table"


def _with_primary(marks: Iterable[Mark]) -> list[Mark]:
    """The first stands out until one of them was given."""
    marks = list(marks)
    given = any(mark.is_on for mark in marks)
    return [Mark(m.value, m.label, m.is_on, is_primary=not given and place == 0) for place, m in enumerate(marks)]


def _said(check: IdentityCheck) -> Pill:
    sentence = _("%(who)s: %(result)s") % {"who": check.participant, "result": check.get_result_display()}
    if check.method:
        sentence = f"{sentence} ({check.method})"
    return Pill(sentence, "done" if check.result == Result.CONFIRMED else "stopped")


def _outcome(receipt: Receipt) -> Pill:
    return Pill(receipt.get_outcome_display(), "done" if receipt.outcome == Outcome.RECEIVED else "caution")


def _latest(rows: "QuerySet[Receipt]", *, outcome: str) -> dict[Any, int]:
    later = Receipt.objects.unscoped(_COUNTS).filter(entry=OuterRef("entry"), sequence__gt=OuterRef("sequence"))
    counted = rows.filter(~Exists(later), outcome=outcome).order_by().values_list("entry__direction_id")
    return dict(counted.annotate(n=Count("pk")))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
