"""The pages of incidents: the list, one of them, snoozing."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.monitoring.alert_text import INCIDENTS_PATH
from diagnostics.monitoring.models import Incident
from tests.factories import (
    make_channel,
    make_client,
    make_delivery,
    make_incident,
    make_person,
    make_rule,
    make_run,
    make_schedule,
)

pytestmark = pytest.mark.django_db


def test_a_message_leads_to_the_page_of_its_incident() -> None:
    assert reverse("incident", args=[7]) == f"{INCIDENTS_PATH}7/"


def test_without_incidents_the_page_says_when_one_opens(as_lead: Client) -> None:
    assert "No incident yet" in as_lead.get("/incidents/").content.decode()


def test_the_list_shows_each_state(as_lead: Client) -> None:
    client = make_client()
    schedule = make_schedule(client)
    over = make_incident(schedule, closed_at=timezone.now(), good_run=make_run(client, cause="none"))
    turned = make_incident(schedule, closed_at=timezone.now())
    turned.became = make_incident(schedule, cause="env.dns")
    turned.save()
    page = as_lead.get("/incidents/").content.decode()
    assert [word in page for word in ("Right again", "Broken otherwise", ">Broken<")] == [True] * 3
    past = as_lead.get("/incidents/?state=past").content.decode()
    assert f"/incidents/{over.pk}/" in past
    assert f"/incidents/{turned.became.pk}/" not in past


def test_the_number_of_queries_is_constant(as_lead: Client, queries_of: Callable[[Client, str], int]) -> None:
    make_incident(make_schedule(make_client("A"), "A"))
    few = queries_of(as_lead, "/incidents/")
    for place in range(5):
        make_incident(make_schedule(make_client(f"C{place}"), f"S{place}"))
    assert queries_of(as_lead, "/incidents/") == few


def test_the_list_goes_on_below(as_lead: Client) -> None:
    schedule = make_schedule()
    rows = [make_incident(schedule, closed_at=timezone.now()) for _ in range(42)]
    first = as_lead.get("/incidents/").content.decode()
    assert f"before={rows[2].pk}" in first
    second = as_lead.get(f"/incidents/?before={rows[2].pk}").content.decode()
    assert f"/incidents/{rows[0].pk}/" in second


@pytest.mark.parametrize(
    "query", ["state=x", "client=x", "client=99999999999999999999", "before=-1", "before=\0", "a=b"]
)
def test_garbage_in_the_address_narrows_nothing(as_lead: Client, query: str) -> None:
    make_incident()
    assert "Cobrowse is off" in as_lead.get(f"/incidents/?{query}").content.decode()


def test_a_page_says_who_was_told_and_what_changed(as_lead: Client) -> None:
    changes = [{"at": "broke", "sentence": "The role was taken."}, {"at": "mended", "sentence": "It was given back."}]
    incident = make_incident(changes=changes)
    make_delivery(make_channel("Night watch"), incident)
    page = as_lead.get(f"/incidents/{incident.pk}/").content.decode()
    assert [word in page for word in ("The role was taken.", "It was given back.", "Night watch")] == [True] * 3


def test_a_page_says_when_nobody_is_told(as_admin: Client) -> None:
    incident = make_incident()
    assert "no rule that is on" in as_admin.get(f"/incidents/{incident.pk}/").content.decode()
    make_rule("Night", [make_channel()])
    assert "Night (2 of 3)" in as_admin.get(f"/incidents/{incident.pk}/").content.decode()


def test_an_operator_mutes_with_a_reason_and_an_end(client: Client) -> None:
    incident, operator = make_incident(), make_person(User.Role.OPERATOR)
    client.force_login(operator)
    client.post(f"/incidents/{incident.pk}/snooze/", {"reason": "Mended on Monday", "hours": "24"})
    incident.refresh_from_db()
    assert (incident.snooze_reason, incident.snoozed_by) == ("Mended on Monday", operator)
    assert incident.snoozed_until is not None
    assert "Mended on Monday" in client.get(f"/incidents/{incident.pk}/").content.decode()
    client.post(f"/incidents/{incident.pk}/snooze/end/")
    incident.refresh_from_db()
    assert incident.snoozed_until is None


@pytest.mark.parametrize(
    "given", [{}, {"reason": "x"}, {"reason": "", "hours": "24"}, {"reason": "x", "hours": "9999"}]
)
def test_a_mute_without_reason_or_end_is_refused(as_admin: Client, given: dict[str, str]) -> None:
    incident = make_incident()
    assert as_admin.post(f"/incidents/{incident.pk}/snooze/", given).status_code == 200
    assert Incident.objects.get().snoozed_until is None


def test_other_orgs_incidents_and_messages_are_not_listed(client: Client) -> None:
    theirs = make_incident(make_schedule(make_client("Theirs", org_id="theirs")))
    make_delivery(make_channel(), theirs)
    client.force_login(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"]))
    for place in ("/incidents/", "/monitoring/deliveries/"):
        page = client.get(place).content.decode()
        assert "Theirs" not in page
        assert "cobrowse is off" not in page
