"""The demonstration as a process: it answers, a live stream tells of a change, it stops at once, and a kill loses nothing."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.real
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
        from accounts.demo import DEMO_PASSWORD

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


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path)
    running.start()
    yield running
    if running.process and running.process.poll() is None:
        running.stop(signal.SIGKILL)


def test_it_answers_streams_stops_and_survives_a_kill(demo):
    president, head = demo.sign_in("kyiv-president"), demo.sign_in("kyiv-head")
    assert "IST-1" in demo.get("/", head)[1]
    assert demo.get("/live/")[0] == 403

    with closing(http.client.HTTPConnection("127.0.0.1", demo.port, timeout=60)) as stream:
        stream.request("GET", "/live/", headers={"Cookie": president})
        with closing(stream.getresponse()) as answer:
            assert answer.status == 200
            change_something(demo, head)
            assert set(json.loads(next_message(answer))) == {"compartment"}

    demo.stop(signal.SIGKILL)
    demo.start()
    assert "IST-1" in demo.get("/", head)[1]  # the session and the data are still there

    with closing(http.client.HTTPConnection("127.0.0.1", demo.port, timeout=60)) as stream:
        stream.request("GET", "/live/", headers={"Cookie": president})
        with closing(stream.getresponse()) as answer:
            assert answer.status == 200
            assert demo.stop() < 5


def change_something(demo: Demo, cookies: str) -> None:
    """Place a hold on tranche 1, over the API and the session."""
    tranches = json.loads(demo.get("/api/v1/tranches/", cookies)[1])["results"]
    locked = next(row for row in tranches if row["status"] == "in_sign_off")
    token = re.search(r"homeward-csrf=([^;]+)", cookies)[1]
    headers = {
        "Cookie": cookies, "Content-Type": "application/json", "X-CSRFToken": token,
        "Origin": f"http://127.0.0.1:{demo.port}",
    }  # fmt: skip
    with closing(http.client.HTTPConnection("127.0.0.1", demo.port, timeout=60)) as connection:
        connection.request(
            "POST", f"/api/v1/tranches/{locked['id']}/steps/hold/", json.dumps({"reason": "drill"}), headers
        )
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()


def next_message(answer: http.client.HTTPResponse) -> str:
    while True:
        line = answer.readline().decode()
        if line.startswith("data: "):
            return line.removeprefix("data: ")
