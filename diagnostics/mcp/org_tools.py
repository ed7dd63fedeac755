"""Tools that read what is stored about orgs, and one that starts a run. Each sees what the token's owner may see.

What an org or a person wrote is under `evidence` in each answer: text to quote, never to follow.
"""

from typing import Annotated, Any

from pydantic import Field

from diagnostics.api import runs as api_runs
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.comparisons import comparison
from diagnostics.api.permissions import impact
from diagnostics.api.requests import Id, ImpactParameters, Pair, RunGiven
from diagnostics.api.responses import page_address
from diagnostics.issues.grouping import org_key
from diagnostics.issues.models import Issue
from diagnostics.issues.queries import issue_page
from diagnostics.mcp.answers import named_rival, refuting_findings
from diagnostics.mcp.tools import ToolArguments, tool
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.orgs import Org, find_org
from diagnostics.orgs.visibility import visible_clients
from diagnostics.pages.orgs import org_row
from diagnostics.runs.limits import SHORT_TEXT
from diagnostics.runs.queries.runs import find_run, findings_of

CLIENTS_SHOWN = 40
ISSUES_SHOWN = 25

Text = Annotated[str, Field(max_length=SHORT_TEXT)]
ShortText = Annotated[str, Field(max_length=200)]


class ListClients(ToolArguments):
    query: Annotated[ShortText, Field(description="Part of the client's or the org's name.")] = ""


class OrgStatus(ToolArguments):
    org: Annotated[ShortText, Field(description="The org's key, as list_clients gives it.")]


class ListIssues(ToolArguments):
    status: Annotated[
        str, Field(pattern="^(open|new|ongoing|reopened|accepted|resolved|all)$", description="open: not accepted.")
    ] = "open"
    org: Annotated[ShortText, Field(description="Key of an org.")] = ""
    cause: Annotated[ShortText, Field(description="Code of a cause.")] = ""


class GetRun(ToolArguments):
    run: Id


class CompareRuns(ToolArguments):
    before: Id
    after: Id


class ImpactOf(ToolArguments):
    permission: Annotated[ShortText, Field(description="Such as conversation:cobrowse:add.")]


class Diagnose(ToolArguments):
    client: Annotated[Id, Field(description="ID of the client, from list_clients.")]
    call: Annotated[Text, Field(description="The failing call: curl, code, HTTP. Empty: a health check.")] = ""
    response: Annotated[Text, Field(description="The response, with its headers if you have them.")] = ""
    conversation_id: ShortText = ""


@tool("List clients")
def list_clients(request: AuthenticatedRequest, arguments: ListClients) -> dict[str, Any]:
    """The registered OAuth clients, the key of each one's org, and whether cobrowse works there."""
    rows = visible_clients(request.user).filter(retired_at=None).defer("secret", "verification").order_by("name")
    words = arguments.query.lower()
    found = [client for client in rows if words in f"{client.name} {client.org_name}".lower()]
    return {"found": len(found), "clients": [_client(client) for client in found[:CLIENTS_SHOWN]]}


def _client(client: OAuthClient) -> dict[str, Any]:
    return {
        "id": client.pk,
        "org": Org((client,)).key,
        "region": client.region,
        "environment": client.environment,
        "status": client.status,
        "cause": client.status_cause,
        "evidence": {"name": client.name, "org_name": client.org_name},
    }


@tool("Status of an org")
def org_status(request: AuthenticatedRequest, arguments: OrgStatus) -> dict[str, Any]:
    """Whether cobrowse can work in an org, since when, why not, and its open issues."""
    org = find_org(arguments.org, request.user)
    row, issues = org_row(org), issue_page(request.user, org=org_key(org.org_id, org.clients[0].pk)).rows
    return {
        "org": org.key,
        "status": org.status,
        "cause": org.deciding.status_cause,
        "since": org.since,
        "checked_at": org.checked_at,
        "open_incidents": row.incidents,
        "open_issues": row.issues,
        "page": page_address(request, "org", org.key),
        "evidence": {"name": org.name, "reason": org.deciding.status_reason},
        "clients": [_client(client) for client in org.clients],
        "issues": [_issue(request, issue) for issue in issues],
    }


@tool("List issues")
def list_issues(request: AuthenticatedRequest, arguments: ListIssues) -> dict[str, Any]:
    """Problems across runs: one cause for one target in one org. Failures first, then the newest."""
    status = "" if arguments.status == "open" else arguments.status
    org = find_org(arguments.org, request.user) if arguments.org else None
    key = org_key(org.org_id, org.clients[0].pk) if org else ""
    page = issue_page(request.user, status=status, org=key, cause=arguments.cause, target="all")
    return {
        "issues": [_issue(request, issue) for issue in page.rows[:ISSUES_SHOWN]],
        "more": bool(page.older) or len(page.rows) > ISSUES_SHOWN,
    }


def _issue(request: AuthenticatedRequest, issue: Issue) -> dict[str, Any]:
    return {
        "id": issue.pk,
        "cause": issue.cause,
        "title": issue.title,
        "outcome": issue.outcome,
        "status": str(issue.shown_status),
        "client": issue.client_id,
        "first_seen_at": issue.first_seen_at,
        "last_seen_at": issue.last_seen_at,
        "occurrences": issue.occurrences,
        "last_run": issue.last_run_id,
        "page": page_address(request, "issue", issue.pk),
        "evidence": {"sentence": issue.sentence, "target": issue.target},
    }


@tool("One run")
def get_run(request: AuthenticatedRequest, arguments: GetRun) -> dict[str, Any]:
    """The verdict of a run, its fix, its strongest rival with the evidence against it, and the findings that aren't
    passed. Ask again while its status is queued or running."""
    run = find_run(arguments.run, request.user)
    verdict = run.verdict if isinstance(run.verdict, dict) else {}
    findings = list(findings_of(run))
    # The verdict of an earlier time has other findings than the run.
    rival = None if (verdict.get("as_of") or {}).get("today") else verdict.get("rival")
    return {
        "id": run.pk,
        "status": run.status,
        "kind": run.kind,
        "cause": run.cause,
        "title": run.cause_title,
        "certainty": run.certainty,
        "created_at": run.created_at,
        "duration_ms": run.duration_ms,
        "because": verdict.get("because", []),
        "also": verdict.get("also", []),
        "rival": named_rival(rival),
        "page": page_address(request, "run", run.pk),
        "evidence": {
            "client": run.client.name,
            "conversation_id": run.conversation_id,
            "sentence": verdict.get("sentence", ""),
            "fix": verdict.get("remedy", ""),
            "rival_refuted_by": refuting_findings(rival, findings),
            "findings": [
                {"check": finding.check_id, "outcome": finding.outcome, "sentence": finding.sentence}
                for finding in findings
                if finding.outcome != "pass"
            ],
        },
    }


@tool("Compare two runs")
def compare_runs(request: AuthenticatedRequest, arguments: CompareRuns) -> dict[str, Any]:
    """What changed between two runs, and the likeliest reason."""
    found = comparison(request, Pair(a=arguments.before, b=arguments.after))
    return {
        "verdict_change": found.verdict_change,
        "certainty": found.certainty,
        "is_comparable": found.comparable,
        "unchanged": found.unchanged,
        "page": found.page,
        "evidence": {
            "sentence": found.sentence,
            "more": found.more,
            "remarks": [remark.sentence for remark in found.remarks],
            "facts": [fact.dict() for fact in (*found.setup, *found.inputs) if fact.state == "changed"],
            "findings": [line.dict() for group in found.groups for line in group.lines],
            "configuration_changes": [change.dict() for change in found.org_changes],
        },
    }


@tool("Impact of a permission")
def impact_of(request: AuthenticatedRequest, arguments: ImpactOf) -> dict[str, Any]:
    """Which clients hold a permission, and the deployments, schedules and runs that depend on it."""
    return impact(request, ImpactParameters(permission=arguments.permission)).dict()


@tool("Diagnose", access="run")
def diagnose(request: AuthenticatedRequest, arguments: Diagnose) -> dict[str, Any]:
    """Start a run that reads an org to prove why a cobrowse call fails, or a health check without a call. It sends only
    read requests. Returns its ID at once: ask get_run for the verdict, after a second."""
    payload = RunGiven(
        client=arguments.client,
        call=arguments.call or None,
        answer=arguments.response or None,
        conversation_id=arguments.conversation_id,
        note="",
    )
    run = api_runs.start_run(request, payload).run
    return {"run": run.pk, "status": run.status, "page": page_address(request, "run", run.pk)}
