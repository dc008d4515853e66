"""The short exchange: one save, two people, every step in the logs as if taken by itself; refused, nothing is left."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from access.roles import Role
from audit.models import Event
from core import clock
from core.errors import DomainError
from exchanges.lists import lines_from_rows
from exchanges.models import CountStatement, Entry, Exchange, Receipt, SignOff, SignOffPaper, SignOffPolicy, Tranche
from exchanges.operations.short import (
    Counts,
    Moments,
    OneWay,
    OurFinal,
    ShortExchange,
    TheirWord,
    record_short_exchange,
)
from exchanges.operations.sign_off import set_policy
from negotiations.models import Negotiation
from negotiations.models import TheirWord as Word
from tests import factories, scenes
from tests.cast import member
from tests.checks import data_of, refused


def way(count, first=0, **outcomes):
    """`count` persons; `outcomes`: of some, by their place."""
    lines = lines_from_rows(factories.rows(count, first=first)) if count else []
    return OneWay(lines, [outcomes.get(f"at_{place}", "received") for place in range(count)])


def told(**facts):
    now = clock.now()
    moments = Moments(*(now - timedelta(hours=hours) for hours in (30, 20, 10, 3, 1)))
    return replace(
        ShortExchange(
            incoming=way(3), outgoing=way(2, first=50), moments=moments, our_final=OurFinal("signed", timezone.now()),
            their_word=TheirWord("Their council", "their envoy", "our head", "a call", "our head"), other_name="South",
            place="the bridge", time_zone="Europe/Kyiv",
        ),
        **facts,
    )  # fmt: skip


def recorded(cast, facts=None, **people):
    given = {"actor": cast.north.head, "second": cast.north.deputy, "second_stepped_up_at": timezone.now()}
    return record_short_exchange(facts or told(), **(given | people))


# All of it


STEPS = [
    "negotiation.created", "policy.set", "exchange.drafted", "exchange.proposed", "exchange.accepted",
    "final_office.named", "list.submitted", "entry.answered", "list.submitted", "entry.answered", "tranche.planned",
    "tranche.lock_asked", "tranche.lock_agreed", "tranche.locked", "exchange.status_changed", "tranche.sign_off_started",
    "sign_off.status_changed", "sign_off.status_changed", "exchange.status_changed", "sign_off.approved",
    "sign_off.approved", "tranche.status_changed", "exchange.status_changed", "entry.cleared", "tranche.staged",
    "tranche.go_given", "tranche.gone", "exchange.status_changed", "receipt.recorded",
    "receipt.recorded", "tranche.settled", "tranche.settled", "exchange.counts_settled", "exchange.counts_settled",
]  # fmt: skip


SHARED_TOO = {"negotiation.created"}


def test_three_for_two_is_completed_in_one_save_with_every_step_in_the_log(cast):
    before = set(Event.objects.unscoped("test").values_list("pk", flat=True))

    exchange = recorded(cast)

    assert (exchange.status, exchange.title, exchange.reference) == ("completed", "3 for 2", "SOU-1")
    tranche = Tranche.objects.visible_to(cast.north.head).get(exchange=exchange)
    assert (tranche.status, tranche.place, tranche.lock_number) == ("received", "the bridge", 1)
    assert Entry.objects.visible_to(cast.north.head).filter(tranche=tranche).count() == 5
    policy = SignOffPolicy.objects.unscoped("test").get(negotiation=exchange.negotiation)
    assert (policy.authors_may_sign, policy.pairs_waived) == (True, False)
    assert [(step.office, step.is_final) for step in policy.steps.all()] == [(cast.north.hq, True)]
    events = Event.objects.unscoped("test").exclude(pk__in=before).order_by("pk").select_related("compartment")
    shared = {event.kind for event in events if event.compartment_id == exchange.compartment_id}
    once = [event.kind for event in events if event.compartment.is_shared or event.kind not in shared | SHARED_TOO]
    assert once == STEPS


def test_every_event_keeps_when_it_happened_and_the_word_it_rests_on(cast):
    facts = told()
    exchange = recorded(cast, facts)

    events = Event.objects.unscoped("test").filter(compartment=exchange.compartment)
    happened = {}
    for event in events.order_by("position"):
        data = data_of(event)
        assert data.get("rules_then", []) == []  # nothing stood against any of it in its own time
        if data.get("recorded_afterwards") and not event.kind.endswith("status_changed"):
            happened.setdefault(event.kind, []).append((data["happened_at"][:19], "according_to" in data))

    def at(name):
        return getattr(facts.moments, name).strftime("%Y-%m-%dT%H:%M:%S")

    assert happened == {
        "exchange.proposed": [(at("agreed_at"), False)], "exchange.accepted": [(at("agreed_at"), True)],
        "list.submitted": [(at("agreed_at"), True), (at("agreed_at"), False)],
        "entry.answered": [(at("agreed_at"), False), (at("agreed_at"), True)],
        "tranche.planned": [(at("agreed_at"), False)], "tranche.lock_agreed": [(at("agreed_at"), False)],
        "tranche.locked": [(at("agreed_at"), False)], "tranche.sign_off_started": [(at("agreed_at"), False)],
        "sign_off.approved": [(at("our_final_at"), False), (at("their_final_at"), True)],
        "entry.cleared": [(at("gone_at"), False)], "tranche.staged": [(at("gone_at"), False)],
        "tranche.go_given": [(at("gone_at"), False)], "tranche.gone": [(at("gone_at"), True)],
        "receipt.recorded": [(at("received_at"), False), (at("received_at"), True)],
        "tranche.settled": [(at("received_at"), False), (at("received_at"), True)],
        "exchange.counts_settled": [(at("received_at"), False), (at("received_at"), True)],
    }  # fmt: skip
    words = Word.objects.unscoped("test").order_by("recorded_at").values_list("step", flat=True)
    assert list(words) == [
        "accept", "submit", "answer", "approve", "go", "record_receipts", "settle", "settle_counts",
    ]  # fmt: skip


@pytest.mark.slow
def test_final_is_signed_by_the_second_person_where_authors_may_not(cast):
    scene = scenes.alone(cast)
    steps = [{"office": cast.north.hq, "is_final": True}]
    set_policy(scene.negotiation, steps=steps, actor=cast.north.head)
    facts = told(other=scene.south.pk, other_name="")
    with refused("You submitted a list with lines of this tranche"):
        recorded(cast, facts)

    signed = replace(facts, our_final=OurFinal("second"))
    exchange = recorded(cast, signed, actor=cast.north.deputy, second=cast.north.head)

    assert (exchange.status, exchange.negotiation_id) == ("completed", scene.negotiation.pk)
    assert SignOffPaper.objects.unscoped("test").get().user == cast.north.head
    assert Negotiation.objects.unscoped("test").filter(title__startswith="Exchanges with").count() == 0


def test_final_recorded_on_authority_has_papers_and_two_people(cast):
    papers = {"decided_by": "The governor", "reached_office_how": "a letter", "document_number": "17"}

    recorded(cast, told(our_final=OurFinal("recorded", **papers)), actor=cast.north.deputy, second=cast.north.head)

    paper = SignOffPaper.objects.unscoped("test").get()
    assert (paper.user, paper.confirmed_by, paper.decided_by) == (cast.north.deputy, cast.north.head, "The governor")
    assert SignOff.objects.unscoped("test").filter(manner="recorded").count() == 1


def test_same_form_sent_twice_is_one_exchange(cast):
    facts = told()

    first, second = recorded(cast, facts, form="a-form"), recorded(cast, facts, form="a-form")

    assert first == second
    assert Exchange.objects.unscoped("test").count() == 1


# What the receipts say


@pytest.mark.slow
@pytest.mark.parametrize(
    ("incoming", "counts", "status"),
    [
        (way(3, at_1="not_presented"), Counts(presented=3), "disputed"),
        (way(2, at_0="not_travelling", at_1="died"), Counts(), "one_sided"),
    ],
)
def test_status_is_what_receipts_and_counts_say(cast, incoming, counts, status):
    exchange = recorded(cast, told(incoming=incoming, their_counts=counts))

    assert exchange.status == "completed"
    assert Tranche.objects.unscoped("test").get(exchange=exchange).status == status
    outcomes = [
        receipt.outcome for receipt in Receipt.objects.unscoped("test").order_by("entry__direction", "entry__number")
    ]
    assert sorted(outcomes) == sorted([*incoming.outcomes, "received", "received"])


@pytest.mark.slow
def test_counts_are_what_the_lines_say_unless_stated(cast):
    exchange = recorded(cast, told(our_counts=Counts(promised=4), incoming=way(3, at_2="died")))

    rows = (
        CountStatement.objects.unscoped("test").filter(exchange=exchange, tranche=None).order_by("participant__letter")
    )
    assert [(row.promised, row.presented, row.received) for row in rows] == [(4, 2, 2), (3, 2, 2)]


def test_one_way_alone_is_an_exchange_too(cast):
    exchange = recorded(cast, told(incoming=way(0), outgoing=way(1)))

    assert exchange.status == "completed"
    assert exchange.directions.count() == 1


# Refused: nothing is left


def shifted(**hours):
    facts = told()
    now = clock.now()
    return replace(facts, moments=replace(facts.moments, **{n: now - timedelta(hours=h) for n, h in hours.items()}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("facts", "field", "sentence"),
    [
        ({"incoming": way(0), "outgoing": way(0)}, "incoming", "Name at least one person"),
        ({"outgoing": way(101)}, "outgoing", "at most 100 lines"),
        ({"other_name": " "}, "other_name", "Name the other side."),
        ({"reference_prefix": "I-1"}, "reference_prefix", "letters and digits"),
        ({"time_zone": "Kyiv"}, "time_zone", "no time zone"),
        ({"their_word": TheirWord("", "a", "b", "c", "d")}, "their_office", "cannot be blank"),
        ({"their_word": TheirWord("Council", "", "b", "c", "d")}, "who", "Their word needs every part"),
        ({"our_final": OurFinal("signed")}, "manner", "Signing needs your password again."),
        ({"our_final": OurFinal("recorded")}, "decided_by", "Say who decided"),
        ({"our_counts": Counts(presented=2_000_000)}, "our_presented", "Write how many people"),
    ],
)  # fmt: skip
def test_fault_is_named_at_its_field(cast, facts, field, sentence):
    assert next(iter(faults_of(cast, told(**facts), sentence))) == field


@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ({"our_final_at": 31}, "our_final_at"), ({"their_final_at": 2}, "gone_at"), ({"received_at": 4}, "received_at"),
        ({"received_at": -1}, "received_at"), ({"gone_at": -2, "received_at": -2}, "gone_at"),
    ],
)  # fmt: skip
def test_no_step_lies_before_the_one_it_follows_or_ahead(cast, hours, field):
    assert field in faults_of(cast, shifted(**hours), "This lies")


def faults_of(cast, facts, sentence, **people):
    """The fields that the refusal names; nothing whatever has changed."""
    named = {}
    with refused(sentence):
        try:
            recorded(cast, facts, **people)
        except DomainError as refusal:
            named.update(refusal.errors)
            raise
    return named


def test_line_that_names_an_entry_is_refused_by_its_place(cast):
    lines = lines_from_rows([*factories.rows(1), {"number": 7}])

    errors = faults_of(cast, told(incoming=OneWay(lines, ["received"] * 2)), "There is no #7 on this list.")

    assert list(errors) == ["incoming.lines.2.number"]


def test_last_step_refused_takes_back_the_first(cast, monkeypatch):
    def refuse(*args, **kwargs):
        raise DomainError("not today")

    monkeypatch.setattr("exchanges.operations.exchange.settle_counts", refuse)

    assert list(faults_of(cast, told(), "not today", form="f")) == ["our_received"]


# The two people


NEUTRAL = "This name and password are not those of a second person of your organisation who may confirm this."


def test_one_person_is_not_two(cast):
    assert "second_username" in faults_of(cast, told(), "a second person", second=cast.north.head)


@pytest.mark.parametrize("who", ["negotiator", "handover", "president"])
def test_second_person_may_lock_in_the_same_organisation(cast, who):
    assert faults_of(cast, told(), NEUTRAL, second=getattr(cast.north, who))


def test_head_of_another_side_or_office_is_no_second_person(cast):
    elsewhere = member("north-office-head", cast.north.office, Role.HEAD)

    for second in (cast.south.head, elsewhere):
        assert faults_of(cast, told(), NEUTRAL, second=second)


def test_second_person_has_just_given_the_password(cast):
    for at in (None, timezone.now() - timedelta(minutes=6), timezone.now() + timedelta(minutes=1)):
        assert faults_of(cast, told(), NEUTRAL, second_stepped_up_at=at)


@pytest.mark.parametrize("who", ["negotiator", "handover", "medic", "president"])
def test_only_who_decides_enters_it(cast, who):
    faults_of(cast, told(), "This is for head of delegation.", actor=getattr(cast.north, who))


def test_side_that_works_here_signs_for_itself(cast, scene):
    assert "talks" in faults_of(cast, told(other=scene.south.pk), "South works here and signs for itself")


def test_negotiation_of_others_is_a_missing_one(cast):
    hidden = scenes.alone(cast).south.pk
    south = {"actor": cast.south.head, "second": cast.south.deputy}

    for other in (hidden, uuid4()):
        assert "talks" in faults_of(cast, told(other=other), "This is no side of a negotiation of yours.", **south)


def test_office_of_somebody_else_does_not_sign_in_the_short_way(cast):
    scene = scenes.alone(cast)  # headquarters, then the president's office

    errors = faults_of(cast, told(other=scene.south.pk, our_final=OurFinal("second")), "", second=cast.north.deputy)

    assert list(errors) == ["manner"]
