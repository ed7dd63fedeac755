"""Checks whether cobrowse is enabled in the web deployments, in their active versions and for the channel."""

from collections.abc import Iterator, Sequence

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, unclear, warned
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.documents.deployment import (
    LIST_PATH,
    Deployment,
    DeploymentList,
    configuration_path,
    published_version,
)
from diagnostics.genesys.paths import is_uuid
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

LIST_QUERY: dict[str, str | int] = {"expand": "Configuration", "pageSize": 100}
CHANNELS = {"webmessaging": "Webmessaging", "calls": "Voice"}
CHANNEL_NAMES = {"Webmessaging": "web messaging", "Voice": "voice"}
MOST_READ_ONE_BY_ONE = 5


@check(
    "deployments.cobrowse",
    title="Cobrowse enabled in web deployments",
    node="deployment",
    rules_out=True,
    is_decisive=True,
    depends_on=("deployment",),
    affected_by=("conversation", "permission", "role"),
    version=2,
    after=("oauth.identity",),
    first_reads=lambda ctx: [(LIST_PATH, LIST_QUERY)],
    reads=(
        f"GET {LIST_PATH}",
        f"GET {LIST_PATH}/{{deploymentId}}/configurations",
        "GET /api/v2/conversations/{conversationId}",
    ),
)
def deployments_cobrowse(ctx: CheckContext) -> Iterator[Result]:
    response = ctx.genesys.get(LIST_PATH, **LIST_QUERY)
    listed = DeploymentList.parse(response)
    if isinstance(listed, UnreadableResponse):
        yield _unreadable(response)
        return
    found = with_active_versions(listed.deployments, ctx.genesys)
    yield judge_deployments(found, channel_of(ctx), more=not listed.is_complete)


def channel_of(ctx: CheckContext) -> str:
    """The channel of this conversation that supports cobrowse, "" if unknown."""
    conversation = ctx.conversation()
    if isinstance(conversation, UnreadableResponse):
        return ""
    kinds = {communication.kind for communication in conversation.live}
    return next((channel for kind, channel in CHANNELS.items() if kind in kinds), "")


def judge_deployments(found: Sequence[Deployment], channel: str, *, more: bool = False) -> Result:
    """`more` is true if the org has more deployments than were read; then nothing is proven about all of them."""
    proof: Evidence = {
        "channel": channel,
        "deployments": [
            {"id": item.id, "name": item.name, "status": item.status, "offers": item.offers(channel)}
            for item in found[:30]
        ],
    }
    active = [deployment for deployment in found if deployment.is_active]
    where = f" for {CHANNEL_NAMES.get(channel, channel)}" if channel else ""
    menu = "Admin > Message > Messenger Configurations: switch on Co-browse, publish, and save the deployment."
    if not found and not more:
        return warned("no_deployment", "The org has no web deployment. Cobrowse is set up in one.", evidence=proof)
    if not active and (more or any(not deployment.status for deployment in found)):
        return unclear(
            "unreadable", "We can't tell whether any of the org's web deployments is active.", evidence=proof
        )
    if not active:
        states = ", ".join(f"{item.name or item.id} is {item.status or 'of unknown status'}" for item in found[:5])
        return failed(
            "none_active",
            f"None of the org's web deployments is active: {states}. Cobrowse needs an active one.",
            hint="Admin > Message > Messenger Deployments: publish the Messenger configuration, then set the deployment to "
            "active and save it.",
            evidence=proof,
        )
    known = [deployment for deployment in active if deployment.offers(channel) is not None]
    on = [deployment for deployment in known if deployment.offers(channel)]
    if not known:
        return unclear("not_shown", "The org didn't return the cobrowse settings of its deployments.", evidence=proof)
    if on and len(on) == len(known):
        return passed("on", f"Cobrowse is on{where} in every active deployment we read.", evidence=proof)
    off = ", ".join(item.name or item.id for item in known if not item.offers(channel))
    if on or more or len(known) < len(active):
        return passed(
            "on_in_some",
            f"Cobrowse is on{where} in some deployments, but off in: {off}. The API doesn't show which one the conversation uses.",
            hint=f"If the customer uses one of these: {menu}",
            evidence=proof,
        )
    return failed(
        "off",
        f"Cobrowse is disabled{where} in the Messenger configuration of every active deployment: {off}.",
        hint=menu,
        evidence=proof,
    )


def with_active_versions(found: Sequence[Deployment], genesys: GenesysClient) -> list[Deployment]:
    """Read the settings that the list left out, for a few active deployments. That read needs no permission."""
    incomplete = [item.id for item in found if item.is_active and item.cobrowse is None and is_uuid(item.id)]
    versions = {id: published_version(genesys.get(configuration_path(id))) for id in incomplete[:MOST_READ_ONE_BY_ONE]}
    return [deployment.with_version(versions.get(deployment.id)) for deployment in found]


def _unreadable(response: OrgResponse) -> Result:
    return unclear(
        "unreadable",
        f"The web deployments couldn't be read: {response.summary}.",
        hint="Add webDeployments:deployment:view (Web Deployments > Deployment > View) to a role of the client.",
        evidence={"status": response.status, "code": response.code},
    )
