"""A registry of invented persons, and a list of some of them as another side would send it, with the answers.

Two sources of names: `wheels` (the lists in the packages faker and mimesis; what is measured) and `ours` (people/seeding; what
the weights are fitted on). The engine's own tables were made from neither. How a row is spoilt is the same for both, in other
shares.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any

from benchmarks.romanising import RUSSIAN, UKRAINIAN, Romaniser
from people.seeding import generator

PERSON = ("id", "family_name", "given_name", "patronymic", "birth_date", "rank", "unit", "service_number")
ROW = ("row_id", "name", *PERSON[1:])

# As Russian writes a Ukrainian first name, and the reverse: pairs of the two countries' registers of births.
PAIRS = """
    Олександр:Александр Сергій:Сергей Володимир:Владимир Андрій:Андрей Микола:Николай Віталій:Виталий Юрій:Юрий
    Іван:Иван Василь:Василий Ігор:Игорь Михайло:Михаил Віктор:Виктор Дмитро:Дмитрий Анатолій:Анатолий Петро:Пётр
    Євген:Евгений Олексій:Алексей Валерій:Валерий Павло:Павел Станіслав:Станислав Григорій:Григорий Леонід:Леонид
    Костянтин:Константин Кирило:Кирилл Данило:Даниил Геннадій:Геннадий Микита:Никита Ілля:Илья Федір:Фёдор Яків:Яков
    Тимофій:Тимофей Матвій:Матвей Назарій:Назарий Георгій:Георгий Аркадій:Аркадий Гліб:Глеб Юхим:Ефим Йосип:Иосиф
    Антін:Антон Пилип:Филипп Гаврило:Гавриил Лаврентій:Лаврентий
"""
RUSSIAN_FOR = dict(pair.split(":") for pair in PAIRS.split())
UKRAINIAN_FOR = {russian: ukrainian for ukrainian, russian in RUSSIAN_FOR.items()}
TO_RUSSIAN = str.maketrans("иіїєґИІЇЄҐ", "ыиеегЫИЕЕГ")
TO_UKRAINIAN = str.maketrans("ыиэеёЫИЭЕЁ", "иіееьИІЕЕО")
UNITS = (
    "ОМБр",
    "окрема механізована бригада",
    "мотострілецька бригада",
    "десантный полк",
    "танковий батальйон",
    "бригада морской пехоты",
)
RANKS = (
    "солдат",
    "старший солдат",
    "сержант",
    "старший сержант",
    "лейтенант",
    "капітан",
    "майор",
    "рядовой",
    "ефрейтор",
    "прапорщик",
)


@dataclass(frozen=True)
class Shares:
    """How often a row is spoilt in each way."""

    absent: float = 0.2
    other_language: float = 0.12
    romanised: float = 0.6
    whole_name: float = 0.2
    swapped: float = 0.08
    no_patronymic: float = 0.3
    initials: float = 0.06
    slip_in_family: float = 0.18
    slip_in_given: float = 0.08
    slip_in_patronymic: float = 0.06
    no_birth_date: float = 0.12
    only_year: float = 0.1
    only_month: float = 0.04
    day_and_month_exchanged: float = 0.05
    digit_wrong: float = 0.06
    number_told: float = 0.25
    number_wrong: float = 0.1
    unit_told: float = 0.5
    rank_told: float = 0.5
    rank_changed: float = 0.2


MEASURED = Shares()
FITTED = Shares(
    absent=0.0, whole_name=0.3, swapped=0.06, no_patronymic=0.25, slip_in_family=0.15, no_birth_date=0.1, number_told=0.3,
)  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Of one nation: whole lists, and how often each is drawn."""

    families: Sequence[str]
    given: Sequence[str]
    patronymics: Sequence[str]
    romanisers: Mapping[str, Romaniser]
    is_ukrainian: bool
    weights: dict[str, list[float]] = field(default_factory=dict)


def wheels(rng: Random) -> list[Names]:
    """The men's lists of faker and mimesis, in both languages."""
    from faker.providers.person import ru_RU, uk_UA  # type: ignore[import-not-found,unused-ignore]

    told = {code: _mimesis(code) for code in ("uk", "ru")}
    ukrainian, russian = uk_UA.Provider, ru_RU.Provider
    return [
        _names(
            rng, [*ukrainian.last_names_male, *told["uk"]["surnames"]["male"]],
            [*ukrainian.first_names_male, *told["uk"]["names"]["male"][:150]], list(ukrainian.middle_names_male),
            UKRAINIAN, is_ukrainian=True,
        ),
        _names(
            rng, [*russian.last_names_male, *told["ru"]["surnames"]["male"]],
            [*russian.first_names_male, *told["ru"]["names"]["male"]], list(russian.middle_names_male),
            RUSSIAN, is_ukrainian=False,
        ),
    ]  # fmt: skip


def _mimesis(code: str) -> dict[str, Any]:
    import json
    from importlib.resources import files

    told: dict[str, Any] = json.loads((files("mimesis") / "datasets" / code / "person.json").read_text("utf-8"))
    return told


def ours(rng: Random) -> list[Names]:
    """The lists of people/seeding, with patronymics made by its rules."""
    return [
        _names(
            rng, nation.surnames, nation.men, [nation.patronymic(father, "m") for father in nation.men],
            UKRAINIAN if name == "ukrainian" else RUSSIAN, is_ukrainian=name == "ukrainian",
        )
        for name, nation in generator.NATIONS.items()
    ]  # fmt: skip


def _names(
    rng: Random,
    families: Iterable[str],
    given: Iterable[str],
    patronymics: Iterable[str],
    romanisers: Mapping[str, Romaniser],
    *,
    is_ukrainian: bool,
) -> Names:
    names = Names(
        _shuffled(rng, families), _shuffled(rng, given), _shuffled(rng, patronymics), romanisers, is_ukrainian
    )
    for kind, exponent in (("families", 0.6), ("given", 1.0), ("patronymics", 1.0)):
        count = len(getattr(names, kind))
        names.weights[kind] = list(accumulate(1 / (place + 3) ** exponent for place in range(count)))
    return names


def _shuffled(rng: Random, names: Iterable[str]) -> list[str]:
    kept = sorted({name.replace("\u0301", "").replace("’", "'") for name in names if " " not in name})
    rng.shuffle(kept)
    return kept


@dataclass
class World:
    """`registry` and `rows` as the two files have them; `answers` by row id, empty for who is not in the registry."""

    registry: list[tuple[str, ...]]
    rows: list[tuple[str, ...]]
    answers: dict[str, str]


def world(
    persons: int, rows: int, *, seed: int, names: Callable[[Random], list[Names]] = wheels, shares: Shares = MEASURED
) -> World:
    rng = Random(f"{seed} {names.__name__}")
    nations = names(rng)
    everybody = [_person(rng, nations, number) for number in range(persons)]
    made, answers = [], {}
    for number in range(rows):
        is_absent = rng.random() < shares.absent
        nation, person = (
            _person(rng, nations, persons + number) if is_absent else everybody[int(rng.random() * persons)]
        )
        row = Spoiling(rng, nation, shares).row(f"r{number}", person)
        answers[row[0]] = "" if is_absent else person[0]
        made.append(row)
    return World([person for _nation, person in everybody], made, answers)


def _person(rng: Random, nations: list[Names], number: int) -> tuple[Names, tuple[str, ...]]:
    nation = nations[rng.random() < 0.5]

    def drawn(kind: str) -> str:
        names: Sequence[str] = getattr(nation, kind)
        return rng.choices(names, cum_weights=nation.weights[kind])[0]

    year = 1965 + int(40 * rng.random())
    born = f"{year}-{1 + int(12 * rng.random()):02}-{1 + int(28 * rng.random()):02}"
    unit = f"{1 + int(160 * rng.random())} {rng.choice(UNITS)}"
    letters = "".join(rng.choice("АВЕКМНОРСТ") for _letter in range(2))
    return nation, (
        f"p{number}", drawn("families"), drawn("given"), drawn("patronymics"), born, rng.choice(RANKS), unit,
        f"{letters}-{int(rng.random() * 1_000_000):06}",
    )  # fmt: skip


class Spoiling:
    """One row as somebody else wrote it."""

    def __init__(self, rng: Random, nation: Names, shares: Shares) -> None:
        self.rng, self.nation, self.shares = rng, nation, shares

    def happens(self, what: str) -> bool:
        share: float = getattr(self.shares, what)
        return self.rng.random() < share

    def row(self, row_id: str, person: Sequence[str]) -> tuple[str, ...]:
        _id, family, given, patronymic, born, rank, unit, number = person
        name = self._written([family, given, patronymic])
        if self.happens("no_patronymic"):
            name[2] = ""
        for place, what in enumerate(("slip_in_family", "slip_in_given", "slip_in_patronymic")):
            if name[place] and self.happens(what):
                name[place] = self._slip(name[place])
        if self.happens("initials"):
            name[1], name[2] = name[1][:1] + ".", name[2] and name[2][:1] + "."
        if self.happens("swapped"):
            name[0], name[1] = name[1], name[0]
        whole = ""
        if self.happens("whole_name"):
            order = self.rng.choice([(0, 1, 2), (0, 1, 2), (1, 2, 0)])
            whole, name = " ".join(filter(None, (name[place] for place in order))), ["", "", ""]
        rank = self.rng.choice(RANKS) if self.happens("rank_changed") else rank
        return (
            row_id, whole, *name, self._birth_date(born), rank if self.happens("rank_told") else "",
            unit if self.happens("unit_told") else "", self._number(number) if self.happens("number_told") else "",
        )  # fmt: skip

    def _written(self, name: list[str]) -> list[str]:
        nation = self.nation
        romanisers = nation.romanisers
        if self.happens("other_language"):
            pairs, letters = (RUSSIAN_FOR, TO_RUSSIAN) if nation.is_ukrainian else (UKRAINIAN_FOR, TO_UKRAINIAN)
            name = [pairs.get(part, part.translate(letters)) for part in name]
            romanisers = RUSSIAN if nation.is_ukrainian else UKRAINIAN
        if self.happens("romanised"):
            romanised = self.rng.choice(list(romanisers.values()))
            name = [romanised(part, self.rng) for part in name]
        return [part.upper() for part in name] if self.rng.random() < 0.1 else name

    def _slip(self, word: str) -> str:
        place = int(self.rng.random() * (len(word) - 1)) + 1 if len(word) > 1 else 0
        letter = self.rng.choice(word).lower()
        match self.rng.choice("soid"):
            case "s":
                return word[:place] + letter + word[place + 1 :]
            case "i":
                return word[:place] + letter + word[place:]
            case "d" if len(word) > 2:
                return word[:place] + word[place + 1 :]
        return (
            word[: place - 1] + word[place : place + 1] + word[place - 1 : place] + word[place + 1 :] if place else word
        )

    def _birth_date(self, born: str) -> str:
        if self.happens("no_birth_date"):
            return ""
        if self.happens("only_year"):
            return born[:4]
        if self.happens("only_month"):
            return born[:7]
        year, month, day = born.split("-")
        if self.happens("day_and_month_exchanged") and int(day) <= 12:
            return f"{year}-{day}-{month}"
        if self.happens("digit_wrong"):
            place = self.rng.choice([3, 9, 9, 6])
            return born[:place] + self._digit(born, place) + born[place + 1 :]
        return born

    def _digit(self, born: str, place: int) -> str:
        """One that still makes a date."""
        allowed = {3: "0123456789", 6: "12" if born[5] == "1" else "123456789", 9: "12345678"}[place]
        return self.rng.choice([digit for digit in allowed if digit != born[place]] or [born[place]])

    def _number(self, number: str) -> str:
        if self.happens("number_wrong"):
            place = 3 + int(6 * self.rng.random())
            number = number[:place] + self.rng.choice("0123456789") + number[place + 1 :]
        return number if self.rng.random() < 0.7 else number.replace("-", self.rng.choice(["", " "]))
