"""Two people for one act (RULES section 3): the first call asks, the same step by another member does it."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from access.models import Compartment
from access.scoping import capabilities_in
from audit.models import subject_of
from audit.recording import record
from core import clock
from core.errors import TransitionRefused
from exchanges.models import SecondPair
from exchanges.standing import Standing


def open_pair(home: Compartment, subject: Any, step: str, digest: str, *, capability: str) -> SecondPair | None:
    """The question that waits for a second person, if it is about this very content and its asker still may ask it."""
    rows = SecondPair.objects.unscoped("own party's compartment").filter(
        compartment=home, subject=subject_of(subject), step=step, digest=digest, confirmed_by=None
    )
    found: SecondPair | None = rows.locked().select_related("asked_by").first()
    if found is None or capability not in capabilities_in(found.asked_by, subject.compartment_id):
        return None
    return found


def discard(subject: Any, step: str) -> None:
    """Once a step was signed, refused or withdrawn, what was asked before is no longer the question."""
    SecondPair.objects.unscoped("every side's open question about this row").filter(
        subject=subject_of(subject), step=step, confirmed_by=None
    ).delete()


def ask(
    subject: Any, step: str, digest: str, *, standing: Standing, kind: str, details: Mapping[str, Any] | None = None
) -> SecondPair:
    """Record the first person's half. An open question about older content is replaced: it could not be confirmed."""
    home = _home(standing)
    stale = SecondPair.objects.unscoped("own party's compartment").filter(
        compartment=home, subject=subject_of(subject), step=step, confirmed_by=None
    )
    values = {
        "digest": digest, "details": dict(details or {}), "asked_by": standing.actor, "asked_at": clock.now(),
    }  # fmt: skip
    pair = stale.locked().first()
    if pair is None:
        pair = SecondPair(compartment=home, subject=subject_of(subject), step=step)
    for field, value in values.items():
        setattr(pair, field, value)
    pair.save()
    record(
        f"{kind}_asked",
        subject=subject,
        actor=standing.actor,
        seat=standing.seat,
        compartment=home,
        data={"step": step},
    )
    return pair


def confirm(pair: SecondPair, *, standing: Standing) -> SecondPair:
    """The second person's half. Raises TransitionRefused for the one who asked."""
    if pair.asked_by_id == standing.actor.pk:
        raise TransitionRefused(_("You asked for this: a second person of your side has to confirm it."))
    pair.confirmed_by, pair.confirmed_at = standing.actor, clock.now()
    pair.save(update_fields=["confirmed_by", "confirmed_at"])
    return pair


def pairs_of(home: Compartment, subject: Any, step: str) -> Any:
    return SecondPair.objects.unscoped("own party's compartment").filter(
        compartment=home, subject=subject_of(subject), step=step
    ).order_by(F("confirmed_at").asc(nulls_first=True))  # fmt: skip


def _home(standing: Standing) -> Compartment:
    home = standing.home
    if home is None:
        raise TransitionRefused(_("This is for the participants of the exchange."))
    return home
