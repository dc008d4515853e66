"""Persons as CSV, XLSX, JSON and PFIF 1.4, some hundreds at a time. All four say the same, from one presentation.

Restricted data (places, health, family, consent) stay at home whatever the viewer may read.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

import orjson
from django.conf import settings
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from access.models import User
from audit.chain import instant
from core import clock
from core.sheets.writing import CSV_TYPE, XLSX_TYPE, csv_blocks, without_controls, xlsx_blocks
from people.fate import fate_of
from people.models import Claim, ClaimKind, Name, Person
from people.operations import IDENTITY
from people.presentation import beside_persons

BATCH = 500
PFIF_NAMESPACE = "http://zesty.ca/pfif/1.4"


@dataclass(frozen=True)
class NameOut:
    family: str
    given: str
    patronymic: str
    script: str
    kind: str
    source: str


@dataclass(frozen=True)
class ClaimOut:
    id: str
    kind: str
    label: str
    happened_on: str
    source: str
    recorded_at: datetime


@dataclass(frozen=True)
class PersonOut:
    id: str
    label: str
    identity: dict[str, str]
    names: list[NameOut]
    categories: list[str]
    fate: str
    fate_label: str
    fate_reason: str
    claims: list[ClaimOut]


def written(
    kind: str, ids: Sequence[uuid.UUID], viewer: User, *, password: str = ""
) -> tuple[str, str, Iterator[bytes]]:
    """The type, the name and the bytes. The name tells nothing of whom it holds."""
    persons = _persons(ids, viewer)
    match kind:
        case "csv":
            return CSV_TYPE, "persons.csv", csv_blocks(_rows(persons))
        case "xlsx":
            blocks = xlsx_blocks(_rows(persons), right_to_left=get_language_bidi(), password=password)
            return XLSX_TYPE, "persons.xlsx", blocks
        case "json":
            return "application/json", "persons.json", _json(persons)
        case "pfif":
            return "application/xml", "persons.xml", _pfif(persons)
    raise ValueError(kind)


def _persons(ids: Sequence[uuid.UUID], viewer: User) -> Iterator[PersonOut]:
    """In the order of `ids`; who is no longer visible is left out."""
    for first in range(0, len(ids), BATCH):
        wanted = ids[first : first + BATCH]
        found = Person.objects.visible_to(viewer).in_bulk(wanted)
        persons = [found[pk] for pk in wanted if pk in found]
        beside = beside_persons(persons, viewer)
        for person in persons:
            yield _person(person, beside)


def _person(person: Person, beside: Any) -> PersonOut:
    claims: list[Claim] = beside.claims_of(person)
    names: list[Name] = beside.names_of(person)
    fate = fate_of(claims)
    return PersonOut(
        id=str(person.pk),
        label=str(person),
        identity={name: getattr(person, name) for name in IDENTITY},
        names=[NameOut(n.family, n.given, n.patronymic, n.script, n.kind, n.source) for n in names],
        categories=list(dict.fromkeys(str(one) for one in beside.categories_of(person))),
        fate=fate.kind,
        fate_label=fate.label,
        fate_reason=fate.reason,
        claims=[ClaimOut(str(c.pk), c.kind, str(c), c.happened_on, c.source, c.recorded_at) for c in claims],
    )  # fmt: skip


# A table


def _rows(persons: Iterable[PersonOut]) -> Iterator[list[str]]:
    yield [
        _("dossier"), _("family name"), _("first names"), _("patronymic"), _("other names"),
        *(str(Person._meta.get_field(name).verbose_name) for name in IDENTITY),  # type: ignore[union-attr]
        _("categories"), _("fate"), _("why"),
    ]  # fmt: skip
    sexes = {str(value): str(label) for value, label in Person.Sex.choices if value}
    for person in persons:
        first, *others = person.names or [NameOut("", person.label, "", "", "", "")]
        yield [
            person.id, first.family, first.given, first.patronymic, " / ".join(map(_spelt, others)),
            *(sexes.get(value, "") if name == "sex" else value for name, value in person.identity.items()),
            ", ".join(person.categories), person.fate_label, person.fate_reason,
        ]  # fmt: skip


def _spelt(name: NameOut) -> str:
    return " ".join(filter(None, (name.family, name.given, name.patronymic)))


# JSON


def _json(persons: Iterable[PersonOut]) -> Iterator[bytes]:
    yield b"["
    for number, person in enumerate(persons):
        yield (b",\n" if number else b"\n") + orjson.dumps(asdict(person), option=orjson.OPT_UTC_Z)
    yield b"\n]\n"


# PFIF 1.4: a person with append-only notes. It has no word for captured or released: the note's text says it.

PFIF_STATUS = {
    ClaimKind.MISSING: "information_sought", ClaimKind.SEEN_BY_RETURNEE: "believed_alive", ClaimKind.HOME: "believed_alive",
    ClaimKind.RELEASED: "believed_alive", ClaimKind.CONFIRMED_BY_HOLDER: "believed_alive",
    ClaimKind.CONFIRMED_BY_AGENCY: "believed_alive", ClaimKind.DEATH_ESTABLISHED: "believed_dead",
}  # fmt: skip
PFIF_SEX = {"f": "female", "m": "male"}


def _pfif(persons: Iterable[PersonOut]) -> Iterator[bytes]:
    now = _second(clock.now())
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<pfif:pfif xmlns:pfif="{PFIF_NAMESPACE}">\n'.encode()
    for person in persons:
        record_id = f"{_domain()}/{person.id}"
        first, *others = person.names or [NameOut("", person.label, "", "", "", "")]
        fields = [
            ("person_record_id", record_id), ("entry_date", now), ("source_name", _domain()), ("source_date", now),
            ("full_name", _spelt(first)), ("given_name", first.given), ("family_name", first.family),
            ("alternate_names", "\n".join(map(_spelt, others))), ("sex", PFIF_SEX.get(person.identity["sex"], "")),
            ("date_of_birth", person.identity["birth_date"]),
        ]  # fmt: skip
        notes = "".join(_note(claim, record_id) for claim in person.claims)
        yield f"  <pfif:person>\n{_elements(fields, 4)}{notes}  </pfif:person>\n".encode()
    yield b"</pfif:pfif>\n"


def _note(claim: ClaimOut, record_id: str) -> str:
    text = f"{claim.label}. " + _("According to %(source)s.") % {"source": claim.source}
    if claim.happened_on:
        text = f"{claim.happened_on}: {text}"
    fields = [
        ("note_record_id", f"{_domain()}/{claim.id}"), ("person_record_id", record_id),
        ("entry_date", _second(claim.recorded_at)), ("author_name", claim.source), ("source_date", _second(claim.recorded_at)),
        ("status", PFIF_STATUS.get(ClaimKind(claim.kind), "")), ("text", text),
    ]  # fmt: skip
    return f"    <pfif:note>\n{_elements(fields, 6)}    </pfif:note>\n"


def _elements(fields: Iterable[tuple[str, str]], indent: int) -> str:
    return "".join(
        f"{' ' * indent}<pfif:{name}>{escape(without_controls(value))}</pfif:{name}>\n"
        for name, value in fields
        if value
    )


def _domain() -> str:
    return settings.PUBLIC_URL.partition("://")[2].partition(":")[0] or "localhost"


def _second(moment: datetime) -> str:
    return instant(moment)[:19] + "Z"
