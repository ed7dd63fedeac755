"""`manage.py rejudge`: old verdicts that would be different now."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Run
from tests.factories import make_client, make_exchange, make_finding, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> OAuthClient:
    return make_client()


def old_run(client: OAuthClient, cause: str = "none", **values: Any) -> Run:
    """Its one stored exchange is too little evidence to clear the client."""
    run = make_run(client, inputs=Inputs().to_json(), cause=cause, certainty="undetermined", **values)
    make_finding(run, "oauth.token", "pass", code="kept")
    make_exchange(run)
    return run


def judged(*options: str) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("rejudge", "--json", *options, stdout=out)
    reported: dict[str, Any] = json.loads(out.getvalue())
    return int(str(ended.value.code)), reported


def test_a_different_verdict_is_listed_and_exits_3(acme: OAuthClient) -> None:
    run = old_run(acme)
    code, reported = judged()
    assert (code, reported["looked_at"], reported["not_judged"]) == (3, 1, 0)
    (found,) = reported["differing"]
    assert (found["run"], found["then"]["cause"]) == (run.pk, "none")
    assert found["now"]["cause"] != "none"
    assert {each["why"] for each in found["changes"]} <= {
        "new_check",
        "not_kept",
        "version",
        "not_planned",
        "contract",
        "other",
    }
    run.refresh_from_db()
    assert run.cause == "none"


def test_the_same_verdict_exits_0(acme: OAuthClient) -> None:
    old_run(acme, "undetermined")
    assert judged() == (0, {"schema_version": 1, "looked_at": 1, "not_judged": 0, "differing": []})


def test_runs_are_filtered_by_client_day_and_number(acme: OAuthClient) -> None:
    now = timezone.now()
    old_run(make_client("Other"))
    old_run(acme, created_at=now - timedelta(days=9))
    newest = [old_run(acme, created_at=now - timedelta(hours=hours)).pk for hours in (1, 2, 3)]
    _, reported = judged("--client", "acme support", "--since", f"{now - timedelta(days=5):%Y-%m-%d}", "--limit", "2")
    assert [each["run"] for each in reported["differing"]] == newest[:2]
    assert judged("--client", "acme support")[1]["looked_at"] == 4


def test_the_text_output_lists_the_findings_that_differ(acme: OAuthClient) -> None:
    old_run(acme)
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("rejudge", stdout=out)
    assert "then none (undetermined), now " in out.getvalue()
    assert "1 re-evaluated, 1 with a different verdict" in out.getvalue()


@pytest.mark.parametrize("options", [("--since", "tomorrow"), ("--limit", "0"), ("--client", "Nobody")])
def test_bad_input_exits_2(options: tuple[str, ...], acme: OAuthClient) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("rejudge", *options)
    assert refused.value.returncode == 2
