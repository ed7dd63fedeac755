"""Routes: method and path template -> handler, with the permissions that the contract requires and the caller has."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from diagnostics.demo.orgs import DemoClient, DemoOrg, Endpoint
from diagnostics.demo.responses import ApiError, DemoResponse


@dataclass(frozen=True)
class DemoCaller:
    """The org that the token belongs to, and the client as it is now."""

    org: DemoOrg
    client: DemoClient

    def divisions_with(self, permission: str) -> set[str]:
        """The divisions in which one of the client's roles grants the permission without a condition."""
        return {
            division
            for role_id, division in self.client.grants
            if any(policy.allows(permission) for policy in self.org.roles[role_id].policies)
        }

    def holds(self, permission: str, division: str | None) -> bool:
        divisions = self.divisions_with(permission)
        if division is None or permission.split(":")[0] in self.org.unaware_of_divisions:
            return bool(divisions)
        return division in divisions

    def require_any(self, permissions: tuple[str, ...], divisions: Iterable[str] = ()) -> None:
        """Requires one of the permissions in one of the divisions.

        The error differs between a permission granted only in other divisions and one not granted at all.
        """
        targets: tuple[str | None, ...] = tuple(divisions) or (None,)
        if any(self.holds(permission, target) for permission in permissions for target in targets):
            return
        in_other_divisions = [permission for permission in permissions if self.divisions_with(permission)]
        code = "missing.division.permission" if in_other_divisions else "missing.any.permissions"
        raise ApiError(code, permissions=", ".join(in_other_divisions or permissions))

    def require_all(self, permissions: tuple[str, ...]) -> None:
        missing = [permission for permission in permissions if not self.holds(permission, None)]
        if missing:
            raise ApiError("missing.permissions", permissions=", ".join(missing))


@dataclass(frozen=True)
class DemoRequest:
    """The request that a handler gets. `query` has the first value of each parameter."""

    endpoint: Endpoint
    method: str
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    sender: DemoCaller | None = None

    @property
    def caller(self) -> DemoCaller:
        if self.sender is None:
            raise ApiError("authentication.required")
        return self.sender

    @property
    def org(self) -> DemoOrg:
        return self.caller.org

    def number(self, name: str, default: int, most: int) -> int:
        """A paging parameter. Like the API, rejects anything but a positive number and caps it at `most`."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            raise ApiError("invalid.value", value=text[:100], type=name, allowed=f"1 to {most}")
        return min(int(text), most)


@dataclass(frozen=True)
class DemoRoute:
    """`any_of` and `all_of` are the permissions checked before the handler, which checks divisions itself."""

    method: str
    template: str
    handle: Callable[[DemoRequest], DemoResponse]
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    public: bool = False
    user_only: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.template.split("/"))

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The path parameters, or None if the path doesn't match. An empty segment never matches a parameter."""
        if len(segments) != len(self.segments):
            return None
        params = {}
        for wanted, given in zip(self.segments, segments, strict=True):
            if wanted.startswith("{") and given:
                params[wanted[1:-1]] = unquote(given, errors="replace")
            elif wanted != given:
                return None
        return params


def find_route(routes: Iterable[DemoRoute], method: str, path: str) -> tuple[DemoRoute, dict[str, str]]:
    """The route of a raw path. Literal segments take precedence over parameters. Raises ApiError (404 or 405)."""
    segments = tuple(path.split("/"))
    fits = [(route, params) for route in routes if (params := route.match(segments)) is not None]
    if not fits:
        raise ApiError("not.found")
    fewest = min(len(params) for _, params in fits)
    best = [(route, params) for route, params in fits if len(params) == fewest]
    for route, params in best:
        if route.method == method:
            return route, params
    allowed = ", ".join(sorted({route.method for route, _ in best}))
    raise ApiError("method.not.allowed", headers=(("Allow", allowed),))


def reject_client_credentials(request: DemoRequest) -> DemoResponse:
    """The handler of calls that need a signed-in user, which a client-credentials token doesn't have."""
    raise ApiError("not.a.user")
