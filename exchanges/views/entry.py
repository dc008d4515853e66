"""An entry's own page: what the table says of it, an answer, and one's own side's half."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from access.declared import needs
from access.forms import answer_status
from access.requests import viewer_of
from core.errors import InputRefused
from exchanges.forms import AnswerForm, BriefForm, CheckForm, LinkForm, UnlinkForm
from exchanges.operations.list import (
    answer,
    check_clearance,
    link_entries,
    note_checks_read,
    unlink_entry,
    write_brief,
)
from exchanges.presentation.entry_page import EntryPage, OwnHalf
from exchanges.views.finding import find_entry
from exchanges.views.taking import REFUSED, tried
from negotiations.models import Participant

READ_WRITTEN_DOWN = frozenset({"fitness", "legal"})
Saved = tuple[Any, Callable[[], Any], str]


@needs("read_names")
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    page = EntryPage(find_entry(request, pk), viewer_of(request))
    sent = None
    if request.method == "POST":
        name = request.POST.get("form", "")
        if name not in FORMS:
            raise Http404
        sent, save, said = FORMS[name](request, page)
        if sent.is_valid() and tried(sent, save) is not REFUSED:
            messages.success(request, said)
            return redirect(request.get_full_path())
    context = _context(request, page, sent)
    noted = [check.kind for check in context["own"].checks if check.at] if context["own"] else []
    if READ_WRITTEN_DOWN.intersection(noted) and request.method != "HEAD":
        note_checks_read(page.entry, kinds=noted, actor=page.viewer)
    return render(request, "exchanges/entry_detail.html", context, status=answer_status(sent) if sent else 200)


def _context(request: HttpRequest, page: EntryPage, sent: Any) -> dict[str, Any]:
    side, own = _side(request, page), page.own_half()
    sought, dossiers = page.dossiers(request.GET.get("q"))
    fresh_brief = BriefForm(initial=_brief(page)) if own and own.may_write else None
    return {
        "head": page.head(), "said": page.said(), "own": own, "sought": sought, "dossiers": dossiers,
        "why_no_answer": page.why_no_answer(), "absent_sides": page.absent_sides(),
        "word_of": None if side is None or side.works_here else side,
        "answer_form": sent if isinstance(sent, AnswerForm) else _answer_form(page, side),
        "brief_form": sent if isinstance(sent, BriefForm) else fresh_brief,
        "link_form": sent if isinstance(sent, LinkForm | UnlinkForm) else None,
        "checks": _checks(own, sent),
        "stray": sent if isinstance(sent, CheckForm) and not _is_drawn(sent, own) else None,
    }  # fmt: skip


def _checks(own: OwnHalf | None, sent: Any) -> list[tuple[Any, CheckForm | None]]:
    """Each check with the form that notes it; the one that was just sent with its faults."""
    kind = sent.data.get("kind") if isinstance(sent, CheckForm) else ""
    return [
        (check, sent if check.may_make and check.kind == kind else _check_form(check))
        for check in (own.checks if own else [])
    ]


def _is_drawn(form: CheckForm, own: OwnHalf | None) -> bool:
    """A check that the viewer may neither read nor make has no form on their page."""
    return own is not None and any(check.kind == form.data.get("kind") and check.may_make for check in own.checks)


def _side(request: HttpRequest, page: EntryPage) -> Participant | None:
    """For whom an answer would be given: one's own side, or the absent one whose word is brought."""
    asked = request.GET.get("word", "")
    return next((side for side in page.absent_sides() if str(side.pk) == asked), page.ours)


def _answer_form(page: EntryPage, side: Participant | None) -> AnswerForm | None:
    if side is None or (side.works_here and page.why_no_answer()):
        return None
    return AnswerForm(direction=page.direction, side=side, auto_id="answer-%s")


def _brief(page: EntryPage) -> dict[str, Any]:
    brief = page.brief
    return {"priority": brief.priority, "fallback": brief.fallback, "note": brief.note} if brief else {}


def _check_form(check: Any) -> CheckForm | None:
    return (
        CheckForm(initial={"kind": check.kind, "note": check.note}, auto_id=f"{check.kind}-%s")
        if check.may_make
        else None
    )


def _answering(request: HttpRequest, page: EntryPage) -> Saved:
    form = AnswerForm(request.POST, direction=page.direction, side=_side(request, page), auto_id="answer-%s")

    def save() -> Any:
        return answer(page.exchange, entries=[page.entry.pk], actor=page.viewer, **form.given())

    return form, save, _("Answered.")


def _briefing(request: HttpRequest, page: EntryPage) -> Saved:
    form = BriefForm(request.POST)
    return form, lambda: write_brief(page.entry, actor=page.viewer, **form.cleaned_data), _("The brief is written.")


def _linking(request: HttpRequest, page: EntryPage) -> Saved:
    form = LinkForm(request.POST)

    def save() -> Any:
        person = form.cleaned_data["person"]
        try:
            return link_entries(page.exchange, links={page.entry.pk: person}, actor=page.viewer)
        except InputRefused as refused:
            raise InputRefused(refused.sentence, errors={"person": [refused.sentence]}) from refused

    return form, save, _("The dossier is named.")


def _unlinking(request: HttpRequest, page: EntryPage) -> Saved:
    form = UnlinkForm(request.POST)
    return form, partial(unlink_entry, page.entry, actor=page.viewer), _("No dossier is named any more.")


def _checking(request: HttpRequest, page: EntryPage) -> Saved:
    form = CheckForm(request.POST, auto_id=f"{request.POST.get('kind', '')[:10]}-%s")
    save = partial(_check, form, page)
    return form, save, _("The check is noted.")


def _check(form: CheckForm, page: EntryPage) -> Any:
    typed = form.cleaned_data
    return check_clearance(
        page.entry, kind=typed["kind"], is_passed=typed["result"] == "passed", note=typed["note"], actor=page.viewer
    )


FORMS: dict[str, Callable[[HttpRequest, EntryPage], Saved]] = {
    "answer": _answering, "brief": _briefing, "link": _linking, "unlink": _unlinking, "check": _checking,
}  # fmt: skip
