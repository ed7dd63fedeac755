"""A failure is judged by the configuration of its time, as far as that is kept, and never by today's."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from diagnostics.checks.base import CheckContext, Target
from diagnostics.engine.as_it_was import Configuration, StoredHistory, judge_as_it_was, narrowed, verdict_of_today
from diagnostics.engine.call_review import NoOrg, review_call
from diagnostics.engine.diagnosis import aim_of, verdict_with_fix
from diagnostics.engine.facts import DeploymentFacts, OrgFacts
from diagnostics.engine.finding import FindingResult
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.documents.deployment import LIST_PATH, Deployment
from diagnostics.genesys.documents.gateway_providers import GatewayProvider
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.regions import region
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.inputs import Inputs

ID = "d2eb236c-6a81-49b6-b2f1-f74338655435"
AT = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
NOW = AT + timedelta(days=3)
CALL = f"POST https://api.mypurecloud.com/api/v2/conversations/{ID}/cobrowse"
HOUR = timedelta(hours=1)
OFF, ON = "config.cobrowse_disabled", "undetermined"
LISTED = {"conversation:cobrowse:add": True, "conversation:cobrowsevoice:add": True}
PERMISSIONS: dict[str, Any] = {
    "client": {"grant_type": "CLIENT-CREDENTIALS", "scopes": []},
    "grants": [
        {
            "role": "Cobrowse",
            "role_id": "1",
            "division": "*",
            "policies": ["conversation:cobrowse:add"],
            "conditional": [],
        }
    ],
    "catalogue": LISTED,
    "read": {"subjects/me": "ok"},
}


def inputs_of(status: int = 404, call: str = CALL) -> Inputs:
    code = "not.found" if status == 404 else "missing.any.permissions"
    message = "x" if status == 404 else "You must have at least one of: [conversation:cobrowse:add]"
    answer = f'HTTP/1.1 {status} X\n\n{{"message": "{message}", "code": "{code}", "status": {status}}}'
    found, _ = Inputs.from_paste(call, answer)
    return replace(found, failed_at=AT.isoformat())


def configuration(*, on: bool | None = True, role: bool = True, **fields: Any) -> Configuration:
    held = PERMISSIONS if role else {**PERMISSIONS, "grants": []}
    found = (
        () if on is None else (Deployment("web", "Web", "Active", {"enabled": on, "channels": ["Webmessaging"]}, "4"),)
    )
    return replace(Configuration(held, found, gateway=False), **fields)


def history_of(before: Configuration | None, after: Configuration | None, *changes: str) -> StoredHistory:
    return StoredHistory(AT, before, AT - HOUR if before else None, after, AT + HOUR if after else None, None, changes)


def responses(**documents: Any) -> list[OrgResponse]:
    return [
        OrgResponse(HttpExchange("GET", f"https://h{path}", NOW, 1.0, 200), data) for path, data in documents.items()
    ]


def identified() -> FindingResult:
    return FindingResult("oauth.identity", 1, "", "pass", "known", "Known.", "")


def judged(
    history: StoredHistory | None,
    inputs: Inputs | None = None,
    read: list[OrgResponse] | None = None,
    today: Mapping[str, Any] | None = None,
    now: datetime = NOW,
) -> dict[str, Any]:
    inputs = inputs or inputs_of()
    contract, where = bundled(), region("us-east-1")
    ctx = CheckContext(
        Target("diagnosis", where, "c", "id", inputs.conversation_id),
        cast("GenesysClient", NoOrg()),
        contract,
        inputs.call,
        inputs.response,
        aim_of(inputs, contract),
        now=lambda: now,
    )
    findings = [*review_call(inputs, contract, where).findings, identified()]
    of_today = verdict_with_fix(findings, inputs, where, contract, ctx.aim) | dict(today or {})
    return judge_as_it_was(of_today, findings, read or [], ctx, inputs, history)


@pytest.mark.parametrize(
    ("before", "after", "cause", "certainty", "basis"),
    [
        (configuration(on=False), configuration(on=False), OFF, "proved", "in_force"),
        (configuration(), configuration(), ON, "undetermined", "in_force"),
        (configuration(), configuration(on=False), OFF, "likely", "changed_between"),
        (configuration(on=False), configuration(), OFF, "likely", "changed_between"),
        (configuration(on=False), configuration(deployments=None), OFF, "likely", "read_before"),
        (configuration(deployments=None), configuration(on=False), ON, "undetermined", "read_before"),
        # What a sync couldn't read shows nothing.
        (configuration(deployments=None), configuration(deployments=None), ON, "undetermined", "read_before"),
    ],
)
def test_two_syncs_that_agree_prove_what_was_in_force(
    before: Configuration | None, after: Configuration | None, cause: str, certainty: str, basis: str
) -> None:
    verdict = judged(history_of(before, after), today={"cause": "auth.client_rejected", "certainty": "proved"})
    assert (verdict["cause"], verdict["certainty"], verdict["as_of"]["basis"]) == (cause, certainty, basis)
    assert verdict["as_of"]["today"]["cause"] == "auth.client_rejected"
    assert verdict_of_today(verdict)["cause"] == "auth.client_rejected"


def test_todays_finding_never_decides_what_was_then() -> None:
    today = {"cause": OFF, "certainty": "proved"}
    assert judged(history_of(configuration(), configuration()), today=today)["cause"] == ON


def test_if_nothing_is_stored_of_then_what_is_wrong_today_is_likely() -> None:
    today = {"cause": OFF, "certainty": "proved", "because": ["finding-deployments-cobrowse"]}
    for after in (None, configuration()):
        verdict = judged(history_of(None, after), today=today)
        assert (verdict["cause"], verdict["certainty"]) == (OFF, "likely")
        assert verdict["as_of"]["basis"] == "nothing_stored"
        assert verdict_of_today(verdict) is verdict


@pytest.mark.parametrize(("cause", "expected"), [("conv.ended", "conv.ended"), (OFF, ON)])
def test_a_conversation_that_started_after_the_failure_is_judged_by_today_and_nothing_else_is(
    cause: str, expected: str
) -> None:
    started = {"id": ID, "startTime": (AT + HOUR).isoformat(), "participants": []}
    read = responses(**{f"/api/v2/conversations/{ID}": started})
    verdict = judged(history_of(configuration(), configuration()), read=read, today={"cause": cause})
    assert verdict["cause"] == expected


def test_two_states_with_two_causes_name_both() -> None:
    verdict = judged(history_of(configuration(role=False), configuration(on=False)), inputs_of(403))
    assert verdict["cause"] == "authz.permission_missing"  # cobrowse that is off can't explain this 403
    gateway_call = (
        f'POST https://api.mypurecloud.com/api/v2/conversations/chat/{ID}/cobrowse/sessions\n\n{{"providerId": "x"}}'
    )
    scoped = {**PERMISSIONS, "client": {"scopes": ["conversation:write", "cobrowse:write"]}}
    one = configuration(gateway=True, permissions=scoped, providers=(GatewayProvider("y", "", True),))
    other = replace(one, permissions=PERMISSIONS, providers=(GatewayProvider("x", "", True),))
    both = judged(history_of(one, other), inputs_of(404, gateway_call))
    assert both["cause"] == "undetermined"
    found = {finding["check"] for finding in both["as_of"]["evidence"]}
    assert found == {"provider.match", "oauth.scopes", "provider.configured"}  # only a gateway needs scopes


def test_what_is_wrong_with_the_call_itself_needs_no_history() -> None:
    wrong = inputs_of(404, f"POST https://api.mypurecloud.com/api/v2/conversations/chat/{ID}/cobrowse")
    verdict = judged(history_of(None, None), wrong)
    assert verdict["cause"].startswith("path.")
    assert "today" not in verdict["as_of"]


def test_a_failure_of_now_or_without_a_zone_is_judged_by_today() -> None:
    just_now = judged(history_of(configuration(on=False), None), now=AT + timedelta(minutes=2))
    assert "as_of" not in just_now
    changed = judged(
        history_of(configuration(on=False), configuration(on=False), "It was published."), now=AT + timedelta(minutes=2)
    )
    assert changed["cause"] == OFF
    no_zone = judged(None, today={"cause": OFF})
    assert (no_zone["cause"], no_zone["as_of"]["basis"]) == (OFF, "no_zone")


def deployment_list(published: datetime) -> dict[str, Any]:
    cobrowse = {"enabled": True, "channels": ["Webmessaging"]}
    version = {"version": "5", "cobrowse": cobrowse, "datePublished": published.isoformat()}
    return {"entities": [{"id": "web", "name": "Web", "status": "Active", "configuration": version}]}


@pytest.mark.parametrize(("published", "certainty"), [(AT + HOUR, "proved"), (AT - HOUR / 2, "likely")])
def test_a_version_published_after_the_failure_was_not_in_force(published: datetime, certainty: str) -> None:
    """No sync has found it yet: the run itself reads when it was published."""
    verdict = judged(
        history_of(configuration(on=False), None), read=responses(**{LIST_PATH: deployment_list(published)})
    )
    assert (verdict["cause"], verdict["certainty"]) == (OFF, certainty)


def conversation(ended: datetime | None, agent_since: datetime = AT - HOUR) -> dict[str, Any]:
    leg: dict[str, Any] = {"type": "webmessaging", "state": "disconnected" if ended else "connected"}
    leg |= {"disconnectedTime": ended and ended.isoformat()}
    since = {"customer": AT - HOUR, "agent": agent_since}
    people = [{"purpose": who, "messages": [{**leg, "connectedTime": at.isoformat()}]} for who, at in since.items()]
    start = (AT - 2 * HOUR).isoformat()
    return {
        "id": ID,
        "startTime": start,
        "endTime": ended and ended.isoformat(),
        "participants": people,
        "divisions": [],
    }


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (conversation(AT + HOUR), OFF),  # it has ended since
        (conversation(AT - HOUR / 2), "conv.ended"),
        (conversation(None), OFF),
        (conversation(None, agent_since=AT + HOUR), "conv.not_connected"),
        ({**conversation(None), "startTime": (AT + HOUR).isoformat()}, OFF),
        ({"id": ID, "participants": [{"messages": [{"state": "disconnected"}]}]}, OFF),
    ],
)
def test_the_conversation_is_judged_as_it_was_too(document: dict[str, Any], cause: str) -> None:
    read = responses(**{f"/api/v2/conversations/{ID}": document})
    assert judged(history_of(configuration(on=False), configuration(on=False)), read=read)["cause"] == cause


def test_a_run_between_the_syncs_shows_on_which_side_of_the_change_the_failure_was() -> None:
    history = history_of(configuration(), configuration(on=False))
    on, off = (OrgFacts(deployments={"web": DeploymentFacts("Web", "Active", "4", is_on)}) for is_on in (True, False))
    assert judged(narrowed(history, [(AT + HOUR / 2, on)]))["as_of"]["basis"] == "in_force"
    assert judged(narrowed(history, [(AT - HOUR / 2, off)]))["certainty"] == "proved"
    assert narrowed(history, [(AT - HOUR / 2, on), (AT + HOUR / 2, off), (AT, OrgFacts())]) == history
