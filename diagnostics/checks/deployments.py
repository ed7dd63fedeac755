"""Checks whether cobrowse is enabled in the web deployments, in their active versions and for the channel."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, unclear, warned
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.documents.conversation import communications
from diagnostics.genesys.fields import boolean, field, items, mapping, mappings, text, text_list, texts, word
from diagnostics.genesys.paths import UUID
from diagnostics.genesys.response import OrgResponse

LIST_PATH = "/api/v2/webdeployments/deployments"
CHANNELS = {"webmessaging": "Webmessaging", "calls": "Voice"}
MOST_READ_ONE_BY_ONE = 5


@dataclass(frozen=True)
class Deployment:
    """A web deployment. `cobrowse` has the settings of its active version, None if the org doesn't return them."""

    id: str
    name: str
    status: str
    cobrowse: dict[str, Any] | None = None

    @property
    def is_active(self) -> bool:
        return self.status.lower() == "active"

    def offers(self, channel: str) -> bool | None:
        """Is cobrowse enabled for the channel, or for any channel if ""? None if unknown."""
        enabled = boolean(self.cobrowse, "enabled")
        if not enabled or not channel or field(self.cobrowse, "channels") is None:
            return enabled
        if channel.lower() in {name.lower() for name in texts(self.cobrowse, "channels")}:
            return True
        return None if text_list(self.cobrowse, "channels") is None else False


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
    reads=(
        f"GET {LIST_PATH}",
        f"GET {LIST_PATH}/{{deploymentId}}/configurations",
        "GET /api/v2/conversations/{conversationId}",
    ),
)
def deployments_cobrowse(ctx: CheckContext) -> Iterator[Result]:
    response = ctx.genesys.get(LIST_PATH, expand="Configuration", pageSize=100)
    found = deployments_of(response)
    if found is None:
        yield _unreadable(response)
        return
    more = bool(field(response.data, "nextUri")) or len(found) < len(items(response.data, "entities") or ())
    yield judge_deployments(with_active_versions(found, ctx.genesys), channel_of(ctx), more=more)


def channel_of(ctx: CheckContext) -> str:
    """The channel of this conversation that supports cobrowse, "" if unknown."""
    wanted = ctx.target.conversation_id or (ctx.aim.id_text if ctx.aim else "")
    if not UUID.fullmatch(wanted):
        return ""
    data = ctx.genesys.get(f"/api/v2/conversations/{wanted}").data
    kinds = {communication.kind for communication in communications(data) if not communication.is_ended}
    return next((channel for kind, channel in CHANNELS.items() if kind in kinds), "")


def judge_deployments(found: list[Deployment], channel: str, *, more: bool = False) -> Result:
    """`more` is true if the org has more deployments than were read; then nothing is proven about all of them."""
    proof: Evidence = {
        "channel": channel,
        "deployments": [
            {"id": item.id, "name": item.name, "status": item.status, "offers": item.offers(channel)}
            for item in found[:30]
        ],
    }
    active = [deployment for deployment in found if deployment.is_active]
    where = f" for {channel}" if channel else ""
    menu = "Admin > Message > Messenger Configurations: switch co-browse on, publish, and save the deployment."
    if not found and not more:
        return warned("no_deployment", "The org has no web deployment; cobrowse is set up in one.", evidence=proof)
    if not active and (more or any(not deployment.status for deployment in found)):
        return unclear(
            "unreadable", "Whether any of the org's web deployments is active can't be told.", evidence=proof
        )
    if not active:
        states = ", ".join(f"{item.name or item.id} is {item.status or 'of no known status'}" for item in found[:5])
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
        return unclear("not_shown", "The org does not show the cobrowse settings of its deployments.", evidence=proof)
    if on and len(on) == len(known):
        return passed("on", f"Cobrowse is on{where} in every active deployment that was read.", evidence=proof)
    off = ", ".join(item.name or item.id for item in known if not item.offers(channel))
    if on or more or len(known) < len(active):
        return passed(
            "on_in_some",
            f"Cobrowse is on{where} in some deployments, but off in: {off}. Which one the conversation came from is not shown.",
            hint=f"If the customer came from one of these: {menu}",
            evidence=proof,
        )
    return failed(
        "off",
        f"Cobrowse is switched off{where} in the Messenger configuration of every active deployment: {off}.",
        hint=menu,
        evidence=proof,
    )


def deployments_of(response: OrgResponse) -> list[Deployment] | None:
    """The deployments in the list, None if it isn't a list of deployments."""
    listed = items(response.data, "entities") if response.ok else None
    if listed is None:
        return None
    found = [_deployment(entry) for entry in mappings(listed) if text(entry, "id")]
    return None if listed and not found else found


def with_active_versions(found: list[Deployment], genesys: GenesysClient) -> list[Deployment]:
    """Read the settings that the list left out, for a few active deployments. That read needs no permission."""
    incomplete = [item for item in found if item.is_active and item.offers("") is None and UUID.fullmatch(item.id)]
    settings = {
        deployment.id: _settings_of(genesys.get(f"{LIST_PATH}/{deployment.id}/configurations"))
        for deployment in incomplete[:MOST_READ_ONE_BY_ONE]
    }
    return [replace(deployment, cobrowse=settings.get(deployment.id, deployment.cobrowse)) for deployment in found]


def _settings_of(response: OrgResponse) -> dict[str, Any] | None:
    if not response.ok:
        return None
    return _cobrowse(mapping(response.data, "configurationVersion") or response.data)


def _deployment(entry: dict[str, Any]) -> Deployment:
    return Deployment(
        id=text(entry, "id", limit=100),
        name=text(entry, "name"),
        status=word(entry, "status")[:40],
        cobrowse=_cobrowse(entry.get("configuration")),
    )


def _cobrowse(version: Any) -> dict[str, Any] | None:
    return mapping(version, "cobrowse") or None


def _unreadable(response: OrgResponse) -> Result:
    received = f"{response.status or 'no answer'} {response.code or response.error}".strip()
    return unclear(
        "unreadable",
        f"Whether cobrowse is on in the web deployments could not be read: {received}.",
        hint="Give a role of the client webDeployments:deployment:view (Web Deployments > Deployment > View).",
        evidence={"status": response.status, "code": response.code},
    )
