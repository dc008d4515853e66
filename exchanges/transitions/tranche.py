"""Tranche: rows 13 to 27, and 36."""

from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from access.models import Installation
from access.roles import May
from access.scoping import ScopedQuerySet
from core.lifecycle import Attempt, Reading, Text, Transition
from exchanges.approval import current_manifest, ladder_of
from exchanges.content import beyond_formula
from exchanges.models import (
    AGREED,
    Clearance,
    Cleared,
    CountStatement,
    Direction,
    Entry,
    ExchangeHold,
    FinalOffice,
    Go,
    Hold,
    ManifestLine,
    Outcome,
    Receipt,
    SignOffPolicy,
    SignOffStep,
    Tranche,
    TrancheStatus,
)
from exchanges.standing import Parties
from exchanges.transitions.exchange import lines_without_outcome, speaks_for_a_participant
from negotiations.models import Participant

S = TrancheStatus
LOCKED_TO_STAGED = frozenset({S.LOCKED, S.IN_SIGN_OFF, S.AWAITING_FINAL, S.SIGNED_OFF, S.STAGED})
ON_THE_LADDER = (S.IN_SIGN_OFF, S.AWAITING_FINAL, S.SIGNED_OFF, S.STAGED)
GONE_AND_AFTER = frozenset({S.GONE, S.RECEIVED, S.ONE_SIDED, S.DISPUTED})


def _same(attempt: Attempt) -> str:
    return str(attempt.subject.status)


# Guards of the lock


def has_entries(attempt: Attempt) -> Text:
    if Entry.objects.unscoped("own tranche").filter(tranche=attempt.subject).exists():
        return ""
    return _("The tranche has no entries yet.")


def all_entries_are_agreed(attempt: Attempt) -> Text:
    entries = Entry.objects.unscoped("own tranche").filter(tranche=attempt.subject).exclude(AGREED)
    numbers = list(entries.order_by("number").values_list("number", flat=True)[:6])
    if not numbers:
        return ""
    shown = ", ".join(f"#{number}" for number in numbers[:5]) + ("…" if len(numbers) > 5 else "")
    return _("Not every entry is agreed: %(entries)s.") % {"entries": shown}


def is_within_the_formula(attempt: Attempt) -> Text:
    if attempt.given.get("imbalance_confirmed"):
        return ""
    exceeded = beyond_formula(attempt.subject, Parties(attempt.subject.exchange))
    if not exceeded:
        return ""
    return _("This goes beyond the formula (%(directions)s): confirm the imbalance or take entries out.") % {
        "directions": "; ".join(exceeded)
    }


def finals_are_named(attempt: Attempt) -> Text:
    parties = Parties(attempt.subject.exchange)
    named = FinalOffice.objects.unscoped("own exchange").filter(exchange=attempt.subject.exchange)
    have = set(named.values_list("participant_id", flat=True))
    for participant in parties.all:
        if participant.pk not in have:
            return _("Nobody is named yet to give the final sign-off of %(who)s.") % {"who": participant}
    ready = SignOffPolicy.objects.unscoped("the lock copies every policy").filter(
        negotiation_id=attempt.subject.exchange.negotiation_id, steps__is_final=True
    )
    policies = set(ready.values_list("participant_id", flat=True))
    for participant in parties.here:
        if participant.pk not in policies:
            return _("%(who)s has no sign-off policy with a final step yet.") % {"who": participant}
    return ""


# Guards of staging and go


def is_approved_now(attempt: Attempt) -> Text:
    if ladder_of(attempt.subject).is_approved:
        return ""
    return _("Not every final sign-off counts at this moment.")


def has_no_hold(attempt: Attempt) -> Text:
    exchange = attempt.subject.exchange
    if exchange.hold != ExchangeHold.NONE:
        return _("The exchange is %(hold)s.") % {"hold": exchange.get_hold_display()}
    hold = open_holds(attempt.subject).select_related("participant").first()
    return _("%(who)s holds this tranche.") % {"who": hold.participant} if hold else ""


def open_holds(tranche: Tranche) -> ScopedQuerySet[Hold]:
    found: ScopedQuerySet[Hold] = Hold.objects.unscoped("own tranche").filter(tranche=tranche, released_at=None)
    return found


def entries_are_cleared(attempt: Attempt) -> Text:
    party = attempt.participant.party_id if attempt.participant else None
    failed = failed_checks(attempt.subject)
    own = sorted(number for owner, _entry, number, _missing in failed if party and owner == party)
    if own:
        return _("A check of yours did not pass: %(entries)s.") % {"entries": ", ".join(f"#{n}" for n in own[:5])}
    missing = clearances_missing(attempt.subject, failed)
    if not missing:
        return ""
    return ngettext(
        "%(count)d clearance is missing.", "%(count)d clearances are missing.", missing
    ) % {"count": missing}  # fmt: skip


FailedCheck = tuple[Any, Any, int, bool]


def failed_checks(tranche: Tranche) -> set[FailedCheck]:
    """Whose, of which entry, its number, and whether that side's clearance of it is missing anyhow."""
    rows = Clearance.objects.unscoped("each side's checklist").filter(entry__tranche=tranche, is_passed=False)
    given = Cleared.objects.unscoped("own tranche").filter(
        entry=OuterRef("entry"), participant__party=OuterRef("compartment__party")
    )
    party = F("compartment__party")
    clears_it = Q(entry__direction__holder__party=party) | Q(entry__direction__receiver__party=party)
    return set(
        rows.annotate(is_missing=Case(When(clears_it, then=~Exists(given)), default=False)).values_list(
            "compartment__party_id", "entry_id", "entry__number", "is_missing"
        )
    )


def clearances_missing(tranche: Tranche, failed: set[FailedCheck] | None = None) -> int:
    """How many stand between this tranche and its go: one number for the guard and for every page, whoever looks.

    Of another side's failed check it tells only that one is missing; a line that its side has not cleared is missing
    already. Were the pages to count what is cleared alone, a refused go beside them would tell the two apart.
    """
    if not tranche.is_open_locked:
        return uncleared(tranche)
    checks = failed_checks(tranche) if failed is None else failed
    return uncleared(tranche) + sum(not is_missing for *_which, is_missing in checks)


def uncleared(tranche: Tranche) -> int:
    """How many clearances of holders and receivers who work here are missing on the current manifest."""
    manifest = current_manifest(tranche)
    if manifest is None:
        return 0
    missing = 0
    given = Cleared.objects.unscoped("own tranche")
    for direction in Parties(tranche.exchange).directions:
        entries = ManifestLine.objects.unscoped("own tranche").filter(manifest=manifest, entry__direction=direction)
        total = entries.count()
        for participant in (direction.holder, direction.receiver):
            if participant.works_here:
                missing += total - given.filter(
                    participant=participant, entry__in=entries.values("entry_id")
                ).count()  # fmt: skip
    return missing


def installation_is_released(attempt: Attempt) -> Text:
    """What was withdrawn after the backup is lost with the old database: nobody goes before the parties have compared logs."""
    if Installation.is_quarantined():
        return _("This installation was restored from a backup and has not been released yet.")
    return ""


def has_not_given_go(attempt: Attempt) -> Text:
    if attempt.participant and attempt.participant.pk in gos_counting(attempt.subject):
        return _("Your side has given its go.")
    return ""


def gos_counting(tranche: Tranche) -> set[object]:
    """Participants whose go counts: the tranche stayed staged and without hold since."""
    rows = Go.objects.unscoped("own tranche").filter(tranche=tranche, readiness=tranche.readiness)
    return set(rows.values_list("participant_id", flat=True))


def gone_with_the_last(attempt: Attempt) -> str:
    given = gos_counting(attempt.subject) | {attempt.participant.pk if attempt.participant else None}
    everyone = {participant.pk for participant in Parties(attempt.subject.exchange).all}
    return S.GONE if everyone <= given else S.STAGED


# Holds, receipts, settling


def holds_it_oneself(attempt: Attempt) -> Text:
    own = attempt.participant and open_holds(attempt.subject).filter(participant=attempt.participant)
    return "" if own and own.exists() else _("Your side has placed no hold here.")


def receives_somebody(attempt: Attempt) -> Text:
    if any(
        direction.receiver_id == attempt.participant.pk for direction in Parties(attempt.subject.exchange).directions
    ):
        return ""
    return _("Your side receives nobody in this exchange.")


def states_what_it_presented(attempt: Attempt) -> Text:
    if attempt.asks_only or attempt.given.get("presented") is not None:
        return ""
    if any(direction.holder_id == attempt.participant.pk for direction in directions_of(attempt.subject)):
        return _("State how many people your side presented.")
    return ""


def presented_by_direction(tranche: Tranche) -> dict[object, int]:
    """The latest statement of each direction's holder."""
    rows = (
        CountStatement.objects.unscoped("own tranche").filter(tranche=tranche, presented__isnull=False).order_by("at")
    )
    return {row.direction_id: row.presented or 0 for row in rows}


def received_by_direction(tranche: Tranche) -> dict[object, int]:
    """How many lines of each direction have *received* as their latest receipt."""
    latest: dict[object, Receipt] = {}
    rows = Receipt.objects.unscoped("own tranche").filter(tranche=tranche).select_related("entry").order_by("sequence")
    for receipt in rows:
        latest[receipt.entry_id] = receipt
    received: dict[object, int] = {}
    for receipt in latest.values():
        came = receipt.outcome == Outcome.RECEIVED
        received[receipt.entry.direction_id] = received.get(receipt.entry.direction_id, 0) + came
    return received


def directions_of(tranche: Tranche) -> list[Direction]:
    """The directions in which this tranche hands somebody over."""
    lines = ManifestLine.objects.unscoped("own tranche").filter(
        manifest__tranche=tranche, manifest__lock_number=tranche.lock_number
    )
    wanted = set(lines.values_list("entry__direction_id", flat=True))
    return [direction for direction in Parties(tranche.exchange).directions if direction.pk in wanted]


def settled_when_all_stand(attempt: Attempt) -> str:
    """Row 26. The statement of the actor's own side has been written before this is asked."""
    tranche: Tranche = attempt.subject
    presented, received = presented_by_direction(tranche), received_by_direction(tranche)
    directions = directions_of(tranche)
    if lines_without_outcome(tranche) or any(direction.pk not in presented for direction in directions):
        return str(tranche.status)
    counts = [received.get(direction.pk, 0) for direction in directions]
    if 0 in counts and any(counts):
        return S.ONE_SIDED
    if all(presented[direction.pk] == received.get(direction.pk, 0) for direction in directions):
        return S.RECEIVED
    return S.DISPUTED


# Correction


def names_the_entry_and_source(attempt: Attempt) -> Text:
    if attempt.asks_only or (attempt.given.get("entry") and attempt.given.get("source")):
        return ""
    return _("Name the entry and the source of the correction.")


def has_internal_steps(tranche: Tranche) -> bool:
    steps = SignOffStep.objects.unscoped("own tranche")
    return bool(steps.filter(tranche=tranche, lock_number=tranche.lock_number, is_final=False).exists())


def in_sign_off_or_awaiting(attempt: Attempt) -> str:
    return S.IN_SIGN_OFF if has_internal_steps(attempt.subject) else S.AWAITING_FINAL


_ROWS = (
    Transition(
        14, "lock", _("Lock"), frozenset({S.PLANNED}), S.LOCKED, (May.LOCK,), "tranche.locked", "all",
        (speaks_for_a_participant, has_entries, all_entries_are_agreed, is_within_the_formula, finals_are_named),
        has_own_form=True, needs_pair=True,
    ),
    Transition(
        15, "unlock", _("Unlock"), LOCKED_TO_STAGED, S.PLANNED, (May.LOCK,), "tranche.unlocked", "all_and_signers",
        (speaks_for_a_participant,), needs_reason=True, stops=True, asks_first=True,
    ),
    Transition(
        16, "start_sign_off", _("Start sign-off"), frozenset({S.LOCKED}), in_sign_off_or_awaiting, (May.LOCK,),
        "tranche.sign_off_started", "first_step_holders", (speaks_for_a_participant,),
        ends_at=(S.IN_SIGN_OFF, S.AWAITING_FINAL),
    ),
    Transition(
        20, "stage", _("Stage"), frozenset({S.SIGNED_OFF}), S.STAGED, (May.RUN_HANDOVER,), "tranche.staged", "all",
        (speaks_for_a_participant, is_approved_now, has_no_hold),
    ),
    Transition(
        21, "hold", _("Hold"), LOCKED_TO_STAGED, _same, (May.HOLD,), "tranche.held", "all_urgent",
        (speaks_for_a_participant,), even_suspended=True,
    ),
    Transition(
        22, "release_hold", _("Release the hold"), LOCKED_TO_STAGED | {S.PLANNED}, _same, (May.HOLD, May.DECIDE),
        "tranche.hold_released", "all", (speaks_for_a_participant, holds_it_oneself), needs_reason=True,
        even_suspended=True,
    ),
    Transition(
        23, "go", _("Give the go"), frozenset({S.STAGED}), gone_with_the_last, (May.RUN_HANDOVER,), "tranche.go_given",
        "parties", (speaks_for_a_participant, is_approved_now, entries_are_cleared, has_no_hold, has_not_given_go,
                    installation_is_released),
        takes_word=True, ends_at=(S.STAGED, S.GONE), asks_first=True,
    ),
    Transition(
        25, "record_receipts", _("Record receipts"), GONE_AND_AFTER, _same, (May.RUN_HANDOVER,), "receipt.recorded",
        "parties", (speaks_for_a_participant, receives_somebody), has_own_form=True, even_suspended=True, takes_word=True,
    ),
    Transition(
        26, "settle", _("Settle"), GONE_AND_AFTER, settled_when_all_stand, (May.DECIDE,), "tranche.settled", "all",
        (speaks_for_a_participant, states_what_it_presented), has_own_form=True, even_suspended=True, takes_word=True,
        ends_at=(S.RECEIVED, S.ONE_SIDED, S.DISPUTED),
    ),
    Transition(
        27, "abort", _("Abort"), LOCKED_TO_STAGED | {S.PLANNED}, S.ABORTED, (May.DECIDE,), "tranche.aborted",
        "all_told_earlier", (speaks_for_a_participant,), needs_reason=True, even_suspended=True, stops=True, asks_first=True,
    ),
    Transition(
        36, "correct_entry", _("Correct an entry"), LOCKED_TO_STAGED, _same, (May.EDIT_LIST,), "entry.corrected",
        "parties_and_signers", (speaks_for_a_participant, names_the_entry_and_source), has_own_form=True,
        needs_pair=True,
    ),
)  # fmt: skip
TRANSITIONS = {row.step: row for row in _ROWS}
READINGS = (
    Reading(17, "reading", (S.IN_SIGN_OFF,), (S.AWAITING_FINAL,)),
    Reading(18, "reading", (S.AWAITING_FINAL,), (S.SIGNED_OFF,)),
    Reading(19, "reading", (S.AWAITING_FINAL, S.SIGNED_OFF, S.STAGED), (S.IN_SIGN_OFF, S.AWAITING_FINAL)),
)
STATUS_CHANGED = "tranche.status_changed"
GONE_EVENT = "tranche.gone"


def reading_of(tranche: Tranche) -> str:
    """Rows 17 to 19: what the ladder now says. A staged tranche stays staged while it is approved."""
    if tranche.status not in ON_THE_LADDER:
        return str(tranche.status)
    ladder = ladder_of(tranche)
    if ladder.is_approved:
        return S.STAGED if tranche.status == S.STAGED else S.SIGNED_OFF
    return S.AWAITING_FINAL if ladder.internal_count else S.IN_SIGN_OFF


def participants_of(tranche: Tranche) -> list[Participant]:
    return Parties(tranche.exchange).all
