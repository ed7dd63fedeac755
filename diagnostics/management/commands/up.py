"""Starts everything on one machine, keeps it running, and ends it on Ctrl-C."""

import hashlib
import json
import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from config.embedded import cluster, data_dir, logs, parts, sockets
from config.embedded.console import Console
from config.embedded.locks import Lock
from config.embedded.supervisor import GaveUp, Stopped, Supervisor
from config.migrations import missing_migrations
from diagnostics.accounts import users as people
from diagnostics.accounts.models import User
from diagnostics.demo import seed
from diagnostics.management.base import ProductCommand

TAKE_OVER_SECONDS = 30.0
DEFAULT_PORT = 8000
ADMIN = "admin"


class Command(ProductCommand):
    help = "Starts everything on this machine: database, queue, worker, scheduler, pages, and the demo orgs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="without the demo orgs")
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the pages (default %(default)s)")
        # manage.py has taken it from the command line before the settings were read.
        parser.add_argument("--data-dir", help="where data, keys and logs are kept (default .data in the project)")

    def handle(self, *args: Any, **options: Any) -> None:
        data: data_dir.DataDir = settings.DATA
        os.umask(0o077)  # what this and its parts write is nobody else's to read
        data.make()
        data.close_to_others()
        alone = Lock(data.locks / "up")
        if not alone.take():
            raise CommandError(f"already running at {alone.read() or 'an address it has not told yet'}")
        try:
            Up(data, options["port"], with_demo=not options["no_demo"], alone=alone).run()
        finally:
            alone.release()


class Up:
    def __init__(self, data: data_dir.DataDir, port: int, *, with_demo: bool, alone: Lock) -> None:
        self.data = data
        self.port = port
        self.with_demo = with_demo
        self.address = f"http://{parts.HOST}:{port}"
        self.console = Console()
        self.supervisor = Supervisor(self.console)
        self.owner = Lock(data.locks / "owner")
        alone.write(f"{self.address} (pid {os.getpid()})")

    def run(self) -> None:
        if not 1 <= self.port <= 65535:
            raise CommandError(f"--port {self.port} is no port. Choose one from 1 to 65535.")
        if not parts.is_free(self.port):
            raise CommandError(
                f"Port {self.port} is in use by another program (or not allowed for this user). Stop that program, or "
                f"choose another port, such as --port {self.port + 1}."
            )
        logs.shorten(self.data.logs)
        os.environ.setdefault("PUBLIC_URL", self.address)  # the parts name it in alerts
        self.supervisor.listen()
        trouble = ""
        try:
            self.start()
            self.greet()
            self.supervisor.watch()
        except Stopped:
            self.console.line()
            self.console.line("Stopping. Running checks may finish; press Ctrl-C again to stop at once.")
        except (GaveUp, cluster.StillRunning) as exc:
            trouble = str(exc)
            self.console.line()
            self.console.line("Giving up, and stopping everything.")
        finally:
            self.supervisor.end(parts.STOP_ORDER)
            sockets.tidy(self.data)
            self.owner.release()
        if trouble:
            raise CommandError(trouble)
        self.console.line("Stopped. Everything is kept for the next start.")

    # ------------------------------------------------------------------ start

    def start(self) -> None:
        self.console.line(f"Cobrowse Doctor starts. Data: {self.data.path}")
        if settings.EMBEDDED_DATABASE:
            self.start_database()
        with self.supervisor.busy():
            self.bring_up_to_date()
        if settings.EMBEDDED_BROKER:
            self.supervisor.start(parts.queue(self.data))
        if self.with_demo:
            self.start_demo()
        self.supervisor.start(parts.worker(self.data))
        self.supervisor.start(parts.background(self.data))
        self.supervisor.start(parts.beat(self.data))
        self.supervisor.start(parts.web(self.data, self.port, name_of_pages()))

    def start_database(self) -> None:
        """Takes the database over from other commands: alone for a moment, then shared with them again."""
        users = Lock(self.data.locks / "users")
        if not users.wait(TAKE_OVER_SECONDS, waiting=self.say_it_waits) or not self.owner.wait(TAKE_OVER_SECONDS):
            raise CommandError(
                f"Another manage.py command has used the database in {self.data.path} for {TAKE_OVER_SECONDS:.0f} s. "
                f"Let it finish or stop it, then start again."
            )
        try:
            self.supervisor.start(parts.database(cluster.prepare(self.data)))
        finally:
            users.release()

    def say_it_waits(self) -> None:
        self.console.part("database", f"in use by another command, waiting up to {TAKE_OVER_SECONDS:.0f} s for it")

    def bring_up_to_date(self) -> None:
        missing = missing_migrations()
        if missing:
            self.console.part("database", "bringing the tables up to date")
            call_command("migrate", verbosity=0, interactive=False)
        self.collect_static_files()
        connections.close_all()

    def collect_static_files(self) -> None:
        """Only when one of them has changed: hashing them all takes longer than the rest of a start."""
        seal = settings.STATIC_ROOT / ".collected"
        state = state_of_static_files()
        if not seal.exists() or seal.read_text() != state:
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            seal.write_text(state)

    def start_demo(self) -> None:
        port = parts.free_pair(settings.DEMO_PORT, taken=self.port)
        if port is None:
            raise CommandError("No two free ports for the demo orgs. Set DEMO_PORT to another one, or use --no-demo.")
        urls = {
            f"demo-{org}": f"http://{parts.HOST}:{port + place}" for place, org in enumerate(("published", "gateway"))
        }
        endpoints = {key: {"api": url, "login": url} for key, url in urls.items()}
        # For the settings of the parts that start after this, and of commands beside us; and for our own.
        data_dir.write_private(self.data.demo_endpoints_file, json.dumps(endpoints))
        settings.GENESYS_ENDPOINTS.update(endpoints)
        self.supervisor.start(parts.demo(self.data, port))
        with self.supervisor.busy():
            added = seed.seed()
            connections.close_all()
        if added.clients:
            self.console.part("demo", f"{added.clients} clients and {added.runs} runs added")

    # ------------------------------------------------------------------ words

    def greet(self) -> None:
        # Made only now that it can be shown: a start that was cut short must not leave a password nobody has seen.
        with self.supervisor.busy():
            password = "" if User.objects.exists() else people.add_first_admin(ADMIN)
            connections.close_all()
        if password:
            login = f"Login:     {ADMIN}    Password: {password}    (shown this once)"
        else:
            login = f"Login:     as before. Forgotten? manage.py changepassword {ADMIN}"
        self.console.block(
            f"Open       {address_for_people(self.address)}", login, f"Logs:      {self.data.logs}", "Stop:      Ctrl-C"
        )


def public_names() -> list[str]:
    """The names beyond this machine's own under which the pages may be asked for."""
    return [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name not in (*settings.LOCAL_HOSTS, "*")]


def name_of_pages() -> str:
    """A name that the pages answer to: this machine's, unless only others are allowed."""
    return parts.HOST if {parts.HOST, "*"} & set(settings.ALLOWED_HOSTS) else next(iter(public_names()), parts.HOST)


def address_for_people(own: str) -> str:
    """What to open in a browser; people elsewhere come through a proxy, since the pages listen on this machine only."""
    if not public_names():
        return own
    return f"{'https' if settings.HTTPS else 'http'}://{public_names()[0]}    (its proxy leads to {own})"


def state_of_static_files() -> str:
    """Changes when any static file does, or the way they are stored."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path)}\n".encode())
    return digest.hexdigest()
