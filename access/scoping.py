"""The one door for reading: `visible_to`. What a viewer may not see is not in the queryset, so it does not exist."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from access.roles import May, capabilities_of, roles_with, roles_with_at_home
from core.kept import Slot
from core.together import Subselect

if TYPE_CHECKING:
    from access.models import Compartment, Membership, Organisation, User

M = TypeVar("M", bound=models.Model)


def running(prefix: str = "", now: datetime | Slot | None = None) -> Q:
    """Rows whose dated validity covers this instant (real time: access is never a training exercise)."""
    now = now or timezone.now()
    still = Q(**{f"{prefix}ends_at__isnull": True}) | Q(**{f"{prefix}ends_at__gt": now})
    return Q(**{f"{prefix}starts_at__lte": now}) & still


def memberships_of(viewer: "User | AnonymousUser") -> "models.QuerySet[Membership]":
    """The memberships in force; behind an API key only the one that the key acts as."""
    from access.models import Membership

    memberships = Membership.objects.filter(running(), user=viewer.pk)
    only = getattr(viewer, "only_membership_id", None)
    return memberships if only is None else memberships.filter(pk=only)


def compartments_where(viewer: "User | AnonymousUser", *capabilities: str) -> Any:
    """The ids of the compartments where the viewer holds any of `capabilities`, as a subquery."""
    from access.models import GrantRole

    is_held = bool(roles_with(*capabilities) or roles_with_at_home(*capabilities))
    if not (is_held and viewer.is_authenticated and viewer.is_active):
        return GrantRole.objects.none().values("grant__compartment_id")
    only = getattr(viewer, "only_membership_id", None)
    held = frozenset(capabilities)
    text = _subselect(held, only is not None)
    params = text.slots() if viewer.pk == VIEWER else text.of(viewer.pk, timezone.now(), only)
    return Subselect((held, viewer.pk, only), text.sql, params, models.UUIDField())


@dataclass(frozen=True)
class _Text:
    """The subquery's text for any viewer, with a stand-in wherever the viewer's own value goes.

    Every read begins with this subquery, a page with dozens of them: built anew each time, it took half of what an
    exchange's page takes.
    """

    sql: str
    params: tuple[Any, ...]

    def of(self, viewer_id: uuid.UUID, now: datetime, only_membership: int | None) -> tuple[Any, ...]:
        """The parameters for one viewer."""
        told = dict(zip(_as_sent(VIEWER, NOW, ONLY), _as_sent(viewer_id, now, only_membership), strict=True))
        return tuple(told.get(param, param) for param in self.params)

    def slots(self) -> tuple[Any, ...]:
        """For a statement that is kept."""
        told = dict(zip(_as_sent(VIEWER, NOW, ONLY), _SLOTS, strict=True))
        return tuple(told.get(param, param) for param in self.params)


VIEWER, NOW, ONLY = uuid.UUID(int=1), datetime(1970, 1, 1, tzinfo=UTC), -1


def _as_sent(viewer_id: uuid.UUID, now: datetime, only_membership: int | None) -> tuple[Any, ...]:
    """As this database's driver wants them."""
    instant = models.DateTimeField().get_db_prep_value(now, connection)
    return models.UUIDField().get_db_prep_value(viewer_id, connection), instant, only_membership


_SLOTS = (
    Slot("scope:viewer", models.UUIDField()), Slot("scope:now", models.DateTimeField()),
    Slot("scope:only", models.BigIntegerField()),
)  # fmt: skip


def anyone(*, only_one_membership: bool) -> "User":
    """Stands for whoever will ask, in a statement that is kept; `standing` says who it is."""
    from access.models import User

    viewer = User(pk=VIEWER)
    if only_one_membership:
        viewer.only_membership_id = ONLY  # type: ignore[attr-defined]
    return viewer


def standing(viewer: "User") -> dict[str, Any]:
    """What fills the places of the scope in a statement that is kept."""
    only = getattr(viewer, "only_membership_id", None)
    return {"scope:viewer": viewer.pk, "scope:now": timezone.now(), "scope:only": only}


@cache
def _subselect(capabilities: frozenset[str], only_one_membership: bool) -> _Text:
    viewer = anyone(only_one_membership=only_one_membership)
    return _Text(*_compartments_where(viewer, capabilities, NOW).query.sql_with_params())


def _compartments_where(viewer: "User", capabilities: Iterable[str], now: datetime) -> "models.QuerySet[Any]":
    from access.models import GrantRole

    def held_by(organisation_or_user: str) -> Q:
        """A membership of the viewer in force, with the very role that is granted."""
        path = f"{organisation_or_user}__memberships__"
        mine = running(path, now) & Q(**{f"{path}user": viewer.pk, f"{path}role": F("role")})
        only = getattr(viewer, "only_membership_id", None)
        return mine if only is None else mine & Q(**{f"{path}pk": only})

    granted = GrantRole.objects.filter(running("grant__", now))
    # The role must be held in the very organisation that was granted, not in another one of the same person.
    through_organisation = granted.filter(held_by("grant__organisation"), role__in=roles_with(*capabilities))
    personal = granted.filter(held_by("grant__user"), role__in=roles_with(*capabilities), grant__user_id=viewer.pk)
    ids = through_organisation.values("grant__compartment_id").union(personal.values("grant__compartment_id"))
    if home_roles := roles_with_at_home(*capabilities):
        at_home = granted.filter(
            held_by("grant__organisation"),
            # An organisation's own compartment; of a body that acts for a party, that party's.
            Q(grant__compartment__organisation=F("grant__organisation"))
            | Q(grant__compartment__kind="party", grant__compartment__party=F("grant__organisation__party")),
            role__in=home_roles,
        )  # fmt: skip
        ids = ids.union(at_home.values("grant__compartment_id"))
    return ids


def holding(compartment_id: uuid.UUID, roles: Iterable[str]) -> "models.QuerySet[Membership]":
    """The memberships in force with one of these roles where it is granted in this compartment: to that very organisation, or
    to the person."""
    from access.models import Membership

    to_them = Q(grant__organisation=models.OuterRef("organisation_id")) | Q(grant__user=models.OuterRef("user_id"))
    return Membership.objects.filter(running(), _granted(compartment_id, to_them), role__in=list(roles))


def users_where(compartment_id: uuid.UUID, *capabilities: str) -> Q:
    """Users who hold any of `capabilities` there: what `compartments_where` says of one viewer, the other way round, for whoever
    is told of something instead of asking. A condition on users; whether they may sign in is another."""
    from access.models import Membership

    users = Q(pk__in=holding(compartment_id, roles_with(*capabilities)).values("user_id"))
    if home_roles := roles_with_at_home(*capabilities):
        own = Q(grant__compartment__organisation=F("grant__organisation")) | Q(
            grant__compartment__kind="party", grant__compartment__party=F("grant__organisation__party")
        )
        at_home = _granted(compartment_id, own & Q(grant__organisation=models.OuterRef("organisation_id")))
        members = Membership.objects.filter(running(), at_home, role__in=home_roles)
        users |= Q(pk__in=members.values("user_id"))
    return users


def _granted(compartment_id: uuid.UUID, how: Q) -> models.Exists:
    from access.models import GrantRole

    granted = GrantRole.objects.filter(
        running("grant__"), grant__compartment=compartment_id, role=models.OuterRef("role")
    )
    return models.Exists(granted.filter(how))


@dataclass(frozen=True)
class Seat:
    """One organisation's right of one person in one compartment: what acts are done under."""

    organisation: "Organisation"
    roles: frozenset[str]
    capabilities: frozenset[str]

    @property
    def party_id(self) -> uuid.UUID | None:
        return self.organisation.party_id

    def role_for(self, capability: str) -> str:
        """The role that gives `capability` here: it is named in shared logs, the person is not."""
        return next((role for role in sorted(self.roles) if capability in capabilities_of([role], at_home=True)), "")


def seats_of(user: "User", compartment: "Compartment | uuid.UUID") -> list[Seat]:
    """The user's seats in this compartment, one per organisation, in the order of their ids. One query."""
    return seats_from(memberships_seated(user, compartment), user)


def memberships_seated(user: "User", compartment: "Compartment | uuid.UUID") -> "models.QuerySet[Membership]":
    """The memberships that give the user a seat in this compartment: what `seats_from` makes seats of."""
    from access.models import Compartment, GrantRole, Membership

    if not user.is_active:
        return Membership.objects.none()
    compartment_id = compartment.pk if isinstance(compartment, Compartment) else compartment
    return (
        memberships_of(user)
        .select_related("organisation")
        .annotate(
            is_granted=models.Exists(
                GrantRole.objects.filter(running("grant__"), grant__compartment=compartment_id, role=models.OuterRef("role"))
                .filter(
                    Q(grant__organisation=models.OuterRef("organisation_id")) | Q(grant__user=models.OuterRef("user_id"))
                )
            ),
            is_home=models.Exists(
                Compartment.objects.filter(pk=compartment_id).filter(
                    Q(organisation=models.OuterRef("organisation_id"))
                    | Q(kind="party", party=models.OuterRef("organisation__party_id"))
                )
            ),
        )
        .filter(is_granted=True)
        .order_by("organisation_id", "role")
    )  # fmt: skip


def seats_from(memberships: "Iterable[Membership]", user: "User") -> list[Seat]:
    held: dict[uuid.UUID, tuple[Organisation, set[str], bool]] = {}
    for membership in memberships:
        is_home = membership.is_home  # type: ignore[attr-defined]
        entry = held.setdefault(membership.organisation_id, (membership.organisation, set(), is_home))
        entry[1].add(membership.role)
    # A key cannot sign: signing needs a person and a password (RULES section 1).
    withheld = frozenset({str(May.SIGN)}) if getattr(user, "only_membership_id", None) else frozenset()
    return [
        Seat(organisation, frozenset(roles), capabilities_of(roles, at_home=is_home) - withheld)
        for organisation, roles, is_home in held.values()
    ]


def capabilities_in(user: "User", compartment: "Compartment | uuid.UUID") -> frozenset[str]:
    """Everything the user may do in this compartment, over all seats."""
    return frozenset[str]().union(*(seat.capabilities for seat in seats_of(user, compartment)))


def capabilities_anywhere(viewer: "User | AnonymousUser") -> frozenset[str]:
    """What the viewer may do in at least one compartment: it decides what is offered, never what is done. One query."""
    from access.models import GrantRole

    granted = GrantRole.objects.filter(running("grant__"), role=models.OuterRef("role")).filter(
        Q(grant__organisation=models.OuterRef("organisation_id")) | Q(grant__user=models.OuterRef("user_id"))
    )
    memberships = memberships_of(viewer).filter(models.Exists(granted))
    return capabilities_of(set(memberships.values_list("role", flat=True)), at_home=True)


class ScopedQuerySet(models.QuerySet[M]):
    """Rows of one compartment each."""

    def visible_to(self, viewer: "User | AnonymousUser") -> Self:
        return self.filter(self.visibility(viewer))

    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        capabilities: Iterable[str] = getattr(self.model, "read_capability", (May.READ,))
        return Q(compartment_id__in=compartments_where(viewer, *capabilities))

    def where(self, viewer: "User | AnonymousUser", *capabilities: str) -> Self:
        """Visible rows in whose compartment the viewer also holds one of `capabilities`."""
        return self.visible_to(viewer).filter(compartment_id__in=compartments_where(viewer, *capabilities))

    def locked(self) -> Self:
        """Held until the transaction ends. SQLite ignores it: there every write transaction is IMMEDIATE."""
        return self.select_for_update(of=("self",), no_key=True)

    def unscoped(self, reason: str) -> Self:
        """Every row, for sweeps and for checks inside an operation; the reason is for the reader of the code."""
        assert reason
        return self.all()


class Compartmented(models.Model):
    """A row about a case: it lives in one compartment and is read through `visible_to`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    compartment = models.ForeignKey("access.Compartment", on_delete=models.PROTECT, related_name="+")

    read_capability: ClassVar[tuple[str, ...]] = (May.READ,)
    objects: ClassVar[Any] = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
