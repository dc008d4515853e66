"""Operations on parties, organisations, users, memberships, grants and keys. They record, so they stand above audit."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, seat_with
from access.models import Compartment, Grant, GrantRole, Membership, Organisation, Party, User, is_operator
from access.roles import ROLES_OF_KIND, May, Role, roles_with
from access.scoping import Seat, memberships_of, running, seats_of
from accounts.authentication import secret_hash
from accounts.models import ApiKey, IdempotencyKey, Invitation
from audit.recording import record
from core.errors import DomainError, InputRefused
from core.text import clean_text

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
    operators = operators_home(actor)
    party = checked(Party(name=name))
    party.save()
    home = Compartment.objects.create(kind=Compartment.Kind.PARTY, party=party, name=name)
    record("party.created", subject=party, actor=actor, seat=_seat_at(actor, operators), compartment=operators or home)
    return party


@transaction.atomic
def create_organisation(name: str, *, kind: str, actor: User, party: Party | None = None) -> Organisation:
    """A body that acts. It may do everything its members' roles allow in its own home, and nothing elsewhere."""
    operators = operators_home(actor)
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
    seat = keeper_of(organisation, actor)
    user = User(username=username, label=label, email=email, language=language, time_zone=time_zone)
    if password is not None:
        check_password(password, user)
    user.set_password(password)
    checked(user)
    user.save()
    record("account.created", subject=user, actor=actor, seat=seat, compartment=organisation.home)
    return user


@transaction.atomic
def change_user(user: User, *, organisation: Organisation, actor: User, **changes: Any) -> User:
    """Label, address, language, time zone, whether the account may sign in."""
    seat = keeper_of(organisation, actor)
    if not user.memberships.filter(organisation=organisation).exists() and not is_operator(actor):
        raise NotAllowed(_("This account belongs to another organisation."))
    user = User.objects.visible_to(actor).locked().get(pk=user.pk)
    if not is_operator(actor) and _keeps_own_account(user, organisation):
        raise NotAllowed(_("This person keeps their own account: name, address and language are theirs to change."))
    for field, value in changes.items():
        setattr(user, field, value)
    checked(user).save(update_fields=list(changes))
    record(
        "member.changed", subject=user, actor=actor, seat=seat, compartment=organisation.home,
        data={"fields": sorted(changes)},
    )  # fmt: skip
    return user


def _keeps_own_account(user: User, organisation: Organisation) -> bool:
    """Whoever chose their account themselves, or has roles elsewhere: no head may send their alerts to another address.

    One answer for both, so that it tells a head nothing about other organisations.
    """
    return (
        Invitation.objects.unscoped("whose account it is").filter(accepted_by=user).exists()
        or Membership.objects.filter(running(), user=user).exclude(organisation=organisation).exists()
    )


@transaction.atomic
def set_profile(user: User, *, label: str, email: str, actor: User) -> User:
    """How one is shown, and where one's alerts are mailed."""
    if user != actor:
        raise NotAllowed(_("Everybody keeps their own account."))
    user = User.objects.visible_to(actor).locked().get(pk=user.pk)
    user.label, user.email = clean_text(label), email.strip()
    checked(user).save(update_fields=["label", "email"])
    if home := next((membership.organisation.home for membership in memberships_of(user)), None):
        record(
            "member.changed",
            subject=user,
            actor=actor,
            compartment=home,
            home=home,
            data={"fields": ["email", "label"]},
        )
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
    """One's own: a password that somebody else set would let them sign in as its owner."""
    if user != actor:
        raise NotAllowed(_("Everybody chooses their own password."))
    check_password(password, user)
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
    organisation = locked_organisation(organisation)
    seat = keeper_of(organisation, actor)
    check_roles(organisation, [role], actor=actor, seat=seat, user=user)
    return give_role(user, organisation, role, actor=actor, seat=seat, starts_at=starts_at, ends_at=ends_at)


def give_role(
    user: User,
    organisation: Organisation,
    role: str,
    *,
    actor: User,
    seat: Seat | None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Membership:
    """The row and its event; whoever calls this has asked whether the role may be given."""
    membership = Membership(
        user=user, organisation=organisation, role=role, starts_at=starts_at or timezone.now(), ends_at=ends_at
    )
    checked(membership).save()
    record(
        "member.role_given", subject=user, actor=actor, seat=seat, compartment=organisation.home,
        data={"role": role, "organisation": str(organisation.pk)},
    )  # fmt: skip
    return membership


def check_roles(
    organisation: Organisation, roles: Iterable[str], *, actor: User, seat: Seat | None, user: User | None = None
) -> None:
    """Raises InputRefused for a role that this kind of organisation cannot have, NotAllowed for what is not the actor's
    to give: an operator gives an organisation its first head and nobody else anything (RULES section 9)."""
    wanted = list(roles)
    if strangers := [role for role in wanted if role not in ROLES_OF_KIND[organisation.kind]]:
        sentence = _("%(kind)s: there is no %(roles)s here.") % {
            "kind": organisation.get_kind_display(), "roles": ", ".join(str(dict(Role.choices).get(r, r)) for r in strangers),
        }  # fmt: skip
        raise InputRefused(sentence, errors={"role": [sentence], "roles": [sentence]})
    if seat is None or seat.organisation == organisation:
        return
    if user == actor:
        raise NotAllowed(_("Operators give themselves no role elsewhere."))
    if organisation.kind != Organisation.Kind.OPERATOR and (wanted != [Role.HEAD] or has_head(organisation)):
        raise NotAllowed(_("Operators give an organisation its first head; its head gives every other role."))


def has_head(organisation: Organisation, *, without: Membership | None = None) -> bool:
    """Whether somebody who may sign in keeps this organisation's members; `without` this membership, if given."""
    keeping = Role.OPERATOR if organisation.kind == Organisation.Kind.OPERATOR else Role.HEAD
    heads = organisation.memberships.filter(running(), role=keeping, user__is_active=True)
    return (heads if without is None else heads.exclude(pk=without.pk)).exists()


def locked_organisation(organisation: Organisation) -> Organisation:
    """Held while its heads are counted: two who leave at once must not leave it to nobody."""
    return Organisation.objects.unscoped("the keeper's right is asked next").locked().get(pk=organisation.pk)


@transaction.atomic
def end_membership(membership: Membership, *, actor: User) -> Membership:
    """From the next request on, the role gives nothing."""
    organisation = locked_organisation(Membership.objects.visible_to(actor).get(pk=membership.pk).organisation)
    membership = Membership.objects.visible_to(actor).locked().get(pk=membership.pk)
    seat = keeper_of(organisation, actor)
    if membership.ends_at and membership.ends_at <= timezone.now():
        raise DomainError(_("This membership has ended already."))
    _refuse_leaving_nobody(membership, organisation, seat)
    now = timezone.now()
    membership.ends_at = max(now, membership.starts_at)  # one that was to begin later never does
    membership.save(update_fields=["ends_at"])
    _end_sessions_without_a_seat(membership.user, now)
    record(
        "member.role_ended", subject=membership.user, actor=actor, seat=seat, compartment=membership.organisation.home,
        data={"role": membership.role, "organisation": str(membership.organisation_id)},
    )  # fmt: skip
    return membership


def _refuse_leaving_nobody(membership: Membership, organisation: Organisation, seat: Seat | None) -> None:
    if membership.role not in roles_with(May.MANAGE_MEMBERS, May.ADMINISTER):
        return
    if seat is not None and seat.organisation != organisation and membership.user.is_active:
        # Else an operator could empty an organisation and appoint a head of their own.
        raise NotAllowed(_("Operators end no head who may sign in: another head of the organisation does."))
    if membership.user.is_active and seat is not None and not has_head(organisation, without=membership):
        raise DomainError(_("Nobody would keep the members of %(organisation)s: name another head first.")
                          % {"organisation": organisation})  # fmt: skip


def _end_sessions_without_a_seat(user: User, now: datetime) -> None:
    """Whoever lost their last role is signed out everywhere at the next request; nothing kept open shows on."""
    if not Membership.objects.filter(user=user).exclude(ends_at__lte=now).exists():
        User.objects.unscoped("the member just ended").filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


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
    if ends_at is not None and ends_at <= timezone.now():
        sentence = _("This lies in the past.")
        raise InputRefused(sentence, errors={"ends_at": [sentence]})
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
    if why := why_grant_stays(grant, seat.organisation):
        raise DomainError(why)
    grant.ends_at = timezone.now()
    grant.save(update_fields=["ends_at"])
    record(
        "grant.ended", subject=grant.compartment, actor=actor, seat=seat, compartment=grant.compartment,
        capability=May.SHARE, data={"organisation": str(grant.organisation_id or ""), "reason": reason},
    )  # fmt: skip
    return grant


def why_grant_stays(grant: Grant, acting: Organisation) -> str:
    """Why a member of `acting` who shares this compartment may not end the grant; empty when they may."""
    if grant.organisation_id and grant.organisation_id == acting.pk:
        return _("Your own organisation's access stays: another one ends it.")
    if not grant.compartment.is_shared:
        return ""
    for organisation in _organisations_granted(grant):
        if _holds_a_seat_of_its_own(organisation, acting):
            return _("%(organisation)s has a place of its own here: only its own side can give it up.") % {
                "organisation": organisation
            }
    return ""


def _organisations_granted(grant: Grant) -> list[Organisation]:
    """To which one this is opened; of a grant to one person, those they work for."""
    if grant.organisation is not None or grant.user is None:
        return [grant.organisation] if grant.organisation else []
    now = timezone.now()
    held = grant.user.memberships.all()  # a page has read them for all grants at once
    return [row.organisation for row in held if row.starts_at <= now and (row.ends_at is None or row.ends_at > now)]


def _holds_a_seat_of_its_own(organisation: Organisation, acting: Organisation) -> bool:
    """Another participant's organisation, or the mediator's: nobody else removes it from a shared table."""
    is_other_side = organisation.kind == Organisation.Kind.BODY and organisation.party_id != acting.party_id
    return is_other_side or (organisation.kind == Organisation.Kind.MEDIATOR and organisation != acting)


@transaction.atomic
def create_key(
    membership: Membership, *, label: str, actor: User, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A key that acts as `membership`, and its token, which is shown once and stored nowhere.

    Only for oneself: with a key of another's, a head would be the second pair of eyes on what they asked for.
    """
    organisation = membership.organisation
    if membership.user_id != actor.pk:
        raise NotAllowed(_("Everybody keeps their own account."))
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


def check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InputRefused(error.messages[0], errors={"password": error.messages}) from error


def operators_home(actor: User) -> Compartment | None:
    """Where operators' acts are recorded; None for the system user, who founds everything else. Raises NotAllowed."""
    if actor.is_system:
        return None
    if not is_operator(actor):
        raise NotAllowed(_("This is for operators."))
    operator = memberships_of(actor).get(role=Role.OPERATOR, organisation__kind=Organisation.Kind.OPERATOR)
    return operator.organisation.home


def _seat_at(actor: User, home: Compartment | None) -> Seat | None:
    return next(iter(seats_of(actor, home)), None) if home else None


def keeper_of(organisation: Organisation, actor: User) -> Seat | None:
    """The seat of a head who keeps this very organisation, or of an operator. Raises NotAllowed."""
    if actor.is_system:
        return None
    for seat in seats_of(actor, organisation.home):
        if May.MANAGE_MEMBERS in seat.capabilities and seat.organisation == organisation:
            return seat
    if is_operator(actor):
        return _seat_at(actor, operators_home(actor))
    raise NotAllowed(_("The head of %(organisation)s keeps its members.") % {"organisation": organisation})


def _own_or_kept(membership: Membership, actor: User) -> Seat | None:
    if membership.user_id == actor.pk:
        return next(
            (seat for seat in seats_of(actor, membership.organisation.home) if seat.organisation == membership.organisation),
            None,
        )  # fmt: skip
    return keeper_of(membership.organisation, actor)


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
    "end_membership", "give_grant", "open_compartment", "revoke_key", "set_password", "set_preferences", "set_profile",
    "system_user",
]  # fmt: skip
