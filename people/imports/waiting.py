"""Lists that came in and wait for somebody of their side, in short lines for home."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, Window
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from access.roles import May
from people.imports.presentation import waiting_rows
from people.models import Import, ImportStatus

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
    """Those that came first, each in a line, and one line for the others. Two queries at most."""
    is_unsettled = Exists(waiting_rows(viewer).filter(of_import=OuterRef("pk")))
    rows = Import.objects.where(viewer, May.IMPORT_PEOPLE).filter(
        TO_BE_ACTED_ON | Q(status=S.COMMITTED) & (RESTS_WITH_A_FAULT | Q(is_unsettled))
    )
    counted = rows.only("sender", "status", "fault", "created_at").annotate(every=Window(Count("pk")))
    found = list(counted.order_by("created_at", "pk")[: SHOWN + 1])
    shown = found[:SHOWN]
    unsettled = _unsettled([of.pk for of in shown if of.status in HAS_ROWS_TO_SETTLE], viewer)
    lines = [_line(of, unsettled.get(of.pk, 0)) for of in shown]
    return [*lines, *(_others(of.every - SHOWN, of.created_at) for of in found[SHOWN:])]


def _line(of: Import, unsettled: int) -> WaitingImport:
    told = {"sender": of.sender}
    what = _("List from %(sender)s") % told + f": {of.get_status_display()}"
    if of.fault in ("gave_up", "stopped"):
        what = _("Something went wrong with a list from %(sender)s, and the work on it rests.") % told
    note = ngettext("%(waiting)s row is to be settled", "%(waiting)s rows are to be settled", unsettled)
    url = reverse("people:import_detail", args=[of.pk])
    return WaitingImport(what, note % {"waiting": unsettled} if unsettled else "", of.created_at, url)


def _others(count: int, since: datetime) -> WaitingImport:
    what = ngettext("%(count)s more list that came in", "%(count)s more lists that came in", count)
    return WaitingImport(what % {"count": count}, "", since, reverse("people:imports"))


def _unsettled(imports: Sequence[uuid.UUID], viewer: User) -> dict[uuid.UUID, int]:
    """By import, how many rows."""
    rows = waiting_rows(viewer).filter(of_import__in=imports).order_by()
    return dict(rows.values_list("of_import").annotate(n=Count("pk"))) if imports else {}
