"""Two hostile parties, a mediator, the neutral intermediary, an NGO, an auditor and an operator, each with rows of its own.

For trying what one side can learn of the other: private and shared rows stand side by side, all invented.
"""

from datetime import date

from access.models import Organisation
from access.roles import Role
from accounts.operations import create_organisation, create_party, give_grant, system_user
from config.scenarios.building import (
    OFFICE,
    STAFF,
    Side,
    ask_for,
    building_a_past,
    cast_member,
    directions_of,
    dossiers,
    entries_of,
)
from exchanges.models import Exchange
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from negotiations.models import Negotiation, Participant
from negotiations.operations import create_negotiation, record_round
from people.operations import create_person
from people.seeding.generator import invented_persons

COUNT = 12
DISCLOSED = 6


def seed() -> None:
    with building_a_past() as calendar:
        calendar.name = "rooms"
        calendar.turn_to("2025-05-22T18:00:00+03:00")
        north, south = _side("Northland", "north"), _side("Southland", "south")
        cast_member("north-auditor", "North, auditor", north.headquarters, (Role.AUDITOR,), time_zone="UTC")
        others = _others()
        negotiation = _negotiation(north, south, others["mediator"])
        exchange = _exchange(negotiation, north, south, others)
        _private_rows(exchange, negotiation, north, south)


def _side(name: str, prefix: str) -> Side:
    party = create_party(name, actor=system_user())
    hq = create_organisation(f"Headquarters of {name}", kind="body", party=party, actor=system_user())
    office = create_organisation(f"Office of the President of {name}", kind="body", party=party, actor=system_user())
    people = {
        key: cast_member(f"{prefix}-{key}", f"{prefix.title()}, {label}", where, roles, time_zone="UTC")
        for where, staff in ((hq, STAFF), (office, OFFICE))
        for key, label, roles in staff
    }
    return Side(party, hq, office, people)


def _others() -> dict[str, Organisation]:
    made = {}
    for name, kind, role in (
        ("mediator", "mediator", Role.MEDIATOR), ("neutral", "neutral", Role.NEUTRAL), ("ngo", "ngo", Role.CASEWORKER),
        ("operator", "operator", Role.OPERATOR),
    ):  # fmt: skip
        made[name] = create_organisation(f"The {name}", kind=kind, actor=system_user())
        user = cast_member(name, f"The {name}", made[name], (role,), time_zone="UTC")
        if name == "ngo":
            create_person(
                actor=user, names=[{"script": "latn", "family": "Known only", "given": "to the NGO"}],
                compartment=made[name].home,
            )  # fmt: skip
    return made


def _negotiation(north: Side, south: Side, mediator: Organisation) -> Negotiation:
    negotiation = create_negotiation(
        title="Rooms", prefix="ROOM", works_here="all", mediator=mediator, actor=north.people["head"],
        participants=[
            {"name": side.party.name, "letter": letter, "party": side.party, "works_here": True,
             "organisations": [side.headquarters, side.office]}
            for letter, side in (("A", north), ("B", south))
        ],
    )  # fmt: skip
    record_round(
        negotiation, title="First round", held_on=date(2025, 5, 16), venue="Neutral ground", actor=north.people["clerk"]
    )
    for side in (north, south):
        sign_offs.set_policy(
            negotiation, actor=side.people["head"],
            steps=[{"office": side.headquarters, "scope": "names"}, {"office": side.office, "scope": "frame", "is_final": True}],
        )  # fmt: skip
    return negotiation


def _exchange(negotiation: Negotiation, north: Side, south: Side, others: dict[str, Organisation]) -> Exchange:
    viewer = north.people["negotiator"]
    a, b = Participant.objects.visible_to(viewer).filter(negotiation=negotiation).order_by("letter")
    lines = [{"category": "", "count": DISCLOSED}]
    exchange = exchanges.draft_exchange(
        negotiation, title="Six for six", actor=viewer,
        directions=[{"holder": b.pk, "receiver": a.pk, "lines": lines}, {"holder": a.pk, "receiver": b.pk, "lines": lines}],
    )  # fmt: skip
    exchange = exchanges.propose(exchange, actor=viewer)
    exchange = exchanges.accept(exchange, formula_version=1, actor=south.people["negotiator"])
    for name, role in (("neutral", Role.NEUTRAL), ("ngo", Role.OBSERVER)):
        give_grant(
            exchange.compartment, organisation=others[name], roles=[role], reason="shared with them",
            actor=north.people["head"],
        )  # fmt: skip
    for direction, receiver, holder, nation in zip(
        directions_of(exchange, viewer), (north, south), (south, north), ("ukrainian", "russian"), strict=True
    ):
        people = invented_persons(COUNT, nation=nation, seed=7, civilians=2)
        persons = dossiers(people, owner=receiver.people["clerk"], latin_scheme="", source="own registry")
        ask_for(direction, persons[:DISCLOSED], actor=receiver.people["negotiator"], message="Whom we ask for")
        lists.answer(
            exchange, entries=entries_of(direction, holder.people["negotiator"])[:4], stance="agreed", reason="held",
            actor=holder.people["negotiator"],
        )  # fmt: skip
    tranches.plan_tranche(
        exchange, planned_on=date(2025, 6, 1), place="the bridge", actor=viewer,
        entries=[entry for d in directions_of(exchange, viewer) for entry in entries_of(d, viewer)[:4]],
    )  # fmt: skip
    return exchange


def _private_rows(exchange: Exchange, negotiation: Negotiation, north: Side, south: Side) -> None:
    """What the other side must never learn of: a draft, briefs, checks, reserves."""
    for side in (north, south):
        negotiator = side.people["negotiator"]
        a, b = Participant.objects.visible_to(negotiator).filter(negotiation=negotiation).order_by("letter")
        exchanges.draft_exchange(
            negotiation, title=f"Private draft of {side.party.name}", actor=negotiator,
            directions=[{"holder": a.pk, "receiver": b.pk, "lines": [{"category": "", "count": 3}]}],
        )  # fmt: skip
        entry = entries_of(directions_of(exchange, negotiator)[0], negotiator)[0]
        lists.write_brief(entry, priority=1, note=f"Private note of {side.party.name}", actor=negotiator)
        lists.check_clearance(entry, kind="identity", is_passed=True, note="private check", actor=side.people["head"])
