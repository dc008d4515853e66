"""What waits for one person, computed from the rows as they stand: never a list that somebody has to keep."""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, Min, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from access.roles import May, roles_with_at_home
from audit.models import subject_of
from exchanges.models import (
    OPEN,
    Acceptance,
    CountStatement,
    Entry,
    Exchange,
    ExchangeHold,
    ExchangeStatus,
    Hold,
    SecondPair,
    SignOffStep,
    StepStatus,
    Tranche,
    TrancheStatus,
)
from exchanges.presentation.facts import TrancheFacts
from exchanges.presentation.times import count
from exchanges.presentation.tranche_page import pair_label
from exchanges.presentation.waiting_own import MOST, Own, WaitingRow, overdue_row, row_of, settled_exchanges, takes_part
from exchanges.presentation.waiting_words import words_awaited
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY
from exchanges.transitions.tranche import ON_THE_LADDER
from people.duties.presentation import NOTICES, Overdue, overdue_of
from people.imports.waiting import imports_waiting
from people.models import Merge


def waiting_for(viewer: User) -> list[WaitingRow]:
    """What has waited longest first. The number of queries does not grow with the number of rows."""
    own = Own(viewer)
    found: list[WaitingRow] = []
    for kind in (
        _sign_offs,
        _pairs,
        _formulas,
        _drafts,
        _names,
        _tranches,
        _resumptions,
        _counts,
        words_awaited,
        _merges,
        _duties,
        _imports,
    ):
        found.extend(kind(own))
    return sorted(found, key=lambda row: row.at)


def _sign_offs(own: Own) -> Iterator[WaitingRow]:
    if not own.offices:
        return
    steps = SignOffStep.objects.visible_to(own.viewer).filter(
        status=StepStatus.PENDING, office__in=own.offices, lock_number=F("tranche__lock_number"),
        tranche__status__in=ON_THE_LADDER,
    )  # fmt: skip
    recorded = {pair.subject: pair for pair in own.pairs}
    for step in steps.select_related("tranche__exchange").order_by("status_since")[:MOST]:
        pair = recorded.get(subject_of(step))
        if pair and pair.asked_by_id != own.viewer.pk:
            continue  # they are asked to be the second person: that row leads to the same sheet
        url = f"{reverse('exchanges:sign', args=[step.tranche_id])}?step={step.pk}"
        what = _("final sign-off") if step.is_final else _("sign-off")
        note = _("asked again: %(cause)s") % {"cause": step.lapsed_because} if step.lapsed_because else ""
        if pair:
            note = _("You recorded it. It waits for a second person of your office.")
        action = _("Open") if pair else _("Read and sign")
        yield row_of(step.tranche.reference, f"{what}: {step.office_name}", step.status_since, url, action, note)


def _pairs(own: Own) -> Iterator[WaitingRow]:
    pairs = [pair for pair in own.pairs if pair.asked_by_id != own.viewer.pk][:MOST]
    tranches, steps = _subjects(pairs, own.viewer)
    for pair in pairs:
        kind, _colon, pk = pair.subject.partition(":")
        step = steps.get(pk) if kind == "signoffstep" else None
        tranche = step.tranche if step else tranches.get(pk)
        if tranche is None or (step is not None and step.office_id not in own.offices):
            continue
        if not _still_open(pair.step, tranche, step):
            continue
        url = reverse("exchanges:tranche_step", args=[tranche.pk, pair.step])
        if step is not None:
            url = f"{reverse('exchanges:sign', args=[tranche.pk])}?step={step.pk}"
        what = _("second person: %(what)s") % {"what": pair_label(pair.step)}
        note = _("asked by %(who)s") % {"who": pair.asked_by}
        yield row_of(tranche.reference, what, pair.asked_at, url, _("Compare and confirm"), note)


def _merges(own: Own) -> Iterator[WaitingRow]:
    """Dossiers of people on open lists that somebody else asked to merge: decided together on one page."""
    if not own.holds(May.WRITE_PERSON):
        return
    rows = Merge.objects.where(own.viewer, May.WRITE_PERSON).filter(merged_at=None, ended_at=None)
    asked = rows.exclude(asked_by=own.viewer).order_by().aggregate(number=Count("pk"), since=Min("asked_at"))
    if number := asked["number"]:
        what = ngettext("%(count)s merge of dossiers", "%(count)s merges of dossiers", number) % {"count": number}
        told = _("second person: %(what)s") % {"what": what}
        yield row_of("", told, asked["since"], reverse("people:duplicates"), _("Compare and confirm"))


def _duties(own: Own) -> Iterator[WaitingRow]:
    """What is owed for people of one's own registry and overdue: a row for notices, one for duties after a death."""
    if not own.holds(May.WRITE_PERSON) and own.roles.isdisjoint(roles_with_at_home(May.WRITE_PERSON)):
        return
    for overdue in overdue_of(own.viewer):
        yield overdue_row(_owed_words(overdue), overdue.first_due, overdue.url)


def _imports(own: Own) -> Iterator[WaitingRow]:
    """Lists for one's own registry that somebody sent and nobody has finished."""
    if own.holds(May.IMPORT_PEOPLE):
        for one in imports_waiting(own.viewer):
            yield row_of("", one.what, one.since, one.url, _("Open"), one.note)


def _owed_words(overdue: Overdue) -> str:
    n = overdue.count
    if overdue.group == NOTICES:
        what = ngettext(
            "%(n)s person held by us, not notified to the Central Agency",
            "%(n)s people held by us, not notified to the Central Agency",
            n,
        )
    else:
        what = ngettext("%(n)s duty after a death in custody", "%(n)s duties after a death in custody", n)
    return what % {"n": count(n)}


def _still_open(name: str, tranche: Tranche, step: SignOffStep | None) -> bool:
    """A question about content that has moved on cannot be confirmed."""
    if name == "lock":
        return tranche.status == TrancheStatus.PLANNED
    if step is not None:
        return step.status in (StepStatus.PENDING, StepStatus.REFUSED) and step.lock_number == tranche.lock_number
    return tranche.is_open_locked


def _subjects(pairs: list[SecondPair], viewer: User) -> tuple[dict[str, Tranche], dict[str, SignOffStep]]:
    named: dict[str, list[str]] = {"tranche": [], "signoffstep": []}
    for pair in pairs:
        kind, _colon, pk = pair.subject.partition(":")
        named.setdefault(kind, []).append(pk)
    tranches = Tranche.objects.visible_to(viewer).filter(pk__in=named["tranche"]).select_related("exchange")
    steps = SignOffStep.objects.visible_to(viewer).filter(pk__in=named["signoffstep"])
    return (
        {str(row.pk): row for row in tranches} if named["tranche"] else {},
        {str(row.pk): row for row in steps.select_related("tranche__exchange")} if named["signoffstep"] else {},
    )


def _formulas(own: Own) -> Iterator[WaitingRow]:
    if not own.sides or not own.holds(May.NEGOTIATE):
        return
    accepted = Acceptance.objects.unscoped("own side's").filter(
        exchange=OuterRef("pk"), formula_version=OuterRef("formula_version"), participant__in=own.sides
    )
    rows = Exchange.objects.where(own.viewer, May.NEGOTIATE).filter(
        ~Exists(accepted), takes_part(own.sides), status__in=(ExchangeStatus.PROPOSED, ExchangeStatus.COUNTERED)
    )
    rows = rows.exclude(formula_by__in=own.sides).select_related("formula_by").order_by("status_since")
    for exchange in rows[:MOST]:
        what = _("accept or counter version %(version)s of the formula") % {"version": exchange.formula_version}
        url = reverse("exchanges:detail", args=[exchange.pk])
        note = _("written by %(who)s") % {"who": exchange.formula_by}
        yield row_of(exchange.reference, what, exchange.last_happened_at, url, _("Read it"), note)


def _drafts(own: Own) -> Iterator[WaitingRow]:
    if not own.sides or not own.holds(May.NEGOTIATE):
        return
    rows = Exchange.objects.where(own.viewer, May.NEGOTIATE).filter(status=ExchangeStatus.DRAFT, author__in=own.sides)
    for exchange in rows.order_by("status_since")[:MOST]:
        url = reverse("exchanges:detail", args=[exchange.pk])
        what = _("your side's draft: %(title)s") % {"title": exchange.title}
        yield row_of(_("Draft"), what, exchange.status_since, url, _("Open"))


def _names(own: Own) -> Iterator[WaitingRow]:
    """Lines that one's own side has not answered, by exchange."""
    if not own.sides or not own.holds(May.EDIT_LIST):
        return
    unanswered = Q(direction__holder__in=own.sides, holder_stance="") | Q(
        direction__receiver__in=own.sides, receiver_stance=""
    )
    rows = Entry.objects.where(own.viewer, May.EDIT_LIST).filter(
        unanswered, OPEN, direction__exchange__status__in=NEGOTIATING_TO_UNDER_WAY,
    )  # fmt: skip
    counted = dict(rows.order_by().values_list("direction__exchange_id").annotate(n=Count("pk"))[:MOST])
    exchanges = Exchange.objects.visible_to(own.viewer).filter(pk__in=counted).exclude(hold=ExchangeHold.SUSPENDED)
    for exchange in exchanges if counted else ():
        n = counted[exchange.pk]
        what = ngettext("%(n)s name to answer", "%(n)s names to answer", n) % {"n": count(n)}
        url = f"{reverse('exchanges:names', args=[exchange.pk])}?show=mine"
        yield row_of(exchange.reference, what, exchange.last_happened_at, url, _("Answer"))


def _tranches(own: Own) -> Iterator[WaitingRow]:
    if not own.sides or not own.holds(May.LOCK, May.RUN_HANDOVER, May.DECIDE, May.HOLD):
        return
    locking, handing, deciding = own.allowed(May.LOCK), own.allowed(May.RUN_HANDOVER), own.allowed(May.DECIDE)
    for facts in own.running:
        tranche = facts.tranche
        held = [hold for hold in facts.holds if hold.participant_id in own.sides]
        if held and tranche.compartment_id in deciding:
            yield _held(tranche, held[0])
        elif facts.holds:
            continue
        else:
            asked = ((locking, _to_lock), (handing, _to_hand_over), (deciding, _to_settle))
            found = (ask(facts, own) for allowed, ask in asked if tranche.compartment_id in allowed)
            yield from filter(None, (next(filter(None, found), None),))


def _held(tranche: Tranche, hold: Hold) -> WaitingRow:
    url = reverse("exchanges:tranche", args=[tranche.pk])
    return row_of(tranche.reference, _("your side holds it"), hold.placed_at, url, _("Open"), hold.reason)


def _to_lock(facts: TrancheFacts, own: Own) -> WaitingRow | None:
    tranche = facts.tranche
    url = reverse("exchanges:tranche_step", args=[tranche.pk, "lock"])
    if tranche.status == TrancheStatus.PLANNED and facts.agreed and not facts.agreed & own.sides:
        return row_of(tranche.reference, _("agree to the lock"), tranche.last_happened_at, url, _("Read and agree"))
    if tranche.status == TrancheStatus.LOCKED:
        url = reverse("exchanges:tranche", args=[tranche.pk])
        return row_of(tranche.reference, _("start sign-off"), tranche.status_since, url, _("Open"))
    return None


def _to_hand_over(facts: TrancheFacts, own: Own) -> WaitingRow | None:
    tranche = facts.tranche
    url = reverse("exchanges:tranche", args=[tranche.pk])
    if tranche.status == TrancheStatus.SIGNED_OFF:
        return row_of(tranche.reference, _("stage it"), tranche.status_since, url, _("Open"))
    if tranche.status == TrancheStatus.STAGED and not facts.gos & own.sides:
        line = reverse("exchanges:line", args=[tranche.pk])
        return row_of(tranche.reference, _("give the go"), tranche.status_since, line, _("To the line"))
    lines = sum(facts.silent.get(side, 0) for side in own.sides)
    if lines:
        what = ngettext("receipt of %(n)s line", "receipts of %(n)s lines", lines) % {"n": count(lines)}
        receipts = reverse("exchanges:tranche_step", args=[tranche.pk, "record_receipts"])
        return row_of(tranche.reference, what, tranche.status_since, receipts, _("Record"))
    return None


def _to_settle(facts: TrancheFacts, own: Own) -> WaitingRow | None:
    tranche = facts.tranche
    directions = own.directions.get(tranche.exchange_id, [])
    holds = {direction.holder_id for direction in directions} & own.sides
    if tranche.status not in (TrancheStatus.GONE, TrancheStatus.DISPUTED) or not holds or facts.stated & own.sides:
        return None
    url = reverse("exchanges:tranche_step", args=[tranche.pk, "settle"])
    return row_of(tranche.reference, _("state how many you presented"), tranche.status_since, url, _("State it"))


def _resumptions(own: Own) -> Iterator[WaitingRow]:
    if not own.sides or not own.holds(May.DECIDE):
        return
    rows = Exchange.objects.where(own.viewer, May.DECIDE).filter(hold_by__in=own.sides)
    for exchange in rows.exclude(hold=ExchangeHold.NONE).filter(status__in=NEGOTIATING_TO_UNDER_WAY)[:MOST]:
        url = reverse("exchanges:detail", args=[exchange.pk])
        what = _("%(hold)s by your side") % {"hold": exchange.get_hold_display()}
        yield row_of(exchange.reference, what, exchange.last_happened_at, url, _("Open"))


def _counts(own: Own) -> Iterator[WaitingRow]:
    if not own.sides or not own.holds(May.DECIDE):
        return
    stated = CountStatement.objects.unscoped("own side's").filter(
        exchange=OuterRef("pk"), tranche=None, participant__in=own.sides
    )
    rows = settled_exchanges(own).filter(~Exists(stated))
    for exchange in rows[:MOST]:
        url = reverse("exchanges:step", args=[exchange.pk, "settle_counts"])
        yield row_of(exchange.reference, _("state the counts"), exchange.last_happened_at, url, _("State it"))
