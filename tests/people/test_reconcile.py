"""`manage.py reconcile`: two files in, one out, no database; a faulty file is answered at its line and leaves nothing."""

import csv
import random

import pytest
from django.core.management import CommandError, call_command

from core.errors import DomainError
from people.matching.csv_files import FOUND, LIST, REGISTRY
from people.matching.keys import MOST_HOLDERS, keys_of
from people.matching.reconciling import Passing, reconcile
from people.matching.record import Lexicon, Record, read
from people.seeding.generator import invented_persons


@pytest.fixture(scope="module")
def invented():
    return invented_persons(600, nation="ukrainian", seed=4) + invented_persons(600, nation="russian", seed=5)


def line(number, person):
    return [
        f"p{number}", person.family_name, person.given_name, person.patronymic, person.birth_date, person.rank, person.unit,
        person.service_number,
    ]  # fmt: skip


def in_file(path, columns, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def reconciled(tmp_path, registry, rows):
    out = tmp_path / "out.csv"
    call_command(
        "reconcile", registry=in_file(tmp_path / "registry.csv", REGISTRY, registry),
        list=in_file(tmp_path / "list.csv", LIST, rows), out=out,
    )  # fmt: skip
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_right_person_comes_first_however_the_row_is_written(tmp_path, invented):
    registry = [line(number, person) for number, person in enumerate(invented)]
    first, second, third = invented[0], invented[700], invented[30]
    rows = [
        ["latin", "", first.family_name_latin, first.given_name_latin, "", first.birth_date, "", "", ""],
        ["swapped", "", first.given_name, first.family_name, first.patronymic, "", "", "", ""],
        ["whole", f"{second.given_name_latin} {second.patronymic_latin} {second.family_name_latin}", *[""] * 7],
        ["date", "", second.family_name, second.given_name, "", second.birth_date[:4], "", "", ""],
        ["number", "", "", "", "", "", "", "", third.service_number],
        ["nobody", "", "", "", "", "", "", "", ""],
    ]  # fmt: skip

    found = reconciled(tmp_path, registry, rows)
    best = {}
    for one in found:
        best.setdefault(one["row_id"], one["candidate_id"])

    assert best == {"latin": "p0", "swapped": "p0", "whole": "p700", "date": "p700", "number": "p30"}
    assert all(list(one) == list(FOUND) for one in found)
    scores = [float(one["score"]) for one in found if one["row_id"] == "swapped"]
    assert scores == sorted(scores, reverse=True)


def test_the_stream_finds_exactly_those_who_share_a_key(invented):
    """The tree says again what `keys_of` says."""
    rng = random.Random(6)
    registry = [line(number, person) for number, person in enumerate(invented)]
    registry += [
        ["odd1", "Ли", "", "", "1990", "", "", ""],
        ["odd2", "", "Ян", "", "", "", "", "№ ١٢٣٤٥"],
        ["odd3", *[""] * 7],
    ]
    registry += [["odd4", "Нечуй-Левицький", "А.", "", "1990-05", "", "", ""]]
    rows = [[f"r{number}", "", *person[1:]] for number, person in enumerate(rng.sample(registry, 100))]
    rows += [["odd", "", "Левицький Нечуй", "А", "", "1990-05", "", "", "12345"], ["lee", "Li", *[""] * 7]]
    passing = Passing(rows, None)
    passing.watch(registry)

    persons = {person[0]: keys_of(read(Record(*person[1:5], "", "", person[7]), Lexicon())) for person in registry}
    sought = set().union(*passing.keys)
    kept = [person[0] for person in passing.lines]

    assert sorted(kept) == sorted(name for name, keys in persons.items() if keys & sought)
    for key, holders in passing.sought.holders.items():
        assert {kept[number] for number in holders} == {name for name, keys in persons.items() if key in keys}, key


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # newer Pythons warn of forking beside threads; the command has none
def test_several_processes_put_first_whom_one_does(invented, monkeypatch):
    monkeypatch.setattr("people.matching.reconciling.ROWS_AT_A_TIME", 7)
    registry = [line(number, person) for number, person in enumerate(invented)]
    rows = [[f"r{number}", "", *person[1:4], "", *person[5:]] for number, person in enumerate(registry[:20])]

    def likeliest(**options):
        found = {}
        for one in reconcile(rows, lambda: iter(registry), **options):
            found.setdefault(one.row_id, one)
        return found

    alone = likeliest()
    assert set(alone) == {row[0] for row in rows}
    assert likeliest(processes=2) == alone


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fault_that_one_of_several_processes_meets_is_told(invented):
    def faulty():
        yield from (line(number, person) for number, person in enumerate(invented[:10]))
        raise DomainError("line 12: cut.")

    with pytest.raises(DomainError, match="line 12: cut"):
        list(reconcile([["r", "Олександр Коваленко", *[""] * 7]], faulty, processes=2))


def test_a_key_that_too_many_hold_finds_nobody(tmp_path):
    registry = [[f"p{number}", "Мельник", *[""] * 6] for number in range(MOST_HOLDERS + 1)]
    row = ["r", "", "Melnyk", *[""] * 6]

    assert reconciled(tmp_path, registry, [row]) == []
    assert len(reconciled(tmp_path, registry[1:], [row])) == 10


@pytest.mark.parametrize(("content", "complaint"), [
    (b"", "is empty"),
    (b"id,family_name\n1,x\n", "missing column given_name"),
    (",".join([*REGISTRY, "id"]).encode() + b"\n", "the column id is there twice"),
    (",".join(REGISTRY).encode() + b"\n1,x,,,,,,\n2,y,,\n", "line 3: 4 fields where the header has 8"),
    (",".join(REGISTRY).encode() + b'\n1,"x,,,,,,\n', "may be cut or damaged"),
    (",".join(REGISTRY).encode() + "\n1,Ковальов,,,,,,\n".encode("cp1251"), "not UTF-8"),
    (",".join(REGISTRY).encode() + b"\n1,a\x00b,,,,,,\n", "may be cut or damaged"),
    (",".join(REGISTRY).encode() + b"\n,x,,,,,,\n", "line 2: no id"),
    (",".join(REGISTRY).encode() + b"\n1," + b"x" * 20_000 + b",,,,,,\n", "line 2"),
])  # fmt: skip
def test_a_faulty_file_is_refused_at_its_line_and_nothing_is_written(tmp_path, content, complaint):
    registry, out = tmp_path / "registry.csv", tmp_path / "out.csv"
    registry.write_bytes(content)
    rows = in_file(tmp_path / "list.csv", LIST, [["r", "Іван Коваль", *[""] * 7]])
    out.write_text("what stood here\n")

    with pytest.raises(CommandError, match="Nothing was written") as refused:
        call_command("reconcile", registry=registry, list=rows, out=out)

    assert complaint in str(refused.value)
    assert out.read_text() == "what stood here\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["list.csv", "out.csv", "registry.csv"]


def test_a_file_that_is_not_there_and_a_place_that_cannot_be_written_are_told(tmp_path):
    rows = in_file(tmp_path / "list.csv", LIST, [])
    registry = in_file(tmp_path / "registry.csv", REGISTRY, [])

    with pytest.raises(CommandError, match="No such file"):
        call_command("reconcile", registry=registry, list=tmp_path / "none.csv", out=tmp_path / "out.csv")
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("reconcile", registry=registry, list=rows, out=tmp_path / "nowhere" / "out.csv")
    call_command("reconcile", registry=registry, list=rows, out=tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "row_id,candidate_id,score\n"


def test_columns_may_stand_in_any_order_beside_others_and_a_byte_order_mark(tmp_path):
    registry, rows, out = tmp_path / "registry.csv", tmp_path / "list.csv", tmp_path / "out.csv"
    columns = [*reversed(REGISTRY), "remark"]
    registry.write_text(",".join(columns) + "\n,,,,,Тарас,Бульба,p1,x\n", encoding="utf-8-sig")
    rows.write_text(",".join(LIST) + "\nr1,,Bulba,Taras,,,,,\n")

    call_command("reconcile", registry=registry, list=rows, out=out)

    assert out.read_text().splitlines()[1].startswith("r1,p1,")
