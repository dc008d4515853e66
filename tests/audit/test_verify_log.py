"""The stand-alone verifier: whole logs pass; after any single-row change it names the row."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

import verify_log
from access.models import Compartment
from audit.export import lines_of
from audit.models import Log
from exchanges.models import TrancheStatus
from tests import factories

_exported: list[str] = []


@pytest.fixture
def lines(request) -> list[str]:
    """The log of a table as it was exported, once for the whole module: text that no test changes."""
    if not _exported:
        tranche = factories.tranche_at(request.getfixturevalue("scene"), TrancheStatus.SIGNED_OFF)
        _exported[:] = [line.decode() for line in lines_of(tranche.compartment)]
    return list(_exported)


def broken(lines: list[str]) -> str:
    with pytest.raises(verify_log.Broken) as refused:
        verify_log.verify(lines)
    return str(refused.value)


def changed(line: str, **values: object) -> str:
    return json.dumps(json.loads(line) | values, ensure_ascii=False) + "\n"


def test_every_log_of_the_database_is_whole(scene):
    factories.tranche_at(scene, TrancheStatus.GONE)

    for log in Log.objects.unscoped("test").select_related("compartment"):
        assert verify_log.verify(line.decode() for line in lines_of(log.compartment)) == log.position


@pytest.mark.parametrize("field", sorted(verify_log.FIELDS))
def test_any_changed_field_names_its_row(lines, field):
    row = len(lines) // 2
    value = json.loads(lines[row])[field]
    other = {
        "position": row + 1, "data": {**(value if isinstance(value, dict) else {}), "x": 1}, "at": "2020-01-01T00:00:00.000000Z",
    }.get(field, ("0" if str(value)[0] != "0" else "1") + str(value)[1:])  # fmt: skip

    assert broken([*lines[:row], changed(lines[row], **{field: other}), *lines[row + 1 :]]).startswith(f"row {row}:")


@pytest.mark.parametrize("field", sorted(verify_log.FIELDS))
def test_any_missing_field_names_its_row(lines, field):
    row = 2
    event = json.loads(lines[row])
    del event[field]

    assert broken([*lines[:row], json.dumps(event), *lines[row + 1 :]]).startswith(f"row {row}:")


def test_every_row_can_be_lost_only_loudly(lines):
    for row in range(1, len(lines)):
        told = broken(lines[:row] + lines[row + 1 :])
        assert told.startswith(f"row {row}:")


def test_inserted_and_swapped_rows_are_named(lines):
    assert broken([*lines[:3], lines[2], *lines[3:]]).startswith("row 3:")
    assert broken([*lines[:2], lines[3], lines[2], *lines[4:]]).startswith("row 2:")


def test_erased_content_without_an_erasure_is_named(lines):
    assert broken([*lines[:2], changed(lines[2], salt=None, data=None), *lines[3:]]) == (
        "row 2: content missing and no erasure recorded"
    )


@pytest.mark.parametrize("name", sorted(verify_log.HEADER))
def test_changed_header_is_named(lines, name):
    value = {"size": len(lines), "head": "f" * 64}.get(name, "x")

    broken([changed(lines[0], **{name: value}), *lines[1:]])


@pytest.mark.parametrize("junk", ["", "[]", "{", '{"a": 1.5}', '{"a": 1, "a": 2}', "nul"])
def test_junk_is_a_sentence(lines, junk):
    broken([junk, *lines[1:]])
    broken([*lines[:2], junk, *lines[3:]])


def test_command_and_script_work_together(scene, tmp_path: Path):
    listed = io.StringIO()
    call_command("export_log", "--list", stdout=listed)
    compartment = listed.getvalue().splitlines()[0].split()[0]
    file = tmp_path / "log.jsonl"
    call_command("export_log", compartment, str(file))

    done = subprocess.run(
        [sys.executable, "-I", verify_log.__file__, str(file)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.split()[0]) == (0, "WHOLE")


def test_log_is_exported_by_its_name_too(scene, tmp_path: Path):
    exchange = factories.exchange_at(scene, "negotiating")
    by_id, by_name = tmp_path / "id.jsonl", tmp_path / "name.jsonl"
    call_command("export_log", str(exchange.compartment_id), str(by_id))
    call_command("export_log", exchange.reference, str(by_name))
    Compartment.objects.create(kind="channel", name=exchange.reference)

    assert by_name.read_bytes() == by_id.read_bytes() != b""
    with pytest.raises(CommandError, match="Several compartments are called"):
        call_command("export_log", exchange.reference, str(by_name))


def test_script_exits_1_on_a_broken_log(scene, tmp_path: Path, lines):
    file = tmp_path / "log.jsonl"
    file.write_text("".join(lines[:-1]))

    done = subprocess.run(
        [sys.executable, "-I", verify_log.__file__, str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stdout.startswith("BROKEN  row ")


def test_unknown_compartment_is_a_sentence(db):
    with pytest.raises(CommandError, match="There is no compartment"):
        call_command("export_log", "nonsense", "/dev/null")
