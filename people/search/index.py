"""Keeping both indexes, of the search box and of the matcher: in the transaction of whatever changes what they are made from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from core.pouring import pour_values
from people.matching import index as matching
from people.models import Identifier, Name, Person, SearchKey
from people.search.words import Reader, Spelt

BATCH = 1_000
NONE: Mapping[Any, Sequence[Identifier]] = {}


def index_new(
    persons: Sequence[Person], names: Mapping[Any, Sequence[Name]], numbers: Mapping[Any, Sequence[Identifier]] = NONE
) -> None:
    """Of dossiers that neither index holds yet; `names` and `numbers` by the person's id."""
    reader = Reader()
    rows = (
        row
        for person in persons
        for row in rows_of(person, names.get(person.pk, ()), reader, numbers.get(person.pk, ()))
    )
    values = ((row.compartment_id, row.person_id, row.key, row.place) for row in rows)
    pour_values(SearchKey, ("compartment_id", "person_id", "key", "place"), values)
    matching.keep_new(persons, names, numbers)


def index_again(*persons: Person) -> None:
    """After a change of what they are found by."""
    SearchKey.objects.unscoped("of dossiers in hand").filter(person__in=persons).delete()
    matching.forget(persons)
    index_new(persons, _rows_of(Name, persons), _rows_of(Identifier, persons))


def rebuilt(batch: int = BATCH) -> Iterator[int]:
    """Every dossier's keys anew, so many at a time; tells how many are done."""
    done = 0
    remaining = iter(Person.objects.unscoped("the index of every dossier").order_by("pk").iterator(batch))
    while persons := list(islice(remaining, batch)):
        index_again(*persons)
        done += len(persons)
        yield done


def rows_of(
    person: Person, names: Iterable[Name], reader: Reader, numbers: Iterable[Identifier] = ()
) -> Iterator[SearchKey]:
    spelt = [Spelt(n.family, n.given, n.patronymic, n.kind == Name.Kind.CALL_SIGN) for n in names]
    known_by = (person.service_number, *(row.value for row in numbers))
    for key, place in reader.keys_of(spelt, person.birth_date, *known_by).items():
        yield SearchKey(compartment_id=person.compartment_id, person_id=person.pk, key=key, place=place)


def _rows_of(model: Any, persons: Sequence[Person]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in model.objects.unscoped("of dossiers in hand").filter(person__in=persons):
        found.setdefault(row.person_id, []).append(row)
    return found
