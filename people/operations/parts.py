"""Further parts of a dossier: numbers, what the Central Agency was told, and the parts that are kept closed.

Whoever writes dossiers may add to a closed part without reading it; opening one is an event of the reader's own log.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from access.acting import checked, filled, seat_with
from access.models import Compartment, User
from access.roles import May
from audit.recording import record
from core import clock
from core.errors import InputRefused
from people.models import (
    AgencyNotice,
    ConsentRecord,
    HealthNote,
    Identifier,
    IllTreatmentStep,
    Notification,
    Person,
    PersonToBeInformed,
)
from people.operations import _reread, last_day
from people.operations.deadlines import reread_notices
from people.search.index import index_again

# Of each closed part: who opens it, who besides those that write dossiers adds to it, and the events of both.
CLOSED: Mapping[type[models.Model], tuple[str, str, str, str]] = {
    HealthNote: (May.READ_HEALTH, May.CLEAR_FITNESS, "read.health", "health.noted"),
    ConsentRecord: (May.READ_LEGAL, May.CLEAR_LEGAL, "read.consent", "consent.recorded"),
    PersonToBeInformed: (May.READ_FAMILY, May.TRACE, "read.family", "family_contact.added"),
    Notification: (May.READ_FAMILY, May.TRACE, "read.family", "family.notified"),
    IllTreatmentStep: (May.READ_WITNESS, May.CLEAR_LEGAL, "read.ill_treatment", "ill_treatment.documented"),
}
FIELDS: Mapping[type[models.Model], tuple[str, ...]] = {
    HealthNote: ("state", "as_of", "source", "note"),
    ConsentRecord: ("answer", "asked_by", "asked_on", "destination", "fears_persecution", "source"),
    PersonToBeInformed: ("name", "relation", "address"),
    Notification: ("told", "about", "told_on", "told_by", "note"),
    IllTreatmentStep: ("step", "on", "referred_to"),
}


@transaction.atomic
def open_part(person: Person, *parts: type[models.Model], actor: User) -> list[list[Any]]:
    """The rows of these closed parts, which share a capability. Raises NotAllowed. Reading is an event of the reader's log."""
    person = Person.objects.visible_to(actor).get(pk=person.pk)
    capability, _writers, kind, _noted = CLOSED[parts[0]]
    seat = seat_with(actor, person.compartment_id, capability)
    rows = [list(part.objects.visible_to(actor).of(person)) for part in parts]  # type: ignore[attr-defined]
    record(
        kind, subject=person, actor=actor, seat=seat, compartment=seat.organisation.home,
        data={"rows": sum(len(found) for found in rows)},
    )  # fmt: skip
    return rows


@transaction.atomic
def note_family_read(rows: Sequence[Notification], *, actor: User) -> None:
    """A list of who was told what was read: an event for each half it came from, of the reader's log."""
    by_half: dict[Any, list[Notification]] = {}
    for row in rows:
        by_half.setdefault(row.compartment_id, []).append(row)
    for compartment_id, found in by_half.items():
        seat = seat_with(actor, compartment_id, May.READ_FAMILY)
        persons = {row.person_id for row in found}
        subject = Person(pk=persons.pop()) if len(persons) == 1 else Compartment(pk=compartment_id)
        record(
            "read.family", subject=subject, actor=actor, seat=seat, compartment=seat.organisation.home,
            data={"rows": len(found)},
        )  # fmt: skip


@transaction.atomic
def add_to_part(person: Person, part: type[models.Model], *, actor: User, **values: Any) -> Any:
    """One more row of a closed part. The event says that there is one, not what it says."""
    person = Person.objects.visible_to(actor).locked().get(pk=person.pk)
    _reads, writers, _read, noted = CLOSED[part]
    seat = seat_with(actor, person.compartment_id, May.WRITE_PERSON, writers)
    row = part(person=person, compartment_id=person.compartment_id)
    if "recorded_at" in {field.name for field in part._meta.fields}:
        row.recorded_at = clock.now()  # type: ignore[attr-defined]
    checked(filled(row, values, only=FIELDS[part]))
    _refuse_ahead(row)
    row.save()
    record(noted, subject=person, actor=actor, seat=seat)
    return row


@transaction.atomic
def add_identifier(person: Person, *, actor: User, **values: Any) -> Identifier:
    person, seat = _reread(person, actor)
    row = Identifier(person=person, compartment_id=person.compartment_id)
    filled(row, values, only=("kind", "value", "source"))
    checked(row).save()
    index_again(person)
    record(
        "identifier.added", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "identifier": row.kind},
    )  # fmt: skip
    return row


@transaction.atomic
def note_agency_notice(person: Person, *, actor: User, **values: Any) -> AgencyNotice:
    """The Central Agency was told about somebody, on a day that has come."""
    person, seat = _reread(person, actor)
    row = AgencyNotice(person=person, compartment_id=person.compartment_id, recorded_at=clock.now())
    filled(row, values, only=("about", "sent_on", "reference"))
    checked(row)
    if row.sent_on > last_day():
        _not_yet("sent_on")
    row.save()
    reread_notices(person.read_as)
    record(
        "agency.notified", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "about": row.about, "sent_on": row.sent_on.isoformat()},
    )  # fmt: skip
    return row


def _refuse_ahead(row: models.Model) -> None:
    """What was asked, told or seen has happened."""
    for name in ("as_of", "asked_on", "told_on", "on"):
        told = getattr(row, name, "")
        if told > last_day().isoformat()[: len(told)]:
            _not_yet(name)


def _not_yet(field: str) -> None:
    sentence = _("This day has not come yet.")
    raise InputRefused(sentence, errors={field: [sentence]})
