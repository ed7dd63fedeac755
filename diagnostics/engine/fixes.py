"""The fix for each cause: steps for an admin, the required permissions in both notations, and the correct call."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding
from diagnostics.engine.sdk_examples import base_url, shell_id, snippets_for
from diagnostics.engine.verdict import Verdict
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.regions import Region
from diagnostics.parsing.intent import START_PATH, Aim


@dataclass(frozen=True)
class Fix:
    """`permissions` are dicts of both notations, {"api", "admin"}. `curl` and `snippets` never contain a secret."""

    steps: tuple[str, ...] = ()
    menu_path: str = ""
    permissions: tuple[dict[str, str], ...] = ()
    one_is_enough: bool = False
    curl: str = ""
    snippets: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def fix_for(
    verdict: Verdict,
    findings: Iterable[AnyFinding],
    aim: Aim | None,
    conversation_id: str,
    region: Region,
    contract: Contract,
) -> Fix:
    """The steps of the cause, and the correct call if the call is what has to change.

    For the causes `none` and `undetermined` the fix is only the verdict's remedy.
    """
    by_check = {finding.check_id: finding for finding in findings}
    cause = causes.CAUSES.get(verdict.cause)
    signs_in = aim is not None and aim.signs_in
    steps = [verdict.remedy] if verdict.remedy else []
    if cause is not None:
        steps = steps or list(cause.fix)
        if not signs_in:  # a call that signs a user in has no secret and no token
            steps += cause.afterwards
        steps += _not_the_reason(verdict, by_check)
    at_gateway = _uses_gateway(aim, by_check)
    wanted = None if at_gateway else _operation(aim, contract)
    fix = Fix(
        steps=tuple(steps),
        menu_path=cause.menu if cause is not None else "",
        permissions=tuple({"api": p, "admin": admin_notation(p)} for p in (wanted.permissions if wanted else ())),
        one_is_enough=bool(wanted and wanted.rule == "any" and len(wanted.permissions) > 1),
    )
    if cause is None or not cause.is_in_the_call or signs_in:
        return fix
    if cause.code == "provider.mismatch" and not at_gateway:
        return fix  # the published call has no providerId to correct
    if at_gateway:
        return replace(fix, curl=_gateway_curl(conversation_id, region, by_check))
    snippets = snippets_for(wanted, conversation_id, region) if wanted else {}
    return replace(fix, curl=_curl(wanted, conversation_id, region), snippets=snippets)


def admin_notation(permission: str) -> str:
    """conversation:cobrowseVoice:add -> Conversation > CobrowseVoice > Add, as the admin pages show it."""
    return " > ".join(part[:1].upper() + part[1:] for part in permission.split(":"))


def _not_the_reason(verdict: Verdict, by_check: dict[str, AnyFinding]) -> list[str]:
    """Sentences about things people often change although they aren't the cause."""
    steps = []
    exists = by_check.get("conversation.exists")
    if exists is not None and exists.code == "found" and not verdict.cause.startswith("conv."):
        live = by_check.get("conversation.connected")
        also = " and is live" if live is not None and live.code == "connected" else ""
        steps.append(f"The conversation itself was found{also}, so its ID isn't the problem.")
    scopes, provider = by_check.get("oauth.scopes"), by_check.get("provider.match")
    no_scopes = scopes is not None and scopes.code == "not_applicable"
    no_provider = provider is not None and provider.code == "not_in_contract"
    if no_scopes and no_provider:
        steps.append("Scopes and the providerId aren't the reason: this org's API has neither for this call.")
    elif no_scopes and verdict.cause.startswith(("path.", "authz.")) and "Scopes" not in verdict.remedy:
        steps.append("Scopes aren't the reason: client credentials use roles, not scopes.")
    return steps


def _uses_gateway(aim: Aim | None, by_check: dict[str, AnyFinding]) -> bool:
    listed = by_check.get("provider.configured")
    has_one = listed is not None and listed.code == "listed"
    return has_one and (aim is None or aim.world != "published")


def _operation(aim: Aim | None, contract: Contract) -> Operation | None:
    """The operation that the caller should use."""
    if aim is not None and not aim.starts_session and aim.fault != "id_missing":
        return aim.wanted
    called = aim.operation if aim is not None else None
    if called and "cobrowse" in called.path and not called.deprecated:
        return called
    return contract.operation("POST", START_PATH)


def _curl(wanted: Operation | None, conversation_id: str, region: Region) -> str:
    if wanted is None:
        return (
            f'curl -X POST "{region.login}/oauth/token" \\\n'
            '  -u "$GENESYSCLOUD_OAUTHCLIENT_ID:$GENESYSCLOUD_OAUTHCLIENT_SECRET" \\\n'
            "  -d grant_type=client_credentials"
        )
    path = wanted.path.replace("{conversationId}", shell_id(conversation_id))
    return f'curl -X {wanted.method} "{base_url(region)}{path}" \\\n  -H "Authorization: Bearer $TOKEN"'


def _gateway_curl(conversation_id: str, region: Region, by_check: dict[str, AnyFinding]) -> str:
    match = by_check.get("provider.match")
    provider = (match.evidence.get("nearest") if match else "") or ""
    if not provider and (listed := by_check.get("provider.configured")):
        provider = next(iter(listed.evidence.get("ids", [])), "")
    path = gateway.SESSIONS_PATH.replace("{conversationId}", shell_id(conversation_id))
    safe = "".join(sign for sign in str(provider) if sign.isprintable() and sign not in "'\"\\")
    return (
        f'curl -X POST "{base_url(region)}{path}" \\\n  -H "Authorization: Bearer $TOKEN" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{{\"providerId\": \"{safe}\"}}'"
    )
