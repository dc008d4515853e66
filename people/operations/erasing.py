"""A person erased on a decision: every value and every salt gone, the chain of the log whole (docs/decisions/0009)."""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from access.acting import checked, filled, seat_with
from access.models import Compartment, User
from access.roles import May
from accounts.models import IdempotencyKey
from accounts.operations import system_user
from audit.models import Erasure, Event, EventData, subject_of
from audit.recording import record
from core import clock
from core.errors import DomainError, InputRefused
from people.erasure import hashed, kept
from people.models import AT_WORK, Attachment, ErasedKey, Identifier, Import, Name, Person, PersonErasure
from people.operations import last_day

# Upper apps say why somebody cannot be erased now, in a sentence or an empty string, and erase what they keep of them.
REASONS_AGAINST: list[Callable[[Person], str]] = []
ALSO_ERASED: list[Callable[[Person], "Iterable[models.Model]"]] = []


@transaction.atomic
def erase_person(person: Person, *, actor: User, decided_on: date, reason: str) -> PersonErasure:
    """Nothing of the person stays but that it was decided and the keys that know them again. There is no way back.

    Dossiers that are read as one are one person's: they go together.
    """
    person = Person.objects.visible_to(actor).get(pk=person.pk).read_as
    _wait_for_lists(person)
    joined = list(Person.objects.visible_to(actor).joined(person).locked().order_by("pk"))
    erased = [_erase(each, actor, decided_on, reason) for each in sorted(joined, key=lambda one: one.pk == person.pk)]
    return erased[-1]


def _wait_for_lists(person: Person) -> None:
    """For the chunk at which each list of this half is worked on: its rows are swept with the others, and whatever is checked
    later asks who was erased. Before any dossier is held, as a chunk holds its list before its dossiers."""
    lists = Import.objects.unscoped("of the same half").filter(compartment=person.compartment_id, status__in=AT_WORK)
    list(lists.locked().order_by("pk").values_list("pk"))


def _erase(person: Person, actor: User, decided_on: date, reason: str) -> PersonErasure:
    seat = seat_with(actor, person.compartment_id, May.DECIDE)
    _refuse(person, decided_on)
    erasure = PersonErasure(
        compartment_id=person.compartment_id, person_id=person.pk, decided_on=decided_on, erased_by=actor, at=clock.now()
    )  # fmt: skip
    checked(filled(erasure, {"reason": reason}, only=("reason",))).save()
    _keep_keys(person, erasure)
    files = [row.path for row in Attachment.objects.unscoped("of one dossier under lock").filter(person=person)]
    beside = [row for also in ALSO_ERASED for row in also(person)]
    erased = _erase_contents([person, *beside], erasure)
    IdempotencyKey.objects.filter(body__contains=str(person.pk)).delete()
    for row in (*beside, person):
        _delete_with_all(row)
    transaction.on_commit(lambda: _unlink(files))
    for compartment_id, positions in erased.items() or {person.compartment_id: []}.items():
        is_own = compartment_id == person.compartment_id
        record(
            "erasure.recorded", subject=erasure, compartment=Compartment.objects.get(pk=compartment_id),
            actor=actor if is_own else system_user(), seat=seat if is_own else None,
            data={"erased": positions, "decided_on": decided_on.isoformat()},
        )  # fmt: skip
    return erasure


def _refuse(person: Person, decided_on: date) -> None:
    if decided_on > last_day():
        sentence = _("This day has not come yet.")
        raise InputRefused(sentence, errors={"decided_on": [sentence]})
    for against in REASONS_AGAINST:
        if why := against(person):
            raise DomainError(why)


def _keep_keys(person: Person, erasure: PersonErasure) -> None:
    names = Name.objects.unscoped("of one dossier under lock").filter(person=person)
    numbers = Identifier.objects.unscoped("the same").filter(person=person).values_list("value", flat=True)
    said = kept(
        [(name.family, name.given, name.patronymic) for name in names],
        person.birth_date,
        [person.service_number, *numbers],
    )
    made = {(kind, hashed(kind, text)[0]) for kind, text in said}
    ErasedKey.objects.bulk_create(
        ErasedKey(compartment_id=person.compartment_id, erasure=erasure, kind=kind, key_id=key_id, hash=digest)
        for kind, (key_id, digest) in sorted(made)
    )


def _erase_contents(subjects: "list[models.Model]", erasure: PersonErasure) -> dict[Any, list[int]]:
    """The contents of every event about these rows or that names the person, by compartment and position."""
    about = Q(event__subject__in=[subject_of(subject) for subject in subjects])
    naming = Q(json__contains=str(erasure.person_id), event__compartment_id=erasure.compartment_id)
    rows = list(
        EventData.objects.unscoped("of one person").filter(about | naming)
        .values_list("event_id", "event__compartment_id", "event__position").order_by("event__position")
    )  # fmt: skip
    Erasure.objects.bulk_create(
        Erasure(event_id=event, decided_on=erasure.decided_on, reason=erasure.reason, at=erasure.at)
        for event, _compartment, _position in rows
    )
    EventData.objects.unscoped("the trigger asks for the decision").filter(event__in=[row[0] for row in rows]).delete()
    places: dict[Any, list[int]] = {}
    for _event, compartment_id, position in rows:
        places.setdefault(compartment_id, []).append(position)
    return places


def _delete_with_all(row: models.Model) -> None:
    """The row after everything that refers to it, whichever app keeps it. Private rows alone refer to a private row."""
    for relation in row._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one)):
            continue
        model = relation.related_model
        if model is Event or model is type(row):
            continue
        rows = _all_of(model).filter(**{relation.field.name: row})  # type: ignore[union-attr]
        for further in list(rows):
            _delete_with_all(further)
    _all_of(type(row)).filter(pk=row.pk)._raw_delete("default")


def _all_of(model: Any) -> Any:
    return model._base_manager.all()


def _unlink(files: list[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
