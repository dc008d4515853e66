"""Events: gapless, chained, in the transaction of their change, and named without persons on shared tables."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.operations.founding import introduce
from audit.chain import FIRST_PREVIOUS, canonical, commitment
from audit.models import Counterpart, Event, EventData, Log
from audit.recording import NoTransaction, record
from exchanges.models import Exchange, ExchangeStatus
from exchanges.operations.exchange import take_step
from tests import factories


def test_record_refuses_outside_a_transaction(transactional_db, cast):
    with pytest.raises(NoTransaction):
        record("thing.done", subject=cast.north.home, compartment=cast.north.home, actor=cast.north.head)


def test_positions_are_gapless_and_chained(scene):
    factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)

    for log in Log.objects.unscoped("test"):
        events = list(Event.objects.unscoped("test").filter(compartment=log.pk).order_by("position"))
        assert [event.position for event in events] == list(range(1, log.position + 1))
        assert [event.previous for event in events] == [FIRST_PREVIOUS, *(event.hash for event in events[:-1])]
        assert events[-1].hash == log.hash


def test_commitment_covers_salt_and_content(scene):
    content = EventData.objects.unscoped("test").select_related("event").first()

    assert commitment(content.salt, canonical(json.loads(content.json))) == content.event.commitment


def test_shared_log_names_organisation_and_role_and_never_the_person(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.PROPOSED)

    shared = Event.objects.unscoped("test").get(compartment=exchange.compartment, kind="exchange.proposed")

    assert shared.actor == f"organisation:{scene.cast.north.hq.pk}:negotiator"


def test_counterpart_at_home_names_the_person(scene):
    exchange = factories.exchange_at(scene, ExchangeStatus.PROPOSED)

    own = Counterpart.objects.get(shared__compartment=exchange.compartment, shared__kind="exchange.proposed").event

    assert own.compartment == scene.cast.north.home
    assert own.actor == f"user:{scene.cast.north.negotiator.pk}"


def test_operator_learns_no_place_in_the_log_of_a_side(cast):
    """The position would tell how much is done there."""
    introduce(cast.north.hq, cast.outsider_side.hq, actor=cast.operator)
    own = EventData.objects.unscoped("test").filter(event__compartment=cast.operator_organisation.home)

    assert own.exists()
    assert not [content for content in own.values_list("json", flat=True) if "shared" in content]


def test_broken_event_write_rolls_the_change_back(scene, monkeypatch):
    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)
    monkeypatch.setattr("audit.recording._append", lambda *args, **kwargs: 1 / 0)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        take_step(exchange, "postpone", actor=scene.cast.north.head, reason="fog")

    assert Exchange.objects.unscoped("test").get(pk=exchange.pk).hold == "none"


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET kind = 'x'", "DELETE FROM audit_event"])
def test_database_refuses_to_change_an_event(scene, statement):
    before = Event.objects.unscoped("test").count()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert Event.objects.unscoped("test").count() == before


def test_database_refuses_to_truncate_a_log(scene):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_eventdata CASCADE")


def test_content_goes_only_where_an_erasure_names_its_event(scene):
    from datetime import date

    from audit.models import Erasure
    from core import clock

    content = EventData.objects.unscoped("test").first()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        content.delete()
    Erasure.objects.create(event_id=content.event_id, decided_on=date(2025, 5, 1), reason="decision 7", at=clock.now())

    EventData.objects.unscoped("test").filter(pk=content.pk).delete()

    assert not EventData.objects.unscoped("test").filter(pk=content.pk).exists()
