from django import forms
from django.utils.translation import gettext_lazy as _


class SaveForm(forms.Form):
    label = forms.CharField(label=_("Save this search as"), max_length=60)
