"""`manage.py retention`: deletes only with --apply."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from diagnostics.operations.models import RetentionPass
from diagnostics.operations.retention import start_pass
from diagnostics.runs.models import Run
from tests.builders.months import end_month
from tests.factories import make_client, make_finding, make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old(one_month: None) -> Run:
    run = make_run(make_client(), created_at=timezone.now() - timedelta(days=500))
    make_finding(run)
    end_month()
    return run


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def test_it_deletes_nothing_by_default(old: Run) -> None:
    shown_text = run_command()
    assert "runs 1" in shown_text
    assert "in the night after the last of them is 400 days old" in shown_text
    shown = json.loads(run_command("--json"))
    assert shown["deleted"] is None
    assert shown["rules"][0]["past"][0] == {"noun": "runs", "count": 1, "is_more": False}
    assert Run.objects.exists()
    assert not RetentionPass.objects.exists()


def test_it_deletes_with_apply(old: Run) -> None:
    assert json.loads(run_command("--apply", "--json"))["deleted"] == {"runs": 1, "findings": 1}
    assert not Run.objects.exists()
    assert run_command("--apply").endswith("Deleted: nothing.\n")


def test_it_refuses_while_another_pass_is_running(old: Run) -> None:
    start_pass(None)
    with pytest.raises(CommandError):
        run_command("--apply")
    assert Run.objects.exists()
