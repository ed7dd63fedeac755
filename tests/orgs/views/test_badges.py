"""Status badges: a word for whoever has the address, nothing for anybody else."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import AuditEntry, User
from diagnostics.orgs.badges import make_badge
from diagnostics.orgs.models import Badge, OAuthClient
from tests.factories import make_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def badge(ada: User) -> Badge:
    now = timezone.now()
    return make_badge(make_client(status="works", status_at=now, org_name="Acme Insurance"), ada)


def word_of(client: Client, badge: Badge) -> str:
    answer = client.get(f"/badge/{badge.key}.svg")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    return ET.fromstring(answer.content).get("aria-label", "")  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("status", "hours", "word"),
    [
        ("works", 1, "cobrowse: working"),
        ("broken", 1, "cobrowse: down"),
        ("unknown", 1, "cobrowse: unknown"),
        ("works", 49, "cobrowse: unknown"),
        ("broken", 49, "cobrowse: unknown"),
    ],
)
def test_the_badge_shows_the_status_of_the_org_while_it_is_fresh(
    status: str, hours: int, word: str, client: Client, badge: Badge
) -> None:
    OAuthClient.objects.update(status=status, status_at=timezone.now() - timedelta(hours=hours))
    assert word_of(client, badge) == word


def test_one_that_was_never_looked_at_is_not_known(client: Client, badge: Badge) -> None:
    OAuthClient.objects.update(status_at=None)
    assert word_of(client, badge) == "cobrowse: unknown"


def test_it_names_neither_client_nor_org(client: Client, badge: Badge) -> None:
    shown = client.get(f"/badge/{badge.key}.svg").content.decode()
    assert not [word for word in (badge.client.name, badge.client.org_name, badge.client.client_id) if word in shown]


@pytest.mark.parametrize("key", ["1", "x" * 43, "..", "%00", "a" * 5000])
def test_any_other_address_is_404(key: str, client: Client, badge: Badge) -> None:
    assert client.get(f"/badge/{key}.svg").status_code == 404


def test_the_address_cannot_be_guessed(badge: Badge) -> None:
    assert len(badge.key) >= 43  # 32 random bytes


def test_the_badge_of_a_retired_client_is_gone(client: Client, badge: Badge) -> None:
    OAuthClient.objects.update(retired_at=timezone.now())
    assert client.get(f"/badge/{badge.key}.svg").status_code == 404


def test_a_moved_badge_shows_nothing_at_its_old_address(as_admin: Client, badge: Badge) -> None:
    as_admin.post(f"/clients/{badge.client_id}/badge/")
    moved = Badge.objects.get()
    assert moved.key != badge.key
    assert as_admin.get(f"/badge/{badge.key}.svg").status_code == 404
    assert word_of(as_admin, moved)


def test_an_admin_makes_and_removes_one(as_admin: Client) -> None:
    org = make_client()
    as_admin.post(f"/clients/{org.pk}/badge/")
    assert Badge.objects.get().key in as_admin.get(f"/clients/{org.pk}/badge/").content.decode()
    as_admin.post(f"/clients/{org.pk}/badge/remove/")
    assert not Badge.objects.exists()
    assert as_admin.get(f"/clients/{org.pk}/badge/").status_code == 200
    assert {entry.action for entry in AuditEntry.objects.all()} >= {"badge.made", "badge.removed"}


def test_its_key_is_no_part_of_the_audit_log(as_admin: Client) -> None:
    org = make_client()
    as_admin.post(f"/clients/{org.pk}/badge/")
    key = Badge.objects.get().key
    assert not [entry for entry in AuditEntry.objects.all() if key in str(entry.__dict__)]


def test_a_team_lead_makes_none(as_lead: Client) -> None:
    org = make_client()
    assert as_lead.post(f"/clients/{org.pk}/badge/").status_code == 403
    assert not Badge.objects.exists()


def test_it_is_only_read(client: Client, badge: Badge) -> None:
    assert client.post(f"/badge/{badge.key}.svg").status_code == 405
