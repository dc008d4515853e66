"""What a death in custody asks of whoever held the person (DESIGN rule 7; GC III 120–122): opened with it, done one by one."""

from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import checked, filled, seat_with
from access.models import User
from access.roles import May
from audit.recording import record
from core import clock
from core.errors import DomainError
from people.fate import custody_of
from people.models import Claim, DeathDuty, HeldBy
from people.operations.deadlines import forget_duty, watch_duties


def open_duties(death: Claim) -> list[DeathDuty]:
    """None where the person died at liberty. Called inside the operation that establishes the death."""
    owed_by = _held_by(death)
    if not owed_by:
        return []
    duties = [
        DeathDuty(
            compartment_id=death.compartment_id, person_id=death.person_id, claim=death, kind=kind, owed_by=owed_by,
            opened_at=death.recorded_at,
        )
        for kind in DeathDuty.Kind
    ]  # fmt: skip
    DeathDuty.objects.bulk_create(duties)
    watch_duties(duties)
    return duties


def _held_by(death: Claim) -> str:
    """As the claim says, else as the claims before it: of somebody held by nobody knows whom the other side is asked."""
    if death.held_by:
        return "" if death.held_by == HeldBy.NOBODY else death.held_by
    before = Claim.objects.unscoped("of one person under lock").of(death.person.read_as).exclude(pk=death.pk)
    custody = custody_of(before)
    return (custody.held_by or HeldBy.OTHER_SIDE) if custody.is_held else ""


@transaction.atomic
def fulfil_duty(duty: DeathDuty, *, actor: User, done_on: str, reference: str) -> DeathDuty:
    """It was done: when, and by which document. Raises DomainError when it was marked so before."""
    duty = DeathDuty.objects.visible_to(actor).locked().get(pk=duty.pk)
    seat = seat_with(actor, duty.compartment_id, May.WRITE_PERSON)
    if duty.is_done:
        raise DomainError(_("This is marked as done already."))
    filled(duty, {"done_on": done_on, "reference": reference}, only=("done_on", "reference"))
    duty.done_by, duty.recorded_at = actor, clock.now()
    checked(duty).save(update_fields=["done_on", "reference", "done_by", "recorded_at"])
    forget_duty(duty)
    record(
        "duty.done", subject=duty.person, actor=actor, seat=seat, personal=True,
        data={"label": duty.person.label, "duty": duty.kind, "done_on": duty.done_on},
    )  # fmt: skip
    return duty
