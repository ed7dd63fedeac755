"""Is cobrowse switched on in the web deployments, in the version in use and for the conversation's channel?"""

from collections.abc import Iterator
from dataclasses import dataclass
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
    """A web deployment with the cobrowse settings of the version in use; `cobrowse` is None when it is not shown."""

    id: str
    name: str
    status: str
    cobrowse: dict[str, Any] | None = None

    @property
    def is_active(self) -> bool:
        return self.status.lower() == "active"

    def offers(self, channel: str) -> bool | None:
        """Whether cobrowse is on for a channel, "" for any; None when the settings do not tell."""
        enabled = boolean(self.cobrowse, "enabled")
        if not enabled or not channel or field(self.cobrowse, "channels") is None:
            return enabled
        if channel.lower() in {each.lower() for each in texts(self.cobrowse, "channels")}:
            return True
        return None if text_list(self.cobrowse, "channels") is None else False


@check(
    "deployments.cobrowse",
    title="Cobrowse enabled in web deployments",
    version=2,
    after=("oauth.identity",),
    reads=(
        f"GET {LIST_PATH}",
        f"GET {LIST_PATH}/{{deploymentId}}/configurations",
        "GET /api/v2/conversations/{conversationId}",
    ),
)
def deployments_cobrowse(ctx: CheckContext) -> Iterator[Result]:
    answer = ctx.genesys.get(LIST_PATH, expand="Configuration", pageSize=100)
    found = deployments_of(answer)
    if found is None:
        yield _unreadable(answer)
        return
    more = bool(field(answer.data, "nextUri")) or len(found) < len(items(answer.data, "entities") or ())
    yield judge_deployments(with_active_versions(found, ctx.genesys), channel_of(ctx), more=more)


def channel_of(ctx: CheckContext) -> str:
    """The channel by which cobrowse would be offered to this conversation, "" when it is not known."""
    wanted = ctx.target.conversation_id or (ctx.aim.id_text if ctx.aim else "")
    if not UUID.fullmatch(wanted):
        return ""
    data = ctx.genesys.get(f"/api/v2/conversations/{wanted}").data
    kinds = {each.kind for each in communications(data) if not each.is_ended}
    return next((channel for kind, channel in CHANNELS.items() if kind in kinds), "")


def judge_deployments(found: list[Deployment], channel: str, *, more: bool = False) -> Result:
    """`more` says that the org has further deployments, which were not looked at: then nothing is proved of all."""
    said: Evidence = {
        "channel": channel,
        "deployments": [
            {"id": each.id, "name": each.name, "status": each.status, "offers": each.offers(channel)}
            for each in found[:30]
        ],
    }
    active = [each for each in found if each.is_active]
    where = f" for {channel}" if channel else ""
    menu = "Admin > Message > Messenger Configurations: switch co-browse on, publish, and save the deployment."
    if not found and not more:
        return warned("no_deployment", "The org has no web deployment; cobrowse is set up in one.", evidence=said)
    if not active and (more or any(not each.status for each in found)):
        return unclear("unreadable", "Whether any of the org's web deployments is active can't be told.", evidence=said)
    if not active:
        states = ", ".join(f"{each.name or each.id} is {each.status or 'of no known status'}" for each in found[:5])
        return failed(
            "none_active",
            f"None of the org's web deployments is active: {states}. Cobrowse needs an active one.",
            hint="Admin > Message > Messenger Deployments: publish the Messenger configuration, then set the deployment to "
            "active and save it.",
            evidence=said,
        )
    told = [each for each in active if each.offers(channel) is not None]
    on = [each for each in told if each.offers(channel)]
    if not told:
        return unclear("not_shown", "The org does not show the cobrowse settings of its deployments.", evidence=said)
    if on and len(on) == len(told):
        return passed("on", f"Cobrowse is on{where} in every active deployment that was read.", evidence=said)
    off = ", ".join(each.name or each.id for each in told if not each.offers(channel))
    if on or more or len(told) < len(active):
        return passed(
            "on_in_some",
            f"Cobrowse is on{where} in some deployments, but off in: {off}. Which one the conversation came from is not shown.",
            hint=f"If the customer came from one of these: {menu}",
            evidence=said,
        )
    return failed(
        "off",
        f"Cobrowse is switched off{where} in the Messenger configuration of every active deployment: {off}.",
        hint=menu,
        evidence=said,
    )


def deployments_of(answer: OrgResponse) -> list[Deployment] | None:
    """What the list holds, None when it is no list of deployments."""
    listed = items(answer.data, "entities") if answer.ok else None
    if listed is None:
        return None
    found = [_deployment(each) for each in mappings(listed) if text(each, "id")]
    return None if listed and not found else found


def with_active_versions(found: list[Deployment], genesys: GenesysClient) -> list[Deployment]:
    """Read, one by one, the few active deployments whose settings the list left out; that read needs no permission."""
    blind = [each for each in found if each.is_active and each.offers("") is None and UUID.fullmatch(each.id)]
    read = {
        each.id: _settings_of(genesys.get(f"{LIST_PATH}/{each.id}/configurations"))
        for each in blind[:MOST_READ_ONE_BY_ONE]
    }
    return [Deployment(each.id, each.name, each.status, read[each.id]) if each.id in read else each for each in found]


def _settings_of(answer: OrgResponse) -> dict[str, Any] | None:
    if not answer.ok:
        return None
    return _cobrowse(mapping(answer.data, "configurationVersion") or answer.data)


def _deployment(entry: dict[str, Any]) -> Deployment:
    return Deployment(
        id=text(entry, "id", most=100),
        name=text(entry, "name"),
        status=word(entry, "status")[:40],
        cobrowse=_cobrowse(entry.get("configuration")),
    )


def _cobrowse(version: Any) -> dict[str, Any] | None:
    return mapping(version, "cobrowse") or None


def _unreadable(answer: OrgResponse) -> Result:
    said = f"{answer.status or 'no answer'} {answer.code or answer.trouble}".strip()
    return unclear(
        "unreadable",
        f"Whether cobrowse is on in the web deployments could not be read: {said}.",
        hint="Give a role of the client webDeployments:deployment:view (Web Deployments > Deployment > View).",
        evidence={"status": answer.status, "code": answer.code},
    )
