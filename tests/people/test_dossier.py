"""The dossier page and its parts: what is shown to whom, what is added, and what opening a closed part leaves behind."""

import hashlib
import struct
import zlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from access.roles import Role
from audit.models import Event
from core.clock import clock
from core.files import type_of, without_metadata
from exchanges.models import Entry, TrancheStatus
from exchanges.operations import list as lists
from exchanges.presentation.times import day, instant
from people.fate import custody_of, fate_of
from people.models import Attachment, Claim, DeathDuty, DeathFinding, HealthNote, Name, Person
from people.operations import add_claim, add_name, assign_category, create_person
from people.operations.attachments import attach
from people.operations.parts import add_identifier, add_to_part, note_agency_notice
from tests import factories
from tests.cast import member

PAGE_QUERIES = 7
FIRST_LOOK = 3  # that a dossier was looked up is written once a day, in a transaction of its own
CARDS = {
    "health": "read.health",
    "consent": "read.consent",
    "family": "read.family",
    "ill_treatment": "read.ill_treatment",
}
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def page(name, person, *more):
    return reverse(f"people:{name}", args=[person.pk, *more])


def events(kind, person):
    return Event.objects.unscoped("test").about(person).filter(kind=kind).count()


def jpeg(*segments):
    parts = [b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments]
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xda\x00\x02scan\xff\xd9"


def png(*chunks):
    parts = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture
def person(cast) -> Person:
    return create_person(
        actor=cast.north.clerk,
        names=[{"family": "Коваленко", "given": "Олександр"}, {"family": "Kovalenko", "kind": "transliteration",
                "scheme": "KMU 55", "source": "passport"}],
        birth_date="1990-04", categories=[{"category": "prisoner_of_war", "evidence": "his letter", "as_of": "2024"}],
        claims=[{"kind": "missing", "source": "his unit", "happened_on": "2024-01", "stated_by": "us"},
                {"kind": "confirmed_by_holder", "source": "their list 7", "happened_on": "2024-03-02", "held_by": "other"}],
    )  # fmt: skip


@pytest.fixture
def officers(cast):
    """Who opens what: the cast's medic, and two that a headquarters may have."""
    return {
        "health": cast.north.medic,
        "family": member("north-caseworker", cast.north.hq, Role.CASEWORKER),
        "consent": member("north-legal", cast.north.hq, Role.LEGAL_OFFICER),
    }


def test_the_page_shows_names_identity_and_claims_with_their_sources(cast, as_user, person):
    add_identifier(person, actor=cast.north.clerk, kind="passport", value="AB123456", source="his wife")
    text = as_user(cast.north.clerk).get(page("detail", person)).text

    for shown in (
        "Коваленко Олександр", "Kovalenko", "transliteration", "KMU 55", "passport", "preferred", "April 1990",
        "known in part", "AB123456", "his letter", "as of 2024", "according to us:", "according to the holder:",
        "their list 7", "in the hands of the other side", "this is the fate", "Not recorded: sex",
        "Closed. It opens for: medical officer.",
    ):  # fmt: skip
        assert shown in text


@pytest.mark.slow
def test_the_page_costs_the_same_whatever_there_is(scene, cast, as_user, person, django_assert_num_queries):
    clerk, client = cast.north.clerk, as_user(cast.north.clerk)
    with django_assert_num_queries(PAGE_QUERIES + FIRST_LOOK):
        client.get(page("detail", person))
    with django_assert_num_queries(PAGE_QUERIES):
        client.get(page("detail", person))
    for n in range(30):
        add_name(person, actor=clerk, family=f"Коваленко{n}")
        add_claim(person, actor=clerk, kind="moved", source=f"source {n}", happened_on="2024")
        add_identifier(person, actor=clerk, kind="other", value=str(n))
        assign_category(person, actor=clerk, category="convicted", evidence="x", as_of=str(1990 + n))
        note_agency_notice(person, actor=clerk, sent_on=clock.now().date(), about="transfer")
        add_to_part(person, HealthNote, actor=clerk, state="good", source="x")
    attach(person, actor=clerk, content=PDF, title="Letter")
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED, count=12)
    entries = Entry.objects.unscoped("test").filter(tranche=tranche)
    lists.link_entries(tranche.exchange, links={entry.pk: person.pk for entry in entries}, actor=cast.north.negotiator)

    client.get(page("detail", person))  # after a while a session is written anew
    with django_assert_num_queries(PAGE_QUERIES):
        shown = client.get(page("detail", person))

    assert PAGE_QUERIES + FIRST_LOOK <= 10
    assert (shown.text.count("source 1"), len(shown.context["dossier"].claims)) == (11, 32)


def test_how_often_asked_and_what_was_answered(scene, cast, as_user, person):
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    exchange = tranche.exchange
    held_by_south, second = Entry.objects.unscoped("test").filter(
        tranche=tranche, direction__receiver=scene.north
    ).order_by("number")[:2]  # fmt: skip
    lists.link_entries(exchange, links={held_by_south.pk: person.pk}, actor=cast.north.negotiator)
    for _time in range(2):
        lists.answer(exchange, entries=[held_by_south.pk], stance="asked_for", actor=cast.north.negotiator)
    lists.answer(
        exchange, entries=[held_by_south.pk], stance="refused", reason="says_not_held", actor=cast.south.negotiator
    )
    lists.answer(exchange, entries=[second.pk], stance="asked_for", actor=cast.north.negotiator)

    asked = as_user(cast.north.clerk).get(page("detail", person))

    assert "Asked for 2 times, last answer: says not held," in asked.text
    assert f"#{held_by_south.number}" in asked.text
    assert reverse("exchanges:entry", args=[second.pk]) not in asked.text


def test_an_answer_bears_the_day_on_which_it_was_given(scene, cast, as_user, person):
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    entries = Entry.objects.unscoped("test").filter(tranche=tranche, direction__receiver=scene.north)
    earlier, later = entries.order_by("number")[:2]
    lists.link_entries(
        tranche.exchange, links={earlier.pk: person.pk, later.pk: person.pk}, actor=cast.north.negotiator
    )
    clock.offset += timedelta(days=10)
    said = clock.now() - timedelta(days=7)

    for entry, reason, days in ((later, "no_record", 2), (earlier, "says_not_held", 0)):
        lists.answer(
            tranche.exchange, entries=[entry.pk], stance="refused", reason=reason, actor=cast.south.negotiator,
            happened_at=said + timedelta(days=days),
        )  # fmt: skip

    client = as_user(cast.north.clerk)
    (_template, shown), *_more = client.get(page("detail", person)).context["dossier"].sections
    assert f"last answer: no record, {day(said + timedelta(days=2))}." in shown["of_person"].summary
    assert [line.on for line in shown["of_person"].answers] == [day(said + timedelta(days=2)), day(said)]
    assert instant(said) in client.get(reverse("exchanges:entry", args=[earlier.pk])).text


# Parts


def test_parts_are_added_and_changed_on_the_pages(cast, as_user, person):
    client = as_user(cast.north.clerk)
    name = Name.objects.visible_to(cast.north.clerk).get(person=person, is_preferred=False)
    seen = client.get(page("identity", person)).context["form"].initial["seen_version"]
    sent = [
        (page("identity", person), {"rank": "sergeant", "birth_date": "1990-04-23", "seen_version": seen}),
        (page("names_new", person), {"family": "كوفالينكو", "kind": "transliteration"}),
        (
            page("name", person, name.pk),
            {"family": "Kovalenko", "given": "Oleksandr", "script": "latn", "kind": "official"},
        ),
        (page("name", person, name.pk), {"prefer": "1"}),
        (page("identifiers_new", person), {"kind": "identity_tag", "value": "77"}),
        (page("categories_new", person), {"category": "under_25", "evidence": "passport", "as_of": "2025"}),
        (page("agency_new", person), {"about": "captivity", "sent_on": "2024-03-05", "reference": "CTA 9"}),
    ]

    assert [client.post(path, values).status_code for path, values in sent] == [302] * len(sent)

    text = client.get(page("detail", person)).text
    assert Person.objects.visible_to(cast.north.clerk).get(pk=person.pk).label == "Kovalenko Oleksandr"
    for shown in (
        "sergeant",
        "23 April 1990",
        "كوفالينكو",
        "77",
        "under 25",
        "captivity, 5 March 2024, reference CTA 9",
    ):
        assert shown in text


@pytest.mark.parametrize(
    ("part", "sent", "field"),
    [
        ("identity", {"birth_date": "1990-02-31"}, "birth_date"),
        ("names_new", {"family": "", "kind": "official"}, ""),
        ("names_new", {"family": "A\u202eB", "kind": "official"}, "family"),
        ("identifiers_new", {"kind": "other", "value": ""}, "value"),
        ("categories_new", {"category": "hostage", "evidence": "x"}, "category"),
        ("agency_new", {"about": "captivity", "sent_on": "2199-01-01"}, "sent_on"),
        ("health", {"form": "health", "health-state": "good", "health-source": "x", "health-as_of": "2199"}, "as_of"),
        ("family", {"form": "contact", "contact-name": ""}, "name"),
        ("ill_treatment", {"form": "ill_treatment", "ill_treatment-step": "offered", "ill_treatment-referred_to": "x"}, ""),
    ],
)  # fmt: skip
def test_a_fault_stands_at_its_field_and_nothing_is_kept(cast, as_user, person, part, sent, field):
    before = Event.objects.unscoped("test").about(person).count()

    answer = as_user(cast.north.clerk).post(page(part, person), sent)

    drawn = answer.context.get("forms") or [("", answer.context["form"], "")]
    form = next(form for _name, form, _button in drawn if form.is_bound)
    assert answer.status_code == 400
    assert list(form.errors) == [field or "__all__"]
    assert Event.objects.unscoped("test").about(person).count() == before


def test_whoever_only_reads_finds_no_way_to_write(cast, as_user, person):
    client = as_user(cast.north.medic)
    text = client.get(page("detail", person)).text

    for closed in (
        "Change the identity",
        "Add a name",
        "Attach a file",
        "Assign the case",
        "Erase this person",
        "decoy",
    ):
        assert closed not in text
    assert client.post(page("names_new", person), {"family": "X", "kind": "official"}).status_code == 409
    assert Name.objects.unscoped("test").filter(person=person).count() == 2


# Closed parts


def test_each_closed_part_opens_to_its_readers_and_every_opening_is_recorded(cast, as_user, person, officers):
    clerk = as_user(cast.north.clerk)
    secret = {
        "health": {"form": "health", "health-state": "serious", "health-source": "SECRET"},
        "consent": {"form": "consent", "consent-answer": "no", "consent-asked_by": "neutral", "consent-source": "SECRET"},
        "family": {
            "form": "notification", "notification-told": "his mother", "notification-about": "held",
            "notification-told_on": "2024-03", "notification-told_by": "SECRET",
        },
        "ill_treatment": {
            "form": "ill_treatment", "ill_treatment-step": "referred", "ill_treatment-referred_to": "SECRET"
        },
    }  # fmt: skip
    for card, sent in secret.items():
        assert clerk.post(page(card, person), sent).status_code == 302
    for card in CARDS:
        assert "SECRET" not in clerk.get(page(card, person)).text  # adds to it unread
    assert "SECRET" not in clerk.get(page("detail", person)).text
    assert sum(events(kind, person) for kind in CARDS.values()) == 0

    for card, kind in CARDS.items():
        reader = as_user(officers.get(card, officers["consent"]))
        assert "SECRET" in reader.get(page(card, person)).text
        assert events(kind, person) == 1
    outside = as_user(cast.north.handover)
    assert [outside.get(page(card, person)).status_code for card in CARDS] == [409] * 4
    stranger = as_user(cast.south.medic)
    assert [stranger.get(page(card, person)).status_code for card in CARDS] == [404] * 4


def test_a_health_note_on_an_entry_page_is_read_on_the_record(scene, cast, as_user):
    tranche = factories.tranche_at(scene, TrancheStatus.PLANNED)
    entry = Entry.objects.unscoped("test").filter(tranche=tranche, direction__receiver=scene.north).first()
    path = reverse("exchanges:entry", args=[entry.pk])
    as_user(cast.north.medic).get(path)
    assert events("read.health", entry) == 0  # there was nothing to read
    lists.check_clearance(entry, kind="fitness", is_passed=True, note="can walk", actor=cast.north.medic)

    as_user(cast.north.head).get(path)
    assert events("read.health", entry) == 0
    assert "can walk" in as_user(cast.north.medic).get(path).text

    read = Event.objects.unscoped("test").about(entry).get(kind="read.health")
    assert (read.compartment, read.actor) == (cast.north.home, f"user:{cast.north.medic.pk}")


# Deaths, custody, the Agency


def test_a_death_waits_for_a_second_person_and_opens_what_it_asks_for(cast, as_user, person):
    clerk, second = as_user(cast.north.clerk), cast.north.negotiator
    asked = {"kind": "death_established", "source": "act 12", "confidence": "high", "happened_on": "2024-05"}
    assert clerk.post(page("claim_new", person), asked).status_code == 400  # by what?

    assert clerk.post(page("claim_new", person), asked | {"basis": "body"}).status_code == 302
    found = DeathFinding.objects.visible_to(second).get(person=person)
    assert fate_of(person.claims.all()).kind == "confirmed_by_holder"
    assert "waits for a second person" in clerk.get(page("detail", person)).text
    alone = clerk.post(page("finding", person, found.pk), {"confirm": "1"})
    assert (alone.status_code, DeathDuty.objects.unscoped("test").count()) == (409, 0)

    assert as_user(second).post(page("finding", person, found.pk), {"confirm": "1"}).status_code == 302
    assert fate_of(person.claims.all()).kind == "death_established"
    duties = DeathDuty.objects.visible_to(second).filter(person=person)
    assert [(duty.kind, duty.owed_by) for duty in duties] == [
        ("belongings", "other"), ("certificate", "other"), ("enquiry", "other"), ("grave", "other"),
    ]  # fmt: skip
    client = as_user(second)
    done = {"done_on": "2024-06", "reference": "certificate 8"}
    assert client.post(page("duty", person, duties[1].pk), done).status_code == 302
    assert client.post(page("duty", person, duties[1].pk), done).status_code == 409
    text = client.get(page("detail", person)).text
    assert "Done on June 2024: death certificate" in text
    assert text.count("Owed by the other side since") == 3


def test_a_finding_that_does_not_hold_kills_nobody(cast, as_user, person):
    asked = {"kind": "death_established", "source": "act 12", "confidence": "high", "basis": "body"}
    as_user(cast.north.clerk).post(page("claim_new", person), asked)
    found = DeathFinding.objects.visible_to(cast.north.clerk).get(person=person)

    as_user(cast.north.negotiator).post(page("finding", person, found.pk), {"drop": "1", "reason": "another man"})

    assert not Claim.objects.unscoped("test").filter(person=person, kind="death_established").exists()
    assert events("death.not_confirmed", person) == 1
    assert as_user(cast.north.head).post(page("finding", person, found.pk), {"confirm": "1"}).status_code == 409


def test_who_died_at_liberty_is_owed_nothing_and_stays_dead_until_seen_alive(cast, person):
    both = {"actor": cast.north.clerk, "second": cast.north.negotiator}
    add_claim(person, kind="death_established", source="x", basis="body", held_by="nobody", **both)
    add_claim(person, kind="missing", source="a list", happened_on="2024-08", actor=cast.north.clerk)

    assert not DeathDuty.objects.unscoped("test").exists()
    assert fate_of(person.claims.all()).kind == "death_established"
    add_claim(person, kind="seen_by_returnee", source="a returnee", happened_on="2199"[:0], actor=cast.north.clerk)
    assert fate_of(person.claims.all()).kind == "death_established"  # without a date: it may have been before
    clock.offset += timedelta(days=1)
    seen = clock.now().date().isoformat()
    add_claim(person, kind="seen_by_returnee", source="a returnee", happened_on=seen, actor=cast.north.clerk)
    assert fate_of(person.claims.all()).kind == "seen_by_returnee"


def test_whom_we_hold_is_counted_until_the_agency_knows(cast, as_user):
    held = create_person(
        actor=cast.south.clerk, names=[{"family": "Abel"}],
        claims=[{"kind": "reported_captured", "source": "unit", "happened_on": "2024-02-01", "held_by": "us"},
                {"kind": "moved", "source": "camp", "happened_on": "2024-03-01"}],
    )  # fmt: skip
    client = as_user(cast.south.clerk)
    custody = custody_of(held.claims.all())
    assert (custody.is_ours, custody.since) == (True, "2024-02-01")
    days = custody.days(clock.now().date())

    assert f"Held by us for {days:d} days, not notified to the Central Agency" in client.get(page("detail", held)).text
    client.post(page("agency_new", held), {"about": "captivity", "sent_on": "2024-01-31"})  # before he was taken
    assert "not notified" in client.get(page("detail", held)).text
    client.post(page("agency_new", held), {"about": "captivity", "sent_on": "2024-02-04"})
    assert "not notified" not in client.get(page("detail", held)).text


def test_who_was_home_can_be_in_captivity_again(cast, as_user, person):
    for kind, on in (("home", "2024-06-01"), ("reported_captured", "2024-09")):
        add_claim(person, kind=kind, source="x", happened_on=on, actor=cast.north.clerk)

    text = as_user(cast.north.clerk).get(page("detail", person)).text

    assert fate_of(person.claims.all()).kind == "reported_captured"
    assert "In captivity again, after having been home on 1 June 2024." in text
    assert text.count("in captivity again") == 1


@pytest.mark.parametrize(
    ("end", "ended", "held", "decides"),
    [
        ("home", "2025-05", "2025-05-03", "home"), ("home", "2025-05-03", "2025-05", "home"), ("home", "", "", "home"),
        ("home", "2025", "2025-05-03", "home"), ("home", "2025-05-03", "2025-05-03", "home"), ("home", "", "2025-01", "home"),
        ("home", "2025-05-03", "", "home"), ("home", "2025-05", "2025-06", "seen_by_returnee"),
        ("released", "2025-05", "2025-05-03", "released"), ("released", "2025-05", "2025-06", "seen_by_returnee"),
    ],
)  # fmt: skip
def test_nobody_is_held_again_while_the_dates_can_mean_either_order(cast, as_user, person, end, ended, held, decides):
    for kind, on in ((end, ended), ("seen_by_returnee", held)):
        add_claim(person, kind=kind, source="x", happened_on=on, actor=cast.north.clerk)
    claims = person.claims.all()

    text = as_user(cast.north.clerk).get(page("detail", person)).text

    stays = decides == end
    assert fate_of(claims).kind == decides
    assert custody_of(claims).is_held != stays
    assert ("In captivity again" in text) == (end == "home" and not stays)
    either = stays and (ended, held) != ("2025-05-03", "")
    assert ("the dates can mean either order" in fate_of(claims).reason) == either


def test_what_has_no_date_happened_before_it_was_recorded(cast, person):
    add_claim(person, kind="home", source="x", actor=cast.north.clerk)
    clock.offset += timedelta(days=1)
    seen = clock.now().date().isoformat()

    add_claim(person, kind="seen_by_returnee", source="y", happened_on=seen, actor=cast.north.clerk)

    assert fate_of(person.claims.all()).kind == "seen_by_returnee"
    assert custody_of(person.claims.all()).after_home == ""


@pytest.mark.parametrize(
    ("died", "kind", "on", "fate"),
    [
        ("2025", "confirmed_by_holder", "2025-02-01", "death_established"), ("2025-02-01", "home", "2025", "death_established"),
        ("2025-02", "home", "2025-02-20", "death_established"), ("2025-02", "home", "2025-03-01", "home"),
        ("2025", "home", "2024", "death_established"), ("2024", "confirmed_by_holder", "2025", "confirmed_by_holder"),
    ],
)  # fmt: skip
def test_a_death_gives_way_to_a_later_day_alone(cast, person, died, kind, on, fate):
    both = {"actor": cast.north.clerk, "second": cast.north.negotiator}
    add_claim(person, kind="death_established", source="x", basis="body", happened_on=died, **both)
    add_claim(person, kind=kind, source="y", happened_on=on, actor=cast.north.clerk)

    read = fate_of(person.claims.all())

    assert read.kind == fate
    assert ("the dates can mean either order" in read.reason) == (fate == "death_established" and on != "2024")


@pytest.mark.parametrize(
    ("kind", "hands", "fate"),
    [
        ("hospitalised", "nobody", "home"), ("hospitalised", "", "home"), ("moved", "", "home"), ("convicted", "", "home"),
        ("seen_by_returnee", "nobody", "home"), ("reported_dead_by_holder", "", "home"), ("released", "", "home"),
        ("missing", "", "missing"), ("hospitalised", "other", "hospitalised"), ("convicted", "other", "convicted"),
        ("confirmed_by_holder", "", "confirmed_by_holder"),
    ],
)  # fmt: skip
def test_who_is_home_stays_so_until_held_or_missing_again(cast, as_user, person, kind, hands, fate):
    for told, on, whose in (("home", "2025-01-01", ""), (kind, "2025-06-01", hands)):
        add_claim(person, kind=told, source="x", happened_on=on, held_by=whose, actor=cast.north.clerk)
    claims, is_held = person.claims.all(), fate not in ("home", "missing")

    shown = as_user(cast.north.clerk).get(page("detail", person)).context["dossier"].claims

    assert (fate_of(claims).kind, custody_of(claims).is_held) == (fate, is_held)
    assert fate_of(claims).bars_locking == (fate == "home")
    assert [line.is_return for line in shown] == [is_held, False, False, False]
    assert [line.is_decisive for line in shown] == [fate != "home", fate == "home", False, False]


# Attachments


def test_a_picture_loses_what_it_tells_of_its_making():
    shown = jpeg((0xE0, b"JFIF\0"), (0xE1, b"Exif\0\0GPS 48.5"), (0xFE, b"taken by"), (0xDB, b"table"))
    chunks = [(b"IHDR", b"0" * 13), (b"tEXt", b"Author\0me"), (b"eXIf", b"GPS"), (b"IDAT", b"x"), (b"IEND", b"")]

    assert without_metadata(shown, type_of(shown)) == jpeg((0xE0, b"JFIF\0"), (0xDB, b"table"))
    assert without_metadata(png(*chunks), "image/png") == png(chunks[0], *chunks[3:])


def test_a_file_is_attached_and_given_out_as_a_download_only(cast, as_user, person):
    client = as_user(cast.north.clerk)
    sent = {"title": "Лист / letter", "holds": "ordinary", "file": SimpleUploadedFile("x.exe", PDF)}
    assert client.post(page("attachment_new", person), sent).status_code == 302
    row = Attachment.objects.visible_to(cast.north.clerk).get()

    answer = client.get(page("attachment", person, row.pk))

    assert b"".join(answer.streaming_content) == PDF
    assert row.sha256 == hashlib.sha256(PDF).hexdigest()
    assert answer["Content-Disposition"].startswith("attachment;")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert row.path.name == str(row.pk)
    assert as_user(cast.south.head).get(page("attachment", person, row.pk)).status_code == 404
    row.path.write_bytes(PDF + b"changed")
    assert as_user(cast.north.clerk).get(page("attachment", person, row.pk)).status_code == 409


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90 program",
        b"<svg onload=x>",
        b"\xff\xd8\xff\xe0\x00\x10cut",
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-" + b"x" * 2**20,
    ],
)
def test_what_is_no_picture_or_too_large_is_refused_at_the_file(cast, as_user, person, settings, content):
    settings.ATTACHMENT_MOST_BYTES = 2**20
    sent = {"title": "x", "holds": "ordinary", "file": SimpleUploadedFile("photo.png", content)}

    answer = as_user(cast.north.clerk).post(page("attachment_new", person), sent)

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["file"])
    assert not Attachment.objects.unscoped("test").exists()
    assert not any(settings.FILES_DIR.iterdir()) if settings.FILES_DIR.exists() else True


def test_a_file_about_health_is_the_medical_officers(cast, as_user, person):
    attach(person, actor=cast.north.clerk, content=PDF, title="Epicrisis", holds="health")
    row = Attachment.objects.unscoped("test").get()

    assert "Epicrisis" not in as_user(cast.north.clerk).get(page("detail", person)).text
    assert as_user(cast.north.clerk).get(page("attachment", person, row.pk)).status_code == 404
    medic = as_user(cast.north.medic)
    assert "Epicrisis" in medic.get(page("detail", person)).text
    assert medic.get(page("attachment", person, row.pk)).status_code == 200
    assert events("read.health", person) == 1
