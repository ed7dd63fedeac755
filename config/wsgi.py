"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

import config.celery  # noqa: F401 - readiness probes need the broker before any URL is loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
