"""Look-ups that stand out (DESIGN rule 12): the heads of the owning side hear of them, the reader does not.

An alarm is an event of the owning side's log. Its actor is the system, so that nothing of it reaches the log of a reader
from elsewhere; who it was stands in its content, for those who keep the members.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, seat_with
from access.models import Compartment, User
from access.roles import May, holders_spelt
from access.scoping import capabilities_in
from accounts.operations import system_user
from audit.recording import record
from core import clock
from core.errors import DomainError, InputRefused
from core.together import Together
from people.models import CaseAssignment, Decoy, Lookup, Person, RowsRead

WITHIN = timedelta(hours=1)
KEPT = timedelta(days=30)
PARTS = 20  # of the threshold of rows, after each of which what was counted is written


class LookupAsked:
    """What has to be known before a look-up is noted, asked together with what the page shows."""

    def __init__(self, person: Person, reader: User, together: Together) -> None:
        now = timezone.now()
        seen = Lookup.objects.unscoped("the reader's own, of which they learn nothing").filter(reader=reader)
        decoys = Decoy.objects.unscoped("alarms whoever opens it").filter(person=person)
        of_late = seen.filter(
            compartment=person.compartment_id, at__gt=now - WITHIN, is_assigned=False, is_beside=False
        )
        self.person, self.reader = person, reader
        assigned = CaseAssignment.objects.unscoped("is it the reader's case?").of(person.read_as).filter(user=reader)
        self._assigned = together.later(assigned.values_list("pk"))
        today = seen.filter(person=person, day=now.date()).order_by()
        self._today = together.later(today.values_list("is_beside", flat=True))
        self._decoy = together.later(decoys.values_list("pk"))
        self._of_late = together.later(
            of_late.order_by().values("reader").annotate(n=Count("pk")).values_list("n", flat=True)
        )

    @property
    def is_decoy(self) -> bool:
        return bool(self._decoy.rows)

    def note(self) -> None:
        """The dossier was opened. Written down once a day, and once more where it was only shown beside another."""
        if not self._today.rows or any(self._today.rows):
            self._write(is_beside=False)

    def note_in_a_pair(self, *, is_beside: bool) -> bool:
        """Whether it counts as one more look-up."""
        return not self._today.rows and self._write(is_beside=is_beside)

    def _write(self, *, is_beside: bool) -> bool:
        is_assigned = bool(self._assigned.rows) or self.person.created_by_id == self.reader.pk
        note_lookup(
            self.person, actor=self.reader, is_assigned=is_assigned, is_decoy=self.is_decoy, is_beside=is_beside,
            unassigned_before=sum(self._of_late.rows),
        )  # fmt: skip
        return not (is_assigned or is_beside)


def note_opened(*persons: Person, actor: User) -> None:
    """Something of these dossiers is shown, or told to a program: every address about one of them comes through here."""
    for person in persons:
        LookupAsked(person, actor, Together()).note()


def note_compared(one: Person, other: Person, *, actor: User, is_suggested: bool) -> None:
    """Two dossiers are shown side by side. Whoever works through the pairs that are suggested opens two at a time, neither of
    their own choice: that is one look-up. Of any other pair each is one.
    """
    if not is_suggested:
        note_opened(one, other, actor=actor)
        return
    counts = LookupAsked(one, actor, Together()).note_in_a_pair(is_beside=False)
    LookupAsked(other, actor, Together()).note_in_a_pair(is_beside=counts)


@transaction.atomic
def note_lookup(
    person: Person, *, actor: User, is_assigned: bool, unassigned_before: int, is_decoy: bool, is_beside: bool
) -> None:
    """`actor` opened this dossier, for the first time today. `unassigned_before`: of how many others within the hour."""
    now = timezone.now()
    there = {"ignore_conflicts": True} if is_beside else {
        "update_conflicts": True, "unique_fields": ["reader", "person", "day"], "update_fields": ["at", "is_beside"],
    }  # fmt: skip
    Lookup.objects.bulk_create(
        [
            Lookup(
                compartment_id=person.compartment_id, person=person, reader=actor, day=now.date(), at=now,
                is_assigned=is_assigned, is_beside=is_beside,
            )
        ],
        **there,
    )  # fmt: skip
    counts = not (is_assigned or is_beside)
    if is_decoy:
        _alarm("alarm.decoy_opened", person, person.compartment, actor, {})
    elif counts and _passes(settings.ALARM_UNASSIGNED_AN_HOUR, unassigned_before, unassigned_before + 1):
        _alarm("alarm.unassigned_reads", actor, person.compartment, actor, {"count": unassigned_before + 1})


def note_rows(compartments: Iterable[UUID], *, actor: User) -> None:
    """So many rows of persons were read, each in its compartment."""
    for compartment_id, rows in Counter(compartments).items():
        if told := _to_write(compartment_id, rows, actor):
            _write_rows(compartment_id, told, actor)


def _to_write(compartment_id: UUID, rows: int, reader: User) -> int:
    """How many of those counted in the cache are to be written now: a list that is read writes nothing most of the time, and
    whoever restarts the cache forgets no more than a twentieth of the threshold. A dead cache leaves every list to be written.
    """
    step: int = max(1, settings.ALARM_ROWS_A_DAY // PARTS)
    counted = f"rows-read:{reader.pk}:{compartment_id}:{timezone.now().date()}"
    try:
        cache.add(counted, 0, timeout=2 * 24 * 3600)
        total: int = cache.incr(counted, rows)
    except Exception:
        return rows
    return (total // step - (total - rows) // step) * step


@transaction.atomic
def _write_rows(compartment_id: UUID, rows: int, reader: User) -> None:
    of_today: dict[str, Any] = {"reader": reader, "compartment_id": compartment_id, "day": timezone.now().date()}
    every = RowsRead.objects.unscoped("the reader's own, of which they learn nothing")
    every.get_or_create(**of_today)
    row = every.locked().get(**of_today)
    before, row.rows = row.rows, row.rows + rows
    row.save(update_fields=["rows"])
    if _passes(settings.ALARM_ROWS_A_DAY, before, row.rows):
        where = Compartment.objects.get(pk=compartment_id)
        _alarm("alarm.bulk_reads", reader, where, reader, {"count": row.rows})


def _passes(threshold: int, before: int, after: int) -> bool:
    """Whether a multiple of the threshold was reached. One below 1, which a check refuses, alarms each time."""
    most = max(1, threshold)
    return after // most > before // most


def _alarm(kind: str, subject: Any, where: Compartment, reader: User, told: Mapping[str, Any]) -> None:
    record(
        kind, subject=subject, compartment=where, actor=system_user(), personal=True,
        data={"who": reader.label, "reader": f"user:{reader.pk}", **told},
    )  # fmt: skip


@transaction.atomic
def assign_case(person: Person, user: User, *, actor: User) -> CaseAssignment:
    """From now on `user` works on this person. Nobody but who decides assigns somebody to themselves."""
    person = Person.objects.visible_to(actor).locked().get(pk=person.pk)
    seat = seat_with(actor, person.compartment_id, May.NEGOTIATE, May.TRACE)
    if user == actor and May.DECIDE not in seat.capabilities:
        raise NotAllowed(_("Somebody else assigns people to you: %(who)s.") % {"who": holders_spelt((May.DECIDE,))})
    if May.READ_NAMES not in capabilities_in(user, person.compartment_id):
        sentence = _("This account may not read dossiers here.")
        raise InputRefused(sentence, errors={"user": [sentence]})
    row = CaseAssignment(
        person=person, compartment_id=person.compartment_id, user=user, assigned_by=actor, assigned_at=clock.now()
    )
    if CaseAssignment.objects.visible_to(actor).filter(person=person, user=user).exists():
        sentence = _("This person is assigned to them already.")
        raise InputRefused(sentence, errors={"user": [sentence]})
    checked(row).save()
    record(
        "case.assigned", subject=person, actor=actor, seat=seat, personal=True, data={"who": user.label},
    )  # fmt: skip
    return row


@transaction.atomic
def mark_decoy(person: Person, *, actor: User) -> Decoy:
    """A dossier of nobody: opening it alarms. It stands on no list, in no export and is no match."""
    person = Person.objects.visible_to(actor).locked().get(pk=person.pk)
    seat = seat_with(actor, person.compartment_id, May.MANAGE_MEMBERS)
    if Decoy.objects.visible_to(actor).filter(person=person).exists():
        raise DomainError(_("This is a decoy already."))
    if person.merged_into_id or person.absorbed.exists():
        raise DomainError(_("They are merged. If they are two people, take them apart."))
    for against in STANDS_SOMEWHERE:
        if why := against(person):
            raise DomainError(why)
    decoy: Decoy = Decoy.objects.create(
        compartment_id=person.compartment_id, person=person, marked_by=actor, marked_at=clock.now()
    )
    record("decoy.marked", subject=person, actor=actor, seat=seat)
    return decoy


@transaction.atomic
def unmark_decoy(decoy: Decoy, *, actor: User) -> None:
    decoy = Decoy.objects.visible_to(actor).get(pk=decoy.pk)
    seat = seat_with(actor, decoy.compartment_id, May.MANAGE_MEMBERS)
    record("decoy.unmarked", subject=decoy.person, actor=actor, seat=seat)
    decoy.delete()


# Upper apps say why a dossier cannot be made a decoy: somebody real stands on a list.
STANDS_SOMEWHERE: list[Any] = []


def forget_lookups() -> None:
    """What the thresholds no longer ask for is nobody's business any more."""
    since = timezone.now() - KEPT
    Lookup.objects.unscoped("sweep").filter(at__lt=since).delete()
    RowsRead.objects.unscoped("sweep").filter(day__lt=since.date()).delete()
