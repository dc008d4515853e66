"""A tranche's content as it would be locked: entries, counts, frame, digests."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from exchanges.digests import frame_digest, line_digest, names_digest
from exchanges.models import OPEN_LOCKED, SETTLED, Entry, FinalOffice, FormulaLine, Tranche, TrancheStatus
from exchanges.standing import Parties


@dataclass(frozen=True)
class Content:
    """What a lock freezes; `digest` is what the second pair of eyes confirms."""

    entries: list[Entry]
    line_digests: dict[Any, str]
    frame: list[Any]
    frame_digest: str
    names_digest: str
    digest: str  # of this content as planned now: an undone change of the plan revives no agreement


def content_of(tranche: Tranche, parties: Parties, *, lock_number: int) -> Content:
    """The present content of the tranche under this lock number."""
    entries = list(
        Entry.objects.unscoped("the tranche was reread in scope")
        .filter(tranche=tranche)
        .order_by("direction", "number")
    )
    digests = {
        entry.pk: line_digest(entry, entry_id=entry.pk, number=entry.number, direction_id=entry.direction_id)
        for entry in entries
    }
    frame = frame_of(tranche, parties, entries, lock_number=lock_number)
    frame_hex = frame_digest(frame)
    names_hex = names_digest(frame_hex, ((str(pk), digest) for pk, digest in digests.items()))
    planned = hashlib.sha256(f"homeward plan 1\n{names_hex}{tranche.plan_number}".encode()).hexdigest()
    return Content(entries, digests, frame, frame_hex, names_hex, planned)


def frame_of(tranche: Tranche, parties: Parties, entries: list[Entry], *, lock_number: int) -> list[Any]:
    """RULES section 2: tranche, lock, counts by direction and category, date, place, conspicuous entries, finals."""
    counts = Counter((entry.direction_id, _counted_as(entry)) for entry in entries)
    directions = sorted(
        [
            str(direction.pk), str(direction.holder_id), str(direction.receiver_id),
            sorted([category, count] for (pk, category), count in counts.items() if pk == direction.pk),
        ]
        for direction in parties.directions
    )  # fmt: skip
    finals = sorted(
        [str(final.participant_id), str(final.office_id or final.office_name), final.quorum, final.scope]
        for final in FinalOffice.objects.unscoped("own exchange").filter(exchange_id=tranche.exchange_id)
    )
    return [
        str(tranche.pk),
        lock_number,
        directions,
        tranche.planned_on.isoformat() if tranche.planned_on else None,
        tranche.place or None,
        sorted(str(entry.pk) for entry in entries if entry.is_conspicuous),
        finals,
    ]


def _counted_as(entry: Entry) -> str:
    """Whoever stands on the humanitarian list is owed regardless of number and never mixes with the formula."""
    return "humanitarian list" if entry.is_humanitarian else entry.category


def beyond_formula(tranche: Tranche, parties: Parties) -> list[str]:
    """One sentence's worth per direction where this and earlier tranches exceed the formula; empty when within."""
    exceeded = []
    for direction in parties.directions:
        placed = Entry.objects.unscoped("own exchange").filter(
            Q(tranche=tranche) | Q(tranche__status__in=(*OPEN_LOCKED, TrancheStatus.GONE, *SETTLED)),
            direction=direction, is_humanitarian=False,
        )  # fmt: skip
        by_category = Counter(placed.values_list("category", flat=True))
        lines = FormulaLine.objects.unscoped("own exchange").filter(
            direction=direction, formula_version=tranche.exchange.formula_version
        )
        allowed = {line.category: line.count for line in lines}
        over = sum(max(0, count - allowed.get(category, 0)) for category, count in by_category.items())
        if over > allowed.get("", 0):
            exceeded.append(f"{direction}: {sum(by_category.values())} / {sum(allowed.values())}")
    return exceeded
