"""Operations on parties, organisations, users, memberships, grants and keys. They record, so they stand above audit."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, seat_with
from access.models import Compartment, Grant, GrantRole, Membership, Organisation, Party, User, is_operator
from access.roles import May, Role
from access.scoping import Seat, memberships_of, running, seats_of
from accounts.authentication import secret_hash
from accounts.models import ApiKey, IdempotencyKey
from audit.recording import record
from core.errors import DomainError, InputRefused

ANSWERS_KEPT = timedelta(days=1)
SYSTEM_USERNAME = "system"


def system_user() -> User:
    """The one account that nobody signs in to: sweeps and seeds act as it."""
    user: User
    user, _created = User.objects.get_or_create(
        username=SYSTEM_USERNAME, defaults={"label": "Homeward", "is_system": True, "password": "!"}
    )
    return user


@transaction.atomic
def create_party(name: str, *, actor: User) -> Party:
    """A side of a conflict, with its private compartment."""
    operators = _operators_home(actor)
    party = checked(Party(name=name))
    party.save()
    home = Compartment.objects.create(kind=Compartment.Kind.PARTY, party=party, name=name)
    record("party.created", subject=party, actor=actor, seat=_seat_at(actor, operators), compartment=operators or home)
    return party


@transaction.atomic
def create_organisation(name: str, *, kind: str, actor: User, party: Party | None = None) -> Organisation:
    """A body that acts. It may do everything its members' roles allow in its own home, and nothing elsewhere."""
    operators = _operators_home(actor)
    organisation = checked(Organisation(name=name, kind=kind, party=party))
    organisation.save()
    if party is None:
        Compartment.objects.create(kind=Compartment.Kind.ORGANISATION, organisation=organisation, name=name)
    _grant(organisation.home, organisation, Role.values, given_by=actor, reason="its own home")
    record(
        "organisation.created", subject=organisation, actor=actor, seat=_seat_at(actor, operators),
        compartment=operators or organisation.home,
    )  # fmt: skip
    return organisation


@transaction.atomic
def create_user(
    username: str,
    *,
    label: str,
    organisation: Organisation,
    actor: User,
    password: str | None = None,
    email: str = "",
    language: str = "en",
    time_zone: str = "UTC",
) -> User:
    """An account for a future member of `organisation`; without a password it cannot sign in yet."""
    seat = _keeper_of(organisation, actor)
    user = User(username=username, label=label, email=email, language=language, time_zone=time_zone)
    if password is not None:
        _check_password(password, user)
    user.set_password(password)
    checked(user)
    user.save()
    record("member.invited", subject=user, actor=actor, seat=seat, compartment=organisation.home)
    return user


@transaction.atomic
def change_user(user: User, *, organisation: Organisation, actor: User, **changes: Any) -> User:
    """Label, address, language, time zone, whether the account may sign in."""
    seat = _keeper_of(organisation, actor)
    if not user.memberships.filter(organisation=organisation).exists() and not is_operator(actor):
        raise NotAllowed(_("This account belongs to another organisation."))
    user = User.objects.visible_to(actor).locked().get(pk=user.pk)
    for field, value in changes.items():
        setattr(user, field, value)
    checked(user).save(update_fields=list(changes))
    record(
        "member.changed", subject=user, actor=actor, seat=seat, compartment=organisation.home,
        data={"fields": sorted(changes)},
    )  # fmt: skip
    return user


@transaction.atomic
def set_preferences(user: User, *, language: str, time_zone: str, actor: User) -> User:
    """One's own language and time zone."""
    if user != actor:
        raise NotAllowed(_("Everybody chooses their own language."))
    user = User.objects.visible_to(actor).locked().get(pk=user.pk)
    user.language, user.time_zone = language, time_zone
    checked(user).save(update_fields=["language", "time_zone"])
    if home := next((membership.organisation.home for membership in memberships_of(user)), None):
        record(
            "member.changed", subject=user, actor=actor, compartment=home, home=home,
            data={"fields": ["language", "time_zone"]},
        )  # fmt: skip
    return user


@transaction.atomic
def set_password(user: User, password: str, *, actor: User) -> User:
    """One's own password, or, by whoever keeps the organisation, a member's first one."""
    if user != actor:
        organisation = Organisation.objects.filter(memberships__user=user).first()
        if organisation is None:
            raise NotAllowed(_("This account belongs to another organisation."))
        _keeper_of(organisation, actor)
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    if home := next((membership.organisation.home for membership in memberships_of(user)), None):
        record("member.password_changed", subject=user, actor=actor, compartment=home, home=home)
    return user


@transaction.atomic
def add_membership(
    user: User,
    organisation: Organisation,
    role: str,
    *,
    actor: User,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Membership:
    """Give one role in one organisation, from now or from a date."""
    seat = _keeper_of(organisation, actor)
    if seat is not None and seat.organisation != organisation:
        _refuse_beyond_first_head(user, organisation, role, actor)
    membership = Membership(
        user=user, organisation=organisation, role=role, starts_at=starts_at or timezone.now(), ends_at=ends_at
    )
    checked(membership).save()
    record(
        "member.role_given", subject=user, actor=actor, seat=seat, compartment=organisation.home,
        data={"role": role, "organisation": str(organisation.pk)},
    )  # fmt: skip
    return membership


def _refuse_beyond_first_head(user: User, organisation: Organisation, role: str, actor: User) -> None:
    """An operator gives an organisation its first head and nobody else anything (RULES section 9)."""
    if user == actor:
        raise NotAllowed(_("Operators give themselves no role elsewhere."))
    has_head = organisation.memberships.filter(running(), role=Role.HEAD).exists()
    is_party = organisation.kind == Organisation.Kind.BODY
    if is_party and (role != Role.HEAD or has_head):
        raise NotAllowed(_("Operators give an organisation its first head; its head gives every other role."))


@transaction.atomic
def end_membership(membership: Membership, *, actor: User) -> Membership:
    """From the next request on, the role gives nothing."""
    membership = Membership.objects.visible_to(actor).locked().get(pk=membership.pk)
    seat = _keeper_of(membership.organisation, actor)
    if membership.ends_at and membership.ends_at <= timezone.now():
        raise DomainError(_("This membership has ended already."))
    membership.ends_at = timezone.now()
    membership.save(update_fields=["ends_at"])
    record(
        "member.role_ended", subject=membership.user, actor=actor, seat=seat, compartment=membership.organisation.home,
        data={"role": membership.role, "organisation": str(membership.organisation_id)},
    )  # fmt: skip
    return membership


@transaction.atomic
def give_grant(
    compartment: Compartment,
    *,
    roles: Iterable[str],
    reason: str,
    actor: User,
    organisation: Organisation | None = None,
    user: User | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Open a compartment to an organisation or one person, for some roles, until a date."""
    seat = seat_with(actor, compartment, May.SHARE)
    wanted = sorted(set(roles))
    if unknown := set(wanted) - set(Role.values):
        raise InputRefused(_("Unknown role."), errors={"roles": [_("Unknown role: %s") % ", ".join(sorted(unknown))]})
    if not wanted:
        raise InputRefused(_("Name at least one role."), errors={"roles": [_("Name at least one role.")]})
    grant = Grant(
        compartment=compartment, organisation=organisation, user=user, ends_at=ends_at, given_by=actor, reason=reason
    )
    checked(grant)
    _save_grant(grant, wanted)
    record(
        "grant.given", subject=compartment, actor=actor, seat=seat, compartment=compartment, capability=May.SHARE,
        data={"organisation": str(organisation.pk) if organisation else "", "roles": wanted, "reason": reason},
    )  # fmt: skip
    return grant


@transaction.atomic
def end_grant(grant: Grant, *, actor: User, reason: str = "") -> Grant:
    """Close a compartment to whom it was opened."""
    grant = Grant.objects.visible_to(actor).locked().get(pk=grant.pk)
    seat = seat_with(actor, grant.compartment, May.SHARE)
    if grant.ends_at and grant.ends_at <= timezone.now():
        raise DomainError(_("This grant has ended already."))
    if grant.organisation_id and grant.organisation_id == seat.organisation.pk:
        raise DomainError(_("Your own organisation's access stays: another one ends it."))
    if grant.compartment.is_shared and _holds_a_seat_of_its_own(grant.organisation, seat):
        raise DomainError(
            _("%(organisation)s has a place of its own here: only its own side can give it up.")
            % {"organisation": grant.organisation}
        )
    grant.ends_at = timezone.now()
    grant.save(update_fields=["ends_at"])
    record(
        "grant.ended", subject=grant.compartment, actor=actor, seat=seat, compartment=grant.compartment,
        capability=May.SHARE, data={"organisation": str(grant.organisation_id or ""), "reason": reason},
    )  # fmt: skip
    return grant


def _holds_a_seat_of_its_own(organisation: Organisation | None, seat: Seat) -> bool:
    """Another participant's organisation, or the mediator's: nobody else removes it from a shared table."""
    if organisation is None:
        return False
    is_other_side = organisation.kind == Organisation.Kind.BODY and organisation.party_id != seat.party_id
    return is_other_side or (organisation.kind == Organisation.Kind.MEDIATOR and organisation != seat.organisation)


@transaction.atomic
def create_key(
    membership: Membership, *, label: str, actor: User, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A key that acts as `membership`, and its token, which is shown once and stored nowhere."""
    organisation = membership.organisation
    seat = _own_or_kept(membership, actor)
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = ApiKey(
        compartment=organisation.home, membership=membership, label=label, prefix=prefix, secret_hash=secret_hash(secret),
        created_at=timezone.now(), created_by=actor, expires_at=expires_at,
    )  # fmt: skip
    checked(key).save()
    record("key.created", subject=key, actor=actor, seat=seat, compartment=organisation.home, data={"prefix": prefix})
    return key, f"hwd_{prefix}_{secret}"


@transaction.atomic
def revoke_key(key: ApiKey, *, actor: User) -> ApiKey:
    key = ApiKey.objects.visible_to(actor).locked().get(pk=key.pk)
    seat = _own_or_kept(key.membership, actor)
    if key.revoked_at:
        raise DomainError(_("This key was revoked already."))
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    record("key.revoked", subject=key, actor=actor, seat=seat, compartment=key.compartment, data={"prefix": key.prefix})
    return key


def drop_old_answers() -> int:
    """For the sweep: answers kept for idempotency keys older than a day, and sessions that ran out. Returns how many answers."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    dropped, _by_model = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - ANSWERS_KEPT).delete()
    return dropped


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InputRefused(error.messages[0], errors={"password": error.messages}) from error


def _operators_home(actor: User) -> Compartment | None:
    """Where operators' acts are recorded; None for the system user, who founds everything else. Raises NotAllowed."""
    if actor.is_system:
        return None
    if not is_operator(actor):
        raise NotAllowed(_("This is for operators."))
    operator = memberships_of(actor).get(role=Role.OPERATOR, organisation__kind=Organisation.Kind.OPERATOR)
    return operator.organisation.home


def _seat_at(actor: User, home: Compartment | None) -> Seat | None:
    return next(iter(seats_of(actor, home)), None) if home else None


def _keeper_of(organisation: Organisation, actor: User) -> Seat | None:
    """The seat of a head who keeps this very organisation, or of an operator. Raises NotAllowed."""
    if actor.is_system:
        return None
    for seat in seats_of(actor, organisation.home):
        if May.MANAGE_MEMBERS in seat.capabilities and seat.organisation == organisation:
            return seat
    if is_operator(actor):
        return _seat_at(actor, _operators_home(actor))
    raise NotAllowed(_("The head of %(organisation)s keeps its members.") % {"organisation": organisation})


def _own_or_kept(membership: Membership, actor: User) -> Seat | None:
    if membership.user_id == actor.pk:
        return next(
            (seat for seat in seats_of(actor, membership.organisation.home) if seat.organisation == membership.organisation),
            None,
        )  # fmt: skip
    return _keeper_of(membership.organisation, actor)


def _grant(
    compartment: Compartment, organisation: Organisation, roles: Iterable[str], *, given_by: User, reason: str
) -> Grant:
    grant = Grant(compartment=compartment, organisation=organisation, given_by=given_by, reason=reason)
    _save_grant(grant, roles)
    return grant


def _save_grant(grant: Grant, roles: Iterable[str]) -> None:
    grant.save()
    GrantRole.objects.bulk_create([GrantRole(grant=grant, role=role) for role in sorted(set(roles))])


def open_compartment(
    kind: str, name: str, *, granted: Iterable[tuple[Organisation, Iterable[str]]], actor: User, reason: str
) -> Compartment:
    """A new shared compartment with its first grants; called by the operation whose subject will live there."""
    compartment = Compartment.objects.create(kind=kind, name=name)
    for organisation, roles in granted:
        _grant(compartment, organisation, roles, given_by=actor, reason=reason)
    return compartment


__all__ = [
    "add_membership", "change_user", "create_key", "create_organisation", "create_party", "create_user", "end_grant",
    "end_membership", "give_grant", "open_compartment", "revoke_key", "set_password", "set_preferences", "system_user",
]  # fmt: skip
