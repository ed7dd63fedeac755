"""The system account that the embedded Postgres runs as: the current user, or a dedicated one instead of root."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from config import env

NAME = "cobrowse-doctor"


def for_postgres() -> tuple[int, int] | None:
    """(user ID, group ID) of the dedicated system user, created if missing. None unless we are root."""
    if os.geteuid() != 0:
        return None
    entry = _find_user() or _create_user()
    return entry.pw_uid, entry.pw_gid


def _find_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _create_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    advice = "Start as an ordinary user, or set DATABASE_URL to a running Postgres."
    if useradd is None:
        env.stop(f"Postgres can't run as root, and useradd isn't installed to create a user for it. {advice}")
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
         "--shell", "/usr/sbin/nologin", NAME],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    entry = _find_user()  # useradd also fails if another command created the user at the same time
    if entry is None:
        env.stop(f"Postgres can't run as root, and useradd failed: {done.stderr.strip()}. {advice}")
    return entry


def can_enter(folder: Path, account: tuple[int, int] | None) -> bool:
    """Whether the account can enter the folder and all its parents. Tried, not computed from mode bits."""
    if account is None:
        return True
    return _succeeds(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], account)


def can_run(program: Path, account: tuple[int, int] | None) -> bool:
    """Whether the program, including the libraries it loads, starts as that account."""
    return _succeeds([str(program), "--version"], account)


def _succeeds(argv: list[str], account: tuple[int, int] | None) -> bool:
    user, group = account if account else (None, None)
    try:
        done = subprocess.run(  # noqa: S603 - the caller's own program
            argv,
            user=user,
            group=group,
            extra_groups=[] if account else None,
            cwd="/",
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0
