"""Django settings. Values from the environment are read through env.py."""

import sys
from pathlib import Path

from csp.constants import NONE, SELF

from config import env, queues
from config.embedded import data_dir, sockets

BASE_DIR = Path(__file__).resolve().parent.parent

# ---------------------------------------------------------------------- paths and mode

DATA = data_dir.current()
DATA_DIR = DATA.path
DEBUG = env.flag("DEBUG", default=False)
# `up` loads the code of the servers and forks them.
IS_COMMAND = Path(sys.argv[0]).name in ("manage.py", "cobrowse-doctor") and sys.argv[1:2] != ["up"]

DATABASE = env.database("DATABASE_URL")
# Without a URL, this machine runs its own Postgres or broker in the data folder.
EMBEDDED_DATABASE = not DATABASE
EMBEDDED_BROKER = not env.broker_url("CELERY_BROKER_URL")

# ---------------------------------------------------------------------- secrets

SECRET_KEY = env.secret("SECRET_KEY")
FIELD_ENCRYPTION_KEYS = env.encryption_keys("FIELD_ENCRYPTION_KEYS")  # newest first

# A single-machine installation generates its keys once. With an external database they must be configured, because
# generated keys would differ between hosts.
MAKES_KEYS = EMBEDDED_DATABASE or DEBUG
if not SECRET_KEY and not MAKES_KEYS:
    env.stop(f"SECRET_KEY is missing. It is required with DATABASE_URL. Create one with: {env.MAKE_SECRET_KEY}")
if not FIELD_ENCRYPTION_KEYS and not MAKES_KEYS:
    env.stop(
        "FIELD_ENCRYPTION_KEYS is missing. It is required with DATABASE_URL. Keep it safe: client secrets can't be read "
        f"without it. Create one with: {env.MAKE_ENCRYPTION_KEY}"
    )
SECRET_KEY = SECRET_KEY or DATA.secret_key()
FIELD_ENCRYPTION_KEYS = FIELD_ENCRYPTION_KEYS or DATA.encryption_keys()

# ---------------------------------------------------------------------- hosts, HTTPS and cookies

LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.string_list("ALLOWED_HOSTS", LOCAL_HOSTS)
CSRF_TRUSTED_ORIGINS = env.string_list("CSRF_TRUSTED_ORIGINS")
for origin in CSRF_TRUSTED_ORIGINS:
    if not origin.startswith(("https://", "http://")):
        env.stop(f"CSRF_TRUSTED_ORIGINS has {origin!r}: each origin starts with https:// or http://.")

# Plain HTTP for this machine only. Other hosts are served over HTTPS by a proxy that terminates TLS.
HTTPS = env.flag("HTTPS", default=not DEBUG and bool(set(ALLOWED_HOSTS) - set(LOCAL_HOSTS)))
SECURE_SSL_REDIRECT = HTTPS
# Read by local programs, not through the proxy; nothing in them is confidential.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# The web server listens on 127.0.0.1 only, so only that proxy can set the header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Number of proxies in front of us. The client address is the one that the outermost of them reports.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", default=1 if HTTPS else 0, minimum=0, maximum=5)
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
# One working day. Sensitive changes need a recent sign-in: see CONFIRM_AFTER_SECONDS.
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", 480, minimum=0, maximum=14 * 24 * 60)
CSRF_COOKIE_HTTPONLY = False  # app.js sends the newest token
CSRF_FAILURE_VIEW = "diagnostics.pages.errors.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# The paste form has a smaller limit and explains it. This limit refuses larger requests.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
# Uploaded pastes contain secrets, so they are never stored as files. While a large request arrives, the web server
# buffers it in an unnamed temporary file.
FILE_UPLOAD_HANDLERS = ["diagnostics.runs.uploads.PasteUploadHandler"]

# ---------------------------------------------------------------------- the application

INSTALLED_APPS = [
    "diagnostics",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "diagnostics.accounts.requests.refuse_unknown_hosts",
    "diagnostics.accounts.actor.set_request_actor",
    "diagnostics.telemetry.request_log.log_requests",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "diagnostics.operations.views.system.answer_probes",  # before everything that uses the database
    "whitenoise.middleware.WhiteNoiseMiddleware",  # static files are precompressed
    "diagnostics.accounts.requests.disable_caching",  # after WhiteNoise: static files may be cached
    "django.middleware.gzip.GZipMiddleware",  # adds random padding against BREACH
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "diagnostics.web.clean_requests.CleanRequestMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "diagnostics.accounts.idle_sessions.end_idle_sessions",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "diagnostics.accounts.reauthentication.RecentSignInMiddleware",
    "diagnostics.accounts.requests.return_after_sign_in",
    "diagnostics.accounts.requests.use_viewer_time_zone",
    "diagnostics.runs.limits.TooManyRequestsMiddleware",
    "diagnostics.runs.limits.limit_uploads",  # before any form is read
    "diagnostics.orgs.row_limits.RowLimitMiddleware",  # last: its transaction holds only the view
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Each package holds its own template tags.
            "libraries": {
                "alerts": "diagnostics.monitoring.templatetags.alerts",
                "api_guide": "diagnostics.api.templatetags.api_guide",
                "audit": "diagnostics.operations.templatetags.audit",
                "claims": "diagnostics.pages.templatetags.claims",
                "comparisons": "diagnostics.runs.templatetags.comparisons",
                "issues": "diagnostics.issues.templatetags.issues",
                "outcomes": "diagnostics.runs.templatetags.outcomes",
                "page": "diagnostics.web.templatetags.page",
                "navigation": "diagnostics.web.templatetags.navigation",
                "providers": "diagnostics.orgs.templatetags.providers",
                "orgs": "diagnostics.orgs.templatetags.orgs",
                "permissions": "diagnostics.orgs.templatetags.permissions",
                "run_list": "diagnostics.runs.templatetags.run_list",
                "schedules": "diagnostics.monitoring.templatetags.schedules",
                "system": "diagnostics.operations.templatetags.system",
                "reference": "diagnostics.reference.templatetags.reference",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "diagnostics.operations.heartbeats.late_tick",
            ],
        },
    }
]

AUTH_USER_MODEL = "diagnostics.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # For older accounts: the next sign-in rehashes the password.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "diagnostics.accounts.passwords.SimilarityValidator"},
    {"NAME": "diagnostics.accounts.passwords.LengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "diagnostics.accounts.passwords.CommonPasswordValidator"},
    {"NAME": "diagnostics.accounts.passwords.NumericValidator"},
    {"NAME": "diagnostics.accounts.passwords.UsernameValidator"},
]

# ---------------------------------------------------------------------- signing in

ACCOUNT_ADAPTER = "diagnostics.accounts.sign_in.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "diagnostics.accounts.forms.sign_in.SignInForm",
    "reauthenticate": "diagnostics.accounts.forms.sign_in.PasswordOnceMoreForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# Sensitive changes ask for the password or passkey again after this time.
CONFIRM_AFTER_SECONDS: int | None = 15 * 60
ACCOUNT_REAUTHENTICATION_TIMEOUT = CONFIRM_AFTER_SECONDS
ACCOUNT_RATE_LIMITS = {
    # diagnostics.accounts counts sign-in attempts instead: it delays further attempts and locks nobody out.
    "login": None,
    "login_failed": None,
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}

MFA_ADAPTER = "diagnostics.accounts.sign_in.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "diagnostics.accounts.forms.sign_in.SecondFactorForm",
    "reauthenticate": "diagnostics.accounts.forms.sign_in.CodeOnceMoreForm",
    "activate_totp": "diagnostics.accounts.forms.sign_in.NewAppForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # accounts have no email address
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers allow it for localhost only

SOCIALACCOUNT_ADAPTER = "diagnostics.accounts.sign_in.SocialAdapter"
SOCIALACCOUNT_ONLY = False
OIDC = env.openid_connect("OIDC")
OIDC_NAME = env.text("OIDC_NAME", "Single sign-on")
OIDC_NEW_ROLE = env.choice("OIDC_NEW_ROLE", ["operator", "team_lead", "auditor"])
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"APPS": [{**OIDC, "name": OIDC_NAME}] if OIDC else [], "OAUTH_PKCE_ENABLED": True}
}

# In the database, so that all web processes count sign-in attempts together. MAX_ENTRIES is high, because evicting
# entries would forget attempts.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "diagnostics_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# ---------------------------------------------------------------------- database

# Connecting first makes a page eight times as slow, so each thread of the web server keeps its connection. A pool would
# wait between attempts after an outage; without one the first page reconnects at once.
KEEPS_CONNECTIONS = env.flag("DATABASE_POOL", default=not IS_COMMAND)
# Timeouts in seconds for a server that does not respond; see config.database. Pages fail early, workers can wait.
DATABASE_TIMEOUTS = {"connect_timeout": 5}
PAGE_TIMEOUTS = {"connect_timeout": 2, "silence": 0.6, "answer_within": 0.8}  # set by config.web

if EMBEDDED_DATABASE:
    DATABASE = {
        "ENGINE": "config.database",
        "NAME": "cobrowse_doctor",
        "USER": "cobrowse_doctor",
        "PASSWORD": DATA.database_password(),
        "HOST": str(sockets.postgres_folder(DATA)),
        "PORT": "",
        "OPTIONS": {},
    }
DATABASES = {
    "default": {
        **DATABASE,
        "OPTIONS": {
            **DATABASE_TIMEOUTS,
            **DATABASE["OPTIONS"],
        },
        "CONN_MAX_AGE": None if KEEPS_CONNECTIONS else 0,
        # Tests a persistent connection before use, which is needed to survive a database restart.
        "CONN_HEALTH_CHECKS": True,
        # PgBouncer gives each transaction another connection, so a cursor can't outlive one.
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---------------------------------------------------------------------- Celery

CELERY_BROKER_URL = env.broker_url("CELERY_BROKER_URL") or f"redis+socket://{sockets.broker_file(DATA)}"
CELERY_BROKER_CONNECTION_RETRY = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # retry forever
CELERY_TASK_DEFAULT_QUEUE = queues.RUNS
SCHEDULED_QUEUE = queues.SCHEDULED
QUEUES = queues.ALL
# A tick that comes sooner after the one before does nothing; see `config.celery` for how often beat runs it.
TICK_PAUSE_SECONDS, START_DUE_PAUSE_SECONDS = 5.0, 1.0
RARE_PARTS_PAUSE_SECONDS = 55.0  # of the parts of the tick that nobody waits for
TICK_LATE_SECONDS: int | None = 60  # since the last tick; then every page shows a warning
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
# A page that queues a run must not hang while the broker is down. The sweep sends missing messages later.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.4}
QUEUE_TYPE = env.choice("CELERY_QUEUE_TYPE", queues.TYPES) or "classic"
if CELERY_BROKER_URL.startswith("redis"):
    # Must exceed the longest task, or the broker delivers a task a second time while it runs.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
elif CELERY_BROKER_URL.startswith("amqp"):
    CELERY_TASK_QUEUES = queues.rabbitmq_queues(QUEUE_TYPE)

# ---------------------------------------------------------------------- Genesys Cloud

DEMO_ENDPOINTS = DATA.demo_endpoints()
DEMO_PORT = env.number("DEMO_PORT", 8901, minimum=1, maximum=65534)
# Only the operator can override or add regions: no host name is accepted from a web page.
GENESYS_ENDPOINTS = {**DEMO_ENDPOINTS, **env.endpoints("GENESYS_ENDPOINTS")}

# Hours between configuration syncs of an org; 0 for manual syncs only.
SNAPSHOT_HOURS = env.number("SNAPSHOT_HOURS", 6, minimum=0, maximum=24 * 30)

# ---------------------------------------------------------------------- API limits

# Requests per token, and runs started by the tokens of one user.
API_CALLS_PER_MINUTE = env.number("API_CALLS_PER_MINUTE", 600, minimum=1, maximum=1_000_000)
RUNS_PER_MINUTE = env.number("RUNS_PER_MINUTE", 60, minimum=1, maximum=100_000)

# ---------------------------------------------------------------------- alerts

# Where a reader of an alert finds us.
PUBLIC_URL = env.base_url("PUBLIC_URL", "http://127.0.0.1:8000")
# Hosts that alerts may be sent to although they are not public, or not behind TLS. Nobody can add one from the web page.
ALERT_ALLOWED_HOSTS = env.hosts("ALERT_ALLOWED_HOSTS")
MAIL_SERVER = env.mail_server("EMAIL_URL")
EMAIL_HOST = MAIL_SERVER.get("EMAIL_HOST", "")
EMAIL_PORT = MAIL_SERVER.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = MAIL_SERVER.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = MAIL_SERVER.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = MAIL_SERVER.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = MAIL_SERVER.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.mail_address("EMAIL_FROM")
if MAIL_SERVER and not DEFAULT_FROM_EMAIL:
    env.stop(
        "EMAIL_FROM is missing. It is the sender of alerts, such as doctor@example.com, and required with EMAIL_URL."
    )

# ---------------------------------------------------------------------- static files

STATIC_URL = "static/"
STATIC_ROOT = DATA.static
# The wheel has them, like the templates, in the folder of the app, where Django finds them anyway.
STATICFILES_DIRS = [folder for folder in (BASE_DIR / "static",) if folder.exists()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# ---------------------------------------------------------------------- language and time

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = env.time_zone("TIME_ZONE")

# ---------------------------------------------------------------------- logging

LOG_FORMAT = env.text("LOG_FORMAT", "lines")
if LOG_FORMAT not in ("lines", "json"):
    env.stop(f"LOG_FORMAT is {LOG_FORMAT!r}. It must be lines or json.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "diagnostics.telemetry.log_lines.formatter", "style": LOG_FORMAT}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # A command prints its own results, so it logs warnings only.
        "diagnostics": {"level": "WARNING" if IS_COMMAND else "INFO"},
        "diagnostics.audit": {"level": "INFO"},
        "celery": {"level": "INFO"},
        "access": {"level": "WARNING" if IS_COMMAND else "INFO"},
        # It warns when a request waits for a thread. Each request has its own line in the access log.
        "waitress.queue": {"level": "ERROR"},
        # Responses with 4xx are not our errors.
        "django.request": {"level": "ERROR"},
        # They log each tick, and each received and finished task with its arguments. The runs log more useful lines.
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # Deprecation warnings of libraries do not concern the operator.
        "py.warnings": {"level": "ERROR"},
    },
}

# The pages of causes hold no data of an org, and links to them are sent to people without an account.
PUBLIC_REFERENCE = env.flag("PUBLIC_REFERENCE", True)

# ---------------------------------------------------------------------- monitoring

# /metrics is open to clients in these networks and to clients with the token.
METRICS_NETWORKS = env.networks("METRICS_NETWORKS", ["127.0.0.0/8", "::1"])
METRICS_TOKEN = env.secret("METRICS_TOKEN")
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    env.stop("METRICS_TOKEN is too short. Use at least 16 characters.")
READINESS_IN_BACKGROUND = True  # a probe never waits for the database
OTEL_ENDPOINT = env.collector("OTEL_EXPORTER_OTLP_ENDPOINT")
OTEL_SERVICE_NAME = env.text("OTEL_SERVICE_NAME", "cobrowse-doctor")

from config import system_checks  # noqa: E402, F401 - registers the system checks of these settings
