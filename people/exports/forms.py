from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from people.operations.exports import PURPOSE_LENGTH

FEWEST_LETTERS = 12


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=_("As"),
        choices=[
            ("xlsx", _("XLSX, for a spreadsheet program")), ("csv", _("CSV, with a byte order mark")), ("json", "JSON"),
            ("pfif", _("PFIF 1.4, for tracing services")),
        ],
    )  # fmt: skip
    q = forms.CharField(
        label=_("Only whom this finds"), max_length=120, required=False,
        help_text=_("Words of names or a service number; empty: everybody you may export."),
    )  # fmt: skip
    purpose = forms.CharField(
        label=_("What for"), max_length=PURPOSE_LENGTH, help_text=_("It is recorded in your side's log.")
    )
    password = forms.CharField(
        label=_("Password on the file"), required=False, strip=False, max_length=200,
        help_text=_("XLSX only, at least 12 characters. Tell it to the receiver by another way."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if password := given.get("password"):
            if given.get("format") != "xlsx":
                self.add_error("password", _("Only an XLSX file takes a password."))
            elif len(password) < FEWEST_LETTERS:
                self.add_error("password", _("Give at least 12 characters."))
        return given
