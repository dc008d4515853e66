from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import User
from accounts import guessing
from people.models import Claim, ClaimKind


class SearchForm(forms.Form):
    q = forms.CharField(label=_("Name or service number"), max_length=120, required=False)


class ClaimForm(forms.Form):
    """A claim; to establish a death a second person gives name and password (DESIGN rule 7)."""

    kind = forms.ChoiceField(label=_("What is claimed"), choices=ClaimKind.choices)
    happened_on = forms.CharField(
        label=_("On"), max_length=10, required=False, help_text=_("1987, 1987-04 or 1987-04-23: as much as is known.")
    )
    source = forms.CharField(label=_("According to"), max_length=160)
    confidence = forms.ChoiceField(
        label=_("Confidence"), choices=Claim.Confidence.choices, initial=Claim.Confidence.MEDIUM
    )
    place = forms.CharField(
        label=_("Place of detention"),
        max_length=200,
        required=False,
        help_text=_("Kept apart: only who may read places of detention sees it again."),
    )
    note = forms.CharField(label=_("Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    second_username = forms.CharField(
        label=_("Second person, user name"),
        required=False,
        help_text=_("Only to establish a death: two people do it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    second_password = forms.CharField(
        label=_("Second person, password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, request: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        stated = {name: value for name, value in self.cleaned_data.items() if not name.startswith("second_")}
        if stated.get("kind") == ClaimKind.DEATH_ESTABLISHED:
            stated["second"] = self._second()
        return stated

    def _second(self) -> Any:
        """Somebody of one's own side, by name and password; every failure reads alike and slows the next try down."""
        username = self.cleaned_data.get("second_username") or ""
        if guessing.seconds_to_wait(self.request, username):
            self.add_error("second_username", _("Too many wrong passwords: try again in half a minute."))
            return None
        second = User.objects.visible_to(self.request.user).filter(username=username, is_active=True).first()
        if second is None or not second.check_password(self.cleaned_data.get("second_password") or ""):
            guessing.note_failure(self.request, username)
            self.add_error("second_username", _("Give the name and the password of the second person."))
            return None
        return second
