from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from people.operations.merging import REASON_LENGTH, TAKEABLE

KEPT, OTHER = "kept", "other"


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=REASON_LENGTH, required=False)


class MergeForm(ReasonForm):
    """Two dossiers side by side: of each field that differs, whose value is shown."""

    kept_version = forms.IntegerField(widget=forms.HiddenInput)
    other_version = forms.IntegerField(widget=forms.HiddenInput)

    @property
    def taken(self) -> list[str]:
        return [name for name in TAKEABLE if self.data.get(f"field-{name}") == OTHER]


class UnmergeForm(ReasonForm):
    absorbed = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
