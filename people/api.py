"""Dossiers of the viewer's own halves: persons, their names, what is claimed about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers

from access.doors import Body, DetailDoor, Door, Filters, named, named_or_none
from access.models import User
from access.roles import May
from accounts.doors import ChangingDoor, CollectionDoor, FromVersion, StepDoor
from core.input import Strict, Text, several
from core.paging import by
from core.shapes import Slug, address
from people import operations
from people.fate import custody_of, fate_of
from people.models import (
    AgencyNotice,
    Category,
    CategoryAssignment,
    Claim,
    ClaimKind,
    DeathBasis,
    DeathDuty,
    HeldBy,
    Identifier,
    Name,
    Notification,
    Person,
    StatedBy,
)
from people.operations import merging
from people.operations.parts import add_to_part, note_family_read
from people.operations.watching import note_opened, note_rows
from people.search.finding import narrowed


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: UUID
    url: str
    version: int
    compartment: UUID
    label: str
    merged_into: UUID | None
    sex: Annotated[str, Person.Sex] | None
    birth_date: str
    birth_place: str
    father_name: str
    mother_maiden_name: str
    rank: str
    service_number: str
    unit: str
    nationality: str
    power_depended_on: str
    last_residence: str
    distinguishing_marks: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NameRow:
    """A name's version is its person's: every change of a name raises it."""

    id: UUID
    url: str
    version: int
    person: UUID
    script: Annotated[str, Name.Script]
    kind: Annotated[str, Name.Kind]
    family: str
    given: str
    patronymic: str
    scheme: str
    source: str
    is_preferred: bool


@dataclass(frozen=True, slots=True)
class ClaimRow:
    id: UUID
    url: str
    version: int
    person: UUID
    kind: Annotated[str, ClaimKind]
    happened_on: str
    source: str
    confidence: Annotated[str, Claim.Confidence]
    note: str
    stated_by: Annotated[str, StatedBy] | None
    held_by: Annotated[str, HeldBy] | None
    basis: Annotated[str, DeathBasis] | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """Who of the family was told what, when, by whom. Reading it is an event of the reader's own log."""

    id: UUID
    url: str
    version: int
    person: UUID
    told: str
    about: Annotated[str, Notification.About]
    told_on: str
    told_by: str
    note: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    kind: Annotated[str, Identifier.Kind]
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class CustodyRow:
    """Read from the claims, as the fate is. `agency_notified` is null unless the person is in one's own hands."""

    is_held: bool
    held_by: Annotated[str, HeldBy] | None
    since: str
    was_home_before: bool
    agency_notified: bool | None


@dataclass(frozen=True, slots=True)
class DutyRow:
    """What a death in custody asks of whoever held the person (GC III 120–122)."""

    kind: Annotated[str, DeathDuty.Kind]
    owed_by: Annotated[str, HeldBy]
    opened_at: datetime
    done_on: str
    is_done: bool
    reference: str


@dataclass(frozen=True, slots=True)
class CategoryRow:
    category: Annotated[str, Category]
    evidence: str
    as_of: str


@dataclass(frozen=True, slots=True)
class FateRow:
    """Read from the claims, never stored; `kind` is null while nothing is known."""

    kind: Annotated[str, ClaimKind] | None
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonDetail(PersonRow):
    fate: FateRow
    custody: CustodyRow
    names: list[NameRow]
    identifiers: list[IdentifierRow]
    categories: list[CategoryRow]
    claims: list[ClaimRow]
    death_duties: list[DutyRow]


PERSON_COLUMNS = ("id", "version", "compartment_id", "merged_into_id", "label", "created_at", *operations.IDENTITY)


def person_row(person: Any) -> PersonRow:
    """Of a person, or of a row of `PERSON_COLUMNS`."""
    identity = {name: getattr(person, name) for name in operations.IDENTITY}
    return PersonRow(
        id=person.id,
        url=address("persons", person.id),
        version=person.version,
        compartment=person.compartment_id,
        label=person.label,
        merged_into=person.merged_into_id,
        created_at=person.created_at,
        **identity | {"sex": person.sex or None},
    )


def person_detail(person: Person, viewer: User) -> PersonDetail:
    row = person_row(person)
    names = Name.objects.visible_to(viewer).of(person).select_related("person")
    claims = list(Claim.objects.visible_to(viewer).of(person).order_by("happened_on", "recorded_at"))
    categories = CategoryAssignment.objects.visible_to(viewer).of(person)
    identifiers = Identifier.objects.visible_to(viewer).of(person)
    notices = AgencyNotice.objects.visible_to(viewer).of(person)
    duties = DeathDuty.objects.visible_to(viewer).of(person)
    fate, custody = fate_of(claims), custody_of(claims)
    return PersonDetail(
        **{field.name: getattr(row, field.name) for field in fields(row)},
        fate=FateRow(fate.kind or None, fate.label, fate.reason),
        custody=CustodyRow(
            custody.is_held, custody.held_by or None, custody.since, custody.after_home is not None,
            custody.is_known_to_the_agency(notices) if custody.is_ours else None,
        ),
        names=[name_row(name) for name in names],
        identifiers=[IdentifierRow(row.kind, row.value, row.source) for row in identifiers],
        categories=[CategoryRow(c.category, c.evidence, c.as_of) for c in categories],
        claims=[claim_row(claim) for claim in claims],
        death_duties=[
            DutyRow(row.kind, row.owed_by, row.opened_at, row.done_on, row.is_done, row.reference) for row in duties
        ],
    )  # fmt: skip


def name_row(name: Name) -> NameRow:
    return NameRow(
        id=name.pk,
        url=address("names", name.pk),
        version=name.person.version,
        person=name.person_id,
        script=name.script,
        kind=name.kind,
        family=name.family,
        given=name.given,
        patronymic=name.patronymic,
        scheme=name.scheme,
        source=name.source,
        is_preferred=name.is_preferred,
    )


def claim_row(claim: Claim) -> ClaimRow:
    return ClaimRow(
        id=claim.pk,
        url=address("claims", claim.pk),
        version=1,
        person=claim.person_id,
        kind=claim.kind,
        happened_on=claim.happened_on,
        source=claim.source,
        confidence=claim.confidence,
        note=claim.note,
        stated_by=claim.stated_by or None,
        held_by=claim.held_by or None,
        basis=claim.basis or None,
        recorded_at=claim.recorded_at,
    )


def notification_row(row: Notification) -> NotificationRow:
    return NotificationRow(
        row.pk, address("notifications", row.pk), 1, row.person_id, row.told, row.about, row.told_on, row.told_by, row.note,
        row.recorded_at,
    )  # fmt: skip


# What may be sent


class SpellingBody(Strict):
    script = Slug(Name.Script, required=False, help_text="Left out: read from the letters.")
    kind = Slug(Name.Kind, required=False)
    family = Text(80)
    given = Text(80)
    patronymic = Text(80)
    scheme = Text(40)
    source: Any = Text(160)


class NameBody(SpellingBody):
    is_preferred = serializers.BooleanField(required=False)


class AddNameBody(NameBody):
    person = serializers.UUIDField()


class ChangeNameBody(SpellingBody, FromVersion):
    pass


class CategoryBody(Strict):
    category = Slug(Category)
    evidence = Text(300, required=True)
    as_of = Text(10)


class ClaimBody(Strict):
    kind = Slug(ClaimKind)
    happened_on = Text(10)
    source: Any = Text(160, required=True)
    confidence = Slug(Claim.Confidence, required=False)
    note = Text(500)
    stated_by = Slug(StatedBy, required=False, help_text="Whose word it is; left out: as the kind of claim says.")
    held_by = Slug(HeldBy, required=False, help_text="In whose hands; of a death, who held the person then.")
    basis = Slug(DeathBasis, required=False, help_text="Of an established death alone, and there needed.")
    place = Text(200, help_text="Where the person is said to be held. Reading it takes a capability of its own.")


class AddClaimBody(ClaimBody):
    person = serializers.UUIDField()


class NotificationBody(Strict):
    person = serializers.UUIDField()
    told = Text(160, required=True)
    about = Slug(Notification.About)
    told_on = Text(10)
    told_by = Text(160, required=True)
    note = Text(300)


class IdentityBody(Strict):
    sex = Slug(Person.Sex, required=False, allow_blank=True)
    birth_date = Text(10, help_text="1987, 1987-04 or 1987-04-23.")
    birth_place = Text(160)
    father_name = Text(80)
    mother_maiden_name = Text(80)
    rank = Text(80)
    service_number = Text(40)
    unit = Text(120)
    nationality = Text(80)
    power_depended_on = Text(80)
    last_residence = Text(200)
    distinguishing_marks = Text(300)


class ChangePersonBody(IdentityBody, FromVersion):
    pass


class PersonBody(IdentityBody):
    compartment = serializers.UUIDField(required=False, help_text="Whose half, where you write for several owners.")
    names = several(NameBody, 50)
    categories = several(CategoryBody, 50, required=False)
    claims = several(ClaimBody, 50, required=False)


# Doors


class DossierDoor(Door):
    """An address about dossiers: whichever it shows something of, or is asked about, is noted as opened."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._opened: list[Person] = []

    def opened(self, person: Person) -> Person:
        self._opened.append(person)
        note_opened(person, actor=self.viewer)
        return person

    def handle_exception(self, exc: Exception) -> Any:
        """A step that is refused takes back what was noted with it, while its answer tells of them all the same."""
        note_opened(*self._opened, actor=self.viewer)
        return super().handle_exception(exc)

    def named(self, pk: UUID, field: str = "person") -> Person:
        """The dossier that a body names."""
        return self.opened(named(Person.objects.visible_to(self.viewer), pk, field))

    def of_person(self, rows: Any, asked: Mapping[str, Any]) -> "tuple[QuerySet[Any], dict[str, Any]]":
        """Narrowed to `person` and whatever is merged into it, and what else was asked."""
        others = dict(asked)
        person = others.pop("person", None)
        for found in Person.objects.visible_to(self.viewer).filter(pk=person) if person else ():
            self.opened(found)
        return (rows if person is None else rows.of(person)), others


class OneDossier(DossierDoor):
    """An address that names a row of one dossier, or the dossier."""

    def one(self) -> Any:
        row = super().one()
        self.opened(row if isinstance(row, Person) else row.person)
        return row


class PersonFilters(Filters):
    compartment = serializers.UUIDField(required=False)
    q = Text(100, help_text="Names in any script, a number of any kind, a year of birth.")


class PersonDoor(DossierDoor):
    access = May.READ_NAMES
    plural = "persons"

    def visible(self) -> "QuerySet[Person]":
        rows: QuerySet[Person] = Person.objects.visible_to(self.viewer)
        return rows


class Persons(PersonDoor, CollectionDoor):
    """Dossiers by name, each person once: one that is merged into another is read there. POST writes one into the
    viewer's own half."""

    order = by("label", "id")
    filters = PersonFilters
    model, columns = Person, PERSON_COLUMNS
    unkept = frozenset({"q"})
    shape = PersonRow
    detail = PersonDetail
    body = PersonBody

    def narrow(self, rows: "QuerySet[Person]", asked: Mapping[str, Any]) -> "QuerySet[Person]":
        asked = dict(asked)
        return super().narrow(narrowed(rows.filter(merged_into=None), asked.pop("q", ""), self.viewer), asked)

    def present(self, rows: Sequence[Any]) -> Sequence[PersonRow]:
        note_rows((row.compartment_id for row in rows), actor=self.viewer)
        return [person_row(person) for person in rows]

    def create(self, given: dict[str, Any]) -> PersonDetail:
        halves = operations.halves_written_by(self.viewer)
        half = named_or_none(halves, given.pop("compartment", None), "compartment")
        person = operations.create_person(actor=self.viewer, compartment=half, **given)
        return person_detail(person, self.viewer)


class PersonOne(OneDossier, PersonDoor, ChangingDoor):
    """One dossier with its names, categories, claims and the fate read from them. PATCH changes identity fields."""

    shape = PersonDetail
    body = ChangePersonBody

    def present_one(self, row: Person) -> PersonDetail:
        return person_detail(row, self.viewer)

    def change(self, row: Person, given: dict[str, Any], version: int | None) -> Person:
        return operations.change_person(row, actor=self.viewer, version=version, **given)


class JudgementBody(Strict):
    other = serializers.UUIDField(help_text="The dossier beside this one.")
    reason = Text(merging.REASON_LENGTH)


class MergeBody(FromVersion):
    absorbed = serializers.UUIDField(help_text="The dossier that is read as a part of this one from now on.")
    take = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=len(merging.TAKEABLE), required=False,
        help_text="Fields whose value is shown from the absorbed dossier; `label` is the name.",
    )  # fmt: skip
    reason = Text(merging.REASON_LENGTH)


class UnmergeBody(Strict):
    reason = Text(merging.REASON_LENGTH, required=True)


class PersonStep(OneDossier, PersonDoor, StepDoor):
    """Who is the same person. `merge` asks a second person where one of the two stands on an open list: until then
    `merged_into` of the absorbed dossier stays null. `unmerge` is sent to the absorbed one."""

    shape = PersonDetail
    bodies: ClassVar[Mapping[str, Body]] = {
        "judge_same": JudgementBody, "judge_not_same": JudgementBody, "leave_undecided": JudgementBody,
        "merge": MergeBody, "unmerge": UnmergeBody,
    }  # fmt: skip

    def act(self, row: Person, given: dict[str, Any], version: int | None) -> PersonDetail:
        actor, reason = self.viewer, given.get("reason", "")
        if self.step == "unmerge":
            merging.unmerge(row, actor=actor, reason=reason)
        elif self.step == "merge":
            absorbed = self.named(given["absorbed"], "absorbed")
            versions = {} if version is None else {row.pk: version}
            merging.merge_persons(
                row, absorbed, actor=actor, take=given.get("take", ()), reason=reason, versions=versions
            )
        else:
            other = self.named(given["other"], "other")
            getattr(merging, self.step)(row, other, actor=actor, reason=reason)
        return person_detail(self.visible().get(pk=row.pk), actor)


class NameFilters(Filters):
    person = serializers.UUIDField(required=False)


class NameDoor(DossierDoor):
    access = May.READ_NAMES
    plural = "names"
    shape = NameRow

    def visible(self) -> "QuerySet[Name]":
        rows: QuerySet[Name] = Name.objects.visible_to(self.viewer)
        return rows.select_related("person")

    def version_of(self, row: Name) -> int:
        return row.person.version

    def reread(self, name: Name) -> Name:
        return self.visible().get(pk=name.pk)


class Names(NameDoor, CollectionDoor):
    """Names of visible persons: several scripts, kinds, sources."""

    order = by("person_id", "id")
    filters = NameFilters
    detail = NameRow
    body = AddNameBody

    def narrow(self, rows: "QuerySet[Any]", asked: Mapping[str, Any]) -> "QuerySet[Any]":
        return super().narrow(*self.of_person(rows, asked))

    def present(self, rows: Sequence[Name]) -> Sequence[NameRow]:
        note_rows((row.compartment_id for row in rows), actor=self.viewer)
        return [name_row(name) for name in rows]

    def create(self, given: dict[str, Any]) -> NameRow:
        person = self.named(given.pop("person"))
        return name_row(self.reread(operations.add_name(person, actor=self.viewer, **given)))


class NameOne(OneDossier, NameDoor, ChangingDoor):
    """One name. PATCH corrects it; names are never removed."""

    body = ChangeNameBody

    def present_one(self, row: Name) -> NameRow:
        return name_row(row)

    def change(self, row: Name, given: dict[str, Any], version: int | None) -> Name:
        return self.reread(operations.change_name(row, actor=self.viewer, version=version, **given))


class NameStep(OneDossier, NameDoor, StepDoor):
    """Show the person under this name from now on."""

    bodies: ClassVar[Mapping[str, Body]] = {"prefer": FromVersion}

    def act(self, row: Name, given: dict[str, Any], version: int | None) -> NameRow:
        return name_row(self.reread(operations.prefer_name(row, actor=self.viewer, version=version)))


class ClaimFilters(Filters):
    person = serializers.UUIDField(required=False)
    kind = Slug(ClaimKind, required=False)


class ClaimDoor(DossierDoor):
    access = May.READ_NAMES
    plural = "claims"
    shape = ClaimRow

    def visible(self) -> "QuerySet[Claim]":
        rows: QuerySet[Claim] = Claim.objects.visible_to(self.viewer)
        return rows


class Claims(ClaimDoor, CollectionDoor):
    """Dated statements about custody or fate. Append-only; they may contradict each other. A death takes two people."""

    order = by("happened_on", "recorded_at", "id")
    filters = ClaimFilters
    detail = ClaimRow
    body = AddClaimBody

    def narrow(self, rows: "QuerySet[Any]", asked: Mapping[str, Any]) -> "QuerySet[Any]":
        return super().narrow(*self.of_person(rows, asked))

    def present(self, rows: Sequence[Claim]) -> Sequence[ClaimRow]:
        note_rows((row.compartment_id for row in rows), actor=self.viewer)
        return [claim_row(claim) for claim in rows]

    def create(self, given: dict[str, Any]) -> ClaimRow:
        person = self.named(given.pop("person"))
        return claim_row(operations.add_claim(person, actor=self.viewer, **given))


class ClaimOne(OneDossier, ClaimDoor, DetailDoor):
    """One claim."""

    def present_one(self, row: Claim) -> ClaimRow:
        return claim_row(row)


class NotificationFilters(Filters):
    person = serializers.UUIDField(required=False)
    about = Slug(Notification.About, required=False)


class NotificationDoor(DossierDoor):
    access = May.READ_FAMILY
    plural = "notifications"
    shape = NotificationRow

    def visible(self) -> "QuerySet[Notification]":
        rows: QuerySet[Notification] = Notification.objects.visible_to(self.viewer)
        return rows


class Notifications(NotificationDoor, CollectionDoor):
    """Who of a family was told what. Append-only. Whoever writes dossiers may add one without reading the others."""

    order = by("recorded_at", "id")
    filters = NotificationFilters
    detail = NotificationRow
    body = NotificationBody

    def narrow(self, rows: "QuerySet[Any]", asked: Mapping[str, Any]) -> "QuerySet[Any]":
        return super().narrow(*self.of_person(rows, asked))

    def present(self, rows: Sequence[Notification]) -> Sequence[NotificationRow]:
        note_family_read(rows, actor=self.viewer)
        return [notification_row(row) for row in rows]

    def create(self, given: dict[str, Any]) -> NotificationRow:
        person = self.named(given.pop("person"))
        return notification_row(add_to_part(person, Notification, actor=self.viewer, **given))


class NotificationOne(OneDossier, NotificationDoor, DetailDoor):
    """One notification."""

    def present_one(self, row: Notification) -> NotificationRow:
        note_family_read([row], actor=self.viewer)
        return notification_row(row)


__all__ = [
    "ClaimOne", "Claims", "NameOne", "NameStep", "Names", "NotificationOne", "Notifications", "PersonOne",
    "PersonStep", "Persons",
]  # fmt: skip
