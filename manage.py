#!/usr/bin/env python3
"""The command line. Without DATABASE_URL, commands use the embedded Postgres and start it if needed."""

from config.command_line import main

if __name__ == "__main__":
    main()
