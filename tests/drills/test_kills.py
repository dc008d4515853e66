"""Whatever is killed, and whenever: the alert arrives after the restart, once in the inbox, and by mail under one Message-ID.

Three instants: between the commit and the routing, between the routing and the sending, and in the middle of sending, when
the mail server has taken a mail and nobody has noted it. On PostgreSQL and Redis with every process of its own; and with the
demonstration's one process on SQLite and a broker in memory. The processes are stopped where the database or the mail
server shows that they have come to that instant; the product knows nothing of it.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from tests.drills.processes import House, database, until
from tests.drills.smtp_sink import DEAF, KEEPS_SILENT, TAKES

pytestmark = [pytest.mark.real, pytest.mark.slow]

CELERY = ["-m", "celery", "--app=config"]
EVERY_PROCESS = {
    "web": ["-m", "uvicorn", "config.asgi:application", "--host=127.0.0.1", "--port=PORT", "--log-level=warning"],
    "worker": [*CELERY, "worker", "--queues=celery", "--concurrency=2", "--hostname=worker@%h", "--loglevel=WARNING"],
    "sweeper": [*CELERY, "worker", "--queues=sweep", "--concurrency=1", "--hostname=sweeper@%h", "--loglevel=WARNING"],
    "beat": [*CELERY, "beat", "--schedule=SCHEDULE", "--pidfile=", "--loglevel=WARNING"],
}
ONE_PROCESS = {"demo": ["manage.py", "demo", "--port=PORT"]}


class Broker:
    """The drill's own number in the Redis of the tests; nothing else there is touched."""

    def __init__(self, worker_id: str) -> None:
        import redis

        base, _slash, number = settings.REDIS_URL.rpartition("/")
        own = int(number or 0) + 1 + int(worker_id.removeprefix("gw") if worker_id.startswith("gw") else 0)
        self.url = f"{base}/{own}"
        self.client = redis.Redis.from_url(self.url)

    def flush(self) -> None:
        self.client.flushdb()


@pytest.fixture(scope="module")
def broker(worker_id) -> Iterator[Broker]:
    if not settings.REDIS_URL:
        pytest.skip("needs Redis: set REDIS_URL")
    made = Broker(worker_id)
    made.flush()
    yield made
    made.flush()
    made.client.close()


@pytest.fixture(scope="module")
def services(broker, tmp_path_factory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("services")
    commands = {
        name: [part.replace("SCHEDULE", str(folder / "schedule")) for part in command]
        for name, command in EVERY_PROCESS.items()
    }
    with database("postgresql", folder) as own:
        house = House(own, folder, commands, REDIS_URL=broker.url)
        try:
            house.start()
            caught_up(house)
            yield house
        finally:
            house.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("demo")
    with database("sqlite", folder) as own:
        house = House(own, folder, ONE_PROCESS)
        try:
            house.start()
            caught_up(house)
            yield house
        finally:
            house.close()


def caught_up(house: House) -> None:
    """What the staging left has been routed and sent."""
    left = "SELECT count(*) FROM alerts_delivery WHERE state = 'due'"
    until(
        lambda: house.read() == house.head() and house.database.one(left) == 0,
        "everything before the drill has left",
        180,
    )


def next_step(house: House) -> str:
    held = house.database.one("SELECT count(*) FROM exchanges_hold WHERE released_at IS NULL")
    return "release_hold" if held else "hold"


def news(house: House) -> int:
    """Somebody places a hold, or releases it. Returns the position of the event."""
    position = house.head() + 1
    house.act(next_step(house))
    return position


def assert_it_arrives(
    house: House, position: int, *, twice_at_most: Callable[[str], bool] = lambda message_id: False
) -> None:
    """To everybody, once in the inbox; each mail under its own Message-ID, twice only where the drill made it unknown."""

    def mails_have_left() -> bool:
        mails = house.deliveries(position, "mail")
        return bool(mails) and all(state == "sent" for _pk, _to, state in mails)

    until(mails_have_left, f"the mails of event {position} have left")
    inbox, mails = house.deliveries(position, "inbox"), house.deliveries(position, "mail")
    to = [email for _pk, email, _state in inbox]
    assert {"south-head@example.org", "south-president@example.org", "mediator@example.org"} <= set(to)
    assert "north-head@example.org" not in to  # who did it
    assert (len(to), to) == (len(set(to)), [email for _pk, email, _state in mails])
    for pk, email, _state in mails:
        message_id = f"<{pk}@127.0.0.1>"
        times = house.sink.times(message_id)
        assert times == 1 or (times == 2 and twice_at_most(message_id)), (message_id, times)
        assert {address for found, address in house.sink.received if found == message_id} == {email}


def assert_nothing_else_was_sent(house: House) -> None:
    """Every mail that ever came is a delivery of the database, and none came three times."""
    known = {f"<{pk}@127.0.0.1>" for pk in all_mails(house)}
    times = Counter(message_id for message_id, _to in house.sink.received)
    assert set(times) == known
    assert max(times.values()) <= 2


def all_mails(house: House) -> list[str]:
    from uuid import UUID

    return [str(UUID(str(pk))) for (pk,) in house.database.ask("SELECT id FROM alerts_delivery WHERE channel = 'mail'")]


def routed(house: House, position: int) -> bool:
    return house.read() >= position


# PostgreSQL and Redis


SECONDS_UNTIL_NOBODY_LISTENS = 4


def test_services_in_peace(services):
    until(lambda: services.get("/readyz")[0] == 200, "every part is ready")

    assert_it_arrives(services, news(services))
    assert_nothing_else_was_sent(services)


def test_services_workers_killed_and_broker_flushed_between_commit_and_routing(services, broker):
    services.signal(signal.SIGSTOP, "worker", "sweeper")
    position = news(services)
    assert not routed(services, position)
    services.kill("worker", "sweeper")
    broker.flush()
    assert not routed(services, position)

    services.start("worker", "sweeper")

    assert_it_arrives(services, position)


def test_services_web_killed_as_soon_as_it_has_committed(services, broker):
    position = services.head() + 1
    services.signal(signal.SIGSTOP, "worker", "sweeper")
    posting = services.act_meanwhile(next_step(services))
    until(lambda: services.head() >= position, "the step is committed", every=0.001)
    services.kill("web")
    broker.flush()
    posting.join(timeout=60)
    assert not routed(services, position)

    services.signal(signal.SIGCONT, "worker", "sweeper")
    services.start("web")

    assert_it_arrives(services, position)


@pytest.mark.parametrize("flushed", [False, True], ids=["", "and the broker flushed"])
def test_services_workers_killed_between_routing_and_sending(services, broker, flushed):
    services.sink.mode = DEAF
    position = news(services)
    until(lambda: services.deliveries(position, "mail"), "the event is routed")
    services.kill("worker", "sweeper")
    if flushed:
        broker.flush()
    assert {state for _pk, _to, state in services.deliveries(position, "mail")} == {"due"}

    services.sink.mode = TAKES
    services.let_the_lease_run_out()
    services.start("worker", "sweeper")

    assert_it_arrives(services, position)


def test_services_workers_killed_in_the_middle_of_sending(services):
    before = len(services.sink.received)
    services.sink.mode = KEEPS_SILENT
    position = news(services)
    until(lambda: len(services.sink.received) > before, "a mail is taken and not noted")
    services.kill("worker", "sweeper")
    taken = {message_id for message_id, _to in services.sink.received[before:]}
    assert {state for _pk, _to, state in services.deliveries(position, "mail")} == {"due"}

    services.sink.mode = TAKES
    services.let_the_lease_run_out()
    services.start("worker", "sweeper")

    assert_it_arrives(services, position, twice_at_most=taken.__contains__)
    assert all(services.sink.times(message_id) == 2 for message_id in taken)
    assert_nothing_else_was_sent(services)


def test_services_beat_killed_and_the_message_lost(services, broker):
    """A dead beat is told apart from dead workers, and the reverse; what the broker lost waits for the sweep."""
    services.kill("beat")
    services.signal(signal.SIGSTOP, "worker")
    # A sweep that beat had asked for may be under way; and the broker still hands the next message to a worker that waits.
    time.sleep(SECONDS_UNTIL_NOBODY_LISTENS)
    position = news(services)
    broker.flush()
    services.signal(signal.SIGCONT, "worker")
    backdate_heartbeats(services)
    until(lambda: silent(services) == {"beat"}, "only the beat is silent")
    assert not routed(services, position)

    services.kill("worker", "sweeper")
    services.start("beat")
    backdate_heartbeats(services)
    until(lambda: silent(services) == {"worker", "sweeper"}, "only the workers are silent")
    services.start("worker", "sweeper")

    assert_it_arrives(services, position)
    until(lambda: services.get("/readyz")[0] == 200, "every part is ready again")


def backdate_heartbeats(services: House) -> None:
    services.database.ask("UPDATE alerts_heartbeat SET at = at - interval '10 minutes'")


def silent(services: House) -> set[str]:
    import json

    return {part for part, word in json.loads(services.get("/readyz")[1]).items() if word == "silent"}


# The demonstration's one process


def test_demo_in_peace(demo):
    until(lambda: demo.get("/readyz")[0] == 200, "every part is ready")

    assert_it_arrives(demo, news(demo))
    assert_nothing_else_was_sent(demo)


def test_demo_killed_between_commit_and_routing(demo):
    position = 0
    for _attempt in range(20):
        position = demo.head() + 1
        posting = demo.act_meanwhile(next_step(demo))
        until(lambda: demo.head() >= position, "the step is committed", every=0.0005)  # noqa: B023  called at once
        demo.signal(signal.SIGSTOP, "demo")
        if not routed(demo, position):
            break
        demo.signal(signal.SIGCONT, "demo")  # routed already: once more
        posting.join(timeout=60)
    assert not routed(demo, position)
    demo.kill("demo")
    posting.join(timeout=60)

    demo.start()

    assert_it_arrives(demo, position)


def test_demo_killed_between_routing_and_sending(demo):
    demo.sink.mode = DEAF
    position = news(demo)
    until(lambda: demo.deliveries(position, "mail"), "the event is routed")
    demo.kill("demo")
    assert {state for _pk, _to, state in demo.deliveries(position, "mail")} == {"due"}

    demo.sink.mode = TAKES
    demo.let_the_lease_run_out()
    demo.start()

    assert_it_arrives(demo, position)


def test_demo_killed_in_the_middle_of_sending(demo):
    before = len(demo.sink.received)
    demo.sink.mode = KEEPS_SILENT
    position = news(demo)
    until(lambda: len(demo.sink.received) > before, "a mail is taken and not noted")
    demo.kill("demo")
    taken = {message_id for message_id, _to in demo.sink.received[before:]}
    assert {state for _pk, _to, state in demo.deliveries(position, "mail")} == {"due"}

    demo.sink.mode = TAKES
    demo.let_the_lease_run_out()
    demo.start()

    assert_it_arrives(demo, position, twice_at_most=taken.__contains__)
    assert all(demo.sink.times(message_id) == 2 for message_id in taken)
    assert_nothing_else_was_sent(demo)
