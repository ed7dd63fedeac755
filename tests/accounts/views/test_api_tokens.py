"""Pages of API tokens: shown once, one's own alone, and gone when revoked."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from diagnostics.accounts.api_tokens import MOST_TOKENS, make_token, use_token
from diagnostics.accounts.models import ApiToken, AuditEntry, User
from tests.factories import make_person, make_user

pytestmark = pytest.mark.django_db
WHOLE = re.compile(r"cbd_[A-Za-z0-9]{8}_[A-Za-z0-9]{40}")
GIVEN = {"name": "Nightly build", "scope": "run", "days": "30"}


def token_in(page: bytes) -> str:
    found = WHOLE.search(page.decode())
    assert found
    return found[0]


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def test_a_token_is_shown_once_and_only_its_hash_is_stored(as_admin: Client) -> None:
    made = as_admin.post("/settings/tokens/add/", GIVEN)
    text = token_in(made.content)
    token = ApiToken.objects.get()
    assert text.startswith(token.prefix)
    assert not any(text in str(value) for value in ApiToken.objects.values().get().values())
    assert text not in as_admin.get("/settings/tokens/").content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    assert use_token(text).token == token


def test_the_audit_log_has_the_token_s_beginning_and_no_more(as_admin: Client) -> None:
    text = token_in(as_admin.post("/settings/tokens/add/", GIVEN).content)
    entry = AuditEntry.objects.get(action="api_token.created")
    assert (entry.actor, (entry.after or {})["scope"]) == ("ada", "run")
    assert text not in str(entry.__dict__)


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 121}, {"scope": "admin"}, {"days": "36500"}, {"days": "x"}]
)
def test_nothing_is_made_of_wrong_values(wrong: dict[str, str], as_admin: Client) -> None:
    assert as_admin.post("/settings/tokens/add/", {**GIVEN, **wrong}).status_code == 200
    assert not ApiToken.objects.exists()


def test_no_value_of_the_form_makes_a_token_for_somebody_else(as_lead: Client, tess: User) -> None:
    other = make_user("other")
    as_lead.post(
        "/settings/tokens/add/", {**GIVEN, "scope": "read", "owner": other.pk, "owner_id": other.pk, "hash": "x"}
    )
    assert ApiToken.objects.get().owner == tess


@pytest.mark.parametrize("role", [User.Role.TEAM_LEAD, User.Role.AUDITOR])
def test_who_may_not_run_makes_no_token_that_may(role: User.Role) -> None:
    browser_of(make_person(role)).post("/settings/tokens/add/", GIVEN)
    assert not ApiToken.objects.exists()


def test_there_is_an_end_of_tokens(as_admin: Client, ada: User) -> None:
    for _ in range(MOST_TOKENS):
        make_token(ada, name="x", scope="read", days=1)
    as_admin.post("/settings/tokens/add/", GIVEN)
    assert ApiToken.objects.count() == MOST_TOKENS


def test_one_sees_one_s_own_and_an_admin_everybody_s(as_admin: Client, as_lead: Client, ada: User, tess: User) -> None:
    make_token(ada, name="Of Ada", scope="read", days=1)
    make_token(tess, name="Of Tess", scope="read", days=1)
    seen_by_lead, seen_by_admin = (browser.get("/settings/tokens/").content for browser in (as_lead, as_admin))
    assert b"Of Ada" not in seen_by_lead
    assert b"Of Tess" in seen_by_lead
    assert b"Of Tess" in seen_by_admin


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_token_of_somebody_else_is_not_there(method: str, as_lead: Client, ada: User) -> None:
    token, text = make_token(ada, name="Of Ada", scope="read", days=1)
    assert getattr(as_lead, method)(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert use_token(text).token == token


@pytest.mark.parametrize("role", list(User.Role))
def test_everybody_revokes_their_own(role: User.Role) -> None:
    person = make_person(role)
    token, text = make_token(person, name="Mine", scope="read", days=1)
    browser = browser_of(person)
    assert browser.get(f"/settings/tokens/{token.pk}/revoke/").status_code == 200
    assert use_token(text).token is not None
    assert browser.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 302
    assert use_token(text).token is None


def test_an_admin_revokes_anybody_s(as_admin: Client, tess: User) -> None:
    token, text = make_token(tess, name="Of Tess", scope="read", days=1)
    for _ in range(2):
        as_admin.post(f"/settings/tokens/{token.pk}/revoke/")
    assert use_token(text).token is None
    assert AuditEntry.objects.filter(action="api_token.revoked").count() == 1


def test_a_stranger_is_sent_to_the_login(client: Client, ada: User) -> None:
    token, text = make_token(ada, name="Of Ada", scope="read", days=1)
    answer = client.post(f"/settings/tokens/{token.pk}/revoke/")
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login/")
    assert use_token(text).token == token


def test_a_wrong_method_is_refused(as_admin: Client, ada: User) -> None:
    token, _ = make_token(ada, name="Of Ada", scope="read", days=1)
    assert as_admin.delete(f"/settings/tokens/{token.pk}/revoke/").status_code == 405
    assert as_admin.post("/settings/tokens/").status_code == 405


def test_the_list_asks_the_same_for_any_number(
    as_admin: Client, ada: User, queries_of: Callable[[Client, str], int]
) -> None:
    make_token(ada, name="x", scope="read", days=1)
    few = queries_of(as_admin, "/settings/tokens/")
    for _ in range(10):
        make_token(ada, name="x", scope="read", days=1)
    assert queries_of(as_admin, "/settings/tokens/") == few
