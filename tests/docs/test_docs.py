"""What the documentation says is tried: its links, its commands, its calls of the API, its words on the pages."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.test import Client

from access.roles import Role
from accounts.operations import create_key
from exchanges.models import Entry
from tests import factories
from tests.factories import directions

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"python3? manage\.py (?!test\b)(\w+)([^#\n`|>&]*)")
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_links_lead_somewhere(page):
    inside = [target for target in LINK.findall(page.read_text()) if "://" not in target]

    assert [target for target in inside if not (page.parent / target).exists()] == []


@each_page
def test_every_page_of_the_folder_is_named_in_its_index(page):
    index = (ROOT / "docs" / "README.md").read_text()
    if page.parent == ROOT / "docs" and page.name != "README.md":
        assert f"({page.name})" in index


def commands():
    for page in PAGES:
        for name, rest in COMMAND.findall(page.read_text()):
            yield pytest.param(name, rest, id=f"{page.stem}: {name}{rest.rstrip()}")


@pytest.mark.parametrize(("name", "rest"), list(commands()))
def test_commands_exist_and_take_the_options_that_are_named(name, rest):
    command = load_command_class(get_commands()[name], name)
    known = command.create_parser("manage.py", name)._option_string_actions

    assert [option for option in re.findall(r"--[a-z][a-z-]*", rest) if option not in known] == []


def test_a_log_is_exported_and_checked_as_the_pages_say(scene, tmp_path):
    from django.core.management import call_command

    exchange = factories.exchange_at(scene, "negotiating")
    call_command("export_log", str(exchange.compartment_id), str(tmp_path / "log.jsonl"))

    checked = subprocess.run(
        [sys.executable, "verify_log.py", str(tmp_path / "log.jsonl")], cwd=ROOT, capture_output=True, text=True
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


# The API


@pytest.fixture
def variables(scene):
    head = scene.cast.north.head
    exchange = factories.exchange_at(scene, "negotiating")
    factories.agreed_entries(scene, exchange, 1)
    membership = head.memberships.get(role=Role.HEAD)
    _key, secret = create_key(membership, label="the shell", actor=head)
    direction = directions(exchange)[0]
    return {
        "KEY": secret, "HOMEWARD": "", "EXCHANGE": str(exchange.pk), "DIRECTION": str(direction.pk), "UNIQUE": "once",
        "ENTRY": str(Entry.objects.unscoped("test").filter(direction=direction).get().pk),
        "COMPARTMENT": str(exchange.compartment_id),
    }  # fmt: skip


def calls():
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip().startswith("curl "):
                    yield line.strip()


def test_every_call_of_the_api_is_answered(scene, variables):
    told = list(calls())
    assert len(told) >= 8
    for line in told:
        answer = performed(line, variables)

        assert answer.status_code == 200, f"{line}: {answer.content.decode()[:300]}"
        assert answer["Content-Type"] == "application/json"


def performed(line, variables):
    for name, value in variables.items():
        line = line.replace(f"${name}", value)
    words = shlex.split(line)[1:]
    headers, body, method, address = {}, None, "GET", ""
    while words:
        match words.pop(0):
            case "-H":
                name, _colon, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-X":
                method = words.pop(0)
            case "-d":
                body = words.pop(0)
            case word:
                address = word
    kind = {"content_type": headers.pop("Content-Type")} if "Content-Type" in headers else {}
    return Client(headers=headers).generic(method, address, body or "", **kind)


# The words of the guides


NAMES_BUTTONS = (
    "negotiator", "clerk", "signatorys-office", "mediator", "headquarters", "dossier", "finding-persons", "duties",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES_BUTTONS)
def test_what_a_guide_prints_in_bold_is_called_so_on_the_pages(name):
    catalogue = (ROOT / "locale" / "uk" / "LC_MESSAGES" / "django.po").read_text()
    messages = re.findall(r'^msgid ((?:".*"\n)+)', catalogue, re.MULTILINE)
    known = {"".join(re.findall(r'"((?:[^"\\]|\\.)*)"', message)) for message in messages}
    bold = {
        " ".join(found.split())
        for found in re.findall(r"\*\*(.+?)\*\*", (ROOT / "docs" / f"{name}.md").read_text(), re.DOTALL)
    }

    assert bold
    assert {word for word in bold if not any(m == word or m.startswith(f"{word} %(") for m in known)} == set()
