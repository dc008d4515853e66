"""Duplicates: the list of pairs, one dossier's own, two side by side; and what is decided about them."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.declared import needs
from access.forms import answer_status, attempt
from access.models import User
from access.requests import viewer_of
from access.roles import May
from core.errors import DomainError
from people.models import Merge, Person
from people.operations import merging
from people.operations.watching import note_compared, note_opened
from people.same.forms import MergeForm, ReasonForm, UnmergeForm
from people.same.presentation import comparison_page, doubles_page, duplicates_page
from people.same.suggesting import is_suggested

MOST = 500  # decisions of one form


@needs(May.READ_NAMES)
@require_http_methods(["GET", "HEAD", "POST"])
def duplicates(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        _decide(request)
        return redirect(request.get_full_path())
    page = duplicates_page(viewer_of(request), request.GET.get("after", ""))
    return render(request, "people/duplicate_list.html", {"page": page})


@needs(May.READ_NAMES)
@require_http_methods(["GET", "HEAD", "POST"])
def doubles(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    if request.method == "POST":
        _decide(request)
        return redirect("people:doubles", pk=pk)
    if person.merged_into_id:
        return redirect("people:doubles", pk=person.merged_into_id)
    return _doubles(request, person, {})


@needs(May.WRITE_PERSON)
@require_POST
def unmerge(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    form = UnmergeForm(request.POST)
    if form.is_valid():
        absorbed = _person(request, form.cleaned_data["absorbed"])
        undo = partial(merging.unmerge, absorbed, actor=viewer_of(request), reason=form.cleaned_data["reason"])
        if attempt(form, undo) is not None:
            messages.success(
                request, _("Two dossiers again. They are not suggested as one until somebody judges otherwise.")
            )
            return redirect("people:detail", pk=absorbed.pk)
    return _doubles(request, person, {request.POST.get("absorbed", ""): form}, status=answer_status(form))


@needs(May.READ_NAMES)
@require_safe
def pair(request: HttpRequest, pk: UUID, other: UUID) -> HttpResponse:
    kept, another = _two(request, pk, other)
    return _pair(request, kept, another, None)


@needs(May.WRITE_PERSON)
@require_POST
def pair_step(request: HttpRequest, pk: UUID, other: UUID, step: str) -> HttpResponse:
    if step not in STEPS:
        raise Http404
    kept, another = _two(request, pk, other)
    form = MergeForm(request.POST) if step == "merge" else ReasonForm(request.POST)
    if form.is_valid():
        done = attempt(form, partial(STEPS[step], kept, another, form, viewer_of(request)))
        if done is not None:
            messages.success(request, done)
            return (
                redirect("people:detail", pk=kept.pk)
                if step == "merge"
                else redirect("people:pair", kept.pk, another.pk)
            )
    return _pair(request, kept, another, form, status=answer_status(form))


def _merge(kept: Person, other: Person, form: Any, actor: User) -> str:
    versions = {kept.pk: form.cleaned_data["kept_version"], other.pk: form.cleaned_data["other_version"]}
    merge = merging.merge_persons(
        kept, other, actor=actor, take=form.taken, reason=form.cleaned_data["reason"], versions=versions
    )
    if merge.waits:
        return _("One of them stands on an open list: a second person of your side is asked to confirm it.")
    return _("One dossier now. What belonged to either is kept, and they can be taken apart again.")


def _judged(judge: Callable[..., Any], told: Callable[[], str]) -> Callable[..., str]:
    def act(kept: Person, other: Person, form: Any, actor: User) -> str:
        judge(kept, other, actor=actor, reason=form.cleaned_data["reason"])
        return told()

    return act


STEPS: dict[str, Callable[..., str]] = {
    "merge": _merge,
    "judge-same": _judged(merging.judge_same, lambda: _("Judged the same person. They are not merged by that.")),
    "judge-not-same": _judged(merging.judge_not_same, lambda: _("Judged not the same person. They are not suggested again.")),
    "leave-undecided": _judged(merging.leave_undecided, lambda: _("Left undecided.")),
}  # fmt: skip


def _decide(request: HttpRequest) -> None:
    """Each decision of the form by itself: what one of them is refused with keeps none of the others back."""
    done = chosen = 0
    for key, decision in list(request.POST.items())[:MOST]:
        act = _decision(request, key, str(decision))
        if act is None:
            continue
        chosen += 1
        try:
            act()
            done += 1
        except DomainError as refused:
            messages.error(request, refused.sentence)
    if done:
        told = ngettext("%(count)s decision is recorded.", "%(count)s decisions are recorded.", done)
        messages.success(request, told % {"count": done})
    elif not chosen:
        messages.warning(request, _("Nothing was chosen."))


def _decision(request: HttpRequest, key: str, decision: str) -> Callable[[], object] | None:
    actor = viewer_of(request)
    kind, _colon, name = key.partition(":")
    acts: dict[str, Callable[[], object]] = {}
    if kind == "merge":
        for merge in Merge.objects.visible_to(actor).filter(pk__in=_uuids(name)):
            acts = {
                "confirm": partial(merging.confirm_merge, merge, actor=actor),
                "drop": partial(merging.drop_merge, merge, actor=actor),
            }
    elif kind == "pair":
        pair = _uuids(*name.split("."))
        found = Person.objects.visible_to(actor).in_bulk(pair)
        if len(pair) != 2 or len(found) != 2:
            return None
        kept, other = (found[pk] for pk in pair)
        acts = {
            "same": partial(merging.merge_persons, kept, other, actor=actor, take=merging.gaps_filled(kept, other)),
            "not-same": partial(merging.judge_not_same, kept, other, actor=actor),
            "later": partial(merging.leave_undecided, kept, other, actor=actor),
        }
    return acts.get(decision)


def _uuids(*texts: str) -> list[uuid.UUID]:
    """Those that are ids at all."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(uuid.UUID(text))
    return found


def _doubles(request: HttpRequest, person: Person, bound: dict[str, UnmergeForm], status: int = 200) -> HttpResponse:
    page = doubles_page(person, viewer_of(request))
    merged = [
        (line, bound.get(str(line.pk)) or UnmergeForm(initial={"absorbed": line.pk}, auto_id=f"{line.pk}-%s"))
        for line in page.merged
    ]
    context = {"person": person, "page": page, "merged": merged}
    return render(request, "people/person_doubles.html", context, status=status)


def _person(request: HttpRequest, pk: UUID) -> Person:
    person = get_object_or_404(Person.objects.visible_to(request.user), pk=pk)
    note_opened(person, actor=viewer_of(request))
    return person


def _two(request: HttpRequest, pk: UUID, other: UUID) -> tuple[Person, Person]:
    viewer = viewer_of(request)
    kept, another = (get_object_or_404(Person.objects.visible_to(viewer), pk=one) for one in (pk, other))
    if kept.compartment_id != another.compartment_id or kept.pk == another.pk:
        raise Http404
    note_compared(kept, another, actor=viewer, is_suggested=is_suggested(kept, another, viewer))
    return kept, another


def _pair(request: HttpRequest, kept: Person, other: Person, form: Any, status: int = 200) -> HttpResponse:
    if kept.merged_into_id or other.merged_into_id:
        one, another = (person.merged_into_id or person.pk for person in (kept, other))
        return redirect("people:doubles", one) if one == another else redirect("people:pair", one, another)
    page = comparison_page(kept, other, viewer_of(request))
    blank = MergeForm(initial={"kept_version": page.versions[0], "other_version": page.versions[1]})
    chosen = {name: value for name, value in request.POST.items() if name.startswith("field-")}
    lines = [
        (line, chosen.get(f"field-{line.name}") == "other" if chosen else line.takes_other) for line in page.fields
    ]
    context = {
        "page": page,
        "form": form or blank,
        "versions": blank,
        "fields": lines,
        "pk": kept.pk,
        "other": other.pk,
    }
    return render(request, "people/person_pair.html", context, status=status)
