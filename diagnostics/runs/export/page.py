"""One run as a page that needs nothing but a browser: no script, no other file, no network."""

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from diagnostics.checks.base import titles
from diagnostics.runs import report
from diagnostics.runs.export.redacted import RedactedRun
from diagnostics.runs.models import Exchange


def page(told: RedactedRun, version: str) -> str:
    rows = [
        Exchange(
            position=place,
            check_id=each.check_id,
            method=each.method,
            url=each.url,
            status=each.status,
            ms=each.ms,
            started_at=each.started_at,
            correlation_id=each.correlation_id,
            request_headers=[list(pair) for pair in each.request_headers],
            response_headers=[list(pair) for pair in each.response_headers],
            body=each.body,
            error=each.error,
        )
        for place, each in enumerate(told.exchanges)
    ]
    context = {
        "told": told,
        "run": told.run,
        "report": report.build(told.run, list(told.findings), rows, titles()),
        "version": version,
        "sheet": mark_safe(render_to_string("runs/export/page.css")),  # noqa: S308  (a file of ours, nothing filled in)
    }
    return render_to_string("runs/export/page.html", context)
