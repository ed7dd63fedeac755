"""Runs, schedules and alerts under faults by seed. `--seeds 10000` runs more of them, `--first-seed N` repeats one."""

import re
from collections.abc import Callable

import pytest

from diagnostics.runs import store_steps, sweep, turns
from diagnostics.storage.clock import database_now
from tests.faults.seeded import Violation, seeded_faults

pytestmark = pytest.mark.django_db(transaction=True)
CHUNKS = 4  # for several processes


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_run_ends_once_with_its_verdict_whatever_happens(chunk: int, pytestconfig: pytest.Config) -> None:
    first, count = pytestconfig.getoption("--first-seed"), pytestconfig.getoption("--seeds")
    with seeded_faults() as shared:
        for seed in range(first + chunk, first + count, CHUNKS):
            shared.run_seed(seed)


def without_lease_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(store_steps, "check_lease", lambda run_id, worker: None)


def claim_of_any_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(turns, "CLAIM", re.sub(r"r\.status = 'queued'", "r.status IN ('queued', 'running')", turns.CLAIM))


def sweep_without_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweep, "database_now", lambda: database_now() + sweep.LONGEST_QUEUED / 2)


@pytest.mark.parametrize("break_it", [without_lease_check, claim_of_any_run, sweep_without_lease])
def test_a_broken_build_is_caught_within_100_seeds(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with seeded_faults() as shared:
        break_it(monkeypatch)
        with pytest.raises(Violation):
            for seed in range(100):
                shared.run_seed(seed)
