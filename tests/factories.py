"""Exchanges and tranches at a status, reached by the real operations so that no test starts from an impossible state."""

from dataclasses import dataclass
from datetime import date, timedelta

from access.models import User
from core import clock
from exchanges.approval import current_manifest, digest_for
from exchanges.lists import lines_from_rows
from exchanges.models import Direction, Entry, Exchange, ExchangeStatus, SignOffStep, Tranche, TrancheStatus
from exchanges.operations import exchange as exchange_operations
from exchanges.operations import list as list_operations
from exchanges.operations import sign_off as sign_off_operations
from exchanges.operations import tranche as tranche_operations
from negotiations.models import Negotiation, Participant
from negotiations.operations import create_negotiation
from tests.cast import PASSWORD, Cast, Side
from tests.keeping import kept

SURNAMES = ("Abel", "Baker", "Cole", "Dunn", "Ellis", "Frost", "Gray", "Hale", "Irwin", "Jones", "Kerr", "Lane")
S, T = ExchangeStatus, TrancheStatus


@dataclass
class Talks:
    cast: Cast
    negotiation: Negotiation
    north: Participant
    south: Participant

    def side_of(self, participant: Participant) -> Side:
        return self.cast.north if participant == self.north else self.cast.south


def talks(cast: Cast) -> Talks:
    """A negotiation in which everybody works here, with a policy on both sides."""
    negotiation = create_negotiation(
        title="Talks", prefix="TLK", works_here="all", mediator=cast.mediator_organisation, actor=cast.north.head,
        participants=[
            {"name": "North", "letter": "A", "party": cast.north.party, "works_here": True,
             "organisations": [cast.north.hq, cast.north.office]},
            {"name": "South", "letter": "B", "party": cast.south.party, "works_here": True,
             "organisations": [cast.south.hq, cast.south.office]},
        ],
    )  # fmt: skip
    for side in (cast.north, cast.south):
        sign_off_operations.set_policy(
            negotiation, actor=side.head,
            steps=[{"office": side.hq, "scope": "names"}, {"office": side.office, "scope": "frame", "is_final": True}],
        )  # fmt: skip
    north, south = Participant.objects.visible_to(cast.north.head).filter(negotiation=negotiation).order_by("letter")
    return Talks(cast, negotiation, north, south)


@kept
def draft(scene: Talks, count: int = 3) -> Exchange:
    return exchange_operations.draft_exchange(
        scene.negotiation, title=f"{count} for {count}", actor=scene.cast.north.negotiator,
        directions=[
            {"holder": scene.south.pk, "receiver": scene.north.pk, "lines": [{"category": "", "count": count}]},
            {"holder": scene.north.pk, "receiver": scene.south.pk, "lines": [{"category": "", "count": count}]},
        ],
    )  # fmt: skip


@kept
def exchange_at(scene: Talks, status: str, count: int = 3) -> Exchange:
    """An exchange brought to `status`; for those that follow from a tranche, through its one tranche."""
    north, south = scene.cast.north, scene.cast.south
    exchange = draft(scene, count)
    if status == S.DRAFT:
        return exchange
    exchange = exchange_operations.propose(exchange, actor=north.negotiator)
    if status == S.COUNTERED:
        first = directions(exchange)[0]
        return exchange_operations.counter(
            exchange, lines={str(first.pk): [{"category": "", "count": count + 1}]}, actor=south.negotiator
        )
    if status == S.DECLINED:
        return exchange_operations.take_step(exchange, "decline", actor=south.head, reason="no")
    if status == S.PROPOSED:
        return exchange
    exchange = exchange_operations.accept(exchange, formula_version=1, actor=south.negotiator)
    if status == S.NEGOTIATING:
        return exchange
    if status == S.CANCELLED:
        return exchange_operations.take_step(exchange, "cancel", actor=north.head, reason="called off")
    through = {
        S.PREPARING: T.LOCKED, S.AWAITING_FINAL: T.AWAITING_FINAL, S.SIGNED_OFF: T.SIGNED_OFF, S.UNDER_WAY: T.GONE,
        S.COMPLETED: T.RECEIVED, S.ENDED_SHORT: T.RECEIVED,
    }  # fmt: skip
    tranche_at(scene, through[status], exchange=exchange)
    exchange = Exchange.objects.visible_to(north.head).get(pk=exchange.pk)
    if status == S.COMPLETED:
        for side in (north, south):
            exchange = exchange_operations.settle_counts(
                exchange, promised=count, presented=count, received=count, actor=side.head
            )
    if status == S.ENDED_SHORT:
        exchange = exchange_operations.take_step(exchange, "end_short", actor=north.head, reason="the rest stopped")
    return exchange


def directions(exchange: Exchange) -> list[Direction]:
    return list(Direction.objects.unscoped("test").filter(exchange=exchange).order_by("number"))


def rows(count: int, first: int = 0, **facts: object) -> list[dict[str, object]]:
    return [
        {
            "family_name": f"{SURNAMES[(first + i) % len(SURNAMES)]}{first + i}", "given_name": "Sam",
            "birth_date": f"199{i % 10}", "category": "prisoner_of_war", **facts,
        }
        for i in range(count)
    ]  # fmt: skip


@kept
def agreed_entries(scene: Talks, exchange: Exchange, count: int = 3) -> list[Entry]:
    """Holders offer, receivers agree, in every direction."""
    entries: list[Entry] = []
    for direction in directions(exchange):
        holder, receiver = (scene.side_of(p) for p in (direction.holder, direction.receiver))
        list_operations.submit(
            direction, lines=lines_from_rows(rows(count, first=100 * direction.number)), message="first list",
            base=direction.latest_revision, actor=holder.negotiator,
        )  # fmt: skip
        offered = list(Entry.objects.visible_to(receiver.negotiator).filter(direction=direction))
        list_operations.answer(exchange, entries=offered, stance="agreed", actor=receiver.negotiator)
        entries += offered
    return entries


@kept
def tranche_at(scene: Talks, status: str, exchange: Exchange | None = None, count: int = 3) -> Tranche:
    north, south = scene.cast.north, scene.cast.south
    exchange = exchange or exchange_at(scene, S.NEGOTIATING, count)
    entries = agreed_entries(scene, exchange, count)
    tranche = tranche_operations.plan_tranche(
        exchange, actor=north.negotiator, planned_on=date(2025, 5, 23), place="the border", entries=entries
    )
    if status == T.ABORTED:
        return tranche_operations.take_step(tranche, "abort", actor=north.head, reason="not now")
    if status == T.PLANNED:
        return tranche
    tranche = lock(scene, tranche)
    if status == T.LOCKED:
        return tranche
    tranche = tranche_operations.take_step(tranche, "start_sign_off", actor=north.head)
    if status == T.IN_SIGN_OFF:
        return tranche
    for side in (north, south):
        sign(tranche, side, side.head)
    if status == T.AWAITING_FINAL:
        return reread(tranche)
    for side in (north, south):
        sign(tranche, side, side.president, final=True)
    if status == T.SIGNED_OFF:
        return reread(tranche)
    for side in (north, south):
        list_operations.clear(tranche, actor=side.head)
    tranche = tranche_operations.take_step(tranche, "stage", actor=north.handover)
    if status == T.STAGED:
        return tranche
    for side in (north, south):
        tranche = tranche_operations.take_step(tranche, "go", actor=side.handover)
    if status == T.GONE:
        return tranche
    return settled(scene, tranche, status, count)


def lock(scene: Talks, tranche: Tranche) -> Tranche:
    for side in (scene.cast.north, scene.cast.south):
        tranche_operations.lock(tranche, actor=side.head)
        tranche = tranche_operations.lock(tranche, actor=side.deputy)
    return tranche


def step_of(tranche: Tranche, side: Side, *, final: bool = False) -> SignOffStep:
    return SignOffStep.objects.unscoped("test").get(
        tranche=tranche, lock_number=reread(tranche).lock_number, participant__party=side.party, is_final=final
    )


def digest_of(step: SignOffStep) -> str:
    manifest = current_manifest(reread(step.tranche))
    assert manifest is not None
    return digest_for(step.scope, manifest)


def sign(tranche: Tranche, side: Side, user: User, *, final: bool = False) -> SignOffStep:
    step = step_of(tranche, side, final=final)
    return sign_off_operations.approve(step, digest=digest_of(step), password=PASSWORD, actor=user)


def papers(number: str = "D-1") -> dict[str, object]:
    return {
        "decided_by": "The President", "reached_office_how": "by courier",
        "reached_office_at": clock.now() - timedelta(minutes=1), "document_number": number,
    }  # fmt: skip


def settled(scene: Talks, tranche: Tranche, status: str, count: int) -> Tranche:
    """Received: everybody came. One-sided: nobody came to the south. Disputed: one fewer came to the north."""
    sides = (scene.cast.north, scene.cast.south)
    for side in sides:
        received = list(
            Entry.objects.unscoped("test")
            .filter(tranche=tranche, direction__receiver__party=side.party)
            .order_by("number")
        )
        came = {T.ONE_SIDED: 0 if side is sides[1] else count, T.DISPUTED: count - (side is sides[0])}.get(
            status, count
        )
        outcomes = [
            {"entry": entry.pk, "outcome": "received" if index < came else "not_presented"}
            for index, entry in enumerate(received)
        ]
        tranche = tranche_operations.record_receipts(tranche, outcomes=outcomes, actor=side.handover)
    for side in sides:
        tranche = tranche_operations.settle(tranche, presented=count, actor=side.head)
    return tranche


def reread(tranche: Tranche) -> Tranche:
    return Tranche.objects.unscoped("test").select_related("exchange").get(pk=tranche.pk)
