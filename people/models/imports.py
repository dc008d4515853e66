"""Lists that somebody sent: the file, what its columns mean, and every row as it came, with what became of it."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented
from core.text import check_name_text


class ImportStatus(models.TextChoices):
    READING = "reading", _("being read")
    REFUSED = "refused", _("not readable")
    MAPPING = "mapping", _("columns to be confirmed")
    CHECKING = "checking", _("being checked")
    PREVIEW = "preview", _("checked, nothing taken yet")
    COMMITTING = "committing", _("being taken in")
    COMMITTED = "committed", _("taken in")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")
    DISCARDED = "discarded", _("laid aside")


class RowVerdict(models.TextChoices):
    """What one row is, as far as the registry knows."""

    NEW = "new", _("new")
    UPDATE = "update", _("update")
    SAME = "same", _("nothing new")
    AMBIGUOUS = "ambiguous", _("to be settled")
    REPEATED = "repeated", _("again in this file")
    INVALID = "invalid", _("cannot be taken")
    HOME = "home", _("already home")
    DEAD = "dead", _("reported dead")
    EXCHANGED = "exchanged", _("already exchanged")
    ERASED = "erased", _("erased earlier")


class Decision(models.TextChoices):
    """What a person chose for a row; empty: as its verdict goes."""

    AS_JUDGED = "", _("as judged")
    CREATE = "create", _("a new dossier")
    UPDATE = "update", _("into this dossier")
    LEAVE = "leave", _("leave it out")


class RowOutcome(models.TextChoices):
    NONE = "", _("not taken")
    CREATED = "created", _("dossier opened")
    UPDATED = "updated", _("dossier changed")
    UNCHANGED = "unchanged", _("nothing to change")
    REFUSED = "refused", _("not taken: it changed since the preview")


class Import(Compartmented):
    """One file. Its status and `done_through` are the queue: whatever is killed, a sweep goes on from here."""

    sender = models.CharField(_("sent by"), max_length=120, validators=[check_name_text])
    kind = models.CharField(max_length=4, default="", blank=True)  # csv or xlsx
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    sheets = models.JSONField(default=list, blank=True)
    sheet = models.CharField(_("sheet"), max_length=64, blank=True)
    heading_row = models.PositiveIntegerField(_("row with the headings"), default=0)
    headings = models.JSONField(default=list, blank=True)
    top_rows = models.JSONField(default=list, blank=True)  # the first rows, to map the columns by
    columns = models.JSONField(default=dict, blank=True)  # number of the column → what it holds
    month_first = models.BooleanField(_("dates are written month first"), default=False)
    given_name_first = models.BooleanField(_("whole names begin with the first name"), default=False)
    taken_verdicts = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=12, choices=ImportStatus, default=ImportStatus.READING)
    fault = models.CharField(max_length=40, blank=True)  # a code of core.sheets.faults, `stopped` or `gave_up`
    fault_given = models.JSONField(default=dict, blank=True)
    rows = models.PositiveIntegerField(default=0)
    work_rows = models.PositiveIntegerField(default=0)  # how many there are to do in this status
    done_through = models.PositiveIntegerField(default=0)  # the number of the last row that is done in this status
    done_rows = models.PositiveIntegerField(default=0)
    judged_at_position = models.PositiveBigIntegerField(default=0)  # of the log: has anybody written since?
    written_from = models.PositiveBigIntegerField(default=0)  # of the log: where it began to write
    worked_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)  # turns begun since anything was done
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    acted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.IMPORT_PEOPLE,)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ImportStatus.values), name="import_status_known")
        ]
        indexes = [models.Index(fields=["status", "worked_at"])]

    def __str__(self) -> str:
        return self.sender

    @property
    def is_working(self) -> bool:
        return self.status in AT_WORK


AT_WORK = (ImportStatus.READING, ImportStatus.CHECKING, ImportStatus.COMMITTING, ImportStatus.UNDOING)


class ImportRow(Compartmented):
    """One row as it came; `cells` are never changed."""

    of_import = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="rows_read", db_index=False)
    number = models.PositiveIntegerField()
    cells = models.JSONField()
    told = models.JSONField(default=dict)  # what the cells say, by field
    faults = models.JSONField(default=list)  # [column, code, what was there]
    key = models.CharField(max_length=32, blank=True, default="")  # of what is told: the same row in another file
    verdict = models.CharField(max_length=10, choices=RowVerdict)
    differences = models.JSONField(default=dict)  # field → [before, after]
    candidates = models.JSONField(default=list)  # [person, score, [why]]
    repeats = models.PositiveIntegerField(null=True)  # the earlier row of this file that says the same person
    person_id = models.UUIDField(null=True)  # whom it means, or who will be made of it
    chosen_id = models.UUIDField(null=True)  # the same, where a person decided otherwise
    decision = models.CharField(max_length=8, choices=Decision, blank=True, default="")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    outcome = models.CharField(max_length=10, choices=RowOutcome, blank=True, default="")
    undo: Any = models.JSONField(null=True)  # what stood there before

    read_capability: ClassVar[tuple[str, ...]] = (May.IMPORT_PEOPLE,)

    class Meta:
        ordering = ["of_import", "number"]
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of an import")
        constraints = [
            models.UniqueConstraint(fields=["of_import", "number"], name="import_row_once"),
            models.CheckConstraint(condition=models.Q(verdict__in=RowVerdict.values), name="import_row_verdict_known"),
        ]
        indexes = [  # home asks for these few of very many
            models.Index(
                fields=["of_import", "number"], name="import_row_to_settle",
                condition=models.Q(verdict=RowVerdict.AMBIGUOUS, decision=""),
            ),
            models.Index(
                fields=["of_import", "number"], name="import_row_to_take",
                condition=models.Q(decision__in=[Decision.CREATE, Decision.UPDATE], outcome=""),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.number)


class RowCorrection(Compartmented):
    """What is right in a cell that was wrong. It outlives a row, which is read anew when columns are named again."""

    of_import = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    place = models.PositiveIntegerField()  # of the column, from 0
    value = models.TextField(blank=True)
    corrected_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    corrected_at = models.DateTimeField()

    read_capability: ClassVar[tuple[str, ...]] = (May.IMPORT_PEOPLE,)

    class Meta:
        verbose_name = _("correction of a cell")
        verbose_name_plural = _("corrections of cells")
        constraints = [models.UniqueConstraint(fields=["of_import", "number", "place"], name="cell_corrected_once")]

    def __str__(self) -> str:
        return f"{self.number}/{self.place}"


class SenderColumns(Compartmented):
    """What one sender's headings meant the last time, so that it is said once."""

    sender = models.CharField(max_length=120)  # as it is compared
    meanings = models.JSONField(default=dict)  # heading → what each column of that name holds; empty: nothing
    month_first = models.BooleanField(default=False)
    given_name_first = models.BooleanField(default=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.IMPORT_PEOPLE,)

    class Meta:
        verbose_name = _("columns of a sender")
        verbose_name_plural = _("columns of senders")
        constraints = [models.UniqueConstraint(fields=["compartment", "sender"], name="sender_columns_once")]

    def __str__(self) -> str:
        return self.sender
