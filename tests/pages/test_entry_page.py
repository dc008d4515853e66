"""An entry's own page: the table's half for everybody who reads names, one's own half for one's own side alone."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Event
from exchanges.models import Answer, Brief, Clearance, Entry, EntryLink, Placement, TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from people.operations import create_person
from tests import factories, scenes
from tests.keeping import kept

T = TrancheStatus
ENTRY_QUERIES = 22
SECRETS = ("the minister", "Our brief", "Our checks", "only your side sees this", "Zahara", "did not pass")


@pytest.fixture
@kept
def entry(scene):
    """Held by the south, asked for by the north; both sides keep something about it to themselves."""
    tranche = factories.tranche_at(scene, T.PLANNED)
    return Entry.objects.unscoped("test").filter(tranche=tranche, direction__receiver=scene.north).order_by("number")[0]


def page(entry):
    return reverse("exchanges:entry", args=[entry.pk])


def dossier(side, family="Zahara"):
    return create_person(actor=side.clerk, names=[{"script": "latn", "family": family}])


def kept_by_north(scene, entry):
    north = scene.cast.north
    lists.write_brief(entry, actor=north.negotiator, priority=1, fallback="the younger", note="the minister")
    lists.link_entries(entry.direction.exchange, links={entry.pk: dossier(north).pk}, actor=north.negotiator)
    lists.check_clearance(entry, kind="identity", is_passed=False, note="no photograph", actor=north.head)
    lists.check_clearance(entry, kind="fitness", is_passed=True, note="can walk", actor=north.medic)


def test_own_half_is_for_its_own_side_alone(scene, browser, entry):
    kept_by_north(scene, entry)

    ours = browser(scene.cast.north.head).get(page(entry)).content.decode()
    assert all(secret in ours for secret in SECRETS)
    theirs = browser(scene.cast.south.head).get(page(entry)).content.decode()
    assert "Our brief" in theirs  # their own, empty
    assert not any(
        secret in theirs for secret in ("the minister", "the younger", "Zahara", "no photograph", "can walk")
    )
    mediators = browser(scene.cast.mediator).get(page(entry)).content.decode()
    assert not any(secret in mediators for secret in SECRETS)


def test_nothing_the_other_side_keeps_changes_a_byte_of_the_page(scene, browser, entry):
    client = browser(scene.cast.south.head)
    client.get(page(entry))  # the first visit is marked as such
    before = stable(client.get(page(entry)))

    kept_by_north(scene, entry)

    assert stable(client.get(page(entry))) == before


def stable(response):
    """The page without its one-time tokens."""
    return re.sub(rb'(csrfmiddlewaretoken" value|csrf-token" content)="[^"]+"', b"", response.content)


@pytest.mark.parametrize(
    ("who", "sees", "not_"),
    [
        ("head", ["identity", "consent asked"], ["fitness to travel", "can walk"]),
        ("medic", ["identity", "fitness to travel", "can walk"], ["legal"]),
        ("clerk", ["identity", "no photograph"], ["fitness to travel", "can walk", "Note this check"]),
    ],
)  # fmt: skip
def test_each_check_is_for_whoever_may(scene, browser, entry, who, sees, not_):
    kept_by_north(scene, entry)

    content = browser(getattr(scene.cast.north, who)).get(page(entry)).content.decode()
    checks = content[content.index('id="checks"') :]

    assert [word for word in sees if word not in checks] == []
    assert [word for word in not_ if word in checks] == []


def test_brief_dossier_and_check_are_kept(scene, browser, entry):
    person = dossier(scene.cast.north)
    client = browser(scene.cast.north.head)
    assert f'value="{person.pk}"' in client.get(f"{page(entry)}?q=zahara").content.decode()

    client.post(page(entry), {"form": "brief", "priority": "2", "fallback": "the cousin", "note": "ask twice"})
    client.post(page(entry), {"form": "link", "person": person.pk})
    client.post(page(entry), {"form": "check", "kind": "consent", "result": "failed", "note": "asked by the neutral"})

    brief = Brief.objects.unscoped("test").get()
    assert (brief.priority, brief.fallback, brief.note) == (2, "the cousin", "ask twice")
    assert EntryLink.objects.unscoped("test").get().person == person
    check = Clearance.objects.unscoped("test").get()
    assert (check.kind, check.is_passed, check.compartment) == ("consent", False, scene.cast.north.home)


def test_a_dossier_named_by_mistake_is_named_no_more_until_the_lock(scene, browser, entry):
    north, south = scene.cast.north, scene.cast.south
    lists.link_entries(entry.direction.exchange, links={entry.pk: dossier(north).pk}, actor=north.negotiator)
    client, unlink = browser(north.head), {"form": "unlink"}
    assert "It is none of ours" in client.get(page(entry)).text
    assert "It is none of ours" not in browser(south.head).get(page(entry)).text
    assert browser(south.head).post(page(entry), unlink).status_code == 409  # theirs is none
    assert browser(north.clerk).post(page(entry), unlink).status_code == 409
    assert EntryLink.objects.unscoped("test").count() == 1

    assert client.post(page(entry), unlink).url == page(entry)
    assert not EntryLink.objects.unscoped("test").exists()
    assert client.post(page(entry), unlink).status_code == 409
    event = Event.objects.unscoped("test").get(kind="entry.unlinked")
    assert event.compartment == north.home

    lists.link_entries(entry.direction.exchange, links={entry.pk: dossier(north).pk}, actor=north.negotiator)
    factories.lock(scene, entry.tranche)
    locked = client.post(page(entry), unlink)
    assert locked.status_code == 409
    assert "TLK-1/1 is locked with this dossier in its place" in client.get(page(entry)).text
    assert '<button type="button" disabled>It is none of ours</button>' in client.get(page(entry)).text
    assert EntryLink.objects.unscoped("test").count() == Placement.objects.unscoped("test").count() == 1


def test_answer_stands_in_the_timeline_with_its_reason(scene, browser, entry):
    client = browser(scene.cast.north.negotiator)
    refusal = {
        "form": "answer",
        "stance": "refused",
        "reason": "field_wrong",
        "field": "birth_date",
        "note": "he is older",
    }

    assert client.post(page(entry), refusal).url == page(entry)

    answer = Answer.objects.unscoped("test").filter(entry=entry).order_by("sequence").last()
    assert (answer.stance, answer.participant) == ("refused", scene.north)
    assert "field wrong: birth_date: <bdi>he is older</bdi>" in client.get(page(entry)).content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"form": "brief", "priority": "0"}, "greater than or equal to 1"),
        ({"form": "brief", "note": "x" * 2001}, "at most 2000 characters"),
        ({"form": "link"}, "Choose a dossier."),
        ({"form": "link", "person": "nonsense"}, "Enter a valid UUID."),
        ({"form": "link", "person": "6f0c1d0e-0000-4000-8000-000000000000"}, "There is no such entry or dossier."),
        ({"form": "check", "kind": "identity"}, "This field is required."),
        ({"form": "answer", "stance": "refused"}, "Give the reason of the refusal."),
    ],
)
def test_fault_stands_at_its_form(scene, browser, entry, typed, sentence):
    response = browser(scene.cast.north.head).post(page(entry), typed)

    assert response.status_code == 400
    assert sentence in response.content.decode()


@pytest.mark.parametrize(
    ("who", "typed"),
    [
        ("clerk", {"form": "brief", "note": "x"}), ("medic", {"form": "check", "kind": "legal", "result": "passed"}),
        ("clerk", {"form": "check", "kind": "nothing", "result": "passed"}),
    ],
)  # fmt: skip
def test_who_may_not_leaves_nothing(scene, browser, entry, who, typed):
    response = browser(getattr(scene.cast.north, who)).post(page(entry), typed)

    assert response.status_code in (400, 409)
    assert not Brief.objects.unscoped("test").exists()
    assert not Clearance.objects.unscoped("test").exists()


def test_dossier_of_the_other_side_is_a_missing_one(scene, browser, entry):
    theirs = dossier(scene.cast.south, "Theirs")

    response = browser(scene.cast.north.head).post(page(entry), {"form": "link", "person": theirs.pk})

    assert response.status_code == 400
    assert "There is no such entry or dossier." in response.content.decode()


def test_word_of_an_absent_side_is_brought_here(cast, browser):
    talks = scenes.alone(cast)
    exchange = exchanges.propose(scenes.drafted(talks, (talks.north, talks.south, 1)), actor=cast.north.head)
    exchanges.accept(exchange, formula_version=1, actor=cast.north.head, **scenes.by_word(talks.south))
    (direction,) = factories.directions(exchange)
    lists.submit(
        direction, lines=factories.lines_from_rows(factories.rows(1)), message="ours", base=0, actor=cast.north.head
    )
    entry = direction.entries.get()
    client = browser(cast.north.head)
    assert f"?word={talks.south.pk}#answer" in client.get(page(entry)).content.decode()
    word = {
        "who": "their envoy", "to_whom": "us", "happened_at": "2020-01-01T00:00", "source": "a call", "according_to": "us",
    }  # fmt: skip

    late = client.post(f"{page(entry)}?word={talks.south.pk}", {"form": "answer", "stance": "agreed"} | word)

    assert late.status_code == 400
    assert "before the step that it follows" in late.content.decode()


def test_number_of_queries_does_not_grow_with_what_was_said(scene, browser, entry):
    kept_by_north(scene, entry)
    client = browser(scene.cast.north.head)
    client.get(page(entry))
    counted = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as captured:
            client.get(page(entry))
        counted.append(len(captured))
        for stance in ("needs_information", "agreed"):
            lists.answer(entry.direction.exchange, entries=[entry.pk], stance=stance, actor=scene.cast.north.head)

    assert counted == [ENTRY_QUERIES, ENTRY_QUERIES]


def test_names_lead_to_their_page(scene, browser, entry):
    names = reverse("exchanges:names", args=[entry.direction.exchange_id])

    assert page(entry) in browser(scene.cast.north.head).get(f"{names}?direction=1").content.decode()
