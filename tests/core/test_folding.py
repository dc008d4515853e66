"""One spelling whatever the script: romanisations of one name meet, a fold of a fold is itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.folding import fold, spellings, tokens

NAME_LETTERS = (
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяёыэъ'’ʼ-. ABCCHIJKSXYZacchijkstxyzşçğıİžščâû"
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويىئءةـ\u200c\u200e\u202e\u0301"
)


@given(st.one_of(st.text(), st.text(alphabet=NAME_LETTERS, max_size=30)))
def test_a_fold_of_a_fold_is_itself(text):
    folded = fold(text)

    assert fold(folded) == folded
    assert tokens(folded) == tokens(text)


@pytest.mark.parametrize("same", [
    ("Шевченко", "Shevchenko", "Ševčenko", "Şevçenko", "SHEVCHENKO", "shev\u200cchenko", "\u202eШевченко\u202c"),
    ("Щербак", "Shcherbak", "Ŝerbak", "Şçerbak"),
    ("Михайло", "Mykhailo", "Mykhaylo", "Mihajlo", "Myhajlo"),
    ("Григорій", "Hryhorii", "Hryhoriy", "Grigorij", "Григорий", "Grigoriy", "Grigorii"),
    ("Євген", "Yevhen", "Evgen", "Ievhen"),
    ("В'ячеслав", "В’ячеслав", "Вʼячеслав", "Viacheslav", "Vyacheslav", "V'yacheslav", "Vâčeslav"),
    ("Згурський", "Zghurskyi", "Zgursʹkij", "Zgurski"),
    ("Достоевский", "Dostoevskii", "Dostoyevsky", "Dostoevskij"),
    ("Юрій", "Yurii", "Iurii", "Yuriy", "Jurij", "Ûrìj"),
    ("Цимбал", "Tsymbal", "Cymbal"),
    ("Наталія", "Наталья", "Nataliia", "Natalia", "Natalya"),
    ("Іванівна", "Ivanivna", "İvanivna"),
    ("Алексеевич", "Alekseevich", "Alekseyevich", "Alekseeviç"),
    ("Покровская", "Pokrovskaya", "Pokrovskaia", "Покровська"),
    ("Ковальов", "Kovalov", "Koвалов"),
    ("Алексєєв", "Alieksieiev", "Алексеев"),
])  # fmt: skip
def test_spellings_of_one_name_meet(same):
    assert len({fold(name) for name in same}) == 1, {name: fold(name) for name in same}


def test_names_that_differ_stay_apart():
    names = [
        "Шевченко",
        "Савченко",
        "Ткаченко",
        "Ткач",
        "Жук",
        "Чуб",
        "Зуб",
        "Іванов",
        "Іваненко",
        "Цой",
        "Тої",
        "О",
        "Ю",
    ]

    assert len({fold(name) for name in names}) == len(names)


def test_a_letter_that_is_read_in_two_ways_gives_both():
    assert fold("Жуков") in spellings("Jukov")
    assert spellings("Jukov")[0] == fold("Юков")
    assert spellings("Шевченко") == (fold("Шевченко"),)
    assert all(len(spellings(word)) <= 6 for word in ("جوجوجو", "Jcjcjc", "والجج"))


def test_look_alikes_of_another_alphabet_are_read_as_meant():
    assert fold("Kовaленкo") == fold("Коваленко")
    assert fold("Воndаrenko") == fold("Bondarenko")


def test_what_is_no_name_gives_nothing_and_what_is_unknown_stays():
    assert fold(" \x00\u200f'-—.") == ""
    assert tokens("Нечуй-Левицький") == ["nečui", "levitski"]
    assert fold("٣٤ 56") == "34 56"
    assert fold("Λάμπρος") == "λαμπροσ"
