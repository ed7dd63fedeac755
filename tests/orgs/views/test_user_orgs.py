"""Which orgs a user can see, chosen by an admin."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_client, make_team_lead

pytestmark = pytest.mark.django_db


def test_a_person_is_limited_to_orgs_and_lifted_again(as_admin: Client) -> None:
    make_client(org_id="one", org_name="One")
    make_client("Other", org_id="two", org_name="Two")
    tess = make_team_lead()
    place = reverse("user-orgs", args=[tess.pk])
    assert b"Two" in as_admin.get(place).content
    as_admin.post(place, {"limited": "on", "orgs": ["two"]})
    tess.refresh_from_db()
    assert (tess.is_limited, tess.only_orgs) == (True, ["two"])
    as_admin.post(place, {"orgs": ["two"]})
    tess.refresh_from_db()
    assert (tess.is_limited, tess.only_orgs) == (False, [])


@pytest.mark.parametrize("orgs", [["unknown"], ["x" * 5000], ["\0"]])
def test_an_org_that_is_none_changes_nothing(as_admin: Client, orgs: list[str]) -> None:
    tess = make_team_lead(is_limited=True, only_orgs=["gone"])
    answer = as_admin.post(reverse("user-orgs", args=[tess.pk]), {"limited": "on", "orgs": orgs})
    assert answer.status_code == 200
    tess.refresh_from_db()
    assert tess.only_orgs == ["gone"]


def test_an_org_of_which_no_client_is_left_stays_chosen(as_admin: Client) -> None:
    tess = make_team_lead(is_limited=True, only_orgs=["gone"])
    as_admin.post(reverse("user-orgs", args=[tess.pk]), {"limited": "on", "orgs": ["gone"]})
    tess.refresh_from_db()
    assert tess.only_orgs == ["gone"]
