"""One's organisations as a viewer sees them: members, invitations, keys, and what is opened to whom."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import Membership, Organisation, User
from access.roles import May, Role, roles_with
from access.scoping import capabilities_anywhere, memberships_of, running
from accounts.keeping import kept_as_head, organisations_kept_by
from accounts.models import ApiKey, Invitation


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    is_here: bool


def tabs(viewer: User, here: str) -> list[Tab]:
    """The sections under *Organisation* that are of use to the viewer. One query."""
    may = capabilities_anywhere(viewer)
    found = [
        ("members", _("Members"), "accounts:members", True),
        ("keys", _("API keys"), "accounts:keys", True),
        ("grants", _("Access given"), "accounts:grants", May.SHARE in may),
        ("policy", _("Sign-off policy"), "exchanges:policies", May.DECIDE in may),
        ("organisations", _("Every organisation"), "accounts:organisations", May.ADMINISTER in may),
    ]
    return [Tab(label, reverse(url), name == here) for name, label, url, offered in found if offered]


@dataclass(frozen=True)
class RoleLine:
    label: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class MemberLine:
    label: str
    username: str
    is_you: bool
    is_closed: bool
    url: str
    roles: list[RoleLine] = field(default_factory=list)


@dataclass(frozen=True)
class InvitationLine:
    email: str
    roles: str
    sent_at: datetime
    until: datetime
    is_expired: bool
    end_url: str


@dataclass(frozen=True)
class OrganisationView:
    id: UUID
    name: str
    kind: str
    is_kept: bool
    invite_url: str
    members: list[MemberLine] = field(default_factory=list)
    invitations: list[InvitationLine] = field(default_factory=list)


def organisations_of(viewer: User) -> list[OrganisationView]:
    """Each organisation of the viewer with its members. Five queries whatever their number."""
    seats = list(memberships_of(viewer).select_related("organisation").order_by("organisation__name", "role"))
    kept = {seat.organisation_id for seat in seats if seat.role in roles_with(May.MANAGE_MEMBERS, May.ADMINISTER)}
    views = {
        seat.organisation_id: OrganisationView(
            seat.organisation_id, seat.organisation.name, str(seat.organisation.get_kind_display()),
            seat.organisation_id in kept, f"{reverse('accounts:invitation_new')}?of={seat.organisation_id}",
        )
        for seat in seats
    }  # fmt: skip
    lines: dict[tuple[Any, Any], MemberLine] = {}
    rows = Membership.objects.visible_to(viewer).filter(running(), organisation__in=views)
    for row in rows.select_related("user").order_by("user__label", "user_id", "role"):
        key = (row.organisation_id, row.user_id)
        if key not in lines:
            lines[key] = _member_line(row.user, row.organisation_id, viewer)
            views[row.organisation_id].members.append(lines[key])
        lines[key].roles.append(role_line(row))
    for invitation in Invitation.objects.visible_to(viewer).filter(
        organisation__in=kept, accepted_at__isnull=True, ended_at__isnull=True
    ):  # fmt: skip
        views[invitation.organisation_id].invitations.append(invitation_line(invitation))
    return list(views.values())


def _member_line(user: User, organisation_id: UUID, viewer: User) -> MemberLine:
    url = f"{reverse('accounts:member', args=[user.pk])}?of={organisation_id}"
    return MemberLine(user.label, user.username, user.pk == viewer.pk, not user.is_active, url)


def role_line(row: Membership) -> RoleLine:
    return RoleLine(str(row.get_role_display()), row.starts_at, row.ends_at)


def invitation_line(invitation: Invitation) -> InvitationLine:
    return InvitationLine(
        invitation.email, roles_spelt(invitation.roles), invitation.invited_at, invitation.expires_at,
        not invitation.is_open, reverse("accounts:invitation_end", args=[invitation.pk]),
    )  # fmt: skip


def roles_spelt(roles: Iterable[str]) -> str:
    labels = dict(Role.choices)
    return ", ".join(str(labels.get(role, role)) for role in roles)


@dataclass(frozen=True)
class KeyLine:
    label: str
    begins: str
    acts_as: str
    owner: str
    made_at: datetime
    last_used_on: Any
    expires_at: datetime | None
    state: str
    is_open: bool
    end_url: str


@dataclass(frozen=True)
class Keys:
    own: list[KeyLine]
    of_members: list[KeyLine]


def keys_of(viewer: User, *, now: datetime) -> Keys:
    """One's own keys, and those of the members whom the viewer keeps. Two queries."""
    rows = keys_ended_by(viewer).select_related("membership__organisation", "membership__user")
    own = rows.filter(membership__user=viewer)
    others = rows.filter(revoked_at__isnull=True).exclude(membership__user=viewer)
    return Keys([_key_line(key, now) for key in own], [_key_line(key, now) for key in others])


def keys_ended_by(viewer: User) -> "QuerySet[ApiKey]":
    """One's own, and those of the organisations that the viewer keeps as their head."""
    rows: QuerySet[ApiKey] = ApiKey.objects.visible_to(viewer)
    return rows.filter(Q(membership__user=viewer) | Q(membership__organisation__in=kept_as_head(viewer)))


def _key_line(key: ApiKey, now: datetime) -> KeyLine:
    membership = key.membership
    is_over = membership.ends_at is not None and membership.ends_at <= now
    if key.revoked_at is not None:
        state = _("ended")
    elif key.expires_at is not None and key.expires_at <= now:
        state = _("expired")
    elif is_over:
        state = _("its membership has ended")
    else:
        state = ""
    return KeyLine(
        key.label, f"hwd_{key.prefix}_…", f"{membership.organisation}: {membership.get_role_display()}",
        membership.user.label, key.created_at, key.last_used_on, key.expires_at, state, not state,
        reverse("accounts:key_end", args=[key.pk]),
    )  # fmt: skip


def kept_organisation(viewer: User, asked: str) -> Organisation | None:
    """The one of those kept by the viewer that `asked` names; without a name, the first."""
    kept = organisations_kept_by(viewer).order_by("name")
    if not asked:
        return kept.filter(pk__in=memberships_of(viewer).values("organisation_id")).first()
    try:
        return kept.filter(pk=UUID(asked)).first()
    except ValueError:
        return None


@dataclass(frozen=True)
class Entered:
    """An organisation as operators see it: its name, and who keeps its members."""

    name: str
    kind: str
    party: str
    has_head: bool
    invitation: InvitationLine | None
    invite_url: str


def every_organisation(viewer: User) -> list[Entered]:
    """For operators. Three queries."""
    keeping = roles_with(May.MANAGE_MEMBERS, May.ADMINISTER)
    headed = set(
        Membership.objects.visible_to(viewer)
        .filter(running(), role__in=keeping, user__is_active=True)
        .values_list("organisation_id", flat=True)
    )
    invited = {row.organisation_id: row for row in Invitation.objects.visible_to(viewer).open()}
    rows = Organisation.objects.visible_to(viewer).select_related("party").order_by("party__name", "name")
    return [
        Entered(
            row.name, str(row.get_kind_display()), str(row.party or ""), row.pk in headed,
            invitation_line(invited[row.pk]) if row.pk in invited else None,
            f"{reverse('accounts:invitation_new')}?of={row.pk}",
        )
        for row in rows
    ]  # fmt: skip
