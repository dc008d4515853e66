"""The pages of one dossier."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from access.acting import NotAllowed
from access.declared import needs
from access.forms import answer_status, attempt
from access.models import User
from access.requests import viewer_of
from access.roles import May, holders_spelt
from core.files import ENDINGS
from people import operations
from people.dossier.cards import CARDS, lines_of
from people.dossier.forms import (
    CARD_BUTTONS,
    CARD_FORMS,
    AgencyForm,
    AssignmentForm,
    AttachmentForm,
    CategoryForm,
    DutyForm,
    ErasureForm,
    FindingForm,
    IdentifierForm,
    IdentityForm,
    NameForm,
    NewNameForm,
)
from people.dossier.presentation import DossierPage, day, places_shown, why_not
from people.forms import ClaimForm
from people.models import Attachment, ClaimKind, DeathDuty, DeathFinding, Decoy, Name, Person
from people.operations import attachments, deaths, duties, erasing, parts, watching

Sentence = str | Promise
GET_AND_POST = ["GET", "HEAD", "POST"]


@needs(May.READ_NAMES)
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = {row.pk: row for row in Person.objects.visible_to(request.user).joined(pk)}
    if (person := rows.pop(pk, None)) is None:
        raise Http404
    if person.merged_into_id:
        return redirect("people:detail", pk=person.merged_into_id)
    dossier = DossierPage(person, viewer_of(request), rows.values()).shown()
    sections = [render_to_string(template, dict(inside), request) for template, inside in dossier.sections]
    return render(request, "people/person_detail.html", {"dossier": dossier, "sections": sections})


# Parts that are added


@dataclass(frozen=True)
class Part:
    """Something that a dossier may have any number of: its form, and what adds one."""

    title: Sentence
    form: type[Any]
    add: Callable[..., Any]
    said: Sentence
    text: Sentence = ""


PARTS: Mapping[str, Part] = {
    "names": Part(
        gettext_lazy("Add a name"), NewNameForm, operations.add_name, gettext_lazy("The name is added."),
        gettext_lazy("Another spelling, script or source of the same person's name. The script is read from the letters."),
    ),
    "identifiers": Part(
        gettext_lazy("Add a number"), IdentifierForm, parts.add_identifier, gettext_lazy("The number is added.")
    ),
    "categories": Part(
        gettext_lazy("Add a category"), CategoryForm, operations.assign_category, gettext_lazy("The category is assigned."),
        gettext_lazy("With its evidence, as of a date: age and health change. What changed later is another row."),
    ),
    "agency": Part(
        gettext_lazy("Record a notice to the Central Agency"), AgencyForm, parts.note_agency_notice,
        gettext_lazy("The notice is recorded."),
    ),
}  # fmt: skip


@needs(May.WRITE_PERSON)
@require_http_methods(GET_AND_POST)
def part_new(request: HttpRequest, pk: UUID, part: str) -> HttpResponse:
    person, about = _person(request, pk), PARTS[part]
    form = about.form(request.POST if request.method == "POST" else None)
    return _tried(request, person, form, about, lambda: about.add(person, actor=viewer_of(request), **form.values))


@needs(May.WRITE_PERSON)
@require_http_methods(GET_AND_POST)
def identity(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    sent = request.POST if request.method == "POST" else None
    form = IdentityForm(sent, instance=Person.objects.visible_to(request.user).get(pk=pk))
    about = Part(_("Change the identity"), IdentityForm, operations.change_person, _("The identity is changed."))

    def change() -> Person:
        version = form.cleaned_data["seen_version"]
        return operations.change_person(person, actor=viewer_of(request), version=version, **form.changes)

    return _tried(request, person, form, about, change)


@needs(May.WRITE_PERSON)
@require_http_methods(GET_AND_POST)
def name(request: HttpRequest, pk: UUID, name: UUID) -> HttpResponse:
    person = _person(request, pk)
    row = get_object_or_404(Name.objects.visible_to(request.user), pk=name, person=person)
    if request.method == "POST" and "prefer" in request.POST:
        blank: Any = forms.Form({})
        if attempt(blank, lambda: operations.prefer_name(row, actor=viewer_of(request))) is not None:
            messages.success(request, _("Lists show the person under this name from now on."))
        else:
            messages.warning(request, " ".join(blank.non_field_errors()))
        return redirect("people:detail", pk=pk)
    form = NameForm(request.POST if request.method == "POST" else None, instance=_again(row))
    about = Part(
        _("Change a name"), NameForm, operations.change_name, _("The name is changed."),
        _("A correction of how it is written, or of its source. Another name of the person is added, not written over this."),
    )  # fmt: skip
    more = {} if row.is_preferred else {"second_button": _("Prefer this name"), "second_name": "prefer"}
    return _tried(
        request, person, form, about, lambda: operations.change_name(row, actor=viewer_of(request), **form.changes), **more
    )  # fmt: skip


@needs(May.WRITE_PERSON)
@require_http_methods(GET_AND_POST)
def attachment_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    is_sent = request.method == "POST"
    form = AttachmentForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    about = Part(_("Attach a file"), AttachmentForm, attachments.attach, _("The file is attached."))

    def attach() -> Attachment:
        given = dict(form.cleaned_data)
        return attachments.attach(person, content=given.pop("file").read(), actor=viewer_of(request), **given)

    return _tried(request, person, form, about, attach, has_file=True)


@needs(May.READ_NAMES)
@require_GET
def attachment(request: HttpRequest, pk: UUID, attachment: UUID) -> HttpResponseBase:
    """A download, whatever it is: nothing that was attached is shown on a page."""
    row = get_object_or_404(Attachment.objects.visible_to(request.user), pk=attachment, person=_person(request, pk))
    row, content = attachments.open_attachment(row, actor=viewer_of(request))
    filename = f"{slugify(row.title, allow_unicode=True)[:60] or 'attachment'}.{ENDINGS[row.media_type]}"
    answer = FileResponse(io.BytesIO(content), as_attachment=True, filename=filename, content_type=row.media_type)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@needs(May.WRITE_PERSON)
@require_http_methods(GET_AND_POST)
def claim_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    form = ClaimForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_valid() and attempt(form, partial(_claim, person, viewer_of(request), **form.cleaned_data)) is not None:
        waits = form.cleaned_data["kind"] == ClaimKind.DEATH_ESTABLISHED and form.cleaned_data["second"] is None
        messages.success(
            request, _("A second person is asked to confirm the death.") if waits else _("The claim is recorded.")
        )  # fmt: skip
        return redirect("people:detail", pk=pk)
    dossier = DossierPage(person, viewer_of(request)).head()
    context = {"person": person, "dossier": dossier, "form": form}
    return render(request, "people/claim_new.html", context, status=answer_status(form))


def _claim(person: Person, actor: User, *, second: User | None = None, **stated: Any) -> Any:
    """A death without the second person at hand is asked for; they confirm it on the dossier page."""
    if stated["kind"] != ClaimKind.DEATH_ESTABLISHED or second is not None:
        return operations.add_claim(person, actor=actor, second=second, **stated)
    return deaths.ask_to_establish_death(
        person, actor=actor, in_custody_of=stated["held_by"],
        **{name: stated[name] for name in ("basis", "source", "happened_on", "note")},
    )  # fmt: skip


# Deaths and what follows from them


@needs(May.WRITE_PERSON)
@require_http_methods(GET_AND_POST)
def finding(request: HttpRequest, pk: UUID, finding: UUID) -> HttpResponse:
    person = _person(request, pk)
    row = get_object_or_404(
        DeathFinding.objects.visible_to(request.user).select_related("asked_by"), pk=finding, person=person
    )
    form = FindingForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and attempt(form, partial(_decide, row, form, viewer_of(request))) is not None:
        messages.success(
            request, _("The death is established.") if "confirm" in form.data else _("It is not confirmed.")
        )
        return redirect("people:detail", pk=pk)
    facts = [
        (_("established by"), row.get_basis_display()), (_("according to"), row.source),
        (_("died on"), row.happened_on or _("date unknown")), (_("in the hands of"), row.get_in_custody_of_display()),
        (_("note"), row.note), (_("asked by"), f"{row.asked_by}, {day(row.asked_at)}"),
    ]  # fmt: skip
    context = {
        "dossier": DossierPage(person, viewer_of(request)).head(), "form": form, "is_open": row.closed_at is None,
        "facts": [{"label": label, "value": value} for label, value in facts if value],
        "is_own": row.asked_by_id == viewer_of(request).pk,
    }  # fmt: skip
    return render(request, "people/person_finding.html", context, status=answer_status(form))


def _decide(row: DeathFinding, form: FindingForm, actor: User) -> Any:
    if "confirm" in form.data:
        return deaths.confirm_death(row, actor=actor)
    return deaths.drop_finding(row, actor=actor, reason=form.cleaned_data["reason"])


@needs(May.WRITE_PERSON)
@require_http_methods(GET_AND_POST)
def duty(request: HttpRequest, pk: UUID, duty: UUID) -> HttpResponse:
    person = _person(request, pk)
    row = get_object_or_404(DeathDuty.objects.visible_to(request.user), pk=duty, person=person)
    form = DutyForm(request.POST if request.method == "POST" else None)
    about = Part(row.get_kind_display(), DutyForm, duties.fulfil_duty, _("Marked as done."))
    return _tried(
        request, person, form, about, lambda: duties.fulfil_duty(row, actor=viewer_of(request), **form.values)
    )  # fmt: skip


# Closed parts


@needs(May.READ_NAMES)
@require_http_methods(["GET", "POST"])
def card(request: HttpRequest, pk: UUID, card: str) -> HttpResponse:
    """Opening it is recorded. Whoever writes dossiers may add to it without reading what is there."""
    person, shown, viewer = _person(request, pk), CARDS[card], viewer_of(request)
    may = viewer.capabilities_in(person.compartment_id)
    may_open, may_add = shown.reads in may, not may.isdisjoint(shown.writers)
    if not (may_open or may_add):
        raise NotAllowed(_("This is for %(who)s.") % {"who": holders_spelt((shown.reads,))})
    sent = request.POST.get("form") if may_add and request.method == "POST" else None
    drawn = {part: CARD_FORMS[part](request.POST if part == sent else None, prefix=part) for part in shown.parts}
    if sent in drawn and _added(person, shown.parts[sent], drawn[sent], viewer):
        messages.success(request, _("Recorded."))
        return redirect(request.path if may_open else reverse("people:detail", args=[pk]))
    opened: list[Any] = []
    if may_open and request.method == "GET":
        opened = parts.open_part(person, *shown.parts.values(), actor=viewer)
    context = {
        "dossier": DossierPage(person, viewer).head(), "card": shown, "may_open": may_open,
        "rows": [
            (part._meta.verbose_name_plural, lines_of(rows))
            for part, rows in zip(shown.parts.values(), opened, strict=bool(opened))
        ],
        "is_opened": bool(opened),
        "forms": [(part, form, CARD_BUTTONS[part]) for part, form in drawn.items()] if may_add else [],
        "why_closed": why_not(may, shown.reads),
    }  # fmt: skip
    return render(
        request, "people/person_card.html", context, status=answer_status(drawn[sent]) if sent in drawn else 200
    )


def _added(person: Person, part: type[Any], form: Any, actor: User) -> bool:
    return form.is_valid() and attempt(
        form, lambda: parts.add_to_part(person, part, actor=actor, **form.values)
    ) is not None  # fmt: skip


@needs(May.READ_LOCATION)
@require_GET
def places(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Opening this page is recorded, so that it is never a part of another."""
    person = _person(request, pk)
    opened = operations.open_places(person, actor=viewer_of(request))
    return render(request, "people/person_places.html", {"person": person, "places": places_shown(opened)})


# Who works on it, decoys, erasure


@needs(May.READ_NAMES)
@require_http_methods(GET_AND_POST)
def assignment_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    person, viewer = _person(request, pk), viewer_of(request)
    form = AssignmentForm(request.POST if request.method == "POST" else None, viewer=viewer)
    about = Part(
        _("Assign the case"), AssignmentForm, watching.assign_case, _("The case is assigned."),
        _("Whoever works on a case looks it up without standing out. Looking up many people whom nobody assigned alarms."),
    )  # fmt: skip
    return _tried(
        request, person, form, about, lambda: watching.assign_case(person, form.cleaned_data["user"], actor=viewer)
    )


@needs(May.MANAGE_MEMBERS)
@require_http_methods(GET_AND_POST)
def decoy(request: HttpRequest, pk: UUID) -> HttpResponse:
    viewer = viewer_of(request)
    person = get_object_or_404(
        Person.objects.visible_to(viewer), pk=pk
    )  # no look-up: whoever hears the alarms sets them
    marked = Decoy.objects.visible_to(viewer).filter(person=person).first()
    form = forms.Form(request.POST if request.method == "POST" else None)
    about = Part(
        _("No longer a decoy") if marked else _("Mark as a decoy"), forms.Form, watching.mark_decoy,
        _("This is a dossier like any other again.") if marked else _("Whoever opens this dossier alarms you from now on."),
        _("A decoy is nobody: it stands on no list, in no export and is no match. Heads alone see that it is one."),
    )  # fmt: skip

    def turn() -> bool:
        if marked:
            watching.unmark_decoy(marked, actor=viewer)
        else:
            watching.mark_decoy(person, actor=viewer)
        return True

    return _tried(request, person, form, about, turn)


@needs(May.DECIDE)
@require_http_methods(GET_AND_POST)
def erasure(request: HttpRequest, pk: UUID) -> HttpResponse:
    person, viewer = _person(request, pk), viewer_of(request)
    form = ErasureForm(request.POST if request.method == "POST" else None)
    about = Part(
        _("Erase this person"), ErasureForm, erasing.erase_person, _("The person is erased."),
        _("The dossier with everything in it, its files and what the log says of it go. That somebody was erased stays, "
          "and a key by which an import that would bring them back is stopped. Lists that were disclosed stay as signed."),
    )  # fmt: skip

    def erase() -> Any:
        given = form.cleaned_data
        return erasing.erase_person(person, actor=viewer, decided_on=given["decided_on"], reason=given["reason"])

    return _tried(request, person, form, about, erase, then=reverse("people:index"), is_final=True)


def _tried(
    request: HttpRequest, person: Person, form: Any, about: Part, act: Callable[[], Any], *, then: str = "", **more: Any
) -> HttpResponse:  # fmt: skip
    if form.is_valid() and attempt(form, act) is not None:
        messages.success(request, str(about.said))
        return redirect(then or reverse("people:detail", args=[person.pk]))
    dossier = DossierPage(person, viewer_of(request)).head()
    context = {"dossier": dossier, "form": form, "title": about.title, "text": about.text, **more}
    return render(request, "people/person_part.html", context, status=answer_status(form))


def _person(request: HttpRequest, pk: UUID) -> Person:
    person = get_object_or_404(Person.objects.visible_to(request.user), pk=pk)
    watching.note_opened(person, actor=viewer_of(request))
    return person


def _again(row: Name) -> Name:
    """A copy for the form, which writes what was typed into it."""
    copy = Name(**{field.attname: getattr(row, field.attname) for field in Name._meta.concrete_fields})
    copy._state.adding = False
    return copy
