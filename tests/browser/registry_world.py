"""A clerk's registry: some hundreds of dossiers, some of persons who are home, dead or exchanged, namesakes, one person twice."""

from datetime import timedelta
from typing import Any

from people.seeding.generator import InventedPerson, invented_persons

KNOWN, HOME, DEAD, EXCHANGED = 260, 4, 3, 3
SOUGHT = {"family": "Коваленко", "given": "Олександр", "patronymic": "Петрович"}


def known_and_gone() -> tuple[list[InventedPerson], list[InventedPerson]]:
    persons = invented_persons(KNOWN + HOME + DEAD + EXCHANGED, nation="ukrainian", seed=11)
    return persons[:KNOWN], persons[KNOWN:]


def build() -> None:
    from exchanges.models import Entry, TrancheStatus
    from exchanges.operations.list import link_entries
    from people.operations import add_claim, create_person, create_persons_bulk
    from tests import cast, factories

    scene = factories.talks(cast.assemble())
    north = scene.cast.north
    known, gone = known_and_gone()
    persons = create_persons_bulk(north.home, [_dossier(one) for one in (*known, *gone)], actor=north.clerk)[KNOWN:]
    for person in persons[:HOME]:
        add_claim(person, kind="home", source="border service", happened_on="2025-04-19", actor=north.clerk)
    for person in persons[HOME : HOME + DEAD]:
        add_claim(
            person, kind="reported_dead_by_holder", source="note of the holder", happened_on="2025-01",
            actor=north.clerk,
        )  # fmt: skip
    tranche = factories.tranche_at(scene, TrancheStatus.RECEIVED, count=EXCHANGED)
    came = Entry.objects.visible_to(north.negotiator).filter(tranche=tranche, direction__receiver__party=north.party)
    links = {entry.pk: person.pk for entry, person in zip(came, persons[HOME + DEAD :], strict=True)}
    link_entries(tranche.exchange, links=links, actor=north.negotiator)
    create_person(
        actor=north.clerk, names=[SOUGHT], birth_date="1987-04-23", rank="sergeant", service_number="U-1000001"
    )
    _owed(north)
    namesakes: tuple[dict[str, Any], ...] = ({"birth_date": "1993-11-02"}, {"birth_date": "1964"})
    for facts in namesakes:
        create_person(actor=north.clerk, names=[SOUGHT], **facts)
    create_person(
        actor=north.clerk, names=[{"family": "Kovalenko", "given": "Oleksandr", "patronymic": "Petrovych"}],
        birth_date="1987-04-23", unit="36th brigade",
    )  # fmt: skip


def _owed(north: Any) -> None:
    """One of whom the Central Agency was not told, and one who died in our hands."""
    from core.clock import clock
    from people.operations import add_claim, create_person

    since = (clock.now() - timedelta(days=40)).date().isoformat()
    claims = [{"kind": "reported_captured", "source": "unit", "happened_on": since, "held_by": "us"}]
    for family in ("Abel", "Baker"):
        person = create_person(actor=north.clerk, names=[{"family": family}], claims=claims)
    add_claim(
        person, kind="death_established", basis="body", source="act 7", actor=north.clerk, second=north.negotiator
    )  # fmt: skip


def _dossier(person: InventedPerson) -> dict[str, Any]:
    name = {"family": person.family_name, "given": person.given_name, "patronymic": person.patronymic, "script": "cyrl"}
    return {
        "names": [name], "birth_date": person.birth_date, "sex": person.sex, "rank": person.rank,
        "service_number": person.service_number, "unit": person.unit,
        "claims": [{"kind": "reported_captured", "source": "unit", "happened_on": person.captured_on}],
    }  # fmt: skip
