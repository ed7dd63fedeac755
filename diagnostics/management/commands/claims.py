"""Judge what a text claims about the API."""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import CommandError, CommandParser

from diagnostics.claims.checker import MAX_PASTE, TITLES, ClaimCheck, check_text
from diagnostics.claims.claim import CheckedClaim, ClaimVerdict
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.regions import find_region, nearest_regions
from diagnostics.management.base import ProductCommand
from diagnostics.orgs.contract_in_force import contract_in_force, version_in_force
from diagnostics.text.cleaning import clean_text

SCHEMA_VERSION = 1
OK, BAD_INPUT, SOMETHING_WRONG = 0, 2, 3
OUTCOME_SIGNS = {ClaimVerdict.WRONG: "x", ClaimVerdict.UNKNOWN: "?", ClaimVerdict.SOUND: "+", ClaimVerdict.REAL: "+"}


class Command(ProductCommand):
    help = (
        "Judge every path, scope, permission, SDK method, header, host and body field that a text names: "
        "real, wrong or unknown. Nothing is sent anywhere. Exit code 0 nothing wrong, 3 something wrong, 2 bad input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the text, - for standard input")
        parser.add_argument(
            "--region", default="", help="judge against that region's contract instead of the bundled one"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        contract = _contract(options["region"])
        checked = check_text(_read(options["file"]), contract)
        if options["json"]:
            self.stdout.write(json.dumps(as_dict(checked, contract), indent=2, ensure_ascii=False))
        else:
            self._print(checked, contract)
        sys.exit(SOMETHING_WRONG if checked.has_wrong_claims else OK)

    def _print(self, checked: ClaimCheck, contract: Contract) -> None:
        self.stdout.write(f"Judged against the contract {contract.version} of {contract.date}.")
        if checked.partial:
            self.stdout.write(f"\n{checked.partial}")
        if not checked.claims and not checked.partial:
            self.stdout.write("\nThe text names nothing of the API.")
        for title, group in checked.by_kind:
            self.stdout.write(f"\n{title}")
            for each in group:
                self._print_one(each)
        if checked.omitted:
            self.stdout.write(f"\n{checked.omitted} more claims were left off: paste a shorter text.")
        counted = ", ".join(f"{count} {verdict}" for verdict, count in checked.counts.items() if count)
        self.stdout.write(f"\n{counted}" if counted else "")

    def _print_one(self, each: CheckedClaim) -> None:
        mark, verdict = OUTCOME_SIGNS[each.result.verdict], each.result.verdict
        gateway = " (behind a provider gateway only)" if each.result.gateway else ""
        self.stdout.write(f"  {mark} {verdict}{gateway}: {each.claim.shown}  (line {each.line})")
        self.stdout.write(f"      {each.result.sentence}")
        if each.result.nearest:
            self.stdout.write(f"      Nearest: {', '.join(each.result.nearest)}")


def as_dict(checked: ClaimCheck, contract: Contract) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "contract": {"version": contract.version, "date": contract.date, "source": contract.source},
        "counts": {str(verdict): count for verdict, count in checked.counts.items()},
        "left_off": checked.omitted,
        "partial": checked.partial,
        "kinds": TITLES,
        "claims": [each.as_dict() for each in checked.claims],
    }


def _contract(text: str) -> Contract:
    if not text:
        return bundled()
    where = find_region(text)
    if where is None and version_in_force(text) is None:  # a demo region is known only while it is served
        _refuse(f"No region is known as {text[:60]!r}. Near come {', '.join(r.key for r in nearest_regions(text))}.")
    return contract_in_force(where.key if where else text)


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read(4 * MAX_PASTE + 1) if name == "-" else _file(Path(name))
    except (OSError, ValueError) as trouble:
        _refuse(
            f"The file could not be read: {getattr(trouble, 'strerror', None) or trouble}. Give the path of a text."
        )
    text = clean_text(data.decode("utf-8-sig", "replace"))
    if not text.strip():
        _refuse("There is nothing in the text. Give a file, or - and the text on standard input.")
    if len(text) > MAX_PASTE:
        _refuse(f"The text is longer than the {MAX_PASTE:,} characters that are read. Cut out the part in question.")
    return text


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4 * MAX_PASTE + 1)


def _refuse(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=BAD_INPUT)
