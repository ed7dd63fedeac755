"""Lists the demo scenarios with the expected cause and a command to try."""

import json
import shlex
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from diagnostics.demo.publishing import NotPublished, publish
from diagnostics.demo.scenarios import Scenario, scenarios
from diagnostics.demo.scenarios import scenario as find_scenario
from diagnostics.demo.story import PRODUCTION_CLIENT
from diagnostics.management.base import ProductCommand


class Command(ProductCommand):
    help = (
        "Lists the demo scenarios, each with the expected cause and a command to try. The calls and responses to "
        "paste are written to the folder `demo` in the data folder."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scenario", nargs="?", help="show one scenario with the texts to paste")
        parser.add_argument(
            "--publish",
            choices=("on", "off"),
            help=f"publish the deployments of “{PRODUCTION_CLIENT}” with cobrowse on or off; sync its org or run a "
            "diagnosis to see the change",
        )
        parser.add_argument("--json", action="store_true", help="print all scenarios, or the named one, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["publish"]:
            self.stdout.write(publish_deployments(enabled=options["publish"] == "on"))
            return
        folder = Path(settings.DATA_DIR) / "demo"
        selected = (find(options["scenario"]),) if options["scenario"] else scenarios()
        write_texts(selected, folder)
        if options["json"]:
            rows = [{**scenario.as_json(), "command": scenario.command(folder)} for scenario in selected]
            self.stdout.write(json.dumps(rows[0] if options["scenario"] else rows, indent=2, ensure_ascii=False))
        elif options["scenario"]:
            self.stdout.write(details(selected[0], folder))
        else:
            self.stdout.write(table(selected, folder))


def publish_deployments(*, enabled: bool) -> str:
    try:
        names = publish(enabled=enabled)
    except NotPublished as exc:
        raise CommandError(str(exc)) from None
    state = "on" if enabled else "off"
    return (
        f"Cobrowse is now {state} in: {', '.join(names)}.\nTo see it, sync the org on the page of "
        f"“{PRODUCTION_CLIENT}”, or\n  manage.py snapshot {shlex.quote(PRODUCTION_CLIENT)}\nRestarting the demo "
        "resets it."
    )


def find(id: str) -> Scenario:
    try:
        return find_scenario(id)
    except KeyError:
        raise CommandError(f"There is no demo scenario {id!r}. `manage.py demo` lists them all.") from None


def write_texts(selected: tuple[Scenario, ...], folder: Path) -> None:
    try:
        for scenario in selected:
            scenario.write_texts(folder)
    except OSError as error:
        raise CommandError(
            f"The texts to paste couldn't be written to {folder}: {error.strerror}. "
            "Make the folder writable, or choose another data folder with COBROWSE_DOCTOR_DATA_DIR."
        ) from None


def table(selected: tuple[Scenario, ...], folder: Path) -> str:
    ids = max(len(scenario.id) for scenario in selected)
    causes = max(len(scenario.cause) for scenario in selected)
    rows = [f"{'SCENARIO':{ids}}  {'CAUSE':{causes}}  TITLE AND COMMAND"]
    for scenario in selected:
        rows.append(f"{scenario.id:{ids}}  {scenario.cause:{causes}}  {scenario.title}")
        rows.append(f"{'':{ids}}  {'':{causes}}  {scenario.command(folder)}")
    return "\n".join(rows)


def details(scenario: Scenario, folder: Path) -> str:
    parts = [
        f"{scenario.title}\n{scenario.why}",
        f"Client: {scenario.client}\nExpected: {scenario.cause}, {scenario.certainty}",
    ]
    if scenario.conversation_id:
        parts.append(f"Conversation: {scenario.conversation_id}")
    if scenario.call:
        parts.append(f"Call to paste:\n\n{scenario.call}")
    if scenario.answer:
        parts.append(f"Response to paste:\n\n{scenario.answer}")
    return "\n\n".join([*parts, f"In a terminal:\n\n{scenario.command(folder)}"])
