"""A running demonstration for tests that need a real process: its database lives in a folder of the test."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from contextlib import closing
from http.cookies import SimpleCookie
from pathlib import Path

from django.conf import settings

from accounts.demo import DEMO_PASSWORD

ROOT = Path(settings.BASE_DIR)


class Demo:
    """One running demonstration on a copy of nothing: its database lives in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        }
        environment["DATABASE_URL"] = f"sqlite:///{self.folder / 'demo.sqlite3'}"
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(self.port)],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        for _attempt in range(600):
            if self.process.poll() is not None:
                raise AssertionError(self.process.stdout.read().decode())
            try:
                if self.get("/healthz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError("the demonstration did not answer")

    def stop(self, with_signal: int = signal.SIGTERM) -> float:
        """Seconds until it was gone."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(with_signal)
        self.process.wait(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()
        return time.monotonic() - began

    def get(self, path: str, cookies: str = "") -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path, headers={"Cookie": cookies} if cookies else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def sign_in(self, username: str) -> str:
        """The cookies of a new session."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            return self._sign_in(connection, username, DEMO_PASSWORD)

    def _sign_in(self, connection: http.client.HTTPConnection, username: str, password: str) -> str:
        jar: SimpleCookie = SimpleCookie()
        connection.request("GET", "/sign-in/")
        answer = connection.getresponse()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())[1]
        for header in answer.headers.get_all("Set-Cookie", ()):
            jar.load(header)
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "username": username, "password": password})
        headers = {
            "Cookie": cookie_header(jar), "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://127.0.0.1:{self.port}",
        }  # fmt: skip
        connection.request("POST", "/sign-in/", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302
        for header in answer.headers.get_all("Set-Cookie", ()):
            jar.load(header)
        return cookie_header(jar)


def cookie_header(jar: SimpleCookie) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items() if morsel.value)
