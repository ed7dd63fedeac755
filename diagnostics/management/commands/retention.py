"""Shows what the retention rules would delete, and deletes it with --apply."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from diagnostics.management.base import ProductCommand
from diagnostics.operations.models import RetentionPass
from diagnostics.operations.queries import retention
from diagnostics.operations.queries.retention import RetentionPreview, rules_in_force
from diagnostics.operations.retention import start_pass, work_on_pass
from diagnostics.web.refusals import ActionRefused


class Command(ProductCommand):
    help = "Show what the retention rules would delete now. Nothing is deleted without --apply."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="delete")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        previews = retention.preview(rules_in_force(), None)
        done = self._apply() if options["apply"] else None
        if options["json"]:
            rules = [_as_json(preview) for preview in previews]
            deleted, left_month = (done.deleted, done.left_month) if done else (None, False)
            self.stdout.write(json.dumps({"rules": rules, "deleted": deleted, "left_month": left_month}, indent=2))
            return
        for preview in previews:
            duration = "kept forever" if preview.days is None else f"kept for {preview.days} days"
            expired = ", ".join(f"{past.noun} {past}" for past in preview.past if past.count)
            self.stdout.write(f"{preview.label}: {duration}; to delete: {expired or 'nothing'}")
            if preview.timing:
                self.stdout.write(f"  {preview.timing}")
        if done is None:
            self.stdout.write("Nothing was deleted. Add --apply to delete.")
        else:
            counts = ", ".join(f"{noun} {count}" for noun, count in done.deleted.items())
            self.stdout.write(f"Deleted: {counts or 'nothing'}.")
            if done.note:
                self.stdout.write(done.note)

    def _apply(self) -> RetentionPass:
        """Run a whole pass in this process. If it is interrupted, a worker continues it at the next tick."""
        try:
            started = start_pass(None)
        except ActionRefused as refused:
            raise CommandError(str(refused)) from None
        while started.is_open:
            if not work_on_pass(started.pk):
                raise CommandError("A worker took over this cleanup and continues it.")
            started.refresh_from_db()
        return started


def _as_json(preview: RetentionPreview) -> dict[str, Any]:
    return {
        "kind": preview.kind,
        "days": preview.days,
        "cutoff": preview.cutoff.isoformat() if preview.cutoff else None,
        "past": [{"noun": past.noun, "count": past.count, "is_more": past.is_more} for past in preview.past],
    }
