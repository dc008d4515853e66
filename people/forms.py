from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from access.models import User
from accounts import guessing
from people.models import Claim, ClaimKind, DeathBasis, HeldBy, StatedBy


class ClaimForm(forms.Form):
    """A claim; to establish a death a second person gives name and password (DESIGN rule 7)."""

    kind = forms.ChoiceField(label=_("What is claimed"), choices=ClaimKind.choices)
    happened_on = forms.CharField(
        label=_("On"), max_length=10, required=False, help_text=_("1987, 1987-04 or 1987-04-23: as much as is known.")
    )
    stated_by = forms.ChoiceField(
        label=_("Whose word"), choices=[("", _("as the kind of claim says")), *StatedBy.choices], required=False
    )
    source = forms.CharField(
        label=_("According to"), max_length=160, help_text=_("Where it was read or heard, as closely as you know.")
    )
    confidence = forms.ChoiceField(
        label=_("Confidence"), choices=Claim.Confidence.choices, initial=Claim.Confidence.MEDIUM
    )
    held_by = forms.ChoiceField(
        label=_("In the hands of"), choices=[("", _("not said")), *HeldBy.choices], required=False
    )
    place = forms.CharField(
        label=_("Place of detention"),
        max_length=200,
        required=False,
        help_text=_("Kept apart: only who may read places of detention sees it again."),
    )
    note = forms.CharField(label=_("Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    basis = forms.ChoiceField(
        label=_("A death is established by"),
        choices=[("", _("this is no established death")), *DeathBasis.choices],
        required=False,
        help_text=_("Only for “death established”. Somebody's word, also the holder's, establishes none."),
    )
    second_username = forms.CharField(
        label=_("Second person, user name"),
        required=False,
        help_text=_(
            "Only to establish a death: two people do it. Left empty, a second person is asked on the dossier page."
        ),
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
            is_here = self.cleaned_data.get("second_username") or self.cleaned_data.get("second_password")
            stated["second"] = self._second() if is_here else None
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
