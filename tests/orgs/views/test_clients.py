"""Clients: registering with a write-only secret, watching the verification, changing, retiring."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient
from tests.factories import SECRET, make_client, make_person, make_run, make_step

pytestmark = pytest.mark.django_db

TYPED = {
    "name": "Acme support",
    "region": "https://apps.mypurecloud.ie/directory/",
    "client_id": "0b9d6a3e",
    "secret": "typed-secret-never-shown",
}
OnCommit = Callable[..., Any]
SentTasks = list[tuple[str, int]]


@pytest.fixture
def register(
    as_admin: Client, sent_tasks: SentTasks, django_capture_on_commit_callbacks: OnCommit
) -> Callable[[dict[str, str]], Any]:
    def post(typed: dict[str, str]) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return as_admin.post("/clients/add/", typed)

    return post


def test_a_region_in_any_spelling_is_understood(register: Callable[..., Any]) -> None:
    register(TYPED)
    assert OAuthClient.objects.get().region == "eu-west-1"


def test_a_registered_client_is_verified_at_once(register: Callable[..., Any], sent_tasks: SentTasks) -> None:
    answer = register(TYPED)
    client = OAuthClient.objects.get()
    assert answer.headers["Location"] == f"/clients/{client.pk}/"
    assert client.state == OAuthClient.State.VERIFYING
    assert sent_tasks == [("verify_client", client.pk)]


def test_the_secret_is_stored_and_on_no_page(register: Callable[..., Any], as_admin: Client) -> None:
    register(TYPED)
    client = OAuthClient.objects.get()
    assert client.secret == TYPED["secret"]
    for place in ("", "edit/", "secret/", "verification/", "retire/"):
        assert TYPED["secret"].encode() not in as_admin.get(f"/clients/{client.pk}/{place}").content


def test_a_form_with_errors_forgets_the_secret_and_keeps_the_rest(register: Callable[..., Any]) -> None:
    page = register({**TYPED, "region": "atlantis"}).content
    assert TYPED["secret"].encode() not in page
    assert TYPED["name"].encode() in page
    assert b"atlantis" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("region", "atlantis"),
        ("environment", "staging"),
        ("environment", "x" * 100_000),
        ("region", ""),
        ("client_id", ""),
        ("secret", ""),
        ("secret", "nul\x00"),
    ],
)
def test_a_bad_field_registers_nothing(register: Callable[..., Any], field: str, value: str) -> None:
    answer = register({**TYPED, field: value})
    assert b'aria-invalid="true"' in answer.content
    assert not OAuthClient.objects.exists()


def test_a_name_in_use_is_refused_in_any_case(register: Callable[..., Any]) -> None:
    make_client("ACME Support")
    assert b'id="id_name_error"' in register(TYPED).content
    assert OAuthClient.objects.count() == 1


def test_a_name_used_at_the_same_moment_is_an_error_too(
    register: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_client(TYPED["name"])
    monkeypatch.setattr("diagnostics.orgs.forms.clients.ClientForm.clean_name", lambda form: form.cleaned_data["name"])
    assert b'id="id_name_error"' in register(TYPED).content


def test_an_unknown_region_gets_suggestions(as_admin: Client) -> None:
    page = as_admin.get("/clients/region/", {"region": "eu-west-9"}).content
    assert b"tone-warn" in page
    assert b"eu-west-1" in page


def test_a_known_region_is_confirmed(as_admin: Client) -> None:
    assert b"api.mypurecloud.ie" in as_admin.get("/clients/region/", {"region": "MyPureCloud.IE"}).content


def test_a_verification_polls_while_it_goes_on_and_not_after(as_lead: Client) -> None:
    client = make_client(state="verifying", verification=[make_step()], verification_started_at=timezone.now())
    assert b"hx-trigger" in as_lead.get(f"/clients/{client.pk}/").content
    OAuthClient.objects.update(state="verified")
    assert b"hx-trigger" not in as_lead.get(f"/clients/{client.pk}/verification/").content


def test_a_poll_that_has_seen_everything_gets_nothing(as_lead: Client) -> None:
    client = make_client(state="verifying", verification=[make_step()], verification_started_at=timezone.now())
    place = f"/clients/{client.pk}/verification/"
    assert as_lead.get(place, {"seen": "verifying.1"}).status_code == 204
    assert as_lead.get(place, {"seen": "verifying.0"}).status_code == 200


def test_a_failed_verification_names_the_possible_causes(as_lead: Client) -> None:
    step = make_step(outcome="fail", sentence="Refused.", hint="Compare id, secret, region and state.")
    client = make_client(state="failed", verification=[step])
    page = as_lead.get(f"/clients/{client.pk}/").content
    assert b"Refused." in page
    assert b"Compare id, secret, region and state." in page


def test_a_step_of_an_unknown_shape_still_renders(as_lead: Client) -> None:
    client = make_client(verification=[{"outcome": "brand-new", "sentence": "Something."}, {}])
    assert as_lead.get(f"/clients/{client.pk}/").status_code == 200


def test_a_changed_name_alone_is_not_verified_again(as_admin: Client, sent_tasks: SentTasks) -> None:
    client = make_client()
    as_admin.post(f"/clients/{client.pk}/edit/", {"name": "New", "region": "eu-west-1", "client_id": client.client_id})
    client.refresh_from_db()
    assert (client.name, client.state, client.secret) == ("New", "verified", SECRET)


def test_the_environment_is_stored_and_shown_on_every_page_of_the_client(
    register: Callable[..., Any], as_admin: Client
) -> None:
    register({**TYPED, "environment": "production"})
    client = OAuthClient.objects.get()
    assert client.environment == "production"
    for place in ("", "edit/", "secret/", "retire/"):
        assert b"environment-production" in as_admin.get(f"/clients/{client.pk}/{place}").content
    as_admin.post(f"/clients/{client.pk}/edit/", {**TYPED, "region": "eu-west-1", "environment": ""})
    client.refresh_from_db()
    assert client.environment == ""


def test_a_moved_client_forgets_how_the_old_org_stood(
    as_admin: Client, sent_tasks: SentTasks, django_capture_on_commit_callbacks: OnCommit
) -> None:
    client = make_client(status="broken", status_cause="authz.permission_missing", status_since=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        as_admin.post(
            f"/clients/{client.pk}/edit/", {"name": client.name, "region": "us-east-1", "client_id": client.client_id}
        )
    client.refresh_from_db()
    assert (client.status, client.status_cause, client.status_since) == ("unknown", "", None)


def test_a_changed_region_is_verified_again(
    as_admin: Client, sent_tasks: SentTasks, django_capture_on_commit_callbacks: OnCommit
) -> None:
    client = make_client()
    moved = {"name": client.name, "region": "us-east-1", "client_id": client.client_id}
    with django_capture_on_commit_callbacks(execute=True):
        as_admin.post(f"/clients/{client.pk}/edit/", moved)
    client.refresh_from_db()
    assert (client.region, client.state, client.org_name) == ("us-east-1", "verifying", "")
    assert sent_tasks == [("verify_client", client.pk)]


def test_an_edit_that_clashes_changes_nothing(as_admin: Client) -> None:
    make_client("Taken")
    client = make_client("Mine")
    used = {"name": "taken", "region": "eu-west-1", "client_id": "x"}
    assert b'id="id_name_error"' in as_admin.post(f"/clients/{client.pk}/edit/", used).content


def test_a_replaced_secret_is_verified_again(
    as_admin: Client, sent_tasks: SentTasks, django_capture_on_commit_callbacks: OnCommit
) -> None:
    client = make_client()
    with django_capture_on_commit_callbacks(execute=True):
        as_admin.post(f"/clients/{client.pk}/secret/", {"secret": "the-new-one"})
    client.refresh_from_db()
    assert (client.secret, client.state) == ("the-new-one", "verifying")
    assert sent_tasks == [("verify_client", client.pk)]


def test_a_second_verification_does_not_start_during_the_first(
    as_admin: Client, sent_tasks: SentTasks, django_capture_on_commit_callbacks: OnCommit
) -> None:
    client = make_client()
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            as_admin.post(f"/clients/{client.pk}/verify/")
    assert sent_tasks == [("verify_client", client.pk)]


def test_retiring_asks_first_and_keeps_the_runs(as_admin: Client) -> None:
    run = make_run()
    place = f"/clients/{run.client_id}/"
    assert as_admin.get(f"{place}retire/").status_code == 200
    as_admin.post(f"{place}retire/")
    run.client.refresh_from_db()
    assert run.client.is_retired
    assert as_admin.get(f"/runs/{run.pk}/").status_code == 200
    assert as_admin.get(place).status_code == 200


@pytest.mark.parametrize(("act", "method"), [("edit", "get"), ("secret", "get"), ("verify", "post"), ("retire", "get")])
def test_nothing_more_can_be_done_with_a_retired_client(as_admin: Client, act: str, method: str) -> None:
    client = make_client(retired_at=timezone.now())
    assert getattr(as_admin, method)(f"/clients/{client.pk}/{act}/").status_code == 404
    assert f"/clients/{client.pk}/{act}/".encode() not in as_admin.get(f"/clients/{client.pk}/").content


def test_a_team_lead_is_offered_no_act(as_lead: Client) -> None:
    client = make_client()
    page = as_lead.get(f"/clients/{client.pk}/").content
    for act in ("edit", "secret", "verify/", "retire"):
        assert f"/clients/{client.pk}/{act}".encode() not in page
    assert b"/clients/add/" not in as_lead.get("/orgs/").content


def test_a_region_that_is_gone_shows_its_key(as_lead: Client) -> None:
    client = make_client(region="demo-gone")
    assert b"demo-gone" in as_lead.get(f"/clients/{client.pk}/").content


def test_the_list_asks_as_often_for_many_clients_as_for_one(
    as_lead: Client, queries_of: Callable[[Client, str], int]
) -> None:
    make_run(make_client("first"))
    alone = [queries_of(as_lead, place) for place in ("/", "/orgs/")]
    for number in range(5):
        make_run(make_client(f"client {number}"))
    assert [queries_of(as_lead, place) for place in ("/", "/orgs/")] == alone


def test_a_list_opens_even_when_a_secret_no_longer_does(as_lead: Client, settings: Any) -> None:
    client = make_client()
    settings.FIELD_ENCRYPTION_KEYS = ["cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="]
    for place in ("/", "/orgs/", f"/clients/{client.pk}/", "/runs/"):
        assert as_lead.get(place).status_code == 200


def test_an_admin_sets_the_company_gateway_and_a_bad_one_is_refused_at_its_field(as_admin: Client) -> None:
    client = make_client("Mine")
    values = {"name": "Mine", "region": client.region, "client_id": client.client_id}
    as_admin.post(f"/clients/{client.pk}/edit/", {**values, "company_gateway": "https://gw.example.com/genesys/"})
    client.refresh_from_db()
    assert client.company_gateway == "https://gw.example.com/genesys"
    page = as_admin.post(f"/clients/{client.pk}/edit/", {**values, "company_gateway": "http://169.254.169.254/"})
    assert b'id="id_company_gateway_error"' in page.content
    client.refresh_from_db()
    assert client.company_gateway == "https://gw.example.com/genesys"


def test_a_client_without_a_secret_offers_to_add_it_in_place_of_what_needs_it(as_admin: Client) -> None:
    as_operator = Client()
    as_operator.force_login(make_person("operator"))
    empty = make_client("Empty", org_id="acme", state=OAuthClient.State.NO_SECRET)
    place, secret = f"/clients/{empty.pk}/", f'href="/clients/{empty.pk}/secret/"'
    needs = [f"{place}{act}/" for act in ("health", "verify", "sync", "listing")]

    def offered(browser: Client, page: str) -> tuple[bool, set[str]]:
        text = browser.get(page).content.decode()
        return secret in text, {each for each in needs if f'"{each}"' in text}

    for page in (place, "/orgs/acme/"):
        assert offered(as_admin, page) == (True, set())
        assert offered(as_operator, page) == (False, set())
    other = make_client("Usable", org_id="acme")
    text = as_admin.get("/orgs/acme/").content.decode()
    assert (f'action="/clients/{other.pk}/health/"' in text, secret in text) == (True, False)
