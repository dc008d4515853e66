"""The sign-off policy of one's side, negotiation by negotiation."""

import pytest

from exchanges.models import SignOffPolicy, SignOffStep
from tests import factories

LIST = "/organisation/policy/"
LIST_QUERIES = 10


@pytest.fixture
def path(scene):
    return f"/negotiations/{scene.negotiation.pk}/policy/"


@pytest.fixture
def typed(scene):
    north = scene.cast.north
    return {
        "steps.0.office": north.office.pk, "steps.0.quorum": "2", "steps.0.scope": "names",
        "steps.2.office": north.hq.pk, "steps.2.quorum": "", "steps.2.scope": "frame", "authors_may_sign": "on",
        "version": policy(scene).version,
    }  # fmt: skip


def policy(scene, side="north"):
    return SignOffPolicy.objects.unscoped("test").get(participant=getattr(scene, side))


def ladder(scene):
    return [(step.office_name, step.quorum, step.scope, step.is_final) for step in policy(scene).steps.all()]


def test_the_last_office_named_is_the_final_one(scene, browser, path, typed):
    assert browser(scene.cast.north.head).post(path, typed).url == f"/negotiations/{scene.negotiation.pk}/"

    assert ladder(scene) == [
        ("Office of the President of North", 2, "names", False), ("North headquarters", 1, "frame", True),
    ]  # fmt: skip
    assert (policy(scene).authors_may_sign, policy(scene).pairs_waived) == (True, False)


def test_running_sign_offs_keep_their_copy(scene, browser, path, typed):
    tranche = factories.tranche_at(scene, "in_sign_off")
    steps = SignOffStep.objects.unscoped("test").filter(tranche=tranche).order_by("pk")
    before = list(steps.values())

    client = browser(scene.cast.north.head)
    assert "keep the copy they began with" in client.get(path).text
    client.post(path, typed)

    assert list(steps.values()) == before


def test_the_form_shows_the_present_ladder(scene, browser, path):
    form = browser(scene.cast.north.head).get(path).context["form"]

    assert form["steps.0.office"].value() == scene.cast.north.hq.pk
    assert form["steps.1.scope"].value() == "frame"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"steps.0.office": "", "steps.2.office": ""}, "steps.0.office"), ({"steps.0.quorum": "0"}, "steps.0.quorum"),
        ({"steps.0.scope": "all"}, "steps.0.scope"), ({"steps.0.quorum": "x"}, "steps.0.quorum"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(scene, browser, path, typed, changes, field):
    before = ladder(scene)
    answer = browser(scene.cast.north.head).post(path, typed | changes)

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    assert ladder(scene) == before


def test_two_at_once_the_second_reads_so(scene, browser, path, typed):
    client = browser(scene.cast.north.head)
    client.post(path, typed)

    assert client.post(path, typed).status_code == 412


def test_another_side_s_office_is_no_choice(scene, browser, path, typed):
    answer = browser(scene.cast.north.head).post(path, typed | {"steps.0.office": scene.cast.south.office.pk})

    assert list(answer.context["form"].errors) == ["steps.0.office"]


def test_nobody_sees_or_sets_another_side_s(scene, browser, path, typed):
    cast = scene.cast
    assert "North headquarters" not in browser(cast.south.head).get(path).text.split("<main")[1]
    assert browser(cast.outsider).get(path).status_code == 404
    for user in (cast.mediator, cast.north.clerk):
        client = browser(user)
        assert "This is for head of delegation" in client.get(path).text
        assert client.post(path, typed).status_code in (400, 409)
    assert ladder(scene)[0][0] == "North headquarters"


def test_the_list_shows_each_negotiation_in_few_queries(scene, browser, django_assert_num_queries):
    client = browser(scene.cast.north.head)
    client.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        text = client.get(LIST).text

    assert "Office of the President of North" in text
    assert "Change the policy" in text
    assert "Office of the President of South" not in text
    assert "Change the policy" not in browser(scene.cast.north.clerk).get(LIST).text
