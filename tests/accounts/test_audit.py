"""The audit log: the database itself refuses to change what it says."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from diagnostics.accounts import actor as acting
from diagnostics.accounts.audit import record
from diagnostics.accounts.models import AuditEntry
from tests.factories import PASSWORD, make_client, make_user

pytestmark = pytest.mark.django_db
TOKEN = "kJ8sQ2xLp0vW7rTz4nBy6mHc3fGd9aEu1iOo5SqXwVtRzPkM"


def entry() -> AuditEntry:
    return AuditEntry.objects.create(actor="ada", by="web", action="client.added", name="Acme support")


def test_an_entry_cannot_be_changed() -> None:
    output = entry()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=output.pk).update(actor="eve")
    output.refresh_from_db()
    assert output.actor == "ada"


def test_an_entry_cannot_be_deleted() -> None:
    output = entry()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        output.delete()
    assert AuditEntry.objects.filter(actor="ada").exists()


def test_the_log_cannot_be_emptied() -> None:
    entry()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE diagnostics_auditentry ENABLE TRIGGER audit_no_truncate")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("TRUNCATE diagnostics_auditentry")
    assert AuditEntry.objects.exists()


def test_an_entry_shows_who_what_and_from_where() -> None:
    person = make_user("ada")
    request = acting.Actor(acting.WEB, "192.0.2.7", "abc", lambda: person)
    with acting.acting_as(request):
        output = record(
            "client.changed",
            client := make_client("Acme"),
            before={"environment": "", "name": "Acme"},
            after={"environment": "sandbox", "name": "Acme"},
        )
    output.refresh_from_db()
    assert (output.actor, output.actor_id, output.by, output.address, output.request_id) == (
        "ada",
        person.pk,
        "web",
        "192.0.2.7",
        "abc",
    )
    assert (output.thing, output.thing_id, output.name, output.client_id) == (
        "oauthclient",
        str(client.pk),
        "Acme",
        client.pk,
    )
    assert (output.before, output.after) == ({"environment": ""}, {"environment": "sandbox"})


def test_what_the_product_does_by_itself_has_no_person() -> None:
    output = record("retention.begun")
    assert (output.actor, output.actor_id, output.by, output.address) == ("", None, "system", None)


def test_a_command_names_the_account_that_started_it() -> None:
    with acting.command_line_actor():
        output = record("retention.begun")
    assert output.by == "cli"
    assert "@" in output.actor
    assert output.actor_id is None


@pytest.mark.parametrize("field", ["secret", "signing_secret", "password", "token", "hash", "totp", "api_key"])
def test_a_field_of_a_secret_is_masked_whatever_it_holds(field: str) -> None:
    output = record("x.changed", before={field: "short1"}, after={"nested": [{field: "short2"}], field: "short2"})
    output.refresh_from_db()
    assert "short" not in f"{output.before}{output.after}"
    assert output.after is not None
    assert output.after[field] == "[masked]"


def test_a_secret_in_an_innocent_field_is_masked_by_its_shape() -> None:
    output = record("x.changed", name=f"Bearer {TOKEN}", after={"url": f"https://example.com/?access_token={TOKEN}"})
    output.refresh_from_db()
    assert TOKEN not in f"{output.name}{output.after}"


def test_values_of_any_size_and_kind_fit_into_a_row() -> None:
    deep: dict[str, object] = {}
    for _ in range(50):
        deep = {"in": deep}
    output = record(
        "x.changed",
        name="n" * 10_000,
        after={"a": "x\0" * 10_000, "b": list(range(1_000)), "c": deep, "d": timezone.now()},
    )
    output.refresh_from_db()
    assert len(output.name) <= 300
    assert len(str(output.after)) < 2_000


def test_what_is_rolled_back_was_not_done() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record("client.added")
        raise RuntimeError
    assert not AuditEntry.objects.exists()


def test_a_request_has_an_id_of_ours_and_none_from_outside(client: Client) -> None:
    ids = [client.get("/login/", headers={"X-Request-ID": "theirs"}).headers["X-Request-ID"] for _ in range(2)]
    assert "theirs" not in ids
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("proxies", "passed", "expected"),
    [
        (0, "198.51.100.1", "192.0.2.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 192.0.2.9", "198.51.100.1"),
        (2, "198.51.100.1", "192.0.2.1"),
        (1, "<script>", None),
    ],
)
def test_an_address_is_what_our_own_proxies_saw(
    settings: Settings, proxies: int, passed: str, expected: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": passed})
    assert acting.address_of(request) == expected


def test_signing_in_and_out_is_written_down(client: Client) -> None:
    person = make_user("ada")
    assert client.post("/login/", {"login": "ada", "username": "ada", "password": PASSWORD}).status_code == 302
    client.post("/logout/")
    output = AuditEntry.objects.order_by("id").values_list("action", "actor", "actor_id", "by", "address")
    assert list(output) == [
        (action, "ada", person.pk, "web", "127.0.0.1") for action in ("person.signed_in", "person.signed_out")
    ]


@pytest.mark.parametrize(("typed", "thing"), [("ada", "user"), ("correct-horse-battery", ""), ("a\0b", "")])
def test_a_failed_sign_in_names_the_account_and_never_what_was_typed(client: Client, typed: str, thing: str) -> None:
    make_user("ada")
    client.post("/login/", {"login": typed, "username": typed, "password": "not-the-password"})
    for output in AuditEntry.objects.filter(action="person.sign_in_failed"):
        assert (output.thing, output.actor) == (thing, "")
        assert "correct-horse" not in output.name
        assert "not-the-password" not in str(output.__dict__)
