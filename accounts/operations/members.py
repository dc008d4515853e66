"""The members of an organisation as whoever keeps them sees them: all roles of one person at once."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from access.models import Membership, Organisation, User
from access.roles import May, roles_with
from access.scoping import running
from accounts.operations import add_membership, end_membership, keeper_of, locked_organisation
from core.errors import DomainError, InputRefused


@transaction.atomic
def change_roles(user: User, organisation: Organisation, *, roles: Iterable[str], actor: User) -> list[Membership]:
    """Give what is missing, end what is too much; each is an event of its own."""
    organisation = locked_organisation(organisation)
    keeper_of(organisation, actor)
    wanted, present = set(roles), _running(user, organisation)
    if not present:
        raise DomainError(_("This person is no longer a member: invite them anew."))
    if not wanted:
        sentence = _("Choose at least one role, or end the membership.")
        raise InputRefused(sentence, errors={"roles": [sentence]})
    for role in sorted(wanted - {membership.role for membership in present}):
        add_membership(user, organisation, role, actor=actor)
    for membership in present:
        if membership.role not in wanted:
            end_membership(membership, actor=actor)
    return _running(user, organisation)


@transaction.atomic
def end_member(user: User, organisation: Organisation, *, actor: User) -> User:
    """From the next request on they hold nothing here, and no session of theirs goes on if they hold nothing anywhere."""
    organisation = locked_organisation(organisation)
    keeper_of(organisation, actor)
    present = _running(user, organisation)
    if not present:
        raise DomainError(_("This membership has ended already."))
    for membership in present:
        end_membership(membership, actor=actor)
    return user


def _running(user: User, organisation: Organisation) -> list[Membership]:
    rows = Membership.objects.unscoped("the actor keeps this organisation").filter(
        running(), user=user, organisation=organisation
    )
    # What gives the right to end the others goes last: a head may leave.
    return sorted(
        rows,
        key=lambda membership: (membership.role in roles_with(May.MANAGE_MEMBERS, May.ADMINISTER), membership.role),
    )
