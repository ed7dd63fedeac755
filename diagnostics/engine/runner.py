"""Runs checks: each when its prerequisites are done, independent ones at the same time. Knows no database."""

import logging
import time
from collections.abc import Iterable, Iterator
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


@dataclass(frozen=True)
class CheckRun:
    """One check that ended. `path_ms` is the longest chain of calls, in ms, that had to come before its end."""

    check: Check
    results: tuple[Result, ...]
    path_ms: float


def run_checks(
    checks: Iterable[Check], ctx: CheckContext, *, deadline: float = DEADLINE_SECONDS, at_once: int = AT_ONCE
) -> Iterator[CheckRun]:
    """Yield each check as it ends. A prerequisite that was not planned blocks nothing.

    After `deadline` seconds nothing new starts: the rest is `skip / out_of_time`. A check under way is waited for;
    every call it makes has a time limit of its own. A caller that stops early waits for nothing.
    """
    planned = {check.id: check for check in checks}
    order = TopologicalSorter({id: _before(planned[id], planned) for id in sorted(planned)})
    order.prepare()
    ends_at = time.monotonic() + deadline
    done: dict[str, CheckRun] = {}
    running: dict[Future[CheckRun], str] = {}
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="check")
    try:
        while order.is_active():
            for id in sorted(order.get_ready()):
                check = planned[id]
                before = list(done.values()) if check.if_all_right else [done[a] for a in check.after if a in done]
                running[pool.submit(_run_one, check, ctx, before, ends_at)] = id
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                id = running.pop(future)
                done[id] = future.result()
                order.done(id)
                yield done[id]
    finally:
        pool.shutdown(wait=not running, cancel_futures=True)


def _before(check: Check, planned: dict[str, Check]) -> list[str]:
    """The planned checks whose end it waits for."""
    others: list[str] = []
    if check.if_all_right:
        others = [id for id, each in planned.items() if not each.if_all_right]
    elif check.last:
        others = [id for id, each in planned.items() if not (each.last or each.if_all_right)]
    return [*others, *(id for id in check.after if id in planned)]


def _run_one(check: Check, ctx: CheckContext, before: list[CheckRun], ends_at: float) -> CheckRun:
    lane = Lane(check.id, max((ended.path_ms for ended in before), default=0.0))
    if check.if_all_right and (amiss := sorted(ended.check.title for ended in before if _is_amiss(ended))):
        sentence = f"Not done, because not all else is right: {amiss[0]}."
        return CheckRun(check, (skipped("not_all_right", sentence, evidence={"amiss": amiss}),), lane.path_ms)
    unmet = sorted(ended.check.id for ended in before if _blocks(ended) and not check.if_all_right)
    if unmet:
        return CheckRun(
            check, (skipped("prerequisite", f"Needs {unmet[0]} first.", evidence={"needs": unmet}),), lane.path_ms
        )
    if time.monotonic() >= ends_at:
        return CheckRun(
            check, (skipped("out_of_time", "The run's time was over before this was asked."),), lane.path_ms
        )
    with ctx.genesys.lane(lane):
        results = tuple(_collect(check, ctx))
    return CheckRun(check, results, lane.path_ms)


def _blocks(ended: CheckRun) -> bool:
    return any(result.outcome in BLOCKING for result in ended.results)


def _is_amiss(ended: CheckRun) -> bool:
    """Anything but a pass, or a skip of what does not arise."""
    return any(
        result.outcome not in (Outcome.PASS, Outcome.SKIP) or result.code in ("prerequisite", "out_of_time")
        for result in ended.results
    )


def _collect(check: Check, ctx: CheckContext) -> list[Result]:
    """The results of one check, at most one per subject; what came before a crash is kept."""
    results: dict[str, Result] = {}
    try:
        for result in check.run(ctx):
            results.setdefault(result.subject, result)
    except Exception as trouble:
        log.exception("check %s crashed", check.id)
        crash = unclear(
            "crashed",
            f"This check broke ({type(trouble).__name__}); what it would have said is unknown.",
            hint="This is a fault of Cobrowse Doctor, not of the org. The log has the details.",
            subject="" if "" not in results else "crash",
        )
        results.setdefault(crash.subject, crash)
    return list(results.values()) or [skipped("nothing_to_say", "There was nothing here for this check to look at.")]
