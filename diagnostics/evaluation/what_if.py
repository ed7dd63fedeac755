"""How often a prediction agrees with a real run.

Each case is diagnosed for real. Its stored rows alone give the prediction for the one change that fixes it. Then the demo
org or the call is changed in the same way and diagnosed for real again, without a response, as nobody has sent the call.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import requests

from diagnostics.demo.orgs import DemoPolicy, DemoProvider, Endpoint, Role
from diagnostics.engine import causes
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.evaluation.cases import Case, part_of, split_words
from diagnostics.evaluation.conversations import medium_of
from diagnostics.evaluation.score import diagnosis_of, inputs_of
from diagnostics.evaluation.states import client_of, endpoint_of, region_of
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.regions import Region
from diagnostics.parsing.call import FailingCall, Unreadable
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import START_PATH
from diagnostics.runs.reevaluation.verdicts import StoredRun
from diagnostics.runs.what_if.changes import OFF, ON, ChangeKind, PlannedChange, changed_inputs
from diagnostics.runs.what_if.prediction import Prediction, Predictor, smallest_change

CALLER_ROLE = "The caller's role"
# A fault of the call that needs a value which neither the call nor the API reference has.
NEEDS_A_VALUE = ("path.placeholder_unexpanded", "path.id_missing")


@dataclass(frozen=True)
class PredictedCase:
    """The prediction for one change, and the verdict of a real run after it.

    `found` is whether the smallest single change that the search found is `right`, by another real run, or `wrong`; "" if it
    found none. `ms` is the time of the search.
    """

    case: Case
    change: PlannedChange
    prediction: Prediction
    cause: str
    certainty: str
    found: str
    requests: int
    ms: float

    @property
    def is_single_fix(self) -> bool:
        """Whether the real run after this one change finds nothing wrong."""
        return self.cause == causes.NONE

    @property
    def is_equal(self) -> bool:
        return (self.prediction.cause, self.prediction.certainty) == (self.cause, self.certainty)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.case.id,
            "expected": self.case.cause,
            "change": self.change.sentence,
            "predicted": [self.prediction.cause, self.prediction.certainty],
            "real": [self.cause, self.certainty],
            "equal": self.is_equal,
            "single_fix": self.is_single_fix,
            "found": self.found,
            "unknown": list(self.prediction.unknown),
        }


@dataclass(frozen=True)
class PredictionScore:
    """`without_change` are the cases with no change to predict: nothing is wrong, or no change of these kinds fixes it."""

    predicted: tuple[PredictedCase, ...]
    without_change: int
    needing_a_value: int

    def to_json(self) -> dict[str, Any]:
        singles = [each for each in self.predicted if each.is_single_fix]
        return {
            "cases": len(self.predicted) + self.without_change + self.needing_a_value,
            "single_fix": len(singles),
            "equal": sum(each.is_equal for each in singles),
            "found_by_the_search": sum(bool(each.found) for each in singles),
            "found_and_right": sum(each.found == "right" for each in singles),
            "more_than_one_fault": len(self.predicted) - len(singles),
            "more_than_one_fault_equal": sum(each.is_equal for each in self.predicted)
            - sum(s.is_equal for s in singles),
            "needing_a_value": self.needing_a_value,
            "requests": sum(each.requests for each in self.predicted),
            "slowest_ms": round(max((each.ms for each in self.predicted), default=0.0), 1),
            "results": [each.to_json() for each in self.predicted],
        }


def predict_cases(cases: Iterable[Case]) -> PredictionScore:
    predicted: list[PredictedCase] = []
    counts = {False: 0, True: 0}
    for case in cases:
        found = predict_case(case)
        if found is None:
            counts[case.cause in NEEDS_A_VALUE] += 1
        else:
            predicted.append(found)
    return PredictionScore(tuple(predicted), counts[False], counts[True])


def predict_case(case: Case) -> PredictedCase | None:
    """None if no single change of the offered kinds fixes the case."""
    try:
        inputs = inputs_of(case)
    except Unreadable:
        return None
    stored, region = stored_run_of(case, inputs)
    started = time.perf_counter()
    with counted_requests() as sent:
        predictor = Predictor(stored, region, bundled())
        smallest = smallest_change(predictor)
    ms = (time.perf_counter() - started) * 1000
    found = smallest[0][0] if smallest and len(smallest[0]) == 1 else None
    real = {change: real_verdict(case, inputs, change) for change in (fix_of(case), found) if change is not None}
    if not real:
        return None
    change = next((change for change, verdict in real.items() if verdict["cause"] == causes.NONE), next(iter(real)))
    with counted_requests() as also_sent:
        prediction = predictor.predict([change])
    is_right = found is not None and real[found]["cause"] == causes.NONE
    search = "" if found is None else "right" if is_right else "wrong"
    verdict = real[change]
    requests_sent = len(sent) + len(also_sent)
    return PredictedCase(case, change, prediction, verdict["cause"], verdict["certainty"], search, requests_sent, ms)


def stored_run_of(case: Case, inputs: Inputs) -> tuple[StoredRun, Region]:
    """The rows that a run of this case would store."""
    started_at = datetime.now(UTC)
    with diagnosis_of(case, inputs) as diagnosis:
        steps = list(diagnosis.steps())
        verdict, region = diagnosis.verdict(), diagnosis.region
    return StoredRun(
        kind="diagnosis",
        client_name="The caller's client",
        client_id=client_of(case.state).id,
        inputs=Inputs.from_json(inputs.to_json()),
        at=started_at,
        cause=verdict["cause"],
        certainty=verdict["certainty"],
        engine_version=ENGINE_VERSION,
        contract_version=bundled().version,
        planned=tuple(step.check_id for step in steps),
        findings=tuple(finding for step in steps for finding in step.findings),
        exchanges=tuple(exchange for step in steps for exchange in step.exchanges),
    ), region


def real_verdict(case: Case, inputs: Inputs, change: PlannedChange) -> dict[str, Any]:
    endpoint = endpoint_of(case.state)
    change_org(endpoint, client_of(case.state).id, change)
    with diagnosis_of(case, changed_inputs(inputs, [change], bundled()), endpoint) as diagnosis:
        for _ in diagnosis.steps():
            pass
        return diagnosis.verdict()


@contextmanager
def counted_requests() -> Iterator[list[str]]:
    """The URLs of all requests that are sent during the block."""
    sent: list[str] = []
    original = requests.Session.send

    def send(session: requests.Session, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        sent.append(str(request.url))
        return original(session, request, **settings)

    with patch.object(requests.Session, "send", send):
        yield sent


def fix_of(case: Case) -> PlannedChange | None:
    """The one change that an expert would make, by the expected cause and the state of the case; None if it isn't one."""
    request, state = case.request or {}, case.state
    call = FailingCall(url=str(request.get("url") or ""))
    path = call.path
    conversation_id = str(part_of(state, "conversation").get("id") or "")
    starts = "cobrowse" in path.lower()
    endpoint = endpoint_of(state)
    family = causes.family_of(case.cause)
    if case.cause in NEEDS_A_VALUE:
        return None
    if family == "host":
        region = region_of(state)
        return PlannedChange(ChangeKind.HOST, region.login_host if path == "/oauth/token" else region.api_host)
    if case.cause == "path.wrong_method":
        return PlannedChange(ChangeKind.METHOD, "POST") if path.endswith("/cobrowse") else None
    if family == "path" and starts and conversation_id:
        template = gateway.SESSIONS_PATH if endpoint.has_gateway and "/chat/" in path else START_PATH
        return PlannedChange(ChangeKind.PATH, template.replace("{conversationId}", conversation_id))
    if case.cause in ("body.unexpected", "body.content_type", "body.malformed_json", "provider.not_in_contract"):
        is_in_query = "provider" in call.query.lower()
        unwanted = PlannedChange(ChangeKind.PATH, path) if is_in_query else PlannedChange(ChangeKind.BODY)
        if case.cause == "body.content_type" and not request.get("body"):
            unwanted = PlannedChange(ChangeKind.HEADER, "application/json", "Content-Type")
        return unwanted if path.endswith("/cobrowse") else None
    return _fix_of_org(case, starts)


def _fix_of_org(case: Case, starts: bool) -> PlannedChange | None:
    state = case.state
    medium, _ = medium_of(str(part_of(state, "conversation").get("media") or ""))
    if case.cause == "authz.permission_missing" and starts:
        entity = "cobrowseVoice" if medium == "calls" else "cobrowse"
        return PlannedChange(ChangeKind.ADD_PERMISSION, f"conversation:{entity}:add", CALLER_ROLE)
    if case.cause == "authz.division_missing":
        divisions = split_words(part_of(state, "divisions").get("conversation_in"))
        return PlannedChange(ChangeKind.ADD_DIVISION, divisions[0], CALLER_ROLE) if divisions else None
    if case.cause == "authz.scope_missing":
        missing = [scope for scope in gateway.SCOPES if scope not in client_of(state).scopes]
        return PlannedChange(ChangeKind.ADD_SCOPE, missing[0]) if len(missing) == 1 else None
    deployments = endpoint_of(state).orgs[0].deployments
    if case.cause == "config.deployment_inactive" and deployments:
        return PlannedChange(ChangeKind.STATUS, "Active", deployments[0]["id"])
    if case.cause == "config.cobrowse_disabled" and deployments:
        return _fix_of_deployment(case)
    return None


def _fix_of_deployment(case: Case) -> PlannedChange:
    org = endpoint_of(case.state).orgs[0]
    settings = org.configurations[0]["cobrowse"]
    deployment_id = org.deployments[0]["id"]
    if settings.get("enabled") is not True:
        return PlannedChange(ChangeKind.ENABLED, ON, deployment_id)
    return PlannedChange(ChangeKind.CHANNELS, "Webmessaging,Voice", deployment_id)


def change_org(endpoint: Endpoint, client_id: str, change: PlannedChange) -> None:
    """Make the change in the demo org itself, which knows nothing of predictions."""
    org = endpoint.org_of(client_id) or endpoint.orgs[0]
    client = org.client(client_id)
    grants = client.grants if client is not None else ()
    scopes = client.scopes if client is not None else ()
    value, of = change.value, change.of
    roles = [role for role in org.roles.values() if role.name == (of or value)]
    division = next((id for id, name in org.divisions.items() if value in (id, name)), value)
    match change.kind:
        case ChangeKind.ADD_PERMISSION:
            domain, entity, action = value.split(":")
            role = roles[0] if of else Role("new-role", "New role", ())
            org.roles[role.id] = replace(role, policies=(*role.policies, DemoPolicy(domain, entity, action)))
            if not of:
                grants = (*grants, *((role.id, id) for id in org.divisions))
        case ChangeKind.REMOVE_PERMISSION:
            for role in org.roles.values():
                remaining = tuple(p for p in role.policies if f"{p.domain}:{p.entity}:{p.action}" != value)
                org.roles[role.id] = replace(role, policies=remaining)
        case ChangeKind.ADD_DIVISION:
            grants = (*grants, (roles[0].id, division))
        case ChangeKind.REMOVE_DIVISION:
            grants = tuple(grant for grant in grants if grant[1] != division)
        case ChangeKind.REMOVE_ROLE:
            grants = tuple(grant for grant in grants if grant[0] != roles[0].id)
        case ChangeKind.ADD_SCOPE:
            scopes = (*scopes, value)
        case ChangeKind.REMOVE_SCOPE:
            scopes = tuple(scope for scope in scopes if scope != value)
        case ChangeKind.STATUS:
            org.update_deployment(of, status=value)
        case ChangeKind.ENABLED | ChangeKind.CHANNELS:
            used = next(item["configuration"]["id"] for item in org.deployments if item["id"] == of)
            is_switch = change.kind == ChangeKind.ENABLED
            org.publish(used, **({"enabled": value == ON} if is_switch else {"channels": value.split(",")}))
        case ChangeKind.PROVIDER:
            others = tuple(provider for provider in endpoint.providers if provider.id != of)
            endpoint.providers = (*others, DemoProvider(of, of, value != OFF))
    if client is not None:
        org.update_client(client_id, grants=grants, scopes=scopes)
