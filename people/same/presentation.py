"""Pairs, merges that wait, conflicts, and two dossiers beside each other, as one viewer sees them."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May, holders_spelt
from core.partial_dates import spelt
from people.fate import fate_of
from people.matching import explained
from people.matching.registry import doubles_of
from people.models import Merge, Person, SamePersonJudgement
from people.operations.merging import TAKEABLE, current_judgements
from people.operations.watching import note_rows
from people.presentation import Beside, beside_persons, other_names
from people.same.conflicts import conflicts
from people.same.suggesting import Suggestion, compared, suggested_pairs

REASONS = 4  # shown of a pair in the list


@dataclass(frozen=True)
class Side:
    """One of two dossiers, in short."""

    pk: uuid.UUID
    label: str
    url: str
    other_names: list[str]
    born: str
    service_number: str
    unit: str
    fate: str


@dataclass(frozen=True)
class PairLine:
    key: str  # as the form posts it: the dossier that is kept, then the other
    kept: Side
    other: Side
    reasons: list[str]
    score: str
    is_put_off: bool
    url: str


@dataclass(frozen=True)
class WaitingLine:
    pk: uuid.UUID
    kept: str
    other: str
    asked_by: str
    at: Any
    is_own: bool
    url: str


@dataclass(frozen=True)
class Said:
    sentence: str
    reason: str
    by: str
    at: Any


@dataclass(frozen=True)
class ConflictLine:
    said: list[Said]
    url: str


@dataclass(frozen=True)
class DuplicatesPage:
    waiting: list[WaitingLine]
    conflicts: list[ConflictLine]
    pairs: list[PairLine]
    looked_through: int
    next_url: str
    why_not: str


@dataclass(frozen=True)
class MergedLine:
    pk: uuid.UUID
    label: str
    by: str
    confirmed_by: str
    at: Any
    reason: str


@dataclass(frozen=True)
class DoublesPage:
    label: str
    merged: list[MergedLine]
    pairs: list[PairLine]
    said: list[Said]
    why_not: str


@dataclass(frozen=True)
class FieldLine:
    name: str
    label: str
    kept: str
    other: str
    differs: bool
    takes_other: bool


@dataclass(frozen=True)
class ComparisonPage:
    kept: Side
    other: Side
    fields: list[FieldLine]
    names: tuple[list[str], list[str]]
    claims: tuple[list[str], list[str]]
    categories: tuple[list[str], list[str]]
    reasons: list[str]
    score: str
    said: list[Said]
    waiting: WaitingLine | None
    versions: tuple[int, int]
    swapped_url: str
    why_not: str


def duplicates_page(viewer: User, after: str) -> DuplicatesPage:
    place = _person(after, viewer)
    suggested = suggested_pairs(viewer, place)
    next_url = f"{reverse('people:duplicates')}?after={suggested.next_after}" if suggested.next_after else ""
    found = [] if place else conflicts(viewer)
    return DuplicatesPage(
        waiting=[] if place else waiting_merges(viewer),
        conflicts=[
            ConflictLine(
                [*map(said, one.chain), said(one.against)], pair_url(one.against.one_id, one.against.other_id)
            )
            for one in found
        ],
        pairs=_pair_lines(suggested.pairs, viewer), looked_through=suggested.looked_through, next_url=next_url,
        why_not=why_not_here(viewer),
    )  # fmt: skip


def doubles_page(person: Person, viewer: User) -> DoublesPage:
    pairs = [
        Suggestion(person, candidate.person, candidate.comparison, False)
        for candidate in doubles_of(person, viewer)
        if candidate.person.merged_into_id is None
    ]
    merges = Merge.objects.visible_to(viewer).filter(
        absorbed__merged_into=person, merged_at__isnull=False, ended_at=None
    ).select_related("absorbed", "asked_by", "confirmed_by")  # fmt: skip
    return DoublesPage(
        label=str(person),
        merged=[
            MergedLine(
                row.absorbed_id, str(row.absorbed), str(row.asked_by), str(row.confirmed_by or ""), row.merged_at, row.reason
            )
            for row in merges.order_by("merged_at")
        ],
        pairs=_pair_lines(pairs, viewer), said=said_about([person], viewer), why_not=_why_not(person, viewer),
    )  # fmt: skip


def comparison_page(kept: Person, other: Person, viewer: User) -> ComparisonPage:
    beside = beside_persons([kept, other], viewer)
    comparison = compared(kept, other, viewer)
    waiting = next((line for line in waiting_merges(viewer, kept, other)), None)
    return ComparisonPage(
        kept=_side(kept, beside), other=_side(other, beside), fields=_fields(kept, other),
        names=_both(kept, other, lambda one: [str(name) for name in beside.names_of(one)]),
        claims=_both(kept, other, lambda one: [_claim(claim) for claim in beside.claims_of(one)]),
        categories=_both(kept, other, lambda one: [str(row) for row in beside.categories_of(one)]),
        reasons=explained(comparison), score=f"{comparison.score:.1f}", said=said_about([kept, other], viewer, between=True),
        waiting=waiting, versions=(kept.version, other.version), swapped_url=pair_url(other.pk, kept.pk),
        why_not=_why_not(kept, viewer),
    )  # fmt: skip


def pair_url(kept: uuid.UUID, other: uuid.UUID) -> str:
    return reverse("people:pair", args=[kept, other])


def waiting_merges(viewer: User, *pair: Person) -> list[WaitingLine]:
    """What waits for a second person; of these two alone where they are given."""
    rows = Merge.objects.visible_to(viewer).filter(merged_at=None, ended_at=None)
    if pair:
        rows = rows.filter(absorbed__in=pair, survivor__in=pair)
    return [
        WaitingLine(
            row.pk, str(row.survivor), str(row.absorbed), str(row.asked_by), row.asked_at, row.asked_by_id == viewer.pk,
            pair_url(row.survivor_id, row.absorbed_id),
        )
        for row in rows.select_related("survivor", "absorbed", "asked_by").order_by("asked_at", "id")[:200]
    ]  # fmt: skip


def said_about(persons: list[Person], viewer: User, *, between: bool = False) -> list[Said]:
    """The judgements in force about a dossier and what is merged into it, or between two."""
    ids = list(Person.objects.visible_to(viewer).joined(*persons).values_list("pk", flat=True))
    about = Q(one__in=ids, other__in=ids) if between else Q(one__in=ids) | Q(other__in=ids)
    rows = current_judgements(SamePersonJudgement.objects.visible_to(viewer)).filter(about)
    return [said(row) for row in rows.select_related("one", "other", "by").order_by("-at", "-number")[:50]]


def said(row: SamePersonJudgement) -> Said:
    sentence = _("%(one)s, %(other)s: %(verdict)s") % {
        "one": row.one.label, "other": row.other.label, "verdict": row.get_verdict_display(),
    }  # fmt: skip
    return Said(sentence, row.reason, str(row.by), row.at)


def why_not_here(viewer: User) -> str:
    rows = Person.objects.where(viewer, May.WRITE_PERSON).order_by()
    return "" if rows[:1] else _("This is for %(who)s.") % {"who": holders_spelt((May.WRITE_PERSON,))}


def _why_not(person: Person, viewer: User) -> str:
    if May.WRITE_PERSON in viewer.capabilities_in(person.compartment_id):
        return ""
    return _("This is for %(who)s.") % {"who": holders_spelt((May.WRITE_PERSON,))}


def _person(key: str, viewer: User) -> Person | None:
    try:
        found: Person | None = Person.objects.visible_to(viewer).filter(pk=uuid.UUID(key)).first()
    except ValueError:
        return None
    return found


def _pair_lines(pairs: list[Suggestion], viewer: User) -> list[PairLine]:
    persons = {person.pk: person for pair in pairs for person in (pair.kept, pair.other)}
    beside = beside_persons(persons.values(), viewer)
    note_rows((person.compartment_id for person in persons.values()), actor=viewer)
    return [
        PairLine(
            key=f"{pair.kept.pk}.{pair.other.pk}", kept=_side(pair.kept, beside), other=_side(pair.other, beside),
            reasons=explained(pair.comparison)[:REASONS], score=f"{pair.comparison.score:.1f}",
            is_put_off=pair.is_put_off, url=pair_url(pair.kept.pk, pair.other.pk),
        )
        for pair in pairs
    ]  # fmt: skip


def _side(person: Person, beside: Beside) -> Side:
    return Side(
        pk=person.pk, label=str(person), url=reverse("people:detail", args=[person.pk]),
        other_names=other_names(person, beside), born=spelt(person.birth_date),
        service_number=person.service_number, unit=person.unit, fate=fate_of(beside.claims_of(person)).label,
    )  # fmt: skip


def _fields(kept: Person, other: Person) -> list[FieldLine]:
    """What is filled on either side; the kept one's value is shown unless it has none."""
    lines = []
    for name in TAKEABLE:
        left, right = getattr(kept, name), getattr(other, name)
        if left or right:
            lines.append(
                FieldLine(
                    name, str(Person._meta.get_field(name).verbose_name), _shown(kept, name), _shown(other, name),  # type: ignore[union-attr]
                    left != right, bool(right and not left),
                )
            )  # fmt: skip
    return lines


def _shown(person: Person, name: str) -> str:
    if name == "birth_date":
        return spelt(person.birth_date)
    if name == "sex":
        return str(person.get_sex_display()) if person.sex else ""
    return str(getattr(person, name))


def _claim(claim: Any) -> str:
    date = spelt(claim.happened_on) or _("date unknown")
    return _("%(claim)s, %(date)s, according to %(source)s") % {"claim": claim, "date": date, "source": claim.source}


def _both(kept: Person, other: Person, told: Any) -> tuple[list[str], list[str]]:
    return told(kept), told(other)
