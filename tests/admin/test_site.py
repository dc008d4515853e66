"""The admin site behind the application's own sign-in."""

import pytest
from django.urls import NoReverseMatch, reverse

INDEX = reverse("admin:index")


def test_a_stranger_signs_in_where_everybody_does(client, db):
    answer = client.get(reverse("admin:people_person_changelist"), follow=True)

    assert answer.redirect_chain[-1][0].startswith(f"{reverse('accounts:sign_in')}?next=/admin/people/person/")


def test_an_account_without_a_typing_role_does_not_enter(cast, as_user):
    answer = as_user(cast.north.medic).get(INDEX, follow=True)

    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["password_change", "password_change_done", "view_on_site"])
def test_what_goes_around_our_operations_is_left_out(name):
    args = [1, 1] if name == "view_on_site" else []

    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}", args=args)


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        ("clerk", ["delegation", "person", "round"]),
        (
            "head",
            ["delegation", "grant", "invitation", "membership", "organisation", "party", "person", "round", "user"],
        ),
    ],
)
def test_the_index_offers_what_the_roles_allow(cast, as_user, who, shown):
    apps = as_user(getattr(cast.north, who)).get(INDEX).context["app_list"]

    models = [entry["model"]._meta.model_name for app in apps for entry in app["models"]]
    assert sorted(models) == shown


def test_an_operator_finds_no_case_data(cast, as_user):
    apps = as_user(cast.operator).get(INDEX).context["app_list"]

    models = [entry["model"]._meta.model_name for app in apps for entry in app["models"]]
    assert sorted(models) == ["invitation", "membership", "organisation", "party", "user"]
