"""What the holder of an invitation finds behind its link."""

from functools import partial

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from access.declared import public
from access.forms import answer_status, attempt
from access.models import User
from access.requests import viewer_of
from accounts.forms import AcceptForm, NewcomerForm
from accounts.middleware import begin
from accounts.models import Invitation
from accounts.operations.invitations import InvitationGone, accept_as_newcomer, accept_invitation, open_invitation
from accounts.presentation.organisation import roles_spelt


@public
@sensitive_post_parameters("password", "again")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Used, ended, expired and unknown tokens answer the same bytes."""
    try:
        found = open_invitation(token)
        if request.user.is_authenticated:
            return _accept(request, token, found)
        return _join(request, token, found)
    except InvitationGone:
        return render(request, "accounts/invitation_gone.html", status=404)


def _join(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    """A new account, signed in at once."""
    initial = {"language": translation.get_language(), "time_zone": settings.TIME_ZONE}
    form = NewcomerForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        user = attempt(form, partial(accept_as_newcomer, token, **form.account))
        if user is not None:
            return _signed_in(request, user)
    return _page(request, found, form, sign_in_next=request.path)


def _accept(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    viewer = viewer_of(request)
    form = AcceptForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and attempt(form, partial(accept_invitation, token, actor=viewer)) is not None:
        return redirect("accounts:members")
    return _page(request, found, form, viewer=viewer)


def _signed_in(request: HttpRequest, user: User) -> HttpResponse:
    request.session.flush()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    begin(request.session)
    return redirect(settings.LOGIN_REDIRECT_URL)


def _page(request: HttpRequest, found: Invitation, form: AcceptForm | NewcomerForm, **more: object) -> HttpResponse:
    context = {"form": form, "invitation": found, "roles": roles_spelt(found.roles), "title": _("Invitation"), **more}
    return render(request, "accounts/invitation.html", context, status=answer_status(form))
