"""Checks which cobrowse providers the org has, and whether the call names one of them."""

from collections.abc import Collection, Iterator, Sequence

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, skipped, unclear, warned
from diagnostics.checks.provider_ids import Likeness, differs_by, match_id
from diagnostics.genesys import gateway
from diagnostics.genesys.documents.gateway_providers import GatewayProvider, GatewayProviders, is_absent
from diagnostics.genesys.errors import meaning_of_message
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.parsing.call import ReceivedResponse


@check(
    "provider.configured",
    title="Cobrowse providers of the org",
    node="provider",
    verifies_client=True,
    depends_on=("provider", "gateway"),
    after=("oauth.identity",),
    first_reads=lambda ctx: [(gateway.PROVIDERS_PATH, {})],
    reads=(f"GET {gateway.PROVIDERS_PATH}",),
)
def provider_configured(ctx: CheckContext) -> Iterator[Result]:
    yield judge_list(ctx.genesys.get(gateway.PROVIDERS_PATH))


def judge_list(response: OrgResponse) -> Result:
    """Shows whether the org has a provider gateway, because only a gateway has a provider list."""
    proof: Evidence = {"status": response.status, "code": response.code, "correlation_id": response.correlation_id}
    listed = GatewayProviders.parse(response)
    if isinstance(listed, GatewayProviders) and listed.providers:
        providers = listed.providers
        ids = [provider.id for provider in providers][:100]
        return passed(
            "listed",
            f"This org's gateway lists {len(providers)} provider{'' if len(providers) == 1 else 's'}: {', '.join(ids[:10])}.",
            evidence={"ids": ids, **proof},
        )
    if isinstance(listed, GatewayProviders):
        return failed(
            "none_configured",
            "This org has a provider gateway, but its provider list is empty.",
            hint="Configure a cobrowse provider in the gateway.",
            evidence=proof,
        )
    if is_absent(response):
        return passed(
            "no_provider_list",
            "This org has no provider list, which is normal: in Genesys Cloud, cobrowse is set up in web deployments.",
            hint="See Admin > Message > Messenger Configurations for whether cobrowse is on.",
            evidence=proof,
        )
    return unclear(
        "unknown", f"We couldn't find out whether this org has a provider list: {response.summary}.", evidence=proof
    )


@check(
    "provider.match",
    title="providerId in the call",
    node="provider",
    about="call",
    rules_out=True,
    depends_on=("provider_id", "provider"),
    affected_by=("gateway", "body"),
    after=("oauth.identity",),
    needs=("call",),
    reads=(f"GET {gateway.PROVIDERS_PATH}",),
)
def provider_match(ctx: CheckContext) -> Iterator[Result]:
    if ctx.aim is None or not (ctx.aim.starts_session or ctx.aim.provider_id is not None):
        yield skipped("not_asked", "The call doesn't start a session, so it needs no provider.")
        return
    listed = ctx.gateway_providers()
    if isinstance(listed, UnreadableResponse) and listed.response.status != 404:
        yield unclear("unknown", "The provider list couldn't be read, so we couldn't compare the providerId.")
        return
    # A gateway in front of the published path requires the ID as well.
    is_required = ctx.aim.world == "gateway" or (ctx.answer is not None and requires_provider(ctx.answer))
    providers, unreadable = (
        (None, 0) if isinstance(listed, UnreadableResponse) else (listed.providers, listed.unreadable)
    )
    found = judge_match(ctx.aim.provider_id, providers, is_required)
    if unreadable and found.code in ("other_case", "near", "none"):
        yield unclear(
            "unreadable",
            f"{unreadable} of the listed providers can't be read. One of them may match the providerId.",
            evidence=found.evidence,
        )
        return
    yield found


def requires_provider(received: ReceivedResponse) -> bool:
    """Does the pasted response say that a providerId is missing?"""
    received = received.of_the_api
    data, _ = received.json()
    message = data.get("message") if isinstance(data, dict) else None
    meaning = meaning_of_message(received.status, "", message if isinstance(message, str) else "")
    return meaning is not None and meaning.code == "provider_wanted"


def judge_match(wanted: str | None, providers: Sequence[GatewayProvider] | None, is_required: bool) -> Result:
    """`providers` is None if the org has no list; `is_required` is true if this call must name a provider."""
    if providers is None:
        return _without_a_list(wanted)
    ids = [provider.id for provider in providers][:100]
    if wanted is None:
        if not is_required:
            return passed(
                "not_named",
                "The call has no providerId, and needs none.",
                evidence={"ids": ids},
            )
        return failed(
            "missing",
            "This org's gateway requires a providerId, but the call has none.",
            hint=f"{_one_of(ids)} Genesys Cloud itself doesn't require it: the published call takes no body.",
            evidence={"ids": ids},
        )
    exact = next((provider for provider in providers if provider.id == wanted), None)
    if exact is not None and exact.enabled is False:
        return failed(
            "disabled",
            f"The provider {wanted} is disabled in this org's gateway.",
            hint="Enable it in the gateway, or send another providerId.",
            evidence={"ids": ids},
        )
    if exact is not None:
        return passed("exact", f"The providerId {wanted} matches exactly.", evidence={"ids": ids})
    return _no_exact_match(wanted, ids)


def _no_exact_match(wanted: str, ids: list[str]) -> Result:
    found = match_id(wanted, ids)
    if found.likeness == Likeness.OTHER_CASE:
        same, how = found.nearest, differs_by(wanted, found.nearest)
        return failed(
            "other_case",
            f"The providerId {wanted!r} differs from the listed {same!r} {how}, but the gateway compares exactly.",
            hint=f"Send {same!r}. The published Genesys Cloud call documents no providerId at all.",
            evidence={"wanted": wanted, "nearest": same, "ids": ids},
        )
    if found.likeness == Likeness.NEAR:
        return failed(
            "near",
            f"No provider is called {wanted!r}. The closest one is {found.nearest!r}.",
            hint=f"If you mean {found.nearest!r}, send exactly that.",
            evidence={"wanted": wanted, "nearest": found.nearest, "ids": ids},
        )
    return failed(
        "none",
        f"No provider is called {wanted!r}.",
        hint=_one_of(ids),
        evidence={"wanted": wanted, "ids": ids},
    )


def _without_a_list(wanted: str | None) -> Result:
    if wanted is None:
        return passed("not_named", "The call has no providerId, and needs none.")
    return warned(
        "not_in_contract",
        "The call has a providerId, but this org's API has no providers, and the published call takes no body.",
        hint="Leave the providerId out. Cobrowse is set up in web deployments.",
        evidence={"wanted": wanted},
    )


def _one_of(ids: list[str]) -> str:
    if not ids:
        return "Configure a provider in the gateway first."
    return f"Send one of the available IDs: {', '.join(ids[:10])}."


@check(
    "provider.seen",
    title="Source providers of the conversation",
    node="provider",
    after=("oauth.identity",),
    needs=("conversation",),
    reads=("GET /api/v2/conversations/{conversationId}",),
)
def provider_seen(ctx: CheckContext) -> Iterator[Result]:
    conversation = ctx.conversation()
    found = frozenset() if isinstance(conversation, UnreadableResponse) else conversation.source_providers
    yield judge_seen_providers(found)


def judge_seen_providers(found: Collection[str]) -> Result:
    """The names are descriptions such as "PureCloud Messaging", not IDs that a call can send."""
    if not found:
        return skipped("none_seen", "No communication of the conversation names a source provider.")
    return passed(
        "seen",
        f"Source providers of the conversation: {', '.join(sorted(found)[:5])}. Don't use these as providerId.",
        evidence={"providers": sorted(found)[:20], "source": "seen"},
    )
