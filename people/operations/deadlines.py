"""Deadlines of the registry: kept with what they follow from, and told of when they have passed.

They remind and escalate; they never move a state. No guard asks them, and before anything is told it is read anew.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from access.models import Compartment
from access.scoping import ScopedQuerySet
from accounts.operations import system_user
from audit.recording import record
from core import clock
from people.deadlines import ESCALATED_AFTER, NoticeOwed, duty_due_on, notice_owed
from people.models import AgencyNotice, CategoryAssignment, Claim, Deadline, DeathDuty, Decoy, HeldBy, Person

AT_ONCE = 1_000  # deadlines of one sweep
EVENTS = {Deadline.Stage.REMINDED: "deadline.passed", Deadline.Stage.ESCALATED: "deadline.escalated"}


def reread_notices(*persons: Person) -> None:
    """Whether the Central Agency is still to be told of these, who are dossiers under which others may be read.

    Called inside whatever changes their claims, notices or categories, with these under lock.
    """
    ids = [person.pk for person in persons]
    claims = Claim.objects.unscoped("of dossiers in hand").of(*ids).by_holder()
    held = [person for person in persons if any(row.held_by == HeldBy.US for row in claims.get(person.pk, ()))]
    owed = _owed(held, claims)
    rows = Deadline.objects.unscoped("of dossiers in hand").filter(person__in=ids, duty=None)
    kept = {row.person_id: row for row in rows.locked().order_by("pk")}
    done = [row.pk for pk, row in kept.items() if pk not in owed]
    if done:
        rows.filter(pk__in=done).delete()
    new = [_row(person, owed[person.pk]) for person in held if person.pk in owed and person.pk not in kept]
    if new:
        Deadline.objects.bulk_create(new)
    changed = [row for pk, row in kept.items() if pk in owed and _changed(row, owed[pk])]
    if changed:
        Deadline.objects.bulk_update(changed, ["since", "due_on", "stage"])


def _owed(held: Sequence[Person], claims: Mapping[UUID, list[Claim]]) -> dict[UUID, NoticeOwed]:
    if not held:
        return {}
    ids = [person.pk for person in held]
    notices = AgencyNotice.objects.unscoped("of dossiers in hand").of(*ids).by_holder()
    categories = CategoryAssignment.objects.unscoped("of dossiers in hand").of(*ids).by_holder()
    read = {pk: notice_owed(claims[pk], notices.get(pk, ()), categories.get(pk, ())) for pk in ids}
    return {pk: owed for pk, owed in read.items() if owed is not None}


def _row(person: Person, owed: NoticeOwed) -> Deadline:
    return Deadline(
        compartment_id=person.compartment_id, person=person, kind=Deadline.Kind.AGENCY, owed_by=HeldBy.US,
        since=owed.since, due_on=owed.due_on,
    )  # fmt: skip


def _changed(row: Deadline, owed: NoticeOwed) -> bool:
    """A day that is still to come is told of again when it has passed."""
    if (row.since, row.due_on) == (owed.since, owed.due_on):
        return False
    row.since, row.due_on = owed.since, owed.due_on
    if row.due_on >= today():
        row.stage = Deadline.Stage.OPEN
    return True


def watch_duties(duties: Iterable[DeathDuty]) -> None:
    Deadline.objects.bulk_create(
        Deadline(
            compartment_id=duty.compartment_id, person_id=duty.person_id, duty=duty, kind=duty.kind, owed_by=duty.owed_by,
            since=duty.opened_at.date().isoformat(), due_on=duty_due_on(duty),
        )
        for duty in duties
    )  # fmt: skip


def forget_duty(duty: DeathDuty) -> None:
    Deadline.objects.unscoped("of one duty under lock").filter(duty=duty).delete()


def today() -> date:
    return clock.now().date()


def standing(rows: ScopedQuerySet[Deadline]) -> ScopedQuerySet[Deadline]:
    """Each once: of somebody read as a part of another the notice is owed there, and of a decoy nothing is."""
    decoys = Decoy.objects.unscoped("left out for everybody alike").values("person_id")
    return rows.filter(Q(person__merged_into=None) | Q(duty__isnull=False)).exclude(person__in=decoys)


# What has passed is told


def tell_of_passed_deadlines() -> None:
    """For the sweep: those who can act are reminded once, the heads once more a week later."""
    for stage, event in EVENTS.items():
        for compartment in _with_passed(stage):
            _tell(compartment, stage, event)


def _passed(stage: Deadline.Stage) -> ScopedQuerySet[Deadline]:
    late = ESCALATED_AFTER if stage == Deadline.Stage.ESCALATED else 0
    rows: ScopedQuerySet[Deadline] = Deadline.objects.unscoped("sweep")
    return standing(rows.filter(due_on__lt=today() - timedelta(days=late), stage=stage - 1))


def _with_passed(stage: Deadline.Stage) -> Iterator[Compartment]:
    ids = _passed(stage).order_by().values("compartment_id").distinct()
    yield from list(Compartment.objects.filter(pk__in=ids).order_by("pk"))


@transaction.atomic
def _tell(compartment: Compartment, stage: Deadline.Stage, event: str) -> None:
    """One event for all that passed together: an import of a thousand people held is no thousand mails."""
    mine = _passed(stage).filter(compartment=compartment)
    found = list(mine.order_by("due_on", "pk")[:AT_ONCE])
    owing = [row.person_id for row in found if row.duty_id is None]
    reread_notices(*Person.objects.unscoped("sweep").filter(pk__in=owing).order_by("pk").locked())
    rows = list(mine.filter(pk__in=[row.pk for row in found]).locked().order_by("pk"))
    if not rows:
        return
    Deadline.objects.unscoped("locked above").filter(pk__in=[row.pk for row in rows]).update(stage=F("stage") + 1)
    persons = {row.person_id for row in rows}
    subject: Any = Person(pk=persons.pop()) if len(persons) == 1 else compartment
    record(
        event, subject=subject, compartment=compartment, actor=system_user(),
        data={"deadlines": dict(sorted(Counter(row.kind for row in rows).items()))},
    )  # fmt: skip
