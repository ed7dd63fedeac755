"""Does the client hold the permission that the call needs, in the conversation's division?"""

from collections.abc import Iterator
from typing import Any

from diagnostics.calls.aim import START_PATH, UUID, Aim
from diagnostics.checks.base import Context, Evidence, Result, check, failed, passed, skipped, unclear, warned
from diagnostics.genesys.answer import Answer
from diagnostics.genesys.contract import Operation
from diagnostics.genesys.grants import Grants, part, read_grants, text_in, with_role_policies

GRANTS_PATH = "/api/v2/authorization/subjects/me"
# What our own reads need, and what stays hidden without it.
READS = {
    "conversation:communication:view": "whether the conversation exists, its medium and its state",
    "webDeployments:deployment:view": "whether cobrowse is on in the web deployments",
    "analytics:conversationDetail:view": "whether a conversation that is no longer live ever existed",
    "authorization:role:view": "what is in a role whose policies the org leaves out of the grants",
}
# Which medium a permission is for, as the name of the participant's list.
MEDIUM_OF = {"conversation:cobrowse:add": "messages", "conversation:cobrowseVoice:add": "calls"}
ENDED = frozenset({"disconnected", "terminated"})
CATALOGUE_PATH = "/api/v2/authorization/permissions"


@check(
    "permissions.call",
    title="The client may make the call",
    after=("oauth.identity",),
    reads=(
        f"GET {GRANTS_PATH}",
        "GET /api/v2/authorization/roles/{roleId}",
        "GET /api/v2/conversations/{conversationId}",
    ),
)
def permissions_call(ctx: Context) -> Iterator[Result]:
    if ctx.aim is not None and ctx.aim.world == "token":
        yield skipped("not_asked", "This is the token request, which needs no permission.")
        return
    operation = _operation_of(ctx)
    if operation is None or not operation.permissions:
        yield passed("none_needed", "The operation asks for no permission.")
        return
    answer = ctx.genesys.get(GRANTS_PATH, includeFullRoles="true")
    if not answer.ok or not isinstance(answer.data.get("grants"), list):
        yield _unreadable(answer)
        return
    grants = with_role_policies(read_grants(answer.data), answer.data, ctx.genesys)
    yield judge_permissions(operation, grants, _division_of(ctx), _medium_of(ctx))


@check(
    "permissions.catalogue",
    title="The org's catalogue has the permission",
    after=("oauth.identity",),
    reads=(f"GET {CATALOGUE_PATH}",),
)
def permissions_catalogue(ctx: Context) -> Iterator[Result]:
    operation = _operation_of(ctx)
    if operation is None or not operation.permissions or (ctx.aim and ctx.aim.world == "token"):
        yield skipped("not_asked", "The call is not one whose permissions the catalogue would list.")
        return
    domains = sorted({permission.split(":")[0] for permission in operation.permissions})
    pages = [ctx.genesys.get(CATALOGUE_PATH, queryType="domain", query=domain, pageSize=100) for domain in domains]
    yield judge_catalogue(operation, pages)


def judge_catalogue(operation: Operation, pages: list[Answer]) -> Result:
    """A permission that the catalogue lacks is not licensed (or not released) in this org: no role can hold it."""
    known = {entry for page in pages for entry in _entries(page)}
    proof: Evidence = {"needs": list(operation.permissions), "entries": len(known)}
    wanted = [permission for permission in operation.permissions if permission.lower() in known]
    if wanted:
        return passed("listed", f"The org's catalogue has {', '.join(wanted)}.", evidence=proof)
    whole = all(page.ok and not page.data.get("nextUri") and _is_last(page.data) for page in pages)
    if not known or not whole:
        return unclear("unreadable", "The org's permission catalogue could not be read to its end.", evidence=proof)
    return failed(
        "not_in_catalogue",
        f"The org's permission catalogue has none of {', '.join(operation.permissions)}: the feature is not licensed.",
        hint="Co-browse needs Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital. "
        "Ask for the licence; no role can hold what the catalogue lacks.",
        evidence=proof,
    )


def _entries(page: Answer) -> Iterator[str]:
    """One entity per domain, whose `permissionMap` holds the permissions of each entity type."""
    listed = page.data.get("entities") if page.ok else None
    for entry in listed if isinstance(listed, list) else []:
        for permissions in part(entry, "permissionMap").values():
            for each in permissions if isinstance(permissions, list) else []:
                if isinstance(each, dict):
                    words = (each.get("domain"), each.get("entityType"), each.get("action"))
                    yield ":".join(text_in(word) for word in words).lower()


def _is_last(data: dict[str, Any]) -> bool:
    count, number = data.get("pageCount"), data.get("pageNumber")
    return not isinstance(count, int) or not isinstance(number, int) or number >= count


@check(
    "permissions.user",
    title="The call does not need a user's token",
    after=("oauth.identity",),
    needs=("call",),
    reads=("GET /api/v2/tokens/me",),
)
def permissions_user(ctx: Context) -> Iterator[Result]:
    operation = ctx.aim.operation if ctx.aim else None
    me = ctx.genesys.get("/api/v2/tokens/me").data
    client = part(me, "OAuthClient")
    yield judge_user_context(operation, text_in(client.get("authorizedGrantType")), is_user="clonedUser" in (me or {}))


def judge_user_context(operation: Operation | None, grant: str, *, is_user: bool = False) -> Result:
    """By the contract alone: some calls are marked as not valid with client credentials, or speak of the logged in user."""
    if operation is None:
        return skipped(
            "no_operation", "The call is no published operation, so nothing is known of whose token it needs."
        )
    if is_user or (grant and "client" not in grant.lower()):
        return passed("user_token", "The token is a user's.")
    if operation.user_only or "logged in user" in operation.summary.lower():
        return failed(
            "user_required",
            f"{operation.method} {operation.path} speaks of the logged in user; client credentials have none.",
            hint="Call it with a user's token, or use a read that needs no user.",
            evidence={"operation": operation.operation_id, "marked": operation.user_only},
        )
    return passed("not_needed", "The contract asks for no user's token here.")


def _operation_of(ctx: Context) -> Operation | None:
    """The operation called; where the call is none, or a gateway passes it on, the one that starts a session."""
    if ctx.aim is not None and ctx.aim.operation is not None:
        return ctx.aim.operation
    return ctx.contract.match("POST", START_PATH).operation


def _division_of(ctx: Context) -> tuple[str, ...]:
    """The divisions of the conversation, () when it is not known or could not be read."""
    wanted = ctx.target.conversation_id or (ctx.aim.id_text if isinstance(ctx.aim, Aim) else "")
    if not UUID.fullmatch(wanted):
        return ()
    data = ctx.genesys.get(f"/api/v2/conversations/{wanted}").data
    listed = data.get("divisions") if isinstance(data, dict) else None
    found = [each.get("division") for each in (listed if isinstance(listed, list) else []) if isinstance(each, dict)]
    return tuple(each["id"] for each in found if isinstance(each, dict) and isinstance(each.get("id"), str))


def _medium_of(ctx: Context) -> str:
    """The live medium of the conversation, "" where it is not known, or where both have cobrowse."""
    wanted = ctx.target.conversation_id or (ctx.aim.id_text if ctx.aim else "")
    data = ctx.genesys.get(f"/api/v2/conversations/{wanted}").data if UUID.fullmatch(wanted) else None
    live = {name for name in MEDIUM_OF.values() for leg in _legs(data, name) if leg.get("state") not in ENDED}
    return live.pop() if len(live) == 1 else ""


def _legs(conversation: Any, name: str) -> Iterator[dict[str, Any]]:
    participants = conversation.get("participants") if isinstance(conversation, dict) else None
    for participant in participants if isinstance(participants, list) else []:
        listed = participant.get(name) if isinstance(participant, dict) else None
        yield from (leg for leg in (listed if isinstance(listed, list) else []) if isinstance(leg, dict))


def judge_permissions(operation: Operation, grants: Grants, divisions: tuple[str, ...], medium: str = "") -> Result:
    """`divisions` are the conversation's, () when unknown: then holding it in any division counts, and is said."""
    by_permission = {p: [g for g in grants.held if g.covers(p)] for p in operation.permissions}
    enough = any if operation.rule == "any" else all
    proof: Evidence = {
        "needs": list(operation.permissions),
        "rule": operation.rule,
        "roles": list(grants.roles)[:50],
        "held": {p: sorted({g.division_name for g in found}) for p, found in by_permission.items() if found},
        "divisions": list(divisions),
    }
    if not enough(bool(found) for found in by_permission.values()):
        return _missing(operation, grants, proof)
    in_place = {p: [g for g in found if g.reaches(divisions)] for p, found in by_permission.items()}
    if not enough(bool(found) for found in in_place.values()):
        return failed(
            "division_missing",
            f"The client holds {' and '.join(p for p, found in by_permission.items() if found)}, but not in the "
            "conversation's division.",
            hint="Grant the client's role in the conversation's division too: Admin > Integrations > OAuth > the client > "
            "Roles, column Divisions.",
            evidence=proof,
        )
    if not enough(any(not g.condition for g in found) for found in in_place.values()):
        return unclear(
            "conditional",
            "The client holds the permission only under a condition, which cannot be decided from outside.",
            hint="Look at the condition of the policy in the role: Admin > Roles / Permissions.",
            evidence=proof,
        )
    held = [p for p, found in in_place.items() if found]
    if medium and all(MEDIUM_OF.get(p, medium) != medium for p in held):
        return warned(
            "other_medium",
            f"The client holds {', '.join(held)}, which is for the other medium than this conversation's.",
            hint="conversation:cobrowse:add is for web messaging, conversation:cobrowseVoice:add for voice calls.",
            evidence={**proof, "medium": medium},
        )
    where = "in the conversation's division" if divisions else "in at least one division; the conversation's is unknown"
    code = "held" if divisions else "held_somewhere"
    return passed(code, f"The client holds {', '.join(held)} {where}.", evidence=proof)


def _missing(operation: Operation, grants: Grants, proof: Evidence) -> Result:
    names = (" or " if operation.rule == "any" else " and ").join(operation.permissions)
    if grants.unread:
        return unclear(
            "policies_hidden",
            f"The org does not show what is in the role(s) {', '.join(grants.unread[:5])}, so {names} may be in them.",
            hint="Give a role of the client authorization:role:view (Authorization > Role > View).",
            evidence=proof,
        )
    held_by = f"its roles ({', '.join(grants.roles[:5])}) do not hold it" if grants.roles else "it has no role at all"
    return failed(
        "permission_missing",
        f"The client does not hold {names}: {held_by}.",
        hint="Put the permission into a role and assign that role, with the division, to the OAuth client. "
        "Scopes are not the answer for client credentials.",
        evidence=proof,
    )


def _unreadable(answer: Answer) -> Result:
    said = f"{answer.status or 'no answer'} {answer.code or answer.trouble}".strip()
    return unclear(
        "unreadable",
        f"What the client may do could not be read: {said}.",
        hint="Reading one's own grants needs no permission; try again, or look at the exchange.",
        evidence={"status": answer.status, "code": answer.code},
    )


@check(
    "permissions.reads",
    title="The client may read what the checks ask",
    after=("oauth.identity",),
    reads=(f"GET {GRANTS_PATH}",),
)
def permissions_reads(ctx: Context) -> Iterator[Result]:
    answer = ctx.genesys.get(GRANTS_PATH, includeFullRoles="true")
    if not answer.ok or not isinstance(answer.data.get("grants"), list):
        yield _unreadable(answer)
        return
    yield from judge_reads(read_grants(answer.data))


def judge_reads(grants: Grants) -> Iterator[Result]:
    """What the client itself lacks is no fault of the call: it only says what stays hidden from the checks."""
    if grants.unread:
        yield unclear(
            "policies_hidden",
            "The org does not show all that is in the client's roles, so what the checks may read is not known before.",
        )
        return
    lacking = [each for each in READS if not any(grant.covers(each) for grant in grants.held)]
    if not lacking:
        yield passed("all", "The client may read all that the checks ask.", evidence={"needs": list(READS)})
    for permission in lacking:
        yield skipped(
            "lacking",
            f"The client lacks {permission}, so this stays hidden: {READS[permission]}.",
            hint=f"Put {permission} into a role of the client to have it checked.",
            subject=permission,
        )
