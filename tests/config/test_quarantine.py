"""After a restore nothing final happens until an operator releases it; then nothing that may have left before leaves twice."""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import ApiKey
from accounts.operations import create_key
from alerts import operations
from alerts.models import Delivery, DeliveryState
from alerts.routing import compartments_behind
from alerts.tasks import sweep
from audit.checking import check_every_log
from audit.models import Event
from config.backups import BackupRefused, manifest, quarantine
from exchanges.models import ExchangeStatus, TrancheStatus
from exchanges.operations import tranche as tranches
from tests import factories
from tests.checks import refused

MADE_AT = timezone.now() - timedelta(hours=3)


def drain() -> list[str]:
    """Route everything; returns the subjects of the mails that left."""
    mail.outbox.clear()
    for compartment in compartments_behind():
        for delivery in operations.route(compartment):
            operations.send(delivery)
    sweep()
    return [message.subject for message in mail.outbox]


@pytest.fixture
def exchange(scene):
    """Proposed, and told to nobody yet: what a backup may find."""
    return factories.exchange_at(scene, ExchangeStatus.PROPOSED)


def test_what_was_due_is_held_and_then_given_up(scene, exchange):
    entered = quarantine.enter(MADE_AT, keep_keys=False)
    held = Delivery.objects.unscoped("test").filter(state=DeliveryState.DUE)
    assert held.count() == entered.deliveries_held > 0
    assert drain() == []

    factories.exchange_at(scene, ExchangeStatus.NEGOTIATING)  # people work on meanwhile
    assert drain() == []

    assert quarantine.release(send_held=False) == entered.deliveries_held
    left = drain()
    assert "TLK-2 has been proposed" in left
    assert "TLK-1 has been proposed" not in left
    assert (
        Delivery.objects.visible_to(scene.cast.south.head).inbox().filter(event__kind="exchange.proposed").count() == 2
    )


def test_what_was_held_can_be_sent(scene, exchange):
    quarantine.enter(MADE_AT, keep_keys=False)

    call_command("restore", "--release", "--send-held")

    assert drain().count("TLK-1 has been proposed") == 14


def test_nobody_goes_before_the_release(scene):
    tranche = factories.tranche_at(scene, TrancheStatus.STAGED)
    quarantine.enter(MADE_AT, keep_keys=False)

    with refused("restored from a backup and has not been released yet"):
        tranches.take_step(tranche, "go", actor=scene.cast.north.handover)

    quarantine.release(send_held=False)
    tranches.take_step(tranche, "go", actor=scene.cast.north.handover)


def test_sessions_and_keys_end(scene):
    SessionStore().save()
    negotiator = scene.cast.north.negotiator
    create_key(negotiator.memberships.get(), label="program", actor=negotiator)

    assert quarantine.enter(MADE_AT, keep_keys=False).keys_revoked == 1

    assert not Session.objects.exists()
    assert ApiKey.objects.unscoped("test").get().revoked_at is not None


def test_keys_can_be_kept(scene):
    negotiator = scene.cast.north.negotiator
    create_key(negotiator.memberships.get(), label="program", actor=negotiator)

    assert quarantine.enter(MADE_AT, keep_keys=True).keys_revoked == 0

    assert ApiKey.objects.unscoped("test").get().revoked_at is None


def test_every_log_says_where_it_ended_and_stays_whole(scene, exchange):
    ended = exchange.compartment.log.position

    quarantine.enter(MADE_AT, keep_keys=False)

    event = Event.objects.unscoped("test").filter(compartment=exchange.compartment).order_by("-position").first()
    assert (event.kind, event.actor, event.position) == ("installation.restored", "system", ended + 1)
    assert json.loads(event.content.json)["position"] == ended
    assert [checked.fault for checked in check_every_log() if checked.fault] == []


def test_there_is_nothing_to_release_twice(scene):
    quarantine.enter(MADE_AT, keep_keys=False)
    call_command("restore", "--release")

    with pytest.raises(CommandError, match="Nothing is in quarantine"):
        call_command("restore", "--release")


@pytest.mark.parametrize("arguments", [[], ["DIR", "--release"], ["DIR", "--send-held"]])
def test_arguments_that_do_not_go_together_are_refused(arguments):
    with pytest.raises(CommandError):
        call_command("restore", *arguments)


def test_a_backup_is_not_put_into_what_is_backed_up(settings):
    settings.FILES_DIR.mkdir()

    with pytest.raises(CommandError, match="lies in FILES_DIR"):
        call_command("backup", str(settings.FILES_DIR / "backup"))

    assert list(settings.FILES_DIR.iterdir()) == []


WHOLE = {
    "made_at": "2026-01-01T00:00:00+00:00", "engine": "sqlite", "database": "d", "migrations": {}, "logs": {},
    "files": {"d": [0, "0"]}, "format": manifest.FORMAT,
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": []}, {"files": {"d": 1}}, {"files": {}}, {"logs": {"a": 3}}, {"made_at": "yesterday"}, {"made_at": None},
        {"made_at": "2026-01-01"}, {"migrations": {"access": 1}}, {"database": "../d"}, {"more": 1}, {"format": "other 1"},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_of_another_make_is_refused_in_a_sentence(tmp_path, wrong):
    (tmp_path / "manifest.json").write_text(json.dumps(WHOLE))
    assert manifest.read(tmp_path).database == "d"

    (tmp_path / "manifest.json").write_text(json.dumps(WHOLE | wrong))
    with pytest.raises(BackupRefused, match=r"damaged|another form"):
        manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\x00"])
def test_a_manifest_that_is_none_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)

    with pytest.raises(BackupRefused, match="damaged"):
        manifest.read(tmp_path)
