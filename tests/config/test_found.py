"""The first run without the demonstration: found, then the head joins, opens a negotiation and drafts an exchange."""

import io
import re
import shlex
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from access.models import Compartment, Organisation, User
from access.scoping import compartments_where
from accounts.models import Invitation
from exchanges.models import Exchange, SignOffPolicy

PASSWORD = "a long enough first password"
GUIDE = Path(settings.BASE_DIR) / "docs" / "operator.md"
COMMAND = re.compile(r"^\s*(?:docker compose run --rm web )?python3? manage\.py found (.+)$", re.MULTILINE)


@pytest.fixture
def empty(scene, monkeypatch):
    """A database in which nobody is: what the other tests share is taken out of this one's transaction."""
    from django.db import connection

    from audit import append_only

    with append_only.lifted():
        call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    assert connection.in_atomic_block
    monkeypatch.setattr("sys.stdin", io.StringIO())


def commands_in_the_guide() -> list[list[str]]:
    text = GUIDE.read_text().replace("\\\n", " ")
    return [shlex.split(match, comments=True) for match in COMMAND.findall(text)]


def found(*arguments: str) -> str:
    out = io.StringIO()
    call_command("found", *arguments, stdout=out)
    return out.getvalue()


def counts() -> tuple[int, int]:
    return Organisation.objects.unscoped("test").count(), User.objects.unscoped("test").count()


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    """The guide's own command, with its password file made."""
    (wanted,) = commands_in_the_guide()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "operator-password").write_text(PASSWORD + "\n")
    return [str(tmp_path / "operator-password") if one.endswith("operator-password") else one for one in wanted]


def test_the_guide_s_command_leads_to_a_drafted_exchange(empty, arguments):
    said = found(*arguments)
    link = re.search(r"/invitations/[\w-]+/", said)[0]
    assert PASSWORD not in said
    head = Client()
    joined = {
        "username": "head", "label": "Head", "password": PASSWORD, "again": PASSWORD, "language": "en", "time_zone": "UTC",
    }  # fmt: skip
    assert head.post(link, joined).url == "/"

    page = head.get("/negotiations/new/")
    form = page.context["form"]
    party = next(iter(form.own))
    opened = head.post(
        "/negotiations/new/",
        {"title": "Talks", "prefix": "tlk", "works_here": "us", "participants.0.party": party,
         "participants.0.name": "Ours", "participants.0.letter": "A", "participants.1.name": "Theirs",
         "participants.1.letter": "B"},
    )  # fmt: skip
    assert opened.status_code == 302, opened.context["form"].errors
    negotiation = opened.url.split("/")[2]
    hq = Organisation.objects.unscoped("test").get(kind="body")
    policy = {
        "steps.0.office": hq.pk, "steps.0.quorum": 1, "steps.0.scope": "names", "version": 0, "pairs_waived": "on",
    }  # fmt: skip
    assert head.post(f"/negotiations/{negotiation}/policy/", policy).status_code == 302
    assert SignOffPolicy.objects.unscoped("test").get().pairs_waived

    drafting = head.get(f"/exchanges/new/?negotiation={negotiation}").context["form"]
    typed = {name: drafting[name].value() or "" for name in drafting.fields} | {"title": "3 for 2"}
    typed |= {"directions.0.lines.0": 3, "directions.1.lines.0": 2}
    drafted = head.post(f"/exchanges/new/?negotiation={negotiation}", typed)
    assert drafted.status_code == 302, drafted.context["form"].errors
    assert Exchange.objects.unscoped("test").get().title == "3 for 2"


def test_the_operator_keeps_organisations_and_no_case(empty, arguments):
    found(*arguments)
    client = Client()
    assert client.post("/sign-in/", {"username": "operator", "password": PASSWORD}).url == "/"
    operator = User.objects.unscoped("test").get(username="operator")

    assert client.get("/organisations/").status_code == 200
    assert Invitation.objects.visible_to(operator).get().roles == ["head_of_delegation"]
    assert not Compartment.objects.visible_to(operator).exists()
    assert (
        not Compartment.objects.unscoped("test").filter(pk__in=compartments_where(operator, "share", "decide")).exists()
    )


def test_founding_twice_is_refused_and_changes_nothing(empty, arguments):
    found(*arguments)
    before = counts()

    with pytest.raises(CommandError, match="founded already"):
        found(*arguments)
    assert counts() == before


def test_a_database_in_use_is_not_founded(scene, arguments):
    before = counts()

    with pytest.raises(CommandError, match="founded already"):
        found(*arguments)
    assert counts() == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"--head-email": "nowhere"}, "email"), ({"--password-file": "missing"}, "cannot be read"),
        ({"--party": ""}, "--party"), ({"--username": "a b"}, "username"), ({"--organisation": "Operators"}, "name"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_is_made(empty, arguments, changes, sentence):
    asked = list(arguments)
    for option, value in changes.items():
        if option in asked:
            asked[asked.index(option) + 1] = value
        else:
            asked += [option, value]

    with pytest.raises(CommandError, match=sentence):
        found(*asked)
    assert counts() == (0, 0)


def test_a_weak_password_is_refused(empty, arguments, tmp_path):
    (tmp_path / "operator-password").write_text("short\n")

    with pytest.raises(CommandError, match="password"):
        found(*arguments)
    assert counts() == (0, 0)


def test_without_a_terminal_the_password_comes_from_the_environment(empty, arguments, monkeypatch):
    at = arguments.index("--password-file")
    rest = arguments[:at] + arguments[at + 2 :]
    with pytest.raises(CommandError, match="HOMEWARD_OPERATOR_PASSWORD"):
        found(*rest)

    monkeypatch.setenv("HOMEWARD_OPERATOR_PASSWORD", PASSWORD)
    assert found(*rest).startswith("Founded.")


@pytest.mark.parametrize("options", [{}, {"fresh": True}])
def test_no_demonstration_is_put_into_a_founded_installation(empty, arguments, options, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    found(*arguments)
    before = counts()

    with pytest.raises(CommandError, match=r"was founded with `manage\.py found`, so no demonstration is put into it"):
        call_command("demo", port=0, **options)
    assert counts() == before


def test_no_option_takes_a_password():
    from config.management.commands.found import ASKED

    assert "password" not in ASKED
