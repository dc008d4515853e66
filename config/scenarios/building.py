"""What the scenarios have in common: the cast of an office, the clock while a past is built, lists from invented people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from access.models import Installation, Organisation, Party, User
from access.roles import Role
from accounts.demo import DEMO_PASSWORD
from accounts.operations import add_membership, create_organisation, create_party, create_user, system_user
from core.clock import clock
from exchanges.approval import current_manifest, digest_for
from exchanges.lists import lines_from_rows
from exchanges.models import Direction, Entry, Exchange, SignOffStep, Tranche
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from people.models import ClaimKind, Name, Person
from people.operations import create_persons_bulk
from people.seeding.generator import InventedPerson

_hash: list[str] = []


def cast_member(
    username: str, label: str, organisation: Organisation, roles: Iterable[str], *, time_zone: str, language: str = "en"
) -> User:
    """An account of the demonstration, with the demonstration's password."""
    user = create_user(
        username, label=label, organisation=organisation, email=f"{username}@example.org", time_zone=time_zone,
        language=language, actor=system_user(),
    )  # fmt: skip
    if not _hash:  # the same password for all: one slow hash is enough
        _hash.append(make_password(DEMO_PASSWORD))
    User.objects.unscoped("seed").filter(pk=user.pk).update(password=_hash[0])
    user.password = _hash[0]
    for role in roles:
        add_membership(user, organisation, role, actor=system_user())
    return user


@contextmanager
def building_a_past() -> Iterator["Calendar"]:
    """A clock that the scenario sets as its story goes; what it shows last is kept with the database."""
    calendar, before = Calendar(), clock.offset
    try:
        yield calendar
    except BaseException:
        clock.offset = before
        raise
    Installation.objects.update_or_create(pk=1, defaults={"clock_offset": clock.offset, "seeded_with": calendar.name})


class Calendar:
    name = ""

    def turn_to(self, moment: str) -> None:
        """Go to this instant, ISO 8601 with its zone."""
        clock.offset = datetime.fromisoformat(moment) - timezone.now()


def dossiers(
    people: Sequence[InventedPerson], *, owner: User, latin_scheme: str, source: str, held_by: str = ""
) -> list[Person]:
    """One dossier a person, with names in both scripts, categories and a first claim."""
    home = owner.memberships.select_related("organisation").first().organisation.home  # type: ignore[union-attr]
    return create_persons_bulk(home, (_row(p, latin_scheme, source, held_by) for p in people), actor=owner)


def _row(p: InventedPerson, scheme: str, source: str, held_by: str) -> Mapping[str, Any]:
    categories = (p.category, *p.further_categories)
    return {
        "sex": p.sex, "birth_date": p.birth_date, "father_name": p.father_name, "rank": p.rank, "unit": p.unit,
        "service_number": p.service_number, "nationality": p.nationality,
        "names": [
            {"script": Name.Script.CYRILLIC, "family": p.family_name, "given": p.given_name, "patronymic": p.patronymic,
             "source": source, "is_preferred": True},
            {"script": Name.Script.LATIN, "kind": Name.Kind.TRANSLITERATION, "family": p.family_name_latin,
             "given": p.given_name_latin, "patronymic": p.patronymic_latin, "scheme": scheme, "source": source},
        ],
        "categories": [{"category": c, "evidence": source, "as_of": p.captured_on} for c in categories],
        "claims": [{"kind": ClaimKind.REPORTED_CAPTURED, "happened_on": p.captured_on, "source": source,
                    "held_by": held_by}],
    }  # fmt: skip


def ask_for(
    direction: Direction, persons: Sequence[Person], *, actor: User, message: str, humanitarian: int = 0
) -> None:
    """The receiver's list from its own dossiers; the last `humanitarian` of them stand outside the formula."""
    first = len(persons) - humanitarian
    rows = [{"person": str(p.pk), "humanitarian": index >= first} for index, p in enumerate(persons)]
    lists.submit(direction, lines=lines_from_rows(rows), message=message, base=direction.latest_revision, actor=actor)


def entries_of(direction: Direction, viewer: User) -> list[Entry]:
    return list(Entry.objects.visible_to(viewer).filter(direction=direction).order_by("number"))


def sign(tranche: Tranche, office: Organisation, signatory: User) -> SignOffStep:
    """This office's step of the current lock, signed with the demonstration's password."""
    tranche = Tranche.objects.visible_to(signatory).get(pk=tranche.pk)
    step = SignOffStep.objects.visible_to(signatory).get(
        tranche=tranche, lock_number=tranche.lock_number, office=office
    )
    manifest = current_manifest(tranche)
    assert manifest is not None
    return sign_offs.approve(step, digest=digest_for(step.scope, manifest), password=DEMO_PASSWORD, actor=signatory)


def directions_of(exchange: Exchange, viewer: User) -> list[Direction]:
    return list(Direction.objects.visible_to(viewer).filter(exchange=exchange).order_by("number"))


@dataclass(frozen=True)
class Side:
    party: Party
    headquarters: Organisation
    office: Organisation
    people: Mapping[str, User]


STAFF = (
    ("head", "head of headquarters", (Role.HEAD, Role.SIGNATORY)),
    ("deputy", "deputy head", (Role.HEAD,)),
    ("negotiator", "negotiator", (Role.NEGOTIATOR,)),
    ("clerk", "data-entry clerk", (Role.CLERK,)),
    ("handover", "handover officer", (Role.HANDOVER_OFFICER,)),
    ("medic", "medical officer", (Role.MEDICAL_OFFICER,)),
    ("lawyer", "legal officer", (Role.LEGAL_OFFICER,)),
    ("caseworker", "caseworker", (Role.CASEWORKER,)),
)
OFFICE = (
    ("president", "signatory", (Role.SIGNATORY,)),
    ("secretary", "secretary", (Role.SIGNATORY_OFFICE,)),
    ("registrar", "registrar", (Role.SIGNATORY_OFFICE,)),
)


def side_of(party_name: str, headquarters: str, office: str, prefix: str, time_zone: str) -> Side:
    party = create_party(party_name, actor=system_user())
    hq = create_organisation(headquarters, kind="body", party=party, actor=system_user())
    presidency = create_organisation(office, kind="body", party=party, actor=system_user())
    people = {}
    for where, staff in ((hq, STAFF), (presidency, OFFICE)):
        for name, label, roles in staff:
            people[name] = cast_member(
                f"{prefix}-{name}", f"{prefix.title()}, {label}", where, roles, time_zone=time_zone
            )
    return Side(party, hq, presidency, people)


def legs_of(
    exchange: Exchange, legs: Sequence[tuple[int, date, int]], *, place: str, time_zone: str, viewer: User
) -> list[Tranche]:
    """A tranche a leg: number, day, people each way. All civilians go with the first, the rest in the order of the lists."""
    planned: list[Tranche] = []
    taken: set[object] = set()
    for number, day, size in legs:
        chosen: list[Entry] = []
        for direction in directions_of(exchange, viewer):
            waiting = [entry for entry in entries_of(direction, viewer) if entry.pk not in taken]
            waiting.sort(key=lambda entry: (number == 1 and entry.category != "civilian", entry.number))
            chosen += waiting[:size]
        taken |= {entry.pk for entry in chosen}
        planned.append(
            tranches.plan_tranche(
                exchange, planned_on=day, place=place, time_zone=time_zone, entries=chosen, actor=viewer
            )
        )
    return planned
