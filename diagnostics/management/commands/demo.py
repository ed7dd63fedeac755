"""Lists the demo scenarios: what each shows, the cause to expect, and the line to try."""

import json
import shlex
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from diagnostics.demo.publishing import NotPublished, publish
from diagnostics.demo.scenarios import Scenario, scenario, scenarios
from diagnostics.demo.story import PRODUCTION_CLIENT
from diagnostics.management.base import ProductCommand


class Command(ProductCommand):
    help = (
        "Lists the demo scenarios, each with the cause that it was built for and the line to try. The calls and "
        "answers to paste are written to the folder `demo` in the data folder, where those lines find them."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scenario", nargs="?", help="show one scenario whole, with the texts to paste")
        parser.add_argument(
            "--publish",
            choices=("on", "off"),
            help=f"publish the deployments of “{PRODUCTION_CLIENT}” anew, with cobrowse on or off: read its org, or run a "
            "diagnosis, to see the change appear",
        )
        parser.add_argument("--json", action="store_true", help="print all of them, or the one named, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["publish"]:
            self.stdout.write(published(enabled=options["publish"] == "on"))
            return
        folder = Path(settings.DATA_DIR) / "demo"
        chosen = (find(options["scenario"]),) if options["scenario"] else scenarios()
        write_texts(chosen, folder)
        if options["json"]:
            found = [{**each.as_json(), "command": each.command(folder)} for each in chosen]
            self.stdout.write(json.dumps(found[0] if options["scenario"] else found, indent=2, ensure_ascii=False))
        elif options["scenario"]:
            self.stdout.write(whole(chosen[0], folder))
        else:
            self.stdout.write(table(chosen, folder))


def published(*, enabled: bool) -> str:
    try:
        names = publish(enabled=enabled)
    except NotPublished as exc:
        raise CommandError(str(exc)) from None
    word = "on" if enabled else "off"
    return (
        f"Cobrowse is {word} now in: {', '.join(names)}.\nTo see it: read the org anew on the page of "
        f"“{PRODUCTION_CLIENT}”, or\n  manage.py snapshot {shlex.quote(PRODUCTION_CLIENT)}\nA restart of the demo "
        "brings back what it began with."
    )


def find(id: str) -> Scenario:
    try:
        return scenario(id)
    except KeyError:
        raise CommandError(f"There is no demo scenario {id!r}. `manage.py demo` lists them all.") from None


def write_texts(chosen: tuple[Scenario, ...], folder: Path) -> None:
    try:
        for each in chosen:
            each.write_texts(folder)
    except OSError as error:
        raise CommandError(
            f"The texts to paste could not be written to {folder}: {error.strerror}. "
            "Make the folder writable, or choose another data folder with COBROWSE_DOCTOR_DATA_DIR."
        ) from None


def table(chosen: tuple[Scenario, ...], folder: Path) -> str:
    ids = max(len(each.id) for each in chosen)
    causes = max(len(each.cause) for each in chosen)
    rows = [f"{'SCENARIO':{ids}}  {'CAUSE':{causes}}  WHAT IT SHOWS, AND THE LINE TO TRY"]
    for each in chosen:
        rows.append(f"{each.id:{ids}}  {each.cause:{causes}}  {each.title}")
        rows.append(f"{'':{ids}}  {'':{causes}}  {each.command(folder)}")
    return "\n".join(rows)


def whole(each: Scenario, folder: Path) -> str:
    parts = [f"{each.title}\n{each.why}", f"Client: {each.client}\nExpected: {each.cause}, {each.certainty}"]
    if each.conversation_id:
        parts.append(f"Conversation: {each.conversation_id}")
    if each.call:
        parts.append(f"The call to paste:\n\n{each.call}")
    if each.answer:
        parts.append(f"The answer to paste:\n\n{each.answer}")
    return "\n\n".join([*parts, f"In a terminal:\n\n{each.command(folder)}"])
