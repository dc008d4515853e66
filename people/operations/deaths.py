"""A death is established by two people: the first asks and says by what, the second looks at it and confirms.

The pair of RULES section 3 that exchanges keep speaks of steps of a shared table and of standings there; a finding has what
that pair has, in the half where the dossier lives: two constraints see to it that one is open and that two are two.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import checked, filled
from access.models import User
from audit.recording import record
from core import clock
from core.errors import DomainError
from people.models import Claim, ClaimKind, DeathFinding, Person
from people.operations import _refuse_baseless, _refuse_future, _reread, add_claim

FINDING_FIELDS = ("basis", "source", "happened_on", "in_custody_of", "note")


@transaction.atomic
def ask_to_establish_death(person: Person, *, actor: User, **values: Any) -> DeathFinding:
    """The first half: by a body, a court or a certificate. Nothing follows from it until a second person confirms."""
    person, seat = _reread(person, actor)
    finding = DeathFinding(
        person=person, compartment_id=person.compartment_id, asked_by=actor, asked_at=clock.now(),
    )  # fmt: skip
    filled(finding, values, only=FINDING_FIELDS)
    claim = Claim(kind=ClaimKind.DEATH_ESTABLISHED, happened_on=finding.happened_on, basis=finding.basis)
    _refuse_future(claim)
    _refuse_baseless(claim)
    checked(finding, exclude=("claim",))
    if DeathFinding.objects.visible_to(actor).filter(person=person, closed_at=None).exists():
        raise DomainError(_("A death of this person waits for a second person already."))
    finding.save()
    record(
        "death.asked", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "basis": finding.basis},
    )  # fmt: skip
    return finding


@transaction.atomic
def confirm_death(finding: DeathFinding, *, actor: User) -> Claim:
    """The second half makes it a claim and opens what a death in custody asks for."""
    person, _seat = _reread(finding.person, actor)
    finding = _open(finding, actor)
    if finding.asked_by_id == actor.pk:
        raise DomainError(_("You asked for this: a second person of your side has to confirm it."))
    claim = add_claim(
        person, actor=actor, second=finding.asked_by, kind=ClaimKind.DEATH_ESTABLISHED, basis=finding.basis,
        source=finding.source, happened_on=finding.happened_on, held_by=finding.in_custody_of, note=finding.note,
        confidence=Claim.Confidence.HIGH,
    )  # fmt: skip
    finding.confirmed_by, finding.closed_at, finding.claim = actor, clock.now(), claim
    finding.save(update_fields=["confirmed_by", "closed_at", "claim"])
    return claim


@transaction.atomic
def drop_finding(finding: DeathFinding, *, actor: User, reason: str) -> DeathFinding:
    """It does not hold: nobody's death is established by it. Either of the two may say so."""
    person, seat = _reread(finding.person, actor)
    finding = _open(finding, actor)
    finding.closed_at = clock.now()
    finding.save(update_fields=["closed_at"])
    record(
        "death.not_confirmed", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "basis": finding.basis, "reason": reason},
    )  # fmt: skip
    return finding


def _open(finding: DeathFinding, actor: User) -> DeathFinding:
    found: DeathFinding = DeathFinding.objects.visible_to(actor).locked().get(pk=finding.pk)
    if found.closed_at is not None:
        raise DomainError(_("This was decided already."))
    return found
