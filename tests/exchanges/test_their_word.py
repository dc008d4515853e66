"""RULES sections 4 and 5: an absent participant's word, and the time at which things happened."""

from datetime import timedelta

import pytest

from core import clock
from core.errors import InputRefused
from exchanges.lists import lines_from_rows
from exchanges.models import Entry, Go, SignOff, StepStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.standing import Word
from negotiations.models import Participant, TheirWord
from tests import factories, scenes
from tests.cast import PASSWORD
from tests.checks import data_of, last_event, refused
from tests.keeping import kept
from tests.scenes import again, ago, alone, by_word, drafted, word_of


@pytest.fixture
@kept
def talks(cast):
    return alone(cast)


@pytest.fixture
@kept
def proposed(talks):
    exchange = drafted(talks, (talks.south, talks.north, 2), (talks.north, talks.south, 1))
    return exchanges.propose(exchange, actor=talks.cast.north.negotiator)


@pytest.fixture
@kept
def negotiating(talks, proposed):
    return exchanges.accept(proposed, formula_version=1, actor=talks.cast.north.head, **by_word(talks.south))


def locked(talks, exchange):
    """Both lists agreed, the south's final named, locked by the north's two people alone."""
    us, them = talks.cast.north, by_word(talks.south)
    for direction in factories.directions(exchange):
        count = 2 if direction.receiver == talks.north else 1
        lists.submit(
            direction, lines=lines_from_rows(factories.rows(count)), message="ours", base=0, actor=us.negotiator
        )
        entries = direction.entries.all()
        lists.answer(exchange, entries=entries, stance="agreed", actor=us.head, **them)
    exchanges.name_final_office(exchange, participant=talks.south.pk, office_name="Their king", actor=us.head)
    tranche = tranches.plan_tranche(
        exchange, actor=us.negotiator, entries=Entry.objects.unscoped("test").filter(direction__exchange=exchange)
    )
    tranches.lock(tranche, actor=us.head)
    return tranches.lock(tranche, actor=us.deputy)


def their_final(tranche):
    return tranche.sign_off_steps.get(is_final=True, participant__letter="B", lock_number=again(tranche).lock_number)


def signed_off(talks, exchange):
    us, tranche = talks.cast.north, locked(talks, exchange)
    tranches.take_step(tranche, "start_sign_off", actor=us.head)
    factories.sign(tranche, us, us.head)
    factories.sign(tranche, us, us.president, final=True)
    step = their_final(tranche)
    sign_offs.approve(step, digest=factories.digest_of(step), actor=us.head, **by_word(talks.south))
    return again(tranche)


# What a word is


def test_word_is_kept_whole(talks, proposed):
    told = word_of(talks.south, happened_at=ago(hours=0))

    exchanges.accept(proposed, formula_version=1, actor=talks.cast.north.head, word=told)

    row = TheirWord.objects.unscoped("test").get()
    assert (row.participant, row.step, row.subject) == (talks.south, "accept", f"exchange:{proposed.pk}")
    assert (row.who, row.to_whom, row.source) == ("their minister", "our head", "by telephone")
    assert (row.happened_at, row.according_to) == (told.happened_at, "the head of delegation")
    assert (row.recorded_by, row.compartment) == (talks.cast.north.hq, proposed.compartment)
    assert data_of(last_event("exchange.accepted"))["participant"] == "B"


@pytest.mark.parametrize("part", ["who", "to_whom", "happened_at", "source", "according_to"])
def test_word_without_a_part_is_refused(talks, part):
    given = {
        "participant": talks.south.pk, "who": "w", "to_whom": "t", "happened_at": clock.now(), "source": "s",
        "according_to": "a",
    }  # fmt: skip

    with pytest.raises(InputRefused) as caught:
        Word.checked(given | {part: ""})

    assert list(caught.value.errors) == [part]


@pytest.mark.parametrize("facts", [{"who": ""}, {"source": "x" * 301}])
def test_word_built_past_the_form_is_checked_all_the_same(talks, proposed, facts):
    with refused(error=InputRefused):
        exchanges.accept(
            proposed, formula_version=1, actor=talks.cast.north.head, **by_word(talks.south, **facts)
        )  # fmt: skip


def test_word_is_entered_by_an_officer_who_decides(talks, proposed):
    with refused("“Accept the formula” is for head of delegation."):
        exchanges.accept(proposed, formula_version=1, actor=talks.cast.north.negotiator, **by_word(talks.south))


def test_side_that_works_here_acts_for_itself(scene):
    exchange = factories.exchange_at(scene, "proposed")

    with refused("South works here and acts for itself."):
        exchanges.accept(exchange, formula_version=1, actor=scene.cast.north.head, **by_word(scene.south))


def test_word_of_somebody_else_is_refused(scene, talks, proposed):
    with refused("no participant of the exchange"):
        exchanges.accept(proposed, formula_version=1, actor=talks.cast.north.head, **by_word(scene.south))


# Every step that takes it


def test_their_proposal_by_word_is_theirs_to_wait_and_ours_to_answer(talks):
    exchange = drafted(talks, (talks.south, talks.north, 2))

    exchange = exchanges.propose(exchange, actor=talks.cast.north.head, **by_word(talks.south))

    assert exchange.formula_by == talks.south
    assert exchanges.accept(exchange, formula_version=1, actor=talks.cast.north.negotiator).status == "negotiating"


def test_their_counter_by_word_is_their_version(talks, proposed):
    first = factories.directions(proposed)[0]

    exchange = exchanges.counter(
        proposed, lines={str(first.pk): [{"category": "", "count": 9}]}, actor=talks.cast.north.head,
        **by_word(talks.south),
    )  # fmt: skip

    assert (exchange.status, exchange.formula_by) == ("countered", talks.south)


def test_they_decline_by_word(talks, proposed):
    exchange = exchanges.take_step(
        proposed, "decline", actor=talks.cast.north.head, reason="too many", **by_word(talks.south)
    )

    assert exchange.status == "declined"


@pytest.mark.parametrize("stop", ["postpone", "suspend"])
def test_they_stop_and_resume_by_word(talks, negotiating, stop):
    us = talks.cast.north.head
    exchange = exchanges.take_step(negotiating, stop, actor=us, reason="fog", **by_word(talks.south))
    assert exchange.hold_by == talks.south
    with refused("South placed it and resumes it."):
        exchanges.take_step(exchange, "resume", actor=us)

    exchange = exchanges.take_step(exchange, "resume", actor=us, **by_word(talks.south))

    assert exchange.hold == "none"


def test_their_list_by_word_is_offered_by_them(talks, negotiating):
    direction = factories.directions(negotiating)[0]

    revision = lists.submit(
        direction, lines=lines_from_rows(factories.rows(1)), message="read out", base=0, actor=talks.cast.north.head,
        **by_word(talks.south),
    )  # fmt: skip

    assert revision.participant == talks.south
    assert direction.entries.get().holder_stance == "offered"
    assert TheirWord.objects.unscoped("test").get(step="submit").participant == talks.south


def test_their_answer_by_word_is_kept_as_an_answer(talks, negotiating):
    direction = factories.directions(negotiating)[0]
    lists.submit(
        direction, lines=lines_from_rows(factories.rows(1)), message="asked", base=0, actor=talks.cast.north.negotiator
    )

    lists.answer(
        negotiating, entries=direction.entries.all(), stance="refused", reason="no_record", actor=talks.cast.north.head,
        **by_word(talks.south),
    )  # fmt: skip

    assert direction.entries.get().holder_stance == "refused"
    assert TheirWord.objects.unscoped("test").filter(step="answer").count() == 1


def test_nothing_internal_is_asked_of_the_absent(talks, negotiating):
    tranche = locked(talks, negotiating)

    assert tranche.status == "locked"
    assert [step.is_final for step in tranche.sign_off_steps.filter(participant=talks.south)] == [True]
    assert tranche.ladder_progress.get().participant == talks.north


def test_their_final_by_word_counts(talks, negotiating):
    tranche = signed_off(talks, negotiating)

    sign_off = SignOff.objects.unscoped("test").get(step=their_final(tranche))
    assert (tranche.status, sign_off.manner, sign_off.organisation) == ("signed_off", "word", None)


def test_their_final_by_word_wants_the_current_digest(talks, negotiating):
    tranche = locked(talks, negotiating)
    tranches.take_step(tranche, "start_sign_off", actor=talks.cast.north.head)

    with refused("no longer what would be signed"):
        sign_offs.approve(
            their_final(tranche), digest="0" * 64, actor=talks.cast.north.head, **by_word(talks.south)
        )  # fmt: skip


def test_they_refuse_by_word(talks, negotiating):
    tranche = locked(talks, negotiating)
    tranches.take_step(tranche, "start_sign_off", actor=talks.cast.north.head)

    step = sign_offs.refuse(
        their_final(tranche), reason="not these", actor=talks.cast.north.head, **by_word(talks.south)
    )

    assert step.status == StepStatus.REFUSED


def test_they_withdraw_by_word(talks, negotiating):
    tranche = signed_off(talks, negotiating)

    sign_offs.withdraw(their_final(tranche), reason="no more", actor=talks.cast.north.head, **by_word(talks.south))

    assert again(tranche).status == "awaiting_final_sign_off"


def test_their_word_never_signs_for_our_office(talks, negotiating):
    tranche = locked(talks, negotiating)
    tranches.take_step(tranche, "start_sign_off", actor=talks.cast.north.head)
    factories.sign(tranche, talks.cast.north, talks.cast.north.head)
    ours = factories.step_of(tranche, talks.cast.north, final=True)

    with refused("This office works here"):
        sign_offs.approve(
            ours, digest=factories.digest_of(ours), actor=talks.cast.north.head, **by_word(talks.south)
        )  # fmt: skip


def test_word_of_one_absent_side_does_not_sign_for_another(cast):
    talks = alone(cast, "South", "East")
    east = Participant.objects.unscoped("test").get(negotiation=talks.negotiation, letter="C")
    exchange = drafted(talks, (talks.south, talks.north, 1), (east, talks.north, 1))
    exchange = exchanges.propose(exchange, actor=cast.north.negotiator)
    for side in (talks.south, east):
        exchange = exchanges.accept(exchange, formula_version=1, actor=cast.north.head, **by_word(side))
        exchanges.name_final_office(exchange, participant=side.pk, office_name=f"King of {side}", actor=cast.north.head)
    for direction in factories.directions(exchange):
        rows = lines_from_rows(factories.rows(1))
        lists.submit(direction, lines=rows, message="asked", base=0, actor=cast.north.negotiator)
        lists.answer(
            exchange, entries=direction.entries.all(), stance="agreed", actor=cast.north.head,
            **by_word(direction.holder),
        )  # fmt: skip
    entries = Entry.objects.unscoped("test").filter(direction__exchange=exchange)
    tranche = tranches.plan_tranche(exchange, actor=cast.north.negotiator, entries=entries)
    for who in (cast.north.head, cast.north.deputy):
        tranche = tranches.lock(tranche, actor=who)
    tranches.take_step(tranche, "start_sign_off", actor=cast.north.head)
    step = their_final(tranche)

    with refused("This step is for King of South."):
        sign_offs.approve(step, digest=factories.digest_of(step), actor=cast.north.head, **by_word(east))


@pytest.mark.parametrize("name", ["lock", "unlock", "start_sign_off", "stage", "hold", "abort"])
def test_other_steps_do_not_rest_on_a_word(talks, negotiating, name):
    tranche = locked(talks, negotiating)
    if name == "stage":
        type(tranche).objects.unscoped("test").filter(pk=tranche.pk).update(status="signed_off")
    if name == "lock":
        tranches.take_step(tranche, "unlock", actor=talks.cast.north.head, reason="a name")

    with refused("cannot rest on somebody's word"):
        if name == "lock":
            tranches.lock(tranche, actor=talks.cast.north.head, **by_word(talks.south))
        else:
            tranches.take_step(tranche, name, actor=talks.cast.north.head, reason="r", **by_word(talks.south))


def test_correction_of_an_entry_does_not_rest_on_a_word(talks, negotiating):
    tranche = locked(talks, negotiating)

    with refused("cannot rest on somebody's word"):
        tranches.correct_entry(
            tranche, entry=tranche.entries.first().pk, changes={"given": "S"}, source="letter",
            actor=talks.cast.north.head, **by_word(talks.south),
        )  # fmt: skip


def staged(talks, exchange):
    us, tranche = talks.cast.north, signed_off(talks, exchange)
    lists.clear(tranche, actor=us.head)
    return tranches.take_step(tranche, "stage", actor=us.handover)


def test_their_go_by_word_with_ours_sets_the_tranche_going(talks, negotiating):
    tranche = staged(talks, negotiating)
    tranches.take_step(tranche, "go", actor=talks.cast.north.head, **by_word(talks.south))

    tranche = tranches.take_step(tranche, "go", actor=talks.cast.north.handover)

    assert tranche.status == "gone"
    assert {go.participant for go in Go.objects.unscoped("test")} == {talks.north, talks.south}


def test_their_receipts_and_numbers_by_word_complete_the_exchange(talks, negotiating):
    us, tranche = talks.cast.north, staged(talks, negotiating)
    tranches.take_step(tranche, "go", actor=us.head, **by_word(talks.south))
    tranches.take_step(tranche, "go", actor=us.handover)
    for entry in tranche.entries.all():
        theirs = entry.direction.receiver == talks.south
        tranches.record_receipts(
            tranche, outcomes=[{"entry": entry.pk, "outcome": "received"}],
            actor=us.head if theirs else us.handover, **(by_word(talks.south) if theirs else {}),
        )  # fmt: skip
    tranches.settle(tranche, presented=2, actor=us.head, **by_word(talks.south))
    assert tranches.settle(tranche, presented=1, actor=us.head).status == "received"

    for word in ({}, by_word(talks.south)):
        exchange = exchanges.settle_counts(negotiating, promised=3, presented=3, received=3, actor=us.head, **word)

    assert exchange.status == "completed"


# Time


def test_future_is_refused_but_for_the_lead_of_a_clock(scene):
    exchange = factories.exchange_at(scene, "negotiating")
    with refused("This lies in the future.", error=InputRefused):
        exchanges.take_step(
            exchange, "postpone", actor=scene.cast.north.head, reason="fog", happened_at=ago(minutes=-6)
        )

    exchange = exchanges.take_step(
        exchange, "postpone", actor=scene.cast.north.head, reason="fog", happened_at=ago(minutes=-4)
    )

    assert exchange.hold == "postponed"


def test_word_from_the_future_is_refused_whatever_else_is_said(talks, proposed):
    with refused("This lies in the future."):
        exchanges.accept(
            proposed, formula_version=1, actor=talks.cast.north.head, happened_at=clock.now(),
            **by_word(talks.south, happened_at=ago(minutes=-60)),
        )  # fmt: skip


def test_time_before_the_step_that_it_follows_is_refused(talks, proposed):
    with refused("before the step that it follows"):
        exchanges.accept(
            proposed, formula_version=1, actor=talks.cast.north.head, **by_word(talks.south, happened_at=ago(hours=1))
        )


@pytest.mark.parametrize(("minutes", "afterwards"), [(4, False), (6, True)])
def test_what_is_older_than_five_minutes_is_marked(scene, minutes, afterwards):
    draft = factories.draft(scene)
    exchanges.propose(draft, actor=scene.cast.north.negotiator, happened_at=ago(minutes=minutes))

    data = data_of(last_event("exchange.proposed"))
    assert data.get("recorded_afterwards", False) is afterwards
    assert ("happened_at" in data) is afterwards


def test_what_happened_on_paper_is_entered_later_in_its_order(scene):
    """Proposed, accepted, locked and signed over a weekend; entered on Monday."""
    north, south = scene.cast.north, scene.cast.south
    exchange = exchanges.propose(factories.draft(scene), actor=north.negotiator, happened_at=ago(days=2))
    exchanges.accept(exchange, formula_version=1, actor=south.negotiator, happened_at=ago(days=2) + timedelta(hours=1))
    tranche = factories.tranche_at(scene, "planned", exchange=again(exchange))
    for who in (north.head, north.deputy, south.head, south.deputy):
        tranche = tranches.lock(tranche, actor=who, happened_at=ago(days=1))
    tranche = tranches.take_step(tranche, "start_sign_off", actor=north.head, happened_at=ago(hours=23))
    step = factories.step_of(tranche, north)

    step = sign_offs.approve(
        step, digest=factories.digest_of(step), password=PASSWORD, actor=north.head, happened_at=ago(hours=22)
    )

    assert step.status == "approved"
    assert data_of(last_event("sign_off.approved", shared=False))["recorded_afterwards"] is True


def test_sign_off_does_not_lie_before_its_lock(scene):
    before_its_lock = ago(minutes=1)
    tranche = factories.lock(scene, factories.tranche_at(scene, "planned"))
    tranches.take_step(tranche, "start_sign_off", actor=scene.cast.north.head)
    step = factories.step_of(tranche, scene.cast.north)

    with refused("before the step that it follows"):
        sign_offs.approve(
            step, digest=factories.digest_of(step), password=PASSWORD, actor=scene.cast.north.head,
            happened_at=before_its_lock,
        )  # fmt: skip


def test_go_of_one_side_does_not_follow_the_other_s(talks, negotiating):
    """They gave theirs a moment before us; we heard of it a moment after."""
    tranche = staged(talks, negotiating)
    before_ours = clock.now()
    tranches.take_step(tranche, "go", actor=talks.cast.north.handover)

    tranche = tranches.take_step(
        tranche, "go", actor=talks.cast.north.head, **by_word(talks.south, happened_at=before_ours)
    )

    assert tranche.status == "gone"


def test_late_go_is_judged_by_the_present_state(talks, negotiating):
    """They gave it before we held the tranche; today it stays refused."""
    tranche = staged(talks, negotiating)
    before_hold = clock.now()
    tranches.take_step(tranche, "hold", actor=talks.cast.north.medic)

    with refused("North holds this tranche."):
        tranches.take_step(tranche, "go", actor=talks.cast.north.head, **by_word(talks.south, happened_at=before_hold))


def test_scenes_reach_what_they_say(talks, negotiating):
    assert (negotiating.status, talks.south.party) == ("negotiating", None)
    assert scenes.again(negotiating).formula_by == talks.north
