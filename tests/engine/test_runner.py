"""The runner: order, prerequisites, independent checks at the same time, a deadline, crashes."""

import threading
from collections.abc import Iterable, Iterator
from itertools import chain

import pytest

from diagnostics.checks.base import Check, CheckContext, Result, Target, failed, passed, skipped, unclear, warned
from diagnostics.engine.runner import CheckRun, run_checks
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.regions import region


@pytest.fixture
def ctx() -> Iterator[CheckContext]:
    where = region("us-east-1")
    genesys = GenesysClient(where, "id", "secret")
    yield CheckContext(Target("diagnosis", where, "client", "id"), genesys, bundled())
    genesys.close()


def make_check(id: str, *results: Result, after: tuple[str, ...] = ()) -> Check:
    return Check(id, id, lambda ctx: results or (passed("fine", "Fine."),), after)


def run(checks: Iterable[Check], ctx: CheckContext, deadline: float = 60) -> list[CheckRun]:
    return list(chain.from_iterable(run_checks(checks, ctx, deadline=deadline)))


def codes(ended: list[CheckRun]) -> dict[str, list[str]]:
    return {each.check.id: [result.code for result in each.results] for each in ended}


def test_it_waits_for_prerequisites(ctx: CheckContext) -> None:
    ended = run([make_check("b.two", after=("a.one",)), make_check("a.one")], ctx)
    assert [each.check.id for each in ended] == ["a.one", "b.two"]


@pytest.mark.parametrize("result", [failed("bad", "Bad."), unclear("odd", "Odd.")])
def test_it_skips_what_needs_a_check_that_did_not_pass(ctx: CheckContext, result: Result) -> None:
    checks = [
        make_check("a.one", result),
        make_check("b.two", after=("a.one",)),
        make_check("c.three", after=("b.two",)),
    ]
    found = codes(run(checks, ctx))
    assert found == {"a.one": [result.code], "b.two": ["prerequisite"], "c.three": ["prerequisite"]}


def test_a_prerequisite_that_was_not_planned_blocks_nothing(ctx: CheckContext) -> None:
    assert codes(run([make_check("b.two", after=("a.one",))], ctx)) == {"b.two": ["fine"]}


def test_the_last_check_waits_for_all_others_however_they_end(ctx: CheckContext) -> None:
    checks = [
        Check("a.end", "x", lambda ctx: (passed("fine", "Fine."),), last=True),
        make_check("b.one", failed("bad", "Bad.")),
        make_check("c.two", after=("b.one",)),
    ]
    ended = run(checks, ctx)
    assert ended[-1].check.id == "a.end"
    assert codes(ended) == {"a.end": ["fine"], "b.one": ["bad"], "c.two": ["prerequisite"]}


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (passed("fine", "Fine."), "fine"),
        (skipped("not_asked", "Not asked."), "fine"),
        (warned("soon", "Soon."), "not_all_right"),
        (failed("bad", "Bad."), "not_all_right"),
        (unclear("odd", "Odd."), "not_all_right"),
        (skipped("prerequisite", "Needs another."), "not_all_right"),
        (skipped("out_of_time", "Too late."), "not_all_right"),
    ],
)
def test_one_that_wants_all_right_comes_last_of_all_and_only_then(ctx: CheckContext, other: Result, code: str) -> None:
    checks = [
        Check("a.start", "x", lambda ctx: (passed("fine", "Fine."),), if_all_right=True),
        Check("b.end", "x", lambda ctx: (passed("fine", "Fine."),), last=True),
        make_check("c.other", other),
    ]
    ended = run(checks, ctx)
    assert [each.check.id for each in ended] == ["c.other", "b.end", "a.start"]
    assert codes(ended)["a.start"] == [code]


def test_independent_checks_run_at_the_same_time(ctx: CheckContext) -> None:
    meeting = threading.Barrier(3, timeout=10)

    def meet(ctx: CheckContext) -> list[Result]:
        meeting.wait()
        return [passed("met", "Met.")]

    found = codes(run([Check(f"a.c{n}", "x", meet) for n in range(3)], ctx))
    assert set(map(tuple, found.values())) == {("met",)}


def test_a_crash_is_an_error_and_keeps_what_came_before(ctx: CheckContext) -> None:
    def crash(ctx: CheckContext) -> Iterator[Result]:
        yield passed("fine", "Fine.")
        raise RuntimeError("boom")

    (ended,) = run([Check("a.one", "x", crash)], ctx)
    assert [(each.outcome.value, each.code) for each in ended.results] == [("pass", "fine"), ("error", "crashed")]


def test_a_crash_reports_the_type_of_the_error_but_not_its_text(ctx: CheckContext) -> None:
    def crash(ctx: CheckContext) -> list[Result]:
        raise RuntimeError("the secret is abc")

    (ended,) = run([Check("a.one", "x", crash)], ctx)
    assert "RuntimeError" in ended.results[0].sentence
    assert "abc" not in ended.results[0].sentence


def test_after_the_deadline_nothing_new_starts(ctx: CheckContext) -> None:
    assert codes(run([make_check("a.one")], ctx, deadline=-1)) == {"a.one": ["out_of_time"]}


def test_one_subject_is_reported_once(ctx: CheckContext) -> None:
    twice = (passed("first", "A.", subject="s"), passed("second", "B.", subject="s"), passed("other", "C."))
    assert codes(run([make_check("a.one", *twice)], ctx)) == {"a.one": ["first", "other"]}


def test_a_check_without_a_result_is_skipped(ctx: CheckContext) -> None:
    (ended,) = run([Check("a.one", "x", lambda ctx: [])], ctx)
    assert [result.code for result in ended.results] == ["nothing_to_say"]
