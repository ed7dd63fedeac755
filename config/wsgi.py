"""The WSGI door."""

import os

from django.core.wsgi import get_wsgi_application

from config.local.child import die_with_supervised_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

die_with_supervised_parent()
application = get_wsgi_application()
