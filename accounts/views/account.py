"""Sign in, sign out, and one's own account."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from access.declared import public, signed_in
from access.forms import answer_status, attempt
from access.models import User
from access.requests import viewer_of
from access.roles import Role
from access.scoping import memberships_of
from accounts.demo import demo_accounts
from accounts.forms import PasswordForm, PreferencesForm, ProfileForm, SignInForm
from accounts.middleware import begin
from accounts.operations import set_password, set_preferences, set_profile


@public
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    wanted = _safe_next(request)
    user: User | AnonymousUser = request.user
    if user.is_authenticated and request.method != "POST":
        return redirect(wanted or settings.LOGIN_REDIRECT_URL)
    form = SignInForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_valid() and form.user is not None:
        request.session.flush()  # nothing of another person's session goes on
        login(request, form.user)
        begin(request.session)
        return redirect(wanted or settings.LOGIN_REDIRECT_URL)
    context = {"form": form, "next": wanted, "demo_accounts": _demo_rows()}
    return render(request, "accounts/sign_in.html", context, status=answer_status(form))


def _safe_next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_own else ""


def _demo_rows() -> list[dict[str, Any]]:
    roles = dict(Role.choices)
    return [
        account
        | {
            "label": account.get("label") or account["organisation"],
            "what": f"{account['organisation']}: {', '.join(str(roles.get(role, role)) for role in account['roles'])}",
        }
        for account in (demo_accounts() if settings.DEMO else [])
    ]


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    response = redirect("accounts:sign_in")
    # What a shared computer kept of these pages goes with the session.
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@signed_in
@sensitive_post_parameters("old_password", "password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    user = viewer_of(request)
    changes = request.POST.get("form", "") if request.method == "POST" else ""
    initial = {"language": user.language, "time_zone": user.time_zone}
    preferences = PreferencesForm(request.POST if changes == "preferences" else None, initial=initial)
    profile_initial = {"label": user.label, "email": user.email}
    profile = ProfileForm(request.POST if changes == "profile" else None, initial=profile_initial, prefix="own")
    password = PasswordForm(request.POST if changes == "password" else None, user=user, request=request)
    if preferences.is_valid():
        chosen = partial(set_preferences, user, actor=user, **preferences.cleaned_data)
        if attempt(preferences, chosen) is not None:
            return _preferred(request, preferences.cleaned_data["language"])
    if (
        profile.is_valid()
        and attempt(profile, partial(set_profile, user, actor=user, **profile.cleaned_data)) is not None
    ):
        messages.success(request, _("Your account is changed."))
        return redirect("accounts:account")
    if password.is_valid():
        changed = partial(set_password, user, password.cleaned_data["password"], actor=user)
        if attempt(password, changed) is not None:
            return _with_new_password(request, user)
    context = {
        "preferences": preferences, "profile": profile, "password": password, "memberships": _memberships(user),
        "idle_minutes": int(settings.SESSION_IDLE.total_seconds() // 60),
        "absolute_hours": int(settings.SESSION_ABSOLUTE.total_seconds() // 3600), "now": timezone.now(),
    }  # fmt: skip
    sent = {"preferences": preferences, "profile": profile}.get(changes, password)
    return render(request, "accounts/account.html", context, status=answer_status(sent))


def _with_new_password(request: HttpRequest, user: User) -> HttpResponse:
    update_session_auth_hash(request, user)
    begin(request.session)
    messages.success(request, _("Your password is changed. Every other session of yours has ended."))
    return redirect("accounts:account")


def _preferred(request: HttpRequest, language: str) -> HttpResponse:
    translation.activate(language)
    messages.success(request, _("Your account is changed."))
    response = redirect(resolve_url("accounts:account"))
    # The language menu's own choice on this device would hide the one just made.
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


def _memberships(user: User) -> list[tuple[str, str]]:
    rows = memberships_of(user).select_related("organisation").order_by("organisation__name", "role")
    return [(str(row.organisation), str(row.get_role_display())) for row in rows]
