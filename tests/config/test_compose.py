"""docker-compose.yml and the Dockerfile agree with the settings and with themselves."""

import re

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


@each_of_ours
def test_every_variable_is_one_that_the_settings_read(service):
    named = {name.removesuffix("_FILE") for name in SERVICES[service]["environment"]}

    assert named - set(re.findall(r'\benv\.\w+\("(\w+)"', SETTINGS)) == set()


@each_of_ours
def test_it_is_no_demonstration_and_may_write_only_its_files(service):
    assert SERVICES[service]["environment"]["DEMO"] == "0"
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["volumes"] == ["files:/data/files"]
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


def test_the_web_is_healthy_when_it_answers_and_is_ready():
    asked = re.findall(r'"(/\w+)"', SERVICES["web"]["healthcheck"]["test"][-1])

    assert asked == ["/healthz", "/readyz"]


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
