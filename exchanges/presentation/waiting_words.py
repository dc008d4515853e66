"""What waits for a side that does not work here: whoever may record its word finds it among what waits for them."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.roles import May
from exchanges.models import (
    OPEN,
    Acceptance,
    CountStatement,
    Direction,
    Entry,
    Exchange,
    ExchangeHold,
    ExchangeStatus,
    StepStatus,
    TrancheStatus,
)
from exchanges.presentation.facts import TrancheFacts
from exchanges.presentation.times import count
from exchanges.presentation.waiting_own import MOST, Own, WaitingRow, row_of, settled_exchanges, takes_part
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY
from negotiations.models import Participant


def words_awaited(own: Own) -> Iterator[WaitingRow]:
    """Nothing is asked of the database where everybody works here."""
    if not own.sides or not own.absent or not own.holds(May.DECIDE):
        return
    yield from _formulas(own)
    yield from _names(own)
    yield from _holds(own)
    deciding = own.allowed(May.DECIDE)
    for facts in own.running:
        if facts.tranche.compartment_id in deciding and not facts.holds:
            yield from _of_tranche(facts, own)
    yield from _counts(own)


def _formulas(own: Own) -> Iterator[WaitingRow]:
    rows = Exchange.objects.where(own.viewer, May.DECIDE).filter(
        takes_part(own.sides), status__in=(ExchangeStatus.PROPOSED, ExchangeStatus.COUNTERED)
    )
    exchanges = list(rows.order_by("status_since")[:MOST])
    absent = _absent_sides(exchanges, own)
    given = Acceptance.objects.visible_to(own.viewer).filter(exchange__in=absent, participant__in=own.absent)
    accepted = set(given.values_list("exchange_id", "participant_id", "formula_version")) if absent else set()
    for exchange in exchanges:
        for side in absent.get(exchange.pk, ()):
            if side.pk == exchange.formula_by_id or (exchange.pk, side.pk, exchange.formula_version) in accepted:
                continue
            what = _("their answer to version %(version)s of the formula: %(who)s") % {
                "version": exchange.formula_version, "who": side,
            }  # fmt: skip
            url = f"{reverse('exchanges:detail', args=[exchange.pk])}#steps"
            yield _awaited(exchange.reference, what, exchange.last_happened_at, url)


def _names(own: Own) -> Iterator[WaitingRow]:
    """Lines that an absent side has not answered, by direction."""
    counted: list[tuple[UUID, int, UUID, int]] = []
    for end in ("holder", "receiver"):
        entries = Entry.objects.where(own.viewer, May.DECIDE).filter(
            OPEN, **{f"direction__{end}__in": own.absent, f"{end}_stance": ""},
            direction__exchange__status__in=NEGOTIATING_TO_UNDER_WAY,
        )  # fmt: skip
        named = entries.order_by().values_list("direction__exchange_id", "direction__number", f"direction__{end}_id")
        counted += named.annotate(n=Count("pk"))[:MOST]
    if not counted:
        return
    rows = Exchange.objects.visible_to(own.viewer).filter(takes_part(own.sides), pk__in={row[0] for row in counted})
    exchanges = {row.pk: row for row in rows.exclude(hold=ExchangeHold.SUSPENDED)}
    for pk, number, side, n in counted:
        if pk in exchanges:
            told = {"n": count(n), "who": own.absent[side]}
            what = ngettext("their answer to %(n)s name: %(who)s", "their answer to %(n)s names: %(who)s", n) % told
            url = _with_word(reverse("exchanges:names", args=[pk]), own.absent[side], direction=number)
            yield _awaited(exchanges[pk].reference, what, exchanges[pk].last_happened_at, url)


def _holds(own: Own) -> Iterator[WaitingRow]:
    """What their word stopped and only their word lets go on. A tranche's hold rests on nobody's word (RULES row 21)."""
    rows = Exchange.objects.where(own.viewer, May.DECIDE).filter(
        takes_part(own.sides), hold_by__in=own.absent, status__in=NEGOTIATING_TO_UNDER_WAY
    )
    for exchange in rows.exclude(hold=ExchangeHold.NONE).order_by("status_since")[:MOST]:
        assert exchange.hold_by_id is not None  # as asked for
        side = own.absent[exchange.hold_by_id]
        what = _("their word to resume, %(hold)s by %(who)s") % {"hold": exchange.get_hold_display(), "who": side}
        url = _with_word(reverse("exchanges:step", args=[exchange.pk, "resume"]), side)
        yield _awaited(exchange.reference, what, exchange.last_happened_at, url)


def _of_tranche(facts: TrancheFacts, own: Own) -> Iterator[WaitingRow]:
    tranche = facts.tranche
    if tranche.status == TrancheStatus.AWAITING_FINAL:
        for step in facts.steps:
            if step.is_final and step.participant_id in own.absent and step.status != StepStatus.APPROVED:
                url = f"{reverse('exchanges:sign', args=[tranche.pk])}?{urlencode({'step': step.pk})}#decide"
                what = _("their final sign-off: %(who)s") % {"who": step.office_name}
                yield _awaited(tranche.reference, what, step.status_since, url)
        return
    for side in _taking_part(own.directions.get(tranche.exchange_id, ()), own):
        for name, what in _asked_of(side, facts, own):
            url = _with_word(reverse("exchanges:tranche_step", args=[tranche.pk, name]), side)
            yield _awaited(tranche.reference, what, tranche.status_since, url)


def _asked_of(side: Participant, facts: TrancheFacts, own: Own) -> Iterator[tuple[str, str]]:
    """The steps of the tranche that are this side's to take, from its go on."""
    status = facts.tranche.status
    if status == TrancheStatus.STAGED and side.pk not in facts.gos:
        yield "go", _("their go: %(who)s") % {"who": side}
    if n := facts.silent.get(side.pk):
        told = {"n": count(n), "who": side}
        what = ngettext("their receipt of %(n)s line: %(who)s", "their receipts of %(n)s lines: %(who)s", n) % told
        yield "record_receipts", what
    hands_over = any(one.holder_id == side.pk for one in own.directions.get(facts.tranche.exchange_id, ()))
    if status in (TrancheStatus.GONE, TrancheStatus.DISPUTED) and hands_over and side.pk not in facts.stated:
        yield "settle", _("how many they presented: %(who)s") % {"who": side}


def _counts(own: Own) -> Iterator[WaitingRow]:
    exchanges = list(settled_exchanges(own)[:MOST])
    absent = _absent_sides(exchanges, own)
    rows = CountStatement.objects.visible_to(own.viewer).filter(exchange__in=absent, tranche=None)
    stated = set(rows.values_list("exchange_id", "participant_id")) if absent else set()
    for exchange in exchanges:
        for side in absent.get(exchange.pk, ()):
            if (exchange.pk, side.pk) not in stated:
                url = _with_word(reverse("exchanges:step", args=[exchange.pk, "settle_counts"]), side)
                what = _("their counts: %(who)s") % {"who": side}
                yield _awaited(exchange.reference, what, exchange.last_happened_at, url)


def _absent_sides(exchanges: list[Exchange], own: Own) -> dict[UUID, list[Participant]]:
    """By exchange, in one query; nothing is asked where there is no exchange."""
    directions: dict[UUID, list[Direction]] = {}
    rows = Direction.objects.visible_to(own.viewer).filter(exchange__in=exchanges)
    for direction in rows if exchanges else ():
        directions.setdefault(direction.exchange_id, []).append(direction)
    return {pk: found for pk, of_one in directions.items() if (found := _taking_part(of_one, own))}


def _taking_part(directions: Iterable[Direction], own: Own) -> list[Participant]:
    named = {pk for one in directions for pk in (one.holder_id, one.receiver_id)}
    return [side for pk, side in own.absent.items() if pk in named]


def _awaited(reference: str, what: str, at: Any, url: str) -> WaitingRow:
    return row_of(reference, what, at, url, _("Record their word"))


def _with_word(url: str, side: Participant, **asked: Any) -> str:
    return f"{url}?{urlencode({**asked, 'word': side.pk})}"
