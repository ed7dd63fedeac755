"""Read what a client's org has set up, and tell what became different since the reading before."""

import json
import sys
import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from diagnostics.demo.registration import register_named
from diagnostics.demo.stand_in import stand_in_for
from diagnostics.management.base import ProductCommand
from diagnostics.management.commands.diagnose import FAULT_OF_OURS, OK, UNCLEAR, bad_input, client_named
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.orgs.sync.snapshots import read_snapshot, start_snapshot
from diagnostics.web.refusals import ActionRefused

EXIT_CODES = {
    ConfigurationSync.State.WHOLE: OK,
    ConfigurationSync.State.PARTIAL: UNCLEAR,
    ConfigurationSync.State.FAILED: FAULT_OF_OURS,
}
CHANGE_SIGNS = {"whole": "+", "absent": "-", "partial": "!", "refused": "!", "failed": "x"}
POLL_SECONDS = 1.0
MOST_SHOWN = 200


class Command(ProductCommand):
    help = "Read what a client's org has set up: its providers, its deployments, and what the client may do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the registered OAuth client")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        register_named(options["name"])
        client = client_named(options["name"])
        stand_in_for(client.region)
        try:
            snapshot = start_snapshot(client, source=ConfigurationSync.Source.CLI, user=None) or _open_one(client)
        except ActionRefused as trouble:
            bad_input(str(trouble))
        self._bring_to_its_end(snapshot, quiet=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(_as_dict(snapshot), indent=2))
        else:
            self._print(snapshot)
        sys.exit(EXIT_CODES[ConfigurationSync.State(snapshot.state)])

    def _bring_to_its_end(self, snapshot: ConfigurationSync, *, quiet: bool) -> None:
        """Works on it here; where a worker has it already, waits for that one."""
        told = ""
        while True:
            read_snapshot(snapshot.pk, "cli")
            snapshot.refresh_from_db()
            if not snapshot.is_open:
                return
            if snapshot.error and snapshot.error != told and not quiet:
                told = snapshot.error
                self.stdout.write(f"  {told}")
            time.sleep(_pause(snapshot))

    def _print(self, snapshot: ConfigurationSync) -> None:
        for part in snapshot.parts:
            self.stdout.write(f"  {CHANGE_SIGNS[part['state']]} {part['part']}: {part['sentence']}")
        if snapshot.error:
            self.stdout.write(f"  {snapshot.error}")
        changes = _changes(snapshot)
        for each in changes[:MOST_SHOWN]:
            self.stdout.write(f"  * {_sentence(each)}")
        if len(changes) > MOST_SHOWN:
            self.stdout.write(f"  * and {len(changes) - MOST_SHOWN} more changes")
        state = snapshot.get_state_display().lower()
        self.stdout.write(f"{snapshot.client.name}: {state}, {snapshot.providers} providers, {len(changes)} changes.")


def _open_one(client: OAuthClient) -> ConfigurationSync:
    """The reading that is under way already; a new one where it ended in this moment."""
    found = ConfigurationSync.objects.filter(client=client).order_by("-id").first()
    if found is None:
        bad_input(f"The client {client.name} has just been removed.")
    return found


def _pause(snapshot: ConfigurationSync) -> float:
    if snapshot.resume_at is None:
        return POLL_SECONDS
    return max(POLL_SECONDS, min(60.0, (snapshot.resume_at - timezone.now()).total_seconds()))


def _changes(snapshot: ConfigurationSync) -> list[OrgChange]:
    return list(OrgChange.objects.filter(snapshot=snapshot).order_by("id"))


def _sentence(change: OrgChange) -> str:
    """One line of plain words: what it is about, and from what to what."""
    about = f"{change.get_about_display()} {change.name or change.ref}".strip()
    told = f"{about}: {change.get_kind_display().lower()}"
    if change.kind != OrgChange.Kind.CHANGED:
        return f"{told} ({_shown(change.after or change.before)})" if change.about == OrgChange.About.GRANT else told
    return f"{about}: {change.setting} from {_shown(change.before)} to {_shown(change.after)}"


def _shown(value: Any) -> str:
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
                "about": each.about,
                "ref": each.ref,
                "name": each.name,
                "kind": each.kind,
                "setting": each.setting,
                "before": each.before,
                "after": each.after,
                "not_before": each.not_before.isoformat() if each.not_before else None,
                "at": each.at.isoformat(),
            }
            for each in _changes(snapshot)
        ],
    }
