"""Negotiations, rounds of talks and proposals, in the channel that the participants share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers

from access.doors import DetailDoor, Door, Filters, named, named_or_none
from access.models import Organisation, Party, User
from access.roles import May
from accounts.doors import ChangingDoor, CollectionDoor, FromVersion
from core.input import Ids, Instant, Strict, Text, several
from core.paging import by, newest_first
from core.shapes import Slug, address
from negotiations import operations
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
    WorksHere,
)


@dataclass(frozen=True, slots=True)
class OrganisationRef:
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    id: UUID
    letter: str
    name: str
    party: UUID | None
    works_here: bool


@dataclass(frozen=True, slots=True)
class NegotiationRow:
    id: UUID
    url: str
    version: int
    compartment: UUID
    title: str
    prefix: str
    works_here: Annotated[str, WorksHere]
    mediator: OrganisationRef | None
    participants: list[ParticipantRow]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MemberRow:
    id: UUID
    version: int
    name: str
    function: str
    is_head: bool
    from_on: date | None
    until_on: date | None


@dataclass(frozen=True, slots=True)
class DelegationRow:
    id: UUID
    version: int
    participant: UUID
    name: str
    members: list[MemberRow]


@dataclass(frozen=True, slots=True)
class NegotiationDetail(NegotiationRow):
    delegations: list[DelegationRow]


@dataclass(frozen=True, slots=True)
class AgendaRow:
    id: UUID
    version: int
    number: int
    title: str
    outcome: Annotated[str, AgendaItem.Outcome] | None
    note: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What one side said; two sides' statements may contradict each other."""

    id: UUID
    version: int
    participant: UUID | None
    speaker: str
    text: str
    source: str
    said_on: date | None


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    id: UUID
    version: int
    who: str
    delegation: UUID | None


@dataclass(frozen=True, slots=True)
class RoundRow:
    id: UUID
    url: str
    version: int
    negotiation: UUID
    kind: Annotated[str, Round.Kind]
    beside: UUID | None
    title: str
    held_on: date
    venue: str
    format: str
    facilitators: str
    duration: str
    source: str
    agenda: list[AgendaRow]
    statements: list[StatementRow]
    attendances: list[AttendanceRow]


@dataclass(frozen=True, slots=True)
class ProposalRow:
    id: UUID
    url: str
    version: int
    negotiation: UUID
    round: UUID | None
    participant: UUID | None
    answers: UUID | None
    kind: Annotated[str, Proposal.Kind]
    text: str
    made_at: datetime


def grouped(rows: Iterable[Any], key: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


def negotiation_rows(negotiations: Sequence[Negotiation], viewer: User) -> list[NegotiationRow]:
    """With their mediators loaded. One query more, whatever the number."""
    sides = (
        Participant.objects.visible_to(viewer).filter(negotiation__in=[n.pk for n in negotiations]).order_by("letter")
    )
    seated = grouped(sides, "negotiation_id")
    return [
        NegotiationRow(
            id=negotiation.pk,
            url=address("negotiations", negotiation.pk),
            version=negotiation.version,
            compartment=negotiation.compartment_id,
            title=negotiation.title,
            prefix=negotiation.prefix,
            works_here=negotiation.works_here,
            mediator=OrganisationRef(negotiation.mediator.pk, negotiation.mediator.name)
            if negotiation.mediator
            else None,
            participants=[
                ParticipantRow(p.pk, p.letter, p.name, p.party_id, p.works_here) for p in seated.get(negotiation.pk, [])
            ],
            created_at=negotiation.created_at,
        )
        for negotiation in negotiations
    ]


def negotiation_detail(negotiation: Negotiation, viewer: User) -> NegotiationDetail:
    (row,) = negotiation_rows([negotiation], viewer)
    delegations = list(Delegation.objects.visible_to(viewer).filter(negotiation=negotiation))
    members = grouped(
        DelegationMember.objects.visible_to(viewer).filter(delegation__in=[d.pk for d in delegations]), "delegation_id"
    )
    return NegotiationDetail(
        **{field.name: getattr(row, field.name) for field in fields(row)},
        delegations=[
            DelegationRow(d.pk, d.version, d.participant_id, d.name, [_member_row(m) for m in members.get(d.pk, [])])
            for d in delegations
        ],
    )


def _member_row(member: DelegationMember) -> MemberRow:
    return MemberRow(
        member.pk, member.version, member.name, member.function, member.is_head, member.from_on, member.until_on
    )


def round_rows(rounds: Sequence[Round], viewer: User) -> list[RoundRow]:
    """Three queries more, whatever the number."""
    pks = [talks.pk for talks in rounds]
    agenda = grouped(AgendaItem.objects.visible_to(viewer).filter(round__in=pks).order_by("number"), "round_id")
    said = grouped(
        Statement.objects.visible_to(viewer).filter(round__in=pks).order_by("said_on", "speaker"), "round_id"
    )
    present = grouped(Attendance.objects.visible_to(viewer).filter(round__in=pks).order_by("who"), "round_id")
    return [
        RoundRow(
            id=talks.pk,
            url=address("rounds", talks.pk),
            version=talks.version,
            negotiation=talks.negotiation_id,
            kind=talks.kind,
            beside=talks.beside_id,
            title=talks.title,
            held_on=talks.held_on,
            venue=talks.venue,
            format=talks.format,
            facilitators=talks.facilitators,
            duration=talks.duration,
            source=talks.source,
            agenda=[
                AgendaRow(a.pk, a.version, a.number, a.title, a.outcome or None, a.note)
                for a in agenda.get(talks.pk, [])
            ],
            statements=[
                StatementRow(s.pk, s.version, s.participant_id, s.speaker, s.text, s.source, s.said_on)
                for s in said.get(talks.pk, [])
            ],
            attendances=[AttendanceRow(a.pk, a.version, a.who, a.delegation_id) for a in present.get(talks.pk, [])],
        )
        for talks in rounds
    ]


def proposal_row(proposal: Proposal) -> ProposalRow:
    return ProposalRow(
        id=proposal.pk,
        url=address("proposals", proposal.pk),
        version=proposal.version,
        negotiation=proposal.negotiation_id,
        round=proposal.round_id,
        participant=proposal.participant_id,
        answers=proposal.answers_id,
        kind=proposal.kind,
        text=proposal.text,
        made_at=proposal.made_at,
    )


# What may be sent


class SideBody(Strict):
    name = Text(120, required=True)
    letter = Text(1)
    party = serializers.UUIDField(required=False, allow_null=True, help_text="Left out: an absent side.")
    works_here = serializers.BooleanField(required=False)
    organisations = Ids(required=False, help_text="Who sits there for this side.")


class NegotiationBody(Strict):
    title = Text(160, required=True)
    prefix = Text(8, required=True)
    participants = several(SideBody, 26)
    works_here = Slug(WorksHere, required=False)
    mediator = serializers.UUIDField(required=False, allow_null=True)


class AgendaBody(Strict):
    title = Text(200, required=True)
    outcome = Slug(AgendaItem.Outcome, required=False, allow_blank=True)
    note = Text(500)


class StatementBody(Strict):
    participant = serializers.UUIDField(required=False, allow_null=True)
    speaker = Text(160, required=True)
    text = serializers.CharField(max_length=2000)
    source: Any = Text(500, required=True)
    said_on = serializers.DateField(required=False, allow_null=True)


class AttendanceBody(Strict):
    who = Text(160, required=True)
    delegation = serializers.UUIDField(required=False, allow_null=True)


class RoundFacts(Strict):
    kind = Slug(Round.Kind, required=False)
    title = Text(160, required=True)
    held_on = serializers.DateField()
    venue = Text(160)
    format = Text(160)
    facilitators = Text(200)
    duration = Text(60)
    source: Any = Text(500)
    beside = serializers.UUIDField(
        required=False, allow_null=True, help_text="The round that a side meeting was beside."
    )


class RoundBody(RoundFacts):
    negotiation = serializers.UUIDField()
    agenda = several(AgendaBody, 200, required=False)
    statements = several(StatementBody, 200, required=False)
    attendances = several(AttendanceBody, 200, required=False)


class ChangeRoundBody(RoundFacts, FromVersion):
    pass


class ProposalBody(Strict):
    negotiation = serializers.UUIDField()
    kind = Slug(Proposal.Kind)
    text = serializers.CharField(max_length=2000)
    participant = serializers.UUIDField(required=False, allow_null=True)
    round = serializers.UUIDField(required=False, allow_null=True)
    answers = serializers.UUIDField(required=False, allow_null=True, help_text="The proposal it replies to.")
    made_at = Instant(required=False)


# Doors


class NegotiationDoor(Door):
    access = May.READ
    plural = "negotiations"

    def visible(self) -> "QuerySet[Negotiation]":
        rows: QuerySet[Negotiation] = Negotiation.objects.visible_to(self.viewer)
        return rows.select_related("mediator")


class Negotiations(NegotiationDoor, CollectionDoor):
    """Negotiations, the newest first. POST opens one, for the viewer's own side and the others named."""

    order = newest_first("created_at", "id")
    shape = NegotiationRow
    detail = NegotiationDetail
    body = NegotiationBody

    def present(self, rows: Sequence[Negotiation]) -> Sequence[NegotiationRow]:
        return negotiation_rows(rows, self.viewer)

    def create(self, given: dict[str, Any]) -> NegotiationDetail:
        organisations = Organisation.objects.visible_to(self.viewer)
        given["mediator"] = named_or_none(organisations, given.get("mediator"), "mediator")
        given["participants"] = [self._side(number, side) for number, side in enumerate(given["participants"])]
        opened = operations.create_negotiation(actor=self.viewer, **given)
        return negotiation_detail(self.visible().get(pk=opened.pk), self.viewer)

    def _side(self, number: int, side: dict[str, Any]) -> Any:
        place = f"participants.{number}"
        parties, organisations = Party.objects.visible_to(self.viewer), Organisation.objects.visible_to(self.viewer)
        return side | {
            "party": named_or_none(parties, side.get("party"), f"{place}.party"),
            "organisations": [
                named(organisations, pk, f"{place}.organisations") for pk in side.get("organisations", ())
            ],
        }


class NegotiationOne(NegotiationDoor, DetailDoor):
    """One negotiation with its participants and delegations."""

    shape = NegotiationDetail

    def present_one(self, row: Negotiation) -> NegotiationDetail:
        return negotiation_detail(row, self.viewer)


class TalksFilters(Filters):
    negotiation = serializers.UUIDField(required=False)


class RoundFilters(TalksFilters):
    kind = Slug(Round.Kind, required=False)


class RoundDoor(Door):
    access = May.READ
    plural = "rounds"
    shape = RoundRow

    def visible(self) -> "QuerySet[Round]":
        rows: QuerySet[Round] = Round.objects.visible_to(self.viewer)
        return rows

    def shown_row(self, talks: Round) -> RoundRow:
        (row,) = round_rows([talks], self.viewer)
        return row


class Rounds(RoundDoor, CollectionDoor):
    """Rounds of talks with agenda, statements and who was there, the latest first. POST records one."""

    order = newest_first("held_on", "id")
    filters = RoundFilters
    detail = RoundRow
    body = RoundBody

    def present(self, rows: Sequence[Round]) -> Sequence[RoundRow]:
        return round_rows(rows, self.viewer)

    def create(self, given: dict[str, Any]) -> RoundRow:
        negotiation = named(Negotiation.objects.visible_to(self.viewer), given.pop("negotiation"), "negotiation")
        participants, delegations = (
            Participant.objects.visible_to(self.viewer),
            Delegation.objects.visible_to(self.viewer),
        )
        given["beside"] = named_or_none(self.visible(), given.get("beside"), "beside")
        given["agenda"] = [
            (item["title"], item.get("outcome") or "", item.get("note", "")) for item in given.get("agenda", ())
        ]
        given["statements"] = [
            said
            | {"participant": named_or_none(participants, said.get("participant"), f"statements.{number}.participant")}
            for number, said in enumerate(given.get("statements", ()))
        ]
        given["attendances"] = [
            who | {"delegation": named_or_none(delegations, who.get("delegation"), f"attendances.{number}.delegation")}
            for number, who in enumerate(given.get("attendances", ()))
        ]
        return self.shown_row(operations.record_round(negotiation, actor=self.viewer, **given))


class RoundOne(RoundDoor, ChangingDoor):
    """One round. PATCH corrects what is known of it."""

    body = ChangeRoundBody

    def present_one(self, row: Round) -> RoundRow:
        return self.shown_row(row)

    def change(self, row: Round, given: dict[str, Any], version: int | None) -> Round:
        if "beside" in given:
            given["beside"] = named_or_none(self.visible(), given["beside"], "beside")
        return operations.change_round(row, actor=self.viewer, version=version, **given)


class ProposalFilters(TalksFilters):
    round = serializers.UUIDField(required=False)


class ProposalDoor(Door):
    access = May.READ
    plural = "proposals"
    shape = ProposalRow

    def visible(self) -> "QuerySet[Proposal]":
        rows: QuerySet[Proposal] = Proposal.objects.visible_to(self.viewer)
        return rows


class Proposals(ProposalDoor, CollectionDoor):
    """The thread of offers that leads to a formula, in the order they were made. POST records one."""

    order = by("made_at", "id")
    filters = ProposalFilters
    detail = ProposalRow
    body = ProposalBody

    def present(self, rows: Sequence[Proposal]) -> Sequence[ProposalRow]:
        return [proposal_row(proposal) for proposal in rows]

    def create(self, given: dict[str, Any]) -> ProposalRow:
        negotiation = named(Negotiation.objects.visible_to(self.viewer), given.pop("negotiation"), "negotiation")
        given["participant"] = named_or_none(
            Participant.objects.visible_to(self.viewer), given.get("participant"), "participant"
        )
        given["round"] = named_or_none(Round.objects.visible_to(self.viewer), given.get("round"), "round")
        given["answers"] = named_or_none(self.visible(), given.get("answers"), "answers")
        return proposal_row(operations.add_proposal(negotiation, actor=self.viewer, **given))


class ProposalOne(ProposalDoor, DetailDoor):
    """One proposal."""

    def present_one(self, row: Proposal) -> ProposalRow:
        return proposal_row(row)
