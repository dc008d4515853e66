"""Operations on sign-off: the policy, approve both ways, refuse, withdraw, expire."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, refuse_stale, seat_with
from access.models import Organisation, User
from access.roles import May
from accounts.operations import system_user
from audit.models import subject_of
from audit.recording import record
from core import clock
from core.errors import InputRefused, RecordedRefusal, TransitionRefused
from core.text import clean_text
from exchanges.approval import ladder_of
from exchanges.models import (
    AFTER_GO,
    Expiry,
    PolicyStep,
    Scope,
    SignOff,
    SignOffPaper,
    SignOffPolicy,
    SignOffStep,
    Tranche,
    Withdrawal,
)
from exchanges.operations import pairs
from exchanges.operations.reading import cause_of, reread_status
from exchanges.operations.taking import Circumstances, Taking, begin, finish, lock_tranche, tell
from exchanges.standing import Parties, Standing, standing_of
from exchanges.transitions.sign_off import TOO_LATE, TRANSITIONS
from exchanges.transitions.tranche import ON_THE_LADDER
from negotiations.models import Negotiation, Participant

PAPERS = ("decided_by", "reached_office_how", "reached_office_at", "document_number")


@transaction.atomic
def set_policy(
    negotiation: Negotiation,
    *,
    steps: Sequence[Mapping[str, Any]],
    actor: User,
    pairs_waived: bool = False,
    authors_may_sign: bool = False,
    version: int | None = None,
) -> SignOffPolicy:
    """A party's ladder for a negotiation: `{office, quorum, scope, is_final}` in order, the final one last.

    Running sign-offs keep the copy that was made at their lock.
    """
    negotiation = Negotiation.objects.visible_to(actor).locked().get(pk=negotiation.pk)
    seat = seat_with(actor, negotiation.compartment_id, May.DECIDE)
    own = Participant.objects.visible_to(actor).filter(negotiation=negotiation, party=seat.party_id).first()
    if own is None or seat.party_id is None:
        raise NotAllowed(_("Only a participant of the negotiation has a sign-off policy."))
    _check_policy(steps, seat.party_id)
    home = seat.organisation.home
    policy = SignOffPolicy.objects.unscoped("own party's policy").filter(compartment=home, participant=own).first()
    refuse_stale(policy.version if policy else 0, version)
    policy = policy or SignOffPolicy(compartment=home, negotiation=negotiation, participant=own)
    policy.pairs_waived, policy.authors_may_sign = pairs_waived, authors_may_sign
    checked(policy).save()
    policy.steps.all().delete()
    for order, given in enumerate(steps, start=1):
        office: Organisation = given["office"]
        step = PolicyStep(
            compartment=home, policy=policy, order=order, office=office, office_name=office.name,
            quorum=given.get("quorum", 1), scope=given.get("scope", Scope.NAMES), is_final=given.get("is_final", False),
        )  # fmt: skip
        checked(step).save()
    record(
        "policy.set", subject=policy, actor=actor, seat=seat, data={"steps": len(steps), "pairs_waived": pairs_waived}
    )
    return policy


def _check_policy(steps: Sequence[Mapping[str, Any]], party_id: UUID) -> None:
    finals = [index for index, given in enumerate(steps) if given.get("is_final")]
    if finals != [len(steps) - 1]:
        sentence = _("A ladder has exactly one final step, and it is the last.")
        raise InputRefused(sentence, errors={"steps": [sentence]})
    sentence = _("A ladder is made of offices of your own party.")
    strangers = {
        f"steps.{index}.office": [sentence] for index, given in enumerate(steps) if given["office"].party_id != party_id
    }
    if strangers:
        raise InputRefused(sentence, errors=strangers)


def _begin(step: SignOffStep, name: str, actor: User, circumstances: Circumstances, given: Mapping[str, Any]) -> Taking:
    seen = SignOffStep.objects.visible_to(actor).select_related("tranche").get(pk=step.pk)
    tranche = lock_tranche(seen.tranche, actor)
    locked = SignOffStep.objects.visible_to(actor).locked().get(pk=seen.pk)
    locked.tranche = tranche
    # Raises TwoSides: an internal step's own half would show one side only.
    standing_of(actor, tranche.compartment_id, Parties(tranche.exchange))
    seat = office_seat(locked, actor)
    taking = begin(
        TRANSITIONS[name], locked, tranche.exchange, actor=actor, circumstances=circumstances,
        given=dict(given) | {"seat": seat}, compartment=locked.compartment_id,
    )  # fmt: skip
    if not circumstances.word:
        taking.standing = Standing(actor, seat, taking.participant)  # logs name the office, not another seat of theirs
    return taking


def office_seat(step: SignOffStep, actor: User) -> Any:
    """The actor's seat in the very office this step is for, if any: an office is signed for by its own members."""
    from access.scoping import seats_of

    seats = seats_of(actor, step.compartment_id)
    return next((seat for seat in seats if seat.organisation.pk == step.office_id), None)


@transaction.atomic
def approve(
    step: SignOffStep,
    *,
    digest: str,
    actor: User,
    manner: str = SignOff.Manner.SIGNED,
    password: str = "",
    stepped_up_at: datetime | None = None,
    expires_at: datetime | None = None,
    papers: Mapping[str, Any] | None = None,
    **circumstances: Any,
) -> SignOffStep:
    """Rows 30 and 31. `manner` signed: step-up by password, now or at most five minutes ago. `manner` recorded: on the
    authority of the office, by two people, with `papers` (decided_by, reached_office_how, reached_office_at,
    document_number). An absent participant's final comes as their `word`.

    Raises TransitionRefused, also for a digest that is no longer what would be signed.
    """
    about = Circumstances(**circumstances)
    stepped_up = has_stepped_up(actor, password, stepped_up_at) if manner == SignOff.Manner.SIGNED else False
    given = {"digest": digest, "manner": "word" if about.word else manner, "stepped_up": stepped_up}
    taking = _begin(step, "approve", actor, about, given)
    step = taking.subject
    if expires_at is not None and expires_at <= taking.now:
        raise InputRefused(_("This expiry has passed already."), errors={"expires_at": [_("This has passed already.")]})
    if about.word:
        _sign(taking, SignOff.Manner.WORD, digest, expires_at)
    elif manner == SignOff.Manner.RECORDED:
        if not _record_on_authority(taking, digest, expires_at, dict(papers or {})):
            return step
    else:
        _needs(taking, May.SIGN, _("Signing is for a signatory; your office can record the decision instead."))
        sign_off = _sign(taking, SignOff.Manner.SIGNED, digest, expires_at)
        _file(taking, sign_off, user=actor)
    data = {"office": step.office_name, "manner": given["manner"], "scope": step.scope, "digest": digest}
    if given["manner"] == SignOff.Manner.RECORDED and step.pairs_waived:
        data["one_pair_of_eyes"] = True
    finish(taking, data=data)
    pairs.discard(step, "approve")
    step.refused_because = ""
    step.save(update_fields=["refused_because"])
    reread_status(taking.exchange, standing=taking.standing, tranche=step.tranche, happened_at=_told_when(taking))
    return SignOffStep.objects.visible_to(actor).get(pk=step.pk)


def has_stepped_up(actor: User, password: str, stepped_up_at: datetime | None) -> bool:
    """A password given now, or within the last five minutes of real time."""
    if getattr(actor, "only_membership_id", None):
        return False
    if password:
        return actor.check_password(password)
    return stepped_up_at is not None and timedelta() <= timezone.now() - stepped_up_at <= settings.STEP_UP_LASTS


def _needs(taking: Taking, capability: str, sentence: str) -> None:
    seat = taking.attempt.given.get("seat")
    if seat is None or capability not in seat.capabilities:
        raise TransitionRefused(sentence)


def _sign(taking: Taking, manner: str, digest: str, expires_at: datetime | None) -> SignOff:
    step: SignOffStep = taking.subject
    seat = None if taking.circumstances.word else taking.attempt.given["seat"]
    capability = May.SIGN if manner == SignOff.Manner.SIGNED else May.RECORD_SIGN_OFF
    return SignOff.objects.create(
        compartment_id=step.compartment_id, step=step, manner=manner, digest=digest, at=taking.now, expires_at=expires_at,
        organisation=seat.organisation if seat else None, role=seat.role_for(capability) if seat else "",
    )  # fmt: skip


def _file(taking: Taking, sign_off: SignOff, *, user: User, confirmed_by: User | None = None, **papers: Any) -> None:
    home = taking.attempt.given["seat"].organisation.home
    checked(SignOffPaper(compartment=home, sign_off=sign_off, user=user, confirmed_by=confirmed_by, **papers)).save()


def _record_on_authority(taking: Taking, digest: str, expires_at: datetime | None, papers: dict[str, Any]) -> bool:
    """Row 31. The first of the office's two people types what the papers say, the second confirms it."""
    step: SignOffStep = taking.subject
    _needs(taking, May.RECORD_SIGN_OFF, _("Recording a decision is for the office it was made in."))
    seat = taking.attempt.given["seat"]
    standing = Standing(taking.actor, seat, taking.participant)
    pair = (
        None
        if step.pairs_waived
        else pairs.open_pair(seat.organisation.home, step, "approve", digest, capability=May.RECORD_SIGN_OFF)
    )
    if pair is None:
        typed = _checked_papers(papers, taking.now)
        _refuse_same_decision(taking, typed["decided_by"])
        if not step.pairs_waived:
            details = _as_json(typed) | {"expires_at": expires_at.isoformat() if expires_at else None}
            pairs.ask(step, "approve", digest, standing=standing, kind="sign_off.approval", details=details)
            return False
        sign_off = _sign(taking, SignOff.Manner.RECORDED, digest, expires_at)
        _file(taking, sign_off, user=taking.actor, **typed)
        return True
    typed, until = _from_json(pair.details), pair.details.get("expires_at")
    first_typed = datetime.fromisoformat(until) if until else None
    retyped = any(papers.values()) and _checked_papers(papers, taking.now) != typed
    if retyped or expires_at not in (None, first_typed):
        raise TransitionRefused(
            _("What you typed differs from what the first of you two recorded: compare the papers.")
        )
    _refuse_same_decision(taking, typed["decided_by"])
    pairs.confirm(pair, standing=standing)
    sign_off = _sign(taking, SignOff.Manner.RECORDED, digest, first_typed)
    _file(taking, sign_off, user=pair.asked_by, confirmed_by=taking.actor, **typed)
    return True


def _refuse_same_decision(taking: Taking, decided_by: str) -> None:
    """A quorum of two wants two who decide, not one decision recorded twice."""
    valid = ladder_of(taking.subject.tranche).rung(taking.subject.pk).valid
    papers = SignOffPaper.objects.unscoped("once per step").filter(sign_off__in=[sign_off.pk for sign_off in valid])
    if papers.filter(decided_by__iexact=decided_by).exists():
        raise TransitionRefused(_("The decision of %(who)s is recorded at this step already.") % {"who": decided_by})


def _checked_papers(papers: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    missing = {name: [_("Fill this in.")] for name in PAPERS if not papers.get(name)}
    if missing:
        raise InputRefused(
            _("Say who decided, how and when it reached the office, and the document number."), errors=missing
        )
    if papers["reached_office_at"] > now + clock.TOLERATED_LEAD:
        raise InputRefused(_("This lies in the future."), errors={"reached_office_at": [_("This lies in the future.")]})
    texts = {name: clean_text(str(papers[name])) for name in PAPERS if name != "reached_office_at"}
    typed = texts | {"reached_office_at": papers["reached_office_at"]}
    checked(SignOffPaper(**typed), exclude=("compartment", "sign_off", "user"))
    return typed


def _as_json(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {**typed, "reached_office_at": typed["reached_office_at"].isoformat()}


def _from_json(details: Mapping[str, Any]) -> dict[str, Any]:
    typed = {name: details[name] for name in PAPERS}
    return typed | {"reached_office_at": datetime.fromisoformat(details["reached_office_at"])}


@transaction.atomic
def refuse(step: SignOffStep, *, actor: User, **circumstances: Any) -> SignOffStep:
    """Row 32. The step may approve later."""
    taking = _begin(step, "refuse", actor, Circumstances(**circumstances), {})
    step = taking.subject
    pairs.discard(step, "approve")
    step.refused_because = taking.circumstances.reason
    step.save(update_fields=["refused_because"])
    finish(taking, data={"office": step.office_name, "is_final": step.is_final})
    reread_status(taking.exchange, standing=taking.standing, tranche=step.tranche, happened_at=_told_when(taking))
    return step


def withdraw(step: SignOffStep, *, actor: User, **circumstances: Any) -> SignOffStep:
    """Row 34. Before go it takes effect at once; after go the attempt is recorded and answered with RecordedRefusal."""
    too_late = _withdraw(step, actor, Circumstances(**circumstances))
    if too_late:
        raise RecordedRefusal(too_late)
    return SignOffStep.objects.visible_to(actor).get(pk=step.pk)


@transaction.atomic
def _withdraw(step: SignOffStep, actor: User, circumstances: Circumstances) -> str:
    taking = _begin(step, "withdraw", actor, circumstances, {})
    step = taking.subject
    if step.tranche.status in AFTER_GO:
        tell(taking, TOO_LATE, data={"office": step.office_name})
        return _("The tranche has gone: there is nothing left to withdraw. Your attempt was recorded.")
    for sign_off in ladder_of(step.tranche).rung(step.pk).valid:
        Withdrawal.objects.create(
            compartment_id=step.compartment_id, sign_off=sign_off, reason=circumstances.reason, at=taking.now,
            organisation=taking.standing.seat.organisation if taking.standing.seat and not circumstances.word else None,
        )  # fmt: skip
    pairs.discard(step, "approve")
    finish(taking, data={"office": step.office_name, "is_final": step.is_final})
    reread_status(
        taking.exchange, standing=taking.standing, tranche=step.tranche, cause=cause_of(step, circumstances.reason),
        happened_at=_told_when(taking),
    )  # fmt: skip
    return ""


def _told_when(taking: Taking) -> datetime | None:
    """When an internal step was really taken is its own side's matter: what the table reads from it happened now."""
    return taking.happened_at if taking.subject.is_final else None


def record_expiries() -> int:
    """Row 33, for the sweep: tell of every written expiry that has passed. Guards refused from that instant already."""
    due = SignOff.objects.unscoped("sweep: expiries of every party").filter(
        expires_at__lte=clock.now(), expiry__isnull=True, withdrawal__isnull=True,
        step__tranche__status__in=ON_THE_LADDER, step__lock_number=F("step__tranche__lock_number"),
    )  # fmt: skip
    return sum(_record_expiry(sign_off) for sign_off in due.select_related("step__tranche"))


@transaction.atomic
def _record_expiry(sign_off: SignOff) -> bool:
    from exchanges.models import Exchange

    system = system_user()
    step = sign_off.step
    exchange = Exchange.objects.unscoped("sweep").locked().get(pk=step.tranche.exchange_id)
    tranche = Tranche.objects.unscoped("sweep").locked().get(pk=step.tranche_id)
    tranche.exchange = exchange
    if tranche.status not in ON_THE_LADDER or tranche.lock_number != step.lock_number:
        return False  # unlocked or gone while this waited for the lock
    _expiry, is_new = Expiry.objects.get_or_create(
        sign_off=sign_off, defaults={"compartment_id": sign_off.compartment_id, "at": clock.now()}
    )
    if not is_new:
        return False
    record(
        "sign_off.expired", subject=step, actor=system, compartment=step.compartment, data={"office": step.office_name}
    )
    cause = str(_("the sign-off of %(office)s expired") % {"office": step.office_name})
    reread_status(exchange, standing=Standing(system, None, None), tranche=tranche, cause=cause_of(step, cause))
    return True


def waiting_pair(step: SignOffStep, actor: User) -> Any:
    """The question of the first person of this office, for the second to read; None where nobody asked."""
    seat = office_seat(step, actor)
    if seat is None:
        return None
    rows = pairs.pairs_of(seat.organisation.home, step, "approve").filter(confirmed_by=None)
    return rows.filter(subject=subject_of(step)).first()
