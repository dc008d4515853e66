"""Negotiations as one viewer sees them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May, holders_spelt
from access.scoping import memberships_of
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
)

WINDOW = 50
OUTCOME_TONES = {"agreed": "done", "refused": "stopped", "deferred": "caution"}


@dataclass(frozen=True)
class NegotiationLine:
    url: str
    title: str
    prefix: str
    works_here: str
    participants: list[str]
    last_round: str
    last_held_on: date | None


@dataclass(frozen=True)
class NegotiationWindow:
    negotiations: list[NegotiationLine]
    size: int
    previous_url: str
    next_url: str


@dataclass(frozen=True)
class Way:
    """Something that can be recorded from the page, or a sentence that says why not."""

    label: str
    url: str
    why_not: str


@dataclass(frozen=True)
class MemberLine:
    name: str
    function: str
    is_head: bool
    from_on: date | None
    until_on: date | None


@dataclass(frozen=True)
class DelegationCard:
    name: str
    head: str
    members: list[MemberLine]


@dataclass(frozen=True)
class ParticipantCard:
    letter: str
    name: str
    works_here: bool
    is_ours: bool
    delegations: list[DelegationCard]


@dataclass(frozen=True)
class AgendaLine:
    number: int
    title: str
    outcome: str
    tone: str
    note: str


@dataclass(frozen=True)
class StatementLine:
    side: str
    speaker: str
    text: str
    source: str
    said_on: date | None


@dataclass(frozen=True)
class RoundCard:
    anchor: str
    kind: str
    title: str
    held_on: date
    where: str
    facilitators: str
    duration: str
    source: str
    agenda: list[AgendaLine]
    statements: list[StatementLine]
    attendance: list[str]
    side_meetings: list["RoundCard"]
    add_statement: Way


@dataclass(frozen=True)
class ProposalLine:
    kind: str
    side: str
    text: str
    made_at: datetime
    answers: str


@dataclass(frozen=True)
class WordLine:
    side: str
    step: str
    who: str
    to_whom: str
    happened_at: datetime
    source: str
    according_to: str


@dataclass(frozen=True)
class NegotiationPage:
    title: str
    prefix: str
    works_here: str
    mediator: str
    participants: list[ParticipantCard]
    rounds: list[RoundCard]
    proposals: list[ProposalLine]
    words: list[WordLine]
    ways: list[Way]


def window_of_negotiations(viewer: User, *, after: str = "", before: str = "") -> NegotiationWindow:
    """50 negotiations, newest first. An unknown id is the beginning."""
    visible = Negotiation.objects.visible_to(viewer)
    rows = visible.order_by("-created_at", "-id")
    start, end = _place(visible, after), _place(visible, before)
    if start:
        rows = rows.filter(_beyond("lt", start))
    elif end:
        rows = rows.filter(_beyond("gt", end)).reverse()
    beside: list[Prefetch[Any, Any, Any]] = [
        Prefetch("participants", Participant.objects.visible_to(viewer)),
        Prefetch("rounds", Round.objects.visible_to(viewer).filter(beside=None)),
    ]
    found = list(rows.prefetch_related(*beside)[: WINDOW + 1])
    goes_on, shown = len(found) > WINDOW, found[:WINDOW]
    if end and not start:
        shown.reverse()
        has_previous, has_next = goes_on, bool(shown)
    else:
        has_previous, has_next = bool(start and shown), goes_on
    return NegotiationWindow(
        negotiations=[_line(negotiation) for negotiation in shown],
        size=WINDOW,
        previous_url=_window_url(before=shown[0].pk) if has_previous else "",
        next_url=_window_url(after=shown[-1].pk) if has_next else "",
    )


def _place(negotiations: Any, key: str) -> Negotiation | None:
    try:
        found: Negotiation | None = negotiations.filter(pk=UUID(key)).first()
    except ValueError:
        return None
    return found


def _beyond(direction: str, place: Negotiation) -> Q:
    further = Q(**{f"created_at__{direction}": place.created_at})
    return further | Q(**{"created_at": place.created_at, f"id__{direction}": place.pk})


def _window_url(**place: Any) -> str:
    return f"{reverse('negotiations:index')}?{urlencode(place)}"


def _line(negotiation: Negotiation) -> NegotiationLine:
    last = next(iter(negotiation.rounds.all()), None)
    return NegotiationLine(
        url=reverse("negotiations:detail", args=[negotiation.pk]),
        title=negotiation.title,
        prefix=negotiation.prefix,
        works_here=negotiation.get_works_here_display(),
        participants=[participant.name for participant in negotiation.participants.all()],
        last_round=last.title if last else "",
        last_held_on=last.held_on if last else None,
    )


def page_of(negotiation: Negotiation, viewer: User) -> NegotiationPage:
    """`negotiation` has been fetched with `visible_to(viewer)`."""
    may = viewer.capabilities_in(negotiation.compartment_id)
    participants = list(Participant.objects.visible_to(viewer).filter(negotiation=negotiation))
    sides = {participant.pk: participant.name for participant in participants}
    proposals = list(Proposal.objects.visible_to(viewer).filter(negotiation=negotiation))
    words = TheirWord.objects.visible_to(viewer).filter(
        participant__in=sides, compartment_id=negotiation.compartment_id
    )
    return NegotiationPage(
        title=negotiation.title,
        prefix=negotiation.prefix,
        works_here=negotiation.get_works_here_display(),
        mediator=str(negotiation.mediator or ""),
        participants=_participant_cards(negotiation, participants, viewer),
        rounds=_round_cards(negotiation, sides, viewer, may),
        proposals=_proposal_lines(proposals, sides),
        words=[_word_line(word, sides) for word in words],
        ways=_ways(negotiation, participants, may),
    )  # fmt: skip


def _participant_cards(
    negotiation: Negotiation, participants: Iterable[Participant], viewer: User
) -> list[ParticipantCard]:
    members = Prefetch("members", DelegationMember.objects.visible_to(viewer))
    delegations = defaultdict(list)
    for delegation in (
        Delegation.objects.visible_to(viewer).filter(negotiation=negotiation).order_by("name").prefetch_related(members)
    ):
        delegations[delegation.participant_id].append(_delegation_card(delegation))
    ours = parties_of(viewer)
    return [
        ParticipantCard(
            letter=participant.letter,
            name=participant.name,
            works_here=participant.works_here,
            is_ours=participant.party_id in ours,
            delegations=delegations[participant.pk],
        )
        for participant in participants
    ]


def parties_of(viewer: User) -> set[UUID]:
    """The parties that the viewer acts for."""
    return set(memberships_of(viewer).exclude(organisation__party=None).values_list("organisation__party", flat=True))


def _delegation_card(delegation: Delegation) -> DelegationCard:
    members = [
        MemberLine(member.name, member.function, member.is_head, member.from_on, member.until_on)
        for member in delegation.members.all()
    ]
    # Heads may have followed each other: the one who came last leads.
    heads = sorted((member for member in members if member.is_head), key=lambda member: member.from_on or date.min)
    return DelegationCard(delegation.name, heads[-1].name if heads else "", members)


def _round_cards(
    negotiation: Negotiation, sides: dict[UUID, str], viewer: User, may: frozenset[str]
) -> list[RoundCard]:
    parts: list[Prefetch[Any, Any, Any]] = [
        Prefetch("agenda_items", AgendaItem.objects.visible_to(viewer)),
        Prefetch("statements", Statement.objects.visible_to(viewer)),
        Prefetch("attendances", Attendance.objects.visible_to(viewer)),
    ]
    rounds = list(Round.objects.visible_to(viewer).filter(negotiation=negotiation).prefetch_related(*parts))
    beneath: dict[UUID, list[Round]] = defaultdict(list)
    for talks in reversed(rounds):  # the earliest side meeting first
        if talks.beside_id:
            beneath[talks.beside_id].append(talks)
    return [
        _round_card(talks, sides, may, [_round_card(beside, sides, may, []) for beside in beneath[talks.pk]])
        for talks in rounds
        if not talks.beside_id
    ]


def _round_card(talks: Round, sides: dict[UUID, str], may: frozenset[str], side_meetings: list[RoundCard]) -> RoundCard:
    return RoundCard(
        anchor=f"round-{talks.pk}",
        kind=talks.get_kind_display(),
        title=talks.title,
        held_on=talks.held_on,
        where=" · ".join(filter(None, (talks.venue, talks.format))),
        facilitators=talks.facilitators,
        duration=talks.duration,
        source=talks.source,
        agenda=[_agenda_line(item) for item in talks.agenda_items.all()],
        statements=[
            StatementLine(
                sides.get(said.participant_id, "") if said.participant_id else "",
                said.speaker, said.text, said.source, said.said_on,
            )
            for said in talks.statements.all()
        ],
        attendance=[attendance.who for attendance in talks.attendances.all()],
        side_meetings=side_meetings,
        add_statement=Way(
            _("Add a statement"),
            reverse("negotiations:statement_new", args=[talks.negotiation_id, talks.pk]),
            why_not(may, May.RECORD_TALKS),
        ),
    )  # fmt: skip


def _agenda_line(item: AgendaItem) -> AgendaLine:
    return AgendaLine(
        item.number, item.title, str(item.get_outcome_display()), OUTCOME_TONES.get(item.outcome, "quiet"), item.note
    )  # fmt: skip


def _proposal_lines(proposals: list[Proposal], sides: dict[UUID, str]) -> list[ProposalLine]:
    by_id = {proposal.pk: proposal for proposal in proposals}
    return [
        ProposalLine(
            kind=proposal.get_kind_display(),
            side=sides.get(proposal.participant_id, "") if proposal.participant_id else "",
            text=proposal.text,
            made_at=proposal.made_at,
            answers=str(by_id[proposal.answers_id]) if proposal.answers_id in by_id else "",
        )
        for proposal in proposals
    ]


def _word_line(word: TheirWord, sides: dict[UUID, str]) -> WordLine:
    return WordLine(
        side=sides[word.participant_id], step=word.step.replace("_", " "), who=word.who, to_whom=word.to_whom,
        happened_at=word.happened_at, source=word.source, according_to=word.according_to,
    )  # fmt: skip


def _ways(negotiation: Negotiation, participants: list[Participant], may: frozenset[str]) -> list[Way]:
    here = [negotiation.pk]
    recording = why_not(may, May.RECORD_TALKS)
    ways = [
        Way(_("Record a round"), reverse("negotiations:round_new", args=here), recording),
        Way(_("Record a proposal"), reverse("negotiations:proposal_new", args=here), recording),
    ]
    if any(not participant.works_here for participant in participants):
        telling = why_not(may, May.DECIDE)
        ways.append(Way(_("Record their word"), reverse("negotiations:word_new", args=here), telling))
    return ways


def why_not(may: frozenset[str], capability: str) -> str:
    """Empty for whoever may; else who could."""
    return "" if capability in may else _("This is for %(who)s.") % {"who": holders_spelt((capability,))}
