"""Rows 1 to 5: the draft, its table, the formula back and forth, and whose final sign-off is named."""

import pytest

from access.acting import NotAllowed
from access.models import Grant
from access.roles import Role
from accounts.operations import add_membership, create_organisation, system_user
from core.errors import InputRefused, StaleVersion, TransitionRefused
from exchanges.models import Acceptance, Direction, Exchange, FinalOffice, FormulaLine
from exchanges.operations import exchange as exchanges
from exchanges.operations import tranche as tranches
from exchanges.standing import TwoSides
from tests import factories, scenes
from tests.cast import member
from tests.checks import data_of, kinds, last_event, refused, sees


@pytest.fixture
def draft(scene):
    return factories.draft(scene)


@pytest.fixture
def proposed(scene):
    return factories.exchange_at(scene, "proposed")


@pytest.fixture
def talks(cast):
    return scenes.three(cast)


def ring(talks, count=2):
    """North to South, South to East, East to North."""
    north, south, east = talks.north, talks.south, talks.east
    return scenes.drafted(talks, (north, south, count), (south, east, count), (east, north, count))


# Draft and proposal


def test_draft_is_seen_by_its_author_s_side_alone(scene, draft):
    assert draft.compartment == scene.cast.north.home
    assert sees(scene.cast.north.head, draft)
    for who in (scene.cast.south.head, scene.cast.mediator, scene.cast.outsider):
        assert not sees(who, draft)


def test_changed_draft_keeps_the_directions_that_stay_and_says_what_changed(scene, draft):
    kept, _left_out = factories.directions(draft)
    lines = [{"category": "civilian", "count": 2}, {"category": "", "count": 5}]

    changed = exchanges.change_draft(
        draft, title="5 and 2", directions=[{"holder": kept.holder_id, "receiver": kept.receiver_id, "lines": lines}],
        version=draft.version, actor=scene.cast.north.negotiator,
    )  # fmt: skip

    (direction,) = factories.directions(changed)
    assert (direction.pk, changed.title, changed.version) == (kept.pk, "5 and 2", draft.version + 1)
    event = last_event("exchange.draft_changed", shared=False)
    assert data_of(event) == {
        "fields": ["title", "directions"],
        "snapshot": {
            "title": "5 and 2", "formula_version": 1,
            "directions": [
                {
                    "holder": "South", "receiver": "North",
                    "lines": [{"category": "", "count": 5}, {"category": "civilian", "count": 2}],
                }
            ],
        },
    }  # fmt: skip
    assert kinds(draft, shared=False) == ["exchange.drafted", "exchange.draft_changed"]


def test_saving_a_draft_as_it_stands_leaves_no_event(scene, draft):
    given = [
        {"holder": one.holder_id, "receiver": one.receiver_id, "lines": [{"category": "", "count": 3}]}
        for one in factories.directions(draft)
    ]

    same = exchanges.change_draft(draft, title=draft.title, directions=given, actor=scene.cast.north.negotiator)

    assert same.version == draft.version
    assert kinds(draft, shared=False) == ["exchange.drafted"]


def test_draft_changes_by_its_own_side_s_negotiators_alone(scene, draft):
    with refused("This is for negotiator, head of delegation.", error=NotAllowed):
        exchanges.change_draft(draft, title="No", actor=scene.cast.north.clerk)
    with refused(error=Exchange.DoesNotExist):
        exchanges.change_draft(draft, title="No", actor=scene.cast.south.negotiator)


def test_proposed_exchange_is_no_draft_any_more(scene, proposed):
    for who in (scene.cast.north.negotiator, scene.cast.south.negotiator):
        with refused("Only a draft can be changed.", error=TransitionRefused):
            exchanges.change_draft(proposed, title="No", actor=who)


def test_second_of_two_at_once_is_told(scene, draft):
    exchanges.change_draft(draft, title="First", version=draft.version, actor=scene.cast.north.negotiator)

    with refused("Somebody else saved this meanwhile.", error=StaleVersion):
        exchanges.change_draft(draft, title="Second", version=draft.version, actor=scene.cast.north.head)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([], "directions"),
        ([("south", "south", [("", 1)])], "directions.0"),
        ([("south", "north", [("", 1)]), ("south", "north", [("", 1)])], "directions.1"),
        ([("south", "nobody", [("", 1)])], "directions.0"),
        ([("south", "north", [("civilian", 1), ("civilian", 2)])], "directions.0.lines.1"),
        ([("south", "north", [("", 1), ("civilian", 0)])], "directions.0.lines.1"),
        ([("south", "north", [("", 3_000_000_000)])], "directions.0.lines.0"),
    ],
)
def test_fault_of_a_changed_draft_names_its_place(scene, draft, given, place):
    sides = {"south": scene.south.pk, "north": scene.north.pk, "nobody": "?"}
    directions = [
        {
            "holder": sides[holder], "receiver": sides[receiver],
            "lines": [{"category": category, "count": count} for category, count in lines],
        }
        for holder, receiver, lines in given
    ]  # fmt: skip

    with refused(error=InputRefused) as caught:
        exchanges.change_draft(draft, directions=directions, actor=scene.cast.north.negotiator)

    assert list(caught.value.errors) == [place]


def test_proposing_moves_the_rows_once_with_their_ids(scene, draft):
    before = {row.pk for row in factories.directions(draft)}

    exchange = exchanges.propose(draft, actor=scene.cast.north.negotiator)

    assert exchange.pk == draft.pk
    assert (exchange.compartment.kind, exchange.reference) == ("table", "TLK-1")
    assert {row.pk for row in factories.directions(exchange)} == before
    for model in (Direction, FormulaLine):
        assert set(model.objects.unscoped("test").values_list("compartment", flat=True)) == {exchange.compartment_id}


def test_proposal_has_new_times_and_leaves_the_draft_s_events_behind(scene, draft):
    exchange = exchanges.propose(draft, actor=scene.cast.north.negotiator)

    assert exchange.created_at > draft.created_at
    assert kinds(exchange) == ["exchange.proposed"]
    assert "exchange.drafted" in kinds(exchange, shared=False)


def test_proposal_logs_a_snapshot(scene, draft):
    exchanges.propose(draft, actor=scene.cast.north.negotiator)

    assert data_of(last_event("exchange.proposed"))["snapshot"] == {
        "title": "3 for 3", "formula_version": 1,
        "directions": [
            {"holder": "South", "receiver": "North", "lines": [{"category": "", "count": 3}]},
            {"holder": "North", "receiver": "South", "lines": [{"category": "", "count": 3}]},
        ],
    }  # fmt: skip


def test_table_has_the_grants_of_the_channel(scene, proposed):
    def grants(compartment):
        rows = Grant.objects.filter(compartment=compartment).prefetch_related("roles")
        return {(grant.organisation_id, tuple(grant.role_names)) for grant in rows}

    assert grants(proposed.compartment) == grants(scene.negotiation.compartment)


def test_office_of_the_final_is_granted_though_it_has_no_channel(scene):
    office = create_organisation("Ministry", kind="body", party=scene.cast.north.party, actor=system_user())
    minister = member("minister", office, Role.SIGNATORY)
    scenes.policy(scene.negotiation, scene.cast.north, steps=[{"office": office, "is_final": True}])

    exchange = factories.exchange_at(scene, "proposed")

    assert sees(minister, exchange)
    assert FinalOffice.objects.unscoped("test").get(exchange=exchange, participant=scene.north).office == office


def test_every_direction_needs_a_line(scene):
    exchange = exchanges.draft_exchange(
        scene.negotiation, title="Half", actor=scene.cast.north.negotiator,
        directions=[
            {"holder": scene.south.pk, "receiver": scene.north.pk, "lines": [{"category": "", "count": 1}]},
            {"holder": scene.north.pk, "receiver": scene.south.pk, "lines": []},
        ],
    )  # fmt: skip

    with refused("Every direction needs a line of the formula"):
        exchanges.propose(exchange, actor=scene.cast.north.negotiator)


def test_second_proposal_is_refused(scene, proposed):
    with refused("not possible while this is proposed"):
        exchanges.propose(proposed, actor=scene.cast.north.negotiator)


def test_whoever_sits_on_both_sides_does_not_open_a_table(scene, draft):
    add_membership(scene.cast.north.negotiator, scene.cast.south.hq, Role.NEGOTIATOR, actor=system_user())

    with refused(error=TwoSides):
        exchanges.propose(draft, actor=scene.cast.north.negotiator)


# Formula


def counter(scene, exchange, side, count=5):
    first = factories.directions(exchange)[0]
    return exchanges.counter(exchange, lines={str(first.pk): [{"category": "", "count": count}]}, actor=side.negotiator)


def test_counter_writes_the_next_version_and_keeps_the_rest(scene, proposed):
    counter(scene, proposed, scene.cast.south)

    lines = FormulaLine.objects.unscoped("test").filter(direction__exchange=proposed).order_by("direction__number")
    assert [(line.formula_version, line.count) for line in lines.order_by("formula_version", "direction__number")] == [
        (1, 3), (1, 3), (2, 5), (2, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("status", ["proposed", "countered"])
def test_author_of_a_version_does_not_answer_it(scene, status):
    exchange = factories.exchange_at(scene, status)
    author = scene.cast.north if status == "proposed" else scene.cast.south

    with refused("Your side wrote this version"):
        counter(scene, exchange, author)
    with refused("Your side wrote this version"):
        exchanges.accept(exchange, formula_version=exchange.formula_version, actor=author.negotiator)


def test_acceptance_names_the_version_it_read(scene, proposed):
    counter(scene, proposed, scene.cast.south)

    with refused("read version 2 and accept that"):
        exchanges.accept(proposed, formula_version=1, actor=scene.cast.north.negotiator)


def test_with_the_last_participant_the_exchange_is_negotiating(talks):
    exchange = exchanges.propose(ring(talks), actor=talks.cast.north.negotiator)
    exchange = exchanges.accept(exchange, formula_version=1, actor=talks.cast.south.negotiator)
    assert exchange.status == "proposed"
    with refused("Your side has accepted this version already."):
        exchanges.accept(exchange, formula_version=1, actor=talks.cast.south.negotiator)

    exchange = exchanges.accept(exchange, formula_version=1, actor=talks.east_side.negotiator)

    assert exchange.status == "negotiating"


def test_counter_makes_earlier_acceptances_worthless(talks):
    exchange = exchanges.propose(ring(talks), actor=talks.cast.north.negotiator)
    exchanges.accept(exchange, formula_version=1, actor=talks.cast.south.negotiator)
    counter(talks, exchange, talks.east_side)

    exchange = exchanges.accept(exchange, formula_version=2, actor=talks.cast.north.negotiator)

    assert exchange.status == "countered"
    assert Acceptance.objects.unscoped("test").count() == 2


def test_decline_is_a_decision_with_a_reason(scene, proposed):
    with refused("“Decline” is for head of delegation."):
        exchanges.take_step(proposed, "decline", actor=scene.cast.south.negotiator, reason="no")

    exchange = exchanges.take_step(proposed, "decline", actor=scene.cast.south.head, reason="no")

    assert exchange.status == "declined"


def test_stale_version_is_refused(scene, proposed):
    with refused("changed since you read it"):
        exchanges.take_step(
            proposed, "decline", actor=scene.cast.south.head, reason="no", if_version=proposed.version - 1
        )


# Finals


def name(exchange, participant, who, **facts):
    return exchanges.name_final_office(exchange, participant=participant.pk, actor=who, **facts)


def test_finals_are_named_by_their_own_side(scene, proposed):
    with refused("South names its own."):
        name(proposed, scene.south, scene.cast.north.head, office=scene.cast.south.hq)


def test_final_of_another_side_s_office_is_refused(scene, proposed):
    with refused("This office does not act for North.", error=InputRefused):
        name(proposed, scene.north, scene.cast.north.head, office=scene.cast.south.office)
    with refused("Name an organisation of North.", error=InputRefused):
        name(proposed, scene.north, scene.cast.north.head, office_name="the Parliament")


def test_newly_named_office_sees_the_table(scene, proposed):
    office = create_organisation("Parliament", kind="body", party=scene.cast.north.party, actor=system_user())
    speaker = member("speaker", office, Role.SIGNATORY)

    name(proposed, scene.north, scene.cast.north.head, office=office)

    assert sees(speaker, proposed)


def test_finals_are_settled_with_the_first_lock(scene):
    tranche = factories.tranche_at(scene, "locked")
    tranches.take_step(tranche, "unlock", actor=scene.cast.north.head, reason="a name")

    with refused("the finals are settled"):
        name(tranche.exchange, scene.north, scene.cast.north.head, office=scene.cast.north.hq)


def test_finals_are_named_at_the_table(scene, draft):
    with refused("propose the exchange first"):
        name(draft, scene.north, scene.cast.north.head, office=scene.cast.north.hq)


def test_final_named_anew_changes_what_is_locked(scene):
    tranche = factories.tranche_at(scene, "planned")
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(tranche, actor=who)
    name(tranche.exchange, scene.south, scene.cast.south.head, office=scene.cast.south.hq)

    for who in (scene.cast.south.head, scene.cast.south.deputy):
        tranche = tranches.lock(tranche, actor=who)

    assert tranche.status == "planned"
