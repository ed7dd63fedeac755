"""Every verdict of these tests is complete: what it misses would be missing on a page and in the JSON."""

from collections.abc import Iterator
from typing import Any

import pytest

from diagnostics.engine.causes import TITLES
from diagnostics.engine.rules import CERTAINTY_LABELS
from diagnostics.engine.verdict import Verdict


@pytest.fixture(autouse=True, scope="module")
def every_verdict_is_complete() -> Iterator[None]:
    original = Verdict.__init__

    def checked(self: Verdict, *values: Any, **named: Any) -> None:
        original(self, *values, **named)
        assert self.cause in TITLES
        assert self.certainty in CERTAINTY_LABELS
        assert self.sentence.strip()
        assert isinstance(self.remedy, str)
        for anchors in (self.because, self.also, self.ruled_out, self.supported_by):
            assert isinstance(anchors, tuple)
            assert all(isinstance(anchor, str) for anchor in anchors)
        assert all(each.sentence for each in self.unchecked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Verdict, "__init__", checked)
        yield
