"""The short exchange: a small one that is over, entered by two people of one headquarters in one save.

Nothing here changes a row: the operations of the long way are called one after the other, so that every guard is asked and
every event stands in the logs as if each step had been taken by itself. The first refusal takes back all of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.acting import NotAllowed, seat_with
from access.models import Compartment, Organisation, User
from access.roles import May, holders_spelt
from access.scoping import Seat, memberships_of, seats_of
from accounts.models import IdempotencyKey
from core import clock
from core.errors import DomainError, InputRefused
from exchanges.approval import current_manifest, digest_for
from exchanges.lists import Line, ListRefused
from exchanges.models import Direction, Entry, Exchange, Outcome, Scope, SignOff, SignOffPolicy, SignOffStep, Tranche
from exchanges.models import StepStatus as S
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from exchanges.standing import Word
from negotiations.models import Negotiation, Participant, WorksHere
from negotiations.operations import create_negotiation

MOST_LINES = 100  # each way; more are argued over, and that is the ordinary way
SECOND = "second"  # beside SignOff.Manner: the second person signs our final
IN_ORDER = (("agreed_at", "our_final_at"), ("agreed_at", "their_final_at"), ("our_final_at", "gone_at"),
            ("their_final_at", "gone_at"), ("gone_at", "received_at"))  # fmt: skip
NAMED_AS_TYPED = ("who", "to_whom", "source", "according_to", "decided_by", "reached_office_how", "document_number")


@dataclass(frozen=True)
class OneWay:
    """Whom one side hands over, and what became of each: `outcomes[i]` is that of `lines[i]`."""

    lines: Sequence[Line] = ()
    outcomes: Sequence[str] = ()

    @property
    def received(self) -> int:
        return sum(outcome == Outcome.RECEIVED for outcome in self.outcomes)


@dataclass(frozen=True)
class Counts:
    """A side's own counts; None: as the lines say."""

    promised: int | None = None
    presented: int | None = None
    received: int | None = None


@dataclass(frozen=True)
class Moments:
    agreed_at: datetime
    our_final_at: datetime
    their_final_at: datetime
    gone_at: datetime
    received_at: datetime


@dataclass(frozen=True)
class OurFinal:
    """`signed` by who fills the form in, by the `second` person, or `recorded` by both on the authority of the office."""

    manner: str
    stepped_up_at: datetime | None = None
    decided_by: str = ""
    reached_office_how: str = ""
    document_number: str = ""


@dataclass(frozen=True)
class TheirWord:
    """Who approved on their side, and how all of it came to us."""

    office: str
    who: str
    to_whom: str
    source: str
    according_to: str


@dataclass(frozen=True)
class ShortExchange:
    """`other` is an absent participant of a negotiation that stands; without one, `other_name` opens a new negotiation."""

    incoming: OneWay
    outgoing: OneWay
    moments: Moments
    our_final: OurFinal
    their_word: TheirWord
    other: UUID | None = None
    other_name: str = ""
    reference_prefix: str = ""
    title: str = ""
    place: str = ""
    time_zone: str = "UTC"
    our_counts: Counts = field(default_factory=Counts)
    their_counts: Counts = field(default_factory=Counts)


def record_short_exchange(
    told: ShortExchange, *, actor: User, second: User, second_stepped_up_at: datetime | None, form: str = ""
) -> Exchange:
    """The whole exchange, or nothing. The same `form` sent again answers with the exchange it made.

    Raises DomainError whose `errors` name the fields of ShortExchange and of its parts, and `second_username`.
    """
    kept = {"caller": f"user:{actor.pk}", "key": f"short exchange {form}"}
    if form and (made := _made_before(kept, actor)):
        return made
    try:
        return _record(told, actor, second, second_stepped_up_at, kept if form else {})
    except IntegrityError:
        if form and (made := _made_before(kept, actor)):  # the same form came in twice at once
            return made
        raise


def _made_before(kept: dict[str, str], actor: User) -> Exchange | None:
    row = IdempotencyKey.objects.filter(**kept).first()
    return Exchange.objects.visible_to(actor).filter(pk=row.body).first() if row and row.body else None


@transaction.atomic
def _record(
    told: ShortExchange, actor: User, second: User, second_stepped_up_at: datetime | None, kept: dict[str, str]
) -> Exchange:
    once = None
    if kept:  # written first: the same form sent meanwhile waits here
        once = IdempotencyKey.objects.create(**kept, request_hash="", status=201, body="", created_at=timezone.now())
    _check_lines(told)
    _check_moments(told.moments)
    seat = deciding_seat(actor, told.other)
    _check_second(seat, actor, second, told.other, second_stepped_up_at)
    exchange = _Recording(told, actor, second, seat, second_stepped_up_at).carry_out()
    if once is not None:
        once.body = str(exchange.pk)
        once.save(update_fields=["body"])
    return exchange


def _check_lines(told: ShortExchange) -> None:
    faults: dict[str, list[str]] = {}
    for name, way in (("incoming", told.incoming), ("outgoing", told.outgoing)):
        if len(way.lines) > MOST_LINES:
            faults[name] = [
                ngettext(
                    "The short way takes at most %(most)d line each way: draft this exchange in the ordinary way.",
                    "The short way takes at most %(most)d lines each way: draft this exchange in the ordinary way.",
                    MOST_LINES,
                )
                % {"most": MOST_LINES}
            ]
        if len(way.outcomes) != len(way.lines) or set(way.outcomes) - set(Outcome.values):
            faults[name] = [_("Every line needs one outcome.")]
    if not told.incoming.lines and not told.outgoing.lines:
        faults["incoming"] = [_("Name at least one person who was to come home, or to be handed over.")]
    if told.time_zone not in available_timezones():
        faults["time_zone"] = [_("There is no time zone of this name: write it as Europe/Kyiv.")]
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)


def _check_moments(moments: Moments) -> None:
    """RULES section 5 over the whole chain: no step before the one it follows, and none that has not come yet."""
    latest, faults = clock.now() + clock.TOLERATED_LEAD, {}
    for earlier, later in IN_ORDER:
        if getattr(moments, later) < getattr(moments, earlier):
            faults[later] = [_("This lies before the step that it follows.")]
    for name in ("agreed_at", "our_final_at", "their_final_at", "gone_at", "received_at"):
        if getattr(moments, name) > latest:
            faults[name] = [_("This lies in the future.")]
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)


# The two people


def deciding_seat(actor: User, other: UUID | None = None) -> Seat:
    """The seat from which `actor` decides: in the negotiation of `other`, or at home for a new one. Raises NotAllowed."""
    if other is not None:
        return seat_with(actor, _absent(actor, other).compartment_id, May.DECIDE)
    for membership in memberships_of(actor).select_related("organisation").order_by("organisation_id"):
        organisation = membership.organisation
        if organisation.party_id:
            for seat in seats_of(actor, organisation.home):
                if seat.organisation == organisation and May.DECIDE in seat.capabilities:
                    return seat
    raise NotAllowed(_("This is for %(who)s.") % {"who": holders_spelt((May.DECIDE,))})


def _absent(actor: User, other: UUID) -> Participant:
    """The side that does not work here. Raises InputRefused at `talks`."""
    found: Participant | None = Participant.objects.visible_to(actor).filter(pk=other).first()
    sentence = ""
    if found is None:
        sentence = _("This is no side of a negotiation of yours.")
    elif found.works_here:
        sentence = _("%(who)s works here and signs for itself: draft the exchange in the ordinary way.") % {
            "who": found
        }
    if found is None or sentence:
        raise InputRefused(sentence, errors={"talks": [sentence]})
    return found


def may_be_second(user: User, *, beside: User, other: UUID | None = None) -> bool:
    """Whether `user` may confirm what `beside` enters: another person of the same organisation who may lock."""
    seat = deciding_seat(beside, other)
    where: Compartment | UUID = seat.organisation.home if other is None else _absent(beside, other).compartment_id
    return user != beside and _locks_for(user, seat.organisation, where)


def _locks_for(user: User, organisation: Organisation, where: Compartment | UUID) -> bool:
    return any(
        seat.organisation == organisation and May.LOCK in seat.capabilities for seat in seats_of(user, where)
    )  # fmt: skip


def not_a_second() -> str:
    """One sentence for an unknown name, a wrong password and a person who may not confirm."""
    return _("This name and password are not those of a second person of your organisation who may confirm this.")


def _check_second(seat: Seat, actor: User, second: User, other: UUID | None, stepped_up_at: datetime | None) -> None:
    sentence = ""
    if second == actor:
        sentence = _("You fill this in: a second person of your organisation confirms it.")
    elif not may_be_second(second, beside=actor, other=other) or not _is_fresh(stepped_up_at):
        sentence = not_a_second()
    if sentence:
        raise InputRefused(sentence, errors={"second_username": [sentence]})


def _is_fresh(stepped_up_at: datetime | None) -> bool:
    return stepped_up_at is not None and timedelta() <= timezone.now() - stepped_up_at <= settings.STEP_UP_LASTS


# Refusals named by the field of the form


@contextmanager
def _about(name: str) -> Iterator[None]:
    """What a step inside refuses stands at this field, unless it names one that was typed as such."""
    try:
        yield
    except ListRefused as refused:
        errors = {f"{name}.{place}": faults for place, faults in refused.errors.items()}
        raise InputRefused(refused.sentence, errors=errors) from refused
    except DomainError as refused:
        as_typed = {key: faults for key, faults in refused.errors.items() if key in NAMED_AS_TYPED}
        raise _as(refused, as_typed or {name: [refused.sentence]}) from refused


def _as(refused: DomainError, errors: dict[str, list[str]]) -> DomainError:
    named = DomainError(refused.sentence, errors=errors)
    named.status, named.code = refused.status, refused.code
    return named


# The steps


@dataclass
class _Recording:
    told: ShortExchange
    actor: User
    second: User
    seat: Seat
    second_stepped_up_at: datetime | None

    def carry_out(self) -> Exchange:
        self._open_talks()
        exchange = self._agree()
        entries = [entry for direction in self._directions(exchange) for entry in self._list(exchange, direction)]
        tranche = self._lock(exchange, entries)
        self._sign(tranche)
        self._hand_over(tranche)
        self._receive(tranche)
        return self._settle(exchange, tranche)

    def _open_talks(self) -> None:
        told = self.told
        if told.other is not None:
            self.theirs = _absent(self.actor, told.other)
            self.negotiation = Negotiation.objects.visible_to(self.actor).get(pk=self.theirs.negotiation_id)
        else:
            self.negotiation = self._new_talks()
        rows = Participant.objects.visible_to(self.actor).filter(negotiation=self.negotiation)
        own = rows.filter(party=self.seat.party_id).first() if self.seat.party_id else None
        if own is None:
            raise NotAllowed(_("Only a participant of the negotiation drafts an exchange."))
        self.ours = own
        if told.other is None:
            self.theirs = rows.exclude(pk=own.pk).get()
        self._give_a_policy()

    def _new_talks(self) -> Negotiation:
        """One headquarters alone with a side that is but a name."""
        name, party = self.told.other_name.strip(), self.seat.organisation.party
        if not name:
            sentence = _("Name the other side.")
            raise InputRefused(sentence, errors={"other_name": [sentence]})
        prefix = self.told.reference_prefix or "".join(letter for letter in name if letter.isalpha())[:3] or "EX"
        with _about("reference_prefix" if self.told.reference_prefix else "other_name"):
            return create_negotiation(
                title=_("Exchanges with %(who)s") % {"who": name}, prefix=prefix, works_here=WorksHere.US, actor=self.actor,
                participants=[
                    {"name": party.name if party else "", "letter": "A", "party": party}, {"name": name, "letter": "B"},
                ],
            )  # fmt: skip

    def _give_a_policy(self) -> None:
        """A side without a ladder gets the simplest: its headquarters gives the final, also whoever entered the names."""
        policies = SignOffPolicy.objects.unscoped("own side's policy").filter(participant=self.ours)
        if policies.filter(steps__is_final=True).exists():
            return
        steps = [{"office": self.seat.organisation, "scope": Scope.NAMES, "is_final": True}]
        sign_offs.set_policy(self.negotiation, steps=steps, authors_may_sign=True, actor=self.actor)

    def _agree(self) -> Exchange:
        """Drafted, proposed by us, accepted by their word; their final is a name."""
        told, at = self.told, self.told.moments.agreed_at
        ways = [(self.theirs, self.ours, told.incoming), (self.ours, self.theirs, told.outgoing)]
        numbers = {"incoming": len(told.incoming.lines), "outgoing": len(told.outgoing.lines)}
        with _about("title"):
            exchange = exchanges.draft_exchange(
                self.negotiation, actor=self.actor,
                title=told.title or _("%(incoming)s for %(outgoing)s") % numbers,
                directions=[
                    {"holder": holder.pk, "receiver": receiver.pk, "lines": [{"category": "", "count": len(way.lines)}]}
                    for holder, receiver, way in ways
                    if way.lines
                ],
            )  # fmt: skip
        with _about("agreed_at"):
            exchange = exchanges.propose(exchange, actor=self.actor, happened_at=at)
            exchange = exchanges.accept(
                exchange, formula_version=exchange.formula_version, actor=self.actor, word=self._word(at)
            )
        with _about("their_office"):
            exchanges.name_final_office(
                exchange, participant=self.theirs.pk, office_name=told.their_word.office, actor=self.actor
            )
        return exchange

    def _word(self, happened_at: datetime) -> Word:
        their = self.told.their_word
        return Word.checked(
            {
                "participant": self.theirs.pk, "who": their.who, "to_whom": their.to_whom, "happened_at": happened_at,
                "source": their.source, "according_to": their.according_to,
            }
        )  # fmt: skip

    def _directions(self, exchange: Exchange) -> list[Direction]:
        return list(Direction.objects.visible_to(self.actor).filter(exchange=exchange).order_by("number"))

    def _way(self, direction: Direction) -> tuple[str, OneWay]:
        is_incoming = direction.receiver_id == self.ours.pk
        return ("incoming", self.told.incoming) if is_incoming else ("outgoing", self.told.outgoing)

    def _list(self, exchange: Exchange, direction: Direction) -> list[Entry]:
        """The holder submits, the receiver agrees: one of the two by word."""
        name, way = self._way(direction)
        at = self.told.moments.agreed_at
        mine: dict[str, Any] = {"happened_at": at}
        theirs: dict[str, Any] = {"word": self._word(at)}
        holders, receivers = (theirs, mine) if name == "incoming" else (mine, theirs)
        with _about(name):
            lists.submit(
                direction, lines=way.lines, message=_("Entered in the short way"), base=0, actor=self.actor, **holders
            )
            entries = list(Entry.objects.visible_to(self.actor).filter(direction=direction).order_by("number"))
            lists.answer(exchange, entries=entries, stance="agreed", actor=self.actor, **receivers)
        return entries

    def _lock(self, exchange: Exchange, entries: list[Entry]) -> Tranche:
        """Planned by the first person, locked by both."""
        told, at = self.told, self.told.moments.agreed_at
        planned_on = told.moments.gone_at.astimezone(ZoneInfo(told.time_zone)).date()
        with _about("place"):
            tranche = tranches.plan_tranche(
                exchange, actor=self.actor, planned_on=planned_on, place=told.place, time_zone=told.time_zone,
                entries=entries, happened_at=at,
            )  # fmt: skip
        with _about("incoming" if told.incoming.lines else "outgoing"):
            tranche = tranches.lock(tranche, actor=self.actor, happened_at=at)
        if tranche.lock_number == 0:  # unless one pair of eyes suffices
            with _about("second_username"):
                tranche = tranches.lock(tranche, actor=self.second, happened_at=at)
        return tranches.take_step(tranche, "start_sign_off", actor=self.actor, happened_at=at)

    def _sign(self, tranche: Tranche) -> None:
        rows = SignOffStep.objects.visible_to(self.actor).filter(tranche=tranche, lock_number=tranche.lock_number)
        with _about("manner"):
            for step in rows.filter(participant=self.ours).order_by("order"):
                self._approve(step)
        final = rows.get(participant=self.theirs)
        with _about("their_final_at"):
            word = self._word(self.told.moments.their_final_at)
            sign_offs.approve(final, digest=_digest(final), actor=self.actor, word=word)

    def _approve(self, step: SignOffStep) -> None:
        final = self.told.our_final
        common: dict[str, Any] = {"digest": _digest(step), "happened_at": self.told.moments.our_final_at}
        if final.manner == SignOff.Manner.RECORDED:
            papers = {
                "decided_by": final.decided_by, "reached_office_how": final.reached_office_how,
                "reached_office_at": self.told.moments.our_final_at, "document_number": final.document_number,
            }  # fmt: skip
            recorded = common | {"manner": SignOff.Manner.RECORDED}
            approved = sign_offs.approve(step, papers=papers, actor=self.actor, **recorded)
            if not approved.pairs_waived:
                approved = sign_offs.approve(step, actor=self.second, **recorded)
        elif final.manner == SECOND:
            approved = sign_offs.approve(step, actor=self.second, stepped_up_at=self.second_stepped_up_at, **common)
        else:
            approved = sign_offs.approve(step, actor=self.actor, stepped_up_at=final.stepped_up_at, **common)
        if approved.status != S.APPROVED:
            raise InputRefused(
                _("%(office)s needs more than one sign-off: use the ordinary way.") % {"office": step.office_name}
            )

    def _hand_over(self, tranche: Tranche) -> None:
        at = self.told.moments.gone_at
        with _about("gone_at"):
            lists.clear(tranche, actor=self.actor, happened_at=at)
            tranches.take_step(tranche, "stage", actor=self.actor, happened_at=at)
            tranches.take_step(tranche, "go", actor=self.actor, happened_at=at)
            tranches.take_step(tranche, "go", actor=self.actor, word=self._word(at))

    def _receive(self, tranche: Tranche) -> None:
        at = self.told.moments.received_at
        for direction in self._directions(tranche.exchange):
            name, way = self._way(direction)
            receivers: dict[str, Any] = {"happened_at": at} if name == "incoming" else {"word": self._word(at)}
            entries = Entry.objects.visible_to(self.actor).filter(direction=direction).order_by("number")
            outcomes = [
                {"entry": entry.pk, "outcome": outcome} for entry, outcome in zip(entries, way.outcomes, strict=True)
            ]
            with _about(name):
                tranches.record_receipts(tranche, outcomes=outcomes, actor=self.actor, **receivers)

    def _settle(self, exchange: Exchange, tranche: Tranche) -> Exchange:
        """Each side's own counts, kept apart: what they presented in this tranche, and all three over the exchange."""
        at = self.told.moments.received_at
        sides: list[tuple[str, OneWay, OneWay, Counts, dict[str, Any]]] = [
            ("our", self.told.outgoing, self.told.incoming, self.told.our_counts, {"happened_at": at}),
            ("their", self.told.incoming, self.told.outgoing, self.told.their_counts, {"word": self._word(at)}),
        ]
        stated = [
            (prefix, given, _or(counts.presented, given.received), received, counts, how)
            for prefix, given, received, counts, how in sides
        ]
        for prefix, given, presented, _received, _counts, how in stated:
            if given.lines:
                with _about(f"{prefix}_presented"):
                    tranches.settle(tranche, presented=presented, actor=self.actor, **how)
        for prefix, given, presented, received, counts, how in stated:
            with _about(f"{prefix}_received"):
                exchange = exchanges.settle_counts(
                    exchange, promised=_or(counts.promised, len(given.lines)), presented=presented,
                    received=_or(counts.received, received.received), actor=self.actor, **how,
                )  # fmt: skip
        return exchange


def _or(stated: int | None, read: int) -> int:
    return read if stated is None else stated


def _digest(step: SignOffStep) -> str:
    """What is signed: the very names and frame of this form, which were locked a moment ago in this transaction."""
    manifest = current_manifest(step.tranche)
    assert manifest is not None
    return digest_for(step.scope, manifest)
