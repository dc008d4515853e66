"""Talks by their operations: who takes part, what is recorded, what is refused."""

import json
from datetime import date, timedelta

import pytest

from access.acting import NotAllowed
from access.models import Compartment, Grant
from access.roles import Role
from accounts.operations import add_membership, system_user
from audit.models import Event
from core import clock
from core.errors import DomainError, InputRefused, StaleVersion
from negotiations.models import AgendaItem, Negotiation, Participant, Proposal, Round, Statement, TheirWord
from negotiations.operations import (
    add_agenda_item,
    add_attendance,
    add_delegation_member,
    add_proposal,
    add_statement,
    change_agenda_item,
    change_delegation_member,
    change_round,
    change_statement,
    create_delegation,
    create_negotiation,
    record_round,
    record_word,
)
from tests.keeping import kept

HELD_ON = date(2025, 5, 16)


@pytest.fixture
@kept
def talks(scene) -> Negotiation:
    return scene.negotiation


@pytest.fixture
@kept
def first_round(cast, talks) -> Round:
    return record_round(talks, title="First round", held_on=HELD_ON, actor=cast.north.clerk)


@pytest.fixture
@kept
def ours(cast) -> Negotiation:
    """The north alone: whatever the south does is its word."""
    return create_negotiation(
        title="Ours", prefix="our", works_here="us", actor=cast.north.head,
        participants=[{"name": "North", "party": cast.north.party}, {"name": "South"}],
    )  # fmt: skip


def of(negotiation: Negotiation, letter: str) -> Participant:
    return Participant.objects.unscoped("test").get(negotiation=negotiation, letter=letter)


def kinds(negotiation: Negotiation) -> list[str]:
    return [event.kind for event in Event.objects.unscoped("test").filter(compartment=negotiation.compartment_id)]


def opened(cast, **changes):
    asked = {
        "title": "Talks", "prefix": "TLK", "actor": cast.north.head,
        "participants": [
            {"name": "North", "party": cast.north.party},
            {"name": "South", "party": cast.south.party, "organisations": [cast.south.hq]},
        ],
    }  # fmt: skip
    return create_negotiation(**(asked | changes))


# Opening a negotiation


def test_both_sides_and_the_mediator_see_it_and_nobody_else(cast, talks):
    seen = {
        name: Negotiation.objects.visible_to(user).filter(pk=talks.pk).exists()
        for name, user in {
            "north": cast.north.clerk, "office": cast.north.president, "south": cast.south.clerk,
            "mediator": cast.mediator, "neutral": cast.neutral, "ngo": cast.ngo, "outsider": cast.outsider,
            "operator": cast.operator, "system": system_user(),
        }.items()
    }  # fmt: skip

    assert [name for name, sees in seen.items() if sees] == ["north", "office", "south", "mediator"]


def test_of_ones_own_party_every_organisation_takes_part(cast):
    negotiation = opened(cast)

    granted = Grant.objects.unscoped("test").filter(compartment=negotiation.compartment)
    assert {grant.organisation for grant in granted} == {cast.north.hq, cast.north.office, cast.south.hq}
    assert Role.MEDIATOR not in {role.role for grant in granted for role in grant.roles.all()}


def test_the_mediator_gets_the_mediators_roles_alone(cast, talks):
    grant = Grant.objects.unscoped("test").get(compartment=talks.compartment, organisation=cast.mediator_organisation)

    assert grant.role_names == ["mediator", "observer"]


def test_the_shared_log_names_the_organisation_and_ones_own_the_person(cast, talks):
    shared = Event.objects.unscoped("test").get(compartment=talks.compartment, kind="negotiation.created")
    own = Event.objects.unscoped("test").get(compartment=cast.north.home, kind="negotiation.created")

    assert shared.actor == f"organisation:{cast.north.hq.pk}:head_of_delegation"
    assert own.actor == f"user:{cast.north.head.pk}"


def test_letters_are_given_where_nobody_chose(ours):
    assert [participant.letter for participant in ours.participants.all()] == ["A", "B"]
    assert [participant.works_here for participant in ours.participants.all()] == [True, False]


def refused_at(cast, **changes) -> list[str]:
    before = everything()
    with pytest.raises(InputRefused) as refused:
        opened(cast, **changes)
    assert everything() == before
    return sorted(refused.value.errors)


def everything() -> list[int]:
    return [model.objects.unscoped("test").count() for model in (Negotiation, Participant, Compartment, Grant, Event)]


def test_what_cannot_be_is_named_at_its_place(cast):
    north = {"name": "North", "party": cast.north.party}
    south = {"name": "South", "party": cast.south.party}

    assert refused_at(cast, participants=[north]) == ["participants"]
    assert refused_at(cast, participants=[north, north]) == ["participants"]
    assert refused_at(cast, participants=[north, {**south, "letter": "A"}]) == [
        "participants.0.letter", "participants.1.letter",
    ]  # fmt: skip
    assert refused_at(cast, participants=[north, south], works_here="us") == ["participants.1.works_here"]
    assert refused_at(cast, participants=[north, {"name": "South", "works_here": True}]) == ["participants.1.party"]
    assert refused_at(cast, participants=[north, {**south, "organisations": [cast.ngo_organisation]}]) == [
        "participants.1.organisations"
    ]
    assert refused_at(cast, title="") == ["title"]
    assert refused_at(cast, prefix="I ST") == ["prefix"]
    assert refused_at(cast, mediator=cast.ngo_organisation) == ["mediator"]
    assert refused_at(cast, mediator=None, works_here="us_and_mediator", participants=[north, {"name": "S"}]) == [
        "mediator"
    ]
    assert refused_at(
        cast, mediator=cast.mediator_organisation, works_here="us", participants=[north, {"name": "S"}]
    ) == ["mediator"]


@pytest.mark.parametrize("who", ["clerk", "president", "handover"])
def test_who_does_not_negotiate_opens_nothing(cast, who):
    before = everything()

    with pytest.raises(NotAllowed, match="negotiator, head of delegation"):
        opened(cast, actor=getattr(cast.north, who))

    assert everything() == before


def test_nobody_opens_a_negotiation_of_others(cast):
    with pytest.raises(NotAllowed):
        opened(cast, actor=cast.outsider)


def test_one_person_never_sits_on_both_sides(cast):
    add_membership(cast.north.head, cast.south.hq, Role.NEGOTIATOR, actor=system_user())

    with pytest.raises(DomainError, match="both sides"):
        opened(cast)


# Delegations


def test_a_delegation_has_one_head_at_a_time(cast, scene, talks):
    delegation = create_delegation(
        talks, participant=scene.north, name="Delegation of the North", actor=cast.mediator,
        members=[{"name": "First Head", "is_head": True, "until_on": date(2025, 5, 1)}],
    )  # fmt: skip

    second = add_delegation_member(
        delegation, name="Second Head", is_head=True, from_on=date(2025, 5, 2), actor=cast.north.clerk
    )
    with pytest.raises(InputRefused) as refused:
        add_delegation_member(delegation, name="Third", is_head=True, actor=cast.north.clerk)
    with pytest.raises(InputRefused):
        change_delegation_member(second, from_on=date(2025, 4, 1), actor=cast.north.clerk)

    assert list(refused.value.errors) == ["is_head"]
    assert [member.name for member in delegation.members.all()] == ["First Head", "Second Head"]


def test_a_member_ends_after_they_began(cast, scene, talks):
    with pytest.raises(InputRefused, match="The last day lies before the first"):
        create_delegation(
            talks, participant=scene.north, name="D", actor=cast.north.clerk,
            members=[{"name": "X", "from_on": date(2025, 5, 2), "until_on": date(2025, 5, 1)}],
        )  # fmt: skip

    assert not scene.north.delegations.exists()


def test_a_participant_of_other_talks_has_no_delegation_here(cast, talks, ours):
    with pytest.raises(InputRefused) as refused:
        create_delegation(talks, participant=of(ours, "A"), name="D", actor=cast.north.clerk)

    assert list(refused.value.errors) == ["participant"]


# Rounds


def test_a_round_is_recorded_whole(cast, scene, talks):
    delegation = create_delegation(talks, participant=scene.north, name="D", actor=cast.north.clerk)

    talks_held = record_round(
        talks, title="First round", held_on=HELD_ON, venue="The palace", duration="under two hours", actor=cast.mediator,
        agenda=[("Exchange", "agreed", "1,000 for 1,000"), ("Ceasefire", "discussed", "")],
        statements=[{"participant": scene.north, "speaker": "The head", "text": "We agreed.", "source": "a newspaper"}],
        attendances=[{"who": "The head", "delegation": delegation}, {"who": "A guest"}],
    )  # fmt: skip

    assert [(item.number, item.outcome) for item in talks_held.agenda_items.all()] == [(1, "agreed"), (2, "discussed")]
    assert talks_held.statements.get().participant == scene.north
    assert [attendance.who for attendance in talks_held.attendances.all()] == ["A guest", "The head"]
    event = Event.objects.unscoped("test").get(compartment=talks.compartment, kind="round.recorded")
    assert json.loads(event.content.json)["agenda_items"] == 2


def test_a_fault_anywhere_leaves_no_round(cast, talks):
    with pytest.raises(InputRefused) as refused:
        record_round(
            talks, title="R", held_on=HELD_ON, actor=cast.north.clerk, agenda=[("Exchange", "agreed", "")],
            statements=[{"speaker": "X", "text": "", "source": "y"}],
        )  # fmt: skip

    assert list(refused.value.errors) == ["statements.0.text"]
    assert not Round.objects.unscoped("test").exists()
    assert "round.recorded" not in kinds(talks)


def test_talks_to_come_are_not_recorded(cast, talks):
    with pytest.raises(InputRefused) as refused:
        record_round(talks, title="R", held_on=clock.now().date() + timedelta(days=2), actor=cast.north.clerk)

    assert list(refused.value.errors) == ["held_on"]


def test_a_side_meeting_stands_beside_its_round(cast, talks, first_round):
    meeting = record_round(
        talks, title="Separately", kind="side_meeting", beside=first_round, held_on=HELD_ON, actor=cast.north.clerk
    )

    for kind, beside in (("round", first_round), ("side_meeting", meeting)):
        with pytest.raises(InputRefused) as refused:
            record_round(talks, title="R", kind=kind, beside=beside, held_on=HELD_ON, actor=cast.north.clerk)
        assert list(refused.value.errors) == ["beside"]
    assert Round.objects.unscoped("test").count() == 2


def test_a_round_of_other_talks_is_not_beside(cast, talks, ours):
    other = record_round(ours, title="R", held_on=HELD_ON, actor=cast.north.clerk)

    with pytest.raises(InputRefused):
        record_round(talks, title="S", kind="call", beside=other, held_on=HELD_ON, actor=cast.north.clerk)


@pytest.mark.parametrize("who", ["president", "medic", "handover"])
def test_who_does_not_record_talks_is_told_who_does(cast, talks, who):
    with pytest.raises(NotAllowed, match="data-entry clerk, negotiator, head of delegation, mediator"):
        record_round(talks, title="R", held_on=HELD_ON, actor=getattr(cast.north, who))

    assert kinds(talks) == ["negotiation.created"]


def test_talks_of_others_do_not_exist(cast, talks, first_round):
    for attempt in (
        lambda: record_round(talks, title="R", held_on=HELD_ON, actor=cast.outsider),
        lambda: change_round(first_round, title="R", actor=cast.outsider),
        lambda: add_statement(first_round, speaker="X", text="y", source="z", actor=cast.outsider),
        lambda: add_proposal(talks, kind="offer", text="x", actor=cast.outsider),
    ):
        with pytest.raises((Negotiation.DoesNotExist, Round.DoesNotExist)):
            attempt()

    assert kinds(talks) == ["negotiation.created", "round.recorded"]


def test_a_round_is_changed_by_whoever_saw_it_last(cast, first_round):
    version = first_round.version
    change_round(first_round, venue="The palace", version=version, actor=cast.north.clerk)

    with pytest.raises(StaleVersion):
        change_round(first_round, venue="The hotel", version=version, actor=cast.south.clerk)

    first_round.refresh_from_db()
    assert (first_round.venue, first_round.version) == ("The palace", version + 1)
    assert kinds(first_round.negotiation)[-1] == "round.changed"


def test_a_change_of_nothing_leaves_no_event(cast, first_round):
    change_round(first_round, title=" First round", actor=cast.north.clerk)

    assert kinds(first_round.negotiation)[-1] == "round.recorded"


def test_the_agenda_grows_and_its_outcomes_are_corrected(cast, first_round):
    add_agenda_item(first_round, title="Exchange", actor=cast.north.clerk)
    second = add_agenda_item(first_round, title="Ceasefire", outcome="discussed", actor=cast.south.clerk)

    change_agenda_item(second, outcome="deferred", actor=cast.mediator)

    items = AgendaItem.objects.visible_to(cast.north.clerk).filter(round=first_round)
    assert [(item.number, item.outcome) for item in items] == [(1, ""), (2, "deferred")]


def test_both_sides_may_say_the_contrary(cast, scene, first_round):
    add_statement(first_round, participant=scene.north, speaker="N", text="Agreed.", source="a", actor=cast.north.clerk)
    statement = add_statement(
        first_round, participant=scene.south, speaker="S", text="Not\nagreed.", source="b", actor=cast.south.clerk
    )
    change_statement(statement, source="a newspaper", actor=cast.south.clerk)

    said = Statement.objects.visible_to(cast.mediator)
    assert {(row.participant.letter, row.text) for row in said} == {("A", "Agreed."), ("B", "Not\nagreed.")}
    assert kinds(first_round.negotiation)[-3:] == ["statement.recorded", "statement.recorded", "statement.changed"]


def test_a_side_of_other_talks_says_nothing_here(cast, ours, first_round):
    stranger = of(ours, "B")
    statement = add_statement(first_round, speaker="X", text="y", source="z", actor=cast.north.clerk)

    with pytest.raises(InputRefused):
        add_statement(
            first_round, participant=stranger, speaker="X", text="y", source="z", actor=cast.north.clerk
        )  # fmt: skip
    with pytest.raises(InputRefused):
        change_statement(statement, participant=stranger, actor=cast.north.clerk)
    with pytest.raises(InputRefused):
        add_attendance(
            first_round, who="X", actor=cast.north.clerk,
            delegation=create_delegation(ours, participant=stranger, name="D", actor=cast.north.clerk),
        )  # fmt: skip


# Proposals and their word


def test_proposals_answer_each_other(cast, scene, talks, first_round):
    offer = add_proposal(
        talks, kind="offer", text="900 for 900", participant=scene.north, round=first_round, actor=cast.north.negotiator
    )
    add_proposal(
        talks, kind="counter_offer", text="1,000 for 1,000", participant=scene.south, answers=offer,
        actor=cast.south.negotiator,
    )  # fmt: skip

    thread = Proposal.objects.visible_to(cast.mediator)
    assert [(row.kind, row.answers) for row in thread] == [("offer", None), ("counter_offer", offer)]


def test_a_proposal_of_tomorrow_is_refused(cast, talks):
    with pytest.raises(InputRefused) as refused:
        add_proposal(
            talks, kind="offer", text="x", made_at=clock.now() + timedelta(hours=1), actor=cast.north.negotiator
        )  # fmt: skip

    assert list(refused.value.errors) == ["made_at"]
    assert not Proposal.objects.unscoped("test").exists()


def told(**changes):
    return {
        "step": "agrees to meet", "who": "Their head", "to_whom": "our head", "source": "by telephone",
        "according_to": "their head of delegation", "happened_at": clock.now() - timedelta(hours=2),
    } | changes  # fmt: skip


def test_the_word_of_the_absent_is_recorded_on_a_named_decision(cast, ours):
    word = record_word(of(ours, "B"), actor=cast.north.head, **told())

    event = Event.objects.unscoped("test").get(compartment=ours.compartment, kind="word.recorded")
    assert (word.recorded_by, word.subject) == (cast.north.hq, f"negotiation:{ours.pk}")
    assert json.loads(event.content.json)["recorded_afterwards"]
    assert event.actor == f"organisation:{cast.north.hq.pk}:head_of_delegation"


def test_a_clerk_does_not_record_their_word(cast, ours):
    with pytest.raises(NotAllowed, match="head of delegation"):
        record_word(of(ours, "B"), actor=cast.north.clerk, **told())

    assert not TheirWord.objects.unscoped("test").exists()


def test_who_works_here_speaks_for_itself(cast, scene):
    with pytest.raises(DomainError, match="speaks for itself"):
        record_word(scene.south, actor=cast.north.head, **told())

    assert not TheirWord.objects.unscoped("test").exists()


def test_a_word_about_tomorrow_is_refused(cast, ours):
    with pytest.raises(InputRefused):
        record_word(of(ours, "B"), actor=cast.north.head, **told(happened_at=clock.now() + timedelta(hours=1)))

    assert kinds(ours) == ["negotiation.created"]


def test_in_us_mode_only_ones_own_side_is_let_in(cast, ours):
    granted = Grant.objects.unscoped("test").filter(compartment=ours.compartment)

    assert {grant.organisation for grant in granted} == {cast.north.hq, cast.north.office}
    assert not Negotiation.objects.visible_to(cast.south.head).filter(pk=ours.pk).exists()
