"""What happened since the viewer was last here, by exchange."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from audit.counterparts import told_once
from audit.models import Event
from audit.presentation import EventView, event_views
from exchanges.models import Direction, Exchange, SignOffStep, Tranche
from exchanges.presentation.times import instant

MOST = 50


@dataclass(frozen=True)
class NewsLine:
    sentence: str
    who: str
    at: str
    iso: str
    private: bool


@dataclass(frozen=True)
class ExchangeNews:
    """One exchange's news, newest first."""

    reference: str
    title: str
    url: str
    lines: list[NewsLine]


@dataclass(frozen=True)
class Subject:
    """The exchange that an event is about, and what in it."""

    exchange: Exchange
    label: str
    url: str


@dataclass(frozen=True)
class News:
    since: str
    exchanges: list[ExchangeNews]
    has_more: bool


def news_since(since: datetime | None, viewer: User) -> News:
    """Six queries whatever happened; at most 50 events. Nothing for somebody who has never been here."""
    if since is None:
        return News("", [], False)
    kinds = ("exchange", "tranche", "direction", "signoffstep")
    events = told_once(Event.objects.visible_to(viewer).filter(at__gt=since)).newest_first()  # type: ignore[attr-defined]
    views = [view for view in event_views(events[: MOST + 1], viewer) if view.subject.split(":")[0] in kinds]
    subjects = subjects_behind((view.subject for view in views), viewer)
    grouped: dict[Any, ExchangeNews] = {}
    for view in views[:MOST]:
        if subject := subjects.get(view.subject):
            news = grouped.setdefault(subject.exchange.pk, _of(subject.exchange))
            news.lines.append(_line(view, subject))
    return News(instant(since), list(grouped.values()), len(views) > MOST)


def _of(exchange: Exchange) -> ExchangeNews:
    url = reverse("exchanges:detail", args=[exchange.pk])
    return ExchangeNews(exchange.reference or _("Draft"), exchange.title, url, [])


def _line(view: EventView, subject: Subject) -> NewsLine:
    sentence = f"{subject.label}: {view.sentence}" if subject.label else view.sentence
    is_private = view.private and not subject.exchange.negotiation.is_ours_alone
    return NewsLine(
        sentence, ", ".join(filter(None, (view.person, view.who))), instant(view.at), view.at.isoformat(), is_private
    )


def subjects_behind(names: Iterable[str], viewer: User) -> dict[str, Subject]:
    """Every name such as `tranche:<uuid>` that the viewer may see, with its exchange: at most four queries."""
    wanted: dict[str, set[str]] = {}
    for name in names:
        kind, _colon, pk = name.partition(":")
        wanted.setdefault(kind, set()).add(pk)
    found: dict[str, Subject] = {}
    for kind, read in _READERS.items():
        if wanted.get(kind):
            found |= read(wanted[kind], viewer)
    return found


def _exchanges(pks: set[str], viewer: User) -> dict[str, Subject]:
    rows = Exchange.objects.visible_to(viewer).filter(pk__in=pks).select_related("negotiation")
    return {f"exchange:{row.pk}": Subject(row, "", reverse("exchanges:detail", args=[row.pk])) for row in rows}


def _tranches(pks: set[str], viewer: User) -> dict[str, Subject]:
    rows = Tranche.objects.visible_to(viewer).filter(pk__in=pks).select_related("exchange__negotiation")
    return {f"tranche:{row.pk}": _in_tranche(row) for row in rows}


def _steps(pks: set[str], viewer: User) -> dict[str, Subject]:
    rows = SignOffStep.objects.visible_to(viewer).filter(pk__in=pks).select_related("tranche__exchange__negotiation")
    return {f"signoffstep:{row.pk}": _in_tranche(row.tranche) for row in rows}


def _directions(pks: set[str], viewer: User) -> dict[str, Subject]:
    rows = (
        Direction.objects.visible_to(viewer)
        .filter(pk__in=pks)
        .select_related("exchange__negotiation", "holder", "receiver")
    )
    return {
        f"direction:{row.pk}": Subject(row.exchange, str(row), reverse("exchanges:names", args=[row.exchange_id]))
        for row in rows
    }


def _in_tranche(tranche: Tranche) -> Subject:
    label = _("Tranche %(number)s") % {"number": tranche.number}
    return Subject(tranche.exchange, label, reverse("exchanges:tranche", args=[tranche.pk]))


_READERS = {"exchange": _exchanges, "tranche": _tranches, "signoffstep": _steps, "direction": _directions}
