"""The pages of the negotiations: what is shown to whom, and in how many queries."""

from datetime import date

import pytest
from django.urls import reverse

from negotiations import views
from negotiations.models import Proposal, Round, Statement, TheirWord
from negotiations.operations import (
    add_proposal,
    add_statement,
    create_delegation,
    create_negotiation,
    record_round,
)
from tests.keeping import kept

INDEX = reverse("negotiations:index")
LIST_QUERIES = 7
DETAIL_QUERIES = 19
MISSING = "5b1f2c0e-0000-4000-8000-000000000000"


@pytest.fixture
@kept
def talks(scene):
    return scene.negotiation


@pytest.fixture
@kept
def first_round(scene, talks):
    head = {"name": "The head", "function": "minister", "is_head": True}
    create_delegation(talks, participant=scene.north, name="Of the North", actor=scene.cast.north.clerk, members=[head])
    held = record_round(
        talks, title="First round", held_on=date(2025, 5, 16), venue="The palace", actor=scene.cast.mediator,
        agenda=[("Exchange of prisoners", "agreed", ""), ("Ceasefire", "discussed", "")],
        statements=[{"participant": scene.south, "speaker": "Their head", "text": "We are content.", "source": "radio"}],
    )  # fmt: skip
    record_round(
        talks, title="Guests apart", kind="side_meeting", beside=held, held_on=date(2025, 5, 16),
        actor=scene.cast.mediator,
    )  # fmt: skip
    return held


def page(name, *args):
    return reverse(f"negotiations:{name}", args=args)


def test_the_list_shows_participants_and_the_last_round(cast, as_user, talks, first_round):
    text = as_user(cast.south.clerk).get(INDEX).text

    for shown in ("Talks", "North · South", "First round", "16 May 2025"):
        assert shown in text


def test_an_outsider_sees_an_empty_list(cast, as_user, talks):
    assert "No negotiations yet" in as_user(cast.outsider).get(INDEX).text


def test_windows_of_fifty_lead_forth_and_back(cast, as_user):
    for number in range(52):
        create_negotiation(
            title=f"Talks {number}", prefix="T", works_here="us", actor=cast.north.head,
            participants=[{"name": "North", "party": cast.north.party}, {"name": "South"}],
        )  # fmt: skip
    client = as_user(cast.north.clerk)
    first = client.get(INDEX).context["window"]
    second = client.get(first.next_url).context["window"]

    assert [line.title for line in second.negotiations] == ["Talks 1", "Talks 0", "Talks"]
    assert client.get(second.previous_url).context["window"].negotiations == first.negotiations


def test_the_page_tells_the_talks_from_both_sides(cast, as_user, talks, first_round):
    text = as_user(cast.north.clerk).get(page("detail", talks.pk)).text

    for shown in (
        "Who works here: all", "The mediator", "headed by The head", "Exchange of prisoners", "discussed",
        "We are content.", "<bdi>radio</bdi>", "Beside this round", "Guests apart", "our side",
    ):  # fmt: skip
        assert shown in text


def test_a_side_meeting_stands_beneath_its_round_alone(cast, as_user, talks, first_round):
    rounds = as_user(cast.north.clerk).get(page("detail", talks.pk)).context["page"].rounds

    assert [card.title for card in rounds] == ["First round"]
    assert [card.title for card in rounds[0].side_meetings] == ["Guests apart"]


@pytest.mark.parametrize("name", ["detail", "round_new", "proposal_new", "word_new"])
def test_hidden_talks_are_missing_talks(cast, as_user, talks, name):
    client = as_user(cast.outsider)

    hidden, missing = client.get(page(name, talks.pk)), client.get(page(name, MISSING))

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.content == missing.content


def test_a_round_of_other_talks_takes_no_statement_here(cast, as_user, talks, first_round):
    other = create_negotiation(
        title="Ours", prefix="OUR", works_here="us", actor=cast.north.head,
        participants=[{"name": "North", "party": cast.north.party}, {"name": "South"}],
    )  # fmt: skip

    answer = as_user(cast.north.clerk).get(page("statement_new", other.pk, first_round.pk))

    assert answer.status_code == 404


def agenda(*items):
    posted = {"agenda-TOTAL_FORMS": len(items), "agenda-INITIAL_FORMS": 0}
    for number, (title, outcome) in enumerate(items):
        posted |= {f"agenda-{number}-title": title, f"agenda-{number}-outcome": outcome, f"agenda-{number}-note": ""}
    return posted


def test_a_round_is_recorded_from_the_page(cast, as_user, talks):
    asked = {"kind": "round", "title": "Second", "held_on": "2025-06-02"}

    answer = as_user(cast.mediator).post(
        page("round_new", talks.pk), asked | agenda(("Exchange", "agreed"), ("", ""), ("Bodies", "discussed"))
    )

    talks_held = Round.objects.visible_to(cast.north.clerk).get()
    assert answer.headers["Location"] == page("detail", talks.pk)
    assert [(item.number, item.title) for item in talks_held.agenda_items.all()] == [(1, "Exchange"), (2, "Bodies")]


def test_a_refusal_stands_at_its_field_and_what_was_typed_is_kept(cast, as_user, talks):
    asked = {"kind": "round", "title": "Second", "held_on": "2999-01-01"}

    answer = as_user(cast.mediator).post(page("round_new", talks.pk), asked | agenda(("Exchange", "agreed")))

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["held_on"]
    assert 'value="Exchange"' in answer.text
    assert not Round.objects.unscoped("test").exists()


def test_statements_and_proposals_are_recorded_from_the_page(cast, scene, as_user, talks, first_round):
    client = as_user(cast.north.clerk)
    said = {"participant": scene.north.pk, "speaker": "Our head", "text": "Agreed.", "source": "press"}
    client.post(page("statement_new", talks.pk, first_round.pk), said)
    client.post(page("proposal_new", talks.pk), {"kind": "formula", "text": "1,000 for 1,000"})

    assert Statement.objects.visible_to(cast.south.clerk).get(participant=scene.north).text == "Agreed."
    assert Proposal.objects.visible_to(cast.south.clerk).get().kind == "formula"


def test_the_word_of_the_absent_is_recorded_by_who_decides(cast, as_user):
    ours = create_negotiation(
        title="Ours", prefix="OUR", works_here="us", actor=cast.north.head,
        participants=[{"name": "North", "party": cast.north.party}, {"name": "South"}],
    )  # fmt: skip
    asked = {
        "participant": ours.participants.get(letter="B").pk, "step": "agrees to meet", "who": "Their head",
        "to_whom": "our head", "happened_at": "2025-05-16T10:00", "source": "by telephone", "according_to": "their head",
    }  # fmt: skip

    refused = as_user(cast.north.clerk).post(page("word_new", ours.pk), asked)
    as_user(cast.north.head).post(page("word_new", ours.pk), asked)

    assert refused.status_code == 409
    assert "This is for head of delegation." in refused.text
    assert TheirWord.objects.visible_to(cast.north.clerk).get().step == "agrees to meet"
    assert "according to their head" in as_user(cast.north.head).get(page("detail", ours.pk)).text


def test_who_may_not_record_reads_who_may(cast, as_user, talks, first_round):
    text = as_user(cast.north.medic).get(page("detail", talks.pk)).text

    assert "This is for data-entry clerk, negotiator, head of delegation, mediator." in text
    assert page("statement_new", talks.pk, first_round.pk) not in text


def test_upper_apps_show_their_sections(cast, as_user, talks, monkeypatch):
    asked = []

    def section(viewer, negotiation):
        asked.append((viewer, negotiation))
        return "components/empty.html", {"title": "From above"}

    monkeypatch.setattr(views, "SECTIONS", [section, lambda viewer, negotiation: None])

    answer = as_user(cast.north.clerk).get(page("detail", talks.pk))

    assert asked == [(cast.north.clerk, talks)]
    assert answer.text.count("From above") == 1


def test_the_pages_ask_the_same_whatever_there_is(cast, scene, as_user, talks, first_round, django_assert_num_queries):
    client = as_user(cast.north.clerk)
    add_proposal(talks, kind="offer", text="x", participant=scene.north, actor=cast.north.clerk)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(INDEX)
    with django_assert_num_queries(DETAIL_QUERIES):
        client.get(page("detail", talks.pk))
    for number in range(4):
        held = record_round(talks, title=f"R{number}", held_on=date(2025, 6, 1), actor=cast.north.clerk)
        add_statement(held, participant=scene.north, speaker="X", text="y", source="z", actor=cast.south.clerk)
        add_proposal(talks, kind="offer", text="x", participant=scene.south, round=held, actor=cast.south.clerk)

    with django_assert_num_queries(LIST_QUERIES):
        client.get(INDEX)
    with django_assert_num_queries(DETAIL_QUERIES):
        client.get(page("detail", talks.pk))
