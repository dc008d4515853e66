"""Sign-off step: rows 28 to 34. The steps of the current lock only."""

from django.utils.translation import gettext_lazy as _

from access.roles import May
from core.lifecycle import Attempt, Reading, Text, Transition
from exchanges.approval import current_manifest, digest_for, ladder_of
from exchanges.models import (
    AFTER_GO,
    Author,
    RevisionLine,
    SignOff,
    SignOffPaper,
    SignOffStep,
    StepStatus,
    TrancheStatus,
)
from exchanges.transitions.tranche import ON_THE_LADDER
from negotiations.models import Participant

S = StepStatus


def belongs_to_the_current_lock(attempt: Attempt) -> Text:
    step: SignOffStep = attempt.subject
    if step.lock_number == step.tranche.lock_number and step.tranche.status != TrancheStatus.PLANNED:
        return ""
    return _("This step belongs to an earlier lock of the tranche.")


def sign_off_is_running(attempt: Attempt) -> Text:
    if attempt.subject.tranche.status in ON_THE_LADDER:
        return ""
    return _("The tranche is not in sign-off.")


def not_gone(attempt: Attempt) -> Text:
    if attempt.subject.tranche.status in (*ON_THE_LADDER, *AFTER_GO):
        return ""
    return _("The tranche is not in sign-off.")


def acts_for_the_office(attempt: Attempt) -> Text:
    step: SignOffStep = attempt.subject
    if attempt.by_word:
        return _is_their_own_final(step, attempt.participant)
    seat = attempt.given.get("seat")
    stranger = _("This step is for %(office)s.") % {"office": step.office_name}
    if seat is None or seat.organisation.pk != step.office_id:
        return stranger
    # The capability must be held in this office: a head elsewhere who is a clerk here does not sign for it.
    return stranger if seat.capabilities.isdisjoint((May.SIGN, May.RECORD_SIGN_OFF)) else ""


def _is_their_own_final(step: SignOffStep, participant: Participant | None) -> Text:
    if step.office_id is not None:
        return _("This office works here: it signs or records for itself.")
    if participant is None or participant.pk != step.participant_id:
        return _("This step is for %(office)s.") % {"office": step.office_name}
    return ""


def is_its_turn(attempt: Attempt) -> Text:
    step: SignOffStep = attempt.subject
    rung = ladder_of(step.tranche).rung(step.pk)
    return "" if rung.lower_count else _("The steps before this one do not count at this moment.")


def names_the_current_digest(attempt: Attempt) -> Text:
    if attempt.asks_only:
        return ""
    step: SignOffStep = attempt.subject
    manifest = current_manifest(step.tranche)
    if manifest is not None and attempt.given.get("digest") == digest_for(step.scope, manifest):
        return ""
    return _("What you read is no longer what would be signed: read the page again, then sign.")


def has_stepped_up(attempt: Attempt) -> Text:
    if attempt.asks_only or attempt.given.get("manner") != "signed" or attempt.given.get("stepped_up"):
        return ""
    return _("Signing needs your password again.")


def is_no_author(attempt: Attempt) -> Text:
    step: SignOffStep = attempt.subject
    actor = attempt.given.get("actor")
    if step.authors_may_sign or actor is None or attempt.by_word:
        return ""
    lines = RevisionLine.objects.unscoped("rule on authors").filter(entry__tranche=step.tranche)
    written = Author.objects.unscoped("rule on authors").filter(user=actor, revision__in=lines.values("revision_id"))
    return (
        _("You submitted a list with lines of this tranche: somebody else has to sign it.") if written.exists() else ""
    )


def has_not_signed_yet(attempt: Attempt) -> Text:
    step: SignOffStep = attempt.subject
    actor = attempt.given.get("actor")
    if actor is None or attempt.given.get("manner", SignOff.Manner.SIGNED) != SignOff.Manner.SIGNED:
        return ""  # a clerk may record the decisions of several who decide
    valid = ladder_of(step.tranche).rung(step.pk).valid
    own = [sign_off.pk for sign_off in valid if sign_off.manner == SignOff.Manner.SIGNED]
    papers = SignOffPaper.objects.unscoped("once per step").filter(sign_off__in=own, user=actor)
    return _("You have signed this step already.") if papers.exists() else ""


def has_a_valid_sign_off(attempt: Attempt) -> Text:
    step: SignOffStep = attempt.subject
    if ladder_of(step.tranche).rung(step.pk).valid:
        return ""
    return _("Nothing signed here can be withdrawn.")


def approved_at_quorum(attempt: Attempt) -> str:
    step: SignOffStep = attempt.subject
    rung = ladder_of(step.tranche).rung(step.pk)
    return S.APPROVED if rung.counts else str(S.PENDING)


_ROWS = (
    Transition(
        30, "approve", _("Approve"), frozenset({S.PENDING, S.REFUSED}), approved_at_quorum,
        (May.SIGN, May.RECORD_SIGN_OFF), "sign_off.approved", "next_holders",
        (
            belongs_to_the_current_lock, sign_off_is_running, acts_for_the_office, is_its_turn, is_no_author,
            has_not_signed_yet, names_the_current_digest, has_stepped_up,
        ),
        has_own_form=True, takes_word=True, ends_at=(S.APPROVED, S.PENDING),
    ),
    Transition(
        32, "refuse", _("Refuse"), frozenset({S.PENDING}), S.REFUSED, (May.SIGN, May.RECORD_SIGN_OFF), "sign_off.refused",
        "own_party_or_all", (belongs_to_the_current_lock, sign_off_is_running, acts_for_the_office), needs_reason=True,
        takes_word=True, stops=True,
    ),
    Transition(
        34, "withdraw", _("Withdraw"), frozenset({S.APPROVED, S.PENDING, S.WAITING}), S.PENDING,
        (May.SIGN, May.RECORD_SIGN_OFF), "sign_off.withdrawn", "all_told_earlier_urgent",
        (belongs_to_the_current_lock, not_gone, acts_for_the_office, has_a_valid_sign_off), needs_reason=True,
        even_suspended=True, takes_word=True, stops=True,
    ),
)  # fmt: skip
TRANSITIONS = {row.step: row for row in _ROWS}
READINGS = (
    Reading(29, "reading", (S.WAITING,), (S.PENDING,)),
    Reading(29, "reading", (S.PENDING,), (S.WAITING,)),
    Reading(33, "lapse or expiry", (S.APPROVED,), (S.PENDING, S.WAITING)),
)
STATUS_CHANGED = "sign_off.status_changed"
TOO_LATE = "sign_off.withdrawal_too_late"
