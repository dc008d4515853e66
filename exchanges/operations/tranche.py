"""Operations on tranches: plan, lock, unlock, sign-off start, staging, hold, go, receipts, settling, correction."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, refuse_stale
from access.models import Compartment, User
from access.roles import May
from audit.chain import canonical
from audit.recording import record
from core import clock
from core.errors import InputRefused, TransitionRefused
from core.text import clean_text
from exchanges.approval import current_manifest
from exchanges.content import Content, content_of
from exchanges.digests import line_digest, names_digest
from exchanges.models import (
    CountStatement,
    Direction,
    Entry,
    EntryLink,
    Exchange,
    FinalOffice,
    Go,
    Hold,
    LadderProgress,
    LockAgreement,
    LockExplanation,
    Manifest,
    ManifestLine,
    Outcome,
    Placement,
    Receipt,
    SignOffPolicy,
    SignOffStep,
    StepStatus,
    Tranche,
    TrancheStatus,
)
from exchanges.operations import pairs
from exchanges.operations.exchange import refuse_absurd_counts
from exchanges.operations.reading import Cause, reread_status
from exchanges.operations.taking import (
    Circumstances,
    Taking,
    begin,
    check_happened_at,
    finish,
    lock_exchange,
    lock_tranche,
    tell,
)
from exchanges.standing import Parties, Standing, standing_of
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY
from exchanges.transitions.tranche import GONE_EVENT, TRANSITIONS, directions_of, open_holds, received_by_direction
from negotiations.models import Participant
from people.fate import fate_of
from people.models import Claim, Person

CHUNK = 1000
IDENTITY_FIELDS = (
    "family", "given", "patronymic", "birth_date", "rank", "service_number", "category", "latin_name",
)  # fmt: skip


# Planning


@transaction.atomic
def plan_tranche(
    exchange: Exchange,
    *,
    actor: User,
    planned_on: date | None = None,
    place: str = "",
    time_zone: str = "UTC",
    entries: Iterable[Any] = (),
    happened_at: datetime | None = None,
) -> Tranche:
    """Row 13: a new tranche of an exchange that is negotiating … under way, with these entries."""
    exchange = lock_exchange(exchange.pk, actor)
    standing = _negotiator(exchange, actor)
    if exchange.status not in NEGOTIATING_TO_UNDER_WAY or exchange.is_suspended:
        raise TransitionRefused(_("A tranche can be planned once the formula is accepted and until the exchange ends."))
    now = clock.now()
    check_happened_at(Circumstances(happened_at=happened_at), exchange, now)
    last = Tranche.objects.unscoped("own exchange").filter(exchange=exchange).order_by("-number").first()
    tranche = Tranche(
        compartment_id=exchange.compartment_id, exchange=exchange, number=last.number + 1 if last else 1,
        status_since=now, last_happened_at=now, planned_on=planned_on, place=place, time_zone=time_zone,
    )  # fmt: skip
    _checked_plan(tranche).save()
    _move_entries(tranche, entries, into=tranche)
    record(
        "tranche.planned", subject=tranche, actor=actor, seat=standing.seat, capability=May.NEGOTIATE,
        data={"number": tranche.number, "planned_on": planned_on.isoformat() if planned_on else ""},
        happened_at=happened_at,
    )  # fmt: skip
    return tranche


@transaction.atomic
def change_plan(
    tranche: Tranche,
    *,
    actor: User,
    add: Iterable[Any] = (),
    remove: Iterable[Any] = (),
    conspicuous: Mapping[Any, bool] | None = None,
    version: int | None = None,
    **changes: Any,
) -> Tranche:
    """Entries, date, place and who is conspicuous, while planned. `changes`: planned_on, place, time_zone."""
    tranche = lock_tranche(tranche, actor)
    standing = _negotiator(tranche.exchange, actor)
    refuse_stale(tranche.version, version)
    if tranche.status != TrancheStatus.PLANNED:
        raise TransitionRefused(_("The tranche is locked: unlock it first. Its sign-offs lapse then."))
    if tranche.exchange.is_suspended:
        raise TransitionRefused(_("The exchange is suspended: it has to be resumed first."))
    add, remove = list(add), list(remove)
    tranche.plan_number += 1
    for field in ("planned_on", "place", "time_zone"):
        if field in changes:
            setattr(tranche, field, changes[field])
    _checked_plan(tranche).save(update_fields=["planned_on", "place", "time_zone", "plan_number"])
    _move_entries(tranche, remove, into=None)
    _move_entries(tranche, add, into=tranche)
    _mark_conspicuous(tranche, conspicuous or {})
    record(
        "tranche.plan_changed", subject=tranche, actor=actor, seat=standing.seat, capability=May.NEGOTIATE,
        data={"fields": sorted(changes), "added": len(add), "removed": len(remove)},
    )  # fmt: skip
    return tranche


def _mark_conspicuous(tranche: Tranche, marks: Mapping[Any, bool]) -> None:
    """Who is conspicuous is signed with the frame. Raises InputRefused for an entry of another tranche."""
    wanted = {str(pk): marked for pk, marked in marks.items()}
    rows = Entry.objects.unscoped("own tranche").filter(tranche=tranche).order_by("pk").locked()
    try:
        entries = list(rows.filter(pk__in=wanted))
    except ValidationError:  # a malformed id is an unknown one
        entries = []
    if len(entries) != len(wanted):
        sentence = _("Some of these entries are not in the tranche.")
        raise InputRefused(sentence, errors={"conspicuous": [sentence]})
    for entry in entries:
        entry.is_conspicuous = wanted[str(entry.pk)]
        entry.save(update_fields=["is_conspicuous"])


def _checked_plan(tranche: Tranche) -> Tranche:
    tranche.place = clean_text(tranche.place)
    if tranche.time_zone not in available_timezones():
        sentence = _("There is no time zone of this name: write it as Europe/Kyiv.")
        raise InputRefused(sentence, errors={"time_zone": [sentence]})
    return checked(tranche)


def _negotiator(exchange: Exchange, actor: User) -> Standing:
    standing = standing_of(actor, exchange.compartment_id, Parties(exchange), (May.NEGOTIATE,))
    if May.NEGOTIATE not in standing.capabilities or standing.participant is None:
        raise NotAllowed(_("Planning a tranche is for the participants' negotiators."))
    return standing


def _move_entries(tranche: Tranche, ids: Iterable[Any], *, into: Tranche | None) -> None:
    """Put entries of this exchange into a planned tranche, or out of it. Raises InputRefused for any other."""
    wanted = {str(getattr(pk, "pk", pk)) for pk in ids}
    if not wanted:
        return
    rows = Entry.objects.unscoped("own exchange").filter(direction__exchange_id=tranche.exchange_id, pk__in=wanted)
    entries = list(rows.select_related("tranche").order_by("pk").locked())
    if len(entries) != len(wanted):
        sentence = _("Some of these entries are not on a list of this exchange.")
        raise InputRefused(sentence, errors={"entries": [sentence]})
    for entry in entries:
        other = entry.tranche if entry.tranche_id != tranche.pk else None
        if other and other.status not in (TrancheStatus.PLANNED, TrancheStatus.ABORTED):
            sentence = _("#%(number)s stands in tranche %(tranche)s, which is locked.") % {
                "number": entry.number, "tranche": other.number,
            }  # fmt: skip
            raise InputRefused(sentence, errors={"entries": [sentence]})
        if into is None and entry.tranche_id != tranche.pk:
            sentence = _("#%(number)s is not in this tranche.") % {"number": entry.number}
            raise InputRefused(sentence, errors={"entries": [sentence]})
        entry.tranche = into
        entry.version += 1
    Entry.objects.bulk_update(entries, ["tranche", "version"], batch_size=500)


# Steps that carry nothing but their circumstances


@transaction.atomic
def take_step(tranche: Tranche, step: str, *, actor: User, **circumstances: Any) -> Tranche:
    """unlock, start_sign_off, stage, hold, release_hold, go, abort."""
    taking = _begin(tranche, step, actor, Circumstances(**circumstances))
    change = _CHANGES[step]
    data = change(taking) or {}
    if step == "go":
        _finish_go(taking)
    else:
        finish(taking, data=data)
    cause = Cause(taking.circumstances.reason if step == "unlock" else "")
    reread_status(
        taking.exchange, standing=taking.standing, tranche=taking.subject, cause=cause, happened_at=taking.happened_at
    )
    found: Tranche = taking.subject
    return found


def _begin(
    tranche: Tranche, step: str, actor: User, circumstances: Circumstances, given: Mapping[str, Any] | None = None
) -> Taking:
    locked = lock_tranche(tranche, actor)
    return begin(TRANSITIONS[step], locked, locked.exchange, actor=actor, circumstances=circumstances, given=given)


def _lapse_and_release(taking: Taking) -> None:
    """Unlock: every sign-off of this lock lapses, naming the change; placements are free again."""
    tranche: Tranche = taking.subject
    steps = SignOffStep.objects.unscoped("the lock ends").filter(tranche=tranche, lock_number=tranche.lock_number)
    reason = taking.circumstances.reason
    for step in steps.order_by("pk").locked():
        had = step.sign_offs.filter(withdrawal__isnull=True).exists()
        step.status, step.status_since = StepStatus.WAITING, taking.now
        step.lapsed_because = reason if had else ""
        step.save(update_fields=["status", "status_since", "lapsed_because"])
        if had:
            _tell_lapse(step, taking)
    release_placements(tranche, taking.now)


def _tell_lapse(step: SignOffStep, taking: Taking) -> None:
    from accounts.operations import system_user

    shared = step.compartment.is_shared
    record(
        "sign_off.lapsed", subject=step, actor=taking.actor if shared else system_user(),
        seat=taking.standing.seat if shared else None, compartment=step.compartment,
        data={"office": step.office_name, "cause": taking.circumstances.reason},
    )  # fmt: skip


def release_placements(tranche: Tranche, now: Any, *, except_entries: Iterable[Any] = ()) -> None:
    rows = Placement.objects.unscoped("every participant's placements of this tranche").filter(
        tranche=tranche, released_at=None
    )
    rows.exclude(entry_id__in=list(except_entries)).update(released_at=now)


def _stage(taking: Taking) -> None:
    taking.subject.readiness += 1
    taking.subject.save(update_fields=["readiness"])


def _hold(taking: Taking) -> None:
    Hold.objects.create(
        compartment_id=taking.subject.compartment_id, tranche=taking.subject, participant=taking.side,
        organisation=taking.organisation, reason=taking.circumstances.reason, placed_at=taking.now,
    )  # fmt: skip
    _stage(taking)


def _release_hold(taking: Taking) -> None:
    for hold in open_holds(taking.subject).filter(participant=taking.participant).locked().order_by("pk"):
        hold.released_at, hold.release_reason = taking.now, taking.circumstances.reason
        hold.save(update_fields=["released_at", "release_reason"])


def _go(taking: Taking) -> None:
    Go.objects.create(
        compartment_id=taking.subject.compartment_id, tranche=taking.subject, participant=taking.side,
        organisation=taking.organisation, readiness=taking.subject.readiness, at=taking.now,
    )  # fmt: skip


def _finish_go(taking: Taking) -> None:
    """The last go is `gone` and told to all (row 24), not a go given and told to the parties as well."""
    is_last = taking.transition.arrives_at(taking.attempt) == TrancheStatus.GONE
    finish(taking, event=GONE_EVENT if is_last else taking.transition.event)


def _abort(taking: Taking) -> None:
    release_placements(taking.subject, taking.now)


_CHANGES: dict[str, Any] = {
    "unlock": _lapse_and_release,
    "start_sign_off": lambda taking: None,
    "stage": _stage,
    "hold": _hold,
    "release_hold": _release_hold,
    "go": _go,
    "abort": _abort,
}


def abort_with_exchange(tranche: Tranche, taking: Taking) -> None:
    """An open tranche of an exchange that is cancelled or ends short."""
    before, tranche.status, tranche.status_since = tranche.status, TrancheStatus.ABORTED, taking.now
    tranche.save(update_fields=["status", "status_since"])
    release_placements(tranche, taking.now)
    record(
        "tranche.aborted", subject=tranche, actor=taking.actor, seat=taking.standing.seat, capability=May.DECIDE,
        data={"before": before, "after": tranche.status, "reason": taking.circumstances.reason},
    )  # fmt: skip


# The lock


@transaction.atomic
def lock(
    tranche: Tranche, *, actor: User, imbalance_confirmed: bool = False, explanation: str = "", **circumstances: Any
) -> Tranche:
    """Row 14. The first of a participant's two people asks, the second confirms; with the last pair it is locked.

    `explanation`: why somebody who is home or dead by our own record stands on the list all the same.
    """
    given = {"imbalance_confirmed": imbalance_confirmed, "explanation": explanation}
    taking = _begin(tranche, "lock", actor, Circumstances(**circumstances), given)
    tranche, home = taking.subject, taking.standing.home
    if home is None or taking.participant is None:
        raise TransitionRefused(_("This is for the participants of the exchange."))
    content = content_of(tranche, taking.parties, lock_number=tranche.lock_number + 1)
    if not _agrees(taking, content, home, explanation):
        return tranche
    agreed = _agreed(tranche, content)
    if all(participant.pk in agreed for participant in taking.parties.here):
        _take_places(tranche, taking, content)
        _freeze(taking, content)
    return tranche


def _agreed(tranche: Tranche, content: Content) -> set[Any]:
    rows = LockAgreement.objects.unscoped("own tranche").filter(tranche=tranche, digest=content.digest)
    return set(rows.values_list("participant_id", flat=True))


def _agrees(taking: Taking, content: Content, home: Compartment, explanation: str) -> bool:
    """Whether after this call the actor's side agrees to lock this content. Raises TransitionRefused."""
    tranche: Tranche = taking.subject
    own = _own_people(content, home)
    has_agreed = taking.side.pk in _agreed(tranche, content)
    if has_agreed and not _unexplained(own, _explained(home, tranche, content)):
        raise TransitionRefused(_("Your side has agreed to this lock: it waits for the others."))
    waived = _pairs_waived(taking)
    pair = None if waived else pairs.open_pair(home, tranche, "lock", content.digest, capability=May.LOCK)
    asked_with = pair.details.get("explanation", "") if pair else ""
    if explanation and explanation != asked_with:
        pair = None  # two people give the same reason: another one is asked anew
    explanation = explanation or asked_with
    _refuse_taken_places(own)
    _refuse_unexplained(own, explanation)
    if not waived and pair is None:
        pairs.ask(
            tranche, "lock", content.digest, standing=taking.standing, kind="tranche.lock",
            details={"explanation": explanation},
        )  # fmt: skip
        return False
    if pair is not None:
        pairs.confirm(pair, standing=taking.standing)
    if explanation:
        LockExplanation.objects.create(
            compartment=home, tranche=tranche, digest=content.digest, text=explanation, at=taking.now
        )
    if not has_agreed:
        LockAgreement.objects.create(
            compartment_id=tranche.compartment_id, tranche=tranche, participant=taking.side,
            organisation=taking.organisation, digest=content.digest, one_pair_of_eyes=waived, at=taking.now,
        )  # fmt: skip
    tell(
        taking, "tranche.lock_agreed", data={"names_digest": content.names_digest, "one_pair_of_eyes": waived},
        private={"explanation": explanation} if explanation else None,
    )  # fmt: skip
    return True


def _pairs_waived(taking: Taking) -> bool:
    policy = SignOffPolicy.objects.unscoped("own participant's policy").filter(participant=taking.participant).first()
    return bool(policy and policy.pairs_waived)


def _own_people(content: Content, home: Compartment) -> list[EntryLink]:
    """Our dossiers that the entries stand for, by our own judgement."""
    rows = EntryLink.objects.unscoped("own party's compartment").filter(compartment=home, entry__in=content.entries)
    return list(rows.select_related("person__merged_into", "entry").order_by("entry__number"))


def _refuse_taken_places(own: list[EntryLink]) -> None:
    """DESIGN rule 1, of merged dossiers too; the unique constraint on Placement stands behind it for each of them."""
    rows = Person.objects.unscoped("own people").joined(*{link.person.read_as.pk for link in own}).order_by("pk")
    meant = {person.pk: person.merged_into_id or person.pk for person in rows.locked()}
    if any(person not in meant for person in meant.values()):
        raise TransitionRefused(_("Somebody of yours was merged into another dossier this moment: look again."))
    placed = Placement.objects.unscoped("own people").filter(person__in=meant, released_at=None)
    taken = {meant[person] for person in placed.values_list("person_id", flat=True)}
    numbers = [f"#{link.entry.number}" for link in own if meant[link.person_id] in taken]
    if len({meant[link.person_id] for link in own}) < len(own):
        raise TransitionRefused(_("The same person of yours stands on this tranche twice."))
    if numbers:
        raise TransitionRefused(
            _("Already in another locked tranche by your record: %(entries)s.") % {"entries": ", ".join(numbers[:5])}
        )


def _explained(home: Compartment, tranche: Tranche, content: Content) -> str:
    """Why this side agreed to lock somebody home or dead by its record; empty where nobody had to say why."""
    rows = LockExplanation.objects.unscoped("own party's compartment").filter(
        compartment=home, tranche=tranche, digest=content.digest
    )
    newest = rows.order_by("at").last()
    return newest.text if newest else ""


def _unexplained(own: list[EntryLink], explanation: str) -> list[EntryLink]:
    if explanation.strip():
        return []
    claims = Claim.objects.unscoped("own people").of(*(link.person.read_as.pk for link in own)).by_holder()
    return [link for link in own if fate_of(claims.get(link.person.read_as.pk, ())).bars_locking]


def _refuse_unexplained(own: list[EntryLink], explanation: str) -> None:
    """Home or dead by our record: shown, and locked only with a reason that two people give."""
    if barred := _unexplained(own, explanation):
        sentence = _("Home or dead by your own record: %(entries)s. Say why they stand on this list.") % {
            "entries": ", ".join(f"#{link.entry.number}" for link in barred[:5])
        }
        raise TransitionRefused(sentence, errors={"explanation": [sentence]})


def _take_places(tranche: Tranche, taking: Taking, content: Content) -> None:
    """Place the people of every participant here, each in their own party's compartment. Raises TransitionRefused."""
    for participant in taking.parties.here:
        home = Compartment.objects.get(kind=Compartment.Kind.PARTY, party=participant.party_id)
        own = _own_people(content, home)
        try:
            _refuse_taken_places(own)
            _refuse_unexplained(own, _explained(home, tranche, content))
            place(own, home, tranche, taking.now)
        except TransitionRefused:
            if participant == taking.participant:
                raise
            # What stands against it is that side's private matter.
            raise TransitionRefused(_("%(who)s has to look at this lock again.") % {"who": participant}) from None


def place(own: Iterable[EntryLink], home: Compartment, tranche: Tranche, now: Any) -> None:
    """Raises TransitionRefused where another exchange took the place in this very moment."""
    try:
        with transaction.atomic():
            Placement.objects.bulk_create(
                Placement(compartment=home, person=link.person, entry=link.entry, tranche=tranche, placed_at=now)
                for link in own
            )
    except IntegrityError as error:
        raise TransitionRefused(
            _("Somebody of yours was placed in another tranche this moment: look again.")
        ) from error


def place_anew(link: EntryLink, now: Any) -> None:
    """A judgement changed while the entry is locked: the place goes to the person now meant. Raises TransitionRefused."""
    tranche = link.entry.tranche
    if tranche is None or not tranche.is_open_locked:
        return
    held = Placement.objects.unscoped("own people").filter(
        compartment=link.compartment, entry=link.entry, tranche=tranche, released_at=None
    )
    if held.filter(person=link.person).exists():
        return
    held.update(released_at=now)
    _refuse_taken_places([link])
    place([link], link.compartment, tranche, now)


def _freeze(taking: Taking, content: Content) -> None:
    tranche: Tranche = taking.subject
    tranche.lock_number += 1
    tranche.save(update_fields=["lock_number"])
    _write_manifest(
        tranche, content.entries, content.line_digests, content.frame, content.frame_digest, version=1, now=taking.now
    )
    _copy_ladders(tranche, taking)
    finish(
        taking, data={"frame_digest": content.frame_digest, "names_digest": content.names_digest, "size": len(content.entries)}
    )  # fmt: skip
    reread_status(taking.exchange, standing=taking.standing, tranche=tranche, happened_at=taking.happened_at)


def _write_manifest(
    tranche: Tranche, entries: Sequence[Entry], digests: Mapping[Any, str], frame: list[Any], frame_hex: str, *,
    version: int, now: Any, change: str = "",
) -> Manifest:  # fmt: skip
    manifest = Manifest.objects.create(
        compartment_id=tranche.compartment_id, tranche=tranche, lock_number=tranche.lock_number, version=version,
        frame=frame, frame_digest=frame_hex, change=change, at=now,
        names_digest=names_digest(frame_hex, ((str(pk), digest) for pk, digest in digests.items())),
    )  # fmt: skip
    lines = (
        ManifestLine(
            compartment_id=tranche.compartment_id, manifest=manifest, entry=entry, number=entry.number,
            is_humanitarian=entry.is_humanitarian, line_digest=digests[entry.pk],
            **{field: getattr(entry, field) for field in IDENTITY_FIELDS},
        )
        for entry in entries
    )  # fmt: skip
    ManifestLine.objects.bulk_create(lines, batch_size=CHUNK)
    return manifest


def _copy_ladders(tranche: Tranche, taking: Taking) -> None:
    """DESIGN rule 10: the policy as it stands now; the absent have a final step only."""
    finals = {
        final.participant_id: final
        for final in FinalOffice.objects.unscoped("own exchange").filter(exchange=taking.exchange)
    }
    policies = {
        policy.participant_id: policy
        for policy in SignOffPolicy.objects.unscoped("the lock copies every policy").filter(
            participant__in=taking.parties.here
        )
    }
    for participant in taking.parties.all:
        policy = policies.get(participant.pk)
        internal = _copy_internal(tranche, participant, policy, taking.now) if policy else 0
        final = finals[participant.pk]
        SignOffStep.objects.create(
            compartment_id=tranche.compartment_id, tranche=tranche, lock_number=tranche.lock_number,
            participant=participant, order=1000, quorum=final.quorum, scope=final.scope, is_final=True,
            office=final.office, office_name=final.office_name, status_since=taking.now,
            authors_may_sign=policy.authors_may_sign if policy else False,
            pairs_waived=policy.pairs_waived if policy else False,
        )  # fmt: skip
        if participant.works_here:
            LadderProgress.objects.create(
                compartment_id=tranche.compartment_id, tranche=tranche, lock_number=tranche.lock_number,
                participant=participant, approved=0, steps=internal,
            )  # fmt: skip


def _copy_internal(tranche: Tranche, participant: Participant, policy: SignOffPolicy, now: Any) -> int:
    steps = list(policy.steps.filter(is_final=False).order_by("order"))
    for step in steps:
        SignOffStep.objects.create(
            compartment_id=policy.compartment_id, tranche=tranche, lock_number=tranche.lock_number,
            participant=participant, order=step.order, quorum=step.quorum, scope=step.scope, office=step.office,
            office_name=step.office_name, status_since=now, authors_may_sign=policy.authors_may_sign,
            pairs_waived=policy.pairs_waived,
        )  # fmt: skip
    return len(steps)


# Receipts and settling


@transaction.atomic
def record_receipts(
    tranche: Tranche, *, outcomes: Sequence[Mapping[str, Any]], actor: User, **circumstances: Any
) -> Tranche:
    """Row 25. `outcomes`: `{entry, outcome, note}`; the receiver's, one a line, a correction appends.

    Raises InputRefused naming every line that is unknown, not received by this participant, or has no such outcome.
    """
    taking = _begin(tranche, "record_receipts", actor, Circumstances(**circumstances))
    tranche = taking.subject
    lines = _lines_for_receiver(tranche, taking.participant)
    faults = {
        f"outcomes.{index}": [fault]
        for index, given in enumerate(outcomes)
        if (fault := _receipt_fault(given, lines))
    }  # fmt: skip
    if not faults:
        faults = _named_twice([lines[str(given["entry"])] for given in outcomes])
    if not outcomes:
        faults = {"outcomes": [_("Name at least one entry and its outcome.")]}
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)
    written = _write_receipts(tranche, taking, [(lines[str(given["entry"])], given) for given in outcomes])
    finish(taking, data=_receipt_counts(written))
    return tranche


def _lines_for_receiver(tranche: Tranche, participant: Participant | None) -> dict[str, ManifestLine]:
    """By entry id, and by `#417` unless whoever receives from several holders has several lines of that number."""
    rows = ManifestLine.objects.unscoped("own tranche").filter(
        manifest=current_manifest(tranche), entry__direction__receiver=participant
    )
    lines = list(rows)
    times = Counter(line.number for line in lines)
    by_number = {f"#{line.number}": line for line in lines if times[line.number] == 1}
    return by_number | {str(line.entry_id): line for line in lines}


def _named_twice(lines: Sequence[ManifestLine]) -> dict[str, list[str]]:
    first: dict[Any, int] = {}
    return {
        f"outcomes.{index}": [_("#%(number)s stands here twice: one outcome a line.") % {"number": line.number}]
        for index, line in enumerate(lines)
        if first.setdefault(line.entry_id, index) != index
    }


def _receipt_fault(given: Mapping[str, Any], lines: Mapping[str, ManifestLine]) -> str:
    if str(given.get("entry")) not in lines:
        return _("This entry is not on the manifest of those your side receives.")
    if given.get("outcome") not in Outcome.values:
        return _("There is no outcome “%(outcome)s”.") % {"outcome": given.get("outcome")}
    return ""


def _write_receipts(
    tranche: Tranche, taking: Taking, told: Sequence[tuple[ManifestLine, Mapping[str, Any]]]
) -> list[Receipt]:
    entries = [line.entry_id for line, _given in told]
    sequences: dict[Any, int] = {}
    for receipt in Receipt.objects.unscoped("own tranche").filter(entry__in=entries):
        sequences[receipt.entry_id] = max(receipt.sequence, sequences.get(receipt.entry_id, 0))
    receipts = []
    for line, given in told:
        sequences[line.entry_id] = sequences.get(line.entry_id, 0) + 1
        receipts.append(
            Receipt(
                compartment_id=tranche.compartment_id,
                tranche=tranche,
                entry_id=line.entry_id,
                participant=taking.side,
                outcome=given["outcome"],
                note=clean_text(str(given.get("note") or ""))[:300],
                sequence=sequences[line.entry_id],
                at=taking.now,
            )
        )
    return Receipt.objects.bulk_create(receipts, batch_size=CHUNK)


def _receipt_counts(receipts: Sequence[Receipt]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for receipt in receipts:
        counts[receipt.outcome] = counts.get(receipt.outcome, 0) + 1
    rows = sorted([str(receipt.entry_id), receipt.outcome] for receipt in receipts)
    return {"counts": counts, "digest": hashlib.sha256(canonical(rows)).hexdigest()}


@transaction.atomic
def settle(
    tranche: Tranche, *, actor: User, presented: int | Mapping[str, int] | None = None, **circumstances: Any
) -> Tranche:
    """Row 26. A holder states how many it presented; when every statement and outcome stands, the reading follows.

    `presented`: one number, or one for each direction's id where the holder hands over in several.
    """
    taking = _begin(tranche, "settle", actor, Circumstances(**circumstances), {"presented": presented})
    tranche = taking.subject
    stated = _presented(taking, presented)
    several = len(stated) > 1
    refuse_absurd_counts({f"presented.{one.pk}" if several else "presented": number for one, number in stated})
    CountStatement.objects.bulk_create(
        CountStatement(
            compartment_id=tranche.compartment_id, exchange=taking.exchange, tranche=tranche, direction=direction,
            participant=taking.side, presented=number, at=taking.now, version=1,
        )
        for direction, number in stated
    )  # fmt: skip
    total = sum(number for _direction, number in stated) if stated else None
    finish(taking, data={"presented": total, "received": sum(received_by_direction(tranche).values())})
    if tranche.status != TrancheStatus.GONE:
        release_placements(tranche, taking.now, except_entries=_received_entries(tranche))
    reread_status(taking.exchange, standing=taking.standing, happened_at=taking.happened_at)
    return tranche


def _presented(taking: Taking, presented: int | Mapping[str, int] | None) -> list[tuple[Direction, int]]:
    """What is stated of which of the side's own directions. Raises InputRefused where one number would not say."""
    own = [row for row in directions_of(taking.subject) if row.holder_id == taking.side.pk]
    if presented is None or (presented == 0 and not own):
        return []
    if isinstance(presented, int) and len(own) == 1:
        return [(own[0], presented)]
    stated = {str(pk): number for pk, number in presented.items()} if isinstance(presented, Mapping) else {}
    if own and set(stated) == {str(row.pk) for row in own}:
        return [(row, stated[str(row.pk)]) for row in own]
    sentence = _("State how many your side presented in each direction: %(directions)s.") % {
        "directions": ", ".join(str(row) for row in own)
    }
    sentence = sentence if own else _("Your side hands nobody over in this tranche.")
    raise InputRefused(sentence, errors={"presented": [sentence]})


def _received_entries(tranche: Tranche) -> list[Any]:
    latest = {
        receipt.entry_id: receipt.outcome
        for receipt in Receipt.objects.unscoped("own tranche").filter(tranche=tranche).order_by("sequence")
    }
    return [entry for entry, outcome in latest.items() if outcome == Outcome.RECEIVED]


# Correction of the same person


@transaction.atomic
def correct_entry(
    tranche: Tranche, *, entry: Any, changes: Mapping[str, str], source: str, actor: User, **circumstances: Any
) -> Tranche:
    """Row 36. Spelling or numbers of the same person, by two people, with a source.

    Makes the next manifest version and changes the names digest only: the steps that signed every name are re-asked.
    """
    given = {"entry": entry, "source": source}
    taking = _begin(tranche, "correct_entry", actor, Circumstances(source=source, **circumstances), given)
    tranche, home = taking.subject, taking.standing.home
    line = _correctable(tranche, entry, changes, taking.side)
    if home is None:
        raise TransitionRefused(_("This is for the participants of the exchange."))
    before = {field: getattr(line, field) for field in changes}
    for field, value in changes.items():
        setattr(line, field, clean_text(value))
    checked(line)
    if all(getattr(line, field) == value for field, value in before.items()):
        sentence = _("The entry says so already.")
        raise InputRefused(sentence, errors={"changes": [sentence]})
    digest = hashlib.sha256(
        canonical([str(line.pk), tranche.lock_number, sorted(map(list, changes.items()))])
    ).hexdigest()
    waived = _pairs_waived(taking)
    if not waived:
        pair = pairs.open_pair(home, tranche, "correct_entry", digest, capability=May.EDIT_LIST)
        if pair is None:
            pairs.ask(
                tranche, "correct_entry", digest, standing=taking.standing, kind="entry.correction",
                details={"entry": str(line.pk), "changes": dict(changes), "source": source},
            )  # fmt: skip
            return tranche
        pairs.confirm(pair, standing=taking.standing)
    line.save(update_fields=list(changes))
    sentence = _next_manifest(tranche, line, taking)
    one_pair = {"one_pair_of_eyes": True} if waived else {}
    finish(taking, data={"entry": line.number, "fields": sorted(changes)} | one_pair)
    reread_status(
        taking.exchange,
        standing=taking.standing,
        tranche=tranche,
        cause=Cause(sentence, lapses=True),
        happened_at=taking.happened_at,
    )
    return tranche


def _correctable(tranche: Tranche, entry: Any, changes: Mapping[str, str], side: Participant) -> Entry:
    rows = Entry.objects.unscoped("own tranche").filter(tranche=tranche)
    line = (
        rows.select_related("direction__holder", "direction__receiver")
        .locked()
        .filter(pk=getattr(entry, "pk", entry))
        .first()
    )
    allowed = set(IDENTITY_FIELDS) - {"category"}
    if line is None:
        raise InputRefused(_("This entry is not in the tranche."), errors={"entry": [_("Not in this tranche.")]})
    if side.pk not in (line.direction.holder_id, line.direction.receiver_id):
        raise TransitionRefused(
            _("Only %(holder)s and %(receiver)s work on this list.")
            % {"holder": line.direction.holder, "receiver": line.direction.receiver}
        )
    if not changes or set(changes) - allowed:
        sentence = _("Correct at least one of: %(fields)s.") % {"fields": ", ".join(sorted(allowed))}
        raise InputRefused(sentence, errors={"changes": [sentence]})
    return line


def _next_manifest(tranche: Tranche, line: Entry, taking: Taking) -> str:
    manifest = current_manifest(tranche)
    assert manifest is not None
    sentence = str(_("#%(number)s was corrected") % {"number": line.number})
    entries = list(Entry.objects.unscoped("own tranche").filter(tranche=tranche).order_by("direction", "number"))
    digests = {
        row.pk: line_digest(row, entry_id=row.pk, number=row.number, direction_id=row.direction_id) for row in entries
    }
    _write_manifest(
        tranche, entries, digests, manifest.frame, manifest.frame_digest, version=manifest.version + 1, now=taking.now,
        change=sentence,
    )  # fmt: skip
    return sentence


__all__ = [
    "change_plan", "correct_entry", "lock", "plan_tranche", "record_receipts", "release_placements", "settle", "take_step",
]  # fmt: skip
