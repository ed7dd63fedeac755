"""Rules: saving one, what makes no sense, snoozing, deleting."""

from datetime import time

import pytest
from django.test import Client

from diagnostics.accounts.models import AuditEntry
from diagnostics.monitoring.models import AlertRule
from tests.factories import make_channel, make_client, make_rule

pytestmark = pytest.mark.django_db

GIVEN = {"name": "Nights", "needed": "2", "out_of": "3", "remind_hours": "24", "zone": "Europe/Berlin", "is_on": "on"}


def test_a_rule_is_saved_with_all_its_fields(as_admin: Client) -> None:
    client, channel = make_client(), make_channel()
    quiet = {"quiet_from": "22:00", "quiet_until": "07:00", "quiet_days": ["5", "6"]}
    as_admin.post("/monitoring/alert-rules/add/", {**GIVEN, **quiet, "clients": [client.pk], "channels": [channel.pk]})
    rule = AlertRule.objects.get()
    assert (rule.needed, rule.out_of, rule.zone, rule.is_on) == (2, 3, "Europe/Berlin", True)
    assert (rule.quiet_from, rule.quiet_until, rule.quiet_days) == (time(22), time(7), [5, 6])
    assert (list(rule.clients.all()), list(rule.channels.all())) == ([client], [channel])
    assert AuditEntry.objects.filter(action="alert_rule.added").count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"needed": "1", "out_of": "3"},
        {"needed": "4", "out_of": "3"},
        {"needed": "0"},
        {"needed": "x"},
        {"out_of": "999999999999999999999"},
        {"quiet_from": "22:00"},
        {"quiet_from": "07:00", "quiet_until": "07:00"},
        {"quiet_from": "25:00", "quiet_until": "07:00"},
        {"quiet_days": ["0", "1", "2", "3", "4", "5", "6"]},
        {"quiet_days": ["9"]},
        {"zone": "Mars/Olympus"},
        {"remind_hours": "-1"},
        {"clients": ["99"]},
        {"channels": ["x"]},
        {"name": ""},
    ],
)
def test_what_makes_no_sense_is_refused(as_admin: Client, wrong: dict[str, object]) -> None:
    answer = as_admin.post("/monitoring/alert-rules/add/", {**GIVEN, **wrong})
    assert (answer.status_code, AlertRule.objects.count()) == (200, 0)
    assert "Not saved" in answer.content.decode()


def test_a_rule_is_changed_and_the_change_is_written_down(as_admin: Client) -> None:
    rule = make_rule("Nights", [make_channel()])
    assert "Nights" in as_admin.get(f"/monitoring/alert-rules/{rule.pk}/").content.decode()
    as_admin.post(f"/monitoring/alert-rules/{rule.pk}/", {**GIVEN, "needed": "3"})
    rule.refresh_from_db()
    assert (rule.needed, rule.channels.count()) == (3, 0)
    entry = AuditEntry.objects.get(action="alert_rule.changed")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["needed"], entry.after["needed"]) == (2, 3)


def test_a_rule_is_muted_and_speaks_again(as_admin: Client) -> None:
    rule = make_rule()
    as_admin.post(f"/monitoring/alert-rules/{rule.pk}/snooze/", {"reason": "Moving house", "hours": "72"})
    assert "Moving house" in as_admin.get(f"/monitoring/alert-rules/{rule.pk}/").content.decode()
    assert "Snoozed" in as_admin.get("/monitoring/alert-rules/").content.decode()
    as_admin.post(f"/monitoring/alert-rules/{rule.pk}/snooze/end/")
    rule.refresh_from_db()
    assert rule.snoozed_until is None


def test_deleting_asks_first(as_admin: Client) -> None:
    rule = make_rule()
    assert as_admin.get(f"/monitoring/alert-rules/{rule.pk}/delete/").status_code == 200
    as_admin.post(f"/monitoring/alert-rules/{rule.pk}/delete/")
    assert not AlertRule.objects.exists()


def test_rule_without_a_channel_is_marked(as_admin: Client) -> None:
    make_rule()
    assert "No one" in as_admin.get("/monitoring/alert-rules/").content.decode()
