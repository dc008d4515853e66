"""The admin site: data entry behind the application's own sign-in."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# Passwords are changed by an operation, under `/account/`; the shortcut tells whether a row exists, whoever asks.
LEFT_OUT = ("password_change", "password_change_done", "view_on_site")


class HomewardAdmin(admin.AdminSite):
    site_header = _("Homeward data entry")
    site_title = _("Homeward")
    index_title = _("Data entry")
    enable_nav_sidebar = False
    site_url = "/"

    def get_urls(self) -> list[Any]:
        return [entry for entry in super().get_urls() if getattr(entry, "name", None) not in LEFT_OUT]

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one place to sign in: it counts attempts and begins the session. Who has signed in lacks a role."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))
