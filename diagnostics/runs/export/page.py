"""One run as an HTML page without scripts, other files or network access."""

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from diagnostics.checks.base import titles
from diagnostics.runs import report
from diagnostics.runs.export.redacted import RedactedRun
from diagnostics.runs.models import Exchange


def page(redacted: RedactedRun, version: str) -> str:
    rows = [Exchange.from_value(exchange, number) for number, exchange in enumerate(redacted.exchanges)]
    context = {
        "redacted": redacted,
        "run": redacted.run,
        "report": report.build(redacted.run, list(redacted.findings), rows, titles()),
        "version": version,
        "sheet": mark_safe(render_to_string("runs/export/page.css")),  # noqa: S308  (our own file, without variables)
    }
    return render_to_string("runs/export/page.html", context)
