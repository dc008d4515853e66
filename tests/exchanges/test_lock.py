"""Row 14: two people of each side for the same content, whom it may place, and what it copies."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from exchanges.lists import lines_from_rows
from exchanges.models import (
    ExchangeStatus,
    LockAgreement,
    LockExplanation,
    Placement,
    SecondPair,
    SignOffStep,
    TrancheStatus,
)
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import tranche as tranches
from people import operations as people
from tests import factories, scenes
from tests.checks import data_of, last_event, refused, sees
from tests.keeping import kept

T = TrancheStatus


@pytest.fixture
def planned(scene):
    return factories.tranche_at(scene, T.PLANNED)


def person(side, family="Abel", **facts):
    return people.create_person(
        actor=side.clerk, names=[{"script": "latn", "family": family, "given": "Sam", "source": "file"}],
        categories=[{"category": "prisoner_of_war", "evidence": "card", "as_of": "2025-01"}], **facts,
    )  # fmt: skip


def link(scene, side, entry, someone):
    return lists.link_entries(entry.direction.exchange, links={entry.pk: someone.pk}, actor=side.negotiator)


def first_entry(tranche, number=0):
    return list(tranche.entries.order_by("direction__number", "number"))[number]


# Two people of each side


def test_first_of_two_only_asks(scene, planned):
    tranche = tranches.lock(planned, actor=scene.cast.north.head)

    assert tranche.status == T.PLANNED
    assert LockAgreement.objects.unscoped("test").count() == 0
    assert last_event("tranche.lock_asked", shared=False).compartment == scene.cast.north.home


def test_same_person_cannot_confirm_what_they_asked(scene, planned):
    tranches.lock(planned, actor=scene.cast.north.head)

    with refused("a second person of your side"):
        tranches.lock(planned, actor=scene.cast.north.head)


def test_one_side_alone_does_not_lock(scene, planned):
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranche = tranches.lock(planned, actor=who)

    assert tranche.status == T.PLANNED
    assert LockAgreement.objects.unscoped("test").get().participant == scene.north


def test_side_that_agreed_is_told_to_wait(scene, planned):
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(planned, actor=who)

    with refused("it waits for the others"):
        tranches.lock(planned, actor=scene.cast.north.head)


def test_two_of_each_side_lock(scene, planned):
    tranche = factories.lock(scene, planned)

    assert (tranche.status, tranche.lock_number) == (T.LOCKED, 1)
    assert SecondPair.objects.unscoped("test").filter(step="lock", confirmed_by__isnull=False).count() == 2


def test_content_changed_between_two_people_asks_anew(scene, planned):
    tranches.lock(planned, actor=scene.cast.north.head)
    tranches.change_plan(planned, actor=scene.cast.south.negotiator, place="another bridge")

    tranches.lock(planned, actor=scene.cast.north.deputy)

    pair = SecondPair.objects.unscoped("test").get(step="lock")
    assert (pair.asked_by, pair.confirmed_by) == (scene.cast.north.deputy, None)


def test_content_changed_between_two_sides_needs_both_again(scene, planned):
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(planned, actor=who)
    tranches.change_plan(planned, actor=scene.cast.south.negotiator, planned_on=date(2025, 6, 1))
    for who in (scene.cast.south.head, scene.cast.south.deputy):
        tranche = tranches.lock(planned, actor=who)
    assert tranche.status == T.PLANNED

    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranche = tranches.lock(planned, actor=who)

    assert tranche.status == T.LOCKED


def test_entry_changed_between_two_sides_needs_both_again(scene, planned):
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(planned, actor=who)
    tranches.change_plan(planned, actor=scene.cast.south.negotiator, remove=[first_entry(planned)])

    for who in (scene.cast.south.head, scene.cast.south.deputy):
        tranche = tranches.lock(planned, actor=who)

    assert tranche.status == T.PLANNED


def test_waived_pairs_lock_with_one_and_say_so(scene, planned):
    scenes.policy(scene.negotiation, scene.cast.north, pairs_waived=True)

    tranches.lock(planned, actor=scene.cast.north.head)

    assert LockAgreement.objects.unscoped("test").get().one_pair_of_eyes
    assert data_of(last_event("tranche.lock_agreed"))["one_pair_of_eyes"] is True


def test_lock_with_two_people_does_not_say_one_pair(scene, planned):
    factories.lock(scene, planned)

    assert data_of(last_event("tranche.lock_agreed"))["one_pair_of_eyes"] is False


# Entries, formula, finals


def test_entry_that_is_not_agreed_stops_the_lock(scene, planned):
    entry = first_entry(planned)
    lists.answer(planned.exchange, entries=[entry], stance="needs_information", actor=scene.cast.north.negotiator)

    with refused(f"Not every entry is agreed: #{entry.number}."):
        tranches.lock(planned, actor=scene.cast.north.head)


def test_empty_tranche_cannot_be_locked(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    tranche = tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator)

    with refused("no entries"):
        tranches.lock(tranche, actor=scene.cast.north.head)


@pytest.fixture
@kept
def beyond(scene):
    """Four agreed each way under a formula of three."""
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    entries = factories.agreed_entries(scene, exchange, 4)
    return tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator, entries=entries)


def test_more_than_the_formula_is_refused(scene, beyond):
    with refused("South → North: 4 / 3; North → South: 4 / 3"):
        tranches.lock(beyond, actor=scene.cast.north.head)


def test_confirmed_imbalance_locks(scene, beyond):
    for side in (scene.cast.north, scene.cast.south):
        for who in (side.head, side.deputy):
            tranche = tranches.lock(beyond, actor=who, imbalance_confirmed=True)

    assert tranche.status == T.LOCKED


def test_earlier_tranches_count_against_the_formula(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    entries = factories.agreed_entries(scene, exchange, 4)
    first, rest = [e for e in entries if e.number <= 3], [e for e in entries if e.number > 3]
    factories.lock(scene, tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator, entries=first))
    second = tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator, entries=rest)

    with refused("goes beyond the formula"):
        tranches.lock(second, actor=scene.cast.north.head)


def test_humanitarian_list_stands_outside_the_formula(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    entries = factories.agreed_entries(scene, exchange, 3)
    south_holds = factories.directions(exchange)[0]
    more = [{"number": n} for n in (1, 2, 3)] + factories.rows(2, first=500, humanitarian=True)
    lists.submit(south_holds, lines=lines_from_rows(more), message="wounded", base=1, actor=scene.cast.south.negotiator)
    owed = list(south_holds.entries.filter(is_humanitarian=True))
    lists.answer(exchange, entries=owed, stance="agreed", actor=scene.cast.north.negotiator)

    tranche = factories.lock(
        scene, tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator, entries=[*entries, *owed])
    )

    counts = dict(next(row[3] for row in tranche.manifests.get().frame[2] if row[0] == str(south_holds.pk)))
    assert counts == {"prisoner_of_war": 3, "humanitarian list": 2}


def test_formula_by_category_lets_only_the_rest_be_anybody(scene):
    exchange = scenes.drafted(scene, (scene.south, scene.north, 3), category="civilian")
    exchange = exchanges.propose(exchange, actor=scene.cast.north.negotiator)
    exchange = exchanges.accept(exchange, formula_version=1, actor=scene.cast.south.negotiator)
    entries = factories.agreed_entries(scene, exchange, 3)
    tranche = tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator, entries=entries)

    with refused("South → North: 3 / 3"):
        tranches.lock(tranche, actor=scene.cast.north.head)


def test_final_nobody_is_named_for_stops_the_lock(cast):
    talks = scenes.alone(cast)
    exchange = scenes.drafted(talks, (talks.south, talks.north, 1))
    exchange = exchanges.propose(exchange, actor=cast.north.negotiator)
    exchange = exchanges.accept(exchange, formula_version=1, actor=cast.north.head, **scenes.by_word(talks.south))
    direction = factories.directions(exchange)[0]
    lists.submit(
        direction, lines=lines_from_rows(factories.rows(1)), message="asked", base=0, actor=cast.north.negotiator
    )
    lists.answer(
        exchange, entries=direction.entries.all(), stance="agreed", actor=cast.north.head, **scenes.by_word(talks.south)
    )
    tranche = tranches.plan_tranche(exchange, actor=cast.north.negotiator, entries=direction.entries.all())

    with refused("Nobody is named yet to give the final sign-off of South."):
        tranches.lock(tranche, actor=cast.north.head)


def test_lock_copies_the_policy_as_it_stands(scene, planned):
    factories.lock(scene, planned)
    hq, office = scene.cast.north.hq, scene.cast.north.office
    scenes.policy(
        scene.negotiation, scene.cast.north,
        steps=[{"office": hq}, {"office": office}, {"office": office, "is_final": True}],
    )  # fmt: skip

    own = SignOffStep.objects.unscoped("test").filter(tranche=planned, participant=scene.north)
    assert [(step.office, step.scope, step.is_final) for step in own] == [(hq, "names", False), (office, "frame", True)]


# Places of our own people


@pytest.fixture
@kept
def abel(scene, planned):
    """A person of the north who stands as the first entry of the planned tranche."""
    someone = person(scene.cast.north)
    link(scene, scene.cast.north, first_entry(planned), someone)
    return someone


def test_lock_places_our_people(scene, planned, abel):
    factories.lock(scene, planned)

    placement = Placement.objects.unscoped("test").get()
    assert (placement.person, placement.compartment, placement.released_at) == (abel, scene.cast.north.home, None)


def other_tranche(scene, someone):
    """A tranche of another exchange in which the same person of the north stands."""
    tranche = factories.tranche_at(scene, T.PLANNED)
    link(scene, scene.cast.north, first_entry(tranche), someone)
    return tranche


def test_one_person_stands_in_one_open_locked_tranche_of_all_exchanges(scene, planned, abel):
    factories.lock(scene, planned)
    other = other_tranche(scene, abel)

    with refused("Already in another locked tranche by your record: #1."):
        tranches.lock(other, actor=scene.cast.north.head)


def test_other_side_learns_nothing_of_the_conflict(scene, planned, abel):
    """North agrees to both; when South is the last to agree, what stands against it stays North's matter."""
    other = other_tranche(scene, abel)
    for tranche in (planned, other):
        for who in (scene.cast.north.head, scene.cast.north.deputy):
            tranches.lock(tranche, actor=who)
    for who in (scene.cast.south.head, scene.cast.south.deputy):
        tranches.lock(planned, actor=who)
    tranches.lock(other, actor=scene.cast.south.head)

    with refused(exactly="North has to look at this lock again."):
        tranches.lock(other, actor=scene.cast.south.deputy)


def test_database_itself_keeps_one_open_place_a_person(scene, planned, abel):
    factories.lock(scene, planned)
    held = Placement.objects.unscoped("test").get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Placement.objects.create(
            compartment=held.compartment, person=abel, entry=first_entry(planned, 1), tranche=planned,
            placed_at=held.placed_at,
        )  # fmt: skip


def test_same_person_twice_in_one_tranche_is_refused(scene, planned, abel):
    link(scene, scene.cast.north, first_entry(planned, 1), abel)

    with refused("stands on this tranche twice"):
        tranches.lock(planned, actor=scene.cast.north.head)


@pytest.mark.parametrize("step", ["unlock", "abort"])
def test_place_is_free_again_after(scene, planned, abel, step):
    factories.lock(scene, planned)

    tranches.take_step(planned, step, actor=scene.cast.north.head, reason="he stays")

    assert Placement.objects.unscoped("test").filter(released_at=None).count() == 0


def test_judgement_changed_under_lock_moves_the_place(scene, planned, abel):
    factories.lock(scene, planned)
    brother = person(scene.cast.north, "Abels")

    link(scene, scene.cast.north, first_entry(planned), brother)

    assert Placement.objects.unscoped("test").get(released_at=None).person == brother


def test_judgement_changed_under_lock_cannot_place_anybody_twice(scene, planned, abel):
    factories.lock(scene, planned)

    with refused("Already in another locked tranche"):
        link(scene, scene.cast.north, first_entry(planned, 1), abel)


# Home or dead by our record


def goes_home(scene, someone):
    people.add_claim(someone, actor=scene.cast.north.clerk, kind="home", happened_on="2025-05-01", source="his wife")


def test_somebody_home_by_our_record_needs_a_reason(scene, planned, abel):
    goes_home(scene, abel)

    with refused("Home or dead by your own record: #1."):
        tranches.lock(planned, actor=scene.cast.north.head)


def test_two_people_say_why_and_the_reason_stays_private(scene, planned, abel):
    goes_home(scene, abel)

    tranches.lock(planned, actor=scene.cast.north.head, explanation="the wife saw another man")
    tranches.lock(planned, actor=scene.cast.north.deputy)

    assert data_of(last_event("tranche.lock_agreed", shared=False))["explanation"] == "the wife saw another man"
    assert "explanation" not in data_of(last_event("tranche.lock_agreed"))


def test_second_person_with_another_reason_asks_anew(scene, planned, abel):
    goes_home(scene, abel)
    tranches.lock(planned, actor=scene.cast.north.head, explanation="the wife saw another man")

    tranches.lock(planned, actor=scene.cast.north.deputy, explanation="a clerk's mistake")

    pair = SecondPair.objects.unscoped("test").get(step="lock")
    assert (pair.asked_by, pair.details["explanation"]) == (scene.cast.north.deputy, "a clerk's mistake")


def test_one_person_cannot_explain_what_the_first_was_not_asked(scene, planned, abel):
    tranches.lock(planned, actor=scene.cast.north.head)
    goes_home(scene, abel)

    tranches.lock(planned, actor=scene.cast.north.deputy, explanation="the wife saw another man")

    assert LockAgreement.objects.unscoped("test").count() == 0


def test_somebody_home_since_our_agreement_is_not_locked_by_the_others(scene, planned, abel):
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(planned, actor=who)
    goes_home(scene, abel)
    tranches.lock(planned, actor=scene.cast.south.head)

    with refused(exactly="North has to look at this lock again."):
        tranches.lock(planned, actor=scene.cast.south.deputy)


def test_side_that_agreed_may_explain_later(scene, planned, abel):
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(planned, actor=who)
    goes_home(scene, abel)
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(planned, actor=who, explanation="the wife saw another man")

    for who in (scene.cast.south.head, scene.cast.south.deputy):
        tranche = tranches.lock(planned, actor=who)

    assert tranche.status == T.LOCKED


def test_waived_pair_is_asked_again_about_somebody_home_since(scene, planned, abel):
    scenes.policy(scene.negotiation, scene.cast.north, pairs_waived=True)
    tranches.lock(planned, actor=scene.cast.north.head)
    goes_home(scene, abel)
    tranches.lock(planned, actor=scene.cast.south.head)

    with refused(exactly="North has to look at this lock again."):
        tranches.lock(planned, actor=scene.cast.south.deputy)
    tranches.lock(planned, actor=scene.cast.north.head, explanation="the wife saw another man")

    assert tranches.lock(planned, actor=scene.cast.south.deputy).status == T.LOCKED


def test_explanation_of_a_lock_is_for_our_side_alone(scene, planned, abel):
    goes_home(scene, abel)
    for who in (scene.cast.north.head, scene.cast.north.deputy):
        tranches.lock(planned, actor=who, explanation="the wife saw another man")

    kept = LockExplanation.objects.unscoped("test").get()

    assert (kept.text, kept.compartment) == ("the wife saw another man", scene.cast.north.home)
    assert not sees(scene.cast.south.head, kept)


def test_other_sides_record_is_not_asked(scene, planned):
    """The south has no dossier of the man whom the north knows to be home."""
    someone = person(scene.cast.north)
    link(scene, scene.cast.north, first_entry(planned), someone)
    goes_home(scene, someone)

    tranches.lock(planned, actor=scene.cast.south.head)

    assert Event.objects.unscoped("test").filter(kind="tranche.lock_asked").get().compartment == scene.cast.south.home
