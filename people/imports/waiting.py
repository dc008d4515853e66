"""Lists that came in and wait for somebody of their side, in short lines for home."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from access.roles import May
from people.imports.presentation import decided_rows, waiting_rows
from people.models import Import, ImportRow, ImportStatus

S = ImportStatus
SHOWN = 5
TO_BE_ACTED_ON = Q(status__in=(S.REFUSED, S.MAPPING, S.PREVIEW))
RESTS_WITH_A_FAULT = ~Q(fault="")
HAS_ROWS_TO_SETTLE = (S.PREVIEW, S.COMMITTED)


@dataclass(frozen=True)
class WaitingImport:
    what: str
    note: str
    since: datetime
    url: str


def imports_waiting(viewer: User) -> list[WaitingImport]:
    """Those that came first, each in a line, and one line for the others. Three queries at most."""
    unsettled, decided = waiting_rows(viewer), decided_rows(viewer)
    has_rows_left = Q(
        *(Exists(rows.filter(of_import=OuterRef("pk"))) for rows in (unsettled, decided)), _connector=Q.OR
    )
    imports = Import.objects.where(viewer, May.IMPORT_PEOPLE).filter(
        TO_BE_ACTED_ON | Q(status=S.COMMITTED) & (RESTS_WITH_A_FAULT | has_rows_left)
    )
    counted = imports.only("sender", "status", "fault", "created_at").annotate(every=Window(Count("pk")))
    found = list(counted.order_by("created_at", "pk")[: SHOWN + 1])
    shown = found[:SHOWN]
    to_settle = _counted(unsettled, [of.pk for of in shown if of.status in HAS_ROWS_TO_SETTLE])
    to_take = _counted(decided, [of.pk for of in shown if of.status == S.COMMITTED])
    lines = [_line(of, to_settle.get(of.pk, 0), to_take.get(of.pk, 0)) for of in shown]
    return [*lines, *(_others(of.every - SHOWN, of.created_at) for of in found[SHOWN:])]


def _line(of: Import, unsettled: int, decided: int) -> WaitingImport:
    told = {"sender": of.sender}
    what = _("List from %(sender)s") % told + f": {of.get_status_display()}"
    if of.fault in ("gave_up", "stopped"):
        what = _("Something went wrong with a list from %(sender)s, and the work on it rests.") % told
    notes = []
    if unsettled:
        note = ngettext("%(waiting)s row is to be settled", "%(waiting)s rows are to be settled", unsettled)
        notes.append(note % {"waiting": unsettled})
    if decided:
        note = ngettext(
            "%(decided)s row is decided on and not yet taken in", "%(decided)s rows are decided on and not yet taken in", decided
        )  # fmt: skip
        notes.append(note % {"decided": decided})
    return WaitingImport(what, "; ".join(notes), of.created_at, reverse("people:import_detail", args=[of.pk]))


def _others(count: int, since: datetime) -> WaitingImport:
    what = ngettext("%(count)s more list that came in", "%(count)s more lists that came in", count)
    return WaitingImport(what % {"count": count}, "", since, reverse("people:imports"))


def _counted(rows: "QuerySet[ImportRow]", imports: Sequence[uuid.UUID]) -> dict[Any, int]:
    """By import, how many."""
    of_these = rows.filter(of_import__in=imports).order_by()
    return dict(of_these.values_list("of_import").annotate(n=Count("pk"))) if imports else {}
