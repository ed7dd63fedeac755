"""Determines by which channels a web deployment offers cobrowse, and which of its settings prevent it."""

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
    "pending": "The deployment is still being set up (Pending), so its snippet isn't served yet.",
    "inactive": "The deployment is switched off (Inactive), so its snippet isn't served.",
    "error": "The deployment failed (Error), so its snippet may not be served.",
    "deleting": "The deployment is being deleted.",
}


@dataclass(frozen=True)
class BlockingSetting:
    """A setting that prevents or limits cobrowse; with `pass` it is only a note. `fix` can be ""."""

    setting: str
    outcome: Outcome
    sentence: str
    fix: str = ""


@dataclass(frozen=True)
class ChannelOffer:
    """What a deployment offers by one channel. `outcome` is the worst of its reasons, `pass` without any."""

    channel: str
    title: str
    outcome: Outcome
    reasons: tuple[BlockingSetting, ...]

    @property
    def sentence(self) -> str:
        return SENTENCES[self.outcome]


SENTENCES = {
    Outcome.PASS: "Cobrowse is offered.",
    Outcome.WARN: "Cobrowse is offered, but a setting may be unintended.",
    Outcome.FAIL: "Cobrowse isn't offered.",
    Outcome.ERROR: "We can't tell whether cobrowse is offered.",
    Outcome.SKIP: "Not checked.",
}
WORST = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS)


def offers_of(
    status: str, settings: Mapping[str, Any], draft_is_newer: bool | None = None, *, is_hidden: bool = False
) -> tuple[ChannelOffer, ...]:
    """The offer by each channel. `settings` are those of the active version; any of them can be missing.

    `is_hidden` is true if the org doesn't return the active version, so that its cobrowse settings are out of date.
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
    return tuple(_offer(channel, (*shared, *_of_channel(channel, settings))) for channel in CHANNELS)


def _offer(channel: str, reasons: tuple[BlockingSetting, ...]) -> ChannelOffer:
    ranked = tuple(sorted(reasons, key=lambda reason: WORST.index(reason.outcome)))
    return ChannelOffer(channel, CHANNELS[channel], ranked[0].outcome if ranked else Outcome.PASS, ranked)


def _of_status(status: str) -> Iterator[BlockingSetting]:
    word = status.strip().lower()
    if word in STATUSES:
        yield BlockingSetting("status", Outcome.FAIL, STATUSES[word], f"{DEPLOYMENTS_MENU}: set the status to Active.")
    elif word != "active":
        reason = f"The deployment has the unknown status {status!r}" if word else "The org didn't return the status"
        yield BlockingSetting("status", Outcome.ERROR, f"{reason}, so we can't tell whether its snippet is served.")


def _of_switch(settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    enabled = settings.get("enabled")
    if enabled is False:
        yield BlockingSetting(
            "enabled",
            Outcome.FAIL,
            "Cobrowse is switched off in the active version of the configuration.",
            f"{MENU}: switch on Co-browse, publish the configuration, and save the deployment.",
        )
    elif enabled is not True:
        yield BlockingSetting(
            "enabled",
            Outcome.ERROR,
            "The org didn't return the cobrowse settings of the active version.",
            "Add webDeployments:configuration:view to a role of the client, and sync the org again.",
        )


def _of_channel(channel: str, settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    listed = settings.get("channels")
    if settings.get("enabled") is not True or not isinstance(listed, list):
        return
    if channel in listed:
        return
    if not listed:
        yield BlockingSetting(
            "channels", Outcome.ERROR, "The org returned no channels, so we can't tell for which ones cobrowse is on."
        )
        return
    spelled = next((name for name in listed if isinstance(name, str) and name.lower() == channel.lower()), None)
    if spelled is not None:
        yield BlockingSetting(
            "channels", Outcome.WARN, f"The channel is spelled {spelled!r}, but the API spells it {channel!r}."
        )
        return
    names = ", ".join(CHANNELS.get(str(name), str(name)[:40]) for name in listed[:5]) or "none"
    yield BlockingSetting(
        "channels",
        Outcome.FAIL,
        f"Cobrowse is off for {CHANNELS[channel].lower()}. It is on for: {names}.",
        f"{MENU}: add the channel to Co-browse, publish, and save the deployment.",
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
            f"Messenger runs only on these domains: {few}. Sessions can't start on other sites.",
        )
    else:
        yield BlockingSetting(
            "allowedDomains",
            Outcome.FAIL,
            "No domain is allowed, so Messenger doesn't run on any site.",
            f"{DEPLOYMENTS_MENU}: allow the domains of the site, or all domains.",
        )


def _of_selectors(settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    for setting, what in (("maskSelectors", "hidden from the agent"), ("readonlySelectors", "read-only for the agent")):
        selectors = _list_of_names(settings.get(setting))
        whole = [selector for selector in selectors if selector.strip().lower() in WHOLE_PAGE]
        if whole:
            yield BlockingSetting(
                setting,
                Outcome.WARN,
                f"The selector {whole[0]!r} matches the whole page, so all of it is {what}.",
                f"{MENU}: select only the parts that need it.",
            )


def _of_pauses(settings: Mapping[str, Any]) -> Iterator[BlockingSetting]:
    rules = settings.get("pauseCriteria")
    for rule in rules if isinstance(rules, list) else []:
        if not isinstance(rule, Mapping):
            continue
        fragment, condition = str(rule.get("urlFragment") or "")[:80], str(rule.get("condition") or "").lower()
        everywhere = condition in ("includes", "startswith", "endswith") and fragment in ("", "/", "http", "https://")
        if everywhere and (fragment != "/" or condition == "includes"):
            yield BlockingSetting(
                "pauseCriteria", Outcome.WARN, "A pause rule matches every page, so sharing always pauses."
            )
        elif condition == "doesnotinclude":
            yield BlockingSetting(
                "pauseCriteria",
                Outcome.WARN,
                f"Sharing pauses on every page whose URL doesn't contain {fragment!r}.",
            )


def _of_draft(draft_is_newer: bool | None) -> Iterator[BlockingSetting]:
    if draft_is_newer:
        yield BlockingSetting(
            "draft",
            Outcome.WARN,
            "A draft is newer than the active version. Its changes don't apply yet.",
            f"{MENU}: publish the draft and save the deployment to apply the changes.",
        )


def _list_of_names(value: Any) -> list[str]:
    return [name[:200] for name in value if isinstance(name, str)] if isinstance(value, list) else []
