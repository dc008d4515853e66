"""CSV of any delimiter and encoding, as rows of text. No Django here: it runs in the child."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from core.sheets.limits import MOST_CELL, Refused

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# What lists of these countries are saved in, for the guess by letters.
LEGACY = ["cp1251", "cp1256", "cp1254", "cp1252", "koi8_u", "mac_cyrillic", "iso8859_5", "iso8859_6", "cp866"]
SAMPLE = 64 * 1024
DELIMITERS = (",", ";", "\t", "|")
LINES_LOOKED_AT = 60
NUL_SEEN_AS = "\u2400"  # "␀": PostgreSQL keeps no NUL, and a cell that held one must still show it


def decoded(content: bytes) -> tuple[str, str]:
    """The text and the encoding it was read in. Raises Refused."""
    for bom, name in BOMS:
        if content.startswith(bom):
            return _decode(content, name), name.removesuffix("-sig")
    if name := _utf16_without_bom(content[:SAMPLE]):
        return _decode(content, name), name
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if _is_mostly_utf8(content):
            raise Refused("undecodable", line=content.count(b"\n", 0, error.start) + 1) from error
    name = _guessed(content[:SAMPLE])
    return _decode(content, name), name


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        read = content[: error.start].decode(name, errors="ignore")
        raise Refused("undecodable", line=read.count("\n") + 1) from error


def _utf16_without_bom(sample: bytes) -> str:
    """Every second byte of Latin text is NUL; of Cyrillic or Arabic text, the newlines and delimiters still tell."""
    for name, newline in (("utf-16-le", (b"\n\x00", b"\r\x00")), ("utf-16-be", (b"\x00\n", b"\x00\r"))):
        zero_at = 1 if name.endswith("le") else 0
        pairs = [sample[place : place + 2] for place in range(0, len(sample) - 1, 2)]
        plain = sum(pair[zero_at] == 0 and pair[1 - zero_at] != 0 for pair in pairs)
        if pairs and plain * 20 > len(pairs) and any(pair in newline for pair in pairs):
            return name
    return ""


def _is_mostly_utf8(content: bytes) -> bool:
    """A fault in a long UTF-8 text is a fault of the file, not another encoding."""
    read = content.decode("utf-8", errors="replace")
    beyond_ascii = sum(character > "\x7f" for character in read)
    return beyond_ascii > 0 and read.count("\ufffd") * 20 < beyond_ascii


def _guessed(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=LEGACY, steps=8, chunk_size=1024).best()
    return found.encoding if found is not None else "cp1251"


def rows_of(text: str) -> tuple[str, Iterator[list[str]]]:
    """The delimiter and the rows. Raises Refused while they are read."""
    delimiter = ""
    if said := re.match(r"sep=(.)\r?\n", text):
        delimiter, text = said[1], text[said.end() :]
    delimiter = delimiter or _delimiter(text)
    return delimiter, _rows(text, delimiter)


def _delimiter(text: str) -> str:
    """The one by which most lines have the same number of cells, more than one."""
    start = text[:SAMPLE].replace("\x00", NUL_SEEN_AS)
    best, most = ",", 0
    for candidate in DELIMITERS:
        try:
            widths = [
                len(row)
                for row, _number in zip(
                    csv.reader(io.StringIO(start, newline=""), delimiter=candidate),
                    range(LINES_LOOKED_AT),
                    strict=False,
                )
                if row
            ]
        except csv.Error:
            continue
        wide = [width for width in widths if width > 1]
        if not wide:
            continue
        commonest = max(set(wide), key=lambda width: (wide.count(width), width))
        score = wide.count(commonest) * (commonest - 1)
        if score > most:
            best, most = candidate, score
    return best


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(1_000_000)
    if "\x00" in text:
        text = text.replace("\x00", NUL_SEEN_AS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    try:
        for row in reader:
            if len(text) > MOST_CELL and any(len(cell) > MOST_CELL for cell in row):
                raise Refused("cell_too_long", line=begun, most=MOST_CELL)
            begun = reader.line_num + 1
            yield row
    except csv.Error as error:
        if "end of data" in str(error):
            raise Refused("cut_in_quotes", line=begun) from error
        if "field limit" in str(error):
            raise Refused("cell_too_long", line=begun, most=MOST_CELL) from error
        raise Refused("bad_quotes", line=reader.line_num) from error
