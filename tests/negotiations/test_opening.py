"""Opening a negotiation on the page: alone, with a mediator, with everybody here."""

import pytest

from access.models import Organisation
from accounts.operations.founding import introduce
from negotiations.models import Negotiation

NEW = "/negotiations/new/"


@pytest.fixture
def typed(cast):
    return {
        "title": "More talks", "prefix": "mor", "works_here": "us", "mediator": "",
        "participants.0.party": cast.north.party.pk, "participants.0.name": "North", "participants.0.letter": "A",
        "participants.1.name": "South", "participants.1.letter": "B",
    }  # fmt: skip


def opened(title="More talks"):
    return Negotiation.objects.unscoped("test").filter(title=title)


def test_one_headquarters_alone_names_the_other_side(cast, as_user, typed):
    answer = as_user(cast.north.head).post(NEW, typed)

    negotiation = opened().get()
    assert answer.url == f"/negotiations/{negotiation.pk}/"
    sides = {side.name: (side.letter, side.party, side.works_here) for side in negotiation.participants.all()}
    assert sides == {"North": ("A", cast.north.party, True), "South": ("B", None, False)}
    assert not Negotiation.objects.visible_to(cast.south.head).filter(pk=negotiation.pk).exists()
    assert "Draft an exchange" in as_user(cast.north.head).get(answer.url).text


def test_everybody_here_sits_through_the_organisations_ticked(cast, as_user, typed):
    typed |= {
        "works_here": "all", "participants.1.organisations": [cast.south.hq.pk],
        "mediator": cast.mediator_organisation.pk,
    }  # fmt: skip
    as_user(cast.north.head).post(NEW, typed)

    negotiation = opened().get()
    assert negotiation in Negotiation.objects.visible_to(cast.south.head)
    assert negotiation in Negotiation.objects.visible_to(cast.mediator)
    assert negotiation not in Negotiation.objects.visible_to(cast.south.president)


def test_a_gap_between_the_sides_moves_no_fault(cast, as_user, typed):
    """Side 3 is left empty, side 4 has the letter of side 1: the fault stands at side 4."""
    typed |= {"participants.3.name": "East", "participants.3.letter": "B"}
    answer = as_user(cast.north.head).post(NEW, typed)

    assert list(answer.context["form"].errors) == ["participants.1.letter", "participants.3.letter"]
    assert answer.status_code == 400
    assert not opened().exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"), ({"prefix": "1x"}, "prefix"), ({"works_here": "nobody"}, "works_here"),
        ({"participants.1.name": ""}, "participants.1.name"), ({"works_here": "us_and_mediator"}, "mediator"),
        ({"participants.0.party": "x"}, "participants.0.party"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(cast, as_user, typed, changes, field):
    answer = as_user(cast.north.head).post(NEW, typed | changes)

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    assert not opened().exists()


def test_nobody_is_offered_whom_they_do_not_know(cast, as_user, typed):
    west = cast.outsider_side
    form = as_user(west.head).get(NEW).context["form"]
    assert not form.knows_others
    assert form.fields["mediator"].queryset.count() == 0

    introduce(west.hq, cast.mediator_organisation, actor=cast.operator)
    introduce(west.hq, cast.north.hq, actor=cast.operator)

    form = as_user(west.head).get(NEW).context["form"]
    assert list(form.fields["mediator"].queryset) == [cast.mediator_organisation]
    assert list(form.fields["participants.1.organisations"].queryset) == [
        Organisation.objects.unscoped("test").get(pk=cast.north.hq.pk)
    ]
    hidden = typed | {"participants.0.party": west.party.pk, "participants.1.organisations": [cast.south.hq.pk]}
    assert list(as_user(west.head).post(NEW, hidden).context["form"].errors) == ["participants.1.organisations"]


def test_another_party_is_not_ones_own(cast, as_user, typed):
    answer = as_user(cast.north.head).post(NEW, typed | {"participants.0.party": cast.south.party.pk})

    assert list(answer.context["form"].errors) == ["participants.0.party"]


def test_who_may_not_open_reads_why(cast, as_user, typed):
    for user in (cast.north.clerk, cast.mediator, cast.operator):
        client = as_user(user)
        assert "This is for negotiator" in client.get(NEW).text
        assert client.post(NEW, typed).status_code == 400
    assert not opened().exists()
