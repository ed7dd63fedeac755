"""The sentence that a comparison ends in: which change it names, how sure it is, and when it names none."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from diagnostics.comparison.explanation import Explanation
from diagnostics.comparison.fact import Effect
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.reasons import checks_of, link_of
from diagnostics.comparison.result import compare_runs
from diagnostics.comparison.side import Side, StepKind, step_between
from diagnostics.engine.rules import DEPARTURES, REFUSALS, RULES
from diagnostics.parsing.call import ReceivedResponse
from tests.comparison.sides import (
    BEGAN,
    CONVERSATION,
    ON,
    OTHER_CONVERSATION,
    SHOP,
    START,
    call,
    environment,
    given,
    make_finding,
    side,
)

ADD = "conversation:cobrowse:add"
HELD = make_finding("permissions.call", "pass", "held", evidence={"needs": [ADD, "conversation:cobrowseVoice:add"]})
LACKED = make_finding(
    "permissions.call", "fail", "permission_missing", evidence={"needs": [ADD, "conversation:cobrowseVoice:add"]}
)
NO_ROLE: dict[str, Any] = {"roles": [], "permissions": {ADD: [], "conversation:cobrowseVoice:add": []}}
SWITCHED_ON = make_finding("deployments.cobrowse", "pass", "on", evidence={"channel": ""})
SWITCHED_OFF = make_finding("deployments.cobrowse", "fail", "off", evidence={"channel": ""})
PATH = make_finding("request.path", "pass", "published")
NO_PATH = make_finding("request.path", "fail", "not_in_api")
NEW_SECRET = {"client_id": "client-1", "name": "Acme", "secret_set_at": "2026-11-01T00:00:00+00:00"}
LISTED: dict[str, Any] = {"gateway": True, "providers": [{"id": "a"}]}
INACTIVE = {SHOP: {**ON, "status": "Inactive"}}


def explained(a: Side, b: Side, *observed: ObservedOrgChange) -> Explanation:
    return compare_runs(a, b, {}, observed).explanation


def named(actual: Explanation) -> set[str]:
    return {each.kind for each in actual.facts}


def off(**values: Any) -> dict[str, Any]:
    return environment(deployments={SHOP: {**ON, "cobrowse": False, "version": "4", **values}})


def without_role(pk: int, **values: Any) -> Side:
    return side(
        pk, "authz.permission_missing", **{"findings": (LACKED,), "environment": environment(**NO_ROLE), **values}
    )


def switched_off(pk: int, **values: Any) -> Side:
    return side(pk, "config.cobrowse_disabled", **{"findings": (SWITCHED_OFF,), "environment": off(), **values})


def wrong_path(pk: int, **values: Any) -> Side:
    defaults: dict[str, Any] = {"findings": (NO_PATH,), "inputs": given(call(f"{START}/sessions"))}
    return side(pk, "path.not_in_api", **{**defaults, **values})


# --- what became of the verdict


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (("none", "proved"), ("none", "proved"), StepKind.SAME),
        (("conv.ended", "proved"), ("conv.ended", "proved"), StepKind.SAME),
        (("none", "proved"), ("none", "likely"), StepKind.CERTAINTY),
        (("none", "proved"), ("conv.ended", "proved"), StepKind.BROKE),
        (("conv.ended", "proved"), ("none", "likely"), StepKind.FIXED),
        (("conv.ended", "proved"), ("path.not_in_api", "proved"), StepKind.OTHER),
        (("none", "proved"), ("undetermined", "undetermined"), StepKind.BECAME_UNKNOWN),
        (("undetermined", "undetermined"), ("none", "proved"), StepKind.BECAME_KNOWN),
        (("undetermined", "undetermined"), ("undetermined", "undetermined"), StepKind.SAME),
        (("", ""), ("none", "proved"), StepKind.NO_VERDICT),
        (("retired.cause", "proved"), ("none", "proved"), StepKind.FIXED),
    ],
)
def test_steps(first: tuple[str, str], second: tuple[str, str], kind: StepKind) -> None:
    a, b = (side(pk, cause, certainty=sure) for pk, (cause, sure) in enumerate((first, second), 1))
    assert step_between(a, b).kind is kind


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_run_that_is_still_going_has_no_verdict_to_compare(status: str) -> None:
    assert step_between(side(1), side(2, "", status=status)).kind is StepKind.NO_VERDICT
    assert step_between(side(1, "", status=status), side(2)).kind is StepKind.NO_VERDICT


def test_a_run_cut_short_could_not_show_because_it_was_cut_short() -> None:
    cut = side(2, "undetermined", status="interrupted")
    assert step_between(side(1), cut).kind is StepKind.NO_VERDICT
    assert explained(side(1), cut).certainty == ""


def test_the_order_is_that_of_time_for_one_client_and_from_right_to_wrong_for_two() -> None:
    assert step_between(side(2), side(1)).first.pk == 1
    assert step_between(side(2, at=BEGAN), side(1, at=BEGAN)).first.pk == 1
    bad, good = side(1, "conv.ended"), side(2, client_pk=2)
    assert step_between(bad, good).first is good
    other = side(2, "conv.not_found", client_pk=2)
    assert step_between(bad, other).first is bad


# --- the story of the demo, and what else breaks


def test_a_role_that_was_removed_explains_a_permission_that_is_missing() -> None:
    actual = explained(side(1, findings=(HELD,)), without_role(2))
    assert (actual.step.kind, actual.certainty, named(actual)) == (StepKind.BROKE, "proved", {"permission", "role"})


def test_a_role_that_was_given_back_explains_that_it_works_again() -> None:
    actual = explained(without_role(1), side(2, findings=(HELD,)))
    assert (actual.step.kind, actual.certainty, named(actual)) == (StepKind.FIXED, "proved", {"permission", "role"})


def test_a_deployment_that_was_republished_with_cobrowse_off() -> None:
    actual = explained(side(1, findings=(SWITCHED_ON,)), switched_off(2))
    assert (actual.certainty, [each.part for each in actual.facts]) == ("proved", ["cobrowse", "version"])


def test_a_path_that_was_changed_on_advice() -> None:
    actual = explained(side(1, findings=(PATH,), inputs=given(call())), wrong_path(2))
    assert (actual.certainty, named(actual)) == ("proved", {"path"})


def test_a_scope_that_was_lost_at_the_gateway() -> None:
    has = make_finding("oauth.scopes", "pass", "granted", subject="cobrowse:write")
    lacks = make_finding("oauth.scopes", "fail", "scope_missing", subject="cobrowse:write")
    old, new = environment(scopes=["cobrowse:write", "other"]), environment(scopes=[])
    bad = side(2, "authz.scope_missing", (lacks,), environment=new, because=["oauth.scopes#cobrowse:write"])
    actual = explained(side(1, findings=(has,), environment=old), bad)
    assert (actual.certainty, [each.key for each in actual.facts]) == ("proved", ["cobrowse:write"])


def test_of_two_orgs_what_is_wrong_comes_before_what_else_differs() -> None:
    none = make_finding("oauth.scopes", "skip", "not_applicable")
    lacks = make_finding("oauth.scopes", "fail", "scope_missing", "cobrowse:write", sentence="THE SCOPE IS MISSING.")
    there = {"client_pk": 2, "client_name": "Gateway", "environment": environment(**LISTED, org={"id": "org-2"})}
    bad = side(2, "authz.scope_missing", (lacks,), because=["oauth.scopes#cobrowse:write"], **there)
    actual = explained(side(1, findings=(none,)), bad)
    assert actual.sentence.endswith("in Gateway tHE SCOPE IS MISSING.")
    assert "has a provider gateway" in actual.more[0]


def test_of_two_orgs_at_most_two_differences_are_named() -> None:
    old = environment(deployments={str(n): {**ON, "name": f"Site {n}"} for n in range(9)})
    bad = switched_off(2, client_pk=2, client_name="Other", environment={**off(), "org": {"id": "org-2", "name": "O"}})
    actual = explained(side(1, findings=(SWITCHED_ON,), environment=old), bad)
    assert "Site" not in actual.sentence
    assert sum(actual.more[0].count(f"Site {n}") for n in range(9)) == 2
    assert "and 7 more." in actual.more[0]


def test_a_provider_that_was_renamed() -> None:
    def org(id: str) -> dict[str, Any]:
        return environment(gateway=True, providers=[{"id": id, "name": "Main", "enabled": True}])

    match = make_finding("provider.match", "pass", "exact")
    differs = make_finding("provider.match", "fail", "other_case", evidence={"wanted": "genesys", "ids": ["Genesys"]})
    inputs = given(call(body='{"providerId": "genesys"}'))
    bad = side(2, "provider.mismatch", (differs,), environment=org("Genesys"), inputs=inputs)
    actual = explained(side(1, findings=(match,), environment=org("genesys"), inputs=inputs), bad)
    assert (actual.certainty, [each.part for each in actual.facts]) == ("proved", ["id"])


def test_a_provider_id_in_another_case_on_the_side_of_the_caller() -> None:
    org = environment(gateway=True, providers=[{"id": "genesys", "name": "", "enabled": True}])
    match = make_finding("provider.match", "pass", "exact")
    differs = make_finding("provider.match", "fail", "other_case", evidence={"wanted": "Genesys"})
    good = side(1, findings=(match,), environment=org, inputs=given(call(body='{"providerId": "genesys"}')))
    bad = side(
        2, "provider.mismatch", (differs,), environment=org, inputs=given(call(body='{"providerId": "Genesys"}'))
    )
    actual = explained(good, bad)
    assert (actual.certainty, named(actual)) == ("proved", {"provider_id"})


@pytest.mark.parametrize(
    ("cause", "check", "code", "old", "new", "kind"),
    [
        (
            "authz.division_missing",
            "permissions.call",
            "division_missing",
            {},
            {"permissions": {ADD: ["Sales"]}},
            "permission",
        ),
        ("auth.client_rejected", "oauth.token", "client_rejected", {}, {"client": NEW_SECRET}, "secret"),
        ("host.wrong_region", "request.host", "wrong_region", {}, {"region": "us-east-1"}, "region"),
        ("authz.user_context_required", "permissions.user", "user_required", {"grant_type": "CODE"}, {}, "grant_type"),
        ("path.not_in_api", "request.path", "not_in_api", {"gateway": True}, {"gateway": False}, "gateway"),
        ("path.legacy_resource", "request.path", "legacy_resource", {}, {"contract": "270.0.0"}, "contract"),
        (
            "provider.mismatch",
            "provider.configured",
            "none_configured",
            LISTED,
            {**LISTED, "providers": []},
            "provider",
        ),
        ("auth.token_foreign", "oauth.identity", "another_org", {}, {"org": {"id": "org-9", "name": "Other"}}, "org"),
        (
            "config.cobrowse_disabled",
            "deployments.cobrowse",
            "none_active",
            {},
            {"deployments": INACTIVE},
            "deployment",
        ),
        ("config.cobrowse_disabled", "deployments.cobrowse", "off", {}, {"deployments": {}}, "deployment"),
    ],
)
def test_each_cause_hangs_on_its_own_facts(
    cause: str, check: str, code: str, old: dict[str, Any], new: dict[str, Any], kind: str
) -> None:
    good = side(1, findings=(make_finding(check, "pass"),), environment=environment(**old))
    bad = side(2, cause, (make_finding(check, "fail", code),), environment=environment(**new))
    actual = explained(good, bad)
    assert actual.certainty in ("proved", "likely")
    assert named(actual) == {kind}
    back = explained(replace(bad, pk=1, at=good.at), replace(good, pk=2, at=bad.at))
    assert named(back) == {kind}


# --- what explains nothing


def test_nothing_changed_that_explains_it() -> None:
    actual = explained(side(1, findings=(HELD,)), without_role(2, environment=environment()))
    assert (actual.certainty, actual.facts, actual.org_changes) == ("undetermined", (), ())


@pytest.mark.parametrize(
    "values",
    [
        # what has nothing to do with a permission
        {"deployments": {SHOP: {**ON, "cobrowse": False}}},
        {"scopes": []},
        {"gateway": True, "providers": []},
        # a role more, or a permission more, takes none away
        {"roles": [{"role": "Cobrowse", "division": "Home"}, {"role": "Another", "division": "Home"}]},
        {"permissions": {ADD: ["Home", "Sales"]}},
        # a permission that the call does not need
        {"permissions": {ADD: ["Home"], "webDeployments:deployment:view": []}},
    ],
)
def test_a_change_of_something_else_is_no_reason(values: dict[str, Any]) -> None:
    old = environment(permissions={ADD: ["Home"], "webDeployments:deployment:view": ["Home"]})
    bad = without_role(2, environment=environment(**values))
    assert explained(side(1, findings=(HELD,), environment=old), bad).facts == ()


def test_a_deployment_that_is_new_and_off_takes_nothing_away() -> None:
    more = {SHOP: {**ON, "cobrowse": False}, "other": {**ON, "cobrowse": False}}
    actual = explained(side(1, findings=(SWITCHED_ON,)), switched_off(2, environment=environment(deployments=more)))
    assert [each.key for each in actual.facts] == [SHOP]


def test_a_channel_counts_where_the_conversation_came_by_it() -> None:
    def fails(channel: str) -> Side:
        found = make_finding("deployments.cobrowse", "fail", "off", evidence={"channel": channel})
        there = environment(deployments={SHOP: {**ON, "channels": ["Voice"]}})
        return side(2, "config.cobrowse_disabled", (found,), environment=there)

    assert [each.part for each in explained(side(1, findings=(SWITCHED_ON,)), fails("Webmessaging")).facts] == [
        "channels"
    ]
    assert explained(side(1, findings=(SWITCHED_ON,)), fails("Voice")).facts == ()


def test_what_was_not_read_is_reported_and_accuses_nobody() -> None:
    blind = environment(roles=None, permissions=None)
    actual = explained(side(1, findings=(HELD,), environment=blind), without_role(2))
    assert actual.certainty == "undetermined"
    assert {each.kind for each in actual.unread} == {"role", "permission"}


def test_a_problem_of_the_network_comes_and_goes_by_itself() -> None:
    bad = side(2, "env.timeout", (make_finding("oauth.token", "error", "unreachable"),))
    actual = explained(side(1, findings=(make_finding("oauth.token"),)), bad)
    assert actual.certainty == "undetermined"
    assert "comes and goes" in actual.sentence


def test_a_check_that_the_other_run_did_not_ask_may_have_failed_then_too() -> None:
    health = side(1, kind="health", inputs=given(conversation=""), planned=("permissions.call",), findings=(HELD,))
    actual = explained(health, wrong_path(2))
    assert (actual.certainty, actual.facts) == ("undetermined", ())


@pytest.mark.parametrize("cause", ["conv.ended", "none"])
def test_two_runs_with_the_same_verdict_have_nothing_to_explain(cause: str) -> None:
    found = () if cause == "none" else (make_finding("conversation.connected", "fail", "ended"),)
    actual = explained(side(1, cause, found), side(2, cause, found, environment=environment(**NO_ROLE)))
    assert (actual.step.kind, actual.certainty, actual.facts) == (StepKind.SAME, "", ())
    assert actual.more, "the changes that made no difference are counted"


def test_the_same_run_twice_has_nothing_to_explain() -> None:
    assert explained(side(1), side(1)).step.kind is StepKind.SAME_RUN


# --- how sure


def test_several_changes_at_once_make_it_likely_at_most() -> None:
    new = environment(
        client={"client_id": "client-2", "name": "Acme", "secret_set_at": "2026-11-01T00:00:00+00:00"},
        region="us-east-1",
    )
    bad = side(2, "auth.client_rejected", (make_finding("oauth.token", "fail", "client_rejected"),), environment=new)
    actual = explained(side(1, findings=(make_finding("oauth.token"),)), bad)
    assert (actual.certainty, named(actual)) == ("likely", {"client", "secret", "region"})
    assert actual.more


def test_a_call_with_another_provider_and_an_org_with_other_providers() -> None:
    old = environment(gateway=True, providers=[{"id": "a"}])
    new = environment(gateway=True, providers=[{"id": "b"}])
    differs = make_finding("provider.match", "fail", "none", evidence={"wanted": "c"})
    good = side(
        1, findings=(make_finding("provider.match"),), environment=old, inputs=given(call(body='{"providerId": "a"}'))
    )
    bad = side(2, "provider.mismatch", (differs,), environment=new, inputs=given(call(body='{"providerId": "c"}')))
    actual = explained(good, bad)
    assert named(actual) == {"provider_id"}, "what became of providers that the call does not name is beside the point"


@pytest.mark.parametrize(
    "values",
    [
        {"certainty": "likely"},
        {"findings": (replace(LACKED, check_version=2),)},
        {"target": "call:1:GET /x"},
        {"kind": "health"},
        {"branch": "permissions.call"},
    ],
)
def test_what_makes_it_less_sure(values: dict[str, Any]) -> None:
    actual = explained(side(1, findings=(HELD,)), replace(without_role(2), **values))
    assert (actual.certainty, named(actual)) == ("likely", {"permission", "role"})


def test_a_finding_that_was_not_known_before_proves_no_change() -> None:
    for outcome in ("skip", "error"):
        actual = explained(side(1, findings=(replace(HELD, outcome=outcome),)), without_role(2))
        assert actual.certainty == "likely"


def test_a_check_that_judges_otherwise_may_be_the_whole_reason() -> None:
    raised = replace(LACKED, check_version=2)
    bad = without_role(2, findings=(raised,), environment=environment())
    actual = explained(side(1, findings=(HELD,)), bad)
    assert actual.certainty == "undetermined"
    assert "permissions.call" in actual.sentence


def test_an_older_row_without_named_findings_is_explained_by_its_cause() -> None:
    actual = explained(side(1, findings=(HELD,)), without_role(2, because=[]))
    assert named(actual) == {"permission", "role"}


def test_a_cause_and_a_check_that_are_both_gone_are_no_error() -> None:
    gone = make_finding("gone.check", "fail", "gone")
    actual = explained(side(1, findings=(make_finding("gone.check"),)), side(2, "gone.cause", (gone,)))
    assert actual.certainty == "undetermined"


# --- a conversation has a course of its own


def test_the_same_conversation_moved_on() -> None:
    good = side(1, findings=(make_finding("conversation.connected", "pass", "connected"),))
    bad = side(2, "conv.ended", (make_finding("conversation.connected", "fail", "ended", sentence="It has ended."),))
    actual = explained(good, bad)
    assert (actual.certainty, actual.facts) == ("proved", ())
    assert "it has ended" in actual.sentence


def test_a_conversation_that_came_to_work_is_reported_as_it_is_now() -> None:
    bad = side(
        1, "conv.not_connected", (make_finding("conversation.connected", "fail", "queued", sentence="It waits."),)
    )
    good = side(2, findings=(make_finding("conversation.connected", "pass", "connected", sentence="It is connected."),))
    actual = explained(bad, good)
    assert actual.certainty == "proved"
    assert "it is connected" in actual.sentence
    assert "it waits" not in actual.sentence


def test_an_answer_that_was_given_shows_a_fault_and_makes_none() -> None:
    refused = ReceivedResponse(404, body='{"code": "not.found"}')
    expected = make_finding("answer.meaning", "fail", "not_found")
    good = side(1, findings=(PATH,), inputs=given(call()))
    bad = wrong_path(2, findings=(NO_PATH, expected), inputs=given(call(f"{START}/sessions"), refused))
    actual = explained(good, bad)
    assert (actual.certainty, named(actual)) == ("proved", {"path"})
    alone = side(2, "authz.not_a_party", (expected,), inputs=given(call(), refused), planned=("answer.meaning",))
    first = side(
        1, findings=(make_finding("answer.meaning", code="success"),), inputs=given(call(), ReceivedResponse(200))
    )
    assert named(explained(first, alone)) == {"answer"}


def test_another_conversation_is_another_matter() -> None:
    good = side(1, findings=(make_finding("conversation.connected"),))
    inputs = given(conversation=OTHER_CONVERSATION)
    bad = side(2, "conv.ended", (make_finding("conversation.connected", "fail", "ended"),), inputs=inputs)
    assert named(explained(good, bad)) == {"conversation"}


# --- one fault in place of another


def test_another_fault_is_explained_by_what_caused_it() -> None:
    path = side(1, "path.not_in_api", (NO_PATH, HELD), inputs=given(call()))
    actual = explained(path, without_role(2, findings=(LACKED, PATH), inputs=given(call())))
    assert (actual.step.kind, named(actual)) == (StepKind.OTHER, {"permission", "role"})


def test_a_fault_that_stood_behind_the_other_did_not_come() -> None:
    both = wrong_path(1, findings=(NO_PATH, LACKED), because=["request.path"], also=["authz.permission_missing"])
    fixed = without_role(2, findings=(PATH, LACKED), inputs=given(call()))
    actual = explained(both, fixed)
    assert named(actual) == {"path"}
    assert "already" in actual.more[0]


def test_a_fault_that_is_still_there_behind_the_new_one_was_not_fixed() -> None:
    first = without_role(1, findings=(PATH, LACKED), inputs=given(call()), because=["permissions.call"])
    second = wrong_path(2, findings=(NO_PATH, LACKED), because=["request.path"], also=["authz.permission_missing"])
    actual = explained(first, second)
    assert named(actual) == {"path"}
    assert "still a problem" in actual.more[0]


def test_a_right_to_read_that_is_gone_explains_that_nothing_can_be_reported() -> None:
    view = "conversation:communication:view"
    old, new = (environment(permissions={view: held}) for held in (["Home"], []))
    blind = side(2, "undetermined", (make_finding("conversation.exists", "error", "unreadable"),), environment=new)
    actual = explained(side(1, findings=(make_finding("conversation.exists"),), environment=old), blind)
    assert (actual.step.kind, actual.certainty, named(actual)) == (StepKind.BECAME_UNKNOWN, "likely", {"permission"})


# --- two clients


def elsewhere(made: Side) -> Side:
    there = {"org": {"id": "org-2", "name": "Acme sandbox"}, "region": "us-east-1"}
    client = {"client": {"name": "Sandbox", "client_id": "client-9", "secret_set_at": "2026-01-01T00:00:00+00:00"}}
    return replace(made, client_pk=2, client_name="Sandbox", environment={**made.environment, **there, **client})


def test_it_works_in_the_sandbox_and_fails_in_production() -> None:
    sandbox, production = elsewhere(side(2, findings=(HELD,))), without_role(1)
    actual = explained(sandbox, production)
    assert (actual.step.kind, named(actual)) == (StepKind.BROKE, {"permission", "role"})
    assert "Sandbox" in actual.sentence
    assert not actual.step.is_same_client


def test_what_two_orgs_differ_in_by_nature_is_no_reason() -> None:
    sandbox = elsewhere(side(2, findings=(make_finding("oauth.token"),)))
    production = side(1, "auth.client_rejected", (make_finding("oauth.token", "fail", "client_rejected"),))
    assert explained(sandbox, production).facts == ()


def test_snapshots_of_another_org_show_nothing_of_this_one() -> None:
    observed = change("grant", "vanished")
    sandbox, production = elsewhere(side(1, findings=(HELD,))), without_role(2, environment={})
    assert explained(sandbox, production, observed).org_changes == ()


# --- what snapshots saw


def change(about: str, kind: str, hours: tuple[float | None, float] = (1.2, 1.8), **values: Any) -> ObservedOrgChange:
    after, at = hours
    not_before = None if after is None else BEGAN + timedelta(hours=after)
    return ObservedOrgChange(
        pk=1, about=about, kind=kind, at=BEGAN + timedelta(hours=at), not_before=not_before, **values
    )


def test_a_snapshot_that_saw_it_is_named_with_it() -> None:
    observed = change("deployment", "disabled", ref=SHOP, name="Shop")
    actual = explained(side(1, findings=(SWITCHED_ON,)), switched_off(2), observed)
    assert (actual.certainty, actual.org_changes) == ("proved", (observed,))


@pytest.mark.parametrize(
    "observed",
    [
        change("deployment", "disabled", ref="another", name="Other"),
        change("deployment", "enabled", ref=SHOP, name="Shop"),
        change("gateway", "vanished", ref=SHOP),
        change("grant", "vanished"),
        change("status", "changed"),
    ],
)
def test_a_snapshot_that_saw_something_else_is_not(observed: ObservedOrgChange) -> None:
    assert explained(side(1, findings=(SWITCHED_ON,)), switched_off(2), observed).org_changes == ()


def test_where_the_runs_did_not_read_it_a_snapshot_may_know() -> None:
    blind = environment(roles=None, permissions=None)
    observed = change("grant", "vanished", name="Cobrowse")
    actual = explained(side(1, findings=(HELD,), environment=blind), without_role(2), observed)
    assert (actual.certainty, actual.facts, actual.org_changes) == ("likely", (), (observed,))


@pytest.mark.parametrize(
    ("observed", "kind", "way"),
    [
        (change("deployment", "disabled"), "deployment", Effect.LOST),
        (change("deployment", "changed", setting="channels", before=["Voice"], after=[]), "deployment", Effect.LOST),
        (change("deployment", "changed", setting="channels", before=[], after=["Voice"]), "deployment", Effect.GAINED),
        (
            change("deployment", "changed", setting="status", before="Active", after="Inactive"),
            "deployment",
            Effect.OTHER,
        ),
        (change("gateway", "returned"), "provider", Effect.GAINED),
        (change("grant", "vanished"), "role", Effect.LOST),
        (change("client", "changed", setting="scopes", before=["a", "b"], after=["a"]), "scope", Effect.LOST),
        (change("client", "changed", setting="scopes", before=["a"], after=["b"]), "scope", Effect.OTHER),
        (change("client", "changed", setting="catalogue", before=True, after=False), "catalogue", Effect.LOST),
        (change("client", "changed", setting="state", before="active", after="inactive"), "client", Effect.OTHER),
        (change("client", "changed", setting="token_seconds", before=1, after=2), "token_life", Effect.OTHER),
        (change("status", "changed", before=None, after={}), "status", Effect.OTHER),
    ],
)
def test_what_a_snapshot_s_change_is_about(observed: ObservedOrgChange, kind: str, way: Effect) -> None:
    assert (observed.fact_kind, observed.effect) == (kind, way)


@pytest.mark.parametrize("setting", ["maskSelectors", "version", "draft", "name", "allowDraw"])
def test_a_setting_that_switches_nothing_is_no_reason(setting: str) -> None:
    blind = environment(deployments=None)
    observed = change("deployment", "changed", ref=SHOP, setting=setting, before="a", after="b")
    good = side(1, findings=(SWITCHED_ON,), environment=blind)
    assert explained(good, switched_off(2, environment=blind), observed).org_changes == ()


def test_a_licence_that_is_gone_is_observed_by_a_snapshot_alone() -> None:
    observed = change("client", "changed", ref=ADD, setting="catalogue", before=True, after=False)
    good = side(1, findings=(make_finding("permissions.catalogue"),))
    bad = side(2, "config.feature_not_licensed", (make_finding("permissions.catalogue", "fail", "not_in_catalogue"),))
    assert explained(good, bad, observed).org_changes == (observed,)


@pytest.mark.parametrize(
    ("hours", "may"),
    [
        ((1.2, 1.8), True),
        ((1, 2), True),
        ((0.5, 1.5), True),
        ((1.5, 2.5), True),
        ((0.5, 2.5), True),
        ((None, 1.5), True),
        ((0.2, 0.9), False),
        ((0.2, 1), False),
        ((2.1, 2.5), False),
        ((2, 2.5), False),
        ((None, 0.9), False),
    ],
)
def test_a_change_between_two_readings_may_lie_between_two_runs(hours: tuple[float | None, float], may: bool) -> None:
    observed = change("grant", "vanished", hours)
    assert observed.may_lie_between(BEGAN + timedelta(hours=1), BEGAN + timedelta(hours=2)) is may


# --- the same from both ends


PAIRS = [
    (side(1, findings=(HELD,)), without_role(2)),
    (side(1, findings=(SWITCHED_ON,)), switched_off(2)),
    (side(1, findings=(PATH,), inputs=given(call())), wrong_path(2)),
    (without_role(1), side(2, findings=(HELD,))),
    (wrong_path(1, findings=(NO_PATH, HELD)), without_role(2, findings=(PATH, LACKED), inputs=given(call()))),
    (side(1), side(2, "undetermined")),
    (elsewhere(side(1, findings=(HELD,))), without_role(2)),
    (side(1), side(1)),
]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_swapping_the_runs_changes_no_word_of_the_reason(a: Side, b: Side) -> None:
    assert explained(a, b) == explained(b, a)


def test_every_check_that_can_lead_to_a_cause_names_what_it_hangs_on() -> None:
    checks = {rule.check for rule in (*RULES, *DEPARTURES, *(rule for rule, _ in REFUSALS))}
    passing = {"limits.headroom"}
    assert {check for check in checks - passing if not link_of(check).kinds} == set()


@pytest.mark.parametrize("cause", sorted({rule.cause for rule in RULES}))
def test_every_cause_of_a_rule_knows_its_checks(cause: str) -> None:
    assert checks_of(cause)


def test_the_conversation_of_the_tests_is_the_one_in_the_call() -> None:
    assert CONVERSATION in START
