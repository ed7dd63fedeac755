"""config.settings with overrides for tests."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Each pytest-xdist process has its own data folder, and so its own Postgres and broker.
PREFIX = f"cobrowse-doctor-tests-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-"

# Before config.settings is imported: tests must not use the developer's data folder or environment.
for name in ("DATABASE_URL", "CELERY_BROKER_URL", "GENESYS_ENDPOINTS", "ALLOWED_HOSTS", "DEBUG", "HTTPS"):
    os.environ.pop(name, None)
os.environ["DATABASE_POOL"] = "0"  # a persistent connection would prevent dropping the test database
# A process that a test starts with these settings inherits the folder, with its keys and sockets.
if not Path(os.environ.get("COBROWSE_DOCTOR_DATA_DIR", "")).name.startswith(PREFIX):
    os.environ["COBROWSE_DOCTOR_DATA_DIR"] = tempfile.mkdtemp(prefix=PREFIX)
    os.chmod(os.environ["COBROWSE_DOCTOR_DATA_DIR"], 0o711)  # noqa: S103 - the database's account must be able to enter
    atexit.register(shutil.rmtree, os.environ["COBROWSE_DOCTOR_DATA_DIR"], ignore_errors=True)

from config.settings import *  # noqa: E402, F403
from config.settings import STORAGES  # noqa: E402

ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # type: ignore[assignment]  # all tests use one address; tests of rate limits set their own
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
CONFIRM_AFTER_SECONDS = None  # most tests sign in without a password
READINESS_IN_BACKGROUND = False  # its thread would not see uncommitted rows
TICK_PAUSE_SECONDS = START_DUE_PAUSE_SECONDS = RARE_PARTS_PAUSE_SECONDS = 0.0
TICK_LATE_SECONDS = None  # no scheduler runs in most tests
