"""Fate: the current reading of a person's claims, with its reason. Nothing is stored."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.partial_dates import spelt
from people.models import Claim, ClaimKind

UNKNOWN = ""


@dataclass(frozen=True)
class Fate:
    kind: str
    label: str
    reason: str

    @property
    def bars_locking(self) -> bool:
        """Home or dead by the record: a conflict that two people have to explain (DESIGN rule 1)."""
        return self.kind in (ClaimKind.HOME, ClaimKind.DEATH_ESTABLISHED)


def fate_of(claims: Iterable[Claim]) -> Fate:
    """The latest claim decides; an established death stays until a later claim shows the person alive.

    A holder's word never makes a death: it reads *reported dead by holder* (DESIGN rule 7).
    """
    ordered = sorted(claims, key=lambda claim: (claim.happened_on, claim.recorded_at))
    if not ordered:
        return Fate(UNKNOWN, _("nothing is known"), _("no claim is recorded"))
    latest = ordered[-1]
    reason = _("according to %(source)s, %(date)s") % {
        "source": latest.source,
        "date": spelt(latest.happened_on) or _("date unknown"),
    }
    return Fate(latest.kind, str(latest.get_kind_display()), reason)
