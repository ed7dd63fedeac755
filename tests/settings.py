"""config.settings plus the handful of test values."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Tests may run in several processes, each with a folder, and so with a Postgres and a broker, of its own.
PREFIX = f"cobrowse-doctor-tests-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-"

# Before the real settings are read: nothing of the tests may touch the developer's own data folder, nor may
# the developer's own environment touch the tests.
for name in ("DATABASE_URL", "CELERY_BROKER_URL", "GENESYS_ENDPOINTS", "ALLOWED_HOSTS", "DEBUG", "HTTPS"):
    os.environ.pop(name, None)
os.environ["DATABASE_POOL"] = "0"  # a pool would keep the test database open while it is dropped
# A process that a test starts with these settings inherits the session's folder, and so its keys and sockets.
if not Path(os.environ.get("COBROWSE_DOCTOR_DATA_DIR", "")).name.startswith(PREFIX):
    os.environ["COBROWSE_DOCTOR_DATA_DIR"] = tempfile.mkdtemp(prefix=PREFIX)
    os.chmod(os.environ["COBROWSE_DOCTOR_DATA_DIR"], 0o711)  # noqa: S103 - the database's own account passes through
    atexit.register(shutil.rmtree, os.environ["COBROWSE_DOCTOR_DATA_DIR"], ignore_errors=True)

from config.settings import *  # noqa: E402, F403
from config.settings import STORAGES  # noqa: E402

ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # type: ignore[assignment]  # all tests come from one address; those of the limits set their own
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
CONFIRM_AFTER_SECONDS = None  # most tests sign in without a step that could be recent
READINESS_IN_BACKGROUND = False  # its thread would not see what a test has not committed
TICK_LATE_SECONDS = None  # nothing ticks in most tests; those of the banner say when it is late
