"""API keys in the browser. A token is shown once, on the page that answers the form, and stored nowhere."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from access.declared import signed_in
from access.forms import answer_status, attempt
from access.requests import viewer_of
from accounts.forms import KeyForm
from accounts.operations import create_key, revoke_key
from accounts.presentation.organisation import keys_ended_by, keys_of, tabs


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    form, token, status = KeyForm(request.POST if request.method == "POST" else None, viewer=viewer), "", None
    if form.is_valid() and (made := attempt(form, partial(create_key, actor=viewer, **form.given))) is not None:
        form, token, status = KeyForm(None, viewer=viewer), made[1], 201
    context = {"form": form, "token": token, "keys": keys_of(viewer, now=timezone.now()), "tabs": tabs(viewer, "keys")}
    return render(request, "accounts/key_list.html", context, status=status or answer_status(form))


@signed_in
@require_POST
def key_end(request: HttpRequest, key: UUID) -> HttpResponse:
    viewer = viewer_of(request)
    found = get_object_or_404(keys_ended_by(viewer), pk=key)
    revoke_key(found, actor=viewer)
    messages.success(request, _("The key is ended: it opens nothing from now on."))
    return redirect("accounts:keys")
