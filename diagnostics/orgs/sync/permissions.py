"""The first part of a sync: the client's permissions and token, and the org's rate limits."""

from typing import Any
from urllib.parse import quote

from django.utils import timezone

from diagnostics.checks.base import Result, all_checks
from diagnostics.checks.oauth import judge_identity, judge_token
from diagnostics.engine.check_reference import entries_of, smallest_role
from diagnostics.genesys.documents import catalogue, grants, token_info
from diagnostics.genesys.documents.catalogue import Catalogue
from diagnostics.genesys.documents.grants import Grants, RoleGrant
from diagnostics.genesys.documents.limits import Limits, RateLimit
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.fields import mapping, number, text, text_list
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.models import HeldPermission
from diagnostics.orgs.queries.clients import latest_permission_sync
from diagnostics.orgs.sync.changes import permission_changes
from diagnostics.orgs.sync.execute import SyncRun
from diagnostics.orgs.sync.store import org_change, store_changes
from diagnostics.parsing.intent import START_PATH

PART = "rights"
NAMESPACES = ("platform.api", "cobrowse", "web.deployments")
MAX_GRANTS = 500
MAX_POLICIES = 2_000  # per grant
MAX_SCOPES = 300
MAX_ROLE_REQUESTS = 30
AUTHORIZATION = "/api/v2/authorization"
# In addition to what the checks need.
EXTRA_PERMISSIONS = ("webDeployments:configuration:view", "oauth:client:view", "authorization:grant:view")


class PermissionsUnreadable(Exception):
    """The org issued no token, or the token belongs to another org. str() is the message for the user."""


def sync_permissions(sync: SyncRun) -> None:
    """Send about fifteen requests and store the results together. Raises PermissionsUnreadable if the org rejects the client."""
    token = sync.genesys.token()
    sync.raise_if_rate_limited(token.response or OrgResponse(None))
    token_result = judge_token(token, sync.genesys.region.login_host)
    if not token.value:
        raise _rejected(sync, token_result)
    me = sync.get(token_info.PATH)
    identity = judge_identity(me, sync.genesys.region.api_host, sync.client.org_id)
    info = TokenInfo.parse(me)
    if identity.outcome != "pass" or isinstance(info, UnreadableResponse):
        raise _rejected(sync, identity)
    found: dict[str, Any] = sync.redactor.value(_read_all(sync, info))
    with sync.saving():
        sync.permissions = found
        _store_changes(sync, found)
        if found["read"]["subjects/me"] == "ok":
            _store_held_permissions(sync, found)
        sync.end_part(PART, *_result(found), items=len(found["grants"]))


def _rejected(sync: SyncRun, result: Result) -> PermissionsUnreadable:
    """Store the code, which distinguishes a rejected client from an org that doesn't respond."""
    with sync.saving():
        sync.end_part(PART, "failed", result.code, result.sentence)
    return PermissionsUnreadable(f"{result.sentence} {result.hint}".strip())


def catalogue_permissions(region_key: str) -> list[str]:
    """Return the permissions to look up in the org's catalogue, which tells a missing license from a missing permission."""
    contract = current_contract(region_key)
    start = contract.operation("POST", START_PATH)
    needed = [entry.permission.api for entry in smallest_role(entries_of(all_checks(), contract))]
    return sorted({*(start.permissions if start else ()), *needed, *EXTRA_PERMISSIONS})


def _read_all(sync: SyncRun, me: TokenInfo) -> dict[str, Any]:
    organization = sync.get("/api/v2/organizations/me")
    subject = sync.get(grants.PATH, includeFullRoles="true")
    own_id = quote(sync.client.client_id, safe="")
    oauth_client = sync.get(f"/api/v2/oauth/clients/{own_id}")
    divisions = sync.get(f"{AUTHORIZATION}/divisions", pageSize=1)
    parsed = Grants.parse(subject)
    is_listed = not isinstance(parsed, UnreadableResponse)
    held = Grants() if isinstance(parsed, UnreadableResponse) else Grants(parsed.entries[:MAX_GRANTS])
    held = held.with_hidden_roles(sync.get, MAX_ROLE_REQUESTS)
    listed = _catalogue(sync)
    limits = {name: sync.get(f"/api/v2/organizations/limits/namespaces/{name}") for name in NAMESPACES}
    calls_left = [
        limit.remaining for response in sync.genesys.responses if (limit := RateLimit.parse(response)) is not None
    ]
    return {
        "org": _org_to_json(me, organization),
        "client": _client_to_json(me, oauth_client),
        "grants": [_grant_to_json(grant) for grant in held.entries],
        "unread_roles": list(held.unread),
        "catalogue": listed,
        "limits": {
            name: found.values
            for name, response in limits.items()
            if not isinstance(found := Limits.parse(response), UnreadableResponse)
        },
        "rate_left": min(calls_left, default=None),
        "divisions": number(divisions.data, "total") if divisions.ok else None,
        "read": {
            "tokens/me": "ok",
            "organizations/me": _read_result(organization),
            "subjects/me": "no list of grants" if subject.ok and not is_listed else _read_result(subject),
            "oauth/clients": _read_result(oauth_client),
            "authorization/divisions": _read_result(divisions),
            "authorization/permissions": "ok" if None not in listed.values() else "incomplete",
            **{f"limits/{name}": _read_result(response) for name, response in limits.items()},
        },
    }


def _read_result(response: OrgResponse) -> str:
    """Return "ok", or the failure, such as "403 missing.permissions"."""
    return "ok" if response.ok else response.summary[:70]


def _org_to_json(me: TokenInfo, organization: OrgResponse) -> dict[str, Any]:
    """Return the org from organizations/me, or from tokens/me if that failed."""
    data = organization.data if organization.ok else {}
    features = mapping(data, "features")
    return {
        "id": text(data, "id", limit=64) or me.org_id,
        "name": text(data, "name") or me.org_name,
        "short_name": text(data, "thirdPartyOrgName", limit=120),
        "state": text(data, "state", limit=40),
        "features": {name[:60]: on for name, on in list(features.items())[:200] if isinstance(on, bool)},
    }


def _client_to_json(me: TokenInfo, oauth_client: OrgResponse) -> dict[str, Any]:
    """Return the client from oauth/clients/{id}, or from tokens/me if that failed. Its secret is never read."""
    details = oauth_client.data if oauth_client.ok else {}
    scopes = me.scopes if me.scopes is not None else text_list(details, "scope")
    return {
        "name": text(details, "name") or me.client_name,
        "state": text(details, "state", limit=40) or me.client_state,
        "grant_type": text(details, "authorizedGrantType", limit=60) or me.grant_type[:60],
        "scopes": sorted({scope[:100] for scope in scopes})[:MAX_SCOPES] if scopes is not None else None,
        "token_seconds": number(details, "accessTokenValiditySeconds"),
        "created": text(details, "dateCreated", limit=40),
    }


def _grant_to_json(grant: RoleGrant) -> dict[str, Any]:
    """Convert a role in a division. `policies` is None if the org doesn't show the role's contents."""
    return {
        "role": grant.role,
        "role_id": grant.role_id,
        "division": grant.division,
        "division_name": grant.place,
        "policies": sorted(grant.policies)[:MAX_POLICIES] if grant.is_shown else None,
        "conditional": sorted(grant.conditional)[:MAX_POLICIES],
    }


def _catalogue(sync: SyncRun) -> dict[str, bool | None]:
    """Map each permission to whether the org's catalogue has it (None = the catalogue couldn't be read completely).

    No role can hold a permission that isn't in the catalogue.
    """
    wanted = catalogue_permissions(sync.client.region)
    domains = sorted({permission.split(":")[0] for permission in wanted})
    pages = {
        domain: Catalogue.parse(sync.get(catalogue.PATH, queryType="domain", query=domain, pageSize=100))
        for domain in domains
    }
    read = {domain: page for domain, page in pages.items() if not isinstance(page, UnreadableResponse)}
    known = {permission for page in read.values() for permission in page.permissions}
    # An empty catalogue shows nothing about licenses.
    complete = {domain for domain, page in read.items() if known and page.is_complete}
    found: dict[str, bool | None] = {}
    for permission in wanted:
        is_listed = permission.lower() in known
        is_certain = is_listed or permission.split(":")[0] in complete
        found[permission.lower()] = is_listed if is_certain else None
    return found


def _result(found: dict[str, Any]) -> tuple[str, str, str]:
    unread = sorted(name for name, result in found["read"].items() if result != "ok")
    if found["read"]["subjects/me"] != "ok":
        return "partial", "grants_unread", f"The client's permissions couldn't be read: {found['read']['subjects/me']}."
    if found["unread_roles"]:
        names = ", ".join(found["unread_roles"][:5])
        return "partial", "roles_hidden", f"The org doesn't show the permissions of these roles: {names}."
    if unread:
        return "partial", "some_unread", f"All roles were read. Not read: {', '.join(unread[:6])}."
    return "whole", "read", "The client's roles and token and the org's limits were read."


def _store_changes(sync: SyncRun, found: dict[str, Any]) -> None:
    before = latest_permission_sync(sync.client)
    if before is None:
        return
    now = timezone.now()
    changes = permission_changes(before.permissions, found)
    store_changes(sync.snapshot, [org_change(change, sync.client.pk, before.finished_at, now) for change in changes])


def _store_held_permissions(sync: SyncRun, found: dict[str, Any]) -> None:
    """Replace the stored permissions, except those of roles that the org doesn't show this time."""
    wanted = {
        (permission, grant["role"], grant["division"], conditional): grant["division_name"]
        for grant in found["grants"]
        for conditional, policies in ((False, grant["policies"] or []), (True, grant["conditional"]))
        for permission in policies
    }
    stored = HeldPermission.objects.filter(client=sync.client)
    known = {(held.permission, held.role, held.division, held.is_conditional): held.pk for held in stored}
    hidden = set(found["unread_roles"])
    removed = [pk for key, pk in known.items() if key not in wanted and key[1] not in hidden]
    stored.filter(pk__in=removed).delete()
    HeldPermission.objects.bulk_create(
        [
            HeldPermission(
                client=sync.client,
                permission=permission,
                role=role,
                division=division,
                division_name=name,
                is_conditional=conditional,
            )
            for (permission, role, division, conditional), name in wanted.items()
            if (permission, role, division, conditional) not in known
        ],
        batch_size=500,
        ignore_conflicts=True,
    )
