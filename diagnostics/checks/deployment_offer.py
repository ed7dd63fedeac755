"""Would a web deployment offer cobrowse, by which channel, and which of its settings stands in the way? Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.checks.outcomes import Outcome

CHANNELS = {"Webmessaging": "Web messaging", "Voice": "Voice"}
SETTINGS = (
    "enabled",
    "channels",
    "allowAgentControl",
    "allowAgentNavigation",
    "allowDraw",
    "maskSelectors",
    "readonlySelectors",
    "pauseCriteria",
    "allowAllDomains",
    "allowedDomains",
)
OF_DEPLOYMENT = ("allowAllDomains", "allowedDomains")
WHOLE_PAGE = {"*", "html", "body", ":root", "html *", "body *"}
MENU = "Admin > Message > Messenger Configurations"
DEPLOYMENTS_MENU = "Admin > Message > Messenger Deployments"
STATUSES = {
    "pending": "The deployment is still being set up (Pending), so its snippet is not served yet.",
    "inactive": "The deployment is switched off (Inactive), so its snippet is not served.",
    "error": "The deployment ended in an error, so its snippet may not be served.",
    "deleting": "The deployment is being deleted.",
}


@dataclass(frozen=True)
class BlockingSetting:
    """One setting that stands in the way, or with `pass` only bounds what is offered; `mend` may be ""."""

    setting: str
    outcome: Outcome
    sentence: str
    mend: str = ""


@dataclass(frozen=True)
class ChannelOffer:
    """What a deployment offers by one channel: the worst of its reasons, `pass` where there is none."""

    channel: str
    title: str
    outcome: Outcome
    reasons: tuple[BlockingSetting, ...]

    @property
    def sentence(self) -> str:
        return SENTENCES[self.outcome]


SENTENCES = {
    Outcome.PASS: "Nothing in the deployment stands in the way of cobrowse.",
    Outcome.WARN: "Cobrowse would be offered, but something may not be as it is meant.",
    Outcome.FAIL: "Cobrowse would not be offered.",
    Outcome.ERROR: "Whether cobrowse would be offered cannot be told from what was read.",
    Outcome.SKIP: "Not asked.",
}
WORST = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS)


def answers(
    status: str, settings: Mapping[str, Any], draft_is_newer: bool | None = None, *, is_hidden: bool = False
) -> tuple[ChannelOffer, ...]:
    """By channel. `settings` are those of the version in use, as far as the org told them; any may be missing.

    `is_hidden` says that the org did not show that version: what is known of cobrowse is of an earlier one then.
    """
    if is_hidden:
        settings = {name: settings[name] for name in OF_DEPLOYMENT if name in settings}
    shared = (
        *_of_status(status),
        *_of_switch(settings),
        *_of_domains(settings),
        *_of_selectors(settings),
        *_of_pauses(settings),
        *_of_draft(draft_is_newer),
    )
    return tuple(_answer(channel, (*shared, *_of_channel(channel, settings))) for channel in CHANNELS)


def _answer(channel: str, reasons: tuple[BlockingSetting, ...]) -> ChannelOffer:
    ranked = tuple(sorted(reasons, key=lambda each: WORST.index(each.outcome)))
    return ChannelOffer(channel, CHANNELS[channel], ranked[0].outcome if ranked else Outcome.PASS, ranked)


def _of_status(status: str) -> Iterator[BlockingSetting]:
    word = status.strip().lower()
    if word in STATUSES:
        yield BlockingSetting("status", Outcome.FAIL, STATUSES[word], f"{DEPLOYMENTS_MENU}: set the status to Active.")
    elif word != "active":
        told = f"The org calls the deployment's status {status!r}" if word else "The org did not tell its status"
        yield BlockingSetting("status", Outcome.ERROR, f"{told}, so whether it is served is not known.")


def _of_switch(settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    enabled = settings.get("enabled")
    if enabled is False:
        yield BlockingSetting(
            "enabled",
            Outcome.FAIL,
            "Co-browse is switched off in the configuration's version in use.",
            f"{MENU}: switch co-browse on, publish the configuration, and save the deployment.",
        )
    elif enabled is not True:
        yield BlockingSetting(
            "enabled",
            Outcome.ERROR,
            "The org did not show the cobrowse settings of the version in use.",
            "Give a role of the client webDeployments:configuration:view, and read the org again.",
        )


def _of_channel(channel: str, settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    listed = settings.get("channels")
    if settings.get("enabled") is not True or not isinstance(listed, list):
        return
    if channel in listed:
        return
    if not listed:
        yield BlockingSetting(
            "channels", Outcome.ERROR, "The org names no channel, so by which one it is offered is not known."
        )
        return
    spelled = next((each for each in listed if isinstance(each, str) and each.lower() == channel.lower()), None)
    if spelled is not None:
        yield BlockingSetting(
            "channels", Outcome.WARN, f"The channel is spelled {spelled!r}; the API knows it as {channel!r}."
        )
        return
    names = ", ".join(CHANNELS.get(str(each), str(each)[:40]) for each in listed[:5]) or "none"
    yield BlockingSetting(
        "channels",
        Outcome.FAIL,
        f"{CHANNELS[channel]} is not among the channels of co-browse: {names}.",
        f"{MENU}: add the channel to co-browse, publish, and save the deployment.",
    )


def _of_domains(settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    if settings.get("allowAllDomains") is not False:
        return
    allowed = _list_of_names(settings.get("allowedDomains"))
    if allowed:
        few = ", ".join(allowed[:3]) + (f" and {len(allowed) - 3} more" if len(allowed) > 3 else "")
        yield BlockingSetting(
            "allowedDomains",
            Outcome.PASS,
            f"The Messenger runs on these domains only: {few}. On any other site no session can start.",
        )
    else:
        yield BlockingSetting(
            "allowedDomains",
            Outcome.FAIL,
            "No domain is allowed, so the Messenger runs on no site.",
            f"{DEPLOYMENTS_MENU}: allow the domains of the site, or all domains.",
        )


def _of_selectors(settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    for setting, what in (("maskSelectors", "hidden from the agent"), ("readonlySelectors", "read-only for the agent")):
        whole = [each for each in _list_of_names(settings.get(setting)) if each.strip().lower() in WHOLE_PAGE]
        if whole:
            yield BlockingSetting(
                setting,
                Outcome.WARN,
                f"The selector {whole[0]!r} fits the whole page, so all of it is {what}.",
                f"{MENU}: name only the parts that need it.",
            )


def _of_pauses(settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    listed = settings.get("pauseCriteria")
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, Mapping):
            continue
        fragment, condition = str(each.get("urlFragment") or "")[:80], str(each.get("condition") or "").lower()
        everywhere = condition in ("includes", "startswith", "endswith") and fragment in ("", "/", "http", "https://")
        if everywhere and (fragment != "/" or condition == "includes"):
            yield BlockingSetting(
                "pauseCriteria", Outcome.WARN, "A pause rule fits every page, so sharing pauses everywhere."
            )
        elif condition == "doesnotinclude":
            yield BlockingSetting(
                "pauseCriteria",
                Outcome.WARN,
                f"Sharing pauses on every page whose address does not hold {fragment!r}.",
            )


def _of_draft(draft_is_newer: bool | None) -> Iterator[BlockingSetting]:
    if draft_is_newer:
        yield BlockingSetting(
            "draft",
            Outcome.WARN,
            "A draft is newer than the version in use: what was changed in it does not apply yet.",
            f"{MENU}: publish the draft, and save the deployment, if the changes are meant to apply.",
        )


def _list_of_names(value: Any) -> list[str]:
    return [each[:200] for each in value if isinstance(each, str)] if isinstance(value, list) else []
