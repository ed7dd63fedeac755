#!/usr/bin/env python3
"""The command line. Without DATABASE_URL, commands use the embedded Postgres and start it if needed."""

import gc
import os
import sys

from django.core.management import execute_from_command_line

from config import terminal
from config.embedded import commands


def main() -> None:
    gc.set_threshold(50_000)  # a command's start is imports, of which nothing is garbage: saves about a tenth of it
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with commands.database_for(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    terminal.run(main)
