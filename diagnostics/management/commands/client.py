"""Registers, verifies, edits and lists OAuth clients."""

import getpass
import os
import sys
from typing import Any

from django.core.management.base import CommandParser
from django.db import IntegrityError, transaction

from diagnostics import tasks
from diagnostics.demo.in_process_server import serve_demo_region
from diagnostics.management.base import (
    OK,
    OUTCOME_SIGNS,
    UNCLEAR,
    ProductCommand,
    bad_input,
    client_named,
    region_named,
)
from diagnostics.management.input_files import read_input
from diagnostics.orgs.client_csv import COLUMNS, BadCsv, read_csv
from diagnostics.orgs.client_import import import_clients
from diagnostics.orgs.client_listing import read_listing, register_listed, rows_of, start_listing
from diagnostics.orgs.clients import change_client, create_client, start_verification, verify_client
from diagnostics.orgs.models import ClientListing, OAuthClient
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.company_gateway import BadGateway, clean_gateway
from diagnostics.web.refusals import ActionRefused

ENVIRONMENTS = tuple(each.value for each in OAuthClient.Environment if each)
GATEWAY_HELP = "address and path prefix of your company's own gateway; it only judges pasted URLs"
SECRET_VARIABLE = "GENESYSCLOUD_OAUTHCLIENT_SECRET"  # noqa: S105 - the variable that the official SDKs read


class Command(ProductCommand):
    help = "Register, verify and list OAuth clients."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="act", required=True)
        add = actions.add_parser(
            "add", help="register a client; its secret comes from standard input or the environment"
        )
        add.add_argument("name")
        add.add_argument("--region", required=True, help="eu-west-1, mypurecloud.ie, or a login, api or apps URL")
        add.add_argument("--client-id", required=True)
        add.add_argument("--environment", choices=ENVIRONMENTS, default="", help="environment of the org")
        add.add_argument("--gateway", default="", metavar="URL", help=GATEWAY_HELP)
        import_ = actions.add_parser("import", help="register clients from a CSV file, or those that an org lists")
        import_.add_argument("file", nargs="?", help=f"columns: {', '.join(COLUMNS)}; - reads standard input")
        import_.add_argument("--from-org", metavar="NAME", help="read the org's OAuth clients with this client")
        import_.add_argument("--only", action="append", metavar="CLIENT_ID", help="register only this one; repeatable")
        import_.add_argument("--list", action="store_true", help="only print what the org lists")
        edit = actions.add_parser("edit", help="change a client's environment or company gateway")
        edit.add_argument("name")
        edit.add_argument("--environment", choices=(*ENVIRONMENTS, "unset"), help="environment of the org")
        edit.add_argument("--gateway", metavar="URL", help=f"{GATEWAY_HELP}; none removes it")
        verify = actions.add_parser("verify", help="verify a client again")
        verify.add_argument("name")
        actions.add_parser("list", help="list all clients that aren't retired")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "list":
            self._list()
            return
        if options["act"] == "import":
            if bool(options["file"]) == bool(options["from_org"]):
                bad_input("Give a CSV file, or --from-org with the name of a client.")
            if options["file"]:
                sys.exit(self._import(options["file"]))
            sys.exit(self._import_listed(client_named(options["from_org"]), options["only"], options["list"]))
        client = _add(options) if options["act"] == "add" else client_named(options["name"])
        if client.is_retired:
            bad_input(f"The client {client.name} is retired.")
        if options["act"] == "edit":
            self._edit(client, options["environment"], options["gateway"])
            return
        sys.exit(self._verify(client))

    def _list(self) -> None:
        clients = OAuthClient.objects.filter(retired_at=None).defer("secret")
        if not clients:
            self.stdout.write("No clients yet. Register one with `client add`.")
        for client in clients:
            org = client.org_name or client.org_id or "org not known yet"
            self.stdout.write(
                f"{client.name}\t{client.region}\t{client.client_id}\t{client.get_state_display()}\t{org}"
                f"\t{client.get_environment_display()}\t{client.get_status_display()}"
            )

    def _import(self, file: str) -> int:
        try:
            rows = read_csv(read_input(file))
        except (BadCsv, OSError, Unreadable) as error:
            bad_input(str(error))
        results = import_clients(rows, None)
        for result in results:
            client = result.client
            if client is not None and client.has_secret:
                tasks.send(tasks.verify_client, client.pk)
            state = client.get_state_display().lower() if client else " ".join(result.errors)
            self.stdout.write(f"{result.line}\t{result.name}\t{state}")
        return OK if all(result.client for result in results) else UNCLEAR

    def _import_listed(self, client: OAuthClient, only: list[str] | None, is_only_printed: bool) -> int:
        serve_demo_region(client.region)
        try:
            start_listing(client)
        except ActionRefused as refused:
            bad_input(str(refused))
        read_listing(client.pk)
        listing = ClientListing.objects.select_related("client").get(client=client)
        if listing.state != ClientListing.State.READ:
            self.stderr.write(listing.error)
            return UNCLEAR
        rows = rows_of(listing)
        for row in rows:
            registered = f"registered as {row.registered}" if row.registered else row.listed.unusable
            state = "new" if row.is_new else registered
            self.stdout.write(f"{row.listed.client_id}\t{row.listed.name}\t{state}")
        if is_only_printed:
            return OK
        chosen = [row.listed.client_id for row in rows if row.is_new] if only is None else only
        results = register_listed(listing, dict.fromkeys(chosen, ""), None).values()
        for result in results:
            self.stdout.write(f"{result.name}\t{' '.join(result.errors) or 'registered; add its secret'}")
        return OK if len([result for result in results if result.client]) == len(set(chosen)) else UNCLEAR

    def _edit(self, client: OAuthClient, environment: str | None, gateway: str | None) -> None:
        if environment is None and gateway is None:
            bad_input("Nothing to change. Give --environment, --gateway or both.")
        change_client(
            client,
            name=client.name,
            region_key=client.region,
            client_id=client.client_id,
            environment=client.environment if environment is None else environment.replace("unset", ""),
            company_gateway=None if gateway is None else _gateway("" if gateway == "none" else gateway),
        )
        through = f", through {client.company_gateway}" if client.company_gateway else ""
        self.stdout.write(f"{client.name}: {client.get_environment_display().lower()}{through}.")

    def _verify(self, client: OAuthClient) -> int:
        serve_demo_region(client.region)
        start_verification(client)
        verify_client(client.pk)
        client.refresh_from_db()
        for step in client.verification:
            self.stdout.write(f"  {OUTCOME_SIGNS[step['outcome']]} {step['check']}: {step['sentence']}")
            if step["hint"] and step["outcome"] != "pass":
                self.stdout.write(f"    {step['hint']}")
        is_verified = client.state == OAuthClient.State.VERIFIED
        advice = "" if is_verified else "; the client is kept so you can fix it"
        self.stdout.write(f"{client.name}: {client.get_state_display().lower()}{advice}.")
        return OK if is_verified else UNCLEAR


def _add(options: dict[str, Any]) -> OAuthClient:
    name, client_id = options["name"].strip(), options["client_id"].strip()
    gateway = _gateway(options["gateway"])
    region = region_named(options["region"])
    if not name or len(name) > 120 or not name.isprintable():
        bad_input("The name must have 1 to 120 printable characters.")
    if not client_id or len(client_id) > 120 or not client_id.isprintable() or " " in client_id:
        bad_input("The client id must have 1 to 120 printable characters without spaces; it is usually a UUID.")
    try:
        with transaction.atomic():
            return create_client(
                name=name,
                region_key=region.key,
                client_id=client_id,
                secret=_secret(),
                user=None,
                environment=options["environment"],
                company_gateway=gateway,
            )
    except IntegrityError:
        bad_input(f"Another client is called {name!r} (case doesn't matter). Choose a different name.")


def _gateway(text: str) -> str:
    try:
        return clean_gateway(text)
    except BadGateway as error:
        bad_input(str(error))


def _secret() -> str:
    """The secret from the environment or standard input. Not an argument: all users of the machine can read those."""
    secret = os.environ.get(SECRET_VARIABLE) or (
        getpass.getpass("Client secret: ") if sys.stdin.isatty() else sys.stdin.readline(1000)
    )
    secret = secret.strip()
    if not secret or not secret.isprintable() or len(secret) > 500:
        bad_input(f"No usable secret. Pass it on standard input, or in {SECRET_VARIABLE}.")
    return secret
