"""Operations on exchanges: draft, propose, counter, accept, decline, hold, end, settle."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, faults_at, refuse_stale, seat_with
from access.models import Compartment, Grant, Organisation, User
from access.roles import May
from access.scoping import running
from accounts.operations import give_grant, open_compartment
from audit.recording import record
from core import clock
from core.errors import InputRefused, TransitionRefused
from exchanges.models import (
    AFTER_GO,
    Acceptance,
    CountStatement,
    Direction,
    Exchange,
    ExchangeHold,
    ExchangeStatus,
    FinalOffice,
    FormulaLine,
    Placement,
    PolicyStep,
    Scope,
    Tranche,
    TrancheStatus,
)
from exchanges.operations.reading import reread_status
from exchanges.operations.taking import Circumstances, Taking, begin, finish, lock_exchange, tell
from exchanges.standing import Parties, standing_of
from exchanges.transitions.exchange import TRANSITIONS
from negotiations.models import Negotiation, Participant
from people.models import Category

Lines = Sequence[Mapping[str, Any]]
MOST_PERSONS = 1_000_000


@transaction.atomic
def draft_exchange(
    negotiation: Negotiation, *, title: str, directions: Sequence[Mapping[str, Any]], actor: User
) -> Exchange:
    """A draft in the author's own compartment. `directions`: `{holder, receiver, lines: [{category, count}]}` with
    participants' ids. Raises NotAllowed, or InputRefused naming the direction and line."""
    negotiation = Negotiation.objects.visible_to(actor).get(pk=negotiation.pk)
    channel_seat = seat_with(actor, negotiation.compartment_id, May.NEGOTIATE)
    participants = _participants_of(negotiation, actor)
    author = next((p for p in participants.values() if p.party_id and p.party_id == channel_seat.party_id), None)
    if author is None:
        raise NotAllowed(_("Only a participant of the negotiation drafts an exchange."))
    home = channel_seat.organisation.home
    now = clock.now()
    exchange = Exchange(
        compartment=home, negotiation=negotiation, author=author, formula_by=author, title=title, created_at=now,
        status_since=now, last_happened_at=now,
    )  # fmt: skip
    checked(exchange).save()
    _write_directions(exchange, directions, participants)
    record("exchange.drafted", subject=exchange, actor=actor, seat=seat_with(actor, home, May.NEGOTIATE))
    return exchange


@transaction.atomic
def change_draft(
    exchange: Exchange,
    *,
    actor: User,
    title: str | None = None,
    directions: Sequence[Mapping[str, Any]] | None = None,
    version: int | None = None,
) -> Exchange:
    """Title and directions as the author's side now means them; what is left out stays. Directions are given whole, as
    for `draft_exchange`. Raises StaleVersion, TransitionRefused once it is proposed, or InputRefused as there."""
    exchange = lock_exchange(exchange.pk, actor)
    seat = seat_with(actor, exchange.compartment_id, May.NEGOTIATE)
    refuse_stale(exchange.version, version)
    if not exchange.is_draft:
        raise TransitionRefused(
            _("Only a draft can be changed. Once it is proposed, a counter-offer changes the formula.")
        )
    before = snapshot(exchange)
    if title is not None:
        exchange.title = title
        checked(exchange)
    if directions is not None:
        _write_directions(exchange, directions, _participants_of(exchange.negotiation, actor))
    after = snapshot(exchange)
    if after == before:
        return exchange
    exchange.save(update_fields=["title"])
    record(
        "exchange.draft_changed", subject=exchange, actor=actor, seat=seat, capability=May.NEGOTIATE,
        data={"fields": [name for name in ("title", "directions") if after[name] != before[name]], "snapshot": after},
    )  # fmt: skip
    return exchange


def _participants_of(negotiation: Negotiation, actor: User) -> dict[str, Participant]:
    rows = Participant.objects.visible_to(actor).filter(negotiation=negotiation).order_by("letter")
    return {str(participant.pk): participant for participant in rows}


def _write_directions(
    exchange: Exchange, directions: Sequence[Mapping[str, Any]], participants: Mapping[str, Participant]
) -> None:
    """All directions of a draft anew: nothing hangs on them before it is proposed. One between the same two keeps its id."""
    if not directions:
        sentence = _("An exchange needs a direction: who hands over to whom.")
        raise InputRefused(sentence, errors={"directions": [sentence]})
    rows = Direction.objects.unscoped("own draft").filter(exchange=exchange)
    kept = {(row.holder_id, row.receiver_id): row.pk for row in rows}
    FormulaLine.objects.unscoped("own draft").filter(direction__exchange=exchange).delete()
    rows.delete()
    for number, given in enumerate(directions, start=1):
        _add_direction(exchange, number, given, participants, kept)


def _add_direction(
    exchange: Exchange, number: int, given: Mapping[str, Any], participants: Mapping[str, Participant],
    kept: dict[Any, UUID],
) -> Direction:  # fmt: skip
    where = f"directions.{number - 1}"
    try:
        holder, receiver = participants[str(given["holder"])], participants[str(given["receiver"])]
    except KeyError as error:
        sentence = _("Direction %(number)s: name a holder and a receiver of this negotiation.") % {"number": number}
        raise InputRefused(sentence, errors={where: [sentence]}) from error
    direction = Direction(
        compartment_id=exchange.compartment_id, exchange=exchange, number=number, holder=holder, receiver=receiver
    )
    direction.pk = kept.pop((holder.pk, receiver.pk), direction.pk)
    with faults_at(where):
        checked(direction).save()
    write_formula(direction, given.get("lines", ()), version=exchange.formula_version)
    return direction


def write_formula(direction: Direction, lines: Lines, *, version: int) -> list[FormulaLine]:
    """The lines of one direction's formula. Raises InputRefused naming the line."""
    written = []
    for index, line in enumerate(lines, start=1):
        where = f"directions.{direction.number - 1}.lines.{index - 1}"
        category, count = str(line.get("category") or ""), line.get("count")
        if category and category not in Category.values:
            sentence = _("Line %(line)s: there is no category “%(category)s”.") % {"line": index, "category": category}
            raise InputRefused(sentence, errors={where: [sentence]})
        if not isinstance(count, int) or not 1 <= count <= MOST_PERSONS:
            sentence = _("Line %(line)s: write how many, as a whole number from 1.") % {"line": index}
            raise InputRefused(sentence, errors={where: [sentence]})
        row = FormulaLine(
            compartment_id=direction.compartment_id, direction=direction, formula_version=version, category=category,
            count=count,
        )  # fmt: skip
        with faults_at(where):
            checked(row).save()
        written.append(row)
    return written


@transaction.atomic
def take_step(exchange: Exchange, step: str, *, actor: User, **circumstances: Any) -> Exchange:
    """The steps that carry nothing but their circumstances: decline, postpone, suspend, resume, cancel, end_short."""
    change = _CHANGES[step]  # every other step writes more than a status
    taking = _begin(exchange, step, actor, Circumstances(**circumstances))
    change(taking)
    finish(taking)
    if step in ("cancel", "end_short"):
        _abort_open_tranches(taking)
        _release_places(taking)
    reread_status(taking.exchange, standing=taking.standing, happened_at=taking.happened_at)
    return taking.exchange


def _begin(
    exchange: Exchange, step: str, actor: User, circumstances: Circumstances, given: Mapping[str, Any] | None = None
) -> Taking:
    locked = lock_exchange(exchange.pk, actor)
    return begin(TRANSITIONS[step], locked, locked, actor=actor, circumstances=circumstances, given=given)


def _nothing(taking: Taking) -> None:
    return


def _place_hold(taking: Taking, hold: str) -> None:
    exchange = taking.exchange
    exchange.hold_beneath, exchange.hold_beneath_by_id = exchange.hold, exchange.hold_by_id
    exchange.hold, exchange.hold_by = hold, taking.participant
    exchange.save(update_fields=["hold", "hold_by", "hold_beneath", "hold_beneath_by"])
    void_gos(exchange)


def _lift_hold(taking: Taking) -> None:
    exchange = taking.exchange
    exchange.hold, exchange.hold_by_id = exchange.hold_beneath, exchange.hold_beneath_by_id
    exchange.hold_beneath, exchange.hold_beneath_by = ExchangeHold.NONE, None
    exchange.save(update_fields=["hold", "hold_by", "hold_beneath", "hold_beneath_by"])


_CHANGES = {
    "decline": _nothing,
    "cancel": _nothing,
    "end_short": _nothing,
    "postpone": lambda taking: _place_hold(taking, ExchangeHold.POSTPONED),
    "suspend": lambda taking: _place_hold(taking, ExchangeHold.SUSPENDED),
    "resume": _lift_hold,
}


def void_gos(exchange: Exchange) -> None:
    """A go counts only while nothing held the tranche since: the next one is given under a new number."""
    staged = Tranche.objects.unscoped("the exchange is locked").filter(exchange=exchange, status=TrancheStatus.STAGED)
    for tranche in staged.locked().order_by("pk"):
        tranche.readiness += 1
        tranche.save(update_fields=["readiness"])


def _abort_open_tranches(taking: Taking) -> None:
    from exchanges.operations.tranche import abort_with_exchange

    rows = Tranche.objects.unscoped("the exchange is locked").filter(exchange=taking.exchange)
    for tranche in rows.exclude(status__in=(*AFTER_GO, TrancheStatus.ABORTED)).locked().order_by("pk"):
        abort_with_exchange(tranche, taking)


def _release_places(taking: Taking) -> None:
    """An exchange that is over keeps nobody's place: whoever came home through it may be captured again."""
    rows = Placement.objects.unscoped("every participant's people of this exchange")
    rows.filter(tranche__exchange=taking.exchange, released_at=None).update(released_at=taking.now)


@transaction.atomic
def propose(exchange: Exchange, *, actor: User, **circumstances: Any) -> Exchange:
    """Disclose a draft: make its table, move exchange and directions there once, and log what was disclosed.

    The draft's own events stay behind in the author's log. The row keeps its id and gets new times.
    """
    taking = _begin(exchange, "propose", actor, Circumstances(**circumstances))
    exchange, negotiation = taking.exchange, Negotiation.objects.locked().get(pk=taking.exchange.negotiation_id)
    exchange.reference = f"{negotiation.prefix}-{negotiation.next_number}"
    negotiation.next_number += 1
    negotiation.save(update_fields=["next_number"])
    finals = _final_steps(taking.parties)
    table = open_compartment(
        Compartment.Kind.TABLE, exchange.reference, granted=_granted_on_channel(negotiation, finals), actor=actor,
        reason=f"proposed as {exchange.reference}",
    )  # fmt: skip
    standing_of(actor, table, taking.parties)  # raises TwoSides: a draft's own half showed one side only
    exchange.compartment, exchange.created_at = table, taking.now
    exchange.formula_by = taking.side  # an absent participant's word makes it their version
    exchange.save(update_fields=["compartment", "reference", "created_at", "formula_by"])
    for direction in taking.parties.directions:
        direction.compartment = table
        direction.save(update_fields=["compartment"])
        for line in direction.formula_lines.all():
            line.compartment = table
            line.save(update_fields=["compartment"])
    for participant, step in finals:
        _name_final(exchange, participant, step.office, step.office_name, step.quorum, step.scope)
    finish(taking, data={"snapshot": snapshot(exchange)})
    return exchange


def _final_steps(parties: Parties) -> list[tuple[Participant, PolicyStep]]:
    steps = PolicyStep.objects.unscoped("finals are named at the table").filter(
        is_final=True, policy__participant__in=parties.here
    )
    return [(step.policy.participant, step) for step in steps.select_related("policy__participant", "office")]


def _granted_on_channel(
    negotiation: Negotiation, finals: Sequence[tuple[Participant, PolicyStep]]
) -> list[tuple[Organisation, list[str]]]:
    """Every organisation granted on the channel, and each final's office, with the same roles (row 2)."""
    grants = Grant.objects.filter(running(), compartment=negotiation.compartment_id, organisation__isnull=False)
    granted: dict[Organisation, set[str]] = {}
    for grant in grants.select_related("organisation").prefetch_related("roles"):
        granted.setdefault(grant.organisation, set()).update(grant.role_names)  # type: ignore[arg-type]
    for _participant, step in finals:
        if step.office and step.office not in granted:
            party_roles = [
                roles for organisation, roles in granted.items() if organisation.party_id == step.office.party_id
            ]
            granted[step.office] = set().union(*party_roles)
    return [(organisation, sorted(roles)) for organisation, roles in granted.items()]


def snapshot(exchange: Exchange) -> dict[str, Any]:
    """What the proposal says, for the log: title, directions, formula."""
    lines = FormulaLine.objects.unscoped("own exchange").filter(formula_version=exchange.formula_version)
    return {
        "title": exchange.title,
        "formula_version": exchange.formula_version,
        "directions": [
            {
                "holder": direction.holder.name,
                "receiver": direction.receiver.name,
                "lines": [
                    {"category": line.category, "count": line.count} for line in lines.filter(direction=direction)
                ],
            }
            for direction in Parties(exchange).directions
        ],
    }


@transaction.atomic
def counter(exchange: Exchange, *, lines: Mapping[str, Lines], actor: User, **circumstances: Any) -> Exchange:
    """Write version n + 1 of the formula. `lines`: by direction id; a direction left out keeps its lines."""
    taking = _begin(exchange, "counter", actor, Circumstances(**circumstances))
    exchange, version = taking.exchange, taking.exchange.formula_version + 1
    known = {str(direction.pk) for direction in taking.parties.directions}
    if unknown := set(map(str, lines)) - known:
        sentence = _("This is no direction of the exchange.")
        raise InputRefused(sentence, errors={f"lines.{pk}": [sentence] for pk in sorted(unknown)})
    for direction in taking.parties.directions:
        kept = direction.formula_lines.filter(formula_version=exchange.formula_version).values("category", "count")
        new = lines.get(str(direction.pk)) or list(kept)
        write_formula(direction, new, version=version)
    exchange.formula_version, exchange.formula_by = version, taking.side
    exchange.save(update_fields=["formula_version", "formula_by"])
    finish(taking, data={"snapshot": snapshot(exchange)})
    return exchange


@transaction.atomic
def accept(exchange: Exchange, *, formula_version: int, actor: User, **circumstances: Any) -> Exchange:
    """Accept one version of the formula; with the last participant the exchange is *negotiating*."""
    given = {"formula_version": formula_version}
    taking = _begin(exchange, "accept", actor, Circumstances(**circumstances), given)
    Acceptance.objects.create(
        compartment_id=taking.exchange.compartment_id, exchange=taking.exchange, participant=taking.side,
        formula_version=formula_version, organisation=taking.organisation, at=taking.now, version=1,
    )  # fmt: skip
    finish(taking, data=given)
    return taking.exchange


@transaction.atomic
def settle_counts(
    exchange: Exchange, *, promised: int | None, presented: int | None, received: int | None, actor: User,
    **circumstances: Any,
) -> Exchange:  # fmt: skip
    """One participant's own counts over the whole exchange; with the last the exchange is *completed*."""
    given = {"promised": promised, "presented": presented, "received": received}
    taking = _begin(exchange, "settle_counts", actor, Circumstances(**circumstances), given)
    refuse_absurd_counts(given)
    CountStatement.objects.create(
        compartment_id=taking.exchange.compartment_id, exchange=taking.exchange, participant=taking.side,
        at=taking.now, version=1, **given,
    )  # fmt: skip
    finish(taking, data=given)
    if is_over(taking.exchange):
        _release_places(taking)
    return taking.exchange


@transaction.atomic
def name_final_office(
    exchange: Exchange,
    *,
    participant: UUID | str,
    actor: User,
    office: Organisation | None = None,
    office_name: str = "",
    quorum: int = 1,
    scope: str = Scope.FRAME,
    version: int | None = None,
) -> FinalOffice:
    """Name at the table whose final sign-off a participant gives; before the first lock only."""
    exchange = lock_exchange(exchange.pk, actor)
    refuse_stale(exchange.version, version)
    parties = Parties(exchange)
    standing = standing_of(actor, exchange.compartment_id, parties, (May.DECIDE,))
    if May.DECIDE not in standing.capabilities or standing.seat is None:
        raise NotAllowed(_("Naming a final sign-off is for a head of delegation."))
    side = parties.by_id(participant)
    if side.works_here and standing.participant != side:
        raise NotAllowed(_("%(who)s names its own.") % {"who": side})
    if exchange.is_draft:
        raise NotAllowed(_("The finals are named at the table: propose the exchange first."))
    if Tranche.objects.unscoped("own exchange").filter(exchange=exchange, lock_number__gte=1).exists():
        raise NotAllowed(_("A tranche has been locked: the finals are settled."))
    _check_office(side, office)
    if office:
        _open_table_to(office, exchange, actor)
    final = _name_final(exchange, side, office, office_name or (office.name if office else ""), quorum, scope)
    record(
        "final_office.named", subject=exchange, actor=actor, seat=standing.seat, capability=May.DECIDE,
        data={"participant": side.letter, "office": final.office_name, "quorum": quorum, "scope": scope},
    )  # fmt: skip
    return final


def _check_office(side: Participant, office: Organisation | None) -> None:
    """Who works here signs through an organisation of its own; an absent side's office is a name (RULES section 1)."""
    sentence = ""
    if office is None and side.works_here:
        sentence = _("Name an organisation of %(who)s.") % {"who": side}
    elif office is not None and not (side.works_here and office.party_id == side.party_id):
        sentence = _("This office does not act for %(who)s.") % {"who": side}
    if sentence:
        raise InputRefused(sentence, errors={"office": [sentence]})


def _open_table_to(office: Organisation, exchange: Exchange, actor: User) -> None:
    """An office that is to sign sees the table, under the roles its side has there."""
    own = Grant.objects.filter(
        running(), compartment=exchange.compartment_id, organisation__party=office.party_id
    ).prefetch_related("roles")
    if all(grant.organisation_id != office.pk for grant in own):
        roles = {role for grant in own for role in grant.role_names}
        reason = _("gives the final sign-off")
        give_grant(exchange.compartment, organisation=office, roles=roles, reason=reason, actor=actor)


def _name_final(
    exchange: Exchange, participant: Participant, office: Organisation | None, name: str, quorum: int, scope: str
) -> FinalOffice:
    rows = FinalOffice.objects.unscoped("own exchange").filter(exchange=exchange, participant=participant)
    final = rows.first() or FinalOffice(
        compartment_id=exchange.compartment_id, exchange=exchange, participant=participant
    )
    final.office, final.office_name, final.quorum, final.scope = office, name, quorum, scope
    checked(final).save()
    return final


def refuse_absurd_counts(counts: Mapping[str, int | None]) -> None:
    """Raise InputRefused at every count that cannot be one of persons."""
    sentence = _("Write how many people, as a whole number up to %(most)s.") % {"most": f"{MOST_PERSONS:,}"}
    wrong = {name: [sentence] for name, count in counts.items() if count is not None and not 0 <= count <= MOST_PERSONS}
    if wrong:
        raise InputRefused(sentence, errors=wrong)


def is_over(exchange: Exchange) -> bool:
    return exchange.status in (
        ExchangeStatus.COMPLETED, ExchangeStatus.ENDED_SHORT, ExchangeStatus.DECLINED, ExchangeStatus.CANCELLED,
    )  # fmt: skip


__all__ = [
    "accept", "change_draft", "counter", "draft_exchange", "is_over", "name_final_office", "propose", "settle_counts", "snapshot",
    "take_step", "tell", "void_gos", "write_formula",
]  # fmt: skip
