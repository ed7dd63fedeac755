"""The facts about the cobrowse setup of two runs: each web deployment and each provider of the gateway."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sized

from diagnostics.comparison.fact import Effect, Fact, FactState, fact
from diagnostics.engine.facts import DeploymentFacts, OrgFacts
from diagnostics.genesys.documents.gateway_providers import GatewayProvider

Deployments = Mapping[str, DeploymentFacts]
Providers = Mapping[str, GatewayProvider]
FULL = 100  # the most entries that a run stores, so a longer list is cut off
PRESENT = ("exists", "missing")


def deployment_facts(before: OrgFacts, after: OrgFacts) -> Iterator[Fact]:
    """Deployments are matched by ID, or by name if the runs belong to two orgs."""
    old, new = before.deployments, after.deployments
    if old is None or new is None:
        yield Fact("deployment", "Web deployments", _counted(old), _counted(new), FactState.UNKNOWN)
        return
    if before.org_id and after.org_id and before.org_id != after.org_id:
        new = _by_name_of(old, new)
    for key in dict.fromkeys([*old, *new]):
        if key in old and key in new:
            yield from _deployment_settings(key, old[key], new[key])
        else:
            is_cut = after.has_more if key in old else before.has_more
            yield _deployment_alone(key, old.get(key), new.get(key), is_cut=is_cut)


def _deployment_settings(key: str, old: DeploymentFacts, new: DeploymentFacts) -> Iterator[Fact]:
    name = new.name or key
    switches = (_yes_no(old.cobrowse, "on", "off"), _yes_no(new.cobrowse, "on", "off"))
    yield _setting(key, name, "cobrowse", switches, good="on")
    yield _setting(key, name, "status", (old.status or None, new.status or None), good="active")
    yield _channels(key, name, old.channels, new.channels)
    yield _setting(key, name, "version", (old.version or None, new.version or None))
    yield _setting(key, name, "name", (old.name or None, new.name or None))


SETTING_LABELS = {
    ("cobrowse", "on"): "cobrowse was switched on in the deployment {name}",
    ("cobrowse", "off"): "cobrowse was switched off in the deployment {name}",
    ("status", ""): "the deployment {name} went from {before} to {after}",
    ("version", ""): "the deployment {name} was published again (version {before}, then {after})",
    ("name", ""): "the deployment {before} is now called {after}",
}


def _setting(key: str, name: str, part: str, values: tuple[str | None, str | None], good: str = "") -> Fact:
    """`good` is the value that cobrowse needs, "" for a setting that has no effect on its own."""
    before, after = values
    compared = fact("deployment", f"Deployment {name}: {part}", before, after)
    if not compared.is_changed:
        return Fact("deployment", compared.what, before, after, compared.state, key=key, part=part)
    effect = Effect.OTHER
    if good:
        was, now = ((value or "").lower() == good for value in values)
        effect = Effect.OTHER if was == now else Effect.GAINED if now else Effect.LOST
    clause = SETTING_LABELS.get((part, after or ""), SETTING_LABELS.get((part, ""), compared.clause)).format(
        name=name, before=before, after=after
    )
    return Fact("deployment", compared.what, before, after, FactState.CHANGED, effect, key, part, clause)


def _channels(key: str, name: str, before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> Fact:
    old, new = (None if channels is None else set(channels) for channels in (before, after))
    what = f"Deployment {name}: channels"
    shown = [None if channels is None else ", ".join(sorted(channels)) or "none" for channels in (old, new)]
    if old is None or new is None or old == new:
        state = FactState.UNKNOWN if old is None or new is None else FactState.SAME
        return Fact("deployment", what, shown[0], shown[1], state, key=key, part="channels")
    old_keys, new_keys = sorted(old - new), sorted(new - old)
    effect = Effect.OTHER if old_keys and new_keys else Effect.LOST if old_keys else Effect.GAINED
    changes = ((old_keys, "removed"), (new_keys, "added"))
    parts = " and ".join(f"{', '.join(keys)} was {verb}" for keys, verb in changes if keys)
    clause = f"in the channels of the deployment {name}, {parts}"
    return Fact("deployment", what, shown[0], shown[1], FactState.CHANGED, effect, key, "channels", clause)


def _deployment_alone(key: str, old: DeploymentFacts | None, new: DeploymentFacts | None, *, is_cut: bool) -> Fact:
    """A deployment that only one of the runs has. If the other's list was cut off, the fact is unknown."""
    one = old or new or DeploymentFacts()
    name = one.name or key
    words = PRESENT if old else PRESENT[::-1]
    what = f"Deployment {name}"
    if is_cut:
        return Fact("deployment", what, words[0], words[1], FactState.UNKNOWN, key=key)
    offers = one.is_active and one.cobrowse is not False
    effect = (Effect.LOST if old else Effect.GAINED) if offers else Effect.OTHER
    clause = f"the deployment {name} {'was removed' if old else 'was added'}"
    return Fact("deployment", what, words[0], words[1], FactState.CHANGED, effect, key, "", clause)


def gateway_facts(before: OrgFacts, after: OrgFacts) -> Iterator[Fact]:
    has = [_yes_no(facts.gateway, "yes", "no") for facts in (before, after)]
    clause = f"the org's provider gateway {'now responds' if has[1] == 'yes' else 'no longer responds'}"
    yield fact("gateway", "Provider gateway", has[0], has[1], clause=clause)
    if before.providers is None or after.providers is None:
        if "no" not in has:  # without a gateway there is no list to read
            counts = _counted(before.providers), _counted(after.providers)
            yield Fact("provider", "Gateway providers", *counts, FactState.UNKNOWN)
        return
    old, new = ({provider.id: provider for provider in providers} for providers in (before.providers, after.providers))
    renamed = _renamed(old, new)
    for key in dict.fromkeys([*old, *(new_key for new_key in new if new_key not in renamed.values())]):
        if key in renamed:
            new_id, clause = renamed[key], f"the provider {key} is now called {renamed[key]}"
            yield Fact("provider", "Provider ID", key, new_id, FactState.CHANGED, Effect.OTHER, key, "id", clause)
        elif key in old and key in new:
            yield _enabled(key, old[key].enabled, new[key].enabled)
        else:
            yield _provider_alone(key, key in old, len(new if key in old else old) >= FULL)


def _renamed(old: Providers, new: Providers) -> dict[str, str]:
    """Old ID -> new ID of providers whose ID changed: exactly one new ID differs only in case, or has the same name."""
    old_keys, new_keys = [key for key in old if key not in new], [key for key in new if key not in old]
    names = Counter(old[old_key].name for old_key in old_keys)
    found: dict[str, str] = {}
    for key in old_keys:
        name = old[key].name
        letters = [new_key for new_key in new_keys if new_key.casefold() == key.casefold()]
        named = [new_key for new_key in new_keys if name and new[new_key].name == name and names[name] == 1]
        fits = letters if len(letters) == 1 else named
        if len(fits) == 1 and fits[0] not in found.values():
            found[key] = fits[0]
    return found


def _enabled(key: str, before: bool | None, after: bool | None) -> Fact:
    old, new = (_yes_no(is_enabled, "enabled", "not enabled") for is_enabled in (before, after))
    what = f"Provider {key}"
    if before is after:
        return Fact("provider", what, old or "listed", new or "listed", FactState.SAME, key=key, part="enabled")
    if old is None or new is None:
        return Fact("provider", what, old, new, FactState.UNKNOWN, key=key, part="enabled")
    clause = f"the provider {key} was {'enabled' if after else 'disabled'}"
    effect = Effect.GAINED if after else Effect.LOST
    return Fact("provider", what, old, new, FactState.CHANGED, effect, key, "enabled", clause)


def _provider_alone(key: str, was_there: bool, is_cut: bool) -> Fact:
    words = PRESENT if was_there else PRESENT[::-1]
    if is_cut:
        return Fact("provider", f"Provider {key}", words[0], words[1], FactState.UNKNOWN, key=key)
    clause = f"the provider {key} was {'removed from' if was_there else 'added to'} the gateway's list"
    effect = Effect.LOST if was_there else Effect.GAINED
    return Fact("provider", f"Provider {key}", words[0], words[1], FactState.CHANGED, effect, key, "", clause)


def _by_name_of(old: Deployments, new: Deployments) -> Deployments:
    """The new org's deployments under the IDs of the old org's with the same name, where that name is unique in both."""
    old_names, new_names = (
        {key: (item.name or key).casefold() for key, item in listed.items()} for listed in (old, new)
    )
    counts = Counter(old_names.values()), Counter(new_names.values())
    by_name = {name: key for key, name in old_names.items() if counts[0][name] == 1}
    return {
        by_name[name] if counts[1][name] == 1 and name in by_name else key: new[key] for key, name in new_names.items()
    }


def _yes_no(value: bool | None, yes: str, no: str) -> str | None:
    return None if value is None else yes if value else no


def _counted(listed: Sized | None) -> str | None:
    return None if listed is None else f"{len(listed)} read"
