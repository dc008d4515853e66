"""Log to alert: each delivery once per event, recipient and channel; nothing before commit; nothing lost."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from accounts.operations import end_membership, give_grant
from alerts import operations
from alerts.models import Channel, Delivery, DeliveryState, Reader
from alerts.routing import compartments_behind
from alerts.tasks import sweep
from audit.models import Event
from exchanges.models import ExchangeStatus, TrancheStatus
from exchanges.operations.exchange import propose, take_step
from exchanges.operations.sign_off import withdraw
from tests import factories


def drain(*, send: bool = True) -> None:
    """What the worker would do for every log."""
    for compartment in compartments_behind():
        for delivery in operations.route(compartment):
            if send:
                operations.send(delivery)


def told(kind: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for delivery in Delivery.objects.unscoped("test").filter(event__kind=kind).select_related("recipient"):
        found.setdefault(delivery.recipient.username, set()).add(delivery.channel)
    return found


def test_proposal_is_told_to_both_sides_and_the_mediator_but_not_to_its_author(scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    drain(send=False)

    assert set(told("exchange.proposed")) == {
        "north-head", "north-deputy", "north-handover", "north-president", "north-secretary", "north-registrar",
        "south-head", "south-deputy", "south-negotiator", "south-handover", "south-president", "south-secretary",
        "south-registrar", "mediator",
    }  # fmt: skip


def test_each_is_told_once_by_inbox_and_once_by_mail(scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    for _twice in range(2):
        Reader.objects.update(position=0)
        drain()

    assert all(channels == {Channel.INBOX, Channel.MAIL} for channels in told("exchange.proposed").values())
    assert sorted(m.to[0] for m in mail.outbox if "proposed" in m.subject) == sorted(
        f"{name}@example.org" for name in told("exchange.proposed")
    )


@pytest.mark.slow
def test_status_change_tells_whoever_waits(scene, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        factories.tranche_at(scene, TrancheStatus.AWAITING_FINAL)

    subjects = [m.subject for m in mail.outbox if m.to == ["south-president@example.org"]]
    assert subjects.count("TLK-1 is awaiting final sign-off") == 1
    assert subjects.count("TLK-1/1 is awaiting final sign-off") == 1


@pytest.mark.slow
def test_mail_names_nobody_and_no_place(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.STAGED)
    drain()

    private = {"the border", *factories.SURNAMES}
    assert tranche.place in private
    for message in mail.outbox:
        text = message.subject + message.body
        assert not [word for word in private if word in text]


def test_message_id_is_the_deliverys(scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    drain()

    ids = {
        f"<{pk}@127.0.0.1>"
        for pk in Delivery.objects.unscoped("test").filter(channel="mail").values_list("pk", flat=True)
    }
    assert {m.extra_headers["Message-ID"] for m in mail.outbox} == ids


def test_nothing_leaves_before_commit(scene, django_capture_on_commit_callbacks):
    exchange = factories.draft(scene)
    drain()
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        propose(exchange, actor=scene.cast.north.negotiator)

    assert (mail.outbox, told("exchange.proposed")) == ([], {})
    assert len(callbacks) == 2  # the table's log and the author's own


def test_rolled_back_step_tells_nobody(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        take_step(exchange, "postpone", actor=scene.cast.north.head, reason="fog")
        raise ZeroDivisionError
    drain(send=False)

    assert told("exchange.postponed") == {}


def test_sweep_finds_what_a_lost_message_left(scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    assert mail.outbox == []

    sweep()

    assert len([m for m in mail.outbox if m.subject == "TLK-1 has been proposed"]) == 14


def test_a_chore_that_fails_holds_no_alert_back_and_is_no_secret(scene, monkeypatch):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    monkeypatch.setattr("alerts.tasks.tell_of_passed_deadlines", lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        sweep()

    assert len([m for m in mail.outbox if m.subject == "TLK-1 has been proposed"]) == 14


def test_dead_broker_is_logged_and_never_raised(scene, monkeypatch, caplog, django_capture_on_commit_callbacks):
    def refuse(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr("alerts.tasks.route_events.apply_async", refuse)

    with django_capture_on_commit_callbacks(execute=True):
        exchange = factories.exchange_at(scene, ExchangeStatus.PROPOSED)

    assert exchange.status == ExchangeStatus.PROPOSED
    assert "no broker" in caplog.text


def test_failing_mail_is_tried_again_later(scene, monkeypatch):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    due = [pk for compartment in compartments_behind() for pk in operations.route(compartment)]
    monkeypatch.setattr("alerts.delivery.mail.send", lambda delivery: 1 / 0)

    assert operations.send(due[0]) is False

    delivery = Delivery.objects.unscoped("test").get(pk=due[0])
    assert (delivery.state, delivery.attempts, delivery.fault) == (DeliveryState.DUE, 1, "ZeroDivisionError")
    assert delivery.due_at > timezone.now() + timedelta(seconds=20)


def test_back_off_grows_and_ends_as_failed(scene, monkeypatch):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    due = next(pk for compartment in compartments_behind() for pk in operations.route(compartment))
    monkeypatch.setattr("alerts.delivery.mail.send", lambda delivery: 1 / 0)
    Delivery.objects.unscoped("test").filter(pk=due).update(attempts=operations.GIVES_UP_AFTER - 1)

    operations.send(due)

    assert Delivery.objects.unscoped("test").get(pk=due).state == DeliveryState.FAILED


def test_two_senders_send_once(scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    due = [pk for compartment in compartments_behind() for pk in operations.route(compartment)]

    assert [operations.send(due[0]), operations.send(due[0])] == [True, False]


def test_removed_member_hears_nothing_more(scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    due = [pk for compartment in compartments_behind() for pk in operations.route(compartment)]
    delivery = Delivery.objects.unscoped("test").get(
        pk__in=due, recipient=scene.cast.south.deputy, event__kind="exchange.proposed"
    )
    end_membership(scene.cast.south.deputy.memberships.get(), actor=scene.cast.south.head)

    assert operations.send(delivery.pk) is False
    assert Delivery.objects.unscoped("test").get(pk=delivery.pk).state == DeliveryState.DROPPED
    assert not Delivery.objects.visible_to(scene.cast.south.deputy).exists()


def test_ended_grant_hides_the_inbox_too(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    drain(send=False)
    mediator = scene.cast.mediator
    assert Delivery.objects.visible_to(mediator).inbox().count() == 1

    grants = exchange.compartment.grants.filter(organisation=scene.cast.mediator_organisation)
    grants.update(ends_at=timezone.now())

    assert not Delivery.objects.visible_to(mediator).inbox().exists()


def test_counterparts_are_not_told_twice(scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    drain(send=False)

    events = set(Delivery.objects.unscoped("test").values_list("event__compartment__kind", flat=True))
    assert events == {"table"}


def test_nobody_of_another_party_is_told_of_internal_steps(scene):
    factories.tranche_at(scene, TrancheStatus.IN_SIGN_OFF)
    drain(send=False)

    private = Event.objects.unscoped("test").filter(compartment=scene.cast.south.home)
    recipients = (
        Delivery.objects.unscoped("test").filter(event__in=private).values_list("recipient__username", flat=True)
    )
    assert set(recipients) <= {user.username for user in scene.cast.south.users.values()}
    assert "south-head" in recipients


def test_neutral_intermediary_hears_that_a_tranche_is_signed_off_and_that_it_is_no_more(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    give_grant(
        exchange.compartment, organisation=scene.cast.neutral_organisation, roles=["neutral_intermediary"],
        reason="final lists", actor=scene.cast.north.head,
    )  # fmt: skip
    tranche = factories.tranche_at(scene, TrancheStatus.SIGNED_OFF, exchange=exchange)
    withdraw(factories.step_of(tranche, scene.cast.north, final=True), reason="no", actor=scene.cast.north.president)
    drain()

    assert [m.subject for m in mail.outbox if m.to == ["neutral@example.org"]] == [
        "TLK-1/1 is signed off", "TLK-1/1 is awaiting final sign-off",
    ]  # fmt: skip
    assert Delivery.objects.visible_to(scene.cast.neutral).inbox().count() == 2


def test_outsider_ngo_and_neutral_are_told_of_nothing(scene):
    factories.tranche_at(scene, TrancheStatus.RECEIVED)
    drain(send=False)

    told_users = set(Delivery.objects.unscoped("test").values_list("recipient__username", flat=True))
    assert not told_users & {"west-head", "ngo", "neutral", "operator", "auditor"}
