"""The work on an import, in turns: read the file, check its rows, write the ticked ones, take them back.

Each chunk is one transaction with one event; the import's row holds how far it came. Killed at any moment, the next turn goes
on there; two workers at once wait for each other at that row, and the second finds the work done. A turn that fails or dies
again and again, and does nothing, is not begun for ever: the import rests and says so.
"""

import logging
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any

from django.db import transaction
from django.utils import timezone

from access.acting import seat_with
from access.models import User
from access.roles import May
from access.scoping import Seat
from accounts.operations import system_user
from audit.recording import record
from core import clock, uploads
from core.beside import Beside, one_ahead
from core.errors import DomainError, place_of
from core.pouring import pour_values
from core.sheets.faults import FileRefused
from core.sheets.limits import MOST_ROWS
from core.sheets.reading import Row, Table, reading
from people.imports.cells import Told
from people.imports.columns import guess
from people.imports.judging import Judge, Judged, judged, sought_by
from people.imports.registry import position_of
from people.imports.writing import Dossiers, Taken, Writer, fresh_of, read_as, take_back, taken
from people.models import (
    AT_WORK,
    Import,
    ImportRow,
    ImportStatus,
    Outcome,
    Person,
    RowCorrection,
    RowVerdict,
    SenderColumns,
)
from people.operations import last_day
from people.operations.imports import (
    digest_of_rows,
    refuse_chunk_that_was_built_on,
    sender_as_compared,
    taken_in,
    to_be_taken,
)
from people.operations.merging import tell_apart

S = ImportStatus
CHUNK = 1_000
TOP_ROWS = 40
TURN = 30.0  # seconds; a longer work goes on in another turn
SILENT_FOR = timedelta(seconds=60)  # then whoever worked on it is thought dead
TELLS_EVERY = 5.0  # seconds; whoever reads a long file lives
EARLIER_IMPORTS = 5
MOST_TRIES = 3  # of turns that do nothing
MANY = 5_000  # rows: then a process of its own is worth its start

log = logging.getLogger(__name__)


class Stopped(DomainError):
    """Whoever asked for this may do it no longer."""


def work_on(import_id: str | uuid.UUID) -> bool:
    """Work for one turn. Returns whether there is more to do."""
    of = _begun(import_id)
    if of is None:
        return False
    turn = {S.READING: _read_file, S.CHECKING: _check, S.COMMITTING: _commit, S.UNDOING: _undo}[ImportStatus(of.status)]
    try:
        return turn(of, time.monotonic() + TURN)
    except DomainError as refused:
        _stop(of, refused)
    except Exception as error:
        log.error("import %s: try %s of %s failed: %s", of.pk, of.tries, of.status, place_of(error))
        if of.tries >= MOST_TRIES:
            _give_up(of)
    return False


@transaction.atomic
def _begun(import_id: str | uuid.UUID) -> Import | None:
    """One more try, counted before anything that may end this process; none where there is nothing to do any more."""
    of: Import | None = (
        Import.objects.unscoped("a worker's own queue").locked().filter(pk=import_id, status__in=AT_WORK).first()
    )
    if of is None:
        return None
    if of.tries >= MOST_TRIES:  # the last one ended with its process
        _give_up(of)
        return None
    of.tries += 1
    of.worked_at = timezone.now()
    of.save(update_fields=["tries", "worked_at"])
    return of


def unfinished() -> list[uuid.UUID]:
    """Imports that somebody has to go on with: nobody has worked on them for a while."""
    silent = timezone.now() - SILENT_FOR
    waiting = Import.objects.unscoped("a sweep").filter(status__in=AT_WORK)
    return [
        of.pk
        for of in waiting.only("pk", "worked_at", "created_at")
        if of.worked_at is None or of.worked_at < silent
    ]  # fmt: skip


# Reading


def _read_file(of: Import, until: float) -> bool:
    """The whole file once, so that what is wrong with it is said before anybody maps columns."""
    of.refresh_from_db()
    top: list[tuple[int, list[str]]] = []
    count = 0
    with reading(uploads.path_of(of.pk), sheet=of.sheet) as table:
        for number, cells in _telling(of, table.rows):
            if len(top) < TOP_ROWS:
                top.append((number, cells))
            count += 1
    if not count:
        raise FileRefused("no_rows")
    _note_read(of, table, top, count, actor=of.acted_by)
    return False


def _telling(of: Import, rows: Iterable[Row]) -> Iterator[Row]:
    """While they come, the sweep begins no second turn, which nobody needs and which counts as a try."""
    reads = Import.objects.unscoped("a worker's own queue").filter(pk=of.pk, version=of.version)
    told = time.monotonic()
    for row in rows:
        if (now := time.monotonic()) - told >= TELLS_EVERY:
            reads.update(worked_at=timezone.now())
            told = now
        yield row


@transaction.atomic
def _note_read(of: Import, table: Table, top: list[tuple[int, list[str]]], count: int, *, actor: User) -> None:
    version, of = of.version, _locked(of, S.READING)
    if of.version != version:  # another sheet was chosen meanwhile
        return
    known = SenderColumns.objects.unscoped("of the same half").filter(
        compartment=of.compartment, sender=sender_as_compared(of.sender)
    ).first()  # fmt: skip
    guessed = guess(top, known.meanings if known else {})
    of.kind, of.encoding, of.delimiter = table.kind, table.encoding, table.delimiter
    of.sheets, of.sheet, of.top_rows = table.sheets, table.sheet, top
    of.heading_row, of.headings = guessed.heading_row, guessed.headings
    of.columns = {str(place): column for place, column in guessed.columns.items()}
    if known:
        of.month_first, of.given_name_first = known.month_first, known.given_name_first
    of.rows = count - (1 + sum(number < guessed.heading_row for number, _cells in top) if guessed.heading_row else 0)
    of.status, of.tries = S.MAPPING, 0
    of.version += 1
    of.save()


# Checking


def _check(of: Import, until: float) -> bool:
    """Every row beneath the headings, in chunks, each written once with its verdict."""
    of.refresh_from_db()
    # Before the registry is first asked.
    since = of.judged_at_position if of.done_rows else position_of(of.compartment_id)
    judge = Judge(of.compartment, earlier_rows(of), source=of.sender)
    judge.remember(_rows_of(of).exclude(verdict=RowVerdict.INVALID).order_by("number").values_list("number", "told"))
    with (
        reading(uploads.path_of(of.pk), sheet=of.sheet) as table,
        _beside(of, "people.imports.judging:CellReader", *reader_of(of, corrected_cells(of))) as cells,
        closing(one_ahead(_begun_chunks(table, cells, after=max(of.heading_row, of.done_through)))) as chunks,
        _beside(of, "people.imports.registry:Likenesses") as likenesses,
        closing(_compared(judge, chunks, likenesses)) as compared,
    ):
        for chunk, is_last in compared:
            if not _check_chunk(of, judge, chunk, since, actor=of.acted_by):
                return False
            if time.monotonic() > until and not is_last:
                return True
    _end_checking(of, actor=of.acted_by)
    return False


def _begun_chunks(table: Table, cells: Beside, *, after: int) -> Iterator[tuple[Future[list[Any]], bool]]:
    """What the cells say, in chunks; and whether it is the last."""
    for chunk, is_last in _chunks((row for row in table.rows if row[0] > after), CHUNK):
        yield cells.begin(chunk, chunk[-1][0] if is_last and table.ends_open else 0), is_last


def _compared(
    judge: Judge, chunks: Iterable[tuple[list[Any], bool]], likenesses: Beside
) -> Generator[tuple[list[Judged], bool]]:
    """Each chunk beside the dossiers it may mean; while the database is asked for those of the next."""
    asked = ((judge.ask(judged(chunk)), is_last) for chunk, is_last in chunks)
    begun = ((likenesses.begin(*judge.to_compare(chunk)), (chunk, is_last)) for chunk, is_last in asked)
    for found, (chunk, is_last) in one_ahead(begun):
        yield judge.say(chunk, found), is_last


def _beside(of: Import, maker: str, *given: Any) -> Beside:
    return Beside(maker, *given, in_process=of.work_rows - of.done_rows >= MANY)


@transaction.atomic
def _check_chunk(of: Import, judge: Judge, chunk: list[Judged], since: int, *, actor: User) -> bool:
    """Returns False when somebody has gone on from here meanwhile."""
    locked = _locked(of, S.CHECKING)
    if locked.version != of.version or locked.done_through != of.done_through:
        return False
    _may(locked, actor)
    _write_rows(locked, judge.settle(chunk))
    of.done_through = locked.done_through = chunk[-1].number
    locked.done_rows += len(chunk)
    locked.judged_at_position = since
    locked.worked_at, locked.tries = timezone.now(), 0
    locked.save(update_fields=["done_through", "done_rows", "judged_at_position", "worked_at", "tries"])
    return True


@transaction.atomic
def _end_checking(of: Import, *, actor: User) -> None:
    locked = _locked(of, S.CHECKING)
    if locked.version != of.version:
        return
    locked.rows, locked.status = locked.done_rows, S.PREVIEW
    locked.version += 1
    locked.save(update_fields=["rows", "status", "version"])


def reader_of(of: Import, corrected: Mapping[int, Mapping[int, str]]) -> tuple[Any, ...]:
    """What a CellReader is made with, as values of JSON."""
    right = {
        str(number): {str(place): value for place, value in of_row.items()} for number, of_row in corrected.items()
    }
    return of.columns, right, last_day().isoformat(), of.month_first, of.given_name_first


def corrected_cells(of: Import) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {}
    rows = RowCorrection.objects.unscoped("of one import").filter(of_import=of)
    for number, place, value in rows.values_list("number", "place", "value"):
        found.setdefault(number, {})[place] = value
    return found


def earlier_rows(of: Import, *, keys: Iterable[str] | None = None) -> dict[str, uuid.UUID]:
    """Whose the rows of this sender's last imports became, by what they told; `keys`: only of these."""
    before = Import.objects.unscoped("of the same half").filter(compartment=of.compartment, status=S.COMMITTED)
    same = [one.pk for one in before.order_by("-created_at")[:50] if _same_sender(one, of)][:EARLIER_IMPORTS]
    rows = ImportRow.objects.unscoped("the same").filter(
        of_import__in=same, outcome__in=(Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)
    )
    if keys is not None:
        rows = rows.filter(key__in=keys)
    merged = Person.objects.unscoped("the same").filter(compartment=of.compartment, merged_into__isnull=False)
    into = dict(merged.order_by().values_list("pk", "merged_into"))
    found = rows.filter(person_id__isnull=False).order_by().values_list("key", "person_id")
    return {key: into.get(pk) or pk for key, pk in found if pk}


def _same_sender(one: Import, other: Import) -> bool:
    return sender_as_compared(one.sender) == sender_as_compared(other.sender)


ROW_COLUMNS = (
    "id", "number", "cells", "told", "faults", "key", "verdict", "differences", "candidates", "repeats", "person_id",
)  # fmt: skip


def _write_rows(of: Import, rows: Iterable[Judged]) -> None:
    always = {
        "of_import_id": of.pk, "compartment_id": of.compartment_id, "chosen_id": None, "decision": "", "outcome": "",
        "decided_by_id": None, "undo": None,
    }  # fmt: skip
    values = (
        (
            uuid.uuid4(), row.number, row.cells, row.told, row.faults, row.key, row.verdict, row.differences, row.candidates,
            row.repeats, row.person_id,
        )
        for row in rows
    )  # fmt: skip
    pour_values(ImportRow, ROW_COLUMNS, values, always)


# Writing


def _commit(of: Import, until: float) -> bool:
    of.refresh_from_db()
    with _beside(of, "people.imports.writing:Maker") as maker:
        return _by_chunks(of, until, partial(_commit_chunk, dossiers=Dossiers(maker)))


@transaction.atomic
def _commit_chunk(of: Import, *, actor: User, dossiers: Dossiers) -> bool:
    """Returns whether there may be more."""
    of = _locked(of, S.COMMITTING)
    seat = _may(of, actor)
    rows = _next_rows(of, max(of.heading_row, of.done_through))
    if not rows:
        of.status = S.COMMITTED
        of.version += 1
        of.save(update_fields=["status", "version"])
        return False
    creates, updates = [row for row in rows if row.creates], [row for row in rows if not row.creates]
    dossiers.expect(fresh_of(creates))
    dossiers.expect(fresh_of(row for row in _next_rows(of, rows[-1].number) if row.creates))
    writer = Writer(of, actor, clock.now(), dossiers)
    refused = {row.number: row.refused for row in creates if row.decision}
    for number, first in _repeated(of, creates).items():
        refused[number].add(first)
    persons = writer.lock([*(row.person_id for row in updates if row.person_id), *chain(*refused.values())])
    position = position_of(of.compartment_id, lock=True)
    if position != of.judged_at_position:  # somebody wrote here since: do they still mean nobody, and whom they meant?
        creates, updates = _still_new(of, creates), _still_theirs(of, updates, persons)
    writer.create(creates)
    writer.update(updates, persons)
    writer.write_outcomes(rows)
    opened = {row.person_id for row in creates}
    apart = [
        (row.person_id, pk, row.decided_by_id or actor.pk)
        for row in creates
        for pk in refused.get(row.number, ())
        if row.person_id and (pk in persons or pk in opened)
    ]
    tell_apart(apart, of=of)
    outcomes = [[row.number, str(row.person_id), str(row.outcome)] for row in rows]
    event = record(
        "import.committed", subject=of, actor=actor, seat=seat, personal=True,
        data={
            "sender": of.sender, "first": rows[0].number, "last": rows[-1].number,
            "created": sum(row.outcome == Outcome.CREATED for row in rows),
            "updated": sum(row.outcome == Outcome.UPDATED for row in rows),
            "told_apart": len(apart), "digest": digest_of_rows(outcomes),
        },
    )  # fmt: skip
    of.judged_at_position = event.position
    _advance(of, rows)
    return True


def _next_rows(of: Import, after: int) -> list[Taken]:
    """The next to be taken in, by stretches of numbers: for a LIMIT alone the database sorts all that are left, each time."""
    left = to_be_taken(of, of.taken_verdicts).order_by("number")
    stretch = CHUNK
    while True:
        rows = taken(left.filter(number__gt=after, number__lte=after + stretch)[:CHUNK])
        if len(rows) > CHUNK // 2 or stretch > MOST_ROWS:
            return rows
        stretch *= 8


def _repeated(of: Import, creates: Iterable[Taken]) -> dict[int, uuid.UUID]:
    """Of rows that a person did not take for the same as an earlier one of the file: whose dossier that one became."""
    firsts = {row.number: row.repeats for row in creates if row.decision and row.repeats}
    if not firsts:
        return {}
    rows = _rows_of(of).filter(number__in=firsts.values())
    found = {number: chosen or pk for number, pk, chosen in rows.values_list("number", "person_id", "chosen_id")}
    return {number: found[first] for number, first in firsts.items() if found.get(first)}


def _still_new(of: Import, rows: list[Taken]) -> list[Taken]:
    """Without the rows whom somebody entered meanwhile. Who was decided to be new by a person stays so."""
    for row, found in _judged_anew(of, rows, {}):
        if found.verdict not in (RowVerdict.NEW, RowVerdict.ERASED, RowVerdict.REPEATED):
            _refuse(row, found.candidates or [[str(found.person_id), 0, []]])
    return [row for row in rows if row.outcome != Outcome.REFUSED]


def _still_theirs(of: Import, rows: list[Taken], persons: Mapping[uuid.UUID, Person]) -> list[Taken]:
    """Without the rows that can mean only others by now: their dossier was taken apart. Whose a row is by the decision of a
    person it stays."""
    keys = {Told(row.told).key for row in rows if not row.decision}
    for row, found in _judged_anew(of, rows, earlier_rows(of, keys=keys) if keys else {}):
        person = read_as(persons, row.person_id)
        whom = {str(found.person_id), *(candidate[0] for candidate in found.candidates)}
        if person and str(person.pk) not in whom and found.verdict != RowVerdict.REPEATED:
            is_somebody = found.verdict not in (RowVerdict.NEW, RowVerdict.ERASED)
            _refuse(row, found.candidates or [[str(found.person_id if is_somebody else person.pk), 0, []]])
            row.person_id = None
    return [row for row in rows if row.outcome != Outcome.REFUSED]


def _judged_anew(of: Import, rows: Iterable[Taken], earlier: Mapping[str, uuid.UUID]) -> Iterator[tuple[Taken, Judged]]:
    """But for those that a person decided on."""
    unsettled = [row for row in rows if not row.decision]
    judge = Judge(of.compartment, earlier, source=of.sender)
    fresh = [
        Judged(row.number, [], row.told, [], Told(row.told).key, keys=keys, marks=marks)
        for row in unsettled
        for keys, marks in [sought_by(row.told, judge.lexicon)]
    ]
    return zip(unsettled, judge.judge(fresh), strict=True)


def _refuse(row: Taken, candidates: list[Any]) -> None:
    row.verdict, row.outcome, row.candidates = RowVerdict.AMBIGUOUS, Outcome.REFUSED, candidates


# Undoing


def _undo(of: Import, until: float) -> bool:
    return _by_chunks(of, until, _undo_chunk)


@transaction.atomic
def _undo_chunk(of: Import, *, actor: User) -> bool:
    of = _locked(of, S.UNDOING)
    seat = _may(of, actor)
    rows = list(taken_in(of).order_by("number")[:CHUNK])
    updated = {row.person_id for row in rows if row.outcome == Outcome.UPDATED}
    if updated:  # whatever else wrote into those dossiers is taken back with it, the latest first
        rows += taken_in(of).filter(number__gt=rows[-1].number, person_id__in=updated).order_by("number")
    if not rows:
        of.status = S.UNDONE
        of.version += 1
        of.save(update_fields=["status", "version"])
        return False
    refuse_chunk_that_was_built_on(of, rows)
    take_back(of, rows)
    record(
        "import.undone", subject=of, actor=actor, seat=seat, personal=True,
        data={
            "sender": of.sender, "first": rows[0].number, "last": rows[-1].number, "rows": len(rows),
            "digest": digest_of_rows([[row.number, str(row.person_id)] for row in rows]),
        },
    )  # fmt: skip
    _advance(of, rows)
    return True


# Turns


def _by_chunks(of: Import, until: float, chunk: Callable[..., bool]) -> bool:
    while chunk(of, actor=of.acted_by):
        if time.monotonic() > until:
            return True
    return False


def _locked(of: Import, status: str) -> Import:
    """Under lock. Raises Stopped when it is no longer in this status: another worker, or a person, went on."""
    locked: Import | None = (
        Import.objects.unscoped("a worker's own queue").locked().filter(pk=of.pk, status=status).first()
    )
    if locked is None:
        raise Stopped("")
    return locked


def _may(of: Import, actor: User) -> Seat | None:
    """Rights are asked for again in every chunk."""
    return None if actor.is_system else seat_with(actor, of.compartment, May.IMPORT_PEOPLE)


def _advance(of: Import, rows: Sequence[ImportRow | Taken]) -> None:
    of.done_through = rows[-1].number
    of.done_rows += len(rows)
    of.worked_at, of.tries = timezone.now(), 0
    of.save(update_fields=["judged_at_position", "done_through", "done_rows", "worked_at", "tries"])


GOES_BACK_TO = {S.READING: S.REFUSED, S.CHECKING: S.MAPPING, S.COMMITTING: S.COMMITTED, S.UNDOING: S.COMMITTED}


@transaction.atomic
def _stop(of: Import, refused: DomainError) -> None:
    """Say why it does not go on; what is written stays written. A turn that somebody has gone past stops nothing."""
    locked = Import.objects.unscoped("a worker's own queue").locked().filter(pk=of.pk, status__in=AT_WORK).first()
    if locked is None or locked.version != of.version or isinstance(refused, Stopped):
        return
    locked.status = _goes_back_to(locked)
    if isinstance(refused, FileRefused):
        locked.fault, locked.fault_given = refused.fault, refused.given
        if locked.status == S.REFUSED:  # the page says that nothing of it was kept
            transaction.on_commit(partial(uploads.remove, locked.pk), robust=True)
    else:
        locked.fault, locked.fault_given = "stopped", {"why": refused.sentence}
    locked.version += 1
    locked.save()


@transaction.atomic
def _give_up(of: Import) -> None:
    """Nothing was done in so many tries. What is written stays and can be undone; the file stays, to try again."""
    locked = Import.objects.unscoped("a worker's own queue").locked().filter(pk=of.pk, status=of.status).first()
    if locked is None or locked.tries < MOST_TRIES:  # another worker, or a person, went on
        return
    log.error("import %s: given up while %s, after %s tries", locked.pk, locked.status, locked.tries)
    was = locked.status
    locked.status, locked.fault, locked.fault_given = _goes_back_to(locked), "gave_up", {"at": was}
    locked.version += 1
    locked.save()
    record(
        "import.gave_up", subject=locked, actor=system_user(), personal=True, data={"sender": locked.sender, "at": was}
    )


def _goes_back_to(of: Import) -> ImportStatus:
    """Where it rests; an import of which nothing is taken in is not called so."""
    if of.status == S.COMMITTING and not taken_in(of).exists():
        return S.PREVIEW
    return GOES_BACK_TO[ImportStatus(of.status)]


def _rows_of(of: Import) -> Any:
    return ImportRow.objects.unscoped("of one import").filter(of_import=of)


def _chunks(rows: Iterable[Any], size: int) -> Iterator[tuple[list[Any], bool]]:
    """Lists of so many, and whether it is the last."""
    batch: list[Any] = []
    for row in rows:
        if len(batch) == size:
            yield batch, False
            batch = []
        batch.append(row)
    if batch:
        yield batch, True
