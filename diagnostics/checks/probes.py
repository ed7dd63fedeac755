"""Which paths to read beside a failing call, so that two answers compared tell what one 404 hides. Pure.

Everything planned here is for GET: nothing of it can write, whatever the call itself would do.
"""

import re
from dataclasses import dataclass, replace

from diagnostics.genesys.contract import Contract, Operation
from diagnostics.genesys.paths import UUID
from diagnostics.parsing.intent import START_PATH, Aim

IMPOSSIBLE_ID = "00000000-0000-0000-0000-000000000000"
INVENTED = "no-such-resource"
MOST_VIEWS = 3
# What may be asked for at all: plain words and ids below the base. Nothing encoded, no dots that lead elsewhere.
ASKABLE = re.compile(r"/api/v2(?:/(?!\.+(?:/|$))[A-Za-z0-9._~-]{1,100}){1,10}/?")
PARAMETER = re.compile(r"\{[^{}]+\}")
# Paths whose fault is plain to see: no answer of the org could add to it.
PLAIN_FAULTS = frozenset({"id_missing", "placeholder_unexpanded"})
# Where a resource is still known once it is over.
HISTORY = {"/api/v2/conversations/{conversationId}": "/api/v2/analytics/conversations/{conversationId}/details"}


@dataclass(frozen=True)
class ProbePlan:
    """The paths to compare; "" where there is none.

    `parent` is the resource that the call hangs on, `impossible` the same with an id that nothing can have, `views`
    other reads of that resource, `history` where it is known when it is over. `is_view` says that the parent is itself
    one view among several. `called` is the call's own path, `invented` one of the same shape that is nobody's,
    `control` a published path that the call might have meant. `rights` are what the parent's read asks for.
    """

    parent: str = ""
    impossible: str = ""
    is_view: bool = False
    views: tuple[str, ...] = ()
    history: str = ""
    called: str = ""
    invented: str = ""
    control: str = ""
    rights: tuple[str, ...] = ()
    history_rights: tuple[str, ...] = ()


def plan_for(contract: Contract, aim: Aim | None, id: str) -> ProbePlan:
    """For any call with a resource's id in it; `aim` is None where only the id of a conversation is known."""
    template = template_of(aim)
    named = PARAMETER.search(template)
    if named is None or not UUID.fullmatch(id):
        return _with_paths(ProbePlan(), contract, aim, template)
    right = template.replace(named[0], id)
    resource = f"{template[: named.start()]}{id}"
    parent = contract.match("GET", resource).operation
    if parent is None:
        return _with_paths(ProbePlan(), contract, aim, right)
    past = contract.operation("GET", HISTORY.get(parent.path, ""))
    plan = ProbePlan(
        parent=resource,
        impossible=PARAMETER.sub(IMPOSSIBLE_ID, parent.path),
        is_view=parent.path != _general_path(parent),
        views=tuple(PARAMETER.sub(id, each.path) for each in views_of(contract, parent)),
        history=PARAMETER.sub(id, past.path) if past else "",
        rights=parent.permissions,
        history_rights=past.permissions if past else (),
    )
    return _with_paths(plan, contract, aim, right)


def template_of(aim: Aim | None) -> str:
    """The published path that the call is about, with its parameter names; "" when it is about none."""
    if aim is None or (aim.starts_session and aim.world != "published"):
        return START_PATH
    return aim.wanted.path if aim.wanted is not None else ""


def views_of(contract: Contract, parent: Operation) -> tuple[Operation, ...]:
    """Other published reads of the same resource: the general one first, then those that need no permission, because
    these show what the parent's read may hide.
    """
    general = _general_path(parent)
    found = [
        each
        for each in contract.operations
        if each.method == "GET" and each.parameters == parent.parameters and each.path != parent.path
        if each.path.startswith(general.rpartition("/")[0] + "/") and each.path.endswith(f"{{{parent.parameters[0]}}}")
        if (each.rule == "none" or each.path == general) and not (each.user_only or each.deprecated)
    ]
    return tuple(sorted(found, key=lambda each: (each.path != general, each.path))[:MOST_VIEWS])


def _general_path(parent: Operation) -> str:
    """/api/v2/conversations/{conversationId}, of which /api/v2/conversations/messages/{conversationId} is a view."""
    return f"{'/'.join(parent.path.split('/')[:4])}/{{{parent.parameters[0]}}}"


def _with_paths(plan: ProbePlan, contract: Contract, aim: Aim | None, right: str) -> ProbePlan:
    """With the paths that tell whether the call's own is routed; `right` is the published one, filled."""
    if aim is None or aim.fault in PLAIN_FAULTS or aim.world == "token" or not ASKABLE.fullmatch(aim.path):
        return plan
    if aim.world != "published" and contract.match("GET", aim.path).path_known:
        return plan  # a word stands where an id belongs: the route that answers is not the one that was meant
    invented = unpublished_sibling(contract, aim.path)
    return replace(plan, called=aim.path, invented=invented, control=_control(contract, aim, right))


def _control(contract: Contract, aim: Aim, right: str) -> str:
    """The published path, where a read of it says how this org answers a route of the very kind that is in doubt:
    one that takes the call's method, and for a call that writes takes no GET.
    """
    path = PARAMETER.sub(IMPOSSIBLE_ID, right)
    found = contract.match("GET", path)
    reads = found.operation is not None
    same_kind = reads if aim.method == "GET" else not reads and bool(found.other_methods)
    in_doubt = aim.world != "published" and path != aim.path
    return path if in_doubt and same_kind and ASKABLE.fullmatch(path) else ""


def unpublished_sibling(contract: Contract, path: str) -> str:
    """The same path with its last word replaced, unless that makes a published one."""
    segments = path.rstrip("/").split("/")
    words = [at for at, each in enumerate(segments) if at > 2 and not UUID.fullmatch(each)]
    if words:
        segments[words[-1]] = INVENTED
        made = "/".join(segments)
        if not contract.match("GET", made).path_known:
            return made
    return f"/api/v2/{INVENTED}"
