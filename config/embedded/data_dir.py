"""The data folder: keys, logs, locks, and pointers to what had to be put elsewhere."""

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
        """Creates the folder if it is missing. One that exists keeps its permissions: it may not be ours."""
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                # The database's own account must be able to pass through; every file inside is private by itself.
                self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.keys, self.logs, self.locks):
                folder.mkdir(mode=0o700, exist_ok=True)
            owner = self.keys.stat().st_uid
        except OSError as exc:
            env.stop(
                f"The data folder {self.path} cannot be used: {exc.strerror}. Start as the user it belongs to, "
                f"or choose another folder with --data-dir or {VARIABLE}."
            )
        if owner != os.geteuid():
            # Root could go on, but would leave files there that the owner cannot use any more.
            env.stop(
                f"The data folder {self.path} belongs to another user (id {owner}). Start as that user, or choose "
                f"another folder with --data-dir or {VARIABLE}."
            )

    def close_to_others(self) -> None:
        """Files 600 and folders 700, also those of an earlier version. The database's files have an owner of their own."""
        own = [each for each in self.path.glob("*") if each.name != "postgres"]
        for each in [*own, *(inner for folder in own if folder.is_dir() for inner in folder.rglob("*"))]:
            with contextlib.suppress(OSError):
                if not each.is_symlink() and not each.is_socket() and each.stat().st_uid == os.geteuid():
                    each.chmod(0o700 if each.is_dir() else 0o600)

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

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    def key(self, name: str, make: Callable[[], str]) -> str:
        """The secret kept under that name, made once. Safe when several commands make it at the same time."""
        file = self.keys / name
        try:
            if not file.exists():
                self.make()
                draft = self.keys / f".{name}.{secrets.token_hex(6)}"
                write_private(draft, make())
                try:
                    os.link(draft, file)  # fails if another command was first, whose key then counts
                except FileExistsError:
                    pass
                finally:
                    draft.unlink()
            value = file.read_text(encoding="utf-8").strip()
        except OSError as exc:
            env.stop(f"The key file {file} cannot be used: {exc.strerror}. Start as the user it belongs to.")
        if not value:
            env.stop(f"The key file {file} is empty. Restore it from a backup: what it encrypted is lost without it.")
        return value

    def secret_key(self) -> str:
        return self.key("secret_key", lambda: secrets.token_urlsafe(64))

    def encryption_keys(self) -> list[str]:
        """Newest first; a further key is added to the file as a new first line."""
        return self.key("field_encryption_keys", lambda: Fernet.generate_key().decode()).split()

    def database_password(self) -> str:
        return self.key("database_password", lambda: secrets.token_urlsafe(32))

    def pointer(self, name: str) -> Path | None:
        """The folder recorded under that name, for what could not live inside the data folder."""
        try:
            return Path((self.path / name).read_text(encoding="utf-8").strip())
        except OSError:
            return None

    def point(self, name: str, target: Path) -> None:
        write_private(self.path / name, f"{target}\n")

    @property
    def demo_endpoints_file(self) -> Path:
        return self.path / "demo-endpoints.json"

    def demo_endpoints(self) -> dict[str, Any]:
        """The regions of the demo org that `up` published last; {} when there are none."""
        try:
            value = json.loads(self.demo_endpoints_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}


def current() -> DataDir:
    """The folder the environment names, else .data in the project."""
    chosen = env.text(VARIABLE)
    return DataDir(Path(chosen).expanduser().absolute() if chosen else PROJECT / ".data")


def write_private(file: Path, content: str) -> None:
    """Writes a file that only its owner can read, in one step: a reader sees the old content or the new one."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    os.replace(draft, file)
