"""Open deadlines as one viewer who may do something about them sees them, the longest overdue first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.db.models import Count, Min, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from access.roles import May
from access.scoping import ScopedQuerySet
from core.errors import InputRefused
from core.paging import PAGE, Page, by, page_of
from core.partial_dates import spelt
from people.dossier.presentation import day
from people.models import Deadline, Name
from people.operations.deadlines import standing, today
from people.operations.watching import note_rows

ORDER = by("due_on", "person_id", "id")  # what is owed for one person stands together
NOTICES, DEATHS = "notices", "deaths"
OF_GROUP = {NOTICES: Q(duty=None), DEATHS: Q(duty__isnull=False)}


@dataclass(frozen=True)
class DeadlineLine:
    label: str
    other_names: list[str]
    url: str
    what: str
    owed_by: str
    since: str
    due: str
    state: str
    tone: str
    act_url: str
    action: str


@dataclass(frozen=True)
class GroupLink:
    label: str
    url: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class DutiesPage:
    lines: list[DeadlineLine]
    groups: list[GroupLink]
    overdue: int
    size: int
    previous_url: str
    next_url: str


@dataclass(frozen=True)
class Overdue:
    """Of one group: how many are over, and since when the first is."""

    group: str
    count: int
    first_due: date
    url: str


def open_deadlines(viewer: User) -> ScopedQuerySet[Deadline]:
    return standing(Deadline.objects.where(viewer, May.WRITE_PERSON))


def duties_page(viewer: User, asked: Mapping[str, str]) -> DutiesPage:
    """Three queries, whatever there is. Whom the page names is counted as read."""
    group = asked.get("owed", "") if asked.get("owed") in OF_GROUP else ""
    rows = open_deadlines(viewer)
    counts = _counts(rows)
    narrowed = rows.filter(OF_GROUP[group]) if group else rows
    page = _window(narrowed.select_related("person__merged_into"), asked.get("cursor", ""))
    persons = {row.person.read_as.pk for row in page.rows}
    names = Name.objects.visible_to(viewer).of(*persons).by_holder()
    note_rows((row.compartment_id for row in page.rows), actor=viewer)
    return DutiesPage(
        lines=[_line(row, names.get(row.person.read_as.pk, [])) for row in page.rows],
        groups=[
            GroupLink(label, _url(value), counts[value], value == group)
            for value, label in ((("", _("All"))), (NOTICES, _("Not notified")), (DEATHS, _("After a death")))
        ],
        overdue=counts[f"over:{group}"], size=PAGE,
        previous_url=_url(group, page.previous) if page.previous else "",
        next_url=_url(group, page.next) if page.next else "",
    )  # fmt: skip


def overdue_of(viewer: User) -> list[Overdue]:
    """For home: one query."""
    over = Q(due_on__lt=today())
    told = open_deadlines(viewer).order_by().filter(over).aggregate(
        **{f"n_{group}": Count("pk", filter=of) for group, of in OF_GROUP.items()},
        **{f"first_{group}": Min("due_on", filter=of) for group, of in OF_GROUP.items()},
    )  # fmt: skip
    return [
        Overdue(group, told[f"n_{group}"], told[f"first_{group}"], _url(group))
        for group in OF_GROUP
        if told[f"n_{group}"]
    ]


def days_over(row: Deadline) -> int:
    return max(0, (today() - row.due_on).days)


def _counts(rows: "QuerySet[Deadline]") -> dict[str, int]:
    over = Q(due_on__lt=today())
    asked = {"": Q(), **OF_GROUP}
    return rows.order_by().aggregate(
        **{group: Count("pk", filter=of) for group, of in asked.items()},
        **{f"over:{group}": Count("pk", filter=of & over) for group, of in asked.items()},
    )  # fmt: skip


def _window(rows: "QuerySet[Deadline]", cursor: str) -> Page[Deadline]:
    try:
        return page_of(rows, ORDER, cursor=cursor)
    except InputRefused:
        return page_of(rows, ORDER)


def _line(row: Deadline, names: list[Name]) -> DeadlineLine:
    person, over = row.person.read_as, days_over(row)
    if over:
        state = ngettext("%(n)d day over", "%(n)d days over", over) % {"n": over}
    else:
        left = (row.due_on - today()).days
        state = ngettext("%(n)d day left", "%(n)d days left", left) % {"n": left} if left else _("due today")
    others = dict.fromkeys(str(name) for name in names if str(name) != str(person))
    act = (
        (reverse("people:agency_new", args=[person.pk]), _("Record the notice"))
        if row.duty_id is None
        else (reverse("people:duty", args=[row.person_id, row.duty_id]), _("Mark as done"))
    )
    return DeadlineLine(
        label=str(person), other_names=list(others), url=reverse("people:detail", args=[person.pk]),
        what=row.get_kind_display(), owed_by=row.get_owed_by_display(),
        since=spelt(row.since), due=day(row.due_on), state=state, tone="stopped" if over else "caution",
        act_url=act[0], action=act[1],
    )  # fmt: skip


def _url(group: str, cursor: str = "") -> str:
    told = {name: value for name, value in (("owed", group), ("cursor", cursor)) if value}
    return f"{reverse('people:duties')}?{urlencode(told)}" if told else reverse("people:duties")
