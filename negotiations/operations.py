"""Talks as they are recorded in the channel: who sits there, what was held, said, proposed and told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NotRequired, TypedDict, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, faults_at, filled, refuse_stale, seat_with
from access.models import Compartment, Organisation, Party, User
from access.roles import May, Role, holders_spelt
from access.scoping import Seat, seats_of
from access.versioned import Versioned
from accounts.operations import open_compartment
from audit.models import subject_of
from audit.recording import record
from core import clock
from core.errors import DomainError, InputRefused
from negotiations.models import (
    AgendaItem,
    Attendance,
    Delegation,
    DelegationMember,
    Negotiation,
    Participant,
    Proposal,
    Round,
    Statement,
    TheirWord,
    WorksHere,
)

CASE_ROLES = (
    Role.CLERK, Role.NEGOTIATOR, Role.HEAD, Role.SIGNATORY, Role.SIGNATORY_OFFICE, Role.MEDICAL_OFFICER,
    Role.LEGAL_OFFICER, Role.HANDOVER_OFFICER, Role.OBSERVER,
)  # fmt: skip
MEDIATOR_ROLES = (Role.MEDIATOR, Role.OBSERVER)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EASTERNMOST = timedelta(hours=14)

MEMBER_FIELDS = ("name", "function", "is_head", "from_on", "until_on")
ROUND_FIELDS = ("kind", "title", "held_on", "venue", "format", "facilitators", "duration", "source")
AGENDA_FIELDS = ("number", "title", "outcome", "note")
STATEMENT_FIELDS = ("participant", "speaker", "text", "source", "said_on")
ATTENDANCE_FIELDS = ("delegation", "who")

V = TypeVar("V", bound=Versioned)


class Side(TypedDict):
    """A participant to be: `works_here` follows from `party` unless it is said."""

    name: str
    letter: NotRequired[str]
    party: NotRequired[Party | None]
    works_here: NotRequired[bool]
    organisations: NotRequired[Iterable[Organisation]]


@transaction.atomic
def create_negotiation(
    *,
    title: str,
    prefix: str,
    participants: Sequence[Side],
    actor: User,
    works_here: str = WorksHere.ALL,
    mediator: Organisation | None = None,
) -> Negotiation:
    """A negotiation with its channel, opened to the organisations named and, on the actor's side, to all of them."""
    sides = [_side(side, number) for number, side in enumerate(participants)]
    own, seat = _own_side(sides, actor)
    _check_sides(sides, works_here, own)
    _check_mediator(mediator, works_here)
    granted = _granted(sides, own, actor)
    channel = open_compartment(
        Compartment.Kind.CHANNEL, title, actor=actor, reason=_("takes part in the negotiation"),
        granted=[(organisation, CASE_ROLES) for organisation in granted]
        + ([(mediator, MEDIATOR_ROLES)] if mediator else []),
    )  # fmt: skip
    negotiation = Negotiation(compartment=channel, works_here=works_here, mediator=mediator, created_at=clock.now())
    checked(filled(negotiation, {"title": title, "prefix": _prefix(prefix)}, only=("title", "prefix"))).save()
    for number, side in enumerate(sides):
        participant = Participant(compartment=channel, negotiation=negotiation, party=side.get("party"))
        values = {"name": side["name"], "letter": side["letter"], "works_here": side["works_here"]}
        with faults_at(f"participants.{number}"):
            checked(filled(participant, values, only=values)).save()
    record(
        "negotiation.created", subject=negotiation, actor=actor, seat=seat, capability=May.NEGOTIATE,
        data={"title": negotiation.title, "works_here": works_here, "participants": [side["name"] for side in sides]},
    )  # fmt: skip
    return negotiation


@transaction.atomic
def create_delegation(
    negotiation: Negotiation,
    *,
    participant: Participant,
    name: str,
    actor: User,
    members: Sequence[Mapping[str, Any]] = (),
) -> Delegation:
    """A side's delegation. Being named in it grants nothing."""
    negotiation, seat = _recorder(negotiation, actor)
    participant = _own_participant(negotiation, participant)
    delegation = Delegation(negotiation=negotiation, participant=participant, compartment_id=negotiation.compartment_id)
    checked(filled(delegation, {"name": name}, only=("name",))).save()
    for number, values in enumerate(members):
        with faults_at(f"members.{number}"):
            _add_member(delegation, values)
    record(
        "delegation.created", subject=delegation, actor=actor, seat=seat, capability=May.RECORD_TALKS,
        data={"negotiation": str(negotiation.pk), "name": delegation.name, "participant": participant.name},
    )  # fmt: skip
    return delegation


def change_delegation(delegation: Delegation, *, actor: User, version: int | None = None, **changes: Any) -> Delegation:
    """The delegation's name; its side stays."""
    return _change(delegation, "delegation.changed", ("name",), changes, actor=actor, version=version)


@transaction.atomic
def add_delegation_member(delegation: Delegation, *, actor: User, **values: Any) -> DelegationMember:
    """A delegate with function and dates; one member heads a delegation at a time."""
    delegation, seat = _reread(delegation, actor)
    member = _add_member(delegation, values)
    record(
        "delegation.member_added", subject=delegation, actor=actor, seat=seat, capability=May.RECORD_TALKS,
        data={"member": str(member.pk), "is_head": member.is_head, "name": delegation.name},
    )  # fmt: skip
    return member


def change_delegation_member(
    member: DelegationMember, *, actor: User, version: int | None = None, **changes: Any
) -> DelegationMember:
    return _change(member, "delegation.member_changed", MEMBER_FIELDS, changes, actor=actor, version=version)


@transaction.atomic
def record_round(
    negotiation: Negotiation,
    *,
    title: str,
    held_on: date,
    actor: User,
    kind: str = Round.Kind.ROUND,
    venue: str = "",
    format: str = "",  # noqa: A002
    facilitators: str = "",
    duration: str = "",
    source: str = "",
    beside: Round | None = None,
    agenda: Sequence[tuple[str, str, str]] = (),
    statements: Sequence[Mapping[str, Any]] = (),
    attendances: Sequence[Mapping[str, Any]] = (),
) -> Round:
    """A round of talks, or a meeting beside one, with what was on its agenda: (title, outcome, note) each."""
    negotiation, seat = _recorder(negotiation, actor)
    talks = Round(
        negotiation=negotiation, compartment_id=negotiation.compartment_id, beside=_beside(negotiation, beside, kind)
    )
    values = {
        "kind": kind, "title": title, "held_on": held_on, "venue": venue, "format": format,
        "facilitators": facilitators, "duration": duration, "source": source,
    }  # fmt: skip
    checked(filled(talks, values, only=ROUND_FIELDS))
    _refuse_future("held_on", talks.held_on)
    talks.save()
    for number, (item, outcome, note) in enumerate(agenda, start=1):
        with faults_at(f"agenda.{number - 1}"):
            _add_part(
                AgendaItem(number=number), talks, {"title": item, "outcome": outcome, "note": note}, AGENDA_FIELDS
            )
    for number, said in enumerate(statements):
        with faults_at(f"statements.{number}"):
            _add_statement(talks, said)
    for number, present in enumerate(attendances):
        with faults_at(f"attendances.{number}"):
            _add_attendance(talks, present)
    record(
        "round.recorded", subject=talks, actor=actor, seat=seat, capability=May.RECORD_TALKS,
        data={
            "negotiation": str(negotiation.pk), "kind": talks.kind, "title": talks.title,
            "held_on": talks.held_on.isoformat(), "agenda_items": len(agenda), "statements": len(statements),
        },
    )  # fmt: skip
    return talks


@transaction.atomic
def change_round(talks: Round, *, actor: User, version: int | None = None, **changes: Any) -> Round:
    """What is now known of a round that was recorded; `beside` too."""
    talks, seat = _reread(talks, actor)
    refuse_stale(talks.version, version)
    if "beside" in changes:
        changes["beside"] = _beside(talks.negotiation, changes["beside"], changes.get("kind", talks.kind), itself=talks)
    if not _assign(talks, changes, (*ROUND_FIELDS, "beside")):
        return talks
    _refuse_future("held_on", talks.held_on)
    talks.save(update_fields=list(changes))
    record(
        "round.changed", subject=talks, actor=actor, seat=seat, capability=May.RECORD_TALKS,
        data={"title": talks.title, "fields": sorted(changes)},
    )  # fmt: skip
    return talks


@transaction.atomic
def add_agenda_item(talks: Round, *, actor: User, **values: Any) -> AgendaItem:
    """One more item; without `number` it comes last."""
    talks, seat = _reread(talks, actor)
    last = AgendaItem.objects.visible_to(actor).filter(round=talks).order_by("number").last()
    item = _add_part(AgendaItem(number=last.number + 1 if last else 1), talks, values, AGENDA_FIELDS)
    record(
        "round.agenda_item_added", subject=talks, actor=actor, seat=seat, capability=May.RECORD_TALKS,
        data={"title": talks.title, "item": item.title, "outcome": item.outcome},
    )  # fmt: skip
    return item


def change_agenda_item(item: AgendaItem, *, actor: User, version: int | None = None, **changes: Any) -> AgendaItem:
    return _change(item, "round.agenda_item_changed", AGENDA_FIELDS, changes, actor=actor, version=version)


@transaction.atomic
def add_attendance(talks: Round, *, actor: User, **values: Any) -> Attendance:
    """Somebody who was there, for a delegation or beside them all."""
    talks, seat = _reread(talks, actor)
    attendance = _add_attendance(talks, values)
    record(
        "round.attendance_added", subject=talks, actor=actor, seat=seat, capability=May.RECORD_TALKS,
        data={"title": talks.title, "attendance": str(attendance.pk)},
    )  # fmt: skip
    return attendance


def change_attendance(attendance: Attendance, *, actor: User, version: int | None = None, **changes: Any) -> Attendance:
    return _change(attendance, "round.attendance_changed", ATTENDANCE_FIELDS, changes, actor=actor, version=version)


@transaction.atomic
def add_statement(talks: Round, *, actor: User, **values: Any) -> Statement:
    """What one side said about the round, and where; statements of two sides may contradict each other."""
    talks, seat = _reread(talks, actor)
    statement = _add_statement(talks, values)
    record(
        "statement.recorded", subject=statement, actor=actor, seat=seat, capability=May.RECORD_TALKS,
        data={
            "round": str(talks.pk), "title": talks.title,
            "participant": statement.participant.name if statement.participant else "",
        },
    )  # fmt: skip
    return statement


def change_statement(statement: Statement, *, actor: User, version: int | None = None, **changes: Any) -> Statement:
    """A correction of what was taken down: the new wording is another version of the row."""
    return _change(statement, "statement.changed", STATEMENT_FIELDS, changes, actor=actor, version=version)


@transaction.atomic
def add_proposal(
    negotiation: Negotiation,
    *,
    kind: str,
    text: str,
    actor: User,
    participant: Participant | None = None,
    round: Round | None = None,  # noqa: A002
    answers: Proposal | None = None,
    made_at: datetime | None = None,
) -> Proposal:
    """One contribution to the thread; `answers` is the one it replies to."""
    negotiation, seat = _recorder(negotiation, actor)
    proposal = Proposal(
        compartment_id=negotiation.compartment_id, negotiation=negotiation, made_at=made_at or clock.now(),
        participant=_own_participant(negotiation, participant) if participant else None,
        round=_of(negotiation, round, "round"), answers=_of(negotiation, answers, "answers"),
    )  # fmt: skip
    _refuse_speaking_for_others(proposal.participant, seat)
    checked(filled(proposal, {"kind": kind, "text": text}, only=("kind", "text")))
    _refuse_ahead("made_at", proposal.made_at)
    proposal.save()
    record(
        "proposal.recorded", subject=proposal, actor=actor, seat=seat, capability=May.RECORD_TALKS, happened_at=made_at,
        data={
            "negotiation": str(negotiation.pk), "kind": kind,
            "participant": proposal.participant.name if proposal.participant else "",
        },
    )  # fmt: skip
    return proposal


def _refuse_speaking_for_others(participant: Participant | None, seat: Seat) -> None:
    """A side that works here makes its own proposals; a mediator may take them down."""
    if participant is None or not participant.works_here or seat.party_id is None:
        return
    if participant.party_id != seat.party_id:
        sentence = _("%(who)s works here and makes its own proposals.") % {"who": participant.name}
        raise InputRefused(sentence, errors={"participant": [sentence]})


@transaction.atomic
def record_word(
    participant: Participant,
    *,
    step: str,
    who: str,
    to_whom: str,
    happened_at: datetime,
    source: str,
    according_to: str,
    actor: User,
    subject: Negotiation | Round | Proposal | None = None,
) -> TheirWord:
    """What an absent side told us about the talks, on the decision of a named officer. Never its signature."""
    negotiation, seat = _reread_negotiation(participant.negotiation, actor, May.DECIDE)
    participant = _own_participant(negotiation, participant)
    if participant.works_here:
        raise DomainError(_("%(side)s works here and speaks for itself.") % {"side": participant.name})
    about = negotiation if isinstance(subject, Negotiation | None) else _of(negotiation, subject, "subject")
    word = TheirWord(
        compartment_id=negotiation.compartment_id, participant=participant, subject=subject_of(about or negotiation),
        happened_at=happened_at, recorded_at=clock.now(), recorded_by=seat.organisation,
    )  # fmt: skip
    told = {"step": step, "who": who, "to_whom": to_whom, "source": source, "according_to": according_to}
    checked(filled(word, told, only=tuple(told)))
    _refuse_ahead("happened_at", happened_at)
    word.save()
    record(
        "word.recorded", subject=negotiation, actor=actor, seat=seat, capability=May.DECIDE, happened_at=happened_at,
        data={
            "word": str(word.pk), "participant": participant.name, "step": step, "about": word.subject,
            "according_to": word.according_to,
        },
    )  # fmt: skip
    return word


# Who sits there


class _Side(TypedDict):
    name: str
    letter: str
    party: Party | None
    works_here: bool
    organisations: list[Organisation]


def _side(side: Side, number: int) -> _Side:
    party = side.get("party")
    return _Side(
        name=side["name"],
        letter=(side.get("letter") or LETTERS[number % len(LETTERS)]).strip().upper(),
        party=party,
        works_here=side.get("works_here", party is not None),
        organisations=list(side.get("organisations", ())),
    )


def _own_side(sides: list[_Side], actor: User) -> tuple[_Side, Seat]:
    """The side the actor negotiates for. Raises NotAllowed; one person never sits on two sides."""
    found: list[tuple[_Side, Seat]] = []
    for side in sides:
        if side["party"] is not None:
            home = Compartment.objects.get(kind=Compartment.Kind.PARTY, party=side["party"])
            seats = [seat for seat in seats_of(actor, home) if May.NEGOTIATE in seat.capabilities]
            found += [(side, seat) for seat in seats[:1]]
    if not found:
        raise NotAllowed(
            _("A negotiation is opened by %(who)s of one of its participants.")
            % {"who": holders_spelt((May.NEGOTIATE,))}
        )
    if len({side["party"] for side, _seat in found}) > 1:
        raise DomainError(_("You act for two of these participants: one person cannot sit on both sides."))
    return found[0]


def _check_sides(sides: list[_Side], works_here: str, own: _Side) -> None:
    faults: dict[str, list[str]] = {}
    letters = [side["letter"] for side in sides]
    for number, side in enumerate(sides):
        for field, fault in _faults_of_side(side, letters, is_own=side is own, works_here=works_here):
            faults.setdefault(f"participants.{number}.{field}", []).append(fault)
    if together := _faults_of_all(sides, own):
        faults["participants"] = together
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)


def _faults_of_all(sides: list[_Side], own: _Side) -> list[str]:
    parties = [side["party"] for side in sides if side["party"]]
    faults = []
    if len(sides) < 2:
        faults.append(_("A negotiation has at least two participants."))
    if len(set(parties)) < len(parties):
        faults.append(_("One party cannot take part twice."))
    if not own["works_here"]:
        faults.append(_("Your own side works here."))
    return faults


def _faults_of_side(side: _Side, letters: list[str], *, is_own: bool, works_here: str) -> Iterator[tuple[str, str]]:
    if len(side["letter"]) != 1 or letters.count(side["letter"]) > 1:
        yield "letter", _("Each participant has a letter of its own.")
    if side["works_here"] and side["party"] is None:
        yield "party", _("Whoever works here is a party known here.")
    if works_here != WorksHere.ALL and not is_own and (side["works_here"] or side["party"]):
        yield "works_here", _("Only your own side works here in this negotiation.")
    if any(organisation.party_id != (side["party"] and side["party"].pk) for organisation in side["organisations"]):
        yield "organisations", _("An organisation takes part for its own party only.")


def _check_mediator(mediator: Organisation | None, works_here: str) -> None:
    fault = ""
    if mediator is not None and mediator.kind != Organisation.Kind.MEDIATOR:
        fault = _("This organisation is not a mediator.")
    elif mediator is not None and works_here == WorksHere.US:
        fault = _("A mediator does not work here when one headquarters works alone.")
    elif mediator is None and works_here == WorksHere.US_AND_MEDIATOR:
        fault = _("Name the mediator who works here.")
    if fault:
        raise InputRefused(fault, errors={"mediator": [fault]})


def _granted(sides: list[_Side], own: _Side, actor: User) -> list[Organisation]:
    """The organisations that sit in the channel: those named, and of the actor's party all when none is named."""
    granted = [organisation for side in sides if side["works_here"] for organisation in side["organisations"]]
    if not own["organisations"]:
        granted += Organisation.objects.visible_to(actor).filter(party=own["party"])
    return granted


def _prefix(prefix: str) -> str:
    prefix = prefix.strip().upper()
    if prefix and not (prefix.isalnum() and prefix[0].isalpha()):
        sentence = _("Write the prefix in letters and digits, such as IST.")
        raise InputRefused(sentence, errors={"prefix": [sentence]})
    return prefix


# Rereading, refusing, saving


def _reread_negotiation(negotiation: Negotiation, actor: User, capability: str) -> tuple[Negotiation, Seat]:
    negotiation = Negotiation.objects.visible_to(actor).locked().get(pk=negotiation.pk)
    return negotiation, seat_with(actor, negotiation.compartment_id, capability)


def _recorder(negotiation: Negotiation, actor: User) -> tuple[Negotiation, Seat]:
    return _reread_negotiation(negotiation, actor, May.RECORD_TALKS)


def _reread(row: V, actor: User) -> tuple[V, Seat]:
    """The row in scope and under lock, and the seat that records talks there."""
    fresh: Any = type(row).objects.visible_to(actor).locked().get(pk=row.pk)
    return fresh, seat_with(actor, fresh.compartment_id, May.RECORD_TALKS)


def _assign(row: V, changes: dict[str, Any], fields: Iterable[str]) -> bool:
    """Put the changes on the row and check them; False when nothing differs."""
    before = {name: getattr(row, name) for name in changes}
    checked(filled(row, changes, only=fields))
    return any(getattr(row, name) != before[name] for name in changes)


@transaction.atomic
def _change(
    row: V, kind: str, fields: Iterable[str], changes: dict[str, Any], *, actor: User, version: int | None
) -> V:
    """A correction of one recorded row; without any difference it leaves no event."""
    row, seat = _reread(row, actor)
    refuse_stale(row.version, version)
    before = {name: str(getattr(row, name) or "") for name in sorted(changes)}
    if not _assign(row, changes, fields):
        return row
    _refuse_strangers(row)
    row.save(update_fields=list(changes))
    after = {name: str(getattr(row, name) or "") for name in sorted(changes)}
    # Nothing that was said is lost by a correction: the log keeps both wordings.
    data = {"fields": sorted(changes), "before": before, "after": after}
    record(kind, subject=row, actor=actor, seat=seat, capability=May.RECORD_TALKS, data=data, personal=True)
    return row


def _refuse_strangers(row: Versioned) -> None:
    """Raises InputRefused when a change points to another negotiation, or makes a second head."""
    if isinstance(row, Statement) and row.participant:
        _own_participant(row.round.negotiation, row.participant)
    if isinstance(row, Attendance):
        _of(row.round.negotiation, row.delegation, "delegation")
    if isinstance(row, DelegationMember):
        _refuse_second_head(row)


def _of(negotiation: Negotiation, row: Any, field: str) -> Any:
    """`row`, which belongs to this negotiation or is None. Raises InputRefused."""
    if row is not None and row.negotiation_id != negotiation.pk:
        sentence = _("This belongs to another negotiation.")
        raise InputRefused(sentence, errors={field: [sentence]})
    return row


def _own_participant(negotiation: Negotiation, participant: Participant) -> Participant:
    found: Participant = _of(negotiation, participant, "participant")
    return found


def _beside(negotiation: Negotiation, beside: Round | None, kind: str, *, itself: Round | None = None) -> Round | None:
    """The round that a side meeting was held beside. Raises InputRefused."""
    if beside is None:
        return None
    fault = ""
    if kind == Round.Kind.ROUND:
        fault = _("A round of talks is not held beside another: record a side meeting.")
    elif beside.beside_id or beside == itself:
        fault = _("Name the round of talks itself.")
    if fault:
        raise InputRefused(fault, errors={"beside": [fault]})
    of_this: Round = _of(negotiation, beside, "beside")
    return of_this


def _add_part(part: V, talks: Round, values: Mapping[str, Any], fields: Iterable[str]) -> V:
    part.round = talks  # type: ignore[attr-defined]
    part.compartment_id = talks.compartment_id
    checked(filled(part, values, only=fields)).save()
    return part


def _add_statement(talks: Round, values: Mapping[str, Any]) -> Statement:
    if values.get("participant"):
        _own_participant(talks.negotiation, values["participant"])
    return _add_part(Statement(), talks, values, STATEMENT_FIELDS)


def _add_attendance(talks: Round, values: Mapping[str, Any]) -> Attendance:
    _of(talks.negotiation, values.get("delegation"), "delegation")
    return _add_part(Attendance(), talks, values, ATTENDANCE_FIELDS)


def _add_member(delegation: Delegation, values: Mapping[str, Any]) -> DelegationMember:
    member = DelegationMember(delegation=delegation, compartment_id=delegation.compartment_id)
    checked(filled(member, values, only=MEMBER_FIELDS))
    _refuse_second_head(member)
    member.save()
    return member


def _refuse_second_head(member: DelegationMember) -> None:
    """Two heads may follow each other, never overlap."""
    if not member.is_head:
        return
    heads = DelegationMember.objects.unscoped("the members of one delegation that the actor has reread").filter(
        delegation=member.delegation_id, is_head=True
    )
    for other in heads.exclude(pk=member.pk):
        starts = max(filter(None, (member.from_on, other.from_on)), default=None)
        ends = min(filter(None, (member.until_on, other.until_on)), default=None)
        if starts is None or ends is None or starts <= ends:
            sentence = _("%(head)s heads this delegation in that time.") % {"head": other.name}
            raise InputRefused(sentence, errors={"is_head": [sentence]})


def _refuse_future(field: str, day: date) -> None:
    if day > (clock.now() + EASTERNMOST).date():
        sentence = _("This day has not come yet.")
        raise InputRefused(sentence, errors={field: [sentence]})


def _refuse_ahead(field: str, moment: datetime) -> None:
    if moment > clock.now() + clock.TOLERATED_LEAD:
        sentence = _("This lies in the future.")
        raise InputRefused(sentence, errors={field: [sentence]})
