#!/usr/bin/env python3
"""The command line. Without DATABASE_URL, commands use the embedded Postgres and start it if needed."""

import os
import sys

from django.core.management import execute_from_command_line

from config import terminal
from config.embedded import commands


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with commands.database_for(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    terminal.run(main)
