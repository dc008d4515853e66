"""Members of one's organisation, and who is asked to join."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.declared import signed_in
from access.forms import answer_status, attempt
from access.models import Membership, Organisation, User
from access.requests import viewer_of
from access.roles import May, holders_spelt
from access.scoping import running
from accounts.forms import InviteForm, RolesForm
from accounts.models import Invitation
from accounts.operations.invitations import end_invitation, invite_member
from accounts.operations.members import change_roles, end_member
from accounts.presentation.organisation import kept_organisation, organisations_of, role_line, tabs


@signed_in
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    context = {"organisations": organisations_of(viewer), "tabs": tabs(viewer, "members")}
    return render(request, "accounts/member_list.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, member: UUID) -> HttpResponse:
    """One member's roles in one organisation that the viewer is in, too."""
    viewer, (user, organisation) = viewer_of(request), _member(request, member)
    memberships = _roles_of(request, user, organisation)
    held = [membership.role for membership in memberships]
    posted = request.POST if request.method == "POST" else None
    form = RolesForm(posted, organisation=organisation, initial={"roles": held})
    if form.is_valid():
        changing = partial(change_roles, user, organisation, roles=form.cleaned_data["roles"], actor=viewer)
        if attempt(form, changing) is not None:
            messages.success(request, _("The roles are changed. They hold from the next page that is opened."))
            return redirect("accounts:members")
    kept = kept_organisation(viewer, str(organisation.pk))
    context = {
        "form": form, "member": user, "organisation": organisation, "is_you": user == viewer,
        "roles": [role_line(membership) for membership in memberships],
        "why_not": "" if kept else _("This is for %(who)s.") % {"who": holders_spelt((May.MANAGE_MEMBERS,))},
    }  # fmt: skip
    return render(request, "accounts/member_detail.html", context, status=answer_status(form))


@signed_in
@require_POST
def member_end(request: HttpRequest, member: UUID) -> HttpResponse:
    user, organisation = _member(request, member)
    end_member(user, organisation, actor=viewer_of(request))
    messages.success(request, _("The membership is ended."))
    return redirect("accounts:members")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_new(request: HttpRequest) -> HttpResponse:
    viewer, asked = viewer_of(request), request.GET.get("of", "")
    organisation = kept_organisation(viewer, asked)
    if organisation is None and asked:
        raise Http404
    if organisation is None:
        why_not = _("This is for %(who)s.") % {"who": holders_spelt((May.MANAGE_MEMBERS,))}
        return render(request, "accounts/invitation_new.html", {"why_not": why_not})
    form = InviteForm(request.POST if request.method == "POST" else None, organisation=organisation, viewer=viewer)
    if (
        form.is_valid()
        and attempt(form, partial(invite_member, organisation, actor=viewer, **form.cleaned_data)) is not None
    ):
        messages.success(request, _("The invitation is on its way. Its link works once, for seven days."))
        return redirect("accounts:members" if form.is_own else "accounts:organisations")
    context = {"organisation": organisation, "form": form}
    return render(request, "accounts/invitation_new.html", context, status=answer_status(form))


@signed_in
@require_POST
def invitation_end(request: HttpRequest, invitation: UUID) -> HttpResponse:
    viewer = viewer_of(request)
    found = get_object_or_404(Invitation.objects.visible_to(viewer), pk=invitation)
    end_invitation(found, actor=viewer)
    messages.success(request, _("The invitation is ended: its link opens nothing."))
    is_own = found.organisation.memberships.filter(running(), user=viewer).exists()
    return redirect("accounts:members" if is_own else "accounts:organisations")


def _member(request: HttpRequest, pk: UUID) -> tuple[User, Organisation]:
    """A present member and the organisation meant, both in the viewer's sight. Raises Http404."""
    rows = Membership.objects.visible_to(request.user).filter(running(), user=pk).select_related("user", "organisation")
    asked = request.GET.get("of", "")
    found = next((row for row in rows if asked in ("", str(row.organisation_id))), None)
    if found is None:
        raise Http404
    return found.user, found.organisation


def _roles_of(request: HttpRequest, user: User, organisation: Organisation) -> list[Membership]:
    rows = Membership.objects.visible_to(request.user).filter(running(), user=user, organisation=organisation)
    return list(rows.order_by("role"))
