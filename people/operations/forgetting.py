"""What an erasure takes besides the dossier: rows of lists that speak of this person, and searches for them."""

from collections.abc import Iterable, Iterator
from functools import partial
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from access.roles import May
from core import uploads
from core.folding import tokens
from people.erasure import phrases, plain_words
from people.imports.judging import spellings
from people.models import (
    ErasedKey,
    Identifier,
    Import,
    ImportRow,
    Name,
    Person,
    RowCorrection,
    RowVerdict,
    SavedSearch,
)

Kind = ErasedKey.Kind


class Remembered:
    """How this person is called and numbered, to be found again in what others wrote."""

    def __init__(self, person: Person) -> None:
        names = Name.objects.unscoped("of one dossier under lock").filter(person=person)
        self.names = [(name.family, name.given, name.patronymic) for name in names]
        numbers = Identifier.objects.unscoped("the same").filter(person=person).values_list("value", flat=True)
        self.numbers = {bare for number in (person.service_number, *numbers) if (bare := _bare(number))}
        self.birth_date = person.birth_date
        self.phrases = set(phrases(self.names, person.birth_date, self.numbers))
        self.words = [words for name in self.names if len(words := set(tokens(" ".join(name[:2])))) > 1]
        self.called = [called for name in self.names if (called := set(tokens(name[0] or name[1])))]

    def is_told(self, told: dict[str, str]) -> bool:
        """By a number, by a name with the birth date, by a name alone where the row has no date."""
        names = [one.parts for one in spellings(told)]
        said = phrases(names, told.get("birth_date", ""), [told.get("service_number", "")])
        return any(one in self.phrases and (one[0] != Kind.NAME or not told.get("birth_date")) for one in said)

    def stands_in(self, row: ImportRow) -> bool:
        """Of a row that could not be read as it should: its words, whatever column they stand in."""
        said = set(tokens(" ".join(map(str, row.cells))))
        born = row.told.get("birth_date", "")
        return (not born or not self.birth_date or born == self.birth_date) and any(one <= said for one in self.words)

    def is_sought(self, text: str) -> bool:
        said = set(tokens(text))
        return any(one <= said for one in self.called) or not self.numbers.isdisjoint({_bare(text), *plain_words(text)})


def rows_of_lists(person: Person) -> Iterable[models.Model]:
    """The rows go with what was corrected in them, and so do the files they stood in, whoever else stands there."""
    known = Remembered(person)
    rows = list(_rows_about(person, known))
    _forget_why_work_stopped(person)
    corrected = Q(pk=None)
    for of, numbers in _by_import(rows).items():
        Import.objects.unscoped("the same half's").filter(pk=of).update(top_rows=[])
        transaction.on_commit(partial(uploads.remove, of), robust=True)
        corrected |= Q(of_import=of, number__in=numbers)
    return [*rows, *RowCorrection.objects.unscoped("of these rows").filter(corrected)]


def kept_searches(person: Person) -> Iterable[models.Model]:
    """Whoever keeps them. A namesake's is lost as well, and is soon typed again."""
    known = Remembered(person)
    for saved in SavedSearch.objects.unscoped("for an erasure").select_related("owner"):
        is_here = saved.compartment_id == person.compartment_id
        if any(map(known.is_sought, (saved.label, *map(str, saved.asked.values())))) and (
            is_here or May.READ_NAMES in saved.owner.capabilities_in(person.compartment_id)
        ):
            yield saved


def _rows_about(person: Person, known: Remembered) -> Iterator[ImportRow]:
    half = _half(person)
    mean = half.filter(Q(person_id=person.pk) | Q(chosen_id=person.pk))
    found = {row.pk: row for row in mean}
    for row in _of_nobody_else(person, _may_be_about(person, known, half)):
        found.setdefault(row.pk, row)
    again = Q(pk=None)
    for of, numbers in _by_import(found.values()).items():
        again |= Q(of_import=of, repeats__in=numbers)
    for row in _of_nobody_else(person, half.filter(again)):
        found.setdefault(row.pk, row)
    yield from found.values()


def _may_be_about(person: Person, known: Remembered, half: "QuerySet[ImportRow]") -> Iterator[ImportRow]:
    as_text = half.filter(verdict=RowVerdict.AMBIGUOUS).annotate(named=Cast("candidates", TextField()))
    yield from as_text.filter(named__contains=str(person.pk))
    yield from (row for row in half.filter(verdict=RowVerdict.INVALID) if known.stands_in(row))
    numbered = half.filter(told__has_key="service_number").annotate(said=KT("told__service_number"))
    numbers = numbered.values_list("pk", "said").iterator() if known.numbers else ()
    same_number = [pk for pk, said in numbers if _bare(str(said)) in known.numbers]
    undated = ~Q(told__has_key="birth_date")
    dated = Q(told__birth_date=person.birth_date) if person.birth_date else Q(pk=None)
    for row in half.filter(undated | dated | Q(pk__in=same_number)).iterator():
        if known.is_told(row.told):
            yield row


def _of_nobody_else(person: Person, rows: Iterable[ImportRow]) -> Iterator[ImportRow]:
    """Without those that are settled on another dossier: what they say is that one's."""
    rows = list(rows)
    meant = {row.pk: row.chosen_id or row.person_id for row in rows}
    others = Person.objects.unscoped("the same half's").filter(compartment=person.compartment_id)
    ids = {pk for pk in meant.values() if pk is not None and pk != person.pk}
    present = set(others.filter(pk__in=ids).values_list("pk", flat=True))
    return (row for row in rows if meant[row.pk] not in present)


def _forget_why_work_stopped(person: Person) -> None:
    """A refusal to undo says on whose dossiers others have worked."""
    for of in Import.objects.unscoped("the same half's").filter(compartment=person.compartment_id, fault="stopped"):
        if person.label in str(of.fault_given.get("why", "")):
            Import.objects.unscoped("the same").filter(pk=of.pk).update(fault="", fault_given={})


def _half(person: Person) -> "QuerySet[ImportRow]":
    rows: QuerySet[ImportRow] = ImportRow.objects.unscoped("of one dossier under lock").filter(
        compartment=person.compartment_id
    )
    return rows.order_by("of_import", "number")


def _by_import(rows: Iterable[ImportRow]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {}
    for row in rows:
        found.setdefault(row.of_import_id, []).append(row.number)
    return found


def _bare(number: str) -> str:
    return "".join(plain_words(number))
