"""How events read after the name of what they are about: "Tranche 3: Planned for 24 May 2025."."""

import re

import pytest

from exchanges.presentation.sentences import SENTENCES

# What a page puts before the sentence, by the kind of event: of an exchange nothing, since its page bears its name.
NAMED_BEFORE = {"tranche": "Tranche", "receipt": "Tranche", "identity": "Tranche", "sign_off": "Tranche", "list": "→"}
CONTENTS = (
    {},
    {"number": 3, "planned_on": "2025-05-24", "after": "gone", "before": "staged", "size": 3, "presented": 2,
     "office": "Office", "manner": "recorded", "cause": "unlocked", "counts": {"received": 2}},
    {"after": "pending", "before": "approved", "office": "Office", "one_pair_of_eyes": True, "received": 1},
)  # fmt: skip


def told(kind, content):
    sentence = SENTENCES[kind]
    return str(sentence(content) if callable(sentence) else sentence)


@pytest.mark.parametrize("kind", [kind for kind in SENTENCES if kind.split(".")[0] in NAMED_BEFORE])
def test_a_sentence_does_not_name_again_what_stands_before_it(kind):
    before = NAMED_BEFORE[kind.split(".")[0]]
    for content in CONTENTS:
        assert not re.search(rf"\b{before}\b" if before.isalpha() else before, told(kind, content), re.IGNORECASE)


def test_a_planned_tranche_is_told_with_its_day():
    assert told("tranche.planned", {"number": 3, "planned_on": "2025-05-24"}) == "Planned for 24 May 2025."
    assert told("tranche.planned", {"number": 3, "planned_on": ""}) == "Planned."
