"""Makes .venv from a locked set of requirements, with nothing but the standard library.

Whatever is in the way is told in one sentence with its remedy. This file and manage.py keep to Python 3.6 syntax: an
old Python must get as far as that sentence.
"""

import contextlib
import hashlib
import importlib.util
import os
import pathlib
import platform
import re
import subprocess
import sys
from typing import Iterator, List, NoReturn, Tuple

ROOT = pathlib.Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
REQUIREMENTS_OF = {"demo": "requirements.txt", "test": "requirements-test.txt"}
LOCKS = ("requirements.txt", "requirements-test.txt", "requirements-dev.txt")  # each holds all of the one before it
UNFINISHED = "unfinished"
PIP_INSTALL = ["install", "--quiet", "--no-input", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]


def ensure_environment(requirements: str) -> None:
    """Return inside .venv with `requirements` installed; before that, make it so and start this command again in it."""
    prepare_environment(requirements)
    enter_environment()


def enter_environment() -> None:
    """Start this command again in .venv, unless it runs there already or there is none."""
    python = environment_python()
    if python.exists() and not runs_in_environment():
        os.execv(str(python), [str(python)] + sys.argv)


def prepare_environment(requirements: str) -> None:
    refuse_foreign_platform(os.name)
    refuse_old_python(sys.version_info[:3])
    try:
        if is_installed(requirements):
            return
        with alone():
            if not is_installed(requirements):  # another start may have finished it while we waited
                install(requirements)
    except OSError as error:
        stop(f"Cannot make .venv ({error}). Make {ROOT} writable for you, or start from a copy that is.")
    except KeyboardInterrupt:
        stop("Stopped before .venv was ready. Start again to finish it.")


def refuse_foreign_platform(kind: str) -> None:
    if kind != "posix":
        stop("Homeward runs on Linux and macOS. On Windows, start it inside WSL (`wsl --install`).")


def refuse_old_python(version: Tuple[int, ...]) -> None:
    if version < OLDEST_PYTHON:
        wanted, found = ".".join(map(str, OLDEST_PYTHON)), ".".join(map(str, version))
        remedy = f"Install one and start again with it, for example: python{wanted} manage.py demo"
        if runs_in_environment():
            remedy = "Delete the folder .venv and start again with a newer Python"
        stop(f"Homeward needs Python {wanted} or newer, and this is Python {found}. {remedy}")


def stop(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(1)


# What is there


def environment() -> pathlib.Path:
    return ROOT / ".venv"


def environment_python() -> pathlib.Path:
    return environment() / "bin" / "python"


def runs_in_environment() -> bool:
    return os.path.realpath(sys.prefix) == os.path.realpath(str(environment()))


def is_installed(requirements: str) -> bool:
    """Whether .venv holds this lock as it reads today, or one that includes it."""
    sufficient = [stamp_of(lock) for lock in LOCKS[LOCKS.index(requirements) :]]
    return environment_python().exists() and sees_its_packages() and read_stamp() in sufficient


def sees_its_packages() -> bool:
    """False inside a .venv whose base Python has become another minor version."""
    return not runs_in_environment() or any(path.startswith(sys.prefix) for path in sys.path)


def stamp() -> pathlib.Path:
    return environment() / "installed.txt"


def stamp_of(requirements: str) -> str:
    return requirements + " " + hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()


def read_stamp() -> str:
    return stamp().read_text().strip() if stamp().exists() else ""


# Making it


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the lock on making .venv. The system releases it however we end."""
    import fcntl

    with open(str(ROOT / ".venv.lock"), "w") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another start that is making .venv ...", flush=True)
            fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def install(requirements: str) -> None:
    make_environment()
    print("Installing", requirements, "into .venv: once, about a minute ...", flush=True)
    stamp().write_text(UNFINISHED)  # killed in the middle, the next start begins anew
    pip = run([str(environment_python()), "-m", "pip"] + PIP_INSTALL + [str(ROOT / requirements)])
    if pip.returncode:
        stamp().unlink()
        stop(why_pip_failed(pip.stdout))
    stamp().write_text(stamp_of(requirements) + "\n")


def make_environment() -> None:
    """Leave a .venv with a working pip: the one there is, else that one repaired, else a new one."""
    if has_pip() and read_stamp() != UNFINISHED:
        return
    refuse_incomplete_python()
    if read_stamp() != UNFINISHED:
        run([base_python(), "-m", "venv", str(environment())])
        if has_pip():
            return
    made = run([base_python(), "-m", "venv", "--clear", str(environment())])
    if not has_pip():
        stop(f"Cannot make .venv ({last_line(made.stdout)}). Delete {environment()} and start again.")


def refuse_incomplete_python() -> None:
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        stop(
            "This Python has no venv or no ensurepip, so it cannot make .venv. On Debian or Ubuntu run "
            "`sudo apt install python{}.{}-venv` and start again.".format(*sys.version_info)
        )


def base_python() -> str:
    return str(getattr(sys, "_base_executable", sys.executable))


def has_pip() -> bool:
    python = environment_python()
    return python.exists() and run([str(python), "-m", "pip", "--version"]).returncode == 0


def run(command: List[str]) -> "subprocess.CompletedProcess[str]":
    settings = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_USER="0")
    return subprocess.run(
        command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    )


def why_pip_failed(output: str) -> str:
    package = re.search(r"No matching distribution found for ([^\s;]+)", output)
    here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if re.search(r"ConnectionError|connection broken|connect timeout|Read timed out|ProxyError|SSLError", output):
        return "Cannot reach the package index to fill .venv. Check the network or the proxy and start again."
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "A package that was downloaded is not the one this project was locked with, so nothing was installed. "
            "Check what stands between you and the package index, then start again."
        )
    if "No space left" in output:
        return f"The disk is full, so .venv could not be filled. Free 500 MB in {ROOT} and start again."
    if package:
        return (
            f"The package index offers no ready-made {package.group(1)} for {here}. Check that pip may use the "
            "network and an index, or start with CPython 3.11, 3.12 or 3.13 on Linux or macOS (x86-64 or ARM64)."
        )
    return f"Filling .venv failed ({last_line(output)}). Start again; if it fails again, delete .venv first."


def last_line(output: str) -> str:
    return (output.strip().splitlines() or ["no message"])[-1].strip()


if __name__ == "__main__":
    prepare_environment(sys.argv[1] if len(sys.argv) > 1 else LOCKS[0])
