"""The exchange agreed in Istanbul, as one headquarters alone keeps it: Kyiv works here, Moscow is a name.

What Moscow says and does stands as its word: who told whom, when, how it reached Kyiv, according to whom. Nobody who
said so is a real person: delegations and offices speak.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from access.models import Organisation, User
from access.roles import Role
from accounts.operations import create_organisation, system_user
from config.scenarios.building import (
    Side,
    ask_for,
    building_a_past,
    cast_member,
    directions_of,
    dossiers,
    entries_of,
    legs_of,
    side_of,
    sign,
)
from config.scenarios.dossier import tell_in_full
from config.scenarios.istanbul import CIVILIANS, KYIV, LEGS, PLACE, name_delegations, record_talks
from core import clock
from exchanges.lists import lines_from_rows
from exchanges.models import Exchange, Tranche
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.standing import Word
from negotiations.models import Negotiation, Participant
from negotiations.operations import create_negotiation
from people.seeding.generator import InventedPerson, invented_persons

TO_KYIV = "the delegation of Ukraine"
THEIR_OFFICE = "Administration of the President of Russia"


def seed(legs: Sequence[tuple[int, date, int]] = LEGS, civilians: int = CIVILIANS) -> None:
    """The headquarters' books as they stand on 22 May 2025 at 18:00 in Kyiv: its own step of the first tranche is open."""
    people_each_way = sum(size for _number, _day, size in legs)
    with building_a_past() as calendar:
        calendar.name = "headquarters"
        calendar.turn_to("2025-05-15T09:00:00+03:00")
        kyiv = side_of("Ukraine", "Coordination Headquarters for the Treatment of Prisoners of War",
                       "Office of the President of Ukraine", "kyiv", KYIV)  # fmt: skip
        service = create_organisation(
            "Joint Centre of the Security Service of Ukraine", kind="body", party=kyiv.party, actor=system_user()
        )
        joint_centre = cast_member(
            "kyiv-joint-centre", "Joint Centre, signatory", service, (Role.SIGNATORY,), time_zone=KYIV
        )
        _operator()
        negotiation = _negotiation(kyiv, service)
        calendar.turn_to("2025-05-16T18:00:00+03:00")
        record_talks(negotiation, kyiv.people["negotiator"])
        exchange = _formula(negotiation, kyiv, people_each_way)
        calendar.turn_to("2025-05-19T12:00:00+03:00")
        _our_list(exchange, kyiv, people_each_way, civilians)
        calendar.turn_to("2025-05-21T12:00:00+03:00")
        _their_list(exchange, kyiv, people_each_way, civilians)
        calendar.turn_to("2025-05-22T10:00:00+03:00")
        first = _tranches(exchange, kyiv, legs)
        calendar.turn_to("2025-05-22T15:00:00+03:00")
        sign(first, service, joint_centre)
        calendar.turn_to("2025-05-22T18:00:00+03:00")


def _operator() -> None:
    organisation = create_organisation("Homeward operators", kind="operator", actor=system_user())
    cast_member("homeward-operator", "Operator", organisation, (Role.OPERATOR,), time_zone="UTC")


def _negotiation(kyiv: Side, service: Organisation) -> Negotiation:
    head = kyiv.people["head"]
    negotiation = create_negotiation(
        title="Istanbul talks", prefix="IST", works_here="us", actor=head,
        participants=[
            {"name": "Ukraine", "letter": "A", "party": kyiv.party, "works_here": True,
             "organisations": [kyiv.headquarters, kyiv.office, service]},
            {"name": "Russia", "letter": "B", "works_here": False},
        ],
    )  # fmt: skip
    name_delegations(negotiation, head)
    sign_offs.set_policy(
        negotiation, actor=head,
        steps=[
            {"office": service, "scope": "names"}, {"office": kyiv.headquarters, "scope": "names"},
            {"office": kyiv.office, "scope": "frame", "is_final": True},
        ],
    )  # fmt: skip
    return negotiation


def their_word(negotiation: Negotiation, viewer: User, **facts: Any) -> dict[str, Any]:
    """Russia's word as its delegation gave it to ours, by the clock of the scenario."""
    russia = Participant.objects.visible_to(viewer).get(negotiation=negotiation, works_here=False)
    told = {
        "who": "the delegation of Russia", "to_whom": TO_KYIV, "happened_at": clock.now(),
        "source": "the line between the two delegations", "according_to": "our head of delegation", **facts,
    }  # fmt: skip
    return {"word": Word(participant=russia.pk, **told)}


def _formula(negotiation: Negotiation, kyiv: Side, people_each_way: int) -> Exchange:
    negotiator, head = kyiv.people["negotiator"], kyiv.people["head"]
    ukraine, russia = Participant.objects.visible_to(negotiator).filter(negotiation=negotiation).order_by("letter")
    lines = [{"category": "", "count": people_each_way}]
    exchange = exchanges.draft_exchange(
        negotiation, title=f"{people_each_way:,} for {people_each_way:,}", actor=negotiator,
        directions=[
            {"holder": russia.pk, "receiver": ukraine.pk, "lines": lines},
            {"holder": ukraine.pk, "receiver": russia.pk, "lines": lines},
        ],
    )  # fmt: skip
    exchange = exchanges.propose(exchange, actor=negotiator)
    exchange = exchanges.accept(
        exchange, formula_version=1, actor=head, **their_word(negotiation, head, source="at the talks in Istanbul")
    )
    exchanges.name_final_office(exchange, participant=russia.pk, office_name=THEIR_OFFICE, actor=head)
    return exchange


def _our_list(exchange: Exchange, kyiv: Side, size: int, civilians: int) -> None:
    """Whom we ask for, from our dossiers; they say that they hold them."""
    head, to_ukraine = kyiv.people["head"], directions_of(exchange, kyiv.people["head"])[0]
    people = invented_persons(size, nation="ukrainian", seed=2025, civilians=civilians)
    persons = dossiers(
        people, owner=kyiv.people["clerk"], latin_scheme="KMU 2010", source="tracing request of the family"
    )
    ask_for(to_ukraine, persons, actor=kyiv.people["negotiator"], message="Whom we ask for")
    tell_in_full(persons[0], kyiv)
    lists.answer(
        exchange, entries=entries_of(to_ukraine, head), stance="agreed", reason="held", actor=head,
        **their_word(exchange.negotiation, head),
    )  # fmt: skip


def _their_list(exchange: Exchange, kyiv: Side, size: int, civilians: int) -> None:
    """What they sent: names as they write them; we find our dossiers for them and answer."""
    head, deputy, negotiator = kyiv.people["head"], kyiv.people["deputy"], kyiv.people["negotiator"]
    to_russia = directions_of(exchange, head)[1]
    people = invented_persons(size, nation="russian", seed=2025, civilians=civilians)
    lists.submit(
        to_russia, lines=lines_from_rows(map(_sent_line, people)), message="Whom they ask for", base=0, actor=deputy,
        **their_word(exchange.negotiation, deputy, source="a spreadsheet handed over on paper"),
    )  # fmt: skip
    persons = dossiers(
        people, owner=kyiv.people["clerk"], latin_scheme="ICAO 9303", source="register of the camp", held_by="us"
    )
    entries = entries_of(to_russia, negotiator)
    lists.link_entries(
        exchange, links={entry.pk: person.pk for entry, person in zip(entries, persons, strict=True)}, actor=negotiator
    )
    lists.answer(exchange, entries=entries, stance="agreed", reason="held", actor=negotiator)


def _sent_line(p: InventedPerson) -> dict[str, str]:
    return {
        "family_name": p.family_name, "given_name": p.given_name, "patronymic": p.patronymic, "birth_date": p.birth_date,
        "rank": p.rank, "service_number": p.service_number, "category": p.category,
        "latin_name": f"{p.family_name_latin} {p.given_name_latin} {p.patronymic_latin}",
    }  # fmt: skip


def _tranches(exchange: Exchange, kyiv: Side, legs: Sequence[tuple[int, date, int]]) -> Tranche:
    head, deputy = kyiv.people["head"], kyiv.people["deputy"]
    first = legs_of(exchange, legs, place=PLACE, time_zone=KYIV, viewer=kyiv.people["negotiator"])[0]
    for one in (head, deputy):
        first = tranches.lock(first, actor=one)
    lists.clear(first, actor=head)
    return tranches.take_step(first, "start_sign_off", actor=head)
