"""Exactly what is filtered leaves, in every form, and no cell is taken for a formula."""

import csv
import io
import json
from typing import Any

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from diagnostics.runs.queries import exports
from diagnostics.web.spreadsheet_cells import safe_cell
from tests.factories import make_client, make_finding, make_open_run, make_run

pytestmark = pytest.mark.django_db

FORMS = ("csv", "json", "jsonl")


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    assert isinstance(answer, StreamingHttpResponse)
    return b"".join(answer).decode()


def rows_of(browser: Client, query: str = "", form: str = "csv") -> list[dict[str, Any]]:
    text = text_of(browser.get(f"/runs/export/{form}/{query}"))
    if form == "json":
        whole: dict[str, Any] = json.loads(text)
        return list(whole["runs"])
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"), newline="")))


@pytest.mark.parametrize("form", FORMS)
def test_it_holds_every_run_that_fits_in_the_order_of_the_list(
    form: str, as_lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "RUNS_AT_A_TIME", 2)
    acme = make_client()
    runs = [make_run(acme, duration_ms=float(place)) for place in (3, 9, 1, 7, 5)]
    make_run(make_client("Other"), duration_ms=8.0)
    make_open_run(acme)
    made = [str(each["run"]) for each in rows_of(as_lead, f"?client={acme.pk}&status=finished&sort=slowest", form)]
    assert made == [str(runs[place].pk) for place in (1, 3, 4, 0, 2)]


@pytest.mark.parametrize("form", FORMS)
def test_all_export_formats_agree_about_a_run(form: str, as_admin: Client) -> None:
    run = make_run(make_client(environment="production"), cause="path.not_in_api")
    (made,) = rows_of(as_admin, form=form)
    assert int(made["run"]) == run.pk
    assert (made["client"], made["environment"], made["cause"]) == ("Acme support", "production", "path.not_in_api")
    assert made["sentence"] == run.verdict["sentence"]
    assert made["created_at"].endswith("+00:00")
    assert "findings" not in made


def test_findings_are_an_option(as_admin: Client) -> None:
    run, bare = make_run(), make_run(make_client("Other"))
    make_finding(run, "oauth.token", "pass", code="issued")
    make_finding(run, "request.path", "fail")
    made = rows_of(as_admin, "?findings=1")
    assert [(int(each["run"]), each["check"]) for each in made] == [
        (bare.pk, ""),
        (run.pk, "oauth.token"),
        (run.pk, "request.path"),
    ]
    last = rows_of(as_admin, "?findings=1", "json")[-1]
    assert [each["code"] for each in last["findings"]] == ["issued", "not_in_contract"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1+1", "\u200b=1", "'=1", '"=1'])
def test_no_cell_is_a_formula(text: str, as_admin: Client) -> None:
    run = make_run(make_client(f"{text} name"), verdict={"sentence": text, "cause": "path.not_in_api"})
    make_finding(run, sentence=text, subject=text)
    (made,) = rows_of(as_admin, "?findings=1")
    for name in ("client", "sentence", "finding_sentence", "subject"):
        assert made[name].startswith("'")
        assert made[name].removeprefix("'").startswith(text)


def test_numbers_and_plain_words_stay_as_they_are() -> None:
    assert [safe_cell(value) for value in (-3.5, 0, None, True, "a=b", "Zürich", "")] == [
        -3.5,
        0,
        "",
        "yes",
        "a=b",
        "Zürich",
        "",
    ]


def test_a_line_break_in_a_cell_stays_in_its_cell(as_admin: Client) -> None:
    make_run(verdict={"sentence": 'one\n"two", three\r\nfour'})
    (made,) = rows_of(as_admin)
    assert made["sentence"] == 'one\n"two", three\r\nfour'


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "query",
    [
        "?colour=red",
        "?cause=moon",
        "?client=x",
        "?from=tomorrow",
        "?findings=yes",
        "?sort=" + "x" * 9000,
    ],
)
def test_what_is_not_understood_hands_out_nothing(query: str, form: str, as_admin: Client) -> None:
    make_run()
    answer = as_admin.get(f"/runs/export/{form}/{query}")
    assert answer.status_code == 400
    assert "Nothing was exported" in answer.content.decode()


def test_the_page_of_the_list_plays_no_part(as_admin: Client) -> None:
    make_run()
    assert len(rows_of(as_admin, "?page=last")) == 1
    assert len(rows_of(as_admin, "?page=%00")) == 1


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_list_is_a_valid_file(form: str, as_admin: Client) -> None:
    assert rows_of(as_admin, form=form) == []


def test_it_is_a_file_that_no_cache_keeps(as_admin: Client) -> None:
    answer = as_admin.get("/runs/export/csv/")
    assert answer["Content-Disposition"].startswith('attachment; filename="cobrowse-runs-')
    assert answer["Cache-Control"] == "private, no-store"
    assert as_admin.head("/runs/export/csv/").status_code == 200


def test_queries_grow_with_chunks_and_not_with_runs(as_admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "WITH_FINDINGS_AT_A_TIME", 10)
    acme = make_client()
    for _ in range(10):
        make_finding(make_run(acme))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as requested:
            text_of(as_admin.get("/runs/export/jsonl/?findings=1"))
        counts.append(len(requested))
        for _ in range(10):
            make_finding(make_run(acme))
    assert counts[1] - counts[0] == 2, "one more page, one more look at findings"


def test_who_may(as_lead: Client) -> None:
    assert as_lead.get("/runs/export/csv/").status_code == 200
    assert Client().get("/runs/export/csv/").status_code == 302
    assert as_lead.post("/runs/export/csv/").status_code == 405
    assert as_lead.get("/runs/export/xlsx/").status_code == 404
