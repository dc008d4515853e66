"""Duplicates on the pages: which pairs are suggested and why, what is decided about them, and who learns of it."""

import pytest
from django.urls import reverse

from exchanges.presentation.waiting import waiting_for
from people.models import Merge, Person, SamePersonJudgement
from people.operations import add_claim, create_person, create_persons_bulk
from people.operations.merging import judge_not_same, judge_same, merge_persons
from people.same import suggesting
from people.same.conflicts import conflicts
from tests.people.test_merging import again, listed  # noqa: F401
from tests.people.test_search import CountedQueries

INDEX = reverse("people:duplicates")


def person(cast, family, given, patronymic="", **facts):
    return create_person(
        actor=cast.north.clerk, names=[{"family": family, "given": given, "patronymic": patronymic}], **facts
    )


@pytest.fixture
def pair(cast):
    return (
        person(cast, "Коваленко", "Олександр", "Іванович", birth_date="1985-04-01", unit="4th brigade"),
        person(cast, "Kovalenko", "Aleksandr", "Ivanovich", birth_date="1985-01-04", service_number="AB-7712"),
    )


@pytest.fixture
def strangers(cast):
    rows = [
        {"names": [{"family": family, "given": given}], "birth_date": born}
        for family, given, born in (
            ("Шевченко", "Юлія", "1996"),
            ("Петров", "Иван", "1979"),
            ("Yıldız", "Cemal", "1991"),
        )
    ]
    return create_persons_bulk(cast.north.home, rows, actor=cast.north.clerk)


def url(name, *persons, **more):
    return reverse(f"people:{name}", args=[one.pk for one in persons], **more)


def step(kept, other, name):
    return reverse("people:pair_step", args=[kept.pk, other.pk, name])


def test_a_pair_is_suggested_with_its_reasons(cast, pair, strangers, as_user):
    page = as_user(cast.north.clerk).get(INDEX).context["page"]

    assert [(line.kept.pk, line.other.pk) for line in page.pairs] == [(pair[0].pk, pair[1].pk)]
    reasons = [reason.rsplit(" ", 1)[0] for reason in page.pairs[0].reasons]
    assert {"same family name", "birth date with day and month exchanged", "same father's name"} <= set(reasons)
    doubles = as_user(cast.north.clerk).get(url("doubles", pair[1])).context["page"]
    assert [line.other.pk for line in doubles.pairs] == [pair[0].pk]
    assert "same family name" in as_user(cast.north.clerk).get(url("pair", *pair)).text


def test_a_batch_is_decided_each_by_itself(cast, pair, strangers, as_user):
    first, second, third = strangers
    judge_not_same(first, second, actor=cast.north.negotiator)
    client = as_user(cast.north.clerk)
    told = {
        f"pair:{pair[0].pk}.{pair[1].pk}": "same",
        f"pair:{first.pk}.{second.pk}": "same",  # refused: somebody told them apart
        f"pair:{first.pk}.{third.pk}": "not-same",
        f"pair:{second.pk}.{third.pk}": "later",
        f"pair:{first.pk}": "same", "pair:x.y": "same", "merge:nonsense": "confirm", f"pair:{first.pk}.{first.pk}": "same",
    }  # fmt: skip

    answer = client.post(INDEX, told, follow=True)

    said = [str(message) for message in answer.context["messages"]]
    assert [text for text in said if "not the same person" in text] == said[:1]
    assert "3 decisions are recorded." in said
    kept = again(pair[0])
    assert (again(pair[1]).merged_into, kept.service_number, kept.birth_date) == (kept, "AB-7712", "1985-04-01")
    assert sorted(SamePersonJudgement.objects.unscoped("test").values_list("verdict", flat=True)) == [
        "not_same", "not_same", "same", "undecided",
    ]  # fmt: skip
    assert answer.context["page"].pairs == []


def test_two_side_by_side_are_merged_field_by_field_and_taken_apart(cast, pair, as_user):
    kept, other = pair
    client = as_user(cast.north.clerk)
    add_claim(other, actor=cast.north.clerk, kind="home", source="the border guard")
    versions = {"kept_version": 1, "other_version": 1}
    stale = client.post(step(kept, other, "merge"), {**versions, "other_version": 7, "field-unit": "other"})
    assert (stale.status_code, again(other).merged_into) == (412, None)
    assert stale.context["fields"][0][0].name == "label"
    chosen = {**versions, "field-label": "other", "field-birth_date": "kept", "field-service_number": "other"}

    answer = client.post(step(kept, other, "merge"), {**chosen, "reason": "same photograph"})

    assert answer.headers["Location"] == url("detail", kept)
    kept = again(kept)
    assert (kept.label, kept.birth_date, kept.service_number) == (
        "Kovalenko Aleksandr Ivanovich",
        "1985-04-01",
        "AB-7712",
    )
    for moved, to in ((url("pair", kept, other), url("doubles", kept)), (url("doubles", other), url("doubles", kept))):
        assert client.get(moved).headers["Location"] == to
    page = client.get(url("doubles", kept))
    assert [line.label for line, _form in page.context["merged"]] == ["Kovalenko Aleksandr Ivanovich"]
    assert "same photograph" in page.text
    undo = reverse("people:unmerge", args=[kept.pk])
    assert client.post(undo, {"absorbed": other.pk, "reason": ""}).status_code == 400
    assert as_user(cast.north.medic).post(undo, {"absorbed": other.pk, "reason": "no"}).status_code == 409
    assert client.post(undo, {"absorbed": "x", "reason": "no"}).status_code == 400
    assert as_user(cast.north.clerk).post(undo, {"absorbed": other.pk, "reason": "two men"}).status_code == 302
    assert (again(other).merged_into, again(kept).label) == (None, "Коваленко Олександр Іванович")
    assert as_user(cast.north.clerk).get(INDEX).context["page"].pairs == []
    refused = as_user(cast.north.clerk).post(step(kept, other, "merge"), {"kept_version": 3, "other_version": 3})
    assert refused.status_code == 409
    assert "not the same person" in refused.text


def test_a_second_person_confirms_from_the_list(scene, listed, as_user):  # noqa: F811
    north = scene.cast.north
    _exchange, _entries, (first, second) = listed
    asked = merge_persons(second, first, actor=north.clerk)
    own = as_user(north.clerk).get(INDEX)
    assert [line.is_own for line in own.context["page"].waiting] == [True]
    as_user(north.clerk).post(INDEX, {f"merge:{asked.pk}": "confirm"})
    assert again(first).merged_into is None
    assert [row.url for row in waiting_for(north.clerk) + waiting_for(north.medic) if row.url == INDEX] == []
    assert [row.what for row in waiting_for(north.negotiator) if row.url == INDEX] == [
        "second person: 1 merge of dossiers"
    ]

    as_user(north.negotiator).post(INDEX, {f"merge:{asked.pk}": "confirm"})

    assert again(first).merged_into == second
    assert Merge.objects.unscoped("test").get().confirmed_by == north.negotiator


def test_judgements_that_contradict_each_other_are_told_with_who_said_them(cast, strangers, as_user):
    first, second, third = strangers
    judge_same(first, second, actor=cast.north.clerk, reason="one photograph")
    judge_same(second, third, actor=cast.north.negotiator)
    assert conflicts(cast.north.clerk) == []
    judge_not_same(third, first, actor=cast.north.head)

    page = as_user(cast.north.clerk).get(INDEX).context["page"]

    (conflict,) = page.conflicts
    assert {line.by for line in conflict.said[:2]} == {"north clerk", "north negotiator"}
    assert (conflict.said[2].by, "one photograph" in [line.reason for line in conflict.said]) == ("north head", True)
    judge_same(third, first, actor=cast.north.head)
    assert conflicts(cast.north.clerk) == []


def test_long_lists_are_looked_through_in_parts(cast, pair, strangers, as_user, monkeypatch):
    monkeypatch.setattr(suggesting, "LOOKED_THROUGH", 2)
    client = as_user(cast.north.clerk)
    seen, address = [], INDEX
    while address:
        page = client.get(address).context["page"]
        seen += [line.key for line in page.pairs]
        address = page.next_url

    assert set(seen) == {f"{pair[0].pk}.{pair[1].pk}"}


def test_the_other_side_learns_nothing(cast, pair, strangers, as_user):
    kept, other = pair
    theirs = create_person(actor=cast.south.clerk, names=[{"family": "Коваленко", "given": "Олександр"}])
    merge_persons(*strangers[:2], actor=cast.north.clerk)
    client = as_user(cast.south.clerk)
    with CountedQueries() as before:
        page = client.get(INDEX).context["page"]
    assert (page.pairs, page.waiting, page.conflicts) == ([], [], [])
    doubles = client.get(url("doubles", theirs)).context["page"]
    assert (doubles.pairs, doubles.said) == ([], [])
    for address in (
        url("doubles", kept),
        url("pair", kept, other),
        url("pair", theirs, kept),
        url("pair", kept, theirs),
    ):
        assert client.get(address).status_code == 404
    for name in ("merge", "judge-same", "judge-not-same", "leave-undecided", "nonsense"):
        assert client.post(step(theirs, kept, name), {"kept_version": 1, "other_version": 1}).status_code == 404
    client.post(INDEX, {f"pair:{kept.pk}.{other.pk}": "same", f"pair:{theirs.pk}.{kept.pk}": "not-same"})
    assert again(other).merged_into is None
    assert "Nothing was chosen." in client.get(INDEX).content.decode()
    create_persons_bulk(
        cast.north.home,
        [{"names": [{"family": "Коваленко", "given": f"О{n}"}]} for n in range(5)],
        actor=cast.north.clerk,
    )
    with CountedQueries() as after:
        client.get(INDEX)
    assert len(after) == len(before)
    assert Person.objects.visible_to(cast.south.clerk).count() == 1


def test_who_only_reads_may_look_and_not_decide(cast, pair, as_user):
    client = as_user(cast.north.medic)

    assert "This is for" in client.get(INDEX).text
    assert client.post(step(*pair, "judge-same"), {}).status_code == 409
    client.post(INDEX, {f"pair:{pair[0].pk}.{pair[1].pk}": "same"})
    assert not SamePersonJudgement.objects.unscoped("test").exists()
