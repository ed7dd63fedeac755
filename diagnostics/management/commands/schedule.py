"""Lists, pauses, resumes and runs schedules."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

import config.celery  # noqa: F401 - binds the tasks to the Celery app
from diagnostics import tasks
from diagnostics.management.base import ProductCommand, bad_input
from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.queries.schedules import filtered_schedules
from diagnostics.monitoring.schedules import pause_schedules, resume_schedules, run_schedule_now
from diagnostics.runs.models import Run
from diagnostics.web.refusals import ActionRefused


class Command(ProductCommand):
    help = "List, pause, resume and run schedules."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="act", required=True)
        listed = actions.add_parser("list", help="list all schedules, next run first")
        listed.add_argument("--json", action="store_true", help="print the list as JSON")
        pause = actions.add_parser("pause", help="pause schedules")
        pause.add_argument("--reason", default="", help="why, and until when")
        for action_parser in (pause, actions.add_parser("resume", help="resume schedules")):
            action_parser.add_argument("names", nargs="*", metavar="NAME")
            action_parser.add_argument("--all", action="store_true", help="every schedule")
        run = actions.add_parser("run", help="start an extra run now")
        run.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["act"]
        if action == "list":
            self._list(as_json=options["json"])
        elif action == "run":
            self._run(_schedule_named(options["name"]))
        else:
            self._change(action, options)

    def _list(self, *, as_json: bool) -> None:
        schedules = list(filtered_schedules(None))
        if as_json:
            self.stdout.write(json.dumps({"schedules": [_as_json(schedule) for schedule in schedules]}, indent=2))
            return
        if not schedules:
            self.stdout.write("No schedules yet. Add one under Monitoring.")
        for schedule in schedules:
            due = f"next {schedule.next_run_at:%Y-%m-%d %H:%M:%S} UTC" if schedule.next_run_at else "paused"
            missed = f"\t{schedule.missed} missed" if schedule.missed else ""
            self.stdout.write(f"{schedule.name}\t{schedule.client.name}\t{schedule.description}\t{due}{missed}")

    def _change(self, action: str, options: dict[str, Any]) -> None:
        if bool(options["names"]) == options["all"]:
            bad_input("Name the schedules, or use --all.")
        ids = Schedule.objects.values_list("pk", flat=True)
        chosen = list(ids) if options["all"] else [_schedule_named(name).pk for name in options["names"]]
        if action == "pause":
            count, word = pause_schedules(chosen, None, options["reason"]), "paused"
        else:
            count, word = resume_schedules(chosen), "resumed"
        self.stdout.write(f"{count} of {len(chosen)} {word}.")

    def _run(self, schedule: Schedule) -> None:
        try:
            with transaction.atomic():
                run = run_schedule_now(schedule, None, source=Run.Source.CLI)
                transaction.on_commit(lambda: tasks.send(tasks.execute_run, run.pk))
        except ActionRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"Run {run.pk} of {schedule.name} is queued. See /runs/{run.pk}/.")


def _schedule_named(name: str) -> Schedule:
    schedule = Schedule.objects.select_related("client").defer("client__secret").filter(name__iexact=name).first()
    if schedule is None:
        bad_input(f"Unknown schedule {name!r}. `schedule list` shows all.")
    return schedule


def _as_json(schedule: Schedule) -> dict[str, Any]:
    due, last = schedule.next_run_at, schedule.last_run
    return {
        "name": schedule.name,
        "client": schedule.client.name,
        "kind": schedule.kind,
        "when": schedule.description,
        "zone": schedule.zone,
        "paused": schedule.is_paused,
        "next_run_at": due.isoformat() if due else None,
        "last_run": last.pk if last else None,
        "last_cause": last.cause if last else "",
        "missed": schedule.missed,
    }
