"""The framework's admin site, which would bypass the audit log, is not there."""

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from diagnostics.accounts.models import User
from tests.factories import make_user


def registered_models() -> int:
    """The site cannot even be asked while its app is not installed."""
    return len(admin.site._registry) if apps.is_installed("django.contrib.admin") else 0


def test_no_model_is_registered_and_the_app_is_not_installed() -> None:
    assert registered_models() == 0
    assert not apps.is_installed("django.contrib.admin")
    assert "django.contrib.admin" not in settings.INSTALLED_APPS


def test_no_address_leads_to_an_admin_site() -> None:
    def resolvers(patterns: list[URLPattern | URLResolver]) -> list[URLResolver]:
        found = [each for each in patterns if isinstance(each, URLResolver)]
        return found + [inner for each in found for inner in resolvers(each.url_patterns)]

    assert {each.app_name for each in resolvers(get_resolver().url_patterns)} <= {None, "api"}


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["/admin/", "/admin/login/", "/admin/mfa/authenticator/add/"])
def test_the_old_address_is_not_found_even_for_a_superuser(place: str) -> None:
    browser = Client()
    browser.force_login(make_user("ada", User.Role.ADMIN, is_staff=True, is_superuser=True))
    assert browser.get(place).status_code == 404
