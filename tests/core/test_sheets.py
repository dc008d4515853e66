"""Hostile and odd files: each gets its sentence, and the process that asked lives."""

import io
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from core.sheets import limits, workbook
from core.sheets.faults import SENTENCES, FileRefused
from core.sheets.reading import reading
from core.sheets.writing import csv_blocks, safe, xlsx_blocks
from people.imports.cells import tidy

TABLE = "Прізвище;Ім'я;Дата\nКоваль;Іван;23.04.1987\nМельник;Олег;1990\n"
ROWS = [(1, ["Прізвище", "Ім'я", "Дата"]), (2, ["Коваль", "Іван", "23.04.1987"]), (3, ["Мельник", "Олег", "1990"])]


def read(path):
    with reading(path) as table:
        return list(table.rows)


def refused(path) -> str:
    with pytest.raises(FileRefused) as why:
        read(path)
    return why.value.fault


@pytest.fixture(scope="module")
def good() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Прізвище", "Ім'я", "Дата"])
    sheet.append(["Коваль", "Іван", "=1+1"])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def with_part(content: bytes, name: str, part: bytes, *, inside: str = "") -> bytes:
    """The workbook with one part more; `inside`: put into that part instead, before its end."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in given.namelist():
            text = given.read(one)
            packed.writestr(one, text.replace(b"<sheetData>", part + b"<sheetData>") if one == inside else text)
        if not inside:
            packed.writestr(name, part)
    return made.getvalue()


def test_any_encoding_and_delimiter(tmp_path):
    for number, encoding in enumerate(("utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "koi8_u")):
        delimiter = ";\t,|"[number % 4]
        path = tmp_path / str(number)
        path.write_bytes(TABLE.replace(";", delimiter).encode(encoding))

        assert read(path) == ROWS, encoding


def test_arabic_and_turkish_of_old_programs(tmp_path):
    for encoding, text in (
        ("cp1256", "الاسم,اللقب\nمحمد,الكوفالينكو\nعلي,حسن\n" * 20), ("cp1254", "Soyadı,Adı\nŞahin,İbrahim\nGüneş,Işıl\n" * 20),
    ):  # fmt: skip
        (tmp_path / "file").write_bytes(text.encode(encoding))

        assert read(tmp_path / "file")[1][1] == text.splitlines()[1].split(",")


def test_each_hostile_file_gets_its_own_answer(tmp_path, good):
    path, answers = tmp_path / "file", {}
    files = {
        "empty": b"", "old_excel": workbook.OLE_SIGNATURE + b"\0" * 99, "not_a_table": b"%PDF-1.7 and more",
        "cut": good[: len(good) // 2], "macros": with_part(good, "xl/vbaProject.bin", b"x"),
        "external_links": with_part(good, "xl/externalLinks/externalLink1.xml", b"<a/>"),
        "embedded": with_part(good, "xl/embeddings/oleObject1.bin", b"x"),
        "odd_names": with_part(good, "../../etc/passwd", b"x"),
        "doctype": with_part(good, "xl/x.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'),
        "swells": with_part(good, "", b" " * 60_000_000, inside="xl/worksheets/sheet1.xml"),
        "other_office": with_part(b"PK\x05\x06" + b"\0" * 18, "word/document.xml", b"<a/>"),
        "cut_in_quotes": 'a,b\n"Іван,x\nc,d\n'.encode(), "bad_quotes": b'a,b\n"x"y,z\n',
        "undecodable": TABLE.encode() * 9 + b"\xff\xfe\n", "too_many_columns": b"," * 300 + b"x\n",
        "cell_too_long": b"a,b\n" + b"x" * 9_000 + b",y\n", "too_many_parts": good,
    }  # fmt: skip
    files["too_many_parts"] = many_parts(good)
    for fault, content in files.items():
        path.write_bytes(content)
        answers[fault] = refused(path)

    assert answers == {fault: fault for fault in files}
    assert set(files) <= set(SENTENCES)


def many_parts(content: bytes) -> bytes:
    made = io.BytesIO(content)
    with zipfile.ZipFile(made, "a") as packed:
        for number in range(limits.MOST_PARTS):
            packed.writestr(f"x/{number}", b"")
    return made.getvalue()


def test_a_file_of_300_megabytes_costs_nothing(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(300 * 1024 * 1024)

    assert refused(tmp_path / "large") == "too_large"
    assert refused(tmp_path / "gone") == "gone"


def test_the_child_writes_starts_and_reaches_nothing(tmp_path):
    """The same walls, in a process of our own."""
    import subprocess
    import sys

    tried = f"""
import sys; sys.path.insert(0, {str(Path.cwd())!r})
from core.sheets import limits
import socket, subprocess
limits.close_in()
for act in (lambda: socket.socket(), lambda: subprocess.run(["true"]), lambda: open({str(tmp_path / "x")!r}, "w"),
            lambda: bytearray(limits.MEMORY + 1)):
    try:
        act()
        print("done")
    except (PermissionError, MemoryError) as error:
        print(type(error).__name__)
"""
    told = subprocess.run([sys.executable, "-c", tried], capture_output=True, text=True, check=False).stdout

    assert told.split() == ["PermissionError", "PermissionError", "PermissionError", "MemoryError"]


def test_dates_of_both_calendars_merged_cells_and_numbers(tmp_path):
    for epoch in (openpyxl.utils.datetime.CALENDAR_WINDOWS_1900, openpyxl.utils.datetime.CALENDAR_MAC_1904):
        book = openpyxl.Workbook()
        book.epoch = epoch
        sheet = book.active
        sheet.append(["Список"])
        sheet.append([])
        for row in (
            ["Коваль", date(1987, 4, 23), 1234567, "12 бригада"],
            ["Мельник", 1990.0, 12345678901234],
        ):
            sheet.append(row)
        sheet.merge_cells("D3:D4")
        book.save(tmp_path / "book")

        assert read(tmp_path / "book") == [
            (1, ["Список"]), (3, ["Коваль", "1987-04-23", "1234567", "12 бригада"]),
            (4, ["Мельник", "1990", "12345678901234", "12 бригада"]),
        ]  # fmt: skip


def test_a_nul_is_seen_and_what_we_write_is_read_back(tmp_path):
    (tmp_path / "nul").write_bytes(b"a,b\nIv\0an,x\n")
    cells = ["=1+1", "+7", "-", "@x", "＝1", "\tx", "O'Connor", 'say "hi", twice', "ا"]
    (tmp_path / "csv").write_bytes(b"".join(csv_blocks([["a"], cells])))
    (tmp_path / "xlsx").write_bytes(b"".join(xlsx_blocks([["a"], cells])))

    assert read(tmp_path / "nul")[1] == (2, ["Iv\u2400an", "x"])
    for name in ("csv", "xlsx"):
        back = read(tmp_path / name)[1][1]
        assert [safe(cell) for cell in cells] == back, name
        assert [tidy(cell) for cell in back] == [tidy(cell.strip()) for cell in cells]


def sheet_of(good: bytes, rows: str, *, after: str = "") -> bytes:
    """The workbook with these rows instead of its own."""
    made = io.BytesIO()
    text = f'<worksheet xmlns="a" xmlns:x="a"><sheetData>{rows}</sheetData>{after}</worksheet>'
    with zipfile.ZipFile(io.BytesIO(good)) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in given.namelist():
            packed.writestr(one, text if one == "xl/worksheets/sheet1.xml" else given.read(one))
    return made.getvalue()


NAME = '<c r="{}" t="inlineStr"><is><t>Коваль</t></is></c>'
EXTENSION = "<extLst><ext><x:f>A1</x:f></ext></extLst>"  # of a drawing within cells, say


@pytest.mark.parametrize(
    ("cell", "seen_as"),
    [
        ("<f>A1</f>", "=?"), ("<f>A1</f><v/>", "=?"), ("<f>A1</f><v> </v>", "=?"), ('<f t="shared" si="0"/>', "=?"),
        ('<f t="shared" ref="B1:B9" si="0">A1</f>', "=?"), ('<f t="array" ref="B1">A1</f>', "=?"), ("<f/>", "=?"),
        ("<f>A1</f><v>7</v>", "7"), ('<f t="shared" si="0"/><v>7</v>', "7"), ("<f><![CDATA[1<2]]></f>\n<v>1</v>\n", "1"),
        ("<v/>", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_formula_whose_result_was_not_saved_is_no_empty_cell(tmp_path, good, cell, seen_as):
    row = f'<row r="1">{NAME.format("A1")}<c r="B1">{cell}</c></row>'
    prefixed = row.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:!", "<!")

    for number, rows in enumerate((row, row.replace(' r="B1"', ""), prefixed)):
        (tmp_path / "book").write_bytes(sheet_of(good, rows, after=EXTENSION))

        assert read(tmp_path / "book") == [(1, ["Коваль", seen_as] if seen_as else ["Коваль"])], number


def test_a_formula_that_gives_an_empty_text_has_a_result_and_an_error_is_one(tmp_path, good):
    cells = ('t="str"><f>A1</f><v></v>', 't="str"><f>A1</f>', 't="e"><f>A1</f><v>#REF!</v>', "t='e'><v>#N/A</v>", ">")
    row = "".join(f'<c r="{letter}1" {cell}</c>' for letter, cell in zip("BCDEF", cells, strict=True))
    (tmp_path / "book").write_bytes(sheet_of(good, f"<row>{NAME.format('A1')}{row}</row>", after=EXTENSION))

    assert read(tmp_path / "book") == [(1, ["Коваль", "", "=?", "#REF!", "#N/A"])]


def test_a_formula_over_many_cells_and_rows_of_formulas_alone(tmp_path, good):
    """Cells that it would have filled are named where their row says anything; a row of formulas alone is not lost either."""
    rows = f"""<row r="1">{NAME.format("A1")}<c r="B1"><f t="array" ref="B1:C1048576">A1</f></c></row>
        <row r="2">{NAME.format("A2")}<c r="C2"><v>5</v></c></row><row r="6"><c r="A6"><f>A1</f></c></row>"""
    (tmp_path / "book").write_bytes(sheet_of(good, rows))

    assert read(tmp_path / "book") == [(1, ["Коваль", "=?", "=?"]), (2, ["Коваль", "=?", "5"]), (6, ["=?"])]


def test_formulas_at_places_that_no_table_has_are_refused(tmp_path, good):
    answers = {}
    for place in ("B200001", "ZZZZZ1", "B9999999999", "?"):
        (tmp_path / "book").write_bytes(sheet_of(good, f'<row r="1"><c r="{place}"><f>A1</f></c></row>'))
        answers[place] = refused(tmp_path / "book")

    assert answers == {
        "B200001": "too_many_rows", "ZZZZZ1": "too_many_columns", "B9999999999": "cut", "?": "no_sheet",
    }  # fmt: skip
