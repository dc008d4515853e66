"""The names of one direction in windows of 50, for one viewer: filter, search, both scripts, both answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from access.models import User
from core.partial_dates import spelt
from core.together import Together
from exchanges.models import AFTER_GO, AGREED, OPEN, Answer, Direction, Entry, Exchange, Receipt, Stance, Tranche
from exchanges.models.entry import Identity
from exchanges.presentation.tally import Group, Tally, waits_for_side
from exchanges.presentation.times import count, day
from exchanges.presentation.tones import Pill
from negotiations.models import Participant

WINDOW = 50
OWN_SCRIPT = ("uk", "ru", "ar")  # languages whose readers read a name as it is written at home


@dataclass(frozen=True)
class Asked:
    """What the address asks for: direction, filter, search, and where the window begins."""

    direction: str = ""
    show: str = ""
    sought: str = ""
    after: int = 0
    before: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        return cls(
            direction=query.get("direction", ""), show=query.get("show", ""), sought=query.get("q", "").strip()[:120],
            after=_number(query.get("from", "")), before=_number(query.get("before", "")),
        )  # fmt: skip


@dataclass(frozen=True)
class Chip:
    label: str
    tally: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Stand:
    """One side's answer to one line."""

    text: str
    reason: str = ""
    note: str = ""
    according_to: str = ""


@dataclass(frozen=True)
class NameLine:
    pk: UUID
    number: int
    name: str
    other_script: str
    born: str
    rank: str
    service_number: str
    category: str
    is_humanitarian: bool
    is_conspicuous: bool
    first: Stand
    second: Stand
    state: Pill
    tranche: str
    last_move: str
    is_ticked: bool
    replaces: str


@dataclass(frozen=True)
class NamesWindow:
    direction: Direction
    label: str
    first_title: str
    second_title: str
    is_ours: bool
    lines: list[NameLine]
    directions: list[Chip]
    filters: list[Chip]
    asked: Asked
    total: str
    size: int
    first: int
    last: int
    previous_url: str
    next_url: str
    action: str
    is_filtered: bool = False
    hidden: list[tuple[str, str]] = field(default_factory=list)


class NamesAsked:
    """The window, its answers and its receipts, to be read with what else a page shows."""

    def __init__(
        self, exchange: Exchange, directions: list[Direction], tally: Tally, tranches: list[Tranche], *, viewer: User,
        ours: Participant | None, asked: Asked, together: Together,
    ) -> None:  # fmt: skip
        self.exchange, self.directions, self.tally, self.tranches = exchange, directions, tally, tranches
        self.ours, self.asked = ours, asked
        self.direction = _direction(directions, asked, tally, ours)
        self.filters = _filters(self.direction, ours, tranches)
        window = _window(self.direction, self.filters, asked, viewer)
        self._found = together.later(window.select_related("replaces"))
        shown = window.values("pk")[:WINDOW]
        self._answers = together.later(Answer.objects.visible_to(viewer).filter(entry__in=shown).order_by("sequence"))
        gone = [tranche.pk for tranche in tranches if tranche.status in AFTER_GO]
        self._receipts = together.later(
            Receipt.objects.visible_to(viewer).filter(entry__in=shown, tranche__in=gone).order_by("sequence")
        )

    @cached_property
    def rows(self) -> list[Entry]:
        """In the order of their numbers, also on the way back."""
        return self._found.rows[:WINDOW][:: -1 if self.asked.before else 1]

    def window(self, ticked: frozenset[str] = frozenset()) -> NamesWindow:
        direction, asked, ours, rows = self.direction, self.asked, self.ours, self.rows
        goes_on, is_back = len(self._found.rows) > WINDOW, bool(asked.before)
        urls = _Urls(self.exchange, direction, asked)
        first, second = _sides(direction, ours)
        is_ours = ours is not None and ours in (direction.holder, direction.receiver)
        view = self._drawing(first, second, ticked)
        within = self.tally.within(direction)
        shown = self.filters.get(asked.show, self.filters[""])
        return NamesWindow(
            direction=direction,
            label=str(direction),
            first_title=_("Ours") if is_ours else str(first),
            second_title=_("Theirs (%(who)s)") % {"who": second} if is_ours else str(second),
            is_ours=is_ours,
            lines=[view.line(entry) for entry in rows],
            directions=[
                urls.direction(one, within_of=self.tally, is_current=one == direction) for one in self.directions
            ],
            filters=[
                urls.filter(name, made, within, is_current=name == asked.show)
                for name, made in self.filters.items()
                if name in ("", asked.show) or within.of(made.groups)
            ],
            asked=asked,
            total="" if asked.sought else count(within.of(shown.groups)),
            size=WINDOW,
            first=rows[0].number if rows else 0,
            last=rows[-1].number if rows else 0,
            previous_url=urls.window(before=rows[0].number) if rows and (goes_on if is_back else asked.after) else "",
            next_url=urls.window(**{"from": rows[-1].number}) if rows and (is_back or goes_on) else "",
            action=urls.window(**({"from": asked.after} if asked.after else {})),
            is_filtered=bool(asked.show or asked.sought),
            hidden=[("direction", str(direction.number)), *([("show", asked.show)] if asked.show else [])],
        )

    def _drawing(self, first: Participant, second: Participant, ticked: frozenset[str]) -> "_Drawing":
        """With the latest answer of each side and the latest receipt of each line."""
        answers = {(answer.entry_id, answer.participant_id): answer for answer in self._answers.rows}
        outcomes = {receipt.entry_id: receipt for receipt in self._receipts.rows}
        moved: dict[UUID, datetime] = {}
        for answer in self._answers.rows:
            moved[answer.entry_id] = max(answer.at, moved.get(answer.entry_id, answer.at))
        tranches = {tranche.pk: tranche for tranche in self.tranches}
        return _Drawing(self.direction, first, second, answers, moved, outcomes, tranches, ticked)


@dataclass(frozen=True)
class _Filter:
    label: str
    rows: Q
    groups: Any


def _filters(direction: Direction, ours: Participant | None, tranches: list[Tranche]) -> dict[str, _Filter]:
    """The same question twice: of rows for the window, of the tally's groups for the number on the chip."""
    mine = ours.pk if ours else None

    def stance(wanted: str) -> _Filter:
        either = Q(holder_stance=wanted) | Q(receiver_stance=wanted)
        return _Filter(str(Stance(wanted).label), OPEN & either, lambda group: group.has(wanted))

    filters = {
        "": _Filter(_("all"), Q(), lambda group: True),
        "agreed": _Filter(_("agreed"), AGREED, lambda group: group.is_agreed),
        "refused": stance(Stance.REFUSED),
        "needs_information": stance(Stance.NEEDS_INFORMATION),
        "unanswered": _Filter(
            _("unanswered"), OPEN & (Q(holder_stance="") | Q(receiver_stance="")), _is_unanswered,
        ),
    }  # fmt: skip
    if mine in (direction.holder_id, direction.receiver_id):
        side = "holder" if mine == direction.holder_id else "receiver"
        filters["mine"] = _Filter(
            _("mine to answer"), OPEN & Q(**{f"{side}_stance": ""}), lambda group: waits_for_side(group, direction, mine)
        )  # fmt: skip
    filters["humanitarian"] = _Filter(
        _("humanitarian list"), OPEN & Q(is_humanitarian=True), lambda group: group.is_humanitarian and not group.is_withdrawn
    )  # fmt: skip
    filters["withdrawn"] = _Filter(_("withdrawn"), ~OPEN, lambda group: group.is_withdrawn)
    for tranche in tranches:
        filters[f"tranche-{tranche.number}"] = _Filter(
            _("tranche %(number)s") % {"number": tranche.number}, Q(tranche=tranche), _in_tranche(tranche)
        )
    return filters


def _is_unanswered(group: Group) -> bool:
    return not group.is_withdrawn and not (group.holder_stance and group.receiver_stance)


def _in_tranche(tranche: Tranche) -> Any:
    return lambda group: group.tranche == tranche.pk


def _direction(directions: list[Direction], asked: Asked, tally: Tally, ours: Participant | None) -> Direction:
    """The one asked for; else the first in which something waits for the viewer's side; else the first."""
    for direction in directions:
        if asked.direction == str(direction.number):
            return direction
    mine = ours.pk if ours else None
    return next((one for one in directions if tally.unanswered_by(one, mine)), directions[0])


def _window(direction: Direction, filters: Mapping[str, _Filter], asked: Asked, viewer: User) -> "QuerySet[Entry]":
    """The rows that stand in the window and one more, if there is one, from where the address begins."""
    rows: QuerySet[Entry] = Entry.objects.visible_to(viewer).filter(direction=direction)
    rows = matching(rows.filter(filters[asked.show].rows if asked.show in filters else Q()), asked.sought)
    if asked.before:
        return rows.filter(number__lt=asked.before).order_by("-number")[: WINDOW + 1]
    return rows.filter(number__gt=asked.after).order_by("number")[: WINDOW + 1]


def matching(entries: "QuerySet[Entry]", text: str) -> "QuerySet[Entry]":
    """Those with this number, or whose names hold every word of `text`."""
    text = text.replace("\x00", "")
    number = text.lstrip("#")
    if number.isascii() and number.isdigit() and len(number) < 9:
        return entries.filter(Q(number=int(number)) | Q(service_number=text))
    for word in text.split():
        in_names = Q()
        for spelling in {word, word.lower(), word.upper(), word.capitalize()}:  # SQLite folds the case of ASCII only
            for name in ("family", "given", "patronymic", "latin_name", "service_number"):
                in_names |= Q(**{f"{name}__icontains": spelling})
        entries = entries.filter(in_names)
    return entries


def _sides(direction: Direction, ours: Participant | None) -> tuple[Participant, Participant]:
    if ours == direction.receiver:
        return direction.receiver, direction.holder
    return direction.holder, direction.receiver


@dataclass(frozen=True)
class _Drawing:
    direction: Direction
    first: Participant
    second: Participant
    answers: Mapping[tuple[UUID, UUID], Answer]
    moved: Mapping[UUID, datetime]
    outcomes: Mapping[UUID, Receipt]
    tranches: Mapping[UUID, Tranche]
    ticked: frozenset[str]

    def line(self, entry: Entry) -> NameLine:
        tranche = self.tranches.get(entry.tranche_id) if entry.tranche_id else None
        name, other_script = scripts(entry)
        return NameLine(
            pk=entry.pk, number=entry.number, name=name, other_script=other_script,
            born=spelt(entry.birth_date), rank=entry.rank, service_number=entry.service_number,
            category=entry.get_category_display(), is_humanitarian=entry.is_humanitarian,
            is_conspicuous=entry.is_conspicuous, first=self.stand(entry, self.first), second=self.stand(entry, self.second),
            state=self.state(entry, tranche),
            tranche=_("tranche %(number)s") % {"number": tranche.number} if tranche else "",
            last_move=day(self.moved.get(entry.pk, entry.disclosed_at).date()), is_ticked=str(entry.pk) in self.ticked,
            replaces=f"#{entry.replaces.number}" if entry.replaces else "",
        )  # fmt: skip

    def stand(self, entry: Entry, side: Participant) -> Stand:
        stance = entry.holder_stance if side == self.direction.holder else entry.receiver_stance
        answer = self.answers.get((entry.pk, side.pk))
        if not stance:
            return Stand(_("no answer"))
        if answer is None:
            return Stand(str(Stance(stance).label))
        reason = answer.get_reason_display() if answer.reason else ""
        if answer.field:
            reason = f"{reason}: {answer.field}"
        return Stand(str(Stance(stance).label), reason, answer.note, "" if side.works_here else answer.source)

    def state(self, entry: Entry, tranche: Tranche | None) -> Pill:
        if receipt := self.outcomes.get(entry.pk):
            return Pill(receipt.get_outcome_display(), "done" if receipt.outcome == "received" else "caution")
        if tranche is not None and tranche.status in AFTER_GO:
            return Pill(_("gone"), "quiet")
        if tranche is not None and tranche.is_open_locked:
            return Pill(_("locked"), "done")
        return _argued(entry)


def _argued(entry: Entry) -> Pill:
    stances = (entry.holder_stance, entry.receiver_stance)
    if Stance.WITHDRAWN in stances:
        return Pill(_("withdrawn"), "quiet")
    if entry.is_agreed:
        return Pill(_("agreed"), "done")
    if Stance.REFUSED in stances:
        return Pill(_("refused"), "stopped")
    if Stance.NEEDS_INFORMATION in stances:
        return Pill(_("needs information"), "caution")
    return Pill(_("unanswered") if "" in stances else _("not agreed"), "quiet")


def scripts(line: Identity) -> tuple[str, str]:
    """The name in the viewer's script first, then in the other; the second is empty where there is one only."""
    own, latin = line.full_name, line.latin_name
    if not latin or latin == own:
        return own, ""
    return (own, latin) if (get_language() or "").partition("-")[0] in OWN_SCRIPT else (latin, own)


@dataclass(frozen=True)
class _Urls:
    exchange: Exchange
    current: Direction
    asked: Asked

    def to(self, **query: Any) -> str:
        kept = {name: value for name, value in query.items() if value}
        return f"{reverse('exchanges:names', args=[self.exchange.pk])}?{urlencode(kept)}"

    def direction(self, direction: Direction, *, within_of: Tally, is_current: bool) -> Chip:
        size = within_of.within(direction).of(lambda group: not group.is_withdrawn)
        return Chip(str(direction), count(size), self.to(direction=direction.number), is_current)

    def filter(self, name: str, made: _Filter, within: Tally, *, is_current: bool) -> Chip:
        url = self.to(direction=self.current.number, show=name)
        return Chip(made.label, count(within.of(made.groups)), url, is_current)

    def window(self, **place: Any) -> str:
        return self.to(direction=self.current.number, show=self.asked.show, q=self.asked.sought, **place)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
