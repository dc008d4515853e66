"""Accounts of the demonstration: offices and roles, never real people. Production refuses to start beside them."""

from typing import Any

from django.conf import settings

from access.models import Membership, User
from access.scoping import running

DEMO_PASSWORD = "homeward-2025-demo"  # noqa: S105  printed on the sign-in page of the demonstration


def demo_accounts() -> list[dict[str, Any]]:
    """Every account that a seed made, by party and office; empty outside the demonstration."""
    if not settings.DEMO:
        return []
    accounts: dict[Any, dict[str, Any]] = {}
    memberships = Membership.objects.filter(running(), user__is_system=False, user__is_active=True)
    for membership in memberships.select_related("user", "organisation__party").order_by("pk"):
        user: User = membership.user
        account = accounts.setdefault(
            user.pk,
            {
                "username": user.username,
                "label": user.label,
                "password": DEMO_PASSWORD,
                "totp": None,
                "organisation": membership.organisation.name,
                "party": membership.organisation.party.name if membership.organisation.party else None,
                "roles": [],
            },
        )
        account["roles"].append(membership.role)
    return list(accounts.values())
