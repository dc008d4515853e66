"""What one viewer sees of exchanges, lists, tranches and ladders, as frozen rows: for the API and for pages alike.

Functions in the plural take a fixed number of queries whatever the number of rows. A `…Detail` says more of one row.
Names of participants stand in whatever row names them; everything else is asked for through `visible_to`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.db.models import Count, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from access.kept import read
from access.models import User
from access.roles import Role
from audit.models import subject_of
from core import clock, digest_words
from core.kept import Among
from core.shapes import address
from exchanges.approval import Wanted, wanted_for
from exchanges.content import content_of
from exchanges.models import (
    AGREED,
    OPEN,
    Acceptance,
    AnswerReason,
    Cleared,
    CountStatement,
    Direction,
    Entry,
    Exchange,
    ExchangeHold,
    ExchangeStatus,
    FinalOffice,
    FormulaLine,
    Hold,
    LadderProgress,
    LockAgreement,
    Manifest,
    ManifestLine,
    Outcome,
    Receipt,
    Revision,
    Scope,
    SecondPair,
    SignOff,
    SignOffPolicy,
    SignOffStep,
    Stance,
    StepStatus,
    Tranche,
    TrancheStatus,
    Withdrawal,
    is_agreed,
)
from exchanges.models.sign_off import PolicyStep
from exchanges.presentation.steps import StepView, direction_steps, exchange_steps, sign_off_steps, tranche_steps
from exchanges.standing import Parties
from exchanges.transitions.tranche import clearances_missing, gos_counting
from negotiations.models import Participant
from people.models import Category

IMMUTABLE = 1
R = TypeVar("R")


def widened(kind: type[R], row: Any, **more: Any) -> R:
    """The detail of a row: its own fields and more."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(row)}, **more)


# Parts that many rows share


@dataclass(frozen=True, slots=True)
class ParticipantRef:
    id: UUID
    letter: str
    name: str


@dataclass(frozen=True, slots=True)
class OfficeRef:
    """An organisation here, or only a name where its side is absent."""

    id: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class NextStep:
    step: str
    label: str
    allowed: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class WaitingPair:
    """What the first of two people of the viewer's side asked for, waiting for a second one."""

    step: str
    digest: str
    details: dict[str, Any]
    asked_at: datetime
    asked_by_you: bool


def participant_ref(participant: Participant) -> ParticipantRef:
    return ParticipantRef(participant.pk, participant.letter, participant.name)


def ref_or_none(participant: Participant | None) -> ParticipantRef | None:
    return participant_ref(participant) if participant else None


def next_steps(views: Iterable[StepView]) -> list[NextStep]:
    return [NextStep(view.step, view.label, view.allowed, view.why_not) for view in views]


def waiting_pairs(subject: Any, viewer: User) -> list[WaitingPair]:
    pairs = SecondPair.objects.visible_to(viewer).filter(subject=subject_of(subject), confirmed_by=None)
    return [
        WaitingPair(pair.step, pair.digest, pair.details, pair.asked_at, pair.asked_by_id == viewer.pk)
        for pair in pairs.order_by("asked_at")
    ]


# Exchanges


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    id: UUID
    url: str
    version: int
    compartment: UUID
    negotiation: UUID
    reference: str
    title: str
    status: Annotated[str, ExchangeStatus]
    status_since: datetime
    hold: Annotated[str, ExchangeHold]
    hold_by: ParticipantRef | None
    author: ParticipantRef
    formula_version: int
    formula_by: ParticipantRef
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FormulaPart:
    """So many of a category; without one, so many persons of any."""

    category: Annotated[str, Category] | None
    count: int


@dataclass(frozen=True, slots=True)
class DirectionRow:
    """`entries` and `agreed` are counts of open lines; the humanitarian list is counted beside them, never with them."""

    id: UUID
    url: str
    version: int
    exchange: UUID
    number: int
    holder: ParticipantRef
    receiver: ParticipantRef
    formula_version: int
    formula: list[FormulaPart]
    latest_revision: int
    entries: int
    agreed: int
    humanitarian: int


@dataclass(frozen=True, slots=True)
class DirectionDetail(DirectionRow):
    next_steps: list[NextStep]


@dataclass(frozen=True, slots=True)
class FinalOfficeRow:
    """Whose final sign-off the exchange needs, for one participant."""

    id: UUID
    version: int
    participant: ParticipantRef
    office: OfficeRef
    quorum: int
    scope: Annotated[str, Scope]


@dataclass(frozen=True, slots=True)
class AcceptanceRow:
    participant: ParticipantRef
    formula_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CountsRow:
    """One participant's own counts; two sides' counts may contradict each other and are kept apart."""

    participant: ParticipantRef
    promised: int | None
    presented: int | None
    received: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TrancheRef:
    id: UUID
    url: str
    number: int
    status: Annotated[str, TrancheStatus]


@dataclass(frozen=True, slots=True)
class ExchangeDetail(ExchangeRow):
    participants: list[ParticipantRef]
    directions: list[DirectionRow]
    final_offices: list[FinalOfficeRow]
    acceptances: list[AcceptanceRow]
    tranches: list[TrancheRef]
    counts: list[CountsRow]
    next_steps: list[NextStep]


_SIDES = ("hold_by", "author", "formula_by")
EXCHANGE_COLUMNS = (
    "id", "version", "compartment_id", "negotiation_id", "reference", "title", "status", "status_since", "hold",
    "formula_version", "created_at",
    *(f"{side}__{part}" for side in _SIDES for part in ("id", "letter", "name")),
)  # fmt: skip


def exchange_rows(exchanges: Sequence[Any]) -> list[ExchangeRow]:
    """Of rows of `EXCHANGE_COLUMNS`."""
    known: dict[UUID | None, ParticipantRef | None] = {None: None}
    rows = []
    for exchange in exchanges:
        *_own, by, by_letter, by_name, author, letter, name, writer, writer_letter, writer_name = exchange
        for pk, *words in ((by, by_letter, by_name), (author, letter, name), (writer, writer_letter, writer_name)):
            if pk not in known:
                known[pk] = ParticipantRef(pk, *words)
        rows.append(_exchange_row(exchange, known[by], known[author], known[writer]))
    return rows


def exchange_row(exchange: Exchange) -> ExchangeRow:
    hold_by, author, formula_by = (ref_or_none(getattr(exchange, side)) for side in _SIDES)
    return _exchange_row(exchange, hold_by, author, formula_by)


def _exchange_row(exchange: Any, hold_by: Any, author: Any, formula_by: Any) -> ExchangeRow:
    return ExchangeRow(
        id=exchange.id,
        url=address("exchanges", exchange.id),
        version=exchange.version,
        compartment=exchange.compartment_id,
        negotiation=exchange.negotiation_id,
        reference=exchange.reference,
        title=exchange.title,
        status=exchange.status,
        status_since=exchange.status_since,
        hold=exchange.hold,
        hold_by=hold_by,
        author=author,
        formula_version=exchange.formula_version,
        formula_by=formula_by,
        created_at=exchange.created_at,
    )


def exchange_detail(exchange: Exchange, viewer: User) -> ExchangeDetail:
    directions = Direction.objects.visible_to(viewer).filter(exchange=exchange).order_by("number")
    tranches = Tranche.objects.visible_to(viewer).filter(exchange=exchange).order_by("number")
    acceptances = Acceptance.objects.visible_to(viewer).filter(exchange=exchange).select_related("participant")
    counts = (
        CountStatement.objects.visible_to(viewer).filter(exchange=exchange, tranche=None).select_related("participant")
    )
    parties = Parties(exchange)
    return widened(
        ExchangeDetail,
        exchange_row(exchange),
        participants=[participant_ref(participant) for participant in parties.all],
        directions=direction_rows(with_sides(directions), viewer),
        final_offices=final_office_rows(exchange, viewer),
        acceptances=[AcceptanceRow(participant_ref(a.participant), a.formula_version, a.at) for a in acceptances],
        tranches=[TrancheRef(t.pk, address("tranches", t.pk), t.number, t.status) for t in tranches],
        counts=[CountsRow(participant_ref(c.participant), c.promised, c.presented, c.received, c.at) for c in counts],
        next_steps=next_steps(exchange_steps(exchange, viewer, parties)),
    )


def final_office_rows(exchange: Exchange, viewer: User) -> list[FinalOfficeRow]:
    named = FinalOffice.objects.visible_to(viewer).filter(exchange=exchange).select_related("participant")
    return [final_office_row(final) for final in named.order_by("participant__letter")]


def final_office_row(final: FinalOffice) -> FinalOfficeRow:
    office = OfficeRef(final.office_id, final.office_name)
    return FinalOfficeRow(
        final.pk, final.version, participant_ref(final.participant), office, final.quorum, final.scope
    )


# Directions and lists


def with_sides(directions: "QuerySet[Direction]") -> "QuerySet[Direction]":
    return directions.select_related("holder", "receiver", "exchange")


def direction_rows(directions: Iterable[Direction], viewer: User) -> list[DirectionRow]:
    directions = list(directions)
    formulas: dict[Any, list[FormulaPart]] = {}
    current = {direction.pk: direction.exchange.formula_version for direction in directions}
    lines = FormulaLine.objects.visible_to(viewer).filter(direction__in=current).order_by("category")
    for pk, version, category, count in lines.values_list("direction_id", "formula_version", "category", "count"):
        if version == current[pk]:
            formulas.setdefault(pk, []).append(FormulaPart(category or None, count))
    counted = _entry_counts(current)
    return [
        DirectionRow(
            id=direction.pk,
            url=address("directions", direction.pk),
            version=direction.version,
            exchange=direction.exchange_id,
            number=direction.number,
            holder=participant_ref(direction.holder),
            receiver=participant_ref(direction.receiver),
            formula_version=direction.exchange.formula_version,
            formula=formulas.get(direction.pk, []),
            latest_revision=direction.latest_revision,
            entries=counted.get(direction.pk, {}).get("entries", 0),
            agreed=counted.get(direction.pk, {}).get("agreed", 0),
            humanitarian=counted.get(direction.pk, {}).get("humanitarian", 0),
        )
        for direction in directions
    ]


def _entry_counts(directions: Iterable[Any]) -> dict[Any, dict[str, Any]]:
    formula = OPEN & Q(is_humanitarian=False)
    rows = (
        Entry.objects.unscoped("whoever reads the table reads its counts (RULES section 9)")
        .filter(direction__in=list(directions))
        .order_by()
        .values("direction_id")
        .annotate(
            entries=Count("pk", filter=formula),
            agreed=Count("pk", filter=formula & AGREED),
            humanitarian=Count("pk", filter=OPEN & Q(is_humanitarian=True)),
        )
    )
    return {row["direction_id"]: dict(row) for row in rows}


def direction_detail(direction: Direction, viewer: User) -> DirectionDetail:
    (row,) = direction_rows([direction], viewer)
    return widened(DirectionDetail, row, next_steps=next_steps(direction_steps(direction, viewer)))


@dataclass(frozen=True, slots=True)
class RevisionRow:
    id: UUID
    url: str
    version: int
    direction: UUID
    number: int
    base: int
    participant: ParticipantRef
    message: str
    digest: str
    size: int
    added: int
    left_out: int
    at: datetime


def revision_row(revision: Revision) -> RevisionRow:
    return RevisionRow(
        id=revision.pk,
        url=address("revisions", revision.pk),
        version=IMMUTABLE,
        direction=revision.direction_id,
        number=revision.number,
        base=revision.base,
        participant=participant_ref(revision.participant),
        message=revision.message,
        digest=revision.digest,
        size=revision.size,
        added=revision.added,
        left_out=revision.left_out,
        at=revision.at,
    )


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line as disclosed. `cleared_by`: the participants that said yes to it, by id."""

    id: UUID
    url: str
    version: int
    direction: UUID
    number: int
    family: str
    given: str
    patronymic: str
    birth_date: str
    rank: str
    service_number: str
    category: Annotated[str, Category]
    latin_name: str
    is_humanitarian: bool
    is_conspicuous: bool
    tranche: UUID | None
    holder_stance: Annotated[str, Stance] | None
    receiver_stance: Annotated[str, Stance] | None
    is_agreed: bool
    replaces: UUID | None
    entered_by: UUID
    cleared_by: list[UUID]
    disclosed_at: datetime


ENTRY_COLUMNS = (
    "id", "version", "direction_id", "number", "family", "given", "patronymic", "birth_date", "rank", "service_number",
    "category", "latin_name", "is_humanitarian", "is_conspicuous", "tranche_id", "holder_stance", "receiver_stance",
    "replaces_id", "entered_by_id", "disclosed_at",
)  # fmt: skip


def entry_rows(entries: Sequence[Any], viewer: User) -> list[EntryRow]:
    """Of entries, or of rows of `ENTRY_COLUMNS`."""
    cleared: dict[Any, list[UUID]] = {}
    wanted = {f"entry:{number}": entry.id for number, entry in enumerate(entries)}
    for entry_id, participant_id in read("cleared", _cleared, viewer, wanted) if wanted else ():
        cleared.setdefault(entry_id, []).append(participant_id)
    return [_entry_row(entry, cleared.get(entry.id, [])) for entry in entries]


def _cleared(viewer: User, entries: Mapping[str, Any]) -> "QuerySet[Any, Any]":
    given = Cleared.objects.visible_to(viewer).filter(Among("entry_id", list(entries.values()))).order_by("at")
    return given.values_list("entry_id", "participant_id")


def _entry_row(entry: Any, cleared_by: list[UUID]) -> EntryRow:
    return EntryRow(
        id=entry.id,
        url=address("entries", entry.id),
        version=entry.version,
        direction=entry.direction_id,
        number=entry.number,
        family=entry.family,
        given=entry.given,
        patronymic=entry.patronymic,
        birth_date=entry.birth_date,
        rank=entry.rank,
        service_number=entry.service_number,
        category=entry.category,
        latin_name=entry.latin_name,
        is_humanitarian=entry.is_humanitarian,
        is_conspicuous=entry.is_conspicuous,
        tranche=entry.tranche_id,
        holder_stance=entry.holder_stance or None,
        receiver_stance=entry.receiver_stance or None,
        is_agreed=is_agreed(entry.holder_stance, entry.receiver_stance),
        replaces=entry.replaces_id,
        entered_by=entry.entered_by_id,
        cleared_by=cleared_by,
        disclosed_at=entry.disclosed_at,
    )


@dataclass(frozen=True, slots=True)
class AnswerRow:
    id: UUID
    url: str
    version: int
    entry: UUID
    participant: UUID
    stance: Annotated[str, Stance]
    reason: Annotated[str, AnswerReason] | None
    field: str
    note: str
    source: str
    sequence: int
    at: datetime
    happened_at: datetime | None


ANSWER_COLUMNS = (
    "id", "entry_id", "participant_id", "stance", "reason", "field", "note", "source", "sequence", "at",
    "happened_at",
)  # fmt: skip


def answer_row(answer: Any) -> AnswerRow:
    """Of an answer, or of a row of `ANSWER_COLUMNS`."""
    return AnswerRow(
        id=answer.id,
        url=address("answers", answer.id),
        version=IMMUTABLE,
        entry=answer.entry_id,
        participant=answer.participant_id,
        stance=answer.stance,
        reason=answer.reason or None,
        field=answer.field,
        note=answer.note,
        source=answer.source,
        sequence=answer.sequence,
        at=answer.at,
        happened_at=answer.happened_at,
    )


# Tranches


@dataclass(frozen=True, slots=True)
class TrancheCount:
    """So many lines of one direction stand in the tranche; those of the humanitarian list apart."""

    direction: UUID
    entries: int
    humanitarian: int


@dataclass(frozen=True, slots=True)
class TrancheRow:
    id: UUID
    url: str
    version: int
    exchange: UUID
    number: int
    reference: str
    status: Annotated[str, TrancheStatus]
    status_since: datetime
    planned_on: date | None
    place: str
    time_zone: str
    lock_number: int
    counts: list[TrancheCount]


@dataclass(frozen=True, slots=True)
class HoldRow:
    participant: ParticipantRef
    reason: str
    placed_at: datetime
    released_at: datetime | None
    release_reason: str


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """k of n: all that the table learns of a side's internal ladder."""

    participant: ParticipantRef
    approved: int
    steps: int


@dataclass(frozen=True, slots=True)
class PresentedRow:
    participant: ParticipantRef
    direction: UUID | None
    presented: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TrancheDetail(TrancheRow):
    """`go_given_by`: whose go counts now. `lock_agreed_by`: who has agreed to lock the present content."""

    manifest: UUID | None
    holds: list[HoldRow]
    progress: list[ProgressRow]
    lock_agreed_by: list[ParticipantRef]
    clearances_missing: int
    go_given_by: list[ParticipantRef]
    presented: list[PresentedRow]
    waiting_pairs: list[WaitingPair]
    next_steps: list[NextStep]


def tranche_rows(tranches: Sequence[Tranche]) -> list[TrancheRow]:
    counts: dict[Any, list[TrancheCount]] = {}
    rows = (
        Entry.objects.unscoped("whoever reads the table reads its counts (RULES section 9)")
        .filter(tranche__in=[tranche.pk for tranche in tranches])
        .values("tranche_id", "direction_id")
        .annotate(
            entries=Count("pk", filter=Q(is_humanitarian=False)),
            humanitarian=Count("pk", filter=Q(is_humanitarian=True)),
        )
        .order_by("direction__number")
    )
    for row in rows:
        counted = TrancheCount(row["direction_id"], row["entries"], row["humanitarian"])
        counts.setdefault(row["tranche_id"], []).append(counted)
    return [_tranche_row(tranche, counts.get(tranche.pk, [])) for tranche in tranches]


def _tranche_row(tranche: Tranche, counts: list[TrancheCount]) -> TrancheRow:
    return TrancheRow(
        id=tranche.pk,
        url=address("tranches", tranche.pk),
        version=tranche.version,
        exchange=tranche.exchange_id,
        number=tranche.number,
        reference=tranche.reference,
        status=tranche.status,
        status_since=tranche.status_since,
        planned_on=tranche.planned_on,
        place=tranche.place,
        time_zone=tranche.time_zone,
        lock_number=tranche.lock_number,
        counts=counts,
    )


def tranche_detail(tranche: Tranche, viewer: User) -> TrancheDetail:
    (row,) = tranche_rows([tranche])
    parties = Parties(tranche.exchange)
    holds = Hold.objects.visible_to(viewer).filter(tranche=tranche).select_related("participant")
    progress = LadderProgress.objects.visible_to(viewer).filter(tranche=tranche, lock_number=tranche.lock_number)
    counts = CountStatement.objects.visible_to(viewer).filter(tranche=tranche, presented__isnull=False)
    given = gos_counting(tranche)
    return widened(
        TrancheDetail,
        row,
        manifest=_current_manifest_id(tranche, viewer),
        holds=[
            HoldRow(participant_ref(h.participant), h.reason, h.placed_at, h.released_at, h.release_reason)
            for h in holds
        ],
        progress=[
            ProgressRow(participant_ref(p.participant), p.approved, p.steps)
            for p in progress.select_related("participant").order_by("participant__letter")
        ],
        lock_agreed_by=_lock_agreed_by(tranche, parties, viewer),
        clearances_missing=clearances_missing(tranche),
        go_given_by=[participant_ref(participant) for participant in parties.all if participant.pk in given],
        presented=[
            PresentedRow(participant_ref(c.participant), c.direction_id, c.presented or 0, c.at)
            for c in counts.select_related("participant")
        ],
        waiting_pairs=waiting_pairs(tranche, viewer),
        next_steps=next_steps(tranche_steps(tranche, viewer, parties)),
    )


def _current_manifest_id(tranche: Tranche, viewer: User) -> UUID | None:
    if tranche.status == TrancheStatus.PLANNED:
        return None
    rows = Manifest.objects.visible_to(viewer).filter(tranche=tranche, lock_number=tranche.lock_number)
    found: UUID | None = rows.order_by("-version").values_list("pk", flat=True).first()
    return found


def _lock_agreed_by(tranche: Tranche, parties: Parties, viewer: User) -> list[ParticipantRef]:
    if tranche.status != TrancheStatus.PLANNED:
        return []
    agreed = dict(
        LockAgreement.objects.visible_to(viewer).filter(tranche=tranche).values_list("participant_id", "digest")
    )
    if not agreed:
        return []
    digest = content_of(tranche, parties, lock_number=tranche.lock_number + 1).digest
    return [participant_ref(participant) for participant in parties.all if agreed.get(participant.pk) == digest]


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """A tranche's locked content: `number` counts its versions within one lock."""

    id: UUID
    url: str
    version: int
    tranche: UUID
    lock_number: int
    number: int
    frame_digest: str
    names_digest: str
    change: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ManifestPart:
    entry: UUID
    direction: UUID
    number: int
    family: str
    given: str
    patronymic: str
    birth_date: str
    rank: str
    service_number: str
    category: Annotated[str, Category]
    latin_name: str
    is_humanitarian: bool
    line_digest: str


@dataclass(frozen=True, slots=True)
class ManifestDetail(ManifestRow):
    frame: Any
    lines: list[ManifestPart]


def manifest_row(manifest: Manifest) -> ManifestRow:
    return ManifestRow(
        id=manifest.pk,
        url=address("manifests", manifest.pk),
        version=IMMUTABLE,
        tranche=manifest.tranche_id,
        lock_number=manifest.lock_number,
        number=manifest.version,
        frame_digest=manifest.frame_digest,
        names_digest=manifest.names_digest,
        change=manifest.change,
        at=manifest.at,
    )


MANIFEST_PART = (
    "entry_id", "entry__direction_id", "number", "family", "given", "patronymic", "birth_date", "rank", "service_number",
    "category", "latin_name", "is_humanitarian", "line_digest",
)  # fmt: skip


def manifest_detail(manifest: Manifest, viewer: User) -> ManifestDetail:
    lines = ManifestLine.objects.visible_to(viewer).filter(manifest=manifest)
    ordered = lines.order_by("entry__direction__number", "number").values_list(*MANIFEST_PART)
    return widened(
        ManifestDetail, manifest_row(manifest), frame=manifest.frame, lines=[ManifestPart(*line) for line in ordered]
    )


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    id: UUID
    url: str
    version: int
    tranche: UUID
    entry: UUID
    participant: UUID
    outcome: Annotated[str, Outcome]
    note: str
    sequence: int
    at: datetime


def receipt_row(receipt: Receipt) -> ReceiptRow:
    return ReceiptRow(
        id=receipt.pk,
        url=address("receipts", receipt.pk),
        version=IMMUTABLE,
        tranche=receipt.tranche_id,
        entry=receipt.entry_id,
        participant=receipt.participant_id,
        outcome=receipt.outcome,
        note=receipt.note,
        sequence=receipt.sequence,
        at=receipt.at,
    )


# The ladder


class SignOffState(TextChoices):
    """How a sign-off stands: read from its digest, its withdrawal and its expiry, never stored."""

    VALID = "valid", _("valid")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LAPSED = "lapsed", _("lapsed")
    EXPIRED = "expired", _("expired")


@dataclass(frozen=True, slots=True)
class SignOffPart:
    """One approval. Whoever signed is named to their own side only, on the papers."""

    id: UUID
    manner: Annotated[str, SignOff.Manner]
    office: OfficeRef | None
    role: Annotated[str, Role] | None
    digest: str
    at: datetime
    expires_at: datetime | None
    state: Annotated[str, SignOffState]
    withdrawn_at: datetime | None
    withdrawn_because: str


@dataclass(frozen=True, slots=True)
class SignOffRow:
    """One rung of the ladder of one lock, with its sign-offs. `is_current`: it belongs to the present lock."""

    id: UUID
    url: str
    version: int
    tranche: UUID
    lock_number: int
    is_current: bool
    participant: ParticipantRef
    order: int
    office: OfficeRef
    quorum: int
    scope: Annotated[str, Scope]
    is_final: bool
    status: Annotated[str, StepStatus]
    status_since: datetime
    refused_because: str
    lapsed_because: str
    sign_offs: list[SignOffPart]


@dataclass(frozen=True, slots=True)
class SignOffDetail(SignOffRow):
    """`digest`: what would be signed now, to be posted with *approve*; in words for comparing aloud."""

    digest: str | None
    digest_words: list[str]
    waiting_pairs: list[WaitingPair]
    next_steps: list[NextStep]


def sign_off_rows(rungs: Sequence[SignOffStep], viewer: User) -> list[SignOffRow]:
    """Rungs with their `tranche` and `participant` loaded."""
    wanted = _wanted_now(rungs)
    pks = [rung.pk for rung in rungs]
    withdrawals = {
        withdrawal.sign_off_id: withdrawal
        for withdrawal in Withdrawal.objects.visible_to(viewer).filter(sign_off__step__in=pks)
    }
    signed: dict[Any, list[SignOff]] = {}
    for sign_off in (
        SignOff.objects.visible_to(viewer).filter(step__in=pks).select_related("organisation").order_by("at")
    ):
        signed.setdefault(sign_off.step_id, []).append(sign_off)
    return [
        _sign_off_row(
            rung,
            [
                _sign_off_part(sign_off, wanted.get(rung.pk), withdrawals.get(sign_off.pk))
                for sign_off in signed.get(rung.pk, [])
            ],
        )
        for rung in rungs
    ]


def _wanted_now(rungs: Sequence[SignOffStep]) -> dict[Any, Wanted]:
    """By rung, what counts now; a rung of an earlier lock has nothing."""
    versions: dict[Any, list[Manifest]] = {}
    rows = Manifest.objects.unscoped("a digest of what the viewer's rungs sign; no name is read").filter(
        tranche__in={rung.tranche_id for rung in rungs}
    )
    for manifest in rows.defer("frame").order_by("-version"):
        versions.setdefault((manifest.tranche_id, manifest.lock_number), []).append(manifest)
    return {
        rung.pk: wanted_for(rung.scope, found)
        for rung in rungs
        if (found := versions.get((rung.tranche_id, rung.lock_number))) and is_of_current_lock(rung)
    }


def is_of_current_lock(rung: SignOffStep) -> bool:
    return rung.lock_number == rung.tranche.lock_number and rung.tranche.status != TrancheStatus.PLANNED


def _sign_off_part(sign_off: SignOff, wanted: Wanted | None, withdrawal: Withdrawal | None) -> SignOffPart:
    office = sign_off.organisation
    return SignOffPart(
        id=sign_off.pk,
        manner=sign_off.manner,
        office=OfficeRef(office.pk, office.name) if office else None,
        role=sign_off.role or None,
        digest=sign_off.digest,
        at=sign_off.at,
        expires_at=sign_off.expires_at,
        state=_state(sign_off, wanted, withdrawal),
        withdrawn_at=withdrawal.at if withdrawal else None,
        withdrawn_because=withdrawal.reason if withdrawal else "",
    )


def _state(sign_off: SignOff, wanted: Wanted | None, withdrawal: Withdrawal | None) -> str:
    if withdrawal:
        return SignOffState.WITHDRAWN
    if wanted is None or not wanted.fits(sign_off):
        return SignOffState.LAPSED
    if sign_off.expires_at and sign_off.expires_at <= clock.now():
        return SignOffState.EXPIRED
    return SignOffState.VALID


def _sign_off_row(rung: SignOffStep, sign_offs: list[SignOffPart]) -> SignOffRow:
    return SignOffRow(
        id=rung.pk,
        url=address("sign-offs", rung.pk),
        version=rung.version,
        tranche=rung.tranche_id,
        lock_number=rung.lock_number,
        is_current=is_of_current_lock(rung),
        participant=participant_ref(rung.participant),
        order=rung.order,
        office=OfficeRef(rung.office_id, rung.office_name),
        quorum=rung.quorum,
        scope=rung.scope,
        is_final=rung.is_final,
        status=rung.status,
        status_since=rung.status_since,
        refused_because=rung.refused_because,
        lapsed_because=rung.lapsed_because,
        sign_offs=sign_offs,
    )


def sign_off_detail(rung: SignOffStep, viewer: User) -> SignOffDetail:
    (row,) = sign_off_rows([rung], viewer)
    wanted = _wanted_now([rung]).get(rung.pk)
    digest = wanted.digest if wanted else None
    return widened(
        SignOffDetail,
        row,
        digest=digest,
        digest_words=digest_words.words(digest, viewer.language) if digest else [],
        waiting_pairs=waiting_pairs(rung, viewer),
        next_steps=next_steps(sign_off_steps(rung, viewer)),
    )


# The policy


@dataclass(frozen=True, slots=True)
class PolicyPart:
    order: int
    office: OfficeRef
    quorum: int
    scope: Annotated[str, Scope]
    is_final: bool


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A side's own ladder for a negotiation. Locks copy it; the other sides never see it."""

    id: UUID
    url: str
    version: int
    negotiation: UUID
    participant: ParticipantRef
    pairs_waived: bool
    authors_may_sign: bool
    steps: list[PolicyPart]


def policy_rows(policies: Sequence[SignOffPolicy], viewer: User) -> list[PolicyRow]:
    steps: dict[Any, list[PolicyPart]] = {}
    for step in (
        PolicyStep.objects.visible_to(viewer).filter(policy__in=[policy.pk for policy in policies]).order_by("order")
    ):
        part = PolicyPart(
            step.order, OfficeRef(step.office_id, step.office_name), step.quorum, step.scope, step.is_final
        )
        steps.setdefault(step.policy_id, []).append(part)
    return [
        PolicyRow(
            id=policy.pk,
            url=address("policies", policy.pk),
            version=policy.version,
            negotiation=policy.negotiation_id,
            participant=participant_ref(policy.participant),
            pairs_waived=policy.pairs_waived,
            authors_may_sign=policy.authors_may_sign,
            steps=steps.get(policy.pk, []),
        )
        for policy in policies
    ]
