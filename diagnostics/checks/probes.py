"""Plans which paths to read in order to explain a 404: comparing two responses shows what a single one doesn't.

All of them are read with GET, so that nothing is written, whatever the method of the failing call.
"""

import re
from dataclasses import dataclass, replace

from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.paths import UUID
from diagnostics.parsing.intent import START_PATH, Aim

IMPOSSIBLE_ID = "00000000-0000-0000-0000-000000000000"
INVENTED = "no-such-resource"
MOST_VIEWS = 3
# The only paths that may be read: plain words and IDs after the base, without percent escapes and dot segments.
SAFE_PATH = re.compile(r"/api/v2(?:/(?!\.+(?:/|$))[A-Za-z0-9._~-]{1,100}){1,10}/?")
PARAMETER = re.compile(r"\{[^{}]+\}")
# Faults that are evident from the path, so that a read wouldn't add anything.
PLAIN_FAULTS = frozenset({"id_missing", "placeholder_unexpanded"})
# Where a resource can still be read after it has ended.
HISTORY = {"/api/v2/conversations/{conversationId}": "/api/v2/analytics/conversations/{conversationId}/details"}


@dataclass(frozen=True)
class ProbePlan:
    """The paths to compare; "" if there is none.

    `parent` is the resource that the call is about, `impossible` the same path with an ID that can't exist, `views` are
    other reads of that resource, and `history` is where it can be read after it ended. `is_view` is true if the parent
    is one of several views. `called` is the path of the call, `invented` a similar one that isn't published, and
    `control` a published path that the call may have meant. `permissions` are the permissions for reading the parent,
    `history_permissions` those for the history.
    """

    parent: str = ""
    impossible: str = ""
    is_view: bool = False
    views: tuple[str, ...] = ()
    history: str = ""
    called: str = ""
    invented: str = ""
    control: str = ""
    permissions: tuple[str, ...] = ()
    history_permissions: tuple[str, ...] = ()


def plan_for(contract: Contract, aim: Aim | None, id: str) -> ProbePlan:
    """The plan for a call with the ID of a resource. `aim` is None if only a conversation ID is known."""
    template = template_of(aim)
    parameter = PARAMETER.search(template)
    if parameter is None or not UUID.fullmatch(id):
        return _with_paths(ProbePlan(), contract, aim, template)
    intended = template.replace(parameter[0], id)
    resource = f"{template[: parameter.start()]}{id}"
    parent = contract.match("GET", resource).operation
    if parent is None:
        return _with_paths(ProbePlan(), contract, aim, intended)
    history = contract.operation("GET", HISTORY.get(parent.path, ""))
    plan = ProbePlan(
        parent=resource,
        impossible=PARAMETER.sub(IMPOSSIBLE_ID, parent.path),
        is_view=parent.path != _general_path(parent),
        views=tuple(PARAMETER.sub(id, view.path) for view in views_of(contract, parent)),
        history=PARAMETER.sub(id, history.path) if history else "",
        permissions=parent.permissions,
        history_permissions=history.permissions if history else (),
    )
    return _with_paths(plan, contract, aim, intended)


def template_of(aim: Aim | None) -> str:
    """The published path that the call means, with its parameter names; "" if there is none."""
    if aim is None or (aim.starts_session and aim.world != "published"):
        return START_PATH
    return aim.wanted.path if aim.wanted is not None else ""


def views_of(contract: Contract, parent: Operation) -> tuple[Operation, ...]:
    """Other published reads of the same resource: the general one, then those without permissions.

    They can show a resource that the parent's read hides.
    """
    general = _general_path(parent)
    prefix, parameter = general.rpartition("/")[0] + "/", f"{{{parent.parameters[0]}}}"
    found = [
        operation
        for operation in contract.operations
        if operation.method == "GET" and operation.path.startswith(prefix) and operation.path.endswith(parameter)
        if operation.parameters == parent.parameters and operation.path != parent.path
        if (operation.rule == "none" or operation.path == general) and not (operation.user_only or operation.deprecated)
    ]
    return tuple(sorted(found, key=lambda operation: (operation.path != general, operation.path))[:MOST_VIEWS])


def _general_path(parent: Operation) -> str:
    """/api/v2/conversations/{conversationId}, of which /api/v2/conversations/messages/{conversationId} is a view."""
    return f"{'/'.join(parent.path.split('/')[:4])}/{{{parent.parameters[0]}}}"


def _with_paths(plan: ProbePlan, contract: Contract, aim: Aim | None, intended: str) -> ProbePlan:
    """Add the paths that show whether the called path exists. `intended` is the published path with its values."""
    if aim is None or aim.fault in PLAIN_FAULTS or aim.world == "token" or not SAFE_PATH.fullmatch(aim.path):
        return plan
    if aim.world != "published" and contract.match("GET", aim.path).is_path_published:
        return plan  # a word in place of an ID matches another operation than the intended one
    invented = unpublished_sibling(contract, aim.path)
    return replace(plan, called=aim.path, invented=invented, control=_control(contract, aim, intended))


def _control(contract: Contract, aim: Aim, intended: str) -> str:
    """The intended path with an impossible ID, to learn how this org responds to a path that exists.

    "" unless it is comparable: it must accept the call's method, and for a call that writes, it must not accept GET.
    """
    path = PARAMETER.sub(IMPOSSIBLE_ID, intended)
    match = contract.match("GET", path)
    accepts_get = match.operation is not None
    is_comparable = accepts_get if aim.method == "GET" else not accepts_get and bool(match.other_methods)
    in_doubt = aim.world != "published" and path != aim.path
    return path if in_doubt and is_comparable and SAFE_PATH.fullmatch(path) else ""


def unpublished_sibling(contract: Contract, path: str) -> str:
    """The path with its last word replaced; if that is published too, a path that can't be."""
    segments = path.rstrip("/").split("/")
    words = [index for index, segment in enumerate(segments) if index > 2 and not UUID.fullmatch(segment)]
    if words:
        segments[words[-1]] = INVENTED
        sibling = "/".join(segments)
        if not contract.match("GET", sibling).is_path_published:
            return sibling
    return f"/api/v2/{INVENTED}"
