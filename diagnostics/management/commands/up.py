"""Runs all processes of the product on one machine until Ctrl-C."""

import hashlib
import importlib
import json
import logging
import os
from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import CommandError
from django.template.loader import get_template
from django.urls import reverse

from config.embedded import child, cluster, data_dir, logs, processes, sockets
from config.embedded.console import Console
from config.embedded.locks import Lock
from config.embedded.supervisor import RestartLimitReached, StopRequested, SupervisedProcess, Supervisor
from config.migrations import missing_migrations
from diagnostics.accounts import users
from diagnostics.accounts.models import User
from diagnostics.demo import seed
from diagnostics.genesys.contract import bundled
from diagnostics.management.base import ProductCommand

DATABASE_LOCK_SECONDS = 30.0
DEFAULT_PORT = 8000
ADMIN = "admin"
# The code of the processes that are forked from this one.
PRELOADED = (
    "billiard.popen_fork",
    "billiard.sharedctypes",
    "billiard.synchronize",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.prefork",
    "celery.events.dispatcher",
    "celery.events.receiver",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.strategy",
    "config.beat",
    "config.web.server",
    "config.worker",
    "diagnostics.demo.server",
    "diagnostics.tasks",
    "django.conf.locale.en.formats",
    "django.contrib.auth.context_processors",
    "django.contrib.messages.context_processors",
    "django.contrib.messages.storage.fallback",
    "django.contrib.sessions.serializers",
    "django.template.context_processors",
    "kombu.matcher",
    "kombu.pidbox",
    "kombu.transport.redis",
)


class Command(ProductCommand):
    help = "Start everything on this machine: database, queue, workers, scheduler, web server and the demo orgs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="don't start the demo orgs")
        parser.add_argument(
            "--port", type=int, default=DEFAULT_PORT, help="port of the web pages (default %(default)s)"
        )
        parser.add_argument(
            "--small",
            action=BooleanOptionalAction,
            default=processes.has_little_memory(),
            help="one worker for everything and one web process (default on machines with less than 1 GB of memory)",
        )
        # config.embedded.commands applies it before the settings are loaded.
        parser.add_argument("--data-dir", help="folder for data, keys and logs (default .data in the project)")

    def handle(self, *args: Any, **options: Any) -> None:
        data: data_dir.DataDir = settings.DATA
        os.umask(0o077)  # files are private to this user
        data.make()
        data.restrict_permissions()
        lock = Lock(data.locks / "up")
        if not lock.acquire():
            raise CommandError(f"Already running at {lock.read() or 'an unknown address'}.")
        try:
            with_demo, is_small = not options["no_demo"], options["small"]
            Up(data, options["port"], with_demo=with_demo, is_small=is_small, lock=lock).run()
        finally:
            lock.release()


class Up:
    def __init__(self, data: data_dir.DataDir, port: int, *, with_demo: bool, is_small: bool, lock: Lock) -> None:
        self.data = data
        self.port = port
        self.with_demo = with_demo
        self.is_small = is_small
        self.address = f"http://{processes.HOST}:{port}"
        self.console = Console()
        self.supervisor = Supervisor(self.console)
        self.owner_lock = Lock(data.locks / "owner")
        lock.write(f"{self.address} (pid {os.getpid()})")

    def run(self) -> None:
        if not 1 <= self.port <= 65535:
            raise CommandError("--port must be from 1 to 65535.")
        if not processes.is_free(self.port):
            raise CommandError(
                f"Port {self.port} is in use (or not allowed for this user). Stop the other program, or "
                f"choose another port, such as --port {self.port + 1}."
            )
        logs.rotate_closed(self.data.logs)
        os.environ.setdefault("PUBLIC_URL", self.address)  # for links in alerts
        settings.PUBLIC_URL = os.environ["PUBLIC_URL"]
        log_warnings_only()
        self.supervisor.handle_signals()
        error = ""
        try:
            self.start()
            self.print_address()
            self.supervisor.run_forever()
        except StopRequested:
            self.console.line()
            self.console.line("Stopping. Running checks may finish; press Ctrl-C again to stop at once.")
        except (RestartLimitReached, cluster.StillRunning) as exc:
            error = str(exc)
            self.console.line()
            self.console.line("Giving up, and stopping everything.")
        finally:
            self.supervisor.stop(processes.STOP_GROUPS)
            sockets.remove_temporary_folders(self.data)
            self.owner_lock.release()
        if error:
            raise CommandError(error)
        self.console.line("Stopped. Everything is kept for the next start.")

    # ------------------------------------------------------------------ start

    def start(self) -> None:
        self.console.line(f"Starting Cobrowse Doctor. Data: {self.data.path}")
        if settings.EMBEDDED_DATABASE:
            self.start_database()
        with self.supervisor.interruptible():
            # What needs much memory once happens in forks, since all processes inherit the memory of this one.
            preparation = child.ForkedWork(self.update_database_and_static_files)
            self.load_code()
            preparation.result()
            importlib.import_module("config.web.__main__")  # which lists the static files, and sets up Django again
            log_warnings_only()
            child.save_memory()
        queue = [processes.queue(self.data)] if settings.EMBEDDED_BROKER else []
        demo = [self.prepare_demo()] if self.with_demo else []
        count = 1 if self.is_small else processes.WEB_PROCESSES
        # The pages are there while the demo's history is written. Work starts after that.
        self.supervisor.start(*queue, *demo, processes.web(self.data, self.port, allowed_host(), count))
        if self.with_demo:
            self.write_demo_history()
        self.supervisor.start(*processes.workers(self.data, is_small=self.is_small), processes.beat(self.data))

    def load_code(self) -> None:
        """Load and build what the children need, so that they share its memory and start at once."""
        for module in PRELOADED:
            importlib.import_module(module)
        reverse("home")  # imports all views
        for template in ("base.html", "account/login.html"):
            get_template(template)
        bundled()
        current_app.finalize(auto=True)
        current_app.loader.worker_initialized = True  # or each worker would set up Django again
        current_app.conf.beat_schedule  # noqa: B018 - reads all settings

    def start_database(self) -> None:
        """Start Postgres while no other command uses it; afterwards they share it."""
        users_lock = Lock(self.data.locks / "users")
        is_ours = users_lock.wait(DATABASE_LOCK_SECONDS, on_wait=self.print_waiting) and self.owner_lock.wait(
            DATABASE_LOCK_SECONDS
        )
        if not is_ours:
            raise CommandError(
                f"Another manage.py command has been using the database in {self.data.path} for {DATABASE_LOCK_SECONDS:.0f} s. "
                f"Wait for it or stop it, then start again."
            )
        try:
            self.supervisor.start(processes.database(cluster.prepare(self.data)))
        finally:
            users_lock.release()

    def print_waiting(self) -> None:
        self.console.event("database", f"in use by another command, waiting up to {DATABASE_LOCK_SECONDS:.0f} s for it")

    def update_database_and_static_files(self) -> None:
        missing = missing_migrations()
        if missing:
            self.console.event("database", "bringing the tables up to date")
            call_command("migrate", verbosity=0, interactive=False)
        self.collect_static_files()

    def collect_static_files(self) -> None:
        """Collect them only if one has changed: hashing all of them takes longer than the rest of the start."""
        record = settings.STATIC_ROOT / ".collected"
        fingerprint = static_files_fingerprint()
        if not record.exists() or record.read_text() != fingerprint:
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            record.write_text(fingerprint)

    def prepare_demo(self) -> SupervisedProcess:
        port = processes.free_port_pair(settings.DEMO_PORT, excluded=self.port)
        if port is None:
            raise CommandError("No free ports for the demo orgs. Set DEMO_PORT to another port, or use --no-demo.")
        urls = {
            "demo-published": f"http://{processes.HOST}:{port}",
            "demo-gateway": f"http://{processes.HOST}:{port + 1}",
        }
        endpoints = {key: {"api": url, "login": url} for key, url in urls.items()}
        # The file is for the settings of processes that start from now on; this process has loaded its own already.
        data_dir.write_private(self.data.demo_endpoints_file, json.dumps(endpoints))
        settings.GENESYS_ENDPOINTS.update(endpoints)
        return processes.demo(self.data, port)

    def write_demo_history(self) -> None:
        with self.supervisor.interruptible():
            added = child.ForkedWork(seed.seed).result()
        if added.clients:
            self.console.event("demo", f"{added.clients} clients and {added.runs} runs added")

    # ------------------------------------------------------------------ output

    def print_address(self) -> None:
        # The account is created last, so that an interrupted start leaves no password that was never shown.
        with self.supervisor.interruptible():
            password = child.ForkedWork(add_first_admin).result()
        if password:
            login = f"Login:     {ADMIN}    Password: {password}    (shown once)"
        else:
            login = f"Login:     unchanged. Lost it? manage.py changepassword {ADMIN}"
        self.console.block(
            f"Open       {public_address(self.address)}", login, f"Logs:      {self.data.logs}", "Stop:      Ctrl-C"
        )


def log_warnings_only() -> None:
    """For this process, which has its own lines. `child.fork_module` undoes it."""
    for handler in logging.root.handlers:
        handler.addFilter(child.is_warning)


def add_first_admin() -> str:
    """The new admin's password; "" if there are accounts."""
    return "" if User.objects.exists() else users.add_first_admin(ADMIN)


def public_hosts() -> list[str]:
    """The allowed hosts other than this machine."""
    return [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host not in (*settings.LOCAL_HOSTS, "*")]


def allowed_host() -> str:
    """A host that ALLOWED_HOSTS accepts: this machine's if possible."""
    if {processes.HOST, "*"} & set(settings.ALLOWED_HOSTS) or not public_hosts():
        return processes.HOST
    return public_hosts()[0]


def public_address(local_address: str) -> str:
    """The address to open in a browser. Public hosts lead here through a proxy: we listen on 127.0.0.1 only."""
    if not public_hosts():
        return local_address
    scheme = "https" if settings.HTTPS else "http"
    return f"{scheme}://{public_hosts()[0]}    (through your proxy to {local_address})"


def static_files_fingerprint() -> str:
    """A hash of the names, sizes and times of all static files, and of the storage backend."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.size(path)} {storage.get_modified_time(path)}\n".encode())
    return digest.hexdigest()
