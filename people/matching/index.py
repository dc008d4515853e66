"""The keys of dossiers as rows; `people.search.index` keeps them together with its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core.pouring import pour_values
from people.matching.keys import hashed, keys_of
from people.matching.record import Lexicon, Read, Record, Spelt, read
from people.models import Identifier, MatchKey, Name, Person


def keep_new(
    persons: Iterable[Person], names: Mapping[Any, Sequence[Name]], numbers: Mapping[Any, Sequence[Identifier]]
) -> None:
    """Of dossiers that have no keys yet; `names` and `numbers` by the person's id."""
    lexicon = Lexicon()
    rows = (
        row
        for person in persons
        for row in rows_of(person, names.get(person.pk, ()), lexicon, numbers.get(person.pk, ()))
    )
    values = ((row.compartment_id, row.person_id, row.key) for row in rows)
    pour_values(MatchKey, ("compartment_id", "person_id", "key"), values)


def forget(persons: Sequence[Person]) -> None:
    MatchKey.objects.unscoped("of dossiers in hand").filter(person__in=persons).delete()


def rows_of(
    person: Person, names: Iterable[Name], lexicon: Lexicon, numbers: Iterable[Identifier] = ()
) -> Iterator[MatchKey]:
    for key in sorted(map(hashed, keys_of(as_read(person, names, lexicon, numbers)))):
        yield MatchKey(compartment_id=person.compartment_id, person_id=person.pk, key=key)


def as_read(person: Person, names: Iterable[Name], lexicon: Lexicon, numbers: Iterable[Identifier] = ()) -> Read:
    return read(record_of(person, names, numbers), lexicon)


def record_of(person: Person, names: Iterable[Name], numbers: Iterable[Identifier] = ()) -> Record:
    """Every name of the dossier; who tells no patronymic is called after the father that the dossier names."""
    spelt = tuple(dict.fromkeys(_spelt(name, person.father_name) for name in names))
    family, given, patronymic = spelt[0] if spelt else ("", "", "")
    return Record(
        family, given, patronymic, person.birth_date, person.rank, person.unit, person.service_number,
        other_names=spelt[1:], numbers=tuple((row.kind, row.value) for row in numbers),
    )  # fmt: skip


def _spelt(name: Name, father_name: str) -> Spelt:
    return name.family, name.given, name.patronymic or father_name
