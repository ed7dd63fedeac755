"""The MCP server as the official Python client uses it, over HTTP, by the current revision and by the handshake."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ListToolsResult
from pytest_django.live_server_helper import LiveServer

from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import ApiToken, User
from tests.factories import make_client, make_user

pytestmark = pytest.mark.django_db(transaction=True)

THREAD = """POST /api/v2/conversations/chat/{conversationId}/cobrowse {"providerId": "genesys"} gives 404.
Add the scopes `cobrowse:write` and `conversations`, and make sure that the chat is `connected`.
See GET /api/v2/cobrowse/providers and conversation:cobrowse:add, on api.us.genesys.cloud or api.mypurecloud.ie.
"""
PUBLIC = {"check_claims", "search_api", "explain_cause", "explain_permission"}
READING = {"list_clients", "org_status", "list_issues", "get_run", "compare_runs", "impact_of"}


def ask(
    server: LiveServer, mode: str, *calls: tuple[str, dict[str, Any]], token: str = ""
) -> tuple[set[str], list[Any]]:
    """The names of the tools, and the answer of each call."""

    async def session() -> tuple[ListToolsResult, list[Any]]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{server.url}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await client.list_tools(), [await client.call_tool(*call) for call in calls]

    with ThreadPoolExecutor(1) as thread:  # browser tests leave a running event loop in the main one
        listed, results = thread.submit(lambda: asyncio.run(session())).result()
    return {tool.name for tool in listed.tools}, results


def token_of(user: User, scope: str = ApiToken.Scope.RUN) -> str:
    return make_token(user, name="An assistant", scope=scope, days=1)[1]


@pytest.mark.parametrize("mode", ["auto", "2026-07-28", "legacy"])
def test_the_threads_question_is_answered_without_a_token(live_server: LiveServer, mode: str) -> None:
    names, [result] = ask(live_server, mode, ("check_claims", {"text": THREAD}))
    assert names == PUBLIC
    assert not result.is_error
    answer = json.loads(result.content[0].text)
    assert answer["call"]["cause"] == "path.not_in_api"
    assert "/api/v2/conversations/$CONVERSATION_ID/cobrowse" in answer["call"]["correct_call"]
    wrong = {claim["evidence"]["text"] for claim in answer["claims"] if claim["verdict"] == "wrong"}
    assert {"cobrowse:write", "GET /api/v2/cobrowse/providers"} <= wrong


def test_tools_depend_on_the_token_and_show_only_its_orgs(live_server: LiveServer) -> None:
    client = make_client("Reachable")
    ada, limited = make_user("ada"), make_user("lim", role=User.Role.TEAM_LEAD, is_limited=True, only_orgs=["other"])
    names, [listed] = ask(live_server, "auto", ("list_clients", {}), token=token_of(ada))
    assert names == PUBLIC | READING | {"diagnose"}
    assert [each["id"] for each in json.loads(listed.content[0].text)["clients"]] == [client.pk]
    names, [listed] = ask(live_server, "auto", ("list_clients", {}), token=token_of(limited, ApiToken.Scope.READ))
    assert names == PUBLIC | READING
    assert json.loads(listed.content[0].text)["clients"] == []
