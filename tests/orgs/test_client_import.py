"""Clients from a CSV file, by page and by command."""

import io

import pytest
from django.core.management import call_command
from django.test import Client

from diagnostics.orgs.client_csv import MAX_ROWS, BadCsv, read_csv
from diagnostics.orgs.models import OAuthClient
from tests.factories import make_user

HEADER = "name,region,client_id,secret"


def test_separators_quotes_and_byte_order_marks_are_read() -> None:
    expected = [{"name": "A; B", "region": "eu-west-1", "client_id": "x", "secret": "s"}]
    assert read_csv(f'\ufeff{HEADER}\r\n"A; B",eu-west-1,x,s\r\n\r\n') == expected
    assert read_csv('Name;Region;Client ID;Secret\n"A; B";eu-west-1;x;s') == expected
    assert read_csv("name\tregion\tclient_id\tsecret\nA; B\teu-west-1\tx\ts") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "name,region\na,b",
        f"{HEADER},colour\n",
        f"{HEADER}\n" + "a,b,c,d\n" * (MAX_ROWS + 1),
        "\x00\ud800",
        '"',
    ],
)
def test_what_is_no_file_of_clients_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadCsv, match=r"\.$"):
        read_csv(text)


@pytest.mark.django_db
def test_an_admin_imports_a_file(client: Client, sent_tasks: list[tuple[str, int]]) -> None:
    client.force_login(make_user())
    file = io.BytesIO(f"{HEADER}\nOne,eu-west-1,x,secret-of-one\nTwo,nowhere,y,\nThree,Ireland,z,\n".encode())
    file.name = "clients.csv"
    page = client.post("/clients/import/", {"file": file, "lines": ""}).content.decode()
    assert "2 of 3 clients registered" in page
    assert "secret-of-one" not in page
    assert dict(OAuthClient.objects.values_list("name", "state")) == {"One": "verifying", "Three": "no_secret"}
    again = client.post("/clients/import/", {"lines": f"{HEADER}\nTwo,nowhere,y,secret-of-two"}).content.decode()
    assert "secret-of-two" not in again
    assert "secret-of-three" not in client.post("/clients/import/", {"lines": "secret-of-three"}).content.decode()
    assert sent_tasks == [("verify_client", OAuthClient.objects.get(name="One").pk)]


@pytest.mark.django_db
def test_the_command_imports_and_prints_each_result(
    sent_tasks: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, out = tmp_path_factory.mktemp("csv") / "clients.csv", io.StringIO()
    file.write_text(f"{HEADER}\nOne,eu-west-1,x,s\n")
    with pytest.raises(SystemExit) as ended:
        call_command("client", "import", str(file), stdout=out)
    assert (ended.value.code, out.getvalue()) == (0, "1\tOne\tverifying\n")
