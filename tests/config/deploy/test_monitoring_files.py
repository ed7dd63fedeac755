"""The alert rules and the dashboard: valid PromQL, about metrics and labels that `/metrics` has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from diagnostics.operations.metrics import Scheduler, render_metrics
from diagnostics.operations.models import TickPart
from diagnostics.operations.queries.broker import Broker
from diagnostics.operations.queries.system import Worker
from diagnostics.operations.queries.workload import workload
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.factories import make_client, make_run

FOLDER = Path("config/deploy/monitoring")
RULES = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())


def expressions() -> Iterator[tuple[str, str, str]]:
    """The title, expression and legend or annotations of each rule and panel."""
    for rule in RULES:
        yield rule["alert"], rule["expr"], json.dumps(rule["annotations"])
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


def exported_labels() -> dict[str, set[str]]:
    """The labels of each metric, from rows of every kind."""
    now = timezone.now()
    make_run(make_client(status=OAuthClient.Status.BROKEN), status=Run.Status.QUEUED)
    make_run(make_client("Another"), cause="none", started_at=now, finished_at=now)
    text = render_metrics(
        workload(now),
        Broker("redis", answers=True, queues={"runs": 1}),
        [Worker("one", now, is_silent=False, details={"busy": 1})],
        Scheduler(now, [TickPart(name="sweep", failures_total=1)], {"run": (1, 1)}),
        now,
    ).decode()
    return {
        sample.name: set(sample.labels) for family in text_string_to_metric_families(text) for sample in family.samples
    }


@pytest.mark.django_db
def test_every_expression_is_valid_and_about_metrics_that_exist() -> None:
    labels = exported_labels()
    for title, expression, text in expressions():
        promql_parser.parse(expression)
        names = set(re.findall(r"cobrowse_doctor_\w+", expression))
        assert names, title
        assert names <= set(labels), title
        used = set(re.findall(r"{(\w+)=", expression)) | set(re.findall(r"by \((\w+)\)", expression))
        shown = set(re.findall(r"{{\s*(?:\$labels\.)?(\w+)\s*}}", text))
        known = set().union(*(labels[name] for name in names))
        assert used | shown <= known, title


def test_every_rule_has_a_severity_a_summary_and_an_action() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith((".", "}}."))
        assert rule["annotations"]["description"].endswith(".")
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
