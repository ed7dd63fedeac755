"""Tools that need no org and no token: they read the API reference and the causes."""

from typing import Annotated, Any

from django.http import HttpRequest
from pydantic import Field

from diagnostics.api.reference import operation_schema
from diagnostics.checks.base import all_checks
from diagnostics.checks.permissions import READS
from diagnostics.claims.checker import check_text
from diagnostics.engine.call_review import review_call
from diagnostics.engine.causes import CAUSES
from diagnostics.engine.check_reference import entries_of
from diagnostics.engine.fixes import admin_notation
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.search import search
from diagnostics.mcp.answers import named_rival, refuting_findings
from diagnostics.mcp.tools import ToolArguments, tool
from diagnostics.orgs.permissions.impact import canonical_name, dependent_calls, dependent_checks, parse_permission
from diagnostics.orgs.permissions.relevant import STARTS
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import read_paste
from diagnostics.reference.markdown import cause_markdown
from diagnostics.runs.limits import SHORT_TEXT
from diagnostics.text import time_budget

OPERATIONS_SHOWN = 15
_ORDER = {"wrong": 0, "unknown": 1, "sound": 2, "real": 3}


class CheckClaims(ToolArguments):
    text: Annotated[str, Field(min_length=1, max_length=SHORT_TEXT, description="Advice, a forum thread, a call.")]


class SearchApi(ToolArguments):
    query: Annotated[str, Field(max_length=200, description="Words of a path, operation, permission or summary.")]


class ExplainCause(ToolArguments):
    code: Annotated[str, Field(max_length=60, description="Such as path.not_in_api. Leave it empty to list all.")] = ""


class ExplainPermission(ToolArguments):
    permission: Annotated[str, Field(max_length=200, description="Such as conversation:cobrowse:add.")]


@tool("Check claims about the Genesys Cloud API", access="public")
def check_claims(request: HttpRequest, arguments: CheckClaims) -> dict[str, Any]:
    """Check every path, method, scope, permission, host, SDK method and piece of advice in a text against the published
    API, and judge the call in it: what is not real, why, and the correct call. Sends nothing to an org."""
    checked = check_text(arguments.text, bundled())
    claims = sorted((claim.as_dict() for claim in checked.claims), key=lambda claim: _ORDER[str(claim["verdict"])])
    return {
        "call": _call_verdict(arguments.text),
        "counts": {str(verdict): count for verdict, count in checked.counts.items()},
        "partial": checked.partial,
        "claims": [
            {
                **{key: claim[key] for key in ("verdict", "kind", "nearest", "source", "line")},
                "evidence": {"text": claim["text"], "sentence": claim["sentence"]},  # which quotes the text
            }
            for claim in claims
        ],
    }


def _call_verdict(text: str) -> dict[str, Any] | None:
    """What is wrong with the call of the text; None if there is none, or it can't be read."""
    try:
        with time_budget.limited():
            inputs = read_paste(text, "", "", "").inputs
            if inputs.call is None and inputs.response is None:
                return None
            review = review_call(inputs, bundled())
    except Unreadable:
        return None
    rival = review.verdict.rival.to_json() if review.verdict.rival else None
    return {
        "cause": review.verdict.cause,
        "certainty": str(review.verdict.certainty),
        "rival": named_rival(rival),
        "correct_call": review.fix.curl,
        "evidence": {  # which quotes the text
            "sentence": review.verdict.sentence,
            "fix": list(review.fix.steps),
            "rival_refuted_by": refuting_findings(rival, review.findings),
        },
    }


@tool("Search the Genesys Cloud API", access="public")
def search_api(request: HttpRequest, arguments: SearchApi) -> dict[str, Any]:
    """Find published operations: method, path, permissions, scopes and SDK names. An operation that isn't found isn't in
    the published API."""
    contract = bundled()
    found = search(contract, arguments.query)
    return {
        "version": contract.version,
        "found": len(found),
        "operations": [operation_schema(operation).dict() for operation in found[:OPERATIONS_SHOWN]],
    }


@tool("Explain a cause", access="public")
def explain_cause(request: HttpRequest, arguments: ExplainCause) -> str | dict[str, Any]:
    """What a cause means, the evidence for it, how to fix it, and what people wrongly believe about it. Without a code,
    or with an unknown one, lists all codes."""
    cause = CAUSES.get(arguments.code.strip())
    if cause is not None:
        return cause_markdown(cause)
    return {"causes": [{"code": each.code, "title": each.title} for each in CAUSES.values()]}


@tool("Explain a permission", access="public")
def explain_permission(request: HttpRequest, arguments: ExplainPermission) -> dict[str, Any]:
    """What a permission is for, which published operations need it, and what else is enough for them."""
    contract = bundled()
    permission = parse_permission(arguments.permission)
    known = dict.fromkeys((*STARTS, *READS, *(name for each in contract.operations for name in each.permissions)))
    if not permission:
        words = arguments.permission.lower().split()
        similar = [name for name in known if all(word in name.lower() for word in words)]
        return {"permission": None, "similar": similar[:OPERATIONS_SHOWN], "note": "Permissions have the form a:b:c."}
    permission = canonical_name(permission, known)
    calls = dependent_calls(permission, contract.operations)
    checks = dependent_checks(permission, entries_of(all_checks(), contract))
    return {
        "permission": permission,
        "admin": admin_notation(permission),
        "is_known": permission in known,
        "purpose": STARTS.get(permission) or READS.get(permission, ""),
        "needed_by": [
            {"method": call.operation.method, "path": call.operation.path, "or_any_of": list(call.others)}
            for call in calls
        ],
        "checks": [check.title for check in checks],
    }
