"""Exchanges by status as columns, or as a table in windows."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May
from exchanges.models import AGREED, Entry, Exchange, ExchangeHold, ExchangeStatus, FormulaLine
from exchanges.presentation.times import age, count
from exchanges.presentation.tones import Pill, pill
from negotiations.models import Negotiation

WINDOW = 50
CARDS = 60
CLOSED = (ExchangeStatus.COMPLETED, ExchangeStatus.ENDED_SHORT, ExchangeStatus.DECLINED, ExchangeStatus.CANCELLED)


@dataclass(frozen=True)
class Card:
    url: str
    reference: str
    title: str
    status: Pill
    since: str
    hold: str
    negotiation: str
    agreed: str
    is_private: bool
    is_our_draft: bool


@dataclass(frozen=True)
class Column:
    label: str
    tally: str
    cards: list[Card]


@dataclass(frozen=True)
class ExchangeTable:
    cards: list[Card]
    size: int
    previous_url: str
    next_url: str


def board(viewer: User) -> list[Column]:
    """The newest exchanges that are not over, by status; closed ones share the last column. Four queries."""
    visible = Exchange.objects.visible_to(viewer).select_related("negotiation", "compartment", "hold_by")
    open_rows = list(visible.exclude(status__in=CLOSED).order_by("-status_since", "-id")[:CARDS])
    closed_rows = list(visible.filter(status__in=CLOSED).order_by("-status_since", "-id")[:12])
    cards = dict(zip([row.pk for row in open_rows + closed_rows], _cards(open_rows + closed_rows), strict=True))
    columns = []
    for status in ExchangeStatus:
        rows = [row for row in open_rows if row.status == status]
        if rows:
            columns.append(Column(str(status.label), count(len(rows)), [cards[row.pk] for row in rows]))
    if closed_rows:
        columns.append(Column(_("over"), count(len(closed_rows)), [cards[row.pk] for row in closed_rows]))
    return columns


def table(viewer: User, *, after: str = "", negotiation: str = "") -> ExchangeTable:
    """All exchanges, newest movement first; `after` is the last one of the window before."""
    rows: QuerySet[Exchange] = Exchange.objects.visible_to(viewer).select_related(
        "negotiation", "compartment", "hold_by"
    )
    start = _found(rows, after)
    if start is not None:
        rows = rows.filter(Q(status_since__lt=start.status_since) | Q(status_since=start.status_since, id__lt=start.pk))
    found = list(rows.order_by("-status_since", "-id")[: WINDOW + 1])
    shown = found[:WINDOW]
    here = reverse("exchanges:board")
    next_url = f"{here}?{urlencode({'as': 'table', 'after': shown[-1].pk})}" if len(found) > WINDOW else ""
    return ExchangeTable(_cards(shown), WINDOW, f"{here}?as=table" if start else "", next_url)


def _found(rows: "QuerySet[Exchange]", after: str) -> Exchange | None:
    try:
        return rows.filter(pk=UUID(after)).first()
    except ValueError:
        return None


def _cards(rows: list[Exchange]) -> list[Card]:
    """Counts of names are open to whoever reads the table; two queries for all rows."""
    pks = [row.pk for row in rows]
    entries = Entry.objects.unscoped("counts of exchanges that were read in scope").filter(
        AGREED, direction__exchange__in=pks, is_humanitarian=False
    )
    agreed = dict(entries.order_by().values_list("direction__exchange_id").annotate(n=Count("pk")))
    lines = FormulaLine.objects.unscoped("the same").filter(direction__exchange__in=pks).order_by()
    targets: dict[tuple[Any, int], int] = {
        (exchange_id, version): total
        for exchange_id, version, total in lines.values_list("direction__exchange_id", "formula_version").annotate(
            total=Sum("count")
        )
    }
    return [
        Card(
            url=reverse("exchanges:detail", args=[row.pk]), reference=row.reference or _("Draft"), title=row.title,
            status=pill(row.status, row.get_status_display()), since=age(row.status_since),
            hold=_("%(hold)s by %(who)s") % {"hold": row.get_hold_display(), "who": row.hold_by}
            if row.hold != ExchangeHold.NONE
            else "",
            negotiation=str(row.negotiation), is_private=not row.compartment.is_shared and not row.negotiation.is_ours_alone,
            is_our_draft=row.is_draft and row.negotiation.is_ours_alone,
            agreed=_("%(agreed)s agreed of %(target)s") % {
                "agreed": count(agreed.get(row.pk, 0)), "target": count(targets.get((row.pk, row.formula_version), 0)),
            },
        )
        for row in rows
    ]  # fmt: skip


def of_negotiation(viewer: User, negotiation: Negotiation) -> tuple[str, dict[str, Any]]:
    """The newest exchanges of one negotiation, for its page: template and context."""
    rows = Exchange.objects.visible_to(viewer).filter(negotiation=negotiation)
    rows = rows.select_related("negotiation", "compartment", "hold_by").order_by("-status_since", "-id")
    may = viewer.capabilities_in(negotiation.compartment_id)
    context = {
        "cards": _cards(list(rows[:WINDOW])),
        "may_draft": May.NEGOTIATE in may,
        "may_set_policy": May.DECIDE in may,
    }
    return "exchanges/of_negotiation.html", context | {"negotiation": negotiation}
