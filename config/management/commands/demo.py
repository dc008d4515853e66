"""The whole of Homeward in one process, on made-up data: web, Celery worker and beat."""

import errno
import io
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections, transaction

from access.models import Installation, Organisation
from accounts.demo import demo_accounts
from config import embedded
from negotiations.models import Negotiation

LOOPBACK = "127.0.0.1"
LISTEN_QUEUE = 128
SECONDS_TO_FINISH = 3  # for requests that are being answered
SECONDS_FOR_TASKS = 1
COLUMNS = ("username", "password", "totp", "organisation", "party", "roles")


class Command(BaseCommand):
    help = "Serves the demonstration on this machine: web, worker and beat in one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port on this machine (default: 8000)")
        parser.add_argument("--fresh", action="store_true", help="begin anew: delete the demonstration's data first")
        parser.add_argument("--logins", type=Path, metavar="FILE", help="write the demonstration's accounts as JSON")

    def handle(self, *, port: int, fresh: bool, logins: Path | None, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO=0 is set, so this is no demonstration. Unset it, or run `docker compose up`.")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            refuse_unwritable_data()
            refuse_founded_database()
            listener = listen(port)
            if fresh:
                delete_data()
            settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns where there is none
            self.prepare_database()
            accounts = demo_accounts()
            if logins:
                write_logins(logins, accounts)
            self.serve(listener, accounts)
        except KeyboardInterrupt:
            self.stderr.write("Stopped before it was ready. Start again to go on.")
            sys.exit(1)

    def prepare_database(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if not Negotiation.objects.unscoped("was the demonstration seeded before?").exists():
            self.say("Seeding the exchange agreed in Istanbul in May 2025 ...")
            with transaction.atomic():  # killed half-way, the next start seeds from the beginning
                call_command("seed", "istanbul-2025", verbosity=0)
        call_command("seed", "history", verbosity=0, stdout=io.StringIO())

    def serve(self, listener: socket.socket, accounts: list[dict[str, Any]]) -> None:
        address = "http://{}:{}".format(*listener.getsockname())
        if "PUBLIC_URL" not in os.environ:
            settings.PUBLIC_URL = address
            settings.CSRF_TRUSTED_ORIGINS = [address]
        from config.asgi import (
            application,
            end_streams,
        )  # Django's handler reads the settings once, so after they are right

        uvicorn_settings = uvicorn.Config(
            application,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
        announcement = f"Homeward is at {address}/ (Ctrl-C stops it)\n\n{table(accounts)}\n"
        server = Server(uvicorn_settings, once_it_answers=lambda: self.say(announcement), before_it_stops=end_streams)
        os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # Django's checks ran when this command began
        celery = embedded.start()
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            pass  # uvicorn has shut down and raises its signal once more
        finally:
            celery.stop(within=SECONDS_FOR_TASKS)
            sys.stdout.flush()
            # Python would wait for threads in the middle of a request or a task. Whatever they leave undone is a row.
            os._exit(0)

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


class Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, *, once_it_answers: Callable[[], None], before_it_stops: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self.once_it_answers = once_it_answers
        self.before_it_stops = before_it_stops

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.once_it_answers()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.before_it_stops()
        await super().shutdown(sockets)


def listen(port: int) -> socket.socket:
    """The socket to serve on, taken before the slow work: a browser that comes early waits until there is a page."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(LISTEN_QUEUE)
    except OverflowError:
        raise CommandError(f"There is no port {port}. Choose one from 1024 to 65535 with --port.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"Port {port} is taken, perhaps by another demonstration."
        else:
            why = f"Port {port} cannot be used ({error.strerror})."
        raise CommandError(f"{why} Choose another one: python3 manage.py demo --port {another_port(port)}") from None
    return listener


def another_port(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8001


def refuse_unwritable_data() -> None:
    for path in (settings.VAR_DIR, database_file()):
        if path.exists() and not os.access(path, os.W_OK):
            raise CommandError(f"Cannot write to {path}. Make it writable for you, or start from a copy that is.")


def refuse_founded_database() -> None:
    """Asked before anything is migrated, deleted or seeded: whoever works in there has no use for a demonstration."""
    if Organisation._meta.db_table not in connection.introspection.table_names():
        return
    is_demonstration = Installation.objects.exclude(seeded_with="").exists()
    if not is_demonstration and Organisation.objects.unscoped("is anybody here?").exists():
        raise CommandError(
            "This database was founded with `manage.py found`, so no demonstration is put into it: name another one in "
            "DATABASE_URL."
        )


def database_file() -> Path:
    return Path(str(settings.DATABASES["default"]["NAME"]))


def delete_data() -> None:
    """Delete the database, the mail and the files that a demonstration made, and nothing that lies elsewhere."""
    database = database_file()
    if database.parent != settings.VAR_DIR or settings.FILES_DIR.parent != settings.VAR_DIR:
        raise CommandError("--fresh deletes data in var/ only. Unset DATABASE_URL and FILES_DIR, or leave it out.")
    connections.close_all()
    for path in settings.VAR_DIR.glob(f"{database.name}*"):  # with its -wal and -shm
        path.unlink()
    for folder in (settings.FILES_DIR, settings.EMAIL_FILE_PATH):
        shutil.rmtree(folder, ignore_errors=True)


def write_logins(file: Path, accounts: list[dict[str, Any]]) -> None:
    try:
        file.write_text(json.dumps(accounts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"Cannot write the accounts to {file} ({error.strerror}). Name another file.") from None


def table(accounts: list[dict[str, Any]]) -> str:
    """The accounts as text, without the columns that are empty for all of them."""
    columns = [column for column in COLUMNS if any(account[column] for account in accounts)]
    rows = [columns] + [[in_words(account[column]) for column in columns] for account in accounts]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def in_words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
