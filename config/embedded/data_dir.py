"""The data folder: keys, logs, locks, and the recorded locations of folders outside it."""

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from config import env

PROJECT = Path(__file__).resolve().parent.parent.parent
VARIABLE = "COBROWSE_DOCTOR_DATA_DIR"


@dataclass(frozen=True)
class DataDir:
    path: Path

    def make(self) -> None:
        """Create the folder if it is missing. An existing one keeps its permissions: the operator may have set them."""
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                # As root, the database's account must be able to enter. Every file inside is private.
                self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.keys, self.logs, self.locks):
                folder.mkdir(mode=0o700, exist_ok=True)
            owner = self.keys.stat().st_uid
        except OSError as exc:
            env.stop(
                f"Can't use the data folder {self.path}: {exc.strerror}. Start as its owner, "
                f"or choose another folder with --data-dir or {VARIABLE}."
            )
        if owner != os.geteuid():
            # Root could continue, but would leave files that the owner cannot use.
            env.stop(
                f"The data folder {self.path} belongs to another user (ID {owner}). Start as that user, or choose "
                f"another folder with --data-dir or {VARIABLE}."
            )

    def restrict_permissions(self) -> None:
        """Set our files to 600 and folders to 700, including those of earlier versions. Leaves out the database's files."""
        top = [path for path in self.path.glob("*") if path.name != "postgres"]
        for path in [*top, *(inner for folder in top if folder.is_dir() for inner in folder.rglob("*"))]:
            with contextlib.suppress(OSError):
                if not path.is_symlink() and not path.is_socket() and path.stat().st_uid == os.geteuid():
                    path.chmod(0o700 if path.is_dir() else 0o600)

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def locks(self) -> Path:
        return self.path / "locks"

    @property
    def static(self) -> Path:
        return self.path / "static"

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def key(self, name: str, make: Callable[[], str]) -> str:
        """The secret in the file of that name, created once. Safe when several commands create it at the same time."""
        file = self.keys / name
        try:
            if not file.exists():
                self.make()
                draft = self.keys / f".{name}.{secrets.token_hex(6)}"
                write_private(draft, make())
                try:
                    os.link(draft, file)  # fails if another command created the key first; that key is used
                except FileExistsError:
                    pass
                finally:
                    draft.unlink()
            value = file.read_text(encoding="utf-8").strip()
        except OSError as exc:
            env.stop(f"Can't use the key file {file}: {exc.strerror}. Start as its owner.")
        if not value:
            env.stop(
                f"The key file {file} is empty. Restore it from a backup, because the data it encrypted is lost without it."
            )
        return value

    def secret_key(self) -> str:
        return self.key("secret_key", lambda: secrets.token_urlsafe(64))

    def encryption_keys(self) -> list[str]:
        """Newest first. To add a key, insert it into the file as the first line."""
        return self.key("field_encryption_keys", lambda: Fernet.generate_key().decode()).split()

    def database_password(self) -> str:
        return self.key("database_password", lambda: secrets.token_urlsafe(32))

    def recorded_folder(self, name: str) -> Path | None:
        """The recorded location of a folder that could not be inside the data folder; None if there is none."""
        try:
            return Path((self.path / name).read_text(encoding="utf-8").strip())
        except OSError:
            return None

    def record_folder(self, name: str, target: Path) -> None:
        write_private(self.path / name, f"{target}\n")

    @property
    def demo_endpoints_file(self) -> Path:
        return self.path / "demo-endpoints.json"

    def demo_endpoints(self) -> dict[str, Any]:
        """The regions of the demo orgs that `up` started last; {} if there are none."""
        try:
            value = json.loads(self.demo_endpoints_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}


def current() -> DataDir:
    """The folder that the environment names. Otherwise .data in a checkout, and the user's own folder for a wheel."""
    configured = env.text(VARIABLE)
    if configured:
        return DataDir(Path(configured).expanduser().absolute())
    if (PROJECT / "manage.py").exists():
        return DataDir(PROJECT / ".data")
    return DataDir(Path(env.text("XDG_DATA_HOME", "~/.local/share")).expanduser() / "cobrowse-doctor")


def write_private(file: Path, content: str) -> None:
    """Write a file atomically, readable only by its owner."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    os.replace(draft, file)
