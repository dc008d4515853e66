"""What is opened to whom: compartments that the viewer may share."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.declared import needs
from access.forms import answer_status, attempt
from access.requests import viewer_of
from access.roles import May
from accounts.forms import GrantForm
from accounts.operations import end_grant, give_grant
from accounts.presentation.opening import grant_by_handle, opened_by, shareable, what_they_will_see
from accounts.presentation.organisation import tabs


@needs(May.SHARE)
@require_safe
def grants(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    context = {"compartments": opened_by(viewer), "tabs": tabs(viewer, "grants")}
    return render(request, "accounts/grant_list.html", context)


@needs(May.SHARE)
@require_http_methods(["GET", "HEAD", "POST"])
def grant_new(request: HttpRequest) -> HttpResponse:
    """Given only once its giver has read the sentence of what it opens."""
    viewer = viewer_of(request)
    posted = request.POST if request.method == "POST" else None
    form = GrantForm(posted, viewer=viewer, initial={"compartment": request.GET.get("in", "")})
    context: dict[str, Any] = {"form": form, "may_share": shareable(viewer).exists()}
    if form.is_valid():
        told = what_they_will_see(**form.opened)
        if form.cleaned_data["seen"] == told.digest:
            if attempt(form, partial(give_grant, actor=viewer, **form.given)) is not None:
                messages.success(request, _("Access is given."))
                return redirect("accounts:grants")
        else:
            form.show_as_seen(told.digest)
            return render(request, "accounts/grant_new.html", context | {"told": told})
    return render(request, "accounts/grant_new.html", context, status=answer_status(form))


@needs(May.SHARE)
@require_POST
def grant_end(request: HttpRequest, grant: str) -> HttpResponse:
    viewer = viewer_of(request)
    found = grant_by_handle(viewer, grant)
    if found is None:
        raise Http404
    end_grant(found, actor=viewer, reason=request.POST.get("reason", "")[:300])
    messages.success(request, _("Access is ended."))
    return redirect("accounts:grants")
