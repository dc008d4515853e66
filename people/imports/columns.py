"""Which column means what: the guess by the words of its heading, in the languages that lists come in."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

HEADING_IS_AMONG = 30  # rows at the top of a table
Row = tuple[int, list[str]]
Remembered = Mapping[str, Sequence[str]]  # heading → what each column of that name held, in their order


class Column(models.TextChoices):
    """What a column may hold."""

    FULL_NAME = "full_name", _("whole name")
    FAMILY = "family", _("family name")
    GIVEN = "given", _("first names")
    PATRONYMIC = "patronymic", _("patronymic")
    OTHER_NAME = "other_name", _("whole name in another script")
    CALL_SIGN = "call_sign", _("call sign")
    SEX = "sex", _("sex")
    BIRTH_DATE = "birth_date", _("born")
    BIRTH_PLACE = "birth_place", _("place of birth")
    FATHER_NAME = "father_name", _("father's first name")
    MOTHER_MAIDEN_NAME = "mother_maiden_name", _("mother's maiden name")
    RANK = "rank", _("rank")
    SERVICE_NUMBER = "service_number", _("service number")
    UNIT = "unit", _("unit")
    NATIONALITY = "nationality", _("nationality")
    POWER_DEPENDED_ON = "power_depended_on", _("power depended on")
    LAST_RESIDENCE = "last_residence", _("last residence")
    DISTINGUISHING_MARKS = "distinguishing_marks", _("distinguishing marks")
    CATEGORY = "category", _("category")
    MISSING_SINCE = "missing_since", _("missing since")
    CAPTURED_ON = "captured_on", _("captured on")
    STATUS = "status", _("what is known of them")


NAME_COLUMNS = (Column.FULL_NAME, Column.FAMILY, Column.GIVEN, Column.PATRONYMIC)

# Ukrainian, Russian, English, Turkish, Arabic; one heading after another between bars.
_HEADINGS = {
    Column.FULL_NAME: """
        піб|п.і.б.|прізвище ім'я по батькові|прізвище та ім'я|прізвище, власне ім'я|повне ім'я|особа|військовополонений
        |фио|ф.и.о.|фамилия имя отчество|фамилия и имя|полное имя
        |name|full name|whole name|name and surname|surname and name|prisoner|person|name of prisoner
        |adı soyadı|ad soyad|isim soyisim|adı ve soyadı|isim
        |الاسم الكامل|الاسم الثلاثي|الاسم الرباعي|الاسم واللقب|الاسم
        """,
    Column.FAMILY: """
        прізвище|фамилия|surname|family name|last name|family|lastname|soyadı|soyad|soyisim|اللقب|اسم العائلة|الكنية
        |العائلة|الشهرة
        """,
    Column.GIVEN: """
        ім'я|власне ім'я|імена|имя|имена|first name|first names|given name|given names|given|firstname|forename|forenames|adı|ad
        |الاسم الأول|الاسم الاول|الاسم الشخصي
        """,
    Column.PATRONYMIC: """
        по батькові|побатькові|отчество|patronymic|middle name|patronym|second name|baba adı türevi|اسم الأب والجد
        """,
    Column.OTHER_NAME: """
        латиницею|прізвище латиницею|піб латиницею|ім'я латиницею|транслітерація|латиницей|фио латиницей|транслитерация
        |name in latin|latin name|name in english|english name|name (latin)|transliteration|latin harfleriyle|latince
        |الاسم باللاتينية|الاسم بالإنجليزية|الاسم بالانجليزية
        """,
    Column.CALL_SIGN: "позивний|позывной|call sign|callsign|nickname|kod adı|çağrı adı|الاسم الحركي|النداء",
    Column.SEX: "стать|пол|sex|gender|cinsiyet|cinsiyeti|الجنس",
    Column.BIRTH_DATE: """
        дата народження|народження|рік народження|д.н.|дн|народився|народилася|дата нар.|дата рождения|год рождения|д.р.|др
        |г.р.|дата рожд.
        |date of birth|birth date|birthdate|dob|d.o.b.|born|year of birth|birthday
        |doğum tarihi|doğum yılı|d.tarihi|doğum|تاريخ الميلاد|تاريخ الولادة|سنة الميلاد|المواليد
        """,
    Column.BIRTH_PLACE: """
        місце народження|место рождения|place of birth|birth place|birthplace|doğum yeri|مكان الميلاد|مكان الولادة|محل الولادة
        """,
    Column.FATHER_NAME: """
        ім'я батька|імʼя батька|имя отца|father's name|father's first name|father name
        |father|baba adı|babasının adı|اسم الأب|اسم الاب
        """,
    Column.MOTHER_MAIDEN_NAME: """
        дівоче прізвище матері|прізвище матері|девичья фамилия матери|mother's maiden name|mother maiden name
        |maiden name of mother
        |anne kızlık soyadı|annesinin kızlık soyadı|لقب الأم|اسم عائلة الأم|كنية الأم
        """,
    Column.RANK: "звання|військове звання|звание|воинское звание|rank|military rank|rütbe|rütbesi|الرتبة|الرتبة العسكرية",
    Column.SERVICE_NUMBER: """
        особистий номер|особовий номер|номер жетона|жетон|рнокпп|військовий номер|службовий номер|ідентифікаційний номер
        |личный номер|номер жетона|жетон|служебный номер
        |service number|personal number|military number|army number|serial number|service no|service no.|tag number|id number
        |sicil no|sicil numarası|künye no|askeri numara|الرقم العسكري|الرقم الشخصي|رقم الخدمة
        """,
    Column.UNIT: """
        частина|військова частина|в/ч|підрозділ|бригада|частина (підрозділ)|часть|воинская часть|войсковая часть|подразделение
        |unit|military unit|regiment|brigade|birlik|birliği|الوحدة|الوحدة العسكرية|اللواء|الكتيبة
        """,
    Column.NATIONALITY: """
        громадянство|національність|гражданство|национальность|nationality|citizenship|uyruk|uyruğu|vatandaşlık|الجنسية
        """,
    Column.POWER_DEPENDED_ON: """
        держава, від якої залежить|держава|держава, на службе которой состоял
        |power depended on|power|power on which he depends|bağlı olduğu devlet
        |الدولة التابع لها
        """,
    Column.LAST_RESIDENCE: """
        місце проживання|адреса|останнє місце проживання|місце реєстрації|место жительства|адрес|место регистрации
        |residence|address|last residence|last address|home address|ikametgah|adres|ikamet adresi|العنوان|مكان الإقامة|محل الإقامة
        """,
    Column.DISTINGUISHING_MARKS: """
        особливі прикмети|прикмети|особые приметы|приметы|distinguishing marks|marks|identifying marks|ayırt edici özellikler
        |العلامات المميزة|علامات فارقة
        """,
    Column.CATEGORY: """
        категорія|категорія особи|категория|категория лица|category|prisoner category|kategori|kategorisi|الفئة|الصنف
        """,
    Column.MISSING_SINCE: """
        зник безвісти|дата зникнення|зниклий безвісти з|безвісти з|дата исчезновения|пропал без вести|без вести с
        |missing since|date missing|date of disappearance|went missing|kayıp tarihi|kaybolma tarihi
        |تاريخ الفقدان|مفقود منذ|تاريخ الاختفاء
        """,
    Column.CAPTURED_ON: """
        дата полону|дата полонення|дата потрапляння в полон|в полоні з|у полоні з|дата захоплення|дата затримання
        |дата пленения|дата плена|дата попадания в плен|в плену с|дата захвата|дата задержания
        |captured on|captured|date of capture|capture date|date captured|in captivity since|held since|date of detention
        |esir alındığı tarih|esaret tarihi|yakalanma tarihi|تاريخ الأسر|تاريخ الاعتقال|تاريخ الاحتجاز
        """,
    Column.STATUS: "статус|статус особи|статус лица|status|current status|durum|durumu|الحالة",
}  # fmt: skip


def heading(text: str) -> str:
    """A heading as it is compared: letters and digits, no case, one apostrophe, single spaces."""
    text = unicodedata.normalize("NFKC", text).replace("ʼ", "'").replace("’", "'").replace("`", "'").casefold()
    return " ".join(re.sub(r"[^\w' ]+", " ", text.replace("_", " ")).split())


_WORDS: dict[str, str] = {
    heading(one): str(column)
    for column, listed in reversed(_HEADINGS.items())
    for one in listed.replace("\n", " ").split("|")
}
# A marital status is none, and a category of wound is another: these headings say it alone or not at all.
_SAID_ALONE = (Column.CATEGORY, Column.STATUS)
_LONGEST_FIRST = sorted(
    (words for words, column in _WORDS.items() if len(words) > 3 and column not in _SAID_ALONE), key=len, reverse=True
)


@dataclass(frozen=True)
class Guess:
    """The row that holds the headings (0: none does), and what each column holds."""

    heading_row: int
    headings: list[str]
    columns: dict[int, str]


def meaning_of(text: str) -> str:
    """The column that this heading names; empty where it tells nothing."""
    said = heading(text)
    if not said:
        return ""
    if exact := _WORDS.get(said):
        return exact
    padded = f" {said} "
    return next((_WORDS[words] for words in _LONGEST_FIRST if f" {words} " in padded), "")


def guess(rows: Sequence[Row], remembered: Remembered) -> Guess:
    """From the first rows of a table. `remembered`: what this sender's headings meant before."""
    best: tuple[int, int, list[str]] = (0, 0, [])
    for number, cells in rows[:HEADING_IS_AMONG]:
        meant = _meant(cells, remembered)
        known = {meaning for cell, said in zip(cells, meant, strict=True) if (meaning := said or meaning_of(cell))}
        if len(known) > best[0] and not known.isdisjoint({*NAME_COLUMNS, Column.SERVICE_NUMBER, Column.OTHER_NAME}):
            best = (len(known), number, cells)
    _score, number, cells = best
    width = max((len(cells) for _number, cells in rows), default=0)
    headings = [cells[place] if place < len(cells) else "" for place in range(width)]
    return Guess(number, headings, meanings(headings, remembered) if number else _by_content(rows, width))


def meanings(headings: Sequence[str], remembered: Remembered) -> dict[int, str]:
    """Each meaning once, the first time it is named; `name` beside a family name is the first name."""
    found: dict[int, str] = {}
    for place, meaning in enumerate(_meant(headings, remembered)):
        if meaning and meaning not in found.values():
            found[place] = meaning
    if Column.FAMILY in found.values() and Column.GIVEN not in found.values():
        found = {place: Column.GIVEN if one == Column.FULL_NAME else one for place, one in found.items()}
    return {place: str(meaning) for place, meaning in found.items()}


def _meant(headings: Sequence[str], remembered: Remembered) -> list[str]:
    """By place. One more of a name than there were before is as the last of them was."""
    found, times = [], Counter[str]()
    for text in headings:
        known = heading(text)
        before = remembered.get(known)
        if isinstance(before, str):  # kept when columns of one name were not told apart
            before = [before]
        found.append(before[min(times[known], len(before) - 1)] if before else meaning_of(text))
        times[known] += 1
    return found


_DATE = re.compile(r"^\d{4}-\d\d-\d\d$|^\d{1,2}[./]\d{1,2}[./]\d{4}$")
_NUMBER = re.compile(r"^[\w-]*\d{5,}[\w-]*$")


def _by_content(rows: Sequence[Row], width: int) -> dict[int, str]:
    """Without headings: the first column of dates, of long numbers, of two words and more."""
    found: dict[int, str] = {}
    for place in range(width):
        cells = [cells[place].strip() for _number, cells in rows if place < len(cells) and cells[place].strip()]
        for column, holds in (
            (Column.BIRTH_DATE, _DATE.match), (Column.SERVICE_NUMBER, _NUMBER.match), (Column.FULL_NAME, _is_name),
        ):  # fmt: skip
            if (
                cells
                and column not in found.values()
                and sum(bool(holds(cell)) for cell in cells) * 10 >= len(cells) * 8
            ):
                found[place] = str(column)
                break
    return found


def _is_name(cell: str) -> bool:
    words = cell.split()
    return 2 <= len(words) <= 5 and not any(character.isdigit() for character in cell)
