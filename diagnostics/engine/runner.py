"""Runs checks in the order of their prerequisites, independent ones in parallel."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter

from diagnostics.checks.base import Check, CheckContext, Result, skipped, unclear
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys.client import Lane

log = logging.getLogger(__name__)

BLOCKING = frozenset({Outcome.FAIL, Outcome.ERROR, Outcome.SKIP})
DEADLINE_SECONDS = 75.0
AT_ONCE = 6
BATCH_PAUSE = 0.005  # seconds


@dataclass(frozen=True)
class CheckRun:
    """One finished check. `path_ms` is the time in ms of the longest chain of requests up to its end."""

    check: Check
    results: tuple[Result, ...]
    path_ms: float


def run_checks(
    checks: Iterable[Check],
    ctx: CheckContext,
    *,
    finished: Mapping[str, tuple[Result, ...]] | None = None,
    deadline: float = DEADLINE_SECONDS,
    at_once: int = AT_ONCE,
) -> Iterator[tuple[CheckRun, ...]]:
    """Yield the checks that finish together, a batch at a time. A prerequisite that isn't planned doesn't block.

    A batch ends when nothing finishes for `BATCH_PAUSE` seconds, which is when the runner waits for a response.
    After `deadline` seconds, not counting waits for the org's rate limit, no check starts, and the rest get
    `skip / out_of_time`; running checks may finish, because each of their requests has its own timeout. If the caller
    stops iterating, nothing is waited for.

    `finished` has the results of checks that aren't repeated, by check ID: others depend on them. They aren't yielded.
    """
    planned = {check.id: check for check in checks}
    order = TopologicalSorter({id: _before(planned[id], planned) for id in sorted(planned)})
    order.prepare()
    ends_at = time.monotonic() + deadline
    done = {id: CheckRun(planned[id], results, 0.0) for id, results in (finished or {}).items() if id in planned}
    running: dict[Future[CheckRun], str] = {}
    batch: list[CheckRun] = []
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="check")
    try:
        while order.is_active():
            while ready := sorted(order.get_ready()):
                for id in ready:
                    if id in done:
                        order.done(id)
                        continue
                    check = planned[id]
                    before = list(done.values()) if check.if_all_right else [done[a] for a in check.after if a in done]
                    running[pool.submit(_run_one, check, ctx, before, ends_at)] = id
            ended = wait(running, BATCH_PAUSE if batch else None, return_when=FIRST_COMPLETED).done
            for future in ended:
                id = running.pop(future)
                done[id] = future.result()
                order.done(id)
                batch.append(done[id])
            if not ended or not order.is_active():
                yield tuple(batch)
                batch.clear()
    finally:
        pool.shutdown(wait=not running, cancel_futures=True)


def _before(check: Check, planned: dict[str, Check]) -> list[str]:
    """The IDs of the planned checks that must finish first."""
    others: list[str] = []
    if check.if_all_right:
        others = [id for id, other in planned.items() if not other.if_all_right]
    elif check.last:
        others = [id for id, other in planned.items() if not (other.last or other.if_all_right)]
    return [*others, *(id for id in check.after if id in planned)]


def _run_one(check: Check, ctx: CheckContext, before: list[CheckRun], ends_at: float) -> CheckRun:
    lane = Lane(check.id, max((finished.path_ms for finished in before), default=0.0))
    if check.if_all_right and (
        not_right := sorted(finished.check.title for finished in before if _is_not_right(finished))
    ):
        sentence = f"Not done, because another check found a problem: {not_right[0]}."
        return CheckRun(check, (skipped("not_all_right", sentence, evidence={"amiss": not_right}),), lane.path_ms)
    unmet = sorted((finished.check for finished in before if _blocks(finished)), key=lambda other: other.id)
    if unmet and not check.if_all_right:
        sentence = f"Skipped, because this check didn't pass: {unmet[0].title}."
        result = skipped("prerequisite", sentence, evidence={"needs": [other.id for other in unmet]})
        return CheckRun(check, (result,), lane.path_ms)
    if time.monotonic() - ctx.genesys.pace.waited_s >= ends_at:
        return CheckRun(check, (skipped("out_of_time", "Skipped, because the run took too long."),), lane.path_ms)
    if check.last or check.if_all_right:
        ctx.genesys.wait_for_prefetched()
    with ctx.genesys.lane(lane):
        results = tuple(_collect(check, ctx))
    return CheckRun(check, results, lane.path_ms)


def _blocks(finished: CheckRun) -> bool:
    return any(result.outcome in BLOCKING for result in finished.results)


def _is_not_right(finished: CheckRun) -> bool:
    """True unless every result is a pass, or a skip because the check doesn't apply."""
    return any(
        result.outcome not in (Outcome.PASS, Outcome.SKIP) or result.code in ("prerequisite", "out_of_time")
        for result in finished.results
    )


def _collect(check: Check, ctx: CheckContext) -> list[Result]:
    """The results of one check, at most one per subject. Results from before a crash are kept."""
    results: dict[str, Result] = {}
    try:
        for result in check.run(ctx):
            results.setdefault(result.subject, result)
    except Exception as error:
        log.exception("check %s crashed", check.id)
        crash = unclear(
            "crashed",
            f"This check crashed ({type(error).__name__}), so its result is unknown.",
            hint="This is a bug in Cobrowse Doctor, not a problem of the org. See the log for details.",
            subject="" if "" not in results else "crash",
        )
        results.setdefault(crash.subject, crash)
    return list(results.values()) or [skipped("nothing_to_say", "There was nothing to check.")]
