"""The files in config/deploy: they are valid, agree with the code, and hold no secret."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection
from django.utils import timezone

from config import queues
from config.embedded.data_dir import PROJECT
from config.web.__main__ import STOP_SECONDS
from diagnostics.engine.runner import DEADLINE_SECONDS
from diagnostics.orgs.models import ClientRateLimit
from diagnostics.runs.models import Run
from tests.factories import make_client, make_run

DEPLOY = PROJECT / "config" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
WORKFLOW = PROJECT / ".github" / "workflows" / "ci.yml"
REQUIRED = {"DOMAIN": "d.example.com", "POSTGRES_PASSWORD": "p", "SECRET_KEY": "s", "FIELD_ENCRYPTION_KEYS": "f"}
QUEUES_OF_WORKERS = set(queues.ALL)


def run(program: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of the development packages, or of the system. Skips the test where it does not exist."""
    path = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not for this machine")
    environment = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run([path, *arguments], env=environment, capture_output=True, text=True, check=False)


def queues_of(command: list[str]) -> str:
    return command[command.index("--queues") + 1]


# ---------------------------------------------------------------------- containers


def test_dockerfile_has_no_finding_of_the_linter() -> None:
    done = run("hadolint", str(DEPLOY / "Dockerfile"))
    assert done.returncode == 0, done.stdout


def test_image_gets_the_code_and_nothing_else() -> None:
    copied = set(re.findall(r"^COPY (?!--)(?:pyproject\.toml )?(\S+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M))
    allowed = set(re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.M))
    assert copied | {"pyproject.toml"} == allowed
    assert all((PROJECT / name).exists() for name in allowed)


def test_files_of_the_image_can_be_read_by_its_user_whatever_the_umask_of_the_checkout() -> None:
    build, image = (DEPLOY / "Dockerfile").read_text().split("\nFROM ")[1:]
    assert build.rstrip().endswith("&& chmod -R go+rX .")
    assert re.search(r"^COPY --from=build /app /app$", image, re.M)


def compose(**environment: str) -> "subprocess.CompletedProcess[str]":
    return run("docker-compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--format", "json", **environment)


def test_compose_file_starts_every_part_without_privileges() -> None:
    done = compose(**REQUIRED)
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    ours = {name: each for name, each in services.items() if "build" in each}
    assert set(ours) == {"migrate", "web", "worker-runs", "worker-scheduled", "beat"}
    assert set(services) - set(ours) == {"postgres", "valkey", "proxy"}
    assert all(each["read_only"] and each["cap_drop"] == ["ALL"] for each in ours.values())
    assert [name for name, each in services.items() if each.get("ports")] == ["proxy"]
    workers = [each for name, each in ours.items() if name.startswith("worker")]
    assert {queues_of(each["command"]) for each in workers} == QUEUES_OF_WORKERS
    assert all(seconds(each["stop_grace_period"]) > DEADLINE_SECONDS for each in workers)
    assert seconds(ours["web"]["stop_grace_period"]) > STOP_SECONDS
    assert all(each.get("stop_grace_period") for each in ours.values())  # engines have different defaults


@pytest.mark.parametrize("name", REQUIRED)
def test_compose_file_does_not_start_without_a_secret(name: str) -> None:
    done = compose(**{other: value for other, value in REQUIRED.items() if other != name})
    assert done.returncode != 0
    assert name in done.stderr


def seconds(duration: str) -> int:
    """Of a duration as compose prints it, such as 1m0s."""
    minutes, rest = re.fullmatch(r"(?:(\d+)m)?(\d+)s", duration).groups()  # type: ignore[union-attr]
    return 60 * int(minutes or 0) + int(rest)


# ---------------------------------------------------------------------- Helm


@pytest.fixture(scope="module")
def chart() -> Iterator[Any]:
    helm = pytest.importorskip("helm_python", exc_type=ImportError)
    assert helm.lint(str(DEPLOY / "helm"))["errors"] in (None, [])
    with helm.Chart.load(str(DEPLOY / "helm")) as loaded:
        yield loaded


def render(chart: Any, **values: Any) -> list[dict[str, Any]]:
    texts = chart.render(values, name="doctor", namespace="prod")
    documents = [yaml.safe_load_all(text) for name, text in texts.items() if name.endswith(".yaml")]
    return [each for many in documents for each in many if each]


def of_kind(objects: list[dict[str, Any]], *kinds: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] in kinds}


def test_chart_starts_every_part_without_privileges(chart: Any) -> None:
    objects = render(chart)
    parts = of_kind(objects, "Deployment", "Job")
    assert set(parts) == {
        "doctor-web",
        "doctor-worker-runs",
        "doctor-worker-scheduled",
        "doctor-beat",
        "doctor-migrate",
    }
    pods = {name: part["spec"]["template"]["spec"] for name, part in parts.items()}
    for pod in pods.values():
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        (container,) = pod["containers"]
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert (context["allowPrivilegeEscalation"], context["capabilities"]) == (False, {"drop": ["ALL"]})
        assert container["envFrom"] == [{"secretRef": {"name": "cobrowse-doctor"}}]
    workers = [pod for name, pod in pods.items() if "worker" in name]
    assert {queues_of(pod["containers"][0]["command"]) for pod in workers} == QUEUES_OF_WORKERS
    assert all(pod["terminationGracePeriodSeconds"] > DEADLINE_SECONDS for pod in workers)
    assert parts["doctor-migrate"]["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert not of_kind(objects, "Secret", "ConfigMap", "Ingress", "ScaledObject")
    selected = {each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]
                for each in of_kind(objects, "PodDisruptionBudget").values()}  # fmt: skip
    assert selected == {"web", "worker-runs", "worker-scheduled"}


def test_only_keda_sets_the_number_of_workers_if_it_is_enabled(chart: Any) -> None:
    objects = render(chart, keda={"enabled": True}, ingress={"enabled": True})
    deployments = of_kind(objects, "Deployment")
    scaled = of_kind(objects, "ScaledObject")
    assert set(scaled) == {name for name in deployments if "worker" in name}
    assert [name for name, each in deployments.items() if "replicas" not in each["spec"]] == sorted(scaled)
    assert set(of_kind(objects, "Ingress", "TriggerAuthentication")) == {"doctor", "doctor-database"}


@pytest.mark.django_db
def test_keda_counts_the_work_of_each_queue(chart: Any) -> None:
    client = make_client()
    for status in Run.Status.values:
        make_run(client, status=status, source=Run.Source.WEB)
    make_run(client, status=Run.Status.QUEUED, source=Run.Source.SCHEDULE)
    # People have to wait for the rate limit of this client, and no worker could take its run.
    waiting = make_client("Waiting", client_id="1b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21")
    until = timezone.now() + timedelta(minutes=1)
    ClientRateLimit.objects.create(region=waiting.region, client_id=waiting.client_id, people_at=until)
    make_run(waiting, status=Run.Status.QUEUED, source=Run.Source.WEB)
    counts = {}
    for name, each in of_kind(render(chart, keda={"enabled": True}), "ScaledObject").items():
        with connection.cursor() as cursor:
            cursor.execute(each["spec"]["triggers"][0]["metadata"]["query"])
            counts[name] = cursor.fetchone()[0]
    assert counts == {"doctor-worker-runs": 2, "doctor-worker-scheduled": 1}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"host": "https://cobrowse.example.com"}, "/host"),
        ({"secretKey": "typed here"}, "secretKey"),
        ({"environment": {"SECRET_KEY": "typed here"}}, "SECRET_KEY"),
        ({"environment": {"SESSION_IDLE_MINUTES": 240}}, "/environment/SESSION_IDLE_MINUTES"),
        ({"web": {"replicas": 0}}, "/web/replicas"),
        ({"workers": {"runs": {"concurrency": 0}}}, "/workers/runs/concurrency"),
    ],
)
def test_chart_refuses_wrong_values(chart: Any, values: dict[str, Any], named: str) -> None:
    chart.validate_schema({})
    with pytest.raises(ValueError, match=f"'{named}'"):
        chart.validate_schema(values)


# ---------------------------------------------------------------------- systemd, the workflow


def test_systemd_units_are_valid_and_locked_down(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text()
        # The programs aren't installed here.
        text, count = re.subn(
            r"^ExecStart=/opt/cobrowse-doctor/current/\.venv/bin/\w+", "ExecStart=/bin/true", text, flags=re.M
        )
        assert count
        (tmp_path / unit.name.replace("@", "@runs")).write_text(text)
    made = [str(path) for path in sorted(tmp_path.iterdir())]
    verified = run("systemd-analyze", "verify", "--man=no", *made)
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = run("systemd-analyze", "security", "--offline=true", "--threshold=20", *made)
    assert rated.returncode == 0, rated.stdout


def test_systemd_lets_workers_finish_their_runs() -> None:
    worker = (DEPLOY / "systemd" / "cobrowse-doctor-worker@.service").read_text()
    assert "KillMode=mixed" in worker
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", worker, re.M)[0]) > DEADLINE_SECONDS


def test_workflow_runs_all_checks_with_pinned_actions() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert "bash .ci/run" in [step.get("run") for step in steps]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", each) for each in used)
    assert workflow["permissions"] == {"contents": "read"}
