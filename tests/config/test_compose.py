"""docker-compose.yml and the Dockerfile agree with the settings and with themselves."""

import ast
import http.server
import json
import os
import re
import subprocess
import sys
import threading

import pytest
import yaml

import bootstrap
from config.celery import app

COMPOSE = yaml.safe_load((bootstrap.ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
HOMEWARD = ("migrate", "web", "worker", "sweeper", "beat")
SETTINGS = (bootstrap.ROOT / "config/settings.py").read_text()
DOCKERFILE = (bootstrap.ROOT / "Dockerfile").read_text()

each_of_ours = pytest.mark.parametrize("service", HOMEWARD)


def test_every_service_is_there():
    assert set(SERVICES) == {*HOMEWARD, "postgres", "redis"}


# Settings that stay at their default, each with the reason.
LEFT_OUT = {
    "HOMEWARD_CLOCK": "for training and drills",
    "LOG_LEVEL": "the default is right; another is set for an hour of searching",
    "FIELD_KEYS": "the secret key serves, until it is changed: then the old one goes here",
    "ATTACHMENT_MOST_MEGABYTES": "the default is right for papers and photographs",
    "ALARM_UNASSIGNED_AN_HOUR": "the default is right until a registry knows its own readers",
    "ALARM_ROWS_A_DAY": "the same",
}


def settings_read() -> set[str]:
    """The name in every `env.kind("NAME")` and `"NAME" in env` of the settings."""
    found = set()
    for node in ast.walk(ast.parse(SETTINGS)):
        if isinstance(node, ast.Call) and re.fullmatch(r"env\.\w+", ast.unparse(node.func)) and node.args:
            found.add(ast.literal_eval(node.args[0]))
        if isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "env":
            found.add(ast.literal_eval(node.left))
    return found


def test_the_settings_are_found():
    assert {"DEMO", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "FILES_DIR"} < settings_read()


@each_of_ours
def test_every_setting_that_the_code_reads_is_given_or_left_out_for_a_reason(service):
    given = {name.removesuffix("_FILE") for name in SERVICES[service]["environment"]}

    assert given | set(LEFT_OUT) == settings_read()
    assert given.isdisjoint(LEFT_OUT)


READS_THE_ENVIRONMENT = {
    "bootstrap.py": "does not run there",
    "config/management/commands/demo.py": "does not run there",
    "config/management/commands/found.py": "the operator's first password, once",
    "config/backups/engines.py": "hands what it runs with on to PostgreSQL's tools",
}


def test_no_other_code_reads_the_environment():
    reads = {
        str(path.relative_to(bootstrap.ROOT))
        for path in bootstrap.ROOT.rglob("*.py")
        if path.relative_to(bootstrap.ROOT).parts[0] not in ("tests", "docs", ".venv", "benchmarks", "var")
        and re.search(r"os\.(environ(?!\.setdefault)|getenv)", path.read_text())
    }

    assert reads <= set(READS_THE_ENVIRONMENT)


def test_the_documentation_lists_the_same_settings():
    table = (bootstrap.ROOT / "docs/operations.md").read_text().partition("## Settings")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == settings_read()


@pytest.mark.slow
@pytest.mark.parametrize("service", ["web", "worker"])
def test_settings_as_composed_pass_the_deployment_checks(service, tmp_path):
    """With the secrets made as the comment on top of docker-compose.yml says."""
    secrets = {
        "secret_key": "0123456789abcdef" * 4,
        "database_url": "postgres://homeward:0123@postgres/homeward",
        "email_url": "smtp+tls://USER:PASSWORD@MAIL-SERVER:587",
    }
    for name, value in secrets.items():
        (tmp_path / name).write_text(value + "\n")
    host = "homeward.example.org"
    given = {
        name: re.sub(r"\$\{HOMEWARD_HOST(:\?[^}]*)?\}", host, str(value))
        .replace("${TIME_ZONE:-UTC}", "UTC").replace("/run/secrets", str(tmp_path))
        for name, value in SERVICES[service]["environment"].items()
    }  # fmt: skip
    assert not [value for value in given.values() if "$" in value]

    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], cwd=bootstrap.ROOT,
        env={"PATH": os.environ["PATH"], **given}, capture_output=True, text=True,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")


@each_of_ours
def test_it_is_no_demonstration_and_may_write_only_its_files(service):
    assert SERVICES[service]["environment"]["DEMO"] == "0"
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["volumes"] == ["files:/data/files", "backups:/data/backups"]
    assert SERVICES[service]["environment"]["FILES_DIR"] == "/data/files"


def test_passwords_come_from_files_that_are_mounted():
    for service in SERVICES.values():
        from_files = {value for name, value in service.get("environment", {}).items() if name.endswith("_FILE")}

        assert from_files == {f"/run/secrets/{name}" for name in service.get("secrets", [])}
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])

    assert {"SECRET_KEY", "DATABASE_URL", "EMAIL_URL"}.isdisjoint(SERVICES["web"]["environment"])


def test_nothing_of_ours_starts_before_the_database_is_migrated():
    assert set(SERVICES["migrate"]["depends_on"]) == {"postgres", "redis"}
    for service in set(HOMEWARD) - {"migrate"}:
        assert SERVICES[service]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"migrate"}))
def test_every_lasting_service_has_a_health_check(service):
    assert SERVICES[service]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


WELL = {"database": "ok", "triggers": "ok", "broker": "ok", "beat": "ok", "worker": "ok"}


@pytest.mark.parametrize(
    ("readiness", "is_healthy"),
    [
        (WELL, True),
        (WELL | {"beat": "silent", "worker": "silent"}, True),  # the first seconds, and every hour without a worker
        (WELL | {"triggers": "missing"}, False),
        (WELL | {"database": "does not answer"}, False),
        (WELL | {"broker": "does not answer"}, False),
    ],
    ids=["all well", "workers silent", "triggers missing", "no database", "no broker"],
)
def test_the_web_is_healthy_with_what_it_needs_itself(readiness, is_healthy):
    """The check as it stands in the file, asked of a server that answers so."""
    asked = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Host"]))
            ready = self.path == "/healthz" or set(readiness.values()) == {"ok"}
            self.send_response(200 if ready else 503)
            self.end_headers()
            self.wfile.write(json.dumps(readiness).encode())

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command, flag, script = SERVICES["web"]["healthcheck"]["test"][1:]
        done = subprocess.run(
            [sys.executable, flag, script.replace("127.0.0.1:8000", f"127.0.0.1:{server.server_port}")],
            env={"ALLOWED_HOSTS": "homeward.example.org"}, capture_output=True,
        )  # fmt: skip
        server.shutdown()

    assert command == "python"
    assert (done.returncode == 0) == is_healthy
    assert asked == [("/readyz", "homeward.example.org"), ("/healthz", "homeward.example.org")]


def test_the_parts_it_asks_for_are_those_of_the_application(db):
    from config import health

    (parts,) = re.findall(r"for part in (\(.*?\))", SERVICES["web"]["healthcheck"]["test"][-1])

    assert set(ast.literal_eval(parts)) < set(health.standing())


def test_nothing_waits_for_the_health_of_what_waits_for_it():
    """A worker that is silent until it is started must not keep itself from being started."""
    waits = {
        name: {other for other, how in service.get("depends_on", {}).items() if how["condition"] == "service_healthy"}
        for name, service in SERVICES.items()
    }

    assert set().union(*waits.values()) == {"postgres", "redis"}


def test_backups_can_be_taken_inside():
    """By the tools of the server's own version, into a volume of their own."""
    server = re.search(r"postgres:(\d+)", SERVICES["postgres"]["image"])[1]

    assert f"postgresql-client-{server}" in DOCKERFILE
    assert "/data/files /data/backups" in DOCKERFILE
    assert {"backups", "files", "database", "broker"} == set(COMPOSE["volumes"])


def test_only_this_machine_reaches_the_web_and_nothing_else_is_reached():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"web": ["127.0.0.1:8000:8000"]}
    assert '"config.asgi:application", "--host=0.0.0.0", "--port=8000"' in DOCKERFILE


def test_every_queue_has_its_worker():
    routed = {route["queue"] for route in app.conf.task_routes.values()} | {app.conf.task_default_queue}
    consumed = {word.removeprefix("--queues=") for name in HOMEWARD for word in SERVICES[name].get("command", [])
                if word.startswith("--queues=")}  # fmt: skip

    assert consumed == routed


def test_redis_keeps_its_messages():
    assert SERVICES["redis"]["command"][1:3] == ["--appendonly", "yes"]


def test_the_image_is_filled_from_the_lock():
    assert "pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements.txt" in DOCKERFILE
