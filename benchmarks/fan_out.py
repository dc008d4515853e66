"""An event to 10,000 people, each by inbox and by mail, over one INSERT … SELECT of the same deliveries."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from access.models import Membership, Organisation, User
from access.roles import Role
from accounts.operations import create_organisation, give_grant, system_user
from alerts.models import Delivery, Reader
from alerts.operations import route
from audit.models import Event
from benchmarks.database import head
from benchmarks.measuring import MILLI, Bench, Figure, median
from core.pouring import pour
from exchanges.models import Exchange, ExchangeHold
from exchanges.operations.exchange import take_step

NAME = "fan_out"
ABOUT = "fan-out to 10,000 recipients over one INSERT ... SELECT of the same deliveries <= 6"
NEEDS: tuple[str, ...] = ()
GOAL = 6.0
BODY = "Fan-out desk"
MOST_RUNS = 7

SAME = """
INSERT INTO alerts_delivery
    (id, event_id, recipient_id, invitation_id, channel, state, is_urgent, attempts, due_at, sent_at, read_at, fault)
SELECT {new_id}, event_id, recipient_id, invitation_id, channel, state, is_urgent, attempts, due_at, sent_at, read_at, fault
FROM bench_owed
"""


def measure(bench: Bench) -> list[Figure]:
    exchange = _exchange()
    _desk(exchange, bench.sizes.recipients)
    step = "postpone" if exchange.hold == ExchangeHold.NONE else "resume"
    take_step(exchange, step, actor=head(), reason="measured")
    events = Event.objects.unscoped("benchmark").filter(compartment=exchange.compartment_id)
    news = events.order_by("-position")[0]
    Reader.objects.update_or_create(pk=exchange.compartment_id, defaults={"position": news.position - 1})

    def ours() -> None:
        route(exchange.compartment_id)

    with connection.cursor() as cursor:
        ours()
        owed = _of(news).count()
        cursor.execute(
            f"CREATE TEMPORARY TABLE bench_owed AS SELECT * FROM alerts_delivery WHERE event_id = {int(news.pk)}"
        )
        new_id = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"

        def theirs() -> None:
            with transaction.atomic():
                cursor.execute(SAME.format(new_id=new_id))

        taken: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(min(bench.sizes.runs, MOST_RUNS)):
            for name, act in (
                (("ours", ours), ("theirs", theirs)) if number % 2 else (("theirs", theirs), ("ours", ours))
            ):
                _forget(news)
                taken[name].append(_timed(act))
                assert _of(news).count() == owed
        _forget(news)
        cursor.execute("DROP TABLE bench_owed")
    return [
        Figure("fan-out, event to deliveries", "ms", median(taken["ours"]), median(taken["theirs"]), "INSERT … SELECT",
               len(taken["ours"]), owed, GOAL, more={"recipients": owed // 2})
    ]  # fmt: skip


def _timed(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * MILLI


def _of(event: Event) -> Any:
    return Delivery.objects.unscoped("benchmark").filter(event=event)


def _forget(event: Event) -> None:
    """As if it had not been told yet."""
    _of(event)._raw_delete("default")
    Reader.objects.filter(pk=event.compartment_id).update(position=event.position - 1)


def _exchange() -> Exchange:
    """Another one than the alerts are timed at: its table is opened to a crowd."""
    open_ones = Exchange.objects.visible_to(head()).filter(status="negotiating").order_by("-status_since", "-pk")
    found: Exchange = open_ones[0]
    return found


def _desk(exchange: Exchange, size: int) -> None:
    """So many members of one organisation that is granted at this table alone; made once."""
    desk = Organisation.objects.unscoped("benchmark").filter(name=BODY).first()
    if desk is None:
        desk = create_organisation(BODY, kind="mediator", actor=system_user())
        give_grant(exchange.compartment, organisation=desk, roles=[Role.MEDIATOR], reason="measured", actor=head())
    there = Membership.objects.filter(organisation=desk).count()
    users = [
        User(username=f"fan-out-{number}", label=f"Member {number}", email=f"fan-out-{number}@example.org")
        for number in range(there, size)
    ]
    pour(User, users)
    Membership.objects.bulk_create(
        [Membership(user=user, organisation=desk, role=Role.MEDIATOR) for user in users], batch_size=1000
    )
