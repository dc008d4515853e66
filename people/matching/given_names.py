"""Which given names are one name in Ukrainian, Russian, Latin and Arabic, and whose father a patronymic names.

The table is our own: pairs that every speaker of both languages knows, with the forms that the West writes. Scripts and
standards need no entry, since the fold takes care of them: Олександр, Oleksandr and Oleksandır are one spelling already.
"""

from rapidfuzz import process
from rapidfuzz.distance import OSA

from core.folding import fold

# One name a line, commonest first; the first form names the class.
MEN = """
Олександр Александр Alexander Alexandre Alexandros Олександер
Сергій Сергей Serge Sergio
Володимир Владимир Wladimir Volodymir
Андрій Андрей Andrew Andreas Andre
Микола Николай Nicholas Nicolas Nikolas Миколай
Віталій Виталий
Юрій Юрий Yury Georges
Іван Иван Ян Jan Ivan John Johann Іоанн Иоанн
Олег Oleg
Василь Василий Basil Vassily Васил
Ігор Игорь Igor
Михайло Михаил Michael Michel Mikhail Михаїл
Віктор Виктор Victor
Дмитро Дмитрий Дмитрій Dimitri Demetrius Дімітрій
Максим Maxim Maximilian
Роман Roman
Анатолій Анатолий Anatole
Руслан Ruslan
Богдан Bogdan
Петро Пётр Петр Peter Pierre
Євген Евгений Євгеній Eugene Eugen
Ярослав Iaroslav
Олексій Алексей Alexis Alexey
Валерій Валерий Valery
Павло Павел Paul
Артем Артём Артемій Артемий
Тарас Taras
Владислав Vladyslav Wladyslaw
Денис Denis Dennis
Вадим Vadim
Антон Антоній Anthony Антоний
Степан Стефан Stephen Stefan
Станіслав Станислав Stanislaus
Назар Назарій Назарий
Григорій Григорий Gregory Gregor Гриць
Леонід Леонид Leonidas
Костянтин Константин Constantin Constantine Kostiantin
В'ячеслав Вячеслав Viacheslav
Валентин Valentin Valentine
Едуард Эдуард Edward Eduard
Кирило Кирилл Cyril Кірілл
Данило Даниил Данила Daniel Данил Данііл Даніїл
Святослав Sviatoslav
Ростислав Rostislav
Геннадій Геннадий Генадій
Борис Boris
Микита Никита Nikita
Ілля Илья Elias Ilia Ілія
Федір Фёдор Федор Theodore Feodor
Орест Orest
Остап Ostap
Любомир Lubomir
Мирослав Miroslav
Артур Arthur
Семен Семён Симон Simeon Simon
Яків Яков Jacob James
Тимофій Тимофей Timothy
Матвій Матвей Matthew
Всеволод Vsevolod
Захар Захарій Zachary
Марко Марк Mark Marc
Лев Leo Левко
Мирон Myron
Георгій Георгий George Georg
Єгор Егор
Аркадій Аркадий
Гліб Глеб
Тимур Timur
Нестор Nestor
Юхим Ефим Єфим
Прохор Prohor
Арсен Арсеній Арсений Arsene
Лука Luke Lucas
Макар Макарій
Зіновій Зиновий
Ярема Єремія Иеремия Jeremy
Сава Савва Saveliy
Савелій Савелий
Кузьма Козьма
Йосип Иосиф Осип Joseph Josef
Давид Davyd David
Адам Adam
Аврам Абрам Abraham Авраам
Архип Arhip
Афанасій Афанасий Опанас Панас Athanasius
Василіс Vasilis
Веніамін Вениамин Benjamin
Вікентій Викентий Vincent
Вілен Вилен
Гаврило Гавриил Гаврила Gabriel
Герман Herman
Герасим Gerasim
Гордій Гордей
Дем'ян Демьян Damian Даміан Дамиан
Денисій Дионисий
Емануїл Эммануил Emmanuel
Ерік Эрик Eric Erik
Ельдар Эльдар
Єлисей Елисей
Ємельян Емельян Омелян Emilian
Єрофій Ерофей
Захарія Захария
Ігнат Игнат Ігнатій Игнатий Гнат Ignatius
Іларіон Илларион Ларіон Ларион Hilarion
Інокентій Иннокентий
Іраклій Ираклий Heraclius
Карен Karen
Карл Charles Karl
Кім Ким
Клим Климент Clement Климентій
Кондрат Кондратій Кондратий
Корній Корней Корнелій Корнелий
Лаврентій Лаврентий Lawrence
Леонтій Леонтий
Лук'ян Лукьян Lucian
Маркіян Маркиян Маркіан
Мартин Мартын Martin
Мефодій Мефодий
Мечислав Mieczyslaw
Митрофан Mitrofan
Модест Modest
Мстислав Mstislav
Наум Naum
Никифор Никифір Nikifor
Никодим Nikodim
Олесь Алесь
Онисим Анисим
Онуфрій Онуфрий
Панкрат Панкратий
Пантелеймон Пантелей Pantelis
Пилип Филипп Philip Філіп Филип
Платон Platon
Порфирій Порфирий
Потап Potap
Радислав Радослав
Родіон Родион
Родислав
Рудольф Rudolf
Самійло Самуил Samuel Самуїл
Свирид Спиридон
Севастян Севастьян Sebastian
Сидір Сидор Исидор Ісидор
Созон
Соломон Solomon
Сосипатр
Степанос
Тарасій Тарасий
Терентій Терентий
Тихін Тихон
Трохим Трофим
Улас Влас
Устим Устин Юстин Justin
Фадей Фаддей Тадей Thaddeus Тадеуш
Фелікс Феликс Felix
Хома Фома Thomas Томас
Христофор Christopher
Цезар Цезарь
Юлій Юлий Julius
Юліан Юлиан Julian Уліян Ульян
Якім Яким Аким Иоаким Joachim
Арнольд Arnold
Альберт Albert
Альфред Alfred
Ахмед Ахмад Ahmed Ahmad Ахмет
Магомед Мухаммед Мохаммед Мухаммад Mohammed Muhammad Mohamed Магомет Мухамед Мехмет Mehmet
Алі Али Ali
Рамзан Рамазан Ramadan
Аслан Arslan
Мурад Мурат Murat
Марат Marat
Рустам Рустем Rustem
Ринат Рінат Ренат
Рамиль Раміль
Ільдар Ильдар
Айдар Aidar
Тагір Тагир Тахир Tahir
Шаміль Шамиль
Хасан Гасан Hassan Hasan
Хусейн Гусейн Hussein Huseyin
Ібрагім Ибрагим Ibrahim
Ісмаїл Исмаил Ismail
Ільяс Ильяс Ilyas
Юсуф Юсуп Yusuf
Юнус Юнес Yunus
Умар Омар Umar Omar
Усман Осман Osman Usman
Мустафа Mustafa
Мансур Mansur
Махмуд Mahmoud
Саїд Саид Said
Салім Салим Selim
Сулейман Сулиман Suleiman
Джамал Jamal Cemal
Заур Zaur
Закір Закир
Ельбрус Эльбрус
Казбек Kazbek
Батир Батыр
Булат Bulat
Вахтанг Vahtang
Гіві Гиви
Гурам Guram
Зураб Zurab
Леван Levan
Резо Reza Реза
Тенгіз Тенгиз
Шота Shota
Ашот Ashot
Армен Armen
Арам Aram
Ара Ara
Гагік Гагик
Гайк Hayk
Гарік Гарик
Вазген Vazgen
Ваган Vahan
Самвел Samvel
Сурен Suren
Тигран Tigran
Ельчин Эльчин
Азат Azat
Алмаз Almaz
Асхат
Дамір Дамир
Ельмар Эльмар
Зуфар
Каміль Камиль Kamil
Наїль Наиль
Нурлан Nurlan
Равіль Равиль
Радик
Рафаель Рафаэль Рафаил Raphael
Рафик Rafik
Рашид Рашит Rashid
Салават
Фаріт Фарит Фарид Farid
Халіл Халил Khalil
"""
WOMEN = """
Олена Елена Алёна Альона Helena Helen Гелена
Наталія Наталья Nataly Natalie
Тетяна Татьяна Tatiana
Ірина Ирина Irene Арина Орина
Оксана Ксения Ксенія Xenia
Світлана Светлана
Юлія Юлия Julia
Марія Мария Maria Mary Мар'я Марья
Ольга Olga Helga
Людмила Ludmila
Анна Ганна Anna Anne Hanna Hannah
Катерина Екатерина Catherine Katerina Ekaterina
Вікторія Виктория Victoria
Анастасія Анастасия Настасія
Галина Galina
Надія Надежда
Інна Инна
Аліна Алина
Яна Jana
Христина Кристина Christina
Валентина Valentina
Марина Marina
Лариса Larisa
Любов Любовь
Алла Alla
Леся Олеся Alesia
Дарина Дарья Дар'я Дария Darina Одарка
Мар'яна Марьяна Маріанна Марианна Marianna
Віра Вера
Соломія Саломея Соломия
Зоряна Зоряна
Ніна Нина
Тамара Tamara
Богдана Bogdana
Софія Софья Sophia София
Уляна Ульяна Юліана Юлиана
Руслана Ruslana
Лілія Лилия Lily
Діана Диана
Євгенія Евгения Eugenia
Поліна Полина Pauline
Роксолана Роксолана
Мирослава
Маргарита Margaret
Олександра Александра Alexandra
Єлизавета Елизавета Лизавета Elizabeth
Вероніка Вероника Veronica
Жанна Jeanne
Зоя Zoya Зоє
Зінаїда Зинаида
Клавдія Клавдия
Лідія Лидия Lydia
Раїса Раиса
Римма Рима
Антоніна Антонина
Василина Василиса
Варвара Barbara
Владислава
Ярослава
Ангеліна Ангелина Angelina Анжеліна
Анжела Ангела Angela Анжеліка Анжелика
Аделіна Аделина
Ельвіра Эльвира
Емілія Эмилия Emilia
Емма Эмма
Єва Ева Eva
Єфросинія Ефросинья Явдоха
Іванна Иванна Joanna Жоанна
Карина Каріна
Кіра Кира
Лада Lada
Мілана Милана
Муза
Неля Нелля Неллі Нелли Нэлли
Оленка
Регіна Регина
Роза Rosa Rose
Сніжана Снежана
Стефанія Стефания
Таїсія Таисия
Текля Фёкла Текла
Устина Юстина
Федора
Фаїна Фаина
Христя
Ярина
Аміна Амина
Гульнара Гюльнара
Зарема Зарема
Зульфія Зульфия
Лейла Ляйля Leyla
Медина
Патимат Фатима Fatima
Айша Aisha
Заїра Заира
Ельміра Эльмира
"""
FEWEST_LETTERS_FOR_A_SLIP = 5  # of a name that may be misspelt and still be known

_VOWELS = str.maketrans("", "", "aeiou ")
_SOUNDS = str.maketrans("pv", "bf")


def skeleton(folded: str) -> str:
    """What Arabic keeps of a fold too: its consonants, p as b and v as f."""
    bare = folded.translate(_VOWELS).translate(_SOUNDS).replace("dž", "ž")
    return "".join(letter for place, letter in enumerate(bare) if place == 0 or bare[place - 1] != letter)


def _classes() -> dict[str, str]:
    """Fold → the class; of two classes that share a spelling the first, commoner one has it."""
    known: dict[str, str] = {}
    for line in (MEN + WOMEN).split("\n"):
        folds = [fold(form) for form in line.split()]
        for folded in folds:
            known.setdefault(folded, known.get(folds[0], folds[0]))
    return known


def _by_skeleton(known: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for folded in known:
        found.setdefault(skeleton(folded), []).append(folded)
    return found


CLASSES = _classes()
_FOLDS = list(CLASSES)
_SKELETONS = _by_skeleton(CLASSES)
INITIALS: dict[str, frozenset[str]] = {}
for _folded, _class in CLASSES.items():
    INITIALS[_class] = INITIALS.get(_class, frozenset()) | {_folded[0]}

PATRONYMIC_ENDINGS = (
    "iovič", "ovič", "evič", "ivič", "inična", "ična", "iivna", "iovna", "ovna", "evna", "ivna", "ič",
    "fič", "fna", "ogli", "oglu", "kizi", "uli", "zade",
)  # fmt: skip
# Stems that no rule gives.
_IRREGULAR = {
    "lv": "lev", "iak": "iakiv", "iakovl": "iakiv", "il": "ilia", "petr": "petro", "pavl": "pavlo", "kuzm": "kuzma",
    "luk": "luka", "gom": "goma", "fom": "goma", "fed": "fedir", "fedor": "fedir", "sav": "sava", "mikit": "mikita",
    "nikit": "mikita", "iarem": "iarema", "iosif": "iosip", "iosip": "iosip", "osip": "iosip", "mikolai": "mikola",
}  # fmt: skip


def _fathers() -> dict[str, str]:
    stems = dict(_IRREGULAR)
    for form in [form for line in MEN.split("\n") for form in line.split()]:
        folded = fold(form)
        for stem in (folded, folded.rstrip("aoi"), folded.rstrip("aeiou"), folded + "i"):
            stems.setdefault(stem, CLASSES[folded])
    return {stem: CLASSES.get(fold(name), name) for stem, name in stems.items() if stem}


FATHERS = _fathers()
_FATHERS_BY_SKELETON: dict[str, str] = {}
for _stem, _class in FATHERS.items():
    _FATHERS_BY_SKELETON.setdefault(skeleton(_stem), _class)


def given_class(folded: str) -> str:
    """The name that this is a form of, through its consonants or past one slip of the pen; empty when unknown."""
    if found := CLASSES.get(folded):
        return found
    bare = skeleton(folded)
    if alike := _SKELETONS.get(bare):
        distance, nearest = min((OSA.distance(known, folded), known) for known in alike)
        if len(bare) > 1 or (distance == 1 and len(folded) > 2):
            return CLASSES[nearest]
    return _past_a_slip(folded)


def _past_a_slip(folded: str) -> str:
    if len(folded) < FEWEST_LETTERS_FOR_A_SLIP:
        return ""
    near = process.extract(folded, _FOLDS, processor=None, scorer=OSA.distance, score_cutoff=1, limit=None)
    names = {CLASSES[known] for known, _distance, _place in near}
    return names.pop() if len(names) == 1 else ""


def is_patronymic(folded: str) -> bool:
    return len(folded) > 5 and folded.endswith(PATRONYMIC_ENDINGS)


def father_stem(folded: str) -> str:
    """The patronymic without its ending: what is left of the father's name."""
    ending = next((one for one in PATRONYMIC_ENDINGS if folded.endswith(one) and len(folded) - len(one) > 1), "")
    return folded.removesuffix(ending)


def father_class(folded: str) -> str:
    """Which given name the father bore; empty when the table has none. A bare father's name is taken as such."""
    for ending in PATRONYMIC_ENDINGS:
        if folded.endswith(ending) and (found := FATHERS.get(folded.removesuffix(ending))):
            return found
    if found := CLASSES.get(folded):
        return found
    bare = skeleton(folded)
    for ending in ("fč", "č", "fn", "čn"):
        if bare.endswith(ending) and (found := _FATHERS_BY_SKELETON.get(bare.removesuffix(ending))):
            return found
    return given_class(father_stem(folded))
