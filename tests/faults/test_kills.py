"""Real kills of the real processes that `up` starts, each three times in a row while programs start runs.

Takes half an hour, so only the path or the marker starts it: `uv run tests/run.py tests/faults/test_kills.py`.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from config.embedded import child
from config.embedded.data_dir import DataDir
from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from tests.config.embedded.conftest import BackgroundCommand, Manage, free_port
from tests.config.embedded.conftest import data as data
from tests.config.embedded.conftest import manage as manage
from tests.config.embedded.test_up import process_of, status_of

pytestmark = pytest.mark.faults

TIMES = 3
BEFORE, AFTER = 12, 8  # runs that are started before and after a fault
PATIENCE = 240.0  # seconds until the last run has ended
STOPPED_SECONDS = 90
AT_ONCE = 300
CASE = scenario("healthy-web")
# The test asks for each run three times a second.
UNLIMITED = {"RUNS_PER_MINUTE": "100000", "API_CALLS_PER_MINUTE": "1000000"}
# Prints a token and the number of a client. The values are those of the demo org.
SET_UP = """
import os
from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import User
from diagnostics.orgs.clients import create_client
client = create_client(name="Demo", region_key="demo-published", client_id=os.environ["ID"], secret=os.environ["SECRET"], user=None)
print("made", client.pk, make_token(User.objects.get(), name="A program", scope="run", days=1)[1])
"""
# Prints what must not happen: a finding or a request that is stored twice, and runs that nobody asked for.
DOUBLED = """
from django.db.models import Count
from diagnostics.runs.models import Exchange, Finding, Run
positions = [model.objects.values("run", "position").annotate(n=Count("pk")).filter(n__gt=1).count() for model in (Finding, Exchange)]
print("counted", Run.objects.count(), *positions)
"""


@dataclass
class Site:
    """A running `up`, and what a program was told that it had started."""

    up: BackgroundCommand
    manage: Manage
    port: int
    client: int
    token: str
    accepted: set[str] = field(default_factory=set)

    def start_runs(self, count: int) -> None:
        """Starts runs, each with its own key, and asks again with that key until the answer arrives."""
        with ThreadPoolExecutor(16) as threads:
            self.accepted.update(threads.map(self._start_run, [str(uuid4()) for _ in range(count)]))

    def _start_run(self, key: str) -> str:
        body = {"client": self.client, "call": CASE.call, "conversation_id": CASE.conversation_id}
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(requests.RequestException):
                answer = self.session(key).post(self.url("runs"), json=body, timeout=30)
                if answer.status_code in (200, 202):
                    return str(answer.json()["id"])
            assert time.monotonic() < deadline, "no run could be started"
            time.sleep(0.2)

    def wait_for_end(self) -> Counter[tuple[str, str]]:
        """How often each status and cause is there, once all runs have ended."""
        deadline = time.monotonic() + PATIENCE
        ended: dict[str, tuple[str, str]] = {}
        while missing := self.accepted - ended.keys():
            assert time.monotonic() < deadline, f"{len(missing)} of {len(self.accepted)} runs have not ended"
            for id in missing:
                with suppress(requests.RequestException):
                    answer = self.session().get(self.url(f"runs/{id}"), timeout=30)
                    if answer.status_code == 200 and (run := answer.json())["status"] not in ("queued", "running"):
                        ended[id] = (run["status"], (run["verdict"] or {}).get("cause", ""))
            time.sleep(0.3)
        return Counter(ended.values())

    def session(self, key: str = "") -> requests.Session:
        session = requests.Session()
        session.headers.update({"Authorization": f"Bearer {self.token}", **({"Idempotency-Key": key} if key else {})})
        return session

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/{path}"

    def process(self, name: str) -> int:
        found = process_of(self.up, name)
        assert found, f"{name} isn't running"
        return found

    def check(self) -> None:
        """Every accepted run has ended once, with the right verdict or marked as interrupted, and nothing is doubled."""
        ended = self.wait_for_end()
        assert set(ended) <= {("finished", "none"), ("interrupted", ""), ("interrupted", "undetermined")}, ended
        assert ended["finished", "none"] >= 0.9 * ended.total(), ended
        counted = self.manage.run("shell", "--no-imports", "-c", DOUBLED).stdout.split()[-4:]
        assert counted == ["counted", str(len(self.accepted)), "0", "0"]


@pytest.fixture
def site(manage: Manage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_rate_limit: None) -> Iterator[Site]:
    demo, port = server.start(), free_port()
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == CASE.client)
    variables = {"GENESYS_ENDPOINTS": json.dumps(demo.endpoints), **UNLIMITED}
    up = manage.start(tmp_path / "up.out", "up", "--no-demo", "--port", str(port), **variables)
    up.wait_for_output("Ctrl-C")
    made = manage.run("shell", "--no-imports", "-c", SET_UP, ID=known.id, SECRET=known.secret, **variables)
    _, client, token = made.stdout.split()[-3:]
    yield Site(up, manage, port, int(client), token)
    up.process.terminate()
    up.process.wait(60)
    demo.stop()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_worker_child(site: Site) -> None:
    worker = site.process("worker")
    kill(next(pid for pid in child.all_pids() if child.parent_of(pid) == worker))


def kill_backend(site: Site) -> None:
    """Postgres ends all other backends too, and recovers."""
    database = site.process("database")
    backends = [pid for pid in child.all_pids() if child.parent_of(pid) == database]
    kill(next(pid for pid in backends if b"[local]" in Path(f"/proc/{pid}/cmdline").read_bytes()))


def stop_worker(site: Site) -> None:
    """As if its machine had been suspended: it goes on later, and its runs may belong to another worker by then."""
    worker = site.process("worker")
    pids = [worker, *(pid for pid in child.all_pids() if child.parent_of(pid) == worker)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


FAULTS: dict[str, Callable[[Site], None]] = {
    "a worker's child": kill_worker_child,
    "worker": lambda site: kill(site.process("worker")),
    "beat": lambda site: kill(site.process("beat")),
    "web": lambda site: kill(site.process("web")),
    "broker": lambda site: kill(site.process("broker")),
    "database": lambda site: kill(site.process("database")),
    "a backend of the database": kill_backend,
    "a worker that stands still": stop_worker,
}


@pytest.mark.parametrize("name", FAULTS)
def test_no_run_is_lost_or_doubled_if_it_is_killed_three_times(site: Site, name: str) -> None:
    for _ in range(TIMES):
        site.start_runs(BEFORE)
        FAULTS[name](site)
        site.start_runs(AFTER)
        site.check()
        assert status_of(site.port) in (200, 302, 404)


@pytest.mark.parametrize("number", range(TIMES))
def test_three_hundred_runs_at_once_all_end(site: Site, number: int) -> None:
    site.start_runs(AT_ONCE)
    assert len(site.accepted) == AT_ONCE
    site.check()


@pytest.fixture
def small_disk(data: DataDir) -> Iterator[Path]:
    """The data folder lies on a disk of its own with little space."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=711", "tmpfs", str(data.path)], check=False)
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    yield data.path
    subprocess.run(["umount", "--lazy", str(data.path)], check=False)


def test_runs_go_on_when_a_full_disk_has_space_again(small_disk: Path, site: Site) -> None:
    for _ in range(TIMES):
        site.start_runs(BEFORE)
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb") as stream:
            while True:
                stream.write(b"\0" * 65_536)
        assert shutil.disk_usage(small_disk).free < 1_000_000
        time.sleep(15)
        filler.unlink()
        site.start_runs(AFTER)
        site.check()
