"""Who is the same person: judgements, two dossiers read as one, and taking them apart again.

A merge changes no row that points at a person. It says under which dossier another is read, and which of its values are
shown there; to undo it is to stop saying so.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from access.acting import refuse_stale
from access.models import Compartment, User
from access.roles import May
from access.scoping import Seat, capabilities_in
from audit.recording import record
from core import clock
from core.errors import DomainError, InputRefused
from core.text import clean_text
from people.models import Decoy, Import, Merge, Name, Person, SamePersonJudgement, Verdict, shown_name
from people.operations import IDENTITY, writer_in
from people.operations.deadlines import reread_notices

TAKEABLE = ("label", *IDENTITY)
REASON_LENGTH = 300

# What the apps above know of persons; each registers when it is ready.
# Those of these persons who stand on an open list: merging one of them takes two people (DESIGN rule 9).
on_open_lists: list[Callable[[Compartment, Collection[uuid.UUID]], set[uuid.UUID]]] = []
# Why these persons cannot be one, in a sentence; empty when they can.
refusals: list[Callable[[Compartment, Collection[uuid.UUID]], str]] = []


class NotTheSame(DomainError):
    """Somebody holds that they are two people."""


class MergedAlready(DomainError):
    """The two are read as one already, or one of them waits to be."""


# Judgements


@transaction.atomic
def judge_same(one: Person, other: Person, *, actor: User, reason: str = "") -> SamePersonJudgement:
    """Somebody holds them to be the same person. Nothing is merged by it."""
    one, other, seat = _pair(one, other, actor)
    return _judge(one, other, Verdict.SAME, actor=actor, seat=seat, reason=reason)


@transaction.atomic
def judge_not_same(one: Person, other: Person, *, actor: User, reason: str = "") -> SamePersonJudgement:
    """Two people: they are not suggested again, nor merged, until somebody judges otherwise."""
    one, other, seat = _pair(one, other, actor)
    if one.read_as == other.read_as:
        raise MergedAlready(_("They are merged. If they are two people, take them apart."))
    return _judge(one, other, Verdict.NOT_SAME, actor=actor, seat=seat, reason=reason)


@transaction.atomic
def leave_undecided(one: Person, other: Person, *, actor: User, reason: str = "") -> SamePersonJudgement:
    """Not decided now; an earlier judgement no longer counts."""
    one, other, seat = _pair(one, other, actor)
    return _judge(one, other, Verdict.UNDECIDED, actor=actor, seat=seat, reason=reason)


def tell_apart(pairs: Iterable[tuple[uuid.UUID, uuid.UUID, uuid.UUID]], *, of: Import) -> None:
    """A dossier that the import has just opened, one that was refused for it, and by whom. The import's event tells of it."""
    now, half = clock.now(), of.compartment_id
    apart = [
        SamePersonJudgement(
            compartment_id=half, one=one, other=other, number=1, verdict=Verdict.NOT_SAME, by_id=by, at=now, of_import=of
        )
        for opened, refused, by in pairs
        for one, other in [in_order(Person(pk=opened), Person(pk=refused))]
    ]  # fmt: skip
    SamePersonJudgement.objects.bulk_create(apart, batch_size=500)


def current_judgements(rows: "QuerySet[SamePersonJudgement]") -> "QuerySet[SamePersonJudgement]":
    """Of each pair the latest."""
    later = SamePersonJudgement.objects.unscoped("narrows a queryset that is scoped already").filter(
        one=OuterRef("one"), other=OuterRef("other"), number__gt=OuterRef("number")
    )
    return rows.filter(~Exists(later))


def in_order(one: Person, other: Person) -> tuple[Person, Person]:
    """As the table keeps a pair, so that it is found whichever way it is asked for."""
    return (one, other) if one.pk.int < other.pk.int else (other, one)


def _judge(
    one: Person, other: Person, verdict: Verdict, *, actor: User, seat: Seat | None, reason: str, told: bool = True
) -> SamePersonJudgement:
    one, other = in_order(one, other)
    earlier = SamePersonJudgement.objects.unscoped("of a locked pair").filter(one=one, other=other)
    judgement = SamePersonJudgement.objects.create(
        compartment_id=one.compartment_id, one=one, other=other, number=earlier.count() + 1, verdict=verdict,
        reason=_tidy(reason), by=actor, at=clock.now(),
    )  # fmt: skip
    if told:
        record(
            "judgement.made", subject=one, actor=actor, seat=seat, personal=True,
            data={"labels": [one.label, other.label], "other": str(other.pk), "verdict": str(verdict), "reason": reason},
        )  # fmt: skip
    return judgement


# Merging


@transaction.atomic
def merge_persons(
    survivor: Person,
    absorbed: Person,
    *,
    actor: User,
    take: Iterable[str] = (),
    reason: str = "",
    versions: Mapping[uuid.UUID, int] | None = None,
) -> Merge:
    """Read `absorbed` as a part of `survivor`; `take` names the fields shown from it, `label` being the name.

    Where one of them stands on an open list this asks a second person, and the same step by another does it.
    """
    survivor, absorbed, seat = _pair(survivor, absorbed, actor)
    taken = sorted(set(take))
    if unknown := set(taken) - set(TAKEABLE):
        raise InputRefused(_("There is no such field."), errors={name: [_("Unknown.")] for name in unknown})
    for person in (survivor, absorbed):
        refuse_stale(person.version, (versions or {}).get(person.pk))
    _refuse_merge(survivor, absorbed)
    open_rows = Merge.objects.unscoped("of a locked pair").filter(ended_at=None, absorbed__in=(survivor, absorbed))
    waiting = open_rows.locked().first()
    if waiting is not None and (waiting.absorbed_id, waiting.survivor_id) != (absorbed.pk, survivor.pk):
        raise MergedAlready(_("One of them waits already to be merged: confirm that first, or drop it."))
    merge = waiting or Merge(
        compartment_id=survivor.compartment_id, absorbed=absorbed, survivor=survivor, asked_by=actor,
        asked_at=clock.now(), reason=_tidy(reason),
    )  # fmt: skip
    is_changed = waiting is not None and waiting.taken != taken
    merge.absorbed, merge.survivor, merge.taken = absorbed, survivor, taken
    return _begun(merge, actor, seat, is_changed=is_changed)


def gaps_filled(survivor: Person, absorbed: Person) -> list[str]:
    """What to take where nobody chose: the absorbed dossier's value of every field that the survivor leaves empty."""
    return [name for name in IDENTITY if getattr(absorbed, name) and not getattr(survivor, name)]


def _begun(merge: Merge, actor: User, seat: Seat | None, *, is_changed: bool) -> Merge:
    """Done at once, or by the second person; asked where a second person is still needed."""
    needs_two = not actor.is_system and _needs_two(merge)
    is_second = not merge._state.adding and merge.asked_by_id != actor.pk and not is_changed
    if needs_two and is_second and May.WRITE_PERSON in capabilities_in(merge.asked_by, merge.compartment_id):
        merge.confirmed_by = actor
    elif needs_two:
        merge.asked_by, merge.asked_at = actor, clock.now()
        merge.save()
        record("person.merge_asked", subject=merge.survivor, actor=actor, seat=seat, personal=True, data=_told(merge))
        return merge
    return _merged(merge, actor, seat)


@transaction.atomic
def confirm_merge(merge: Merge, *, actor: User) -> Merge:
    """The second person's half of what waits."""
    merge = _waiting(merge, actor)
    if merge.asked_by_id == actor.pk:
        raise DomainError(_("You asked for this: a second person of your side has to confirm it."))
    return merge_persons(merge.survivor, merge.absorbed, actor=actor, take=merge.taken, reason=merge.reason)


@transaction.atomic
def drop_merge(merge: Merge, *, actor: User) -> Merge:
    """What waits for a second person is not to be done after all."""
    merge = _waiting(merge, actor)
    _survivor, _absorbed, seat = _pair(merge.survivor, merge.absorbed, actor)
    merge.ended_by, merge.ended_at = actor, clock.now()
    merge.save(update_fields=["ended_by", "ended_at"])
    record("person.merge_dropped", subject=merge.survivor, actor=actor, seat=seat, personal=True, data=_told(merge))
    return merge


@transaction.atomic
def unmerge(absorbed: Person, *, actor: User, reason: str = "") -> Person:
    """Two dossiers again, each with its own values and rows; and not the same person, until somebody judges otherwise."""
    found = Merge.objects.visible_to(actor).filter(absorbed=absorbed.pk, ended_at=None, merged_at__isnull=False)
    merge = found.select_related("survivor", "absorbed").first()
    if merge is None:
        raise MergedAlready(_("This dossier is not merged into another."))
    survivor, absorbed, seat = _pair(merge.survivor, merge.absorbed, actor)
    merge = found.locked().get(pk=merge.pk)
    if survivor.merged_into is not None:
        raise MergedAlready(
            _("%(first)s was merged into %(second)s later: take those apart first.")
            % {"first": survivor.label, "second": survivor.merged_into.label}
        )
    merge.ended_by, merge.ended_at = actor, clock.now()
    merge.save(update_fields=["ended_by", "ended_at"])
    _take_apart(absorbed)
    _give_back(survivor, merge)
    reread_notices(survivor, absorbed)
    _raise_versions(survivor, absorbed)
    _judge(survivor, absorbed, Verdict.NOT_SAME, actor=actor, seat=seat, reason=reason, told=False)
    record("person.unmerged", subject=absorbed, actor=actor, seat=seat, personal=True, data=_told(merge))
    return absorbed


def _merged(merge: Merge, actor: User, seat: Seat | None) -> Merge:
    survivor, absorbed = merge.survivor, merge.absorbed
    earlier = Merge.objects.unscoped("of a locked dossier").filter(survivor=survivor, merged_at__isnull=False)
    merge.merged_at, merge.number = clock.now(), earlier.count() + 1
    merge.replaced = {name: [getattr(survivor, name), getattr(absorbed, name)] for name in merge.taken}
    merge.save()
    for name in merge.taken:
        setattr(survivor, name, getattr(absorbed, name))
    survivor.save(update_fields=merge.taken)
    Person.objects.unscoped("what is read as a locked dossier").filter(merged_into=absorbed).update(
        merged_into=survivor
    )
    absorbed.merged_into = survivor
    absorbed.save(update_fields=["merged_into"])
    reread_notices(survivor)
    _raise_versions(survivor, absorbed)
    _judge(survivor, absorbed, Verdict.SAME, actor=actor, seat=seat, reason=merge.reason, told=False)
    second = {"second": f"user:{merge.confirmed_by_id}"} if merge.confirmed_by_id else {}
    record(
        "person.merged", subject=survivor, actor=actor, seat=seat, personal=True, data=_told(merge) | second
    )  # fmt: skip
    return merge


def _take_apart(absorbed: Person) -> None:
    """Whatever had been merged into the dossier before goes with it."""
    rows = Merge.objects.unscoped("of a locked dossier").filter(merged_at__isnull=False, ended_at=None)
    own: set[Any] = set()
    level: set[Any] = {absorbed.pk}
    while level:
        level = set(rows.filter(survivor__in=level).values_list("absorbed_id", flat=True)) - own
        own |= level
    Person.objects.unscoped("what was merged into a locked dossier").filter(pk__in=own).update(merged_into=absorbed)
    absorbed.merged_into = None
    absorbed.save(update_fields=["merged_into"])


def _give_back(survivor: Person, merge: Merge) -> None:
    """Each field that the merge had replaced, unless somebody wrote another value since."""
    later = Merge.objects.unscoped("of a locked dossier").filter(
        survivor=survivor, ended_at=None, number__gt=merge.number
    )
    following = list(later.order_by("number"))
    restored = []
    for name, (was, became) in merge.replaced.items():
        next_one = next((row for row in following if name in row.replaced), None)
        if next_one is not None:
            if next_one.replaced[name][0] == became:
                next_one.replaced[name][0] = was  # what that one gives back, once it is undone
                next_one.save(update_fields=["replaced"])
        elif getattr(survivor, name) == became:
            setattr(survivor, name, was)
            restored.append(name)
    if (own := _own_label(survivor)) != survivor.label:
        survivor.label = own
        restored.append("label")
    survivor.save(update_fields=restored)


def _own_label(survivor: Person) -> str:
    """Never a name of a dossier that is no longer a part of this one."""
    names = list(Name.objects.unscoped("of a locked dossier").of(survivor.pk))
    shown = shown_name(names, survivor)
    return shown.label if shown else survivor.label


def _raise_versions(*persons: Person) -> None:
    for person in persons:
        person.version += 1
        person.save(update_fields=["version"])


def _refuse_merge(survivor: Person, absorbed: Person) -> None:
    if survivor.read_as == absorbed.read_as:
        raise MergedAlready(_("They are merged already."))
    for person in (survivor, absorbed):
        if person.merged_into is not None:
            raise MergedAlready(
                _("%(first)s is merged into %(second)s: choose that dossier.")
                % {"first": person.label, "second": person.merged_into.label}
            )
    if against := _judged_two_people(survivor, absorbed):
        raise _two_people(against.one, against.other, by=against.by, at=against.at)
    if decoy := Decoy.objects.unscoped("whoever merges it").filter(person__in=(survivor, absorbed)).first():
        raise _two_people(survivor, absorbed, by=decoy.marked_by, at=decoy.marked_at)  # as of any namesake
    both = _everybody(survivor, absorbed)
    for refusal in refusals:
        if why := refusal(survivor.compartment, both):
            raise DomainError(why)


def _two_people(one: Person, other: Person, *, by: User, at: datetime) -> NotTheSame:
    said = {"who": by, "date": at.date().isoformat(), "one": one.label, "other": other.label}
    return NotTheSame(
        _(
            "%(who)s judged on %(date)s that %(one)s and %(other)s are not the same person. That has to be settled first."
        )
        % said
    )


def _judged_two_people(survivor: Person, absorbed: Person) -> SamePersonJudgement | None:
    """A judgement in force that parts one dossier of the one from one of the other."""
    left, right = (list(_everybody(person)) for person in (survivor, absorbed))
    across = Q(one__in=left, other__in=right) | Q(one__in=right, other__in=left)
    rows = SamePersonJudgement.objects.unscoped("of locked dossiers").filter(across)
    found: SamePersonJudgement | None = (
        current_judgements(rows).filter(verdict=Verdict.NOT_SAME).select_related("by", "one", "other").first()
    )
    return found


def _needs_two(merge: Merge) -> bool:
    everybody = _everybody(merge.survivor, merge.absorbed)
    return any(standing(merge.survivor.compartment, everybody) for standing in on_open_lists)


def _everybody(*persons: Person) -> set[uuid.UUID]:
    return set(Person.objects.unscoped("what is read as locked dossiers").joined(*persons).values_list("pk", flat=True))


def _pair(one: Person, other: Person, actor: User) -> tuple[Person, Person, Seat | None]:
    """Both in scope and under lock, and the seat that may write there."""
    if one.pk == other.pk:
        raise InputRefused(_("Choose two dossiers."), errors={"other": [_("This is the same dossier.")]})
    rows = Person.objects.visible_to(actor).filter(pk__in=(one.pk, other.pk)).order_by("pk")
    found = {person.pk: person for person in rows.select_related("compartment", "merged_into").locked()}
    if len(found) < 2:
        raise Person.DoesNotExist
    one, other = found[one.pk], found[other.pk]
    if one.compartment_id != other.compartment_id:
        raise InputRefused(_("These dossiers belong to different owners."), errors={"other": [_("Of another owner.")]})
    return one, other, writer_in(one.compartment, actor)


def _waiting(merge: Merge, actor: User) -> Merge:
    rows = Merge.objects.visible_to(actor).select_related("survivor", "absorbed", "asked_by")
    merge = rows.locked().get(pk=merge.pk)
    if not merge.waits:
        raise MergedAlready(_("This waits for nobody any more."))
    return merge


def _told(merge: Merge) -> dict[str, Any]:
    return {
        "label": merge.survivor.label, "absorbed_label": merge.absorbed.label, "absorbed": str(merge.absorbed_id),
        "survivor": str(merge.survivor_id), "taken": list(merge.taken), "reason": merge.reason,
    }  # fmt: skip


def _tidy(reason: str) -> str:
    text = clean_text(reason)
    if len(text) > REASON_LENGTH:
        sentence = _("Write at most %(most)s characters.") % {"most": REASON_LENGTH}
        raise InputRefused(sentence, errors={"reason": [sentence]})
    return text
