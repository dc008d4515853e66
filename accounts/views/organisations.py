"""What operators keep: who there is. Whether an organisation has a head is all they see of its work."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from access.declared import needs
from access.forms import answer_status, attempt
from access.models import User, is_operator
from access.requests import viewer_of
from access.roles import May
from accounts.forms import IntroductionForm, OrganisationForm
from accounts.operations.founding import enter_organisation, introduce
from accounts.presentation.organisation import every_organisation, tabs


@needs(May.ADMINISTER)
@require_safe
def organisations(request: HttpRequest) -> HttpResponse:
    viewer = _operator(request)
    context = {"organisations": every_organisation(viewer), "tabs": tabs(viewer, "organisations")}
    return render(request, "accounts/organisation_list.html", context)


@needs(May.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def organisation_new(request: HttpRequest) -> HttpResponse:
    viewer = _operator(request)
    form = OrganisationForm(request.POST if request.method == "POST" else None, viewer=viewer)
    if form.is_valid() and attempt(form, partial(enter_organisation, actor=viewer, **form.cleaned_data)) is not None:
        messages.success(request, _("The organisation is entered. Now invite its head."))
        return redirect("accounts:organisations")
    context = {"form": form, "title": _("Enter an organisation")}
    return render(request, "accounts/organisation_form.html", context, status=answer_status(form))


@needs(May.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def introduction_new(request: HttpRequest) -> HttpResponse:
    viewer = _operator(request)
    form = IntroductionForm(request.POST if request.method == "POST" else None, viewer=viewer)
    if form.is_valid() and attempt(form, partial(introduce, actor=viewer, **form.cleaned_data)) is not None:
        messages.success(request, _("The two organisations know of each other now."))
        return redirect("accounts:organisations")
    context = {"form": form, "title": _("Introduce two organisations")}
    return render(request, "accounts/organisation_form.html", context, status=answer_status(form))


def _operator(request: HttpRequest) -> User:
    """To everybody else this page is not there."""
    viewer = viewer_of(request)
    if not is_operator(viewer):
        raise Http404
    return viewer
