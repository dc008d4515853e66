"""Many of everything, to measure with: dossiers, exchanges each at a table of its own, lists of 2,000 lines and answers.

The frame (parties, offices, accounts, the negotiation) is made by operations. The rest is written past them, as they would
have left it: digests, revisions, answers and logs are those that the operations would have computed, so that every log can
be verified and every step taken from there.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from random import Random
from typing import Any, TypeVar

from django.db import models

from access.acting import seat_with
from access.models import Compartment, Grant, GrantRole, User
from access.roles import May, Role
from accounts.operations import create_organisation, create_party, system_user
from audit.chain import FIRST_PREVIOUS, canonical, commitment, event_hash, instant
from audit.models import Event, EventData, Log
from audit.recording import record
from config.scenarios.building import Side, building_a_past, cast_member
from core import clock
from core.pouring import analyse, count_on, first_free_id, pour
from exchanges.digests import line_digest, list_digest
from exchanges.models import (
    Acceptance,
    Answer,
    Direction,
    Entry,
    Exchange,
    ExchangeStatus,
    FormulaLine,
    Revision,
    RevisionLine,
    Stance,
)
from negotiations.models import Negotiation, Participant
from negotiations.operations import create_negotiation
from people.matching import index as matching
from people.matching.record import Lexicon
from people.models import Claim, ClaimKind, MatchKey, Name, Person, SearchKey
from people.search.index import rows_of
from people.search.words import Reader
from people.seeding.generator import InventedPerson, invented_persons

M = TypeVar("M", bound=models.Model)
SEED = 20_220_921
INVENTED = 2_000  # of each nation; beyond that the same names come with other numbers
LIST = 1_000  # lines of one direction
PERSONS_IN_AN_EVENT = 1_000
ANSWERS_IN_AN_EVENT = 50
STARTED_AT = "2024-01-08T09:00:00+00:00"

STAFF = (
    ("head", "head of headquarters", (Role.HEAD, Role.SIGNATORY)),
    ("negotiator", "negotiator", (Role.NEGOTIATOR,)),
    ("handover", "handover officer", (Role.HANDOVER_OFFICER,)),
)


@dataclass(frozen=True)
class Scale:
    persons: int
    exchanges: int
    entries: int

    def refusal(self) -> str:
        """Why this cannot be seeded, in a sentence; empty when it can."""
        if min(self.persons, self.exchanges, self.entries) < 0:
            return "Give numbers from 0."
        if self.entries > self.exchanges * 2 * LIST:
            return f"An exchange takes {2 * LIST:,} entries: give more exchanges or fewer entries."
        return ""


Told = Callable[[str], object]


def seed(scale: Scale, tell: Told) -> None:
    with building_a_past() as calendar:
        calendar.name = "scale"
        calendar.turn_to(STARTED_AT)
        north, south = _side("North", "north"), _side("South", "south")
        mediator = create_organisation("Mediating ministry", kind="mediator", actor=system_user())
        cast_member("scale-mediator", "Mediator", mediator, (Role.MEDIATOR,), time_zone="UTC")
        negotiation = create_negotiation(
            title="Talks at scale", prefix="SCL", works_here="all", mediator=mediator, actor=north.people["head"],
            participants=[
                {"name": side.party.name, "letter": letter, "party": side.party, "works_here": True,
                 "organisations": [side.headquarters, side.office]}
                for letter, side in (("A", north), ("B", south))
            ],
        )  # fmt: skip
        for number, side in enumerate((north, south)):
            _dossiers(side, scale.persons // 2 + (scale.persons % 2 if number else 0), number, tell)
        count_on(SearchKey, MatchKey)
        tables = Tables(negotiation, north, south, scale)
        tables.pour(tell)
        calendar.turn_to(tables.ends_at.isoformat())
    tell("analysing")
    analyse()


def _side(name: str, prefix: str) -> Side:
    party = create_party(name, actor=system_user())
    headquarters = create_organisation(f"{name} headquarters", kind="body", party=party, actor=system_user())
    office = create_organisation(f"Office of the president of {name}", kind="body", party=party, actor=system_user())
    people = {
        key: cast_member(f"scale-{prefix}-{key}", f"{name}, {label}", headquarters, roles, time_zone="UTC")
        for key, label, roles in STAFF
    }
    people["president"] = cast_member(
        f"scale-{prefix}-president", f"{name}, signatory", office, (Role.SIGNATORY,), time_zone="UTC"
    )
    return Side(party, headquarters, office, people)


# Dossiers


def _dossiers(side: Side, size: int, number: int, tell: Told) -> None:
    home, owner = side.headquarters.home, side.people["head"]
    ids = Ids(f"persons {number}")
    pool, reader, lexicon = _pool(number, min(size, INVENTED)), Reader(), Lexicon()
    for first in range(0, size, PERSONS_IN_AN_EVENT):
        chunk = [
            (Person(id=next(ids)), pool[place % INVENTED], place)
            for place in range(first, min(first + PERSONS_IN_AN_EVENT, size))
        ]
        now = clock.now()
        for person, invented, place in chunk:
            _fill(person, invented, place, home, owner, now)
        pour(Person, (person for person, _invented, _place in chunk))
        names = [_name(person, invented, next(ids)) for person, invented, _place in chunk]
        pour(Name, names)
        pour(SearchKey, _numbered(SearchKey, _keys(chunk, names, reader)))
        pour(MatchKey, _numbered(MatchKey, _match_keys(chunk, names, lexicon)))
        pour(Claim, (_claim(person, invented, next(ids), now) for person, invented, _place in chunk))
        _tell_of(chunk, home, side)
        tell(f"dossiers of {side.party}: {first + len(chunk):,} of {size:,}")


def _tell_of(chunk: list[tuple[Person, InventedPerson, int]], home: Compartment, side: Side) -> None:
    outcomes = [[str(person.pk), person.label] for person, _invented, _place in chunk]
    owner = side.people["head"]
    record(
        "persons.created", subject=home, compartment=home, actor=owner, seat=seat_with(owner, home, May.WRITE_PERSON),
        data={"count": len(chunk), "digest": hashlib.sha256(canonical(outcomes)).hexdigest()},
    )  # fmt: skip


def _fill(person: Person, invented: InventedPerson, place: int, home: Compartment, owner: User, now: datetime) -> None:
    person.compartment_id, person.created_by_id, person.created_at = home.pk, owner.pk, now
    person.label = " ".join(filter(None, (invented.family_name, invented.given_name, invented.patronymic)))
    person.sex, person.birth_date, person.rank = invented.sex, invented.birth_date, invented.rank
    person.unit, person.nationality, person.father_name = invented.unit, invented.nationality, invented.father_name
    person.service_number = f"{place:07}"


def _name(person: Person, invented: InventedPerson, pk: uuid.UUID) -> Name:
    return Name(
        id=pk, person_id=person.pk, compartment_id=person.compartment_id, script=Name.Script.CYRILLIC,
        family=invented.family_name, given=invented.given_name, patronymic=invented.patronymic, source="seed",
        is_preferred=True,
    )  # fmt: skip


def _keys(chunk: list[tuple[Person, InventedPerson, int]], names: list[Name], reader: Reader) -> Iterator[SearchKey]:
    for (person, _invented, _place), name in zip(chunk, names, strict=True):
        yield from rows_of(person, [name], reader)


def _match_keys(
    chunk: list[tuple[Person, InventedPerson, int]], names: list[Name], lexicon: Lexicon
) -> Iterator[MatchKey]:
    for (person, _invented, _place), name in zip(chunk, names, strict=True):
        yield from matching.rows_of(person, [name], lexicon)


def _numbered(model: type[M], rows: Iterator[M]) -> Iterator[M]:
    for number, row in enumerate(rows, first_free_id(model)):
        row.pk = number
        yield row


def _claim(person: Person, invented: InventedPerson, pk: uuid.UUID, now: datetime) -> Claim:
    return Claim(
        id=pk, person_id=person.pk, compartment_id=person.compartment_id, kind=ClaimKind.REPORTED_CAPTURED,
        happened_on=invented.captured_on, source="seed", recorded_at=now,
    )  # fmt: skip


def _pool(number: int, size: int) -> list[InventedPerson]:
    nation = ("ukrainian", "russian")[number]
    return invented_persons(size, nation=nation, seed=SEED + number, civilians=size // 8)


class Ids:
    """The same ids for the same name, in the same order."""

    def __init__(self, name: str) -> None:
        self._random = Random(f"{SEED} {name}")

    def __next__(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)


# Tables


class Chain:
    """The log of one new compartment, event after event."""

    def __init__(self, compartment: Compartment, salts: Ids) -> None:
        self.compartment, self.salts = compartment, salts
        self.position, self.hash = 0, FIRST_PREVIOUS
        self.rows: list[tuple[Event, EventData]] = []

    def add(self, kind: str, *, at: datetime, actor: str, subject: str, data: dict[str, Any]) -> None:
        salt, body = next(self.salts).hex, canonical(data)
        fields = {
            "kind": kind, "actor": actor, "subject": subject, "previous": self.hash, "commitment": commitment(salt, body),
        }  # fmt: skip
        self.position += 1
        self.hash = event_hash(compartment=str(self.compartment.pk), position=self.position, at=instant(at), **fields)
        event = Event(compartment_id=self.compartment.pk, position=self.position, at=at, hash=self.hash, **fields)
        self.rows.append((event, EventData(salt=salt, json=body.decode(), is_personal=False)))

    def head(self) -> Log:
        return Log(compartment_id=self.compartment.pk, position=self.position, hash=self.hash)


@dataclass
class Table:
    """One exchange with everything that hangs on it, unsaved."""

    compartment: Compartment
    exchange: Exchange
    directions: list[Direction]
    formula: list[FormulaLine]
    chain: Chain
    sizes: list[int]


class Tables:
    def __init__(self, negotiation: Negotiation, north: Side, south: Side, scale: Scale) -> None:
        self.negotiation, self.scale = negotiation, scale
        self.sides = (north, south)
        rows = Participant.objects.unscoped("seed").filter(negotiation=negotiation).order_by("letter")
        self.participants = list(rows)
        self.ids = Ids("tables")
        self.at = clock.now()

    @property
    def ends_at(self) -> datetime:
        return self.at + timedelta(hours=1)

    @cached_property
    def pools(self) -> tuple[list[InventedPerson], list[InventedPerson]]:
        return _pool(1, INVENTED), _pool(0, INVENTED)  # whom the first holds, whom the second

    def pour(self, tell: Told) -> None:
        remaining = self.scale.entries
        made: list[Table] = []
        for number in range(1, self.scale.exchanges + 1):
            share = min(remaining, 2 * LIST)
            remaining -= share
            made.append(self._table(number, [share - share // 2, share // 2]))
            if len(made) == 100 or number == self.scale.exchanges:
                self._write(made)
                tell(f"exchanges: {number:,} of {self.scale.exchanges:,}, lines: {self.scale.entries - remaining:,}")
                made = []
        Negotiation.objects.unscoped("seed").filter(pk=self.negotiation.pk).update(next_number=self.scale.exchanges + 1)

    def _table(self, number: int, sizes: list[int]) -> Table:
        self.at += timedelta(minutes=5)
        first, second = self.participants
        table = Compartment(id=next(self.ids), kind=Compartment.Kind.TABLE, name=f"SCL-{number}")
        exchange = Exchange(
            id=next(self.ids), compartment_id=table.pk, negotiation_id=self.negotiation.pk, author_id=first.pk,
            reference=f"SCL-{number}", title=f"{LIST:,} for {LIST:,}", status=ExchangeStatus.NEGOTIATING,
            status_since=self.at, formula_by_id=first.pk, last_happened_at=self.at, created_at=self.at, version=3,
        )  # fmt: skip
        directions = [
            Direction(
                id=next(self.ids), compartment_id=table.pk, exchange_id=exchange.pk, number=place, holder_id=holder.pk,
                receiver_id=receiver.pk, next_entry_number=size + 1, latest_revision=1 if size else 0, version=2,
            )
            for place, (holder, receiver, size) in enumerate(
                zip((first, second), (second, first), sizes, strict=True), start=1
            )
        ]  # fmt: skip
        formula = [
            FormulaLine(id=next(self.ids), compartment_id=table.pk, direction_id=one.pk, count=LIST, version=1)
            for one in directions
        ]
        chain = Chain(table, self.ids)
        for kind, side, data in (
            ("exchange.proposed", 0, {"before": "draft", "after": "proposed", "participant": "A"}),
            ("exchange.accepted", 1, {"before": "proposed", "after": "negotiating", "participant": "B"}),
        ):
            chain.add(kind, at=self.at, actor=self._actor(side), subject=f"exchange:{exchange.pk}", data=data)
        return Table(table, exchange, directions, formula, chain, sizes)

    def _actor(self, side: int) -> str:
        return f"organisation:{self.sides[side].headquarters.pk}:{Role.NEGOTIATOR}"

    def _write(self, made: list[Table]) -> None:
        pour(Compartment, (one.compartment for one in made))
        self._grant(made)
        pour(Exchange, (one.exchange for one in made))
        pour(Direction, (direction for one in made for direction in one.directions))
        pour(FormulaLine, (line for one in made for line in one.formula))
        pour(Acceptance, (self._acceptance(one) for one in made))
        for one in made:
            for place, direction in enumerate(one.directions):
                if one.sizes[place]:
                    self._list(one, direction, place)
        self._log(made)

    def _acceptance(self, table: Table) -> Acceptance:
        return Acceptance(
            id=next(self.ids), compartment_id=table.compartment.pk, exchange_id=table.exchange.pk, formula_version=1,
            participant_id=self.participants[1].pk, organisation_id=self.sides[1].headquarters.pk, at=self.at, version=1,
        )  # fmt: skip

    @cached_property
    def _granted(self) -> list[tuple[uuid.UUID, list[str]]]:
        """What stands on the channel stands on every table (RULES row 2)."""
        rows = Grant.objects.filter(compartment=self.negotiation.compartment_id).prefetch_related("roles")
        return [(grant.organisation_id, grant.role_names) for grant in rows if grant.organisation_id]

    def _grant(self, made: list[Table]) -> None:
        grant_id, role_id = first_free_id(Grant), first_free_id(GrantRole)
        grants, roles = [], []
        giver = self.sides[0].people["head"].pk
        for table in made:
            for organisation_id, names in self._granted:
                grants.append(
                    Grant(
                        id=grant_id, compartment_id=table.compartment.pk, organisation_id=organisation_id, given_by_id=giver,
                        reason=f"proposed as {table.exchange.reference}",
                    )
                )  # fmt: skip
                for name in names:
                    roles.append(GrantRole(id=role_id, grant_id=grant_id, role=name))
                    role_id += 1
                grant_id += 1
        pour(Grant, grants)
        pour(GrantRole, roles)
        count_on(Grant, GrantRole)

    def _list(self, table: Table, direction: Direction, place: int) -> None:
        """One direction's list: asked for by the receiver, nine in ten of them agreed by the holder."""
        size, pool = table.sizes[place], self.pools[place]
        entries = [
            self._entry(direction, pool[(number * 7 + table.exchange.pk.int) % INVENTED], number)
            for number in range(1, size + 1)
        ]
        pour(Entry, entries)
        pour(Answer, self._answers(entries, direction))
        self._revise(table, direction, entries, place)
        agreed = [entry for entry in entries if entry.holder_stance]
        holder = ("A", "B")[place]
        answered = iter(agreed)
        while batch := list(islice(answered, ANSWERS_IN_AN_EVENT)):
            table.chain.add(
                "entry.answered", at=self.at, actor=self._actor(place), subject=f"direction:{direction.pk}",
                data={"count": len(batch), "stance": Stance.AGREED.value, "answer_reason": "", "participant": holder},
            )  # fmt: skip

    def _entry(self, direction: Direction, person: InventedPerson, number: int) -> Entry:
        return Entry(
            id=next(self.ids), compartment_id=direction.compartment_id, direction_id=direction.pk, number=number,
            family=person.family_name, given=person.given_name, patronymic=person.patronymic, birth_date=person.birth_date,
            rank=person.rank, service_number=f"{number:07}", category=person.category,
            latin_name=" ".join(filter(None, (person.family_name_latin, person.given_name_latin, person.patronymic_latin))),
            entered_by_id=direction.receiver_id, receiver_stance=Stance.ASKED_FOR.value,
            holder_stance="" if number % 10 == 0 else Stance.AGREED.value, disclosed_at=self.at, version=1,
        )  # fmt: skip

    def _answers(self, entries: list[Entry], direction: Direction) -> Iterator[Answer]:
        for entry in entries:
            sides = ((direction.receiver_id, entry.receiver_stance), (direction.holder_id, entry.holder_stance))
            for sequence, (participant_id, stance) in enumerate(sides, start=1):
                if stance:
                    yield Answer(
                        id=next(self.ids), compartment_id=entry.compartment_id, entry_id=entry.pk, stance=stance,
                        participant_id=participant_id, sequence=sequence, at=self.at,
                    )  # fmt: skip

    def _revise(self, table: Table, direction: Direction, entries: list[Entry], place: int) -> None:
        digests = {
            entry.pk: line_digest(entry, entry_id=entry.pk, number=entry.number, direction_id=direction.pk)
            for entry in entries
        }
        submitter = 1 - place
        revision = Revision(
            id=next(self.ids), compartment_id=direction.compartment_id, direction_id=direction.pk, number=1, base=0,
            participant_id=direction.receiver_id, organisation_id=self.sides[submitter].headquarters.pk,
            message="First list", digest=list_digest((str(pk), digest) for pk, digest in digests.items()), size=len(entries),
            added=len(entries), left_out=0, at=self.at,
        )  # fmt: skip
        pour(Revision, [revision])
        pour(
            RevisionLine,
            (
                RevisionLine(
                    id=next(self.ids), compartment_id=direction.compartment_id, revision_id=revision.pk, entry_id=pk,
                    line_digest=digest,
                )
                for pk, digest in digests.items()
            ),
        )  # fmt: skip
        table.chain.add(
            "list.submitted", at=self.at, actor=self._actor(submitter), subject=f"direction:{direction.pk}",
            data={"revision": 1, "message": revision.message, "digest": revision.digest, "added": len(entries),
                  "left_out": 0, "size": len(entries), "participant": ("A", "B")[submitter]},
        )  # fmt: skip

    def _log(self, made: list[Table]) -> None:
        pk = first_free_id(Event)
        events, contents = [], []
        for table in made:
            for event, content in table.chain.rows:
                event.pk = content.event_id = pk
                events.append(event)
                contents.append(content)
                pk += 1
        pour(Event, events)
        pour(EventData, contents)
        pour(Log, (table.chain.head() for table in made))
        count_on(Event)
