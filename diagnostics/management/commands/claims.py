"""Checks the claims that a text makes about the API."""

import json
import sys
from collections import Counter
from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.claims.checker import MAX_PASTE, TITLES, ClaimCheck, check_text
from diagnostics.claims.claim import CheckedClaim, ClaimVerdict
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.regions import find_region
from diagnostics.management.base import OK, ProductCommand, bad_input, region_named
from diagnostics.orgs.contracts import current_contract, current_version
from diagnostics.text.cleaning import clean_text

SCHEMA_VERSION = 1
SOMETHING_WRONG = 3
OUTCOME_SIGNS = {ClaimVerdict.WRONG: "x", ClaimVerdict.UNKNOWN: "?", ClaimVerdict.SOUND: "+", ClaimVerdict.REAL: "+"}


class Command(ProductCommand):
    help = (
        "Check every path, scope, permission, SDK method, header, host and body field in a text: real, not real or "
        "unknown. Nothing is sent anywhere. Exit code 0 if nothing is wrong, 3 if something is, 2 for bad input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a file with the text, - for standard input")
        parser.add_argument(
            "--region", default="", help="check against that region's API reference instead of the bundled one"
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
        self.stdout.write(f"Checked against {contract.version} of {contract.date}.")
        if checked.partial:
            self.stdout.write(f"\n{checked.partial}")
        if not checked.claims and not checked.partial:
            self.stdout.write("\nThere's nothing about the API in this text.")
        for title, group in checked.by_kind:
            self.stdout.write(f"\n{title}")
            for checked_claim in group:
                self._print_claim(checked_claim)
        if checked.omitted:
            self.stdout.write(f"\n{checked.omitted} more claims aren't shown. Check a shorter text to see them.")
        counted = Counter(checked_claim.result.verdict.label for checked_claim in checked.claims)
        summary = ", ".join(f"{count} {label.lower()}" for label, count in counted.most_common())
        self.stdout.write(f"\n{summary}" if summary else "")

    def _print_claim(self, checked_claim: CheckedClaim) -> None:
        result = checked_claim.result
        gateway = " (only with a provider gateway)" if result.gateway else ""
        label = f"{OUTCOME_SIGNS[result.verdict]} {result.verdict.label}{gateway}"
        self.stdout.write(f"  {label}: {checked_claim.claim.shown}  (line {checked_claim.line})")
        self.stdout.write(f"      {result.sentence}")
        if result.nearest:
            self.stdout.write(f"      Closest match: {', '.join(result.nearest)}")


def as_dict(checked: ClaimCheck, contract: Contract) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "contract": {"version": contract.version, "date": contract.date, "source": contract.source},
        "counts": {str(verdict): count for verdict, count in checked.counts.items()},
        "left_off": checked.omitted,
        "partial": checked.partial,
        "kinds": TITLES,
        "claims": [checked_claim.as_dict() for checked_claim in checked.claims],
    }


def _contract(text: str) -> Contract:
    if not text:
        return bundled()
    # The regions of the demo orgs are known only while those are running.
    is_stored = find_region(text) is None and current_version(text) is not None
    return current_contract(text if is_stored else region_named(text).key)


def _read(name: str) -> str:
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else open(name, "rb") as file:
            data = file.read(4 * MAX_PASTE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        bad_input(f"Can't read the file: {reason}.")
    text = clean_text(data.decode("utf-8-sig", "replace"))
    if not text.strip():
        bad_input("There is nothing in the text. Give a file, or - and the text on standard input.")
    if len(text) > MAX_PASTE:
        bad_input(f"The text is longer than {MAX_PASTE:,} characters. Use a shorter part.")
    return text
