"""Sign-in and one's own account."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from access.models import Compartment, Organisation, Party, User
from access.roles import ROLES_OF_KIND, May, Role, role_choices
from access.scoping import compartments_where, memberships_of
from accounts import guessing
from core import clock


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


class ProfileForm(forms.Form):
    label = forms.CharField(
        label=gettext_lazy("Shown as"), max_length=120, help_text=gettext_lazy("Your name or office, as your own side sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=254, required=False,
        help_text=gettext_lazy("Alerts go there too: a reference and a link, no names and no places."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip


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

    def __init__(self, *args: Any, user: User, request: Any, **kwargs: Any) -> None:
        self.user, self.request = user, request
        super().__init__(*args, **kwargs)

    def clean_old_password(self) -> str:
        given: str = self.cleaned_data["old_password"]
        if account_of(self.request, self.user.username, given, fits=self.user.__eq__) is None:
            raise forms.ValidationError(_("This is not your password."))
        return given

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", _("The two do not agree."))
        return self.cleaned_data


class RolesForm(forms.Form):
    """The roles of one member: those that this kind of organisation has."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), widget=forms.CheckboxSelectMultiple, required=False
    )  # fmt: skip

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = role_choices(organisation.kind)  # type: ignore[attr-defined]


class InviteForm(RolesForm):
    """Whom to ask, for what, and in which language; who they are they say themselves."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=254,
        help_text=gettext_lazy("A link goes there. Neither the mail nor this page says whether the address is known here."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    language = forms.ChoiceField(label=gettext_lazy("Language of the mail"), choices=settings.LANGUAGES)
    field_order = ("email", "roles", "language")

    def __init__(self, *args: Any, organisation: Organisation, viewer: User, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"language": viewer.language})
        super().__init__(*args, organisation=organisation, **kwargs)
        self.is_own = memberships_of(viewer).filter(organisation=organisation).exists()
        if not self.is_own:  # an operator gives an organisation its first head and no other role
            only = [(value, label) for value, label in role_choices(organisation.kind) if value == Role.HEAD]
            self.fields["roles"].choices = only  # type: ignore[attr-defined]
            self.initial["roles"] = [Role.HEAD.value]


class AcceptForm(forms.Form):
    """Nothing to type: one is signed in."""


class NewcomerForm(PreferencesForm):
    """What only the invited person chooses."""

    username = forms.CharField(
        label=gettext_lazy("User name"), max_length=60,
        help_text=gettext_lazy("You sign in with it. Letters, digits and . @ + - _ only."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )  # fmt: skip
    label = forms.CharField(
        label=gettext_lazy("Shown as"), max_length=120, help_text=gettext_lazy("Your name or office, as your own side sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("Password"), strip=False, max_length=200,
        help_text=gettext_lazy("At least 12 characters, and none that many people use."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label=gettext_lazy("Password again"), strip=False, max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    field_order = ("username", "label", "password", "again", "language", "time_zone")

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", _("The two do not agree."))
        return self.cleaned_data

    @property
    def account(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "again"}


class KeyForm(forms.Form):
    """A key acts as one of one's own memberships."""

    label = forms.CharField(
        label=gettext_lazy("What it is for"), max_length=80, help_text=gettext_lazy("Such as: nightly change feed."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    membership = forms.ChoiceField(
        label=gettext_lazy("Acts as"),
        help_text=gettext_lazy("It can do what this role may, except sign, and ends with the membership."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until you end it."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = memberships_of(viewer).select_related("organisation").order_by("organisation__name", "role")
        # A membership has no name that may leave: organisation and role name it.
        self.own = {f"{row.organisation_id}:{row.role}": row for row in rows}
        self.fields["membership"].choices = [  # type: ignore[attr-defined]
            (name, f"{row.organisation}: {row.get_role_display()}") for name, row in self.own.items()
        ]

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        if day is not None and day.year not in clock.YEARS:
            raise forms.ValidationError(self.fields["expires_on"].error_messages["invalid"])
        return day

    @property
    def given(self) -> dict[str, Any]:
        """The key lasts through its last day, in the viewer's zone."""
        day = self.cleaned_data["expires_on"]
        ends = timezone.make_aware(datetime.combine(day + timedelta(days=1), time())) if day else None
        return {
            "membership": self.own[self.cleaned_data["membership"]], "label": self.cleaned_data["label"],
            "expires_at": ends,
        }  # fmt: skip


class GrantForm(forms.Form):
    """A compartment opened to an organisation that the viewer knows of, for some roles."""

    compartment = forms.ModelChoiceField(Compartment.objects.none(), label=gettext_lazy("What to open"))
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=gettext_lazy("To whom"),
        help_text=gettext_lazy("Organisations that you have to do with already, or that an operator introduced to yours."),
    )  # fmt: skip
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("For whoever there holds the role"), widget=forms.CheckboxSelectMultiple,
        choices=[choice for choice in Role.choices if choice[0] != Role.OPERATOR],
    )  # fmt: skip
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"), required=False, help_text=gettext_lazy("Empty: until you end it."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rooms = Compartment.objects.visible_to(viewer).filter(pk__in=compartments_where(viewer, May.SHARE))
        self.fields["compartment"].queryset = rooms  # type: ignore[attr-defined]
        self.fields["organisation"].queryset = Organisation.objects.visible_to(viewer)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        organisation, roles = self.cleaned_data.get("organisation"), self.cleaned_data.get("roles") or []
        if organisation and roles and not set(roles) & ROLES_OF_KIND[organisation.kind]:
            held = ", ".join(str(label) for _value, label in role_choices(organisation.kind))
            self.add_error("roles", _("Nobody there can hold such a role. There are: %(roles)s.") % {"roles": held})
        return self.cleaned_data

    @property
    def opened(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("compartment", "organisation", "roles", "ends_at")}

    @property
    def given(self) -> dict[str, Any]:
        return self.opened | {"reason": self.cleaned_data["reason"]}

    def show_as_seen(self, digest: str) -> None:
        shown = cast(QueryDict, self.data).copy()
        shown["seen"] = digest
        self.data = shown


class OrganisationForm(forms.Form):
    """A body that acts, and the party it acts for."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=160)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Organisation.Kind.choices)
    party = forms.ModelChoiceField(
        Party.objects.none(), label=gettext_lazy("Acts for the party"), required=False,
        help_text=gettext_lazy("For a body acting for a party only."),
    )  # fmt: skip
    party_name = forms.CharField(label=gettext_lazy("or for a new party, named"), max_length=120, required=False)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["party"].queryset = Party.objects.visible_to(viewer)  # type: ignore[attr-defined]


class IntroductionForm(forms.Form):
    """Two organisations that shall know of each other."""

    one = forms.ModelChoiceField(Organisation.objects.none(), label=gettext_lazy("One organisation"))
    other = forms.ModelChoiceField(
        Organisation.objects.none(), label=gettext_lazy("and another"),
        help_text=gettext_lazy("Each may then name the other in a negotiation or give it access. Neither sees anything yet."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("one", "other"):
            self.fields[name].queryset = Organisation.objects.visible_to(viewer)  # type: ignore[attr-defined]
