"""The main job through the API alone: draft → … → completed, with a counter-offer, a lapse, a withdrawal, a hold, a recorded
and a signed final, three tranches gone one by one, counts settled; and every alert found exactly once in inbox and mail."""

from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

import verify_log
from access.models import User
from accounts.middleware import begin
from alerts.models import Channel, Delivery, DeliveryState
from audit.export import lines_of
from audit.models import Log
from core import clock
from tests.cast import PASSWORD, Side
from tests.factories import Talks, rows

BOUNDARY = b"-" * 79


class Story:
    """The cast over HTTP; whatever leaves on commit leaves after each request."""

    def __init__(self, scene: Talks, commits: Any) -> None:
        self.cast, self.scene, self.commits = scene.cast, scene, commits
        self.clients: dict[Any, Client] = {}

    def client(self, user: User) -> Client:
        if user.pk not in self.clients:
            client = self.clients[user.pk] = Client()
            client.force_login(user)
            session = client.session
            begin(session)
            session.save()
        return self.clients[user.pk]

    def get(self, user: User, path: str, **query: Any) -> Any:
        answer = self.client(user).get(f"/api/v1/{path}", query_params=query or None)
        assert answer.status_code == 200, (path, answer.content)
        return answer.json()

    def post(self, user: User, path: str, body: dict[str, Any] | None = None, status: int = 0) -> Any:
        cache.clear()
        with self.commits(execute=True):
            answer = self.client(user).post(f"/api/v1/{path}", body or {}, content_type="application/json")
        wanted = {status} if status else {200, 201}
        assert answer.status_code in wanted, (path, answer.content)
        return answer.json()

    def step(self, user: User, plural: str, pk: str, step: str, status: int = 0, **body: Any) -> Any:
        return self.post(user, f"{plural}/{pk}/steps/{step}/", body, status)

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.cast.north, self.cast.south

    def rung(self, user: User, tranche: str, side: Side, *, final: bool) -> Any:
        found = self.get(user, "sign-offs/", tranche=tranche, is_current="true", is_final=str(final).lower())["results"]
        (row,) = [row for row in found if row["participant"]["name"].lower() == side.name]
        return self.get(user, f"sign-offs/{row['id']}/")

    def sign(self, user: User, tranche: str, side: Side, *, final: bool = False) -> Any:
        rung = self.rung(user, tranche, side, final=final)
        return self.step(user, "sign-offs", rung["id"], "approve", digest=rung["digest"], password=PASSWORD)

    def record(self, tranche: str, side: Side) -> Any:
        """Recorded on the authority of the office, by its two people."""
        rung = self.rung(side.secretary, tranche, side, final=True)
        papers = {
            "decided_by": "The President", "reached_office_how": "by courier", "document_number": "D-7",
            "reached_office_at": (clock.now() - timedelta(minutes=1)).isoformat(),
        }  # fmt: skip
        self.step(
            side.secretary, "sign-offs", rung["id"], "approve", digest=rung["digest"], manner="recorded", **papers
        )
        return self.step(side.registrar, "sign-offs", rung["id"], "approve", digest=rung["digest"], manner="recorded")

    def lock(self, tranche: str) -> Any:
        for side in self.sides:
            self.step(side.head, "tranches", tranche, "lock")
            answer = self.step(side.deputy, "tranches", tranche, "lock")
        return answer

    def status(self, plural: str, pk: str) -> str:
        return str(self.get(self.cast.north.head, f"{plural}/{pk}/")["status"])

    def agree_on_lists(self, exchange: Any) -> list[list[str]]:
        """Holders offer three each, receivers agree. Returns the entries that go in each of three tranches."""
        legs: list[list[str]] = [[], [], []]
        for direction in exchange["directions"]:
            north_holds = direction["holder"]["name"] == "North"
            holder, receiver = self.sides if north_holds else self.sides[::-1]
            self.step(
                holder.negotiator, "directions", direction["id"], "submit", base=0, message="first list",
                lines=rows(3, first=10 * direction["number"]),
            )  # fmt: skip
            entries = [e["id"] for e in self.get(receiver.negotiator, "entries/", direction=direction["id"])["results"]]
            self.post(
                receiver.negotiator, "answers/", {"exchange": exchange["id"], "entries": entries, "stance": "agreed"}
            )
            for leg, entry in zip(legs, entries, strict=True):
                leg.append(entry)
        return legs

    def hand_over(self, tranche: str, entries: list[str]) -> None:
        for side in self.sides:
            self.post(side.head, f"tranches/{tranche}/clearances/")
        self.step(self.cast.north.handover, "tranches", tranche, "stage")
        for side in self.sides:
            self.step(side.handover, "tranches", tranche, "go")
        assert self.status("tranches", tranche) == "gone"
        for side in self.sides:
            own = [e for e in entries if self.receiver(e) == side.name]
            outcomes = [{"entry": entry, "outcome": "received"} for entry in own]
            self.step(side.handover, "tranches", tranche, "record_receipts", outcomes=outcomes)
        for side in self.sides:
            self.step(side.head, "tranches", tranche, "settle", presented=1)
        assert self.status("tranches", tranche) == "received"

    def receiver(self, entry: str) -> str:
        user = self.cast.north.head
        direction = self.get(user, f"entries/{entry}/")["direction"]
        return str(self.get(user, f"directions/{direction}/")["receiver"]["name"]).lower()


@pytest.fixture
def story(scene, settings, tmp_path, django_capture_on_commit_callbacks) -> Story:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return Story(scene, django_capture_on_commit_callbacks)


def mails(folder: Path) -> list[tuple[str, str, str]]:
    """(recipient, subject, Message-ID) of every mail in the files."""
    found = []
    for file in sorted(folder.iterdir()):
        for part in file.read_bytes().split(BOUNDARY):
            if part.strip():
                message = message_from_bytes(part.lstrip())
                found.append((message["To"], message["Subject"], message["Message-ID"]))
    return found


@pytest.mark.slow
def test_from_draft_to_completed_with_every_alert_once(story, settings):
    north, south = story.sides
    exchange = run_to_negotiating(story)
    legs = story.agree_on_lists(exchange)
    tranches = [
        story.post(north.negotiator, "tranches/", {"exchange": exchange["id"], "place": "the border", "entries": leg})[
            "id"
        ]
        for leg in legs
    ]
    sign_off_first_tranche(story, exchange["id"], tranches[0])
    story.hand_over(tranches[0], legs[0])
    assert story.status("exchanges", exchange["id"]) == "under_way"
    late = story.rung(north.president, tranches[0], north, final=True)["id"]
    too_late = story.step(north.president, "sign-offs", late, "withdraw", reason="no", status=409)
    assert "gone" in too_late["detail"]
    for tranche, leg in zip(tranches[1:], legs[1:], strict=True):
        story.lock(tranche)
        story.step(south.head, "tranches", tranche, "start_sign_off")
        for side in story.sides:
            story.sign(side.head, tranche, side)
            story.sign(side.president, tranche, side, final=True)
        story.hand_over(tranche, leg)
    for side in story.sides:
        story.step(side.head, "exchanges", exchange["id"], "settle_counts", promised=3, presented=3, received=3)

    assert story.status("exchanges", exchange["id"]) == "completed"
    check_alerts(settings.EMAIL_FILE_PATH)
    for log in Log.objects.unscoped("test").select_related("compartment"):
        assert verify_log.verify(line.decode() for line in lines_of(log.compartment)) == log.position


def run_to_negotiating(story: Story) -> Any:
    north, south = story.sides
    lines = [{"count": 3}]
    a, b = str(story.scene.north.pk), str(story.scene.south.pk)
    exchange = story.post(
        north.negotiator, "exchanges/",
        {
            "negotiation": str(story.scene.negotiation.pk), "title": "3 for 3",
            "directions": [
                {"holder": b, "receiver": a, "lines": [{"count": 4}]},
                {"holder": a, "receiver": b, "lines": lines},
            ],
        },
    )  # fmt: skip
    exchange = story.step(north.negotiator, "exchanges", exchange["id"], "propose")
    first = exchange["directions"][0]["id"]
    exchange = story.step(south.negotiator, "exchanges", exchange["id"], "counter", lines={first: lines})
    exchange = story.step(north.negotiator, "exchanges", exchange["id"], "accept", formula_version=2)
    assert exchange["status"] == "negotiating"
    return exchange


def sign_off_first_tranche(story: Story, exchange: str, tranche: str) -> None:
    """Signed, unlocked and so lapsed, signed again, one final recorded and the other signed, withdrawn, signed, held."""
    north, south = story.sides
    assert story.lock(tranche)["status"] == "locked"
    story.step(north.head, "tranches", tranche, "start_sign_off")
    story.sign(north.head, tranche, north)
    story.step(south.head, "tranches", tranche, "unlock", reason="one entry is in doubt")
    assert story.status("exchanges", exchange) == "negotiating"
    story.lock(tranche)
    story.step(north.head, "tranches", tranche, "start_sign_off")
    assert story.rung(north.head, tranche, north, final=False)["status"] == "pending"  # its sign-off has lapsed
    for side in story.sides:
        story.sign(side.head, tranche, side)
    assert story.status("exchanges", exchange) == "awaiting_final_sign_off"
    story.record(tranche, north)
    story.sign(south.president, tranche, south, final=True)
    assert story.status("tranches", tranche) == "signed_off"
    final = story.rung(south.president, tranche, south, final=True)["id"]
    story.step(south.president, "sign-offs", final, "withdraw", reason="news from home")
    assert story.status("exchanges", exchange) == "awaiting_final_sign_off"
    story.sign(south.president, tranche, south, final=True)
    story.step(south.medic, "tranches", tranche, "hold")
    refused = story.step(north.handover, "tranches", tranche, "stage", status=409)
    assert "South holds this tranche" in refused["detail"]
    story.step(south.head, "tranches", tranche, "release_hold", reason="the road is open")


def check_alerts(folder: Path) -> None:
    """Each delivery once: every inbox row has its mail, no Message-ID stands twice, nothing is due or dropped."""
    sent = mails(folder)
    deliveries = Delivery.objects.unscoped("test").select_related("recipient")
    assert set(deliveries.values_list("state", flat=True)) == {DeliveryState.SENT}
    by_mail = {f"<{d.pk}@127.0.0.1>" for d in deliveries if d.channel == Channel.MAIL}
    assert Counter(message_id for _to, _subject, message_id in sent) == Counter(by_mail)
    inbox = Counter((d.recipient.email, d.event_id) for d in deliveries if d.channel == Channel.INBOX)
    mailed = Counter((d.recipient.email, d.event_id) for d in deliveries if d.channel == Channel.MAIL)
    assert inbox == mailed
    assert set(inbox.values()) == {1}
    told = Counter((to, subject) for to, subject, _id in sent)
    # Twice for tranche 1: when the internal steps were done, and when a final was withdrawn. Never to the one who did it.
    assert told["mediator@example.org", "TLK-1 is awaiting final sign-off"] == 2
    assert told["mediator@example.org", "TLK-1/1 is awaiting final sign-off"] == 2
    assert told["north-president@example.org", "TLK-1 is awaiting final sign-off"] == 2
    assert told["south-president@example.org", "TLK-1 is awaiting final sign-off"] == 1
    assert told["mediator@example.org", "TLK-1/2 is awaiting final sign-off"] == 1
    assert told["mediator@example.org", "TLK-1 is completed"] == 1
