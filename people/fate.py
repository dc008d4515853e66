"""Fate and custody: the current reading of a person's claims, each with its reason. Nothing is stored."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core.partial_dates import spelt
from people.models import AgencyNotice, Claim, ClaimKind, HeldBy

UNKNOWN = ""
K = ClaimKind
# What a claim of these kinds says of somebody whose death is established does not show them alive.
SHOWS_NOBODY_ALIVE = frozenset({K.MISSING, K.REPORTED_DEAD_BY_HOLDER})
IN_CAPTIVITY = frozenset(
    {K.REPORTED_CAPTURED, K.CONFIRMED_BY_HOLDER, K.CONFIRMED_BY_AGENCY, K.SEEN_BY_RETURNEE, K.MOVED, K.HOSPITALISED, K.CONVICTED}
)  # fmt: skip
# Ends of captivity; of two on one day the greater is the later.
ENDS: dict[str, int] = {K.RELEASED: 1, K.HOME: 2, K.DEATH_ESTABLISHED: 3}


@dataclass(frozen=True)
class Fate:
    kind: str
    label: str
    reason: str

    @property
    def bars_locking(self) -> bool:
        """Home or dead by the record: a conflict that two people have to explain (DESIGN rule 1)."""
        return self.kind in (ClaimKind.HOME, ClaimKind.DEATH_ESTABLISHED)


@dataclass(frozen=True)
class Custody:
    """Whether somebody is held now, by whom and since when; `after_home`: when they had come home before."""

    is_held: bool = False
    held_by: str = ""
    since: str = ""
    after_home: str | None = None

    @property
    def is_ours(self) -> bool:
        return self.is_held and self.held_by == HeldBy.US

    def is_known_to_the_agency(self, notices: Iterable[AgencyNotice]) -> bool:
        """Told of this captivity; what was told before it began was about another."""
        about = AgencyNotice.About.CAPTIVITY
        return any(row.about == about and row.sent_on.isoformat() >= self.since for row in notices)

    def days(self, today: date) -> int:
        """At least so many: of a date known in part its last day counts."""
        return max(0, (today - last_day_of(self.since)).days) if self.since else 0


def in_order(claims: Iterable[Claim]) -> list[Claim]:
    """As they happened. An end of captivity comes as late as its date allows, anything else as early.

    So what comes after somebody was home or dead in this order surely did; a claim without a date may be old.
    """
    return sorted(claims, key=lambda claim: (_place(claim), ENDS.get(claim.kind, 0), claim.recorded_at))


def deciding(claims: Iterable[Claim]) -> Claim | None:
    """The latest claim; an established death stays until a claim about a later day shows the person alive."""
    decides: Claim | None = None
    for claim in in_order(claims):
        if decides is None or _gives_way(decides, claim):
            decides = claim
    return decides


def fate_of(claims: Iterable[Claim]) -> Fate:
    """A holder's word never makes a death: it reads *reported dead by holder* (DESIGN rule 7)."""
    claims = list(claims)
    latest = deciding(claims)
    if latest is None:
        return Fate(UNKNOWN, _("nothing is known"), _("no claim is recorded"))
    reason = _("according to %(source)s, %(date)s") % {
        "source": latest.source,
        "date": spelt(latest.happened_on) or _("date unknown"),
    }
    if latest.kind in ENDS and any(_undoes(claim, latest) and _in_either_order(claim, latest) for claim in claims):
        reason = f"{reason} ({_('the dates can mean either order')})"
    return Fate(latest.kind, str(latest.get_kind_display()), reason)


def custody_of(claims: Iterable[Claim]) -> Custody:
    """Since when the present captivity lasts, and whether somebody who was home is held again."""
    custody, home = Custody(), None
    for claim in in_order(claims):
        if claim.kind in ENDS:
            home = claim.happened_on if claim.kind == K.HOME else home
            custody = Custody()
        elif claim.kind in IN_CAPTIVITY and claim.held_by != HeldBy.NOBODY:
            since = custody.since if custody.is_held and custody.since else claim.happened_on
            custody = Custody(True, claim.held_by or custody.held_by, since, home)
    return custody


def last_day_of(partial: str) -> date:
    """The latest day that a partial date may mean."""
    year, month, day = (int(part) if part else 0 for part in (*partial.split("-"), "", "")[:3])
    month = month or 12
    return date(year, month, day or calendar.monthrange(year, month)[1])


def _place(claim: Claim) -> str:
    if claim.kind not in ENDS or (claim.kind == K.RELEASED and not claim.happened_on):
        return str(
            claim.happened_on
        )  # a release without a day may be old: what we owe those we hold does not end with it
    return _latest(claim)


def _latest(claim: Claim) -> str:
    """The last day on which it can have happened: not after it was recorded."""
    recorded, on = str(claim.recorded_at.date()), str(claim.happened_on)
    if len(on) == 10:  # the day itself; a source east of us may be a day ahead
        return on
    return min(recorded, last_day_of(on).isoformat()) if on else recorded


def _gives_way(decides: Claim, claim: Claim) -> bool:
    """To a claim that comes after it in order."""
    if decides.kind != K.DEATH_ESTABLISHED or claim.kind == K.DEATH_ESTABLISHED:
        return True
    return _undoes(claim, decides) and claim.happened_on > _latest(decides)


def _undoes(claim: Claim, end: Claim) -> bool:
    """Whether it says that this end was not the last of it, if it came later."""
    if end.kind == K.DEATH_ESTABLISHED:
        return claim.kind not in SHOWS_NOBODY_ALIVE and claim.kind != K.DEATH_ESTABLISHED
    return claim.kind not in ENDS


def _in_either_order(claim: Claim, end: Claim) -> bool:
    return bool(claim.happened_on) and claim.happened_on <= _latest(end) and _latest(claim) >= end.happened_on
