"""The web server: several waitress processes that share one port.

`python -m config.web --port 8000` serves the pages until SIGTERM or SIGINT.
"""
