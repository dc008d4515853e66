"""Sign-in and one's own account."""

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from access.models import User
from accounts import guessing


def account_of(
    request: Any, username: str, password: str, *, fits: Callable[[User], bool] | None = None
) -> User | None:
    """Whose account this name and password open, if `fits` takes it; None alike for an unknown name, a wrong password and
    an account that does not fit, each counted as a wrong guess. Raises ValidationError while the next try has to wait."""
    if wait := guessing.seconds_to_wait(request, username):
        raise forms.ValidationError(
            ngettext(
                "Too many wrong passwords: try again in %(wait)d second.",
                "Too many wrong passwords: try again in %(wait)d seconds.",
                wait,
            )
            % {"wait": wait}
        )
    user: Any = authenticate(request, username=username, password=password)
    if user is None or (fits is not None and not fits(user)):
        guessing.note_failure(request, username)
        return None
    guessing.forget(request, username)
    found: User = user
    return found


class SignInForm(forms.Form):
    """The same answer for an unknown name, a wrong password and a closed account; each takes one hashing."""

    username = forms.CharField(
        label=gettext_lazy("User name"), max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("Password"), strip=False, max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, request: Any, **kwargs: Any) -> None:
        self.request = request
        self.user: User | None = None
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password:
            self.user = account_of(self.request, username, password)
            if self.user is None:
                raise forms.ValidationError(_("This name and password do not open an account."))
        return self.cleaned_data


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]


class PasswordForm(forms.Form):
    """One's own password: the old one first."""

    old_password = forms.CharField(
        label=gettext_lazy("Present password"), strip=False, max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("New password"), strip=False, max_length=200,
        help_text=gettext_lazy("At least 12 characters, and none that many people use."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label=gettext_lazy("New password again"), strip=False, max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_old_password(self) -> str:
        given: str = self.cleaned_data["old_password"]
        if not self.user.check_password(given):
            raise forms.ValidationError(_("This is not your password."))
        return given

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", _("The two do not agree."))
        return self.cleaned_data
