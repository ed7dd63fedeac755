"""Predictions from stored rows against real runs, for one worked case of each kind of fix. The command measures all."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from diagnostics.evaluation.cases import read_cases
from diagnostics.evaluation.score import inputs_of
from diagnostics.evaluation.what_if import predict_case, real_verdict, stored_run_of
from diagnostics.genesys.contract import bundled
from diagnostics.runs.what_if.changes import ChangeKind, PlannedChange
from diagnostics.runs.what_if.prediction import Predictor

FOLDER = Path(__file__).parent
CASES = {case.id: case for case in read_cases((FOLDER / "cases.json").read_text(encoding="utf-8"))}
# The conversation of the first one can't be read, but its messages can.
CHOSEN = ("AUTHZ-06", "PATH-03", "HOST-02", "AUTHZ-02", "PROV-05", "PROV-09", "CONF-03")
CALLER = "The caller's role"


@pytest.mark.parametrize("id", CHOSEN)
def test_a_fix_is_found_and_predicted_as_a_real_run_finds_it(id: str) -> None:
    found = predict_case(CASES[id])
    assert found is not None
    assert (found.prediction.cause, found.prediction.certainty) == (found.cause, found.certainty)
    assert (found.found, found.requests) == ("right", 0)


@pytest.mark.parametrize(
    "change",
    [
        PlannedChange(ChangeKind.REMOVE_PERMISSION, "conversation:communication:view", CALLER),
        PlannedChange(ChangeKind.REMOVE_ROLE, CALLER),
    ],
    ids=lambda change: change.kind,
)
def test_a_removal_is_predicted_as_a_real_run_finds_it(change: PlannedChange) -> None:
    case = CASES["CTRL-02"]
    inputs = inputs_of(case)
    stored, region = stored_run_of(case, inputs)
    prediction, real = Predictor(stored, region, bundled()).predict([change]), real_verdict(case, inputs, change)
    assert (prediction.cause, prediction.certainty) == (real["cause"], real["certainty"])


def test_the_command_counts_equal_predictions_and_requests(tmp_path: Path) -> None:
    cases = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
    chosen = [case for case in cases if case["id"] in ("HOST-03", "PATH-16")]
    file, out = tmp_path / "cases.json", io.StringIO()
    file.write_text(json.dumps(chosen))
    call_command("evaluate", "--what-if", str(file), "--json", stdout=out)
    counts = json.loads(out.getvalue())
    assert (counts["cases"], counts["single_fix"], counts["equal"], counts["needing_a_value"]) == (2, 1, 1, 1)
    assert counts["requests"] == 0
