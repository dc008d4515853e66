"""Uploaded files: what they are by their first bytes, and the same file without what it tells of its making."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
BEGINS = {PDF: b"%PDF-", JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n"}
ENDINGS = {PDF: "pdf", JPEG: "jpg", PNG: "png"}
PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"iCCP", b"cHRM", b"bKGD", b"pHYs", b"sBIT"}
# Of a JPEG's segments these say nothing of place, time and maker: JFIF and Adobe's, which tells how colours are meant.
JPEG_APPLICATION, JPEG_COMMENT, JPEG_KEPT = range(0xE0, 0xF0), 0xFE, {0xE0, 0xEE}
JPEG_SCAN, JPEG_STANDALONE = 0xDA, {0x01, *range(0xD0, 0xD9)}


class NotThisType(ValueError):
    """The bytes do not hold together as a file of the type that they begin like."""


def type_of(content: bytes) -> str:
    """By the first bytes, never by the name; empty for everything that is not taken."""
    return next((kind for kind, begin in BEGINS.items() if content.startswith(begin)), "")


def without_metadata(content: bytes, kind: str) -> bytes:
    """A picture without place, time, camera and comments. A PDF stays as it is. Raises NotThisType."""
    if kind == JPEG:
        return b"".join(_jpeg_parts(content))
    if kind == PNG:
        return b"".join(_png_parts(content))
    return content


def _jpeg_parts(content: bytes) -> Iterator[bytes]:
    yield content[:2]
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise NotThisType("no segment where one should begin")
        marker = content[at + 1]
        if marker == JPEG_SCAN:
            yield content[at:]
            return
        if marker == 0xFF or marker in JPEG_STANDALONE:  # filling, or a marker that stands alone
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise NotThisType("a segment ends behind the file")
        tells = (marker in JPEG_APPLICATION and marker not in JPEG_KEPT) or marker == JPEG_COMMENT
        if not tells:
            yield content[at:end]
        at = end
    raise NotThisType("no picture in it")


def _png_parts(content: bytes) -> Iterator[bytes]:
    yield content[:8]
    at, has_ended = 8, False
    while at + 12 <= len(content) and not has_ended:
        (length,) = struct.unpack(">I", content[at : at + 4])
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            raise NotThisType("a part ends behind the file")
        if name in PNG_KEPT:
            yield content[at:end]
        at, has_ended = end, name == b"IEND"
    if not has_ended:
        raise NotThisType("no end")


def write_once(path: Path, content: bytes) -> None:
    """Whole or not at all, on the disk before this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.part")
    with half.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
