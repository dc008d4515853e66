"""Row 35 and RULES section 6: submitting a list, answering it, and what each stance makes of an entry."""

import pytest

from core.errors import InputRefused
from exchanges.lists import ListRefused, lines_from_rows
from exchanges.models import Answer, Author, Entry, EntryLink, Revision, RevisionLine, TrancheStatus
from exchanges.models.entry import AGREED, OPEN, Stance, is_agreed
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import tranche as tranches
from tests import factories, scenes
from tests.checks import data_of, last_event, refused
from tests.exchanges.test_lock import person
from tests.keeping import kept

T = TrancheStatus


@pytest.fixture
def exchange(scene):
    return factories.exchange_at(scene, "negotiating")


@pytest.fixture
def direction(exchange):
    """South holds, North receives."""
    return factories.directions(exchange)[0]


def submit(direction, side, rows, base, message="a list"):
    return lists.submit(direction, lines=lines_from_rows(rows), message=message, base=base, actor=side.negotiator)


def numbers(*kept):
    return [{"number": number} for number in kept]


def stances(direction):
    rows = direction.entries.order_by("number")
    return [(row.number, row.holder_stance, row.receiver_stance) for row in rows]


@pytest.fixture
@kept
def three(scene, direction):
    """Three lines asked for by the north: revision 1."""
    submit(direction, scene.cast.north, factories.rows(3), 0)
    return direction


# Submitting


def test_holder_offers_and_receiver_asks(scene, direction):
    submit(direction, scene.cast.south, factories.rows(1), 0)
    submit(direction, scene.cast.north, numbers(1) + factories.rows(1, first=50), 1)

    assert stances(direction) == [(1, "offered", ""), (2, "", "asked_for")]


def test_revisions_are_numbered_without_gaps(scene, three):
    submit(three, scene.cast.south, numbers(1, 2, 3), 1)

    revisions = Revision.objects.unscoped("test").filter(direction=three).order_by("number")
    assert [(row.number, row.base, row.size, row.added, row.left_out) for row in revisions] == [
        (1, 0, 3, 3, 0), (2, 1, 3, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("base", [0, 2, None])
def test_other_base_than_the_latest_is_refused(scene, three, base):
    with refused("Revision 1 came in meanwhile"):
        submit(three, scene.cast.south, numbers(1, 2, 3), base)


def test_submission_needs_a_message(scene, direction):
    with refused("Say in a line what changed."):
        submit(direction, scene.cast.south, factories.rows(1), 0, message=" ")


def test_line_left_out_is_withdrawn_by_the_submitter_alone(scene, three):
    submit(three, scene.cast.south, numbers(1, 3), 1)

    assert stances(three) == [(1, "", "asked_for"), (2, "withdrawn", "asked_for"), (3, "", "asked_for")]


def test_line_brought_back_is_asked_for_again(scene, three):
    submit(three, scene.cast.north, numbers(1, 3), 1)
    assert stances(three)[1] == (2, "", "withdrawn")

    submit(three, scene.cast.north, numbers(1, 2, 3), 2)

    assert stances(three)[1] == (2, "", "asked_for")
    told = Answer.objects.unscoped("test").filter(entry__number=2, entry__direction=three).order_by("sequence")
    assert [(answer.sequence, answer.stance) for answer in told] == [
        (1, "asked_for"),
        (2, "withdrawn"),
        (3, "asked_for"),
    ]


def test_both_sides_leave_a_line_out(scene, three):
    """What the holder brings back afterwards is not agreed: the receiver left it out too."""
    lists.answer(three.exchange, entries=three.entries.all(), stance="offered", actor=scene.cast.south.negotiator)
    lists.answer(three.exchange, entries=three.entries.all(), stance="agreed", actor=scene.cast.north.negotiator)
    submit(three, scene.cast.south, numbers(1, 3), 1)
    submit(three, scene.cast.north, numbers(1, 3), 2)

    submit(three, scene.cast.south, numbers(1, 2, 3), 3)

    assert stances(three)[1] == (2, "offered", "withdrawn")
    assert not three.entries.get(number=2).is_agreed


def test_line_left_out_stays_withdrawn_without_a_second_answer(scene, three):
    submit(three, scene.cast.north, numbers(1, 3), 1)

    submit(three, scene.cast.north, numbers(1, 3), 2)

    assert Answer.objects.unscoped("test").filter(entry__number=2, entry__direction=three).count() == 2


def test_changed_line_is_a_new_entry_that_nobody_has_agreed_to(scene, three):
    lists.answer(three.exchange, entries=three.entries.all(), stance="agreed", actor=scene.cast.south.negotiator)

    revision = submit(three, scene.cast.north, [*numbers(1, 2), {"number": 3, "given_name": "Samuel"}], 1)

    new = three.entries.get(number=4)
    assert (new.replaces.number, new.given, new.family) == (3, "Samuel", new.replaces.family)
    assert stances(three)[2:] == [(3, "agreed", "withdrawn"), (4, "", "asked_for")]
    assert (revision.size, revision.added, revision.left_out) == (3, 1, 1)


def test_changed_line_keeps_its_place_in_a_planned_tranche(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    direction = factories.directions(tranche.exchange)[0]

    submit(direction, scene.cast.south, [*numbers(1, 2), {"number": 3, "rank": "major"}], 1)

    old, new = direction.entries.filter(number__gte=3).order_by("number")
    assert (old.tranche, new.tranche) == (None, tranche)


def test_line_left_out_leaves_its_planned_tranche(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    direction = factories.directions(tranche.exchange)[0]

    submit(direction, scene.cast.north, numbers(1, 2), 1)

    assert direction.entries.get(number=3).tranche is None


@pytest.mark.parametrize("status", [T.LOCKED, T.STAGED, T.GONE, T.RECEIVED])
@pytest.mark.parametrize("change", [[], [{"number": 3, "rank": "major"}]])
def test_line_of_a_locked_tranche_is_neither_left_out_nor_changed(scene, status, change):
    tranche = factories.tranche_at(scene, status)
    direction = factories.directions(tranche.exchange)[0]

    with refused("In a locked tranche: #3."):
        submit(direction, scene.cast.south, numbers(1, 2) + change, 1)


def test_unlocked_line_may_be_left_out(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)
    tranches.take_step(tranche, "unlock", actor=scene.cast.north.head, reason="he is ill")

    submit(factories.directions(tranche.exchange)[0], scene.cast.south, numbers(1, 2), 1)

    assert tranche.entries.filter(direction__number=1).count() == 2


def test_unknown_number_is_named_at_its_line(scene, three):
    with pytest.raises(ListRefused) as caught:
        submit(three, scene.cast.north, numbers(1, 7), 1)

    assert caught.value.errors == {"lines.2.number": ["There is no #7 on this list."]}
    assert Revision.objects.unscoped("test").filter(direction=three).count() == 1


def test_third_participant_does_not_work_on_the_list_of_two(cast):
    talks = scenes.three(cast)
    exchange = scenes.drafted(talks, (talks.north, talks.south, 1), (talks.south, talks.east, 1))
    exchange = exchanges.propose(exchange, actor=cast.north.negotiator)
    for side in (cast.south, talks.east_side):
        exchange = exchanges.accept(exchange, formula_version=1, actor=side.negotiator)

    with refused("Only North and South work on this list."):
        submit(factories.directions(exchange)[0], talks.east_side, factories.rows(1), 0)


def test_submission_names_its_author_in_their_own_half(scene, three):
    author = Author.objects.unscoped("test").get(revision__direction=three)

    assert (author.user, author.compartment) == (scene.cast.north.negotiator, scene.cast.north.home)


def test_event_of_a_submission_tells_numbers_and_no_names(scene, three):
    data = data_of(last_event("list.submitted"))

    assert (data["revision"], data["size"], data["added"], data["left_out"]) == (1, 3, 3, 0)
    assert "Abel" not in str(data)


# Own dossiers on a list


def test_line_from_a_dossier_copies_facts_and_links_privately(scene, direction):
    someone = person(scene.cast.north, "Frost", rank="sergeant")

    submit(direction, scene.cast.north, [{"person": str(someone.pk)}], 0)

    entry = direction.entries.get()
    assert (entry.family, entry.given, entry.rank, entry.category) == ("Frost", "Sam", "sergeant", "prisoner_of_war")
    assert EntryLink.objects.unscoped("test").get().compartment == scene.cast.north.home


@pytest.mark.parametrize("whose", ["theirs", "nobody's", "malformed"])
def test_dossier_that_is_not_ours_is_unknown(scene, direction, whose):
    theirs = person(scene.cast.south)
    pk = {"theirs": theirs.pk, "nobody's": direction.pk, "malformed": "x"}[whose]

    with pytest.raises(ListRefused) as caught:
        submit(direction, scene.cast.north, [{"person": str(pk)}], 0)

    assert caught.value.errors == {"lines.1.person": ["There is no such dossier of yours."]}


def test_one_unknown_dossier_does_not_spoil_the_other_lines(scene, direction):
    someone = person(scene.cast.north)

    with pytest.raises(ListRefused) as caught:
        submit(direction, scene.cast.north, [{"person": str(someone.pk)}, {"person": "x"}], 0)

    assert list(caught.value.errors) == ["lines.2.person"]


# Answering


def answer(scene, three, stance, side=None, **facts):
    side = side or scene.cast.south
    return lists.answer(three.exchange, entries=three.entries.all(), stance=stance, actor=side.negotiator, **facts)


@pytest.mark.parametrize("stance", ["offered", "agreed", "needs_information", "withdrawn"])
def test_holder_s_stances(scene, three, stance):
    answer(scene, three, stance)

    assert {row.holder_stance for row in three.entries.all()} == {stance}


@pytest.mark.parametrize("stance", ["asked_for", "agreed", "needs_information", "withdrawn"])
def test_receiver_s_stances(scene, three, stance):
    answer(scene, three, stance, scene.cast.north)

    assert {row.receiver_stance for row in three.entries.all()} == {stance}


@pytest.mark.parametrize(("stance", "side"), [("asked_for", "south"), ("offered", "north"), ("maybe", "north")])
def test_stance_of_the_other_side_is_refused(scene, three, stance, side):
    with refused("Answer with one of", error=InputRefused):
        answer(scene, three, stance, getattr(scene.cast, side))


def test_refusal_gives_its_reason(scene, three):
    with refused("Give the reason of the refusal.", error=InputRefused):
        answer(scene, three, "refused")

    answer(scene, three, "refused", reason="says_not_held")

    assert {row.reason for row in Answer.objects.unscoped("test").filter(stance="refused")} == {"says_not_held"}


def test_wrong_field_is_named(scene, three):
    with refused("Say which field is wrong."):
        answer(scene, three, "needs_information", reason="field_wrong")


def test_unknown_reason_is_refused(scene, three):
    with refused("There is no such reason."):
        answer(scene, three, "refused", reason="moon")


@pytest.mark.parametrize("entries", [[], ["x"]])
def test_entries_of_nowhere_are_refused(scene, three, entries):
    with refused(error=InputRefused):
        lists.answer(three.exchange, entries=entries, stance="agreed", actor=scene.cast.south.negotiator)


def test_locked_entry_is_not_answered(scene):
    tranche = factories.tranche_at(scene, T.LOCKED)

    with refused("In a locked tranche"):
        lists.answer(
            tranche.exchange, entries=tranche.entries.filter(direction__number=1), stance="withdrawn",
            actor=scene.cast.south.negotiator,
        )  # fmt: skip


@pytest.mark.parametrize("holder", ["", *Stance.values])
@pytest.mark.parametrize("receiver", ["", *Stance.values])
def test_agreed_is_what_the_rules_say(holder, receiver):
    both = {("offered", "agreed"), ("agreed", "asked_for"), ("agreed", "agreed")}

    assert is_agreed(holder, receiver) == ((holder, receiver) in both)


def test_database_reads_agreement_as_the_rules_do(scene, three):
    for holder in ("", *Stance.values):
        for receiver in ("", *Stance.values):
            Entry.objects.unscoped("test").filter(direction=three).update(
                holder_stance=holder, receiver_stance=receiver
            )  # fmt: skip
            found = Entry.objects.unscoped("test").filter(AGREED, direction=three).count()
            assert found == (3 if is_agreed(holder, receiver) else 0), (holder, receiver)
            still_open = Entry.objects.unscoped("test").filter(OPEN, direction=three).count()
            assert still_open == (0 if "withdrawn" in (holder, receiver) else 3), (holder, receiver)


def test_withdrawing_clears_an_agreement(scene, three):
    answer(scene, three, "agreed")
    assert all(row.is_agreed for row in three.entries.all())

    answer(scene, three, "withdrawn", scene.cast.north)

    assert not any(row.is_agreed for row in three.entries.all())


def test_revision_keeps_every_line_s_digest(scene, three):
    submit(three, scene.cast.north, [*numbers(1, 2), {"number": 3, "rank": "major"}], 1)

    lines = RevisionLine.objects.unscoped("test").filter(revision__direction=three)
    first, second = (set(lines.filter(revision__number=n).values_list("line_digest", flat=True)) for n in (1, 2))
    assert (len(first), len(second), len(first & second)) == (3, 3, 2)
