"""Every cause has a state that looks like it and isn't: the same response, or the same check, and another verdict."""

from diagnostics.engine import causes
from diagnostics.engine.explanations import can_explain
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES
from diagnostics.engine.verdict import judge
from tests.engine.test_verdict import answered, but

NOT_FOUND = (404, "not_found")
# Cause -> the findings that look like it, and the verdict they get.
LOOK_ALIKES: dict[str, tuple[list[FindingResult], str]] = {
    # The table of operations doesn't have the path, but the org routes it.
    "path.not_in_api": (answered(*NOT_FOUND, "x request.path:not_in_api", "+ route.oracle:routed"), "undetermined"),
    # An ID in braces is an ID, even if a wrong one.
    "path.placeholder_unexpanded": (answered(*NOT_FOUND, "x conversation.id:id_malformed"), "conv.id_malformed"),
    "path.id_missing": (answered(*NOT_FOUND, "x request.path:not_in_api"), "path.not_in_api"),
    "path.base_duplicated": (answered(*NOT_FOUND, "x request.path:legacy_resource"), "path.legacy_resource"),
    "path.trailing_slash": (answered(*NOT_FOUND, "x conversation.exists:not_found"), "conv.not_found"),
    "path.legacy_resource": (answered(*NOT_FOUND, "x conversation.media:legacy_chat"), "conv.media_unsupported"),
    # A proxy that allows no POST.
    "path.wrong_method": (answered(405, "proxy"), "env.proxy"),
    "host.wrong_region": (answered(401, "token_refused"), "auth.token_expired"),
    "host.unknown_host": (but("x answer.meaning:network_dns", status=None), "env.dns"),
    "host.plain_http": (answered(301, "redirect"), "env.redirect_or_html"),
    "env.rate_limited": (answered(503, "server_error", "! limits.headroom:low"), "env.server_error"),
    "env.server_error": (answered(502, "server_error_foreign"), "response.not_genesys"),
    "env.timeout": (
        but("x request.host:unknown_host", "x answer.meaning:network_timeout", status=None),
        "host.unknown_host",
    ),
    # A bad certificate that stopped none of our requests.
    "env.tls": (but("x reach.tls:expired"), "none"),
    "env.dns": (but("x request.host:unknown_host", "x answer.meaning:network_dns", status=None), "host.unknown_host"),
    "env.proxy": (
        but("x answer.meaning:network_refused", "? oauth.token:refused/unreachable", status=None),
        "undetermined",
    ),
    "env.redirect_or_html": (answered(404, "html", "x request.path:not_in_api"), "path.not_in_api"),
    "response.not_genesys": (answered(404, "foreign", "x request.path:not_in_api"), "path.not_in_api"),
    "auth.header_malformed": (answered(401, "token_refused", "+ request.headers:right"), "auth.token_expired"),
    "auth.token_expired": (answered(401, "token_absent"), "auth.header_malformed"),
    "auth.token_foreign": (answered(*NOT_FOUND, "x conversation.exists:not_found"), "conv.not_found"),
    "auth.client_rejected": (answered(400, "token_request_malformed"), "auth.token_request_malformed"),
    "auth.token_request_malformed": (answered(400, "client_rejected"), "auth.client_rejected"),
    "auth.ip_not_allowed": (answered(401, "token_refused"), "auth.token_expired"),
    # The client has the permission now; or the 404 of a published path can't come from a missing one.
    "authz.permission_missing": (answered(403, "permission_missing"), "undetermined"),
    "authz.division_missing": (answered(403, "division_missing"), "undetermined"),
    "authz.scope_missing": (answered(*NOT_FOUND, "x oauth.scopes:scope_missing"), "undetermined"),
    "authz.user_context_required": (answered(400, "bad_request"), "undetermined"),
    "authz.not_a_party": (answered(*NOT_FOUND), "undetermined"),
    "authz.policy_denied": (answered(403, "not_authorized"), "undetermined"),
    "conv.not_found": (
        answered(*NOT_FOUND, "x conversation.exists:not_found", "x route.oracle:hidden"),
        "undetermined",
    ),
    "conv.id_malformed": (
        answered(*NOT_FOUND, "x request.path:id_missing", "- conversation.id:not_given"),
        "path.id_missing",
    ),
    "conv.ended": (answered(409, "conflict"), "conv.session_conflict"),
    "conv.not_connected": (but("! conversation.connected:parked"), "none"),
    "conv.media_unsupported": (answered(*NOT_FOUND, "+ conversation.media:taken_by_gateway"), "undetermined"),
    "conv.session_conflict": (answered(409, "conflict", "x conversation.connected:ended"), "conv.ended"),
    "body.unexpected": (answered(*NOT_FOUND, "! request.body:unexpected"), "undetermined"),
    "body.malformed_json": (answered(503, "server_error", "x request.body:malformed_json"), "env.server_error"),
    "body.content_type": (answered(415, "unsupported"), "undetermined"),
    "provider.mismatch": (but("! provider.match:not_in_contract"), "provider.not_in_contract"),
    "provider.not_in_contract": (answered(*NOT_FOUND, "! provider.match:not_in_contract"), "undetermined"),
    # Off in some deployments: the API doesn't show which one the conversation uses.
    "config.cobrowse_disabled": (answered(*NOT_FOUND, "+ deployments.cobrowse:on_in_some"), "undetermined"),
    "config.deployment_inactive": (answered(*NOT_FOUND, "? deployments.cobrowse:unreadable"), "undetermined"),
    "config.feature_not_licensed": (but("x permissions.catalogue:not_in_catalogue"), "none"),
    "config.offer_expired": (answered(404, "session_gone", "x request.host:wrong_region"), "host.wrong_region"),
    "config.legacy_cobrowse_retired": (answered(410, "gone"), "undetermined"),
}


def test_every_cause_has_a_look_alike() -> None:
    assert set(LOOK_ALIKES) == set(causes.CAUSES)


def test_a_look_alike_could_be_its_cause_and_is_not() -> None:
    rules = [*RULES, *DEPARTURES, *(rule for rule, _ in REFUSALS)]
    for cause, (findings, expected) in LOOK_ALIKES.items():
        verdict = judge(findings)
        assert verdict.cause == expected != cause, cause
        checks = {rule.check for rule in rules if rule.cause == cause}
        checks |= {name.partition(":")[0] for rule in PROBLEM_RULES if rule.cause == cause for name in rule.proof}
        response = next((finding for finding in findings if finding.check_id == "answer.meaning"), None)
        fits = response is not None and can_explain(
            cause, response.code, response.evidence.get("status"), org_hides=True
        )
        assert fits or any(finding.check_id in checks and finding.outcome != "pass" for finding in findings), cause
