"""One sheet for signing: what is signed, what changed since the office last signed, in words and digits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from access.models import User
from access.roles import May
from core.digest_words import words
from exchanges.approval import digest_for
from exchanges.models import Manifest, ManifestLine, Scope, SignOff, SignOffStep
from exchanges.operations.sign_off import office_seat, waiting_pair
from exchanges.presentation.actions import WordStep, may_bring
from exchanges.presentation.facts import facts_of
from exchanges.presentation.ladders import LadderView, ladders_of
from exchanges.presentation.names_window import scripts
from exchanges.presentation.steps import StepView, sign_off_steps
from exchanges.presentation.times import age, count, day, instant
from exchanges.presentation.tones import Pill, pill
from exchanges.presentation.tranche_page import CountRow, PairLine, count_row, pair_details, pair_label
from exchanges.standing import Parties
from exchanges.transitions import sign_off as sign_off_table
from people.models import Category

SHOWN_NAMES = 20


@dataclass(frozen=True)
class Digest:
    words: list[str]
    hex16: str
    full: str


@dataclass(frozen=True)
class Change:
    """One sentence, and the names it is about."""

    sentence: str
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    pk: Any
    tranche_pk: Any
    reference: str
    exchange: str
    exchange_url: str
    tranche_url: str
    manifest_url: str
    compartment: Any
    office: str
    participant: str
    is_final: bool
    is_ours_alone: bool
    scope: str
    signs_names: bool
    status: Pill
    since: str
    planned_on: str
    place: str
    rows: list[CountRow]
    total: str
    conspicuous: list[str]
    digest: Digest
    printed_at: str
    last_signed: str
    changes: list[Change]
    ladders: list[LadderView]
    follows: list[str]
    may_sign: bool
    may_record: bool
    pair: PairLine | None
    approve: StepView
    refuse: StepView
    withdraw: StepView
    word_from: UUID | None
    word_steps: list[WordStep]
    others: list[tuple[str, str]]


def steps_to_read(steps: list[SignOffStep], viewer: User, parties: Parties) -> list[SignOffStep]:
    """Own pending steps first, then whatever of the ladder the viewer sees."""
    offices = {
        seat.organisation.pk
        for compartment in {step.compartment_id for step in steps}
        for seat in parties.seats_of(viewer, compartment)
    }
    return sorted(
        steps, key=lambda step: (step.office_id not in offices, step.status != "pending", step.is_final, step.order)
    )


def sheet_of(step: SignOffStep, steps: list[SignOffStep], manifest: Manifest, viewer: User, parties: Parties) -> Sheet:
    """`step` was fetched with `visible_to(viewer)`, its tranche and exchange beside it."""
    tranche, exchange = step.tranche, step.tranche.exchange
    by_name = {one.step: one for one in sign_off_steps(step, viewer, parties)}
    seat = office_seat(step, viewer)
    held = seat.capabilities if seat else frozenset()
    full = digest_for(step.scope, manifest)
    last, changes = _changes(step, manifest, viewer, parties)
    rows = _frame_rows(manifest, parties)
    sheet_url = reverse("exchanges:sign", args=[tranche.pk])
    return Sheet(
        pk=step.pk, tranche_pk=tranche.pk, reference=tranche.reference, exchange=exchange.title,
        exchange_url=reverse("exchanges:detail", args=[exchange.pk]), compartment=tranche.compartment_id,
        tranche_url=reverse("exchanges:tranche", args=[tranche.pk]),
        manifest_url=reverse("exchanges:manifest", args=[tranche.pk]), office=step.office_name,
        participant=str(step.participant), is_final=step.is_final,
        is_ours_alone=parties.ours_alone, scope=step.get_scope_display(),
        signs_names=step.scope == Scope.NAMES, status=pill(step.status, step.get_status_display()),
        since=age(step.status_since), planned_on=day(tranche.planned_on), place=tranche.place, rows=rows,
        total=count(sum(number for _d, _c, number in _frame_counts(manifest))),
        conspicuous=_conspicuous(manifest, viewer), digest=digest_view(full), printed_at=instant(manifest.at),
        last_signed=last, changes=changes,
        ladders=ladders_of(facts_of([tranche], viewer)[tranche.pk], parties, viewer),
        follows=_follows(step), may_sign=May.SIGN in held, may_record=May.RECORD_SIGN_OFF in held,
        pair=_pair(step, viewer), approve=by_name["approve"], refuse=by_name["refuse"], withdraw=by_name["withdraw"],
        word_from=_word_from(step, viewer, parties),
        word_steps=_word_steps(step, viewer, parties),
        others=[(one.office_name, f"{sheet_url}?step={one.pk}") for one in steps if one.pk != step.pk],
    )  # fmt: skip


def digest_view(full: str) -> Digest:
    return Digest(words(full, get_language() or "en"), full[:16], full)


def _word_from(step: SignOffStep, viewer: User, parties: Parties) -> UUID | None:
    """The absent participant whose word on this step the viewer may record."""
    return step.participant_id if _may_bring("approve", step, viewer, parties) else None


def _word_steps(step: SignOffStep, viewer: User, parties: Parties) -> list[WordStep]:
    """Refusal and withdrawal of an absent side, as its word."""
    url = {name: reverse("exchanges:sign_off_step", args=[step.pk, name]) for name in ("refuse", "withdraw")}
    return [
        WordStep(
            str(sign_off_table.TRANSITIONS[name].label),
            str(step.participant),
            f"{url[name]}?word={step.participant_id}",
        )
        for name in url
        if _may_bring(name, step, viewer, parties)
    ]


def _may_bring(name: str, step: SignOffStep, viewer: User, parties: Parties) -> bool:
    row, exchange = sign_off_table.TRANSITIONS[name], step.tranche.exchange
    side = next(one for one in parties.all if one.pk == step.participant_id)
    return may_bring(row, step, exchange, viewer, parties, side, compartment=step.compartment_id)


def _pair(step: SignOffStep, viewer: User) -> PairLine | None:
    row = waiting_pair(step, viewer)
    if row is None:
        return None
    return PairLine(
        pair_label(row.step),
        str(row.asked_by),
        age(row.asked_at),
        "",
        row.asked_by_id == viewer.pk,
        pair_details(row.details),
    )


def _frame_counts(manifest: Manifest) -> list[tuple[str, str, int]]:
    directions: list[Any] = manifest.frame[2]
    return [(pk, category, number) for pk, _holder, _receiver, counts in directions for category, number in counts]


def _frame_rows(manifest: Manifest, parties: Parties) -> list[CountRow]:
    counts = _frame_counts(manifest)
    rows = []
    for direction in parties.directions:
        parts = [
            (category, category not in Category.values, n) for pk, category, n in counts if pk == str(direction.pk)
        ]
        if row := count_row(str(direction), parts):
            rows.append(row)
    return rows


def _category(category: str) -> str:
    return str(Category(category).label) if category in Category.values else _("humanitarian list")


def _conspicuous(manifest: Manifest, viewer: User) -> list[str]:
    marked = manifest.frame[5]
    if not marked:
        return []
    lines = ManifestLine.objects.visible_to(viewer).filter(manifest=manifest, entry__in=marked).order_by("number")
    return [_named(line) for line in lines]


def _named(line: ManifestLine) -> str:
    name, other = scripts(line)
    return f"#{line.number} {name}" + (f" ({other})" if other else "")


def _changes(step: SignOffStep, manifest: Manifest, viewer: User, parties: Parties) -> tuple[str, list[Change]]:
    """When this office last signed here, and what differs since; nothing where it signs for the first time."""
    rows = SignOff.objects.visible_to(viewer).filter(
        step__tranche=step.tranche, step__participant=step.participant, step__office_name=step.office_name
    )
    last = rows.order_by("-at").first()
    if last is None:
        return "", []
    changes = []
    if step.lapsed_because:
        changes.append(Change(_("It lapsed because: %(cause)s") % {"cause": step.lapsed_because}))
    if manifest.change:
        changes.append(Change(manifest.change))
    column = "frame_digest" if last.step.scope == Scope.FRAME else "names_digest"
    manifests = Manifest.objects.visible_to(viewer).filter(tranche=step.tranche)
    before = manifests.filter(**{column: last.digest}).order_by("-version").first()
    if before is not None and before.pk != manifest.pk:
        changes += [*_frame_changes(before, manifest, parties), *_name_changes(before, manifest, viewer)]
        if not changes:
            changes.append(Change(_("The tranche was locked anew with the same content.")))
    return instant(last.at), changes


def _frame_changes(before: Manifest, after: Manifest, parties: Parties) -> list[Change]:
    changes = []
    for place, label in ((3, _("Date")), (4, _("Place"))):
        was, now = before.frame[place], after.frame[place]
        if was != now:
            told = {"label": label, "was": _shown(place, was), "now": _shown(place, now)}
            changes.append(Change(_("%(label)s: %(was)s, now %(now)s") % told))
    was_counts, now_counts = ({row[:2]: row[2] for row in _frame_counts(one)} for one in (before, after))
    names = {str(direction.pk): str(direction) for direction in parties.directions}
    for key in sorted(was_counts.keys() | now_counts.keys()):
        if was_counts.get(key) != now_counts.get(key):
            told = {
                "direction": names.get(key[0], ""), "category": _category(key[1]),
                "was": count(was_counts.get(key, 0)), "now": count(now_counts.get(key, 0)),
            }  # fmt: skip
            changes.append(Change(_("%(direction)s, %(category)s: %(was)s, now %(now)s") % told))
    if before.frame[5] != after.frame[5]:
        changes.append(Change(_("Who is conspicuous has changed.")))
    return changes


def _shown(place: int, value: str | None) -> str:
    if not value:
        return _("none")
    return day(date.fromisoformat(value)) if place == 3 else value


def _name_changes(before: Manifest, after: Manifest, viewer: User) -> list[Change]:
    lines = ManifestLine.objects.visible_to(viewer)
    was = {line.entry_id: line for line in lines.filter(manifest=before)}
    now = {line.entry_id: line for line in lines.filter(manifest=after)}
    groups: Mapping[str, list[ManifestLine]] = {
        _("Added: %(n)s"): [line for pk, line in now.items() if pk not in was],
        _("No longer in it: %(n)s"): [line for pk, line in was.items() if pk not in now],
        _("Corrected: %(n)s"): [
            line for pk, line in now.items() if pk in was and was[pk].line_digest != line.line_digest
        ],
    }
    return [
        Change(sentence % {"n": count(len(found))}, [_named(line) for line in found[:SHOWN_NAMES]])
        for sentence, found in groups.items()
        if found
    ]


def _follows(step: SignOffStep) -> list[str]:
    if step.is_final:
        first = _("With the last final sign-off the tranche is signed off and can be staged.")
    else:
        first = _("Once %(quorum)s of this office signed, the next step of your side is asked.") % {
            "quorum": step.quorum
        }
    return [
        first,
        _("It holds for exactly this content. Whatever changes it, it lapses and you are asked again, with the cause."),
        _("It can be withdrawn with a reason until the last go. After that there is nothing to withdraw."),
    ]
