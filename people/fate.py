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
SHOWS_HELD = frozenset({K.REPORTED_CAPTURED, K.CONFIRMED_BY_HOLDER, K.CONFIRMED_BY_AGENCY, K.SEEN_BY_RETURNEE})
# Without a word on whose hands, these tell of a captivity that is known, and of none that is new: who is home is
# treated in hospital, and courts convict in absentia.
IN_CAPTIVITY = SHOWS_HELD | {K.MOVED, K.HOSPITALISED, K.CONVICTED}
# Ends of captivity; of two on one day the greater is the later.
ENDS: dict[str, int] = {K.RELEASED: 1, K.HOME: 2, K.DEATH_ESTABLISHED: 3}
# After which other claims an end decides no longer, beside those that show the person held.
UNDONE_BY: dict[str, frozenset[str]] = {
    K.RELEASED: frozenset(K) - {K.RELEASED},
    K.HOME: frozenset({K.DEATH_ESTABLISHED, K.MISSING}),
    K.DEATH_ESTABLISHED: frozenset(K) - {K.DEATH_ESTABLISHED, K.MISSING, K.REPORTED_DEAD_BY_HOLDER, K.CONVICTED},
}


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
    """The latest claim; home stays until somebody is held or missing again, an established death until they are seen alive."""
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
    if latest.kind in ENDS and any(_is_unsettled(latest, claim) for claim in claims):
        reason = _("%(reason)s (the dates can mean either order)") % {"reason": reason}
    return Fate(latest.kind, str(latest.get_kind_display()), reason)


def shows_held(claim: Claim) -> bool:
    """By itself, whatever was before."""
    if claim.held_by:
        return claim.kind in IN_CAPTIVITY and claim.held_by != HeldBy.NOBODY
    return claim.kind in SHOWS_HELD


def custody_of(claims: Iterable[Claim]) -> Custody:
    """Since when the present captivity lasts, and whether somebody who was home is held again."""
    custody, home, has_ended = Custody(), None, False
    for claim in in_order(claims):
        if claim.kind in ENDS:
            home = claim.happened_on if claim.kind == K.HOME else home
            custody, has_ended = Custody(), True
        elif shows_held(claim) or (claim.kind in IN_CAPTIVITY and not claim.held_by and not has_ended):
            since = custody.since if custody.is_held and custody.since else claim.happened_on
            custody, has_ended = Custody(True, claim.held_by or custody.held_by, since, home), False
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
    if decides.kind == claim.kind or decides.kind not in ENDS:
        return True
    is_later = decides.kind != K.DEATH_ESTABLISHED or claim.happened_on > _latest(decides)
    return is_later and _undoes(claim, decides)


def _undoes(claim: Claim, end: Claim) -> bool:
    """Whether this end does not decide once such a claim comes after it."""
    return shows_held(claim) or claim.kind in UNDONE_BY[end.kind]


def _is_unsettled(end: Claim, claim: Claim) -> bool:
    """Whether `claim` would decide if it came after `end`, and by the dates it may have."""
    is_either = bool(claim.happened_on) and claim.happened_on <= _latest(end) and _latest(claim) >= end.happened_on
    return is_either and _undoes(claim, end)
