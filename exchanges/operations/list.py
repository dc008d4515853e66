"""Operations on lists: submit a revision, answer entries, clear them, and what stays private about them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, refuse_stale, seat_with
from access.models import User
from access.roles import May
from audit.chain import canonical
from audit.recording import record
from core import clock
from core.errors import InputRefused, TransitionRefused
from core.text import clean_text
from exchanges.digests import line_digest, list_digest
from exchanges.lists import Line, ListRefused
from exchanges.models import (
    Answer,
    AnswerReason,
    Author,
    Brief,
    Clearance,
    Cleared,
    Direction,
    Entry,
    EntryLink,
    Exchange,
    Revision,
    RevisionLine,
    Stance,
    Tranche,
    TrancheStatus,
)
from exchanges.operations.taking import (
    Circumstances,
    Taking,
    begin,
    check_happened_at,
    lock_exchange,
    lock_tranche,
    tell,
)
from exchanges.operations.tranche import place_anew
from exchanges.standing import Parties, Standing, standing_of
from exchanges.transitions.direction import ANSWERING, TRANSITIONS
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY
from negotiations.models import Participant
from people.models import Category, CategoryAssignment, Name, Person, shown_name

CHUNK = 1000
LIST_FIELDS = {
    "family_name": "family", "given_name": "given", "patronymic": "patronymic", "birth_date": "birth_date",
    "rank": "rank", "service_number": "service_number", "category": "category", "latin_name": "latin_name",
}  # fmt: skip
SHOWN_NUMBERS = 20


@transaction.atomic
def submit(
    direction: Direction, *, lines: Sequence[Line], message: str, base: int, actor: User, **circumstances: Any
) -> Revision:
    """Row 35: a direction's whole list, on top of revision `base`, as the next revision.

    A new line is the holder's *offered* or the receiver's *asked for*; a line left out is the submitter's *withdrawn*;
    a line whose identity changed is withdrawn and entered anew, so that nobody's agreement slides onto other data.
    Raises ListRefused naming every line, TransitionRefused for a stale base or a locked line.
    """
    seen = Direction.objects.visible_to(actor).get(pk=direction.pk)
    exchange = lock_exchange(seen.exchange_id, actor)
    direction = Direction.objects.visible_to(actor).locked().get(pk=seen.pk)
    given = {"direction": direction, "base": base, "message": clean_text(message)}
    about = Circumstances(**circumstances)
    refuse_stale(direction.version, about.if_version)  # the list's version, not the exchange's
    about = replace(about, if_version=None)
    taking = begin(TRANSITIONS["submit"], exchange, exchange, actor=actor, circumstances=about, given=given)
    standing_entries = _standing_entries(direction)
    lines = _with_dossiers(lines, taking)
    kept, new, replaced = _sorted_out(lines, standing_entries)
    own = f"{_side(direction, taking.participant)}_stance"
    left_out = [
        entry for number, entry in standing_entries.items()
        if number not in kept and getattr(entry, own) != Stance.WITHDRAWN
    ]  # fmt: skip
    leaving = {entry.pk: entry for entry in [*left_out, *(entry for _line, entry in replaced)]}.values()
    _refuse_locked(leaving)
    added = _enter(direction, taking, new, replaced)
    _answer_for_submit(taking, direction, added, left_out, kept)
    _take_out(leaving)
    revision = _write_revision(
        direction, taking, [*kept.values(), *added], given, added=len(added), left_out=len(left_out)
    )
    _link(added, [*new, *(line for line, _entry in replaced)], taking)
    tell(
        taking, taking.transition.event, subject=direction,
        data={
            "revision": revision.number, "size": revision.size, "added": revision.added, "left_out": revision.left_out,
            "digest": revision.digest, "message": revision.message,
        },
    )  # fmt: skip
    return revision


def _standing_entries(direction: Direction) -> dict[int, Entry]:
    rows = Entry.objects.unscoped("own direction").filter(direction=direction).select_related("tranche")
    return {entry.number: entry for entry in rows.order_by("pk").locked()}


def _with_dossiers(lines: Sequence[Line], taking: Taking) -> list[Line]:
    """Lines that name an own dossier take their identity from it: facts are copied onto the table, never linked."""
    wanted = [line.person for line in lines if line.person]
    if not wanted:
        return list(lines)
    visible = Person.objects.visible_to(taking.actor).real()
    found = visible.filter(pk__in=_ids(wanted), compartment=taking.standing.home)
    persons = {str(person.pk): person.read_as for person in found.select_related("merged_into")}
    everybody = {person.pk for person in persons.values()}
    names = Name.objects.visible_to(taking.actor).of(*everybody).by_holder()
    assigned = CategoryAssignment.objects.visible_to(taking.actor).of(*everybody).by_holder()
    categories = {person: [row.category for row in rows] for person, rows in assigned.items()}
    faults: dict[str, list[str]] = {}
    filled = []
    for index, line in enumerate(lines, start=1):
        if not line.person:
            filled.append(line)
        elif line.person in persons:
            person = persons[line.person]
            filled.append(_from_dossier(line, person, names.get(person.pk, []), categories.get(person.pk, [])))
        else:
            faults[f"lines.{index}.person"] = [_("There is no such dossier of yours.")]
    if faults:
        raise ListRefused(next(iter(faults.values()))[0], errors=faults)
    return filled


def _ids(texts: Iterable[str]) -> list[UUID]:
    """Those that are ids at all: a malformed one is unknown."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found


def _from_dossier(line: Line, person: Person, names: list[Name], categories: list[str]) -> Line:
    preferred = shown_name(names, person)
    latin = next((str(name) for name in names if name.script == Name.Script.LATIN), "")
    return replace(
        line,
        family_name=line.family_name or (preferred.family if preferred else person.label),
        given_name=line.given_name or (preferred.given if preferred else ""),
        patronymic=line.patronymic or (preferred.patronymic if preferred else ""),
        birth_date=line.birth_date or person.birth_date,
        rank=line.rank or person.rank,
        service_number=line.service_number or person.service_number,
        category=line.category or _legal_category(categories),
        latin_name=line.latin_name or latin,
    )


def _legal_category(categories: list[str]) -> str:
    """What the law calls the person comes before what the parties agreed to count by; empty when nothing is assigned."""
    legal = (Category.CHILD, Category.CIVILIAN, Category.PRISONER_OF_WAR)
    return next((category for category in legal if category in categories), categories[0] if categories else "")


def _sorted_out(
    lines: Sequence[Line], standing_entries: Mapping[int, Entry]
) -> tuple[dict[int, Entry], list[Line], list[tuple[Line, Entry]]]:
    """Lines that stay, new lines, and lines that replace an entry. Raises ListRefused for an unknown number."""
    kept: dict[int, Entry] = {}
    new: list[Line] = []
    replaced: list[tuple[Line, Entry]] = []
    faults: dict[str, list[str]] = {}
    for index, line in enumerate(lines, start=1):
        entry = standing_entries.get(line.number) if line.number is not None else None
        if line.number is not None and entry is None:
            faults[f"lines.{index}.number"] = [_("There is no #%(number)s on this list.") % {"number": line.number}]
        elif entry is None:
            if not line.category:
                faults[f"lines.{index}.category"] = [_("A new line needs a category.")]
            new.append(line)
        elif _says_otherwise(line, entry):
            replaced.append((_completed(line, entry), entry))
        else:
            kept[entry.number] = entry
    if faults:
        raise ListRefused(next(iter(faults.values()))[0], errors=faults)
    return kept, new, replaced


def _says_otherwise(line: Line, entry: Entry) -> bool:
    """Whether a line that names its entry also gives another identity. A column left out says nothing."""
    if "humanitarian" in line.given and line.humanitarian != entry.is_humanitarian:
        return True
    return any(
        getattr(line, column) != getattr(entry, field) for column, field in LIST_FIELDS.items() if column in line.given
    )


def _completed(line: Line, entry: Entry) -> Line:
    missing = {c: getattr(entry, f) for c, f in LIST_FIELDS.items() if c not in line.given}
    if "humanitarian" not in line.given:
        missing["humanitarian"] = entry.is_humanitarian
    return replace(line, **missing)


def _refuse_locked(entries: Iterable[Entry]) -> None:
    numbers = [
        f"#{entry.number}" for entry in entries
        if entry.tranche is not None and entry.tranche.status not in (TrancheStatus.PLANNED, TrancheStatus.ABORTED)
    ]  # fmt: skip
    if numbers:
        raise TransitionRefused(
            _("In a locked tranche: %(entries)s. Unlock it first, or correct the entry.")
            % {"entries": ", ".join(numbers[:5])}
        )


def _enter(
    direction: Direction, taking: Taking, new: Sequence[Line], replaced: Sequence[tuple[Line, Entry]]
) -> list[Entry]:
    stance = own_stance(direction, taking.participant)
    side = _side(direction, taking.participant)
    entries: list[Entry] = []
    for line, old in [*((line, None) for line in new), *replaced]:
        entry = Entry(
            compartment_id=direction.compartment_id, direction=direction,
            number=direction.next_entry_number + len(entries), is_humanitarian=line.humanitarian,
            replaces=old, entered_by=taking.participant, disclosed_at=taking.now, version=1,
            tranche=old.tranche if old else None, is_conspicuous=old.is_conspicuous if old else False,
            **{field: getattr(line, column) for column, field in LIST_FIELDS.items()}, **{f"{side}_stance": stance},
        )  # fmt: skip
        entries.append(entry)
    Entry.objects.bulk_create(entries, batch_size=CHUNK)
    direction.next_entry_number += len(entries)
    direction.save(update_fields=["next_entry_number"])
    return entries


def own_stance(direction: Direction, participant: Participant | None) -> str:
    return Stance.OFFERED if participant and participant.pk == direction.holder_id else Stance.ASKED_FOR


def _side(direction: Direction, participant: Participant | None) -> str:
    return "holder" if participant and participant.pk == direction.holder_id else "receiver"


def _answer_for_submit(
    taking: Taking, direction: Direction, added: Sequence[Entry], gone: Sequence[Entry], kept: Mapping[int, Entry]
) -> None:
    side = _side(direction, taking.participant)
    back = [entry for entry in kept.values() if getattr(entry, f"{side}_stance") == Stance.WITHDRAWN]
    stance = own_stance(direction, taking.participant)
    told = {"source": _told_by(taking), "happened_at": taking.happened_at}
    write_answers([(entry, stance) for entry in added], taking.participant, taking.now, **told)
    set_stances([(entry, stance) for entry in back], direction, taking.participant, taking.now, **told)
    set_stances([(entry, Stance.WITHDRAWN) for entry in gone], direction, taking.participant, taking.now, **told)


def _told_by(taking: Taking) -> str:
    """According to whom an absent side says so; empty for a side that works here."""
    word = taking.circumstances.word
    return word.according_to if word else ""


def _take_out(gone: Iterable[Entry]) -> None:
    """Whoever is no longer on the list stands in no tranche that is still planned."""
    for entry in gone:
        if entry.tranche_id is not None:
            entry.tranche = None
            entry.save(update_fields=["tranche"])


def write_answers(
    told: Sequence[tuple[Entry, str]], participant: Participant | None, now: Any, **facts: Any
) -> list[Answer]:
    """Append answers; each entry's answers are numbered without gaps."""
    sequences: dict[Any, int] = {}
    rows = Answer.objects.unscoped("own direction").filter(entry__in=[entry.pk for entry, _stance in told])
    for entry_id, sequence in rows.values_list("entry_id", "sequence"):
        sequences[entry_id] = max(sequence, sequences.get(entry_id, 0))
    answers = [
        Answer(
            compartment_id=entry.compartment_id, entry=entry, participant=participant, stance=stance, at=now,
            sequence=sequences.get(entry.pk, 0) + 1, **facts,
        )
        for entry, stance in told
    ]  # fmt: skip
    return Answer.objects.bulk_create(answers, batch_size=CHUNK)


def set_stances(
    told: Sequence[tuple[Entry, str]], direction: Direction, participant: Participant | None, now: Any, **facts: Any
) -> None:
    """Append answers and bring the entries' readings of them up to date."""
    if not told:
        return
    write_answers(told, participant, now, **facts)
    field = f"{_side(direction, participant)}_stance"
    for entry, stance in told:
        setattr(entry, field, stance)
        entry.version += 1
    Entry.objects.bulk_update([entry for entry, _stance in told], [field, "version"], batch_size=500)


def _write_revision(
    direction: Direction,
    taking: Taking,
    entries: Sequence[Entry],
    given: Mapping[str, Any],
    *,
    added: int,
    left_out: int,
) -> Revision:
    digests = {
        entry.pk: line_digest(entry, entry_id=entry.pk, number=entry.number, direction_id=direction.pk)
        for entry in entries
    }
    seat = taking.standing.seat
    if seat is None:
        raise TransitionRefused(_("This is for the participants of the exchange."))
    revision = Revision.objects.create(
        compartment_id=direction.compartment_id, direction=direction, number=direction.latest_revision + 1,
        base=direction.latest_revision, participant=taking.side, organisation=seat.organisation,
        message=str(given["message"]), digest=list_digest((str(pk), digest) for pk, digest in digests.items()),
        size=len(entries), added=added, left_out=left_out, at=taking.now,
    )  # fmt: skip
    RevisionLine.objects.bulk_create(
        (
            RevisionLine(compartment_id=direction.compartment_id, revision=revision, entry=entry, line_digest=digests[entry.pk])
            for entry in entries
        ),
        batch_size=CHUNK,
    )  # fmt: skip
    direction.latest_revision = revision.number
    direction.save(update_fields=["latest_revision"])
    Author.objects.create(compartment=seat.organisation.home, revision=revision, user=taking.actor)
    return revision


def _link(added: Sequence[Entry], lines: Sequence[Line], taking: Taking) -> None:
    links = [
        EntryLink(compartment=taking.standing.home, entry=entry, person_id=line.person, at=taking.now)
        for entry, line in zip(added, lines, strict=True)
        if line.person
    ]
    EntryLink.objects.bulk_create(links, batch_size=CHUNK)


# Answers


@transaction.atomic
def answer(
    exchange: Exchange,
    *,
    entries: Sequence[Any],
    stance: str,
    actor: User,
    reason: str = "",
    field: str = "",
    note: str = "",
    **circumstances: Any,
) -> list[Entry]:
    """One participant's stance on these entries of one direction, with a reason where it is not simply yes.

    Raises InputRefused at the field; TransitionRefused for entries of a locked tranche.
    """
    exchange = lock_exchange(exchange.pk, actor)
    about = Circumstances(**circumstances)
    direction, rows = _one_direction(exchange, entries)
    given = {"direction": direction, "base": direction.latest_revision, "message": "answer"}
    taking = begin(ANSWERING, exchange, exchange, actor=actor, circumstances=about, given=given)
    _check_answer(stance, reason, field, direction, taking.participant)
    _refuse_locked(rows)
    facts = {
        "reason": reason,
        "field": clean_text(field)[:40],
        "note": clean_text(note)[:500],
        "source": _told_by(taking) or about.source[:300],
        "happened_at": taking.happened_at,
    }
    set_stances([(entry, stance) for entry in rows], direction, taking.participant, taking.now, **facts)
    numbers = [entry.number for entry in rows]
    tell(
        taking, "entry.answered", subject=direction,
        data={
            "stance": stance, "answer_reason": reason, "count": len(rows), "numbers": numbers[:SHOWN_NUMBERS],
            "digest": hashlib.sha256(canonical([[number, stance, reason] for number in numbers])).hexdigest(),
        },
    )  # fmt: skip
    return rows


def _one_direction(exchange: Exchange, entries: Sequence[Any]) -> tuple[Direction, list[Entry]]:
    wanted = {str(getattr(entry, "pk", entry)) for entry in entries}
    try:
        rows = list(
            Entry.objects.unscoped("own exchange")
            .filter(direction__exchange=exchange, pk__in=wanted)
            .select_related("direction__holder", "direction__receiver", "tranche")
            .order_by("direction", "number")
            .locked()
        )
    except (ValueError, TypeError, ValidationError):  # a malformed id is an unknown one
        rows = []
    if not wanted or len(rows) != len(wanted):
        sentence = (
            _("Choose entries of this exchange.") if not wanted else _("Some of these entries are not on its lists.")
        )
        raise InputRefused(sentence, errors={"entries": [sentence]})
    if len({entry.direction_id for entry in rows}) > 1:
        sentence = _("Answer one direction at a time.")
        raise InputRefused(sentence, errors={"entries": [sentence]})
    return rows[0].direction, rows


HOLDERS = (Stance.OFFERED, Stance.AGREED, Stance.REFUSED, Stance.NEEDS_INFORMATION, Stance.WITHDRAWN)
RECEIVERS = (Stance.ASKED_FOR, Stance.AGREED, Stance.REFUSED, Stance.NEEDS_INFORMATION, Stance.WITHDRAWN)


def _check_answer(stance: str, reason: str, field: str, direction: Direction, participant: Participant | None) -> None:
    faults: dict[str, list[str]] = {}
    allowed = HOLDERS if participant and participant.pk == direction.holder_id else RECEIVERS
    if stance not in allowed:
        faults["stance"] = [_("Answer with one of: %(known)s.") % {"known": ", ".join(str(s.label) for s in allowed)}]
    if reason and reason not in AnswerReason.values:
        faults["reason"] = [_("There is no such reason.")]
    if stance == Stance.REFUSED and not reason:
        faults["reason"] = [_("Give the reason of the refusal.")]
    if reason == AnswerReason.FIELD_WRONG and not field:
        faults["field"] = [_("Say which field is wrong.")]
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)


# Clearance


@transaction.atomic
def clear(
    tranche: Tranche, *, actor: User, entries: Sequence[Any] | None = None, happened_at: datetime | None = None,
    version: int | None = None,
) -> int:  # fmt: skip
    """Say yes, and only yes, for our side: these entries of the tranche, or all of them, are cleared. Returns how many.

    Refused where our private checklist holds a check that did not pass.
    """
    tranche = lock_tranche(tranche, actor)
    refuse_stale(tranche.version, version)
    parties = Parties(tranche.exchange)
    standing = standing_of(actor, tranche.compartment_id, parties, (May.LOCK,))
    if May.LOCK not in standing.capabilities or standing.participant is None:
        raise NotAllowed(_("Clearing entries is for heads of delegation of the participants."))
    rows = (
        Entry.objects.unscoped("own tranche").filter(tranche=tranche).exclude(cleared__participant=standing.participant)
    )
    if entries is not None:
        rows = rows.filter(pk__in=[getattr(entry, "pk", entry) for entry in entries])
    own = [d.pk for d in parties.directions if standing.participant.pk in (d.holder_id, d.receiver_id)]
    to_clear = list(rows.filter(direction__in=own).order_by("pk"))
    failed = Clearance.objects.unscoped("own checklist").filter(
        compartment=standing.home, entry__in=to_clear, is_passed=False
    )
    if numbers := sorted(failed.values_list("entry__number", flat=True)):
        raise TransitionRefused(
            _("A check of yours did not pass: %(entries)s.") % {"entries": ", ".join(f"#{n}" for n in numbers[:5])}
        )
    now = clock.now()
    check_happened_at(Circumstances(happened_at=happened_at), tranche, now)
    Cleared.objects.bulk_create(
        (
            Cleared(
                compartment_id=tranche.compartment_id,
                entry=entry,
                participant=standing.participant,
                at=happened_at or now,
                version=1,
            )
            for entry in to_clear
        ),
        batch_size=CHUNK,
    )
    if to_clear:
        record(
            "entry.cleared", subject=tranche, actor=actor, seat=standing.seat, capability=May.LOCK,
            data={"count": len(to_clear), "participant": standing.participant.letter}, happened_at=happened_at,
        )  # fmt: skip
    return len(to_clear)


CHECKED_BY = {
    Clearance.Kind.IDENTITY: May.LOCK, Clearance.Kind.LEGAL: May.CLEAR_LEGAL,
    Clearance.Kind.FITNESS: May.CLEAR_FITNESS, Clearance.Kind.CONSENT: May.LOCK,
}  # fmt: skip


@transaction.atomic
def check_clearance(entry: Entry, *, kind: str, is_passed: bool, actor: User, note: str = "") -> Clearance:
    """One line of our private checklist: identity, legal, fitness, consent."""
    entry = Entry.objects.visible_to(actor).get(pk=entry.pk)
    exchange = lock_exchange(entry.direction.exchange_id, actor)
    if kind not in CHECKED_BY:
        raise InputRefused(_("There is no such check."), errors={"kind": [_("There is no such check.")]})
    needed = CHECKED_BY[Clearance.Kind(kind)]
    standing = standing_of(actor, exchange.compartment_id, Parties(exchange), (needed,))
    if standing.home is None or needed not in standing.capabilities:
        raise NotAllowed(_("This check is for another office of your side."))
    rows = Clearance.objects.unscoped("own checklist").filter(compartment=standing.home, entry=entry, kind=kind)
    row = rows.first() or Clearance(compartment=standing.home, entry=entry, kind=kind)
    row.is_passed, row.note, row.at = is_passed, clean_text(note), clock.now()
    checked(row).save()
    record(
        "clearance.checked", subject=row, actor=actor, seat=standing.seat, compartment=standing.home,
    )  # fmt: skip
    return row


READ_EVENT = {Clearance.Kind.FITNESS: "read.health", Clearance.Kind.LEGAL: "read.legal"}


@transaction.atomic
def note_checks_read(entry: Entry, *, kinds: Iterable[str], actor: User) -> None:
    """Health and legal notes of these kinds were shown: an event each of the reader's own log."""
    for kind in sorted({Clearance.Kind(kind) for kind in kinds} & set(READ_EVENT)):
        rows = Clearance.objects.visible_to(actor).filter(entry=entry, kind=kind).select_related("compartment")
        for row in rows:
            capability = May.READ_HEALTH if kind == Clearance.Kind.FITNESS else May.READ_LEGAL
            seat = seat_with(actor, row.compartment, capability)
            record(
                READ_EVENT[kind],
                subject=entry,
                actor=actor,
                seat=seat,
                compartment=seat.organisation.home,
                data={"rows": 1},
            )


@transaction.atomic
def link_entries(exchange: Exchange, *, links: Mapping[Any, Any], actor: User) -> int:
    """Our judgement of which dossier an entry means, `{entry: person}`; private. Returns how many changed."""
    exchange = lock_exchange(exchange.pk, actor)
    standing = _editor(exchange, actor)
    entries = {str(e.pk): e for e in Entry.objects.visible_to(actor).filter(direction__exchange=exchange, pk__in=links)}
    persons = {
        str(p.pk): p
        for p in Person.objects.visible_to(actor).real().filter(compartment=standing.home, pk__in=links.values())
    }
    now, changed = clock.now(), 0
    for entry_id, person_id in links.items():
        entry, person = entries.get(str(entry_id)), persons.get(str(person_id))
        if entry is None or person is None:
            raise InputRefused(_("There is no such entry or dossier."), errors={"links": [str(_("Unknown."))]})
        link, _is_new = EntryLink.objects.update_or_create(
            compartment=standing.home, entry=entry, defaults={"person": person, "at": now}
        )
        place_anew(link, now)
        changed += 1
    record(
        "entry.linked", subject=exchange, actor=actor, seat=standing.seat, compartment=standing.home,
        data={"count": changed},
    )  # fmt: skip
    return changed


@transaction.atomic
def unlink_entry(entry: Entry, *, actor: User) -> Entry:
    """Our judgement taken back: no dossier of ours is meant. Refused once the tranche is locked: the place is taken."""
    entry = Entry.objects.visible_to(actor).get(pk=entry.pk)
    exchange = lock_exchange(entry.direction.exchange_id, actor)
    standing = _editor(exchange, actor)
    link = EntryLink.objects.visible_to(actor).locked().filter(compartment=standing.home, entry=entry).first()
    if link is None:
        raise TransitionRefused(_("No dossier of yours is named for this entry."))
    entry = Entry.objects.visible_to(actor).select_related("tranche").get(pk=entry.pk)
    if why := why_link_stays(entry):
        raise TransitionRefused(why)
    link.delete()
    record(
        "entry.unlinked", subject=exchange, actor=actor, seat=standing.seat, compartment=standing.home,
        data={"number": entry.number},
    )  # fmt: skip
    return entry


def why_link_stays(entry: Entry) -> str:
    """Why the dossier that an entry means can only be changed for another; empty while it may be none."""
    tranche = entry.tranche
    if tranche is None or tranche.status in (TrancheStatus.PLANNED, TrancheStatus.ABORTED):
        return ""
    if tranche.is_open_locked:
        return _("%(tranche)s is locked with this dossier in its place: name another one, or unlock it first.") % {
            "tranche": tranche.reference
        }
    return _("%(tranche)s has gone with this dossier in its place: name another one if it was not this.") % {
        "tranche": tranche.reference
    }


def _editor(exchange: Exchange, actor: User) -> Standing:
    """Where somebody stands who works on the lists for a side, with the half that is its own. Raises NotAllowed."""
    standing = standing_of(actor, exchange.compartment_id, Parties(exchange), (May.EDIT_LIST,))
    if standing.home is None or May.EDIT_LIST not in standing.capabilities:
        raise NotAllowed(_("This is for the participants' negotiators."))
    return standing


@transaction.atomic
def write_brief(entry: Entry, *, actor: User, priority: int | None = None, fallback: str = "", note: str = "") -> Brief:
    """What our side thinks of an entry; it never reaches the table."""
    entry = Entry.objects.visible_to(actor).get(pk=entry.pk)
    exchange = lock_exchange(entry.direction.exchange_id, actor)  # of two first briefs the second changes the first
    standing = _editor(exchange, actor)
    rows = Brief.objects.unscoped("own briefs").filter(compartment=standing.home, entry=entry)
    brief = rows.locked().first() or Brief(compartment=standing.home, entry=entry)
    brief.priority, brief.fallback, brief.note = priority, clean_text(fallback), note.strip()
    checked(brief).save()
    record("brief.written", subject=brief, actor=actor, seat=standing.seat, compartment=standing.home)
    return brief


def may_be_worked_on(exchange: Exchange) -> bool:
    return exchange.status in NEGOTIATING_TO_UNDER_WAY and not exchange.is_suspended
