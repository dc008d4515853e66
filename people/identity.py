"""What no name and no birth date can be, whoever enters them: a form, a program, data entry or a list."""

import re
from datetime import date

from django.utils.translation import gettext_lazy as _

from core.lifecycle import Text

NAMES = frozenset(("family", "given", "patronymic", "father_name", "mother_maiden_name"))
SENTENCES: dict[str, Text] = {
    "two_alphabets": _("“{what}” holds letters of two alphabets that look alike: type it again in one of them."),
    "not_yet": _("This day has not come yet: {what}."),
}
_CONFUSABLE = {
    "LATIN": re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff\uff21-\uff5a]"),
    "CYRILLIC": re.compile(r"[\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f]"),
    "GREEK": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
    "ARMENIAN": re.compile(r"[\u0530-\u058f]"),
    "CHEROKEE": re.compile(r"[\u13a0-\u13ff\uab70-\uabbf]"),
}
_WORD = re.compile(r"[^\W\d_]+")


def fault_of(field: str, value: str, last_day: date) -> tuple[str, str]:
    """The code of what is wrong and what it is about; empty for what can be right. `value` is tidied, a date is one."""
    if field == "birth_date":
        return date_fault(value, last_day), value
    return name_fault(value) if field in NAMES else ("", "")


def date_fault(value: str, last_day: date) -> str:
    return "not_yet" if value > last_day.isoformat()[: len(value)] else ""


def name_fault(text: str) -> tuple[str, str]:
    """With the first word whose letters look like one alphabet and are two; a name of two words may well have two."""
    present = [] if text.isascii() else [pattern for pattern in _CONFUSABLE.values() if pattern.search(text)]
    if len(present) > 1:
        for word in _WORD.findall(text):
            if sum(bool(one.search(word)) for one in present) > 1:
                return "two_alphabets", word
    return "", ""
