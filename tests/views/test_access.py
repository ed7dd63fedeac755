"""Who may open which address, by which method. Every address of the product is in the table."""

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from diagnostics import urls
from diagnostics.models import User
from tests.factories import make_client, make_exchange, make_finding, make_known, make_run, make_team_lead

pytestmark = pytest.mark.django_db

READ, WRITE, FORM = ("get",), ("post",), ("get", "post")


@dataclass(frozen=True)
class Address:
    name: str
    methods: tuple[str, ...]
    admins_only: bool
    of: str = ""  # the row that the address belongs to


ADDRESSES = (
    Address("home", READ, admins_only=False),
    Address("clients", READ, admins_only=False),
    Address("client-add", FORM, admins_only=True),
    Address("client-region", READ, admins_only=True),
    Address("client", READ, admins_only=False, of="client"),
    Address("client-verification", READ, admins_only=False, of="client"),
    Address("client-edit", FORM, admins_only=True, of="client"),
    Address("client-secret", FORM, admins_only=True, of="client"),
    Address("client-verify", WRITE, admins_only=True, of="client"),
    Address("client-retire", FORM, admins_only=True, of="client"),
    Address("start", FORM, admins_only=True),
    Address("start-preview", WRITE, admins_only=True),
    Address("runs", READ, admins_only=False),
    Address("run", READ, admins_only=False, of="run"),
    Address("run-json", READ, admins_only=False, of="run"),
    Address("run-history", READ, admins_only=False, of="run"),
    Address("comparison", READ, admins_only=False),
    Address("comparison-raw", READ, admins_only=False),
    Address("run-progress", READ, admins_only=False, of="run"),
    Address("run-exchange", READ, admins_only=False, of="exchange"),
    Address("run-again", WRITE, admins_only=True, of="run"),
    Address("live-start", FORM, admins_only=True, of="run"),
    Address("watch", READ, admins_only=False, of="run"),
    Address("watch-start", WRITE, admins_only=True, of="run"),
    Address("watch-stop", WRITE, admins_only=True, of="run"),
    Address("check-again", WRITE, admins_only=True, of="finding"),
    Address("claims", FORM, admins_only=False),
    Address("checks", READ, admins_only=False),
    Address("retention", READ, admins_only=False),
    Address("retention-passes", READ, admins_only=False),
    Address("retention-preview", READ, admins_only=False),
    Address("retention-apply", WRITE, admins_only=True),
    Address("run-pin", WRITE, admins_only=True, of="run"),
    Address("run-unpin", WRITE, admins_only=True, of="run"),
    Address("findings", READ, admins_only=False),
    Address("finding", READ, admins_only=False, of="known"),
    Address("finding-note", WRITE, admins_only=True, of="known"),
    Address("finding-accept", WRITE, admins_only=True, of="known"),
    Address("finding-end-acceptance", WRITE, admins_only=True, of="known"),
    Address("contract", READ, admins_only=False),
    Address("contract-readings", READ, admins_only=False),
    Address("contract-refresh", WRITE, admins_only=True),
    Address("users", READ, admins_only=True),
    Address("user-add", FORM, admins_only=True),
    Address("user-role", WRITE, admins_only=True, of="user"),
    Address("user-password", FORM, admins_only=True, of="user"),
    Address("user-deactivate", FORM, admins_only=True, of="user"),
    Address("user-activate", WRITE, admins_only=True, of="user"),
)
every_address = pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)


@pytest.fixture
def arguments() -> dict[str, list[int]]:
    run = make_run(make_client())
    exchange, finding = make_exchange(run), make_finding(run)
    return {
        "": [],
        "client": [run.client_id],
        "run": [run.pk],
        "exchange": [run.pk, exchange.position],
        "finding": [run.pk, finding.position],
        "user": [make_team_lead("someone").pk],
        "known": [make_known(run.client).pk],
    }


def test_no_address_is_missing_from_the_table() -> None:
    lists = (
        urls.client_urls,
        urls.run_urls,
        urls.comparison_urls,
        urls.claim_urls,
        urls.contract_urls,
        urls.check_urls,
        urls.known_urls,
        urls.retention_urls,
        urls.user_urls,
    )
    named = {pattern.name for listed in lists for pattern in listed} | {"home"}
    assert {address.name for address in ADDRESSES} == named


@every_address
def test_a_stranger_is_sent_to_the_login(address: Address, arguments: dict[str, list[int]], client: Client) -> None:
    place = reverse(address.name, args=arguments[address.of])
    for method in address.methods:
        answer = getattr(client, method)(place)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login/")


@every_address
def test_any_other_method_is_refused(address: Address, arguments: dict[str, list[int]], as_admin: Client) -> None:
    place = reverse(address.name, args=arguments[address.of])
    for method in {"get", "post", "put", "delete", "patch"} - set(address.methods):
        assert getattr(as_admin, method)(place).status_code == 405


@every_address
def test_a_team_lead_reads_and_changes_nothing(
    address: Address, arguments: dict[str, list[int]], as_lead: Client
) -> None:
    place = reverse(address.name, args=arguments[address.of])
    for method in address.methods:
        assert getattr(as_lead, method)(place).status_code == (403 if address.admins_only else 200)


@every_address
def test_an_admin_may_open_every_page(address: Address, arguments: dict[str, list[int]], as_admin: Client) -> None:
    if "get" in address.methods:
        assert as_admin.get(reverse(address.name, args=arguments[address.of])).status_code == 200


@pytest.mark.parametrize("place", ["/clients/99/", "/runs/99/", "/runs/99/progress/", "/users/99/password/"])
def test_what_is_not_there_is_404(place: str, as_admin: Client) -> None:
    assert as_admin.get(place).status_code == 404


def test_an_id_beyond_the_column_is_404(as_admin: Client) -> None:
    assert as_admin.get(f"/runs/{10**30}/").status_code == 404


def test_a_deactivated_admin_is_out_at_once(as_admin: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert as_admin.get("/").status_code == 302


def test_a_demoted_admin_is_refused_at_once(as_admin: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(role=User.Role.TEAM_LEAD)
    assert as_admin.get("/users/").status_code == 403
