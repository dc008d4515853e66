#!/usr/bin/env python3
"""Django's command line. `demo` and `test` first make .venv; every other command runs in the .venv there is.

Like bootstrap.py it keeps to Python 3.6 syntax, so that an old Python answers with a sentence.
"""

import os
import sys

import bootstrap


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in bootstrap.REQUIREMENTS_OF:
        bootstrap.ensure_environment(bootstrap.REQUIREMENTS_OF[command])
    else:
        bootstrap.enter_environment()
    if command == "test":
        os.chdir(str(bootstrap.ROOT))
        os.execv(sys.executable, [sys.executable, "-m", "pytest"] + (sys.argv[2:] or ["-n", "auto"]))

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        bootstrap.stop("Django is not installed for this Python. Run `python3 manage.py demo` once: it makes .venv.")
    if command == "reconcile":
        reconcile()
    else:
        execute_from_command_line(sys.argv)


def reconcile() -> None:
    """Past the application, which it does not need: it would take longer to load than a short list to reconcile."""
    from people.management.commands.reconcile import Command

    Command().run_from_argv(sys.argv)


if __name__ == "__main__":
    main()
