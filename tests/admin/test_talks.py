"""Data entry of talks: delegations and rounds with their rows."""

from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from negotiations.models import AgendaItem, Attendance, Delegation, DelegationMember, Round, Statement
from negotiations.operations import create_delegation, create_negotiation, record_round
from tests.keeping import kept

NEW_ROUND = reverse("admin:negotiations_round_add")
NEW_DELEGATION = reverse("admin:negotiations_delegation_add")
LIST_QUERIES = 9


@pytest.fixture
@kept
def talks(scene):
    return scene.negotiation


@pytest.fixture
@kept
def hidden_talks(cast):
    """The south alone, about which the north knows nothing."""
    return create_negotiation(
        title="Secret", prefix="SEC", works_here="us", actor=cast.south.head,
        participants=[{"name": "South", "party": cast.south.party}, {"name": "Stranger"}],
    )  # fmt: skip


def change_url(row):
    return reverse(f"admin:negotiations_{row._meta.model_name}_change", args=[row.pk])


def formset(prefix, rows=(), initial=0):
    posted = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        posted |= {f"{prefix}-{number}-{field}": value for field, value in row.items()}
    return posted


def round_posted(*, agenda=(), statements=(), attendances=(), initial_agenda=0, **values):
    return {
        "kind": "round",
        **values,
        **formset("agenda_items", agenda, initial_agenda),
        **formset("statements", statements),
        **formset("attendances", attendances),
    }


def test_a_round_is_entered_whole(cast, scene, as_user, talks):
    answer = as_user(cast.mediator).post(
        NEW_ROUND,
        round_posted(
            negotiation=talks.pk,
            title="First round",
            held_on="2025-05-16",
            agenda=[
                {"title": "", "outcome": ""},
                {"title": "Exchange", "outcome": "agreed"},
                {"title": "Truce", "outcome": ""},
            ],
            statements=[{"participant": scene.north.pk, "speaker": "Head", "text": "Agreed.", "source": "press"}],
            attendances=[{"who": "A guest"}],
        ),
    )

    held = Round.objects.visible_to(cast.north.clerk).get()
    assert answer.status_code == 302
    assert [(item.number, item.title) for item in held.agenda_items.all()] == [(1, "Exchange"), (2, "Truce")]
    assert (held.statements.get().text, held.attendances.get().who) == ("Agreed.", "A guest")
    assert not LogEntry.objects.exists()


def test_faults_of_rows_stand_at_their_rows(cast, scene, as_user, talks):
    answer = as_user(cast.mediator).post(
        NEW_ROUND,
        round_posted(
            negotiation=talks.pk,
            title="First round",
            held_on="2025-05-16",
            attendances=[{"who": ""}, {"who": "A guest\u202e"}],
        ),
    )

    formsets = {inline.formset.prefix: inline.formset for inline in answer.context["inline_admin_formsets"]}
    assert [list(form.errors) for form in formsets["attendances"].forms] == [[], ["who"]]
    assert not Round.objects.unscoped("test").exists()


def test_dates_that_cannot_be_are_said_at_their_fields_and_nowhere_else(cast, scene, as_user, talks):
    client = as_user(cast.mediator)

    ahead = client.post(NEW_ROUND, round_posted(negotiation=talks.pk, title="R", held_on="2999-05-16"))
    backwards = client.post(
        NEW_DELEGATION,
        {"negotiation": talks.pk, "participant": scene.north.pk, "name": "D"}
        | formset("members", [{"name": "A", "from_on": "2025-05-02", "until_on": "2025-05-01"}]),
    )

    assert ahead.context["adminform"].form.errors == {"held_on": ["This day has not come yet."]}
    (members,) = (inline.formset for inline in backwards.context["inline_admin_formsets"])
    assert backwards.context["adminform"].form.errors == {}
    assert members.forms[0].errors == {"until_on": ["The last day lies before the first."]}
    assert not Round.objects.unscoped("test").exists()
    assert not Delegation.objects.unscoped("test").exists()


def test_a_round_and_its_rows_are_changed_by_their_operations(cast, as_user, talks):
    held = record_round(
        talks, title="R", held_on=date(2025, 5, 16), agenda=[("Exchange", "", "")], actor=cast.north.clerk
    )
    item = held.agenda_items.get()
    row = {"id": item.pk, "round": held.pk, "title": "Exchange", "outcome": "agreed", "seen_version": item.version}

    answer = as_user(cast.south.clerk).post(
        change_url(held),
        round_posted(
            title="Round one", held_on="2025-05-16", seen_version=held.version,
            agenda=[row, {"title": "Truce", "outcome": ""}], initial_agenda=1,
        ),
    )  # fmt: skip

    held.refresh_from_db()
    assert answer.status_code == 302
    assert held.title == "Round one"
    assert [(row.title, row.outcome) for row in held.agenda_items.all()] == [("Exchange", "agreed"), ("Truce", "")]


def test_a_row_that_somebody_else_changed_is_not_overwritten(cast, as_user, talks):
    held = record_round(
        talks, title="R", held_on=date(2025, 5, 16), agenda=[("Exchange", "agreed", "")], actor=cast.north.clerk
    )
    item = held.agenda_items.get()
    stale = {"id": item.pk, "round": held.pk, "title": "Exchange", "outcome": "", "seen_version": item.version - 1}

    answer = as_user(cast.south.clerk).post(
        change_url(held),
        round_posted(
            title="Changed", held_on="2025-05-16", seen_version=held.version, agenda=[stale], initial_agenda=1
        ),
    )

    held.refresh_from_db()
    assert "Somebody else saved this meanwhile." in answer.text
    assert (held.title, held.agenda_items.get().outcome) == ("R", "agreed")


def test_choices_hold_nothing_of_hidden_talks(cast, as_user, talks, hidden_talks):
    record_round(hidden_talks, title="Secret round", held_on=date(2025, 5, 1), actor=cast.south.clerk)
    client = as_user(cast.north.clerk)

    for page in (NEW_ROUND, NEW_DELEGATION, reverse("admin:negotiations_round_changelist")):
        text = client.get(page).text
        assert "Secret" not in text
        assert "Stranger" not in text
    assert "Talks" in client.get(NEW_ROUND).text


@pytest.mark.parametrize("what", ["hidden", "missing"])
def test_a_hidden_choice_is_as_invalid_as_a_missing_one(cast, as_user, hidden_talks, what):
    pk = hidden_talks.pk if what == "hidden" else "5b1f2c0e-0000-4000-8000-000000000000"

    answer = as_user(cast.north.clerk).post(
        NEW_ROUND, round_posted(negotiation=pk, title="R", held_on="2025-05-16")
    )  # fmt: skip

    assert answer.context["adminform"].form.errors["negotiation"] == [
        "Select a valid choice. That choice is not one of the available choices."
    ]
    assert not Round.objects.unscoped("test").exists()


def test_a_delegation_is_entered_with_its_head(cast, scene, as_user, talks):
    members = [{"name": "The head", "is_head": "on"}, {"name": "Another", "function": "aide"}]

    answer = as_user(cast.north.clerk).post(
        NEW_DELEGATION,
        {"negotiation": talks.pk, "participant": scene.north.pk, "name": "Of the North", **formset("members", members)},
    )

    delegation = Delegation.objects.visible_to(cast.mediator).get()
    assert answer.status_code == 302
    assert [(member.name, member.is_head) for member in delegation.members.all()] == [
        ("The head", True), ("Another", False),
    ]  # fmt: skip


def test_a_second_head_is_refused_at_the_row(cast, scene, as_user, talks):
    delegation = create_delegation(
        talks, participant=scene.north, name="D", members=[{"name": "Head", "is_head": True}], actor=cast.north.clerk
    )
    head = delegation.members.get()
    kept = {"id": head.pk, "delegation": delegation.pk, "name": "Head", "is_head": "on", "seen_version": head.version}
    posted = {
        "name": "Renamed",
        "seen_version": delegation.version,
        **formset("members", [kept, {"name": "Second", "is_head": "on"}], initial=1),
    }

    answer = as_user(cast.north.clerk).post(change_url(delegation), posted)

    members = answer.context["inline_admin_formsets"][0].formset
    delegation.refresh_from_db()
    assert members.forms[1].errors["is_head"] == ["Head heads this delegation in that time."]
    assert delegation.name == "D"
    assert DelegationMember.objects.unscoped("test").count() == 1


def test_talks_are_moved_to_no_other_negotiation(cast, scene, as_user, talks, hidden_talks):
    held = record_round(talks, title="R", held_on=date(2025, 5, 16), actor=cast.north.clerk)

    as_user(cast.south.clerk).post(
        change_url(held),
        round_posted(title="R", held_on="2025-05-16", seen_version=held.version, negotiation=hidden_talks.pk),
    )

    held.refresh_from_db()
    assert held.negotiation == talks


def test_no_row_is_removed(cast, as_user, talks):
    held = record_round(
        talks, title="R", held_on=date(2025, 5, 16), actor=cast.north.clerk, agenda=[("Exchange", "", "")],
        statements=[{"speaker": "X", "text": "y", "source": "z"}], attendances=[{"who": "X"}],
    )  # fmt: skip
    item = held.agenda_items.get()
    row = {"id": item.pk, "round": held.pk, "title": "Exchange", "outcome": "", "DELETE": "on"}

    client = as_user(cast.north.head)
    client.post(
        change_url(held),
        round_posted(title="R", held_on="2025-05-16", seen_version=held.version, agenda=[row], initial_agenda=1),
    )

    assert client.post(reverse("admin:negotiations_round_delete", args=[held.pk]), {"post": "yes"}).status_code == 404
    assert [model.objects.unscoped("test").count() for model in (Round, AgendaItem, Statement, Attendance)] == [1] * 4


def test_a_hidden_round_is_a_missing_one(cast, as_user, hidden_talks):
    hidden = record_round(hidden_talks, title="Secret", held_on=date(2025, 5, 1), actor=cast.south.clerk)

    answer = as_user(cast.north.clerk).get(change_url(hidden))

    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("admin:index"))


def test_the_lists_ask_the_same_whatever_their_length(cast, as_user, talks, django_assert_num_queries):
    client = as_user(cast.north.clerk)
    url = reverse("admin:negotiations_round_changelist")
    record_round(talks, title="R", held_on=date(2025, 5, 16), actor=cast.north.clerk)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(url)
    for number in range(10):
        record_round(talks, title=f"R{number}", held_on=date(2025, 5, 17), actor=cast.north.clerk)

    with django_assert_num_queries(LIST_QUERIES):
        assert client.get(url).context["cl"].result_count == 11
