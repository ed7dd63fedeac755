"""One row for each rule of when a verdict holds: a letter for each run, oldest first."""

from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.comparison.history import Point
from diagnostics.monitoring.thresholds import (
    Threshold,
    failing_period,
    find_agreement,
    find_changed_cause,
    find_recovery,
    is_flapping,
    stricter,
)

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
CAUSES = {"g": "none", "x": "env.dns", "y": "env.tls", "z": "env.proxy", "u": "undetermined", "i": "env.dns"}
WORD = {"none": "g", "env.dns": "x", "env.tls": "y", "env.proxy": "z", "undetermined": "u"}


def runs(letters: str) -> list[Point]:
    """g right, x y z wrong by a cause each, u could not tell, i cut short."""
    return [
        Point(place, START + timedelta(minutes=5 * place), CAUSES[letter], is_whole=letter != "i")
        for place, letter in enumerate(letters, start=1)
    ]


def held(letters: str, threshold: Threshold) -> str:
    found = find_agreement(runs(letters), threshold)
    return WORD[found.cause] if found else "-"


@pytest.mark.parametrize(
    ("letters", "threshold", "holds"),
    [
        ("", Threshold(), "-"),
        ("g", Threshold(), "-"),
        ("x", Threshold(), "-"),
        ("gg", Threshold(), "g"),
        ("gx", Threshold(), "-"),
        ("ggx", Threshold(), "g"),  # one bad run tells nobody
        ("ggxg", Threshold(), "g"),  # nor does one that is over by the next
        ("ggxx", Threshold(), "x"),
        ("ggxgx", Threshold(), "x"),  # two of three, with a right one between
        ("xxg", Threshold(), "x"),  # nor is one right run the end
        ("xxgg", Threshold(), "g"),
        ("ggxy", Threshold(), "y"),  # wrong twice, by another cause each: the newest of even ones is named
        ("xyx", Threshold(), "x"),  # the one said most often
        ("xyz", Threshold(), "z"),
        ("ggxux", Threshold(), "x"),  # who could not tell is not counted
        ("xxuuuu", Threshold(), "x"),
        ("ggii", Threshold(), "g"),  # cut short is not told either
        ("gguu", Threshold(counts_inconclusive=True), "u"),
        ("gguu", Threshold(), "g"),
        ("x", Threshold(1, 1), "x"),
        ("xg", Threshold(1, 1), "g"),
        ("gxxgx", Threshold(3, 5), "x"),
        ("gxgxg", Threshold(3, 5), "g"),
        ("gx", Threshold(1, 3), "x"),  # less than half is asked for: the newest run decides
        ("xg", Threshold(1, 3), "g"),
    ],
)
def test_what_holds(letters: str, threshold: Threshold, holds: str) -> None:
    assert held(letters, threshold) == holds


@pytest.mark.parametrize(
    ("letters", "reported", "becomes"),
    [
        ("xx", "x", ""),
        ("xxy", "x", ""),  # one run of another cause is nothing new
        ("xxyy", "x", "y"),
        ("xxyxy", "x", "y"),
        ("xxyzy", "x", "y"),
        ("xxyz", "x", ""),
        ("xxyyg", "x", ""),  # the newest says neither: wait for it to settle
    ],
)
def test_another_cause_is_news_only_when_it_holds_by_itself(letters: str, reported: str, becomes: str) -> None:
    assert WORD.get(find_changed_cause(runs(letters), Threshold(), CAUSES[reported]), "") == becomes


@pytest.mark.parametrize(
    ("letters", "last_good", "first_bad"),
    [("ggxx", 2, 3), ("ggxgx", 2, 3), ("xx", None, 1), ("ggxxggx", 6, 7), ("ggxuyx", 2, 3), ("ggg", 3, None)],
)
def test_where_a_break_begins(letters: str, last_good: int | None, first_bad: int | None) -> None:
    good, bad = failing_period(runs(letters), Threshold())
    assert (good.pk if good else None, bad.pk if bad else None) == (last_good, first_bad)


@pytest.mark.parametrize(("letters", "first"), [("xxgg", 3), ("xxgxgg", 5), ("xxgug", 3), ("xxg", 3), ("gxx", None)])
def test_the_first_good_run_of_the_end(letters: str, first: int | None) -> None:
    found = find_recovery(runs(letters), Threshold())
    assert (found.pk if found else None) == first


def test_three_breaks_in_a_day_come_and_go() -> None:
    breaks = [START, START + timedelta(hours=5), START + timedelta(hours=10)]
    assert is_flapping(breaks, START + timedelta(hours=11))
    assert not is_flapping(breaks, START + timedelta(hours=26))
    assert not is_flapping(breaks[:2], START + timedelta(hours=11))


def test_what_comes_and_goes_ends_only_after_twice_as_many_good_runs_without_a_bad_one() -> None:
    steady = stricter(Threshold())
    assert held("xxgggg", steady) == "-"
    assert held("xxgggxgg", steady) == "-"
    assert held("xxgggggg", steady) == "g"
