"""Imports: what a person decides about them. The work that follows is in `people.operations.intake`."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, refuse_stale, seat_with
from access.models import Compartment, User
from access.roles import May, holders_spelt
from access.scoping import Seat, compartments_where
from audit.chain import canonical
from audit.models import Event
from audit.recording import record
from core import clock, uploads
from core.errors import DomainError, InputRefused, TransitionRefused
from core.lifecycle import Attempt
from core.sheets.faults import FileRefused
from core.sheets.limits import MEGABYTE, MOST_BYTES
from core.text import clean_text
from people.imports.columns import NAME_COLUMNS, Column, heading
from people.imports.signals import waiting
from people.imports.transitions import TRANSITIONS
from people.models import (
    CategoryAssignment,
    Claim,
    Decision,
    Import,
    ImportRow,
    ImportStatus,
    Lookup,
    Name,
    Outcome,
    Person,
    RowCorrection,
    RowVerdict,
    SamePersonJudgement,
    SenderColumns,
)
from people.operations.deadlines import EVENTS as DEADLINE_EVENTS

S = ImportStatus
TAKEN_UNLESS_TOLD = (RowVerdict.NEW, RowVerdict.UPDATE)
# What a tick on a whole verdict can take: who is known for certain, or not at all. The others are settled one by one.
TAKEABLE = (
    RowVerdict.NEW, RowVerdict.UPDATE, RowVerdict.HOME, RowVerdict.DEAD, RowVerdict.EXCHANGED, RowVerdict.ERASED,
)  # fmt: skip
MOST_SPELT = 5
WRITTEN = (Outcome.CREATED, Outcome.UPDATED)


class SomebodyBuiltOnIt(DomainError):
    """Undoing would take away what others have worked on since."""


@transaction.atomic
def begin_import(
    content: Iterable[bytes], *, actor: User, sender: str, compartment: Compartment | None = None
) -> Import:
    """Keep the file as it came. Raises FileRefused for one that is too large."""
    compartment = compartment or own_half(actor)
    seat = importer(actor, compartment)
    now = clock.now()
    of = Import(
        compartment=compartment, sender=clean_text(sender), created_at=now, created_by=actor, acted_by=actor, size=0,
        sha256="0" * 64,
    )  # fmt: skip
    checked(of)
    try:
        kept = uploads.keep(content, most=MOST_BYTES)
    except uploads.FileTooLarge as error:
        raise FileRefused("too_large", {"most": MOST_BYTES // MEGABYTE}) from error
    of.pk, of.sha256, of.size = kept.id, kept.sha256, kept.size
    try:
        of.save(force_insert=True)
        record(
            "import.received", subject=of, actor=actor, seat=seat, personal=True,
            data={"sender": of.sender, "sha256": of.sha256, "size": of.size},
        )  # fmt: skip
    except BaseException:
        uploads.remove(kept.id)
        raise
    _wake(of)
    return of


@transaction.atomic
def map_columns(
    of: Import,
    *,
    actor: User,
    columns: Mapping[int, str],
    heading_row: int | None = None,
    headings: list[str] | None = None,
    month_first: bool = False,
    given_name_first: bool = False,
    version: int | None = None,
) -> Import:
    """What each column holds; the rows are checked by it, and this sender's headings are remembered."""
    of, seat = _stepped(of, "check", actor, version)
    _refuse_odd_columns(columns)
    of.columns = {str(place): str(column) for place, column in sorted(columns.items())}
    of.month_first, of.given_name_first = month_first, given_name_first
    if heading_row is not None:
        of.heading_row, of.headings = heading_row, headings or []
    ImportRow.objects.unscoped("of one locked import").filter(of_import=of).delete()
    _remember(of)
    of.written_from = of.judged_at_position = 0
    _begin(of, actor, work_rows=of.rows, step="check")
    record(
        TRANSITIONS["check"].event, subject=of, actor=actor, seat=seat, personal=True,
        data={"sender": of.sender, "columns": sorted(of.columns.values())},
    )  # fmt: skip
    return of


@transaction.atomic
def choose_table(of: Import, *, actor: User, sheet: str) -> Import:
    """Another sheet of the workbook: it is read anew."""
    of = Import.objects.visible_to(actor).locked().get(pk=of.pk)
    seat = importer(actor, of.compartment)
    if of.status not in (S.MAPPING, S.PREVIEW) or sheet not in of.sheets:
        sentence = _("There is no sheet of that name.")
        raise InputRefused(sentence, errors={"sheet": [sentence]})
    _delete_rows(of)
    of.sheet, of.heading_row, of.columns = sheet, 0, {}
    of.status = S.READING
    of.acted_by, of.worked_at, of.tries = actor, None, 0
    of.version += 1
    of.save(update_fields=["sheet", "status", "acted_by", "heading_row", "columns", "worked_at", "tries", "version"])
    record("import.read_again", subject=of, actor=actor, seat=seat, personal=True, data={"sender": of.sender})
    _wake(of)
    return of


@transaction.atomic
def read_again(of: Import, *, actor: User, version: int | None = None) -> Import:
    """The file once more, after an error that was not its own."""
    of, seat = _stepped(of, "read", actor, version)
    _begin(of, actor, work_rows=0, step="read")
    record(TRANSITIONS["read"].event, subject=of, actor=actor, seat=seat, personal=True, data={"sender": of.sender})
    return of


@transaction.atomic
def decide_rows(
    of: Import, *, actor: User, decisions: Mapping[int, tuple[str, uuid.UUID | None]], version: int | None = None
) -> int:
    """What to do with single rows: by number, the decision and, to update, whose dossier. Returns how many were decided."""
    of = Import.objects.visible_to(actor).locked().get(pk=of.pk)
    seat = importer(actor, of.compartment)
    refuse_stale(of.version, version)
    if of.status not in (S.PREVIEW, S.COMMITTED):
        raise TransitionRefused(_("Rows are decided on once they are checked, and before they are taken in."))
    rows = ImportRow.objects.visible_to(actor).locked().filter(of_import=of, number__in=decisions).order_by("number")
    found = {row.number: row for row in rows}
    if absent := sorted(set(decisions) - found.keys()):
        sentence = _("No row is like that.")
        raise InputRefused(sentence, errors={f"row_{number}": [sentence] for number in absent})
    for number, row in found.items():
        decision, person_id = decisions[number]
        _refuse_odd_decision(row, decision, person_id, actor)
        row.decision, row.decided_by, row.outcome = decision, actor, Outcome.NONE
        row.chosen_id = {Decision.CREATE: uuid.uuid4(), Decision.UPDATE: person_id}.get(Decision(decision))
    columns = ["decision", "decided_by", "chosen_id", "outcome"]
    ImportRow.objects.unscoped("locked above").bulk_update(found.values(), columns, batch_size=500)
    event = record(
        "import.rows_decided", subject=of, actor=actor, seat=seat, personal=True,
        data={"sender": of.sender, "rows": len(found), "digest": digest_of_rows(
            [row.number, row.decision, str(row.chosen_id or "")] for row in found.values()
        )},
    )  # fmt: skip
    keep_judged(of, event)
    of.version += 1
    of.save(update_fields=["judged_at_position", "version"])
    return len(found)


@transaction.atomic
def commit_import(
    of: Import, *, actor: User, verdicts: Iterable[str] = TAKEN_UNLESS_TOLD, version: int | None = None
) -> Import:
    """Take in the rows of these verdicts, and those decided on one by one, in the background."""
    chosen = sorted({str(verdict) for verdict in verdicts} & {str(verdict) for verdict in TAKEABLE})
    of, seat = _stepped(of, "commit", actor, version, known=lambda found: to_be_taken(found, chosen).count())
    of.taken_verdicts = chosen
    count = to_be_taken(of, chosen).count()
    event = record(
        TRANSITIONS["commit"].event, subject=of, actor=actor, seat=seat, personal=True,
        data={"sender": of.sender, "rows": count, "verdicts": chosen},
    )  # fmt: skip
    keep_judged(of, event)
    of.written_from = of.written_from or event.position
    _begin(of, actor, work_rows=count, step="commit")
    return of


@transaction.atomic
def undo_import(of: Import, *, actor: User, version: int | None = None) -> Import:
    """Take everything back that this import wrote. Raises SomebodyBuiltOnIt when others have worked on it since."""
    of, seat = _stepped(of, "undo", actor, version)
    refuse_what_was_built_on(of, taken_in(of))
    count = taken_in(of).count()
    _begin(of, actor, work_rows=count, step="undo")
    record(
        TRANSITIONS["undo"].event, subject=of, actor=actor, seat=seat, personal=True,
        data={"sender": of.sender, "rows": count},
    )  # fmt: skip
    return of


@transaction.atomic
def discard_import(of: Import, *, actor: User, version: int | None = None) -> Import:
    """Lay it aside: nothing of it is in a dossier. Its rows and its file go, that it came stays in the log."""
    of, seat = _stepped(of, "discard", actor, version)
    _delete_rows(of)
    of.status, of.top_rows = S.DISCARDED, []
    of.version += 1
    of.save(update_fields=["status", "top_rows", "version"])
    record(TRANSITIONS["discard"].event, subject=of, actor=actor, seat=seat, personal=True, data={"sender": of.sender})
    transaction.on_commit(lambda: uploads.remove(of.pk), robust=True)
    return of


def _delete_rows(of: Import) -> None:
    for model in (ImportRow, RowCorrection):
        model.objects.unscoped("of one locked import").filter(of_import=of).delete()


def keep_judged(of: Import, event: Event) -> None:
    """Its rows were checked before this event: they still hold when nobody else wrote here in between."""
    if of.judged_at_position == event.position - 1:
        of.judged_at_position = event.position


def digest_of_rows(outcomes: Iterable[Any]) -> str:
    return hashlib.sha256(canonical(list(outcomes))).hexdigest()


# What is asked of it


def to_be_taken(of: Import, verdicts: Iterable[str]) -> "QuerySet[ImportRow]":
    """The rows that a commit would write: ticked with their verdict or decided on, and not written yet."""
    rows: QuerySet[ImportRow] = ImportRow.objects.unscoped("of one import that was found in scope").filter(
        Q(decision__in=(Decision.CREATE, Decision.UPDATE)) | Q(decision="", verdict__in=list(verdicts)),
        of_import=of, outcome=Outcome.NONE,
    )  # fmt: skip
    return rows.exclude(verdict=RowVerdict.INVALID)


def taken_in(of: Import) -> "QuerySet[ImportRow]":
    rows: QuerySet[ImportRow] = ImportRow.objects.unscoped("of one import that was found in scope").filter(
        of_import=of, outcome__in=WRITTEN
    )
    return rows


def refuse_what_was_built_on(of: Import, rows: "QuerySet[ImportRow]") -> None:
    """Raises SomebodyBuiltOnIt, naming a few, when a dossier that this import wrote was changed or used since."""
    written = rows.order_by().values("person_id")
    _refuse_built_on(of, written, written.filter(outcome=Outcome.CREATED))


def refuse_chunk_that_was_built_on(of: Import, rows: Iterable[ImportRow]) -> None:
    """The same of so few rows that their dossiers are named one by one."""
    written = [row for row in rows if row.person_id]
    created = [row.person_id for row in written if row.outcome == Outcome.CREATED]
    _refuse_built_on(of, [row.person_id for row in written], created)


def _refuse_built_on(of: Import, written: Any, created: Any) -> None:
    """Of ids of dossiers, as a list or a subquery."""
    persons = Person.objects.unscoped("of the import's own half").filter(compartment=of.compartment, pk__in=written)
    built_on = Q(pk__in=_used_since(of, written, created)) | Q(merged_into__isnull=False)
    built = list(persons.filter(built_on).order_by("label", "pk")[: MOST_SPELT + 1])
    if built:
        names = ", ".join(str(person) for person in built[:MOST_SPELT]) + (" …" if len(built) > MOST_SPELT else "")
        raise SomebodyBuiltOnIt(
            _(
                "This import cannot be undone as a whole: others have worked on dossiers that it wrote. They are: %(names)s."
            )
            % {"names": names}
        )


def _used_since(of: Import, written: Any, created: Any) -> set[uuid.UUID]:
    """Whom an event names since or a later import wrote; and, of those created, whom a row refers to that this import did not
    write. Each asked for itself: as one condition of a query, PostgreSQL read every table of them through for each chunk."""
    found = set(_named_since(of))
    found.update(pk for pk in _taken_in_later(of).filter(person_id__in=written) if pk)
    for relation in relations_that_bind():
        name = relation.field.name
        bound = relation.related_model._base_manager.filter(**{f"{name}__in": created})
        if relation.related_model in (Claim, CategoryAssignment, SamePersonJudgement):
            bound = bound.exclude(of_import=of)
        found.update(bound.order_by().values_list(name, flat=True))
    return found


def _named_since(of: Import) -> list[uuid.UUID]:
    """The persons whom events name since this import first wrote; an import itself names none, and a day that has passed is
    nobody's work."""
    events = Event.objects.unscoped("of the same half").filter(
        compartment=of.compartment, position__gt=of.written_from, subject__startswith="person:"
    )
    events = events.exclude(kind__in=DEADLINE_EVENTS.values())
    subjects = events.order_by().values_list("subject", flat=True).distinct()
    return [uuid.UUID(subject.partition(":")[2]) for subject in subjects]


def _taken_in_later(of: Import) -> "QuerySet[ImportRow, uuid.UUID | None]":
    """The persons whom imports wrote that began after this one: they built on what it had written."""
    later = Import.objects.unscoped("of the same half").filter(
        compartment=of.compartment, written_from__gt=of.written_from
    )
    rows = ImportRow.objects.unscoped("of the same half").filter(of_import__in=list(later.values_list("pk", flat=True)))
    return rows.filter(outcome__in=WRITTEN, person_id__isnull=False).order_by().values_list("person_id", flat=True)


def relations_that_bind() -> list[Any]:
    """Whatever refers to a dossier and would be lost with it: all but its names, which an import writes, the note that
    somebody opened it, and derived keys."""
    return [
        relation
        for relation in Person._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ForeignObjectRel)
        and relation.related_model not in (Name, Lookup)
        and relation.on_delete is models.PROTECT
    ]


def halves_imported_to(actor: User) -> "QuerySet[Compartment]":
    return Compartment.objects.filter(
        pk__in=compartments_where(actor, May.IMPORT_PEOPLE),
        kind__in=(Compartment.Kind.PARTY, Compartment.Kind.ORGANISATION),
    )


def own_half(actor: User) -> Compartment:
    """The one half of one's own. Raises NotAllowed, or InputRefused when there are several."""
    halves = list(halves_imported_to(actor)[:2])
    if not halves:
        raise NotAllowed(_("This is for %(who)s.") % {"who": holders_spelt((May.IMPORT_PEOPLE,))})
    if len(halves) > 1:
        sentence = _("You import for several owners: say for which one this is.")
        raise InputRefused(sentence, errors={"compartment": [sentence]})
    return halves[0]


def sender_as_compared(sender: str) -> str:
    return heading(sender)[:120]


# Steps


def _stepped(of: Import, step: str, actor: User, version: int | None, known: Any = None) -> tuple[Import, Seat | None]:
    """The import in scope and under lock, and the seat of who acts. Raises StaleVersion or TransitionRefused."""
    of = Import.objects.visible_to(actor).locked().get(pk=of.pk)
    refuse_stale(of.version, version)
    capabilities = actor.capabilities_in(of.compartment_id)
    attempt = Attempt(of, capabilities, known=known(of) if known else None)
    if why := TRANSITIONS[step].refusal(attempt):
        raise TransitionRefused(why)
    return of, importer(actor, of.compartment)


def _begin(of: Import, actor: User, *, work_rows: int, step: str) -> None:
    """To be worked on from its first row; whoever acts is in whose name it is done."""
    of.status = str(TRANSITIONS[step].target)
    of.acted_by, of.work_rows, of.done_through, of.done_rows = actor, work_rows, 0, 0
    of.fault, of.fault_given, of.worked_at, of.tries = "", {}, None, 0
    of.version += 1
    of.save()
    _wake(of)


def _wake(of: Import) -> None:
    pk = str(of.pk)
    transaction.on_commit(lambda: waiting.send(sender=Import, import_id=pk), robust=True)


def importer(actor: User, compartment: Compartment) -> Seat | None:
    if compartment.is_shared:
        raise DomainError(_("A dossier lives in its owner's own half, never at a shared table."))
    return None if actor.is_system else seat_with(actor, compartment, May.IMPORT_PEOPLE)


def _refuse_odd_columns(columns: Mapping[int, str]) -> None:
    faults: dict[str, list[str]] = {}
    by_meaning: dict[str, int] = {}
    for place, column in sorted(columns.items()):
        if column not in Column.values:
            faults[f"column_{place}"] = [_("Choose what this column holds.")]
        elif column in by_meaning:
            faults[f"column_{place}"] = [_("Another column is taken for this already: choose one of them.")]
        by_meaning.setdefault(column, place)
    names = {*NAME_COLUMNS, Column.OTHER_NAME, Column.CALL_SIGN}
    if not faults and names.isdisjoint(by_meaning):
        faults["columns"] = [_("Say in which column the names stand.")]
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)


def _remember(of: Import) -> None:
    meanings: dict[str, list[str]] = {}
    for place, text in enumerate(of.headings):
        if known := heading(text):
            meanings.setdefault(known, []).append(of.columns.get(str(place), ""))
    if not meanings:
        return
    SenderColumns.objects.update_or_create(
        compartment=of.compartment, sender=sender_as_compared(of.sender),
        defaults={"meanings": meanings, "month_first": of.month_first, "given_name_first": of.given_name_first},
    )  # fmt: skip


def _refuse_odd_decision(row: ImportRow, decision: str, person_id: uuid.UUID | None, actor: User) -> None:
    place = f"row_{row.number}"
    sentence = ""
    if row.outcome not in (Outcome.NONE, Outcome.REFUSED):
        sentence = _("Row %(number)s is taken in already.") % {"number": row.number}
    elif row.verdict == RowVerdict.INVALID and decision in (Decision.CREATE, Decision.UPDATE):
        sentence = _("Row %(number)s cannot be taken before its faults are corrected.") % {"number": row.number}
    elif decision not in Decision.values:
        sentence = _("Choose what to do with row %(number)s.") % {"number": row.number}
    elif decision == Decision.UPDATE and not _is_of_this_half(person_id, row, actor):
        sentence = _("Choose whose dossier row %(number)s belongs to.") % {"number": row.number}
    if sentence:
        raise InputRefused(sentence, errors={place: [sentence]})


def _is_of_this_half(person_id: uuid.UUID | None, row: ImportRow, actor: User) -> bool:
    if person_id is None:
        return False
    persons = Person.objects.visible_to(actor).real()
    return bool(persons.filter(pk=person_id, compartment=row.compartment_id).exists())
