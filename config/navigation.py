"""What the frame of every page needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from access.models import Membership, Organisation
from access.roles import May, capabilities_of
from access.scoping import memberships_of
from config.places import types_data_in
from core.together import Together


@dataclass(frozen=True)
class Navigation:
    signed_in: bool = False
    user_label: str = ""
    organisations: str = ""
    unread: int = 0
    outbox: bool = False
    people: bool = False
    data_entry: bool = False
    active: str = ""
    ours_alone: Callable[[], bool] = bool  # asked by the few pages that stand outside a negotiation
    languages: list[tuple[str, str, bool]] = field(default_factory=list)


def _reads_dossiers(membership: Membership) -> bool:
    """A mediator or an intermediary reads names at tables, and has no registry of their own."""
    keeps_a_registry = membership.organisation.kind in (Organisation.Kind.BODY, Organisation.Kind.NGO)
    return keeps_a_registry and May.READ_NAMES in capabilities_of([membership.role], at_home=True)


def navigation(request: HttpRequest) -> dict[str, Any]:
    return {"nav": SimpleLazyObject(lambda: _navigation(request))}


def _navigation(request: HttpRequest) -> Navigation:
    from alerts.models import Delivery
    from negotiations.models import Negotiation, WorksHere

    current = translation.get_language()
    languages = [
        (code, translation.get_language_info(code)["name_local"], code == current) for code, _ in settings.LANGUAGES
    ]
    active = request.path.strip("/").split("/")[0]
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Navigation(languages=languages, active=active)
    together = Together()
    unread = Delivery.objects.visible_to(user).inbox().unread().order_by().values("recipient_id")
    counted = together.later(unread.annotate(n=Count("pk")).values_list("n", flat=True))
    memberships = together.later(memberships_of(user).select_related("organisation")).rows
    names = sorted({membership.organisation.name for membership in memberships})
    may = capabilities_of((membership.role for membership in memberships), at_home=True)
    return Navigation(
        signed_in=True,
        user_label=user.label,
        organisations=", ".join(names),
        unread=sum(counted.rows),
        outbox=settings.SHOWS_OUTBOX,
        people=any(map(_reads_dossiers, memberships)),
        data_entry=types_data_in(may),
        active=active,
        languages=languages,
        ours_alone=cache(
            lambda: (
                set(Negotiation.objects.visible_to(user).order_by().values_list("works_here", flat=True).distinct())
                == {WorksHere.US}
            )
        ),
    )
