"""The OAuth clients that an org lists: read on request, and those chosen registered without a secret."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from diagnostics.accounts.models import AuditEntry
from diagnostics.demo import server
from diagnostics.genesys.documents.oauth_clients import MOST_CLIENTS, MOST_PAGES, PERMISSION, ClientList, read_clients
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.orgs.client_listing import read_listing, rows_of, start_listing
from diagnostics.orgs.models import ClientListing, OAuthClient
from tests.factories import make_client, make_user
from tests.orgs.test_usage import orgs, registered, running  # noqa: F401 - fixtures

NAME = "Demo: published API"


def response_of(data: Any, status: int = 200) -> OrgResponse:
    return OrgResponse(HttpExchange("GET", "https://api.mypurecloud.com", None, 1.0, status), data)  # type: ignore[arg-type]


def page_of(*numbers: int, **more: object) -> dict[str, object]:
    entities = [{"id": f"id-{number}", "name": "x", "authorizedGrantType": "client-credentials"} for number in numbers]
    return {"entities": [*entities, "odd", {"id": 7}], **more}


def read(*pages: object) -> tuple[ClientList | UnreadableResponse, list[dict[str, int]]]:
    queries: list[dict[str, int]] = []

    def get(path: str, **query: int) -> OrgResponse:
        queries.append(query)
        return response_of(pages[min(len(queries), len(pages)) - 1])

    return read_clients(get), queries


def test_pages_are_read_until_none_is_left_or_one_repeats() -> None:
    found, queries = read(page_of(1, 2, nextUri="/x"), page_of(3))
    assert isinstance(found, ClientList)
    assert ([each.client_id for each in found.clients], found.is_cut) == (["id-1", "id-2", "id-3"], False)
    assert queries == [{}, {"pageNumber": 2}]
    assert not any(each.unusable for each in found.clients)
    _, queries = read(page_of(1, 2, nextUri="/x"))
    assert len(queries) == 2


def test_reading_is_bounded() -> None:
    found, queries = read(page_of(*range(MOST_CLIENTS + 1), nextUri="/x"))
    assert isinstance(found, ClientList)
    assert (len(found.clients), found.is_cut, len(queries)) == (MOST_CLIENTS, True, 1)
    found, queries = read(*(page_of(number, nextUri="/x") for number in range(MOST_PAGES + 5)))
    assert isinstance(found, ClientList)
    assert (len(found.clients), found.is_cut, len(queries)) == (MOST_PAGES, True, MOST_PAGES)


@pytest.mark.parametrize("document", [None, [], {"entities": 1}, {"entities": {"id": "x"}}])
def test_what_is_no_list_is_unreadable(document: object) -> None:
    assert isinstance(read(document)[0], UnreadableResponse)


@pytest.mark.django_db
def test_new_clients_are_registered_without_secret_and_others_are_explained(
    orgs: server.Running,  # noqa: F811
    as_admin: Client,
    sent_tasks: list[tuple[str, int]],
) -> None:
    source = registered(orgs, NAME)
    address = f"/clients/{source.pk}/listing/"
    assert as_admin.get(address).status_code == 200
    assert as_admin.post(f"{address}read/").status_code == 302
    assert as_admin.post(f"{address}read/").status_code == 302
    assert sent_tasks == [("read_client_listing", source.pk)]
    assert as_admin.get(f"{address}state/").status_code == 204
    read_listing(source.pk)
    rows = {row.listed.name: row for row in rows_of(ClientListing.objects.get())}
    new = [name for name, row in rows.items() if row.is_new]
    assert "Chat routing" in new
    assert rows[NAME].registered == source
    unusable = {name for name, row in rows.items() if row.listed.unusable}
    assert {"Store kiosk", "Agent desktop", "Reporting (old)"} <= unusable
    with connection.cursor() as cursor:
        cursor.execute("SELECT entries::text FROM diagnostics_clientlisting")
        assert "demo-only" not in cursor.fetchone()[0]
    make_client("chat routing", client_id="another")
    chosen = [rows[name].listed.client_id for name in ("Chat routing", "Agent desktop", NAME)]
    page = as_admin.post(address, {"chosen": chosen})
    assert page.context["registered"] == 1
    added = OAuthClient.objects.get(client_id=chosen[0])
    assert (added.state, added.org_id, added.region) == ("no_secret", source.org_id, source.region)
    assert added.name.startswith("Chat routing (")
    assert AuditEntry.objects.filter(action="client.added", thing_id=str(added.pk)).exists()
    assert as_admin.post(address, {"chosen": chosen}).context["registered"] == 0


@pytest.mark.django_db
def test_a_client_without_the_permission_learns_which_one_enables_it(orgs: server.Running) -> None:  # noqa: F811
    source = registered(orgs, "Demo: no role")
    make_user()
    assert start_listing(source)
    read_listing(source.pk)
    listing = ClientListing.objects.get()
    assert (listing.state, PERMISSION in listing.error) == ("denied", True)


@pytest.mark.django_db
def test_the_command_lists_and_registers(orgs: server.Running) -> None:  # noqa: F811
    registered(orgs, NAME)

    def run(*arguments: str) -> tuple[Any, str]:
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("client", "import", "--from-org", NAME, *arguments, stdout=out)
        return ended.value.code, out.getvalue()

    code, printed = run("--list")
    assert (code, OAuthClient.objects.count()) == (0, 1)
    client_id = next(line.split("\t")[0] for line in printed.splitlines() if "\tChat routing\t" in line)
    assert run("--only", client_id)[0] == 0
    assert OAuthClient.objects.get(client_id=client_id).state == "no_secret"
    assert run("--only", "nowhere")[0] == 4
