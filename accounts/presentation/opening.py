"""Compartments as their sharer sees them: who has access, what that shows, and what of it may be ended."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import Compartment, Grant, Membership, Organisation, User
from access.roles import ROLES_OF_KIND, May, capabilities_of, roles_with
from access.scoping import compartments_where, memberships_of, running
from accounts.operations import why_grant_stays
from accounts.presentation.organisation import roles_spelt

# What each capability to read shows, in the order in which it is told. READ depends on the kind of compartment.
SHOWS: dict[str, str | Promise] = {
    May.READ_NAMES: gettext_lazy("names and identities"),
    May.READ_HEALTH: gettext_lazy("health data"),
    May.READ_LEGAL: gettext_lazy("legal data"),
    May.READ_WITNESS: gettext_lazy("what witnesses said"),
    May.READ_LOCATION: gettext_lazy("places of detention"),
    May.READ_FAMILY: gettext_lazy("family contacts"),
    May.READ_FINAL_LISTS: gettext_lazy("final lists, once they are signed off"),
    May.READ_LOG: gettext_lazy("the log"),
}
READ_SHOWS: dict[str, str | Promise] = {
    Compartment.Kind.PARTY: gettext_lazy("your side's own drafts, dossiers and notes"),
    Compartment.Kind.ORGANISATION: gettext_lazy("your organisation's own rows"),
    Compartment.Kind.CHANNEL: gettext_lazy("the talks: rounds, statements and proposals"),
    Compartment.Kind.TABLE: gettext_lazy("the exchange's status, dates and counts"),
    Compartment.Kind.PRIVATE_CHANNEL: gettext_lazy("what your side passes to the mediator"),
}

# Where one headquarters keeps everything by itself nothing is shared: a compartment is called after what lies in it.
KEPT_ALONE: dict[str, str | Promise] = {
    Compartment.Kind.PARTY: gettext_lazy("our dossiers, drafts and notes"),
    Compartment.Kind.ORGANISATION: gettext_lazy("our organisation's own rows"),
    Compartment.Kind.CHANNEL: gettext_lazy("the talks"),
    Compartment.Kind.TABLE: gettext_lazy("the exchange"),
    Compartment.Kind.PRIVATE_CHANNEL: gettext_lazy("what we pass to the mediator"),
}


@dataclass(frozen=True)
class GrantLine:
    who: str
    roles: str
    since: datetime
    until: datetime | None
    reason: str
    is_own: bool
    end_url: str
    why_not: str


@dataclass(frozen=True)
class Opened:
    name: str
    kind: str
    kept_alone: str
    is_private: bool
    new_url: str
    grants: list[GrantLine] = field(default_factory=list)


def shareable(viewer: User) -> "QuerySet[Compartment]":
    return Compartment.objects.visible_to(viewer).filter(pk__in=compartments_where(viewer, May.SHARE))


def opened_by(viewer: User) -> list[Opened]:
    """Each compartment the viewer may share, with its grants in force. Five queries whatever their number."""
    rooms = {room.pk: room for room in shareable(viewer)}
    by_room: dict[object, list[Grant]] = {pk: [] for pk in rooms}
    for grant in _running_grants(viewer).filter(compartment__in=rooms):
        by_room[grant.compartment_id].append(grant)
    sharing = list(memberships_of(viewer).filter(role__in=roles_with(May.SHARE)).select_related("organisation"))
    # The viewer's own half first, then what is shared, by name.
    ordered = sorted(
        rooms.values(), key=lambda room: (room.is_shared, room.kind != Compartment.Kind.CHANNEL, room.name)
    )
    return [_opened(room, by_room[room.pk], sharing) for room in ordered]


def _running_grants(viewer: User) -> "QuerySet[Grant]":
    rows = with_persons_known_to(viewer, Grant.objects.visible_to(viewer))
    rows = rows.filter(running()).select_related("organisation", "user", "compartment")
    return rows.prefetch_related("roles", "user__memberships__organisation").order_by("organisation__name", "pk")


def with_persons_known_to(viewer: User, grants: "QuerySet[Grant]") -> "QuerySet[Grant]":
    """For `given_to`: whether the viewer sees the person to whom a grant was given."""
    return grants.annotate(is_known=Exists(User.objects.visible_to(viewer).filter(pk=OuterRef("user_id"))))


def given_to(grant: Grant) -> str:
    """A person of another side is not named at a shared table, in its grants as little as in its log."""
    if grant.organisation is not None:
        return str(grant.organisation)
    return str(grant.user) if grant.is_known else _("somebody of another organisation")  # type: ignore[attr-defined]


def _opened(room: Compartment, grants: Sequence[Grant], sharing: Iterable[Membership]) -> Opened:
    acting = _acting_organisation(grants, sharing)
    lines = [_line(grant, room, acting) for grant in grants]
    new_url = f"{reverse('accounts:grant_new')}?in={room.pk}"
    kind, kept_alone = str(room.get_kind_display()), str(KEPT_ALONE[room.kind])
    return Opened(room.name, kind, kept_alone, not room.is_shared, new_url, lines)


def _acting_organisation(grants: Iterable[Grant], sharing: Iterable[Membership]) -> Organisation | None:
    """The one of the viewer's organisations under which they share here, as `seats_of` would find it."""
    for membership in sorted(sharing, key=lambda membership: membership.organisation_id):
        for grant in grants:
            is_theirs = membership.organisation_id == grant.organisation_id or membership.user_id == grant.user_id
            if is_theirs and membership.role in grant.role_names:
                return membership.organisation
    return None


def _line(grant: Grant, room: Compartment, acting: Organisation | None) -> GrantLine:
    grant.compartment = room
    return GrantLine(
        given_to(grant), _admitted(grant), grant.starts_at, grant.ends_at, grant.reason,
        acting is not None and grant.organisation_id == acting.pk,
        reverse("accounts:grant_end", args=[grant.handle]),
        why_grant_stays(grant, acting) if acting else _("You may not share this."),
    )  # fmt: skip


def _admitted(grant: Grant) -> str:
    """Of the roles that stand in the grant, those that somebody there can hold."""
    roles = set(grant.role_names)
    if grant.organisation is None:
        return roles_spelt(sorted(roles))
    held = ROLES_OF_KIND[grant.organisation.kind]
    return _("every role there") if held <= roles else roles_spelt(sorted(roles & held)) or _("none that they have")


def grant_by_handle(viewer: User, handle: str) -> Grant | None:
    """A grant in force in a compartment that the viewer may share; its number never leaves."""
    rows = _running_grants(viewer).filter(compartment__in=shareable(viewer))
    return next((grant for grant in rows if grant.handle == handle), None)


@dataclass(frozen=True)
class Told:
    """What a grant opens, in sentences, and the digest by which the giver says that they read this very text."""

    sentences: list[str]
    warning: str

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join([*self.sentences, self.warning]).encode()).hexdigest()


def what_they_will_see(
    *, compartment: Compartment, organisation: Organisation, roles: Iterable[str], ends_at: datetime | None
) -> Told:
    admitted = sorted(set(roles) & ROLES_OF_KIND[organisation.kind])
    is_home = compartment.organisation_id is not None and compartment.organisation_id == organisation.pk
    may = capabilities_of(admitted, at_home=is_home)
    seen = [str(READ_SHOWS[compartment.kind])] if May.READ in may else []
    seen += [str(shown) for capability, shown in SHOWS.items() if capability in may]
    done = [
        str(May(capability).label) for capability in May.values if capability in may and not _only_reads(capability)
    ]
    names = {"who": organisation.name, "where": compartment.name, "roles": roles_spelt(admitted)}
    sentences = [
        _("Members of %(who)s who hold the role %(roles)s will see in “%(where)s”: %(what)s.")
        % {**names, "what": "; ".join(seen) or _("nothing")}
    ]
    if done:
        sentences.append(_("They will be able to: %(what)s.") % {"what": ", ".join(done)})
    sentences.append(
        _("Until %(until)s.") % {"until": date_format(localtime(ends_at), "j E Y H:i", use_l10n=False)}
        if ends_at
        else _("Until you end it. What they have seen by then they have seen.")
    )
    warning = (
        "" if compartment.is_shared else _("This is private: nobody outside your side sees it without such access.")
    )
    return Told(sentences, warning)


def _only_reads(capability: str) -> bool:
    return capability.startswith("read")
