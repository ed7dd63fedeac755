"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

import config.celery  # noqa: F401 - a process that has answered only probes asks the broker too

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
