"""The whole test command for a fresh machine: brings what is missing, runs every check, shows pytest's summary last.

    uv run tests/run.py [arguments for pytest]

Plain standard library: it runs before anything is installed.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CHROMIUM = "CHROMIUM"  # where tests/browser finds its browser
INSTALLED_AS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Enough for `check --deploy`: it reads settings and connects to nothing.
PRODUCTION = {
    "DATABASE_URL": "postgres://doctor@127.0.0.1:1/doctor",
    "CELERY_BROKER_URL": "amqp://127.0.0.1:1//",
    "SECRET_KEY": "only-for-this-check-" + "0123456789abcdefghijklmnopqrstuvwxyz",
    "FIELD_ENCRYPTION_KEYS": "b25seS1mb3ItdGhpcy1jaGVjay0wMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "cobrowse.example.com",
}
# One process a core, each with a Postgres and a broker of its own; who is done first takes over what is left.
IN_PARALLEL = ["--numprocesses", "auto", "--maxprocesses", "4", "--dist", "worksteal"]
OURS = (
    "DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "ALLOWED_HOSTS", "DEBUG",
    "CSRF_TRUSTED_ORIGINS", "GENESYS_ENDPOINTS", "COBROWSE_DOCTOR_DATA_DIR", "DJANGO_SETTINGS_MODULE",
)  # fmt: skip


def main(pytest_words: list[str]) -> int:
    os.chdir(PROJECT)
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    python = bring_packages(environment)
    bring_browser(environment)
    failed = [name for name, words, more in steps(python) if not passes(name, words, {**environment, **more})]
    say("pytest")
    words = pytest_words or IN_PARALLEL
    code = subprocess.run([*python, "pytest", *words], env=environment, check=False).returncode
    if failed:
        # To the other stream, so that pytest's own summary stays the last line of the output.
        print(f"Failed before pytest: {', '.join(failed)}", file=sys.stderr, flush=True)
    return code or (1 if failed else 0)


def steps(python: list[str]) -> list[tuple[str, list[str], dict[str, str]]]:
    """Name, command, additional environment."""
    templates = sorted(str(file) for file in Path("templates").rglob("*.html"))
    manage = [python[0], "manage.py"]
    return [
        ("ruff check", [*python, "ruff", "check", "."], {}),
        ("ruff format", [*python, "ruff", "format", "--check", "."], {}),
        ("djade", [str(Path(python[0]).with_name("djade")), "--check", "--target-version", "5.2", *templates], {}),
        ("mypy", [*python, "mypy"], {}),
        ("import-linter", [str(Path(python[0]).with_name("lint-imports")), "--no-cache"], {}),
        ("makemigrations --check", [*manage, "makemigrations", "--check", "--dry-run"], {}),
        ("check --deploy", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    ]


def passes(name: str, words: Sequence[str], environment: dict[str, str]) -> bool:
    """Runs one step; its output is shown only when it fails."""
    started = time.monotonic()
    done = subprocess.run(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    good = done.returncode == 0
    if not good:
        print(done.stdout, flush=True)
    print(f"{'ok    ' if good else 'FAILED'}  {name}  ({time.monotonic() - started:.1f} s)", flush=True)
    return good


def bring_packages(environment: dict[str, str]) -> list[str]:
    """Installs the development packages; returns how to run a module with them."""
    uv = find_uv()
    say("packages")
    done = subprocess.run([*uv, "sync", "--quiet", "--group", "dev"], env=environment, check=False)
    if done.returncode:
        sys.exit("The development packages could not be installed; the reason stands above.")
    folder = Path(environment.get("UV_PROJECT_ENVIRONMENT", ".venv"))
    return [str((PROJECT / folder / "bin" / "python").absolute()), "-m"]


def find_uv() -> list[str]:
    # `uv run` names itself to what it starts.
    found = os.environ.get("UV") or shutil.which("uv")
    if found:
        return [found]
    for python in dict.fromkeys([sys.executable, shutil.which("python3") or sys.executable]):
        if subprocess.run([python, "-m", "uv", "--version"], capture_output=True, check=False).returncode == 0:
            return [python, "-m", "uv"]
    sys.exit("uv is not here. Bring it with: pip install uv")


def bring_browser(environment: dict[str, str]) -> None:
    """Finds a Chromium, else installs the system's; the browser tests learn from CHROMIUM where it is."""
    say("browser")
    found = find_browser() or (install_browser() and find_browser())
    if not found:
        sys.exit(
            "The browser tests need Chromium, which is not here and could not be installed. Install it, for example "
            f"with `apt-get install chromium` as root, or set {CHROMIUM} to the path of one."
        )
    environment[CHROMIUM] = found


def find_browser() -> str | None:
    named = os.environ.get(CHROMIUM)
    if named:
        return named
    for name in INSTALLED_AS:
        if found := shutil.which(name):
            return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    brought = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(brought[-1]) if brought else None


def install_browser() -> bool:
    apt = shutil.which("apt-get")
    sudo = shutil.which("sudo")
    if apt is None or (os.geteuid() != 0 and sudo is None):
        return False
    # -n: never ask for a password, since nobody may be there to give it.
    before = [] if os.geteuid() == 0 else [str(sudo), "-n"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print("Chromium is missing: installing it.", flush=True)
    update = subprocess.run([*before, apt, "update", "-qq"], env=quiet, check=False)
    install = [*before, apt, "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    done = subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=False)
    return update.returncode == 0 and done.returncode == 0


def say(name: str) -> None:
    print(f"--- {name}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
