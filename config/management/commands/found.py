"""The first run: makes the operator and the first organisation, and prints what comes next."""

import getpass
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from access.models import Organisation
from accounts.operations.founding import FoundedAlready, found_installation
from core.errors import DomainError

PASSWORD_VARIABLE = "HOMEWARD_OPERATOR_PASSWORD"  # noqa: S105  the variable's name

# option → (what is asked on a terminal, the answer an empty line stands for)
ASKED: dict[str, tuple[str, str]] = {
    "username": ("User name of the operator", "operator"),
    "label": ("Shown as", "Operator"),
    "email": ("E-mail address of the operator (may be empty)", ""),
    "operators": ("Name of the operators' organisation", "Operators"),
    "party": ("Name of the first party", ""),
    "organisation": ("Name of its first organisation, such as a headquarters", ""),
    "head_email": ("E-mail address of that organisation's head", ""),
}
MAY_BE_EMPTY = {"email"}


class Command(BaseCommand):
    help = (
        "Make the operator and the first organisation of a new installation, and invite its head. "
        f"The password is asked for, read from --password-file, or taken from {PASSWORD_VARIABLE}; never from the command line."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for name, (question, default) in ASKED.items():
            told = f"{question}. {f'Otherwise: {default}.' if default else ''}".strip()
            parser.add_argument(f"--{name.replace('_', '-')}", dest=name, help=told)
        parser.add_argument("--password-file", type=Path, help="A file whose first line is the operator's password.")

    def handle(self, **options: Any) -> None:
        self._refuse_second_time()
        given: dict[str, Any] = {name: self._answer(name, options[name]) for name in ASKED}
        password = self._password(options["password_file"])
        try:
            founded = found_installation(**given, password=password)
        except FoundedAlready as refused:
            raise CommandError(refused.sentence) from refused
        except DomainError as refused:
            faults = [f"{field}: {fault}" for field, told in refused.errors.items() for fault in told]
            raise CommandError("\n".join(faults or [refused.sentence])) from refused
        self.stdout.write(
            f"Founded. {founded.operator.username} keeps parties and organisations; no case opens to an operator.\n\n"
            f"Next:\n"
            f"1. {founded.organisation}'s head opens this link and chooses a user name and a password. It works once, for "
            f"seven days;\n   worker and mail server also send it to {founded.invitation.email}:\n   {founded.invitation.url}\n"
            f"2. The head opens {settings.PUBLIC_URL}/negotiations/new/ and drafts the first exchange.\n"
            f"3. More organisations: sign in as {founded.operator.username} at {settings.PUBLIC_URL}/organisations/."
        )

    def _refuse_second_time(self) -> None:
        try:
            is_founded = Organisation.objects.unscoped("is anybody here?").exists()
        except DatabaseError as error:
            raise CommandError("The database is not ready: run `manage.py migrate` first.") from error
        if is_founded:
            raise CommandError("This installation is founded already. Nothing was changed.")

    def _answer(self, name: str, given: str | None) -> str:
        question, default = ASKED[name]
        if given is None and sys.stdin.isatty():
            given = input(f"{question}{f' [{default}]' if default else ''}: ")
        answer = (given or "").strip() or default
        if not answer and name not in MAY_BE_EMPTY:
            raise CommandError(f"{question}: say --{name.replace('_', '-')}.")
        return answer

    def _password(self, file: Path | None) -> str:
        if file is not None:
            try:
                return (file.read_text().splitlines() or [""])[0]
            except OSError as error:
                raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        if password := os.environ.get(PASSWORD_VARIABLE):
            return password
        if not sys.stdin.isatty():
            raise CommandError(f"No terminal to ask for the password: use --password-file or {PASSWORD_VARIABLE}.")
        password = getpass.getpass("Password of the operator: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords do not agree. Nothing was made.")
        return password
