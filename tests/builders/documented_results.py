"""Every result that a check makes is complete and documented: what it misses would be missing on a page and in the JSON.

`results.txt` documents the results: check file and code, outcome, "hint" if there is one, and the keys of the evidence.
A code with several lines has several forms. Of a file with no line, only completeness is tested.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from diagnostics.checks.base import Result
from diagnostics.checks.outcomes import Outcome

CHECKS = "diagnostics.checks."
DOCUMENTED = {
    " ".join(line.split()) for line in Path(__file__).with_name("results.txt").read_text(encoding="utf-8").splitlines()
}
FILES = {line.partition(".")[0] for line in DOCUMENTED}


@contextmanager
def documented_results() -> Iterator[None]:
    original = Result.__init__

    def checked(self: Result, *values: Any, **named: Any) -> None:
        original(self, *values, **named)
        assert isinstance(self.outcome, Outcome)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", self.code)
        assert self.sentence.strip()
        assert isinstance(self.hint, str)
        assert isinstance(self.subject, str)
        assert isinstance(self.evidence, dict)
        file = file_of_the_check()
        hint = "hint" if self.hint else ""
        line = " ".join([f"{file}.{self.code}", self.outcome, hint, *sorted(self.evidence)])
        assert file not in FILES or " ".join(line.split()) in DOCUMENTED, f"results.txt hasn't this line: {line}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Result, "__init__", checked)
        yield


def file_of_the_check() -> str:
    """The file of the check that makes a result; "" if a test makes one."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(CHECKS) and module != f"{CHECKS}base":
            return str(module.removeprefix(CHECKS))
        frame = frame.f_back
    return ""
