"""Every result that a check makes in these tests is complete and documented."""

from collections.abc import Iterator

import pytest

from tests.builders.documented_results import documented_results


@pytest.fixture(autouse=True, scope="module")
def every_result_is_documented() -> Iterator[None]:
    with documented_results():
        yield
