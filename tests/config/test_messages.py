"""The catalogues: whole, with every placeholder, compiled, and every word of the life cycles in both languages."""

import ast
import re
import shutil
import subprocess
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from access.roles import May, Role
from alerts.wording import HEADLINES
from exchanges.models import AnswerReason, ExchangeHold, ExchangeStatus, Outcome, Stance, StepStatus, TrancheStatus
from exchanges.transitions import direction, exchange, sign_off, tranche
from people.models import Category, ClaimKind

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PLURAL_FORMS = {"uk": 4, "ar": 6}
# The name of the application stays as it is.
SAME_IN_EVERY_LANGUAGE = {"Homeward"}
PLACEHOLDER = re.compile(r"%\(\w+\)[-+ #0-9.]*[a-zA-Z]|%[a-zA-Z]|\{\w*\}|</?\w+>")
KEYWORD = re.compile(r'(?P<keyword>msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?) (?P<text>".*")')

STEPS = [
    *exchange.TRANSITIONS.values(), *tranche.TRANSITIONS.values(), *sign_off.TRANSITIONS.values(),
    *direction.TRANSITIONS.values(), direction.ANSWERING,
]  # fmt: skip
ENUMS = [
    ExchangeStatus, ExchangeHold, TrancheStatus, StepStatus, Stance, AnswerReason, Outcome, Role, May, Category, ClaimKind,
]  # fmt: skip
RAIL = ["Home", "Exchanges", "Negotiations", "People", "Inbox", "Outbox", "Main", "Keys"]

each_language = pytest.mark.parametrize("language", LANGUAGES)


@dataclass
class Message:
    """One entry of a .po file."""

    is_fuzzy: bool = False
    is_obsolete: bool = False
    parts: dict = field(default_factory=dict)

    @property
    def keys(self):
        return [self.parts[keyword] for keyword in ("msgid", "msgid_plural") if keyword in self.parts]

    @property
    def translations(self):
        return [text for keyword, text in self.parts.items() if keyword.startswith("msgstr")]

    def __str__(self):
        return self.parts.get("msgid", "")


def folder(language):
    return settings.LOCALE_PATHS[0] / language / "LC_MESSAGES"


def messages(language):
    """Every entry of the catalogue but its header."""
    blocks = (folder(language) / "django.po").read_text().split("\n\n")
    return [message for message in map(read_message, blocks) if str(message)]


def read_message(block):
    message, keyword = Message(), ""
    for line in block.strip().splitlines():
        if line.startswith("#"):
            message.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
            message.is_obsolete |= line.startswith("#~")
        elif line.startswith('"'):
            message.parts[keyword] += ast.literal_eval(line)
        else:
            found = KEYWORD.fullmatch(line)
            assert found, f"no line of a catalogue: {line}"
            keyword = found["keyword"]
            message.parts[keyword] = ast.literal_eval(found["text"])
    return message


def placeholders(text):
    return sorted(PLACEHOLDER.findall(text.replace("%%", "")))


def in_both(language, text):
    """The sentence in English and in `language`."""
    with translation.override("en"):
        english = str(text)
    with translation.override(language):
        return english, str(text)


@each_language
def test_a_catalogue_is_whole(language):
    found = messages(language)
    assert len(found) > 1_000
    assert [str(message) for message in found if message.is_fuzzy or message.is_obsolete] == []
    assert [str(message) for message in found if not all(message.translations)] == []


def test_the_catalogues_have_the_same_keys():
    keys = [{tuple(message.keys) for message in messages(language)} for language in LANGUAGES]
    assert keys[0] == keys[1]


@each_language
def test_plural_messages_have_every_form_of_the_language(language):
    plural = [message for message in messages(language) if "msgid_plural" in message.parts]
    assert plural
    assert {len(message.translations) for message in plural} == {PLURAL_FORMS[language]}


@each_language
def test_a_translation_has_the_placeholders_of_its_key(language):
    differing = [
        (str(message), text)
        for message in messages(language)
        for text in message.translations
        if placeholders(text) not in [placeholders(key) for key in message.keys]
    ]
    assert differing == []


@each_language
def test_a_translation_ends_as_its_key_does(language):
    """A sentence stays a sentence, a label stays a label; both keep their line breaks."""
    differing = [
        (str(message), text)
        for message in messages(language)
        for text in message.translations
        if message.keys[-1].endswith(".") != text.endswith(".") or text.count("\n") != str(message).count("\n")
    ]
    assert differing == []


@each_language
@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__qualname__)
def test_statuses_stances_reasons_and_roles_are_translated(language, enum):
    pairs = [in_both(language, label) for label in enum.labels]
    assert [english for english, other in pairs if english == other] == []


@each_language
def test_statuses_of_one_life_cycle_are_told_apart(language):
    for enum in ENUMS:
        labels = [in_both(language, label)[1] for label in enum.labels]
        assert len(labels) == len(set(labels)), enum


@each_language
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.step)
def test_steps_are_translated(language, step):
    english, other = in_both(language, step.label)
    assert english != other


@each_language
def test_headlines_are_translated(language):
    pairs = [in_both(language, text) for text in HEADLINES.values()]
    assert [english for english, other in pairs if english == other] == []


@each_language
def test_the_frame_is_translated(language):
    with translation.override(language):
        assert [label for label in RAIL if gettext(label) == label] == []


@each_language
def test_nothing_is_left_in_english(language):
    left = [
        str(message)
        for message in messages(language)
        if set(message.keys) & set(message.translations)
        and str(message) not in SAME_IN_EVERY_LANGUAGE
        and any(character.isalpha() for key in message.keys for character in PLACEHOLDER.sub("", key))
    ]
    assert left == []


@each_language
def test_a_refusal_is_whole_in_the_language_of_its_reader(language):
    """A sentence put together from a step, a status and roles has no English part."""
    step = exchange.TRANSITIONS["propose"]
    with translation.override(language):
        sentence = str(step.refusal_by_status(ExchangeStatus.UNDER_WAY))
    assert not re.search(r"[A-Za-z]", sentence)


@each_language
@pytest.mark.skipif(not shutil.which("msgfmt"), reason="needs msgfmt: install gettext")
def test_the_compiled_catalogue_is_current(language, tmp_path):
    compiled = tmp_path / "django.mo"
    check = ["msgfmt", "--check-format", "--output-file", str(compiled), str(folder(language) / "django.po")]
    subprocess.run(check, check=True, capture_output=True)

    assert unfmt(folder(language) / "django.mo") == unfmt(compiled), "run python3 manage.py compilemessages"


def unfmt(path):
    return subprocess.run(["msgunfmt", str(path)], check=True, capture_output=True).stdout


APPS = ("access", "accounts", "alerts", "audit", "config", "core", "exchanges", "negotiations", "people")
MARKS = ("_", "gettext", "gettext_lazy", "ngettext", "pgettext")


def test_no_sentence_is_marked_where_it_is_not_gathered():
    """xgettext does not look into f-strings: what is marked there would never reach a translator."""
    found = []
    for app in APPS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
                    found += [f"{path}:{one.lineno}" for one in calls if getattr(one.func, "id", "") in MARKS]

    assert found == []
