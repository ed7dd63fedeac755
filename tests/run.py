"""Installs missing packages and a browser, runs all static checks, then pytest.

    uv run tests/run.py                 everything
    uv run tests/run.py tests/engine    ruff, then pytest with these arguments

Uses the standard library only, because it runs before anything is installed.
"""

import glob
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CHROMIUM_VARIABLE = "CHROMIUM"  # path of the browser for tests/browser
BROWSER_TESTS = "tests/browser"
SERVER_TESTS = "tests/servers"
KILLS = "tests/faults/test_kills.py"  # takes half an hour: only its path starts it
# Chromium without windows first: it takes a third less processor time.
BROWSER_COMMANDS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Debian's packages for tests/servers, and a program of each.
SERVERS = {
    "redis-server": "/usr/bin/redis-server",
    "rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "pgbouncer": "/usr/sbin/pgbouncer",
    "postgresql": "/usr/lib/postgresql/*/bin/initdb",
}
# For `check --deploy`, which reads settings and connects to nothing.
PRODUCTION_ENVIRONMENT = {
    "DATABASE_URL": "postgres://doctor@127.0.0.1:1/doctor",
    "CELERY_BROKER_URL": "amqp://127.0.0.1:1//",
    "SECRET_KEY": "only-for-this-check-" + "0123456789abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay0wMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "cobrowse.example.com",
}
# Each process has its own Postgres and broker. One more than cores, because many tests wait for other processes.
# tests/conftest.py says which tests stay in one process, and which begin.
IN_PARALLEL = ["--numprocesses", str(min(5, (os.cpu_count() or 1) + 1)), "--dist", "loadfile", "--no-loadscope-reorder"]
COVERAGE = "--coverage"  # only measure the coverage of these packages by their own tests
COVERED = ["-p", "tests.coverage_plugin"]
PURE_PACKAGES = ("text", "genesys", "redaction", "parsing", "claims", "checks", "engine", "comparison")
# Removed from the environment, so that the tests use default settings, and so that the many processes they start
# compile the code once.
OWN_VARIABLES = (
    "DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "ALLOWED_HOSTS", "DEBUG",
    "CSRF_TRUSTED_ORIGINS", "GENESYS_ENDPOINTS", "COBROWSE_DOCTOR_DATA_DIR", "DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip


def main(pytest_arguments: list[str]) -> int:
    os.chdir(PROJECT)
    environment = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
    if pytest_arguments == [COVERAGE]:
        folders = [f"tests/{package}" for package in PURE_PACKAGES]
        pytest_arguments = [*COVERED, *folders]
    with ThreadPoolExecutor(
        (os.cpu_count() or 1) + 1
    ) as pool:  # one more than cores, because installing is mostly waiting
        installed = pool.submit(install_programs, pytest_arguments, environment)
        python = install_packages(environment)
        checks = [step for step in steps(python) if not pytest_arguments or step[0].startswith("ruff")]
        print_heading("checks")
        passed = list(pool.map(lambda step: passes(step[0], step[1], {**environment, **step[2]}), checks))
    ignored = [KILLS, *installed.result()]
    failed = [name for (name, *_), has_passed in zip(checks, passed, strict=True) if not has_passed]
    print_heading("pytest")
    is_package = any(Path(argument).is_dir() for argument in pytest_arguments)
    arguments = [*IN_PARALLEL, *pytest_arguments] if is_package or not pytest_arguments else pytest_arguments
    if not pytest_arguments:
        arguments += COVERED + [f"--ignore={path}" for path in ignored]
    code = subprocess.run([*python, "pytest", *arguments], env=environment, check=False).returncode
    if failed:
        # On standard error, so that pytest's summary stays the last line of standard output.
        print(f"Failed before pytest: {', '.join(failed)}", file=sys.stderr, flush=True)
    return code or (1 if failed else 0)


def install_programs(pytest_arguments: list[str], environment: dict[str, str]) -> list[str]:
    """Install what these tests need. Sets CHROMIUM in `environment`. Returns the folders of tests that can't run."""

    def are_run(folder: str) -> bool:
        return not pytest_arguments or any(argument.startswith(folder) for argument in pytest_arguments)

    if are_run(BROWSER_TESTS):
        ensure_browser(environment)
    return [SERVER_TESTS] if are_run(SERVER_TESTS) and not has_servers() else []


def steps(python: list[str]) -> list[tuple[str, list[str], dict[str, str]]]:
    """The name, command and additional environment variables of each static check."""
    templates = sorted(str(file) for file in Path("templates").rglob("*.html"))
    manage = [python[0], "manage.py"]
    return [
        ("mypy", [*python, "mypy"], {}),  # takes longest
        ("ruff check", [*python, "ruff", "check", "."], {}),
        ("ruff format", [*python, "ruff", "format", "--check", "."], {}),
        ("djade", [str(Path(python[0]).with_name("djade")), "--check", "--target-version", "5.2", *templates], {}),
        ("import-linter", [str(Path(python[0]).with_name("lint-imports")), "--no-cache"], {}),
        ("makemigrations --check", [*manage, "makemigrations", "--check", "--dry-run"], {}),
        ("check --deploy", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION_ENVIRONMENT),
    ]


def passes(name: str, argv: Sequence[str], environment: dict[str, str]) -> bool:
    """Run one step. Prints its output only if it fails."""
    started = time.monotonic()
    done = subprocess.run(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    passed = done.returncode == 0
    if not passed:
        print(done.stdout, flush=True)
    print(f"{'ok    ' if passed else 'FAILED'}  {name}  ({time.monotonic() - started:.1f} s)", flush=True)
    return passed


def install_packages(environment: dict[str, str]) -> list[str]:
    """Install the development packages. Returns the command to run a module with them."""
    uv = find_uv()
    print_heading("packages")
    done = subprocess.run([*uv, "sync", "--quiet", "--group", "dev"], env=environment, check=False)
    if done.returncode:
        sys.exit("The development packages could not be installed; the reason stands above.")
    folder = Path(environment.get("UV_PROJECT_ENVIRONMENT", ".venv"))
    return [str((PROJECT / folder / "bin" / "python").absolute()), "-m"]


def find_uv() -> list[str]:
    # `uv run` sets UV to its own path.
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        return [uv]
    for python in dict.fromkeys([sys.executable, shutil.which("python3") or sys.executable]):
        if subprocess.run([python, "-m", "uv", "--version"], capture_output=True, check=False).returncode == 0:
            return [python, "-m", "uv"]
    sys.exit("uv is not here. Bring it with: pip install uv")


def ensure_browser(environment: dict[str, str]) -> None:
    """Find Chromium, or install the system package, and set CHROMIUM for the browser tests."""
    path = find_browser() or (install_browser() and find_browser())
    if not path:
        sys.exit(
            "The browser tests need Chromium, which is not here and could not be installed. Install it, for example "
            f"with `apt-get install chromium-headless-shell` as root, or set {CHROMIUM_VARIABLE} to the path of one."
        )
    environment[CHROMIUM_VARIABLE] = path


def find_browser() -> str | None:
    if configured := os.environ.get(CHROMIUM_VARIABLE):
        return configured
    for name in BROWSER_COMMANDS:
        if path := shutil.which(name):
            return path
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    downloaded = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(downloaded[-1]) if downloaded else None


def install_browser() -> bool:
    return any(install_from_debian(package, "fonts-dejavu-core") for package in ("chromium-headless-shell", "chromium"))


def has_servers() -> bool:
    """Install missing servers. False if that failed: a run of everything then leaves out their tests."""
    missing = [package for package, path in SERVERS.items() if not glob.glob(path)]
    if not missing or install_from_debian(*missing):
        return True
    print(f"NOT RUN: {SERVER_TESTS}, because these servers couldn't be installed: {', '.join(missing)}.", flush=True)
    return False


def install_from_debian(*packages: str) -> bool:
    apt = shutil.which("apt-get")
    sudo = shutil.which("sudo")
    if apt is None or (os.geteuid() != 0 and sudo is None):
        return False
    # -n: fail instead of asking for a password.
    prefix = [] if os.geteuid() == 0 else [str(sudo), "-n"]
    noninteractive = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing {', '.join(packages)}.", flush=True)
    # Without a network it gives up soon.
    command = [*prefix, apt, "-qq", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"]
    update = subprocess.run([*command, "update"], env=noninteractive, check=False)
    install = [*command, "install", "-y", "--no-install-recommends", *packages]
    done = subprocess.run(install, env=noninteractive, stdout=subprocess.DEVNULL, check=False)
    return update.returncode == 0 and done.returncode == 0


def print_heading(name: str) -> None:
    print(f"--- {name}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
