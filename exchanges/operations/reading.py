"""`reread_status`: ends every operation on a ladder, a tranche or a hold and writes the stored readings.

An event is written only where a reading changed. Steps are read first, then tranches, then the exchange.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from access.models import User
from accounts.operations import system_user
from audit.recording import record
from core import clock
from exchanges.approval import Ladder, Rung, ladder_of
from exchanges.models import Exchange, LadderProgress, SignOffStep, StepStatus, Tranche
from exchanges.standing import Standing
from exchanges.transitions import exchange as exchange_table
from exchanges.transitions import sign_off as sign_off_table
from exchanges.transitions import tranche as tranche_table


@dataclass(frozen=True)
class Cause:
    """Why a reading changed. What an internal step gave as its reason is for its own compartment alone."""

    text: str = ""
    private_to: Any = None
    lapses: bool = False  # what was signed has changed, so that the sign-offs of it are told to all (RULES row 33)

    def told_in(self, compartment_id: Any) -> str:
        if self.text and self.private_to is not None and compartment_id != self.private_to:
            return str(_("an internal sign-off no longer counts"))
        return self.text


@dataclass(frozen=True)
class Moment:
    now: datetime
    happened_at: datetime | None


def cause_of(step: SignOffStep, text: str) -> Cause:
    return Cause(text, None if step.is_final else step.compartment_id)


NO_CAUSE = Cause()


def reread_status(
    exchange: Exchange,
    *,
    standing: Standing,
    tranche: Tranche | None = None,
    cause: Cause = NO_CAUSE,
    happened_at: datetime | None = None,
) -> None:
    """Bring stored readings in line with the rows they are read from. `exchange` is locked, `tranche` too.

    `happened_at`: when the act happened that the readings follow from, if not now.
    """
    moment = Moment(clock.now(), happened_at)
    if tranche is not None:
        _reread_steps(tranche, standing, moment, cause)
        _write(
            tranche, tranche_table.reading_of(tranche), tranche_table.STATUS_CHANGED, standing, moment, cause,
        )  # fmt: skip
    statuses = list(
        Tranche.objects.unscoped("the exchange is locked").filter(exchange=exchange).values_list("status", flat=True)
    )
    _write(
        exchange, exchange_table.reading_of(exchange, statuses), exchange_table.STATUS_CHANGED, standing, moment, cause,
    )  # fmt: skip


def _write(subject: Any, status: str, kind: str, standing: Standing, moment: Moment, cause: Cause) -> None:
    before = subject.status
    if status == before:
        return
    subject.status, subject.status_since = status, moment.now
    subject.save(update_fields=["status", "status_since"])
    told = cause.told_in(subject.compartment_id)
    data = {"before": before, "after": status} | ({"cause": told} if told else {})
    record(
        kind, subject=subject, actor=standing.actor, seat=standing.seat, compartment=subject.compartment,
        home=standing.home, data=data, reading=True, happened_at=moment.happened_at,
    )  # fmt: skip


def _reread_steps(tranche: Tranche, standing: Standing, moment: Moment, cause: Cause) -> None:
    if tranche.status not in tranche_table.ON_THE_LADDER:
        return
    ladder = ladder_of(tranche)
    for rung in ladder.rungs:
        step, status = rung.step, _reading_of(rung)
        if status == step.status:
            continue
        before, step.status, step.status_since = step.status, status, moment.now
        if before == StepStatus.APPROVED:
            step.lapsed_because = cause.told_in(step.compartment_id)
        elif status == StepStatus.APPROVED:
            step.lapsed_because = ""
        step.save(update_fields=["status", "status_since", "lapsed_because"])
        has_lapsed = cause.lapses and before == StepStatus.APPROVED and not rung.has_quorum
        _tell_step(step, before, standing, moment, cause, has_lapsed=has_lapsed)
    _write_progress(tranche, ladder)


def _reading_of(rung: Rung) -> str:
    """Rows 29 and 33. A refusal stands until the step approves."""
    if rung.counts:
        return StepStatus.APPROVED
    if rung.step.status == StepStatus.REFUSED:
        return StepStatus.REFUSED
    return StepStatus.PENDING if rung.lower_count else StepStatus.WAITING


def _tell_step(
    step: SignOffStep, before: str, standing: Standing, moment: Moment, cause: Cause, *, has_lapsed: bool
) -> None:
    """In the step's own compartment; where the actor does not see it, as the system's reading."""
    own = step.compartment.is_shared or (standing.home is not None and standing.home.pk == step.compartment_id)
    actor: User = standing.actor if own else system_user()
    told = cause.told_in(step.compartment_id)
    data: dict[str, Any] = {"before": before, "after": step.status, "office": step.office_name}
    data |= ({"cause": told} if told else {}) | ({"lapsed": True} if has_lapsed else {})
    record(
        sign_off_table.STATUS_CHANGED, subject=step, actor=actor, seat=standing.seat if own else None,
        compartment=step.compartment, data=data, reading=True, happened_at=moment.happened_at,
    )  # fmt: skip


def _write_progress(tranche: Tranche, ladder: Ladder) -> None:
    """k of n: all that the table learns of an internal ladder. Without an event of its own."""
    rows = LadderProgress.objects.unscoped("the tranche is locked")
    for progress in rows.filter(tranche=tranche, lock_number=tranche.lock_number):
        approved = sum(rung.counts for rung in ladder.of(progress.participant_id) if not rung.step.is_final)
        if approved != progress.approved:
            progress.approved = approved
            progress.save(update_fields=["approved"])
