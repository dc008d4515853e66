"""The ladders of one tranche for one viewer: all rungs of their own side; of others k of n and the final."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from core import clock
from exchanges.approval import Wanted, manifests_of, wanted_for
from exchanges.models import Manifest, SignOff, SignOffPaper, SignOffStep, StepStatus
from exchanges.presentation.facts import TrancheFacts
from exchanges.presentation.times import age, instant
from exchanges.presentation.tones import tone_of
from exchanges.standing import Parties
from negotiations.models import Participant, TheirWord


@dataclass(frozen=True)
class SignOffView:
    who: str
    at: str
    how: str
    counts: bool
    standing: str = ""
    according_to: str = ""


@dataclass(frozen=True)
class RungView:
    office: str
    scope: str
    final: bool
    private: bool
    status: str
    tone: str
    since: str
    quorum: int
    k: int
    why: str
    url: str
    sign_offs: list[SignOffView]


@dataclass(frozen=True)
class LadderView:
    participant: str
    letter: str
    private: bool
    k: int
    n: int
    rungs: list[RungView] = field(default_factory=list)


def ladders_of(facts: TrancheFacts, parties: Parties, viewer: User) -> list[LadderView]:
    """Four queries: manifest, sign-offs, their papers of one's own side, their word."""
    manifests = manifests_of(facts.tranche)
    if not manifests or not facts.steps:
        return []
    signed = _signed(facts.steps, manifests, viewer)
    return [_ladder(participant, facts, signed, parties.ours_alone) for participant in parties.all]


def small_ladders(facts: TrancheFacts, parties: Parties) -> list[LadderView]:
    """k of n alone: for the list of tranches."""
    return [_ladder(participant, facts, {}, parties.ours_alone) for participant in parties.all] if facts.steps else []


def _ladder(
    participant: Participant, facts: TrancheFacts, signed: dict[Any, list[SignOffView]], ours_alone: bool
) -> LadderView:
    steps, progress = facts.steps_of(participant.pk), facts.progress_of(participant.pk)
    finals = [step for step in steps if step.is_final]
    internal = progress.steps if progress else 0
    done = progress.approved if progress else 0
    return LadderView(
        participant=str(participant),
        letter=participant.letter,
        private=not ours_alone and any(not step.is_final for step in steps),
        k=done + sum(step.status == StepStatus.APPROVED for step in finals),
        n=internal + len(finals),
        rungs=[_rung(step, signed.get(step.pk, []), ours_alone) for step in steps],
    )


def _rung(step: SignOffStep, sign_offs: list[SignOffView], ours_alone: bool) -> RungView:
    lapsed = step.lapsed_because if step.status != StepStatus.APPROVED else ""
    why = step.refused_because if step.status == StepStatus.REFUSED else ""
    if lapsed:
        why = _("Lapsed: %(cause)s") % {"cause": lapsed}
    return RungView(
        office=step.office_name,
        scope=_("signs %(scope)s") % {"scope": step.get_scope_display()},
        final=step.is_final,
        private=not ours_alone and not step.compartment.is_shared,
        status=step.get_status_display(),
        tone="caution" if lapsed else tone_of(step.status),
        since=age(step.status_since),
        quorum=step.quorum,
        k=sum(sign_off.counts for sign_off in sign_offs),
        why=why,
        url=f"{reverse('exchanges:sign', args=[step.tranche_id])}?step={step.pk}",
        sign_offs=sign_offs,
    )


def _signed(steps: Sequence[SignOffStep], manifests: Sequence[Manifest], viewer: User) -> dict[Any, list[SignOffView]]:
    sign_offs = list(
        SignOff.objects.visible_to(viewer)
        .filter(step__in=steps)
        .select_related("organisation", "withdrawal", "expiry")
        .order_by("at")
    )
    papers = (
        SignOffPaper.objects.visible_to(viewer).filter(sign_off__in=sign_offs).select_related("user", "confirmed_by")
    )
    paper_of = {paper.sign_off_id: paper for paper in papers}
    words = TheirWord.objects.visible_to(viewer).filter(
        subject__in=[f"signoffstep:{step.pk}" for step in steps], step="approve"
    )
    word_of = {word.subject: word.according_to for word in words.order_by("recorded_at")}
    wanted = {step.pk: wanted_for(step.scope, manifests) for step in steps}
    shown: dict[Any, list[SignOffView]] = {}
    for sign_off in sign_offs:
        standing = standing_of_sign_off(sign_off, wanted[sign_off.step_id])
        shown.setdefault(sign_off.step_id, []).append(
            SignOffView(
                who=_who(sign_off, paper_of.get(sign_off.pk)),
                at=instant(sign_off.at),
                how=_how(sign_off, paper_of.get(sign_off.pk)),
                counts=not standing,
                standing=standing,
                according_to=word_of.get(f"signoffstep:{sign_off.step_id}", "") if sign_off.manner == "word" else "",
            )
        )
    return shown


def standing_of_sign_off(sign_off: SignOff, wanted: Wanted) -> str:
    """Empty while it is valid: else withdrawn, expired or lapsed."""
    if hasattr(sign_off, "withdrawal"):
        return _("withdrawn: %(reason)s") % {"reason": sign_off.withdrawal.reason}
    if sign_off.expires_at and sign_off.expires_at <= clock.now():
        return _("expired %(at)s") % {"at": instant(sign_off.expires_at)}
    return "" if wanted.fits(sign_off) else _("lapsed")


def _who(sign_off: SignOff, paper: SignOffPaper | None) -> str:
    if paper is None:
        return str(sign_off.organisation) if sign_off.organisation else _("their word")
    if paper.confirmed_by:
        return _("%(first)s and %(second)s") % {"first": paper.user, "second": paper.confirmed_by}
    return str(paper.user)


def _how(sign_off: SignOff, paper: SignOffPaper | None) -> str:
    if paper and paper.decided_by:
        return _("recorded on the authority of %(who)s, document %(number)s") % {
            "who": paper.decided_by, "number": paper.document_number,
        }  # fmt: skip
    if sign_off.manner == SignOff.Manner.RECORDED:
        return _("recorded on its authority")
    return str(sign_off.get_manner_display())
