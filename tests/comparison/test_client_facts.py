"""What two runs saw of their orgs, fact by fact, from dicts of any age and shape."""

from typing import Any

import pytest

from diagnostics.comparison import client_facts as surroundings
from diagnostics.comparison.fact import Effect, Fact, FactState
from diagnostics.engine.facts import OrgFacts
from tests.comparison.sides import BEGAN, ON, SHOP, environment

ELSEWHERE = {"org": {"id": "org-2", "name": "Acme sandbox"}}


def facts(before: Any, after: Any) -> tuple[Fact, ...]:
    return surroundings.facts_of(OrgFacts.parse(before), OrgFacts.parse(after), (BEGAN, BEGAN))


def between(**values: tuple[Any, Any]) -> list[tuple[str, str, str, str]]:
    """What is not the same, where only these keys have (before, after) of their own: kind, key, part, way or `unknown`."""
    old = environment(**{name: pair[0] for name, pair in values.items()})
    new = environment(**{name: pair[1] for name, pair in values.items()})
    found = (each for each in facts(old, new) if each.state is not FactState.SAME)
    return [(each.kind, each.key, each.part, "unknown" if each.is_unknown else each.effect.value) for each in found]


def shop(**values: Any) -> dict[str, Any]:
    return {SHOP: {**ON, **values}}


HOME = {"role": "Cobrowse", "division": "Home"}
SALES = {"role": "Cobrowse", "division": "Sales"}
ADD = "conversation:cobrowse:add"
TURNED = {Effect.LOST: Effect.GAINED, Effect.GAINED: Effect.LOST}
HOME_PART, SALES_PART = "the division Home", "the division Sales"


def test_the_same_surroundings_differ_in_nothing() -> None:
    assert {each.state for each in facts(environment(), environment())} == {FactState.SAME}


@pytest.mark.parametrize(
    ("name", "before", "after", "found"),
    [
        ("region", "eu-west-1", "us-east-1", [("region", "", "", "other")]),
        ("contract", "269.0.0", "270.0.0", [("contract", "", "", "other")]),
        ("engine", "1", "2", [("engine", "", "", "other")]),
        ("grant_type", "CLIENT-CREDENTIALS", "CODE", [("grant_type", "", "", "other")]),
        ("grant_type", "client-credentials", "CLIENT-CREDENTIALS", []),
        ("grant_type", None, "CODE", [("grant_type", "", "", "unknown")]),
        ("org", {"id": "a", "name": "Old"}, {"id": "a", "name": "New"}, []),
        ("org", {"id": "a", "name": "x"}, {"id": "b", "name": "x"}, [("org", "", "", "other")]),
        ("org", None, {"id": "b", "name": "x"}, [("org", "", "", "unknown")]),
        ("scopes", ["a", "b"], ["b", "a"], []),
        ("scopes", ["a", "b"], ["b"], [("scope", "a", "", "lost")]),
        ("scopes", ["b"], ["a", "b"], [("scope", "a", "", "gained")]),
        ("scopes", None, ["a"], [("scope", "", "", "unknown")]),
        ("scopes", [], ["a"], [("scope", "a", "", "gained")]),
        ("roles", [HOME], [], [("role", "Cobrowse", HOME_PART, "lost")]),
        ("roles", [], [HOME], [("role", "Cobrowse", HOME_PART, "gained")]),
        ("roles", [HOME, SALES], [SALES, HOME], []),
        # given in another division: one is gone, one is new
        (
            "roles",
            [HOME],
            [SALES],
            [("role", "Cobrowse", HOME_PART, "lost"), ("role", "Cobrowse", SALES_PART, "gained")],
        ),
        ("roles", None, [HOME], [("role", "", "", "unknown")]),
        ("roles", [HOME], None, [("role", "", "", "unknown")]),
        ("permissions", {ADD: ["Home"]}, {ADD: []}, [("permission", ADD, "", "lost")]),
        ("permissions", {ADD: []}, {ADD: ["Home"]}, [("permission", ADD, "", "gained")]),
        ("permissions", {ADD: ["Home", "Sales"]}, {ADD: ["Home"]}, [("permission", ADD, "", "lost")]),
        ("permissions", {ADD: ["Home"]}, {ADD: ["Sales"]}, [("permission", ADD, "", "other")]),
        ("permissions", {ADD: ["every division"]}, {ADD: ["Home"]}, [("permission", ADD, "", "lost")]),
        ("permissions", {ADD: ["Home"]}, {ADD: ["every division"]}, [("permission", ADD, "", "gained")]),
        # the same permission in other letters is the same permission
        ("permissions", {"Conversation:Cobrowse:Add": ["Home"]}, {ADD: ["Home"]}, []),
        # looked up by one run alone
        ("permissions", {ADD: ["Home"]}, {}, [("permission", ADD, "", "unknown")]),
        ("permissions", None, {ADD: []}, [("permission", "", "", "unknown")]),
        ("deployments", shop(), shop(cobrowse=False), [("deployment", SHOP, "cobrowse", "lost")]),
        ("deployments", shop(cobrowse=False), shop(), [("deployment", SHOP, "cobrowse", "gained")]),
        ("deployments", shop(cobrowse=None), shop(), [("deployment", SHOP, "cobrowse", "unknown")]),
        ("deployments", shop(), shop(status="Inactive"), [("deployment", SHOP, "status", "lost")]),
        ("deployments", shop(status="Pending"), shop(), [("deployment", SHOP, "status", "gained")]),
        ("deployments", shop(status="Pending"), shop(status="Error"), [("deployment", SHOP, "status", "other")]),
        ("deployments", shop(), shop(channels=["Voice"]), [("deployment", SHOP, "channels", "lost")]),
        ("deployments", shop(channels=["Voice"]), shop(), [("deployment", SHOP, "channels", "gained")]),
        ("deployments", shop(channels=["Voice"]), shop(channels=["X"]), [("deployment", SHOP, "channels", "other")]),
        ("deployments", shop(), shop(channels=["Webmessaging", "Voice"]), []),
        ("deployments", shop(), shop(version="4"), [("deployment", SHOP, "version", "other")]),
        ("deployments", shop(), shop(name="Store"), [("deployment", SHOP, "name", "other")]),
        ("deployments", shop(), {}, [("deployment", SHOP, "", "lost")]),
        ("deployments", {}, shop(), [("deployment", SHOP, "", "gained")]),
        # one that offers nothing takes nothing with it
        ("deployments", shop(cobrowse=False), {}, [("deployment", SHOP, "", "other")]),
        ("deployments", shop(status="Inactive"), {}, [("deployment", SHOP, "", "other")]),
        ("deployments", None, shop(), [("deployment", "", "", "unknown")]),
        ("gateway", True, False, [("gateway", "", "", "other")]),
        ("gateway", None, True, [("gateway", "", "", "unknown")]),
    ],
)
def test_one_thing_differs(name: str, before: Any, after: Any, found: list[tuple[str, str, str, str]]) -> None:
    assert between(**{name: (before, after)}) == found


def gateway(*providers: Any) -> dict[str, Any]:
    return environment(gateway=True, providers=list(providers))


def provider(id: str, name: str = "", enabled: bool | None = None) -> dict[str, Any]:
    return {"id": id, "name": name, "enabled": enabled}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([provider("a")], [provider("a")], []),
        ([provider("a"), provider("b")], [provider("b"), provider("a")], []),
        ([provider("a")], [], [("a", "", "lost")]),
        ([], [provider("a")], [("a", "", "gained")]),
        ([provider("a")], [provider("b")], [("a", "", "lost"), ("b", "", "gained")]),
        # renamed: the same letters in another case, or the same name
        ([provider("genesys")], [provider("Genesys")], [("genesys", "id", "other")]),
        ([provider("old", "Main")], [provider("new", "Main")], [("old", "id", "other")]),
        ([provider("old", "Main")], [provider("n1", "Main"), provider("n2", "Main")], None),
        ([provider("o1", "Main"), provider("o2", "Main")], [provider("new", "Main")], None),
        ([provider("a", enabled=True)], [provider("a", enabled=False)], [("a", "enabled", "lost")]),
        ([provider("a", enabled=False)], [provider("a", enabled=True)], [("a", "enabled", "gained")]),
        ([provider("a", enabled=None)], [provider("a", enabled=True)], [("a", "enabled", "unknown")]),
    ],
)
def test_providers_of_a_gateway(before: list[Any], after: list[Any], found: list[tuple[str, str, str]] | None) -> None:
    result = [each for each in facts(gateway(*before), gateway(*after)) if each.state is not FactState.SAME]
    if found is None:  # which one it was renamed to is not clear, so nothing is taken for a new name
        assert "id" not in {each.part for each in result}
    else:
        assert [(e.key, e.part, "unknown" if e.is_unknown else e.effect.value) for e in result] == found


def test_one_new_id_is_the_new_name_of_one_provider_at_most() -> None:
    result = facts(gateway(provider("main"), provider("x", "Y")), gateway(provider("MAIN", "Y")))
    assert [(each.key, each.part) for each in result if each.kind == "provider"] == [("main", "id"), ("x", "")]


@pytest.mark.parametrize("values", [{"gateway": False}, {"gateway": None}])
def test_a_list_that_is_not_there_is_named_only_where_there_is_a_gateway(values: dict[str, Any]) -> None:
    old, new = environment(gateway=True, providers=[provider("a")]), environment(providers=None, **values)
    kinds = [each.kind for each in facts(old, new) if each.is_unknown]
    assert kinds == ([] if values["gateway"] is False else ["gateway", "provider"])


def test_what_is_missing_from_a_cut_list_is_not_gone() -> None:
    many = [{"role": f"role {number}", "division": "Home"} for number in range(100)]
    assert between(roles=([HOME], many)) and "unknown" in {way for *_, way in between(roles=([HOME], many))}
    old, new = environment(), environment(deployments={}, deployments_more=True)
    (result,) = [each for each in facts(old, new) if each.kind == "deployment"]
    assert result.is_unknown
    (result,) = [each for each in facts(new, old) if each.kind == "deployment"]
    assert result.is_unknown
    listed = [provider(str(number)) for number in range(100)]
    (result,) = [each for each in facts(gateway(provider("a")), gateway(*listed)) if each.key == "a"]
    assert result.is_unknown


def test_the_age_of_a_secret_is_no_change_of_it() -> None:
    def client(born: str) -> dict[str, Any]:
        return {"client": {"name": "Acme", "client_id": "client-1", "secret_set_at": born}}

    def secret(old: str, new: str) -> Fact:
        result = facts(environment(**client(old)), environment(**client(new)))
        return next(each for each in result if each.kind == "secret")

    assert secret("2026-10-03T08:00:00+00:00", "2026-10-03T08:00:00+00:00").state is FactState.SAME
    assert secret("2026-10-03T08:00:00+00:00", "2026-10-04T08:00:00+00:00").state is FactState.CHANGED
    assert secret("2026-10-03T08:00:00+00:00", "2026-10-03T08:00:00+00:00").after == "set on 3 Oct 2026, 30 days old"
    for garbage in ("", "yesterday", "2026-10-03"):
        assert secret("2026-10-03T08:00:00+00:00", garbage).state is FactState.UNKNOWN


def test_deployments_of_two_orgs_are_held_side_by_side_by_name() -> None:
    there = environment(**ELSEWHERE, deployments={"other-id": {**ON, "name": "SHOP", "cobrowse": False}})
    found = {each.part: each for each in facts(environment(), there) if each.kind == "deployment"}
    assert found["cobrowse"].effect is Effect.LOST
    assert "" not in found


def test_two_deployments_of_one_name_are_not_confused_with_one_another() -> None:
    there = environment(**ELSEWHERE, deployments={"b": ON, "c": ON})
    found = [each for each in facts(environment(), there) if each.kind == "deployment"]
    assert {each.part for each in found} == {""}
    assert len(found) == 3


def test_nothing_is_reported_of_what_neither_run_read() -> None:
    blind = environment(roles=None, permissions=None, deployments=None, scopes=None, gateway=None, org=None)
    assert {each.kind for each in facts(blind, blind)}.isdisjoint(
        {"role", "permission", "deployment", "scope", "gateway"}
    )


def test_a_run_that_stored_nothing_leaves_everything_unknown() -> None:
    result = facts({}, environment())
    assert result
    assert {each.state for each in result} == {FactState.UNKNOWN}
    assert facts({}, {}) == ()


SHAPES: list[Any] = [
    None,
    [],
    {},
    "text",
    7,
    True,
    [None],
    {"a": None},
    {"a": []},
    [{"role": 7}],
    [{"id": {}}],
    {"id": []},
]


@pytest.mark.parametrize("key", list(environment()))
@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_no_shape_of_any_key_is_too_odd(key: str, shape: Any) -> None:
    odd = {**environment(), key: shape}
    for pair in ((odd, environment()), (environment(), odd), (odd, odd)):
        assert all(isinstance(each, Fact) for each in facts(*pair))


@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_no_shape_of_a_setting_is_too_odd(shape: Any) -> None:
    for name in ON:
        odd = environment(deployments=shop(**{name: shape}))
        assert facts(odd, environment())
    assert facts(environment(deployments={SHOP: shape}), environment())
    assert facts(gateway({"id": "a", "name": shape, "enabled": shape}), gateway(provider("a")))


@pytest.mark.parametrize("shape", [None, [], "text", 7])
def test_an_environment_that_is_none_is_read_as_empty(shape: Any) -> None:
    assert {each.state for each in facts(shape, environment())} == {FactState.UNKNOWN}


def test_every_change_can_be_reported_in_words() -> None:
    """A clause of a sentence for whatever may be named as a reason."""
    old = environment(
        deployments={SHOP: ON, "gone": ON}, gateway=True, providers=[provider("a"), provider("b", enabled=True)]
    )
    new = environment(
        client={"name": "Other", "client_id": "client-2", "secret_set_at": "2026-11-01T00:00:00+00:00"},
        region="us-east-1",
        grant_type="CODE",
        scopes=[],
        roles=[SALES],
        permissions={ADD: []},
        deployments=shop(cobrowse=False, status="Inactive", channels=[], version="4", name="Store"),
        gateway=True,
        providers=[provider("A"), provider("b", enabled=False)],
        contract="270",
        engine="2",
        **ELSEWHERE,
    )
    changed = [each for each in facts(old, new) if each.is_changed]
    assert len(changed) >= 16
    assert [each.what for each in changed if not each.clause] == []


def test_swapping_the_runs_turns_every_change_round() -> None:
    old, new = environment(), environment(scopes=[], roles=[], deployments=shop(cobrowse=False), permissions={ADD: []})
    there = {(each.kind, each.key, each.part): each.effect for each in facts(old, new) if each.is_changed}
    back = {
        (each.kind, each.key, each.part): TURNED.get(each.effect, each.effect)
        for each in facts(new, old)
        if each.is_changed
    }
    assert there == back
    assert there


@pytest.mark.parametrize(
    ("old", "new", "state", "words"),
    [
        ({}, {}, FactState.SAME, "not granted without a condition"),
        ({"conditional": {}}, {"conditional": {}}, FactState.SAME, "not granted"),
        (
            {"conditional": {}},
            {"conditional": {"A:B:C": ["Home"]}},
            FactState.CHANGED,
            "only with a condition, in Home",
        ),
        ({}, {"conditional": {"a:b:c": ["Home"]}}, FactState.SAME, "only with a condition, in Home"),
    ],
)
def test_what_is_held_under_a_condition_is_distinguished(
    old: dict[str, Any], new: dict[str, Any], state: FactState, words: str
) -> None:
    held: dict[str, Any] = {"permissions": {"a:b:c": []}}
    (found,) = (each for each in facts({**held, **old}, {**held, **new}) if each.key == "a:b:c")
    assert (found.state, found.after) == (state, words)
