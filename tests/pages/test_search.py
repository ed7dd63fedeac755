"""One search: what it finds, in which order, and for whom."""

import pytest
from django.db import connection
from django.test import Client

from diagnostics.accounts.models import User
from diagnostics.pages.search import Group, find
from diagnostics.runs.models import Exchange, Run
from tests.factories import make_client, make_exchange, make_provider, make_run, make_user

pytestmark = pytest.mark.django_db

CONVERSATION = "d2eb236c-6a81-49b6-b2f1-f74338655435"


@pytest.fixture
def ada() -> User:
    return make_user("ada")


def titles(groups: list[Group]) -> list[str]:
    return [group.title for group in groups]


def labels(groups: list[Group], title: str) -> list[str]:
    return [hit.label for group in groups if group.title == title for hit in group.hits]


@pytest.mark.parametrize("query", ["{pk}", "run {pk}", "Run {pk}", "#{pk}"])
def test_run_number_leads_to_the_run(as_lead: Client, query: str) -> None:
    run = make_run()
    response = as_lead.get("/search/", {"q": query.format(pk=run.pk)})
    assert response.headers["Location"] == f"/runs/{run.pk}/"


@pytest.mark.parametrize("query", [CONVERSATION, CONVERSATION.upper()])
def test_conversation_id_of_one_run_leads_to_it(as_lead: Client, query: str) -> None:
    run = make_run(conversation_id=CONVERSATION)
    assert as_lead.get("/search/", {"q": query}).headers["Location"] == f"/runs/{run.pk}/"


def test_conversation_id_of_several_runs_lists_them(as_lead: Client) -> None:
    client = make_client()
    runs = [make_run(client, conversation_id=CONVERSATION) for _ in range(2)]
    page = as_lead.get("/search/", {"q": CONVERSATION}).content.decode()
    assert all(f"/runs/{run.pk}/" in page for run in runs)


def test_correlation_id_leads_to_the_request(as_lead: Client) -> None:
    exchange = make_exchange(make_run(), position=3, correlation_id="8c5bb4a3-1111")
    response = as_lead.get("/search/", {"q": "8c5bb4a3-1111"})
    assert response.headers["Location"] == f"/runs/{exchange.run_id}/#request-3"


def test_ids_are_found_by_their_beginning(ada: User) -> None:
    run = make_run(conversation_id=CONVERSATION)
    make_exchange(run, correlation_id="8c5bb4a3-1111")
    assert labels(find(CONVERSATION[:6], ada), "Runs") == [f"Conversation {CONVERSATION}"]
    assert labels(find("8c5b", ada), "Requests") == ["Correlation ID 8c5bb4a3-1111"]


def test_names_are_found_by_any_part(ada: User) -> None:
    client = make_client("Larkspur production", org_id="o-1", org_name="Larkspur Travel")
    make_provider(client, "p-1", name="Larkspur site")
    found = find("larks", ada)
    assert labels(found, "Clients") == ["Larkspur production"]
    assert labels(found, "Orgs") == ["Larkspur Travel"]
    assert labels(found, "Providers") == ["Larkspur site"]


def test_causes_permissions_operations_and_pages_are_found(ada: User) -> None:
    assert "Causes" in titles(find("not_in_api", ada))
    assert "conversation:cobrowse:add" in labels(find("cobrowse:add", ada), "Permissions")
    operation = "POST /api/v2/conversations/{conversationId}/cobrowse"
    assert operation in labels(find("/cobrowse", ada), "Operations")
    assert labels(find("retention", ada), "Pages") == ["Retention"]


def test_group_with_the_best_hit_comes_first(ada: User) -> None:
    make_client("The channels of Larkspur")
    assert titles(find("channels", ada))[0] == "Pages"
    make_client("Retention shop")
    assert titles(find("retention sh", ada)) == ["Clients"]


def test_only_what_the_person_may_see_is_found(ada: User) -> None:
    client = make_client("Larkspur production", org_id="o-1", org_name="Larkspur Travel")
    run = make_run(client, conversation_id=CONVERSATION)
    make_exchange(run, correlation_id="8c5bb4a3-1111")
    make_provider(client, "p-1", name="Larkspur site")
    outsider = make_user("tess", role=User.Role.TEAM_LEAD, is_limited=True, only_orgs=["elsewhere"])
    for query in (str(run.pk), CONVERSATION, CONVERSATION[:5], "8c5bb4a3-1111", "Larkspur", "o-1", "p-1"):
        assert set(titles(find(query, ada))) & {"Runs", "Requests", "Clients", "Orgs", "Providers"}, query
        assert not set(titles(find(query, outsider))) & {"Runs", "Requests", "Clients", "Orgs", "Providers"}, query
    assert "Users" not in labels(find("settings", outsider), "Pages")


@pytest.mark.parametrize(
    "query", ["", " ", "%", "_", "%%%", "a\0b", "x" * 5000, "9" * 19, "9" * 400, "\\", "'\"<b>", "\u202e", "run", "#"]
)
def test_any_input_gives_a_page(as_lead: Client, query: str) -> None:
    assert as_lead.get("/search/", {"q": query}).status_code == 200


def test_wildcards_are_searched_as_they_are(ada: User) -> None:
    make_client("Larkspur")
    assert "Clients" not in titles(find("L%r", ada))


@pytest.mark.parametrize(
    "rows",
    [
        Run.objects.filter(conversation_id__startswith="d2eb2").order_by("-pk"),
        Exchange.objects.filter(correlation_id__startswith="8c5bb").order_by("-run_id", "position"),
    ],
)
def test_beginnings_of_ids_are_looked_up_in_an_index(rows: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = rows.order_by().explain()  # type: ignore[attr-defined]
    assert "~>=~" in plan and "Seq Scan" not in plan, "the operator of an index of beginnings"
