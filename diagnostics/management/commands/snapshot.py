"""Syncs the configuration of a client's org and shows the changes since the previous sync."""

import json
import sys
import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from diagnostics.demo.in_process_server import serve_demo_region
from diagnostics.demo.registration import register_named
from diagnostics.management.base import INTERNAL_ERROR, OK, UNCLEAR, ProductCommand, bad_input, client_named
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync
from diagnostics.web.refusals import ActionRefused

EXIT_CODES = {
    ConfigurationSync.State.COMPLETE: OK,
    ConfigurationSync.State.PARTIAL: UNCLEAR,
    ConfigurationSync.State.FAILED: INTERNAL_ERROR,
}
CHANGE_SIGNS = {"whole": "+", "absent": "-", "partial": "!", "refused": "!", "failed": "x"}
POLL_SECONDS = 1.0
MAX_CHANGES = 200


class Command(ProductCommand):
    help = "Sync the configuration of a client's org: providers, deployments and the client's permissions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the registered OAuth client")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        register_named(options["name"])
        client = client_named(options["name"])
        serve_demo_region(client.region)
        try:
            snapshot = start_sync(client, source=ConfigurationSync.Source.CLI, user=None) or _latest_sync(client)
        except ActionRefused as error:
            bad_input(str(error))
        self._finish(snapshot, quiet=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(_as_dict(snapshot), indent=2))
        else:
            self._print(snapshot)
        sys.exit(EXIT_CODES[ConfigurationSync.State(snapshot.state)])

    def _finish(self, snapshot: ConfigurationSync, *, quiet: bool) -> None:
        """Run the sync in this process, or wait for the worker that has claimed it."""
        printed = ""
        while True:
            run_sync(snapshot.pk, "cli")
            snapshot.refresh_from_db()
            if not snapshot.is_open:
                return
            if snapshot.error and snapshot.error != printed and not quiet:
                printed = snapshot.error
                self.stdout.write(f"  {printed}")
            time.sleep(_pause(snapshot))

    def _print(self, snapshot: ConfigurationSync) -> None:
        for part in snapshot.parts:
            self.stdout.write(f"  {CHANGE_SIGNS[part['state']]} {part['part']}: {part['sentence']}")
        if snapshot.error:
            self.stdout.write(f"  {snapshot.error}")
        changes = _changes(snapshot)
        for change in changes[:MAX_CHANGES]:
            self.stdout.write(f"  * {_sentence(change)}")
        if len(changes) > MAX_CHANGES:
            self.stdout.write(f"  * and {len(changes) - MAX_CHANGES} more changes")
        state = snapshot.get_state_display().lower()
        self.stdout.write(f"{snapshot.client.name}: {state}, {snapshot.providers} providers, {len(changes)} changes.")


def _latest_sync(client: OAuthClient) -> ConfigurationSync:
    """The client's newest sync: the one that is running, or that has just finished."""
    sync = ConfigurationSync.objects.filter(client=client).order_by("-id").first()
    if sync is None:
        bad_input(f"The client {client.name} was just removed.")
    return sync


def _pause(snapshot: ConfigurationSync) -> float:
    if snapshot.resume_at is None:
        return POLL_SECONDS
    return max(POLL_SECONDS, min(60.0, (snapshot.resume_at - timezone.now()).total_seconds()))


def _changes(snapshot: ConfigurationSync) -> list[OrgChange]:
    return list(OrgChange.objects.filter(sync=snapshot).order_by("id"))


def _sentence(change: OrgChange) -> str:
    about = f"{change.get_about_display()} {change.name or change.ref}".strip()
    if change.kind == OrgChange.Kind.CHANGED:
        return f"{about}: {change.setting} from {_shorten(change.before)} to {_shorten(change.after)}"
    sentence = f"{about}: {change.get_kind_display().lower()}"
    if change.about == OrgChange.About.GRANT:
        sentence += f" ({_shorten(change.after or change.before)})"
    return sentence


def _shorten(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _as_dict(snapshot: ConfigurationSync) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "snapshot": snapshot.pk,
        "client": snapshot.client.name,
        "state": snapshot.state,
        "error": snapshot.error,
        "parts": snapshot.parts,
        "providers": snapshot.providers,
        "changes": [
            {
                "about": change.about,
                "ref": change.ref,
                "name": change.name,
                "kind": change.kind,
                "setting": change.setting,
                "before": change.before,
                "after": change.after,
                "not_before": change.not_before.isoformat() if change.not_before else None,
                "at": change.at.isoformat(),
            }
            for change in _changes(snapshot)
        ],
    }
