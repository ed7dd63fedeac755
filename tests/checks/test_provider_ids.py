"""A wanted providerId against those an org knows."""

import pytest

from diagnostics.checks.provider_ids import Likeness, Match, differs_by, match_id

IDS = ["genesys", "Upscope", "surfly-eu"]


@pytest.mark.parametrize(
    ("wanted", "match"),
    [
        ("genesys", Match(Likeness.EXACT, "genesys")),
        ("Genesys", Match(Likeness.OTHER_CASE, "genesys")),
        (" genesys\n", Match(Likeness.OTHER_CASE, "genesys")),
        ("upscope", Match(Likeness.OTHER_CASE, "Upscope")),
        ("genesis", Match(Likeness.NEAR, "genesys")),
        ("surfly", Match(Likeness.NEAR, "surfly-eu")),
        ("acme", Match(Likeness.NONE)),
        ("", Match(Likeness.NONE)),
        ("x" * 100_000, Match(Likeness.NONE)),
    ],
)
def test_match(wanted: str, match: Match) -> None:
    assert match_id(wanted, IDS) == match


def test_nothing_is_like_nothing() -> None:
    assert match_id("genesys", []) == Match(Likeness.NONE)


def test_an_exact_one_wins_over_one_in_another_case() -> None:
    assert match_id("genesys", ["Genesys", "genesys"]).likeness == Likeness.EXACT


def test_the_nearest_of_several_is_named() -> None:
    assert match_id("genesys-eu", ["genesys-us-east", "genesys-eu1"]).nearest == "genesys-eu1"


@pytest.mark.parametrize(("wanted", "word"), [("Genesys", "case"), ("genesys ", "spaces around")])
def test_what_the_difference_is(wanted: str, word: str) -> None:
    assert word in differs_by(wanted, "genesys")
