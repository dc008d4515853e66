"""Pages of imports: send in, name the columns, look at the rows, settle, take in, undo."""

import uuid
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.declared import needs
from access.forms import answer_status, attempt
from access.models import User
from access.requests import viewer_of
from access.roles import May
from access.scoping import capabilities_anywhere
from audit.models import Event
from audit.presentation import timeline
from people.imports.columns import guess, meanings
from people.imports.faults_file import faults_file
from people.imports.forms import ColumnsForm, CommitForm, CorrectionForm, SettleForm
from people.imports.forms import UploadForm as Upload
from people.imports.presentation import (
    address_to_import,
    candidates_shown,
    cells_shown,
    import_lines,
    import_shown,
    next_to_settle,
    rows_shown,
    sample_of,
    verdict_counts,
    waiting_rows,
    window_of_rows,
)
from people.imports.transitions import TRANSITIONS
from people.models import Decision, Import, ImportRow, ImportStatus, RowVerdict
from people.operations.corrections import can_be_corrected, correct_row, corrections_of
from people.operations.imports import (
    begin_import,
    choose_table,
    commit_import,
    decide_rows,
    discard_import,
    map_columns,
    read_again,
    undo_import,
)

EVENTS_SHOWN = 20
STEPS = {"commit": commit_import, "undo": undo_import, "discard": discard_import, "read": read_again}
HAS_ROWS = (
    ImportStatus.PREVIEW,
    ImportStatus.COMMITTED,
    ImportStatus.UNDONE,
    ImportStatus.COMMITTING,
    ImportStatus.UNDOING,
)


@needs(May.IMPORT_PEOPLE)
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    lines, may_import = import_lines(viewer_of(request)), _may_import(request)
    return render(request, "people/import_list.html", {"imports": lines, "may_import": may_import})


@needs(May.IMPORT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    posted = request.method == "POST"
    form = Upload(request.POST if posted else None, request.FILES if posted else None, request=request)
    if form.is_valid():
        sent = form.cleaned_data
        begin = partial(
            begin_import, sent["file"].chunks(), sender=sent["sender"], compartment=sent.get("compartment"),
            actor=viewer_of(request),
        )  # fmt: skip
        if (begun := attempt(form, begin)) is not None:
            return redirect("people:import_detail", import_pk=begun.pk)
    may_import = bool(address_to_import(capabilities_anywhere(viewer_of(request))))
    return render(
        request, "people/import_new.html", {"form": form, "may_import": may_import}, status=answer_status(form)
    )


@needs(May.IMPORT_PEOPLE)
@require_safe
def import_detail(request: HttpRequest, import_pk: UUID) -> HttpResponse:
    """Where it stands. While it is worked on, the part that says how far is asked for again and again."""
    of, viewer = _found(request, import_pk), viewer_of(request)
    shown = import_shown(of, viewer)
    if request.htmx and request.GET.get("part") == "progress":  # type: ignore[attr-defined]
        answer = render(request, "people/import_detail.html#progress", {"of": shown})
        if not shown.is_working:
            answer.headers["HX-Refresh"] = "true"
        return answer
    if of.status == ImportStatus.MAPPING and not shown.fault:
        return redirect("people:import_columns", import_pk=import_pk)
    return _detail(request, of, CommitForm())


def _detail(request: HttpRequest, of: Import, form: CommitForm, status: int = 200) -> HttpResponse:
    viewer, verdict = viewer_of(request), request.GET.get("verdict", "")
    context: dict[str, Any] = {"of": import_shown(of, viewer), "form": form, "verdict": verdict}
    if of.status in HAS_ROWS:
        counts, left = verdict_counts(of, viewer, verdict)
        waits = any(one.verdict == RowVerdict.AMBIGUOUS and one.decided < one.count for one in left)
        context |= {
            "counts": counts,
            "left": left if not of.is_working else [],
            "window": window_of_rows(
                of, viewer, verdict=verdict, after=_number(request, "after"), before=_number(request, "before")
            ),
            "settle_url": next_to_settle(of, viewer, 0) if waits and not of.is_working else "",
            "choices": [(value, label) for value, label in Decision.choices if value != Decision.UPDATE],
        }
    events = Event.objects.visible_to(viewer).about(of).newest_first()[:EVENTS_SHOWN]
    return render(request, "people/import_detail.html", context | {"days": timeline(events, viewer)}, status=status)


@needs(May.IMPORT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def import_columns(request: HttpRequest, import_pk: UUID) -> HttpResponse:
    of, viewer = _found(request, import_pk), viewer_of(request)
    if why := TRANSITIONS["check"].refusal_by_status(of.status):
        messages.warning(request, str(why))
        return redirect("people:import_detail", import_pk=import_pk)
    heading_row, headings, columns = _as_headed(of, request)
    form = ColumnsForm(request.POST if request.method == "POST" else None, of=of, headings=headings, columns=columns)
    if request.method != "POST":
        form.initial["heading_row"] = heading_row
    elif form.is_valid():
        sheet = form.cleaned_data.get("sheet") or of.sheet
        if sheet != of.sheet:
            choose_table(of, sheet=sheet, actor=viewer)
            return redirect("people:import_detail", import_pk=import_pk)
        if form.cleaned_data["heading_row"] != heading_row or "look" in request.POST:
            return redirect(
                f"{reverse('people:import_columns', args=[import_pk])}?heading={form.cleaned_data['heading_row']}"
            )
        mapped = partial(
            map_columns, of, actor=viewer, columns=form.meanings, heading_row=heading_row, headings=headings,
            month_first=form.cleaned_data["month_first"], given_name_first=form.cleaned_data["given_name_first"],
        )  # fmt: skip
        if attempt(form, mapped) is not None:
            return redirect("people:import_detail", import_pk=import_pk)
    context = {
        "of": import_shown(of, viewer), "form": form, "heading_row": heading_row,
        "columns": [(form[f"column_{place}"], sample_of(of, place)) for place in range(form.width)],
    }  # fmt: skip
    return render(request, "people/import_columns.html", context, status=answer_status(form))


def _as_headed(of: Import, request: HttpRequest) -> tuple[int, list[str], dict[int, str]]:
    """The row of headings, by what the address or the form says; of another row than before, its own guess."""
    known = {int(place): column for place, column in of.columns.items()}
    asked = request.POST.get("headed") if request.method == "POST" else request.GET.get("heading")
    chosen = _whole(asked or "")
    if chosen is None or chosen == of.heading_row:
        return of.heading_row, of.headings, known
    row = next((cells for number, cells in of.top_rows if number == chosen), None)
    if row is None:
        blank = [""] * len(of.headings)
        return (
            0,
            blank,
            guess([(number, cells) for number, cells in of.top_rows], {}).columns if not of.heading_row else {},
        )
    headings = [*row, *[""] * (len(of.headings) - len(row))]
    return chosen, headings, meanings(headings, {})


@needs(May.IMPORT_PEOPLE)
@require_POST
def import_rows(request: HttpRequest, import_pk: UUID) -> HttpResponse:
    """What was chosen for the rows of one page."""
    of = _found(request, import_pk)
    decisions: dict[int, tuple[str, uuid.UUID | None]] = {}
    for name, value in request.POST.items():
        place = name.removeprefix("row_")
        number = _whole(place) if name.startswith("row_") else None
        if number is not None and value != request.POST.get(f"was_{place}", ""):
            decisions[number] = (str(value), None)
    if decisions:
        count = decide_rows(of, decisions=decisions, actor=viewer_of(request))
        told = ngettext("%(count)s row is decided on.", "%(count)s rows are decided on.", count)
        messages.success(request, told % {"count": count})
    else:
        messages.warning(request, _("Nothing was chosen."))
    back = request.POST.get("back", "")
    address = reverse("people:import_detail", args=[import_pk])
    return redirect(f"{address}?{back}" if back and "\n" not in back else address)


@needs(May.IMPORT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def import_row(request: HttpRequest, import_pk: UUID, number: int) -> HttpResponse:
    """One row beside whom it may mean; settled, the next that waits comes up."""
    of, viewer = _found(request, import_pk), viewer_of(request)
    row = get_object_or_404(ImportRow.objects.visible_to(viewer), of_import=of, number=number)
    candidates = candidates_shown(row, viewer)
    persons = [(one.id, one.label) for one in candidates]
    initial = {"choice": "create" if row.decision == Decision.CREATE else row.decision or None}
    if row.decision == Decision.UPDATE:
        initial = {"choice": str(row.chosen_id)}
    posted = request.POST if request.method == "POST" else None
    corrections = list(corrections_of(of, number))
    cells = cells_shown(of, row, corrections)
    correction = None
    if can_be_corrected(of, row, bool(corrections)):
        values = {place: cell.value for place, cell in enumerate(cells)}
        correction = CorrectionForm(posted if posted and "correct" in posted else None, of=of, cells=values)
        if correction.is_valid() and _corrected(of, number, correction, viewer):
            messages.success(request, _("The row was checked again."))
            return redirect("people:import_row", import_pk=import_pk, number=number)
    form = SettleForm(
        posted if posted and "correct" not in posted else None, persons=persons, verdict=row.verdict, initial=initial
    )
    if form.is_valid():
        decision, person = form.decision
        settled = partial(
            decide_rows, of, decisions={number: (decision, UUID(person) if person else None)}, actor=viewer
        )
        if attempt(form, settled) is not None:
            return redirect(next_to_settle(of, viewer, number) or reverse("people:import_detail", args=[import_pk]))
    (shown,) = rows_shown(of, [row], viewer)
    context = {
        "of": import_shown(of, viewer), "row": shown, "form": form, "candidates": candidates,
        "waiting": waiting_rows(viewer).filter(of_import=of).count() if shown.can_decide else 0,
        "cells": cells, "correction": correction,
    }  # fmt: skip
    shown_again = correction if correction is not None and correction.is_bound else form
    return render(request, "people/import_row.html", context, status=answer_status(shown_again))


def _corrected(of: Import, number: int, form: CorrectionForm, viewer: User) -> bool:
    return attempt(form, partial(correct_row, of, number=number, cells=form.cells, actor=viewer)) is not None


@needs(May.IMPORT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def import_step(request: HttpRequest, import_pk: UUID, step: str) -> HttpResponse:
    of, viewer = _found(request, import_pk), viewer_of(request)
    if step not in STEPS:
        raise Http404
    form = CommitForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = {"verdicts": form.cleaned_data["verdicts"]} if step == "commit" else {}
        if attempt(form, partial(STEPS[step], of, actor=viewer, **given)) is not None:
            return redirect("people:import_detail", import_pk=import_pk)
        of.refresh_from_db()
        return _detail(request, of, form, status=answer_status(form))
    shown = import_shown(of, viewer)
    return render(request, "people/import_step.html", {"of": shown, "step": shown.steps[step]})


@needs(May.IMPORT_PEOPLE)
@require_safe
def import_faults(request: HttpRequest, import_pk: UUID) -> HttpResponseBase:
    """The same file with a column that says why a row was not taken."""
    content_type, name, content = faults_file(_found(request, import_pk), viewer_of(request))
    answer = StreamingHttpResponse(content, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _found(request: HttpRequest, import_pk: UUID) -> Import:
    found: Import = get_object_or_404(
        Import.objects.visible_to(request.user).select_related("created_by"), pk=import_pk
    )
    return found


def _may_import(request: HttpRequest) -> bool:
    return bool(address_to_import(capabilities_anywhere(viewer_of(request))))


def _number(request: HttpRequest, name: str) -> int:
    return _whole(request.GET.get(name, "")) or 0


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
