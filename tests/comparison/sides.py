"""Runs as values, for the tests of comparing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from diagnostics.comparison.side import Side
from diagnostics.engine.finding import FindingResult
from diagnostics.parsing.call import FailingCall, ReceivedResponse
from diagnostics.parsing.inputs import Inputs

BEGAN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CONVERSATION = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
OTHER_CONVERSATION = "0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21"
SHOP = "4d0c2a52-9a50-4f4e-9a5e-6f0e7f2c3d03"
START = f"https://api.mypurecloud.ie/api/v2/conversations/{CONVERSATION}/cobrowse"
ON: dict[str, Any] = {
    "name": "Shop",
    "status": "Active",
    "version": "3",
    "cobrowse": True,
    "channels": ["Voice", "Webmessaging"],
}


def make_finding(
    check_id: str,
    outcome: str = "pass",
    code: str = "a",
    subject: str = "",
    check_version: int = 1,
    sentence: str = "A sentence.",
    evidence: dict[str, Any] | None = None,
) -> FindingResult:
    return FindingResult(check_id, check_version, subject, outcome, code, sentence, "", evidence or {})


def environment(**values: Any) -> dict[str, Any]:
    """All is read, and cobrowse could work."""
    return {
        "version": 1,
        "client": {"name": "Acme", "client_id": "client-1", "secret_set_at": "2026-10-03T08:00:00+00:00"},
        "region": "eu-west-1",
        "org": {"id": "org-1", "name": "Acme Insurance"},
        "grant_type": "CLIENT-CREDENTIALS",
        "scopes": ["conversations"],
        "roles": [{"role": "Cobrowse", "division": "Home"}],
        "permissions": {"conversation:cobrowse:add": ["Home"], "conversation:cobrowseVoice:add": []},
        "deployments": {SHOP: ON},
        "deployments_more": False,
        "gateway": False,
        "providers": None,
        "contract": "269.0.0",
        "engine": "1",
        **values,
    }


def side(pk: int, cause: str = "none", findings: tuple[FindingResult, ...] = (), **values: Any) -> Side:
    """A diagnosis of the hour `pk`: right, unless the values say otherwise."""
    because = values.pop("because", [each.check_id for each in findings if each.outcome != "pass"])
    verdict = {"because": because, "also": values.pop("also", [])}
    inputs = values.pop("inputs", Inputs(conversation_id=CONVERSATION))
    defaults: dict[str, Any] = {
        "client_pk": 1,
        "client_name": "Acme",
        "kind": "diagnosis",
        "status": "finished",
        "at": BEGAN + timedelta(hours=pk),
        "certainty": "undetermined" if cause == "undetermined" else "proved",
        "environment": environment(),
        "planned": tuple(dict.fromkeys(each.check_id for each in findings)),
        "target": "start:1",
        "conversation_id": inputs.conversation_id,
    }
    return Side(pk=pk, cause=cause, verdict=verdict, inputs=inputs, findings=findings, **{**defaults, **values})


def call(url: str = START, method: str = "POST", body: str | None = None, **headers: str) -> FailingCall:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return FailingCall(method, url, pairs, body)


def given(
    made: FailingCall | None = None, answer: ReceivedResponse | None = None, conversation: str = CONVERSATION
) -> Inputs:
    return Inputs(made, answer, conversation)
