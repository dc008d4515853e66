"""Exchange: rows 1 to 12."""

from django.utils.translation import gettext_lazy as _

from access.roles import May
from core.lifecycle import Attempt, Reading, Text, Transition
from exchanges.models import (
    AFTER_GO,
    Exchange,
    ExchangeHold,
    ExchangeStatus,
    Receipt,
    Tranche,
    TrancheStatus,
)
from exchanges.models.tranche import ManifestLine
from exchanges.standing import Parties

S = ExchangeStatus
NEGOTIATING_TO_UNDER_WAY = frozenset({S.NEGOTIATING, S.PREPARING, S.AWAITING_FINAL, S.SIGNED_OFF, S.UNDER_WAY})
DRAFT_TO_SIGNED_OFF = frozenset(
    {S.DRAFT, S.PROPOSED, S.COUNTERED, S.NEGOTIATING, S.PREPARING, S.AWAITING_FINAL, S.SIGNED_OFF}
)
OPEN_STATUSES = DRAFT_TO_SIGNED_OFF | {S.UNDER_WAY}


def known_of(attempt: Attempt) -> Parties:
    """What the guards of an exchange ask of its surroundings: read once, by the operation or the page that asks them."""
    parties: Parties = attempt.known or Parties(attempt.subject)
    return parties


def _same(attempt: Attempt) -> str:
    return str(attempt.subject.status)


def speaks_for_a_participant(attempt: Attempt) -> Text:
    return "" if attempt.participant else _("This is for the participants of the exchange.")


def has_a_formula_and_two_participants(attempt: Attempt) -> Text:
    parties = known_of(attempt)
    if not parties.directions or {direction.pk for direction in parties.directions} - set(parties.formula):
        return _("Every direction needs a line of the formula before the exchange can be proposed.")
    if len(parties.all) < 2:
        return _("An exchange needs two participants.")
    return ""


def did_not_write_this_version(attempt: Attempt) -> Text:
    if attempt.participant and attempt.participant.pk == attempt.subject.formula_by_id:
        return _("Your side wrote this version of the formula: the others answer it.")
    return ""


def names_current_version(attempt: Attempt) -> Text:
    if attempt.asks_only or attempt.given.get("formula_version") == attempt.subject.formula_version:
        return ""
    return _("The formula has changed since you read it: read version %(version)s and accept that.") % {
        "version": attempt.subject.formula_version
    }


def has_not_accepted_yet(attempt: Attempt) -> Text:
    if attempt.participant and attempt.participant.pk in known_of(attempt).accepted:
        return _("Your side has accepted this version already.")
    return ""


def negotiating_with_the_last(attempt: Attempt) -> str:
    exchange: Exchange = attempt.subject
    parties = known_of(attempt)
    agreed = parties.accepted | {exchange.formula_by_id, attempt.participant.pk if attempt.participant else None}
    everyone = {participant.pk for participant in parties.all}
    return S.NEGOTIATING if everyone <= agreed else str(exchange.status)


def has_no_hold(attempt: Attempt) -> Text:
    if attempt.subject.hold == ExchangeHold.NONE:
        return ""
    return _("The exchange is %(hold)s already.") % {"hold": attempt.subject.get_hold_display()}


def is_not_suspended(attempt: Attempt) -> Text:
    return _("The exchange is suspended already.") if attempt.subject.is_suspended else ""


def placed_the_hold(attempt: Attempt) -> Text:
    exchange: Exchange = attempt.subject
    if exchange.hold == ExchangeHold.NONE:
        return _("Nothing holds the exchange.")
    if attempt.participant is None or attempt.participant.pk != exchange.hold_by_id:
        return _("%(who)s placed it and resumes it.") % {"who": exchange.hold_by}
    return ""


def no_tranche_is_gone(attempt: Attempt) -> Text:
    if any(status in AFTER_GO for status in known_of(attempt).tranche_statuses):
        return _("A tranche has gone: what remains can end short, it cannot be cancelled.")
    return ""


def gone_tranches_have_receipts(attempt: Attempt) -> Text:
    if silent := known_of(attempt).gone_without_outcome:
        return _("Tranche %(number)s has gone and lines of it have no outcome yet.") % {"number": silent[0]}
    return ""


def lines_without_outcome(tranche: Tranche) -> int:
    """How many lines of the manifest that went have no receipt."""
    told = Receipt.objects.unscoped("own tranche").filter(tranche=tranche).values("entry_id")
    lines = ManifestLine.objects.unscoped("own tranche").filter(
        manifest__tranche=tranche, manifest__lock_number=tranche.lock_number
    )
    return lines.exclude(entry_id__in=told).values("entry_id").distinct().count()


def every_tranche_is_settled(attempt: Attempt) -> Text:
    settled = {TrancheStatus.RECEIVED, TrancheStatus.ONE_SIDED, TrancheStatus.DISPUTED, TrancheStatus.ABORTED}
    if set(known_of(attempt).tranche_statuses) <= settled:
        return ""
    return _("A tranche is not settled yet.")


def states_its_counts(attempt: Attempt) -> Text:
    if attempt.asks_only or all(attempt.given.get(name) is not None for name in ("promised", "presented", "received")):
        return ""
    return _("State your own counts: promised, presented, received.")


def has_not_settled_yet(attempt: Attempt) -> Text:
    if attempt.participant and attempt.participant.pk in known_of(attempt).settled:
        return _("Your side has stated its counts already.")
    return ""


def completed_with_the_last(attempt: Attempt) -> str:
    parties = known_of(attempt)
    settled = parties.settled | {attempt.participant.pk if attempt.participant else None}
    everyone = {participant.pk for participant in parties.all}
    return S.COMPLETED if everyone <= settled else str(attempt.subject.status)


_ROWS = (
    Transition(
        2, "propose", _("Propose"), frozenset({S.DRAFT}), S.PROPOSED, (May.NEGOTIATE,), "exchange.proposed", "all",
        (speaks_for_a_participant, has_a_formula_and_two_participants), takes_word=True, asks_first=True,
    ),
    Transition(
        3, "counter", _("Counter"), frozenset({S.PROPOSED, S.COUNTERED}), S.COUNTERED, (May.NEGOTIATE,),
        "exchange.countered", "parties_and_mediator", (speaks_for_a_participant, did_not_write_this_version),
        has_own_form=True, takes_word=True,
    ),
    Transition(
        4, "accept", _("Accept the formula"), frozenset({S.PROPOSED, S.COUNTERED}), negotiating_with_the_last,
        (May.NEGOTIATE,), "exchange.accepted", "all",
        (speaks_for_a_participant, did_not_write_this_version, has_not_accepted_yet, names_current_version),
        has_own_form=True, takes_word=True, ends_at=(S.NEGOTIATING,),
    ),
    Transition(
        5, "decline", _("Decline"), frozenset({S.PROPOSED, S.COUNTERED}), S.DECLINED, (May.DECIDE,), "exchange.declined",
        "all", (speaks_for_a_participant,), needs_reason=True, takes_word=True, stops=True, asks_first=True,
    ),
    Transition(
        6, "postpone", _("Postpone"), NEGOTIATING_TO_UNDER_WAY, _same, (May.DECIDE,), "exchange.postponed", "all",
        (speaks_for_a_participant, has_no_hold), needs_reason=True, takes_word=True, stops=True,
    ),
    Transition(
        7, "suspend", _("Suspend"), NEGOTIATING_TO_UNDER_WAY, _same, (May.DECIDE,), "exchange.suspended", "all",
        (speaks_for_a_participant, is_not_suspended), needs_reason=True, takes_word=True, stops=True,
    ),
    Transition(
        8, "resume", _("Resume"), NEGOTIATING_TO_UNDER_WAY, _same, (May.DECIDE,), "exchange.resumed", "all",
        (speaks_for_a_participant, placed_the_hold), even_suspended=True, takes_word=True,
    ),
    Transition(
        9, "cancel", _("Cancel"), DRAFT_TO_SIGNED_OFF, S.CANCELLED, (May.DECIDE,), "exchange.cancelled",
        "all_told_earlier", (speaks_for_a_participant, no_tranche_is_gone), needs_reason=True, even_suspended=True,
        may_in={S.DRAFT: (May.NEGOTIATE,)}, stops=True, asks_first=True,
    ),
    Transition(
        10, "end_short", _("End short"), frozenset({S.UNDER_WAY}), S.ENDED_SHORT, (May.DECIDE,), "exchange.ended_short",
        "all", (speaks_for_a_participant, gone_tranches_have_receipts), needs_reason=True, even_suspended=True, stops=True,
        asks_first=True,
    ),
    Transition(
        11, "settle_counts", _("State the counts"), frozenset({S.UNDER_WAY}), completed_with_the_last, (May.DECIDE,),
        "exchange.counts_settled", "all",
        (speaks_for_a_participant, every_tranche_is_settled, has_not_settled_yet, states_its_counts),
        has_own_form=True, takes_word=True, ends_at=(S.COMPLETED,),
    ),
)  # fmt: skip
TRANSITIONS = {row.step: row for row in _ROWS}
READINGS = (
    Reading(12, "reading", (S.NEGOTIATING,), (S.PREPARING,)),
    Reading(12, "reading", (S.PREPARING,), (S.NEGOTIATING, S.AWAITING_FINAL)),
    Reading(12, "reading", (S.AWAITING_FINAL,), (S.NEGOTIATING, S.PREPARING, S.SIGNED_OFF)),
    Reading(12, "reading", (S.SIGNED_OFF,), (S.NEGOTIATING, S.PREPARING, S.AWAITING_FINAL, S.UNDER_WAY)),
)
STATUS_CHANGED = "exchange.status_changed"


def reading_of(exchange: Exchange, tranche_statuses: list[str]) -> str:
    """Row 12: what the status follows from the tranches. Statuses that people set stay."""
    if exchange.status not in NEGOTIATING_TO_UNDER_WAY:
        return str(exchange.status)
    if exchange.status == S.UNDER_WAY or any(status in AFTER_GO for status in tranche_statuses):
        return S.UNDER_WAY
    if any(status in (TrancheStatus.SIGNED_OFF, TrancheStatus.STAGED) for status in tranche_statuses):
        return S.SIGNED_OFF
    if TrancheStatus.AWAITING_FINAL in tranche_statuses:
        return S.AWAITING_FINAL
    if any(status in (TrancheStatus.LOCKED, TrancheStatus.IN_SIGN_OFF) for status in tranche_statuses):
        return S.PREPARING
    return S.NEGOTIATING
