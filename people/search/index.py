"""Keeping both indexes, of the search box and of the matcher: in the transaction of whatever changes what they are made from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from core.pouring import pour_values
from people.matching import index as matching
from people.models import Name, Person, SearchKey
from people.search.words import Reader, Spelt

BATCH = 1_000


def index_new(persons: Sequence[Person], names: Mapping[Any, Sequence[Name]]) -> None:
    """Of dossiers that neither index holds yet; `names` by the person's id."""
    reader = Reader()
    rows = (row for person in persons for row in rows_of(person, names.get(person.pk, ()), reader))
    values = ((row.compartment_id, row.person_id, row.key, row.place) for row in rows)
    pour_values(SearchKey, ("compartment_id", "person_id", "key", "place"), values)
    matching.keep_new(persons, names)


def index_again(*persons: Person) -> None:
    """After a change of what they are found by."""
    SearchKey.objects.unscoped("of dossiers in hand").filter(person__in=persons).delete()
    matching.forget(persons)
    index_new(persons, _names_of(persons))


def rebuilt(batch: int = BATCH) -> Iterator[int]:
    """Every dossier's keys anew, so many at a time; tells how many are done."""
    done = 0
    remaining = iter(Person.objects.unscoped("the index of every dossier").order_by("pk").iterator(batch))
    while persons := list(islice(remaining, batch)):
        index_again(*persons)
        done += len(persons)
        yield done


def rows_of(person: Person, names: Iterable[Name], reader: Reader) -> Iterator[SearchKey]:
    spelt = [Spelt(n.family, n.given, n.patronymic, n.kind == Name.Kind.CALL_SIGN) for n in names]
    for key, place in reader.keys_of(spelt, person.birth_date, person.service_number).items():
        yield SearchKey(compartment_id=person.compartment_id, person_id=person.pk, key=key, place=place)


def _names_of(persons: Sequence[Person]) -> dict[Any, list[Name]]:
    found: dict[Any, list[Name]] = {}
    for name in Name.objects.unscoped("of dossiers in hand").filter(person__in=persons):
        found.setdefault(name.person_id, []).append(name)
    return found
