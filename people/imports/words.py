"""What lists call categories and fates, in the languages that they come in. A word that is not here is a fault at its cell."""

import re
from collections.abc import Mapping

from people.imports.columns import heading
from people.models import Category, ClaimKind

C, K = Category, ClaimKind
_APART = re.compile(r"[;,/+\n|]")

# Ukrainian, Russian, English, Turkish, Arabic; one after another between bars.
_CATEGORIES: Mapping[str, str] = {
    C.PRISONER_OF_WAR: """
        військовополонений|військовополонена|військовослужбовець|військовий|військова|військовослужбовиця|военнопленный|военнопленная
        |военнослужащий|военный|prisoner of war|pow|military|combatant|savaş esiri|asker|askeri|أسير حرب|عسكري
        """,
    C.CIVILIAN: """
        цивільний|цивільна|цивільна особа|цивільний заручник|гражданский|гражданская|гражданское лицо|civilian
        |civilian deprived of liberty|civilian detainee|sivil|مدني|مدنية
        """,
    C.SERIOUSLY_WOUNDED: """
        тяжкопоранений|тяжкопоранена|важкопоранений|важкопоранена|тяжкохворий|важкохворий|важкохвора|тяжелораненый|тяжелораненая
        |тяжелобольной|тяжелобольная|seriously wounded|severely wounded|seriously ill|seriously wounded or sick
        |ağır yaralı|ağır hasta|إصابة خطيرة|جريح خطير
        """,
    C.UNDER_25: "до 25|до 25 років|молодше 25|до 25 лет|младше 25|under 25|25 yaş altı|دون 25|تحت 25",
    C.WOMAN: "жінка|жінки|женщина|woman|women|kadın|امرأة",
    C.LONG_HELD: "тривалий полон|довготривалий полон|давно в полоні|длительный плен|давно в плену|long held|uzun süredir tutulan",
    C.CONVICTED: "засуджений|засуджена|осужденный|осуждённый|осужденная|осуждённая|convicted|sentenced|hükümlü|محكوم|محكومة",
    C.FOREIGN_NATIONAL: """
        іноземець|іноземка|іноземний громадянин|иностранец|иностранка|иностранный гражданин|foreign national|foreigner
        |yabancı|yabancı uyruklu|أجنبي|أجنبية
        """,
    C.CHILD: """
        дитина|неповнолітній|неповнолітня|ребенок|ребёнок|несовершеннолетний|несовершеннолетняя|child|minor|çocuk|طفل|طفلة|قاصر
        """,
}
_FATES: Mapping[str, str] = {
    K.REPORTED_CAPTURED: """
        полон|в полоні|у полоні|полонений|полонена|потрапив у полон|плен|в плену|пленный|попал в плен|captured|in captivity
        |captive|held|detained|reported captured|esir|esir düştü|tutsak|أسير|في الأسر|محتجز|معتقل
        """,
    K.MISSING: """
        зниклий безвісти|зникла безвісти|зник безвісти|безвісти зниклий|безвісти відсутній|без вести пропавший|пропал без вести
        |пропавший без вести|missing|missing in action|mia|kayıp|مفقود|مفقودة
        """,
    K.CONFIRMED_BY_AGENCY: """
        підтверджено мкчх|підтверджений мкчх|підтверджена мкчх|подтверждено мккк|подтвержден мккк|confirmed by icrc
        |confirmed by the icrc|confirmed by the agency|icrc confirmed|kızılhaç onayladı|أكد الصليب الأحمر
        """,
    K.CONFIRMED_BY_HOLDER: """
        підтверджено стороною|підтверджений стороною|підтверджено рф|подтверждено стороной|подтвержден стороной
        |confirmed by holder|confirmed by the holder|confirmed by the detaining power
        """,
    K.HOSPITALISED: """
        у шпиталі|в шпиталі|у госпіталі|в госпіталі|в госпитале|госпитализирован|hospitalised|hospitalized|in hospital|hastanede
        |في المستشفى
        """,
    K.CONVICTED: "засуджений|засуджена|осужден|осуждён|осужденный|осуждена|convicted|sentenced|hükümlü|محكوم",
    K.RELEASED: "звільнений|звільнена|освобожден|освобождён|освобождена|released|freed|serbest|serbest bırakıldı|أفرج عنه|محرر",
    K.HOME: """
        вдома|повернувся|повернулась|повернулася|повернувся додому|дома|вернулся|вернулась|вернулся домой|home|returned
        |returned home|repatriated|evinde|eve döndü|عاد|عادت
        """,
}
_DEATHS = """
    загинув|загинула|загиблий|загибла|помер|померла|мертвий|погиб|погибла|погибший|умер|умерла|dead|died|deceased|killed
    |killed in action|kia|reported dead|öldü|ölü|şehit|متوفى|متوفاة|قتيل|شهيد
    """


def _split(words: str) -> list[str]:
    return [heading(one) for one in words.replace("\n", " ").split("|")]


def _known(listed: Mapping[str, str]) -> dict[str, str]:
    return {word: str(code) for code, words in listed.items() for word in (heading(code), *_split(words))}


_CATEGORY_OF, _FATE_OF, _SAYS_DEAD = _known(_CATEGORIES), _known(_FATES), frozenset(_split(_DEATHS))


def categories_in(text: str) -> list[str]:
    """Of a cell that may name several; empty where one of them is unknown."""
    words = [heading(one) for one in _APART.split(text) if heading(one)]
    found = [_CATEGORY_OF.get(word, "") for word in words]
    return list(dict.fromkeys(found)) if all(found) else []


def fate_in(text: str) -> str:
    return _FATE_OF.get(heading(text), "")


def says_dead(text: str) -> bool:
    """A death is no list's to say (DESIGN rule 7)."""
    return heading(text) in _SAYS_DEAD
