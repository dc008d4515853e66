"""By when what is owed for a person has to be done. Pure: the rows are `people.operations.deadlines`' to keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from people.fate import Custody, custody_of, last_day_of
from people.models import AgencyNotice, Category, CategoryAssignment, Claim, DeathDuty, HeldBy

WITHIN_DAYS = {False: 7, True: 14}  # GC III 70: a week; GC IV 136: whoever is held for more than two weeks
DUTY_WITHIN_DAYS = 30  # ours: GC III 120 to 122 say "as rapidly as possible" and name no number
ESCALATED_AFTER = 7  # days past the last one, when the heads are told too


@dataclass(frozen=True)
class NoticeOwed:
    since: str
    due_on: date


def is_civilian(categories: Iterable[CategoryAssignment]) -> bool:
    return any(row.category == Category.CIVILIAN for row in categories)


def notice_owed(
    claims: Iterable[Claim], notices: Iterable[AgencyNotice], categories: Iterable[CategoryAssignment]
) -> NoticeOwed | None:
    """None where we do not hold the person now, or the Central Agency was told of this captivity."""
    claims = list(claims)
    custody = custody_of(claims)
    if not custody.is_ours or custody.is_known_to_the_agency(notices):
        return None
    return NoticeOwed(custody.since, notice_due_on(custody, claims, civilian=is_civilian(categories)))


def notice_due_on(custody: Custody, claims: Iterable[Claim], *, civilian: bool) -> date:
    """The last day in time. Of somebody held nobody wrote since when, it was over when that was recorded."""
    if custody.since:
        return last_day_of(custody.since) + timedelta(days=WITHIN_DAYS[civilian])
    recorded = max(claim.recorded_at for claim in claims if claim.held_by == HeldBy.US)
    return recorded.date() - timedelta(days=1)


def duty_due_on(duty: DeathDuty) -> date:
    return duty.opened_at.date() + timedelta(days=DUTY_WITHIN_DAYS)
