"""Old addresses lead to the pages that replaced them."""

import re

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from diagnostics.web.redirects import MOVED, redirect_moved

pytestmark = pytest.mark.django_db


def test_redirect_keeps_arguments_and_query() -> None:
    response = redirect_moved(RequestFactory().get("/old/7/?q=a b&page=2"), "run?tab=input", pk=7)
    assert (response.status_code, response.url) == (301, f"{reverse('run', args=[7])}?tab=input&q=a+b&page=2")


def test_redirect_is_for_reading_only() -> None:
    assert redirect_moved(RequestFactory().post("/old/"), "home").status_code == 405


@pytest.mark.parametrize(("route", "target"), MOVED.items(), ids=MOVED)
def test_old_address_redirects(route: str, target: str, as_admin: Client) -> None:
    response = as_admin.get("/" + re.sub(r"<int:\w+>", "7", re.sub(r"<(str|slug):\w+>", "key", route)))
    assert response.status_code == 301
