"""`manage.py bench`: the format of its output. No figure is asserted."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from diagnostics.evaluation.bench.filled_orgs import Sizes
from diagnostics.evaluation.bench.growth import first_page
from diagnostics.evaluation.bench.parsing import measure as measure_parsing
from diagnostics.evaluation.bench.providers import measure
from diagnostics.evaluation.bench.row import BenchOptions
from diagnostics.evaluation.bench.web import measure as measure_web
from diagnostics.management.bench_click import click
from diagnostics.management.bench_processes import web_server
from diagnostics.orgs.models import Provider
from diagnostics.runs.models import Run


def test_the_json_has_the_published_keys() -> None:
    out = io.StringIO()
    call_command("bench", "diagnosis", "--latency", "1ms", "-n", "1", "--json", stdout=out)
    rows = json.loads(out.getvalue())["rows"]
    assert rows
    assert all(sorted(row) == ["goal", "holds", "name", "unit", "value"] for row in rows)
    assert any(row["goal"] for row in rows)


def test_the_table_shows_goal_and_outcome() -> None:
    out = io.StringIO()
    call_command("bench", "diagnosis", "--latency", "0.001s", "-n", "1", stdout=out)
    assert "at most 14" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_history_benchmark_removes_its_rows() -> None:
    out = io.StringIO()
    before = connection.settings_dict["NAME"]
    call_command("bench", "history", "--runs", "300", "-n", "2", "--json", stdout=out)
    rows = {row["name"]: row for row in json.loads(out.getvalue())["rows"]}
    assert {
        "list: all, p95",
        "run page, p95",
        "comparison, p95",
        "matrix, p95",
        "charts of 30 days, p95",
    } <= rows.keys()
    assert rows["queries of a page, most"]["holds"]
    assert connection.settings_dict["NAME"] == before
    assert not Run.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE %s", ["%bench_history"])
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "words", [["nothing"], ["diagnosis", "--latency", "soon"], ["diagnosis", "-n", "0"], ["history", "--runs", "5"]]
)
def test_bad_arguments_are_refused(words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("bench", *words)


@pytest.mark.django_db(transaction=True)
def test_the_org_pages_benchmark_removes_its_database() -> None:
    rows = measure(Sizes(clients=20, deployments=60, in_one_org=10, changes=20, runs=20), times=2)
    paces = [row for row in rows if row.unit == "ms"]
    assert len(paces) > 10
    assert all(row.goal for row in paces)
    assert not Provider.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE '%bench_providers'")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_the_first_page_is_measured_with_many_clients() -> None:
    [row] = first_page(Sizes(clients=5, deployments=5, in_one_org=1, changes=1, runs=1), times=1)
    assert row.name == "first page, 5 clients, p95" and row.goal


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_clicks_are_measured_from_the_web_server_to_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.management.bench_click.WARM_UPS", 1)
    rows = {row.name: row for row in click(BenchOptions(latency_ms=1, times=2))}
    assert 0 < rows["queued to started, median"].value <= rows["queued to started, p99"].value
    assert rows["click to stored verdict, median"].value > 0
    assert rows["click to stored verdict, median"].holds is None  # the limit is for another latency
    assert not Run.objects.exists()


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_the_web_server_is_measured_with_and_without_attackers() -> None:
    rows = {row.name: row.value for row in measure_web(BenchOptions(times=1, web_server=web_server), runs=300)}
    for next_to in ("nobody else", "attackers"):
        assert rows[f"pages, p95, {next_to}"] > 0
    assert rows["attackers that were connected at the end"] > 300


def test_the_slow_texts_benchmark_shows_the_limit() -> None:
    rows = {row.name: row for row in measure_parsing({"braces": "{" * 2_000, "lines": "x\n" * 1_000})}
    assert rows["texts"].value == 2
    assert [name for name, row in rows.items() if row.goal] == ["call: worst", "response: worst", "claims: worst"]
