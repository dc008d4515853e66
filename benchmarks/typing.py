"""A name as it is typed, letter by letter, in any script: our index beside pg_trgm, the same persons, the same keystrokes.

The persons are the seed's invented ones with more family names made of the same stems. What is typed is spelt by tables of
this file and of the seed (KMU 2010, the newspapers of Turkey, Arabic), not by those of the engine.
"""

import statistics
import uuid
from collections.abc import Callable, Iterator
from io import StringIO
from itertools import islice
from random import Random
from time import perf_counter

from django.db import connection

from access.models import Compartment, User
from access.roles import Role
from accounts.operations import create_organisation, create_party, system_user
from benchmarks.database import plain_connection
from benchmarks.measuring import AT_LEAST, MILLI, Bench, Figure, percentile
from config.scenarios.building import cast_member
from core import clock
from core.pouring import analyse, count_on, first_free_id, pour
from people.models import Name, Person, SearchKey
from people.search.finding import find
from people.search.index import rows_of
from people.search.words import Reader
from people.seeding.generator import (
    UKRAINIAN_MEN,
    UKRAINIAN_SURNAMES,
    UKRAINIAN_WOMEN,
    latin_from_ukrainian,
    ukrainian_feminine,
    ukrainian_patronymic,
)

NAME = "typing"
ABOUT = "typing a name among the most persons: p95 under pg_trgm's, the sought person in the first 20"
NEEDS = ("postgresql",)
GOAL = 1.0
SEED = 1949
FIRST = 20
CHUNK = 5_000
USERNAME = "scale-typing-clerk"
SUFFIXES = ("енко", "чук", "юк", "ський", "ів", "ак", "ець", "ин", "ишин", "івський")
TURKISH = dict(zip("абвгґдезиіїйклмнопрстуфх", "abvhgdeziiiyklmnoprstufh", strict=True)) | {
    "ж": "j", "ц": "ts", "ч": "ç", "ш": "ş", "щ": "şç", "є": "ye", "ю": "yu", "я": "ya", "ь": "", "'": "",
}  # fmt: skip
ARABIC = dict(zip("абвгґдезиіїйклмнопрстуфх", "ابفهغديزييييكلمنوبرستوفخ", strict=True)) | {
    "ж": "ج", "ц": "تس", "ч": "تش", "ш": "ش", "щ": "شتش", "є": "يي", "ю": "يو", "я": "يا", "ь": "", "'": "",
}  # fmt: skip


def measure(bench: Bench) -> list[Figure]:
    size = bench.sizes.typing
    viewer, home = _house()
    _persons(size, home, viewer, bench.tell)
    peer = _Peer(home)
    peer.fill(bench.tell)
    sought = list(_sought(home, bench.sizes.typed))
    ours, theirs = [], []
    told: dict[str, list[tuple[bool, bool]]] = {}
    for person, form, strokes in sought:
        for number, typed in enumerate(strokes):
            found, taken = _timed(lambda text: find(viewer, text)[:FIRST], typed)
            matched, took = _timed(peer.find, typed)
            ours.append(taken)
            theirs.append(took)
            if number == len(strokes) - 1:
                told.setdefault(form, []).append((person in found, person in matched))
    rows = [pair for pairs in told.values() for pair in pairs]
    share, share_of_peer = (sum(pair[i] for pair in rows) / len(rows) for i in (0, 1))
    forms = {form: [round(sum(p[i] for p in pairs) / len(pairs), 3) for i in (0, 1)] for form, pairs in told.items()}
    medians = {"p50": [round(statistics.median(times), 3) for times in (ours, theirs)]}
    return [
        Figure(
            "typing, p95", "ms", percentile(ours, 95), percentile(theirs, 95), "pg_trgm", len(ours), size, GOAL,
            more=medians,
        ),
        Figure(
            "sought person in the first 20", "share", share, share_of_peer, "pg_trgm", len(rows), size, GOAL, AT_LEAST,
            more=forms,
        ),
    ]  # fmt: skip


def _timed(ask: Callable[[str], list[uuid.UUID]], text: str) -> tuple[list[uuid.UUID], float]:
    started = perf_counter()
    found = ask(text)
    return found, (perf_counter() - started) * MILLI


def _house() -> tuple[User, Compartment]:
    """A party of its own, so that the other benchmarks see none of these persons."""
    found = User.objects.unscoped("benchmark").filter(username=USERNAME).first()
    if found is None:
        party = create_party("Typing", actor=system_user())
        body = create_organisation("Typing headquarters", kind="body", party=party, actor=system_user())
        found = cast_member(USERNAME, "Typing clerk", body, (Role.CLERK,), time_zone="UTC")
    return found, Compartment.objects.unscoped("benchmark").get(party__name="Typing", kind=Compartment.Kind.PARTY)


def _persons(size: int, home: Compartment, owner: User, tell: Callable[[str], object]) -> None:
    rows = Person.objects.unscoped("benchmark").filter(compartment=home)
    there = rows.count()
    if there >= size:
        return
    reader, invented = Reader(), islice(_invented(), there, size)
    done = there
    while chunk := list(islice(invented, CHUNK)):
        persons, names = [], []
        for pk, family, given, patronymic, born in chunk:
            person = Person(
                pk=pk, compartment=home, label=f"{family} {given} {patronymic}", birth_date=born, created_by=owner,
                created_at=clock.now(),
            )  # fmt: skip
            persons.append(person)
            names.append(
                Name(
                    pk=uuid.UUID(int=pk.int ^ 1), person=person, compartment=home, script=Name.Script.CYRILLIC, family=family,
                    given=given, patronymic=patronymic, is_preferred=True,
                )
            )  # fmt: skip
        pour(Person, persons)
        pour(Name, names)
        keys = [key for person, name in zip(persons, names, strict=True) for key in rows_of(person, [name], reader)]
        for number, key in enumerate(keys, first_free_id(SearchKey)):
            key.pk = number
        pour(SearchKey, keys)
        done += len(chunk)
        if done % 50_000 == 0:
            tell(f"persons to type: {done:,} of {size:,}")
    count_on(SearchKey)
    analyse()
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {SearchKey._meta.db_table}")


def _invented() -> Iterator[tuple[uuid.UUID, str, str, str, str]]:
    random = Random(SEED)
    stems = sorted({surname[: min(7, len(surname) - 2)] for surname in UKRAINIAN_SURNAMES})
    families = [*UKRAINIAN_SURNAMES, *(stem + suffix for stem in stems for suffix in SUFFIXES)]
    while True:
        is_woman = random.random() < 0.1
        family = families[int(len(families) * random.random() ** 1.5)]
        given = random.choice(UKRAINIAN_WOMEN if is_woman else UKRAINIAN_MEN)
        father = UKRAINIAN_MEN[int(len(UKRAINIAN_MEN) * random.random() ** 1.5)]
        born = f"{random.randint(1955, 2006)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        yield (
            uuid.UUID(int=random.getrandbits(128), version=4), ukrainian_feminine(family) if is_woman else family, given,
            ukrainian_patronymic(father, "f" if is_woman else "m"), born,
        )  # fmt: skip


def _sought(home: Compartment, count: int) -> Iterator[tuple[uuid.UUID, str, list[str]]]:
    """A person, how their name is spelt, and three keystrokes on the way to it with the last one."""
    random = Random(SEED + 1)
    rows = Person.objects.unscoped("benchmark").filter(compartment=home).order_by("pk")
    names = Name.objects.unscoped("benchmark").filter(person__in=rows.values("pk")[: count * 3]).order_by("person_id")
    forms = list(SPELT)
    for number, name in enumerate(random.sample(list(names), count)):
        form = forms[number % len(forms)]
        text = SPELT[form](f"{name.family} {name.given} {name.patronymic}", random)
        stops = sorted(random.sample(range(2, len(text)), 3))
        yield name.person_id, form, [*(text[:stop] for stop in stops), text]


def _as_it_is(text: str, random: Random) -> str:
    return text


def _given_first(text: str, random: Random) -> str:
    family, given, patronymic = text.split()
    return f"{given} {patronymic} {family}"


def _latin(text: str, random: Random) -> str:
    return latin_from_ukrainian(text)


def _turkish(text: str, random: Random) -> str:
    return _by(TURKISH, text).title()


def _arabic(text: str, random: Random) -> str:
    """As Arabic papers write it: a name of two words."""
    return " ".join(_by(ARABIC, text).split())


def _misspelt(text: str, random: Random) -> str:
    """One letter of the family name wrong, missing or exchanged with the next; never the first."""
    family, *others = text.split()
    place = random.randint(1, len(family) - 2)
    letter = random.choice("абвгдежзиіклмнопрстуфхцчшю")
    slip = random.choice(("wrong", "missing", "exchanged"))
    middle = {
        "wrong": letter + family[place + 1],
        "missing": family[place + 1],
        "exchanged": family[place + 1] + family[place],
    }
    return " ".join([family[:place] + middle[slip] + family[place + 2 :], *others])


def _by(table: dict[str, str], text: str) -> str:
    return "".join(table.get(letter, letter) for letter in text.lower())


SPELT = {
    "as written": _as_it_is, "first name first": _given_first, "Latin": _latin, "Turkish": _turkish, "Arabic": _arabic,
    "misspelt": _misspelt,
}  # fmt: skip


class _Peer:
    """pg_trgm with a GIN index on the name in both alphabets, `LIKE` and the nearest first."""

    def __init__(self, home: Compartment) -> None:
        self.home = str(home.pk)
        self.connection = plain_connection()

    def fill(self, tell: Callable[[str], object]) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("CREATE TABLE IF NOT EXISTS typing_peer (id uuid, compartment_id uuid, label text)")
            cursor.execute("SELECT count(*) FROM typing_peer")
            size = Person.objects.unscoped("benchmark").filter(compartment_id=self.home).count()
            if cursor.fetchone()[0] == size:
                return
            tell("the peer's table and index")
            cursor.execute("TRUNCATE typing_peer")
            cursor.execute("DROP INDEX IF EXISTS typing_peer_label")
            rows = Person.objects.unscoped("benchmark").filter(compartment_id=self.home).values_list("pk", "label")
            for batch in _batches(rows.iterator(CHUNK)):
                lines = (
                    f"{pk}\t{self.home}\t{f'{label} {latin_from_ukrainian(label)}'.lower()}\n" for pk, label in batch
                )
                cursor.copy_expert("COPY typing_peer FROM STDIN", StringIO("".join(lines)))
            cursor.execute("CREATE INDEX typing_peer_label ON typing_peer USING gin (label gin_trgm_ops)")
            cursor.execute("VACUUM ANALYZE typing_peer")

    def find(self, typed: str) -> list[uuid.UUID]:
        text = typed.lower()
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM typing_peer WHERE compartment_id = %s AND label LIKE %s "
                f"ORDER BY similarity(label, %s) DESC LIMIT {FIRST}",
                [self.home, f"%{text}%", text],
            )
            return [uuid.UUID(str(row[0])) for row in cursor.fetchall()]


def _batches(rows: Iterator[tuple[uuid.UUID, str]]) -> Iterator[list[tuple[uuid.UUID, str]]]:
    while batch := list(islice(rows, CHUNK)):
        yield batch
