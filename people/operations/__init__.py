"""Dossiers: written in their owner's own half, names and claims added, never removed."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, faults_at, filled, input_refused, refuse_stale, seat_with
from access.models import Compartment, User
from access.roles import May, holders_spelt
from access.scoping import Seat, compartments_where
from audit.chain import canonical
from audit.recording import record
from core import clock
from core.errors import DomainError, InputRefused
from people.identity import SENTENCES, fault_of
from people.models import Category, CategoryAssignment, Claim, ClaimKind, CustodyPlace, HeldBy, Name, Person, shown_name
from people.operations.deadlines import reread_notices
from people.operations.duties import open_duties
from people.search.index import index_again, index_new

IDENTITY = (
    "sex", "birth_date", "birth_place", "father_name", "mother_maiden_name", "rank", "service_number", "unit",
    "nationality", "power_depended_on", "last_residence", "distinguishing_marks",
)  # fmt: skip
SOUGHT_BY = {"birth_date", "service_number", "father_name"}
NAME_FIELDS = ("script", "kind", "family", "given", "patronymic", "scheme", "source", "is_preferred")
CATEGORY_FIELDS = ("category", "evidence", "as_of")
CLAIM_FIELDS = ("kind", "happened_on", "source", "confidence", "note", "stated_by", "held_by", "basis")
EASTERNMOST = timedelta(hours=14)

Values = Mapping[str, Any]


class DeathNeedsTwo(DomainError):
    """A death is established by two people (DESIGN rule 7)."""


@transaction.atomic
def create_person(
    *,
    actor: User,
    names: Sequence[Values],
    categories: Sequence[Values] = (),
    claims: Sequence[Values] = (),
    compartment: Compartment | None = None,
    **identity: Any,
) -> Person:
    """A dossier with at least one name. A claim may carry `place`, where the person is said to be held."""
    compartment = compartment or own_half(actor)
    seat = writer_in(compartment, actor)
    dossier = _dossier(
        compartment, actor, clock.now(), {**identity, "names": names, "categories": categories, "claims": claims}
    )
    _refuse_lone_death(dossier.claims, actor, None)
    _validate(dossier)
    _save([dossier])
    person = dossier.person
    record(
        "person.created", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "names": len(names), "claims": [claim.kind for claim in dossier.claims]},
    )  # fmt: skip
    return person


@transaction.atomic
def change_person(person: Person, *, actor: User, version: int | None = None, **changes: Any) -> Person:
    """Identity fields as they are now known."""
    person, seat = _reread(person, actor)
    refuse_stale(person.version, version)
    _refuse_merged(person)
    before = {name: getattr(person, name) for name in changes}
    _refuse_odd(checked(filled(person, changes, only=IDENTITY)), changes)
    after = {name: getattr(person, name) for name in changes if getattr(person, name) != before[name]}
    if not after:
        return person
    person.version += 1
    person.save(update_fields=[*after, "version"])
    if SOUGHT_BY & after.keys():
        index_again(person)
    record(
        "person.changed", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "before": {name: before[name] for name in after}, "after": after},
    )  # fmt: skip
    return person


@transaction.atomic
def add_name(person: Person, *, actor: User, **values: Any) -> Name:
    """One more name; `is_preferred` makes it the one that lists show."""
    person, seat = _reread(person, actor)
    name = _name(person, {**values, "is_preferred": False})
    _refuse_odd(checked(name), NAME_FIELDS)
    name.save()
    if values.get("is_preferred"):
        _prefer(person, name)
    _raise_version(person)
    index_again(person)
    record(
        "name.added", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "name": str(name), "script": name.script, "kind": name.kind},
    )  # fmt: skip
    return name


@transaction.atomic
def change_name(name: Name, *, actor: User, version: int | None = None, **changes: Any) -> Name:
    """Another spelling of the same name, or its source; `version` is the dossier's. What was once written may be sought."""
    person, seat = _reread(name.person, actor)
    refuse_stale(person.version, version)
    name = Name.objects.visible_to(actor).locked().get(pk=name.pk)
    before, is_shown = str(name), _is_shown(name, person)
    _refuse_odd(checked(filled(name, changes, only=set(NAME_FIELDS) - {"is_preferred"})), changes)
    name.save(update_fields=list(changes))
    if is_shown:
        _prefer(person, name)
    _raise_version(person)
    index_again(person)
    record(
        "name.changed", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "before": before, "after": str(name), "fields": sorted(changes)},
    )  # fmt: skip
    return name


@transaction.atomic
def prefer_name(name: Name, *, actor: User, version: int | None = None) -> Name:
    """Lists show the person under this name from now on; `version` is the dossier's."""
    person, seat = _reread(name.person, actor)
    refuse_stale(person.version, version)
    name = Name.objects.visible_to(actor).locked().get(pk=name.pk)
    if _is_shown(name, person):
        raise DomainError(_("This name is the preferred one already."))
    before = person.read_as.label
    _prefer(person, name)
    _raise_version(person)
    record(
        "name.preferred", subject=person, actor=actor, seat=seat, personal=True,
        data={"before": before, "label": person.read_as.label},
    )  # fmt: skip
    return name


@transaction.atomic
def add_claim(person: Person, *, actor: User, second: User | None = None, **values: Any) -> Claim:
    """What a source says about custody or fate. `second`: the other person who establishes a death."""
    person, seat = _reread(person, actor)
    claim, place = _claim(person, clock.now(), values)
    _refuse_lone_death([claim], actor, second)
    _refuse_future(claim)
    _refuse_baseless(claim)
    checked(claim).save()
    if place is not None:
        checked(place).save()
    record(
        "claim.added", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "claim": claim.kind, "source": claim.source, "happened_on": claim.happened_on}
        | ({"second": f"user:{second.pk}"} if second else {}),
    )  # fmt: skip
    if claim.kind == ClaimKind.DEATH_ESTABLISHED:
        open_duties(claim)
    reread_notices(person.read_as)
    return claim


@transaction.atomic
def open_places(person: Person, *, actor: User) -> list[CustodyPlace]:
    """Where the claims say the person was held. Reading it is an event of the reader's own log."""
    person = Person.objects.visible_to(actor).get(pk=person.pk)
    seat = seat_with(actor, person.compartment_id, May.READ_LOCATION)
    places = list(
        CustodyPlace.objects.visible_to(actor)
        .filter(claim__in=Claim.objects.visible_to(actor).of(person))
        .select_related("claim")
    )
    home = seat.organisation.home
    record("read.location", subject=person, actor=actor, seat=seat, compartment=home, data={"places": len(places)})
    return places


@transaction.atomic
def assign_category(
    person: Person, *, actor: User, category: str, evidence: str, as_of: str = ""
) -> CategoryAssignment:
    """A category with its evidence, as of a date. What changed later is another assignment."""
    person, seat = _reread(person, actor)
    assignment = _assignment(person, {"category": category, "evidence": evidence, "as_of": as_of})
    checked(assignment)
    if CategoryAssignment.objects.visible_to(actor).of(person).filter(category=category, as_of=as_of).exists():
        sentence = _("This category is recorded already for that date.")
        raise InputRefused(sentence, errors={"category": [sentence]})
    assignment.save()
    if category == Category.CIVILIAN:
        reread_notices(person.read_as)
    record(
        "category.assigned", subject=person, actor=actor, seat=seat, personal=True,
        data={"label": person.label, "category": category, "as_of": as_of},
    )  # fmt: skip
    return assignment


def create_persons_bulk(
    compartment: Compartment, rows: Iterable[Values], *, actor: User, chunk: int = 1000
) -> list[Person]:
    """Dossiers from rows shaped like the arguments of `create_person`, in their order.

    Each chunk is a transaction with one event. A faulty row refuses its chunk, naming every fault as `rows.17.names.0.family`;
    chunks before it stay.
    """
    persons: list[Person] = []
    remaining = iter(rows)
    while batch := list(islice(remaining, chunk)):
        persons += _create_chunk(compartment, batch, first=len(persons), actor=actor)
    return persons


@transaction.atomic
def _create_chunk(compartment: Compartment, rows: list[Values], *, first: int, actor: User) -> list[Person]:
    seat = writer_in(compartment, actor)
    now = clock.now()
    dossiers = []
    faults: dict[str, Sequence[object]] = {}
    for number, row in enumerate(rows, start=first):
        try:
            with faults_at(f"rows.{number}"):
                dossier = _dossier(compartment, actor, now, row)
                _refuse_lone_death(dossier.claims, actor, None)
                _validate(dossier)
                dossiers.append(dossier)
        except InputRefused as refused:
            faults |= refused.errors
    if faults:
        raise InputRefused(_("Some rows cannot be taken; nothing of this part was stored."), errors=faults)
    _save(dossiers)
    outcomes = [[str(dossier.person.pk), dossier.person.label] for dossier in dossiers]
    record(
        "persons.created", subject=compartment, compartment=compartment, actor=actor, seat=seat,
        data={"count": len(dossiers), "digest": hashlib.sha256(canonical(outcomes)).hexdigest()},
    )  # fmt: skip
    return [dossier.person for dossier in dossiers]


def halves_written_by(actor: User) -> QuerySet[Compartment]:
    """The private halves where `actor` writes dossiers; a shared table never holds one."""
    return Compartment.objects.filter(
        pk__in=compartments_where(actor, May.WRITE_PERSON),
        kind__in=(Compartment.Kind.PARTY, Compartment.Kind.ORGANISATION),
    )


def own_half(actor: User) -> Compartment:
    """The one half of one's own. Raises NotAllowed, or InputRefused when there are several."""
    halves = list(halves_written_by(actor)[:2])
    if not halves:
        raise NotAllowed(_("This is for %(who)s.") % {"who": holders_spelt((May.WRITE_PERSON,))})
    if len(halves) > 1:
        sentence = _("You write dossiers for several owners: say for which one this is.")
        raise InputRefused(sentence, errors={"compartment": [sentence]})
    return halves[0]


@dataclass
class Dossier:
    """The unsaved rows of one person."""

    person: Person
    names: list[Name] = field(default_factory=list)
    categories: list[CategoryAssignment] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    places: list[CustodyPlace] = field(default_factory=list)


def _dossier(compartment: Compartment, actor: User, now: datetime, row: Values) -> Dossier:
    identity = {name: value for name, value in row.items() if name not in ("names", "categories", "claims")}
    person = filled(Person(compartment=compartment, created_at=now, created_by=actor), identity, only=IDENTITY)
    dossier = Dossier(person)
    dossier.names = [_name(person, values) for values in row.get("names", ())]
    if not dossier.names:
        sentence = _("Write at least one name.")
        raise InputRefused(sentence, errors={"names": [sentence]})
    if not any(name.is_preferred for name in dossier.names):
        _best(dossier.names).is_preferred = True
    person.label = next(name for name in dossier.names if name.is_preferred).label
    dossier.categories = [_assignment(person, values) for values in row.get("categories", ())]
    for values in row.get("claims", ()):
        claim, place = _claim(person, now, values)
        dossier.claims.append(claim)
        dossier.places += [place] if place else []
    return dossier


def _best(names: list[Name]) -> Name:
    """The first official name; without one, the first."""
    return next((name for name in names if name.kind == Name.Kind.OFFICIAL), names[0])


def _name(person: Person, values: Values) -> Name:
    name = filled(Name(person=person, compartment_id=person.compartment_id), values, only=NAME_FIELDS)
    name.script = name.script or script_of(str(name))
    return name


def _assignment(person: Person, values: Values) -> CategoryAssignment:
    row = CategoryAssignment(person=person, compartment_id=person.compartment_id)
    return filled(row, values, only=CATEGORY_FIELDS)


def _claim(person: Person, now: datetime, values: Values) -> tuple[Claim, CustodyPlace | None]:
    stated = {name: value for name, value in values.items() if name != "place"}
    claim = Claim(person=person, compartment_id=person.compartment_id, recorded_at=now)
    filled(claim, stated, only=CLAIM_FIELDS)
    if not values.get("place"):
        return claim, None
    place = CustodyPlace(claim=claim, compartment_id=person.compartment_id)
    return claim, filled(place, {"place": values["place"]}, only=("place",))


def script_of(text: str) -> str:
    """The script of the first letter that tells."""
    for character in text:
        if "\u0400" <= character <= "\u052f":
            return Name.Script.CYRILLIC
        if "\u0600" <= character <= "\u06ff":
            return Name.Script.ARABIC
        if character.isalpha() and character < "\u0250":
            return Name.Script.LATIN
    return Name.Script.OTHER


def _validate(dossier: Dossier) -> None:
    """Every row by its fields and conditions, without a query. Raises InputRefused with every fault."""
    faults: dict[str, Sequence[object]] = {}
    for place, rows in (
        ("", [dossier.person]), ("names", dossier.names), ("categories", dossier.categories), ("claims", dossier.claims),
        ("places", dossier.places),
    ):  # fmt: skip
        for number, row in enumerate(rows):
            try:
                _validate_fields(row)
            except InputRefused as refused:
                prefix = f"{place}.{number}." if place else ""
                faults |= {f"{prefix}{name}".rstrip("."): messages for name, messages in refused.errors.items()}
    if sum(name.is_preferred for name in dossier.names) > 1:
        faults["names"] = [_("Mark one name of this person as preferred, not two.")]
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)


def _refuse_future(claim: Claim) -> None:
    """A date ahead of us would be the latest claim for ever, and so the fate."""
    if claim.happened_on > last_day().isoformat()[: len(claim.happened_on)]:
        sentence = _("This day has not come yet.")
        raise InputRefused(sentence, errors={"happened_on": [sentence]})


def _refuse_baseless(claim: Claim) -> None:
    """DESIGN rule 7: an identified body, a court or a certificate. Anybody's word is another kind of claim."""
    if claim.kind == ClaimKind.DEATH_ESTABLISHED and not claim.basis:
        sentence = _("Say what establishes the death: an identified body, a court or a certificate.")
        raise InputRefused(sentence, errors={"basis": [sentence]})


def last_day() -> date:
    """The latest day that has begun anywhere: the source may live east of us."""
    return (clock.now() + EASTERNMOST).date()


def _validate_fields(row: models.Model) -> None:
    if isinstance(row, Claim):
        _refuse_future(row)
        _refuse_baseless(row)
    if isinstance(row, Name) and not str(row):
        sentence = _("Write at least one part of the name.")
        raise InputRefused(sentence, errors={"": [sentence]})
    related = [field.name for field in row._meta.fields if field.is_relation]
    try:
        row.clean_fields(exclude=related)
    except ValidationError as error:
        raise input_refused(error) from error
    if isinstance(row, Person | Name):
        _refuse_odd(row, IDENTITY if isinstance(row, Person) else NAME_FIELDS)


def _refuse_odd(row: Person | Name, fields: Iterable[str]) -> None:
    """What a list is not taken with, nobody enters by hand either. What stands there from before is left alone."""
    today = last_day()
    found = {field: fault_of(field, str(getattr(row, field)), today) for field in fields}
    faults = {field: [str(SENTENCES[code]).format(what=what)] for field, (code, what) in found.items() if code}
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)


def _save(dossiers: list[Dossier]) -> None:
    Person.objects.bulk_create([dossier.person for dossier in dossiers], batch_size=500)
    Name.objects.bulk_create([row for dossier in dossiers for row in dossier.names], batch_size=500)
    CategoryAssignment.objects.bulk_create([row for dossier in dossiers for row in dossier.categories], batch_size=500)
    Claim.objects.bulk_create([row for dossier in dossiers for row in dossier.claims], batch_size=500)
    CustodyPlace.objects.bulk_create([row for dossier in dossiers for row in dossier.places], batch_size=500)
    index_new([dossier.person for dossier in dossiers], {dossier.person.pk: dossier.names for dossier in dossiers})
    ours = [dossier.person for dossier in dossiers if any(row.held_by == HeldBy.US for row in dossier.claims)]
    if ours:
        reread_notices(*ours)


def save_stated(
    said: Iterable[tuple[Person, Sequence[Values], Sequence[Values]]], *, now: datetime, of_import: uuid.UUID
) -> None:
    """Claims and categories that a list tells of many, by the rules of single entry. The import's event tells of them."""
    claims, categories = [], []
    for person, stated, assigned in said:
        claims += [_claim(person, now, values)[0] for values in stated]
        categories += [_assignment(person, values) for values in assigned]
    for claim in claims:
        _validate_fields(claim)
        claim.of_import_id = of_import
    for assignment in categories:
        _validate_fields(assignment)
        assignment.of_import_id = of_import
    Claim.objects.bulk_create(claims, batch_size=500)
    CategoryAssignment.objects.bulk_create(categories, batch_size=500)


def _reread(person: Person, actor: User) -> tuple[Person, Seat | None]:
    """The dossier in scope and under lock with the one under which it is read, and the seat that may write there."""
    read_as = Person.objects.unscoped("of a dossier in scope").filter(pk=person.pk).values("merged_into")
    rows = Person.objects.visible_to(actor).filter(Q(pk=person.pk) | Q(pk__in=read_as)).order_by("pk").locked()
    found = {row.pk: row for row in rows}
    if person.pk not in found:
        raise Person.DoesNotExist
    person = found[person.pk]
    if person.merged_into_id:
        person.merged_into = found[person.merged_into_id]
    return person, writer_in(person.compartment, actor)


def writer_in(compartment: Compartment, actor: User) -> Seat | None:
    """The seat under which `actor` writes dossiers there. Raises NotAllowed."""
    if compartment.is_shared:
        raise DomainError(_("A dossier lives in its owner's own half, never at a shared table."))
    return None if actor.is_system else seat_with(actor, compartment, May.WRITE_PERSON)


def _refuse_merged(person: Person) -> None:
    """What hangs on a merged dossier may grow; its own fields are shown nowhere."""
    if person.merged_into is not None:
        raise DomainError(
            _("This dossier is merged into %(label)s: change it there, or take the two apart.")
            % {"label": person.merged_into.label}
        )


def _is_shown(name: Name, person: Person) -> bool:
    """Whether lists show the person under this very name."""
    shown = shown_name(Name.objects.unscoped("of a locked dossier").of(person.read_as), person.read_as)
    return shown is not None and shown.pk == name.pk


def _prefer(person: Person, name: Name) -> None:
    """A name of a merged dossier is shown where that one is read, and stays no more than one of its names."""
    if (read_as := person.read_as) != person:
        read_as.label = name.label
        read_as.save(update_fields=["label"])
        _raise_version(read_as)
        return
    Name.objects.unscoped("the names of one locked dossier").filter(person=person, is_preferred=True).exclude(
        pk=name.pk
    ).update(is_preferred=False)
    name.is_preferred = True
    name.save(update_fields=["is_preferred"])
    person.label = name.label
    person.save(update_fields=["label"])


def _raise_version(person: Person) -> None:
    """The dossier is locked, so that adding one is safe."""
    person.version += 1
    person.save(update_fields=["version"])


def _refuse_lone_death(claims: Sequence[Claim], actor: User, second: User | None) -> None:
    """Raises DeathNeedsTwo, unless another person who writes dossiers here confirms it."""
    deaths = [claim for claim in claims if claim.kind == ClaimKind.DEATH_ESTABLISHED]
    if not deaths or actor.is_system:
        return
    if second is None or second == actor or second.is_system:
        raise DeathNeedsTwo(
            _("A death is established by two people: a second one has to confirm it on the dossier page.")
        )
    if May.WRITE_PERSON not in second.capabilities_in(deaths[0].compartment_id):
        raise DeathNeedsTwo(_("The second person has to be one who may write this dossier."))
