"""What two runs saw set up for cobrowse: the web deployments and the gateway's providers, one by one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from diagnostics.comparison.fact import Fact, FactState, Way, fact

Items = dict[str, Mapping[str, Any]]
FULL = 100  # as many as a run keeps: of a longer list it does not know the rest
PRESENT = ("there", "not there")


def mapping_of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def deployment_facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Fact]:
    """Each deployment by its id; across two orgs, where no id can be the same, by its name."""
    old, new = (_items(each.get("deployments")) for each in (before, after))
    if old is None or new is None:
        yield Fact("deployment", "Web deployments", _counted(old), _counted(new), FactState.UNKNOWN)
        return
    old_id, new_id = (mapping_of(each.get("org")).get("id") for each in (before, after))
    if old_id and new_id and old_id != new_id:
        new = _by_name_of(old, new)
    cut = tuple(each.get("deployments_more") is True for each in (before, after))
    for key in dict.fromkeys([*old, *new]):
        if key in old and key in new:
            yield from _both(key, old[key], new[key])
        else:
            yield _deployment_alone(key, old.get(key), new.get(key), cut[1] if key in old else cut[0])


def _both(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Fact]:
    name = _name(new, key)
    yield _setting(
        key,
        name,
        "cobrowse",
        (_either(old.get("cobrowse"), "on", "off"), _either(new.get("cobrowse"), "on", "off")),
        good="on",
    )
    yield _setting(key, name, "status", (_text(old, "status"), _text(new, "status")), good="active")
    yield _channels(key, name, old.get("channels"), new.get("channels"))
    yield _setting(key, name, "version", (_text(old, "version"), _text(new, "version")))
    yield _setting(key, name, "name", (_text(old, "name"), _text(new, "name")))


SETTING_LABELS = {
    ("cobrowse", "on"): "cobrowse was switched on in the deployment {name}",
    ("cobrowse", "off"): "cobrowse was switched off in the deployment {name}",
    ("status", ""): "the deployment {name} went from {before} to {after}",
    ("version", ""): "the deployment {name} was published anew (version {before}, then {after})",
    ("name", ""): "the deployment {before} is now called {after}",
}


def _setting(key: str, name: str, part: str, values: tuple[str | None, str | None], good: str = "") -> Fact:
    """`good` is the value with which cobrowse can work, "" for a setting that decides nothing by itself."""
    before, after = values
    made = fact("deployment", f"Deployment {name}: {part}", before, after)
    if not made.is_changed:
        return Fact("deployment", made.what, before, after, made.state, key=key, part=part)
    way = Way.OTHER
    if good:
        was, now = ((each or "").lower() == good for each in values)
        way = Way.OTHER if was == now else Way.GAINED if now else Way.LOST
    told = SETTING_LABELS.get((part, after or ""), SETTING_LABELS.get((part, ""), made.told)).format(
        name=name, before=before, after=after
    )
    return Fact("deployment", made.what, before, after, FactState.CHANGED, way, key, part, told)


def _channels(key: str, name: str, before: Any, after: Any) -> Fact:
    old, new = (set(map(str, each)) if isinstance(each, list) else None for each in (before, after))
    what = f"Deployment {name}: channels"
    shown = [None if each is None else ", ".join(sorted(each)) or "none" for each in (old, new)]
    if old is None or new is None or old == new:
        state = FactState.UNKNOWN if old is None or new is None else FactState.SAME
        return Fact("deployment", what, shown[0], shown[1], state, key=key, part="channels")
    gone, come = sorted(old - new), sorted(new - old)
    way = Way.OTHER if gone and come else Way.LOST if gone else Way.GAINED
    parts = [f"{', '.join(gone)} was taken out"] * bool(gone) + [f"{', '.join(come)} was put in"] * bool(come)
    told = f"of the channels of the deployment {name} {' and '.join(parts)}"
    return Fact("deployment", what, shown[0], shown[1], FactState.CHANGED, way, key, "channels", told)


def _deployment_alone(key: str, old: Any, new: Any, is_cut: bool) -> Fact:
    """One that only one of the runs saw. Missing from a list that was cut is not gone."""
    one = mapping_of(old or new)
    name = _name(one, key)
    words = PRESENT if old else PRESENT[::-1]
    what = f"Deployment {name}"
    if is_cut:
        return Fact("deployment", what, words[0], words[1], FactState.UNKNOWN, key=key)
    offers = str(one.get("status", "")).lower() == "active" and one.get("cobrowse") is not False
    way = (Way.LOST if old else Way.GAINED) if offers else Way.OTHER
    told = f"the deployment {name} {'is gone' if old else 'is new'}"
    return Fact("deployment", what, words[0], words[1], FactState.CHANGED, way, key, "", told)


def gateway_facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Fact]:
    has = [_either(each.get("gateway"), "yes", "no") for each in (before, after)]
    told = f"the org's provider gateway {'answers now' if has[1] == 'yes' else 'no longer answers'}"
    yield fact("gateway", "Provider gateway", has[0], has[1], told=told)
    old, new = (_providers(each.get("providers")) for each in (before, after))
    if old is None or new is None:
        if "no" not in has:  # without a gateway there is no list to have been read
            yield Fact("provider", "Gateway providers", _counted(old), _counted(new), FactState.UNKNOWN)
        return
    renamed = _renamed(old, new)
    for key in dict.fromkeys([*old, *(each for each in new if each not in renamed.values())]):
        if key in renamed:
            yield _rename(key, renamed[key])
        elif key in old and key in new:
            yield _enabled(key, old[key].get("enabled"), new[key].get("enabled"))
        else:
            yield _provider_alone(key, key in old, len(new if key in old else old) >= FULL)


def _renamed(old: Items, new: Items) -> dict[str, str]:
    """An id that went and one that came, and no other, with the same letters or the same name: one provider."""
    gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
    names = Counter(_text(old[each], "name") for each in gone)
    found: dict[str, str] = {}
    for key in gone:
        name = _text(old[key], "name")
        letters = [each for each in come if each.casefold() == key.casefold()]
        named = [each for each in come if name and _text(new[each], "name") == name and names[name] == 1]
        fits = letters if len(letters) == 1 else named
        if len(fits) == 1 and fits[0] not in found.values():
            found[key] = fits[0]
    return found


def _rename(old: str, new: str) -> Fact:
    told = f"the provider {old} is now called {new}"
    return Fact("provider", "Provider id", old, new, FactState.CHANGED, Way.OTHER, old, "id", told)


def _enabled(key: str, before: Any, after: Any) -> Fact:
    old, new = (
        None if not isinstance(each, bool) else "enabled" if each else "not enabled" for each in (before, after)
    )
    what = f"Provider {key}"
    if before is after:
        return Fact("provider", what, old or "listed", new or "listed", FactState.SAME, key=key, part="enabled")
    if old is None or new is None:
        return Fact("provider", what, old, new, FactState.UNKNOWN, key=key, part="enabled")
    told = f"the provider {key} was {'enabled' if after else 'disabled'}"
    return Fact("provider", what, old, new, FactState.CHANGED, Way.GAINED if after else Way.LOST, key, "enabled", told)


def _provider_alone(key: str, was_there: bool, is_cut: bool) -> Fact:
    words = PRESENT if was_there else PRESENT[::-1]
    if is_cut:
        return Fact("provider", f"Provider {key}", words[0], words[1], FactState.UNKNOWN, key=key)
    told = f"the provider {key} is {'gone from' if was_there else 'new in'} the gateway's list"
    way = Way.LOST if was_there else Way.GAINED
    return Fact("provider", f"Provider {key}", words[0], words[1], FactState.CHANGED, way, key, "", told)


def _by_name_of(old: Items, new: Items) -> Items:
    """The other org's deployments under the ids of those with the same name here, where the name leaves no doubt."""
    here, there = ({key: _name(each, key).casefold() for key, each in things.items()} for things in (old, new))
    counts = Counter(here.values()), Counter(there.values())
    by_name = {name: key for key, name in here.items() if counts[0][name] == 1}
    return {by_name[name] if counts[1][name] == 1 and name in by_name else key: new[key] for key, name in there.items()}


def _items(value: Any) -> Items | None:
    return {str(key): mapping_of(each) for key, each in value.items()} if isinstance(value, Mapping) else None


def _providers(value: Any) -> Items | None:
    if not isinstance(value, list):
        return None
    told = [mapping_of(each) for each in value]
    return {str(each["id"]): each for each in told if each.get("id")}


def _either(value: Any, yes: str, no: str) -> str | None:
    """In words; None where it is not known."""
    return (yes if value else no) if isinstance(value, bool) else None


def _name(thing: Mapping[str, Any], key: str) -> str:
    return _text(thing, "name") or key


def _text(thing: Mapping[str, Any], name: str) -> str | None:
    value = thing.get(name)
    return value if isinstance(value, str) and value else None


def _counted(things: Iterable[str] | None) -> str | None:
    return None if things is None else f"{len(list(things))} read"
