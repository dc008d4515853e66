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


def _roles(content: Content) -> str:
    return ", ".join(str(dict(Role.choices).get(role, role)) for role in content.get("roles", ()))


SENTENCES: dict[str, Text | Callable[[Content], Text]] = {
    "party.created": gettext_lazy("A party was entered."),
    "organisation.created": gettext_lazy("An organisation was entered."),
    "organisation.introduced": gettext_lazy("Another organisation was made known to this one, and this one to it."),
    "account.created": gettext_lazy("An account was made."),
    "member.invited": lambda c: (
        _("Somebody was invited: %(roles)s.") % {"roles": _roles(c)} if c.get("roles") else _("An account was made.")
    ),
    "member.invitation_ended": gettext_lazy("An invitation was ended."),
    "member.joined": gettext_lazy("A member joined."),
    "member.changed": gettext_lazy("An account was changed."),
    "member.password_changed": gettext_lazy("A password was changed."),
    "member.role_given": lambda c: _("A role was given: %(role)s.") % {"role": _role(c)},
    "member.role_ended": lambda c: _("A role was ended: %(role)s.") % {"role": _role(c)},
    "grant.given": gettext_lazy("Access was granted."),
    "grant.ended": gettext_lazy("Access was ended."),
    "installation.restored": lambda c: (
        _("This log was restored from a backup, where it ended at %(position)s.") % {"position": c.get("position", "")}
    ),
    "key.created": lambda c: _("Key %(prefix)s was made.") % {"prefix": c.get("prefix", "")},
    "key.revoked": lambda c: _("Key %(prefix)s was revoked.") % {"prefix": c.get("prefix", "")},
}
