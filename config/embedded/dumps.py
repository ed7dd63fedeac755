"""Writes a database to a file and back, with the programs that come with Postgres."""

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from psycopg.conninfo import make_conninfo

from config import env
from config.embedded import binaries

VERSION = re.compile(r"\b(\d+)(?:\.\d+|devel|beta|rc)")
# A line of an archive's list: "215; 1259 16389 TABLE public diagnostics_run owner"
LISTED = re.compile(r"^\d+; \d+ \d+ (TABLE|FUNCTION) (\S+) (.+) \S+$", re.MULTILINE)
MIGRATION = re.compile(r"^\d+\t([^\t]+)\t([^\t]+)\t", re.MULTILINE)
NOT_FOR_THE_SERVER = frozenset({"connect_timeout", "silence", "answer_within"})


class Failed(Exception):
    """What the program said, in one sentence."""


@dataclass(frozen=True)
class Database:
    """Where a database is, as the programs want to be told; the password goes by the environment, which others cannot
    read as they can a command line."""

    address: str
    password: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Database":
        options = {key: value for key, value in settings["OPTIONS"].items() if key not in NOT_FOR_THE_SERVER}
        given = {"host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"]}
        named = {key: value for key, value in given.items() if value}
        return cls(make_conninfo(dbname=settings["NAME"], **named, **options), settings["PASSWORD"])

    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG") or key == "PGSSLROOTCERT"}
        return {**kept, "PGPASSWORD": self.password, "LC_ALL": "C"}


@dataclass(frozen=True)
class BackupContents:
    """What a backup holds, by its own list."""

    tables: tuple[tuple[str, str], ...]  # schema and name
    functions: tuple[tuple[str, str], ...]
    migrations: frozenset[tuple[str, str]]


def programs_for(server: int) -> Path:
    """The folder with the programs that fit a server of that major version best: those of the same one, else newer."""
    found = {folder: version for folder in _folders() if (version := _major(folder)) >= server}
    if not found:
        env.stop(
            f"No pg_dump of PostgreSQL {server} or later was found. Install the client programs of that version, or "
            f"name their folder in {binaries.VARIABLE}."
        )
    return min(found, key=lambda folder: found[folder])


def dump(
    programs: Path, database: Database, file: Path, leave_out: Iterable[str], seal: Callable[[Path], None]
) -> None:
    """Writes to a draft beside the file, which only its owner can read, and renames it once it is whole and sealed."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        words = [f"--exclude-table-data={name}" for name in leave_out]
        _run(
            [programs / "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--no-password", *words,
             f"--file={draft}", f"--dbname={database.address}"],
            database,
        )  # fmt: skip
        seal(draft)
        read_archive(programs, draft)
        os.replace(draft, file)
    except OSError as exc:
        raise Failed(f"{file} cannot be written: {exc.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)


def read_archive(programs: Path, file: Path) -> BackupContents:
    """Raises Failed for what is no backup. Reads the list and one small table."""
    listed = _run([programs / "pg_restore", "--list", file])
    entries = LISTED.findall(listed)
    told = _run([programs / "pg_restore", "--data-only", "--table=django_migrations", "--file=-", file])
    return BackupContents(
        tables=tuple((schema, name) for kind, schema, name in entries if kind == "TABLE"),
        functions=tuple((schema, name) for kind, schema, name in entries if kind == "FUNCTION"),
        migrations=frozenset(MIGRATION.findall(told)),
    )


def restore(programs: Path, database: Database, file: Path, archive: BackupContents, also_drop: Iterable[str]) -> None:
    """Takes the place of what is there in one transaction: it is all in, or nothing has changed."""
    with tempfile.TemporaryFile() as unread, tempfile.TemporaryFile() as refused:
        reader = subprocess.Popen(  # noqa: S603 - a program found above
            [programs / "pg_restore", "--no-owner", "--no-privileges", "--file=-", file],
            stdout=subprocess.PIPE, stderr=unread,
        )  # fmt: skip
        writer = subprocess.Popen(  # noqa: S603 - a program found above
            [programs / "psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1",
             "--output=/dev/null", f"--dbname={database.address}"],
            stdin=subprocess.PIPE, stderr=refused, env=database.environment(),
        )  # fmt: skip
        _pass_on(reader, writer, "\n".join(["BEGIN;", *_drops(archive, also_drop), ""]))
        if writer.wait() != 0:
            raise Failed(f"The database refused it: {_last(_whole(refused))}")
        if reader.returncode != 0:
            raise Failed(f"{file} cannot be read to its end: {_last(_whole(unread))}")


def _pass_on(reader: "subprocess.Popen[bytes]", writer: "subprocess.Popen[bytes]", first: str) -> None:
    """Ends with a COMMIT only where all of it was read: without that line the end of the input undoes everything."""
    assert reader.stdout and writer.stdin  # noqa: S101 - both are pipes
    with contextlib.suppress(BrokenPipeError):
        writer.stdin.write(first.encode())
        shutil.copyfileobj(reader.stdout, writer.stdin)
        if reader.wait() == 0:
            writer.stdin.write(b"\nCOMMIT;\n")
    with contextlib.suppress(BrokenPipeError):
        writer.stdin.close()
    reader.stdout.close()  # one that still writes ends with that
    reader.wait()


def _drops(archive: BackupContents, also: Iterable[str]) -> list[str]:
    tables = [f"{_quoted(schema)}.{_quoted(name)}" for schema, name in archive.tables] + [
        _quoted(name) for name in also
    ]
    return [
        *(f"DROP TABLE IF EXISTS {table} CASCADE;" for table in tables),
        *(f"DROP FUNCTION IF EXISTS {_quoted(schema)}.{signature} CASCADE;" for schema, signature in archive.functions),
    ]


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _run(words: list[Any], database: Database | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - a program found above
        [str(word) for word in words],
        capture_output=True,
        env=database.environment() if database else None,
        check=False,
    )
    if done.returncode:
        raise Failed(_last(done.stderr))
    return done.stdout.decode(errors="replace")


def _last(said: bytes) -> str:
    """The first line that tells of an error; programs go on talking after it."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "it gave no reason")[:300]


def _whole(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _folders() -> list[Path]:
    named = env.text(binaries.VARIABLE)
    on_path = shutil.which("pg_dump")
    found = [Path(named).expanduser()] if named else []
    return [*found, *([Path(on_path).resolve().parent, Path(on_path).parent] if on_path else []), *binaries.in_wheel()]


def _major(folder: Path) -> int:
    """0 where one of the programs is missing or does not run."""
    if not all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return 0
    try:
        said = subprocess.run(  # noqa: S603 - a program found above
            [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = VERSION.search(said)
    return int(match[1]) if match else 0
