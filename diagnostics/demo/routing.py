"""The route table: method and path template to handler, with the rights that the contract declares."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from diagnostics.demo.answers import ApiError, DemoResponse
from diagnostics.demo.orgs import DemoOrg, Endpoint
from diagnostics.demo.rights import DemoCaller


@dataclass(frozen=True)
class DemoRequest:
    """One request as a handler sees it. `query` keeps the first value of each name."""

    endpoint: Endpoint
    method: str
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    who: DemoCaller | None = None

    @property
    def caller(self) -> DemoCaller:
        if self.who is None:
            raise ApiError("authentication.required")
        return self.who

    @property
    def org(self) -> DemoOrg:
        return self.caller.org

    def number(self, name: str, default: int, most: int) -> int:
        """A paging parameter; the API refuses what is no positive number, and caps what is too large."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            raise ApiError("invalid.value", value=text[:100], type=name, allowed=f"1 to {most}")
        return min(int(text), most)


@dataclass(frozen=True)
class DemoRoute:
    """`any_of` and `all_of` are checked before the handler; divisions are the handler's business."""

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

    def fit(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The parameters, or None. An empty segment never stands for a parameter."""
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
    """The route of a raw path; literal segments beat parameters. Raises 404, or 405 naming the methods there are."""
    segments = tuple(path.split("/"))
    fits = [(route, params) for route in routes if (params := route.fit(segments)) is not None]
    if not fits:
        raise ApiError("not.found")
    fewest = min(len(params) for _, params in fits)
    best = [(route, params) for route, params in fits if len(params) == fewest]
    for route, params in best:
        if route.method == method:
            return route, params
    allowed = ", ".join(sorted({route.method for route, _ in best}))
    raise ApiError("method.not.allowed", headers=(("Allow", allowed),))


def answer_user_only(request: DemoRequest) -> DemoResponse:
    """Calls "for the logged in user": a client-credentials token has none."""
    raise ApiError("not.a.user")
