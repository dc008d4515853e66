"""How an installation begins, and how operators enter who there is. None of it opens a case to an operator."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import NotAllowed
from access.models import Installation, Introduction, Organisation, Party, User, is_operator
from access.roles import Role
from accounts.models import Invitation
from accounts.operations import (
    add_membership,
    create_organisation,
    create_party,
    create_user,
    operators_home,
    system_user,
)
from accounts.operations.invitations import invite_member
from audit.recording import record
from core.errors import DomainError, InputRefused


@dataclass(frozen=True)
class Founded:
    operator: User
    organisation: Organisation
    invitation: Invitation


class FoundedAlready(DomainError):
    code = "founded_already"


@transaction.atomic
def found_installation(
    *,
    username: str,
    label: str,
    email: str,
    password: str,
    operators: str,
    party: str,
    organisation: str,
    head_email: str,
    actor: User | None = None,
) -> Founded:
    """The operator, the first party with its first organisation, and an invitation for its head. Once."""
    actor = actor or system_user()
    Installation.objects.get_or_create(pk=1)
    Installation.objects.select_for_update().get(pk=1)  # two at once: the second finds the operators of the first
    if Organisation.objects.unscoped("is anybody here?").exists():
        raise FoundedAlready(_("This installation is founded already. Nothing was changed."))
    theirs = create_organisation(operators, kind=Organisation.Kind.OPERATOR, actor=actor)
    operator = create_user(username, label=label, organisation=theirs, email=email, password=password, actor=actor)
    add_membership(operator, theirs, Role.OPERATOR, actor=actor)
    first = enter_organisation(organisation, kind=Organisation.Kind.BODY, party_name=party, actor=actor)
    invitation = invite_member(first, email=head_email, roles=[Role.HEAD], actor=actor)
    return Founded(operator, first, invitation)


@transaction.atomic
def enter_organisation(
    name: str, *, kind: str, actor: User, party: Party | None = None, party_name: str = ""
) -> Organisation:
    """An organisation and, where it acts for a party that is not here yet, that party."""
    is_body = kind == Organisation.Kind.BODY
    if is_body and bool(party) == bool(party_name.strip()):
        sentence = _("Choose the party it acts for, or name a new one.")
        raise InputRefused(sentence, errors={"party": [sentence]})
    if not is_body and (party or party_name.strip()):
        sentence = _("Only a body acts for a party.")
        raise InputRefused(sentence, errors={"party": [sentence]})
    if party_name.strip():
        try:
            party = create_party(party_name.strip(), actor=actor)
        except InputRefused as refused:
            raise InputRefused(refused.sentence, errors={"party_name": refused.errors.get("name", [])}) from refused
    return create_organisation(name.strip(), kind=kind, party=party, actor=actor)


@transaction.atomic
def introduce(one: Organisation, other: Organisation, *, actor: User) -> Introduction:
    """From now on each knows that the other is here, and may name it: to negotiate with, to share with. Nothing else."""
    home = operators_home(actor)
    if not (actor.is_system or is_operator(actor)):
        raise NotAllowed(_("This is for operators."))
    if one == other:
        sentence = _("Choose two organisations.")
        raise InputRefused(sentence, errors={"other": [sentence]})
    first, second = sorted((one, other), key=lambda organisation: organisation.pk)
    made, is_new = Introduction.objects.get_or_create(one=first, other=second)
    if not is_new:
        sentence = _("These two know of each other already.")
        raise InputRefused(sentence, errors={"other": [sentence]})
    for organisation in (first, second):
        record("organisation.introduced", subject=organisation, actor=actor, compartment=organisation.home, home=home)
    return made
