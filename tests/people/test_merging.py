"""Judgements, merges and their undoing: what is read as one, what stays where it was written, what is refused."""

from collections import defaultdict

import pytest
from django.apps import apps
from django.core import serializers
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.acting import NotAllowed
from audit.models import Event
from core.errors import DomainError, InputRefused, StaleVersion
from exchanges.models import EntryLink, Placement
from exchanges.operations import list as lists
from exchanges.operations import tranche as tranches
from people.models import (
    Claim,
    Deadline,
    MatchKey,
    Merge,
    Name,
    OfPersonQuerySet,
    Person,
    SamePersonJudgement,
    SearchKey,
)
from people.operations import add_claim, add_name, assign_category, change_person, create_person, prefer_name
from people.operations.merging import (
    TAKEABLE,
    MergedAlready,
    NotTheSame,
    confirm_merge,
    drop_merge,
    judge_not_same,
    judge_same,
    leave_undecided,
    merge_persons,
    unmerge,
)
from tests import factories

# Tables that point at a person and are not read through `of`, each with how it is read once two of them are one.
READ_OTHERWISE = {
    "people.Person.merged_into": "the merge itself",
    "people.SamePersonJudgement.one": "speaks of the two dossiers as they were judged",
    "people.SamePersonJudgement.other": "speaks of the two dossiers as they were judged",
    "people.Lookup.person": "of the dossier that was opened, which is never a merged one",
    "people.Deadline.person": "a reading of the dossier under which others are read; a duty's stays with the duty",
    "people.Decoy.person": "of the dossier that is nobody",
    "people.Merge.absorbed": "the merge itself",
    "people.Merge.survivor": "the merge itself",
    "people.SearchKey.person": "finds one dossier; results are shown where it is read",
    "people.MatchKey.person": "finds one dossier; candidates are named as they are read",
    "exchanges.EntryLink.person": "read through `read_as`",
    "exchanges.Placement.person": "counted through `joined`",
}


def pointing_at_persons():
    """Every column that refers to a person, also those that hide their way back."""
    return [
        field.remote_field
        for field in Person._meta.get_fields(include_hidden=True)
        if field.auto_created and not field.concrete
    ]


def named(family, cast, **facts):
    return create_person(actor=cast.north.clerk, names=[{"family": family, "given": "Ivan"}], **facts)


@pytest.fixture
def two(cast):
    return named("Koval", cast, rank="private", birth_date="1990"), named("Kowal", cast, unit="tank battalion")


def again(row):
    return type(row).objects.unscoped("test").get(pk=row.pk)


def kinds(person):
    return [event.kind for event in Event.objects.unscoped("test").about(person)]


def test_every_table_that_points_at_a_person_says_how_it_is_read():
    otherwise = {
        f"{field.model._meta.label}.{field.name}"
        for field in pointing_at_persons()
        if not isinstance(field.model.objects.all(), OfPersonQuerySet)
    }

    assert otherwise == READ_OTHERWISE.keys()


def test_merged_dossiers_are_read_as_one(cast, two, as_user, client):
    first, second = two
    actor = cast.north.clerk
    add_claim(first, actor=actor, kind="missing", source="his wife", happened_on="2022-03")
    add_claim(second, actor=actor, kind="home", source="the border guard", happened_on="2024-05")
    assign_category(second, actor=actor, category="convicted", evidence="a verdict")

    merge_persons(first, second, actor=actor, take=["unit", "label"])

    first = again(first)
    assert (first.label, first.unit, first.rank, first.birth_date) == (
        "Kowal Ivan",
        "tank battalion",
        "private",
        "1990",
    )
    page = as_user(actor)
    listed = page.get(reverse("people:index")).context["page"].persons
    assert [(line.label, line.other_names, line.fate.kind, line.categories) for line in listed] == [
        ("Kowal Ivan", ["Koval Ivan"], "home", ["convicted"])
    ]
    assert page.get(reverse("people:detail", args=[second.pk])).headers["Location"] == reverse(
        "people:detail", args=[first.pk]
    )
    dossier = page.get(reverse("people:detail", args=[first.pk])).context["dossier"]
    assert [name.text for name in dossier.names if name.is_preferred] == ["Kowal Ivan"]
    assert [claim.label for claim in dossier.claims] == ["home", "missing"]
    assert kinds(first)[-1] == "person.merged"


def test_what_is_written_meanwhile_stays_where_it_was_written(cast, two):
    first, second = two
    actor = cast.north.clerk
    merge_persons(first, second, actor=actor, take=["unit"])
    on_first = add_claim(first, actor=actor, kind="moved", source="x")
    on_second = add_claim(second, actor=actor, kind="hospitalised", source="y")
    prefer_name(second.names.get(), actor=actor)
    change_person(first, actor=actor, rank="sergeant")
    with pytest.raises(DomainError, match="merged into Kowal Ivan"):
        change_person(second, actor=actor, rank="major")

    unmerge(second, actor=actor, reason="two birth places")

    assert {claim.pk: claim.person_id for claim in Claim.objects.unscoped("test").all()} == {
        on_first.pk: first.pk, on_second.pk: second.pk,
    }  # fmt: skip
    first, second = again(first), again(second)
    assert (first.label, first.unit, first.rank) == ("Koval Ivan", "", "sergeant")
    assert (second.label, second.unit, second.merged_into) == ("Kowal Ivan", "tank battalion", None)
    with pytest.raises(NotTheSame, match=r"north clerk judged on .* that .* are not the same person"):
        merge_persons(first, second, actor=actor)
    assert again(second).merged_into is None
    judge_same(first, second, actor=actor)
    assert merge_persons(first, second, actor=actor).merged_at


def test_who_may_merge_and_what_is_refused(cast, two):
    first, second = two
    theirs = create_person(actor=cast.south.clerk, names=[{"family": "Koval"}])
    with pytest.raises(NotAllowed):
        merge_persons(first, second, actor=cast.north.medic)
    for stranger in (cast.south.clerk, cast.outsider):
        with pytest.raises(Person.DoesNotExist):
            merge_persons(first, second, actor=stranger)
    with pytest.raises(Person.DoesNotExist):
        judge_same(first, theirs, actor=cast.north.clerk)
    with pytest.raises(InputRefused, match="two dossiers"):
        judge_same(first, first, actor=cast.north.clerk)
    with pytest.raises(InputRefused):
        merge_persons(first, second, actor=cast.north.clerk, take=["compartment"])
    with pytest.raises(StaleVersion):
        merge_persons(first, second, actor=cast.north.clerk, versions={second.pk: 7})

    assert not Merge.objects.unscoped("test").exists()
    assert not SamePersonJudgement.objects.unscoped("test").exists()
    assert kinds(first) == ["person.created"]


def test_the_latest_judgement_of_a_pair_counts(cast, two):
    first, second = two
    judge_not_same(first, second, actor=cast.north.clerk)
    leave_undecided(second, first, actor=cast.north.negotiator)

    merge_persons(second, first, actor=cast.north.clerk)

    rows = SamePersonJudgement.objects.unscoped("test").order_by("number")
    assert [(row.verdict, row.number) for row in rows] == [("not_same", 1), ("undecided", 2), ("same", 3)]
    with pytest.raises(MergedAlready, match="take them apart"):
        judge_not_same(first, second, actor=cast.north.clerk)
    with pytest.raises(MergedAlready):
        merge_persons(first, second, actor=cast.north.clerk)


def test_a_judgement_about_one_of_several_dossiers_stands_against_a_merge(cast, two):
    first, second = two
    third = named("Kovall", cast)
    judge_not_same(second, third, actor=cast.north.negotiator, reason="seen together")
    merge_persons(first, second, actor=cast.north.clerk)

    with pytest.raises(NotTheSame, match="north negotiator"):
        merge_persons(third, first, actor=cast.north.clerk)


def test_later_merges_are_undone_first_where_one_stands_on_the_other(cast, two):
    first, second = two
    third = named("Kovall", cast, rank="major")
    actor = cast.north.clerk
    merge_persons(second, first, actor=actor, take=["rank"])
    merge_persons(third, second, actor=actor)
    assert {again(first).merged_into, again(second).merged_into} == {third}
    with pytest.raises(MergedAlready, match="take those apart first"):
        unmerge(first, actor=actor)

    unmerge(second, actor=actor)

    assert (again(first).merged_into, again(second).merged_into, again(second).rank) == (second, None, "private")
    unmerge(first, actor=actor)
    assert (again(first).merged_into, again(second).rank) == (None, "")


# On an open list


@pytest.fixture
def listed(scene):
    """Two dossiers of the north, the first meant by an entry of a running exchange."""
    exchange = factories.exchange_at(scene, "negotiating")
    entries = factories.agreed_entries(scene, exchange)
    persons = named("Koval", scene.cast), named("Kowal", scene.cast)
    lists.link_entries(exchange, links={entries[0].pk: persons[0].pk}, actor=scene.cast.north.negotiator)
    return exchange, entries, persons


def test_a_person_on_an_open_list_is_merged_by_two(scene, listed):
    north = scene.cast.north
    _exchange, entries, (first, second) = listed

    asked = merge_persons(second, first, actor=north.clerk, take=["label"])

    assert asked.waits
    assert again(first).merged_into is None
    with pytest.raises(DomainError, match="a second person"):
        confirm_merge(asked, actor=north.clerk)
    with pytest.raises(MergedAlready):
        merge_persons(first, second, actor=north.negotiator)
    done = confirm_merge(asked, actor=north.negotiator)
    assert (done.asked_by, done.confirmed_by, again(first).merged_into) == (north.clerk, north.negotiator, second)
    assert kinds(second)[-2:] == ["person.merge_asked", "person.merged"]
    assert EntryLink.objects.unscoped("test").get(entry=entries[0]).person == first

    unmerge(first, actor=north.clerk)
    assert EntryLink.objects.unscoped("test").get(entry=entries[0]).person == first


def test_what_waits_can_be_dropped_and_asked_otherwise(scene, listed):
    north = scene.cast.north
    _exchange, _entries, (first, second) = listed
    asked = merge_persons(second, first, actor=north.clerk)
    # Other values than those that were asked for are a new question.
    assert merge_persons(second, first, actor=north.negotiator, take=["label"]).waits

    drop_merge(asked, actor=north.clerk)

    with pytest.raises(MergedAlready):
        confirm_merge(asked, actor=north.deputy)
    assert again(first).merged_into is None
    assert merge_persons(first, second, actor=north.clerk).waits


def test_merged_dossiers_take_one_place(scene, listed):
    """DESIGN rule 1: of two dossiers of one person only one can be placed, whichever an entry means."""
    north = scene.cast.north
    exchange, entries, (first, second) = listed
    lists.link_entries(exchange, links={entries[1].pk: second.pk}, actor=north.negotiator)
    plan = {"actor": north.negotiator, "place": "the border"}
    one, other = (tranches.plan_tranche(exchange, entries=[entry], **plan) for entry in entries[:2])
    factories.lock(scene, one)
    asked = merge_persons(second, first, actor=north.clerk)
    confirm_merge(asked, actor=north.negotiator)

    with pytest.raises(DomainError, match="Already in another locked tranche"):
        tranches.lock(other, actor=north.head)

    unmerge(first, actor=north.clerk)
    factories.lock(scene, other)
    assert Placement.objects.unscoped("test").filter(released_at=None).count() == 2
    judge_same(first, second, actor=north.clerk)
    with pytest.raises(DomainError, match="Both stand in a locked tranche: #"):
        merge_persons(second, first, actor=north.clerk)


# Undoing restores


def everything():
    """Every row of people but what tells of merges themselves and the version, which only ever rises."""
    rows = defaultdict(list)
    for model in apps.get_app_config("people").get_models():
        if model in (Merge, SamePersonJudgement, SearchKey, MatchKey, Deadline):
            continue
        for row in serializers.serialize("python", model.objects.unscoped("test").order_by("pk")):
            row["fields"].pop("version", None)
            rows[row["model"]].append((row["pk"], row["fields"]))
    keys = (
        SearchKey.objects.unscoped("test").exclude(key__contains="aded").exclude(key__startswith="=")
    )  # written anew with every change
    owed = Deadline.objects.unscoped("test")  # read anew with every change
    rows["deadlines"] = sorted(owed.values_list("person_id", "since", "due_on"))
    rows["keys"] = sorted(keys.values_list("person_id", "key", "place"))
    return rows


STEPS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.sets(st.sampled_from(["label", "rank", "unit", "birth_date"])),
        st.booleans(),
    ),
    max_size=5,
)  # fmt: skip


HELD = {"kind": "reported_captured", "source": "unit", "held_by": "us"}


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, order=st.randoms(use_true_random=False))
def test_merge_then_unmerge_is_the_identity_on_every_table(cast, django_db_blocker, steps, order):
    from django.db import transaction

    actor = cast.north.clerk
    with transaction.atomic():
        persons = [
            named(family, cast, rank=rank, unit=unit, claims=[{**HELD, "happened_on": on}] if on else [])
            for family, rank, unit, on in (
                ("Koval", "private", "", ""),
                ("Kowal", "", "a", "2024-05-01"),
                ("Koval", "major", "b", "2024-04"),
                ("K", "", "", ""),
            )
        ]
        before = everything()
        done, added = [], 0
        for one, other, take, adds in steps:
            try:
                with transaction.atomic():
                    done.append(merge_persons(persons[one], persons[other], actor=actor, take=take))
            except DomainError:
                continue
            if adds:
                add_name(persons[other], actor=actor, family=f"Added {added}")
                add_claim(persons[one], actor=actor, kind="moved", source=f"source {added}")
                added += 1
        order.shuffle(done)
        while done:
            for merge in list(done):
                try:
                    unmerge(merge.absorbed, actor=actor)
                    done.remove(merge)
                except MergedAlready:
                    continue
        after = everything()
        assert len(after["people.claim"]) == len(before["people.claim"]) + added
        after["people.name"] = [row for row in after["people.name"] if not row[1]["family"].startswith("Added")]
        after.pop("people.claim", None)
        before.pop("people.claim", None)
        assert after == before
        assert Name.objects.unscoped("test").filter(family__startswith="Added").count() == added
        transaction.set_rollback(True)


def test_the_takeable_fields_are_those_of_the_identity():
    assert set(TAKEABLE) - {"label"} <= {field.name for field in Person._meta.concrete_fields}
