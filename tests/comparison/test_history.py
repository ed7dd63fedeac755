"""When did it break: streaks, breaks and flapping, from rows of verdicts written as letters."""

from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.comparison.history import Flip, Point, PointState, TargetHistory, history_of

BEGAN = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
CAUSES = {".": "none", "x": "authz.permission_missing", "y": "conv.ended", "?": "undetermined", "-": ""}


def points(line: str) -> list[Point]:
    """One run an hour: `.` right, `x` and `y` two causes, `?` could not tell, `-` no verdict, `p` a part that is right."""
    return [
        Point(pk, BEGAN + timedelta(hours=pk), CAUSES.get(letter, "none"), is_whole=letter != "p")
        for pk, letter in enumerate(line, 1)
    ]


def result(line: str) -> TargetHistory:
    return history_of(points(line))


def numbers(flip: Flip | None) -> tuple[int, int] | None:
    return None if flip is None else (flip.before.pk, flip.after.pk)


@pytest.mark.parametrize(
    ("line", "flips"),
    [
        ("", []),
        (".", []),
        ("...", []),
        ("xxx", []),
        ("..xx", [(2, 3)]),
        ("..xx..", [(2, 3), (4, 5)]),
        ("..xy.", [(2, 3), (3, 4), (4, 5)]),
        # an inconclusive run is neither good nor bad
        ("..?x", [(2, 4)]),
        ("..??..", []),
        ("xx?xx", []),
        ("??", []),
        ("..-x", [(2, 4)]),
        # a branch that is right acquits nobody
        ("xxpxx", []),
        ("..px", [(2, 4)]),
    ],
)
def test_flips(line: str, flips: list[tuple[int, int]]) -> None:
    assert [numbers(each) for each in result(line).flips] == flips


@pytest.mark.parametrize(
    ("line", "run", "broke"),
    [
        ("..xx", 4, (2, 3)),
        ("..xx", 3, (2, 3)),
        # asked of a good run, the newest break before it
        ("..xx..", 6, (2, 3)),
        ("..xx..yy", 8, (6, 7)),
        ("..xx..yy", 4, (2, 3)),
        # the second fault came before the first was fixed: it broke once
        ("..xxyy", 6, (2, 3)),
        ("..?xx", 5, (2, 4)),
        # never seen to work, or never seen to fail
        ("xxx", 3, None),
        ("...", 2, None),
        ("..xx", 1, None),
        ("?x", 2, None),
        ("", 1, None),
        # a run that is not among them: the newest break there is
        ("..xx", 99, (2, 3)),
    ],
)
def test_the_break_that_led_to_a_run(line: str, run: int, broke: tuple[int, int] | None) -> None:
    assert numbers(result(line).break_before(run)) == broke


def test_what_was_not_reported_lies_between_the_last_good_and_the_first_bad() -> None:
    broke = result(".??x").break_before(4)
    assert broke is not None
    assert [each.pk for each in broke.unknown] == [2, 3]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("..xx..", ""),
        (".x.x.", ""),
        (".x.x.x", "authz.permission_missing"),
        (".x.x.x.", "authz.permission_missing"),
        (".x?.x-.x.", "authz.permission_missing"),
        # several faults in turn are several faults
        (".x.y.x.y.", ""),
        ("xyxyxyxy", ""),
        # long ago is not lately
        (".x.x.x" + "." * 40, ""),
        ("", ""),
    ],
)
def test_flapping_is_one_cause_that_comes_and_goes(line: str, cause: str) -> None:
    assert result(line).flapping == cause


def test_after_a_break_the_first_good_run_fixed_it() -> None:
    history = result("..xxy?.x")
    broke = history.break_before(4)
    assert broke is not None
    fixed = history.fixed_after(broke)
    assert fixed is not None
    assert fixed.pk == 7
    assert [numbers(each) for each in history.flips_since(broke)] == [(4, 5), (5, 7), (7, 8)]


def test_what_is_still_broken_is_not_fixed() -> None:
    history = result("..xx")
    broke = history.break_before(4)
    assert broke is not None
    assert history.fixed_after(broke) is None


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert history_of(reversed(points("..x?.."))) == result("..x?..")


@pytest.mark.parametrize(
    ("cause", "is_whole", "mood"),
    [
        ("none", True, PointState.GOOD),
        ("none", False, PointState.UNKNOWN),
        ("conv.ended", True, PointState.BAD),
        ("conv.ended", False, PointState.UNKNOWN),
        ("a.cause.no.longer.known", True, PointState.BAD),
        ("undetermined", True, PointState.UNKNOWN),
        ("", True, PointState.UNKNOWN),
    ],
)
def test_moods(cause: str, is_whole: bool, mood: PointState) -> None:
    assert Point(1, BEGAN, cause, is_whole=is_whole).state is mood


def test_a_streak_knows_its_ends_and_what_was_not_reported_in_it() -> None:
    good, bad = result("..?xx-x").streaks
    assert (good.first.pk, good.last.pk, good.is_good) == (1, 2, True)
    assert (bad.first.pk, bad.last.pk, bad.is_good) == (4, 7, False)
    assert [each.pk for each in (*good.unknown, *bad.unknown)] == [3, 6]


@pytest.mark.parametrize(("line", "broke"), [("..xx..yy", (6, 7)), ("..xx..", (2, 3)), ("...", None), ("", None)])
def test_the_newest_break(line: str, broke: tuple[int, int] | None) -> None:
    past = result(line)
    assert numbers(past.break_before(past.points[-1].pk) if past.points else None) == broke


@pytest.mark.parametrize(
    ("line", "earlier"),
    [
        (".x", []),
        (".x.x", [(1, 2)]),
        (".x?.y.x", [(1, 2)]),
        (".y.x", []),
        (".x.y.x.?x", [(1, 2), (5, 6)]),
        (".xyx", []),
    ],
)
def test_earlier_breaks_of_the_same_cause(line: str, earlier: list[tuple[int, int]]) -> None:
    past = result(line)
    newest = past.break_before(past.points[-1].pk)
    assert newest is not None
    assert [numbers(each) for each in past.earlier_breaks(newest)] == earlier
