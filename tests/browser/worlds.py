"""A world to look at: every exchange and tranche in every state, one-row lists and names too long for any column.

Made by the real operations in a scratch database, in a process of its own, so that a demonstration can serve it:

    DATABASE_URL=sqlite:////tmp/world.sqlite3 .venv/bin/python -m tests.browser.worlds

Another name after it makes another world: `registry` is a clerk's, `istanbul` the demonstration as it opens.
"""

import os
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ARABIC = {
    "family_name": "عبد الرحمن بن عبد العزيز بن محمد الحسيني الهاشمي",
    "given_name": "محمد عبد الله نور الدين صلاح الدين",
    "patronymic": "عبد الوهاب بن أبي بكر",
}
UKRAINIAN = {
    "family_name": "Нечуй-Левицька-Старицька-Косач-Квітка",
    "given_name": "Олександра-Володимира Севериніана",
    "patronymic": "Костянтинівна-Феофілактівна",
}
UNBROKEN = {"family_name": "Кравченкопідгорноперебийноскарпенкокаричорногузівський", "given_name": "Ян"}
TITLE = "All prisoners held since the spring of 2022, the seriously wounded, the sick and the women first, for all of theirs"
STORIES = {"arabic": 2, "no script": 4, "keyboard": 5}  # how many each way: so the exchange is called "2 for 2"
PLACE = "border crossing Novi Yarylovychi – Novaya Guta, pedestrian bridge beside the closed motorway, Chernihiv region"


def build() -> None:
    from exchanges.models import ExchangeStatus, TrancheStatus
    from tests import cast, factories

    scene = factories.talks(cast.assemble())
    for status in ExchangeStatus.values:
        factories.exchange_at(scene, status)
    for status in TrancheStatus.values:
        factories.tranche_at(scene, status)
    _stopped(scene)
    _one_row(scene)
    _too_long(scene)
    _one_side_alone(scene)
    _for_the_variants(scene)
    _registry(scene)


def _stopped(scene: Any) -> None:
    """Postponed, suspended, on hold, and a sign-off recorded by the first of two people."""
    from exchanges.models import TrancheStatus
    from exchanges.operations import exchange as exchanges
    from exchanges.operations import sign_off as sign_offs
    from exchanges.operations import tranche as tranches
    from tests import factories

    north, south = scene.cast.north, scene.cast.south
    for step in ("postpone", "suspend"):
        tranche = factories.tranche_at(scene, TrancheStatus.LOCKED)
        exchanges.take_step(tranche.exchange, step, actor=south.head, reason="the road is closed")
    staged = factories.tranche_at(scene, TrancheStatus.STAGED)
    tranches.take_step(staged, "hold", actor=north.medic)
    awaiting = factories.tranche_at(scene, TrancheStatus.AWAITING_FINAL)
    final = factories.step_of(awaiting, north, final=True)
    sign_offs.approve(
        final, digest=factories.digest_of(final), manner="recorded", actor=north.secretary, papers=factories.papers()
    )
    withdrawn = factories.tranche_at(scene, TrancheStatus.SIGNED_OFF)
    sign_offs.withdraw(factories.step_of(withdrawn, south, final=True), actor=south.president, reason="news from home")
    planned = factories.tranche_at(scene, TrancheStatus.PLANNED)
    tranches.lock(planned, actor=north.head)


def _one_row(scene: Any) -> None:
    from exchanges.models import ExchangeStatus
    from exchanges.operations import tranche as tranches
    from tests import factories

    exchange = factories.exchange_at(scene, ExchangeStatus.NEGOTIATING, 1)
    entries = factories.agreed_entries(scene, exchange, 1)
    tranches.plan_tranche(exchange, actor=scene.cast.north.negotiator, entries=entries)


def _too_long(scene: Any) -> None:
    """Names, title, place and messages that no column was made for."""
    from exchanges.lists import lines_from_rows
    from exchanges.operations import exchange as exchanges
    from exchanges.operations import list as lists
    from exchanges.operations import tranche as tranches
    from people.operations import create_person
    from tests import factories

    north, south = scene.cast.north, scene.cast.south
    lines = [{"category": "", "count": 3}]
    exchange = exchanges.draft_exchange(
        scene.negotiation, title=TITLE, actor=north.negotiator,
        directions=[
            {"holder": scene.south.pk, "receiver": scene.north.pk, "lines": lines},
            {"holder": scene.north.pk, "receiver": scene.south.pk, "lines": lines},
        ],
    )  # fmt: skip
    exchange = exchanges.propose(exchange, actor=north.negotiator)
    exchange = exchanges.accept(exchange, formula_version=1, actor=south.negotiator)
    entries: list[Any] = []
    for direction in factories.directions(exchange):
        holder, receiver = (scene.side_of(p) for p in (direction.holder, direction.receiver))
        rows = [
            {**name, "birth_date": "1990-02-03", "rank": "captain of the third rank, medical service of the reserve",
             "service_number": "АБ-1234567890123", "category": "prisoner_of_war", "latin_name": PLACE[:80]}
            for name in (ARABIC, UKRAINIAN, UNBROKEN)
        ]  # fmt: skip
        lists.submit(direction, lines=lines_from_rows(rows), message=TITLE, base=0, actor=holder.negotiator)
        offered = list(type(direction).objects.unscoped("world").get(pk=direction.pk).entries.all())
        lists.answer(exchange, entries=offered, stance="agreed", actor=receiver.negotiator)
        entries += offered
    tranche = tranches.plan_tranche(exchange, actor=north.negotiator, place=PLACE, entries=entries)
    tranche = factories.lock(scene, tranche)
    tranches.take_step(tranche, "start_sign_off", actor=north.head)
    for name in (ARABIC, UKRAINIAN, UNBROKEN):
        create_person(
            actor=north.clerk, birth_date="1990-02-03", rank="captain of the third rank",
            names=[{"script": "arab" if name is ARABIC else "cyrl", "family": name["family_name"],
                    "given": name["given_name"], "patronymic": name.get("patronymic", "")}],
        )  # fmt: skip


def _one_side_alone(scene: Any) -> None:
    """Talks with a side that does not work here, whose word stands in; a delegation, a round, an open invitation."""
    from accounts.operations.invitations import invite_member
    from exchanges.models import ExchangeStatus
    from exchanges.operations import exchange as exchanges
    from negotiations.operations import add_delegation_member, create_delegation, record_round
    from tests import scenes

    north = scene.cast.north
    invite_member(north.hq, email="new@example.org", roles=["clerk"], actor=north.head)
    delegation = create_delegation(scene.negotiation, participant=scene.north, name="Delegation", actor=north.head)
    add_delegation_member(
        delegation, name="Their head", function="minister", is_head=True, from_on=date(2025, 5, 16), actor=north.head
    )
    record_round(
        scene.negotiation, title="First round", held_on=date(2025, 5, 16), venue="Neutral ground", actor=north.clerk
    )
    alone = scenes.alone(scene.cast)
    exchange = scenes.drafted(alone, (alone.south, alone.north, 3), (alone.north, alone.south, 3))
    exchange = exchanges.propose(exchange, actor=north.negotiator)
    exchange = exchanges.accept(exchange, formula_version=1, actor=north.head, **scenes.by_word(alone.south))
    assert exchange.status == ExchangeStatus.NEGOTIATING


def _for_the_variants(scene: Any) -> None:
    """Tranches for short stories in the browser: the north's final is all that is missing, everything is cleared."""
    from exchanges.models import TrancheStatus
    from exchanges.operations import list as lists
    from tests import factories

    for size in STORIES.values():
        tranche = factories.tranche_at(scene, TrancheStatus.IN_SIGN_OFF, count=size)
        factories.sign(tranche, scene.cast.south, scene.cast.south.head)
        for side in (scene.cast.north, scene.cast.south):
            lists.clear(tranche, actor=side.head)


def _registry(scene: Any) -> None:
    """One person in two dossiers, a death that waits for a second person, one with its duties, lists on their way in."""
    from people.operations import add_claim, create_person, intake
    from people.operations import imports as imports
    from people.operations.deaths import ask_to_establish_death

    north = scene.cast.north
    facts = {"birth_date": "1987-04-23", "rank": "sergeant"}
    names = [{"script": "cyrl", "family": "Коваленко", "given": "Олександр", "patronymic": "Петрович"}]
    latin = [{"script": "latn", "family": "Kovalenko", "given": "Oleksandr", "patronymic": "Petrovych"}]
    first = create_person(actor=north.clerk, names=names, service_number="U-1000001", **facts)
    create_person(actor=north.clerk, names=latin, **facts)
    ask_to_establish_death(first, actor=north.clerk, basis="court", source="district court", happened_on="2024-03")
    gone = create_person(actor=north.clerk, names=[{"script": "latn", "family": "Melnyk", "given": "Oleh"}])
    add_claim(
        gone, actor=north.clerk, second=north.negotiator, kind="death_established", basis="certificate",
        source="certificate 12", happened_on="2024-03-02", held_by="other",
    )  # fmt: skip
    add_claim(
        first, actor=north.clerk, kind="confirmed_by_holder", source="the holder", happened_on="2023-11", held_by="other",
        place="Camp 5",
    )  # fmt: skip
    headings = "Прізвище;Ім'я;По батькові;Дата народження;Особистий номер"
    lists = (
        (headings, "Коваленко;Олександр;Петрович;1987;", "Бондар;Ірина;;1990-01-02;U-2", "Гнатюк;Юрій;;2031;"),
        ("first;second", "Шевчук;Марія"),
    )
    for sender, lines in zip(("Headquarters of the South", "a family's letter"), lists, strict=True):
        of = imports.begin_import(["\n".join(lines).encode()], sender=sender, actor=north.clerk)
        intake.work_on(of.pk)
        of.refresh_from_db()
        if sender != "a family's letter":  # of which nobody knows yet what its columns hold
            imports.map_columns(of, columns={int(n): one for n, one in of.columns.items()}, actor=north.clerk)
            intake.work_on(of.pk)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import django

    django.setup()
    world = "".join(sys.argv[1:]) or "states"
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    if world == "istanbul":
        call_command("seed", "istanbul-2025", verbosity=0)
    else:
        build_with_the_cast(world)


def build_with_the_cast(world: str) -> None:
    from django.contrib.auth.hashers import make_password
    from django.db import transaction
    from django.test import override_settings

    from access.models import Installation, User
    from accounts.demo import DEMO_PASSWORD
    from core.clock import clock
    from tests import cast, factories
    from tests.browser import registry_world

    cast.PASSWORD = factories.PASSWORD = DEMO_PASSWORD  # so that the sign-in page of the demonstration tells the truth
    clock.offset = timedelta()
    with transaction.atomic():
        with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
            {"states": build, "registry": registry_world.build}[world]()
        # The cast's members sign while the world is made; then one slow hash is enough for all of them.
        User.objects.unscoped("world").filter(is_system=False).update(password=make_password(DEMO_PASSWORD))
        Installation.objects.update_or_create(pk=1, defaults={"clock_offset": timedelta(), "seeded_with": world})


if __name__ == "__main__":
    main()
