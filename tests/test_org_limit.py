"""Every query behind a page or an API response is limited to the orgs that a person may see.

A function that reads rows of an org passes them through one of the `visible_...` functions, or is listed here with the
reason why it needs no limit. tests/test_attacks.py opens every address as somebody from another org.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
# Models whose rows belong to one client or org.
OF_AN_ORG = {
    "Batch", "CallFailure", "ConfigurationSync", "Delivery", "Exchange", "Finding", "HeldPermission", "Incident", "Issue", "IssueNote",
    "OAuthClient", "OrgChange", "Provider", "Run", "Schedule", "UsageReading", "Watch",
}  # fmt: skip
# Modules that answer requests of people.
REQUEST_SIDE = ("views", "forms", "queries", "api", "pages")
GIVEN = "reads only rows of the clients, orgs, runs or providers that the caller was allowed to see"
NAME = "names are unique in the installation, and only whether one is used is shown"
ADMIN = "for admins, who see every org"
COUNT = "counts of the whole installation, for metrics and the system page"
NIGHT = "the nightly cleanup covers every org"
FILTER = "the filter it applies is limited to the viewer"
# "package.module.function" -> why it needs no limit of its own.
UNLIMITED: dict[str, str] = {
    "issues.queries.issue_page": GIVEN,
    "issues.queries.runs_where_it_works": GIVEN,
    "orgs.queries.org_changes.provider_history": GIVEN,
    "orgs.queries.providers._filtered": GIVEN,
    "orgs.queries.providers.provider_page": GIVEN,
    "orgs.queries.syncs.sources_of": GIVEN,
    "orgs.queries.syncs.sync_states_of": GIVEN,
    "monitoring.queries.impact._deployments": GIVEN,
    "monitoring.queries.impact._with_latest_sync": GIVEN,
    "monitoring.queries.impact.clients_with_permission": GIVEN,
    "monitoring.queries.impact.clients_with_provider": GIVEN,
    "monitoring.queries.impact.clients_with_unknown_permission": GIVEN,
    "monitoring.queries.impact.count_clients_with_permissions": GIVEN,
    "monitoring.queries.impact.impact_of": GIVEN,
    "monitoring.queries.impact.permissions_of_clients": GIVEN,
    "monitoring.queries.impact.providers_by_client": GIVEN,
    "monitoring.queries.impact.search_permissions": GIVEN,
    "monitoring.queries.impact.search_providers": GIVEN,
    "pages.orgs._rows": GIVEN,
    "runs.queries.comparisons.changes_between": GIVEN,
    "runs.queries.comparisons.history_of_target": GIVEN,
    "runs.queries.comparisons.sides_of": GIVEN,
    "runs.queries.exports._findings_of": GIVEN,
    "runs.queries.runs.providers_named": GIVEN,
    "monitoring.forms.schedules.clean_name": NAME,
    "orgs.forms.clients.clean_name": NAME,
    "monitoring.forms.alerts.__init__": ADMIN,
    "monitoring.queries.alerts.alert_rules": ADMIN,
    "operations.views.system.page_of": ADMIN,
    "orgs.forms.user_orgs.__init__": ADMIN,
    "operations.queries.workload._deliveries": COUNT,
    "operations.queries.workload._ended": COUNT,
    "operations.queries.workload.workload": COUNT,
    "operations.queries.retention.batches_past": NIGHT,
    "operations.queries.retention.changes_past": NIGHT,
    "operations.queries.retention.issues_past": NIGHT,
    "operations.queries.retention._closed_before": NIGHT,
    "operations.queries.retention.syncs_past": NIGHT,
    "runs.queries.failure_chart.failure_chart": FILTER,
    "runs.queries.latency.latency_chart": FILTER,
    "runs.queries.pages.count_runs": FILTER,
    "runs.queries.runs.runs_for_lists": FILTER,
    "orgs.forms.fields.__init__": "an empty queryset, which the form replaces",
    "orgs.forms.fields.client_field": "an empty queryset, which the form replaces",
    "orgs.queries.org_changes._older_than": "reads one time, to continue a list that is limited",
    "orgs.views.badges.badge": "public by its unguessable key, and shows no org",
}


def request_modules() -> Iterator[Path]:
    for path in sorted((PROJECT / "diagnostics").rglob("*.py")):
        parts = path.relative_to(PROJECT / "diagnostics").with_suffix("").parts
        if "bench" not in parts and any(part in REQUEST_SIDE for part in parts):
            yield path


def functions_with_queries() -> Iterator[tuple[str, ast.AST]]:
    for path in request_modules():
        module = ".".join(path.relative_to(PROJECT / "diagnostics").with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and reads_rows(node):
                yield f"{module}.{node.name}", node


def reads_rows(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and node.value.id in OF_AN_ORG
        for node in ast.walk(function)
    )


def is_limited(function: ast.AST) -> bool:
    names = [node.id for node in ast.walk(function) if isinstance(node, ast.Name)]
    return any(name.startswith("visible_") for name in names)


QUERIES = dict(functions_with_queries())


@pytest.mark.parametrize("name", QUERIES)
def test_rows_of_an_org_are_limited_to_who_may_see_it(name: str) -> None:
    assert is_limited(QUERIES[name]) or name in UNLIMITED, f"{name} reads rows of an org without a visible_ function"


def test_no_listed_function_is_gone_or_limited_meanwhile() -> None:
    assert {name for name in UNLIMITED if name not in QUERIES or is_limited(QUERIES[name])} == set()
