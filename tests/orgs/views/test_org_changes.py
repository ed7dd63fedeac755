"""The list of what changed in the orgs: narrowing, paging, from what to what."""

from collections.abc import Callable

import pytest
from django.test import Client

from diagnostics.orgs.queries.org_changes import CHANGES_PAGE
from tests.factories import make_client, make_org_change, make_provider

pytestmark = pytest.mark.django_db


def page(browser: Client, **query: str) -> str:
    answer = browser.get("/changes/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(output: str) -> int:
    return output.count('<tr id="change-')


def test_a_change_shows_its_subject_old_and_new_value_and_time(as_lead: Client) -> None:
    provider = make_provider(name="Shop")
    make_org_change(
        provider.client,
        provider=provider,
        name="Shop",
        kind="changed",
        setting="channels",
        before=["Webmessaging", "Voice"],
        after=["Voice"],
    )
    output = page(as_lead)
    for part in ("Channels", "Web messaging, Voice", f"/providers/{provider.pk}/", "after"):
        assert part in output


def test_a_renamed_provider_is_recognized_by_its_id(as_lead: Client) -> None:
    client = make_client()
    for ref, kind in (("Genesys", "vanished"), ("genesys", "appeared")):
        make_org_change(client, about="gateway", kind=kind, ref=ref, name="Genesys Cloud", setting="")
    output = page(as_lead)
    assert all(f">{ref}<" in output for ref in ("Genesys", "genesys"))


def test_it_is_narrowed_by_each_thing(as_lead: Client) -> None:
    provider = make_provider()
    make_org_change(provider.client, provider=provider, name="Shop", setting="enabled")
    make_org_change(make_client("Other", org_name="Globex"), about="grant", kind="vanished", name="Agent role")
    for query in (
        {"provider": str(provider.pk)},
        {"about": "grant"},
        {"kind": "vanished"},
        {"org": "globex"},
        {"q": "agent R"},
        {"q": "enabled", "about": "deployment"},
    ):
        assert rows(page(as_lead, **query)) == 1, query
    assert rows(page(as_lead)) == 2


def test_paging_goes_on_below_the_last_row(as_lead: Client) -> None:
    client = make_client()
    made = [make_org_change(client).pk for _ in range(CHANGES_PAGE + 3)]
    assert rows(page(as_lead)) == CHANGES_PAGE
    assert f"before={made[3]}" in page(as_lead)
    assert rows(page(as_lead, before=str(made[3]))) == 3


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 1.5, "x" * 10_000, ["a", ["b"]], {"a": {"b": None}}, [{"urlFragment": "/", "condition": "Is"}]],
)
def test_any_value_is_shown(as_lead: Client, value: object) -> None:
    make_org_change(kind="changed", setting="made-up", before=value, after=value)
    assert rows(page(as_lead)) == 1


@pytest.mark.parametrize("name", ["q", "org", "client", "provider", "about", "kind", "before", "nonsense"])
@pytest.mark.parametrize("value", ["x" * 100_000, "9" * 400, "<b>", "-1"])
def test_what_is_not_understood_is_named_and_narrows_nothing(as_lead: Client, name: str, value: str) -> None:
    make_org_change()
    output = page(as_lead, **{name: value})
    assert "<b><" not in output
    if name not in ("q", "org"):
        assert f"<code>{name}=" in output
        assert rows(output) == 1


def test_an_empty_list_and_an_empty_result_each_explain_why(as_lead: Client) -> None:
    assert "No changes yet" in page(as_lead)
    assert "No change matches" in page(as_lead, kind="vanished")


def test_more_rows_cost_no_more_queries(as_lead: Client, queries_of: Callable[[Client, str], int]) -> None:
    first = make_provider()
    make_org_change(first.client, provider=first)
    few = queries_of(as_lead, "/changes/")
    for number in range(5):
        provider = make_provider(make_client(f"More {number}"))
        make_org_change(provider.client, provider=provider)
    assert queries_of(as_lead, "/changes/") == few


def test_strangers_sign_in_and_nothing_is_posted(client: Client, as_admin: Client) -> None:
    assert client.get("/changes/").headers["Location"].startswith("/login/")
    assert as_admin.post("/changes/").status_code == 405


def test_a_change_of_status_names_the_client_and_the_cause(as_lead: Client) -> None:
    client = make_client("Acme support")
    values = {"setting": "status", "name": "No cobrowse license", "before": "Working", "after": "Down"}
    make_org_change(client, about="status", kind="changed", **values)
    output = page(as_lead)
    assert f'<a href="/clients/{client.pk}/">Acme support</a> <span class="sub">No cobrowse license</span>' in output
