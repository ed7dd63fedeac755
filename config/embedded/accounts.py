"""As whom the embedded Postgres runs: as ourselves, or, since it refuses root, as a system user of its own."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from config import env

NAME = "cobrowse-doctor"


def for_postgres() -> tuple[int, int] | None:
    """(user id, group id) of the system user when we are root, made if missing; None: run as ourselves."""
    if os.geteuid() != 0:
        return None
    entry = _entry() or _make()
    return entry.pw_uid, entry.pw_gid


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _make() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    advice = "Start as an ordinary user, or set DATABASE_URL to a Postgres that runs already."
    if useradd is None:
        env.stop(f"Postgres refuses to run as root, and there is no useradd to make a user for it. {advice}")
    made = subprocess.run(  # noqa: S603 - fixed words
        [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
         "--shell", "/usr/sbin/nologin", NAME],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    entry = _entry()  # also there when a second command made it in the same moment
    if entry is None:
        env.stop(f"Postgres refuses to run as root, and useradd failed: {made.stderr.strip()}. {advice}")
    return entry


def can_enter(folder: Path, account: tuple[int, int] | None) -> bool:
    """Whether that account can pass through every folder down to this one, asked of the kernel, not of mode bits."""
    if account is None:
        return True
    return _succeeds(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], account)


def can_run(program: Path, account: tuple[int, int] | None) -> bool:
    """Whether the program starts as that account: the file, its folders, and the libraries it loads."""
    return _succeeds([str(program), "--version"], account)


def _succeeds(argv: list[str], account: tuple[int, int] | None) -> bool:
    user, group = account if account else (None, None)
    try:
        done = subprocess.run(  # noqa: S603 - the callers' own programs
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
