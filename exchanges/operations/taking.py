"""How every step is taken: reread and lock, refuse, change, record, reread what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from access.acting import checked
from access.models import Organisation, User
from access.roles import May
from audit.models import subject_of
from audit.recording import record
from core import clock
from core.errors import InputRefused, StaleVersion, TransitionRefused
from core.lifecycle import Attempt, Transition
from exchanges.hindsight import Objection, objections_then
from exchanges.models import Exchange, Manifest, SignOffStep, Tranche
from exchanges.standing import Parties, Standing, Word, standing_of
from negotiations.models import Participant, TheirWord

LONGEST_REASON = 300  # of every row that keeps a reason


@dataclass(frozen=True)
class Circumstances:
    """What any step may come with: why, when it really happened, on whose word, and from which state it was meant."""

    reason: str = ""
    happened_at: datetime | None = None
    source: str = ""
    word: Word | None = None
    if_version: int | None = None


@dataclass
class Taking:
    """A step under way inside its transaction."""

    exchange: Exchange
    subject: Any
    transition: Transition
    standing: Standing
    participant: Participant | None
    parties: Parties
    attempt: Attempt
    circumstances: Circumstances
    before: str
    now: datetime
    objections_then: list[Objection] | None = None  # of what is recorded afterwards: what stood against it at that time

    @property
    def happened_at(self) -> datetime | None:
        return _happened_at(self.circumstances)

    @property
    def actor(self) -> User:
        return self.standing.actor

    @property
    def side(self) -> Participant:
        """The participant whose step this is; the table's guards have refused everybody else."""
        if self.participant is None:
            raise TransitionRefused(_("This is for the participants of the exchange."))
        return self.participant

    @property
    def organisation(self) -> Organisation:
        """The organisation that acts, also where it enters an absent participant's word."""
        if self.standing.seat is None:
            raise TransitionRefused(_("This is for the participants of the exchange."))
        return self.standing.seat.organisation


def lock_exchange(exchange_id: UUID | str, actor: User) -> Exchange:
    """The exchange, reread in scope and held first of all its rows (DESIGN 7a)."""
    found: Exchange | None = Exchange.objects.visible_to(actor).locked().filter(pk=exchange_id).first()
    # Whoever waited while it was proposed finds it at a table that their first look did not know: they look again.
    return found or Exchange.objects.visible_to(actor).locked().get(pk=exchange_id)


def lock_tranche(tranche: Tranche, actor: User) -> Tranche:
    """The tranche under its exchange's lock; its `exchange` is the locked row."""
    seen = Tranche.objects.visible_to(actor).get(pk=tranche.pk)
    exchange = lock_exchange(seen.exchange_id, actor)
    found: Tranche = Tranche.objects.visible_to(actor).locked().get(pk=tranche.pk)
    found.exchange = exchange
    return found


def begin(
    transition: Transition,
    subject: Any,
    exchange: Exchange,
    *,
    actor: User,
    circumstances: Circumstances,
    given: Mapping[str, Any] | None = None,
    compartment: object = None,
) -> Taking:
    """Refuse, or hand back the step to be carried out. `subject` and `exchange` were reread and are locked.

    Raises TransitionRefused, StaleVersion or InputRefused; nothing has been written then.
    """
    parties = Parties(exchange)
    attempt, standing, participant = prepare(
        transition, subject, exchange, parties, actor=actor, circumstances=circumstances, given=given,
        compartment=compartment,
    )  # fmt: skip
    if circumstances.if_version is not None and circumstances.if_version != subject.version:
        raise StaleVersion(_("This was changed since you read it: read it again, then decide."))
    if why := transition.refusal(attempt):
        raise TransitionRefused(why)
    now = clock.now()
    check_reason(circumstances)
    check_happened_at(circumstances, subject, now)
    happened_at = _happened_at(circumstances)
    afterwards = happened_at is not None and clock.was_recorded_afterwards(happened_at, now)
    return Taking(
        exchange, subject, transition, standing, participant, parties, attempt, circumstances, subject.status, now,
        objections_then(transition, subject, exchange, happened_at) if happened_at and afterwards else None,
    )  # fmt: skip


def prepare(
    transition: Transition,
    subject: Any,
    exchange: Exchange,
    parties: Parties,
    *,
    actor: User,
    circumstances: Circumstances | None = None,
    given: Mapping[str, Any] | None = None,
    compartment: object = None,
    asks_only: bool = False,
) -> tuple[Attempt, Standing, Participant | None]:
    """What the pure refusal is asked with: by an operation about to act, and by a page about to draw a button."""
    circumstances = circumstances or Circumstances()
    word = circumstances.word
    needed = ("decide",) if word else transition.may_in.get(subject.status, transition.may)
    standing = standing_of(actor, compartment or subject.compartment_id, parties, needed)  # type: ignore[arg-type]
    participant = standing.participant
    if word and participant:
        participant = absent_participant(parties, word)
    attempt = Attempt(
        subject=subject,
        capabilities=standing.capabilities,
        participant=participant,
        by_word=word is not None,
        suspended=exchange.is_suspended,
        reason=circumstances.reason,
        given={"seat": standing.seat, "actor": actor} | dict(given or {}),
        known=parties,
        asks_only=asks_only,
    )
    return attempt, standing, participant


def absent_participant(parties: Parties, word: Word) -> Participant:
    """Whose word it is. Raises InputRefused for a side that works here: it acts for itself."""
    participant = parties.by_id(word.participant)
    if participant.works_here:
        raise InputRefused(
            _("%(who)s works here and acts for itself.") % {"who": participant},
            errors={"participant": [_("This side works here.")]},
        )
    return participant


def check_happened_at(circumstances: Circumstances, subject: Any, now: datetime) -> None:
    """RULES section 5. Raises InputRefused for a time in the future or before the step that this one follows."""
    happened_at = _happened_at(circumstances)
    if happened_at is None:
        return
    if happened_at > now + clock.TOLERATED_LEAD:
        raise InputRefused(_("This lies in the future."), errors={"happened_at": [_("This lies in the future.")]})
    followed_at = _followed_at(subject)
    if followed_at and happened_at < followed_at:
        sentence = _("This lies before the step that it follows.")
        raise InputRefused(sentence, errors={"happened_at": [sentence]})


def _followed_at(subject: Any) -> datetime | None:
    """When the step before happened. Drafting and planning are entries of ours, not steps that others wait for."""
    match subject:
        case Exchange() if subject.is_draft:
            return None
        case Tranche() if not subject.lock_number:
            return subject.exchange.last_happened_at
        case SignOffStep():
            # It follows the lock; what was done to the tranche meanwhile may be later than the signature.
            locks = Manifest.objects.unscoped("own tranche").filter(
                tranche=subject.tranche, lock_number=subject.lock_number
            )
            return min(subject.tranche.last_happened_at, *locks.values_list("at", flat=True))
    return subject.last_happened_at  # type: ignore[no-any-return]


def check_reason(circumstances: Circumstances) -> None:
    if len(circumstances.reason) > LONGEST_REASON:
        sentence = _("Give the reason in at most %(most)s characters.") % {"most": LONGEST_REASON}
        raise InputRefused(sentence, errors={"reason": [sentence]})


def finish(
    taking: Taking,
    *,
    event: str = "",
    data: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
) -> None:
    """Write the status this step leads to and its event; the caller rereads what follows from it."""
    subject = taking.subject
    after = taking.transition.arrives_at(taking.attempt)
    fields = ["status"]
    if after != taking.before:
        subject.status, subject.status_since = after, taking.now
        fields.append("status_since")
    if hasattr(subject, "last_happened_at") and _is_followed(taking, after):
        subject.last_happened_at = taking.happened_at or taking.now
        fields.append("last_happened_at")
    subject.save(update_fields=fields)
    tell(
        taking,
        event or taking.transition.event,
        data={"before": taking.before, "after": after} | dict(data or {}),
        private=private,
    )


def _is_followed(taking: Taking, after: str) -> bool:
    """What each participant does for itself (accept, go, receipts, counts) follows no other participant's."""
    for_itself = taking.transition.ends_at or taking.transition.step == "record_receipts"
    return after != taking.before or not for_itself


def tell(
    taking: Taking, kind: str, *, subject: Any = None, data: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Record one event of this step, with its reason, its source and, where it is one, the word it rests on."""
    circumstances = taking.circumstances
    content: dict[str, Any] = dict(data or {})
    if taking.participant:
        content["participant"] = taking.participant.letter
    if circumstances.reason:
        content["reason"] = circumstances.reason
    if circumstances.source:
        content["source"] = circumstances.source
    if circumstances.word:
        content["according_to"] = circumstances.word.according_to
        keep_word(taking)
    if taking.objections_then is not None:
        content["rules_then"] = taking.objections_then
    about = subject if subject is not None else taking.subject
    record(
        kind,
        subject=about,
        actor=taking.actor,
        seat=taking.standing.seat,
        compartment=about.compartment,
        data=content,
        private=private,
        capability=May.DECIDE if circumstances.word else taking.transition.may[0],
        happened_at=taking.happened_at,
    )


def keep_word(taking: Taking) -> None:
    word, seat = taking.circumstances.word, taking.standing.seat
    if word is None or seat is None:
        return
    row = TheirWord(
        compartment_id=taking.exchange.compartment_id, participant_id=word.participant, subject=subject_of(taking.subject),
        step=taking.transition.step, who=word.who, to_whom=word.to_whom, happened_at=word.happened_at,
        source=word.source, according_to=word.according_to, recorded_at=taking.now, recorded_by=seat.organisation,
    )  # fmt: skip
    checked(row).save()


def _happened_at(circumstances: Circumstances) -> datetime | None:
    return circumstances.word.happened_at if circumstances.word else circumstances.happened_at
