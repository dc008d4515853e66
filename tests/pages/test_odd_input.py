"""What nobody means but a keyboard can send: a year at the edge of the calendar, a character no database keeps."""

from django.urls import reverse

from access.roles import Role
from exchanges.models import Receipt, TrancheStatus
from tests import factories, scenes


def test_year_at_the_edge_of_the_calendar_is_refused_at_its_field(scene, browser):
    """In another zone it would lie before the first or after the last instant that there is."""
    head, north = scene.cast.north.head, scene.cast.north
    head.time_zone = "America/New_York"
    head.save()
    told = scenes.alone(scene.cast)
    word = {"participant": told.south.pk, **dict.fromkeys(("step", "who", "to_whom", "source", "according_to"), "x")}
    grant = {"compartment": north.home.pk, "organisation": north.office.pk, "roles": ["observer"], "reason": "x"}
    first, last = "0001-01-01T00:00", "9999-12-31T23:59"
    cases = [
        (reverse("exchanges:step", args=[factories.draft(scene).pk, "propose"]), {}, "happened_at", first),
        (reverse("negotiations:proposal_new", args=[scene.negotiation.pk]), {"kind": "offer", "text": "x"}, "made_at", first),
        (reverse("negotiations:word_new", args=[told.negotiation.pk]), word, "happened_at", first),
        (reverse("exchanges:short"), {}, "gone_at", first),
        (reverse("accounts:keys"), {"label": "x", "membership": f"{north.hq.pk}:{Role.HEAD.value}"}, "expires_on", last[:10]),
    ]  # fmt: skip

    client = browser(head)
    answers = [(client.post(url, data | {field: year}), field) for url, data, field, year in cases]
    read = client.post(reverse("accounts:grant_new"), grant | {"ends_at": last})
    seen = read.context["form"]["seen"].value()
    answers.append((client.post(reverse("accounts:grant_new"), grant | {"ends_at": last, "seen": seen}), "ends_at"))

    for answer, field in answers:
        assert answer.status_code == 400, field
        assert answer.context["form"].errors[field][0].startswith("Enter a valid date"), field


def test_note_at_the_line_keeps_no_character_that_postgresql_cannot(scene, browser):
    tranche = factories.tranche_at(scene, TrancheStatus.GONE)
    entry = tranche.entries.filter(direction__receiver=scene.north).first()
    url = reverse("exchanges:line", args=[tranche.pk])

    browser(scene.cast.north.handover).post(url, {"mark": f"died:{entry.pk}", "method": "by\x00 face"})

    assert Receipt.objects.unscoped("test").get(entry=entry).note == "by face"
