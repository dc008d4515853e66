"""How the events on organisations, members, grants and keys read in a timeline."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.roles import Role
from core.lifecycle import Text

Content = Mapping[str, Any]


def _role(content: Content) -> str:
    return str(dict(Role.choices).get(str(content.get("role")), content.get("role", "")))


SENTENCES: dict[str, Text | Callable[[Content], Text]] = {
    "party.created": gettext_lazy("A party was entered."),
    "organisation.created": gettext_lazy("An organisation was entered."),
    "member.invited": gettext_lazy("An account was made."),
    "member.changed": gettext_lazy("An account was changed."),
    "member.password_changed": gettext_lazy("A password was changed."),
    "member.role_given": lambda c: _("A role was given: %(role)s.") % {"role": _role(c)},
    "member.role_ended": lambda c: _("A role was ended: %(role)s.") % {"role": _role(c)},
    "grant.given": gettext_lazy("Access was granted."),
    "grant.ended": gettext_lazy("Access was ended."),
    "key.created": lambda c: _("Key %(prefix)s was made.") % {"prefix": c.get("prefix", "")},
    "key.revoked": lambda c: _("Key %(prefix)s was revoked.") % {"prefix": c.get("prefix", "")},
}
