"""One headquarters alone: everything the other side does is recorded as its word, from the pages."""

import pytest
from django.urls import reverse

from core import clock
from exchanges.models import Entry, Exchange, ExchangeStatus, SignOff, SignOffStep, Tranche, TrancheStatus
from exchanges.operations.exchange import draft_exchange, propose
from exchanges.operations.sign_off import set_policy
from negotiations.models import Participant
from negotiations.operations import create_negotiation
from tests.cast import PASSWORD
from tests.keeping import kept

S, T = ExchangeStatus, TrancheStatus


@pytest.fixture
@kept
def alone(scene):
    """A proposed exchange of the north with a side that does not work here: one to come home."""
    cast = scene.cast
    negotiation = create_negotiation(
        title="Alone", prefix="ALN", works_here="us", actor=cast.north.head,
        participants=[
            {"name": "North", "letter": "A", "party": cast.north.party, "works_here": True,
             "organisations": [cast.north.hq, cast.north.office]},
            {"name": "Elsewhere", "letter": "B", "party": None, "works_here": False},
        ],
    )  # fmt: skip
    ours, theirs = Participant.objects.unscoped("test").filter(negotiation=negotiation).order_by("letter")
    steps = [{"office": cast.north.office, "scope": "frame", "is_final": True}]
    set_policy(negotiation, actor=cast.north.head, steps=steps)
    exchange = draft_exchange(
        negotiation, title="1 home", actor=cast.north.head,
        directions=[{"holder": theirs.pk, "receiver": ours.pk, "lines": [{"category": "", "count": 1}]}],
    )  # fmt: skip
    return propose(exchange, actor=cast.north.head), theirs


def word(side, **typed):
    now = clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
    said = {"who": "their envoy", "to_whom": "our head", "source": "a call", "according_to": "our head"}
    return said | {"word": side.pk, "happened_at": now} | typed


def test_incomplete_word_is_refused_at_its_fields(alone, scene, browser):
    exchange, theirs = alone
    url = f"{reverse('exchanges:step', args=[exchange.pk, 'accept'])}?word={theirs.pk}"

    response = browser(scene.cast.north.head).post(url, word(theirs, formula_version=1, according_to=""))

    assert response.status_code == 400
    assert 'id="id_according_to_error"' in response.content.decode()


def test_word_of_a_side_that_works_here_does_not_exist(scene, browser, alone):
    exchange, _theirs = alone
    ours = Participant.objects.unscoped("test").get(negotiation=exchange.negotiation, letter="A")

    url = f"{reverse('exchanges:step', args=[exchange.pk, 'decline'])}?word={ours.pk}"

    assert browser(scene.cast.north.head).get(url).status_code == 404


def test_negotiator_is_offered_no_word_to_record(alone, scene, browser):
    exchange, theirs = alone

    page = browser(scene.cast.north.negotiator).get(reverse("exchanges:detail", args=[exchange.pk]))

    assert f"word={theirs.pk}" not in page.content.decode()


@pytest.mark.slow
def test_whole_way_to_the_go(alone, scene, browser):
    exchange, theirs = alone
    cast, detail = scene.cast, reverse("exchanges:detail", args=[exchange.pk])
    head, deputy, negotiator = browser(cast.north.head), browser(cast.north.deputy), browser(cast.north.negotiator)

    def status(row):
        return type(row).objects.unscoped("test").get(pk=row.pk).status

    assert f"word={theirs.pk}" in head.get(detail).content.decode()
    accept = f"{reverse('exchanges:step', args=[exchange.pk, 'accept'])}?word={theirs.pk}"
    assert head.get(accept).status_code == 200
    head.post(accept, word(theirs, formula_version=1))
    assert status(exchange) == S.NEGOTIATING

    direction = exchange.directions.get()
    submit = reverse("exchanges:direction_step", args=[direction.pk, "submit"])
    text = "family_name,given_name,category\nAbel,Sam,prisoner_of_war\n"
    negotiator.post(submit, {"base": "0", "message": "whom we ask for", "text": text})
    entry = Entry.objects.unscoped("test").get(direction=direction)
    names = f"{reverse('exchanges:names', args=[exchange.pk])}?direction=1&word={theirs.pk}"
    assert "as the word of Elsewhere" in head.get(names).content.decode()
    assert head.post(names, word(theirs, direction="1", entries=[entry.pk], stance="agreed")).status_code == 302
    entry.refresh_from_db()
    assert entry.is_agreed

    finals = reverse("exchanges:finals", args=[exchange.pk, theirs.pk])
    assert finals in head.get(detail).content.decode()
    head.post(finals, {"office_name": "Their president", "quorum": "1", "scope": "frame"})
    negotiator.post(reverse("exchanges:tranches", args=[exchange.pk]), {"all-1": "on", "time_zone": "UTC"})
    tranche = Tranche.objects.unscoped("test").get(exchange=exchange)
    step = {
        name: reverse("exchanges:tranche_step", args=[tranche.pk, name])
        for name in ("lock", "start_sign_off", "stage", "go")
    }
    head.post(step["lock"])
    deputy.post(step["lock"])
    head.post(step["start_sign_off"])
    assert status(tranche) == T.AWAITING_FINAL

    own, their = SignOffStep.objects.unscoped("test").filter(tranche=tranche).order_by("participant__letter")
    digest = SignOffStep.objects.unscoped("test").get(pk=own.pk).tranche.manifests.get().frame_digest
    approve = {one: reverse("exchanges:sign_off_step", args=[one.pk, "approve"]) for one in (own, their)}
    browser(cast.north.president).post(approve[own], {"manner": "signed", "digest": digest, "password": PASSWORD})
    sheet = f"{reverse('exchanges:sign', args=[tranche.pk])}?step={their.pk}"
    assert "Record the word of Elsewhere" in head.get(sheet).content.decode()
    head.post(approve[their], word(theirs, manner="word", digest=digest))
    assert status(tranche) == T.SIGNED_OFF
    assert SignOff.objects.unscoped("test").get(step=their).manner == "word"

    head.post(reverse("exchanges:clearance", args=[tranche.pk]))
    head.post(step["stage"])
    head.post(step["go"])
    head.post(f"{step['go']}?word={theirs.pk}", word(theirs))
    assert status(tranche) == T.GONE
    assert status(exchange) == S.UNDER_WAY
    assert "according to our head" in head.get(detail).content.decode()
    assert Exchange.objects.unscoped("test").count() == 1
