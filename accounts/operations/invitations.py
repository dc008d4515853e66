"""Invitations: somebody who keeps an organisation's members asks an address; whoever holds the token answers.

Neither inviting nor its mail depends on whether the address or the person is known here: they choose their own user
name, or accept with the account they are signed in to.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked
from access.models import Compartment, Organisation, User
from access.roles import Role
from access.scoping import memberships_of
from accounts.models import Invitation
from accounts.operations import check_password, check_roles, give_role, keeper_of, locked_organisation
from audit.recording import record
from core.errors import DomainError, InputRefused
from core.text import clean_text

LASTS = timedelta(days=7)


class InvitationGone(DomainError):
    """Used, ended, expired, unknown, or by somebody who may no longer invite: one answer for all."""

    code = "invitation_gone"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("This invitation opens nothing."))


@transaction.atomic
def invite_member(
    organisation: Organisation, *, email: str, roles: Iterable[str], actor: User, language: str = "en"
) -> Invitation:
    """Ask an address to join with these roles. The event is the outbox: `alerts` mails the link after commit."""
    organisation = locked_organisation(organisation)
    seat = keeper_of(organisation, actor)
    wanted = _some_roles(roles)
    check_roles(organisation, wanted, actor=actor, seat=seat)
    now = timezone.now()
    invitation = Invitation(
        compartment=seat.organisation.home if seat else _operators(organisation), organisation=organisation,
        email=email.strip(), roles=wanted, language=language, invited_by=actor, invited_at=now, expires_at=now + LASTS,
    )  # fmt: skip
    invitation.token_hash = Invitation.hash_of(invitation.token)
    checked(invitation)
    if Invitation.objects.unscoped("the actor keeps it").open().filter(
        organisation=organisation, email__iexact=invitation.email
    ).exists():  # fmt: skip
        sentence = _("This address is invited already: end that invitation before you send another.")
        raise InputRefused(sentence, errors={"email": [sentence]})
    invitation.save()
    record(
        "member.invited", subject=invitation, actor=actor, seat=seat, compartment=organisation.home,
        data={"roles": wanted, "organisation": str(organisation.pk)},
    )  # fmt: skip
    return invitation


def _operators(organisation: Organisation) -> Compartment:
    """Founding acts for operators who are not there yet."""
    homes = Compartment.objects.filter(organisation__kind=Organisation.Kind.OPERATOR)
    return homes.order_by("pk").first() or organisation.home


@transaction.atomic
def end_invitation(invitation: Invitation, *, actor: User) -> Invitation:
    """From now on its link opens nothing."""
    invitation = Invitation.objects.visible_to(actor).locked().get(pk=invitation.pk)
    seat = keeper_of(invitation.organisation, actor)
    if not invitation.is_open:
        raise DomainError(_("This invitation is no longer open."))
    invitation.ended_at = timezone.now()
    invitation.save(update_fields=["ended_at"])
    record(
        "member.invitation_ended", subject=invitation, actor=actor, seat=seat,
        compartment=invitation.organisation.home, data={"roles": invitation.roles},
    )  # fmt: skip
    return invitation


def open_invitation(token: str) -> Invitation:
    """The invitation that this token opens. Raises InvitationGone."""
    found = (
        Invitation.objects.unscoped("the token is the right to it")
        .filter(token_hash=Invitation.hash_of(token))
        .select_related("organisation", "invited_by")
        .first()
    )
    if found is None or not is_good(found):
        raise InvitationGone
    return found


def is_good(invitation: Invitation) -> bool:
    """Open, and its sender could still give these roles: who was removed lets nobody in afterwards."""
    if not invitation.is_open or not (invitation.invited_by.is_active or invitation.invited_by.is_system):
        return False
    try:
        seat = keeper_of(invitation.organisation, invitation.invited_by)
        check_roles(invitation.organisation, invitation.roles, actor=invitation.invited_by, seat=seat)
    except DomainError:
        return False
    return True


@transaction.atomic
def accept_invitation(token: str, *, actor: User) -> Invitation:
    """Join with the account one is signed in to: one person in several organisations."""
    invitation = _locked(token)
    if actor == invitation.invited_by:
        raise NotAllowed(_("You sent this invitation yourself: it is for somebody else."))
    return _joined(invitation, actor)


def accept_as_newcomer(
    token: str, *, username: str, label: str, password: str, language: str = "en", time_zone: str = "UTC"
) -> User:
    """A new account that joins at once. Raises InvitationGone or InputRefused."""
    try:
        with transaction.atomic():
            invitation = _locked(token)
            user = User(
                username=username.strip(), label=clean_text(label), email=invitation.email, language=language,
                time_zone=time_zone,
            )  # fmt: skip
            _check_username(user)
            check_password(password, user)
            user.set_password(password)
            checked(user, exclude=["username"])
            user.save()
            record("account.created", subject=user, actor=user, compartment=_home(invitation), home=_home(invitation))
            _joined(invitation, user)
            return user
    except IntegrityError as error:  # somebody took the name in this instant
        raise _name_refused() from error


def _check_username(user: User) -> None:
    """One sentence for a name that is taken and for one that is malformed: it tells of nobody else."""
    try:
        checked(user, exclude=["label", "email", "password", "language", "time_zone"])
    except InputRefused as refused:
        raise _name_refused() from refused
    if User.objects.unscoped("names differ by more than their case").filter(username__iexact=user.username).exists():
        raise _name_refused()


def _name_refused() -> InputRefused:
    sentence = _("This user name cannot be had. Choose another: letters, digits and . @ + - _ only.")
    return InputRefused(sentence, errors={"username": [sentence]})


def _locked(token: str) -> Invitation:
    seen = open_invitation(token)
    locked_organisation(seen.organisation)  # first of all, as everywhere
    Invitation.objects.unscoped("the token is the right to it").locked().get(pk=seen.pk)
    return open_invitation(token)  # another may have been first


def _joined(invitation: Invitation, user: User) -> Invitation:
    home = _home(invitation)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record("member.joined", subject=user, actor=user, compartment=home, home=home)
    held = set(memberships_of(user).filter(organisation=invitation.organisation).values_list("role", flat=True))
    sender = invitation.invited_by
    seat = keeper_of(invitation.organisation, sender)
    for role in sorted(set(invitation.roles) - held):
        give_role(user, invitation.organisation, role, actor=sender, seat=seat)
    return invitation


def _home(invitation: Invitation) -> Compartment:
    return invitation.organisation.home


def _some_roles(roles: Iterable[str]) -> list[str]:
    wanted = sorted(set(roles))
    if not wanted:
        sentence = _("Choose at least one role.")
        raise InputRefused(sentence, errors={"roles": [sentence]})
    if unknown := set(wanted) - set(Role.values):
        sentence = _("Unknown role: %s") % ", ".join(sorted(unknown))
        raise InputRefused(sentence, errors={"roles": [sentence]})
    return wanted
