"""The web server: processes that share one port, each with waitress inside.

`python -m config.web --port 8000` serves the pages until SIGTERM or SIGINT.
"""
