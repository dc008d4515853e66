"""Two people at once: one wins, the other reads a sentence, and nobody goes home without approval.

On PostgreSQL, with real connections: both wait at the same row, which the test lets go of when they stand there.
"""

import pickle
import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from access.models import Membership, Party, User
from accounts.operations.invitations import accept_as_newcomer, accept_invitation, invite_member
from audit import append_only
from audit.models import Event, Log
from core.errors import DomainError, RecordedRefusal
from exchanges.approval import ladder_of
from exchanges.lists import lines_from_rows
from exchanges.models import Brief, EntryLink, Placement, SignOff, TrancheStatus
from exchanges.operations import exchange as exchanges
from exchanges.operations import list as lists
from exchanges.operations import sign_off as sign_offs
from exchanges.operations import tranche as tranches
from people.imports.judging import Judge
from people.models import ImportRow
from people.operations import create_person, imports, intake
from people.operations.erasing import erase_person
from tests import conftest, factories, scenes
from tests.cast import PASSWORD
from tests.checks import kinds
from tests.exchanges.test_lock import first_entry, link, person

T = TrancheStatus


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """Everything here is committed, so that other connections see it; the database is flushed once, at the end."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite takes one writer at a time: nobody meets anybody")
    with django_db_blocker.unblock():
        yield
        with append_only.lifted():
            call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def scene(committed):
    if not Party.objects.unscoped("was the database flushed?").exists():
        conftest._built[:] = [conftest._build()]
    return pickle.loads(conftest._built[0])


def together(*calls: Callable[[], Any], at: Any = None) -> list[str]:
    """What each call said: its refusal, or nothing. They wait for `at` together, which is then let go."""
    said = ["not finished"] * len(calls)
    gate = threading.Barrier(len(calls))

    def run(index: int, call: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=30)
            call()
            said[index] = ""
        except DomainError as refused:
            said[index] = refused.sentence
        except Exception as error:
            said[index] = f"broken: {error!r}"
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    with transaction.atomic():
        if at is not None:
            type(at).objects.unscoped("test").select_for_update(no_key=True).get(pk=at.pk)
        for thread in threads:
            thread.start()
        if at is not None:
            _wait_for_waiting(len(calls))
    for thread in threads:
        thread.join(timeout=30)
    assert not [text for text in said if text.startswith(("broken", "not finished"))], said
    return said


def _wait_for_waiting(count: int, *, unless: threading.Event | None = None) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        for _attempt in range(600):
            cursor.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.05)")
            cursor.execute(waiting)
            if cursor.fetchone()[0] >= count or (unless and unless.is_set()):
                return
    raise AssertionError("they never met")


def one_of_two(said: list[str]) -> str:
    """The sentence of the one who came second."""
    assert sum(not text for text in said) == 1, said
    return next(text for text in said if text)


def assert_logs_whole() -> None:
    for log in Log.objects.unscoped("test"):
        positions = list(Event.objects.unscoped("test").filter(compartment=log.pk).values_list("position", flat=True))
        assert sorted(positions) == list(range(1, log.position + 1))


def final_of(scene, tranche, side):
    return factories.step_of(tranche, side, final=True)


def withdrawal(scene, tranche, side):
    step = final_of(scene, tranche, side)
    return lambda: sign_offs.withdraw(step, reason="stop", actor=side.president)


def go(tranche, side):
    return lambda: tranches.take_step(tranche, "go", actor=side.handover)


@pytest.fixture
def one_go_short(scene):
    """Staged, the north's go given."""
    tranche = factories.tranche_at(scene, T.STAGED)
    return tranches.take_step(tranche, "go", actor=scene.cast.north.handover)


def test_two_signatures_at_once_are_one(scene):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    step = final_of(scene, tranche, scene.cast.north)
    digest = factories.digest_of(step)

    def sign():
        sign_offs.approve(step, digest=digest, password=PASSWORD, actor=scene.cast.north.president)

    sentence = one_of_two(together(sign, sign, at=tranche.exchange))

    assert "not possible while this is approved" in sentence
    assert SignOff.objects.unscoped("test").filter(step=step).count() == 1
    assert_logs_whole()


def test_both_finals_at_once_sign_off_once(scene):
    tranche = factories.tranche_at(scene, T.AWAITING_FINAL)
    calls = []
    for side in (scene.cast.north, scene.cast.south):
        step = final_of(scene, tranche, side)
        digest = factories.digest_of(step)
        calls.append(
            lambda step=step, digest=digest, who=side.president: sign_offs.approve(
                step, digest=digest, password=PASSWORD, actor=who
            )
        )

    assert together(*calls, at=tranche.exchange) == ["", ""]
    assert scenes.again(tranche).status == T.SIGNED_OFF
    assert_logs_whole()


def test_withdrawal_against_the_last_go(scene, one_go_short):
    """Whichever comes first: gone means that every final counted, withdrawn means that nobody left."""
    tranche = one_go_short

    said = together(withdrawal(scene, tranche, scene.cast.south), go(tranche, scene.cast.south), at=tranche.exchange)

    status = scenes.again(tranche).status
    sentence = one_of_two(said)
    assert (status, ladder_of(scenes.again(tranche)).is_approved) in ((T.GONE, True), (T.AWAITING_FINAL, False))
    assert ("has gone" in sentence) == (status == T.GONE)
    assert_logs_whole()


def test_hold_against_the_last_go(scene, one_go_short):
    tranche = one_go_short

    said = together(
        lambda: tranches.take_step(tranche, "hold", actor=scene.cast.south.medic), go(tranche, scene.cast.south),
        at=tranche.exchange,
    )  # fmt: skip

    status, held = scenes.again(tranche).status, tranche.holds.filter(released_at=None).exists()
    one_of_two(said)
    assert (status, held) in ((T.GONE, False), (T.STAGED, True))


@pytest.mark.parametrize("stop", ["postpone", "suspend"])
def test_stopping_the_exchange_against_the_last_go(scene, one_go_short, stop):
    tranche = one_go_short

    said = together(
        lambda: exchanges.take_step(tranche.exchange, stop, actor=scene.cast.south.head, reason="fog"),
        go(tranche, scene.cast.south), at=tranche.exchange,
    )  # fmt: skip

    status = scenes.again(tranche).status
    assert said[0] == ""
    assert (status == T.GONE) == (said[1] == "")


def test_cancelling_against_the_last_go(scene, one_go_short):
    tranche = one_go_short

    said = together(
        lambda: exchanges.take_step(tranche.exchange, "cancel", actor=scene.cast.south.head, reason="off"),
        go(tranche, scene.cast.south), at=tranche.exchange,
    )  # fmt: skip

    one_of_two(said)
    assert (scenes.again(tranche).status, scenes.again(tranche.exchange).status) in (
        (T.GONE, "under_way"), (T.ABORTED, "cancelled"),
    )  # fmt: skip


def test_unlock_against_staging(scene):
    tranche = factories.tranche_at(scene, T.SIGNED_OFF)

    together(
        lambda: tranches.take_step(tranche, "unlock", actor=scene.cast.south.head, reason="a name"),
        lambda: tranches.take_step(tranche, "stage", actor=scene.cast.north.handover), at=tranche.exchange,
    )  # fmt: skip

    assert scenes.again(tranche).status == T.PLANNED


def test_two_last_gos_go_once(scene):
    tranche = factories.tranche_at(scene, T.STAGED)

    said = together(go(tranche, scene.cast.north), go(tranche, scene.cast.south), at=tranche.exchange)

    assert said == ["", ""]
    assert scenes.again(tranche).status == T.GONE
    assert kinds(tranche).count("tranche.gone") == 1
    assert_logs_whole()


def test_same_go_twice_counts_once(scene):
    tranche = factories.tranche_at(scene, T.STAGED)

    sentence = one_of_two(together(go(tranche, scene.cast.north), go(tranche, scene.cast.north), at=tranche.exchange))

    assert sentence == "Your side has given its go."
    assert tranche.gos.count() == 1


def test_both_second_people_lock_once(scene):
    tranche = factories.tranche_at(scene, T.PLANNED)
    for side in (scene.cast.north, scene.cast.south):
        tranches.lock(tranche, actor=side.head)

    said = together(
        *(lambda who=side.deputy: tranches.lock(tranche, actor=who) for side in (scene.cast.north, scene.cast.south)),
        at=tranche.exchange,
    )

    assert said == ["", ""]
    assert (scenes.again(tranche).status, scenes.again(tranche).lock_number) == (T.LOCKED, 1)
    assert tranche.manifests.count() == 1


def test_change_of_plan_against_the_last_second_person(scene):
    """Either the old content is locked and the change refused, or the new content waits for everybody."""
    tranche = factories.tranche_at(scene, T.PLANNED)
    for who in (scene.cast.north.head, scene.cast.north.deputy, scene.cast.south.head):
        tranches.lock(tranche, actor=who)

    said = together(
        lambda: tranches.lock(tranche, actor=scene.cast.south.deputy),
        lambda: tranches.change_plan(tranche, actor=scene.cast.north.negotiator, place="elsewhere"), at=tranche.exchange,
    )  # fmt: skip

    now = scenes.again(tranche)
    assert (now.status, now.place, said[1]) in (
        (T.LOCKED, "the border", "The tranche is locked: unlock it first. Its sign-offs lapse then."),
        (T.PLANNED, "elsewhere", ""),
    )  # fmt: skip


def test_one_person_of_ours_locked_in_two_exchanges_at_once(scene):
    """The last to agree is the north here and the south there: neither exchange waits for the other's lock."""
    north, south = scene.cast.north, scene.cast.south
    abel = person(north)
    here, there = (factories.tranche_at(scene, T.PLANNED) for _number in range(2))
    for tranche in (here, there):
        link(scene, north, first_entry(tranche), abel)
    for who in (south.head, south.deputy, north.head):
        tranches.lock(here, actor=who)
    for who in (north.head, north.deputy, south.head):
        tranches.lock(there, actor=who)

    said = together(lambda: tranches.lock(here, actor=north.deputy), lambda: tranches.lock(there, actor=south.deputy))

    one_of_two(said)
    assert sorted(scenes.again(tranche).status for tranche in (here, there)) == [T.LOCKED, T.PLANNED]
    assert Placement.objects.unscoped("test").filter(person=abel, released_at=None).count() == 1


def test_draft_is_proposed_once(scene):
    draft, number = factories.draft(scene), scenes.again(scene.negotiation).next_number

    def propose():
        exchanges.propose(draft, actor=scene.cast.north.negotiator)

    sentence = one_of_two(together(propose, propose, at=draft))

    assert "not possible while this is proposed" in sentence
    assert scenes.again(scene.negotiation).next_number == number + 1


def test_two_revisions_on_one_base(scene):
    exchange = factories.exchange_at(scene, "negotiating")
    direction = factories.directions(exchange)[0]

    def submit(side, first):
        rows = lines_from_rows(factories.rows(1, first=first))
        return lambda: lists.submit(direction, lines=rows, message="mine", base=0, actor=side.negotiator)

    sentence = one_of_two(together(submit(scene.cast.north, 1), submit(scene.cast.south, 2), at=exchange))

    assert sentence.startswith("Revision 1 came in meanwhile")
    assert direction.revisions.count() == 1
    assert direction.entries.count() == 1


def test_both_sides_settle_the_counts_at_once(scene):
    exchange = factories.tranche_at(scene, T.RECEIVED).exchange

    said = together(
        *(
            lambda who=side.head: exchanges.settle_counts(exchange, promised=3, presented=3, received=3, actor=who)
            for side in (scene.cast.north, scene.cast.south)
        ),
        at=exchange,
    )

    assert said == ["", ""]
    assert scenes.again(exchange).status == "completed"


def test_two_briefs_at_once_are_one_and_both_are_told(scene):
    north, entry = scene.cast.north, first_entry(factories.tranche_at(scene, T.PLANNED))

    said = together(
        *(
            lambda who=who, note=note: lists.write_brief(entry, actor=who, note=note)
            for who, note in ((north.negotiator, "the cousin"), (north.head, "the minister"))
        ),
        at=entry.direction.exchange,
    )

    assert said == ["", ""]
    brief = Brief.objects.unscoped("test").get(entry=entry)
    assert brief.note in ("the cousin", "the minister")
    assert kinds(brief, shared=False) == ["brief.written", "brief.written"]
    assert_logs_whole()


def test_whoever_is_erased_while_a_list_is_checked_stands_in_no_row_of_it(scene, monkeypatch):
    """The chunk under way has looked at the log for the last time: its rows are swept once they are there."""
    clerk, head = scene.cast.north.clerk, scene.cast.north.head
    monkeypatch.setattr(imports, "_wake", lambda of: None)  # the turns are begun here
    koval = create_person(actor=clerk, names=[{"family": "Коваль", "given": "Іван"}], birth_date="1987-04-23")
    content = "Прізвище;Ім'я;Дата народження\nКоваль;Іван;23.04.1987\nМельник;Олег;1990\n".encode()
    of = imports.begin_import([content], sender="A family", actor=clerk)
    intake.work_on(of.pk)
    of.refresh_from_db()
    imports.map_columns(of, actor=clerk, columns={int(place): one for place, one in of.columns.items()})
    looked, over, settle = threading.Event(), threading.Event(), Judge.settle

    def slowly(judge: Judge, rows: Any) -> Any:
        settled = settle(judge, rows)
        looked.set()
        _wait_for_waiting(1, unless=over)
        return settled

    def erase() -> None:
        assert looked.wait(30)
        erase_person(koval, actor=head, decided_on=date(2026, 1, 1), reason="asked")
        over.set()

    monkeypatch.setattr(Judge, "settle", slowly)
    monkeypatch.setattr(intake, "CHUNK", 1)
    assert together(lambda: intake.work_on(of.pk), erase) == ["", ""]

    rows = ImportRow.objects.unscoped("test").filter(of_import=of)
    assert [row.told["family"] for row in rows] == ["Мельник"]
    assert_logs_whole()


def test_a_dossier_taken_back_against_the_last_second_person(scene):
    """Either it was meant no more when the tranche was locked, or its place is taken and it stays."""
    tranche, north = factories.tranche_at(scene, T.PLANNED), scene.cast.north
    entry = first_entry(tranche)
    link(scene, north, entry, person(north))
    for who in (scene.cast.south.head, scene.cast.south.deputy, north.head):
        tranches.lock(tranche, actor=who)

    said = together(
        lambda: tranches.lock(tranche, actor=north.deputy), lambda: lists.unlink_entry(entry, actor=north.negotiator),
        at=tranche.exchange,
    )  # fmt: skip

    assert (said[0], scenes.again(tranche).status) == ("", T.LOCKED)
    left = [model.objects.unscoped("test").filter(entry=entry).count() for model in (EntryLink, Placement)]
    assert left == ([0, 0] if said[1] == "" else [1, 1])
    assert_logs_whole()


def test_an_invitation_lets_in_one_of_two(scene):
    north, (one, other) = scene.cast.north, (scene.cast.ngo, scene.cast.mediator)
    token = invite_member(north.hq, email="new@example.org", roles=["clerk"], actor=north.head).token

    one_of_two(
        together(
            lambda: accept_invitation(token, actor=one), lambda: accept_invitation(token, actor=other), at=north.hq
        )
    )

    joined = Membership.objects.unscoped("test").filter(organisation=north.hq, user__in=(one, other))
    assert joined.count() == 1
    assert kinds(joined.get().user, shared=False).count("member.joined") == 1
    assert_logs_whole()


def test_one_name_is_had_by_one_of_two_newcomers(scene):
    """In two houses, which know nothing of each other and wait for no common row."""
    tokens = [
        invite_member(side.hq, email="new@example.org", roles=["clerk"], actor=side.head).token
        for side in (scene.cast.north, scene.cast.south)
    ]

    sentence = one_of_two(
        together(
            *(
                lambda token=token: accept_as_newcomer(token, username="newcomer", label="New", password=PASSWORD)
                for token in tokens
            )
        )
    )

    assert sentence.startswith("This user name cannot be had.")
    assert User.objects.unscoped("test").get(username="newcomer").memberships.count() == 1
    assert_logs_whole()


def test_withdrawal_after_go_is_kept_though_refused(scene):
    tranche = factories.tranche_at(scene, T.GONE)

    with pytest.raises(RecordedRefusal):
        withdrawal(scene, tranche, scene.cast.north)()

    assert kinds(final_of(scene, tranche, scene.cast.north))[-1] == "sign_off.withdrawal_too_late"
