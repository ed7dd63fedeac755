"""Checks whether the client has the permission that the call needs, in the conversation's division."""

from collections.abc import Iterator

from diagnostics.checks.base import (
    CheckContext,
    Evidence,
    Read,
    Result,
    check,
    failed,
    passed,
    skipped,
    unclear,
    warned,
)
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys.documents import catalogue, grants
from diagnostics.genesys.documents.catalogue import Catalogue
from diagnostics.genesys.documents.conversation import KINDS, MESSAGES, Communication, Conversation
from diagnostics.genesys.documents.grants import Grants
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.parsing.intent import START_PATH

# The permissions of our own reads -> what we can't find out without them.
READS = {
    "conversation:communication:view": "whether the conversation exists, its medium and its state",
    "webDeployments:deployment:view": "whether cobrowse is enabled in the web deployments",
    "analytics:conversationDetail:view": "whether a conversation that is no longer live ever existed",
    "authorization:role:view": "the permissions of roles that the org's response leaves out",
}
# Permission -> its medium, as the name of the participant's list.
MEDIUM_OF = {"conversation:cobrowse:add": "messages", "conversation:cobrowseVoice:add": "calls"}


@check(
    "permissions.call",
    title="Permission for the call",
    node="permission",
    about="call",
    rules_out=True,
    is_decisive=True,
    depends_on=("permission",),
    affected_by=("role", "path", "method", "conversation", "client"),
    after=("oauth.identity",),
    first_reads=lambda ctx: [(grants.PATH, grants.QUERY)] if _needs_permission(ctx) else [],
    reads=(
        f"GET {grants.PATH}",
        "GET /api/v2/authorization/roles/{roleId}",
        "GET /api/v2/conversations/{conversationId}",
    ),
)
def permissions_call(ctx: CheckContext) -> Iterator[Result]:
    if ctx.aim is not None and ctx.aim.world == "token":
        yield skipped("not_asked", "This is a token request, which needs no permission.")
        return
    operation = _operation_of(ctx)
    if operation is None or not operation.permissions:
        yield passed("none_needed", "The operation needs no permission.")
        return
    held = ctx.grants()
    if isinstance(held, UnreadableResponse):
        yield _unreadable(held.response)
        return
    read = ctx.conversation()
    conversation = Conversation() if isinstance(read, UnreadableResponse) else read
    held = held.with_hidden_roles(ctx.genesys.get)
    found = judge_permissions(operation, held, conversation.divisions, _medium_of(conversation))
    if (unreadable := conversation.unreadable) and found.outcome in (Outcome.PASS, Outcome.WARN):
        yield unclear(
            "unreadable",
            f"The client has a permission for the call, but we can't tell whether it is the right one for this conversation: "
            f"{', '.join(unreadable[:3])} of the conversation isn't as the API documents it.",
            evidence={**found.evidence, "unreadable": list(unreadable[:20])},
        )
        return
    yield found


@check(
    "permissions.catalogue",
    title="Permission available in the org",
    node="permission",
    about="call",
    depends_on=("catalogue",),
    affected_by=("org", "path", "client"),
    after=("oauth.identity",),
    first_reads=lambda ctx: catalogue_pages(ctx) if _needs_permission(ctx) else [],
    reads=(f"GET {catalogue.PATH}",),
)
def permissions_catalogue(ctx: CheckContext) -> Iterator[Result]:
    operation = _operation_of(ctx)
    if operation is None or not operation.permissions or (ctx.aim and ctx.aim.world == "token"):
        yield skipped("not_asked", "The call needs no permission, so there is none to look up.")
        return
    yield judge_catalogue(operation, [ctx.genesys.get(path, **query) for path, query in catalogue_pages(ctx)])


def catalogue_pages(ctx: CheckContext) -> list[Read]:
    operation = _operation_of(ctx)
    domains = sorted({permission.split(":")[0] for permission in operation.permissions}) if operation else []
    return [(catalogue.PATH, {"queryType": "domain", "query": domain, "pageSize": 100}) for domain in domains]


def judge_catalogue(operation: Operation, pages: list[OrgResponse]) -> Result:
    """A permission that isn't in the catalog isn't licensed or not released in this org, so no role can have it."""
    found = Catalogue.parse_all(pages)
    known = found.permissions
    proof: Evidence = {"needs": list(operation.permissions), "entries": len(known)}
    wanted = [permission for permission in operation.permissions if permission.lower() in known]
    if wanted:
        return passed("listed", f"The permission exists in this org: {', '.join(wanted)}.", evidence=proof)
    if not known or not found.is_complete:
        return unclear("unreadable", "The org's permission catalog couldn't be read completely.", evidence=proof)
    return failed(
        "not_in_catalogue",
        f"The org's permission catalog has none of {', '.join(operation.permissions)}: the feature isn't licensed.",
        hint="Cobrowse needs Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital. "
        "Ask for the license. No role can have a permission that isn't in the catalog.",
        evidence=proof,
    )


@check(
    "permissions.user",
    title="Token type for the call",
    node="permission",
    about="call",
    depends_on=("grant_type",),
    affected_by=("client", "path"),
    after=("oauth.identity",),
    needs=("call",),
    reads=("GET /api/v2/tokens/me",),
)
def permissions_user(ctx: CheckContext) -> Iterator[Result]:
    operation = ctx.aim.operation if ctx.aim else None
    me = ctx.token_info()
    yield judge_user_context(operation, TokenInfo() if isinstance(me, UnreadableResponse) else me)


def judge_user_context(operation: Operation | None, me: TokenInfo) -> Result:
    """By the contract: some operations are marked as invalid with client credentials, or are about the logged in user."""
    if operation is None:
        return skipped("no_operation", "The call isn't in the API, so we don't know which kind of token it needs.")
    if me.acts_for_user:
        return passed("user_token", "This is a user's token, which the call accepts.")
    if operation.user_only or "logged in user" in operation.summary.lower():
        return failed(
            "user_required",
            f"{operation.method} {operation.path} needs a user's token. Client credentials have no user.",
            hint="Call it with a user's token, or use an operation that needs no user.",
            evidence={"operation": operation.operation_id, "marked": operation.user_only},
        )
    return passed("not_needed", "The call doesn't need a user's token.")


def _needs_permission(ctx: CheckContext) -> bool:
    operation = _operation_of(ctx)
    return operation is not None and bool(operation.permissions) and not (ctx.aim and ctx.aim.world == "token")


def _operation_of(ctx: CheckContext) -> Operation | None:
    """The operation of the call; without one, or for a gateway's call, the operation that starts a session."""
    if ctx.aim is not None and ctx.aim.operation is not None:
        return ctx.aim.operation
    return ctx.contract.match("POST", START_PATH).operation


def _medium_of(conversation: Conversation) -> str:
    """The live medium with cobrowse, "" if it is unknown or if both are live."""
    live = {_list_of(communication) for communication in conversation.live}
    media = live.intersection(MEDIUM_OF.values())
    return media.pop() if len(media) == 1 else ""


def _list_of(communication: Communication) -> str:
    return communication.kind if communication.kind in KINDS else MESSAGES


def judge_permissions(operation: Operation, held: Grants, divisions: tuple[str, ...], medium: str = "") -> Result:
    """`divisions` are the conversation's. If they are unknown (), the permission may be granted in any division."""
    by_permission = {p: held.that_may_hold(p) for p in operation.permissions}
    enough = any if operation.rule == "any" else all
    proof: Evidence = {
        "needs": list(operation.permissions),
        "rule": operation.rule,
        "roles": list(held.roles)[:50],
        "held": {p: sorted({g.place for g in found}) for p, found in by_permission.items() if found},
        "divisions": list(divisions),
    }
    if not enough(bool(found) for found in by_permission.values()):
        return _missing(operation, held, proof)
    in_division = {p: [g for g in found if g.reaches(divisions)] for p, found in by_permission.items()}
    if not enough(bool(found) for found in in_division.values()):
        if held.unread:
            return _missing(operation, held, proof)
        return failed(
            "division_missing",
            f"The client has {' and '.join(p for p, found in by_permission.items() if found)}, but not in the "
            "conversation's division.",
            hint="Assign the client's role in the conversation's division too: Admin > Integrations > OAuth > the client > "
            "Roles, column Divisions.",
            evidence=proof,
        )
    if not enough(any(g.holds(p) for g in found) for p, found in in_division.items()):
        return unclear(
            "conditional",
            "The client has the permission only under a condition, which we can't evaluate from outside.",
            hint="Check the condition of the permission in the role: Admin > Roles / Permissions.",
            evidence=proof,
        )
    granted = [p for p, found in in_division.items() if found]
    if medium and all(MEDIUM_OF.get(p, medium) != medium for p in granted):
        return warned(
            "other_medium",
            f"The client has {', '.join(granted)}, which is for another media type than this conversation's.",
            hint="conversation:cobrowse:add is for web messaging, conversation:cobrowseVoice:add for voice calls.",
            evidence={**proof, "medium": medium},
        )
    scope = (
        "in the conversation's division"
        if divisions
        else "in at least one division. The conversation's division is unknown"
    )
    code = "held" if divisions else "held_somewhere"
    return passed(code, f"The client has {', '.join(granted)} {scope}.", evidence=proof)


def _missing(operation: Operation, held: Grants, proof: Evidence) -> Result:
    names = (" or " if operation.rule == "any" else " and ").join(operation.permissions)
    if held.unread:
        return unclear(
            "policies_hidden",
            f"The org doesn't show the permissions of {', '.join(held.unread[:5])}, which may include {names}.",
            hint="Add authorization:role:view (Authorization > Role > View) to a role of the client.",
            evidence=proof,
        )
    reason = f"its roles ({', '.join(held.roles[:5])}) don't include it" if held.roles else "it has no role"
    return failed(
        "permission_missing",
        f"The client doesn't have {names}: {reason}.",
        hint="Add the permission to a role and assign that role, with the division, to the OAuth client. Scopes don't help: "
        "client credentials use roles, not scopes.",
        evidence=proof,
    )


def _unreadable(response: OrgResponse) -> Result:
    return unclear(
        "unreadable",
        f"The client's permissions couldn't be read: {response.summary}.",
        hint="Reading your own grants needs no permission. Try again, or check the request below.",
        evidence={"status": response.status, "code": response.code},
    )


@check(
    "permissions.reads",
    title="Permissions for our checks",
    node="permission",
    about="call",
    depends_on=("permission",),
    affected_by=("role", "client"),
    after=("oauth.identity",),
    verifies_client=True,
    reads=(f"GET {grants.PATH}",),
)
def permissions_reads(ctx: CheckContext) -> Iterator[Result]:
    held = ctx.grants()
    if isinstance(held, UnreadableResponse):
        yield _unreadable(held.response)
        return
    yield from judge_reads(held)


def judge_reads(held: Grants) -> Iterator[Result]:
    """A permission that our own client lacks doesn't affect the call. It only limits what we can check."""
    if held.unread:
        yield unclear(
            "policies_hidden",
            "The org doesn't show all permissions of the client's roles, so we can't tell in advance what our checks may read.",
        )
        return
    missing = [permission for permission in READS if not held.that_may_hold(permission)]
    if not missing:
        yield passed("all", "The client has all permissions that our checks need.", evidence={"needs": list(READS)})
    for permission in missing:
        yield skipped(
            "lacking",
            f"The client doesn't have {permission}, so we can't see {READS[permission]}.",
            hint=f"Add {permission} to a role of the client.",
            subject=permission,
        )
