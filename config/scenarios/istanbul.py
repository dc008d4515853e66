"""Istanbul, May 2025: 1,000 for 1,000. The talks are the public record's; every person on a list is invented.

Sources of the record: https://time.com/7286136/russia-ukraine-prisoner-swap/,
https://en.mehrnews.com/news/231885/Moscow-Kyiv-agree-in-Istanbul-to-hold-biggest-prisoner-swap,
https://www.rbc.ru/politics/02/10/2025/68a725249a7947dda552887a (the three legs).
"""

from datetime import date

from access.models import Organisation, User
from access.roles import Role
from accounts.operations import create_organisation, give_grant, system_user
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
from exchanges.models import Exchange, Tranche
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from negotiations.models import Delegation, Negotiation, Participant
from negotiations.operations import add_delegation_member, create_delegation, create_negotiation, record_round
from people.seeding.generator import invented_persons

KYIV, MOSCOW, ANKARA = "Europe/Kyiv", "Europe/Moscow", "Europe/Istanbul"
TIME = "https://time.com/7286136/russia-ukraine-prisoner-swap/"
MEHR = "https://en.mehrnews.com/news/231885/Moscow-Kyiv-agree-in-Istanbul-to-hold-biggest-prisoner-swap"
LEGS = ((1, date(2025, 5, 23), 390), (2, date(2025, 5, 24), 307), (3, date(2025, 5, 25), 303))
PLACE = "border crossing, Chernihiv region"
CIVILIANS = 120
FORMULA = 1000


def seed() -> None:
    """The world as it stands on 22 May 2025 at 18:00 in Kyiv."""
    with building_a_past() as calendar:
        calendar.name = "istanbul-2025"
        calendar.turn_to("2025-05-15T09:00:00+03:00")
        kyiv = side_of("Ukraine", "Coordination Headquarters for the Treatment of Prisoners of War",
                     "Office of the President of Ukraine", "kyiv", KYIV)  # fmt: skip
        moscow = side_of("Russia", "Delegation of the Russian Federation", "Administration of the President of Russia",
                       "moscow", MOSCOW)  # fmt: skip
        service = create_organisation(
            "Joint Centre of the Security Service of Ukraine", kind="body", party=kyiv.party, actor=system_user()
        )
        joint_centre = cast_member(
            "kyiv-joint-centre", "Joint Centre, signatory", service, (Role.SIGNATORY,), time_zone=KYIV
        )
        contact = create_organisation(
            "Ministry of Defence of Russia, contact group", kind="body", party=moscow.party, actor=system_user()
        )
        contact_group = cast_member(
            "moscow-contact-group", "Contact group, signatory", contact, (Role.SIGNATORY,), time_zone=MOSCOW
        )
        ankara = create_organisation("Ministry of Foreign Affairs of Türkiye", kind="mediator", actor=system_user())
        mediator = cast_member("ankara-mediator", "Türkiye, mediator", ankara, (Role.MEDIATOR,), time_zone=ANKARA)
        _others()
        negotiation = _negotiation(kyiv, moscow, service, contact, ankara)
        calendar.turn_to("2025-05-16T18:00:00+03:00")
        record_talks(negotiation, mediator)
        _policies(negotiation, kyiv, moscow, service, contact)
        exchange = _formula(negotiation, kyiv, moscow)
        calendar.turn_to("2025-05-21T12:00:00+03:00")
        _lists(exchange, kyiv, moscow)
        calendar.turn_to("2025-05-22T10:00:00+03:00")
        first = _tranches(exchange, kyiv, moscow)
        calendar.turn_to("2025-05-22T15:00:00+03:00")
        _sign_internally(first, service, joint_centre, contact, contact_group)
        calendar.turn_to("2025-05-22T18:00:00+03:00")


def _others() -> None:
    for username, label, name, kind, role in (
        ("icrc", "Central Tracing Agency", "International Committee of the Red Cross", "neutral", Role.NEUTRAL),
        ("ngo", "Caseworker", "Families' Tracing Network", "ngo", Role.CASEWORKER),
        ("operator", "Operator", "Homeward operators", "operator", Role.OPERATOR),
    ):
        organisation = create_organisation(name, kind=kind, actor=system_user())
        cast_member(username, label, organisation, (role,), time_zone="UTC")


def _negotiation(
    kyiv: Side, moscow: Side, service: Organisation, contact: Organisation, ankara: Organisation
) -> Negotiation:
    negotiation = create_negotiation(
        title="Istanbul talks", prefix="IST", works_here="all", mediator=ankara, actor=kyiv.people["head"],
        participants=[
            {"name": "Ukraine", "letter": "A", "party": kyiv.party, "works_here": True,
             "organisations": [kyiv.headquarters, kyiv.office, service]},
            {"name": "Russia", "letter": "B", "party": moscow.party, "works_here": True,
             "organisations": [moscow.headquarters, moscow.office, contact]},
        ],
    )  # fmt: skip
    name_delegations(negotiation, kyiv.people["head"])
    return negotiation


def name_delegations(negotiation: Negotiation, actor: User) -> None:
    for participant, head, function in (
        ("A", "Rustem Umerov", "Minister of Defence of Ukraine"),
        ("B", "Vladimir Medinsky", "Aide to the President of Russia"),
    ):
        side = Participant.objects.visible_to(actor).get(negotiation=negotiation, letter=participant)
        delegation = create_delegation(negotiation, participant=side, name=f"Delegation of {side.name}", actor=actor)
        add_delegation_member(
            delegation, name=head, function=function, is_head=True, from_on=date(2025, 5, 16), actor=actor
        )


def record_talks(negotiation: Negotiation, actor: User) -> None:
    """The round of 16 May 2025 and the meetings beside it, as the public record has them."""
    sides = {p.letter: p for p in Participant.objects.visible_to(actor).filter(negotiation=negotiation)}
    delegations = list(Delegation.objects.visible_to(actor).filter(negotiation=negotiation).order_by("name"))
    talks = record_round(
        negotiation, title="First round, Istanbul", held_on=date(2025, 5, 16), venue="Dolmabahçe Palace, Istanbul",
        format="Direct talks of the two delegations", facilitators="Türkiye (Hakan Fidan)", duration="under two hours",
        source=f"{MEHR} | {TIME}", actor=actor,
        agenda=[
            ("Exchange of prisoners, 1,000 for 1,000", "agreed", "The date was set and not disclosed."),
            ("Ceasefire", "discussed", ""),
            ("Meeting of the presidents", "discussed", ""),
        ],
        statements=[
            {"participant": sides["A"], "speaker": "Rustem Umerov", "said_on": date(2025, 5, 16), "source": MEHR,
             "text": "Confirmed that an exchange of 1,000 for 1,000 was agreed."},
            {"participant": sides["B"], "speaker": "Vladimir Medinsky", "said_on": date(2025, 5, 16), "source": MEHR,
             "text": "Confirmed that an exchange of 1,000 for 1,000 was agreed."},
        ],
        attendances=[{"delegation": delegation, "who": delegation.name} for delegation in delegations],
    )  # fmt: skip
    for delegation in delegations:
        record_round(
            negotiation, title=f"United States with the {delegation.name}", kind="side_meeting", beside=talks,
            held_on=date(2025, 5, 16), venue="Istanbul", format="Separate meeting", source=TIME, actor=actor,
            attendances=[{"delegation": delegation, "who": delegation.name}, {"who": "United States"}],
        )  # fmt: skip


def _policies(negotiation: Negotiation, kyiv: Side, moscow: Side, service: Organisation, contact: Organisation) -> None:
    for side, lower in ((kyiv, [service, kyiv.headquarters]), (moscow, [contact])):
        sign_offs.set_policy(
            negotiation, actor=side.people["head"],
            steps=[{"office": office, "scope": "names"} for office in lower]
            + [{"office": side.office, "scope": "frame", "is_final": True}],
        )  # fmt: skip


def _formula(negotiation: Negotiation, kyiv: Side, moscow: Side) -> Exchange:
    viewer = kyiv.people["negotiator"]
    ukraine, russia = Participant.objects.visible_to(viewer).filter(negotiation=negotiation).order_by("letter")
    lines = [{"category": "", "count": FORMULA}]
    exchange = exchanges.draft_exchange(
        negotiation, title="1,000 for 1,000", actor=viewer,
        directions=[
            {"holder": russia.pk, "receiver": ukraine.pk, "lines": lines},
            {"holder": ukraine.pk, "receiver": russia.pk, "lines": lines},
        ],
    )  # fmt: skip
    exchange = exchanges.propose(exchange, actor=viewer)
    exchange = exchanges.accept(exchange, formula_version=1, actor=moscow.people["negotiator"])
    icrc = Organisation.objects.unscoped("seed").get(kind=Organisation.Kind.NEUTRAL)
    give_grant(
        exchange.compartment, organisation=icrc, roles=[Role.NEUTRAL], reason="final lists to the Agency (GC III art. 122)",
        actor=kyiv.people["head"],
    )  # fmt: skip
    return exchange


def _lists(exchange: Exchange, kyiv: Side, moscow: Side) -> None:
    to_ukraine, to_russia = directions_of(exchange, kyiv.people["head"])
    for direction, receiver, holder, nation, scheme in (
        (to_ukraine, kyiv, moscow, "ukrainian", "KMU 2010"),
        (to_russia, moscow, kyiv, "russian", "ICAO 9303"),
    ):
        people = invented_persons(FORMULA, nation=nation, seed=2025, civilians=CIVILIANS)
        persons = dossiers(
            people, owner=receiver.people["clerk"], latin_scheme=scheme, source="tracing request of the family"
        )
        ask_for(direction, persons, actor=receiver.people["negotiator"], message="Whom we ask for")
        if receiver is kyiv:
            tell_in_full(persons[0], kyiv)
        entries = entries_of(direction, holder.people["negotiator"])
        lists.answer(exchange, entries=entries, stance="agreed", reason="held", actor=holder.people["negotiator"])


def _tranches(exchange: Exchange, kyiv: Side, moscow: Side) -> Tranche:
    first = legs_of(exchange, LEGS, place=PLACE, time_zone=KYIV, viewer=kyiv.people["negotiator"])[0]
    for side in (kyiv, moscow):
        tranches.lock(first, actor=side.people["head"])
        first = tranches.lock(first, actor=side.people["deputy"])
    for side in (kyiv, moscow):
        lists.clear(first, actor=side.people["head"])
    return tranches.take_step(first, "start_sign_off", actor=kyiv.people["head"])


def _sign_internally(
    tranche: Tranche, service: Organisation, joint_centre: User, contact: Organisation, contact_group: User
) -> None:
    """Moscow's internal steps are done; Kyiv's last one, the headquarters', is open."""
    sign(tranche, contact, contact_group)
    sign(tranche, service, joint_centre)
