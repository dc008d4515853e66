"""What the server's keepers are told: each part in its own word, figures in the text format of Prometheus, exit codes."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone

from access.models import Installation
from alerts.models import Channel, Delivery, DeliveryState, Heartbeat
from alerts.operations import beat, route
from alerts.routing import compartments_behind
from alerts.tasks import sweep
from audit import append_only
from config import health, heartbeats
from exchanges.models import ExchangeStatus
from tests import factories

ALL_WELL = dict.fromkeys(("database", "triggers", "broker", "beat", "worker", "sweeper", "outbound"), "ok")


@pytest.fixture
def alive(db, settings):
    settings.REDIS_URL = ""
    for process in ("beat", "worker", "sweeper", "sweep"):
        beat(process)


def silence(*processes: str) -> None:
    Heartbeat.objects.filter(process__in=processes).update(at=timezone.now() - timedelta(minutes=10))


def not_ok(client) -> dict[str, str]:
    answer = client.get("/readyz")
    found = answer.json()
    assert set(found) == set(ALL_WELL)
    assert answer.status_code == (200 if found == ALL_WELL else 503)
    return {part: word for part, word in found.items() if word != "ok"}


def test_all_is_well(alive, client):
    assert not_ok(client) == {}


def test_before_the_first_heartbeats_everybody_is_silent(db, client, settings):
    settings.REDIS_URL = ""

    assert not_ok(client) == {"beat": "silent", "worker": "silent", "sweeper": "silent"}


def test_a_dead_beat_makes_no_worker_look_dead(alive, client):
    silence("beat", "sweep")

    assert not_ok(client) == {"beat": "silent"}


@pytest.mark.parametrize("worker", ["worker", "sweeper"])
def test_a_dead_worker_makes_neither_the_beat_nor_the_other_look_dead(alive, client, worker):
    silence(worker, "sweep") if worker == "sweeper" else silence(worker)

    assert not_ok(client) == {worker: "silent"}


def test_a_sweep_that_fails_every_time_is_no_sweep(alive, client, monkeypatch):
    silence("sweep")
    monkeypatch.setattr("alerts.tasks.record_expiries", lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        sweep()

    assert not_ok(client) == {"sweeper": "does not finish its sweeps"}


def test_a_sweep_that_ends_says_so(alive):
    silence("sweep")

    sweep()

    assert health.ages()["sweep"] < 10


def test_heartbeat_is_as_old_as_its_message(alive):
    from alerts.tasks import heartbeat

    heartbeat("worker", (timezone.now() - timedelta(seconds=70)).isoformat())

    assert 69 < health.ages()["worker"] < 75


def test_the_beat_notes_its_tick_and_outlives_a_dead_database(db, monkeypatch, caplog):
    heartbeats.note_the_tick()
    assert health.ages()["beat"] < 10

    monkeypatch.setattr("alerts.operations.beat", lambda process: (_ for _ in ()).throw(DatabaseError))
    heartbeats.note_the_tick()
    assert "no heartbeat of beat: DatabaseError" in caplog.text


def test_a_missing_trigger_is_told(alive, client, monkeypatch):
    monkeypatch.setattr("config.health.missing", lambda: ["audit_event_no_update"])

    assert not_ok(client) == {"triggers": "missing"}


def test_a_broker_that_does_not_answer_is_told(alive, client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert not_ok(client) == {"broker": "does not answer"}
    assert "homeward_queue_messages" not in client.get("/metrics").content.decode()


def test_without_a_database_it_answers_all_the_same(alive, client, monkeypatch):
    monkeypatch.setattr("config.health._database", lambda: "does not answer")

    assert not_ok(client) == dict.fromkeys(("triggers", "beat", "worker", "sweeper", "outbound"), "unknown") | {
        "database": "does not answer"
    }
    assert figures(client)['part_ok{part="database"}'] == 0


def test_quarantine_after_a_restore_is_told(alive, client):
    Installation.objects.create(quarantined_at=timezone.now())

    assert not_ok(client) == {"outbound": "held since a restore"}


LINE = re.compile(r'^homeward_([a-z_]+(?:\{[a-z]+="[a-z]+"\})?) (\d+(?:\.\d+)?|\+Inf)$')


def figures(client) -> dict[str, float]:
    """Parsed, with HELP and TYPE before each name."""
    answer = client.get("/metrics")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, "text/plain")
    found, told = {}, set()
    for line in answer.content.decode().removesuffix("\n").split("\n"):
        if match := re.match(r"# (HELP|TYPE) homeward_([a-z_]+) \S", line):
            told.add((match[1], match[2]))
            continue
        match = LINE.match(line)
        assert match, line
        name = match[1].partition("{")[0]
        assert {("HELP", name), ("TYPE", name)} <= told
        found[match[1]] = float(match[2])
    return found


def test_metrics_count_what_waits(alive, client, scene):
    before = figures(client)
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    behind = figures(client)
    for compartment in compartments_behind():
        route(compartment)
    Delivery.objects.unscoped("test").filter(channel=Channel.MAIL).update(due_at=timezone.now() - timedelta(hours=1))
    routed = figures(client)
    failed = Delivery.objects.unscoped("test").filter(channel=Channel.MAIL).first()
    Delivery.objects.unscoped("test").filter(pk=failed.pk).update(state=DeliveryState.FAILED)
    mails = Delivery.objects.unscoped("test").filter(channel=Channel.MAIL).count()

    assert behind["events_total"] == before["events_total"] + behind["events_unrouted"] - before["events_unrouted"]
    assert behind["logs_behind"] >= 2
    assert (routed["logs_behind"], routed["events_unrouted"], routed["events_unrouted_seconds"]) == (0, 0, 0)
    assert routed['deliveries_due{channel="mail"}'] == mails
    assert 3600 <= routed["deliveries_overdue_seconds"] < 3700
    assert figures(client)['deliveries_failed{channel="mail"}'] == 1


def test_metrics_know_who_was_never_heard_of(db, client):
    assert figures(client)['heartbeat_age_seconds{process="beat"}'] == float("inf")


def test_metrics_do_not_exist_behind_the_proxy(db, client):
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("172.18.0.1", 200), ("::ffff:8.8.8.8", 404), ("8.8.8.8", 404), ("", 404)],
)
def test_metrics_exist_for_a_near_scraper_alone(db, client, address, status):
    """They count what everybody does: one side would see when the other is at work."""
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == status


def test_metrics_name_nobody(alive, client, scene):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    text = client.get("/metrics").content.decode()

    assert not re.search(r"TLK|north|south|[0-9a-f]{8}-", text)


# alerts_check


def check(capsys, *arguments: str) -> tuple[int, str]:
    code = 0
    try:
        call_command("alerts_check", *arguments)
    except SystemExit as ended:
        code = ended.code
    return code, capsys.readouterr().out


@pytest.fixture
def quiet(alive, scene):
    """Everything routed, nothing due."""
    for compartment in compartments_behind():
        route(compartment)
    Delivery.objects.unscoped("test").update(state=DeliveryState.SENT, sent_at=timezone.now())


def test_nothing_late_ends_well(quiet, capsys):
    assert check(capsys) == (0, "Every alert has left or is on its way.\n")


def test_silent_beat_ends_badly(quiet, capsys):
    silence("beat")

    assert check(capsys) == (1, "beat: silent (start the beat: nothing asks for sweeps)\n")


def test_late_mail_and_late_routing_end_badly(quiet, scene, capsys, monkeypatch):
    factories.exchange_at(scene, ExchangeStatus.PROPOSED)
    assert check(capsys)[0] == 0  # a moment ago is not late

    monkeypatch.setattr("core.clock.now", lambda: timezone.now() + timedelta(minutes=5))
    code, said = check(capsys)
    assert (
        code,
        bool(re.match(r"late: \d+ events in \d+ logs have told nobody yet, the oldest for 5 minutes", said)),
    ) == (1, True)

    monkeypatch.undo()
    for compartment in compartments_behind():
        route(compartment)
    Delivery.objects.unscoped("test").filter(state="due").update(due_at=timezone.now() - timedelta(minutes=10))
    assert check(capsys)[1].endswith("the oldest should have left 10 minutes ago\n")


def test_failed_mail_ends_badly_until_it_is_tried_again(quiet, capsys):
    failed = Delivery.objects.unscoped("test").filter(channel=Channel.MAIL).first() or a_mail()
    Delivery.objects.unscoped("test").filter(pk=failed.pk).update(
        state=DeliveryState.FAILED, fault="SMTPRecipientsRefused", attempts=30, due_at=timezone.now()
    )

    assert check(capsys) == (1, f"failed: delivery {failed.pk} after 30 attempts (SMTPRecipientsRefused)\n")

    assert check(capsys, "--retry") == (
        0,
        "1 failed deliveries are due again.\nEvery alert has left or is on its way.\n",
    )
    assert Delivery.objects.unscoped("test").get(pk=failed.pk).state == DeliveryState.DUE


def a_mail() -> Delivery:
    from access.models import User
    from audit.models import Event

    return Delivery.objects.create(
        event=Event.objects.unscoped("test").first(), recipient=User.objects.filter(is_system=False).first(),
        channel=Channel.MAIL, due_at=timezone.now(),
    )  # fmt: skip


def test_what_failed_long_ago_is_reported_no_more(quiet, capsys):
    failed = a_mail()
    Delivery.objects.unscoped("test").filter(pk=failed.pk).update(
        state=DeliveryState.FAILED, due_at=timezone.now() - timedelta(days=8)
    )

    assert check(capsys)[0] == 0


def test_every_trigger_is_looked_for(alive, client):
    from django.db import connection

    (name, *_others) = sorted(f"{table}_no_delete" for table in append_only.guarded_tables())
    with connection.cursor() as cursor:
        on = f' ON "{name.removesuffix("_no_delete")}"' if connection.vendor == "postgresql" else ""
        cursor.execute(f'DROP TRIGGER "{name}"{on}')

    assert not_ok(client) == {"triggers": "missing"}
