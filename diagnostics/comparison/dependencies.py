"""Which kinds of fact the result of each check depends on. `explanation` uses it to find what explains a change."""

from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.engine.rules import DEPARTURES, PROBLEM_RULES, REFUSALS, RULES


@dataclass(frozen=True)
class Link:
    """`direct` are the kinds of fact that the check reads, `indirect` those that can change what it reads."""

    direct: tuple[str, ...] = ()
    indirect: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        return (*self.direct, *self.indirect)


# Check ID, or the area of a check that has no entry of its own.
LINKS: dict[str, Link] = {
    "request.path": Link(("path", "sdk_method"), ("gateway", "contract", "method")),
    "request.method": Link(("method", "path"), ("contract",)),
    "request.host": Link(("host", "region")),
    "request.headers": Link(("headers",)),
    "request.body": Link(("body",), ("headers", "method", "path", "contract")),
    "request.token": Link(("body", "headers")),
    "request.sdk": Link(("sdk_method",), ("contract",)),
    "answer": Link(("answer",)),
    "conversation": Link(("conversation",), ("client", "org")),
    "conversation.exists": Link(("conversation",), ("permission", "role", "client", "org", "region")),
    "provider.match": Link(("provider_id", "provider"), ("gateway", "body")),
    "provider.configured": Link(("provider", "gateway")),
    "permissions.call": Link(("permission",), ("role", "path", "method", "conversation", "client")),
    "permissions.catalogue": Link(("catalogue",), ("org", "path", "client")),
    "permissions.user": Link(("grant_type",), ("client", "path")),
    "permissions.reads": Link(("permission",), ("role", "client")),
    "oauth.token": Link((), ("secret", "client", "region", "grant_type")),
    "oauth.identity": Link(("org",), ("client", "region")),
    "oauth.scopes": Link(("scope",), ("grant_type", "client", "gateway")),
    "deployments.cobrowse": Link(("deployment",), ("conversation", "permission", "role")),
    "route": Link((), ("permission", "role", "path", "conversation", "region")),
    "reach": Link((), ("region",)),
    "limits": Link(),
    "session": Link((), ("permission", "role", "deployment", "conversation")),
}
# Families of causes that are transient: no setting explains them.
TRANSIENT = frozenset({"env", "response"})


def link_of(check_id: str) -> Link:
    """An empty link for an unknown check."""
    return LINKS.get(check_id) or LINKS.get(check_id.split(".", 1)[0], Link())


def checks_of(cause: str) -> tuple[str, ...]:
    """The checks that can lead to a cause. Used for a verdict that lists no findings."""
    rules = (*RULES, *DEPARTURES, *(rule for rule, _ in REFUSALS))
    proofs = (proof.split(":")[0] for row in PROBLEM_RULES if row.cause == cause for proof in row.proof)
    return tuple(dict.fromkeys([*(rule.check for rule in rules if rule.cause == cause), *proofs]))


def kinds_of(checks: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The direct and the indirect kinds of several checks. A kind that is direct for one of them isn't indirect."""
    links = [link_of(check) for check in checks]
    direct = tuple(dict.fromkeys(kind for link in links for kind in link.direct))
    indirect = (kind for link in links for kind in link.indirect if kind not in direct)
    return direct, tuple(dict.fromkeys(indirect))
