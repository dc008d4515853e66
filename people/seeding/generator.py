"""Invented prisoners and civilians: the same seed gives the same persons on every platform and Python version.

Only `random.Random.random()` is drawn from, because it is the one method whose sequence Python promises to keep.
Names are common ones, recombined; a person who bears one of these combinations in life is a coincidence.
"""

import datetime as dt
import re
import unicodedata
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

# What a category depends on is counted to this day: under 25, held for three years or longer.
AS_OF = dt.date(2025, 6, 2)
FIRST_CAPTURE, LAST_CAPTURE = dt.date(2022, 3, 1), dt.date(2025, 3, 31)
BORN_AFTER_IF_UNDER_25 = AS_OF.replace(year=AS_OF.year - 25).isoformat()
CAPTURED_BY_IF_LONG_HELD = AS_OF.replace(year=AS_OF.year - 3).isoformat()

# Rank, how many of a thousand soldiers hold it, the youngest age at which it is given.
RANKS = (
    ("private", 430, 18),
    ("senior private", 130, 19),
    ("corporal", 70, 19),
    ("junior sergeant", 110, 20),
    ("sergeant", 95, 21),
    ("senior sergeant", 55, 24),
    ("staff sergeant", 30, 26),
    ("warrant officer", 20, 27),
    ("senior warrant officer", 10, 30),
    ("junior lieutenant", 8, 21),
    ("lieutenant", 14, 22),
    ("senior lieutenant", 14, 24),
    ("captain", 9, 27),
    ("major", 4, 31),
    ("lieutenant colonel", 1, 36),
)
UNIT_KINDS = (
    "motorised brigade",
    "mechanised brigade",
    "rifle regiment",
    "tank battalion",
    "artillery regiment",
    "engineer battalion",
    "signals battalion",
    "territorial battalion",
    "supply battalion",
    "medical battalion",
)


@dataclass(frozen=True, slots=True)
class InventedPerson:
    sex: str
    family_name: str
    given_name: str
    patronymic: str
    family_name_latin: str
    given_name_latin: str
    patronymic_latin: str
    father_name: str
    birth_date: str
    rank: str
    service_number: str
    unit: str
    nationality: str
    captured_on: str
    category: str
    further_categories: tuple[str, ...]


def invented_persons(count: int, *, nation: str, seed: int, civilians: int = 0) -> list[InventedPerson]:
    """Return `count` distinct persons, exactly `civilians` of them civilians, or raise ValueError."""
    if nation not in NATIONS:
        raise ValueError(f"nation must be one of {', '.join(NATIONS)}, not {nation!r}.")
    if not 0 <= civilians <= count <= SERVICE_NUMBERS:
        raise ValueError(f"Cannot invent {count} persons of whom {civilians} are civilians.")
    # The two nations of one seed must not be twins in everything but name.
    rng = Random(seed * len(NATIONS) + list(NATIONS).index(nation))
    first_number = _below(rng, SERVICE_NUMBERS)
    taken: set[tuple[str, str, str, str]] = set()
    persons: list[InventedPerson] = []
    while len(persons) < count:
        # Selection sampling: whoever comes next is a civilian with the odds of those still owed.
        is_civilian = rng.random() * (count - len(persons)) < civilians
        person = _invented(rng, NATIONS[nation], is_civilian, first_number + len(persons) * SERVICE_NUMBER_STRIDE)
        identity = (person.family_name, person.given_name, person.patronymic, person.birth_date)
        if identity not in taken:
            taken.add(identity)
            persons.append(person)
            civilians -= is_civilian
    return persons


def ukrainian_patronymic(father: str, sex: str) -> str:
    """Return what a child of that father is called after him, in Ukrainian."""
    if father in _UKRAINIAN_PATRONYMICS:
        return _UKRAINIAN_PATRONYMICS[father][sex == "f"]
    if father.endswith("й"):
        return father + "ович" if sex == "m" else father[:-1] + "ївна"
    stem = father.removesuffix("о")
    return stem + "ович" if sex == "m" else stem.removesuffix("ь") + "івна"


def russian_patronymic(father: str, sex: str) -> str:
    """Return what a child of that father is called after him, in Russian."""
    if father in _RUSSIAN_PATRONYMICS:
        return _RUSSIAN_PATRONYMICS[father][sex == "f"]
    ending = "ич" if sex == "m" else "на"
    if father.endswith("ий"):
        return father[:-2] + "ьев" + ending
    if father.endswith(("й", "ь")):
        return father[:-1] + "ев" + ending
    return father + "ов" + ending


def ukrainian_feminine(family_name: str) -> str:
    """Return the surname as a woman bears it: adjectives and possessives in -ов agree, the others stay."""
    if family_name.endswith("ий"):
        return family_name[:-2] + "а"
    return family_name + "а" if family_name.endswith(("ов", "ев", "єв")) else family_name


def russian_feminine(family_name: str) -> str:
    """Return the surname as a woman bears it: adjectives and possessives in -ов, -ин agree, the others stay."""
    if family_name.endswith(("ий", "ый", "ой")):
        return family_name[:-2] + "ая"
    return family_name + "а" if family_name.endswith(("ов", "ев", "ёв", "ин", "ын")) else family_name


def latin_from_ukrainian(text: str) -> str:
    """Romanise by resolution 55 of the Cabinet of Ministers of Ukraine, 27 January 2010 (KMU 2010)."""
    text = re.sub("(?<=[Зз])г", "gh", unicodedata.normalize("NFC", text))
    text = re.sub("(?<=[Зз])Г", "GH", text)
    return _romanised(text, _KMU_2010, _KMU_2010_AT_WORD_START)


def latin_from_russian(text: str) -> str:
    """Romanise as Russian passports have since 2013: ICAO Doc 9303, part 3, section 6, Cyrillic."""
    return _romanised(unicodedata.normalize("NFC", text), _ICAO_9303, {})


def _romanised(text: str, letters: Mapping[str, str], at_word_start: Mapping[str, str]) -> str:
    latin = []
    for place, letter in enumerate(text):
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        in_word = before.isalpha() or before in _APOSTROPHES
        written = letters.get(letter.lower(), letter)
        if not in_word:
            written = at_word_start.get(letter.lower(), written)
        if letter.isupper():
            in_capitals = after.isupper() or (not after.isalpha() and before.isupper())
            written = written.upper() if in_capitals else written.capitalize()
        latin.append(written)
    return "".join(latin)


# "" is not among them: a word may start the text.
_APOSTROPHES = ("'", "’", "ʼ", "′", "`")
_KMU_2010 = dict(zip("абвгґдезиіїйклмнопрстуф", "abvhgdezyiiiklmnoprstuf", strict=True)) | {
    "є": "ie",
    "ж": "zh",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "iu",
    "я": "ia",
    "ь": "",
    **dict.fromkeys(_APOSTROPHES, ""),
}
_KMU_2010_AT_WORD_START = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_ICAO_9303 = dict(zip("абвгдеёзийклмнопрстуфыэ", "abvgdeeziiklmnoprstufye", strict=True)) | {
    "ж": "zh",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ъ": "ie",
    "ь": "",
    "ю": "iu",
    "я": "ia",
}

# Fathers whose name does not take the ordinary ending: a son's patronymic, a daughter's.
_UKRAINIAN_PATRONYMICS = {
    "Григорій": ("Григорович", "Григорівна"),
    "Ілля": ("Ілліч", "Іллівна"),
    "Кузьма": ("Кузьмович", "Кузьмівна"),
    "Лев": ("Львович", "Львівна"),
    "Лука": ("Лукич", "Луківна"),
    "Микита": ("Микитович", "Микитівна"),
    "Микола": ("Миколайович", "Миколаївна"),
    "Сава": ("Савич", "Савівна"),
    "Федір": ("Федорович", "Федорівна"),
    "Хома": ("Хомич", "Хомівна"),
    "Яків": ("Якович", "Яківна"),
    "Ярема": ("Яремович", "Яремівна"),
}
_RUSSIAN_PATRONYMICS = {
    "Георгий": ("Георгиевич", "Георгиевна"),
    "Дмитрий": ("Дмитриевич", "Дмитриевна"),
    "Илья": ("Ильич", "Ильинична"),
    "Кузьма": ("Кузьмич", "Кузьминична"),
    "Лев": ("Львович", "Львовна"),
    "Лука": ("Лукич", "Лукинична"),
    "Михаил": ("Михайлович", "Михайловна"),
    "Никита": ("Никитич", "Никитична"),
    "Павел": ("Павлович", "Павловна"),
    "Пётр": ("Петрович", "Петровна"),
    "Савва": ("Саввич", "Саввична"),
    "Фома": ("Фомич", "Фоминична"),
    "Яков": ("Яковлевич", "Яковлевна"),
}


def _words_of(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Commonest first: the draw favours the front. No surname of a known official; a test guards this.
UKRAINIAN_MEN = _words_of(
    """
    Олександр Сергій Володимир Андрій Микола Віталій Юрій Іван Олег Василь Ігор Михайло Віктор Дмитро Максим Роман
    Анатолій Руслан Богдан Петро Євген Ярослав Олексій Валерій Павло Артем Тарас Владислав Денис Вадим Антон Степан
    Станіслав Назар Григорій Леонід Костянтин В'ячеслав Валентин Едуард Кирило Данило Святослав Ростислав Геннадій
    Борис Микита Ілля Федір Орест Остап Любомир Мирослав Артур Семен Яків Тимофій Матвій Всеволод Захар Марко Лев
    Мирон Назарій Георгій Аркадій Гліб Тимур Нестор Юхим Прохор Арсен Лука Макар Зіновій Ярема Сава Кузьма
    """
)
UKRAINIAN_WOMEN = _words_of(
    """
    Олена Наталія Тетяна Ірина Оксана Світлана Юлія Марія Ольга Людмила Анна Катерина Вікторія Анастасія Галина
    Надія Інна Аліна Яна Христина Валентина Марина Лариса Любов Алла Леся Дарина Мар'яна Ганна Віра Соломія Зоряна
    Ніна Тамара Богдана Софія Уляна Руслана Лілія Діана Євгенія Поліна Роксолана Мирослава Маргарита
    """
)
UKRAINIAN_SURNAMES = _words_of(
    """
    Мельник Коваленко Ткаченко Кравець Олійник Поліщук Ткачук Лисенко Руденко Павленко Сидоренко Харченко Левченко
    Пономаренко Іваненко Василенко Карпенко Мартинюк Гаврилюк Романюк Приходько Кузьменко Панченко Федоренко
    Степаненко Ковтун Білоус Гончар Дяченко Костенко Кириленко Яковенко Назаренко Хоменко Волошин Тарасенко Мазур
    Мельничук Власенко Демченко Сорока Гордієнко Вовк Остапенко Колісник Бабенко Демчук Гуменюк Семенюк Радченко
    Нестеренко Дорошенко Чорний Білий Зінченко Онищенко Мірошниченко Андрощук Антонюк Бабич Бережний Білик Близнюк
    Бондар Борщенко Будник Вербицький Висоцький Вишневський Гаврилів Гайовий Галушко Гапоненко Герасименко Гнатюк
    Голуб Горбань Гребінь Грабовський Данилюк Дацюк Дем'яненко Денисенко Дзюба Добровольський Домбровський Дубина
    Дудник Жданюк Жук Журавель Заболотний Заєць Запорожець Здоровенко Згурський Зубко Іванків Ільченко Їжакевич
    Кабанець Калиниченко Каменюк Кисіль Кобзар Ковалів Козаченко Коломієць Комар Коротич Косенко Котляр Кочубей
    Кривенко Кулик Кушнір Лаврик Левицький Линник Лозовий Лукашенчук Луценюк Любченко Мазуренко Малиновський Марущак
    Матвієнчук Миронюк Михайленко Момот Муха Нагорний Наливайко Недашківський Некрасов Нечипоренко Никоненко Оленюк
    Олексієнко Орел Осадчий Охріменко Паламар Пащенко Перепелиця Петренко Пилипчук Підгірний Попов Потапенко Проценко
    Редько Рогожинський Романів Рябоконь Савчин Самойленко Свистун Сердюк Скиба Скляр Слободян Смоляр Собко
    Солов'яненко Стасюк Стельмах Сушко Тарнавський Титаренко Тимчук Тихоненко Ткач Третяк Троян Удовиченко Усенко
    Филипчук Хандога Цимбал Чуб Чумак Шаповал Швець Шинкаренко Шостак Щербак Юрченко Яворівський Якименко Ярошенко
    Яценко Рябчук Солодкий Дахно Бугайчук Лозинський Стеценко
    """
)
RUSSIAN_MEN = _words_of(
    """
    Александр Сергей Андрей Алексей Дмитрий Владимир Николай Иван Евгений Михаил Виктор Максим Юрий Артём Антон Роман
    Денис Игорь Олег Анатолий Павел Василий Константин Илья Никита Виталий Вячеслав Станислав Владислав Кирилл Руслан
    Валерий Даниил Егор Геннадий Вадим Борис Григорий Степан Тимур Валентин Леонид Пётр Фёдор Ринат Марат Рустам Глеб
    Семён Георгий Ярослав Матвей Эдуард Артур Аркадий Яков Тимофей Лев Захар Всеволод Марк Богдан Арсений Назар
    Святослав Савва Ильдар Рамиль Айдар Родион Герман Вениамин Трофим Прохор Лука Макар Кузьма Фома
    """
)
RUSSIAN_WOMEN = _words_of(
    """
    Елена Татьяна Наталья Ольга Ирина Анна Светлана Екатерина Юлия Мария Анастасия Марина Людмила Оксана Галина
    Надежда Виктория Валентина Дарья Любовь Александра Евгения Ксения Алёна Вера Лариса Алина Яна Кристина Нина
    Полина Диана Тамара Инна Алла Жанна Лилия Маргарита Софья Вероника Карина Эльвира Гульнара Зоя
    """
)
RUSSIAN_SURNAMES = _words_of(
    """
    Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Морозов Волков Лебедев Семёнов Егоров Павлов
    Козлов Степанов Николаев Никитин Макаров Андреев Зайцев Соловьёв Борисов Яковлев Григорьев Кузьмин Фролов
    Александров Дмитренко Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв Белов Антонов Тарасов
    Баранов Филиппов Комаров Давыдов Беляев Сидоров Матвеев Титов Марков Крылов Куликов Карпов Власов Мельников
    Денисов Гаврилов Тихонов Казаков Афанасьев Данилин Савельев Тимофеев Чернов Абрамов Мартынов Ефимов Щербаков
    Назаров Калинин Исаев Чернышёв Быков Маслов Родионов Коновалов Лазарев Воронин Климов Филатов Пономарёв Голубев
    Кудрявцев Прохоров Наумов Потапов Журавлёв Овчинников Трофимов Леонов Соболев Ермаков Колесников Емельянов
    Никифоров Грачёв Котов Гришин Ефремов Архипов Громов Малышев Панов Моисеев Румянцев Акимов Кондратьев Бирюков
    Горбунов Анисимов Ерёмин Тихомиров Галкин Лукьянов Михеев Скворцов Юдин Нестеров Симонов Харитонов Князев Цветков
    Левин Митрофанов Воронов Аксёненко Софронов Мальцев Логинов Горшков Савин Майоров Демидов Елисеев Рыбаков Сафонов
    Плотников Дёмин Хохлов Фадеев Молчанов Игнатов Ершов Дементьев Рябов Мухин Леонтьев Лобанов Кузин Корнеев
    Евдокимов Бородин Платонов Некрасов Балашов Бобров Блинов Игнатьев Коротков Муравьёв Крюков Беляков Богомолов
    Дроздов Лаврентьев Синицын Птицын Щукин Подъячев Объедков Съедин Черных Седых Русских Долгих Вознесенский
    Покровский Троицкий Преображенский Дубровский Раевский Заречный Луговой Боровой Полевой Береговой Ясный Гордый
    Хабибуллин Сафин Галиев Ахметов Юсупов Каримов Подгорный Аникин Зимин Тропинин Калмыков Лопатин
    """
)

SERVICE_NUMBERS = 10_000_000
# Shares no factor with SERVICE_NUMBERS, so no number repeats within a call.
SERVICE_NUMBER_STRIDE = 7_654_321


@dataclass(frozen=True)
class _Nation:
    nationality: str
    letter: str
    surnames: Sequence[str]
    men: Sequence[str]
    women: Sequence[str]
    feminine: Callable[[str], str]
    patronymic: Callable[[str, str], str]
    latin: Callable[[str], str]


# The cache holds invented names only; the public functions, which may meet real ones, keep nothing.
NATIONS = {
    "ukrainian": _Nation(
        nationality="Ukrainian",
        letter="U",
        surnames=UKRAINIAN_SURNAMES,
        men=UKRAINIAN_MEN,
        women=UKRAINIAN_WOMEN,
        feminine=ukrainian_feminine,
        patronymic=ukrainian_patronymic,
        latin=cache(latin_from_ukrainian),
    ),
    "russian": _Nation(
        nationality="Russian",
        letter="R",
        surnames=RUSSIAN_SURNAMES,
        men=RUSSIAN_MEN,
        women=RUSSIAN_WOMEN,
        feminine=russian_feminine,
        patronymic=russian_patronymic,
        latin=cache(latin_from_russian),
    ),
}
_RANK_STEPS = list(accumulate(share for _, share, _ in RANKS))


def _invented(rng: Random, nation: _Nation, is_civilian: bool, number: int) -> InventedPerson:
    sex = "f" if rng.random() < (0.3 if is_civilian else 0.04) else "m"
    captured = FIRST_CAPTURE + dt.timedelta(_favouring_small(rng, (LAST_CAPTURE - FIRST_CAPTURE).days + 1))
    age = _civilian_age(rng) if is_civilian else _soldier_age(rng)
    birth_date = _perhaps_partial(rng, captured - dt.timedelta(int(age * 365.25)))
    family, given, patronymic, father = _name(rng, nation, sex)
    return InventedPerson(
        sex=sex,
        family_name=family,
        given_name=given,
        patronymic=patronymic,
        family_name_latin=nation.latin(family),
        given_name_latin=nation.latin(given),
        patronymic_latin=nation.latin(patronymic),
        father_name=father,
        birth_date=birth_date,
        rank="" if is_civilian else _rank(rng, age),
        service_number="" if is_civilian else f"{nation.letter}-{number % SERVICE_NUMBERS:07}",
        unit="" if is_civilian else _unit(rng),
        nationality=nation.nationality,
        captured_on=captured.isoformat(),
        category="civilian" if is_civilian else "prisoner_of_war",
        further_categories=() if is_civilian else _further_categories(sex, birth_date, captured.isoformat()),
    )


def _name(rng: Random, nation: _Nation, sex: str) -> tuple[str, str, str, str]:
    family = nation.surnames[_favouring_small(rng, len(nation.surnames))]
    given_names = nation.men if sex == "m" else nation.women
    given = given_names[_favouring_small(rng, len(given_names))]
    father = nation.men[_favouring_small(rng, len(nation.men))]
    return family if sex == "m" else nation.feminine(family), given, nation.patronymic(father, sex), father


def _further_categories(sex: str, birth_date: str, captured_on: str) -> tuple[str, ...]:
    # As text, a partial birth date sorts before the dates it may stand for: only who is certainly under 25 counts.
    facts = {
        "under_25": birth_date > BORN_AFTER_IF_UNDER_25,
        "woman": sex == "f",
        "long_held": captured_on <= CAPTURED_BY_IF_LONG_HELD,
    }
    return tuple(category for category, holds in facts.items() if holds)


def _rank(rng: Random, age: float) -> str:
    rank, _, youngest = RANKS[bisect(_RANK_STEPS, _below(rng, _RANK_STEPS[-1]))]
    return rank if age >= youngest else "private"


def _unit(rng: Random) -> str:
    number = 600 + _below(rng, 100)
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} {UNIT_KINDS[_below(rng, len(UNIT_KINDS))]}"


def _soldier_age(rng: Random) -> float:
    return 18.1 + 42 * rng.random() * (0.4 + 0.6 * rng.random())


def _civilian_age(rng: Random) -> float:
    return 18.1 + 30 * (rng.random() + rng.random())


def _perhaps_partial(rng: Random, day: dt.date) -> str:
    luck = rng.random()
    return day.isoformat()[: 4 if luck < 0.01 else 7 if luck < 0.02 else 10]


def _below(rng: Random, limit: int) -> int:
    return int(rng.random() * limit)


def _favouring_small(rng: Random, limit: int) -> int:
    luck = rng.random()
    # Not luck ** 1.5: only products round alike on every platform.
    return int(luck * (0.4 + 0.6 * luck) * limit)
