"""The project's settings, and the Celery app that shared tasks bind to."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
