"""What every later change has to keep. An exemption is a line in a table, with its reason."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from access.scoping import Compartmented
from audit import append_only
from config.doors import doors
from config.management.commands import diagrams

OWN_APPS = ("core", "access", "audit", "accounts", "people", "negotiations", "exchanges", "alerts", "config")
ROOT = Path(settings.BASE_DIR)

# Models outside any compartment, each with the reason (RULES section 8).
EXCUSED = {
    "access.Party": "who there is: own organisation, and who shares a compartment",
    "access.Organisation": "who there is: own organisation, and who shares a compartment",
    "access.User": "who there is: own organisation",
    "access.Membership": "who there is: own organisation",
    "access.Compartment": "whoever reads in it",
    "access.Grant": "own organisation, and who shares the compartment",
    "access.GrantRole": "part of its grant",
    "access.Introduction": "who there is: read through the two organisations",
    "access.Installation": "system row: the clock's offset, no case data",
    "audit.Log": "the compartment it speaks of; read through visible_to like a compartmented row",
    "audit.Event": "the compartment it speaks of; read through visible_to like a compartmented row",
    "audit.EventData": "as its event and subject",
    "audit.Counterpart": "system row: ties two events, read by routing only",
    "audit.Erasure": "system row: names an event whose content is gone",
    "accounts.IdempotencyKey": "caller only",
    "alerts.Reader": "system row: a position",
    "alerts.Heartbeat": "system row: a time",
    "alerts.Delivery": "recipient only",
    "exchanges.PublicExchange": "public record: every signed-in account",
    "negotiations.PublicTalks": "public record: every signed-in account",
}
# Rows that have no `visible_to` since no door reads them.
UNREAD = {
    "access.GrantRole", "access.Introduction", "access.Installation", "audit.Counterpart", "audit.Erasure",
    "accounts.IdempotencyKey", "alerts.Reader", "alerts.Heartbeat",
}  # fmt: skip


def own_models():
    return [model for app in OWN_APPS for model in apps.get_app_config(app).get_models()]


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_model_is_compartmented_or_excused(model):
    assert issubclass(model, Compartmented) != (model._meta.label in EXCUSED)


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_model_is_read_through_visible_to(model):
    assert hasattr(model.objects.all(), "visible_to") != (model._meta.label in UNREAD)


def test_excuses_name_models_that_exist():
    assert set(EXCUSED) <= {model._meta.label for model in own_models()}


@pytest.mark.parametrize("door", doors(), ids=lambda door: f"{door.pattern} {door.url_name}")
def test_address_declares_its_access(door):
    assert door.access in {"public", "signed_in", "capability"}


PUBLIC = {
    "/invitations/<str:token>/",
    "/sign-in/", "/healthz", "/readyz", "/metrics", "/api/v1/schema/", "/api/v1/docs/", "/language/setlang/",
    "/admin/login/", "/admin/logout/", "/sign-out/", "/api/v1/<path:rest>",
}  # fmt: skip


def test_what_is_open_to_all_is_written_down():
    opened = {door.pattern for door in doors() if door.access == "public"}

    assert opened - {pattern for pattern in opened if pattern.startswith("/api/v1/docs")} <= PUBLIC


DOORS = ("views", "api", "forms", "admin", "presentation")
# A door that needs every row says why with `.unscoped("reason")`; these are the modules that may.
MAY_UNSCOPE = {
    "accounts/authentication.py": "the caller is not known before the key is found",
    "exchanges/presentation": "counts over a table's rows are open to whoever reads the table; k of n over ladders",
    "config/operations_pages.py": "counts for the server's keepers, no case data",
    "config/doors.py": "no rows",
}


def door_files() -> list[Path]:
    return [path for app in OWN_APPS for path in _doors_of(app)]


def _doors_of(app: str) -> list[Path]:
    found = []
    for path in sorted((ROOT / app).rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if "migrations" not in parts and any(part.removesuffix(".py") in DOORS for part in parts):
            found.append(path)
    return found


@pytest.mark.parametrize("path", door_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_door_reads_through_visible_to(path):
    """`.objects` in a door is followed by `.visible_to` or by `.where`, which begins with it."""
    loose = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "objects":
            allowed = {"visible_to", "where", "none"} | ({"unscoped"} if _may_unscope(path) else set())
            if node.attr not in allowed:
                loose.append(f"line {node.lineno}: .objects.{node.attr}")
    assert loose == []


def _may_unscope(path: Path) -> bool:
    return any(str(path.relative_to(ROOT)).startswith(allowed) for allowed in MAY_UNSCOPE)


@pytest.mark.parametrize("app", OWN_APPS)
def test_migrations_import_no_application_code(app):
    allowed = {
        "access.scoping",
        "core.partial_dates",
        "core.text",
        "access.models",
        "access.versioned",
    }  # fields, validators
    for path in (ROOT / app).glob("migrations/*.py"):
        for line in path.read_text().splitlines():
            if match := re.match(r"\s*(?:from|import) ([\w.]+)", line):
                module = match[1]
                assert module.split(".")[0] not in OWN_APPS or module in allowed or module.endswith(".models"), line


def test_no_migration_is_missing(db):
    loader = MigrationLoader(connection)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)
    assert {app: changes[app] for app in changes if app in OWN_APPS} == {}


def test_diagrams_are_current():
    assert diagrams.FILE.read_text() == diagrams.document()


def test_every_trigger_stands(db):
    assert append_only.missing() == []


def test_append_only_tables_are_those_that_must_be(db):
    assert {"audit_event", "audit_eventdata", "exchanges_answer", "exchanges_signoff", "exchanges_withdrawal",
            "exchanges_revision", "exchanges_manifest", "exchanges_receipt", "exchanges_go", "people_claim",
            "people_healthnote", "people_consentrecord", "people_notification", "people_personerasure"} <= set(
        append_only.guarded_tables()
    )  # fmt: skip


def test_no_field_of_a_shared_row_refers_to_a_private_one():
    """A private row may point to a shared one, never the reverse (RULES section 8)."""
    private = {"Person", "EntryLink", "Placement", "Brief", "Clearance", "SignOffPolicy", "PolicyStep", "SecondPair",
               "SignOffPaper", "Author", "SamePersonJudgement", "Merge"}  # fmt: skip
    for model in own_models():
        if model.__name__ in private or model._meta.app_label == "people":  # all of it lives in private halves
            continue
        for field in model._meta.get_fields():
            related = getattr(field, "related_model", None)
            if field.concrete and related is not None:
                assert related.__name__ not in private, f"{model.__name__}.{field.name}"


OPERATIONS = [
    path
    for app in OWN_APPS
    for path in sorted((ROOT / app).rglob("*.py"))
    if path.stem == "operations" or "operations" in path.relative_to(ROOT).parts
]


# Operations of sweeps and readings, called inside another operation or by the system itself.
NO_ACTOR = {
    "route", "send", "due_mails", "missed", "beat", "record_expiries", "system_user", "reread_status", "open_pair",
    "ask", "confirm", "pairs_of",
}  # fmt: skip


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_atomic_operation_takes_an_actor(path):
    for node in ast.parse(path.read_text()).body:
        decorated = isinstance(node, ast.FunctionDef) and any("atomic" in ast.dump(d) for d in node.decorator_list)
        if decorated and not node.name.startswith("_") and node.name not in NO_ACTOR:
            names = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
            assert "actor" in names, node.name


def test_templates_hold_no_inline_script_or_style():
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), path.name


def test_times_are_told_in_the_readers_zone():
    """`date_format` takes an instant as it stands, in UTC: whoever shows an hour says in whose zone."""
    found = []
    for app in OWN_APPS:
        for path in (ROOT / app).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                told = ast.unparse(call) if isinstance(call, ast.Call) else ""
                if (
                    re.match(r"(\w+\.)?date_format\(", told)
                    and "H:i" in told
                    and not re.search(r"localtime\(|astimezone\(", told)
                ):
                    found.append(f"{path}:{call.lineno}")

    assert found == []


def test_urls_command_prints_every_door(capsys):
    import json

    call_command("list_urls", "--json")
    listed = json.loads(capsys.readouterr().out)
    call_command("access_policy", "--json")
    policy = json.loads(capsys.readouterr().out)

    assert len(listed) == len(policy) == len(doors())
    assert {row["access"] for row in policy} == {"public", "signed_in", "capability"}
    methods = {row["url_name"]: row["methods"] for row in policy}
    assert methods["accounts:members"] == ["GET"]
    assert methods["accounts:key_end"] == ["POST"]
    assert methods["exchanges:short"] == ["GET", "POST"]
    assert methods["api:exchanges_one"] == ["GET", "PATCH"]
