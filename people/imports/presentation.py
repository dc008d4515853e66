"""An import as whoever may import sees it: what stands in the file, what each row is, and what can be done now."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from access.roles import May
from core.lifecycle import Attempt
from core.partial_dates import spelt
from core.sheets.faults import sentence_of
from people.imports.cells import fault_sentence, shown_values
from people.imports.columns import NAME_COLUMNS, Column
from people.imports.judging import NAME_PARTS, STATED
from people.imports.registry import weights_kept
from people.imports.transitions import TRANSITIONS
from people.matching import explained
from people.models import (
    Category,
    ClaimKind,
    Decision,
    Import,
    ImportRow,
    ImportStatus,
    Outcome,
    Person,
    RowCorrection,
    RowVerdict,
)
from people.operations.imports import TAKEABLE
from people.operations.watching import note_rows

WINDOW = 50
SAMPLE_ROWS = 5
TONES = {
    RowVerdict.NEW: "quiet", RowVerdict.UPDATE: "quiet", RowVerdict.SAME: "quiet", RowVerdict.AMBIGUOUS: "waits",
    RowVerdict.REPEATED: "caution", RowVerdict.INVALID: "stopped", RowVerdict.HOME: "caution", RowVerdict.DEAD: "caution",
    RowVerdict.EXCHANGED: "caution", RowVerdict.ERASED: "caution",
}  # fmt: skip
STATUS_TONES = {
    ImportStatus.MAPPING: "waits", ImportStatus.PREVIEW: "waits", ImportStatus.COMMITTED: "done",
    ImportStatus.REFUSED: "stopped",
}  # fmt: skip


# What happened, what is and is not written, what to do.
GAVE_UP = {
    ImportStatus.READING: gettext_lazy(
        "The file could not be read because something went wrong here; the file itself may be right. It is kept "
        "and nothing is written. Read it again; if that does not help, tell whoever keeps the server."
    ),
    ImportStatus.CHECKING: gettext_lazy(
        "The rows could not all be checked because something went wrong here. No dossier is touched. Check them "
        "again; if that does not help, tell whoever keeps the server."
    ),
    ImportStatus.COMMITTING: gettext_lazy(
        "Not every row could be taken in because something went wrong here. The rows that are taken in stay and "
        "can be undone; no other row touched a dossier. Take in the rest again; if that does not help, tell "
        "whoever keeps the server."
    ),
    ImportStatus.UNDOING: gettext_lazy(
        "Not every row could be undone because something went wrong here. The rows that are undone are as before "
        "the import; the others are still taken in. Undo again; if that does not help, tell whoever keeps the "
        "server."
    ),
}


@dataclass(frozen=True)
class ImportLine:
    url: str
    sender: str
    at: Any
    by: str
    rows: int
    status: str
    tone: str


@dataclass(frozen=True)
class StepShown:
    step: str
    label: str
    url: str
    why_not: str


@dataclass(frozen=True)
class VerdictCount:
    verdict: str
    label: str
    tone: str
    count: int
    decided: int  # of these, on how many somebody decided one by one
    url: str
    is_here: bool
    is_takeable: bool


@dataclass(frozen=True)
class Difference:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class CandidateShown:
    id: str
    url: str
    label: str
    born: str
    score: str
    why: list[str]
    values: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class CellShown:
    heading: str
    came: str
    is_corrected: bool
    value: str
    by: str
    at: str


@dataclass(frozen=True)
class RowShown:
    number: int
    url: str
    name: str
    values: list[tuple[str, str]]
    verdict: str
    label: str
    tone: str
    differences: list[Difference]
    faults: list[tuple[str, str, str]]  # the column, the reason, what stands there
    repeats: int | None
    person_url: str
    person_label: str
    candidates: int
    decision: str
    chosen: str
    outcome: str
    can_decide: bool


@dataclass(frozen=True)
class Window:
    rows: list[RowShown]
    may_choose: bool  # of some row, in the list itself
    size: int
    previous_url: str
    next_url: str


@dataclass(frozen=True)
class ImportShown:
    id: uuid.UUID
    url: str
    sender: str
    status: str
    status_label: str
    tone: str
    is_working: bool
    received: str
    by: str
    rows: int
    done: int
    work: int
    percent: int
    fault: str
    is_file_refused: bool
    steps: dict[str, StepShown]
    columns: str
    taken: int
    problems_url: str


def address_to_import(may: frozenset[str]) -> str:
    """Where lists are taken in; empty for who may not anywhere."""
    return reverse("people:imports") if May.IMPORT_PEOPLE in may else ""


def import_lines(viewer: User) -> list[ImportLine]:
    newest = Import.objects.visible_to(viewer).select_related("created_by").order_by("-created_at")[:WINDOW]
    return [
        ImportLine(
            reverse("people:import_detail", args=[of.pk]), of.sender, of.created_at, str(of.created_by), of.rows,
            of.get_status_display(), STATUS_TONES.get(ImportStatus(of.status), "quiet"),
        )
        for of in newest
    ]  # fmt: skip


def import_shown(of: Import, viewer: User) -> ImportShown:
    may = viewer.capabilities_in(of.compartment_id)
    rows = ImportRow.objects.visible_to(viewer).filter(of_import=of)
    work = of.work_rows if of.status != ImportStatus.READING else 0
    return ImportShown(
        id=of.pk,
        url=reverse("people:import_detail", args=[of.pk]),
        sender=of.sender,
        status=of.status,
        status_label=of.get_status_display(),
        tone=STATUS_TONES.get(ImportStatus(of.status), "quiet"),
        is_working=of.is_working,
        received=date_format(localtime(of.created_at), "j E Y H:i", use_l10n=False),
        by=str(of.created_by),
        rows=of.rows,
        done=of.done_rows,
        work=work,
        percent=min(100, of.done_rows * 100 // work) if work else 0,
        fault=fault_of(of),
        is_file_refused=of.status == ImportStatus.REFUSED and of.fault != "gave_up",
        steps={step: _step_shown(of, step, may) for step in TRANSITIONS},
        columns=", ".join(_columns_named(of)),
        taken=rows.filter(outcome__in=(Outcome.CREATED, Outcome.UPDATED)).count() if of.written_from else 0,
        problems_url=reverse("people:import_faults", args=[of.pk]),
    )  # fmt: skip


def _columns_named(of: Import) -> list[str]:
    return [str(Column(of.columns[place]).label) for place in sorted(of.columns, key=int)]


def fault_of(of: Import) -> str:
    if not of.fault:
        return ""
    if of.fault == "stopped":
        return _("The work stopped: %(why)s") % {"why": of.fault_given.get("why", "")}
    if of.fault == "gave_up":
        return str(GAVE_UP[ImportStatus(of.fault_given["at"])])
    return sentence_of(of.fault, of.fault_given)


def _step_shown(of: Import, step: str, may: frozenset[str]) -> StepShown:
    transition = TRANSITIONS[step]
    url = (
        reverse("people:import_columns", args=[of.pk])
        if step == "check"
        else reverse("people:import_step", args=[of.pk, step])
    )
    return StepShown(step, str(transition.label), url, transition.refusal(Attempt(of, may, asks_only=True)))


def verdict_counts(of: Import, viewer: User, here: str) -> tuple[list[VerdictCount], list[VerdictCount]]:
    """Of this import's own rows, in the order of the verdicts: of all, and of those that are not taken in yet."""
    rows = ImportRow.objects.visible_to(viewer).filter(of_import=of).order_by()
    decided, is_left = ~Q(decision=Decision.AS_JUDGED), Q(outcome__in=(Outcome.NONE, Outcome.REFUSED))
    grouped = rows.values_list("verdict").annotate(
        n=Count("pk"), decided=Count("pk", filter=decided),
        left=Count("pk", filter=is_left), left_decided=Count("pk", filter=is_left & decided),
    )  # fmt: skip
    every, left = {}, {}
    for verdict, count, of_these, count_left, of_those in grouped:
        every[verdict] = count, of_these
        if count_left:
            left[verdict] = count_left, of_those
    return _counted(of, here, every), _counted(of, here, left)


def _counted(of: Import, here: str, counted: Mapping[str, tuple[int, int]]) -> list[VerdictCount]:
    url = reverse("people:import_detail", args=[of.pk])
    return [
        VerdictCount(
            one.value, str(one.label), TONES[one], *counted[one.value], f"{url}?{urlencode({'verdict': one.value})}",
            here == one.value, one in TAKEABLE,
        )
        for one in RowVerdict
        if one.value in counted
    ]  # fmt: skip


def window_of_rows(of: Import, viewer: User, *, verdict: str = "", after: int = 0, before: int = 0) -> Window:
    rows = ImportRow.objects.visible_to(viewer).filter(of_import=of)
    if verdict in RowVerdict.values:
        rows = rows.filter(verdict=verdict)
    if before:
        found = list(rows.filter(number__lt=before).order_by("-number")[: WINDOW + 1])
        goes_on, found = len(found) > WINDOW, list(reversed(found[:WINDOW]))
        has_previous, has_next = goes_on, True
    else:
        found = list(rows.filter(number__gt=after).order_by("number")[: WINDOW + 1])
        has_previous, has_next, found = bool(after), len(found) > WINDOW, found[:WINDOW]
    asked = {"verdict": verdict} if verdict else {}
    url = reverse("people:import_detail", args=[of.pk])
    shown = rows_shown(of, found, viewer)
    return Window(
        shown, any(row.can_decide and row.verdict != RowVerdict.AMBIGUOUS for row in shown), WINDOW,
        f"{url}?{urlencode(asked | {'before': found[0].number})}" if found and has_previous else "",
        f"{url}?{urlencode(asked | {'after': found[-1].number})}" if found and has_next else "",
    )  # fmt: skip


def rows_shown(of: Import, rows: Sequence[ImportRow], viewer: User) -> list[RowShown]:
    """One query for the dossiers they mean, whatever their number."""
    note_rows_read(of, len(rows), viewer)
    whom = {pk for row in rows if (pk := row.chosen_id or row.person_id)}
    labels = dict(Person.objects.visible_to(viewer).filter(pk__in=whom).values_list("pk", "label"))
    return [_row_shown(of, row, labels) for row in rows]


def _row_shown(of: Import, row: ImportRow, labels: Mapping[uuid.UUID, str]) -> RowShown:
    whom = row.chosen_id or row.person_id
    return RowShown(
        number=row.number,
        url=reverse("people:import_row", args=[of.pk, row.number]),
        name=name_told(of, row),
        values=values_told({name: value for name, value in row.told.items() if name not in NAME_PARTS}),
        verdict=row.verdict,
        label=row.get_verdict_display(),
        tone=TONES[RowVerdict(row.verdict)],
        differences=[_difference(of, name, *change) for name, change in row.differences.items()],
        faults=[_fault(of, row, *fault) for fault in row.faults],
        repeats=row.repeats,
        person_url=reverse("people:detail", args=[whom]) if whom in labels else "",
        person_label=labels.get(whom, "") if whom else "",
        candidates=len(row.candidates),
        decision=row.decision,
        chosen=row.get_decision_display() if row.decision else "",
        outcome=row.get_outcome_display() if row.outcome else "",
        can_decide=of.status in (ImportStatus.PREVIEW, ImportStatus.COMMITTED)
        and row.outcome in (Outcome.NONE, Outcome.REFUSED) and row.verdict not in (RowVerdict.INVALID, RowVerdict.SAME),
    )  # fmt: skip


def note_rows_read(of: Import, rows: int, viewer: User) -> None:
    """Whoever sent a list in knows its rows; to anybody else they are rows of persons as on every list."""
    if of.created_by_id != viewer.pk:
        note_rows(repeat(of.compartment_id, rows), actor=viewer)


def name_told(of: Import, row: ImportRow) -> str:
    """What the row calls the person; where it cannot be read, what stands in the column of names."""
    told = row.told
    name = " ".join(filter(None, (told.get(part, "") for part in ("family", "given", "patronymic"))))
    return name or told.get("call_sign", "") or _cell_of_names(of, row)


def _cell_of_names(of: Import, row: ImportRow) -> str:
    places = [int(place) for place, column in of.columns.items() if column in NAME_COLUMNS]
    numbered = _("Row") + f" {row.number}"
    return " ".join(row.cells[place] for place in sorted(places) if place < len(row.cells)).strip() or numbered


def values_told(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """As a reader reads them: 23 April 1987, female."""
    spelt_out = dict(values)
    if born := spelt_out.get("birth_date"):
        spelt_out["birth_date"] = spelt(str(born))
    if sex := spelt_out.get("sex"):
        spelt_out["sex"] = Person.Sex(sex).label
    return shown_values(spelt_out | {name: stated_shown(name, str(values[name])) for name in STATED & values.keys()})


def stated_shown(column: str, value: str) -> str:
    if column == Column.CATEGORY:
        return ", ".join(str(Category(one).label) for one in value.split(","))
    return str(ClaimKind(value).label) if column == Column.STATUS else spelt(value)


def _difference(of: Import, name: str, before: str, after: str) -> Difference:
    if name in STATED:
        said = {"what": stated_shown(name, after), "source": of.sender}
        return Difference(str(Column(name).label), "", _("%(what)s, according to %(source)s") % said)
    labels = {"name": _("another spelling"), "other_name": _("name in another script"), "call_sign": _("call sign")}
    label = labels.get(name) or str(Person._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    if name == "birth_date":
        before, after = spelt(before), spelt(after)
    if name == "sex":
        sexes = {str(value): str(label) for value, label in Person.Sex.choices}
        before, after = sexes.get(before, before) if before else "", sexes.get(after, after)
    return Difference(label, before, after)


def _fault(of: Import, row: ImportRow, place: int, code: str, what: str) -> tuple[str, str, str]:
    quoted = (
        f"\u2068{what}\u2069" if what else ""
    )  # its own direction, whatever the reader's: #REF! fell apart in Arabic
    return heading_at(of, place), fault_sentence(code, quoted), row.cells[place] if place < len(row.cells) else ""


def heading_at(of: Import, place: int) -> str:
    heading = of.headings[place] if place < len(of.headings) else ""
    return heading or _("Column %(number)s") % {"number": place + 1}


def cells_shown(of: Import, row: ImportRow, corrections: Sequence[RowCorrection]) -> list[CellShown]:
    """As they came, and what is right instead."""
    right = {one.place: one for one in corrections}
    shown = []
    for place in range(max([len(row.cells), *(place + 1 for place in right)])):
        came = str(row.cells[place]) if place < len(row.cells) else ""
        said = right.get(place)
        by = (
            (str(said.corrected_by), date_format(localtime(said.corrected_at), "j E Y H:i", use_l10n=False))
            if said
            else ("", "")
        )
        heading = of.headings[place] if place < len(of.headings) else ""
        shown.append(CellShown(heading, came, said is not None, said.value if said else came, *by))
    return shown


def candidates_shown(row: ImportRow, viewer: User) -> list[CandidateShown]:
    """Whom it may mean, the likeliest first, as far as the viewer sees them."""
    ids = [candidate[0] for candidate in row.candidates]
    if row.person_id is not None and str(row.person_id) not in ids:
        ids = [str(row.person_id), *ids]
    persons: dict[str, Person] = {str(one.pk): one for one in Person.objects.visible_to(viewer).filter(pk__in=ids)}
    weighed = {candidate[0]: weights_kept(candidate[2]) for candidate in row.candidates}
    found = []
    for pk in ids:
        if (person := persons.get(pk)) is None:
            continue
        comparison = weighed.get(pk)
        identity = {name: getattr(person, name) for name in _COMPARED}
        found.append(
            CandidateShown(
                pk, reverse("people:detail", args=[pk]), str(person), spelt(person.birth_date),
                f"{comparison.score:.0f}" if comparison and comparison.fields else "",
                explained(comparison) if comparison else [],
                values_told(identity),
            )
        )  # fmt: skip
    return found


_COMPARED = ("birth_date", "rank", "service_number", "unit", "birth_place", "father_name", "last_residence")


def waiting_rows(viewer: User) -> "QuerySet[ImportRow]":
    """Those of which somebody has yet to say who is meant."""
    rows: QuerySet[ImportRow] = ImportRow.objects.visible_to(viewer).filter(
        verdict=RowVerdict.AMBIGUOUS,
        decision=Decision.AS_JUDGED,
        outcome__in=(Outcome.NONE, Outcome.REFUSED),
    )
    return rows


def decided_rows(viewer: User) -> "QuerySet[ImportRow]":
    """Those of which somebody said who is meant, and which are not taken in."""
    rows: QuerySet[ImportRow] = ImportRow.objects.visible_to(viewer).filter(
        decision__in=(Decision.CREATE, Decision.UPDATE), outcome=Outcome.NONE
    )
    return rows


def next_to_settle(of: Import, viewer: User, after: int) -> str:
    """Where the next row is that waits for somebody; empty when all are settled."""
    waiting = waiting_rows(viewer).filter(of_import=of)
    row = waiting.filter(number__gt=after).order_by("number").first() or waiting.order_by("number").first()
    return reverse("people:import_row", args=[of.pk, row.number]) if row else ""


def sample_of(of: Import, place: int) -> list[str]:
    """The first things that stand in a column, beneath the headings."""
    cells = (cells[place] for number, cells in of.top_rows if number > of.heading_row and place < len(cells))
    return [cell for cell in cells if cell.strip()][:SAMPLE_ROWS]
