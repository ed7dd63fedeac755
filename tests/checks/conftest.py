"""Every result that a check makes in these tests is complete: what it misses would be missing on a page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from diagnostics.checks.base import Result
from diagnostics.checks.outcomes import Outcome


@pytest.fixture(autouse=True, scope="session")
def every_result_is_complete() -> Iterator[None]:
    original = Result.__init__

    def checked(self: Result, *values: Any, **named: Any) -> None:
        original(self, *values, **named)
        assert isinstance(self.outcome, Outcome)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", self.code)
        assert self.sentence.strip()
        assert isinstance(self.hint, str)
        assert isinstance(self.subject, str)
        assert isinstance(self.evidence, dict)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Result, "__init__", checked)
        yield
