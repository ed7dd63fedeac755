"""The command line: `manage.py` in a checkout, `cobrowse-doctor` where the wheel is installed."""

import gc
import os
import sys

from django.core.management import execute_from_command_line

from config import terminal
from config.embedded import commands


def main() -> None:
    """Run the command in sys.argv. Without DATABASE_URL it uses the embedded Postgres, and starts it if needed."""
    terminal.run(_run_command)


def _run_command() -> None:
    gc.set_threshold(50_000)  # a command's start is imports, of which nothing is garbage: saves about a tenth of it
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with commands.database_for(sys.argv):
        execute_from_command_line(sys.argv)
