"""The demonstration as a process: it answers, a live stream tells of a change, it stops at once, and a kill loses nothing."""

import http.client
import json
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.demo import Demo

pytestmark = pytest.mark.real


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
