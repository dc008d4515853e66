"""The exchange's pages: what is shown to whom, that a step is taken, and in how many queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Event
from exchanges.lists import lines_from_rows
from exchanges.models import Answer, Entry, Exchange, ExchangeStatus, Tranche
from exchanges.operations.exchange import change_draft
from exchanges.operations.list import submit
from exchanges.operations.tranche import plan_tranche
from tests import factories

S = ExchangeStatus
MISSING = "5b1f2c0e-0000-4000-8000-000000000000"
# Session, user, and one of the frame around every page are counted in.
PAGE_QUERIES = 7
NAMES_QUERIES = 6


def page(exchange, name="detail"):
    return reverse(f"exchanges:{name}", args=[exchange.pk])


def step(exchange, name):
    return reverse("exchanges:step", args=[exchange.pk, name])


def reread(exchange):
    return Exchange.objects.unscoped("test").get(pk=exchange.pk)


def queries(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("name", ["detail", "names", "tranches", "log"])
def test_outsider_cannot_tell_it_exists(scene, browser, name):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    outsider = browser(scene.cast.outsider_side.head)

    hidden = outsider.get(page(exchange, name))
    missing = outsider.get(reverse(f"exchanges:{name}", args=[MISSING]))

    assert (hidden.status_code, hidden.content) == (404, missing.content)


def test_draft_is_hidden_from_the_other_side(scene, browser):
    exchange = factories.draft(scene)

    assert browser(scene.cast.south.head).get(page(exchange)).status_code == 404
    assert browser(scene.cast.north.negotiator).get(page(exchange)).status_code == 200


def test_anonymous_is_sent_to_sign_in(scene, client):
    exchange = factories.draft(scene)

    assert client.get(page(exchange)).url == f"/sign-in/?next=/exchanges/{exchange.pk}/"


@pytest.mark.slow
@pytest.mark.parametrize("status", list(S))
def test_every_status_has_its_page(scene, browser, status):
    exchange = factories.exchange_at(scene, status)

    for user in (scene.cast.north.head, scene.cast.north.negotiator, scene.cast.north.president):
        response = browser(user).get(page(exchange))
        assert response.status_code == 200
        assert str(S(status).label) in response.content.decode()


def test_mediator_sees_the_table_without_a_side(scene, browser):
    exchange = factories.exchange_at(scene, S.PREPARING)
    content = browser(scene.cast.mediator).get(page(exchange)).content.decode()

    assert "Ours" not in content
    assert 'name="entries"' not in content


def test_new_draft_is_made_from_the_form(scene, browser):
    typed = {
        "title": "3 for 3", "directions.0": scene.south.pk, "directions.0.receiver": scene.north.pk,
        "directions.0.lines.0": "3", "directions.0.lines.0.category": "",
    }  # fmt: skip

    response = browser(scene.cast.north.negotiator).post(f"/exchanges/new/?negotiation={scene.negotiation.pk}", typed)

    exchange = Exchange.objects.unscoped("test").get()
    assert response.url == page(exchange)
    assert exchange.status == S.DRAFT


def test_draft_form_keeps_what_was_typed_beside_the_fault(scene, browser):
    typed = {
        "title": "3 for 3",
        "directions.0": "",
        "directions.0.receiver": scene.north.pk,
        "directions.0.lines.0": "3",
    }

    response = browser(scene.cast.north.negotiator).post(f"/exchanges/new/?negotiation={scene.negotiation.pk}", typed)

    assert response.status_code == 400
    assert 'value="3 for 3"' in response.content.decode()
    assert "name a holder and a receiver" in response.content.decode()
    assert not Exchange.objects.unscoped("test").exists()


def typed_draft(scene, **changed):
    """As the form for another draft of 3 for 3 sends it, in the order of the two directions."""
    return {
        "title": "3 for 3", "directions.0": scene.south.pk, "directions.0.receiver": scene.north.pk, "directions.0.lines.0": "3",
        "directions.1": scene.north.pk, "directions.1.receiver": scene.south.pk, "directions.1.lines.0": "3", **changed,
    }  # fmt: skip


def test_draft_is_changed_in_the_form_that_shows_it(scene, browser):
    draft = factories.draft(scene)
    north = browser(scene.cast.north.negotiator)

    shown = north.get(page(draft, "draft")).content.decode()
    response = north.post(
        page(draft, "draft"),
        typed_draft(scene, **{"title": "5 for 3", "directions.0.lines.0": "5", "version": draft.version}),
    )

    assert page(draft, "draft") in north.get(page(draft)).content.decode()
    assert 'value="3 for 3"' in shown
    assert (response.url, reread(draft).title) == (page(draft), "5 for 3")


def test_fault_in_the_second_direction_stands_there_though_the_first_is_blank(scene, browser):
    draft = factories.draft(scene)
    wrong = {
        "directions.0.lines.0": "",
        "directions.1.receiver": scene.north.pk,
        "directions.1.lines.1.category": "civilian",
    }

    response = browser(scene.cast.north.negotiator).post(page(draft, "draft"), typed_draft(scene, **wrong))
    twice = browser(scene.cast.north.negotiator).post(
        page(draft, "draft"), typed_draft(scene, **(wrong | {"directions.1.lines.1.category": ""}))
    )

    assert response.status_code == twice.status_code == 400
    assert response.context["form"].errors == {
        "directions.1.lines.1": ["Direction 2, line 2: write how many, or leave the category blank too."]
    }
    assert twice.context["form"].errors == {"directions.1": ["Holder and receiver are the same side."]}
    assert reread(draft).version == draft.version


def test_stale_draft_form_shows_what_stands_and_can_be_sent_again(scene, browser):
    draft = factories.draft(scene)
    north = browser(scene.cast.north.negotiator)
    change_draft(draft, title="Somebody else's", actor=scene.cast.north.head)

    response = north.post(page(draft, "draft"), typed_draft(scene, title="Mine", version=draft.version))

    content = response.content.decode()
    assert response.status_code == 412
    assert "Somebody else saved this meanwhile." in content
    assert "Somebody else&#x27;s" in content
    assert 'value="Mine"' in content
    again = typed_draft(scene, title="Mine", version=response.context["form"]["version"].value())
    assert north.post(page(draft, "draft"), again).status_code == 302
    assert reread(draft).title == "Mine"


def test_draft_form_is_for_negotiators_and_ends_with_the_proposal(scene, browser):
    draft = factories.draft(scene)
    clerk, north, south = (
        browser(who) for who in (scene.cast.north.clerk, scene.cast.north.negotiator, scene.cast.south.head)
    )

    assert "This is for negotiator, head of delegation." in clerk.get(page(draft, "draft")).content.decode()
    assert south.get(page(draft, "draft")).status_code == 404
    north.post(step(draft, "propose"))
    assert north.get(page(draft, "draft")).url == page(draft)
    late = north.post(page(draft, "draft"), typed_draft(scene, title="Late"))
    assert (late.status_code, reread(draft).title) == (409, "3 for 3")
    assert "Only a draft can be changed." in late.content.decode()


def test_what_cannot_be_undone_says_what_follows(scene, browser):
    draft = factories.draft(scene)
    under_way = factories.tranche_at(scene, "received").exchange
    plan_tranche(under_way, actor=scene.cast.north.negotiator)
    head = browser(scene.cast.north.head)

    proposal = head.get(step(draft, "propose")).content.decode()
    short = head.get(step(under_way, "end_short")).content.decode()

    assert f'href="{step(draft, "propose")}"' in head.get(page(draft)).content.decode()
    assert "become the proposal to South. Everybody in the negotiation sees them." in proposal
    assert "Nobody else learns that there was one." in head.get(step(draft, "cancel")).content.decode()
    assert "1 tranche that has not gone is aborted: TLK-1/2." in short
    assert "This cannot be undone." in short
    assert reread(draft).status == S.DRAFT


def test_propose_accept_and_negotiate(scene, browser):
    exchange = factories.draft(scene)
    north, south = browser(scene.cast.north.negotiator), browser(scene.cast.south.negotiator)

    assert north.post(step(exchange, "propose")).url == page(exchange)
    assert reread(exchange).status == S.PROPOSED
    assert south.get(step(exchange, "accept")).status_code == 200
    assert south.post(step(exchange, "accept"), {"formula_version": 1}).url == page(exchange)
    assert reread(exchange).status == S.NEGOTIATING


def test_counter_is_typed_line_by_line(scene, browser):
    exchange = factories.exchange_at(scene, S.PROPOSED)
    typed = {"directions.0.lines.0": "7", "directions.1.lines.0": "3"}

    assert browser(scene.cast.south.negotiator).post(step(exchange, "counter"), typed).status_code == 302

    assert reread(exchange).formula_version == 2


def test_stale_acceptance_comes_back_with_the_present_version(scene, browser):
    exchange = factories.exchange_at(scene, S.COUNTERED)

    response = browser(scene.cast.north.negotiator).post(step(exchange, "accept"), {"formula_version": 1})

    assert response.status_code == 409
    assert "The formula has changed since you read it" in response.content.decode()
    assert 'name="formula_version" value="2"' in response.content.decode()
    assert reread(exchange).status == S.COUNTERED


def test_refused_step_says_why_and_leaves_nothing(scene, browser):
    exchange = factories.exchange_at(scene, S.PROPOSED)
    events = Event.objects.unscoped("test").count()

    response = browser(scene.cast.south.clerk).post(step(exchange, "decline"), {"reason": "no"})

    assert response.status_code == 409
    assert "“Decline” is for head of delegation." in response.content.decode()
    assert reread(exchange).status == S.PROPOSED
    assert Event.objects.unscoped("test").count() == events


def test_missing_reason_is_asked_for_at_its_field(scene, browser):
    exchange = factories.exchange_at(scene, S.PROPOSED)

    response = browser(scene.cast.south.head).post(step(exchange, "decline"))

    assert response.status_code == 400
    assert "field-wrong" in response.content.decode()
    assert reread(exchange).status == S.PROPOSED


def test_unknown_step_does_not_exist(scene, browser):
    exchange = factories.exchange_at(scene, S.PROPOSED)

    assert browser(scene.cast.north.head).post(step(exchange, "nonsense")).status_code == 404


def test_htmx_gets_the_section_after_a_step(scene, browser):
    exchange = factories.draft(scene)

    response = browser(scene.cast.north.negotiator).post(step(exchange, "propose"), headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert response.content.decode().lstrip().startswith('<div class="stack" id="steps"')


@pytest.mark.parametrize("part", ["state", "steps", "directions", "tranches", "timeline"])
def test_live_section_is_answered_alone(scene, browser, part):
    exchange = factories.exchange_at(scene, S.PREPARING)

    response = browser(scene.cast.north.head).get(f"{page(exchange)}?part={part}", headers={"HX-Request": "true"})

    content = response.content.decode()
    assert f'id="{part}"' in content
    assert "<html" not in content
    assert f'data-live-compartment="{exchange.compartment_id}"' in content


def test_lines_are_answered_by_tick(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    direction = factories.directions(exchange)[0]
    submit(
        direction, lines=lines_from_rows(factories.rows(2)), message="first", base=0, actor=scene.cast.south.negotiator
    )
    entries = list(Entry.objects.unscoped("test").values_list("pk", flat=True))
    typed = {"direction": "1", "entries": entries, "stance": "agreed", "reason": ""}

    response = browser(scene.cast.north.negotiator).post(f"{page(exchange, 'names')}?direction=1", typed)

    assert response.status_code == 302
    assert Answer.objects.unscoped("test").filter(participant=scene.north, stance="agreed").count() == 2


def test_refusal_without_a_reason_keeps_the_ticks(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    direction = factories.directions(exchange)[0]
    submit(
        direction, lines=lines_from_rows(factories.rows(2)), message="first", base=0, actor=scene.cast.south.negotiator
    )
    first = Entry.objects.unscoped("test").get(number=1)
    typed = {"direction": "1", "entries": [first.pk], "stance": "refused", "reason": ""}

    response = browser(scene.cast.north.negotiator).post(f"{page(exchange, 'names')}?direction=1", typed)

    content = response.content.decode()
    assert response.status_code == 400
    assert "Give the reason of the refusal." in content
    assert f'id="entry-{first.pk}" checked' in content
    assert not Answer.objects.unscoped("test").filter(participant=scene.north).exists()


def test_list_is_submitted_as_text_and_adds_to_what_stands(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    direction = factories.directions(exchange)[0]
    submit(
        direction, lines=lines_from_rows(factories.rows(2)), message="first", base=0, actor=scene.cast.south.negotiator
    )
    url = reverse("exchanges:direction_step", args=[direction.pk, "submit"])
    text = "family_name,given_name,category\nNew,Sam,civilian\n"
    typed = {"base": "1", "message": "one more", "text": text, "keep": "on"}

    assert browser(scene.cast.south.negotiator).post(url, typed).url == page(exchange)

    entries = Entry.objects.unscoped("test").filter(direction=direction)
    assert [entry.holder_stance for entry in entries.order_by("number")] == ["offered", "offered", "offered"]


def test_each_faulty_line_is_named_and_nothing_stored(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    direction = factories.directions(exchange)[0]
    url = reverse("exchanges:direction_step", args=[direction.pk, "submit"])
    text = "family_name,given_name,category\nNew,Sam,martian\n,,civilian\n"

    response = browser(scene.cast.south.negotiator).post(url, {"base": "0", "message": "first", "text": text})

    content = response.content.decode()
    assert response.status_code == 400
    assert "Line 1, category" in content
    assert "Line 2, family_name" in content
    assert "martian" in content
    assert not Entry.objects.unscoped("test").exists()


def test_tranche_is_planned_by_numbers(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    factories.agreed_entries(scene, exchange)
    typed = {"planned_on": "2025-05-23", "place": "the border", "time_zone": "UTC", "add-1": "1-2", "all-2": "on"}

    response = browser(scene.cast.north.negotiator).post(page(exchange, "tranches"), typed)

    tranche = Tranche.objects.unscoped("test").get()
    assert response.url == reverse("exchanges:tranche", args=[tranche.pk])
    assert tranche.entries.count() == 5


def test_number_that_is_not_on_the_list_is_named(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    factories.agreed_entries(scene, exchange)

    response = browser(scene.cast.north.negotiator).post(page(exchange, "tranches"), {"add-1": "2, 99"})

    assert response.status_code == 400
    assert "There is no #99" in response.content.decode()
    assert not Tranche.objects.unscoped("test").exists()


def test_names_lead_to_submitting_the_list(scene, browser):
    exchange = factories.exchange_at(scene, S.NEGOTIATING)
    first = factories.directions(exchange)[0]
    submit = f'href="/directions/{first.pk}/steps/submit/"'

    assert submit in browser(scene.cast.north.negotiator).get(page(exchange, "names")).content.decode()
    assert submit not in browser(scene.cast.mediator).get(page(exchange, "names")).content.decode()


@pytest.mark.parametrize(("name", "limit"), [("detail", PAGE_QUERIES), ("names", NAMES_QUERIES)])
def test_number_of_queries_does_not_grow_with_the_rows(scene, browser, name, limit):
    few = factories.exchange_at(scene, S.NEGOTIATING)
    many = factories.exchange_at(scene, S.NEGOTIATING)
    factories.tranche_at(scene, "planned", exchange=few, count=15)
    factories.tranche_at(scene, "planned", exchange=many, count=150)
    client = browser(scene.cast.north.head)
    client.get(page(few, name))

    counted = [queries(client, page(exchange, name)) for exchange in (few, many)]

    assert counted == [limit, limit]
