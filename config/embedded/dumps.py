"""Backs up and restores a database with the Postgres client programs."""

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
# A line of `pg_restore --list`: "215; 1259 16389 TABLE public diagnostics_run owner"
LIST_ENTRY = re.compile(r"^\d+; \d+ \d+ (TABLE|FUNCTION) (\S+) (.+) \S+$", re.MULTILINE)
MIGRATION = re.compile(r"^\d+\t([^\t]+)\t([^\t]+)\t", re.MULTILINE)
# Options of config.database, not of libpq, and a timeout that a backup does without.
OTHER_OPTIONS = frozenset({"connect_timeout", "silence", "answer_within"})


class DumpError(Exception):
    """A client program failed. str() is the reason, in one sentence."""


@dataclass(frozen=True)
class Database:
    """A libpq connection string and the password, which is passed in the environment: command lines are public."""

    conninfo: str
    password: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Database":
        options = {key: value for key, value in settings["OPTIONS"].items() if key not in OTHER_OPTIONS}
        server = {"host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"]}
        options.update({key: value for key, value in server.items() if value})
        return cls(make_conninfo(dbname=settings["NAME"], **options), settings["PASSWORD"])

    def environment(self) -> dict[str, str]:
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith("PG") or key == "PGSSLROOTCERT"
        }
        return {**inherited, "PGPASSWORD": self.password, "LC_ALL": "C"}


@dataclass(frozen=True)
class BackupContents:
    """The tables, functions and migrations in a backup, according to its table of contents."""

    tables: tuple[tuple[str, str], ...]  # schema and name
    functions: tuple[tuple[str, str], ...]
    migrations: frozenset[tuple[str, str]]


def programs_for(server: int) -> Path:
    """The folder with the client programs of that major version, or of the next newer one that is installed."""
    found = {folder: version for folder in _candidate_folders() if (version := _major_version(folder)) >= server}
    if not found:
        env.stop(
            f"No pg_dump of PostgreSQL {server} or later was found. Install the client programs of that version, or "
            f"name their folder in {binaries.VARIABLE}."
        )
    return min(found, key=lambda folder: found[folder])


def dump(programs: Path, database: Database, file: Path, excluded: Iterable[str], seal: Callable[[Path], None]) -> None:
    """Write to a private draft in the same folder, and rename it once it is complete and sealed.

    `excluded` are tables whose rows are left out.
    """
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        options = [f"--exclude-table-data={name}" for name in excluded]
        _run(
            [programs / "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--no-password", *options,
             f"--file={draft}", f"--dbname={database.conninfo}"],
            database,
        )  # fmt: skip
        seal(draft)
        read_archive(programs, draft)
        os.replace(draft, file)
    except OSError as exc:
        raise DumpError(f"{file} can't be written: {exc.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)


def read_archive(programs: Path, file: Path) -> BackupContents:
    """Read the table of contents and the applied migrations. Raises DumpError if the file is not a backup."""
    contents = _run([programs / "pg_restore", "--list", file])
    entries = LIST_ENTRY.findall(contents)
    migrations = _run([programs / "pg_restore", "--data-only", "--table=django_migrations", "--file=-", file])
    return BackupContents(
        tables=tuple((schema, name) for kind, schema, name in entries if kind == "TABLE"),
        functions=tuple((schema, name) for kind, schema, name in entries if kind == "FUNCTION"),
        migrations=frozenset(MIGRATION.findall(migrations)),
    )


def restore(programs: Path, database: Database, file: Path, archive: BackupContents, also_drop: Iterable[str]) -> None:
    """Replace the content of the database in one transaction."""
    with tempfile.TemporaryFile() as reader_errors, tempfile.TemporaryFile() as writer_errors:
        reader = subprocess.Popen(  # noqa: S603 - a program found above
            [programs / "pg_restore", "--no-owner", "--no-privileges", "--file=-", file],
            stdout=subprocess.PIPE, stderr=reader_errors,
        )  # fmt: skip
        writer = subprocess.Popen(  # noqa: S603 - a program found above
            [programs / "psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1",
             "--output=/dev/null", f"--dbname={database.conninfo}"],
            stdin=subprocess.PIPE, stderr=writer_errors, env=database.environment(),
        )  # fmt: skip
        _pipe(reader, writer, "\n".join(["BEGIN;", *_drops(archive, also_drop), ""]))
        if writer.wait() != 0:
            raise DumpError(f"The database refused the content: {_error_in(_content(writer_errors))}")
        if reader.returncode != 0:
            raise DumpError(f"{file} can't be read to its end: {_error_in(_content(reader_errors))}")


def _pipe(reader: "subprocess.Popen[bytes]", writer: "subprocess.Popen[bytes]", first: str) -> None:
    """Copy the dump to psql, with a COMMIT only if it was read completely. Without one, psql rolls back at the end."""
    assert reader.stdout and writer.stdin  # noqa: S101 - both are pipes
    with contextlib.suppress(BrokenPipeError):
        writer.stdin.write(first.encode())
        shutil.copyfileobj(reader.stdout, writer.stdin)
        if reader.wait() == 0:
            writer.stdin.write(b"\nCOMMIT;\n")
    with contextlib.suppress(BrokenPipeError):
        writer.stdin.close()
    reader.stdout.close()  # ends a reader that is still writing
    reader.wait()


def _drops(archive: BackupContents, also: Iterable[str]) -> list[str]:
    tables = [f"{_quote(schema)}.{_quote(name)}" for schema, name in archive.tables]
    tables += [_quote(name) for name in also]
    return [
        *(f"DROP TABLE IF EXISTS {table} CASCADE;" for table in tables),
        *(f"DROP FUNCTION IF EXISTS {_quote(schema)}.{signature} CASCADE;" for schema, signature in archive.functions),
    ]


def _quote(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _run(argv: list[Any], database: Database | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - a program found above
        [str(argument) for argument in argv],
        capture_output=True,
        env=database.environment() if database else None,
        check=False,
    )
    if done.returncode:
        raise DumpError(_error_in(done.stderr))
    return done.stdout.decode(errors="replace")


def _error_in(output: bytes) -> str:
    """The first line with an error, or the last line."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "it gave no reason")[:300]


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _candidate_folders() -> list[Path]:
    configured = env.text(binaries.VARIABLE)
    on_path = shutil.which("pg_dump")
    found = [Path(configured).expanduser()] if configured else []
    return [
        *found,
        *([Path(on_path).resolve().parent, Path(on_path).parent] if on_path else []),
        *binaries.wheel_folders(),
    ]


def _major_version(folder: Path) -> int:
    """0 if one of the programs is missing or does not run."""
    if not all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return 0
    try:
        output = subprocess.run(  # noqa: S603 - a program found above
            [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = VERSION.search(output)
    return int(match[1]) if match else 0
