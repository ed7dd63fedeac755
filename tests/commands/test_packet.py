"""`manage.py packet`: writes the file, or explains why not."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Run
from tests.factories import make_client, make_exchange, make_finding, make_open_run, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    run = make_run(inputs=Inputs().to_json())
    make_finding(run)
    make_exchange(run)
    return run


def test_it_writes_the_packet(run: Run, tmp_path: Path) -> None:
    place, out = tmp_path / "case.zip", io.StringIO()
    call_command("packet", str(run.pk), "--output", str(place), stdout=out)
    with zipfile.ZipFile(place) as archive:
        assert any(name.endswith("/exchanges.har") for name in archive.namelist())
    assert str(place) in out.getvalue()


def test_the_default_file_name_is_that_of_the_run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call_command("packet", str(run.pk), stdout=io.StringIO())
    assert [each.name for each in tmp_path.iterdir()] == [f"cobrowse-run-{run.pk}-{run.created_at:%Y-%m-%d}.zip"]


def test_it_writes_to_standard_output(run: Run, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    call_command("packet", str(run.pk), "--output", "-")
    assert zipfile.is_zipfile(io.BytesIO(capfdbinary.readouterr().out))


@pytest.mark.parametrize("number", ["0", "-1", "999999", "9" * 40])
def test_an_unknown_run_is_bad_input(number: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("packet", number)
    assert refused.value.returncode == 2


def test_an_open_run_is_bad_input() -> None:
    with pytest.raises(CommandError) as refused:
        call_command("packet", str(make_open_run(inputs=Inputs().to_json()).pk))
    assert refused.value.returncode == 2


def test_an_unwritable_file_is_bad_input(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("packet", str(run.pk), "--output", str(tmp_path / "no" / "folder.zip"))
    assert refused.value.returncode == 2


def test_a_leak_prevents_the_file(tmp_path: Path) -> None:
    run = make_run(make_client("Leaky"), inputs=Inputs().to_json())
    make_finding(run, sentence=f"It said {run.client.secret}.")
    place = tmp_path / "case.zip"
    with pytest.raises(CommandError) as refused:
        call_command("packet", str(run.pk), "--output", str(place))
    assert refused.value.returncode == 1
    assert "client secret in run.html" in str(refused.value)
    assert run.client.secret not in str(refused.value)
    assert not place.exists()
