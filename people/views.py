from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from access.declared import needs
from access.forms import answer_status, attempt
from access.models import User
from access.roles import May
from audit.models import Event
from audit.presentation import timeline
from people.forms import ClaimForm, SearchForm
from people.models import Person
from people.operations import add_claim, open_places
from people.presentation import address_to_add, dossier_of, places_shown, window_of_persons

EVENTS_SHOWN = 50


@needs(May.READ_NAMES)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    sought = form.cleaned_data["q"] if form.is_valid() else ""
    window = window_of_persons(
        _viewer(request),
        sought=sought,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    return render(request, "people/person_list.html", {"window": window, "add_url": address_to_add(_viewer(request))})


@needs(May.READ_NAMES)
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = get_object_or_404(Person.objects.visible_to(request.user), pk=pk)
    if person.merged_into_id:
        return redirect("people:detail", pk=person.merged_into_id)
    dossier = dossier_of(person, _viewer(request))
    about = [Person(pk=key) for key in dossier.ids]
    events = Event.objects.visible_to(request.user).about(*about).newest_first()[:EVENTS_SHOWN]
    context = {"person": person, "dossier": dossier, "days": timeline(events, _viewer(request))}
    return render(request, "people/person_detail.html", context)


@needs(May.WRITE_PERSON)
@require_http_methods(["GET", "HEAD", "POST"])
def claim_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    person = get_object_or_404(Person.objects.visible_to(request.user), pk=pk)
    form = ClaimForm(request.POST if request.method == "POST" else None, request=request)
    if (
        form.is_valid()
        and attempt(form, partial(add_claim, person, actor=_viewer(request), **form.cleaned_data)) is not None
    ):
        messages.success(request, _("The claim is recorded."))
        return redirect("people:detail", pk=pk)
    dossier = dossier_of(person, _viewer(request))
    context = {"person": person, "dossier": dossier, "form": form}
    return render(request, "people/claim_new.html", context, status=answer_status(form))


@needs(May.READ_LOCATION)
@require_GET
def places(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Opening this page is recorded, so that it is never a part of another."""
    person = get_object_or_404(Person.objects.visible_to(request.user), pk=pk)
    opened = open_places(person, actor=_viewer(request))
    return render(request, "people/person_places.html", {"person": person, "places": places_shown(opened)})


def _viewer(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]
