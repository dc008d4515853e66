"""The lock files name no place on the network and pin every package by its hashes."""

import re
import tomllib

import pytest

import bootstrap

PROJECT = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = PROJECT["optional-dependencies"]
DIRECT = {
    "requirements.txt": PROJECT["dependencies"],
    "requirements-test.txt": PROJECT["dependencies"] + OPTIONAL["test"],
    "requirements-dev.txt": PROJECT["dependencies"] + OPTIONAL["test"] + OPTIONAL["dev"],
}
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?P<marker> ; .+?)?(?P<hashes>( --hash=sha256:[0-9a-f]{64})+)")

PEERS = "requirements-peers.txt"  # of a benchmark; nothing installs it by itself
DIRECT[PEERS] = OPTIONAL["peers"]

each_lock = pytest.mark.parametrize("lock", [*bootstrap.LOCKS, PEERS])


def text_of(lock):
    return (bootstrap.ROOT / lock).read_text()


def pins(lock):
    """Each requirement on one line: its continuation lines joined."""
    return re.sub(r" \\\n +", " ", text_of(lock)).splitlines()


def versions(lock):
    return {match["name"]: match["version"] for match in map(PIN.fullmatch, pins(lock)) if match}


def normal(requirement):
    """The package that a requirement asks for, as PyPI spells names."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


@each_lock
def test_it_names_no_address_and_no_index(lock):
    assert "://" not in text_of(lock)
    assert "--index" not in text_of(lock)
    assert "--find-links" not in text_of(lock)
    assert "@" not in text_of(lock)


@each_lock
def test_every_line_is_a_pin_with_hashes(lock):
    assert [line for line in pins(lock) if not PIN.fullmatch(line)] == []


@each_lock
def test_every_direct_dependency_is_locked(lock):
    assert {normal(requirement) for requirement in DIRECT[lock]} - set(versions(lock)) == set()


@pytest.mark.parametrize(("smaller", "larger"), list(zip(bootstrap.LOCKS, bootstrap.LOCKS[1:], strict=False)))
def test_each_lock_includes_the_one_before(smaller, larger):
    assert set(pins(smaller)) < set(pins(larger))


def test_every_dependency_has_a_lower_and_an_upper_bound():
    bounded = re.compile(r"[\w.-]+(\[[\w-]+\])?>=[\d.]+,<[\d.]+")

    assert [name for name in DIRECT["requirements-dev.txt"] if not bounded.fullmatch(name)] == []


def test_every_dependency_has_its_reason_beside_it():
    lines = (bootstrap.ROOT / "pyproject.toml").read_text().splitlines()

    assert [line for line in lines if re.match(r'  "[\w.-]+(\[[\w-]+\])?>=', line) and "  # " not in line] == []
