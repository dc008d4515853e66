"""What stands in the way of .venv is told in one sentence; what a killed or second start left is put right."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import bootstrap

BASE_PYTHON = bootstrap.base_python()


def prepare(folder: Path, before: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run bootstrap in `folder` by the Python outside .venv, after `before`, without this machine's settings of pip."""
    return subprocess.run(
        [BASE_PYTHON, "-c", f"import bootstrap, os, sys\n{before}\nbootstrap.prepare_environment('requirements.txt')"],
        cwd=folder,
        env=clean_environment() | variables,
        capture_output=True,
        text=True,
    )


def clean_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "VIRTUAL"))}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def assert_one_sentence(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr + result.stdout
    for word in words:
        assert word in result.stderr


def make_project(folder: Path, requirements: str = "") -> Path:
    for name in ("manage.py", "bootstrap.py"):
        shutil.copy(bootstrap.ROOT / name, folder)
    for name in bootstrap.LOCKS:
        (folder / name).write_text(requirements)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A project whose lock is empty, with its .venv: pip has nothing to fetch."""
    folder = make_project(tmp_path_factory.mktemp("made"))
    assert prepare(folder).returncode == 0
    return folder


@pytest.fixture
def project(tmp_path, made) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "project", symlinks=True))


@pytest.mark.parametrize("name", ["manage.py", "bootstrap.py"])
def test_an_old_python_can_read_it(name):
    ast.parse((bootstrap.ROOT / name).read_text(), feature_version=(3, 6))


def test_it_uses_the_standard_library_only():
    tree = ast.parse((bootstrap.ROOT / "bootstrap.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in imported} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("version", [(3, 6, 9), (3, 10, 14)])
def test_an_old_python_is_told_which_one_is_needed(made, version):
    result = prepare(made, f"bootstrap.refuse_old_python({version})")

    assert_one_sentence(result, "needs Python 3.11", f"Python {version[0]}.{version[1]}", "python3.11 manage.py demo")


def test_the_oldest_python_is_accepted():
    bootstrap.refuse_old_python((3, 11, 0))


def test_windows_is_pointed_to_wsl(made):
    assert_one_sentence(prepare(made, "os.name = 'nt'"), "WSL")


def test_a_python_without_ensurepip_is_told_which_package_to_install(tmp_path):
    result = prepare(make_project(tmp_path), "sys.modules['ensurepip'] = None")

    assert_one_sentence(result, "apt install python3.", "-venv")


def test_a_read_only_folder_is_named():
    folder = make_project(Path(tempfile.mkdtemp()))
    folder.chmod(0o555)

    # Root writes everywhere, so it becomes nobody here.
    result = prepare(folder, "if os.geteuid() == 0: os.seteuid(65534)")

    folder.chmod(0o755)
    shutil.rmtree(folder)
    assert_one_sentence(result, "Cannot make .venv", "writable", str(folder))


def test_without_a_network_the_network_is_named(project):
    (project / "requirements.txt").write_text(f"homeward-is-no-package==1 --hash=sha256:{'0' * 64}\n")

    result = prepare(project, PIP_PROXY="127.0.0.1:9")

    assert_one_sentence(result, "Cannot reach the package index", "Check the network")


def test_a_package_that_nobody_offers_is_named_with_the_platform(project):
    (project / "requirements.txt").write_text(f"homeward-is-no-package==1 --hash=sha256:{'0' * 64}\n")

    result = prepare(project, PIP_NO_INDEX="1")

    assert_one_sentence(result, "homeward-is-no-package==1", f"Python 3.{sys.version_info.minor}")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one this project"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: something\nERROR: of another kind\n", "(ERROR: of another kind)"),
        ("", "(no message)"),
    ],
)
def test_other_failures_of_pip_have_a_sentence(output, words):
    assert words in bootstrap.why_pip_failed(output)


def test_a_second_start_does_nothing(made):
    result = prepare(made)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_changed_lock_is_installed(project):
    (project / "requirements.txt").write_text("# changed\n")

    assert "Installing requirements.txt" in prepare(project).stdout
    assert prepare(project).stdout == ""


def test_a_lock_that_includes_this_one_suffices(project, monkeypatch):
    monkeypatch.setattr(bootstrap, "ROOT", project)
    (project / "requirements.txt").write_text("# changed\n")

    bootstrap.stamp().write_text(bootstrap.stamp_of("requirements-test.txt"))

    assert prepare(project).stdout == ""


@pytest.mark.slow
def test_what_a_killed_start_left_is_made_anew(project):
    (project / ".venv/installed.txt").write_text(bootstrap.UNFINISHED)
    (project / ".venv/half-installed").touch()

    assert prepare(project).returncode == 0
    assert not (project / ".venv/half-installed").exists()


def test_an_environment_made_by_hand_is_filled_not_replaced(project):
    (project / ".venv/installed.txt").unlink()
    (project / ".venv/mine").touch()

    assert "Installing" in prepare(project).stdout
    assert (project / ".venv/mine").exists()


@pytest.mark.slow
def test_an_environment_whose_python_is_gone_is_repaired(project):
    for link in (project / ".venv/bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")

    result = prepare(project)

    assert result.returncode == 0
    assert subprocess.run([project / ".venv/bin/python", "-m", "pip", "--version"], capture_output=True).returncode == 0


@pytest.mark.slow
def test_two_starts_at_once_install_once(tmp_path):
    project = make_project(tmp_path)
    command = [BASE_PYTHON, "bootstrap.py"]

    starts = [
        subprocess.Popen(command, cwd=project, env=clean_environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = "".join(start.communicate()[0] for start in starts)

    assert [start.returncode for start in starts] == [0, 0]
    assert said.count("Installing") == 1
    assert said.count("Waiting for another start") == 1


def test_the_test_command_is_pytest_with_its_arguments_and_exit_code(project):
    (project / "pytest.py").write_text("import sys; print(sys.prefix, sys.argv[1:]); sys.exit(7)")
    command = [BASE_PYTHON, "manage.py", "test", "-k", "a sentence"]

    result = subprocess.run(command, cwd=project, env=clean_environment(), capture_output=True, text=True)

    assert result.stdout.splitlines()[-1] == f"{project / '.venv'} ['-k', 'a sentence']"
    assert result.returncode == 7


def test_another_command_without_django_says_how_to_get_it(project):
    command = [BASE_PYTHON, "manage.py", "migrate"]

    result = subprocess.run(command, cwd=project, env=clean_environment(), capture_output=True, text=True)

    assert_one_sentence(result, "Django is not installed", "manage.py demo")
