"""Judging a pasted call without an org."""

from diagnostics.engine.call_review import review_call
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.inputs import read_paste
from diagnostics.text import time_budget


def test_a_text_that_used_up_its_time_is_judged_by_what_was_read() -> None:
    inputs = read_paste("POST https://api.mypurecloud.ie/api/v2/conversations/cobrowse/sessions").inputs
    with time_budget.limited(0, iter(range(1_000_000)).__next__):
        review = review_call(inputs, bundled())
    assert review.verdict.cause == "path.not_in_api"
