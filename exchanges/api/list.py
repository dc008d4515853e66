"""Directions and their lists: revisions, entries, answers."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from access.doors import Answers, Body, DetailDoor, Door, Filters, ListDoor, named
from access.roles import May
from accounts.doors import CollectionDoor, FromVersion, StepDoor, once, version_meant
from core.errors import InputRefused
from core.input import Count, Ids, Strict, Text
from core.paging import by, newest_first
from core.shapes import Slug, described
from exchanges.api.bodies import ListCircumstances, StepBody, circumstances
from exchanges.lists import Line, lines_from_csv, lines_from_rows
from exchanges.models import AGREED, Answer, AnswerReason, Direction, Entry, Exchange, Revision, RevisionLine, Stance
from exchanges.operations import list as operations
from exchanges.presentation.rows import (
    ANSWER_COLUMNS,
    ENTRY_COLUMNS,
    AnswerRow,
    DirectionDetail,
    DirectionRow,
    EntryRow,
    RevisionRow,
    answer_row,
    direction_detail,
    direction_rows,
    entry_rows,
    revision_row,
    with_sides,
)
from people.models import Category


class DirectionDoor(Door):
    access = May.READ
    plural = "directions"

    def visible(self) -> "QuerySet[Direction]":
        return with_sides(Direction.objects.visible_to(self.viewer))


class DirectionFilters(Filters):
    exchange = serializers.UUIDField(required=False)


class Directions(DirectionDoor, ListDoor):
    """From a holder to a receiver; an exchange has any number of them and symmetry is never assumed."""

    order = by("exchange_id", "number")
    filters = DirectionFilters
    shape = DirectionRow

    def present(self, rows: Sequence[Direction]) -> Sequence[DirectionRow]:
        return direction_rows(rows, self.viewer)


class DirectionOne(DirectionDoor, DetailDoor):
    """One direction with its formula and whether its list can be submitted."""

    shape = DirectionDetail

    def present_one(self, row: Direction) -> DirectionDetail:
        return direction_detail(row, self.viewer)


class LineBody(Strict):
    """One line: `number` names an entry that stands already, `person` an own dossier, which stays private."""

    number = Count(required=False, min_value=1)
    family_name = Text(80)
    given_name = Text(80)
    patronymic = Text(80)
    birth_date = Text(10)
    rank = Text(80)
    service_number = Text(40)
    category = Slug(Category, required=False)
    latin_name = Text(200)
    humanitarian = serializers.BooleanField(required=False)
    person = serializers.UUIDField(required=False)


@extend_schema_field(LineBody(many=True))
class Lines(serializers.JSONField):
    """Checked by `exchanges.lists` alone, so that every door names the faults of a line alike."""


class SubmitBody(StepBody):
    lines = Lines(required=False, help_text="The whole list. Faults are named `lines.3.birth_date`, counted from 1.")
    csv = serializers.CharField(
        required=False, help_text="Or the whole list as CSV with a header row.", trim_whitespace=False
    )
    message = Text(300, help_text="What changed, in a line.")
    base = Count(help_text="The latest revision that was read; 0 before the first.")


class DirectionStep(DirectionDoor, StepDoor):
    """Submit the direction's whole list as its next revision."""

    shape = DirectionDetail
    bodies: ClassVar[Mapping[str, Body]] = {"submit": SubmitBody}

    def act(self, row: Direction, given: dict[str, Any], version: int | None) -> DirectionDetail:
        lines = _lines(given)
        operations.submit(row, lines=lines, actor=self.viewer, **{"message": ""} | circumstances(given, version))
        return direction_detail(self.visible().get(pk=row.pk), self.viewer)


def _lines(given: dict[str, Any]) -> list[Line]:
    """Taken out of the body. Raises InputRefused unless there is exactly one list."""
    rows, csv = given.pop("lines", None), given.pop("csv", None)
    if (rows is None) == (csv is None):
        sentence = _("Send the list as `lines` or as `csv`.")
        raise InputRefused(sentence, errors={"lines": [sentence]})
    if csv is not None:
        return lines_from_csv(csv)
    if not isinstance(rows, list):
        raise InputRefused(_("The lines have to be a list."), errors={"lines": [_("Not a list.")]})
    return lines_from_rows(rows)


# Revisions


class RevisionFilters(Filters):
    direction = serializers.UUIDField(required=False)
    exchange = serializers.UUIDField(required=False)

    paths = {"exchange": "direction__exchange"}


class RevisionDoor(Door):
    access = May.READ_NAMES
    plural = "revisions"
    shape = RevisionRow

    def visible(self) -> "QuerySet[Revision]":
        rows: QuerySet[Revision] = Revision.objects.visible_to(self.viewer)
        return rows.select_related("participant")


class Revisions(RevisionDoor, ListDoor):
    """Lists as they were submitted, immutable; their lines are `/entries/?revision=`."""

    order = newest_first("at", "id")
    filters = RevisionFilters

    def present(self, rows: Sequence[Revision]) -> Sequence[RevisionRow]:
        return [revision_row(revision) for revision in rows]


class RevisionOne(RevisionDoor, DetailDoor):
    """One revision."""

    def present_one(self, row: Revision) -> RevisionRow:
        return revision_row(row)


# Entries


class EntryFilters(Filters):
    direction = serializers.UUIDField(required=False)
    exchange = serializers.UUIDField(required=False)
    tranche = serializers.UUIDField(required=False)
    revision = serializers.UUIDField(required=False)
    number = Count(required=False)
    category = Slug(Category, required=False)
    humanitarian = serializers.BooleanField(required=False)
    agreed = serializers.BooleanField(required=False)
    holder_stance = Slug(Stance, required=False)
    receiver_stance = Slug(Stance, required=False)

    paths = {"exchange": "direction__exchange", "humanitarian": "is_humanitarian"}


class EntryDoor(Door):
    access = May.READ_NAMES
    plural = "entries"
    shape = EntryRow

    def visible(self) -> "QuerySet[Entry]":
        rows: QuerySet[Entry] = Entry.objects.visible_to(self.viewer)
        return rows


class Entries(EntryDoor, ListDoor):
    """Lines of the lists as disclosed, with the latest stance of both sides."""

    order = by("direction_id", "number")
    filters = EntryFilters
    model, columns = Entry, ENTRY_COLUMNS

    def narrow(self, rows: "QuerySet[Entry]", asked: Mapping[str, Any]) -> "QuerySet[Entry]":
        asked = dict(asked)
        if revision := asked.pop("revision", None):
            lines = RevisionLine.objects.visible_to(self.viewer).filter(revision=revision)
            rows = rows.filter(pk__in=lines.values("entry_id"))
        agreed = asked.pop("agreed", None)
        if agreed is not None:
            rows = rows.filter(AGREED) if agreed else rows.exclude(AGREED)
        return super().narrow(rows, asked)

    def present(self, rows: Sequence[Any]) -> Sequence[EntryRow]:
        return entry_rows(rows, self.viewer)


class EntryOne(EntryDoor, DetailDoor):
    """One line."""

    def present_one(self, row: Entry) -> EntryRow:
        (found,) = entry_rows([row], self.viewer)
        return found


class DossierBody(FromVersion):
    person = serializers.UUIDField(help_text="An own dossier. That it is meant stays private.")


class EntryStep(EntryDoor, StepDoor):
    """Which own dossier is meant by a line, or that none is: seen by one's own side alone."""

    bodies: ClassVar[Mapping[str, Body]] = {"link": DossierBody, "unlink": FromVersion}

    def act(self, row: Entry, given: dict[str, Any], version: int | None) -> EntryRow:
        if self.step == "link":
            self._link(row, given["person"])
        else:
            operations.unlink_entry(row, actor=self.viewer)
        (found,) = entry_rows([self.visible().get(pk=row.pk)], self.viewer)
        return found

    def _link(self, row: Entry, person: Any) -> None:
        try:
            operations.link_entries(row.direction.exchange, links={row.pk: person}, actor=self.viewer)
        except InputRefused as refused:
            raise InputRefused(refused.sentence, errors={"person": [refused.sentence]}) from refused


# Answers


class AnswerFilters(Filters):
    entry = serializers.UUIDField(required=False)
    direction = serializers.UUIDField(required=False)
    exchange = serializers.UUIDField(required=False)
    participant = serializers.UUIDField(required=False)

    paths = {"direction": "entry__direction", "exchange": "entry__direction__exchange"}


class AnswerBody(ListCircumstances):
    exchange = serializers.UUIDField()
    entries = Ids(help_text="Lines of one direction.")
    stance = Slug(Stance)
    reason = Slug(AnswerReason, required=False, allow_null=True)
    field = Text(40, help_text="Which field is wrong.")
    note = Text(500)


class AnswersGiven(serializers.Serializer[Any]):
    """The new answers, one a line."""

    results = described(AnswerRow)(many=True)


class AnswerDoor(Door):
    access = May.READ_NAMES
    plural = "answers"
    shape = AnswerRow

    def visible(self) -> "QuerySet[Answer]":
        rows: QuerySet[Answer] = Answer.objects.visible_to(self.viewer)
        return rows


class AnswerList(AnswerDoor, CollectionDoor):
    """Stances on lines, with their reasons; the latest of each participant counts. POST answers lines of one direction."""

    order = by("entry_id", "sequence")
    filters = AnswerFilters
    model, columns = Answer, ANSWER_COLUMNS
    detail = AnswerRow
    body = AnswerBody

    def present(self, rows: Sequence[Any]) -> Sequence[AnswerRow]:
        return [answer_row(answer) for answer in rows]

    def post(self, request: Request, **where: Any) -> Response:
        given = self.given()
        return once(request, lambda: self.answer(given), status=201, sees=self.still_sees)

    def still_sees(self, row: Mapping[str, Any]) -> bool:
        given = {answer["id"] for answer in row["results"]}
        return self.visible().filter(pk__in=given).count() == len(given)

    def answer(self, given: dict[str, Any]) -> dict[str, Any]:
        exchange = named(Exchange.objects.visible_to(self.viewer), given.pop("exchange"), "exchange")
        about = circumstances(given, version_meant(self.request, given, exchange.version))
        about["reason"] = about.get("reason") or ""
        with transaction.atomic():  # the exchange stays locked, so that the latest answers are those given here
            answered = operations.answer(exchange, actor=self.viewer, **about)
            return {"results": self.present(self.latest(answered))}

    def latest(self, entries: Sequence[Entry]) -> list[Answer]:
        rows = self.visible().filter(entry__in=[entry.pk for entry in entries]).order_by("sequence")
        return list({answer.entry_id: answer for answer in rows}.values())

    def answers(self, method: str) -> Answers:
        return {201: AnswersGiven} if method == "POST" else super().answers(method)


class AnswerOne(AnswerDoor, DetailDoor):
    """One answer."""

    def present_one(self, row: Answer) -> AnswerRow:
        return answer_row(row)
