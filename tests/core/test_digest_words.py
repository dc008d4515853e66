import hashlib

import pytest

from core.digest_words import _listed, words

DIGEST = hashlib.sha256(b"homeward").hexdigest()
FIRST_MIDDLE_LAST = "0001027f80fdfeff" + "0" * 48


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "antler parcel violin glacier ankle squid velvet lizard"),
        ("uk", "антена острів шпак каша ананас трава шишка ложка"),
        ("ar", "أنبوب غسالة نظارة زرافة أناناس مسبح ناي شمندر"),
    ],
)
def test_a_digest_reads_as_eight_words(language, expected):
    assert words(DIGEST, language) == expected.split()


def test_a_byte_is_the_place_in_the_list():
    assert words(FIRST_MIDDLE_LAST) == ["abacus", "acorn", "almond", "moss", "mouse", "yarn", "zebra", "zipper"]


def test_only_the_first_eight_bytes_are_read():
    assert words(DIGEST[:16] + "f" * 48) == words(DIGEST)


def test_a_digest_in_capitals_reads_the_same():
    assert words(DIGEST.upper(), "uk") == words(DIGEST, "uk")


@pytest.mark.parametrize("language", ["tr", "", "../en", "e", "en-gb", "EN"])
def test_english_is_read_where_there_is_no_list(language):
    assert words(DIGEST, language) == words(DIGEST, "en")


def test_a_regional_variant_reads_its_main_language():
    assert words(DIGEST, "uk-ua") == words(DIGEST, "uk")


@pytest.mark.parametrize(
    "digest", ["", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "\n", " " + "0" * 63, "٠" * 64, "0x" + "0" * 62]
)
def test_what_is_not_a_digest_is_refused(digest):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        words(digest)


# Printed pages were read with these lists: a change here makes them read otherwise.
@pytest.mark.parametrize(
    ("language", "digest"),
    [
        ("en", "0b7a0add57320cf3c0d416e70f7e79a60c016d9da8b445febaf1bdea33210469"),
        ("uk", "f0b3cf636402d6a28909e3954d6087494c43a0109b29b254286b0535aa381b6b"),
        ("ar", "ba28a21d5c30cc799bb4d0ec4d2fa0d613ccc156edf649d1cdfc652418da076f"),
    ],
)
def test_the_lists_stay_as_they_are(language, digest):
    listed = [words(f"{byte:02x}" + "0" * 62, language)[0] for byte in range(256)]

    assert hashlib.sha256("\n".join(listed).encode()).hexdigest() == digest


@pytest.mark.parametrize("language", ["en", "uk", "ar"])
def test_every_word_is_a_short_one(language):
    listed = [words(f"{byte:02x}" + "0" * 62, language)[0] for byte in range(256)]

    assert [word for word in listed if not (word.isalpha() and 3 <= len(word) <= 7)] == []


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ([f"word{n}" for n in range(255)], "255 lines, 255 distinct words"),
        ([f"word{n}" for n in range(255)] + ["Word0"], "256 lines, 255 distinct words"),
        ([f"word{n}" for n in range(255)] + [""], "256 lines, 255 distinct words"),
    ],
)
def test_a_list_with_a_word_missing_or_double_is_refused(tmp_path, wrong, found):
    path = tmp_path / "en.txt"
    path.write_text("\n".join(wrong) + "\n", encoding="utf-8")

    with pytest.raises(RuntimeError, match=found):
        _listed(path)
