"""Our system checks: no message for our settings, one for each mistake."""

from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from config import system_checks


def ids(deploy: bool = False) -> set[str]:
    found = {str(message.id) for message in run_checks(include_deployment_checks=deploy)}
    return {each for each in found if each.startswith("config.")}


def without(name: str) -> list[str]:
    return [entry for entry in settings.MIDDLEWARE if not entry.endswith(name)]


def test_our_settings_pass() -> None:
    assert ids() == set()


MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("config.E001", {"FIELD_ENCRYPTION_KEYS": []}),
    ("config.E002", {"FIELD_ENCRYPTION_KEYS": ["same"], "SECRET_KEY": "same"}),
    ("config.E004", {"CELERY_BROKER_URL": "redis://h", "CELERY_BROKER_TRANSPORT_OPTIONS": {"visibility_timeout": 60}}),
    ("config.E004", {"CELERY_BROKER_URL": "redis://h", "CELERY_BROKER_TRANSPORT_OPTIONS": {}}),
    ("config.E005", {"MIDDLEWARE": without("LoginRequiredMiddleware")}),
    ("config.E006", {"MIDDLEWARE": without("CSPMiddleware")}),
    ("config.E006", {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"script-src": ["'unsafe-inline'"]}}}),
    ("config.E006", {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {}}}),
]


@pytest.mark.parametrize(("expected", "mistake"), MISTAKES)
def test_a_mistake_is_reported(settings: Settings, expected: str, mistake: dict[str, Any]) -> None:
    for name, value in mistake.items():
        setattr(settings, name, value)
    output = [message for check in CHECKS for message in check(None)]
    assert expected in {message.id for message in output}
    assert all(message.hint for message in output)


def test_another_database_engine_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert [message.id for message in system_checks.check_database_engine(None)] == ["config.E003"]


def test_a_site_without_https_is_reported_before_deployment(settings: Settings) -> None:
    settings.HTTPS = False
    assert "config.W007" in ids(deploy=True)
    assert "config.W007" not in ids()


def test_plain_http_endpoints_are_reported_except_for_the_demo(settings: Settings) -> None:
    plain = {"api": "http://127.0.0.1:1", "login": "https://x"}
    settings.GENESYS_ENDPOINTS, settings.DEMO_ENDPOINTS = {"demo-published": plain}, {"demo-published": plain}
    assert "config.W008" not in ids(deploy=True)
    settings.GENESYS_ENDPOINTS = {"lab": plain, "demo-published": plain}
    assert "config.W008" in ids(deploy=True)


CHECKS = [
    system_checks.check_encryption_keys,
    system_checks.check_broker_visibility_timeout,
    system_checks.check_login_required,
    system_checks.check_content_security_policy,
]
