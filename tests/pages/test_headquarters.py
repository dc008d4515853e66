"""The headquarters' own books, in the shape of `seed headquarters` with few people: from the pages, to completed."""

import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from access.models import User
from accounts.demo import DEMO_PASSWORD
from config.scenarios import headquarters
from core import clock
from exchanges.models import Answer, Direction, Entry, Exchange, SignOffStep, Tranche
from exchanges.operations.exchange import draft_exchange
from negotiations.models import Participant, TheirWord
from people.models import Person

KYIV = ZoneInfo("Europe/Kyiv")
LEGS = ((1, date(2025, 5, 23), 2), (2, date(2025, 5, 24), 1))
# What speaks of rooms and of sharing. Nothing is shared here: the other side is a name.
OF_SHARING = re.compile(r"only your side|compartment|\btable\b|\bdisclos|\bshared?\b", re.IGNORECASE)
NOT_MEANT = ("as a table", ">Table<", "The date was set and not disclosed.")


@pytest.fixture
def kept(db, browser):
    """What the head of headquarters finds: the first tranche in sign-off, its own step open."""
    headquarters.seed(LEGS, civilians=1)
    return Books(browser)


class Books:
    """Everybody of the headquarters in a browser of their own, and the rows of the one exchange."""

    def __init__(self, browser):
        self.browser = browser
        self.exchange = Exchange.objects.unscoped("test").get()
        self.first, self.second = Tranche.objects.unscoped("test").order_by("number")
        self.to_ukraine, self.to_russia = Direction.objects.unscoped("test").order_by("number")
        self.russia = Participant.objects.unscoped("test").get(works_here=False)

    def as_(self, name):
        return self.browser(User.objects.unscoped("test").get(username=f"kyiv-{name}"))

    def post(self, name, address, **typed):
        """Their word where the address asks for it: typed as the form has it."""
        if f"word={self.russia.pk}" in address:
            typed = self.word() | typed
        response = self.as_(name).post(address, typed)
        assert response.status_code == 302, re.findall(r'class="error".*', response.text)
        return response

    def word(self):
        return {
            "word": self.russia.pk, "who": "their delegation", "to_whom": "our delegation", "source": "the line",
            "according_to": "our head", "happened_at": clock.now().astimezone(KYIV).strftime("%Y-%m-%dT%H:%M"),
        }  # fmt: skip

    def theirs(self, address):
        return f"{address}?word={self.russia.pk}"

    def step(self, subject, name):
        route = "exchanges:tranche_step" if isinstance(subject, Tranche) else "exchanges:step"
        return reverse(route, args=[subject.pk, name])

    def sign(self, tranche, office, by, **given):
        """Of the office whose name begins so; without a password it is their word."""
        steps = SignOffStep.objects.unscoped("test").filter(tranche=tranche, lock_number=again(tranche).lock_number)
        step = steps.get(office_name__startswith=office)
        manifest = tranche.manifests.order_by("-version").first()
        digest = manifest.names_digest if step.scope == "names" else manifest.frame_digest
        return self.post(by, reverse("exchanges:sign_off_step", args=[step.pk, "approve"]), digest=digest, **given)


def again(row):
    return type(row).objects.unscoped("test").get(pk=row.pk)


def pages_of(kept):
    negotiation = kept.exchange.negotiation
    person = Person.objects.unscoped("test").first()
    of_exchange, of_tranche = [kept.exchange.pk], [kept.first.pk]
    steps = SignOffStep.objects.unscoped("test").filter(tranche=kept.first)
    return [
        reverse("home"), reverse("negotiations:index"), reverse("negotiations:detail", args=[negotiation.pk]),
        reverse("negotiations:word_new", args=[negotiation.pk]), reverse("exchanges:board"), reverse("exchanges:new"),
        reverse("exchanges:detail", args=of_exchange), reverse("exchanges:names", args=of_exchange),
        kept.theirs(reverse("exchanges:names", args=of_exchange)), reverse("exchanges:tranches", args=of_exchange),
        reverse("exchanges:log", args=of_exchange), kept.theirs(kept.step(kept.exchange, "suspend")),
        reverse("exchanges:direction_step", args=[kept.to_ukraine.pk, "submit"]),
        kept.theirs(reverse("exchanges:direction_step", args=[kept.to_russia.pk, "submit"])),
        reverse("exchanges:tranche", args=of_tranche), reverse("exchanges:tranche", args=[kept.second.pk]),
        *(f"{reverse('exchanges:sign', args=of_tranche)}?step={step.pk}" for step in steps),
        reverse("exchanges:line", args=of_tranche), reverse("exchanges:manifest", args=of_tranche),
        reverse("people:index"), reverse("people:detail", args=[person.pk]), reverse("alerts:inbox"),
        reverse("accounts:grants"), reverse("accounts:grant_new"), reverse("accounts:members"), reverse("accounts:keys"),
        reverse("exchanges:policies"),
    ]  # fmt: skip


@pytest.mark.slow
def test_no_page_speaks_of_sharing(kept):
    head, found = kept.as_("head"), {}
    kept.post(
        "head", kept.step(kept.second, "lock")
    )  # asks a second person, so that such a question stands on the page
    for address in pages_of(kept):
        response = head.get(address)
        assert response.status_code == 200, address
        text = re.sub(
            r"<[^>]+>", lambda tag: ">" if tag[0].startswith("<a") else "<", response.text.partition("<main")[2]
        )
        for allowed in NOT_MEANT:
            text = text.replace(allowed, "")
        if said := OF_SHARING.findall(text):
            found[address] = said

    assert found == {}


@pytest.mark.slow
def test_pages_speak_of_what_was_sent(kept):
    head = kept.as_("head")
    text = head.get(reverse("exchanges:detail", args=[kept.exchange.pk])).text

    assert "version 1: what we sent" in text
    assert "Russia: what they sent" in text
    assert ">what we sent<" in text
    assert "Record the list we sent" in text
    assert "The list they sent" in text
    names = head.get(reverse("exchanges:names", args=[kept.exchange.pk])).text
    assert "according to our head of delegation" in names


def test_draft_is_ours_until_it_is_recorded_as_sent(kept):
    negotiator = kept.as_("negotiator")
    ukraine = kept.to_ukraine.receiver
    new = negotiator.get(reverse("exchanges:new")).text
    assert "It stays our draft until you record that it was sent." in new

    draft = draft_exchange(
        kept.exchange.negotiation, title="2 home", actor=User.objects.get(username="kyiv-negotiator"),
        directions=[{"holder": kept.russia.pk, "receiver": ukraine.pk, "lines": [{"category": "", "count": 2}]}],
    )  # fmt: skip

    page = negotiator.get(reverse("exchanges:detail", args=[draft.pk])).text
    assert "our draft" in page
    assert "Record as sent to them" in page
    assert "only your side sees this" not in page
    assert "our draft" in negotiator.get(reverse("home")).text


def test_their_final_is_offered_on_the_tranche_and_only_to_who_decides(kept):
    address = reverse("exchanges:tranche", args=[kept.first.pk])

    assert "Final sign-off, the word of Russia" in kept.as_("head").get(address).text
    assert "the word of Russia" not in kept.as_("negotiator").get(address).text


@pytest.mark.slow
def test_form_for_their_word_proposes_the_present(kept):
    page = kept.as_("head").get(kept.theirs(kept.step(kept.exchange, "suspend"))).text

    assert re.search(r'name="happened_at" value="2025-05-22T18:00:\d\d" step="1"', page)


@pytest.mark.slow
def test_from_the_seed_to_completed_by_their_word(kept):
    carry_through_the_line(kept, kept.first, 2, is_locked=True)
    assert (again(kept.first).status, again(kept.exchange).status) == ("received", "under_way")
    carry_through_the_line(kept, kept.second, 1)

    counts = {"promised": 3, "presented": 3, "received": 3}
    kept.post("head", kept.step(kept.exchange, "settle_counts"), **counts)
    kept.post("head", kept.theirs(kept.step(kept.exchange, "settle_counts")), **counts)

    assert again(kept.exchange).status == "completed"
    said = list(TheirWord.objects.unscoped("test").order_by("recorded_at").values_list("step", flat=True))
    of_a_tranche = ["approve", "go", "record_receipts", "settle"]
    assert said == ["accept", "answer", "submit", *of_a_tranche, *of_a_tranche, "settle_counts"]
    assert set(Answer.objects.unscoped("test").filter(participant=kept.russia).values_list("source", flat=True)) == {
        "our head of delegation"
    }
    assert Entry.objects.unscoped("test").filter(tranche=None).count() == 0


def carry_through_the_line(kept, tranche, each_way, *, is_locked=False):
    if not is_locked:
        kept.post("head", kept.step(tranche, "lock"))
        kept.post("deputy", kept.step(tranche, "lock"))
        kept.post("head", reverse("exchanges:clearance", args=[tranche.pk]))
        kept.post("head", kept.step(tranche, "start_sign_off"))
        kept.sign(tranche, "Joint Centre", "joint-centre", manner="signed", password=DEMO_PASSWORD)
    kept.sign(tranche, "Coordination", "head", manner="signed", password=DEMO_PASSWORD)
    kept.sign(tranche, "Office of the President", "president", manner="signed", password=DEMO_PASSWORD)
    assert again(tranche).status == "awaiting_final_sign_off"
    kept.sign(tranche, "Administration", "head", manner="word", **kept.word())
    kept.post("handover", kept.step(tranche, "stage"))
    kept.post("handover", kept.step(tranche, "go"))
    assert again(tranche).status == "staged"
    kept.post("head", kept.theirs(kept.step(tranche, "go")))
    assert again(tranche).status == "gone"
    kept.post("handover", kept.step(tranche, "record_receipts"), all_received="on")
    kept.post("head", kept.theirs(kept.step(tranche, "record_receipts")), all_received="on")
    kept.post("head", kept.step(tranche, "settle"), presented=each_way)
    kept.post("head", kept.theirs(kept.step(tranche, "settle")), presented=each_way)
